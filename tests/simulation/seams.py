"""The seams at which the simulator stands in for threads, disk and clock of the engine."""

import logging
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, tzinfo
from typing import Any
from unittest.mock import patch

import app.sync.pieces
import app.sync.preflight
import app.sync.refresh
import app.sync.sender
import app.sync.undo
from tests.simulation.disk import Disk
from tests.simulation.fate import Fate
from tests.simulation.lanes import Lanes


@contextmanager
def stood_in(fate: Fate, lanes: Lanes, disk: Disk) -> Iterator[None]:
    """Let the engine run on simulated threads, disk and clock; a seam that moved is an error."""
    clock, few = _clock(fate), 1 + fate.random.randrange(6)
    seams: list[tuple[Any, str, Any]] = [
        (sqlite3, "connect", disk.connect),
        (app.sync.sender, "ThreadPoolExecutor", lanes.pool),
        (app.sync.sender, "wait", lanes.wait),
        (app.sync.pieces, "SEGMENT", few),
        (app.sync.undo, "SEGMENT", few),
        (app.sync.preflight, "ThreadPoolExecutor", lanes.pool),
        (app.sync.refresh, "ThreadPoolExecutor", lanes.pool),
        (app.sync.refresh, "Queue", lanes.queue),
    ]
    seams += [(module, "datetime", clock) for module in _tell_time()]
    with ExitStack() as stack:
        for module, name, stand_in in seams:
            stack.enter_context(patch.object(module, name, stand_in))
        logger = logging.getLogger("app")
        stack.callback(logger.setLevel, logger.level)
        logger.setLevel(logging.CRITICAL)  # thousands of clocks set back need no warning
        yield


def _clock(fate: Fate) -> type[datetime]:
    class SimulatedClock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.fromtimestamp(fate.clock_s, tz or UTC)

    return SimulatedClock


def _tell_time() -> list[Any]:
    """Return the modules of engine and store that ask for the time of day."""
    return [
        module
        for name, module in list(sys.modules.items())
        if name.startswith(("app.sync.", "app.store."))
        and getattr(module, "datetime", None) is datetime
    ]
