"""A query's page decoded straight into the types of its columns.

To make a dictionary of each row first takes twice as long. What does not fit the types exactly is
left to the decoder that takes any JSON; the records are the same either way.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec

from app.connectors.salesforce.selection import Selection
from app.connectors.salesforce.tables import TypedTable
from app.domain.mapping import FieldType
from app.domain.table import Table

_TEXT = str | None
_TYPES: Mapping[FieldType, Any] = {
    FieldType.DECIMAL: Decimal | None,
    FieldType.MONEY: Decimal | None,
    FieldType.INTEGER: int | None,
    FieldType.BOOLEAN: bool | None,
    FieldType.DATE: date | None,
}
_FLAGS = frozenset({"IsDeleted"})


@dataclass(frozen=True, slots=True)
class QueryPage:
    """A query's answer: its rows, how many there are in all, and where it goes on."""

    table: Table
    total: int
    done: bool
    onward: str


Decode = Callable[[bytes], QueryPage | None]


@lru_cache(maxsize=256)
def typed_by(chosen: Selection) -> Decode:
    """Return what decodes the pages of a selection; None comes of a page that does not fit."""
    columns = _columns(chosen)
    row, names = _row_type(columns)
    answer = msgspec.defstruct(
        "Answer",
        [
            ("totalSize", int),
            ("records", list[row]),  # type: ignore[valid-type]
            ("done", bool),
            ("nextRecordsUrl", _TEXT, None),
        ],
        gc=False,
    )
    decoder = msgspec.json.Decoder(answer)

    def decode(body: bytes) -> QueryPage | None:
        try:
            found: Any = decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        table = TypedTable(found.records, names)
        return QueryPage(table, found.totalSize, found.done, found.nextRecordsUrl or "")

    return decode


def _columns(chosen: Selection) -> dict[str, Any]:
    """Return the columns of a statement with their types; what two fields share is taken as text.

    A row in which such a column is none does not fit.
    """
    kinds: dict[str, Any] = {}
    for field in chosen.entity.fields:
        kind = _TYPES.get(field.type, _TEXT)
        kinds[field.salesforce] = kind if kinds.get(field.salesforce, kind) == kind else _TEXT
    kinds[chosen.entity.salesforce_key] = _TEXT  # a key is what it is spelled: 0012 is not 12
    flags = dict.fromkeys(_FLAGS, bool | None)
    return {name: kinds.get(name, flags.get(name, _TEXT)) for name in chosen.columns}


def _row_type(columns: Mapping[str, Any]) -> tuple[type, dict[str, str]]:
    """Return the type of a row, and column → attribute; a path is two: `p1.c3`."""
    own: list[tuple[str, Any, None]] = []
    parents: dict[str, dict[str, Any]] = {}
    names, renamed = {}, {}
    for number, (name, kind) in enumerate(columns.items()):
        parent, _, inner = name.rpartition(".")
        if parent:
            parents.setdefault(parent, {})[f"c{number}"] = (inner, kind)
            names[name] = f"p{list(parents).index(parent)}.c{number}"
        else:
            own.append((f"c{number}", kind, None))
            renamed[f"c{number}"] = name
            names[name] = f"c{number}"
    for number, (parent, inner_columns) in enumerate(parents.items()):
        inner_names = {attribute: inner for attribute, (inner, _kind) in inner_columns.items()}
        fields = [(attribute, kind, None) for attribute, (_, kind) in inner_columns.items()]
        kind = msgspec.defstruct("Parent", fields, rename=inner_names, gc=False)
        own.append((f"p{number}", kind | None, None))
        renamed[f"p{number}"] = parent
    return msgspec.defstruct("Row", own, rename=renamed, gc=False), names
