"""Refresh: read both sides into the mirror, as many requests at once as the systems like."""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Empty, Full, Queue

from app.connectors.protocol import Page, Reader, ReadRequest
from app.domain.control import CancelToken, Progress, Report
from app.domain.mapping import EntityMapping
from app.domain.record import Side
from app.errors import WrongUse
from app.store.mirror import MirrorRead
from app.sync.workbench import Workbench

log = logging.getLogger(__name__)

READERS = 8
_POLL_S = 0.05
_PAGES_WAITING = 16


@dataclass(frozen=True, slots=True)
class RefreshRequest:
    """What to read: which sides, which entities (none: all)."""

    sides: tuple[Side, ...] = tuple(Side)
    entities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RefreshResult:
    """What a refresh read and what it cost; `changed` counts records that are not as before."""

    read: Mapping[Side, Mapping[str, int]]
    changed: int
    calls: Mapping[Side, int]
    seconds: float
    unkeyed: int = 0


@dataclass(frozen=True, slots=True)
class _Group:
    """Entities that one request reads, and where they come from."""

    side: Side
    reader: Reader
    entities: tuple[EntityMapping, ...]


@dataclass(frozen=True, slots=True)
class _End:
    """The last that comes of a group: it is through, or it failed."""

    error: BaseException | None = None


@dataclass
class _Run:
    """One refresh under way: reading threads put pages in the queue, the caller's stores them."""

    bench: Workbench
    cancel: CancelToken
    report: Report
    stop: CancelToken = field(default_factory=CancelToken)
    arrivals: "Queue[tuple[_Group, Page | _End]]" = field(
        default_factory=lambda: Queue(_PAGES_WAITING)
    )
    reads: dict[tuple[Side, str], MirrorRead] = field(default_factory=dict)
    unkeyed: int = 0

    def fetch(self, group: _Group) -> None:
        """Read a group (in a thread of the pool) and hand its pages over."""
        try:
            for page in group.reader.read(ReadRequest(group.entities), self.stop):
                self._hand_over(group, page)
        except BaseException as error:  # noqa: BLE001 - it is raised again by `store_pages`
            end = _End(error)
        else:
            end = _End()
        if not self.stop.is_cancelled:
            self._hand_over(group, end)

    def _hand_over(self, group: _Group, arrival: Page | _End) -> None:
        while True:
            self.stop.check()
            try:
                self.arrivals.put((group, arrival), timeout=_POLL_S)
            except Full:
                continue
            return

    def store_pages(self, groups: int) -> None:
        """Store pages as they come, until every group is through; raise what a group raised."""
        while groups:
            self.cancel.check()
            try:
                group, arrival = self.arrivals.get(timeout=_POLL_S)
            except Empty:
                continue
            if isinstance(arrival, Page):
                self._store(group, arrival)
            elif arrival.error is not None:
                raise arrival.error
            else:
                groups -= 1
                for entity in group.entities:
                    self.reads[group.side, entity.name].finish()

    def _store(self, group: _Group, page: Page) -> None:
        read = self.reads[group.side, page.entity]
        read.put(page.records)
        self.unkeyed += page.unkeyed
        done = sum(read.count for read in self.reads.values())
        self.report(Progress(done, 0, f"Reading {read.entity.plural} from {group.side.label}"))


def refresh(
    bench: Workbench, request: RefreshRequest, cancel: CancelToken, report: Report
) -> RefreshResult:
    """Read the sides whole into the mirror and return what was read.

    Records that a side no longer has are dropped once its read came through to the end; a read that
    broke off keeps the pages it stored and drops nothing.

    Raises:
        AppError: A side could not be read; the store holds what came before.
        Cancelled: Within a moment of being asked.
    """
    started = time.monotonic()
    before = bench.calls()
    run = _Run(bench, cancel, report)
    groups = list(_groups(bench, request))
    for group in groups:
        for entity in group.entities:
            run.reads[group.side, entity.name] = MirrorRead(bench.store, entity, group.side)
    _read_all(run, groups)
    calls = {side: count - before[side] for side, count in bench.calls().items()}
    result = RefreshResult(
        read={side: _counts(run, side) for side in request.sides},
        changed=sum(read.changed for read in run.reads.values()),
        calls={side: calls[side] for side in request.sides},
        seconds=time.monotonic() - started,
        unkeyed=run.unkeyed,
    )
    total = sum(read.count for read in run.reads.values())
    log.info("Refreshed %s: %d records in %.1f s", bench.name, total, result.seconds)
    return result


def _read_all(run: _Run, groups: Sequence[_Group]) -> None:
    pool = ThreadPoolExecutor(READERS, thread_name_prefix="read")
    try:
        for group in groups:
            pool.submit(run.fetch, group)
        run.store_pages(len(groups))
    except BaseException:
        run.stop.cancel()
        # A request under way may take its time to come back; nobody waits for its answer.
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def _groups(bench: Workbench, request: RefreshRequest) -> Iterator[_Group]:
    for name in request.entities:
        if name not in bench.mapping.by_name:
            known = ", ".join(bench.mapping.by_name)
            raise WrongUse(f"The mapping has no entity {name!r}.", f"Its entities are: {known}.")
    wanted = [
        entity
        for entity in bench.mapping.entities
        if not request.entities or entity.name in request.entities
    ]
    for side in request.sides:
        reader = bench.connectors[side]
        for entities in reader.groups(wanted):
            yield _Group(side, reader, tuple(entities))


def _counts(run: _Run, side: Side) -> dict[str, int]:
    return {name: read.count for (where, name), read in run.reads.items() if where is side}
