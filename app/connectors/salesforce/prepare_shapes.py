"""What the mapping needs of an org: objects and fields in the words of the Metadata API (§17.2)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from app.connectors.salesforce.metadata_xml import Node
from app.domain.mapping import EntityMapping, FieldMapping, FieldType, Owner, WorkspaceMapping

KEY_LENGTH = 255
"""The longest text that can be an external id (salesforce.md §17.2)."""
LONGEST_TEXT = 255
_LONGEST_LONG_TEXT = 131_072
_PRECISION = 18  # digits of a number, all that there can be
_MONEY_SCALE, _DECIMAL_SCALE = 2, 5  # where the mapping does not say
_NAME_LENGTH = 40  # of relationships and of most developer names
_VISIBLE_LINES = 5
_SCALES = {FieldType.INTEGER: 0, FieldType.DECIMAL: _DECIMAL_SCALE, FieldType.MONEY: _MONEY_SCALE}
_PLAIN = {
    FieldType.BOOLEAN: "Checkbox",
    FieldType.DATE: "Date",
    FieldType.DATETIME: "DateTime",
}
_FORMATS = {"email": "Email", "url": "Url"}


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the mapping says of a field's size; 0 where it leaves it open."""

    length: int = 0
    precision: int = 0
    scale: int = 0


@dataclass(frozen=True, slots=True)
class FieldShape:
    """A field as it would be made; `type` is the Metadata API's word.

    Attributes:
        least: What a field that is there already has to have.
        children: What the object that a lookup points at calls the records that point at it.
        is_written: Whether Concord writes it: then it may be no formula.
        is_choice: Whether few values come again and again, so that records are counted by them.
    """

    name: str
    label: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    key: bool = False
    values: tuple[str, ...] = ()
    target: str = ""
    children: str = ""
    children_label: str = ""
    least: Sizes = Sizes()
    is_written: bool = True
    is_choice: bool = False

    @property
    def is_custom(self) -> bool:
        """Whether Concord could make it: standard ones are there or are not."""
        return self.name.endswith("__c")

    @property
    def words(self) -> str:
        """The type with its size, as people say it: `Text(80), external id, unique`."""
        if self.type in {"Text", "LongTextArea"}:
            return f"{self.type}({self.length})" + (", external id, unique" if self.key else "")
        if self.type in {"Number", "Currency"}:
            return f"{self.type}({self.precision - self.scale}, {self.scale})"
        if self.type == "Lookup":
            return f"Lookup to {self.target}"
        if self.values:
            return f"Picklist: {', '.join(self.values)}"
        return self.type


@dataclass(frozen=True, slots=True)
class ObjectShape:
    """An object as it would be made, with what it needs of its fields."""

    name: str
    label: str
    plural: str
    name_label: str
    numbered: str
    fields: tuple[FieldShape, ...]

    @property
    def is_custom(self) -> bool:
        """Whether Concord could make it: standard ones are there or are not."""
        return self.name.endswith("__c")

    @property
    def names_package(self) -> str:
        """The namespace of the package that it belongs to, "" for one of the org's own."""
        return namespace(self.name)


def namespace(name: str) -> str:
    """Return the namespace in an API name such as `pkg__Plan__c`, else ""."""
    parts = name.split("__")
    return parts[0] if len(parts) > 2 else ""  # noqa: PLR2004 - namespace, name, suffix


def object_shapes(mapping: WorkspaceMapping) -> tuple[ObjectShape, ...]:
    """Return the objects of a mapping, what is pointed at before what points."""
    found: dict[str, ObjectShape] = {}
    for name in mapping.order:
        entity = mapping.entity(name)
        shape = _object(entity, mapping)
        known = found.get(shape.name)
        found[shape.name] = shape if known is None else _joined(known, shape)
    return tuple(found.values())


def _joined(known: ObjectShape, more: ObjectShape) -> ObjectShape:
    """Return an object that two entities share."""
    fields = {field.name: field for field in (*more.fields, *known.fields)}
    return ObjectShape(
        known.name, known.label, known.plural, known.name_label, known.numbered,
        tuple(fields.values()),
    )  # fmt: skip


def _object(entity: EntityMapping, mapping: WorkspaceMapping) -> ObjectShape:
    named = next((field for field in entity.fields if field.salesforce == "Name"), None)
    initials = "".join(word[0] for word in words(entity.sobject).split()).upper()
    return ObjectShape(
        name=entity.sobject,
        label=entity.label,
        plural=entity.plural,
        name_label=f"{entity.label} {'name' if named is not None else 'number'}",
        numbered="" if named is not None else f"{initials}-{{000000}}",
        fields=tuple(_fields(entity, mapping)),
    )


def _fields(entity: EntityMapping, mapping: WorkspaceMapping) -> Iterator[FieldShape]:
    made = {entity.salesforce_key, "Name"}
    if entity.salesforce_key != "Name":
        label = words(entity.salesforce_key)
        yield FieldShape(entity.salesforce_key, label, "Text", KEY_LENGTH, key=True)
    for field in entity.fields:
        if field.salesforce not in made:
            made.add(field.salesforce)
            yield _field(field, entity, mapping)


def _field(field: FieldMapping, entity: EntityMapping, mapping: WorkspaceMapping) -> FieldShape:
    made = _new_field(field, entity, mapping)
    least = Sizes(field.length, field.precision, field.scale or 0)
    return replace(
        made,
        least=least,
        is_written=field.owner is not Owner.SALESFORCE,
        is_choice=field.type is FieldType.PICKLIST,
    )


