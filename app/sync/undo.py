"""Undo: a plan made from the journal that puts earlier values back, against what is there now.

It is reviewed and committed like any other plan, so an undo can be undone.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from app.connectors.protocol import Lasting, Remembering
from app.domain.control import CancelToken, Progress, Report
from app.domain.convert import text
from app.domain.diff import same
from app.domain.mapping import KEY, EntityMapping
from app.domain.plan import CommitPlan, FieldChange, Operation, OutcomeState, Problem, Verb
from app.domain.proposal import Ability
from app.domain.record import Record, RecordKey, Side, canonical, content_hash
from app.domain.stages import points_at
from app.errors import WrongUse
from app.store.comparison import existing_keys
from app.store.cursors import instance_of
from app.store.journal import Entry, Run, entries, find_run
from app.store.undo_facts import children_on, key_of_id, note_found
from app.sync.planner import assembled
from app.sync.preflight import Live, read_live, value_of
from app.sync.workbench import Workbench

_REVERSE = {Verb.INSERT: Verb.DELETE, Verb.UPDATE: Verb.UPDATE, Verb.DELETE: Verb.INSERT}
_NAMED = 3
_Place = tuple[RecordKey, Side]


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


@dataclass
class _Draft:
    """An undo on its way: operations by record and side, and what stands in the way."""

    bench: Workbench
    part: UndoPart
    entries: Mapping[_Place, Entry]
    live: Live
    operations: dict[_Place, Operation] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    abilities: dict[str, Mapping[Side, Ability]] = field(default_factory=dict)
    remembering: dict[Side, Remembering | None] = field(default_factory=dict)

    def add(self, entry: Entry) -> Operation | None:
        """Add what takes one entry back; return it, None where nothing can."""
        entity = self.bench.mapping.entity(entry.operation.entity)
        if entity.name not in self.abilities:
            self.abilities[entity.name] = self.bench.abilities(entity)
        ability = self.abilities[entity.name][entry.operation.side]
        for made in _reversed(entry, self, entity, ability):
            if isinstance(made, Problem):
                self.problems.append(made)
            else:
                self.operations[_place(made)] = made
                return made
        return None

    def lasting(self, entity: EntityMapping, operation: Operation) -> Lasting:
        """Return what the target says that stays of an operation, nothing if it does not say."""
        side = operation.side
        if side not in self.remembering:
            connector = self.bench.connectors[side]
            # Asked once: to look whether an object keeps to a Protocol is slow.
            self.remembering[side] = connector if isinstance(connector, Remembering) else None
        told = self.remembering[side]
        return told.lasting(entity, operation) if told else Lasting()

    def leave(self, operation: Operation, words: str) -> None:
        """Take an operation out again, and say why."""
        del self.operations[_place(operation)]
        self.problems.append(_problem(operation, words))


def build_undo(
    bench: Workbench, run: str, cancel: CancelToken, report: Report, part: UndoPart = WHOLE
) -> CommitPlan:
    """Return the plan that takes a commit, or a part of it, back; it names what cannot be.

    The records are read now, and the mirror takes what is found. The commit of the plan reads them
    once more before it writes.

    Raises:
        NotFound: There is no such commit.
        WrongUse: The part names a record or a field that the commit did not write.
        AppError: A side could not be read, or another Concord holds the workspace.
    """
    bench.store.claim()
    found = find_run(bench.store, run)
    written = list(entries(bench.store, run=run, states=(OutcomeState.WRITTEN,)))
    _check_part(part, written)
    problems = list(_elsewhere(bench, found))
    usable = [] if problems else [e for e in written if _is_mapped(e, problems)]
    chosen = [_by_given_key(bench, entry) for entry in usable if part.takes(entry.operation)]
    usable = [_by_given_key(bench, entry) for entry in usable]
    live = _read(bench, usable if part.keys is not None else chosen, cancel, report)
    by_place = {_place(entry.operation): entry for entry in usable}
    draft = _Draft(bench, part, by_place, live, problems=problems)
    for entry in chosen:
        cancel.check()
        draft.add(entry)
        report(Progress(len(draft.operations), len(chosen), "Planning the undo"))
    _bring_what_is_needed(draft, cancel)
    _keep_what_others_hang_on(draft, cancel)
    return assembled(bench, draft.operations.values(), draft.problems)


def _check_part(part: UndoPart, written: Sequence[Entry]) -> None:
    keys = {(entry.operation.entity, entry.operation.key) for entry in written}
    for entity, names in (part.keys or {}).items():
        for key in sorted(names):
            if (entity, key) not in keys:
                raise WrongUse(
                    f"The commit wrote no {entity} {key!r}.", "See `concord history --commit ID`."
                )
    fields = {change.name for entry in written for change in entry.operation.changes}
    for name in sorted((part.fields or frozenset()) - fields):
        raise WrongUse(
            f"The commit wrote no field {name!r}.", f"It wrote: {_some(sorted(fields))}."
        )


def _by_given_key(bench: Workbench, entry: Entry) -> Entry:
    """Return an entry under the key that billing gave its record, where it gave one of its own."""
    operation = entry.operation
    made = operation.side is Side.BILLING and operation.verb is Verb.INSERT
    if not made or not operation.side_id or operation.entity in entry.unmapped:
        return entry
    entity = bench.mapping.entity(operation.entity)
    key = key_of_id(bench.store, entity, operation.side, operation.side_id)
    return replace(entry, operation=replace(operation, key=key)) if key else entry


def _elsewhere(bench: Workbench, run: Run) -> Iterator[Problem]:
    """Yield a problem for a side that is another instance than the one that was written."""
    for side in Side:
        was = run.connections.get(side.value, {}).get("instance", "")
        now = instance_of(bench.store, side)
        if was and now and was != now:
            words = f"the commit went to {side.label} {was}, connected now is {now}"
            yield Problem("error", "", "", f"{words}: nothing of it can be undone")


def _is_mapped(entry: Entry, problems: list[Problem]) -> bool:
    if entry.operation.entity not in entry.unmapped:
        return True
    problems.append(_problem(entry.operation, "the mapping has no such entity any more"))
    return False


def _read(bench: Workbench, found: Sequence[Entry], cancel: CancelToken, report: Report) -> Live:
    """Read the records as they are now, and let the mirror know."""
    operations = [entry.operation for entry in found]
    live = read_live(bench, operations, cancel, report)
    lots: dict[tuple[Side, str], dict[str, Record | None]] = defaultdict(dict)
    for operation in operations:
        records = live.of(operation)
        if len(records) <= 1:  # which of several counts, a whole refresh tells
            lots[operation.side, operation.entity][operation.key] = records[0] if records else None
    for (side, entity), records_found in lots.items():
        note_found(bench.store, side, bench.mapping.entity(entity), records_found)
    return live


def _reversed(
    entry: Entry, draft: _Draft, entity: EntityMapping, ability: Ability
) -> Iterator[Operation | Problem]:
    operation, records = entry.operation, draft.live.of(entry.operation)
    verb = _REVERSE[operation.verb]
    lasting = draft.lasting(entity, operation)
    obstacle = lasting.refused or _obstacle(operation, records, ability, draft.part)
    if obstacle:
        yield _problem(operation, obstacle)
        return
    now = records[0] if records else None
    yield from (
        _problem(operation, f"the mapping has no field {name} as it was written any more")
        for name in entry.unmapped
    )
    known = [change for change in operation.changes if change.name not in entry.unmapped]
    told = [c for c in known if _was_told(operation, c, ability)]
    moved = [] if now is None else _moved(told, now, entity)
    if moved and operation.verb is Verb.INSERT:
        yield _problem(operation, f"changed since: {', '.join(moved)}")
        return
    changes: list[FieldChange] = []
    for made in _changes_back(replace(operation, changes=tuple(known)), draft.part, ability, moved):
        if isinstance(made, Problem):
            yield made
        else:
            changes.append(made)
    if verb is Verb.DELETE and now is not None:
        values = zip(entity.fields, now.values, strict=True)
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


def _was_told(operation: Operation, change: FieldChange, ability: Ability) -> bool:
    """Return whether a write said what a field is to be: billing fills the others in by itself."""
    if operation.side is Side.SALESFORCE or operation.verb is not Verb.INSERT:
        return True
    return change.after is not None and change.name in ability.fields


def _moved(changes: Sequence[FieldChange], now: Record, entity: EntityMapping) -> list[str]:
    """Return the fields that are not any more as the commit left them."""
    return [
        change.name
        for change in changes
        if not same(value_of(now, change.name, entity), change.after)
    ]


def _kept_key(now: Record, changes: Sequence[FieldChange]) -> Iterator[FieldChange]:
    """Yield the key that a record bears where it is not ours, so that it is named by its id."""
    if now.own_key is not None and KEY not in {change.name for change in changes}:
        yield FieldChange(KEY, now.own_key or None, now.own_key or None)


def _changes_back(
    operation: Operation, part: UndoPart, ability: Ability, moved: Sequence[str]
) -> Iterator[FieldChange | Problem]:
    for change in operation.changes:
        if part.fields is not None and change.name not in part.fields:
            continue
        if text(change.after) == text(change.before) or operation.verb is Verb.INSERT:
            continue
        if change.name in moved:
            yield _problem(operation, f"{change.name} changed since, it is left alone")
        elif operation.verb is Verb.UPDATE and change.name not in ability.fields:
            words = f"{operation.side.label} does not let {change.name} be set"
            yield _problem(operation, words)
        else:
            yield FieldChange(change.name, change.after, change.before)


def _bring_what_is_needed(draft: _Draft, cancel: CancelToken) -> None:
    """What an operation points at must be there: the same commit's undo brings it, or it stays."""
    waiting = list(draft.operations.values())
    while waiting:
        cancel.check()
        operation = waiting.pop()
        for needed in _lacking(draft, operation):
            brought = _bring(draft, (needed, operation.side), operation)
            if brought is not None:
                waiting.append(brought)
    while _leave_orphans(draft):
        cancel.check()


