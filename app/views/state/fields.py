"""The fields of one record: base, both sides, and what would come of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from app.domain.convert import text, typed_value
from app.domain.diff import FieldDiff, Kind, RecordDiff, Verdict
from app.domain.mapping import KEY, NUMBERS, EntityMapping, FieldMapping, FieldType, Owner
from app.domain.plan import Problem, Verb
from app.domain.proposal import TYPED, WHOLE_RECORD, Choice
from app.domain.record import NO_BASE, BaseValue, Side, Unreadable
from app.sync.compare import OpenedDiff
from app.views.state.dates import day_text, minute_text, second_text
from app.views.state.difference import (
    TONES,
    Arrow,
    Tone,
    field_label,
    kind_word,
    one_sided_intent,
    sides_written,
    update_intent,
)
from app.views.state.language import tr
from app.views.state.ways_out import in_the_window
from app.views.state.word_marks import Span, marked

NOTHING = "\u2014"
_LEAST_DECIMALS = 2


@dataclass(frozen=True, slots=True)
class Cell:
    """A value as it is shown: in pieces, so that changed words can be marked."""

    spans: tuple[Span, ...]
    muted: bool = False

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(span.text for span in self.spans)


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One line of the field table.

    Attributes:
        can_choose: Whether a person may say whose value is taken.
        rule: The ignore rule by which its difference does not count, "" for none.
        full: The whole values, billing's and Salesforce's, for the tool tip.
    """

    name: str
    label: str
    owner: str
    base: Cell
    billing: Cell
    salesforce: Cell
    result: Cell
    arrow: Arrow
    tone: Tone
    differs: bool
    numeric: bool
    can_choose: bool
    rule: str = ""
    full: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class FieldsView:
    """The field table of one record with what stands above it."""

    title: str
    kind: str
    tone: Tone
    key: str
    changed: str
    changed_utc: str
    notes: tuple[str, ...]
    rows: tuple[FieldRow, ...]
    same: int


@dataclass(frozen=True, slots=True)
class LastChange:
    """Who changed the record last in Salesforce, and when (ISO 8601, UTC), where it says so."""

    at: str = ""
    by: str = ""


def fields_view(opened: OpenedDiff, last: LastChange, *, with_same: bool) -> FieldsView:
    """Return what the field table shows; `with_same` includes the fields that do not differ."""
    diff, entity = opened.diff, opened.entity
    rows = field_rows(entity, diff, opened.choice)
    if opened.words is not None:
        rows = tuple(_in_words(row, opened.words) for row in rows)
    # Of a record on one side, or of one that agrees, every field is of interest.
    told = diff.fields or diff.ignored
    whole = diff.billing is None or diff.salesforce is None or not told
    same = 0 if whole else sum(not (row.differs or row.rule) for row in rows)
    values = diff.billing if diff.billing is not None else diff.salesforce or ()
    title = text(values[entity.index[entity.title]]) if values else diff.key
    return FieldsView(
        title=f"{entity.label} \u00b7 {' '.join((title or diff.key).split())}",
        kind=kind_word(diff.kind, deleted=diff.deleted),
        tone=TONES[diff.kind],
        key=diff.key,
        changed=changed_words(last),
        changed_utc=last.at,
        notes=_notes(opened),
        rows=tuple(row for row in rows if with_same or whole or row.differs or row.rule),
        same=same,
    )


def changed_words(last: LastChange) -> str:
    """Return "Changed in Salesforce by Ada on 22 Nov 2026, 14:05" as far as it is known."""
    when = local_time(last.at)
    if last.by and when:
        return tr("Changed in Salesforce by {who} on {when}").format(who=last.by, when=when)
    if last.by or when:
        return tr("Changed in Salesforce: {what}").format(what=last.by or when)
    return ""


def local_time(iso: str) -> str:
    """Return a time in the user's zone, `""` for none; what is no time comes back as it is."""
    if not iso:
        return ""
    try:
        told = datetime.fromisoformat(iso).astimezone()
    except ValueError:
        return iso
    return minute_text(told)


def field_rows(entity: EntityMapping, diff: RecordDiff, choice: Choice) -> tuple[FieldRow, ...]:
    """Return a row for each field of a record, in the order of the mapping."""
    differing = {field.name: field for field in diff.fields}
    rows = (
        _row(entity, position, diff, differing.get(field.name), choice)
        for position, field in enumerate(entity.fields)
    )
    if KEY not in differing:
        return tuple(rows)
    return (_key_row(entity, diff, differing[KEY], choice), *rows)


