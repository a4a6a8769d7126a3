"""What was written is read again: kept, kept otherwise, gone, or not to be read."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from app.connectors.aria.accounts_needs import calls_of
from app.connectors.aria.read_back import ReadBack, read_again
from app.connectors.aria.steps import Sent, Step
from app.connectors.aria.wish import wish_of
from app.connectors.protocol import Page, ReadRequest
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping
from app.domain.plan import Outcome, OutcomeState, Verb
from app.domain.record import Record, Side
from app.errors import ConnectionFailed
from tests.connectors.account_world import accounts_mapping
from tests.connectors.world import make_operation

WRITTEN, FAILED = OutcomeState.WRITTEN, OutcomeState.FAILED
SENT = Sent(WRITTEN, "", ("Aria made invoice 7",), 9)
KEY = "1|9"
UNREADABLE = "accepted, but not read again: away; Aria made invoice 7"


@pytest.fixture(scope="module")
def entity() -> EntityMapping:
    return accounts_mapping().entity("plan_instance")


@dataclass
class Reads:
    """A family that reads one record, by what is asked of it, none, or fails."""

    held: dict[str, Any]
    away: bool = False

    def pages(self, request: ReadRequest, cancel: CancelToken) -> Iterator[Page]:
        del cancel
        if self.away:
            raise ConnectionFailed("away")
        assert request.keys == (KEY,)
        values = tuple(self.held.get(one.name) for one in request.entities[0].fields)
        yield Page("plan_instance", [Record(KEY, values)] if self.held else [])


def back(entity: EntityMapping, verb: Verb, *, away: bool = False, **held: Any) -> ReadBack:
    reads: Any = Reads(held, away)
    wanted = {} if verb is Verb.DELETE else {"units": Decimal(3), "po_number": "x"}
    operation = make_operation("plan_instance", KEY, verb, Side.BILLING, **wanted)
    return ReadBack(reads, wish_of(entity, operation, lambda _column: True), KEY)


def told(outcome: Outcome) -> tuple[OutcomeState, str]:
    return outcome.state, outcome.message


def test_what_concord_reckons_itself_costs_no_call_when_a_write_is_read_back() -> None:
    costs = {"account": {"get_acct_details_all_m"}, "plan_instance": {"get_acct_plans_all_m"}}
    for name, calls in costs.items():
        assert set(calls_of(read_again(accounts_mapping().entity(name)))) == calls


def test_an_update_that_aria_holds_is_written(entity: EntityMapping) -> None:
    outcome = back(entity, Verb.UPDATE, units=Decimal(3), po_number="x").outcome(SENT)
    assert told(outcome) == (WRITTEN, "Aria made invoice 7")


def test_an_update_that_aria_kept_otherwise_is_failed_with_both_values(
    entity: EntityMapping,
) -> None:
    outcome = back(entity, Verb.UPDATE, units=Decimal(2), po_number=None).outcome(SENT)
    assert (outcome.state, outcome.field) == (FAILED, "units")
    assert outcome.message == (
        "Aria keeps units as '2', not '3'; Aria keeps po_number as 'nothing', not 'x'; "
        "Aria made invoice 7"
    )


def test_an_update_of_what_is_gone_afterwards_is_failed(entity: EntityMapping) -> None:
    state, message = told(back(entity, Verb.UPDATE).outcome(SENT))
    assert state is FAILED
    assert message.startswith("Aria took it, and does not show the record any more")


def test_what_cannot_be_read_again_was_accepted_all_the_same(entity: EntityMapping) -> None:
    assert told(back(entity, Verb.UPDATE, away=True).outcome(SENT)) == (WRITTEN, UNREADABLE)
    assert told(back(entity, Verb.INSERT, away=True).made(SENT)) == (WRITTEN, UNREADABLE)
    assert told(back(entity, Verb.DELETE, away=True).ended(SENT)) == (WRITTEN, UNREADABLE)


def test_what_was_refused_is_not_read_again(entity: EntityMapping) -> None:
    refused = Sent(FAILED, "1014: no")
    for outcome in (back(entity, Verb.UPDATE, away=True).outcome, back(entity, Verb.INSERT).made):
        assert told(outcome(refused)) == (FAILED, "1014: no")


def test_an_insert_stands_and_what_aria_made_otherwise_is_told(entity: EntityMapping) -> None:
    outcome = back(entity, Verb.INSERT, units=Decimal(1), po_number="x").made(SENT)
    assert (outcome.state, outcome.key, outcome.side_id) == (WRITTEN, KEY, "9")
    assert outcome.message == "Aria keeps units as '1', not '3'; Aria made invoice 7"
    outcome = back(entity, Verb.INSERT).made(SENT)
    assert told(outcome) == (WRITTEN, "Aria made it, and does not show it; Aria made invoice 7")


@pytest.mark.parametrize(
    ("status", "state", "words"),
    [
        ("Cancelled", WRITTEN, "Aria keeps it as Cancelled"),
        ("Active", FAILED, "Aria took it, and it still is Active"),
    ],
)
def test_a_delete_has_ended_the_record(
    status: str, state: OutcomeState, words: str, entity: EntityMapping
) -> None:
    outcome = back(entity, Verb.DELETE, status=status).ended(SENT)
    assert told(outcome) == (state, f"{words}; Aria made invoice 7")
    assert told(back(entity, Verb.DELETE).ended(SENT)) == (WRITTEN, "Aria made invoice 7")


def test_a_step_holds_when_its_own_fields_do(entity: EntityMapping) -> None:
    half = {"units": Decimal(3), "po_number": None}
    assert back(entity, Verb.UPDATE, **half).holds(Step("c", {}, ("units",)))
    assert not back(entity, Verb.UPDATE, **half).holds(Step("c", {}, ("units", "po_number")))
    assert not back(entity, Verb.UPDATE, away=True).holds(Step("c", {}, ("units",)))
    assert not back(entity, Verb.UPDATE).holds(Step("c", {}, ("units",)))
