"""A value that a person types for a field: what the sides take, and what speaks against it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from app.domain.constraint import FieldRule, objection
from app.domain.convert import converter
from app.domain.mapping import EntityMapping, FieldMapping
from app.domain.plan import Verb
from app.domain.record import FieldValue, Side, Unreadable
from app.store.told import constraints_of
from app.sync.explain import narrowed
from app.sync.workbench import Workbench


@dataclass(frozen=True, slots=True)
class Checked:
    """What was typed.

    Attributes:
        readable: Whether it is a value of the field's type at all.
        against: A side that would not take it, and why; None where all do.
    """

    value: FieldValue
    readable: bool = True
    against: tuple[Side, str] | None = None


def rules_told(
    bench: Workbench, entity: EntityMapping, name: str, sides: Collection[Side]
) -> dict[Side, FieldRule]:
    """Return what each of some sides takes in a field, as it told when it was last read.

    A side to which the field cannot be written is left out.
    """
    found = {}
    for side, ability in bench.abilities(entity).items():
        if side in sides and Verb.UPDATE in ability.verbs and name in ability.fields:
            told = constraints_of(bench.store, side, entity.name)
            found[side] = FieldRule() if told is None else told.fields.get(name, FieldRule())
    return found


def rules_for(bench: Workbench, entity: EntityMapping, name: str) -> dict[Side, FieldRule]:
    """Return `rules_told` of both sides, with what the mapping knows of them besides."""
    field = entity.field_of(name)
    told = rules_told(bench, entity, name, tuple(Side))
    return {side: narrowed(rule, field, side) for side, rule in told.items()}


def check_typed(
    field: FieldMapping, rules: Mapping[Side, FieldRule], words: str, *, insert: bool = False
) -> Checked:
    """Return the value of a text, "" for none, with what speaks against it."""
    value = converter(field, Side.SALESFORCE)(words.strip())
    if isinstance(value, Unreadable):
        return Checked(None, readable=False)
    for side, rule in rules.items():
        if why := objection(rule, value, insert=insert):
            return Checked(value, against=(side, why))
    return Checked(value)
