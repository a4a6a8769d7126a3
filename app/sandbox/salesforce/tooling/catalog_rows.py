"""The org as rows of the Tooling API's objects (§18)."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from app.sandbox.salesforce.metadata.from_schema import metadata_type
from app.sandbox.salesforce.metadata.listing import given_id, part_node
from app.sandbox.salesforce.metadata.shelf import Held
from app.sandbox.salesforce.metadata.xml_tree import Node
from app.sandbox.salesforce.schema import Field, SObject
from app.sandbox.salesforce.tabs import tabs
from app.sandbox.salesforce.tooling.metadata_json import json_of
from app.sandbox.salesforce.values import stamp
from app.sandbox.wire import to_json

if TYPE_CHECKING:
    from app.sandbox.salesforce.org import Org

Row = dict[str, Any]
_SHORT_ID = 15
_SIZED = {"Text": "Text({length})", "LongTextArea": "Long Text Area({length})"}


def object_id(org: "Org", sobject: SObject) -> str:
    """Return the id of an object's definition."""
    held = org.metadata.shelf.find("CustomObject", sobject.name)
    return held.id if held is not None else given_id(org, sobject.name)


def field_id(org: "Org", sobject: SObject, field: Field) -> str:
    """Return the id of a custom field's definition."""
    name = f"{sobject.name}.{field.name}"
    held = org.metadata.shelf.find("CustomField", name)
    return held.id if held is not None else given_id(org, name)


def durable_id(org: "Org", sobject: SObject) -> str:
    """Return what tooling refers to an object by: its name or, for a custom one, its short id."""
    return object_id(org, sobject)[:_SHORT_ID] if sobject.custom else sobject.name


def rows_of(org: "Org") -> Iterator[tuple[str, Row]]:
    """Yield all rows, each with the name of its object."""
    for sobject in org.schema:
        entity = durable_id(org, sobject)
        yield "EntityDefinition", _entity(org, sobject, entity)
        if sobject.custom:
            yield "CustomObject", _custom_object(org, sobject)
        for field in sobject.fields:
            yield "FieldDefinition", _field(org, sobject, field, entity)
            if field.custom:
                yield "CustomField", _custom_field(org, sobject, field, entity)
    named = {"Name": "Ada Admin", "Username": org.username}
    yield "User", {**_system(org, None), "Id": org.user_id, **named}
    for tab in tabs(org, ""):
        yield "TabDefinition", _tab_row(org, tab)
    for held in org.metadata.shelf:
        row = _held(org, held)
        if row is not None:
            yield held.kind, row


def _system(org: "Org", held: Held | None) -> Row:
    created = held.created_at if held is not None else org.metadata.given_at
    changed = held.changed_at if held is not None else org.metadata.given_at
    return {
        "CreatedDate": stamp(created),
        "CreatedById": org.user_id,
        "LastModifiedDate": stamp(changed),
        "LastModifiedById": org.user_id,
        "SystemModstamp": stamp(changed),
    }


def _plain(name: str) -> str:
    return name.removesuffix("__c")


def _entity(org: "Org", sobject: SObject, entity: str) -> Row:
    held = org.metadata.shelf.find("CustomObject", sobject.name)
    sharing = held.node.get("sharingModel") if held is not None else "ReadWrite"
    writable = int(sobject.writable)
    return {
        **_system(org, held),
        "Id": entity,
        "DurableId": entity,
        "QualifiedApiName": sobject.name,
        "DeveloperName": _plain(sobject.name),
        "Label": sobject.label,
        "MasterLabel": sobject.label,
        "PluralLabel": sobject.plural,
        "KeyPrefix": sobject.prefix,
        "PublisherId": "System" if not sobject.custom else "<local>",
        "InternalSharingModel": sharing,
        "ExternalSharingModel": "Private",
        "DeploymentStatus": "Deployed" if sobject.custom else None,
        "IsApexTriggerable": writable,
        "IsCustomizable": writable,
        "IsEverCreatable": writable,
        "IsEverDeletable": writable,
        "IsEverUpdatable": writable,
        "IsFlsEnabled": writable,
        "IsIdEnabled": 1,
        "IsLayoutable": writable,
        "IsQueryable": 1,
        "IsReplicateable": 1,
        "IsRetrieveable": 1,
        "IsSearchable": writable,
        "IsTriggerable": writable,
        "IsWorkflowEnabled": writable,
    }


def _custom_object(org: "Org", sobject: SObject) -> Row:
    held = org.metadata.shelf.find("CustomObject", sobject.name)
    node = held.node if held is not None else Node("CustomObject")
    return {
        **_system(org, held),
        "Id": object_id(org, sobject),
        "DeveloperName": _plain(sobject.name),
        "ManageableState": "unmanaged",
        "Description": node.get("description") or None,
        "SharingModel": node.get("sharingModel") or "ReadWrite",
        "Language": "en_US",
    }


