"""Metadata between the XML of files and the JSON of the Tooling API (§18)."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.sandbox.salesforce.metadata.xml_tree import Node, leaf

_LISTS = frozenset({"value", "layoutSections", "layoutColumns", "layoutItems", "columns",
                    "sections", "relatedLists", "filters"})  # fmt: skip
_VALUE_NAME = "valueName"  # what the Tooling API calls the fullName of a picklist value
_DIGITS = frozenset({"length", "precision", "scale", "visibleLines", "relationshipOrder"})


def json_of(node: Node) -> dict[str, Any]:
    """Return the children of an element as a JSON object; numbers and booleans as such."""
    found: dict[str, Any] = {}
    for child in node.children:
        value = json_of(child) if child.children else _scalar(child)
        if node.name == "valueSetDefinition" and isinstance(value, dict):
            value = {_VALUE_NAME if k == "fullName" else k: each for k, each in value.items()}
        if child.name in found and not isinstance(found[child.name], list):
            found[child.name] = [found[child.name], value]
        elif child.name in found:
            found[child.name].append(value)
        else:
            found[child.name] = [value] if child.name in _LISTS else value
    return found


def _scalar(node: Node) -> Any:
    text = node.text
    if text in {"true", "false"}:
        return text == "true"
    return int(text) if node.name in _DIGITS and text.isdecimal() else text


def node_of(name: str, value: Mapping[str, Any]) -> Node:
    """Return a JSON object as an element; nulls are left out."""
    return Node(name, "", tuple(_children(value)))


def _children(value: Mapping[str, Any]) -> Iterator[Node]:
    for key, each in value.items():
        name = "fullName" if key == _VALUE_NAME else key
        for one in each if isinstance(each, list) else [each]:
            if isinstance(one, Mapping):
                yield node_of(name, one)
            elif one is not None:
                yield leaf(name, one)