def value_text(field: FieldMapping, value: BaseValue, currency: str = "") -> str:
    """Return a value as a person reads it; money with its currency and thousands marked."""
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    if isinstance(value, Decimal):
        exponent = value.normalize().as_tuple().exponent
        decimals = max(0, -exponent) if isinstance(exponent, int) else 0
        if field.type is FieldType.MONEY:
            decimals = max(_LEAST_DECIMALS, decimals)
        shown = f"{value:,.{decimals}f}"
        return f"{shown} {currency}".strip() if field.type is FieldType.MONEY else shown
    if isinstance(value, Unreadable):
        return tr("unreadable: {text}").format(text=value.text)
    if isinstance(value, datetime):  # each second may be what differs, or less
        return text(value) if value.microsecond else second_text(value)
    return day_text(value) if isinstance(value, date) else text(value)


def _row(
    entity: EntityMapping,
    position: int,
    diff: RecordDiff,
    field_diff: FieldDiff | None,
    choice: Choice,
) -> FieldRow:
    field = entity.fields[position]
    sides = [_shown(entity, position, values) for values in (diff.billing, diff.salesforce)]
    base = _shown(entity, position, diff.base)
    billing, salesforce = (_cell(side) for side in sides)
    rule = dict(diff.ignored).get(field.name, "")
    if (field_diff is not None or rule) and field.type is FieldType.TEXT:
        pieces = marked(*sides)
        billing, salesforce = (
            Cell(spans) if side else _cell(side) for spans, side in zip(pieces, sides, strict=True)
        )
    arrow = _arrow(entity, diff, field_diff, choice)
    return FieldRow(
        name=field.name,
        label=field_label(field.name),
        owner=_owner_word(field.owner),
        base=_base_cell(base, diff.base, position),
        billing=billing,
        salesforce=salesforce,
        result=_one_sided_cell(diff, choice, sides)
        or _typed_cell(entity, position, diff, choice)
        or _result(arrow, sides, rule),
        arrow=arrow,
        tone=Tone.MUTED if rule else _tone(diff, field_diff),
        differs=field_diff is not None,
        numeric=field.type in NUMBERS,
        can_choose=bool(rule) or _can_choose(diff, field_diff),
        rule=rule,
        full=(sides[0], sides[1]),
    )


def _key_row(
    entity: EntityMapping, diff: RecordDiff, field_diff: FieldDiff, choice: Choice
) -> FieldRow:
    """Return the row of a pair whose Salesforce record bears another key than billing's."""
    sides = [text(field_diff.billing), text(field_diff.salesforce)]
    billing, salesforce = map(_cell, sides)
    arrow = _arrow(entity, diff, field_diff, choice)
    return FieldRow(
        name=KEY,
        label=field_label(KEY),
        owner=_owner_word(Owner.BILLING),
        base=_cell(""),
        billing=billing,
        salesforce=salesforce,
        result=_result(arrow, sides, ""),
        arrow=arrow,
        tone=_tone(diff, field_diff),
        differs=True,
        numeric=False,
        can_choose=False,
        full=(sides[0], sides[1]),
    )


def _in_words(row: FieldRow, words: Callable[[str, str], str]) -> FieldRow:
    """Return a row whose values are said in words, where there are words for all of them.

    Two sides that differ in something of which the words say nothing stay as they are.
    """
    told = {side: words(row.name, side) for side in {*row.full, row.base.text} if side}
    billing, salesforce = (told.get(side, "") for side in row.full)
    if "" in {told.get(side) for side in row.full if side} or not (billing or salesforce):
        return row
    if (row.full[0] != row.full[1]) and billing == salesforce:
        return row
    shown = marked(billing, salesforce) if row.differs or row.rule else ((), ())
    cells = [
        Cell(spans) if spans and said else _cell(said)
        for spans, said in zip(shown, (billing, salesforce), strict=True)
    ]
    return replace(
        row,
        base=_cell(told[row.base.text]) if told.get(row.base.text) else row.base,
        billing=cells[0],
        salesforce=cells[1],
        result=_cell(told[row.result.text]) if told.get(row.result.text) else row.result,
        full=(billing, salesforce),
    )


def _owner_word(owner: Owner) -> str:
    return {
        Owner.BILLING: tr("billing owns this field"),
        Owner.SALESFORCE: tr("Salesforce owns this field"),
        Owner.BOTH: tr("both sides may change this field"),
    }[owner]


def _shown(entity: EntityMapping, position: int, values: Sequence[BaseValue] | None) -> str:
    if values is None:
        return ""
    field = entity.fields[position]
    currency = text(values[entity.index[field.currency]]) if field.currency else ""
    value = values[position]
    return "" if value is None or value is NO_BASE else value_text(field, value, currency)


def _cell(shown: str) -> Cell:
    return Cell((Span(shown or NOTHING, changed=False),), muted=not shown)


def _base_cell(shown: str, base: Sequence[BaseValue] | None, position: int) -> Cell:
    if base is None or base[position] is NO_BASE:
        return Cell((Span(tr("never agreed"), changed=False),), muted=True)
    return _cell(shown)


