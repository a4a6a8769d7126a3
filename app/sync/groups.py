"""Records that stand or fall together: where one is not sent, none of its group is."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from app.domain.convert import text
from app.domain.mapping import EntityMapping
from app.domain.plan import Operation, Outcome, OutcomeState, Verb
from app.domain.record import Record
from app.store.mirrored import mirrored
from app.store.workspace import Store

_KEYS_AT_ONCE = 1000
GroupOf = Callable[[Operation], str]
"""Tells an operation's group; `""` where it stands by itself."""


class Parted(NamedTuple):
    """What may be sent, and what is left out with the rest of its group."""

    kept: list[Operation]
    skipped: list[Outcome]


def group_of(operation: Operation, entity: EntityMapping, found: Sequence[Record]) -> str:
    """Return the value by which a record stands or falls with others, its key where it has none.

    `found` is what the target holds of it.
    """
    if not entity.together:
        return ""
    told = {change.name: change.after for change in operation.changes}
    if operation.verb is not Verb.DELETE and entity.together in told:
        value = text(told[entity.together])
    else:
        value = text(found[0].values[entity.index[entity.together]]) if found else ""
    return value or operation.key


def known_groups(
    store: Store, entity: EntityMapping, operations: Iterable[Operation]
) -> Iterator[str]:
    """Yield `group_of` of operations of one entity and side, by what the mirror holds of them."""
    rest = iter(operations)
    while some := list(islice(rest, _KEYS_AT_ONCE)):
        found: dict[str, list[Record]] = defaultdict(list)
        for record in mirrored(store, entity, some[0].side, [one.key for one in some]):
            found[record.key].append(record)
        yield from (group_of(one, entity, found[one.key]) for one in some)


def without_broken(fresh: Iterable[Operation], left: Iterable[Operation], group: GroupOf) -> Parted:
    """Leave out what stands or falls with a record of `left`."""
    broken = {_place(one, name): one.key for one in left if (name := group(one))}
    parted = Parted([], [])
    for operation in fresh:
        cause = broken.get(_place(operation, group(operation))) if broken else None
        if cause is None:
            parted.kept.append(operation)
        else:
            words = f"{cause}, with which it stands or falls, is not sent"
            parted.skipped.append(Outcome(operation, OutcomeState.SKIPPED, words))
    return parted


def _place(operation: Operation, group: str) -> tuple[str, str, str]:
    return operation.entity, operation.side.value, group
