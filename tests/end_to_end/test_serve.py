"""`concord serve`: what somebody edits in an org is on the list of differences at once."""

import json
import signal
import time
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any, Self

import pytest

from app.credentials import Credentials
from app.domain.control import CancelToken, no_report
from app.domain.record import Side
from app.errors import Cancelled
from app.services import Services
from app.store.cursors import events_cursor
from app.store.mirrored import mirrored
from app.sync.serve import Served, ServeOptions, serve
from tests.end_to_end.front_door import Concord, Door, until

QUICK = ServeOptions(gather_s=0.05, retry_s=0.1)


class Serving:
    """A server in a thread of its own, and what it told."""

    def __init__(self, base: Path, workspace: str) -> None:
        self.rounds: list[Served] = []
        self.cancel = CancelToken()
        self._bench = Services(base, Credentials()).open_workbench(workspace)
        self._pool = ThreadPoolExecutor(1)
        self.ended: Future[None] = self._pool.submit(
            serve, self._bench, self.cancel, no_report, self.rounds.append, QUICK
        )

    def __enter__(self) -> Self:
        until(lambda: bool(self.rounds) or self.ended.done(), "a first round")
        return self

    def __exit__(self, *_exc: object) -> None:
        self.cancel.cancel()
        self.ended.exception()
        self._pool.shutdown()
        self._bench.store.close()

    def hear(self, door: Door, row: dict[str, Any]) -> None:
        """Edit until an edit is heard: from then on the subscription stands.

        What comes before it is asked for by REST: once a minute, and all of a record at once.
        """
        names = (f"Is anybody there? {number}" for number in count())

        def heard() -> bool:
            door.edit("salesforce", "Client_Plan__c", row["Id"], Name=next(names))
            return found(self.rounds)

        until(heard, "a round for an event")

    def holds(self, row: dict[str, Any], name: str) -> bool:
        """Return whether the store has this plan of the org under this name."""
        plan = self._bench.mapping.entity("plan")
        (held,) = mirrored(self._bench.store, plan, Side.SALESFORCE, [row["Aria_Key__c"]])
        return held.values[plan.index["name"]] == name

    def cursor(self) -> str:
        return events_cursor(self._bench.store, Side.SALESFORCE)


def a_plan(door: Door) -> dict[str, Any]:
    return door.state("salesforce", "Client_Plan__c")[0]


@pytest.fixture
def base(agreed: Concord) -> Path:
    return agreed.base


def found(rounds: list[Served]) -> bool:
    """Return whether an event led to a read that found a plan changed."""
    return any(
        one.because == "event" and "plan" in one.entities and one.result.changed for one in rounds
    )


def test_an_edit_by_hand_is_read_and_compared_at_once(base: Path, door: Door) -> None:
    with Serving(base, "w") as server:
        row = a_plan(door)
        server.hear(door, row)
        door.edit("salesforce", "Client_Plan__c", row["Id"], Name="By hand")
        until(lambda: server.holds(row, "By hand"), "the edit in the store")
        assert all(one.sides == (Side.SALESFORCE,) for one in server.rounds[1:])


def test_what_was_told_while_nobody_listened_is_caught_up(base: Path, door: Door) -> None:
    with Serving(base, "w") as server:
        until(lambda: bool(server.cursor()), "a place from which to go on")
    row = a_plan(door)
    door.edit("salesforce", "Client_Plan__c", row["Id"], Name="By hand")
    edited = time.monotonic()
    # Asked by REST, an org tells what was saved before the present second; the rest next time.
    until(lambda: time.monotonic() > edited + 1.1, "the end of that second")
    with Serving(base, "w") as server:
        assert server.rounds[0].because == "start"
        until(lambda: any("plan" in one.entities for one in server.rounds), "the event")


def test_a_storm_of_edits_is_a_few_rounds(base: Path, door: Door) -> None:
    with Serving(base, "w") as server:
        row = a_plan(door)
        server.hear(door, row)
        before = len(server.rounds)
        for number in range(40):
            door.edit("salesforce", "Client_Plan__c", row["Id"], Name=f"E{number}")
        until(lambda: sum(one.changes for one in server.rounds) >= 40, "all that was told")
        until(lambda: server.holds(row, "E39"), "the last edit in the store")
        assert len(server.rounds) - before < 30


def test_serving_ends_when_it_is_told_to(base: Path) -> None:
    with Serving(base, "w") as server:
        server.cancel.cancel()
        until(server.ended.done, "the end")
    assert not isinstance(server.ended.exception(), Cancelled)


def test_the_command_prints_a_line_of_json_for_each_round(agreed: Concord) -> None:
    with agreed.start("serve", "-w", "w", "--json") as process:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0
    assert said["because"] == "start"
    assert said["differences"]["different"] > 0
