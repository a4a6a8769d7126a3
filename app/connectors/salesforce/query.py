"""Rows by SOQL: the columns of an entity, its keys in pieces, its pages as records."""

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import quote_plus, urlsplit

from simple_salesforce.api import Salesforce
from simple_salesforce.format import format_soql

from app.connectors.overlap import overlapped
from app.connectors.protocol import Page
from app.connectors.salesforce.schema import FieldShape, change_columns, relationship
from app.connectors.salesforce.session import SalesforceSession
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping, FieldMapping, FieldType, WorkspaceMapping
from app.domain.reader import About, RecordReader
from app.domain.record import Side, utc_text
from app.errors import AnswerUnreadable, RemoteRefused, WrongUse

MOST_IN_PAGE = 2000
_WITH_LONG_TEXTS = 200  # rows of a page with two long texts of the org's own or more (§5.1)
_LONGEST_TEXT = 255
"""Rows of one page (salesforce.md §5.1)."""
MOST_KEYS = 500
"""Keys in one query (salesforce.md §3.2)."""
_LONGEST_URI = 14_000  # of 16,384 with the headers; the rest is for them (salesforce.md §3.2)
_PAGES_AHEAD = 12  # more than calls at once, so that none of those waits for a slow early page
_PLACE = re.compile(r"(.*/query(?:All)?/\w+)-(\d+)", re.ASCII)
_OTHER_URI = 200  # the path, and what else stands around the statement
_COMMA = len(quote_plus(","))


@dataclass(frozen=True, slots=True)
class Lookup:
    """A lookup field and where its parent's key stands in a row: nested, or flat under `path`."""

    column: str
    parent: str
    key: str
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
    parent = relationship(field)
    return Lookup(field.salesforce, parent, key, f"{parent}.{key}")


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


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a query: its rows, how many rows there are in all, where it goes on."""

    rows: list[dict[str, Any]]
    total: int
    next_path: str


def first_page(
    session: SalesforceSession, soql: str, cancel: CancelToken, *, deleted: bool = False
) -> Found:
    """Return a query's first page; with `deleted` of the rows in the recycle bin too (§5.1)."""
    answer = session.call(cancel, lambda api: api.query(soql, include_deleted=deleted))
    return _found(session, answer)


def later_pages(session: SalesforceSession, first: Found, cancel: CancelToken) -> Iterator[Found]:
    """Yield the pages after the first, in order, several of them fetched ahead.

    The path to a page ends in the number of rows before it (`…/01g…-2000`, salesforce.md §5.1), so
    pages are asked for before their paths are told. A page may be smaller than it was asked to be:
    what lacks up to the next is followed path by path, and all is where the server knows no jumps.
    """
    jump = _Jump.of(first)
    if jump is None:
        yield from _followed(session, first.next_path, None, cancel)
        return
    places = range(jump.size, first.total, jump.size)
    tasks = [partial(_fetched, session, jump.path(place), cancel) for place in places]
    path = first.next_path
    pages = overlapped(tasks, _PAGES_AHEAD, cancel)
    with closing(pages):
        for place, found in zip(places, pages, strict=True):
            if found is None:  # no other place will be known either
                break
            if path == jump.path(place):
                yield found
                path = found.next_path
            for lacking in _followed(session, path, place + jump.size, cancel):
                yield lacking
                path = lacking.next_path
    yield from _followed(session, path, None, cancel)


def rows(
    session: SalesforceSession, soql: str, cancel: CancelToken
) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of a query page by page; the end is `done`, whatever a page's length."""
    first = first_page(session, soql, cancel)
    cancel.check()
    yield first.rows
    for found in later_pages(session, first, cancel):
        cancel.check()
        yield found.rows


@dataclass(frozen=True, slots=True)
class _Jump:
    """How the paths of a query's pages are made."""

    base: str
    size: int

    @classmethod
    def of(cls, first: Found) -> "_Jump | None":
        match = _PLACE.fullmatch(first.next_path)
        if match is None or int(match[2]) != len(first.rows) or not first.rows:
            return None
        return cls(match[1], len(first.rows))

    def path(self, place: int) -> str:
        return f"{self.base}-{place}"


