"""What a commit did not write, once more: with the values that a person typed instead."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from app.domain.control import CancelToken, Report
from app.domain.convert import typed_value
from app.domain.mapping import EntityMapping
from app.domain.plan import CommitPlan, FieldChange, Operation, OutcomeState, Verb
from app.domain.proposal import SKIP, TYPED, WHOLE_RECORD, Choice
from app.domain.record import Side
from app.store.comparison import find_link, one_pair
from app.store.journal import entries
from app.sync.compare import opened, proposal_of
from app.sync.planner import assembled
from app.sync.workbench import Workbench

# What was skipped waited for a record that failed: it comes along.
AGAIN = (OutcomeState.FAILED, OutcomeState.SKIPPED)


class Spot(NamedTuple):
    """One operation of a commit: which record, on which side."""

    entity: str
    key: str
    side: Side


Edits = Mapping[Spot, Mapping[str, Any]]
"""Operation → field → the value typed for it, in the form of `plain_value`."""


def spot_of(operation: Operation) -> Spot:
    """Return what names an operation within its commit."""
    return Spot(operation.entity, operation.key, operation.side)


def retry_plan(
    bench: Workbench, run: str, edits: Edits, cancel: CancelToken, _report: Report
) -> CommitPlan:
    """Return the plan of only what failed or was skipped in a commit, with what was typed.

    A typed value of an update goes to the other side too, where that has the record: else the two
    would differ again.
    """

    def chosen() -> Iterator[Operation]:
        for entry in entries(bench.store, run=run, states=AGAIN):
            cancel.check()
            typed = edits.get(spot_of(entry.operation), {})
            yield edited(bench.mapping.entity(entry.operation.entity), entry.operation, typed)
            if typed and entry.operation.verb is Verb.UPDATE:
                yield from _other_side(bench, entry.operation, typed)

    return assembled(bench, chosen(), ())


def edited(entity: EntityMapping, operation: Operation, typed: Mapping[str, Any]) -> Operation:
    """Return an operation with the values that were typed in place of its own."""

    def change(each: FieldChange) -> FieldChange:
        if each.name not in typed:
            return each
        kind = entity.types[entity.index[each.name]]
        return FieldChange(each.name, each.before, typed_value(typed[each.name], kind))

    return replace(operation, changes=tuple(map(change, operation.changes)))


def _other_side(
    bench: Workbench, operation: Operation, typed: Mapping[str, Any]
) -> Iterator[Operation]:
    entity = bench.mapping.entity(operation.entity)
    link = find_link(bench.store, entity, operation.key)
    found = None if link is None else one_pair(bench.store, link)
    if found is None:
        return
    take = {WHOLE_RECORD: SKIP, **dict.fromkeys(typed, TYPED)}
    choice = Choice(ticked=True, take=take, typed=typed)
    diff = opened(entity, found[1])
    for proposed in proposal_of(bench, entity, found[1], diff, choice).operations:
        if proposed.side is operation.side.other:
            yield proposed
