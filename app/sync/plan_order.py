"""The order of sending: parents before children, deletes in reverse, circles in two passes.

What stands or falls together stands side by side, so that no piece of a commit cuts it.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from app.domain.mapping import EntityMapping
from app.domain.plan import FieldChange, Operation, Verb
from app.domain.record import NO_BASE, FieldValue, canonical, content_hash
from app.domain.stages import OwnLevels, goes_with_deletes, own_references, own_targets
from app.store.workspace import Store
from app.sync.groups import known_groups
from app.sync.spool import Spool
from app.sync.weighing import Weighed
from app.sync.workbench import Workbench


class Place(NamedTuple):
    """Where operations stand in the order of sending; smaller goes first."""

    deletes: bool
    rank: int
    side: str
    entity: str


class Shelves:
    """Operations on their way into a plan, kept by their place.

    Attributes:
        weighed: What they cost, as far as their connectors say it of each.
    """

    def __init__(self, bench: Workbench) -> None:
        self.weighed = Weighed(bench)
        self._mapping = bench.mapping
        self._store = bench.store
        self._rank = {name: position for position, name in enumerate(bench.mapping.order)}
        self._spools: dict[Place, Spool] = {}
        self._numbers: dict[Place, array[int]] = {}
        self.count = 0

    def put(self, operation: Operation) -> int:
        """Add an operation, each record and side at most once; return its number, 0 the first."""
        deletes = goes_with_deletes(operation, self._mapping)
        rank = self._rank[operation.entity]
        place = Place(deletes, -rank if deletes else rank, operation.side.value, operation.entity)
        if place not in self._spools:
            self._spools[place] = Spool(self._mapping, self._store.path.parent)
            self._numbers[place] = array("Q")
        self._spools[place].append(operation)
        self.weighed.put(operation)
        self._numbers[place].append(self.count)
        self.count += 1
        return self.count - 1

    def those(self, wanted: Sequence[int]) -> Iterator[Operation]:
        """Yield the operations for whose numbers something true stands in `wanted`."""
        for place, spool in self._spools.items():
            for number, operation in zip(self._numbers[place], spool, strict=True):
                if wanted[number]:
                    yield operation

    def pour(self, into: Spool) -> None:
        """Add all operations to a spool, in the order of sending."""
        for place, spool in sorted(self._spools.items(), key=lambda shelf: shelf[0]):
            entity = self._mapping.entity(place.entity)
            if own_references(entity):
                levels = OwnLevels(self._mapping)
                for operation in _by_levels(spool, entity):
                    into.append(operation)
                    self.weighed.put_turn(operation, levels.of(operation))
            elif entity.together:
                for operation in _by_groups(spool, entity, self._store):
                    into.append(operation)
            else:
                into.extend(spool)

    def close(self) -> None:
        """Give the room back."""
        for spool in self._spools.values():
            spool.close()


def _by_groups(spool: Spool, entity: EntityMapping, store: Store) -> Iterator[Operation]:
    """Yield the operations of one entity and side: those of a group one after the other."""
    first: dict[str, int] = {}
    ranks = array(
        "q", (first.setdefault(name, len(first)) for name in known_groups(store, entity, spool))
    )
    yield from (spool[place] for place in sorted(range(len(ranks)), key=ranks.__getitem__))


def _by_levels(spool: Spool, entity: EntityMapping) -> Iterator[Operation]:
    """Yield the operations of one entity and side: what is pointed at within them goes first.

    Deletes go the other way round. Inserts that point at each other in a circle, or at themselves,
    are sent without what closes it, which an update then adds.
    """
    names = own_references(entity)
    needs = {place: own_targets(operation, names) for place, operation in enumerate(spool)}
    waits = _waits(spool, needs)
    order, circle = _sorted(waits, len(spool))
    if any(operation.verb is Verb.DELETE for operation in spool[:1]):
        yield from (spool[place] for place in [*circle, *reversed(order)])
        return
    keys = frozenset(spool[place].key for place in circle)
    added: list[Operation] = []
    for number, place in enumerate([*order, *circle]):
        operation = spool[place]
        closing = keys if number >= len(order) else frozenset({operation.key})
        if operation.verb is Verb.INSERT and not closing.isdisjoint(needs[place]):
            operation, then = _split(operation, names, closing, entity)
            added.append(then)
        yield operation
    yield from added


def _waits(spool: Spool, needs: Mapping[int, tuple[str, ...]]) -> dict[int, list[int]]:
    """Return place → the places of operations that have to come before it."""
    comes = {
        operation.key: place
        for place, operation in enumerate(spool)
        if operation.verb is not Verb.UPDATE
    }
    found = {}
    for place, keys in needs.items():
        waits = [comes[key] for key in keys if comes.get(key, place) != place]
        if waits:
            found[place] = waits
    return found


def _sorted(waits: Mapping[int, list[int]], count: int) -> tuple[list[int], list[int]]:
    """Return the places in an order in which nothing waits, and those that wait for each other."""
    followers: dict[int, list[int]] = defaultdict(list)
    left = {place: len(targets) for place, targets in waits.items()}
    for place, targets in waits.items():
        for target in targets:
            followers[target].append(place)
    order = [place for place in range(count) if place not in left]
    for place in order:  # grows as it is read
        for follower in followers.get(place, ()):
            left[follower] -= 1
            if not left[follower]:
                del left[follower]
                order.append(follower)
    return order, sorted(left)


def _split(
    operation: Operation, names: tuple[str, ...], circle: frozenset[str], entity: EntityMapping
) -> tuple[Operation, Operation]:
    """Return an insert without what points into the circle, and the update that adds it."""
    held = [c for c in operation.changes if c.name in names and c.after in circle]
    kept = tuple(FieldChange(c.name, c.before, None) if c in held else c for c in operation.changes)
    values: list[FieldValue] = [None] * len(entity.fields)
    for change in kept:
        if change.after is not NO_BASE:
            values[entity.index[change.name]] = change.after
    added = replace(
        operation,
        verb=Verb.UPDATE,
        changes=tuple(FieldChange(c.name, None, c.after) for c in held),
        expects=content_hash(canonical(tuple(values))),
    )
    return replace(operation, changes=kept), added
