"""The rows of the Tooling API's objects, kept until the org is another one."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from app.sandbox.salesforce.schema import Schema
from app.sandbox.salesforce.store import Store, quoted
from app.sandbox.salesforce.tooling.catalog_objects import catalog_objects
from app.sandbox.salesforce.tooling.catalog_rows import rows_of

if TYPE_CHECKING:
    from app.sandbox.salesforce.org import Org

Mark = tuple[object, ...]


class Catalog:
    """A store of its own, filled when it is asked for and the org has changed since."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._store: Store | None = None
        self._schema: Schema | None = None
        self._mark: Mark = ()

    def schema(self, org: "Org") -> Schema:
        """Return the schema of the Tooling API."""
        with self._lock:
            if self._schema is None:
                self._schema = Schema(catalog_objects(), org.metadata.given_at)
            return self._schema

    @contextmanager
    def read(self, org: "Org") -> Iterator[sqlite3.Connection]:
        """Give a connection that sees the org as it is now."""
        schema, mark = self.schema(org), _mark(org)
        with self._lock:
            if self._store is None:
                self._store = Store()
                for sobject in schema:
                    self._store.create_table(sobject)
            store = self._store
            if mark != self._mark:
                _fill(store, schema, org)
                self._mark = mark
        with store.read() as connection:
            yield connection

    def close(self) -> None:
        """Remove the store."""
        with self._lock:
            if self._store is not None:
                self._store.close()
            self._store, self._mark = None, ()


def _mark(org: "Org") -> Mark:
    """Return what differs whenever the org's objects or components do: both are never changed."""
    return (*map(id, org.schema), *map(id, org.metadata.shelf), org.metadata.shelf.changes)


def _fill(store: Store, schema: Schema, org: "Org") -> None:
    with store.write() as connection:
        for sobject in schema:
            connection.execute(f"DELETE FROM {quoted(sobject.name)}")
        for name, row in rows_of(org):
            found = schema.find(name)
            if found is None:
                continue
            flags = {each.name: 0 for each in found.fields if each.type == "boolean"}
            values = {**flags, **row}
            columns = ", ".join(quoted(each) for each in values)
            marks = ", ".join("?" * len(values))
            connection.execute(
                f"INSERT INTO {quoted(name)} ({columns}) VALUES ({marks})", tuple(values.values())
            )
