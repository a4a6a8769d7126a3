"""Saves of single rows, checked and refused as the real thing does (salesforce.md §3.4, §6)."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.sandbox.salesforce import standard
from app.sandbox.salesforce.errors import (
    InjectedRowError,
    RequestError,
    SalesforceError,
    SeveralMatchesError,
    not_found,
)
from app.sandbox.salesforce.ids import normalized
from app.sandbox.salesforce.org import Org
from app.sandbox.salesforce.pubsub.change import RowChange
from app.sandbox.salesforce.save_shapes import SaveShapes
from app.sandbox.salesforce.schema import Field, SObject
from app.sandbox.salesforce.standard.rows import Rows, Save
from app.sandbox.salesforce.store import quoted
from app.sandbox.salesforce.tooling import permission_rows
from app.sandbox.salesforce.values import Stored, stamp, stored
from app.sandbox.wire import RowFault

Values = dict[str, Stored]


@dataclass(frozen=True, slots=True)
class Saved:
    """What an upsert did."""

    record_id: str
    created: bool


class Saver:
    """Saves rows within one transaction, all at the same moment."""

    def __init__(
        self,
        org: Org,
        connection: sqlite3.Connection,
        fault: RowFault | None = None,
        at: datetime | None = None,
    ) -> None:
        self._org = org
        self._connection = connection
        self._fault = fault
        self._now = stamp(at or org.clock.now())
        self._rows = Rows(connection, org.user_id, self._now)
        self._shapes = SaveShapes(org.schema)
        self._fixed: dict[str, Values] = {}  # what an insert that says nothing else stores
        self._unused: set[tuple[str, str]] = set()  # lookups that no row uses, until one is saved

    def insert(self, sobject: SObject, body: Mapping[str, Any]) -> str:
        """Insert a row and return its id.

        Raises:
            SalesforceError: The row is refused.
            RequestError: The whole request is: an unknown field, or JSON of the wrong type.
        """
        self._inject()
        return self._insert(sobject, self._values(sobject, body))

    def update(self, sobject: SObject, record_id: str, body: Mapping[str, Any]) -> None:
        """Change the named fields of a row; raises as insert does."""
        self._inject()
        self._update(sobject, self.existing(sobject, record_id), self._values(sobject, body))

    def upsert(self, sobject: SObject, key: Field, value: object, body: Mapping[str, Any]) -> Saved:
        """Insert or update the row whose external id `key` is `value`; raises as insert does."""
        self._inject()
        return self._upsert(sobject, key, value, self._values(sobject, body))

    def _upsert(self, sobject: SObject, key: Field, value: object, values: Values) -> Saved:
        if key.name == "Id":
            if value:
                self._update(sobject, found := self.existing(sobject, str(value)), values)
                return Saved(found, created=False)
            return Saved(self._insert(sobject, values), created=True)
        kept = stored(key, value)
        if kept is None:
            raise SalesforceError("MISSING_ARGUMENT", f"{key.name} not specified", fields=[])
        matches = self.matches(sobject, key, kept)
        if len(matches) > 1:
            raise SeveralMatchesError(matches)
        if matches:
            self._update(sobject, matches[0], values)
            return Saved(matches[0], created=False)
        values = {**values, key.name: kept}
        return Saved(self._insert(sobject, values, free=key), created=True)

    def delete(self, sobject: SObject, record_id: str) -> None:
        """Put a row into the recycle bin; lookups that led to it become empty."""
        self._inject()
        found = self.existing(sobject, record_id)
        if not sobject.writable:
            raise _forbidden(sobject)
        permission_rows.note_change(self._org.schema, sobject)
        standard.deleting(sobject.name, self._rows, found)
        for child in self._shapes.lookups_to(sobject):
            self._release(child.sobject, child.field, found)
        self._connection.execute(
            f"UPDATE {quoted(sobject.name)} SET IsDeleted = 1, deleted_at = ?, "
            "LastModifiedDate = ?, LastModifiedById = ?, SystemModstamp = ? WHERE Id = ?",
            (self._now, self._now, self._org.user_id, self._now, found),
        )
        self._org.store.note(RowChange(sobject, found, "DELETE"))
        if standard.deleted(sobject.name, self._rows, found):
            self.erase(sobject, found)

    def erase(self, sobject: SObject, record_id: str) -> None:
        """Take a deleted row out of the recycle bin too."""
        table = quoted(sobject.name)
        self._connection.execute(f"DELETE FROM {table} WHERE Id = ?", (record_id,))

    def _release(self, sobject: SObject, lookup: Field, parent_id: str) -> None:
        column = quoted(lookup.name)
        if not self._is_used(sobject, lookup):
            return
        rows = f"{quoted(sobject.name)} {{}} WHERE {column} = ? AND IsDeleted = 0"
        if lookup.cascade:
            ids = self._connection.execute("SELECT Id FROM " + rows.format(""), (parent_id,))
            for (child_id,) in ids.fetchall():
                self.delete(sobject, child_id)
        elif lookup.nillable and not lookup.restrict:
            self._connection.execute(
                "UPDATE " + rows.format(f"SET {column} = NULL, SystemModstamp = ?"),
                (self._now, parent_id),
            )
        elif self._connection.execute("SELECT 1 FROM " + rows.format(""), (parent_id,)).fetchone():
            message = f"Your attempt to delete the record failed: {sobject.plural} refer to it."
            raise SalesforceError("DELETE_FAILED", message, fields=[])

    def _is_used(self, sobject: SObject, lookup: Field) -> bool:
        """Tell whether any row leads anywhere by a lookup: most do not, and deletes are many."""
        name = (sobject.name, lookup.name)
        if name in self._unused:
            return False
        rows = f"SELECT 1 FROM {quoted(sobject.name)} WHERE {quoted(lookup.name)} > '' LIMIT 1"
        if self._connection.execute(rows).fetchone() is None:
            self._unused.add(name)
        return name not in self._unused

    def matches(self, sobject: SObject, key: Field, value: Stored) -> list[str]:
        """Return the ids of the live rows whose field has a stored value, oldest first."""
        rows = self._connection.execute(
            f"SELECT Id FROM {quoted(sobject.name)} WHERE {quoted(key.name)} = ? AND IsDeleted = 0 "
            "ORDER BY seq",
            (value,),
        )
        return [row[0] for row in rows]

    def existing(self, sobject: SObject, text: str) -> str:
        """Return the 18-character id of a live row of this sObject.

        Raises:
            SalesforceError: It is no id, an id of something else, unknown, or deleted.
        """
        found = normalized(text)
        if found is None:
            raise SalesforceError("MALFORMED_ID", f"malformed id {text}", fields=["Id"])
        if found[:3] != sobject.prefix:
            message = f"{sobject.label} ID: id value of incorrect type: {text}"
            raise SalesforceError("MALFORMED_ID", message, fields=["Id"])
        self._check_alive(sobject, found)
        return found

    def _check_alive(self, sobject: SObject, record_id: str) -> None:
        row = self._connection.execute(
            f"SELECT IsDeleted FROM {quoted(sobject.name)} WHERE Id = ?", (record_id,)
        ).fetchone()
        if row is None:
            message = "invalid cross reference id"
            raise SalesforceError("INVALID_CROSS_REFERENCE_KEY", message, fields=[])
        if row[0]:
            raise SalesforceError("ENTITY_IS_DELETED", "entity is deleted", fields=[], status=404)

    def _inject(self) -> None:
        error = self._fault.error_for_next_row() if self._fault is not None else None
        if error is not None:
            raise InjectedRowError(error)

    def _values(self, sobject: SObject, body: Mapping[str, Any]) -> Values:
        targets = self._shapes.targets(sobject, tuple(body))
        return {
            target.field.name: self._parent_id(target.field, name, body[name])
            if target.by_key
            else stored(target.field, body[name])
            for name, target in targets.items()
        }

    def _parent_id(self, lookup: Field, name: str, value: object) -> Stored:
        """Return the id of the parent that a body names by external id (salesforce.md §6)."""
        if value is None:
            return None
        parent = self._org.schema.target(lookup)
        if not isinstance(value, Mapping):
            raise _bad_parent(name)
        wishes = {key: each for key, each in value.items() if key != "attributes"}
        if len(wishes) != 1:
            raise _bad_parent(name)
        ((key_name, wish),) = wishes.items()
        key = self._org.schema.visible(parent, key_name)
        if key is None or not key.id_lookup:
            message = f"{key_name} is not an External ID or indexed field for {parent.name}"
            raise RequestError("INVALID_FIELD", message)
        found = self.matches(parent, key, stored(key, wish))
        if len(found) == 1:
            return found[0]
        many = f"{name}: more than one record found for external id field {key.name}: {wish}"
        none = (
            f"Foreign key external ID: {str(wish).lower() if not key.case_sensitive else wish} "
            f"not found for field {key.name} in entity {parent.name}"
        )
        code = "DUPLICATE_EXTERNAL_ID" if found else "INVALID_FIELD"
        raise SalesforceError(code, many if found else none, fields=[])

    def _insert(self, sobject: SObject, values: Values, free: Field | None = None) -> str:
        """Insert a row; no other has its value of the field `free`."""
        if not sobject.writable:
            raise _forbidden(sobject)
        _refuse_closed(self._shapes.of_insert(sobject, tuple(values)).closed)
        values = standard.prepared(sobject.name, Save(self._rows, values, {}))
        _refuse_missing([n for n in sobject.required if values.get(n) is None])
        checked = self._shapes.of_insert(sobject, tuple(values)).checked
        self._check_rows(sobject, values, [each for each in checked if each is not free], "")
        permission_rows.check_row(self._org.schema, self._connection, sobject, values)
        record_id = self._org.ids.next(sobject.prefix)
        row = {**self._defaults(sobject, record_id), **values}
        self._write_new(sobject, row)
        self._derive(sobject, record_id)
        standard.saved(sobject.name, self._rows, record_id)
        held = {name: value for name, value in row.items() if value is not None}
        self._org.store.note(RowChange(sobject, record_id, "CREATE", held))
        return record_id

    def _write_new(self, sobject: SObject, row: Values) -> None:
        self._unused.clear()
        sql = self._shapes.insert_sql(sobject, tuple(row))
        self._connection.execute(sql, tuple(row.values()))

    def place(self, sobject: SObject, row: Values) -> None:
        """Write a row of the system itself, which no client may save; system fields are added."""
        record_id = str(row["Id"])
        self._write_new(sobject, {**self._defaults(sobject, record_id), **row})

    def _defaults(self, sobject: SObject, record_id: str) -> Values:
        fixed = self._fixed.get(sobject.name)
        if fixed is None:
            fixed = self._fixed[sobject.name] = self._fixed_of(sobject)
        row = {**fixed, "Id": record_id}
        for each in sobject.numbered:
            row[each.name] = self._org.numbers.next(sobject, each)
        return row

    def _fixed_of(self, sobject: SObject) -> Values:
        user, now = self._org.user_id, self._now
        row: Values = {each.name: 0 for each in sobject.fields if each.type == "boolean"}
        row |= {each.name: each.default for each in sobject.fields if each.default is not None}
        row |= {"CreatedDate": now, "LastModifiedDate": now}
        row |= {"SystemModstamp": now, "CreatedById": user, "LastModifiedById": user}
        if "ownerid" in sobject.by_name:
            row["OwnerId"] = user
        return row

    def _update(self, sobject: SObject, record_id: str, values: Values) -> None:
        if not sobject.writable:
            raise _forbidden(sobject)
        shape = self._shapes.of_update(sobject, tuple(values))
        _refuse_closed(shape.closed)
        _refuse_missing([name for name in shape.filled if values[name] is None])
        self._check_rows(sobject, values, shape.checked, record_id)
        if standard.has_rules(sobject.name):
            old = self._rows.row(sobject.name, record_id)
            values = standard.prepared(sobject.name, Save(self._rows, values, old))
        permission_rows.note_change(self._org.schema, sobject)
        changes: Values = {**values, "LastModifiedDate": self._now, "SystemModstamp": self._now}
        changes["LastModifiedById"] = self._org.user_id
        before = self._held(sobject, record_id, list(changes))
        self._unused.clear()
        names = ", ".join(f"{quoted(name)} = ?" for name in changes)
        self._connection.execute(
            f"UPDATE {quoted(sobject.name)} SET {names} WHERE Id = ?",
            (*changes.values(), record_id),
        )
        self._derive(sobject, record_id)
        standard.saved(sobject.name, self._rows, record_id)
        before["LastModifiedDate"] = None  # another one always, if only by less than a second
        other = {name: value for name, value in changes.items() if before[name] != value}
        self._org.store.note(RowChange(sobject, record_id, "UPDATE", other))

    def _held(self, sobject: SObject, record_id: str, names: list[str]) -> Values:
        """Return what a row holds in some fields."""
        columns = ", ".join(quoted(name) for name in names)
        row = self._connection.execute(
            f"SELECT {columns} FROM {quoted(sobject.name)} WHERE Id = ?", (record_id,)
        ).fetchone()
        return dict(zip(names, row, strict=True))

    def _check_rows(
        self, sobject: SObject, values: Values, fields: Sequence[Field], own_id: str
    ) -> None:
        for field in fields:
            value = values[field.name]
            if value is None:
                continue
            if field.type == "reference":
                self._check_parent(field, str(value))
            else:
                self._check_unique(sobject, field, value, own_id)

    def _check_parent(self, lookup: Field, record_id: str) -> None:
        parent = self._org.schema.target(lookup)
        if record_id[:3] != parent.prefix:
            message = f"{lookup.label}: id value of incorrect type: {record_id}"
            raise SalesforceError("MALFORMED_ID", message, fields=[lookup.name])
        self._check_alive(parent, record_id)

    def check_keys(self, sobject: SObject, values: Values, own_id: str) -> None:
        """Refuse values of unique fields that another live row has (DUPLICATE_VALUE)."""
        self._check_rows(sobject, values, [e for e in sobject.fields if e.unique], own_id)

    def _check_unique(self, sobject: SObject, field: Field, value: Stored, own_id: str) -> None:
        others = [each for each in self.matches(sobject, field, value) if each != own_id]
        if others:
            message = (
                f"duplicate value found: {field.name} duplicates value on record with id: "
                f"{others[0][:15]}"
            )
            raise SalesforceError("DUPLICATE_VALUE", message, fields=[])

    def _derive(self, sobject: SObject, record_id: str) -> None:
        """Let the fields follow that the system works out from others."""
        if sobject.name in _DERIVED:
            self._connection.execute(_DERIVED[sobject.name], (record_id,))


_ENTRY_FOLLOWS = (
    "UPDATE PricebookEntry SET (Name, ProductCode) = "
    "(SELECT Name, ProductCode FROM Product2 p WHERE p.Id = Product2Id) WHERE {} = ?"
)
_DERIVED = {
    "Contact": "UPDATE Contact SET Name = ltrim(coalesce(FirstName, '') || ' ' || LastName) "
    "WHERE Id = ?",
    "PricebookEntry": _ENTRY_FOLLOWS.format("Id"),
    "Product2": _ENTRY_FOLLOWS.format("Product2Id"),
}


def _refuse_closed(names: Sequence[str]) -> None:
    if names:
        message = (
            f"Unable to create/update fields: {', '.join(names)}. Please check the security "
            "settings of this field and verify that it is read/write for your profile or "
            "permission set."
        )
        raise SalesforceError("INVALID_FIELD_FOR_INSERT_UPDATE", message, fields=list(names))


def _refuse_missing(names: list[str]) -> None:
    if names:
        message = f"Required fields are missing: [{', '.join(names)}]"
        raise SalesforceError("REQUIRED_FIELD_MISSING", message, fields=names)


def _bad_parent(name: str) -> RequestError:
    message = f"{name}: a parent is named by one external id field"
    return RequestError("JSON_PARSER_ERROR", message)


def _forbidden(sobject: SObject) -> SalesforceError:
    message = f"entity type {sobject.name} does not support this operation"
    return SalesforceError("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message, fields=[])


def sobject_named(org: Org, name: str) -> SObject:
    """Return an sObject by name, or raise the 404 of an address that leads nowhere."""
    found = org.schema.find(name)
    if found is None:
        raise not_found()
    return found


def external_id(org: Org, sobject: SObject, name: str) -> Field:
    """Return a field that may be used to find rows, or raise the 404 of one that may not."""
    found = org.schema.visible(sobject, name)
    if found is None or not found.id_lookup:
        raise not_found(f"Provided external ID field does not exist or is not accessible: {name}")
    return found
