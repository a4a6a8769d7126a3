"""Undo: a plan made from the journal that puts earlier values back, against what is there now.

It is reviewed and committed like any other plan, so an undo can be undone.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from app.connectors.protocol import Lasting, Remembering
from app.domain.control import CancelToken, Progress, Report
from app.domain.convert import text
from app.domain.diff import same
from app.domain.mapping import KEY, EntityMapping
from app.domain.plan import CommitPlan, FieldChange, Operation, OutcomeState, Problem, Verb
from app.domain.proposal import Ability
from app.domain.record import Record, RecordKey, Side, canonical, content_hash
from app.errors import WrongUse
from app.store.completing import completing
from app.store.cursors import instance_of
from app.store.journal import Entry, Run, entries, find_run
from app.store.journal_entry import Span
from app.store.mirrored import mirrored
from app.store.undo_facts import keys_of_ids, written_counts, written_fields, written_keys
from app.sync.look_costs import Lot
from app.sync.preflight import value_of
from app.sync.undo_draft import UndoDraft, some
from app.sync.undo_live import brought_up_to_date, look
from app.sync.workbench import Workbench

_REVERSE = {Verb.INSERT: Verb.DELETE, Verb.UPDATE: Verb.UPDATE, Verb.DELETE: Verb.INSERT}
SEGMENT = 20_000  # records that are read and taken back before the next are looked at
_REPORT_EACH = 500
_NOTHING_LASTS = Lasting()


@dataclass(frozen=True, slots=True)
class UndoPart:
    """What of a commit to undo; by itself, all of it.

    Attributes:
        keys: Entity → keys of the records; None for all.
        fields: Names of fields; None for all. A record that the commit made or deleted has no
            single fields to put back: it is left alone then, and named.
    """

    keys: Mapping[str, frozenset[str]] | None = None
    fields: frozenset[str] | None = None

    def takes(self, operation: Operation) -> bool:
        """Return whether a record is among those to be undone."""
        return self.keys is None or operation.key in self.keys.get(operation.entity, ())


WHOLE = UndoPart()


@dataclass(frozen=True, slots=True)
class _Lot:
    """What holds for all entries of an entity and side."""

    entity: EntityMapping
    side: Side
    ability: Ability
    remembering: Remembering | None


@dataclass
class _Undo:
    """One undo on its way: takes back what was written, entry by entry."""

    bench: Workbench
    run: str
    part: UndoPart
    draft: UndoDraft
    _lot: _Lot | None = None

    def take(self, entry: Entry, live: Sequence[Record], *, chosen: bool) -> None:
        """Add what takes one entry back; where it was not chosen, only if another needs it.

        `live` is what the side holds of it now.
        """
        made: Operation | None = None
        problems: list[Problem] = []
        for one in _reversed(entry, live, self.lot_of(entry.operation), self.part):
            if isinstance(one, Problem):
                problems.append(one)
            elif words := self._why_not_its_key(one):
                problems.append(_problem(entry.operation, words))
            else:
                made = one
        if not chosen:
            self.draft.offer(entry.operation, made, problems)
            return
        self.draft.note(problems)
        if made is not None:
            self.draft.plan(made)

    def _why_not_its_key(self, made: Operation) -> str:
        """Return in words who has the key that is to be given back; "" where it will be free."""
        change = made.key_change
        if change is None or not change.after or change.after == change.before:
            return ""
        key, entity = text(change.after), self.bench.mapping.entity(made.entity)
        bearers = [
            one
            for one in mirrored(self.bench.store, entity, made.side, [key])
            if one.own_key is None and one.side_id != made.side_id
        ]
        written = (OutcomeState.WRITTEN,)
        mine = entries(
            self.bench.store, run=self.run, record=(entity.name, key), states=written, limit=1
        )
        if not bearers or next(mine, None) is not None:  # of its own commit: it moves or goes too
            return ""
        return f"another record in {made.side.label} has its key {key!r} by now"

    def lot_of(self, operation: Operation) -> _Lot:
        """Return what holds for an operation; asked once for all that follow each other."""
        lot, side = self._lot, operation.side
        if lot is None or lot.side is not side or lot.entity.name != operation.entity:
            entity = self.bench.mapping.entity(operation.entity)
            connector = self.bench.connectors[side]
            remembering = connector if isinstance(connector, Remembering) else None
            lot = self._lot = _Lot(entity, side, self.bench.abilities(entity)[side], remembering)
        return lot


def build_undo(
    bench: Workbench, run: str, cancel: CancelToken, report: Report, part: UndoPart = WHOLE
) -> CommitPlan:
    """Return the plan that takes a commit, or a part of it, back; it names what cannot be.

    The records are read now, and the mirror takes what is found. The commit of the plan reads them
    once more before it writes. Of millions of records nothing is kept in memory but a piece.

    Raises:
        NotFound: There is no such commit.
        WrongUse: The part names a record or a field that the commit did not write.
        AppError: A side could not be read, or another Concord holds the workspace.
    """
    bench.store.claim()
    found = find_run(bench.store, run)
    _check_part(bench, run, part)
    with closing(UndoDraft(bench, whole=part.keys is None)) as draft:
        elsewhere = list(_elsewhere(bench, found))
        draft.note(elsewhere)
        if not elsewhere:
            _take_back(_Undo(bench, run, part, draft), found, cancel, report)
            draft.settle(cancel)
        return draft.made()


def _take_back(undo: _Undo, found: Run, cancel: CancelToken, report: Report) -> None:
    """Add what takes the entries of a commit back, those of a piece after the other."""
    bench, total, done = undo.bench, found.counts.get(OutcomeState.WRITTEN, 0), 0
    updates = completing(bench.store, found.id, OutcomeState.WRITTEN)
    later = {_place(entry): entry for entry in updates}
    counts = written_counts(bench.store, found.id)
    current = brought_up_to_date(bench, counts, cancel, report)

    def told(made: Progress) -> None:
        report(replace(made, done=done + made.done, total=total))

    for piece in _pieces(bench, found.id):
        _take_piece(undo, _as_made(piece, later), current, cancel, told)
        done += len(piece)


def _take_piece(
    undo: _Undo, piece: Sequence[Entry], told: frozenset[Lot], cancel: CancelToken, report: Report
) -> None:
    usable = [entry for entry in piece if _is_mapped(entry, undo.draft)]
    chosen = [undo.part.takes(entry.operation) for entry in usable]
    usable = _under_given_keys(undo.bench, usable)
    operations = [entry.operation for entry in usable]
    live = look(undo.bench, operations, told, cancel, report)
    for done, (entry, records) in enumerate(zip(usable, live, strict=True)):
        if done % _REPORT_EACH == 0:
            cancel.check()
            report(Progress(done, len(usable), "Planning the undo"))
        undo.take(entry, records, chosen=chosen[done])


def _pieces(bench: Workbench, run: str) -> Iterator[list[Entry]]:
    """Yield what a commit wrote in the order of sending, few enough at a time for memory."""
    after, written = 0, (OutcomeState.WRITTEN,)
    while True:
        piece = list(entries(bench.store, run=run, states=written, span=Span(after), limit=SEGMENT))
        if not piece:
            return
        after = piece[-1].id
        yield piece
        piece.clear()


def _place(entry: Entry) -> tuple[RecordKey, Side]:
    return entry.operation.record_key, entry.operation.side


def _as_made(
    piece: Sequence[Entry], later: Mapping[tuple[RecordKey, Side], Entry]
) -> Sequence[Entry]:
    """Return entries without those that only complete what the commit had made: as one with it."""
    if not later:
        return piece
    kept = []
    for entry in piece:
        update = later.get(_place(entry))
        if update is None:
            kept.append(entry)
        elif entry.operation.verb is Verb.INSERT:
            after = {change.name: change for change in update.operation.changes}
            first = [
                FieldChange(change.name, change.before, after.pop(change.name, change).after)
                for change in entry.operation.changes
            ]
            made = replace(entry.operation, changes=(*first, *after.values()))
            unmapped = tuple(dict.fromkeys((*entry.unmapped, *update.unmapped)))
            kept.append(replace(entry, operation=made, unmapped=unmapped))
    return kept


def _check_part(bench: Workbench, run: str, part: UndoPart) -> None:
    wanted = {(entity, key) for entity, keys in (part.keys or {}).items() for key in keys}
    if wanted:
        wanted.difference_update(written_keys(bench.store, run))
    for entity, key in sorted(wanted):
        raise WrongUse(
            f"The commit wrote no {entity} {key!r}.", "See `concord history --commit ID`."
        )
    fields = written_fields(bench.store, run) if part.fields else set[str]()
    for name in sorted((part.fields or frozenset()) - fields):
        raise WrongUse(f"The commit wrote no field {name!r}.", f"It wrote: {some(sorted(fields))}.")


def _under_given_keys(bench: Workbench, found: Sequence[Entry]) -> list[Entry]:
    """Return entries, a record to which billing gave a key of its own under that one."""
    made: dict[str, list[str]] = {}
    for operation in (entry.operation for entry in found):
        if operation.side is Side.BILLING and operation.verb is Verb.INSERT and operation.side_id:
            made.setdefault(operation.entity, []).append(operation.side_id)
    keys = {
        name: keys_of_ids(bench.store, bench.mapping.entity(name), Side.BILLING, ids)
        for name, ids in made.items()
    }

    def under_given(entry: Entry) -> Entry:
        operation = entry.operation
        if operation.side is not Side.BILLING or operation.verb is not Verb.INSERT:
            return entry
        key = keys.get(operation.entity, {}).get(operation.side_id)
        return replace(entry, operation=replace(operation, key=key)) if key else entry

    return [under_given(entry) for entry in found] if keys else list(found)


def _elsewhere(bench: Workbench, run: Run) -> Iterator[Problem]:
    """Yield a problem for a side that is another instance than the one that was written."""
    for side in Side:
        was = run.connections.get(side.value, {}).get("instance", "")
        now = instance_of(bench.store, side)
        if was and now and was != now:
            words = f"the commit went to {side.label} {was}, connected now is {now}"
            yield Problem("error", "", "", f"{words}: nothing of it can be undone")


def _is_mapped(entry: Entry, draft: UndoDraft) -> bool:
    if entry.operation.entity not in entry.unmapped:
        return True
    draft.note([_problem(entry.operation, "the mapping has no such entity any more")])
    return False


def _reversed(
    entry: Entry, records: Sequence[Record], lot: _Lot, part: UndoPart
) -> Iterator[Operation | Problem]:
    operation, verb = entry.operation, _REVERSE[entry.operation.verb]
    told = lot.remembering
    lasting = told.lasting(lot.entity, operation) if told else _NOTHING_LASTS
    obstacle = lasting.refused or _obstacle(operation, records, lot.ability, part)
    if obstacle:
        yield _problem(operation, obstacle)
        return
    now = records[0] if records else None
    if entry.unmapped:
        yield from (
            _problem(operation, f"the mapping has no field {name} as it was written any more")
            for name in entry.unmapped
        )
        known = [change for change in operation.changes if change.name not in entry.unmapped]
        operation = replace(operation, changes=tuple(known))
    moved = [] if now is None else _moved(_told(operation, lot.ability), now, lot.entity)
    if moved and operation.verb is Verb.INSERT:
        yield _problem(operation, f"changed since: {', '.join(moved)}")
        return
    changes: list[FieldChange] = []
    for made in _changes_back(operation, part, lot.ability, moved):
        if isinstance(made, Problem):
            yield made
        else:
            changes.append(made)
    if verb is Verb.DELETE and now is not None:
        values = zip(lot.entity.fields, now.values, strict=True)
        changes = [FieldChange(mapped.name, value, None) for mapped, value in values]
    elif changes and now is not None:
        changes = [*_kept_key(now, changes), *changes]
    if changes and lasting.stays:
        yield _problem(operation, lasting.stays)
    if changes:
        expects = None if now is None else content_hash(canonical(now.values))
        side_id = now.side_id if now is not None else ""
        yield Operation(
            operation.entity, operation.key, operation.side, verb, tuple(changes), expects, side_id
        )


def _obstacle(
    operation: Operation, records: Sequence[Record], ability: Ability, part: UndoPart
) -> str:
    """Return why a record cannot be put back at all, `""` if it can."""
    verb, side = _REVERSE[operation.verb], operation.side.label
    if verb not in ability.verbs:
        return f"{side} offers no {verb.value}"
    if part.fields is not None and operation.verb is not Verb.UPDATE:
        made = "made" if operation.verb is Verb.INSERT else "deleted"
        return f"the commit {made} it: it can be undone as a whole only"
    if len(records) > 1:
        return f"{len(records)} records in {side} share the key"
    if records and operation.verb is Verb.DELETE:
        return "it is there again"
    if not records and operation.verb is not Verb.DELETE:
        return "it is not there any more"
    return ""


def _told(operation: Operation, ability: Ability) -> Sequence[FieldChange]:
    """Return the fields of which a write said what they are to be: billing fills others itself."""
    if operation.side is Side.SALESFORCE or operation.verb is not Verb.INSERT:
        return operation.changes
    return [c for c in operation.changes if c.after is not None and c.name in ability.fields]


def _moved(changes: Sequence[FieldChange], now: Record, entity: EntityMapping) -> list[str]:
    """Return the fields that are not any more as the commit left them."""
    values, index = now.values, entity.index
    return [
        name
        for name, after in [(change.name, change.after) for change in changes]
        if not same(values[index[name]] if name in index else value_of(now, name, entity), after)
    ]


def _kept_key(now: Record, changes: Sequence[FieldChange]) -> Iterator[FieldChange]:
    """Yield the key that a record bears where it is not ours, so that it is named by its id."""
    if now.own_key is not None and KEY not in {change.name for change in changes}:
        yield FieldChange(KEY, now.own_key or None, now.own_key or None)


def _changes_back(
    operation: Operation, part: UndoPart, ability: Ability, moved: Sequence[str]
) -> Iterator[FieldChange | Problem]:
    if operation.verb is Verb.INSERT:  # it goes as it is
        return
    for change in operation.changes:
        if part.fields is not None and change.name not in part.fields:
            continue
        if text(change.after) == text(change.before):
            continue
        if change.name in moved:
            yield _problem(operation, f"{change.name} changed since, it is left alone")
        elif operation.verb is Verb.UPDATE and change.name not in ability.fields:
            words = f"{operation.side.label} does not let {change.name} be set"
            yield _problem(operation, words)
        else:
            yield FieldChange(change.name, change.after, change.before)


def _problem(operation: Operation, message: str) -> Problem:
    return Problem("warning", operation.entity, operation.key, message)
