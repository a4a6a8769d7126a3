"""What is read of an entity: its columns, and the statements that ask for them (SOQL)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote_plus

from simple_salesforce.format import format_soql

from app.connectors.salesforce.schema import FieldShape, change_columns, relationship
from app.domain.mapping import EntityMapping, FieldMapping, FieldType, WorkspaceMapping
from app.errors import WrongUse

MOST_IN_PAGE = 2000
"""Rows of one page (salesforce.md §5.1)."""
MOST_KEYS = 500
"""Keys in one query (salesforce.md §3.2)."""
_WITH_LONG_TEXTS = 200  # rows of a page with two long texts of the org's own or more (§5.1)
_LONGEST_TEXT = 255
_LONGEST_URI = 14_000  # of 16,384 with the headers; the rest is for them (salesforce.md §3.2)
_OTHER_URI = 200  # the path, and what else stands around the statement
_COMMA = len(quote_plus(","))


@dataclass(frozen=True, slots=True)
class Lookup:
    """A lookup field, and the path to its parent's key: `Plan__r.Key__c`."""

    column: str
    path: str


@dataclass(frozen=True, slots=True)
class Selection:
    """What is read of an entity.

    Attributes:
        page_rows: The most rows that a page of a query has.
    """

    entity: EntityMapping
    columns: tuple[str, ...]
    lookups: tuple[Lookup, ...]
    page_rows: int = MOST_IN_PAGE

    @property
    def soql(self) -> str:
        """The statement without a condition."""
        return f"SELECT {', '.join(self.columns)} FROM {self.entity.sobject}"


def selection(
    entity: EntityMapping, mapping: WorkspaceMapping, fields: Mapping[str, FieldShape]
) -> Selection:
    """Return what to read of an entity: id, key, mapped fields, keys of parents, last change."""
    lookups = tuple(
        _lookup(field, mapping.entity(field.to).salesforce_key) for field in entity.references
    )
    plain = (f.salesforce for f in entity.fields if f.type is not FieldType.REFERENCE)
    parents = (lookup.path for lookup in lookups)
    names = ("Id", entity.salesforce_key, *plain, *parents, *change_columns(fields))
    return Selection(entity, tuple(dict.fromkeys(names)), lookups, _page_rows(entity, fields))


def _page_rows(entity: EntityMapping, fields: Mapping[str, FieldShape]) -> int:
    """Return the most rows of a page, by describe, or by the mapping where it is not known."""
    own = [field for field in entity.fields if field.salesforce.endswith("__c")]
    lengths = [fields.get(one.salesforce, {}).get("length") or one.length or 0 for one in own]
    several = sum(int(length) > _LONGEST_TEXT for length in lengths) > 1
    return _WITH_LONG_TEXTS if several else MOST_IN_PAGE


def _lookup(field: FieldMapping, key: str) -> Lookup:
    return Lookup(field.salesforce, f"{relationship(field)}.{key}")


def account_path(entity: EntityMapping, mapping: WorkspaceMapping) -> str:
    """Return the way from an entity's row up to the key of its account: `Plan__r.Account.Key__c`.

    Raises:
        WrongUse: A step of it is no lookup in the mapping.
    """
    steps, chain = [], mapping.above(entity)
    for one in chain[:-1]:
        field = one.field_of(one.parent_field)
        if field.type is not FieldType.REFERENCE:
            raise WrongUse(
                f"Whose {entity.plural} are cannot be asked: {field.name} of {one.name} is no"
                " reference in the mapping.",
                'Give it type = "reference" and to = "…".',
            )
        steps.append(relationship(field))
    return ".".join([*steps, chain[-1].salesforce_key])


def key_statements(chosen: Selection, keys: Sequence[str], column: str = "") -> Iterator[str]:
    """Yield the statements that read those keys: the fewest that a URI can hold.

    With a `column`, what it holds of them; by itself, the key.
    """
    start = f"{chosen.soql} WHERE {column or chosen.entity.salesforce_key} IN "
    room = _LONGEST_URI - _OTHER_URI - len(quote_plus(f"{start}()"))
    most = min(MOST_KEYS, chosen.page_rows)
    piece: list[str] = []
    used = 0
    for key in dict.fromkeys(keys):
        size = len(quote_plus(format_soql("{}", key))) + _COMMA
        if piece and (len(piece) == most or used + size > room):
            yield start + format_soql("{}", piece)
            piece, used = [], 0
        piece.append(key)
        used += size
    if piece:
        yield start + format_soql("{}", piece)


def keys_per_statement(chosen: Selection, average_key: int) -> int:
    """Return how many keys of that encoded length one statement holds, for a forecast."""
    room = _LONGEST_URI - _OTHER_URI - len(quote_plus(chosen.soql))
    most = min(MOST_KEYS, chosen.page_rows)
    return max(1, min(most, room // (average_key + 2 * len(quote_plus("'")) + _COMMA)))
