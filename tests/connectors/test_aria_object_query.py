"""The queries that Object Query is asked with, and the orders that it lists."""

from collections.abc import Iterator

import pytest

from app.connectors.aria.object_query import (
    ACCOUNTS,
    LONGEST_QUERY,
    after,
    condition,
    counted,
)
from app.connectors.protocol import Scope
from app.domain.control import CancelToken
from app.errors import CursorRefused, WrongUse
from app.sandbox.launch import Sandbox
from tests.connectors.aria_accounts import (
    Held,
    accounts_mapping,
    by_entity,
    entities,
    fresh,
    running,
)

ORDERS = entities("order", "order_item")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running() as started:
        yield started


@pytest.fixture
def held(sandbox: Sandbox) -> Iterator[Held]:
    with fresh(sandbox) as found:
        yield found


def test_a_query_goes_on_after_a_number_in_its_order() -> None:
    query = after("acct_no", 80, ["status_cd = 1", "acct_no <= 99"])
    assert query == "status_cd = 1 AND acct_no <= 99 AND acct_no > 80 ORDER BY acct_no ASC"


def test_a_query_that_is_too_long_is_not_sent() -> None:
    with pytest.raises(WrongUse, match=str(LONGEST_QUERY)):
        after("acct_no", 0, ["first_name = " + "x" * LONGEST_QUERY])


@pytest.mark.parametrize(
    ("value", "text"),
    [("EMEA", "city = EMEA"), ("New York", 'city = "New York"'), ("a<b", 'city = "a<b"')],
)
def test_a_value_stands_in_quotes_where_it_must(value: str, text: str) -> None:
    assert condition("city", "=", value) == text


def test_a_value_with_a_quote_cannot_be_asked_for() -> None:
    with pytest.raises(WrongUse, match="cannot be asked"):
        condition("city", "=", 'the "city"')


def test_counting_reads_nothing(held: Held) -> None:
    with held.counting() as calls:
        assert counted(held.connector._client, ACCOUNTS, (), CancelToken()) == len(held.numbers)
    assert calls == {"get_account_details_m": 1}


def test_orders_that_changed_are_read_since_a_cursor(held: Held) -> None:
    cursor = held.pages(ORDERS)[-1].cursor
    changed = held.system.state("order")[0]
    held.sandbox.clock.advance(3600)
    held.edit("order", str(changed["client_order_id"]), last_updated="2099-01-01 00:00:00")
    with held.counting() as calls:
        pages = held.pages(ORDERS, scope=Scope.SINCE, cursor=cursor)
    found = by_entity(pages)
    assert [record.side_id for record in found["order"]] == [str(changed["order_no"])]
    assert {record.parent for record in found["order_item"]} == {found["order"][0].key}
    assert calls == {"get_order_details_m": 1, "get_virtual_datetime_m": 1}
    assert pages[-1].cursor == pages[-2].cursor > cursor


def test_a_cursor_reaches_back_a_little(held: Held) -> None:
    first = held.system.state("order")[0]
    stamp = "2098-12-31 23:50:00"
    held.edit("order", str(first["client_order_id"]), last_updated=stamp)
    client = held.connector.instance(CancelToken())
    for moment, count in (("2099-01-01 00:00:00", 1), ("2099-01-01 00:10:00", 0)):
        request = {"scope": Scope.SINCE, "cursor": f"{client}|{moment}"}
        assert len(by_entity(held.pages(ORDERS, **request)).get("order", [])) == count


@pytest.mark.parametrize("cursor", ["12|2026-01-01 00:00:00", "nonsense", "9000550|yesterday"])
def test_a_cursor_that_is_not_of_this_client_is_refused(cursor: str, held: Held) -> None:
    with pytest.raises(CursorRefused):
        held.pages(ORDERS, scope=Scope.SINCE, cursor=cursor)


def test_orders_alone_can_be_asked_for_what_changed(held: Held) -> None:
    able = {one.name for one in accounts_mapping().of_account() if held.connector.incremental(one)}
    assert able == {"order", "order_item"}
