"""From a difference to the operations that settle it, by owner rule and a person's choice."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.domain.convert import typed_value
from app.domain.diff import WRITE, FieldDiff, Kind, RecordDiff, Verdict, same
from app.domain.mapping import KEY, EntityMapping, FieldType
from app.domain.plan import FieldChange, Operation, Problem, Verb
from app.domain.record import Side, Values

WHOLE_RECORD = "*"
SKIP = "skip"
TYPED = "typed"
TICKABLE = frozenset({
    Kind.ONLY_IN_BILLING, Kind.ONLY_IN_SALESFORCE, Kind.DIFFERENT, Kind.CONFLICT, Kind.HELD_BACK,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ability:
    """What a side can do to an entity: verbs, and the fields that an update can set."""

    verbs: frozenset[Verb]
    fields: frozenset[str]


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person decided about one difference.

    Attributes:
        ticked: Whether to commit it; None leaves it to the rule.
        take: Field name (or `*` for the record) → `billing`, `salesforce`, `skip`, or for a field
            `typed`: the value in `typed` goes to both sides.
        typed: Field name → the value that a person typed, in the form of `plain_value`.
    """

    ticked: bool | None = None
    take: Mapping[str, str] = field(default_factory=dict)
    typed: Mapping[str, Any] = field(default_factory=dict)


NO_CHOICE = Choice()


@dataclass(frozen=True, slots=True)
class Target:
    """A record as a side holds it now: its values, their hash, its id there."""

    values: Values | None
    content: int | None
    side_id: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would settle one difference: no, one or two operations, and what stands in the way."""

    operations: tuple[Operation, ...] = ()
    problems: tuple[Problem, ...] = ()


def is_ticked(kind: Kind, choice: Choice) -> bool:
    """Return whether a difference is ticked: inserts and updates are, unless somebody unticked.

    Deletes, conflicts, and inserts that a rule holds back are ticked by hand only; records that
    share a key never are.
    """
    if kind not in TICKABLE:
        return False
    if choice.ticked is not None:
        return choice.ticked
    return kind in {Kind.ONLY_IN_BILLING, Kind.DIFFERENT}


def one_sided_verb(kind: Kind, holder: Side, choice: Choice) -> Verb | None:
    """Return what is to be done with a record that one side alone holds; None: nothing.

    Billing's catalog is what Salesforce follows: what billing has is put back (an insert into the
    other side), what only Salesforce has goes. A person may turn either round.
    """
    wish = choice.take.get(WHOLE_RECORD, "")
    if wish == SKIP or (kind is Kind.CONFLICT and not wish):
        return None
    keep = wish == holder.value if wish else holder is Side.BILLING
    return Verb.INSERT if keep else Verb.DELETE


def verdict_of(diff: FieldDiff, choice: Choice) -> Verdict | None:
    """Return what is to happen to a field after the person's choice; None: nothing.

    A typed value has no verdict of its own: see `written_to`. Billing's key is never changed.
    """
    wish = choice.take.get(diff.name, choice.take.get(WHOLE_RECORD, ""))
    if diff.name == KEY:
        return diff.verdict if wish in {"", Side.BILLING.value} else None
    if diff.verdict is Verdict.NOT_COMPARABLE or wish in {SKIP, TYPED}:
        return None
    if wish:
        return WRITE[Side(wish).other]
    return None if diff.verdict is Verdict.CONFLICT else diff.verdict


def written_to(diff: FieldDiff, choice: Choice, side: Side, kind: FieldType) -> FieldChange | None:
    """Return the change that a choice makes to a field of a side, None where it stays."""
    here, there = diff.salesforce, diff.billing
    if side is Side.BILLING:
        here, there = there, here
    typed = choice.take.get(diff.name) == TYPED and diff.name != KEY
    if typed and diff.verdict is not Verdict.NOT_COMPARABLE:
        wanted = typed_value(choice.typed[diff.name], kind)
        return None if same(here, wanted) else FieldChange(diff.name, here, wanted)
    verdict = verdict_of(diff, choice)
    if verdict is None or verdict.target is not side:
        return None
    return FieldChange(diff.name, here, there)


def propose(
    entity: EntityMapping,
    diff: RecordDiff,
    choice: Choice,
    targets: Mapping[Side, Target],
    abilities: Mapping[Side, Ability],
) -> Proposal:
    """Return the operations that settle a difference as chosen; the keys are given later."""
    if diff.kind not in TICKABLE:
        return Proposal()
    if diff.billing is None or diff.salesforce is None:
        return _one_sided(entity, diff, choice, targets, abilities)
    operations, problems = [], []
    for side in Side:
        changes, refused = _changes(entity, diff, choice, side, abilities[side])
        problems += [_problem(diff, message) for message in refused]
        if changes:
            target = targets[side]
            operations.append(
                Operation(
                    entity.name,
                    diff.key,
                    side,
                    Verb.UPDATE,
                    changes,
                    target.content,
                    target.side_id,
                )
            )
    return Proposal(tuple(operations), tuple(problems))


def _changes(
    entity: EntityMapping, diff: RecordDiff, choice: Choice, side: Side, ability: Ability
) -> tuple[tuple[FieldChange, ...], list[str]]:
    changes, refused = [], []
    for item in diff.fields:
        change = written_to(item, choice, side, entity.field_of(item.name).type)
        if change is None:
            continue
        if Verb.UPDATE not in ability.verbs or item.name not in ability.fields:
            refused.append(f"{item.name}: cannot be written to {side.label}")
            continue
        changes.append(change)
    return tuple(_with_key(diff, side, changes)), refused


def _with_key(diff: RecordDiff, side: Side, changes: list[FieldChange]) -> list[FieldChange]:
    """Return changes with the key that the record bears, where it is to keep one that is not ours.

    By that the target knows that the record cannot be named by its key.
    """
    own = next((item.salesforce for item in diff.fields if item.name == KEY), diff.key)
    kept = side is Side.SALESFORCE and own != diff.key and changes and changes[0].name != KEY
    return [FieldChange(KEY, own, own), *changes] if kept else changes


def _one_sided(
    entity: EntityMapping,
    diff: RecordDiff,
    choice: Choice,
    targets: Mapping[Side, Target],
    abilities: Mapping[Side, Ability],
) -> Proposal:
    holder = Side.BILLING if diff.salesforce is None else Side.SALESFORCE
    verb = one_sided_verb(diff.kind, holder, choice)
    if verb is None:
        return Proposal()
    side = holder.other if verb is Verb.INSERT else holder
    if verb not in abilities[side].verbs:
        words = f"{entity.label} {diff.key}: {side.label} offers no {verb.value}"
        return Proposal(problems=(_problem(diff, words),))
    values = diff.billing if diff.billing is not None else diff.salesforce
    changes = tuple(
        FieldChange(item.name, value, None)
        if verb is Verb.DELETE
        else FieldChange(item.name, None, value)
        for item, value in zip(entity.fields, values or (), strict=True)
    )
    target = targets[side]
    expects = None if verb is Verb.INSERT else target.content
    side_id = "" if verb is Verb.INSERT else target.side_id
    return Proposal((Operation(entity.name, diff.key, side, verb, changes, expects, side_id),))


def _problem(diff: RecordDiff, message: str) -> Problem:
    return Problem("warning", diff.entity, diff.key, message)
