"""A value that a person types for a field: how it is asked for, and what speaks against it."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from app.domain.constraint import FieldRule, rounded
from app.domain.convert import text
from app.domain.mapping import NUMBERS, EntityMapping, FieldMapping, FieldType
from app.domain.record import BaseValue, FieldValue, Side
from app.sync.explain import narrowed
from app.sync.typed import check_typed
from app.views.state.difference import field_label, side_word
from app.views.state.language import tr

LONG_TEXT = 255


class Editor(Enum):
    """With what a value is typed."""

    LINE = "line"
    PAGE = "page"
    NUMBER = "number"
    YES_NO = "yes_no"
    DATE = "date"
    TIME = "time"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class ValueForm:
    """What is asked for.

    Attributes:
        rules: Side → what it takes, for the sides to which the field can be written.
        start: What stands there at first, as text.
        values: For a list, what may be chosen.
        insert: Whether the value goes into a new record.
    """

    heading: str
    field: FieldMapping
    editor: Editor
    rules: Mapping[Side, FieldRule]
    start: str = ""
    values: tuple[str, ...] = ()
    insert: bool = False


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed: its value, why it cannot be taken (else ""), and what is good to know."""

    value: FieldValue
    objection: str = ""
    remark: str = ""


def value_form(
    entity: EntityMapping,
    name: str,
    told: Mapping[Side, FieldRule],
    start: BaseValue,
    *,
    insert: bool = False,
) -> ValueForm:
    """Return the form for a field; `told` holds the rules of the sides that it can go to."""
    field = entity.fields[entity.index[name]]
    rules = {side: narrowed(rule, field, side) for side, rule in told.items()}
    values = _allowed(rules)
    shown = text(start)
    return ValueForm(
        heading=f"{entity.label} \u00b7 {field_label(name)}",
        field=field,
        editor=Editor.LIST if values else _editor(field, rules, shown),
        rules=rules,
        start=shown,
        values=values,
        insert=insert,
    )


def read_typed(form: ValueForm, words: str) -> Typed:
    """Return the value of a text that was typed, with what speaks against it."""
    found = check_typed(form.field, form.rules, words, insert=form.insert)
    if not found.readable:
        return Typed(None, _unreadable(form.field.type))
    if found.against is not None:
        side, why = found.against
        return Typed(found.value, tr("{side}: {why}").format(side=side_word(side), why=why))
    return Typed(found.value, remark=_remark(form, words, found.value))


def room_words(form: ValueForm, typed: Typed) -> str:
    """Return "31 of 80 characters", "" where nothing limits them."""
    lengths = [rule.length for rule in form.rules.values() if rule.length]
    if form.editor not in {Editor.LINE, Editor.PAGE} or not lengths:
        return ""
    return tr("{count:,} of {most:,} characters").format(
        count=len(text(typed.value)), most=min(lengths)
    )


def _remark(form: ValueForm, words: str, value: FieldValue) -> str:
    if isinstance(value, Decimal) and Decimal(words.strip()) != value:
        return tr("It is kept as {value}.").format(value=text(value))
    for side, rule in form.rules.items():
        if kept := rounded(rule, value):
            return tr("{side}: {why}").format(side=side_word(side), why=kept)
    return ""


def _allowed(rules: Mapping[Side, FieldRule]) -> tuple[str, ...]:
    """Return the values that all sides with a list take, in the order of the first list."""
    lists = [rule.values for rule in rules.values() if rule.values]
    if not lists:
        return ()
    return tuple(value for value in lists[0] if all(value in other for other in lists[1:]))


def _editor(field: FieldMapping, rules: Mapping[Side, FieldRule], start: str) -> Editor:
    if field.type in NUMBERS:
        return Editor.NUMBER
    simple = {
        FieldType.BOOLEAN: Editor.YES_NO,
        FieldType.DATE: Editor.DATE,
        FieldType.DATETIME: Editor.TIME,
    }
    if field.type in simple:
        return simple[field.type]
    room = min((rule.length for rule in rules.values() if rule.length), default=0)
    roomy = field.type is FieldType.TEXT and (not room or room > LONG_TEXT)
    return Editor.PAGE if roomy or "\n" in start else Editor.LINE


def _unreadable(kind: FieldType) -> str:
    if kind is FieldType.INTEGER:
        return tr("Write a whole number, such as 12.")
    if kind in NUMBERS:
        return tr("Write a number with a point and no separators, such as 1250.50.")
    example = "2026-11-22" if kind is FieldType.DATE else "2026-11-22T14:05:00"
    return tr("Write it as {example}.").format(example=example)
