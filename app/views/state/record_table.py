"""Tables of records as values: columns, lines, and how each record stands."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.domain.diff import Kind
from app.domain.mapping import NUMBERS, EntityMapping, FieldMapping, FieldType, Role
from app.views.state.difference import (
    DIFFERENCES,
    TONES,
    Arrow,
    Intent,
    Tone,
    glyph,
    kind_word,
)
from app.views.state.facets import (
    NOT_EQUAL,
    AccountRecord,
    cell,
    exact_times,
    is_money,
    label_of,
    title_field,
)
from app.views.state.language import tr

MOST_PLAIN = 6
_SHORT = 80
_LONG = frozenset({"text", "email", "metric"})


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column; a wide one takes the room that is left."""

    title: str
    numeric: bool = False
    wide: bool = False


@dataclass(frozen=True, slots=True)
class TableLine:
    """A row: its texts, the record's link (0: none), how it stands out, its exact times."""

    cells: tuple[str, ...]
    link: int = 0
    tone: Tone = Tone.PLAIN
    bold: bool = False
    tip: str = ""


@dataclass(frozen=True, slots=True)
class RecordTable:
    """A table with its name; `differences` counts the records that do not agree."""

    name: str
    label: str
    columns: tuple[TableColumn, ...]
    lines: tuple[TableLine, ...]
    differences: int = 0

    @property
    def heading(self) -> str:
        """The label with the number of lines, and of differences where there are any."""
        count = f"{self.label} ({len(self.lines):,})"
        return f"{count} {NOT_EQUAL}{self.differences:,}" if self.differences else count


def state_column() -> TableColumn:
    """Return the column that tells how a record stands."""
    return TableColumn(tr("State"))


def state_words(record: AccountRecord) -> str:
    """Return how a record stands, as a sign and a word."""
    if not record.judged:
        return f"? {not_compared()}"
    if record.kind is Kind.IDENTICAL:
        return tr("agrees")
    return f"{glyph(record.kind, Intent(None, Arrow.NONE))} {kind_word(record.kind)}"


def not_compared() -> str:
    """Return what is said of a record that was read, and that no compare looked at since."""
    return tr("not compared yet")


def tone_of(record: AccountRecord) -> Tone:
    """Return the colours of a record's state."""
    return TONES[record.kind] if record.judged else Tone.MUTED


def record_table(
    entity: EntityMapping, records: Sequence[AccountRecord], *, above: EntityMapping | None = None
) -> RecordTable:
    """Return a table of an entity's records: their state, title, and what the mapping shows.

    Args:
        entity: The entity.
        records: Its records, in the order in which they are listed.
        above: The entity whose key says to whom a record belongs; None where that is plain.
    """
    titled = is_titled(entity)
    fields = [
        field
        for field in columns_of(entity, above)
        if not records or any(_tells(one, field.name, titled=titled) for one in records)
    ]
    title = [TableColumn(entity.label, wide=True)] if titled else []
    columns = (state_column(), *title, *(_column(entity, field) for field in fields))
    return RecordTable(
        entity.name,
        entity.plural,
        columns,
        tuple(line_of(one, [field.name for field in fields], titled=titled) for one in records),
        count_differences(records),
    )


def is_titled(entity: EntityMapping) -> bool:
    """Return whether a title tells records apart; usage is told by its day and its metric."""
    return entity.role is not Role.USAGE


def _tells(record: AccountRecord, name: str, *, titled: bool) -> bool:
    """Return whether a field says something, and that the title beside it does not."""
    shown = cell(record, name)
    return bool(shown) and not (titled and shown == record.title)


def line_of(record: AccountRecord, fields: Iterable[str], *, titled: bool) -> TableLine:
    """Return the line of a record: its state, its title, and some fields."""
    title = [record.title] if titled else []
    cells = (state_words(record), *title, *(cell(record, name) for name in fields))
    return TableLine(cells, record.link, tone_of(record), tip=exact_times(record))


def count_differences(records: Iterable[AccountRecord]) -> int:
    """Return how many records do not agree; what is ignored does."""
    return sum(one.judged and one.kind in DIFFERENCES for one in records)


def columns_of(entity: EntityMapping, above: EntityMapping | None = None) -> list[FieldMapping]:
    """Return the fields that a table of an entity shows.

    Those that the mapping names, in its order; of an entity of which it names none the first few
    that are short.
    """
    left_out = {entity.shows.get("currency", "")}
    if is_titled(entity):
        left_out.add(title_field(entity))
    named = [entity.field_of(name) for name in dict.fromkeys(entity.shows.values())]
    found = [field for field in named if field.name not in left_out]
    if not found:
        left_out.add(entity.parent_field)
        plain = (one for one in entity.fields if one.name not in left_out)
        found = [one for one in plain if one.type is not FieldType.TEXT or one.length <= _SHORT]
        found = found[:MOST_PLAIN]
    if above is None or entity.parent != above.name or not entity.parent_field:
        return found
    parent = entity.field_of(entity.parent_field)
    return [parent, *(field for field in found if field is not parent)]


def _column(entity: EntityMapping, field: FieldMapping) -> TableColumn:
    numeric = field.type in NUMBERS or is_money(field, entity)
    facets = {facet for facet, name in entity.shows.items() if name == field.name}
    return TableColumn(label_of(field), numeric, wide=bool(facets & _LONG))
