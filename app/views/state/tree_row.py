"""One row of the two trees, ready to be painted: texts, signs and tick."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.domain.diff import Kind
from app.domain.mapping import NUMBERS, EntityMapping
from app.domain.proposal import TICKABLE, Choice, is_ticked
from app.store.pager import Row
from app.views.state.difference import (
    TONES,
    Arrow,
    Intent,
    Tick,
    Tone,
    arrow_word,
    field_label,
    glyph,
    kind_word,
)
from app.views.state.language import tr
from app.views.state.survey import Tally

_FIELDS_NAMED = 3


@dataclass(frozen=True, slots=True)
class RowView:
    """What both trees and the gutter show of one row.

    Attributes:
        billing: Its name on the billing side, also where it is missing there.
        salesforce: Its name on the Salesforce side, also where it is missing there.
        in_billing: Whether billing has it; if not, its row there is a ghost.
        in_salesforce: Whether Salesforce has it.
        key: What pairs it over both sides.
        note: What is the matter with it, in words.
        spoken: The whole row for a screen reader.
        inside: Whether something below it differs.
    """

    billing: str
    salesforce: str
    in_billing: bool
    in_salesforce: bool
    key: str
    note: str
    tone: Tone
    glyph: str
    tick: Tick
    arrow: Arrow
    is_group: bool
    spoken: str
    inside: bool


@dataclass(frozen=True, slots=True)
class Names:
    """A record's name on each side."""

    billing: str
    salesforce: str


def record_view(
    row: Row, names: Names, choice: Choice, intent: Intent, below: Tally | None
) -> RowView:
    """Return the view of a record."""
    note = _note(row, choice)
    if below is not None:
        inside = _below_words(below.differing)
        note = f"{note} \u00b7 {inside}" if note else inside
    tick = tick_of(row.kind, choice)
    arrow = intent.arrow if row.kind in TICKABLE else Arrow.NONE
    return RowView(
        billing=names.billing,
        salesforce=names.salesforce,
        in_billing=row.in_billing,
        in_salesforce=row.in_salesforce,
        key=row.key,
        note=note,
        tone=TONES[row.kind],
        glyph=glyph(row.kind, intent),
        tick=tick,
        arrow=arrow,
        is_group=False,
        spoken=_spoken(names.billing, kind_word(row.kind, deleted=row.deleted), tick, arrow),
        inside=below is not None,
    )


def group_view(label: str, size: int, tally: Tally | None) -> RowView:
    """Return the view of a group; `size` is the number of its direct children."""
    title = f"{label} ({size:,})"
    note = group_note(size, tally)
    tick = Tick.NONE if tally is None else group_tick(len(tally.members), tally.ticked)
    return RowView(
        billing=title,
        salesforce=title,
        in_billing=True,
        in_salesforce=True,
        key="",
        note=note,
        tone=Tone.PLAIN,
        glyph="",
        tick=tick,
        arrow=Arrow.NONE,
        is_group=True,
        spoken=_spoken(title, note, tick, Arrow.NONE),
        inside=tally is not None,
    )


def record_title(entity: EntityMapping, title: str) -> str:
    """Return a record's name; a bare number says what it numbers."""
    numeric = entity.fields[entity.index[entity.title]].type in NUMBERS
    return f"{entity.label} {title}" if numeric else " ".join(title.split())


def tick_of(kind: Kind, choice: Choice) -> Tick:
    """Return the tick box of a record."""
    if kind not in TICKABLE:
        return Tick.NONE
    return Tick.ON if is_ticked(kind, choice) else Tick.OFF


def group_tick(members: int, ticked: int) -> Tick:
    """Return the tick box of a group: tri-state, none where nothing can be ticked."""
    if not members:
        return Tick.NONE
    if not ticked:
        return Tick.OFF
    return Tick.ON if ticked == members else Tick.SOME


def group_note(size: int, tally: Tally | None) -> str:
    """Return "3 of 12 differ, 2 of 5 ticked" for a group."""
    if tally is None:
        return ""
    differ = tr("{count:,} of {size:,} differ").format(count=len(tally.children), size=size)
    if not tally.members:
        return differ
    ticked = tr("{ticked:,} of {members:,} ticked").format(
        ticked=tally.ticked, members=len(tally.members)
    )
    return f"{differ} \u00b7 {ticked}"


def field_names(names: Iterable[str]) -> str:
    """Return the first few differing fields in words."""
    labels = [field_label(name) for name in names]
    first = ", ".join(labels[:_FIELDS_NAMED])
    more = len(labels) - _FIELDS_NAMED
    return first if more <= 0 else tr("{first} and {more} more").format(first=first, more=more)


def _below_words(count: int) -> str:
    if count == 1:
        return tr("1 difference below")
    return tr("{count:,} differences below").format(count=count)


def _note(row: Row, choice: Choice) -> str:
    if row.kind is Kind.IDENTICAL:
        return ""
    word = kind_word(row.kind, deleted=row.deleted)
    if row.kind is Kind.DIFFERENT:
        return field_names(row.fields)
    if row.kind is Kind.CONFLICT and not choice.take:
        return tr("conflict: {fields}").format(fields=field_names(row.fields) or word)
    if row.kind is Kind.CONFLICT:
        return tr("decided: {fields}").format(fields=field_names(row.fields) or word)
    return word


def _spoken(name: str, word: str, tick: Tick, arrow: Arrow) -> str:
    ticks = {
        Tick.NONE: "",
        Tick.OFF: tr("not ticked"),
        Tick.SOME: tr("partly ticked"),
        Tick.ON: tr("ticked"),
    }
    parts = (name, word, ticks[tick], arrow_word(arrow))
    return ", ".join(part for part in parts if part)
