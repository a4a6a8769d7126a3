"""The org's sObjects from resources/sandbox/salesforce_objects.json, completed by system fields."""

import json
from dataclasses import replace
from importlib.resources import files
from typing import Any

from app.sandbox.salesforce.schema import Field, SObject

_BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_NAME_LENGTH = 80


def load_sobjects() -> list[SObject]:
    """Return the standard objects, then the custom ones, in the order of the file."""
    text = files("resources.sandbox").joinpath("salesforce_objects.json").read_text("utf-8")
    document = json.loads(text)
    around = files("app.sandbox.salesforce.standard").joinpath("billing_objects.json")
    entries = [*document["standard"], *json.loads(around.read_text("utf-8"))]
    standard = [sobject_from(entry, entry["prefix"]) for entry in entries]
    custom = [
        sobject_from(entry, custom_prefix(number))
        for number, entry in enumerate(document["custom"])
    ]
    return standard + custom


def custom_prefix(number: int) -> str:
    """Return the key prefix of the n-th custom object, counted from 0: a00 for the first."""
    return "a" + _BASE36[number // len(_BASE36)] + _BASE36[number % len(_BASE36)]


def sobject_from(entry: dict[str, Any], prefix: str) -> SObject:
    """Return the sObject that an entry of the file describes."""
    custom = entry["name"].endswith("__c")
    fields = [*_leading_fields(entry), *(field_from(each) for each in entry["fields"])]
    writable = entry.get("writable", True)
    if not writable:
        fields = [replace(each, createable=False, updateable=False) for each in fields]
    return SObject(
        name=entry["name"],
        label=entry["label"],
        plural=entry["plural"],
        prefix=prefix,
        custom=custom,
        writable=writable,
        fields=(*fields, *_system_fields()),
    )


def field_from(entry: dict[str, Any]) -> Field:
    """Return the field that an entry of the file describes; booleans are never null."""
    kind = entry["type"]
    writable = entry.get("writable", True)
    boolean = kind == "boolean"
    return Field(
        name=entry["name"],
        label=entry["label"],
        type=kind,
        length=entry.get("length", 255 if kind == "picklist" else 18 if kind == "reference" else 0),
        precision=entry.get("precision", 0),
        scale=entry.get("scale", 0),
        digits=entry.get("digits", 0),
        custom=entry["name"].endswith("__c"),
        nillable=not boolean and not entry.get("required", False),
        createable=writable,
        updateable=writable and not entry.get("fixed", False),
        defaulted=boolean or "default" in entry,
        external_id=entry.get("external_id", False),
        unique=entry.get("unique", False),
        case_sensitive=entry.get("case_sensitive", False),
        id_lookup=entry.get("external_id", False) or entry.get("id_lookup", False),
        reference_to=tuple(entry.get("to", ())),
        relationship=entry.get("relationship"),
        children=entry.get("children"),
        values=tuple(entry.get("values", ())),
        restricted=entry.get("restricted", False),
        auto_number=entry.get("format", ""),
        default=entry.get("default"),
        cascade=entry.get("cascade", False),
    )


def _fixed(field: Field) -> Field:
    """Return a field that the system sets and nobody writes."""
    return replace(field, nillable=False, createable=False, updateable=False, defaulted=True)


def _user(name: str, label: str, relationship: str) -> Field:
    return Field(name, label, "reference", 18, reference_to=("User",), relationship=relationship)


def _leading_fields(entry: dict[str, Any]) -> list[Field]:
    identity = _fixed(Field("Id", "Record ID", "id", 18, id_lookup=True))
    deleted = _fixed(Field("IsDeleted", "Deleted", "boolean"))
    owner = replace(
        _user("OwnerId", "Owner ID", "Owner"),
        nillable=False,
        defaulted=True,
        reference_to=("Group", "User"),
    )
    owned = [owner] if entry.get("owner", True) else []
    return [identity, *owned, deleted, _name_field(entry)]


def _name_field(entry: dict[str, Any]) -> Field:
    wish = entry["name_field"]
    auto = wish.get("format", "")
    writable = wish.get("writable", True) and not auto and not wish.get("compound", False)
    return Field(
        wish.get("name", "Name"),
        wish["label"],
        "string",
        wish.get("length", _NAME_LENGTH),
        nillable=False,
        createable=writable,
        updateable=writable,
        defaulted=bool(auto),
        name_field=True,
        id_lookup=wish.get("id_lookup", False),
        auto_number=auto,
    )


def _system_fields() -> list[Field]:
    fields = [
        Field("CreatedDate", "Created Date", "datetime"),
        _user("CreatedById", "Created By ID", "CreatedBy"),
        Field("LastModifiedDate", "Last Modified Date", "datetime"),
        _user("LastModifiedById", "Last Modified By ID", "LastModifiedBy"),
        Field("SystemModstamp", "System Modstamp", "datetime"),
    ]
    return [_fixed(each) for each in fields]
