"""What a click on a tick box or on an arrow changes."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.diff import Kind
from app.domain.mapping import EntityMapping
from app.domain.plan import Verb
from app.domain.proposal import (
    NO_CHOICE,
    SKIP,
    TICKABLE,
    TYPED,
    WHOLE_RECORD,
    Ability,
    Choice,
    is_ticked,
)
from app.domain.record import Side
from app.store.pager import Row
from app.sync.choosing import RULE, can_direct, can_update, one_sided_write, with_tick
from app.views.state.difference import take_label
from app.views.state.language import tr
from app.views.state.survey import Tally


@dataclass(frozen=True, slots=True)
class Direction:
    """An entry of the menu on an arrow; `wish` is a side, `skip`, `typed`, or "" for the rule."""

    wish: str
    label: str
    checked: bool
    enabled: bool


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
    can = {side: can_update(entity, name, side, abilities) for side in Side}
    for wish in (Side.BILLING.value, Side.SALESFORCE.value, TYPED, SKIP, RULE):
        able = wish in {SKIP, RULE}
        able = able or (any(can.values()) if wish == TYPED else can[Side(wish).other])
        made.append(Direction(wish, take_label(wish), wish == now, able))
    return tuple(made)


def _direction_label(row: Row, wish: str) -> str:
    if wish in {SKIP, RULE} or (row.in_billing and row.in_salesforce):
        return take_label(wish)
    write = one_sided_write(row, wish)
    side = tr("Salesforce") if write.target is Side.SALESFORCE else tr("billing")
    inserts = write.verb is Verb.INSERT
    words = tr("Insert into {side}") if inserts else tr("Delete in {side}")
    return words.format(side=side)
