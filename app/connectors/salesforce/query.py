"""Rows by SOQL: the columns of an entity, its keys in pieces, its pages as records."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import quote_plus

from simple_salesforce.api import Salesforce
from simple_salesforce.format import format_soql

from app.connectors.protocol import Page
from app.connectors.salesforce.schema import FieldShape, change_columns, relationship
from app.connectors.salesforce.session import SalesforceSession
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping, FieldType, WorkspaceMapping
from app.domain.reader import RecordReader
from app.domain.record import Record, Side, utc_text
from app.errors import AnswerUnreadable

MOST_IN_PAGE = 2000
"""Rows of one page (salesforce.md §5.1)."""
MOST_KEYS = 500
"""Keys in one query (salesforce.md §3.2)."""
_LONGEST_URI = 14_000  # of 16,384 with the headers; the rest is for them (salesforce.md §3.2)
_OTHER_URI = 200  # the path, and what else stands around the statement
_COMMA = len(quote_plus(","))


@dataclass(frozen=True, slots=True)
class Lookup:
    """A lookup field and where its parent's key stands in a row."""

    column: str
    parent: str
    key: str


@dataclass(frozen=True, slots=True)
class Selection:
    """What is read of an entity."""

    entity: EntityMapping
    columns: tuple[str, ...]
    lookups: tuple[Lookup, ...]

    @property
    def soql(self) -> str:
        """The statement without a condition."""
        return f"SELECT {', '.join(self.columns)} FROM {self.entity.sobject}"


def selection(
    entity: EntityMapping, mapping: WorkspaceMapping, fields: Mapping[str, FieldShape]
) -> Selection:
    """Return what to read of an entity: id, key, mapped fields, keys of parents, last change."""
    lookups = tuple(
        Lookup(field.salesforce, relationship(field), mapping.entity(field.to).salesforce_key)
        for field in entity.references
    )
    plain = (f.salesforce for f in entity.fields if f.type is not FieldType.REFERENCE)
    parents = (f"{lookup.parent}.{lookup.key}" for lookup in lookups)
    names = ("Id", entity.salesforce_key, *plain, *parents, *change_columns(fields))
    return Selection(entity, tuple(dict.fromkeys(names)), lookups)


def key_statements(chosen: Selection, keys: Sequence[str]) -> Iterator[str]:
    """Yield the statements that read those keys: the fewest that a URI can hold."""
    start = f"{chosen.soql} WHERE {chosen.entity.salesforce_key} IN "
    room = _LONGEST_URI - _OTHER_URI - len(quote_plus(f"{start}()"))
    piece: list[str] = []
    used = 0
    for key in dict.fromkeys(keys):
        size = len(quote_plus(format_soql("{}", key))) + _COMMA
        if piece and (len(piece) == MOST_KEYS or used + size > room):
            yield start + format_soql("{}", piece)
            piece, used = [], 0
        piece.append(key)
        used += size
    if piece:
        yield start + format_soql("{}", piece)


def keys_per_statement(chosen: Selection, average_key: int) -> int:
    """Return how many keys of that encoded length one statement holds, for a forecast."""
    room = _LONGEST_URI - _OTHER_URI - len(quote_plus(chosen.soql))
    return max(1, min(MOST_KEYS, room // (average_key + 2 * len(quote_plus("'")) + _COMMA)))


def rows(
    session: SalesforceSession, soql: str, cancel: CancelToken
) -> Iterator[list[dict[str, Any]]]:
    """Yield the pages of a query as they come; the end is `done`, whatever a page's length."""
    answer = session.call(cancel, lambda api: api.query(soql))
    while True:
        cancel.check()
        page, path = _page(session, answer)
        yield page
        if not path:
            return
        answer = session.call(cancel, partial(_more, path))


def _more(path: str, api: Salesforce) -> Any:
    return api.query_more(path, identifier_is_url=True)


def _page(session: SalesforceSession, answer: Any) -> tuple[list[dict[str, Any]], str]:
    records = answer.get("records") if isinstance(answer, dict) else None
    path = answer.get("nextRecordsUrl") if isinstance(answer, dict) else None
    if not isinstance(records, list) or (not path and not answer.get("done", False)):
        raise AnswerUnreadable(
            f"Salesforce connection {session.http.connection!r}: a query's answer has no rows.",
            "Try again; if it stays so, check the instance's URL.",
        )
    return records, path or ""


def page_of(
    chosen: Selection,
    reader: RecordReader,
    found: list[dict[str, Any]],
    wanted: frozenset[str] | None = None,
) -> Page:
    """Return the records of a page of rows; with `wanted`, those with exactly these keys.

    Salesforce compares text without case, and two keys that differ in case are two for us.
    """
    records: list[Record] = []
    unkeyed = 0
    for row in found:
        record = _record(chosen, reader, row)
        if record is None:
            unkeyed += 1
        elif wanted is None or record.key in wanted:
            records.append(record)
    return Page(chosen.entity.name, records, unkeyed)


def reader_of(chosen: Selection) -> RecordReader:
    """Return the reader of a selection's rows."""
    return RecordReader(chosen.entity, Side.SALESFORCE)


def _record(chosen: Selection, reader: RecordReader, row: dict[str, Any]) -> Record | None:
    for lookup in chosen.lookups:
        parent = row.get(lookup.parent)
        row[lookup.column] = None if parent is None else parent.get(lookup.key)
    person = row.get("LastModifiedBy")
    return reader.record(
        row,
        side_id=row.get("Id") or "",
        changed_at=_utc(row.get("LastModifiedDate") or ""),
        changed_by="" if person is None else person.get("Name") or "",
    )


def _utc(text: str) -> str:
    """Return Salesforce's `…+0000` as `…Z`; any other zone is converted."""
    if text.endswith("+0000"):
        return f"{text[:-5]}Z"
    if not text or text.endswith("Z"):
        return text
    return utc_text(datetime.fromisoformat(text))
