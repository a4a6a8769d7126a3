"""Serve: listen to both sides, read and compare what changed, run jobs, with no window.

One loop does it all, one thing after the other: a job that is due waits until a round is through.
A storm of events is coalesced: while one refresh runs, what is told meanwhile waits for the next.
What a side posts (`EventDesk`) is read account by account, and compared every few seconds.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Empty, Queue

from app.connectors.protocol import Notice, Watcher
from app.domain.control import CancelToken, Report
from app.domain.diff import Kind
from app.domain.record import Side
from app.errors import (
    AppError,
    Cancelled,
    ConnectionFailed,
    CursorRefused,
    NotSignedIn,
    StoreError,
)
from app.store.cursors import events_cursor, keep_events_cursor
from app.sync.compare import compare, total
from app.sync.event_desk import EventDesk
from app.sync.gathering import Batch
from app.sync.jobs import JobDesk, JobDone
from app.sync.posted import PostedReads, joined
from app.sync.refresh import RefreshRequest, RefreshResult, refresh
from app.sync.workbench import Workbench

log = logging.getLogger(__name__)

_POLL_S = 0.2
_GATHER_S = 1.0
_RETRY_S = 30.0


@dataclass(frozen=True, slots=True)
class Served:
    """What came of one round.

    Attributes:
        because: What led to it: `start`, `event` or `interval`.
        changes: How many changes events had told of.
        differences: Kind → how many differences there are now.
        accounts: The keys of the accounts that were read by themselves.
    """

    because: str
    sides: tuple[Side, ...]
    entities: tuple[str, ...]
    changes: int
    result: RefreshResult
    differences: Mapping[Kind, int]
    accounts: tuple[str, ...] = ()


Told = Callable[[Served | JobDone], None]


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """How to serve; seconds.

    Attributes:
        every_s: Between two reads of a side that tells nothing by itself, and of everything.
        gather_s: How long to wait for more events after the first.
        retry_s: How long to wait after a side could not be reached.
    """

    every_s: float = 900.0
    gather_s: float = _GATHER_S
    retry_s: float = _RETRY_S


@dataclass(frozen=True, slots=True)
class _Broken:
    """A watcher ended."""

    error: AppError


@dataclass
class _Due:
    """What is to be read next."""

    entities: dict[Side, set[str]] = field(default_factory=dict)
    cursors: dict[Side, str] = field(default_factory=dict)
    changes: int = 0

    def take(self, side: Side, notice: Notice) -> None:
        if notice.entities:
            self.entities.setdefault(side, set()).update(notice.entities)
        self.changes += notice.changes
        self.cursors[side] = notice.cursor


def serve(
    bench: Workbench,
    cancel: CancelToken,
    report: Report,
    told: Told,
    options: ServeOptions = ServeOptions(),
    *,
    jobs: JobDesk | None = None,
    events: EventDesk | None = None,
) -> None:
    """Read both sides, then listen until cancelled; `told` is called after each round and job.

    With `jobs`, those that are due are run; one that fails is told, and serving goes on.
    With `events`, what a side posts is read; of its accounts' data, the reads at the start and at
    intervals then ask only for what the side can tell to have changed.
    Listening begins before the first read, so that nothing falls between them.

    Raises:
        NotSignedIn: A side refuses us, which waiting does not mend.
        StoreError: The store cannot be written.
    """
    bench.store.claim()
    stop = CancelToken()
    arrivals: Queue[tuple[Side, Notice | _Broken]] = Queue()
    watching = [side for side, one in bench.connectors.items() if isinstance(one, Watcher)]
    pool = ThreadPoolExecutor(max(1, len(watching)), thread_name_prefix="watch")
    posted = None
    if events is not None:
        posted = PostedReads(bench, events, cancel, report, options.retry_s)
    server = _Server(bench, cancel, report, told, options, jobs, posted)
    try:
        for side in watching:
            pool.submit(_watch, bench, side, arrivals, stop, options)
        server.run(arrivals)
    except Cancelled:
        log.info("Serving %s ended", bench.name)
    finally:
        stop.cancel()
        pool.shutdown(wait=False, cancel_futures=True)


@dataclass
class _Server:
    """The loop that reads: in the caller's thread, which alone writes the store."""

    bench: Workbench
    cancel: CancelToken
    report: Report
    told: Told
    options: ServeOptions
    jobs: JobDesk | None = None
    posted: PostedReads | None = None
    due: _Due = field(default_factory=_Due)

    def run(self, arrivals: "Queue[tuple[Side, Notice | _Broken]]") -> None:
        """Read everything, then what is told, and everything again at each interval."""
        everything = ("start", time.monotonic())
        if self.jobs is not None:
            self.jobs.settle_broken()
        while True:
            self.cancel.check()
            self._gather(arrivals)
            because, at = everything
            if time.monotonic() >= at:
                done = all(self._round(because, *one) for one in self._polls())
                wait = self.options.every_s if done else self.options.retry_s
                everything = ("interval" if done else because, time.monotonic() + wait)
            elif self.due.entities:
                self._read_what_was_told()
            self._read_what_was_posted()
            self._keep_cursors()
            self._run_jobs()

    def _run_jobs(self) -> None:
        """Run what is due: by the clock on the wall, which may have been set or have slept."""
        if self.jobs is not None and self.jobs.is_due():
            for done in self.jobs.run_due(self.cancel, self.report):
                self.told(done)

    def _gather(self, arrivals: "Queue[tuple[Side, Notice | _Broken]]") -> None:
        """Take what is told; after the first that matters, wait a little for more."""
        until = time.monotonic() + _POLL_S
        while (left := until - time.monotonic()) > 0:
            self.cancel.check()
            try:
                side, arrival = arrivals.get(timeout=min(left, _POLL_S))
            except Empty:
                continue
            if isinstance(arrival, _Broken):
                raise arrival.error
            if not self.due.entities and arrival.entities:
                until = time.monotonic() + self.options.gather_s
            self.due.take(side, arrival)

    def _read_what_was_told(self) -> None:
        for side, names in list(self.due.entities.items()):
            if self._round("event", (side,), names):
                del self.due.entities[side]
                self.due.changes = 0
            else:
                self.cancel.wait(self.options.retry_s)

    def _polls(self) -> Iterator[tuple[tuple[Side, ...], tuple[str, ...]]]:
        """Yield what is read at the start and at intervals: sides, and entities (none: all)."""
        if self.posted is None:
            yield tuple(Side), ()
            return
        posts = self.posted.desk.side
        yield tuple(side for side in Side if side is not posts), ()
        names = self.posted.polled()
        if names is not None:
            yield (posts,), names

    def _round(self, because: str, sides: tuple[Side, ...], names: Iterable[str]) -> bool:
        """Read and compare; return whether that came to its end."""
        entities = tuple(sorted(names))
        try:
            result = refresh(self.bench, RefreshRequest(sides, entities), self.cancel, self.report)
            counts = compare(self.bench, self.cancel, self.report)
        except (NotSignedIn, StoreError, Cancelled):
            raise
        except AppError as error:  # a spent limit, a refusal: later it may go
            log.warning("Serving %s: %s", self.bench.name, error)
            return False
        differences = total(counts.values())
        self.told(Served(because, sides, entities, self.due.changes, result, differences))
        return True

    def _read_what_was_posted(self) -> None:
        """Read accounts that are due, for a few seconds at most; then compare, and tell."""
        if self.posted is None:
            return
        read = self.posted.read()
        if read:
            counts = compare(self.bench, self.cancel, self.report)
            self.told(_told_of(self.posted.desk.side, read, total(counts.values())))

    def _keep_cursors(self) -> None:
        """Keep how far each side was listened to, once what it told is read."""
        for side in [side for side in self.due.cursors if side not in self.due.entities]:
            keep_events_cursor(self.bench.store, side, self.due.cursors.pop(side))


