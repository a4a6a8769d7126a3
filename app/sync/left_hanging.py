"""What a plan's deletes leave behind: records that refer to what goes, and do not go with it."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.domain.mapping import EntityMapping
from app.domain.plan import Operation, Problem, Verb
from app.domain.record import RecordKey, Side
from app.store.hanging import hanging_on
from app.sync.workbench import Workbench

TOO_MANY = "what refers to the records that are deleted: there are too many"
_MOST_KEPT = 200_000
_NAMED = 3


@dataclass
class LeftHanging:
    """Looks at the operations of one plan, one after the other.

    Attributes:
        gone: Side → the records that the plan deletes there.
        moved: Side → those to which it gives another reference.
        too_many: There are more than are kept; nothing is told then.
    """

    bench: Workbench
    gone: dict[Side, dict[RecordKey, None]] = field(default_factory=lambda: defaultdict(dict))
    moved: dict[Side, set[RecordKey]] = field(default_factory=lambda: defaultdict(set))
    too_many: bool = False

    def look(self, operation: Operation) -> None:
        """Take an operation of the plan in."""
        gone, moved = self.gone[operation.side], self.moved[operation.side]
        if len(gone) + len(moved) >= _MOST_KEPT:
            self.too_many = True
        elif operation.verb is Verb.DELETE:
            gone[operation.record_key] = None
        elif operation.verb is Verb.UPDATE and self._moves(operation):
            moved.add(operation.record_key)

    def problems(self) -> Iterator[Problem]:
        """Yield a warning for each record that goes while others refer to it."""
        for side, gone in self.gone.items() if not self.too_many else ():
            left: dict[RecordKey, list[RecordKey]] = defaultdict(list)
            for name in dict.fromkeys(record.entity for record in gone):
                for record, target in self._referring(side, name):
                    if record not in gone and record not in self.moved[side]:
                        left[RecordKey(name, target)].append(record)
            for record in gone:
                if record in left:
                    yield Problem("warning", *record, _words(side, left[record]))

    def _referring(self, side: Side, name: str) -> Iterator[tuple[RecordKey, str]]:
        targets = [record.key for record in self.gone[side] if record.entity == name]
        for entity in self.bench.mapping.entities:
            for mapped in entity.references:
                if mapped.to == name:
                    yield from hanging_on(self.bench.store, entity, mapped, side, targets)

    def _moves(self, operation: Operation) -> bool:
        entity: EntityMapping = self.bench.mapping.entity(operation.entity)
        names = {mapped.name for mapped in entity.references}
        return any(change.name in names for change in operation.changes)


def _words(side: Side, left: list[RecordKey]) -> str:
    shown = ", ".join(f"{record.entity} {record.key}" for record in left[:_NAMED])
    more = f" and {len(left) - _NAMED} more" if len(left) > _NAMED else ""
    return (
        f"these refer to it and do not go with it: {shown}{more}. {side.label} refuses, clears"
        " their reference or deletes them, and an undo does not put that back"
    )