def _leave_orphans(draft: _Draft) -> bool:
    """Leave out what refers to nothing; return whether there was any, since others may follow."""
    orphans = []
    for operation in draft.operations.values():
        needed = next(_lacking(draft, operation), None)
        if needed is not None:
            orphans.append((operation, needed))
    for operation, needed in orphans:
        side = operation.side.label
        words = f"it refers to {needed.entity} {needed.key}, which {side} lacks"
        draft.leave(operation, words)
    return bool(orphans)


def _lacking(draft: _Draft, operation: Operation) -> Iterator[RecordKey]:
    """Yield what an operation points at that is neither there nor made by this plan."""
    for needed in points_at(operation, draft.bench.mapping):
        place = (needed, operation.side)
        if place not in draft.operations and not _is_there(draft, needed, operation.side):
            yield needed


def _bring(draft: _Draft, place: _Place, operation: Operation) -> Operation | None:
    entry = draft.entries.get(place)
    if entry is None or draft.part.takes(entry.operation):
        return None
    brought = draft.add(entry)
    if brought is not None:
        words = f"added, since {operation.entity} {operation.key} needs it"
        draft.problems.append(Problem("info", brought.entity, brought.key, words))
    return brought


def _is_there(draft: _Draft, needed: RecordKey, side: Side) -> bool:
    entity = draft.bench.mapping.entity(needed.entity)
    return bool(existing_keys(draft.bench.store, entity, side, [needed.key]))


