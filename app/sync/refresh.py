"""Refresh: read both sides into the mirror, all or what changed, several requests at once."""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Full, Queue

from app.connectors.protocol import Page, Reader, ReadRequest, Scope
from app.domain.control import CancelToken, Progress, Report
from app.domain.mapping import EntityMapping
from app.domain.record import Side
from app.errors import CursorRefused, NotFound, WrongUse
from app.store.belonging import keys_of_account
from app.store.comparison import existing_keys
from app.store.cursors import cursor_of, forget_cursors, instance_of, note_instance
from app.store.mirror import MirrorRead
from app.store.mirror_account import MirrorAccount
from app.store.mirror_delta import MirrorDelta, has_twins
from app.store.set_aside import set_aside
from app.store.unread import was_read
from app.store.workspace import Store
from app.sync.explain import note_told
from app.sync.workbench import Workbench

log = logging.getLogger(__name__)

# Each connector has its own limit of calls at once: here a group waits for its calls alone, and not
# for another group's. With 8, a refresh of the catalog took a third longer.
READERS = 16
_POLL_S = 0.05
_PAGES_WAITING = 16
Read = MirrorRead | MirrorDelta | MirrorAccount


@dataclass(frozen=True, slots=True)
class RefreshRequest:
    """What to read: which sides, which entities (none: all), and whether to use no cursor.

    Attributes:
        account: The key of the only account whose records are read; "" for all.
        moving: Only what the days of accounts bring (`MOVING`), or only the rest of accounts.
    """

    sides: tuple[Side, ...] = tuple(Side)
    entities: tuple[str, ...] = ()
    full: bool = False
    account: str = ""
    moving: bool | None = None


@dataclass(frozen=True, slots=True)
class RefreshResult:
    """What a refresh read and what it cost; `changed` counts records that are not as before.

    Attributes:
        set_aside: Copies of the store, each made since a side is another instance than before.
    """

    read: Mapping[Side, Mapping[str, int]]
    changed: int
    calls: Mapping[Side, int]
    seconds: float
    unkeyed: int = 0
    set_aside: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class _Group:
    """Entities that one request reads, and where they come from."""

    side: Side
    reader: Reader
    entities: tuple[EntityMapping, ...]
    cursor: str = ""
    account: str = ""

    @property
    def request(self) -> ReadRequest:
        """What to ask the reader for."""
        if self.account:
            return ReadRequest(self.entities, Scope.ACCOUNT, account=self.account)
        scope = Scope.SINCE if self.cursor else Scope.ALL
        return ReadRequest(self.entities, scope, cursor=self.cursor)

    def into(self, store: Store, entity: EntityMapping) -> "Read":
        """Return what stores the records of one of the entities."""
        if self.account:
            return MirrorAccount(store, entity, self.side, self.account)
        make = MirrorDelta if self.cursor else MirrorRead
        return make(store, entity, self.side)


@dataclass(frozen=True, slots=True)
class _End:
    """The last that comes of a group: it is through, or it failed."""

    error: BaseException | None = None