def _tone(diff: RecordDiff, field: FieldDiff | None) -> Tone:
    if diff.billing is None or diff.salesforce is None or field is None:
        return Tone.PLAIN
    if field.verdict is Verdict.CONFLICT:
        return Tone.CONFLICT
    return Tone.MUTED if field.verdict is Verdict.NOT_COMPARABLE else Tone.CHANGED


def _arrow(
    entity: EntityMapping, diff: RecordDiff, field: FieldDiff | None, choice: Choice
) -> Arrow:
    if diff.kind in {Kind.DUPLICATE_KEY, Kind.NOT_COMPARABLE, Kind.IGNORED, Kind.IDENTICAL}:
        return Arrow.NONE
    if diff.billing is None or diff.salesforce is None:
        return Arrow.NONE
    if field is None:
        return Arrow.NONE
    return update_intent(sides_written(entity, (field,), choice)).arrow


def _can_choose(diff: RecordDiff, field: FieldDiff | None) -> bool:
    both = diff.billing is not None and diff.salesforce is not None
    return (
        both
        and field is not None
        and field.verdict is not Verdict.NOT_COMPARABLE
        and diff.kind in {Kind.DIFFERENT, Kind.CONFLICT}
    )


def _one_sided_cell(diff: RecordDiff, choice: Choice, sides: Sequence[str]) -> Cell | None:
    """Return a field's result where one side alone has the record, None where both have it."""
    if (diff.billing is None) == (diff.salesforce is None):
        return None
    intent = one_sided_intent(diff.kind, _holder(diff), choice)
    if intent.verb is Verb.INSERT:
        return _cell(sides[diff.billing is None])
    words = tr("stays as it is") if intent.verb is None else tr("deleted")
    return Cell((Span(words, changed=False),), muted=True)


def _holder(diff: RecordDiff) -> Side:
    return Side.SALESFORCE if diff.billing is None else Side.BILLING


def _typed_cell(
    entity: EntityMapping, position: int, diff: RecordDiff, choice: Choice
) -> Cell | None:
    """Return the value that a person typed for a differing field, None where nobody did."""
    field = entity.fields[position]
    counts = any(item.name == field.name for item in diff.fields)
    if choice.take.get(field.name) != TYPED or not counts:
        return None
    values = diff.billing or ()
    currency = text(values[entity.index[field.currency]]) if field.currency and values else ""
    value = typed_value(choice.typed[field.name], field.type)
    return _cell("" if value is None else value_text(field, value, currency))


def _result(arrow: Arrow, sides: Sequence[str], rule: str) -> Cell:
    if rule:
        words = tr("ignored: {rule}").format(rule=rule)
        return Cell((Span(words, changed=False),), muted=True)
    if arrow is Arrow.TO_SALESFORCE:
        return _cell(sides[0])
    if arrow is Arrow.TO_BILLING:
        return _cell(sides[1])
    if arrow is Arrow.SKIP:
        return Cell((Span(tr("both stay as they are"), changed=False),), muted=True)
    return Cell((), muted=True)


def one_sided_result(diff: RecordDiff, choice: Choice) -> str:
    """Return in words what would become of a record that one side alone holds, else ""."""
    if (diff.billing is None) == (diff.salesforce is None):
        return ""
    intent = one_sided_intent(diff.kind, _holder(diff), choice)
    if intent.verb is None:
        return tr("Nothing will be done: it is skipped.")
    side = tr("Salesforce") if intent.arrow is Arrow.TO_SALESFORCE else tr("billing")
    if intent.verb is Verb.DELETE:
        return tr("If ticked, it is deleted in {side}.").format(side=side)
    return tr("If ticked, it is inserted into {side}.").format(side=side)


def problem_text(problem: Problem, entity: EntityMapping | None) -> str:
    """Return what is the matter; a field that it begins with is called as in the trees."""
    name, colon, words = problem.message.partition(": ")
    is_field = bool(colon) and entity is not None and name in entity.index
    shown = f"{field_label(name)}: {words}" if is_field else problem.message
    return in_the_window(shown)


def _notes(opened: OpenedDiff) -> tuple[str, ...]:
    diff = opened.diff
    notes = []
    if diff.kind is Kind.DUPLICATE_KEY:
        notes.append(
            tr("Several records share this key, so Concord cannot tell which one is meant. Remove")
            + tr(" the extra records on the side that has them, then refresh.")
        )
    if diff.kind is Kind.CONFLICT and not opened.choice.take:
        notes.append(
            tr("Both sides changed since they last agreed. Choose whose value to take, field")
            + tr(" by field or with the arrow of the row; until then it is skipped.")
        )
    if result := one_sided_result(diff, opened.choice):
        notes.append(result)
    notes += [problem_text(problem, opened.entity) for problem in opened.proposal.problems]
    if opened.choice.take.get(WHOLE_RECORD) == "skip":
        notes.append(tr("You chose to skip this record."))
    return tuple(dict.fromkeys(notes))
