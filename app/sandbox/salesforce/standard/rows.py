"""What a rule sees of the org's rows, and what it may set beside the row that is saved."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.sandbox.salesforce.errors import SalesforceError

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows within the save's transaction; numbers are units of a hundredth."""

    connection: sqlite3.Connection
    user_id: str
    now: str

    def row(self, table: str, record_id: object) -> Values:
        """Return a row by id, empty if there is none."""
        cursor = self.connection.execute(f'SELECT * FROM "{table}" WHERE Id = ?', (record_id,))
        found = cursor.fetchone()
        names = [column[0] for column in cursor.description]
        return dict(zip(names, found, strict=True)) if found is not None else {}

    def number(self, sql: str, *values: object) -> int:
        """Return the one number that a statement finds, 0 for none."""
        return int(self.connection.execute(sql, values).fetchone()[0] or 0)

    def set(self, table: str, record_id: object, values: Mapping[str, Any]) -> None:
        """Set fields that follow from others; SystemModstamp moves, LastModifiedDate does not."""
        changes = {**values, "SystemModstamp": self.now}
        names = ", ".join(f'"{name}" = ?' for name in changes)
        self.connection.execute(
            f'UPDATE "{table}" SET {names} WHERE Id = ?', (*changes.values(), record_id)
        )


@dataclass(frozen=True, slots=True)
class Save:
    """A save that is under way: what it says, and the row as it is (empty for an insert)."""

    rows: Rows
    values: Values
    before: Values

    @property
    def is_insert(self) -> bool:
        """Whether there is no row yet."""
        return not self.before

    def get(self, name: str) -> Any:
        """Return what a field will hold."""
        return self.values.get(name, self.before.get(name))

    def changes(self, name: str) -> bool:
        """Tell whether an update gives a field another value."""
        return not self.is_insert and name in self.values and self.values[name] != self.before[name]


def refused(code: str, message: str, *fields: str) -> SalesforceError:
    """Return the error of a rule that a row breaks."""
    return SalesforceError(code, message, fields=list(fields))
