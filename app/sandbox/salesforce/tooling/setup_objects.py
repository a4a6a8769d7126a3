"""Setup as ordinary records: permission sets and what they grant, reports, dashboards (§18)."""

from dataclasses import replace
from typing import Any

from app.sandbox.salesforce.definitions import sobject_from
from app.sandbox.salesforce.schema import SObject

Entry = dict[str, Any]


def _text(name: str, label: str, length: int = 80, **more: Any) -> Entry:
    return {"name": name, "label": label, "type": "string", "length": length, **more}


def _flag(name: str, label: str, **more: Any) -> Entry:
    return {"name": name, "label": label, "type": "boolean", **more}


def _parent(name: str, label: str, to: str, children: str | None, **more: Any) -> Entry:
    relationship = name.removesuffix("Id")
    entry = {"name": name, "label": label, "type": "reference", "to": [to], "required": True}
    return {**entry, "relationship": relationship, "children": children, "fixed": True, **more}


_NAMED = {"label": "Name", "length": 80}
_LICENSED = (
    _text("MasterLabel", "Master Label", 40),
    _text("Status", "Status", 40),
    {"name": "TotalLicenses", "label": "Total Licenses", "type": "int"},
    {"name": "UsedLicenses", "label": "Used Licenses", "type": "int"},
)
_OBJECT_RIGHTS = ("Read", "Create", "Edit", "Delete", "ViewAllRecords", "ModifyAllRecords")
_NOTIFIED = (
    "IsActive",
    *(f"NotifyForOperation{each}" for each in ("Create", "Update", "Delete", "Undelete")),
)
_ENTRIES: tuple[Entry, ...] = (
    {
        "name": "UserLicense", "label": "User License", "plural": "User Licenses", "prefix": "100",
        "writable": False, "name_field": _NAMED,
        "fields": [_text("LicenseDefinitionKey", "License Def. ID", 40), *_LICENSED],
    },
    {
        "name": "PackageLicense", "label": "Package License", "plural": "Package Licenses",
        "prefix": "050", "writable": False, "name_field": None,
        "fields": [
            _text("NamespacePrefix", "Namespace Prefix", 15),
            {"name": "AllowedLicenses", "label": "Allowed Licenses", "type": "int"},
            *_LICENSED[1::2],
            {"name": "ExpirationDate", "label": "Expiration Date", "type": "datetime"},
        ],
    },
    {
        "name": "PermissionSetLicense", "label": "Permission Set License",
        "plural": "Permission Set Licenses", "prefix": "0PL", "writable": False,
        "name_field": None,
        "fields": [
            _text("DeveloperName", "Permission Set License Name"),
            _text("PermissionSetLicenseKey", "Permission Set License Key", 40),
            *_LICENSED,
            {"name": "ExpirationDate", "label": "Expiration Date", "type": "date"},
        ],
    },
    {
        "name": "Profile", "label": "Profile", "plural": "Profiles", "prefix": "00e",
        "writable": False, "name_field": _NAMED,
        "fields": [_text("Description", "Description", 255), _text("UserType", "User Type", 40),
                   _parent("UserLicenseId", "User License ID", "UserLicense", None,
                           required=False)],
    },
    {
        "name": "PermissionSet", "label": "Permission Set", "plural": "Permission Sets",
        "prefix": "0PS", "name_field": {"label": "Permission Set Name", "length": 80},
        "fields": [
            _text("Label", "Permission Set Label", required=True),
            _text("Description", "Description", 255),
            _flag("HasActivationRequired", "Session Activation Required"),
            _flag("IsOwnedByProfile", "Is Owned By Profile", writable=False),
            _flag("IsCustom", "Is Custom", writable=False),
            _text("NamespacePrefix", "Namespace Prefix", 15, writable=False),
            _text("Type", "Type", 40, writable=False),
            _parent("ProfileId", "Profile ID", "Profile", "PermissionSets", required=False,
                    writable=False),
        ],
    },
    {
        "name": "PermissionSetGroup", "label": "Permission Set Group",
        "plural": "Permission Set Groups", "prefix": "0PG", "writable": False,
        "name_field": None,
        "fields": [
            _text("DeveloperName", "API Name"),
            _text("MasterLabel", "Label"),
            _text("Description", "Description", 255),
            _text("Status", "Status", 40),
        ],
    },
    {
        "name": "PermissionSetAssignment", "label": "Permission Set Assignment",
        "plural": "Permission Set Assignments", "prefix": "0Pa", "name_field": None,
        "fields": [
            _parent("PermissionSetId", "PermissionSet ID", "PermissionSet", "Assignments"),
            _parent("PermissionSetGroupId", "Permission Set Group ID", "PermissionSetGroup",
                    "Assignments", required=False),
            _parent("AssigneeId", "Assignee ID", "User", "PermissionSetAssignments"),
            _flag("IsActive", "Is Active", writable=False),
        ],
    },
    {
        "name": "ObjectPermissions", "label": "Object Permissions",
        "plural": "Object Permissions", "prefix": "110", "name_field": None,
        "fields": [
            _parent("ParentId", "Parent ID", "PermissionSet", "ObjectPerms"),
            _text("SobjectType", "SObject Type Name", 255, required=True, fixed=True),
            *(_flag(f"Permissions{each}", f"{each} Records") for each in _OBJECT_RIGHTS),
        ],
    },
    {
        "name": "FieldPermissions", "label": "Field Permissions",
        "plural": "Field Permissions", "prefix": "01k", "name_field": None,
        "fields": [
            _parent("ParentId", "Parent ID", "PermissionSet", "FieldPerms"),
            _text("SobjectType", "SObject Type Name", 255, required=True, fixed=True),
            _text("Field", "Field Name", 255, required=True, fixed=True),
            _flag("PermissionsRead", "Read Field"),
            _flag("PermissionsEdit", "Edit Field"),
        ],
    },
    {
        "name": "SetupEntityAccess", "label": "Setup Entity Access",
        "plural": "Setup Entity Access", "prefix": "0J0", "name_field": None,
        "fields": [
            _parent("ParentId", "Parent ID", "PermissionSet", "SetupEntityAccessItems"),
            _text("SetupEntityId", "Setup Entity ID", 18, required=True, fixed=True),
            _text("SetupEntityType", "Setup Entity Type", 40, writable=False),
        ],
    },
    {
        "name": "Folder", "label": "Folder", "plural": "Folders", "prefix": "00l",
        "writable": False, "name_field": _NAMED,
        "fields": [_text("DeveloperName", "Folder Unique Name"), _text("Type", "Folder Type", 40),
                   _text("AccessType", "Access Type", 40)],
    },
    {
        "name": "Report", "label": "Report", "plural": "Reports", "prefix": "00O",
        "writable": False, "name_field": _NAMED,
        "fields": [_text("DeveloperName", "Report Unique Name"),
                   _text("FolderName", "Folder Name", 255), _text("Format", "Format", 40),
                   _text("Description", "Description", 255)],
    },
    {
        "name": "Dashboard", "label": "Dashboard", "plural": "Dashboards", "prefix": "01Z",
        "writable": False, "name_field": {"label": "Title", "length": 80},
        "fields": [_text("Title", "Title", 80), _text("DeveloperName", "Dashboard Unique Name"),
                   _text("FolderName", "Folder Name", 255),
                   _text("FolderId", "Folder ID", 18), _text("Description", "Description", 255)],
    },
    {
        "name": "PushTopic", "label": "Push Topic", "plural": "Push Topics", "prefix": "0IF",
        "name_field": {"label": "Topic Name", "length": 25},
        "fields": [
            {"name": "Query", "label": "SOQL Query", "type": "textarea", "length": 1300,
             "required": True},
            {"name": "ApiVersion", "label": "API Version", "type": "double", "precision": 18,
             "scale": 1, "required": True},
            _text("Description", "Description", 400),
            {"name": "NotifyForFields", "label": "Notify For Fields", "type": "picklist",
             "values": ["Referenced", "All", "Select", "Where"], "default": "Referenced"},
            *(_flag(each, each, default=1) for each in _NOTIFIED),
        ],
    },
)  # fmt: skip

PERMISSION_OBJECTS = frozenset(
    {"PermissionSet", "PermissionSetAssignment", "ObjectPermissions", "FieldPermissions"}
)


def setup_objects() -> list[SObject]:
    """Return the sObjects of Setup that the org shows as ordinary ones, parents first."""
    return [_made(entry) for entry in _ENTRIES]


def _made(entry: Entry) -> SObject:
    named = entry["name_field"] or _NAMED
    made = sobject_from({"owner": False, **entry, "name_field": named}, entry["prefix"])
    fields = [
        replace(each, cascade=bool(each.children) and each.createable) for each in made.fields
    ]
    if entry["name_field"] is None:
        fields = [each for each in fields if not each.name_field]
    return replace(made, fields=tuple(fields))