def _data_type(field: Field) -> str:
    kind = metadata_type(field)
    if field.reference_to:
        word = "Master-Detail" if kind == "MasterDetail" else "Lookup"
        return f"{word}({','.join(field.reference_to)})"
    if field.is_number:
        return f"{kind}({field.precision - field.scale}, {field.scale})"
    return _SIZED.get(kind, kind).format(length=field.length)


def _field(org: "Org", sobject: SObject, field: Field, entity: str) -> Row:
    own = field_id(org, sobject, field)[:_SHORT_ID] if field.custom else field.name
    name = f"{entity}.{own}"
    held = org.metadata.shelf.find("CustomField", f"{sobject.name}.{field.name}")
    filterable = int(not field.long_text)
    return {
        **_system(org, held),
        "Id": name,
        "DurableId": name,
        "QualifiedApiName": field.name,
        "DeveloperName": _plain(field.name),
        "Label": field.label,
        "MasterLabel": field.label,
        "EntityDefinitionId": entity,
        "DataType": _data_type(field),
        "ValueTypeId": field.type,
        "RelationshipName": field.relationship,
        "PublisherId": "System" if not field.custom else "<local>",
        "Length": field.length,
        "Precision": field.precision,
        "Scale": field.scale,
        "IsApiFilterable": filterable,
        "IsApiGroupable": int(filterable and not field.is_number),
        "IsApiSortable": filterable,
        "IsIndexed": int(field.is_id or field.external_id or field.unique),
        "IsNameField": int(field.name_field),
        "IsNillable": int(field.nillable),
        "IsPolymorphicForeignKey": int(len(field.reference_to) > 1),
    }


def _custom_field(org: "Org", sobject: SObject, field: Field, entity: str) -> Row:
    held = org.metadata.shelf.find("CustomField", f"{sobject.name}.{field.name}")
    node = part_node(org, "CustomField", sobject, field.name) or Node("fields")
    return {
        **_system(org, held),
        "Id": field_id(org, sobject, field),
        "DeveloperName": _plain(field.name),
        "TableEnumOrId": entity,
        "EntityDefinitionId": entity,
        "ManageableState": "unmanaged",
        "Description": node.get("description") or None,
        "InlineHelpText": node.get("inlineHelpText") or None,
        "RelationshipLabel": node.get("relationshipLabel") or None,
        "Length": field.length or None,
        "Precision": field.precision or None,
        "Scale": field.scale if field.precision else None,
        "FullName": f"{sobject.name}.{field.name}",
        "Metadata": to_json(json_of(node.without("fullName"))).decode(),
    }


def _held(org: "Org", held: Held) -> Row | None:
    """Return the row of a deployed component; None for kinds that are no object here."""
    special = _specials(org, held)
    if special is None:
        return None
    row = {**_system(org, held), "Id": held.id, "ManageableState": "unmanaged", **special}
    row |= {"FullName": held.full_name, "Metadata": to_json(json_of(held.node)).decode()}
    if held.kind == "ReportType":
        del row["ManageableState"]
    return row


def _tab_row(org: "Org", tab: Mapping[str, Any]) -> Row:
    everywhere = {"IsAvailableInDesktop": 1, "IsAvailableInLightning": 1}
    return {
        **_system(org, None),
        "Id": given_id(org, f"{tab['name']} tab", "4cx"),
        "DurableId": tab["name"],
        "Name": tab["name"],
        "Label": tab["label"],
        "SobjectName": tab["sobjectName"],
        "Url": tab["url"],
        "IsCustom": int(tab["custom"]),
        **everywhere,
    }


def _specials(org: "Org", held: Held) -> Row | None:
    node = held.node
    if held.kind == "Layout":
        owner, _, name = held.full_name.partition("-")
        entity = _entity_of(org, owner)
        where = {"TableEnumOrId": entity, "EntityDefinitionId": entity}
        return {"Name": name, "LayoutType": "Standard", **where}
    if held.kind == "CustomTab":
        label = node.get("label") or _plain(held.full_name)
        kind = "customObject" if node.flag("customObject") else "other"
        named = {"DeveloperName": _plain(held.full_name), "SobjectName": held.full_name}
        return {**named, "MasterLabel": label, "Type": kind}
    if held.kind == "ValidationRule":
        owner, _, name = held.full_name.partition(".")
        said = {"Active": int(node.flag("active")), "ErrorMessage": node.get("errorMessage")}
        return {"ValidationName": name, "EntityDefinitionId": _entity_of(org, owner), **said}
    if held.kind == "RecordType":
        owner, _, name = held.full_name.partition(".")
        said = {"Name": node.get("label"), "Description": node.get("description") or None}
        active = int(node.flag("active", default=True))
        return {"DeveloperName": name, "SobjectType": owner, "IsActive": active, **said}
    if held.kind == "ReportType":
        named = {"DeveloperName": held.full_name, "MasterLabel": node.get("label")}
        return {**named, "Category": node.get("category")}
    return None


def _entity_of(org: "Org", name: str) -> str | None:
    sobject = org.schema.find(name)
    return durable_id(org, sobject) if sobject is not None else None
