"""What a click on a tick box or on an arrow changes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from app.domain.diff import Kind
from app.domain.mapping import KEY, EntityMapping
from app.domain.plan import Verb
from app.domain.proposal import (
    NO_CHOICE,
    SKIP,
    TYPED,
    WHOLE_RECORD,
    Ability,
    Choice,
    is_ticked,
)
from app.domain.record import Side
from app.store.pager import Row
from app.views.state.difference import TICKABLE, one_sided_intent, take_label
from app.views.state.language import tr
from app.views.state.survey import Tally

RULE = ""


@dataclass(frozen=True, slots=True)
class Direction:
    """An entry of the menu on an arrow; `wish` is a side, `skip`, `typed`, or "" for the rule."""

    wish: str
    label: str
    checked: bool
    enabled: bool


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


def turned_group(
    tally: Tally, kinds: Mapping[int, Kind], choices: Mapping[int, Choice]
) -> dict[int, Choice]:
    """Return the choices that a click on a group's box changes.

    It ticks inserts and updates only; deletes and conflicts are ticked one by one. If all of those
    are ticked, it unticks everything in the group.
    """

    def on(link: int) -> bool:
        return is_ticked(kinds[link], choices.get(link, NO_CHOICE))

    off = [link for link in tally.safe if not on(link)]
    wanted = off or [link for link in tally.members if on(link)]
    return {
        link: with_tick(kinds[link], choices.get(link, NO_CHOICE), ticked=bool(off))
        for link in wanted
    }


def directed(row: Row, choice: Choice, wish: str) -> Choice:
    """Return a record's choice after a direction was chosen for the whole of it.

    A delete has to be ticked by hand; anything else that a person asks for is ticked at once.
    """
    take = {} if wish == RULE else {WHOLE_RECORD: wish}
    made = Choice(None, take)
    if wish in {RULE, SKIP}:
        return made
    if row.in_billing != row.in_salesforce:
        holder = Side.BILLING if row.in_billing else Side.SALESFORCE
        deletes = one_sided_intent(row.kind, holder, made).verb is Verb.DELETE
        return with_tick(row.kind, made, ticked=choice.ticked is True if deletes else True)
    return with_tick(row.kind, made, ticked=True)


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


def directions(
    entity: EntityMapping, row: Row, choice: Choice, abilities: Mapping[Side, Ability]
) -> tuple[Direction, ...]:
    """Return the menu on a record's arrow; what a side cannot do cannot be chosen."""
    if row.kind not in TICKABLE:
        return ()
    now = choice.take.get(WHOLE_RECORD, RULE)
    made = []
    for wish in (Side.BILLING.value, Side.SALESFORCE.value, SKIP, RULE):
        able = can_direct(entity, row, wish, abilities)
        made.append(Direction(wish, _direction_label(row, wish), wish == now, able))
    return tuple(made)


def field_directions(
    entity: EntityMapping, name: str, choice: Choice, abilities: Mapping[Side, Ability]
) -> tuple[Direction, ...]:
    """Return the menu on a field's arrow."""
    now = choice.take.get(name, choice.take.get(WHOLE_RECORD, RULE))
    made = []
    can = {side: _can_update(entity, name, side, abilities) for side in Side}
    for wish in (Side.BILLING.value, Side.SALESFORCE.value, TYPED, SKIP, RULE):
        able = wish in {SKIP, RULE}
        able = able or (any(can.values()) if wish == TYPED else can[Side(wish).other])
        made.append(Direction(wish, take_label(wish), wish == now, able))
    return tuple(made)


def can_direct(
    entity: EntityMapping, row: Row, wish: str, abilities: Mapping[Side, Ability]
) -> bool:
    """Return whether a direction can be carried out for a record."""
    if wish in {SKIP, RULE}:
        return True
    if row.in_billing and row.in_salesforce:
        target = Side(wish).other
        return any(_can_update(entity, name, target, abilities) for name in row.fields)
    write = _one_sided_write(row, wish)
    return write.verb in abilities[write.target].verbs


class _Write(NamedTuple):
    """What a direction does with a record that one side alone has."""

    verb: Verb
    target: Side


def _one_sided_write(row: Row, wish: str) -> _Write:
    holder = Side.BILLING if row.in_billing else Side.SALESFORCE
    if wish == holder.value:
        return _Write(Verb.INSERT, holder.other)
    return _Write(Verb.DELETE, holder)


def _direction_label(row: Row, wish: str) -> str:
    if wish in {SKIP, RULE} or (row.in_billing and row.in_salesforce):
        return take_label(wish)
    write = _one_sided_write(row, wish)
    side = tr("Salesforce") if write.target is Side.SALESFORCE else tr("billing")
    inserts = write.verb is Verb.INSERT
    words = tr("Insert into {side}") if inserts else tr("Delete in {side}")
    return words.format(side=side)


def _can_update(
    entity: EntityMapping, name: str, side: Side, abilities: Mapping[Side, Ability]
) -> bool:
    ability = abilities[side]
    known = name == KEY or name in entity.index
    return known and Verb.UPDATE in ability.verbs and name in ability.fields
