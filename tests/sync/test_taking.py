"""What an action takes from a record of Salesforce."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.action import Action
from app.domain.control import CancelToken
from app.domain.matching import long_id
from app.domain.record import Record, RecordKey, Side
from app.errors import NotFound, WrongUse
from app.sync.actions import action_named, plan_action
from app.sync.taking import Taken, record_id, taken_from
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


def subscribe(bench: Workbench) -> Action:
    return action_named(bench, "create_subscription")


def test_an_order_tells_its_dates_and_whose_it_is(bench: Workbench) -> None:
    stand(bench, "Order", ORDER, ACME, "2027-01-01", "", "Renewal")
    found = taken_from(bench, subscribe(bench), "", ORDER[:15], NEVER)
    assert found == Taken("", "c1", {"name": "Renewal", "start_date": "2027-01-01"})


def test_an_opportunity_of_another_account_is_refused(bench: Workbench) -> None:
    stand(bench, "Opportunity", DEAL, BELL, "2027-01-15", "Deal")
    with pytest.raises(WrongUse, match="is of another"):
        taken_from(bench, subscribe(bench), "c1", DEAL, NEVER)
    assert taken_from(bench, subscribe(bench), "c2", DEAL, NEVER).key == "c2"
    with pytest.raises(NotFound, match="No customer looks up to"):
        taken_from(bench, subscribe(bench), "", DEAL, NEVER)


def test_an_account_tells_a_customers_name(bench: Workbench) -> None:
    stand(bench, "Account", ACME, ACME, "Acme Corp")
    action = action_named(bench, "create_customer")
    found = taken_from(bench, action, "", ACME, NEVER)
    assert found == Taken("", "", {"account": ACME, "name": "Acme Corp"})
    given = {**found.given, "email": "ap@acme.example"}
    (one,) = plan_action(bench, "create_customer", "", given).operations
    assert one.key == ACME


def test_a_record_made_there_names_what_is_made(bench: Workbench) -> None:
    put(bench, Side.SALESFORCE, "customer", "new", name="Dale", email="ap@dale.example")
    read(bench)
    action = action_named(bench, "create_customer")
    found = taken_from(bench, action, "", "customer:new", NEVER)
    assert found == Taken("new", "", {"name": "Dale", "email": "ap@dale.example"})
    (one,) = plan_action(
        bench, "create_customer", "", found.given, made_from=found.made_from
    ).operations
    assert one.key == "new"


def test_what_is_not_there_is_named(bench: Workbench) -> None:
    with pytest.raises(NotFound, match="has no Order"):
        taken_from(bench, subscribe(bench), "c1", ORDER, NEVER)
    with pytest.raises(NotFound, match="without a twin"):
        taken_from(bench, action_named(bench, "create_customer"), "", DEAL, NEVER)
    with pytest.raises(WrongUse, match="takes nothing from"):
        taken_from(bench, subscribe(bench), "c1", ACME, NEVER)
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
