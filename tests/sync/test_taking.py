"""What an action takes from a record of Salesforce."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from app.connectors.protocol import ReadRequest
from app.domain.action import Action, Taken
from app.domain.control import CancelToken
from app.domain.matching import long_id
from app.domain.record import Record, RecordKey, Side
from app.errors import NotAllowed, NotFound, WrongUse
from app.sync.actions import action_named, input_value, plan_action
from app.sync.taking import Wish, record_id, taken_from
from app.sync.workbench import Workbench
from tests.fakes import side_of
from tests.views.catalog import put
from tests.views.conftest import read
from tests.views.orb_front import ACME, BELL, orb_bench, put_account

ORDER, DEAL = long_id("801000000000001"), long_id("006000000000001")
NEVER = CancelToken()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    """Return a workspace of three customers, of which the first looks up to an account."""
    made = orb_bench(tmp_path)
    put(made, Side.SALESFORCE, "customer", "c1", name="Acme", account=ACME)
    put_account(made, ACME, "Acme")
    read(made)
    yield made
    made.store.close()


def stand(bench: Workbench, sobject: str, side_id: str, *values: str) -> None:
    """Put a record of an object that the mapping does not have into Salesforce."""
    record = Record(side_id, values, side_id, None)
    side_of(bench, Side.SALESFORCE).records[RecordKey(sobject, side_id)] = [record]


def take(bench: Workbench, action: Action, key: str, record: str, **given: str) -> Taken:
    return taken_from(bench, Wish(action, key, given), record, NEVER)


def subscribe(bench: Workbench) -> Action:
    return action_named(bench, "create_subscription")


def test_an_order_tells_its_dates_and_whose_it_is(bench: Workbench) -> None:
    stand(bench, "Order", ORDER, ACME, "USD", "2027-01-01", "", "Renewal")
    found = take(bench, subscribe(bench), "", ORDER[:15])
    assert found == Taken("", "c1", {"name": "Renewal", "start_date": "2027-01-01"})


def test_a_day_stays_a_day_and_a_time_a_time(bench: Workbench) -> None:
    start = next(one for one in subscribe(bench).inputs if one.name == "start_date")
    assert input_value(start, "2027-01-31") == date(2027, 1, 31)
    with pytest.raises(WrongUse, match=r"cannot be 'soon'\. Write 2026-11-22 or"):
        input_value(start, "soon")
    midnight = datetime(2027, 1, 31, tzinfo=UTC)
    assert input_value(start, "2027-01-31T00:00:00Z") == midnight
    assert input_value(start, "2027-01-31T02:00:00+02:00") == midnight


def test_an_opportunity_of_another_account_is_refused(bench: Workbench) -> None:
    stand(bench, "Opportunity", DEAL, BELL, "2027-01-15", "USD", "Deal")
    with pytest.raises(WrongUse, match="is of another"):
        take(bench, subscribe(bench), "c1", DEAL)
    assert take(bench, subscribe(bench), "c2", DEAL).key == "c2"
    with pytest.raises(NotFound, match="No customer looks up to"):
        take(bench, subscribe(bench), "", DEAL)


def test_an_account_tells_a_customers_name(bench: Workbench) -> None:
    stand(bench, "Account", ACME, ACME, "Acme Corp")
    action = action_named(bench, "create_customer")
    found = take(bench, action, "", ACME)
    assert found == Taken("", "", {"account": ACME, "name": "Acme Corp"})
    given = {**found.given, "email": "ap@acme.example"}
    (one,) = plan_action(bench, "create_customer", "", given).operations
    assert one.key == ACME


def test_a_record_made_there_names_what_is_made(bench: Workbench) -> None:
    put(bench, Side.SALESFORCE, "customer", "new", name="Dale", email="ap@dale.example")
    read(bench)
    action = action_named(bench, "create_customer")
    found = take(bench, action, "", "customer:new")
    assert found == Taken("new", "", {"name": "Dale", "email": "ap@dale.example"})
    (one,) = plan_action(bench, "create_customer", "", found.given, found).operations
    assert one.key == "new"


def test_what_is_not_there_is_named(bench: Workbench) -> None:
    with pytest.raises(NotFound, match="has no Order"):
        take(bench, subscribe(bench), "c1", ORDER)
    with pytest.raises(NotFound, match="without a twin"):
        take(bench, action_named(bench, "create_customer"), "", DEAL)
    with pytest.raises(WrongUse, match="takes nothing from"):
        take(bench, subscribe(bench), "c1", ACME)
    with pytest.raises(WrongUse, match="There is no action"):
        action_named(bench, "juggle")


@pytest.mark.parametrize(
    "words",
    [
        ORDER,
        ORDER[:15],
        f" {ORDER} ",
        f"https://x.lightning.force.example/lightning/r/Order/{ORDER}/view",
        f"https://x.my.salesforce.example/{ORDER[:15]}?nooverride=1",
    ],
)
def test_an_id_is_found_in_an_address(words: str) -> None:
    assert record_id(words) == ORDER


SEAT = {
    "id": "seat",
    "name": "Seat",
    "price_type": "fixed_price",
    "model_type": "unit",
    "unit_config": {"unit_amount": "10.00"},
    "cadence": "monthly",
    "item": {"id": "i1"},
}
PRODUCT, OTHER_PRODUCT = long_id("01t000000000001"), long_id("01t000000000002")


def stand_order(bench: Workbench, *lines: tuple[Decimal, Decimal, str, str]) -> None:
    """Put an order into Salesforce; of its lines number, product, quantity and price are given."""
    put(bench, Side.BILLING, "plan", "PRO", name="Pro", status="active", prices=json.dumps([SEAT]))
    read(bench)
    stand(bench, "Order", ORDER, ACME, "", "2027-01-01", "", "Renewal")
    items = [
        Record(ORDER, (number, product, quantity, price), f"802{number}", None)
        for quantity, price, number, product in lines
    ]
    side_of(bench, Side.SALESFORCE).records[RecordKey("OrderItem", ORDER)] = items
    stand(bench, "Product2", PRODUCT, "Seats", "seat")
    stand(bench, "Product2", OTHER_PRODUCT, "Spare part", "")


def test_an_orders_lines_tell_plan_quantity_and_price(bench: Workbench) -> None:
    stand_order(bench, (Decimal(5), Decimal("8.50"), "0001", PRODUCT))
    found = take(bench, subscribe(bench), "", ORDER)
    assert (found.key, found.given["plan"], found.given["quantities"]) == ("c1", "PRO", "seat=5")
    plan = plan_action(bench, "create_subscription", found.key, found.given, found)
    said = [(each.severity, each.message) for each in plan.problems]
    assert ("info", "Line 1 (Seats, seat): Seat, quantity 5.") in said
    (one,) = plan.operations
    told = {change.name: str(change.after) for change in one.changes}
    assert '"unit_amount":"8.5"' in told["price_intervals"]


def test_lines_are_told_in_the_order_of_their_numbers(bench: Workbench) -> None:
    lines = (
        (Decimal(1), Decimal(5), "10", OTHER_PRODUCT),
        (Decimal(5), Decimal(10), "9", PRODUCT),
    )
    stand_order(bench, *lines)
    found = take(bench, subscribe(bench), "", ORDER)
    assert found.given == {"name": "Renewal", "start_date": "2027-01-01"}
    (words,) = found.unclear
    assert words.startswith("Line 2 (Spare part): the product says no code")
    named = take(bench, subscribe(bench), "", ORDER, plan="PRO")
    assert (named.given["quantities"], len(named.warnings)) == ("seat=5", 1)
    plan = plan_action(bench, "create_subscription", "c1", {**named.given, "plan": "PRO"}, named)
    assert [one.severity for one in plan.problems if "Line 2" in one.message] == ["warning"]


def test_a_subscriptions_new_plan_is_taken_from_an_order_of_its_own_account(
    bench: Workbench,
) -> None:
    stand_order(bench, (Decimal(1), Decimal(10), "1", PRODUCT))
    stand(bench, "Order", ORDER, ACME, "", "2027-01-01")
    change = action_named(bench, "change_plan")
    found = take(bench, change, "s1", ORDER)
    assert (found.key, found.given) == ("s1", {"plan": "PRO", "date": "2027-01-01"})
    stand(bench, "Order", ORDER, BELL, "", "2027-01-01")
    with pytest.raises(WrongUse, match="Orb subscription 's1' is of another"):
        take(bench, change, "s1", ORDER)


def test_an_org_of_one_currency_has_no_field_for_it(bench: Workbench) -> None:
    stand(bench, "Order", ORDER, ACME, "2027-01-01", "", "Renewal")

    def refuse(request: ReadRequest) -> None:
        if any(f.name == "CurrencyIsoCode" for f in request.entities[0].fields):
            raise NotAllowed("field CurrencyIsoCode of Order is missing.", "")

    side_of(bench, Side.SALESFORCE).on_read = refuse
    assert take(bench, subscribe(bench), "", ORDER).given["name"] == "Renewal"


def test_a_product_that_the_mapping_has_is_the_plan_whatever_its_code_says(
    bench: Workbench,
) -> None:
    plan = replace(bench.mapping.entity("plan"), sobject="Product2")
    others = [one for one in bench.mapping.entities if one.name != "plan"]
    mapped = replace(bench.mapping, entities=(plan, *others))
    stand_order(bench, (Decimal(2), Decimal(10), "1", "plan:PRO"))
    stand(bench, "Product2", "plan:PRO", "Pro", "other code")
    found = take(replace(bench, mapping=mapped), subscribe(bench), "", ORDER)
    assert (found.given["plan"], found.given["quantities"]) == ("PRO", "seat=2")
