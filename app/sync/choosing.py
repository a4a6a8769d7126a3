"""What a tick, a direction or a typed value makes of a person's choice about a difference."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from app.domain.diff import Kind
from app.domain.mapping import KEY, EntityMapping
from app.domain.plan import Verb
from app.domain.proposal import (
    SKIP,
    TYPED,
    WHOLE_RECORD,
    Ability,
    Choice,
    is_ticked,
    one_sided_verb,
)
from app.domain.record import Side
from app.store.pager import Row

RULE = ""


def with_tick(kind: Kind, choice: Choice, *, ticked: bool) -> Choice:
    """Return a choice with another tick; what the rule ticks anyway is not noted."""
    rule = is_ticked(kind, replace(choice, ticked=None))
    return replace(choice, ticked=None if ticked == rule else ticked)


def needs_direction(kind: Kind, choice: Choice) -> bool:
    """Return whether a tick means nothing before somebody says whose value to take."""
    return kind is Kind.CONFLICT and not choice.take


def turned(kind: Kind, choice: Choice) -> Choice:
    """Return a record's choice after a click on its box."""
    return with_tick(kind, choice, ticked=not is_ticked(kind, choice))


def directed(row: Row, choice: Choice, wish: str) -> Choice:
    """Return a record's choice after a direction was chosen for the whole of it.

    A delete has to be ticked by hand; anything else that a person asks for is ticked at once.
    """
    take = {} if wish == RULE else {WHOLE_RECORD: wish}
    made = Choice(None, take)
    if wish in {RULE, SKIP}:
        return made
    if row.in_billing != row.in_salesforce:
        ticked = choice.ticked is True if deletes(row, made) else True
        return with_tick(row.kind, made, ticked=ticked)
    return with_tick(row.kind, made, ticked=True)


def deletes(row: Row, choice: Choice) -> bool:
    """Return whether a choice would delete the record."""
    if row.in_billing == row.in_salesforce:
        return False
    holder = Side.BILLING if row.in_billing else Side.SALESFORCE
    return one_sided_verb(row.kind, holder, choice) is Verb.DELETE


def field_directed(kind: Kind, choice: Choice, name: str, wish: str) -> Choice:
    """Return a record's choice after a direction was chosen for one of its fields."""
    take = {field: side for field, side in choice.take.items() if field != name}
    typed = {field: value for field, value in choice.typed.items() if field != name}
    if wish != RULE:
        take[name] = wish
    return _ticked_if_decided(kind, replace(choice, take=take, typed=typed))


def field_typed(kind: Kind, choice: Choice, name: str, plain: Any) -> Choice:
    """Return a record's choice after a value was typed for one of its fields (`plain_value`)."""
    take, typed = {**choice.take, name: TYPED}, {**choice.typed, name: plain}
    return _ticked_if_decided(kind, replace(choice, take=take, typed=typed))


def _ticked_if_decided(kind: Kind, choice: Choice) -> Choice:
    if kind is not Kind.CONFLICT:
        return choice
    return with_tick(kind, choice, ticked=any(wish != SKIP for wish in choice.take.values()))


def can_direct(
    entity: EntityMapping, row: Row, wish: str, abilities: Mapping[Side, Ability]
) -> bool:
    """Return whether a direction can be carried out for a record."""
    if wish in {SKIP, RULE}:
        return True
    if row.in_billing and row.in_salesforce:
        target = Side(wish).other
        return any(can_update(entity, name, target, abilities) for name in row.fields)
    write = one_sided_write(row, wish)
    return write.verb in abilities[write.target].verbs


class Write(NamedTuple):
    """An insert or a delete, and the side to which it goes."""

    verb: Verb
    target: Side


def one_sided_write(row: Row, wish: str) -> Write:
    """Return what a direction does with a record that one side alone has."""
    holder = Side.BILLING if row.in_billing else Side.SALESFORCE
    if wish == holder.value:
        return Write(Verb.INSERT, holder.other)
    return Write(Verb.DELETE, holder)


def can_update(
    entity: EntityMapping, name: str, side: Side, abilities: Mapping[Side, Ability]
) -> bool:
    """Return whether an update can set a field (or the key) on a side."""
    ability = abilities[side]
    known = name == KEY or name in entity.index
    return known and Verb.UPDATE in ability.verbs and name in ability.fields
