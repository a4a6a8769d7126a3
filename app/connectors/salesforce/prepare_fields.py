"""Whether a field that an org has will do for what the mapping needs (salesforce.md §4, §17.2)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.connectors.preparer import Part, PartKey, PartState
from app.connectors.salesforce.prepare_shapes import LONGEST_TEXT, FieldShape, entity_fields
from app.domain.mapping import EntityMapping, WorkspaceMapping

FIELD = "field"
_TEXTS = frozenset({"string", "textarea", "url", "email", "phone", "picklist", "combobox"})
_NUMBERS = frozenset({"double", "int", "long", "currency", "percent"})
# What holds the same values: a Text does for a picklist, a percent for a number.
_ALIKE: Mapping[str, frozenset[str]] = {
    "Text": _TEXTS,
    "LongTextArea": frozenset({"string", "textarea"}),
    "Number": _NUMBERS,
    "Currency": _NUMBERS,
    "Checkbox": frozenset({"boolean"}),
    "Date": frozenset({"date"}),
    "DateTime": frozenset({"datetime"}),
    "Picklist": frozenset({"picklist", "combobox", "string", "textarea"}),
    "Lookup": frozenset({"reference"}),
    "Email": frozenset({"email", "string"}),
    "Url": frozenset({"url", "string"}),
}
_KEYS = frozenset({"string", "email"})
_WORDS = {
    "string": "Text",
    "textarea": "Text Area",
    "double": "Number",
    "int": "Number",
    "long": "Number",
    "currency": "Currency",
    "percent": "Percent",
    "boolean": "Checkbox",
    "date": "Date",
    "datetime": "Date/Time",
    "picklist": "Picklist",
    "multipicklist": "Multi-Select Picklist",
    "reference": "Lookup",
    "url": "URL",
    "email": "Email",
    "phone": "Phone",
}


@dataclass(frozen=True, slots=True)
class Lack:
    """What is wrong with a field that is there."""

    state: PartState
    words: str
    needed: bool = True


def unlike(shape: FieldShape, found: Mapping[str, Any]) -> str:
    """Return in words why a field's type cannot hold the mapping's values, "" where it can.

    A describe that does not tell the type is believed.
    """
    kind = str(found.get("type") or "")
    if not kind:
        return ""
    if kind not in (_KEYS if shape.key else _ALIKE[shape.type]):
        return f"is {_WORDS.get(kind, kind)}, the mapping needs {shape.words}"
    if shape.type == "Lookup" and shape.target not in (found.get("referenceTo") or [shape.target]):
        leads = ", ".join(found["referenceTo"])
        return f"is a Lookup to {leads}, the mapping needs {shape.target}"
    return ""


def changed_types(
    entity: EntityMapping, mapping: WorkspaceMapping, found: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    """Yield in words which fields have, or have got, a type that the mapping cannot use."""
    for shape in entity_fields(entity, mapping):
        words = unlike(shape, found.get(shape.name, {}))
        if words:
            yield f"field {shape.name} of {entity.sobject} {words}"


def field_part(owner: str, shape: FieldShape, found: Mapping[str, Any]) -> Part | None:
    """Return what is wrong with a field that is there, None where it will do.

    Args:
        owner: The object that it belongs to.
        shape: What the mapping needs.
        found: The field as describe shows it.
    """
    lacks = list(_lacks(shape, found))
    if not lacks:
        return None
    key = PartKey(FIELD, f"{owner}.{shape.name}")
    blocked = [lack for lack in lacks if lack.state is PartState.BLOCKED]
    needed = any(lack.needed for lack in lacks)
    state = blocked[0].state if blocked else lacks[0].state
    if not shape.is_custom and state is PartState.DIFFERS:
        state = PartState.BLOCKED
    words = "; ".join(lack.words for lack in (blocked or lacks))
    return Part(key, state, words, ticked=needed and state is not PartState.BLOCKED)


def _lacks(shape: FieldShape, found: Mapping[str, Any]) -> Iterator[Lack]:
    other = unlike(shape, found)
    if other:
        yield Lack(PartState.BLOCKED, other)
        return
    yield from _too_small(shape, found)
    if shape.key:
        yield from _no_key(found)
    if shape.values and found.get("restrictedPicklist"):
        yield from _values_lacking(shape, found)
    if shape.is_written and not found.get("createable", True) and not found.get("updateable", True):
        yield _read_only(found)


def _too_small(shape: FieldShape, found: Mapping[str, Any]) -> Iterator[Lack]:
    least, length = shape.least, int(found.get("length") or 0)
    if shape.type in {"Text", "LongTextArea"} and 0 < length < least.length:
        text = f"holds {length:,} characters, the mapping needs {least.length:,}"
        grows = least.length <= LONGEST_TEXT or length > LONGEST_TEXT
        yield Lack(PartState.DIFFERS if grows else PartState.BLOCKED, text)
    if shape.type not in {"Number", "Currency"} or "scale" not in found:
        return
    scale, precision = int(found["scale"] or 0), int(found.get("precision") or 0)
    if scale < least.scale:
        text = f"has {scale} decimals, the mapping needs {least.scale}"
        yield Lack(PartState.DIFFERS, text)
    if 0 < precision < least.precision:
        text = f"has {precision} digits, the mapping needs {least.precision}"
        yield Lack(PartState.DIFFERS, text)


def _no_key(found: Mapping[str, Any]) -> Iterator[Lack]:
    if found.get("externalId") is False and found.get("idLookup") is False:
        yield Lack(PartState.DIFFERS, "is no external id")
    if found.get("unique") is False:
        text = "is not unique: two records may have one key (refused while there are such)"
        yield Lack(PartState.DIFFERS, text, needed=False)


def _values_lacking(shape: FieldShape, found: Mapping[str, Any]) -> Iterator[Lack]:
    offered = {
        str(value.get("value"))
        for value in found.get("picklistValues") or ()
        if value.get("active", True)
    }
    lacking = [value for value in shape.values if value not in offered]
    if lacking:
        yield Lack(PartState.DIFFERS, f"does not offer {', '.join(lacking)}")


def _read_only(found: Mapping[str, Any]) -> Lack:
    if found.get("calculated") or found.get("autoNumber"):
        return Lack(PartState.BLOCKED, "is worked out by Salesforce and cannot be written")
    return Lack(PartState.HIDDEN, "cannot be edited by this user; the permission set will allow it")
