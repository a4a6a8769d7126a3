"""What was deleted and not yet erased: taken out again, or erased for good (SOAP alone can)."""

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from app.sandbox.salesforce.errors import SalesforceError
from app.sandbox.salesforce.ids import normalized
from app.sandbox.salesforce.org import Org
from app.sandbox.salesforce.pubsub.change import RowChange
from app.sandbox.salesforce.saving import Saver
from app.sandbox.salesforce.schema import SObject
from app.sandbox.salesforce.store import quoted
from app.sandbox.salesforce.values import stamp

Json = dict[str, Any]
Work = Callable[["RecycleBin", SObject, str], None]


class RecycleBin:
    """The recycle bin within a transaction."""

    def __init__(self, org: Org, connection: sqlite3.Connection) -> None:
        self._org = org
        self._connection = connection
        self._saver = Saver(org, connection)

    def undelete(self, sobject: SObject, record_id: str) -> None:
        """Take a row out of the bin, with the details that went with it.

        Raises:
            SalesforceError: It is not in the bin, or another row has its key by now.
        """
        row = self._row(sobject, record_id)
        if row is None or not row["IsDeleted"]:
            message = "Entity is not in the recycle bin"
            raise SalesforceError("UNDELETE_FAILED", message, fields=[])
        values = {each.name: row[each.name] for each in sobject.fields}
        self._saver.check_keys(sobject, values, record_id)
        now = stamp(self._org.clock.now())
        self._connection.execute(
            f"UPDATE {quoted(sobject.name)} SET IsDeleted = 0, deleted_at = NULL, "
            "LastModifiedDate = ?, SystemModstamp = ? WHERE Id = ?",
            (now, now, record_id),
        )
        held = {name: each for name, each in values.items() if each is not None}
        self._org.store.note(RowChange(sobject, record_id, "UNDELETE", held))
        self._bring_back_details(sobject, record_id, str(row["deleted_at"]))

    def _bring_back_details(self, sobject: SObject, record_id: str, deleted_at: str) -> None:
        for child in self._org.schema.children(sobject):
            if child.field.cascade:
                rows = self._connection.execute(
                    f"SELECT Id FROM {quoted(child.sobject.name)} WHERE IsDeleted = 1 "
                    f"AND deleted_at = ? AND {quoted(child.field.name)} = ? ORDER BY seq",
                    (deleted_at, record_id),
                )
                for (child_id,) in rows.fetchall():
                    self.undelete(child.sobject, child_id)

    def erase(self, sobject: SObject, record_id: str) -> None:
        """Erase a row of the bin.

        Raises:
            SalesforceError: It is not there.
        """
        row = self._row(sobject, record_id)
        if row is None or not row["IsDeleted"]:
            message = "Invalid record id; no recycle bin entry found"
            raise SalesforceError("INVALID_ID_FIELD", message, fields=[])
        self._saver.erase(sobject, record_id)

    def _row(self, sobject: SObject, record_id: str) -> Mapping[str, Any] | None:
        found = self._connection.execute(
            f"SELECT * FROM {quoted(sobject.name)} WHERE Id = ?", (record_id,)
        )
        names = [each[0] for each in found.description]
        row = found.fetchone()
        return None if row is None else dict(zip(names, row, strict=True))


def worked(org: Org, work: Work, ids: list[str]) -> list[Json]:
    """Do a work on each row, all that can be; return what became of each, in their order."""
    return [_result(org, work, each) for each in ids]


def _result(org: Org, work: Work, text: str) -> Json:
    try:
        with org.store.write() as connection:
            sobject, record_id = _named(org, text)
            work(RecycleBin(org, connection), sobject, record_id)
    except SalesforceError as error:
        return {"success": False, "errors": [error.row()], "id": normalized(text)}
    return {"success": True, "errors": [], "id": record_id}


def _named(org: Org, text: str) -> tuple[SObject, str]:
    found = normalized(text)
    if found is None:
        raise SalesforceError("MALFORMED_ID", f"malformed id {text}", fields=["Id"])
    sobject = next((each for each in org.schema if each.prefix == found[:3]), None)
    if sobject is None or not sobject.writable:
        message = "invalid cross reference id"
        raise SalesforceError("INVALID_CROSS_REFERENCE_KEY", message, fields=[])
    return sobject, found
