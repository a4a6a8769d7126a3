"""Reading entities: whole, what changed, or by keys; by queries, or by a bulk job where large."""

import logging
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from simple_salesforce.format import format_soql

from app.connectors.overlap import overlapped
from app.connectors.protocol import Page, ReadRequest, Scope
from app.connectors.salesforce.bulk_query import BulkQuery
from app.connectors.salesforce.changes import (
    DELETED,
    STAMP,
    Changes,
    Witness,
    ids_of,
    set_back,
    stamped,
    untold,
)
from app.connectors.salesforce.query import (
    AnyCase,
    Found,
    first_page,
    later_pages,
    page_of,
    reader_of,
    tables,
)
from app.connectors.salesforce.schema import FieldShape, Schema
from app.connectors.salesforce.selection import (
    MOST_IN_PAGE,
    Selection,
    account_path,
    key_statements,
    keys_per_statement,
    selection,
)
from app.connectors.salesforce.session import SalesforceSession
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping, WorkspaceMapping
from app.domain.reader import RecordReader
from app.domain.table import Table
from app.errors import AnswerUnreadable, LimitReached, NotAllowed, RemoteRefused

log = logging.getLogger(__name__)

MOST_BY_QUERY = 50_000
"""Rows up to which pages of a query are the better way: a job takes half a minute to begin."""
_AT_ONCE = 4  # key queries of one request
_ENTITIES_AT_ONCE = 8  # queries about one account
_MANY = 4  # key queries from which it is worth a call to ask whether the whole object is less
_SHORT_KEY, _LONG_KEY = 30, 90  # guessed encoded length of a plain and of a composite key