def _followed(
    session: SalesforceSession, path: str, until: int | None, cancel: CancelToken
) -> Iterator[Found]:
    """Yield pages path by path, up to the one that begins at row `until` (None: to the end)."""
    while path and (until is None or _place(path) < until):
        cancel.check()
        found = _found(session, session.call(cancel, partial(more, path)))
        yield found
        path = found.next_path


def _place(path: str) -> int:
    match = _PLACE.fullmatch(path)
    return int(match[2]) if match is not None else 0


def _fetched(session: SalesforceSession, path: str, cancel: CancelToken) -> Found | None:
    """Return the page at a path that we made; None where the server does not know it.

    Whatever it says then: that path was not told to anybody.
    """
    try:
        return _found(session, session.call(cancel, partial(more, path)))
    except RemoteRefused:
        return None


def more(path: str, api: Salesforce) -> Any:
    """Return what stands at a `nextRecordsUrl`, whatever version that is of."""
    return api.query_more(path, identifier_is_url=True)


def _found(session: SalesforceSession, answer: Any) -> Found:
    records = answer.get("records") if isinstance(answer, dict) else None
    done = isinstance(answer, dict) and answer.get("done") is True
    path = None if done or not isinstance(answer, dict) else answer.get("nextRecordsUrl")
    if not isinstance(records, list) or not (path or done):
        raise AnswerUnreadable(
            f"Salesforce connection {session.http.connection!r}: a query's answer has no rows.",
            "Try again; if it stays so, check the instance's URL.",
        )
    total = answer.get("totalSize")
    # A path as documented (salesforce.md §5.1); with a host before it, that is not followed.
    onward = urlsplit(str(path or ""))._replace(scheme="", netloc="").geturl()
    return Found(records, total if isinstance(total, int) else len(records), onward)


def page_of(
    chosen: Selection,
    reader: RecordReader,
    found: Iterable[dict[str, Any]],
    wanted: Container[str] | None = None,
) -> Page:
    """Return the records of rows, nested or flat; with `wanted`, those with exactly these keys.

    Salesforce compares text without case, and two keys that differ in case are two for us, unless
    `wanted` is `AnyCase`.
    """
    page = list(found)
    for lookup in chosen.lookups:
        for row in page:
            row[lookup.column] = _parent_key(lookup, row)
    made = reader.records(
        page,
        About(
            [str(row.get("Id") or "") for row in page],
            [_utc(row.get("LastModifiedDate") or "") for row in page],
            [_person(row) for row in page],
        ),
    )
    records = [one for one in made if one.key and (wanted is None or one.key in wanted)]
    loose = [one for one in made if not one.key]
    return Page(chosen.entity.name, records, len(loose), loose=loose)


class AnyCase:
    """Keys, each in whatever case."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys = frozenset(key.casefold() for key in keys)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key.casefold() in self._keys


def reader_of(chosen: Selection) -> RecordReader:
    """Return the reader of a selection's rows."""
    return RecordReader(chosen.entity, Side.SALESFORCE)


def _parent_key(lookup: Lookup, row: dict[str, Any]) -> Any:
    flat = row.get(lookup.path)
    if flat is None and (parent := row.get(lookup.parent)) is not None:
        return parent.get(lookup.key)
    return flat


def _person(row: dict[str, Any]) -> str:
    name = row.get("LastModifiedBy.Name")
    if name is None and (user := row.get("LastModifiedBy")) is not None:
        name = user.get("Name")
    return name or ""


def _utc(text: str) -> str:
    """Return Salesforce's `…+0000` as `…Z`; any other zone is converted."""
    if text.endswith("+0000"):
        return f"{text[:-5]}Z"
    if not text or text.endswith("Z"):
        return text
    return utc_text(datetime.fromisoformat(text))
