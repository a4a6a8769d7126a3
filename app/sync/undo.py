"""Undo: a plan made from the journal that puts the earlier values back, against what is there now.

It is reviewed and committed like any other plan, so an undo can be undone.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from app.domain.control import CancelToken, Progress, Report
from app.domain.convert import text
from app.domain.diff import same
from app.domain.mapping import EntityMapping
from app.domain.plan import CommitPlan, FieldChange, Operation, OutcomeState, Problem, Verb
from app.domain.proposal import Ability
from app.domain.record import Side, Values
from app.store.comparison import find_link, one_pair, side_details
from app.store.journal import Entry, entries, find_run
from app.sync.planner import assembled
from app.sync.workbench import Workbench

_REVERSE = {Verb.INSERT: Verb.DELETE, Verb.UPDATE: Verb.UPDATE, Verb.DELETE: Verb.INSERT}


@dataclass(frozen=True, slots=True)
class _Now:
    """A record as the mirror has it on the side that was written; None values: it is not there."""

    values: Values | None
    content: int | None
    side_id: str


def build_undo(bench: Workbench, run: str, cancel: CancelToken, report: Report) -> CommitPlan:
    """Return the plan that takes a commit back, as far as nobody changed its records since.

    The mirror tells what is there now; the commit of the plan reads it again before it writes.

    Raises:
        NotFound: There is no such commit.
    """
    find_run(bench.store, run)
    operations: list[Operation] = []
    problems: list[Problem] = []
    for entry in entries(bench.store, run=run, states=(OutcomeState.WRITTEN,)):
        cancel.check()
        entity = bench.mapping.entity(entry.operation.entity)
        ability = bench.abilities(entity)[entry.operation.side]
        for made in _reversed(entry, _now(bench, entry, entity), entity, ability):
            if isinstance(made, Operation):
                operations.append(made)
            else:
                problems.append(made)
        report(Progress(len(operations), 0, "Planning the undo"))
    return assembled(bench, operations, problems)


def _now(bench: Workbench, entry: Entry, entity: EntityMapping) -> _Now:
    operation = entry.operation
    link = find_link(bench.store, entity, operation.key)
    found = None if link is None else one_pair(bench.store, link)
    if link is None or found is None:
        return _Now(None, None, "")
    _entity, pair = found
    side_id = side_details(bench.store, link, operation.side)[0]
    if operation.side is Side.BILLING:
        return _Now(pair.billing, pair.hashes.billing, side_id)
    return _Now(pair.salesforce, pair.hashes.salesforce, side_id)


def _reversed(
    entry: Entry, now: _Now, entity: EntityMapping, ability: Ability
) -> Iterator[Operation | Problem]:
    operation = entry.operation
    verb = _REVERSE[operation.verb]
    if verb not in ability.verbs:
        yield _problem(operation, f"{operation.side.label} offers no {verb.value}")
        return
    if (now.values is None) != (operation.verb is Verb.DELETE):
        words = "is there again" if now.values is not None else "is not there any more"
        yield _problem(operation, f"it {words}")
        return
    moved = [] if now.values is None else _moved(operation, now.values, entity)
    if moved and operation.verb is Verb.INSERT:
        yield _problem(operation, f"changed since: {', '.join(moved)}")
        return
    yield from (_problem(operation, f"{name} changed since, it is left alone") for name in moved)
    changes = _changes_back(operation, now, entity, moved)
    if changes:
        yield Operation(
            operation.entity, operation.key, operation.side, verb, changes, now.content, now.side_id
        )


def _moved(operation: Operation, values: Values, entity: EntityMapping) -> list[str]:
    """Return the fields that are not any more as the commit left them."""
    return [
        change.name
        for change in operation.changes
        if not same(values[entity.index[change.name]], change.after)
    ]


def _changes_back(
    operation: Operation, now: _Now, entity: EntityMapping, moved: list[str]
) -> tuple[FieldChange, ...]:
    if operation.verb is Verb.INSERT:
        return tuple(
            FieldChange(field.name, value, None)
            for field, value in zip(entity.fields, now.values or (), strict=True)
        )
    return tuple(
        FieldChange(change.name, change.after, change.before)
        for change in operation.changes
        if change.name not in moved and text(change.after) != text(change.before)
    )


def _problem(operation: Operation, message: str) -> Problem:
    return Problem("warning", operation.entity, operation.key, message)
