"""Permission sets as rows: what may be saved, and what the rows let the user see (§18)."""

import sqlite3
from collections.abc import Mapping
from typing import TYPE_CHECKING

from app.sandbox.salesforce.errors import SalesforceError
from app.sandbox.salesforce.schema import Field, Schema, SObject
from app.sandbox.salesforce.tooling.setup_objects import PERMISSION_OBJECTS

if TYPE_CHECKING:
    from app.sandbox.salesforce.org import Org

Values = Mapping[str, str | int | None]

_OF_USER = (
    "SELECT f.Field, f.PermissionsRead, f.PermissionsEdit FROM FieldPermissions f "
    "JOIN PermissionSetAssignment a ON a.PermissionSetId = f.ParentId AND a.IsDeleted = 0 "
    "WHERE a.AssigneeId = ? AND f.IsDeleted = 0"
)
_KEYS = {
    "FieldPermissions": ("ParentId", "SobjectType", "Field"),
    "ObjectPermissions": ("ParentId", "SobjectType"),
    "PermissionSetAssignment": ("AssigneeId", "PermissionSetId"),
    "PermissionSet": ("Name",),
}


def renew(org: "Org") -> None:
    """Let the user see what the rows grant, if any were saved since this was last done."""
    if not org.schema.grants_changed:
        return
    inside = org.store.in_own_transaction
    with org.store.read() as connection:
        grant(org.schema, connection, org.user_id)
    # what is not committed yet may still be rolled back, and then has to be read again
    org.schema.grants_changed = inside


def grant(schema: Schema, connection: sqlite3.Connection, user_id: str) -> None:
    """Read from the rows what the user may see and write."""
    readable: set[tuple[str, str]] = set()
    editable: set[tuple[str, str]] = set()
    for name, read, edit in connection.execute(_OF_USER, (user_id,)):
        key = _key(schema, name)
        if key is not None and read:
            readable.add(key)
        if key is not None and edit:
            editable.add(key)
    schema.grant(readable, editable)


def _key(schema: Schema, full_name: str) -> tuple[str, str] | None:
    owner, _, name = full_name.partition(".")
    sobject = schema.find(owner)
    field = sobject.by_name.get(name.lower()) if sobject is not None else None
    return (sobject.name, field.name) if sobject is not None and field is not None else None


def note_change(schema: Schema, sobject: SObject) -> None:
    """Remember that a permission row was changed or deleted; other rows mean nothing here."""
    if sobject.name in PERMISSION_OBJECTS:
        schema.grants_changed = True


def check_row(
    schema: Schema, connection: sqlite3.Connection, sobject: SObject, values: Values
) -> None:
    """Check a permission row that is about to be inserted; other rows pass.

    Raises:
        SalesforceError: It grants what there is not or cannot be granted, or is there already.
    """
    if sobject.name not in PERMISSION_OBJECTS:
        return
    schema.grants_changed = True
    if sobject.name in {"FieldPermissions", "ObjectPermissions"}:
        _check_object(schema, values)
    if sobject.name == "FieldPermissions":
        _check_field(schema, str(values.get("Field")), values)
    _check_new(connection, sobject, values)


def _check_object(schema: Schema, values: Values) -> None:
    name = str(values.get("SobjectType"))
    if schema.find(name) is None:
        message = f"SObject Type Name: bad value for restricted picklist field: {name}"
        code = "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
        raise SalesforceError(code, message, fields=["SobjectType"])


def _check_field(schema: Schema, name: str, values: Values) -> None:
    key = _key(schema, name)
    if key is None or key[0].lower() != str(values.get("SobjectType")).lower():
        message = f"Field Name: bad value for restricted picklist field: {name}"
        code = "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
        raise SalesforceError(code, message, fields=["Field"])
    sobject = schema.find(key[0])
    field = sobject.by_name[key[1].lower()] if sobject is not None else None
    if field is not None and not _grantable(field):
        message = f"Cannot set field-level security on a required field: {name}"
        raise SalesforceError("FIELD_INTEGRITY_EXCEPTION", message, fields=["Field"])
    if values.get("PermissionsEdit") and not values.get("PermissionsRead"):
        message = f"Permission Edit {name} depends on permission(s): Read {name}"
        raise SalesforceError("FIELD_INTEGRITY_EXCEPTION", message, fields=["PermissionsRead"])


def _grantable(field: Field) -> bool:
    return field.nillable or field.type == "boolean"


def _check_new(connection: sqlite3.Connection, sobject: SObject, values: Values) -> None:
    names = _KEYS[sobject.name]
    condition = " AND ".join(f'"{name}" = ?' for name in names)
    row = connection.execute(
        f'SELECT Id FROM "{sobject.name}" WHERE {condition} AND IsDeleted = 0',
        tuple(values.get(name) for name in names),
    ).fetchone()
    if row is not None:
        message = f"duplicate value found: <unknown> duplicates value on record with id: {row[0]}"
        if sobject.name == "PermissionSetAssignment":
            who, what = values.get("AssigneeId"), values.get("PermissionSetId")
            message = f"Duplicate PermissionSetAssignment. Assignee: {who}; Permission Set: {what}"
        raise SalesforceError("DUPLICATE_VALUE", message, fields=[])
