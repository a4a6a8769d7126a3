"""Reading Salesforce: pages, keys, exact values, and what the org lacks."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from time import thread_time
from typing import Any
from urllib.parse import quote_plus

import pytest

from app.connectors import registry
from app.connectors.protocol import Connector, ReadRequest, Scope
from app.connectors.salesforce.org import long_id
from app.connectors.salesforce.query import page_of, reader_of
from app.connectors.salesforce.selection import key_statements, selection
from app.connectors.salesforce.tables import NestedTable
from app.domain.control import CancelToken
from app.domain.mapping import WorkspaceMapping
from app.errors import (
    AnswerUnreadable,
    Cancelled,
    ConnectionFailed,
    LimitReached,
    NotAllowed,
    RemoteRefused,
)
from tests.connectors.far_end import Asked, Told, far_end, told
from tests.connectors.world import World, hurry

HIDDEN, NAMED = "Client_Plan__c.Family__c", "Family__c of Client_Plan__c"
FAULTS = ["truncate", "drop_before", "drop_after", "unavailable", "server_error"]


def test_every_row_is_read_with_id_parent_and_last_change(world: World) -> None:
    plans = world.read("salesforce", "plan")
    assert len(plans) == len(world.state("salesforce", "Client_Plan__c"))
    plan = plans[0]
    assert (len(plan.side_id), plan.parent) == (18, plan.values[-1])
    assert plan.changed_at.endswith("Z")
    assert plan.changed_by


def test_money_is_exact_to_the_last_decimal(world: World) -> None:
    prices = {
        row["Aria_Key__c"]: row["Rate__c"] for row in world.state("salesforce", "Rate_Tier__c")
    }
    rate = world.mapping.entity("rate").index["rate_per_unit"]
    found = {record.key: record.values[rate] for record in world.read("salesforce", "rate")}
    assert all(isinstance(value, Decimal) for value in found.values() if value is not None)
    assert {key: float(str(value)) for key, value in found.items()} == prices


def test_both_sides_in_step_read_the_same(world: World) -> None:
    for entity in world.mapping.entities:
        billing = {record.key: record.values for record in world.read("aria", entity.name)}
        salesforce = {r.key: r.values for r in world.read("salesforce", entity.name)}
        assert billing == salesforce


def test_a_read_takes_one_call_a_page_and_one_describe(world: World) -> None:
    world.read("salesforce", "plan")
    world.read("salesforce", "plan")
    assert sum(world.calls("salesforce").values()) == 3
    assert world.connectors["salesforce"].calls == 3


def test_keys_are_read_in_the_fewest_queries(world: World) -> None:
    keys = [record.key for record in world.read("salesforce", "rate")]
    before = world.connectors["salesforce"].calls
    found = world.read("salesforce", "rate", keys[:600])
    assert sorted(record.key for record in found) == sorted(keys[:600])
    assert world.connectors["salesforce"].calls - before <= 6


def test_a_key_is_itself_whatever_stands_in_it(world: World) -> None:
    keys = ["it's", 'a "quote"', "back\\slash", "ümläut — +&%", "new\nline"]
    for key in keys:
        world.edit("salesforce", "Aria_Promotion__c", "", Name="x", Aria_Key__c=key)
    found = {record.key for record in world.read("salesforce", "promotion", keys)}
    assert found == {key.strip() for key in keys}


def test_a_key_in_another_case_is_another_key(world: World) -> None:
    coupon = world.read("salesforce", "coupon")[0]
    assert world.read("salesforce", "coupon", [coupon.key.swapcase()]) == []


def test_a_key_in_another_case_comes_where_any_case_is_asked_for(world: World) -> None:
    coupon = world.read("salesforce", "coupon")[0]
    entity, keys = world.mapping.entity("coupon"), (coupon.key.swapcase(),)
    request = ReadRequest((entity,), Scope.KEYS, keys, any_case=True)
    pages = world.connectors["salesforce"].read(request, CancelToken())
    assert [record.key for page in pages for record in page.records] == [coupon.key]


def test_a_duplicate_key_comes_twice(world: World) -> None:
    coupon = world.read("salesforce", "coupon")[0]
    world.edit("salesforce", "Aria_Coupon__c", "", Name="again", Aria_Key__c=coupon.key)
    assert len(world.read("salesforce", "coupon", [coupon.key])) == 2


def test_rows_without_a_key_are_counted(world: World, token: CancelToken) -> None:
    world.edit("salesforce", "Aria_Coupon__c", "", Name="by hand", Aria_Key__c=None)
    request = ReadRequest((world.mapping.entity("coupon"),))
    pages = list(world.connectors["salesforce"].read(request, token))
    assert sum(page.unkeyed for page in pages) == 1


def test_a_hidden_field_is_named(world: World) -> None:
    world.edit("salesforce", "FieldPermissions", HIDDEN, PermissionsRead=False)
    with pytest.raises(NotAllowed, match=f"field {NAMED} is missing or hidden"):
        world.read("salesforce", "plan")


def test_check_names_org_user_quotas_and_what_is_missing(world: World, token: CancelToken) -> None:
    world.edit("salesforce", "FieldPermissions", HIDDEN, PermissionsRead=False)
    health = world.connectors["salesforce"].check(world.mapping.entities, token)
    assert health.instance.startswith("00D")
    assert len(health.instance) == 18
    assert {"DailyApiRequests", "DataStorageMB"} <= {quota.name for quota in health.quotas}
    assert health.missing == (
        "field Family__c of Client_Plan__c is missing or hidden from this user",
    )


def test_without_userinfo_a_query_tells_the_org(
    mapping: WorkspaceMapping, token: CancelToken
) -> None:
    def script(asked: Asked) -> Told:
        if "/query" in asked.path:
            return told({"totalSize": 1, "done": True, "records": [{"Id": "00DHs0000000001"}]})
        return told([{"errorCode": "NOT_FOUND", "message": "no such resource"}], 404)

    with far_end(script) as end:
        health = _connected(end.url, mapping).check((), token)
    assert (health.instance, health.user, health.quotas) == ("00DHs0000000001MAA", "", ())


def test_an_object_that_is_not_there_is_named(
    mapping: WorkspaceMapping, token: CancelToken
) -> None:
    gone = told(
        [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}], 404
    )
    with pytest.raises(NotAllowed, match="object Aria_Promotion__c"):
        _read(mapping, token, lambda _: gone)


def test_an_exhausted_day_is_a_limit_and_not_asked_again(
    mapping: WorkspaceMapping, token: CancelToken
) -> None:
    over = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}]
    asked = []
    with pytest.raises(LimitReached, match="TotalRequests"):
        _read(mapping, token, lambda ask: (asked.append(ask), told(over, 403))[1])
    assert len(asked) == 1


def test_too_many_long_calls_are_waited_for(mapping: WorkspaceMapping, token: CancelToken) -> None:
    message = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
    busy = told([{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": message}], 403)
    asked = []
    with pytest.raises(LimitReached, match="ConcurrentRequests"):
        _read(mapping, token, lambda ask: (asked.append(ask), busy)[1])
    assert len(asked) == 5


def test_an_outage_is_said_with_its_status(mapping: WorkspaceMapping, token: CancelToken) -> None:
    with pytest.raises(ConnectionFailed, match="status 503"):
        _read(mapping, token, lambda _: Told(503, b"<html>down</html>"))


def test_a_refusal_without_words_has_its_status(
    mapping: WorkspaceMapping, token: CancelToken
) -> None:
    with pytest.raises(RemoteRefused, match="status 400"):
        _read(mapping, token, lambda _: told({"fields": []}, 400))


def test_a_query_without_rows_in_it_is_unreadable(
    mapping: WorkspaceMapping, token: CancelToken
) -> None:
    def script(asked: Asked) -> Told:
        return told(_described() if asked.path.endswith("/describe") else {"totalSize": 3})

    with pytest.raises(AnswerUnreadable):
        _read(mapping, token, script)


@pytest.mark.parametrize("answer", [None, 1, "x", [1], {"fields": 1}, {"fields": ["x"]}])
def test_a_description_that_is_none_is_unreadable(
    mapping: WorkspaceMapping, token: CancelToken, answer: object
) -> None:
    with pytest.raises(AnswerUnreadable, match="is not as documented"):
        _read(mapping, token, lambda _: told(answer))


@pytest.mark.parametrize(
    "row", [None, 1, "x", {"LastModifiedBy": 1}, {"LastModifiedDate": 1}, {"LastModifiedDate": "x"}]
)
def test_rows_that_are_none_are_unreadable(
    mapping: WorkspaceMapping, token: CancelToken, row: object
) -> None:
    def script(asked: Asked) -> Told:
        found = {"totalSize": 1, "done": True, "records": [row]}
        return told(_described() if asked.path.endswith("/describe") else found)

    with pytest.raises(AnswerUnreadable, match="rows of Aria_Promotion__c"):
        _read(mapping, token, script)


@pytest.mark.parametrize("kind", FAULTS)
def test_one_bad_answer_goes_unnoticed(kind: str, world: World) -> None:
    before = world.read("salesforce", "item")
    world.fault(system="salesforce", endpoint="query", kind=kind, times=1)
    assert world.read("salesforce", "item") == before


def test_what_is_no_json_is_unreadable(world: World) -> None:
    world.fault(system="salesforce", endpoint="query", kind="not_json", times=None)
    with pytest.raises(AnswerUnreadable, match="where JSON was expected"):
        world.read("salesforce", "item")


def test_a_cancel_ends_a_read_between_pages(world: World, token: CancelToken) -> None:
    request = ReadRequest((world.mapping.entity("rate"),))
    pages = world.connectors["salesforce"].read(request, token)
    next(iter(pages))
    token.cancel()
    with pytest.raises(Cancelled):
        next(pages)


def test_a_forecast_of_reads_is_no_less_than_what_they_take(world: World) -> None:
    connector = world.connectors["salesforce"]
    for name in ("plan", "rate"):
        keys = [record.key for record in world.read("salesforce", name)]
        expected = connector.forecast_reads(world.mapping.entity(name), len(keys))
        before = connector.calls
        world.read("salesforce", name, keys)
        assert connector.calls - before <= expected


def test_no_query_is_longer_than_a_uri_may_be(mapping: WorkspaceMapping) -> None:
    chosen = selection(mapping.entity("rate"), mapping, {})
    keys = [f"PLAN-{n}|SERVICE-ü{n}|SCHEDULE|{n}" * 3 for n in range(2000)]
    statements = list(key_statements(chosen, keys))
    assert all(len(quote_plus(soql)) < 14_200 for soql in statements)
    assert sum(soql.count("PLAN-") for soql in statements) == 6000


def test_a_page_of_2000_rows_becomes_records_in_no_time(mapping: WorkspaceMapping) -> None:
    chosen = selection(mapping.entity("plan"), mapping, {})
    reader = reader_of(chosen)
    rows = [_plan_row(number) for number in range(2000)]
    began = thread_time()
    page = page_of(chosen, reader, NestedTable(rows))
    assert thread_time() - began < 0.3  # a tenth of it
    assert len(page.records) == 2000


def test_dates_and_references_come_typed(mapping: WorkspaceMapping) -> None:
    chosen = selection(mapping.entity("rate_schedule"), mapping, {})
    row = {"Aria_Key__c": "S", "Available_From__c": "2026-01-31", "Plan__r": None, "Id": "a"}
    (record,) = page_of(chosen, reader_of(chosen), NestedTable([row])).records
    assert (record.values[6], record.parent) == (date(2026, 1, 31), None)


def test_a_short_id_gets_its_check_letters() -> None:
    assert long_id("00DHs0000000001") == "00DHs0000000001MAA"
    assert long_id("00DHs0000000001MAA") == "00DHs0000000001MAA"


def _described() -> dict[str, Any]:
    names = ("Id", "Name", "Aria_Key__c", "Description__c", "Expires_On__c", "LastModifiedDate")
    person = {"name": "LastModifiedById", "relationshipName": "LastModifiedBy"}
    return {"fields": [*({"name": name} for name in names), person]}


def _plan_row(number: int) -> dict[str, Any]:
    return {
        "attributes": {"type": "Client_Plan__c"},
        "Id": f"a02Hs00000{number:05}IAA",
        "Name": f"Plan {number}",
        "Aria_Key__c": f"PLAN-{number}",
        "Description__c": "A plan with a description of some length, as they are.",
        "Aria_Number__c": Decimal("10100.0"),
        "Supplemental__c": False,
        "Currency__c": "USD",
        "Plan_Set__r": {"Aria_Key__c": "SET"},
        "LastModifiedDate": "2026-01-31T12:00:00.000+0000",
        "LastModifiedBy": {"Name": "Ada"},
    }


def _read(mapping: WorkspaceMapping, token: CancelToken, script: Callable[[Asked], Told]) -> None:
    with far_end(script) as end:
        request = ReadRequest((mapping.entity("promotion"),), Scope.ALL)
        list(_connected(end.url, mapping).read(request, token))


def _connected(url: str, mapping: WorkspaceMapping) -> Connector:
    made = registry.connect(
        "salesforce", "sf", {"login_url": url}, {"access_token": "t-secret"}.get, mapping=mapping
    )
    hurry(made)
    return made