@dataclass
class _Run:
    """One refresh under way: reading threads put pages in the queue, the caller's stores them.

    Attributes:
        doubted: What may have been read before a key moved to which it refers: no cursor is kept.
    """

    bench: Workbench
    cancel: CancelToken
    report: Report
    pool: ThreadPoolExecutor
    stop: CancelToken = field(default_factory=CancelToken)
    arrivals: "Queue[tuple[_Group, Page | _End]]" = field(
        default_factory=lambda: Queue(_PAGES_WAITING)
    )
    reads: dict[tuple[Side, str], Read] = field(default_factory=dict)
    groups: dict[tuple[Side, str], _Group] = field(default_factory=dict)
    cursors: dict[tuple[Side, str], str] = field(default_factory=dict)
    again: dict[tuple[Side, str], _Group] = field(default_factory=dict)
    doubted: set[tuple[Side, str]] = field(default_factory=set)
    open_groups: int = 0
    changed: int = 0
    unkeyed: int = 0

    def begin(self, group: _Group) -> None:
        """Have a group read by a thread of the pool; what was begun for it before does not count.

        A page that an earlier read of it stored stays, and is read again.
        """
        self.open_groups += 1
        for entity in group.entities:
            place = (group.side, entity.name)
            if place in self.reads:
                self.changed += self.reads[place].changed
            self.reads[place] = group.into(self.bench.store, entity)
            self.groups[place] = group
            self.doubted.discard(place)
        self.pool.submit(self.fetch, group)

    def fetch(self, group: _Group) -> None:
        """Read a group (in a thread of the pool) and hand its pages over."""
        try:
            for page in group.reader.read(group.request, self.stop):
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

    def store_pages(self) -> None:
        """Store pages as they come, until every group is through; raise what a group raised."""
        while self.open_groups or self.again:
            self.cancel.check()
            if not self.open_groups:
                self._begin_again()
            try:
                group, arrival = self.arrivals.get(timeout=_POLL_S)
            except Empty:
                continue
            if isinstance(arrival, Page):
                self._store(group, arrival)
            else:
                self.open_groups -= 1
                self._end(group, arrival)

    def _begin_again(self) -> None:
        """Read whole what a delta could not settle; begun only when no earlier read is open."""
        groups, self.again = self.again, {}
        for group in groups.values():
            self.begin(group)

    def _end(self, group: _Group, end: _End) -> None:
        if isinstance(end.error, CursorRefused):
            log.info("Reading %s whole: %s", group.entities[0].plural, end.error)
            self._want_whole(group)
            return
        if end.error is not None:
            raise end.error
        for entity in group.entities:
            place = (group.side, entity.name)
            read = self.reads[place]
            read.finish("" if place in self.doubted else self.cursors.get(place, ""))
            if isinstance(read, MirrorRead) and read.moved:
                self._doubt_what_refers_to(group.side, entity)
            if isinstance(read, MirrorDelta) and read.doubtful:
                log.info("Reading %s whole: a key came under a new id", entity.plural)
                self._want_whole(group)

    def _want_whole(self, group: _Group) -> None:
        first = group.entities[0].name
        self.again[group.side, first] = _Group(group.side, group.reader, group.entities)

    def _doubt_what_refers_to(self, side: Side, entity: EntityMapping) -> None:
        """A record that refers to one with a new key was not changed itself, so no delta has it.

        It is read whole: now, or the next time where this refresh leaves it out or breaks off (the
        store has forgotten its cursor).
        """
        for place in ((side, name) for name in self.bench.mapping.referring(entity)):
            self.doubted.add(place)
            if isinstance(self.reads.get(place), MirrorDelta):
                self._want_whole(self.groups[place])

    def _store(self, group: _Group, page: Page) -> None:
        place = (group.side, page.entity)
        read = self.reads[place]
        moved = _moved(read)
        if isinstance(read, MirrorDelta):
            unkeyed = read.put(page.records, page.gone, page.loose)
        else:
            unkeyed = read.put(page.records, page.loose)
        if _moved(read) > moved:
            self._doubt_what_refers_to(group.side, read.entity)
        if page.cursor:
            self.cursors[place] = page.cursor
        self.unkeyed += page.unkeyed - len(page.loose) + unkeyed
        done = sum(read.count for read in self.reads.values())
        self.report(Progress(done, 0, f"Reading {read.entity.plural} from {group.side.label}"))


def _moved(read: Read) -> int:
    """Return how many records are known to have moved to another key; of an account, none."""
    return 0 if isinstance(read, MirrorAccount) else int(read.moved)


def refresh(
    bench: Workbench, request: RefreshRequest, cancel: CancelToken, report: Report
) -> RefreshResult:
    """Read into the mirror what changed, or all where a side cannot tell; return what was read.

    Of one account all is read, and no cursor moves. Where Salesforce has it not, and the mapping
    says that it may be there under no key (`guard`), what changed of all its accounts is read too.

    Records that a side no longer has are dropped once its read came through to the end; a read that
    broke off keeps the pages it stored and drops nothing, and its cursor stays where it was.

    Raises:
        AppError: A side could not be read; the store holds what came before.
        NotFound: Neither side has the account.
        Cancelled: Within a moment of being asked.
    """
    started = time.monotonic()
    _check_entities(bench, request)
    before = bench.calls()
    aside = _look_who_is_there(bench, request.sides, cancel)
    if not request.account:
        _doubt_what_was_read_before(bench, request)
    run = _read_all(bench, _groups(bench, request), cancel, report)
    if request.account:
        _check_found(bench, request.account)
        _read_all(bench, _twins_wanted(bench, request), cancel, report)
    for side in request.sides:
        note_told(bench, side, _counts(run, side), cancel)
    calls = {side: count - before[side] for side, count in bench.calls().items()}
    result = RefreshResult(
        read={side: _counts(run, side) for side in request.sides},
        changed=run.changed + sum(read.changed for read in run.reads.values()),
        calls={side: calls[side] for side in request.sides},
        seconds=time.monotonic() - started,
        unkeyed=run.unkeyed,
        set_aside=aside,
    )
    total = sum(read.count for read in run.reads.values())
    log.info("Refreshed %s: %d records in %.1f s", bench.name, total, result.seconds)
    return result


def _check_entities(bench: Workbench, request: RefreshRequest) -> None:
    for name in request.entities:
        if name not in bench.mapping.by_name:
            known = ", ".join(bench.mapping.by_name)
            raise WrongUse(f"The mapping has no entity {name!r}.", f"Its entities are: {known}.")


