"""The schema's objects and fields as metadata: what nobody deployed can be retrieved too."""

from collections.abc import Iterator

from app.sandbox.salesforce.metadata.fields import is_master
from app.sandbox.salesforce.metadata.xml_tree import Node, element, leaf
from app.sandbox.salesforce.schema import Field, SObject

_TYPES = {
    "string": "Text",
    "double": "Number",
    "currency": "Currency",
    "percent": "Percent",
    "boolean": "Checkbox",
    "date": "Date",
    "datetime": "DateTime",
    "email": "Email",
    "phone": "Phone",
    "url": "Url",
    "picklist": "Picklist",
    "multipicklist": "MultiselectPicklist",
    "encryptedstring": "EncryptedText",
    "int": "Number",
}


def metadata_type(field: Field) -> str:
    """Return the metadata type of a field, such as LongTextArea."""
    if field.type == "reference":
        return "MasterDetail" if is_master(field) else "Lookup"
    if field.type == "textarea":
        return "LongTextArea" if field.long_text else "TextArea"
    if field.auto_number:
        return "AutoNumber"
    return _TYPES.get(field.type, "Text")


def field_node(field: Field) -> Node:
    """Return a custom field as CustomField has it, its elements in order of their names."""
    return element("fields", leaf("fullName", field.name), *sorted(_parts(field), key=_name))


def _name(node: Node) -> str:
    return node.name


def _parts(field: Field) -> Iterator[Node]:
    kind = metadata_type(field)
    yield leaf("externalId", field.external_id)
    yield leaf("label", field.label)
    yield leaf("type", kind)
    if kind in {"Text", "LongTextArea", "EncryptedText"}:
        yield leaf("length", field.length)
    if kind == "LongTextArea":
        yield leaf("visibleLines", 3)
    if field.is_number or field.type == "int":
        yield leaf("precision", field.precision or field.digits)
        yield leaf("scale", field.scale)
    if kind == "Checkbox":
        yield leaf("defaultValue", bool(field.default))
    elif kind not in {"MasterDetail", "LongTextArea", "AutoNumber"}:
        yield leaf("required", field.required)
    yield from _key_parts(field, kind)
    if field.auto_number:
        yield leaf("displayFormat", field.auto_number)
    if field.reference_to:
        yield from _lookup_parts(field, kind)
    if field.values:
        yield _value_set(field)


def _key_parts(field: Field, kind: str) -> Iterator[Node]:
    if kind in {"Text", "Number", "Email"}:
        yield leaf("unique", field.unique)
    if kind == "Text" and field.unique:
        yield leaf("caseSensitive", field.case_sensitive)


def _lookup_parts(field: Field, kind: str) -> Iterator[Node]:
    yield leaf("referenceTo", field.reference_to[-1])
    if field.children:
        yield leaf("relationshipName", field.children.removesuffix("__r"))
    if kind == "Lookup" and not field.nillable:
        yield leaf("deleteConstraint", "Restrict")
    elif kind == "Lookup":
        yield leaf("deleteConstraint", "Restrict" if field.restrict else "SetNull")


def _value_set(field: Field) -> Node:
    values = [
        element(
            "value",
            leaf("fullName", each),
            leaf("default", each == field.default),
            leaf("label", each),
        )
        for each in field.values
    ]
    definition = element("valueSetDefinition", leaf("sorted", value=False), *values)
    return element("valueSet", leaf("restricted", field.restricted), definition)


def object_node(sobject: SObject) -> Node:
    """Return a given object as CustomObject has it, without its fields."""
    if not sobject.custom:
        return element("CustomObject")
    name = sobject.name_field
    kind = "AutoNumber" if name is not None and name.auto_number else "Text"
    shown = [leaf("label", name.label if name is not None else "Name"), leaf("type", kind)]
    if name is not None and name.auto_number:
        shown.insert(0, leaf("displayFormat", name.auto_number))
    detail = any(is_master(each) for each in sobject.fields)
    return element(
        "CustomObject",
        leaf("deploymentStatus", "Deployed"),
        leaf("enableActivities", value=False),
        leaf("enableBulkApi", value=True),
        leaf("enableHistory", value=False),
        leaf("enableReports", value=True),
        leaf("enableSharing", value=True),
        leaf("enableStreamingApi", value=True),
        leaf("label", sobject.label),
        element("nameField", *shown),
        leaf("pluralLabel", sobject.plural),
        leaf("sharingModel", "ControlledByParent" if detail else "ReadWrite"),
    )
