"""Changes of plans that wait in Aria: taken back, moved, and what cannot be."""

from datetime import date

import pytest

from app.connectors.aria.queue_writes import EDIT
from app.domain.plan import OutcomeState, Verb
from app.domain.record import Record, Side
from tests.connectors.account_world import AccountWorld
from tests.connectors.world import make_operation

WRITTEN, FAILED = OutcomeState.WRITTEN, OutcomeState.FAILED
WAITING = 1


@pytest.fixture
def world(accounts: AccountWorld) -> AccountWorld:
    return accounts


@pytest.fixture
def waiting(world: AccountWorld) -> Record:
    """Return the first change that waits in the data set."""
    row = next(row for row in world.state("aria", "queued_change") if row["status_cd"] == WAITING)
    found = world.held(row["acct_no"], "queued_change")
    return next(one for one in found if one.key.endswith(f"|{row['queue_id']}"))


def status(world: AccountWorld, record: Record) -> int:
    number = int(record.key.rpartition("|")[2])
    rows = world.state("aria", "queued_change")
    return int(next(row["status_cd"] for row in rows if row["queue_id"] == number))


@pytest.mark.parametrize("verb", [Verb.UPDATE, Verb.DELETE])
def test_a_waiting_change_is_taken_back_after_a_preview(
    verb: Verb, world: AccountWorld, waiting: Record
) -> None:
    after = {"status": "Deleted"} if verb is Verb.UPDATE else {"status": None}
    outcome = world.send(make_operation("queued_change", waiting.key, verb, Side.BILLING, **after))
    assert outcome.state is WRITTEN, outcome.message
    assert status(world, waiting) == 2
    assert world.made(EDIT) == 2


def test_a_waiting_change_is_moved_to_another_day(world: AccountWorld, waiting: Record) -> None:
    day = date(2031, 5, 6)
    outcome = world.change("queued_change", waiting.key, effective_on=day)
    assert outcome.state is WRITTEN, outcome.message
    account = int(waiting.key.partition("|")[0])
    held = {one.key: one for one in world.held(account, "queued_change")}
    assert world.field("queued_change", held[waiting.key], "effective_on") == day
    assert status(world, waiting) == WAITING


def test_what_no_longer_waits_is_refused_in_arias_words(
    world: AccountWorld, waiting: Record
) -> None:
    assert world.change("queued_change", waiting.key, status="Deleted").state is WRITTEN
    again = world.change("queued_change", waiting.key, status="Deleted")
    assert again.state is FAILED
    assert again.message.startswith("1013: ")


def test_no_other_status_can_be_given(world: AccountWorld, waiting: Record) -> None:
    outcome = world.change("queued_change", waiting.key, status="Executed")
    assert outcome.state is FAILED
    assert "can become 'Deleted'" in outcome.message
    assert world.made(EDIT) == 0