def _look_who_is_there(
    bench: Workbench, sides: Sequence[Side], cancel: CancelToken
) -> tuple[Path, ...]:
    """Set aside what is known of a side that is another instance now; return the copies made.

    A Salesforce sandbox that was refreshed has a new org id under the old address (salesforce.md
    §2): its records, ids and cursors are not those of the old one.
    """
    copies = []
    for side in sides:
        known, found = instance_of(bench.store, side), bench.connectors[side].instance(cancel)
        if not known:
            note_instance(bench.store, side, found)
        elif known != found:
            copies.append(set_aside(bench.store, side, found))
            log.warning("%s is %s now, it was %s: see %s", side.label, found, known, copies[-1])
    return tuple(copies)


def _read_all(
    bench: Workbench, groups: Iterable[_Group], cancel: CancelToken, report: Report
) -> _Run:
    pool = ThreadPoolExecutor(READERS, thread_name_prefix="read")
    run = _Run(bench, cancel, report, pool)
    try:
        for group in groups:
            run.begin(group)
        run.store_pages()
    except BaseException:
        run.stop.cancel()
        # A request under way may take its time to come back; nobody waits for its answer.
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()
    return run


def _doubt_what_was_read_before(bench: Workbench, request: RefreshRequest) -> None:
    """Have what refers to an entity that is read for the first time read whole, if it was before.

    A key may have moved between the two: no read of changes tells of what refers to its record, and
    the first read of it does not know that it moved. This refresh does so, or the next.
    """
    for side in request.sides:
        for entity in _wanted(bench, request):
            if not was_read(bench.store, side, entity.name):
                forget_cursors(bench.store, side, bench.mapping.referring(entity))


def _wanted(bench: Workbench, request: RefreshRequest) -> list[EntityMapping]:
    return [
        entity
        for entity in _belonging(bench, request)
        if not request.entities or entity.name in request.entities
    ]


def _groups(bench: Workbench, request: RefreshRequest) -> Iterator[_Group]:
    wanted = _wanted(bench, request)
    for side in request.sides:
        reader = bench.connectors[side]
        if request.account:
            yield _Group(side, reader, tuple(wanted), account=request.account)
            continue
        for entities in reader.groups(wanted):
            cursor = "" if request.full else _cursor(bench, side, reader, entities)
            yield _Group(side, reader, tuple(entities), cursor)


def _belonging(bench: Workbench, request: RefreshRequest) -> Sequence[EntityMapping]:
    if not request.account and request.moving is None:
        return bench.mapping.entities
    known = _is_known(bench, request.account)
    # What the days of an account bring needs the account itself to stand under.
    found = bench.mapping.of_account(moving=request.moving if known else None)
    if not found:
        raise WrongUse(
            f"The mapping {bench.mapping.name!r} has nothing of accounts to read.",
            'Give the entity that is the customer role = "account" in the mapping.',
        )
    return found


def _is_known(bench: Workbench, account: str) -> bool:
    """Return whether the mirror has an account on either side; true where none is asked for."""
    entity = bench.mapping.account
    return (
        not account
        or entity is None
        or bool(keys_of_account(bench.store, account, [entity])[entity.name])
    )


def _check_found(bench: Workbench, account: str) -> None:
    """Raise where the mirror, just read, has no such account on either side."""
    if bench.mapping.account and not _is_known(bench, account):
        raise NotFound(
            f"Neither side has {bench.mapping.account.label} {account!r}.",
            "Check the number; the account page finds one by its name.",
        )


def _twins_wanted(bench: Workbench, request: RefreshRequest) -> Iterator[_Group]:
    """Yield what reads the accounts among which one that Salesforce lacks may be."""
    entity, side = bench.mapping.account, Side.SALESFORCE
    if entity is None or not entity.guard or side not in request.sides:
        return
    if not existing_keys(bench.store, entity, side, [request.account]):
        reader = bench.connectors[side]
        for entities in reader.groups([entity]):
            cursor = _cursor(bench, side, reader, entities)
            yield _Group(side, reader, tuple(entities), cursor)


def _cursor(bench: Workbench, side: Side, reader: Reader, entities: Sequence[EntityMapping]) -> str:
    """Return from where a group can go on, `""` where it has to be read whole."""
    if not all(reader.incremental(entity) for entity in entities):
        return ""
    if any(has_twins(bench.store, side, entity) for entity in entities):
        return ""
    cursors = {cursor_of(bench.store, side, entity.name) for entity in entities}
    return cursors.pop() if len(cursors) == 1 else ""


def _counts(run: _Run, side: Side) -> dict[str, int]:
    return {name: read.count for (where, name), read in run.reads.items() if where is side}