def _keep_what_others_hang_on(draft: _Draft, cancel: CancelToken) -> None:
    """A delete takes its children along on many targets: not those that this plan does not name."""
    lots: dict[tuple[str, Side], list[Operation]] = defaultdict(list)
    for operation in draft.operations.values():
        if operation.verb is Verb.DELETE:
            lots[operation.entity, operation.side].append(operation)
    rank = {name: position for position, name in enumerate(draft.bench.mapping.order)}
    for (name, side), deletes in sorted(lots.items(), key=lambda lot: -rank[lot[0][0]]):
        cancel.check()
        entity = draft.bench.mapping.entity(name)
        below = children_on(draft.bench.store, entity, [o.key for o in deletes], side)
        for operation in deletes:
            others = [
                f"{child.entity} {child.key}"
                for child in below.get(operation.key, ())
                if (child, side) not in draft.operations and _stands_alone(draft, child, side)
            ]
            if others:
                draft.leave(operation, f"it cannot go, since these hang on it: {_some(others)}")


def _stands_alone(draft: _Draft, child: RecordKey, side: Side) -> bool:
    """Return whether a record can be deleted by itself: what cannot is a part of its parent."""
    entity = draft.bench.mapping.entity(child.entity)
    return Verb.DELETE in draft.bench.connectors[side].verbs(entity)


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    shown = ", ".join(names[:_NAMED])
    return f"{shown} and {more} more" if more > 0 else shown


def _place(operation: Operation) -> _Place:
    return operation.record_key, operation.side


def _problem(operation: Operation, message: str) -> Problem:
    return Problem("warning", operation.entity, operation.key, message)
