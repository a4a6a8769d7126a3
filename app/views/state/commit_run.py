"""A commit under way: how far each entity is, and holding it between two calls."""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from app.connectors.protocol import Batch, Connector, Page, ReadRequest
from app.domain.control import CancelToken, Progress
from app.domain.mapping import WorkspaceMapping
from app.domain.plan import Outcome, Part
from app.domain.record import Side
from app.sync.workbench import Workbench
from app.views.state.language import tr
from app.views.state.progress import eta, rate

_LOOK_EACH_S = 0.05
_COMMITTING = "commit"


@dataclass(frozen=True, slots=True)
class EntityBar:
    """How far one entity is."""

    name: str
    done: int
    total: int

    @property
    def text(self) -> str:
        """The numbers beside the bar."""
        return tr("{done:,} of {total:,}").format(done=self.done, total=self.total)


class Gate:
    """Holds a commit between two calls while it is closed; calls under way end as they do."""

    def __init__(self) -> None:
        self._closed = threading.Event()
        self._closed_at, self._before_s = 0.0, 0.0

    @property
    def is_closed(self) -> bool:
        """Whether the commit is held."""
        return self._closed.is_set()

    @property
    def closed_s(self) -> float:
        """How long it was held in all."""
        now = time.monotonic() - self._closed_at if self.is_closed else 0.0
        return self._before_s + now

    def close(self) -> None:
        """Hold it."""
        if not self.is_closed:
            self._closed_at = time.monotonic()
            self._closed.set()

    def open(self) -> None:
        """Let it go on."""
        self._before_s = self.closed_s
        self._closed.clear()

    def pass_through(self, cancel: CancelToken) -> None:
        """Return when it is open; raise `Cancelled` if somebody cancels meanwhile."""
        while self.is_closed:
            cancel.wait(_LOOK_EACH_S)


class _Gated:
    """A connector whose reads and writes wait at a gate before they begin."""

    def __init__(self, connector: Connector, gate: Gate) -> None:
        self._connector, self._gate = connector, gate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connector, name)

    def read(self, request: ReadRequest, cancel: CancelToken) -> Iterator[Page]:
        """Wait, then read."""
        self._gate.pass_through(cancel)
        return self._connector.read(request, cancel)

    def write(self, batch: Batch, cancel: CancelToken) -> Iterator[Outcome]:
        """Wait, then write."""
        self._gate.pass_through(cancel)
        return self._connector.write(batch, cancel)


def gated(bench: Workbench, gate: Gate) -> Workbench:
    """Return a workbench whose connectors wait at a gate before each batch."""
    held = {side: cast("Connector", _Gated(it, gate)) for side, it in bench.connectors.items()}
    return replace(bench, connectors=held)


class Meter:
    """Counts what a commit reports by entity; fed by the worker, looked at by the window."""

    def __init__(self, tally: Mapping[Part, int], mapping: WorkspaceMapping) -> None:
        totals: Counter[str] = Counter()
        for part, count in tally.items():
            totals[part.entity] += count
        self._total, self._last = totals.total(), 0
        self._bars = tuple(
            EntityBar(mapping.entity(name).plural, 0, totals[name])
            for name in mapping.order
            if totals[name]
        )

    @property
    def bars(self) -> tuple[EntityBar, ...]:
        """A bar an entity, in the order of sending."""
        return self._bars

    @property
    def done(self) -> int:
        """How many operations were carried out."""
        return self._last

    @property
    def total(self) -> int:
        """How many there are."""
        return self._total

    def note(self, progress: Progress) -> None:
        """Count what came since the last report; it says of which entity."""
        if progress.phase != _COMMITTING:
            return
        came, self._last = progress.done - self._last, progress.done
        # The report names the entity by its plural; of two that fit, the longer is meant.
        fitting = [bar.name for bar in self._bars if progress.what.endswith(bar.name)]
        meant = max(fitting, key=len, default="")
        # Replaced as a whole: the window may look at it at any time.
        self._bars = tuple(
            replace(bar, done=min(bar.total, bar.done + came)) if bar.name == meant else bar
            for bar in self._bars
        )


def pace_words(meter: Meter, elapsed_s: float) -> str:
    """Return "120 of 400 \u00b7 35 a second \u00b7 about 8 s left"."""
    done, total = meter.done, meter.total
    far = tr("{done:,} of {total:,}").format(done=done, total=total)
    parts = (far, rate(done, elapsed_s), eta(done / total if total else 0, elapsed_s))
    return " \u00b7 ".join(part for part in parts if part)


def used(now: Mapping[Side, int], before: Mapping[Side, int]) -> dict[Side, int]:
    """Return the calls made since a commit began."""
    return {side: count - before.get(side, 0) for side, count in now.items()}
