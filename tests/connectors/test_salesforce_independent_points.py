"""What others' servers do otherwise than ours, point by point."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from app.connectors.protocol import ReadRequest, Scope
from app.connectors.salesforce.collections import rows_of
from app.domain.control import CancelToken, no_report
from app.domain.mapping import WorkspaceMapping
from app.domain.mapping_file import parse_mapping
from app.errors import ConnectionFailed, CursorRefused, WrongUse
from tests.connectors.far_end import Asked, Told, far_end, told
from tests.connectors.independent_salesforce_client import (
    Client,
    client_of,
    parents,
    plans,
    states,
)
from tests.connectors.independent_salesforce_manner import Manner
from tests.connectors.independent_salesforce_org import shape, system_fields
from tests.connectors.world import connected

Open = Callable[..., Client]
KEYS = [f"k{number}" for number in range(25)]
ACCOUNTS = """
schema = 1
name = "accounts"
billing = "aria"
[[entity]]
name = "account"
label = "Account"
plural = "Accounts"
sobject = "Account"
key = { billing = "acct_no", salesforce = "pkg__Aria_Key__c" }
title = "name"
fields = [
    { name = "name", billing = "n", salesforce = "Name", type = "text", owner = "both" },
    { name = "open", billing = "b", salesforce = "pkg__Open__c", type = "money", owner = "both" },
    { name = "at", billing = "s", salesforce = "pkg__At__c", type = "datetime", owner = "both" },
]
"""


@pytest.fixture
def opened(mapping: WorkspaceMapping, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Return what connects to a prepared org of a manner, with plans in it if asked."""
    with ExitStack() as stack:

        def opened(manner: Manner, *, keys: list[str] | None = None, **settings: str) -> Client:
            client = stack.enter_context(client_of(mapping, manner, monkeypatch, **settings))
            client.prepare()
            for each in parents() if keys else ():
                client.write(each.entity, each)
            client.write("plan", *plans(keys or []))
            return client

        yield opened


