"""What a plan makes too early: a record whose predecessor is neither there nor in the plan."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from app.domain.constraint import Precedence
from app.domain.convert import text
from app.domain.mapping import EntityMapping
from app.domain.matching import long_id
from app.domain.plan import Operation, Problem
from app.domain.record import Side, Values
from app.domain.stages import depths
from app.store.comparison import all_pairs, find_link, side_details
from app.sync.workbench import Workbench

MOST_WAITING = 10_000  # as many as a plan names problems
_KEPT = 100_000


class _Thing(NamedTuple):
    """What a record is for: a record of an entity, or where `entity` is "" an id of the side."""

    entity: str
    name: str


@dataclass(frozen=True, slots=True)
class _Waiting:
    entity: EntityMapping
    operation: Operation
    thing: _Thing
    rule: Precedence


@dataclass
class GoingFirst:
    """Looks at the inserts of one plan, one after the other.

    Attributes:
        waiting: Inserts whose thing has no first record as far as the side told.
        made: Side, thing → the entity whose insert makes its first record.
    """

    bench: Workbench
    waiting: list[_Waiting] = field(default_factory=list)
    made: dict[tuple[Side, _Thing], str] = field(default_factory=dict)
    _ids: dict[tuple[Side, _Thing], str] = field(default_factory=dict)

    def look(self, entity: EntityMapping, operation: Operation, rule: Precedence) -> None:
        """Note an insert of an entity in which some records have to go first."""
        told = {change.name: text(change.after) for change in operation.changes}
        thing = _thing(entity, rule.thing, told.get(rule.thing, ""))
        place = _thing(entity, rule.place, told.get(rule.place, ""))
        if not thing.name or not place.name:
            return  # that they are lacking is told anyhow
        if self._id(operation.side, place) == rule.first:
            self.made[operation.side, thing] = entity.name
        elif self._id(operation.side, thing) not in rule.done and len(self.waiting) < MOST_WAITING:
            self.waiting.append(_Waiting(entity, operation, thing, rule))

    def problems(self) -> Iterator[Problem]:
        """Yield what the target will or may refuse, once all of the plan was looked at."""
        there: dict[tuple[str, Side], set[_Thing]] = {}
        for item in self.waiting:
            lot = (item.entity.name, item.operation.side)
            if lot not in there:
                there[lot] = set(self._mirrored(*lot, item.rule))
            if item.thing not in there[lot]:
                yield from self._problem(item)

    def _problem(self, item: _Waiting) -> Iterator[Problem]:
        place = (item.entity.name, item.operation.key)
        maker = self.made.get((item.operation.side, item.thing))
        if maker is None:
            yield Problem("error", *place, item.rule.lacks)
        elif (depth := depths(self.bench.mapping))[maker] >= depth[item.entity.name]:
            words = "unless the same commit makes it before: commit once more what is refused"
            yield Problem("warning", *place, f"{item.rule.lacks}, {words}")

    def _mirrored(self, name: str, side: Side, rule: Precedence) -> Iterator[_Thing]:
        """Yield what has its first record in the mirror: a commit may have made it just now."""
        entity = self.bench.mapping.entity(name)
        for pair in all_pairs(self.bench.store, entity):
            values: Values | None = pair.billing if side is Side.BILLING else pair.salesforce
            if values is None:
                continue
            place = _thing(entity, rule.place, text(values[entity.index[rule.place]]))
            if self._id(side, place) == rule.first:
                yield _thing(entity, rule.thing, text(values[entity.index[rule.thing]]))

    def _id(self, side: Side, thing: _Thing) -> str:
        """Return the side's own id of a thing, `""` where it is not there yet."""
        if not thing.entity:
            return thing.name
        if (side, thing) not in self._ids:
            if len(self._ids) >= _KEPT:
                self._ids.clear()
            store, entity = self.bench.store, self.bench.mapping.entity(thing.entity)
            link = find_link(store, entity, thing.name)
            self._ids[side, thing] = "" if link is None else side_details(store, link, side)[0]
        return self._ids[side, thing]


def _thing(entity: EntityMapping, name: str, value: str) -> _Thing:
    to = entity.field_of(name).to
    return _Thing(to, value if to else long_id(value) or value)