def _told_of(
    side: Side, read: Sequence[tuple[Batch, RefreshResult]], differences: Mapping[Kind, int]
) -> Served:
    batches = [batch for batch, _ in read]
    return Served(
        "event",
        (side,),
        tuple(sorted(frozenset[str]().union(*(batch.entities for batch in batches)))),
        sum(batch.changes for batch in batches),
        joined([result for _, result in read]),
        differences,
        tuple(batch.account for batch in batches if batch.account),
    )


def _watch(
    bench: Workbench,
    side: Side,
    arrivals: "Queue[tuple[Side, Notice | _Broken]]",
    stop: CancelToken,
    options: ServeOptions,
) -> None:
    """Hand notices over until told to stop; runs in a thread of its own, and never writes."""
    connector, since = bench.connectors[side], events_cursor(bench.store, side)
    if not isinstance(connector, Watcher):
        return
    while not stop.is_cancelled:
        try:
            for notice in connector.watch(bench.mapping.entities, since, stop):
                since = notice.cursor
                arrivals.put((side, notice))
        except Cancelled:
            return
        except CursorRefused as error:
            log.info("Listening to %s from now on: %s", side.label, error)
            since = ""
            everything = frozenset(entity.name for entity in bench.mapping.entities)
            arrivals.put((side, Notice(everything, 0, "")))
        except ConnectionFailed as error:
            if isinstance(error, NotSignedIn):
                arrivals.put((side, _Broken(error)))
                return
            log.warning("Listening to %s: %s", side.label, error)
            stop.wait(options.retry_s)
        except AppError as error:
            arrivals.put((side, _Broken(error)))
            return
