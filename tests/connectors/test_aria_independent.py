"""Aria as somebody else may have built it: read, checked and written in every allowed dialect."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from app.connectors import registry
from app.connectors.protocol import Batch, Connector, ReadRequest, Scope
from app.domain.control import CancelToken
from app.domain.mapping import WorkspaceMapping
from app.domain.mapping_file import parse_mapping
from app.domain.plan import Outcome, OutcomeState, Verb
from app.domain.record import BaseValue, FieldValue, Side, Unreadable
from app.errors import AnswerUnreadable, CursorRefused, NotSignedIn, RemoteRefused
from app.settings import shipped_mappings
from tests.connectors.independent_aria import IndependentAria, running
from tests.connectors.independent_aria_truth import CHILD, FULL, KEY, WHOLE
from tests.connectors.independent_dialect import Dialect, Nothing, Wrapping
from tests.connectors.world import hurry, make_operation

Values = Mapping[str, FieldValue]
Found = dict[tuple[str, str], Values]
PLAIN = Dialect("plain")
SAFE = Dialect("safe", only_safe=True)
DIALECTS = (
    Dialect("quoted", quoted=True, flags=("0", "1"), code_as_text=True),
    Dialect(
        "words",
        flags=("false", "true"),
        money="padded",
        nothing=Nothing.EMPTY,
        no_rows=None,
        twins="typed",
        day=" 00:00:00",
    ),
    Dialect(
        "letters",
        flags=("N", "Y"),
        money="exponent",
        nothing=Nothing.ABSENT,
        no_rows=Nothing.ABSENT,
        twins="plain",
        backwards=True,
    ),
    Dialect(
        "real",
        flags=(False, True),
        one=True,
        extra=True,
        message=False,
        nothing=Nothing.ZERO,
    ),
    Dialect(
        "quoted zeros",
        quoted=True,
        flags=("No", "Yes"),
        nothing=Nothing.ZERO,
        no_rows="",
        money="exponent",
    ),
    Dialect("small pages", cap=3),
    Dialect("no counts", counts=False),
    Dialect("small pages, no counts", counts=False, cap=2),
    Dialect("stingy", stingy=True),
    Dialect("endless", endless="999999999999999", blank=True),
    SAFE,
)
WRAPPINGS = {
    "words": Wrapping("text/html; charset=utf-8", b"\xef\xbb\xbf", b" \r\n\n"),
    "letters": Wrapping(coding="gzip"),
    "real": Wrapping("text/plain", coding="chunked"),
    "quoted zeros": Wrapping(closes=True),
}
NAMES = [dialect.name for dialect in DIALECTS]


@cache
def mapping() -> WorkspaceMapping:
    texts = shipped_mappings()
    return parse_mapping(texts["aria"], "aria.toml", texts.get)


@contextmanager
def connected(dialect: Dialect) -> Iterator[tuple[IndependentAria, Connector]]:
    with running(dialect, WRAPPINGS.get(dialect.name)) as aria:
        secrets = {"auth_key": KEY}
        connector: Any = registry.connect(
            "aria", "stage", aria.settings, secrets.get, mapping=mapping()
        )
        hurry(connector)
        yield aria, connector
        connector.close()


def everything(connector: Connector, *names: str) -> Found:
    """Return all records, read group by group as a refresh does."""
    entities = [mapping().entity(name) for name in names] or mapping().entities
    groups = connector.groups(entities)
    return dict(pair for group in groups for pair in records(connector, ReadRequest(tuple(group))))


def records(connector: Connector, request: ReadRequest) -> Iterator[tuple[tuple[str, str], Values]]:
    for page in connector.read(request, CancelToken()):
        index = mapping().entity(page.entity).index
        for record in page.records:
            yield (page.entity, record.key), dict(zip(index, record.values, strict=True))


def cursors(connector: Connector) -> dict[str, str]:
    """Return the cursor of each entity that has one."""
    requests = [ReadRequest(tuple(group)) for group in connector.groups(mapping().entities)]
    pages = (page for one in requests for page in connector.read(one, CancelToken()))
    return {page.entity: page.cursor for page in pages if page.cursor}


def changed(connector: Connector, name: str, cursor: str) -> Found:
    entity = mapping().entity(name)
    return dict(records(connector, ReadRequest((entity,), Scope.SINCE, cursor=cursor)))


def write(connector: Connector, entity: str, key: str, **after: BaseValue) -> Outcome:
    operation = make_operation(entity, key, Verb.UPDATE, Side.BILLING, **after)
    seed = f"{'f' * 20}{'x'.join(after)}".replace("_", "")
    operation = replace(operation, idempotency_key=seed)
    batch = Batch(mapping().entity(entity), (operation,))
    (outcome,) = connector.write(batch, CancelToken())
    return outcome


@pytest.fixture(scope="module")
def plain() -> Found:
    with connected(PLAIN) as (_aria, connector):
        return everything(connector)


@pytest.mark.parametrize("dialect", DIALECTS, ids=NAMES)
def test_every_dialect_tells_the_same(dialect: Dialect, plain: Found) -> None:
    with connected(dialect) as (_aria, connector):
        health = connector.check(mapping().entities, CancelToken())
        assert (health.instance, health.version, health.missing) == ("4711", "71.0", ())
        found = everything(connector)
    assert found.keys() == plain.keys()
    assert {at: found[at] for at in found if found[at] != plain[at]} == {}


@pytest.mark.parametrize("dialect", [PLAIN, *DIALECTS], ids=["plain", *NAMES])
def test_one_account_is_what_it_is_among_all(dialect: Dialect, plain: Found) -> None:
    of_accounts = {entity.name for entity in mapping().of_account()}
    with connected(dialect) as (_aria, connector):
        for number in (WHOLE, CHILD, FULL):
            request = ReadRequest(mapping().of_account(), Scope.ACCOUNT, account=str(number))
            found = dict(records(connector, request))
            own = {at: held for at, held in plain.items() if belongs(at, held, number)}
            assert found == {at: held for at, held in own.items() if at[0] in of_accounts}


def belongs(at: tuple[str, str], held: Values, number: int) -> bool:
    """Return whether a record is of an account; only the whole one has lines of invoices."""
    if at[0] == "invoice_line":
        return number == WHOLE
    return at[1].partition("|")[0] == str(number) or held.get("account") == str(number)


def test_what_was_read_is_what_is_there(plain: Found) -> None:
    whole, child = plain["account", str(WHOLE)], plain["account", str(CHILD)]
    assert (whole["name"], whole["parent_account"]) == ("Ünïcode & Söhne <GmbH> 日本", None)
    assert (child["parent_account"], child["currency"], child["test_account"]) == (
        str(WHOLE),
        "JPY",
        True,
    )
    assert plain["plan_instance", f"{CHILD}|71101"]["paid_by"] == f"{WHOLE}|71001"
    assert plain["plan_instance", f"{FULL}|71200"]["dunning_group"] is None
    assert ("dunning_group", f"{FULL}|0") not in plain
    assert plain["plan_relationship", "GOLD|EXTRA"]["maximum_units"] is None
    unread = [
        held for held in plain.values() if any(isinstance(v, Unreadable) for v in held.values())
    ]
    assert unread == []


def test_a_list_of_many_pages_is_read_by_the_limits_that_aria_has(plain: Found) -> None:
    with connected(replace(PLAIN, fillers=90)) as (aria, connector):
        found = everything(connector, "account_coupon", "order")
        assert found.keys() == {at for at in plain if at[0] in {"account_coupon", "order"}}
        assert aria.calls["get_account_details_m"] >= 2


def test_a_list_of_accounts_without_numbers_of_plan_instances_is_completed(plain: Found) -> None:
    texts = shipped_mappings()
    lean = parse_mapping(texts["aria_many"], "aria_many.toml", texts.get)
    for dialect in (PLAIN, replace(PLAIN, blank=True)):
        with connected(dialect) as (_aria, connector):
            groups = connector.groups([lean.entity(n) for n in ("plan_instance", "account_coupon")])
            pages = [
                p for g in groups for p in connector.read(ReadRequest(tuple(g)), CancelToken())
            ]
        keys = {(page.entity, record.key) for page in pages for record in page.records}
        assert keys == {at for at in plain if at[0] in {"plan_instance", "account_coupon"}}
        assert sum(page.unkeyed for page in pages) == 0


@pytest.mark.parametrize("name", ["order", "invoice", "transaction", "payment", "statement"])
def test_what_changed_is_read_from_where_the_last_read_ended(name: str, plain: Found) -> None:
    with connected(DIALECTS[1]) as (_aria, connector):
        found = changed(connector, name, cursors(connector)[name])
    assert found == {at: held for at, held in plain.items() if at[0] == name}


@pytest.mark.parametrize("name", ["order", "payment"])
def test_what_aria_will_not_search_for_is_read_whole(name: str) -> None:
    with connected(SAFE) as (_aria, connector):
        cursor = cursors(connector)[name]
        with pytest.raises(CursorRefused, match="not searchable"):
            changed(connector, name, cursor)


def test_without_the_clock_the_next_read_is_whole(plain: Found) -> None:
    with connected(PLAIN) as (aria, connector):
        aria.refused["get_virtual_datetime_m"] = 1014
        assert everything(connector) == plain
        assert cursors(connector) == {}


def test_a_client_without_the_call_of_discount_rules_has_none() -> None:
    with connected(PLAIN) as (aria, connector):
        assert everything(connector, "discount_rule") == {}
        aria.refused["get_discount_rules_m"] = 1014
        with pytest.raises(RemoteRefused, match="get_discount_rules_m: 1014"):
            everything(connector, "discount_rule")


def test_a_call_that_finds_no_data_tells_of_nothing(plain: Found) -> None:
    calls = {"get_acct_credits_m", "get_cm_list_m", "get_acct_comments_m", "get_acct_contacts_m"}
    with connected(PLAIN) as (aria, connector):
        aria.refused.update(dict.fromkeys(calls, 1002))
        found = everything(connector)
        aria.refused["get_family_trans_history_m"] = 1002
        request = ReadRequest((mapping().entity("transaction"),), Scope.ACCOUNT, account=str(WHOLE))
        assert list(records(connector, request)) == []
    assert found == {at: plain[at] for at in plain if at[0] not in {"credit", "comment", "contact"}}


def test_a_call_that_is_refused_is_named_and_the_others_are_read(plain: Found) -> None:
    with connected(PLAIN) as (aria, connector):
        aria.refused["get_acct_comments_m"] = 1014
        with pytest.raises(RemoteRefused, match="get_acct_comments_m: 1014: action not allowed"):
            everything(connector, "comment")
        found = everything(connector, "account", "contact", "invoice")
    assert found == {at: plain[at] for at in plain if at[0] in {"account", "contact", "invoice"}}


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/api/AriaQuery/objects.php", "Object Query does not answer"),
        ("/AdminTools.php/Dispatcher", "AdminTools does not answer"),
    ],
)
def test_an_interface_that_the_key_may_not_use_is_told_by_the_check(path: str, words: str) -> None:
    with connected(PLAIN) as (aria, connector):
        aria.closed.add(path)
        (missing,) = connector.check(mapping().entities, CancelToken()).missing
        assert words in missing
        assert "1004" in missing
        with pytest.raises(NotSignedIn, match="allow-list"):
            everything(connector)


def test_a_maintenance_page_with_status_200_is_no_answer() -> None:
    with connected(PLAIN) as (aria, connector):
        aria.maintained.add("get_acct_contacts_m")
        with pytest.raises(AnswerUnreadable, match="with application/json beginning"):
            everything(connector, "contact")


EDITS = [
    ("account", str(WHOLE), {"po_number": "PO 7"}),
    ("account", str(WHOLE), {"region": "APAC"}),
    ("account", str(WHOLE), {"status": "Permanent", "notify_method": "HTML Mail"}),
    ("contact", f"{WHOLE}|account|{WHOLE + 5}", {"city": "Genève"}),
    ("contact", f"{WHOLE}|billing|72001", {"email": None}),
    ("plan_instance", f"{WHOLE}|71001", {"po_number": "PO 8"}),
    ("plan_instance", f"{WHOLE}|71001", {"units": Decimal(5)}),
    ("plan_instance_rate", f"{WHOLE}|71001|SEATS|2", {"rate_per_unit": Decimal("8.25")}),
    ("coupon", "TEN", {"description": "Zehn & mehr"}),
    ("plan", "GOLD", {"name": "Gold & Silber", "description": None}),
    ("plan", "EXTRA", {"description": "Mehr"}),
    ("service", "GOLD|SEATS", {"name": "Sitze"}),
    ("promotion", "CODE", {"description": "Ein Code"}),
    ("plan_set", "SET", {"name": "Satz"}),
    ("item", "SETUP", {"name": "Einrichtung", "description": "Vor Ort"}),
]


@pytest.mark.parametrize("dialect", [PLAIN, *DIALECTS[:5]], ids=["plain", *NAMES[:5]])
def test_what_is_written_is_read_back(dialect: Dialect) -> None:
    with connected(dialect) as (_aria, connector):
        for entity, key, after in EDITS:
            outcome = write(connector, entity, key, **after)
            assert (outcome.state, outcome.message) == (OutcomeState.WRITTEN, ""), after
            found = everything(connector, entity)[entity, key]
            assert {name: found[name] for name in after} == after


@pytest.mark.parametrize("dialect", [PLAIN, *DIALECTS], ids=["plain", *NAMES])
def test_a_plan_and_a_service_are_sent_back_whole(dialect: Dialect) -> None:
    with connected(dialect) as (aria, connector):
        write(connector, "plan", "GOLD", name="Gold")
        write(connector, "service", "GOLD|SEATS", name="Sitze")
        sent = dict(aria.truth.changes)
    services = sent["edit_plan_m"]["service"]
    assert [one["taxable_ind"] for one in services] == [1, 1]
    assert [one.get("usage_type") for one in services] == [None, 7]
    assert [len(one["tier"]) for one in services] == [2, 1]
    assert [one["is_default"] for one in sent["edit_plan_m"]["schedule"]] == [1, 0]
    assert sent["edit_plan_m"]["active"] == 1
    assert sent["update_service_m"]["taxable_ind"] == 1


def test_an_error_inside_an_answer_that_went_well_has_nothing_sent_again() -> None:
    with connected(PLAIN) as (aria, connector):
        inside = [{"error_code": 1001, "error_msg": "a mail was not sent", "object_name": "mail"}]
        aria.inside["update_contact_m"] = {"error_details": inside}
        write(connector, "contact", f"{WHOLE}|account|{WHOLE + 5}", city="Genève")
        assert aria.calls["update_contact_m"] == 1


def test_a_receipt_that_was_used_is_looked_up() -> None:
    with connected(DIALECTS[4]) as (aria, connector):
        for _again in range(2):
            outcome = write(connector, "account", str(WHOLE), po_number="PO 7")
            assert outcome.state is OutcomeState.WRITTEN
        assert aria.calls["get_all_actions_by_receipt_id_m"] == 1
        assert [call for call, _inputs in aria.truth.changes] == ["update_acct_complete_m"]