def test_an_api_version_that_the_org_has_not_is_named_with_those_it_has(
    mapping: WorkspaceMapping, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = Manner(versions=("58.0", "61.0"))
    with client_of(mapping, old, monkeypatch) as client:
        for ask in (client.missing, client.prepare, lambda: client.read("plan")):
            with pytest.raises(WrongUse, match=r"no API version 66\.0 here, but 58\.0 to 61\.0"):
                ask()
    with client_of(mapping, old, monkeypatch, api_version="61.0") as client:
        assert len(client.missing()) == len(mapping.entities)
        assert client.far.calls["GET /services/data"] == 1


def test_paths_are_as_documented(opened: Open) -> None:
    org = opened(Manner(), keys=KEYS)
    org.by_jobs()
    org.write("plan", *plans(KEYS))
    org.pages("plan", org.cursor("plan"))
    slashed = {call for call in org.far.calls if call.endswith("/")}
    assert slashed == {"GET /sobjects/Client_Plan__c/deleted/"}


def test_pages_that_the_server_does_not_know_are_not_asked_for_over_and_over(opened: Open) -> None:
    org = opened(Manner(page=2, opaque_pages=True, unknown_page=(404, "NOT_FOUND")), keys=KEYS)
    org.far.calls.clear()
    assert set(org.read("plan")) == set(KEYS)
    assert sum(n for call, n in org.far.calls.items() if call.startswith("GET /query/")) <= 26


def test_the_place_of_a_page_may_have_a_host_which_is_not_followed(opened: Open) -> None:
    org = opened(Manner(page=4, pages_with_host=True), keys=KEYS)
    org.far.instance_url = "https://elsewhere.example"
    assert set(org.read("plan")) == set(KEYS)


def test_the_columns_of_a_bulk_query_may_stand_in_any_order(opened: Open) -> None:
    org = opened(Manner(csv_turned=True), keys=KEYS)
    values = {key: one.values for key, one in org.read("plan").items()}
    org.by_jobs()
    assert {key: one.values for key, one in org.read("plan").items()} == values


def test_pages_of_a_bulk_query_are_read_in_turn_where_their_addresses_are_not_told(
    opened: Open,
) -> None:
    org = opened(Manner(page=4, result_pages=False), keys=KEYS)
    org.by_jobs()
    assert set(org.read("plan")) == set(KEYS)


def test_the_last_line_of_results_need_not_end(opened: Open) -> None:
    org = opened(Manner(csv_ends=False), keys=KEYS[:1])
    org.by_jobs()
    outcomes = org.write("plan", *plans(KEYS), *plans(["long"], name="x" * 90))
    assert states(outcomes) == {"written": 25, "failed": 1}


def test_an_upload_goes_where_the_job_says(opened: Open) -> None:
    org = opened(Manner(other_upload=True, pages_of="58.0"), keys=KEYS[:1])
    org.by_jobs()
    assert states(org.write("plan", *plans(KEYS))) == {"written": 25}


def test_a_failed_job_tells_its_reason_for_each_row(opened: Open) -> None:
    org = opened(Manner(), keys=KEYS[:1])
    org.by_jobs()
    org.far.jobs.fail_next = "InvalidBatch : Field name not found : Foo__c"
    outcomes = org.write("plan", *plans(KEYS))
    assert {(one.state.name, one.message) for one in outcomes} == {
        ("FAILED", "InvalidBatch : Field name not found : Foo__c")
    }


def test_without_dates_in_answers_the_latest_change_is_the_cursor(opened: Open) -> None:
    org = opened(Manner(has_date=False), keys=KEYS)
    cursor = org.cursor("plan")
    org.write("plan", *plans(["later"]))
    assert cursor
    assert "later" in {r.key for page in org.pages("plan", cursor) for r in page.records}


@pytest.mark.parametrize("manner", [Manner(replicates=False), Manner(recycles=False)])
def test_an_org_that_tells_nothing_of_deletions_is_to_be_read_whole(
    manner: Manner, opened: Open
) -> None:
    org = opened(manner, keys=KEYS)
    with pytest.raises(CursorRefused):
        org.pages("plan", org.cursor("plan"))


def test_where_nothing_can_be_listed_objects_and_rights_are_made_all_the_same(
    mapping: WorkspaceMapping, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with client_of(mapping, Manner(lists_metadata=False), monkeypatch) as client:
        survey = client.connector.preparer().survey(CancelToken(), no_report)
        kinds = {part.key.kind for part in survey.parts}
        assert kinds == {"object", "field", "permission set", "assignment"}
        assert "No layouts, tabs or reports are made" in caplog.text
        assert client.prepare()[1] == []
        assert client.missing() == ()


def test_what_the_user_may_not_see_is_found_over_pages_of_another_version(
    opened: Open, mapping: WorkspaceMapping
) -> None:
    org = opened(Manner(page=7, pages_of="58.0"))
    org.far.org.objects["permissionsetassignment"].rows.clear()
    survey = org.connector.preparer().survey(CancelToken(), no_report)
    fields = [part for part in survey.parts if part.key.kind == "field"]
    assert len(fields) > len(mapping.entities)
    assert {part.state.value for part in fields} == {"hidden"}


def test_one_component_that_is_refused_alone_is_told(opened: Open) -> None:
    org = opened(Manner(single_failure=True))
    org.far.org.objects.pop("aria_coupon__c")
    org.far.setup.refuse = "CustomObject:Aria_Coupon__c"
    assert org.prepare() == (0, ["Something is wrong with it"])


def test_a_deployment_that_succeeded_need_not_say_so_twice(opened: Open) -> None:
    assert opened(Manner(tells_success=False)).missing() == ()


def test_a_field_in_other_letters_is_named_and_not_made_once_more(opened: Open) -> None:
    org = opened(Manner())
    field = org.far.org.sobject("Client_Plan__c").fields["aria_number__c"]
    field |= {"name": "ARIA_Number__c", "hidden": False}
    (words,) = org.missing()
    assert "field Aria_Number__c of Client_Plan__c is spelled ARIA_Number__c in this org" in words
    survey = org.connector.preparer().survey(CancelToken(), no_report)
    (part,) = (each for each in survey.parts if each.key.kind == "field")
    assert (part.can_change, part.ticked) == (False, False)


def test_changes_on_this_machine_are_asked_for_not_told_by_salesforce(opened: Open) -> None:
    org = opened(Manner())
    told = org.connector.watch([org.mapping.entity("promotion")], "", CancelToken())
    assert next(told).changes == 0
    org.write("promotion", parents()[0])
    assert next(told).entities == {"promotion"}


def test_errors_of_rows_may_be_mere_words() -> None:
    rows = rows_of([{"success": False, "errors": ["no such row"]}, {"success": False}])
    assert [row.words for row in rows] == [
        "UNKNOWN_EXCEPTION: no such row",
        "UNKNOWN_EXCEPTION: ",
    ]


def test_a_namespace_and_currencies_of_records_make_no_difference(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = [
        shape("pkg__Aria_Key__c", "string", length=255, externalId=True, idLookup=True),
        shape("pkg__Open__c", "currency"),
        shape("pkg__At__c", "datetime"),
        shape("CurrencyIsoCode", "picklist", nillable=False, defaultedOnCreate=True),
    ]
    row = {"pkg__Aria_Key__c": "1", "Name": "One", "pkg__Open__c": "12500000.50"}
    with client_of(parse_mapping(ACCOUNTS, "a.toml"), Manner(), monkeypatch) as client:
        org = client.far.org
        owner = org.add("Account", "001", [*system_fields(), *made])
        org.insert(owner, row | {"pkg__At__c": "2026-01-31T12:00:00.250+0100"}, csv=True)
        assert client.missing() == ()
        (record,) = client.read("account").values()
        assert list(map(str, record.values)) == [
            "One",
            "12500000.5",
            "2026-01-31 11:00:00.250000+00:00",
        ]


def _redirected(asked: Asked) -> Told:
    place = {"Location": f"http://localhost:1{asked.path}"}
    return Told(301, b"", place)


def test_a_host_that_sends_us_on_gets_no_secret_sent_on(mapping: WorkspaceMapping) -> None:
    with far_end(_redirected) as end:
        ready = {"instance_url": end.url, "access_token": "00Dxx0000001gPL!secret"}
        connector = connected("salesforce", ready, mapping)
        with pytest.raises(ConnectionFailed, match="sends us on to localhost:1"):
            connector.check((), CancelToken())
        connector.close()


def test_what_is_done_has_no_further_page_whatever_it_says_of_one(
    mapping: WorkspaceMapping,
) -> None:
    names = [each.salesforce for each in mapping.entity("promotion").fields]
    fields = [{"name": name} for name in ("Id", "Aria_Key__c", *names)]

    def script(asked: Asked) -> Told:
        if asked.path.endswith("/describe"):
            return told({"name": "Aria_Promotion__c", "fields": fields})
        row = {"Id": "a01000000000001AAA", "Aria_Key__c": "P", "Name": "P"}
        more = {"nextRecordsUrl": "/services/data/v66.0/query/01g-1"}
        return told({"totalSize": 1, "done": True, "records": [row], **more})

    with far_end(script) as end:
        ready = {"instance_url": end.url, "access_token": "00Dxx0000001gPL!secret"}
        connector = connected("salesforce", ready, mapping)
        request = ReadRequest((mapping.entity("promotion"),), Scope.ALL)
        pages = list(connector.read(request, CancelToken()))
        connector.close()
    assert [record.key for page in pages for record in page.records] == ["P"]
    assert sum("query" in asked.path for asked in end.asked) == 1