def _new_field(field: FieldMapping, entity: EntityMapping, mapping: WorkspaceMapping) -> FieldShape:
    name, label = field.salesforce, field.label or words(field.salesforce)
    if field.type in _SCALES:
        scale = _SCALES[field.type] if field.scale is None else field.scale
        kind = "Currency" if field.type is FieldType.MONEY else "Number"
        return FieldShape(name, label, kind, 0, field.precision or _PRECISION, scale)
    if field.type is FieldType.REFERENCE or field.lookup:
        target = field.lookup or mapping.entity(field.to).sobject
        return FieldShape(
            name, label, "Lookup", target=target,
            children=_children(field, entity, target), children_label=entity.plural,
        )  # fmt: skip
    values = accepted_values(field)
    if values:
        return FieldShape(name, label, "Picklist", values=values)
    if field.type in _PLAIN or field.format:
        return FieldShape(name, label, _PLAIN.get(field.type) or _FORMATS[field.format])
    length = field.length or LONGEST_TEXT
    if length > LONGEST_TEXT:
        return FieldShape(name, label, "LongTextArea", min(length, _LONGEST_LONG_TEXT))
    return FieldShape(name, label, "Text", length)


def entity_fields(entity: EntityMapping, mapping: WorkspaceMapping) -> tuple[FieldShape, ...]:
    """Return the fields that one entity needs of its object, the key first; never `Name`."""
    return tuple(_fields(entity, mapping))


def accepted_values(field: FieldMapping) -> tuple[str, ...]:
    """Return the values that a picklist has to offer; none where anything may stand in it."""
    if field.type is not FieldType.PICKLIST:
        return ()
    return tuple(dict.fromkeys((*field.values, *field.value_map.values())))


def _children(field: FieldMapping, entity: EntityMapping, target: str) -> str:
    """Return what a parent calls the records that point at it: one name for each such field.

    A standard object has children of its own, such as Account's `Contracts` and `Orders`
    (salesforce.md §19), so there the name comes of the child's API name; as it does where the child
    is a standard object, beside which the org may have a custom one of the same plural.
    """
    several = sum(other.to == field.to for other in entity.references) > 1 and not field.lookup
    own = target.endswith("__c") and entity.sobject.endswith("__c")
    base = identifier(entity.plural if own else f"{words(entity.sobject)}s")
    return base if not several else identifier(f"{base}_{words(field.salesforce)}")


def identifier(text: str, longest: int = _NAME_LENGTH) -> str:
    """Return a developer name: letters, digits and single underscores, a letter first."""
    joined = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")
    named = joined if joined[:1].isalpha() else f"X{joined}"
    return named[:longest].rstrip("_")


def words(name: str) -> str:
    """Return an API name as people read it: `GL_Code__c` → `GL Code`."""
    bare = name.removesuffix("__c")
    prefix = namespace(name)
    return bare.removeprefix(f"{prefix}__" if prefix else "").replace("_", " ")


def object_nodes(shape: ObjectShape, fields: Sequence[FieldShape]) -> list[Node]:
    """Return the metadata of an object that is to be made, with these of its fields."""
    name: list[Node] = [("label", shape.name_label)]
    if shape.numbered:
        name += [("type", "AutoNumber"), ("displayFormat", shape.numbered)]
    else:
        name += [("type", "Text")]
    return [
        ("label", shape.label),
        ("pluralLabel", shape.plural),
        ("nameField", name),
        ("deploymentStatus", "Deployed"),
        ("sharingModel", "ReadWrite"),
        ("enableReports", True),
        ("enableHistory", False),
        ("enableActivities", False),
        ("enableBulkApi", True),
        ("enableSharing", True),
        ("enableStreamingApi", True),
        ("description", "Kept in step with the billing system by Concord."),
        *(("fields", field_nodes(field)) for field in fields),
    ]


def field_nodes(shape: FieldShape) -> list[Node]:
    """Return the metadata of a field that is to be made."""
    nodes: list[Node] = [("fullName", shape.name), ("label", shape.label), ("type", shape.type)]
    if shape.type in {"Text", "LongTextArea"}:
        nodes.append(("length", shape.length))
    if shape.type == "LongTextArea":
        nodes.append(("visibleLines", _VISIBLE_LINES))
    if shape.type in {"Number", "Currency"}:
        nodes += [("precision", shape.precision), ("scale", shape.scale)]
    if shape.type == "Checkbox":
        nodes.append(("defaultValue", "false"))
    if shape.key:
        nodes += [("externalId", True), ("unique", True), ("caseSensitive", True)]
    if shape.type == "Picklist":
        nodes.append(("valueSet", value_set(shape.values)))
    if shape.type == "Lookup":
        nodes += [
            ("referenceTo", shape.target),
            ("relationshipName", shape.children),
            ("relationshipLabel", shape.children_label),
            ("deleteConstraint", "SetNull"),
        ]
    if shape.type != "Checkbox":
        nodes.append(("required", False))
    return nodes


def value_set(values: Sequence[str]) -> list[Node]:
    """Return a restricted picklist's values, in the order given."""
    each: list[Node] = [("value", picklist_value(value)) for value in values]
    return [("restricted", True), ("valueSetDefinition", [("sorted", False), *each])]


def picklist_value(value: str) -> list[Node]:
    """Return one value of a picklist."""
    return [("fullName", value), ("label", value), ("default", False)]
