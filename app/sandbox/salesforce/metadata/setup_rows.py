"""The rows that follow what was deployed: permission sets with their grants, reports, folders."""

import sqlite3
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from app.sandbox.salesforce.metadata.permission_sets import OBJECT_FLAGS
from app.sandbox.salesforce.metadata.shelf import Held, Shelf
from app.sandbox.salesforce.metadata.xml_tree import Node
from app.sandbox.salesforce.saving import Saver

if TYPE_CHECKING:
    from app.sandbox.salesforce.org import Org

Row = Mapping[str, str | int | None]
_ADMIN = "System Administrator"
_LICENSE, _LICENSES = "Salesforce", 4
_FOLDER_TYPES = {"Report": "Report", "Dashboard": "Dashboard"}


class SetupRows:
    """Writes rows of Setup in a transaction that is under way."""

    def __init__(self, org: "Org", connection: sqlite3.Connection) -> None:
        self._org = org
        self._connection = connection
        self._saver = Saver(org, connection)

    def _place(self, sobject_name: str, row: Row) -> None:
        sobject = self._org.schema.find(sobject_name)
        if sobject is not None:
            self._saver.place(sobject, dict(row))

    def place_own(self) -> None:
        """Give an org that has no rows yet its administrator's profile, and the user that."""
        ids, user = self._org.ids, self._org.user_id
        profile, permission_set = ids.next("00e"), ids.next("0PS")
        own: Row = {"UserType": "Standard", "UserLicenseId": self._place_license()}
        self._place("Profile", {"Id": profile, "Name": _ADMIN, **own})
        owned: Row = {
            "IsOwnedByProfile": 1,
            "ProfileId": profile,
            "Type": "Profile",
            "Label": profile,
        }
        named = {"Id": permission_set, "Name": f"X{profile[:15]}"}
        self._place("PermissionSet", {**named, **owned})
        both: Row = {"PermissionSetId": permission_set, "AssigneeId": user, "IsActive": 1}
        self._place("PermissionSetAssignment", {"Id": ids.next("0Pa"), **both})
        self._connection.execute('UPDATE "User" SET ProfileId = ? WHERE Id = ?', (profile, user))

    def _place_license(self) -> str:
        key = self._org.ids.next("100")
        named: Row = {"Name": _LICENSE, "MasterLabel": _LICENSE, "LicenseDefinitionKey": "SFDC"}
        counted: Row = {"Status": "Active", "TotalLicenses": _LICENSES, "UsedLicenses": 1}
        self._place("UserLicense", {"Id": key, **named, **counted})
        return key

    def follow(self, shelf: Shelf, sets: Iterable[str]) -> None:
        """Bring the rows in step with a shelf; of permission sets, with those named."""
        for name in sets:
            self._follow_set(name, shelf.find("PermissionSet", name))
        self._follow_reports(shelf)
        self._org.schema.grants_changed = True

    def _follow_set(self, name: str, held: Held | None) -> None:
        row = self._connection.execute(
            "SELECT Id FROM PermissionSet WHERE Name = ? AND IsDeleted = 0", (name,)
        ).fetchone()
        if row is not None:
            for table in ("FieldPermissions", "ObjectPermissions"):
                self._connection.execute(f"DELETE FROM {table} WHERE ParentId = ?", (row[0],))
        if held is None:
            self._drop_set(row)
            return
        node = held.node
        values: Row = {
            "Label": node.get("label"),
            "Description": node.get("description") or None,
            "HasActivationRequired": int(node.flag("hasActivationRequired")),
        }
        if row is None:
            fixed: Row = {"Id": held.id, "Name": held.full_name, "IsCustom": 1, "Type": "Regular"}
            self._place("PermissionSet", {**fixed, **values})
        else:
            self._connection.execute(
                "UPDATE PermissionSet SET Label = ?, Description = ?, HasActivationRequired = ? "
                "WHERE Id = ?",
                (*values.values(), row[0]),
            )
        self._grant(row[0] if row is not None else held.id, node)

    def _drop_set(self, row: tuple[str, ...] | None) -> None:
        if row is not None:
            sobject = self._org.schema.find("PermissionSet")
            if sobject is not None:
                self._saver.delete(sobject, row[0])

    def _grant(self, parent: str, node: Node) -> None:
        for each in node.all("objectPermissions"):
            rights = {column: int(each.flag(flag)) for flag, column in OBJECT_FLAGS.items()}
            sobject = self._org.schema.find(each.get("object"))
            name = sobject.name if sobject is not None else each.get("object")
            row = {"Id": self._org.ids.next("110"), "ParentId": parent, "SobjectType": name}
            self._place("ObjectPermissions", {**row, **rights})
        for each in node.all("fieldPermissions"):
            rights = {
                "PermissionsRead": int(each.flag("readable")),
                "PermissionsEdit": int(each.flag("editable")),
            }
            field = each.get("field")
            row = {"Id": self._org.ids.next("01k"), "ParentId": parent, "Field": field}
            self._place(
                "FieldPermissions", {**row, "SobjectType": field.partition(".")[0], **rights}
            )

    def _follow_reports(self, shelf: Shelf) -> None:
        for table in ("Folder", "Report", "Dashboard"):
            self._connection.execute(f'DELETE FROM "{table}"')
        for kind in ("Report", "Dashboard"):
            helds = shelf.of_kind(kind)
            for each in helds:
                if each.folder:
                    self._place("Folder", _folder_row(each))
            for each in helds:
                if not each.folder:
                    self._place(kind, _report_row(shelf, each))


def _folder_row(held: Held) -> Row:
    row = {"Id": held.id, "Name": held.node.get("name"), "DeveloperName": held.full_name}
    access = held.node.get("accessType") or "Public"
    return {**row, "Type": _FOLDER_TYPES[held.kind], "AccessType": access}


def _report_row(shelf: Shelf, held: Held) -> Row:
    folder_name, _, own = held.full_name.rpartition("/")
    folder = shelf.find(held.kind, folder_name)
    shown = folder.node.get("name") if folder is not None else "Public Reports"
    node = held.node
    row = {"Id": held.id, "DeveloperName": own, "FolderName": shown}
    row["Description"] = node.get("description")
    if held.kind == "Report":
        return {**row, "Name": node.get("name"), "Format": node.get("format")}
    title = node.get("title")
    return {**row, "Name": title, "Title": title, "FolderId": folder.id if folder else ""}


def place_own(org: "Org") -> None:
    """Give an org that has no rows yet its administrator's profile, and the user that."""
    with org.store.write() as connection:
        SetupRows(org, connection).place_own()
    org.schema.grants_changed = True
