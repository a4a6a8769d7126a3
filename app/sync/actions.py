"""Actions: what a billing system offers, and the plan that one of them becomes."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from app.connectors.acting import Acts
from app.domain.action import NOTHING_TAKEN, Action, Asked, Input, Named, Planned, Taken
from app.domain.convert import converter
from app.domain.diff import same
from app.domain.mapping import EntityMapping, FieldMapping, FieldType, Owner
from app.domain.plan import CommitPlan, FieldChange, Operation, Problem, Verb
from app.domain.record import FieldValue, Side, Unreadable
from app.errors import NotFound, WrongUse
from app.store.comparison import side_details
from app.sync.looking_up import billing_pair, looked_up
from app.sync.planner import assembled
from app.sync.workbench import Workbench

_DAY = re.compile(r"\d{4}-?\d\d-?\d\d")
_WRITTEN = {
    FieldType.INTEGER: "Write a whole number.",
    FieldType.DECIMAL: "Write a number such as 12.50.",
    FieldType.DATE: "Write a day such as 2026-11-22.",
    FieldType.DATETIME: "Write 2026-11-22 or 2026-11-22T14:30:00+01:00.",
}
"""How the values of an action's inputs are typed."""


def actions_of(bench: Workbench) -> Iterator[Action]:
    """Yield what the billing system offers, by entity, with what the mapping says it takes from."""
    connector = bench.connectors[Side.BILLING]
    if isinstance(connector, Acts):
        for entity in bench.mapping.entities:
            for action in connector.actions(entity):
                told = (one for one in bench.mapping.sources if one.action == action.name)
                yield replace(action, sources=tuple(told))


def action_named(bench: Workbench, name: str) -> Action:
    """Return an action by its name; raises `WrongUse` where there is none."""
    action = next((one for one in actions_of(bench) if one.name == name), None)
    if action is None:
        known = ", ".join(one.name for one in actions_of(bench)) or "none"
        raise WrongUse(f"There is no action {name!r}.", f"This billing system offers: {known}.")
    return action


def plan_action(
    bench: Workbench, name: str, key: str, given: Mapping[str, str], taken: Taken = NOTHING_TAKEN
) -> CommitPlan:
    """Return the plan of one action, from the store as last refreshed; nobody is called.

    Args:
        bench: The workspace.
        name: The action's name.
        key: The key of billing's record; `""` where the action makes one.
        given: Input → what was typed.
        taken: What a record of Salesforce told (`taken_from`): `given` has it already.

    Raises:
        WrongUse: There is no such action or input, or it cannot be done so.
        NotFound: Billing has no such record.
    """
    action, connector = action_named(bench, name), bench.connectors[Side.BILLING]
    if not isinstance(connector, Acts):
        raise WrongUse(f"There is no action {name!r}.")
    entity = bench.mapping.entity(action.entity)
    values = {each: _input(action, each, words) for each, words in given.items()}
    key = taken.made_from if action.makes else key
    _check(action, values, key if not action.makes else "-")
    record: Named = {} if action.makes else _billing(bench, entity, key)
    asked = Asked(action, key, record, values, datetime.now(UTC), partial(looked_up, bench))
    planned = connector.planned(asked)
    operation = _operation(bench, planned)
    notes = [*planned.notes, *([f"To take it back: {action.undo}"] if action.undo else [])]
    told = [Problem("info", planned.entity, planned.key, words) for words in notes]
    told += [Problem("info", planned.entity, planned.key, words) for words in taken.notes]
    left_out = (*taken.warnings, *taken.unclear)
    told += [Problem("warning", planned.entity, planned.key, words) for words in left_out]
    return assembled(bench, [operation], told)


def _input(action: Action, name: str, words: str) -> FieldValue:
    wanted = next((one for one in action.inputs if one.name == name), None)
    if wanted is None:
        known = ", ".join(one.name for one in action.inputs)
        raise WrongUse(f"{action.name} has no input {name!r}.", f"It takes: {known}.")
    return input_value(wanted, words)


def input_value(wanted: Input, words: str) -> FieldValue:
    """Return what was typed for an input as a value; a day stays a day where a time is wanted.

    Only the system knows where its days begin.

    Raises:
        WrongUse: It cannot be one.
    """
    if wanted.choices and words not in wanted.choices:
        known = ", ".join(wanted.choices)
        raise WrongUse(f"{wanted.name} cannot be {words!r}.", f"It may be: {known}.")
    is_day = wanted.type is FieldType.DATETIME and _DAY.fullmatch(words.strip())
    kind = FieldType.DATE if is_day else wanted.type
    field = FieldMapping(wanted.name, wanted.name, wanted.name, kind, Owner.BOTH)
    found = converter(field, Side.BILLING)(words)
    if isinstance(found, Unreadable):
        hint = _WRITTEN.get(wanted.type, f"It is a {wanted.type.value}.")
        raise WrongUse(f"{wanted.name} cannot be {words!r}.", hint)
    return found


def _check(action: Action, values: Named, key: str) -> None:
    if not key:
        raise WrongUse(f"{action.name} is about one {action.entity}.", "Name its key.")
    lacking = [one.name for one in action.inputs if one.needed and values.get(one.name) is None]
    if lacking:
        raise WrongUse(f"{action.name} needs {lacking[0]}.", f"Add --set {lacking[0]}=VALUE.")


def _billing(bench: Workbench, entity: EntityMapping, key: str) -> Named:
    found = looked_up(bench, entity.name, key)
    if found is None:
        raise NotFound(f"Billing has no {entity.label} {key!r}.", "Refresh, or check the key.")
    return found


def _operation(bench: Workbench, planned: Planned) -> Operation:
    """Return the operation against what the mirror holds."""
    entity = bench.mapping.entity(planned.entity)
    made = Operation(planned.entity, planned.key, Side.BILLING, planned.verb, (), None)
    if planned.verb is Verb.INSERT:
        # What the system works out itself is not said, so that an undo does not look for it.
        known = {name: value for name, value in planned.values.items() if value is not None}
        names = (field.name for field in entity.fields if field.name in known)
        changes = tuple(FieldChange(name, None, known[name]) for name in names)
        return replace(made, changes=changes)
    record = _billing(bench, entity, planned.key)
    found = billing_pair(bench, entity.name, planned.key)
    link, pair = found if found is not None else (0, None)
    side_id = side_details(bench.store, link, Side.BILLING)[0]
    expects = None if pair is None else pair.hashes.billing
    if planned.verb is Verb.DELETE:
        gone = tuple(FieldChange(name, value, None) for name, value in record.items())
        return replace(made, changes=gone, expects=expects, side_id=side_id)
    changes = tuple(
        FieldChange(field.name, record[field.name], planned.values[field.name])
        for field in entity.fields
        if field.name in planned.values and not same(record[field.name], planned.values[field.name])
    )
    if not changes:
        raise WrongUse(f"The {entity.label} is so already.", "Refresh, if it should not be.")
    return replace(made, changes=changes, expects=expects, side_id=side_id)
