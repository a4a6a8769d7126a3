"""Changes the metadata of a field that is there, and leaves all else about it as it is."""

from xml.etree import ElementTree as ET

from app.connectors.salesforce.metadata_read import children
from app.connectors.salesforce.metadata_xml import element
from app.connectors.salesforce.prepare_shapes import FieldShape, picklist_value

_MOST_DIGITS = 18  # of a number (salesforce.md §17.2)


def changed_field(shape: FieldShape, old: ET.Element) -> ET.Element:
    """Return a field as the mapping needs it, as an element `fields` of its object.

    Sizes only grow, values of a picklist are only added.
    """
    new = ET.Element("fields")
    new.extend(children(old))
    _set(new, "fullName", shape.name)
    if shape.least.length > _number(new, "length"):
        _set(new, "length", str(shape.least.length))
    if shape.type in {"Number", "Currency"}:
        _widen(new, shape)
    if shape.key:
        for name in ("externalId", "unique"):
            _set(new, name, "true")
        if new.find("caseSensitive") is None:
            _set(new, "caseSensitive", "true")
    if shape.values:
        _offer(new, shape)
    new[:] = sorted(new, key=lambda child: child.tag)
    return new


def _widen(new: ET.Element, shape: FieldShape) -> None:
    scale, precision = _number(new, "scale"), _number(new, "precision")
    wider = max(scale, shape.least.scale)
    digits = max(precision - scale + wider, shape.least.precision)
    _set(new, "scale", str(wider))
    _set(new, "precision", str(min(_MOST_DIGITS, digits)))


def _offer(new: ET.Element, shape: FieldShape) -> None:
    definition = new.find("valueSet/valueSetDefinition")
    if definition is None:  # of a shared value set: there it has to be added by hand
        return
    known = {value.findtext("fullName") for value in definition.findall("value")}
    for value in shape.values:
        if value not in known:
            definition.append(element("value", picklist_value(value)))


def _set(new: ET.Element, name: str, text: str) -> None:
    found = new.find(name)
    if found is None:
        found = ET.SubElement(new, name)
    found.text = text


def _number(new: ET.Element, name: str) -> int:
    text = new.findtext(name) or "0"
    return int(text) if text.isdigit() else 0
