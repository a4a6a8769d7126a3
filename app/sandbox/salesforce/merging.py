"""Rows merged into one of their kind, which takes over what belonged to them (SOAP alone can)."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from app.sandbox.salesforce.describe import MERGEABLE
from app.sandbox.salesforce.errors import SalesforceError
from app.sandbox.salesforce.org import Org
from app.sandbox.salesforce.pubsub.change import RowChange
from app.sandbox.salesforce.saving import Saver
from app.sandbox.salesforce.schema import SObject
from app.sandbox.salesforce.store import quoted
from app.sandbox.salesforce.values import stamp

_MOST_LOSERS = 2
_NOT_FIELDS = frozenset({"attributes", "Id"})
Json = dict[str, Any]


def merged(org: Org, master: Mapping[str, Any], losers: Sequence[str]) -> Json:
    """Merge up to two rows into a master, a REST record whose other fields are saved too.

    All of it or nothing is done; the result says what, or why not.
    """
    merger = _Merger(org)
    try:
        with org.store.write() as connection:
            done = merger.run(connection, master, losers)
    except SalesforceError as error:
        done = {"id": master.get("Id", ""), "mergedRecordIds": [], "success": False}
        return {"errors": [error.row()], **done, "updatedRelatedIds": []}
    return {"errors": [], **done}


class _Merger:
    """One merge, all at the same moment."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._now = stamp(org.clock.now())

    def run(
        self, connection: sqlite3.Connection, master: Mapping[str, Any], losers: Sequence[str]
    ) -> Json:
        saver = Saver(self._org, connection)
        sobject = self._sobject(master, losers)
        own = saver.existing(sobject, str(master.get("Id", "")))
        gone = [saver.existing(sobject, each) for each in losers]
        if own in gone or len(set(gone)) != len(gone):
            raise _refused("A record can be merged once, and not into itself.")
        moved = [
            each for loser in gone for each in self._take_over(connection, sobject, loser, own)
        ]
        fields = {name: each for name, each in master.items() if name not in _NOT_FIELDS}
        saver.update(sobject, own, fields)
        for loser in gone:
            saver.delete(sobject, loser)
        return {"id": own, "mergedRecordIds": gone, "success": True, "updatedRelatedIds": moved}

    def _sobject(self, master: Mapping[str, Any], losers: Sequence[str]) -> SObject:
        name = str(master.get("attributes", {}).get("type", ""))
        sobject = self._org.schema.find(name)
        if sobject is None or sobject.name not in MERGEABLE:
            raise SalesforceError("INVALID_TYPE", f"{name} records cannot be merged", fields=[])
        if not 1 <= len(losers) <= _MOST_LOSERS:
            raise _refused(f"One or {_MOST_LOSERS} records can be merged into another.")
        return sobject

    def _take_over(
        self, connection: sqlite3.Connection, sobject: SObject, loser: str, master: str
    ) -> list[str]:
        moved = []
        for child in self._org.schema.children(sobject):
            table, column = quoted(child.sobject.name), quoted(child.field.name)
            where = f"{column} = ? AND IsDeleted = 0"
            rows = connection.execute(
                f"SELECT Id FROM {table} WHERE {where} ORDER BY seq", (loser,)
            )
            ids = [each[0] for each in rows.fetchall()]
            connection.execute(
                f"UPDATE {table} SET {column} = ?, LastModifiedDate = ?, LastModifiedById = ?, "
                f"SystemModstamp = ? WHERE {where}",
                (master, self._now, self._org.user_id, self._now, loser),
            )
            for each in ids:
                held = {child.field.name: master}
                self._org.store.note(RowChange(child.sobject, each, "UPDATE", held))
            moved += ids
        return moved


def _refused(message: str) -> SalesforceError:
    return SalesforceError("MERGE_FAILED", message, fields=[])
