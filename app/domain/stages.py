"""What a commit does, as values: the preview shows them, the real run carries them out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from app.domain.mapping import EntityMapping, WorkspaceMapping
from app.domain.plan import Operation, Verb
from app.domain.record import RecordKey, Side

Family = Callable[[Operation], str]
"""Names what an operation's record hangs on; `""` for nothing."""


@dataclass(frozen=True, slots=True)
class Lot:
    """Operations of one entity on one side that may be sent in any order, in any batches."""

    entity: str
    side: Side
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """Lots that do not depend on each other; the next stage waits for all of them."""

    deletes: bool
    lots: tuple[Lot, ...]

    @property
    def count(self) -> int:
        """How many operations."""
        return sum(len(lot.operations) for lot in self.lots)


def stages(operations: Sequence[Operation], mapping: WorkspaceMapping) -> tuple[Stage, ...]:
    """Return the stages of a commit: writes, what is pointed at first; deletes in reverse.

    The operations stand in the order of sending. Those that point at their own kind are several
    stages: batches of one stage are sent at once, and a parent has to be there before its child.
    """
    depth = depths(mapping)
    levels = _own_levels(operations, mapping)

    def place(numbered: tuple[int, Operation]) -> tuple[bool, int, int]:
        number, operation = numbered
        deletes = goes_with_deletes(operation, mapping)
        level = depth[operation.entity]
        return (deletes, -level if deletes else level, levels.get(number, 0))

    made = []
    for (deletes, *_level), group in groupby(sorted(enumerate(operations), key=place), key=place):
        members = sorted((operation for _number, operation in group), key=_lot)
        lots = (Lot(*lot, tuple(some)) for lot, some in _lots(members))
        made.append(Stage(deletes, tuple(lots)))
    return tuple(made)


def own_references(entity: EntityMapping) -> tuple[str, ...]:
    """Return the fields of an entity that point at the same entity (an account's parent)."""
    return tuple(field.name for field in entity.references if field.to == entity.name)


def own_targets(operation: Operation, names: Sequence[str]) -> tuple[str, ...]:
    """Return the keys that own references of an operation's record point at.

    Of a delete, those that it pointed at: itself is not among them, since it goes with itself.
    """
    deletes = operation.verb is Verb.DELETE
    changes = (change for change in operation.changes if change.name in names)
    values = (change.before if deletes else change.after for change in changes)
    keys = tuple(value for value in values if isinstance(value, str))
    return tuple(key for key in keys if key != operation.key) if deletes else keys


def goes_with_deletes(operation: Operation, mapping: WorkspaceMapping) -> bool:
    """Return whether an operation has its turn when all writes are done.

    What stands or falls together has one turn, and nothing refers to it.
    """
    return operation.verb is Verb.DELETE and not mapping.entity(operation.entity).together


def depths(mapping: WorkspaceMapping) -> dict[str, int]:
    """Return entity → how many references it takes at most to come to one that has none."""
    found: dict[str, int] = {}
    for name in mapping.order:
        above = {item.to for item in mapping.entity(name).references} - {name}
        found[name] = 1 + max((found[other] for other in above), default=-1)
    return found


def batches(lot: Lot, size: int, family: Family) -> list[tuple[Operation, ...]]:
    """Return a lot's operations in as few batches as can be, deletes apart from writes.

    Records of one family (children of one parent) stand together, and batches that share one are
    not neighbours: where two are saved at once, each locks the parent against the other
    (salesforce.md §15).
    """
    made: list[tuple[Operation, ...]] = []
    for deletes in (False, True):
        some = [o for o in lot.operations if (o.verb is Verb.DELETE) is deletes]
        some.sort(key=family)
        cut = [tuple(some[start : start + size]) for start in range(0, len(some), size)]
        made += [*cut[::2], *cut[1::2]]
    return made


def whole_batches(lot: Lot, size: int, family: Family) -> list[tuple[Operation, ...]]:
    """Return a lot's operations in batches of about `size`, no family in two of them."""
    made: list[list[Operation]] = []
    for _name, members in groupby(sorted(lot.operations, key=family), key=family):
        some = list(members)
        if not made or len(made[-1]) + len(some) > size:
            made.append([])
        made[-1] += some
    return [tuple(batch) for batch in made]


def points_at(operation: Operation, mapping: WorkspaceMapping) -> Iterator[RecordKey]:
    """Yield the records that an insert or update will refer to on its side."""
    if operation.verb is Verb.DELETE:
        return
    targets = {item.name: item.to for item in mapping.entity(operation.entity).references}
    for change in operation.changes:
        if change.name in targets and isinstance(change.after, str):
            yield RecordKey(targets[change.name], change.after)


class OwnLevels:
    """After how many others an operation has its turn, among records that point at their kind.

    Operations are told in the order of sending.
    """

    def __init__(self, mapping: WorkspaceMapping) -> None:
        self._names = {entity.name: own_references(entity) for entity in mapping.entities}
        self._turns: dict[tuple[RecordKey, Side, bool], int] = {}

    def of(self, operation: Operation) -> int:
        """Return the turn of the next operation, 0 the first."""
        names, turns = self._names[operation.entity], self._turns
        if not names:
            return 0
        deletes, side = operation.verb is Verb.DELETE, operation.side
        mine = (operation.record_key, side, deletes)
        targets = [
            (RecordKey(operation.entity, key), side, deletes)
            for key in own_targets(operation, names)
        ]
        turn = turns.get(mine, 0)
        if deletes:  # a parent after its children, which came before it
            turns.update({target: max(turns.get(target, 0), turn + 1) for target in targets})
        else:
            turn = max([turn, *(turns[target] + 1 for target in targets if target in turns)])
            if operation.verb is Verb.INSERT or operation.key_change:  # else it is there already
                turns[mine] = turn
        return turn


def _own_levels(operations: Sequence[Operation], mapping: WorkspaceMapping) -> dict[int, int]:
    """Return place → after how many others an operation has its turn, where that is not 0."""
    levels = OwnLevels(mapping)
    turns = ((place, levels.of(operation)) for place, operation in enumerate(operations))
    return {place: turn for place, turn in turns if turn}


def _lot(operation: Operation) -> tuple[str, str]:
    return operation.entity, operation.side.value


def _lots(members: Sequence[Operation]) -> Iterator[tuple[tuple[str, Side], list[Operation]]]:
    for (entity, side), some in groupby(members, key=_lot):
        yield (entity, Side(side)), list(some)