class Reads:
    """Reads the mapped objects of one org; several reads may run at once.

    Attributes:
        most_by_query: Rows of which no bulk job is made yet, in pages of the usual size.
    """

    def __init__(
        self, session: SalesforceSession, mapping: WorkspaceMapping, schema: Schema
    ) -> None:
        self._session = session
        self._mapping = mapping
        self._schema = schema
        self._changes = Changes(session)
        self._bulk = BulkQuery(session)
        self.most_by_query = MOST_BY_QUERY
        self._sizes: dict[str, int] = {}

    def read(self, request: ReadRequest, cancel: CancelToken) -> Iterator[Page]:
        """Yield the entities' records page by page; the last of each has its cursor.

        Raises:
            NotAllowed: The object or mapped fields are missing or hidden; all are named.
            CursorRefused: The cursor is of another org, or too old.
        """
        if request.scope is Scope.ACCOUNT:
            yield from self._of_account(request, cancel)
            return
        for entity in request.entities:
            fields = self._schema.require(entity, cancel)
            chosen = selection(entity, self._mapping, fields)
            if request.scope is Scope.KEYS:
                exact = not request.any_case or _heeds_case(fields, entity)
                yield from self._by_keys(chosen, request.keys, cancel, exact=exact)
            elif request.scope is Scope.IDS:
                yield from self._by_ids(chosen, request.keys, cancel)
            elif request.scope is Scope.SINCE:
                yield from self._since(chosen, request.cursor, cancel)
            else:
                yield from self._all(chosen, fields, cancel)

    def forecast(self, entity: EntityMapping, keys: int, key_size: int = 0) -> int:
        """Return the calls for that many keys, of a guessed length where it is not told.

        Describe is not in it.
        """
        if not keys:
            return 0
        chosen = self._selection(entity)
        composite = entity.billing_key.startswith("=")
        guess = _LONG_KEY if composite else _SHORT_KEY
        size = keys_per_statement(chosen, key_size or guess)
        queries = _pieces(keys, size)
        return queries + (queries >= _MANY)

    def forecast_changed(self, entity: EntityMapping, changed: int) -> int:
        """Return the calls that tell so many changed rows, and what was deleted."""
        chosen = self._selection(entity)
        if changed > self._most_by_query(chosen):  # the first page tells how many there are
            return 2 + self._bulk.forecast(changed)
        return 1 + max(1, _pieces(changed, chosen.page_rows))

    def _selection(self, entity: EntityMapping) -> Selection:
        return selection(entity, self._mapping, self._schema.known(entity))

    def _most_by_query(self, chosen: Selection) -> int:
        return self.most_by_query * chosen.page_rows // MOST_IN_PAGE

    def ids(
        self, entity: EntityMapping, keys: Sequence[str], cancel: CancelToken
    ) -> dict[str, list[str]]:
        """Return the ids of the records that have these keys; a key may have several."""
        chosen = Selection(entity, ("Id", entity.salesforce_key), ())
        ids: dict[str, list[str]] = {}
        for soql in key_statements(chosen, keys):
            for table in tables(self._session, soql, cancel):
                found = table.column(entity.salesforce_key), ids_of(table)
                for key, record in zip(*found, strict=True):
                    ids.setdefault(str(key), []).append(record)
        return ids

    def _all(
        self, chosen: Selection, fields: Mapping[str, FieldShape], cancel: CancelToken
    ) -> Iterator[Page]:
        reader, began, witness = reader_of(chosen), self._changes.now(), Witness()
        told = stamped(fields)
        wider = replace(chosen, columns=(*chosen.columns, STAMP)) if told else chosen
        for found in self._whole(wider, wider.soql, cancel):
            with self._session.understanding(f"rows of {chosen.entity.sobject}"):
                witness = witness.after(found) if told else witness
            yield self._page(chosen, reader, found)
        cursor = self._changes.cursor(began, witness, cancel) if told else ""
        if cursor:
            yield Page(chosen.entity.name, (), cursor=cursor)

    def _since(self, chosen: Selection, text: str, cancel: CancelToken) -> Iterator[Page]:
        """Yield what changed; rows that are gone, or have no key any more, by their ids."""
        cursor = self._changes.checked(text, cancel)
        fed = self._changes.deleted(chosen.entity, cursor, cancel)
        seen = cursor.witness.at is None or cursor.witness.id in fed
        began, reader, witness = self._changes.now(), reader_of(chosen), Witness()
        wider = replace(chosen, columns=(*chosen.columns, STAMP, DELETED))
        soql = f"{wider.soql} {cursor.condition}"
        for found in self._whole(wider, soql, cancel, deleted=True):
            with self._session.understanding(f"changed rows of {chosen.entity.sobject}"):
                seen = seen or cursor.witness.stands_in(found)
                witness = witness.after(found)
                is_gone = [_flag(one) for one in found.column(DELETED)]
                live = found.only([not one for one in is_gone])
                ids, keys = ids_of(live), live.column(chosen.entity.salesforce_key)
                lost = [one for one, key in zip(ids, keys, strict=True) if not key]
                fed.difference_update(ids)
                gone = (*ids_of(found.only(is_gone)), *lost)
                page = replace(page_of(chosen, reader, live), gone=gone)
            yield page
        if not seen:
            raise set_back(chosen.entity)
        last = self._changes.cursor(began, witness, cancel)
        yield Page(chosen.entity.name, (), cursor=last, gone=tuple(sorted(fed)))

    def _whole(
        self, chosen: Selection, soql: str, cancel: CancelToken, *, deleted: bool = False
    ) -> Iterator[Table]:
        """Yield all rows of a statement, by a query where they are few, else by a bulk job.

        The first page tells how many there are; of an object known to be large it is not asked.
        """
        known, most = self._sizes.get(soql, 0), self._most_by_query(chosen)
        job = ""
        if known > most:
            job = self._job(soql, cancel, deleted=deleted, about=known)
        if not job:
            first = self._first(chosen, soql, cancel, deleted=deleted)
            if not deleted:
                self._sizes[soql] = first.total
            if first.total > most and not known:
                job = self._job(soql, cancel, deleted=deleted, about=first.total)
            if not job:
                cancel.check()
                yield first.table
                for found in later_pages(self._session, first, cancel):
                    cancel.check()
                    yield found.table
                return
        # What changed is read before each piece of a commit: there its calls are what counts.
        yield from self._bulk.rows(job, chosen.columns, MOST_IN_PAGE, cancel, in_turn=deleted)

    def _first(self, chosen: Selection, soql: str, cancel: CancelToken, *, deleted: bool) -> Found:
        """Return a statement's first page.

        Raises:
            CursorRefused: Deleted rows are asked for, and nobody may see them.
        """
        if not deleted:
            return first_page(self._session, soql, cancel, chosen)
        ordered = f"{soql} ORDER BY {STAMP}, Id"
        try:
            return first_page(self._session, ordered, cancel, chosen, deleted=True)
        except (RemoteRefused, NotAllowed) as error:
            raise untold(error) from error

    def _job(self, soql: str, cancel: CancelToken, *, deleted: bool, about: int) -> str:
        """Return a finished bulk job, "" where there cannot be one: a query does the same."""
        try:
            return self._bulk.job(soql, cancel, deleted=deleted, about=about)
        except (RemoteRefused, LimitReached, NotAllowed, AnswerUnreadable) as error:
            log.warning("No bulk query, pages are read instead: %s", error.summary)
            return ""

    def _of_account(self, request: ReadRequest, cancel: CancelToken) -> Iterator[Page]:
        """Yield one account's records: a query an entity, through its lookups up to the account."""

        def found_by(entity: EntityMapping) -> list[Page]:
            chosen = selection(entity, self._mapping, self._schema.require(entity, cancel))
            where = format_soql(f"{account_path(entity, self._mapping)} = {{}}", request.account)
            reader = reader_of(chosen)
            pages = tables(self._session, f"{chosen.soql} WHERE {where}", cancel, chosen)
            return [self._page(chosen, reader, found) for found in pages]

        tasks = [partial(found_by, entity) for entity in request.entities]
        for pages in overlapped(tasks, _ENTITIES_AT_ONCE, cancel):
            yield from pages

    def _by_ids(self, chosen: Selection, ids: Sequence[str], cancel: CancelToken) -> Iterator[Page]:
        reader = reader_of(chosen)
        for soql in key_statements(chosen, ids, "Id"):
            for found in tables(self._session, soql, cancel, chosen):
                yield self._page(chosen, reader, found)

    def _by_keys(
        self, chosen: Selection, keys: Sequence[str], cancel: CancelToken, *, exact: bool
    ) -> Iterator[Page]:
        wanted = frozenset(keys) if exact else AnyCase(keys)
        reader = reader_of(chosen)
        statements = list(key_statements(chosen, keys))
        if len(statements) >= _MANY and self._pages(chosen, cancel) < len(statements):
            for found in self._whole(chosen, chosen.soql, cancel):
                yield self._page(chosen, reader, found, wanted)
            return

        def found_by(soql: str) -> list[Page]:
            found = tables(self._session, soql, cancel, chosen)
            return [self._page(chosen, reader, table, wanted) for table in found]

        tasks = [partial(found_by, soql) for soql in statements]
        for pages in overlapped(tasks, _AT_ONCE, cancel):
            yield from pages

    def _page(
        self,
        chosen: Selection,
        reader: RecordReader,
        found: Table,
        wanted: Container[str] | None = None,
    ) -> Page:
        with self._session.understanding(f"rows of {chosen.entity.sobject}"):
            return page_of(chosen, reader, found, wanted)

    def _pages(self, chosen: Selection, cancel: CancelToken) -> int:
        """Return how many pages the whole object has."""
        soql = f"SELECT COUNT() FROM {chosen.entity.sobject}"
        answer = self._session.call(cancel, lambda api: api.query(soql))
        return _pieces(int(answer["totalSize"]), chosen.page_rows)


def _flag(value: object) -> bool:
    """Return a boolean of JSON or of a CSV."""
    return value is True or value == "true"


def _heeds_case(fields: Mapping[str, FieldShape], entity: EntityMapping) -> bool:
    """Return whether two keys that differ in case are two; those that are no texts are."""
    key = fields.get(entity.salesforce_key, {})
    return key.get("type") != "string" or bool(key.get("caseSensitive"))


def _pieces(count: int, size: int) -> int:
    return -(-count // size)
