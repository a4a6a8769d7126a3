"""GraphQL's conditions and orders as SOQL (GraphQL API guide: filter, order, paginate records)."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from app.sandbox.salesforce.graphql.document import GraphqlError
from app.sandbox.salesforce.schema import Field, Schema, SObject

_COMPARED = {
    "eq": "=", "ne": "!=", "lt": "<", "gt": ">", "lte": "<=", "gte": ">=", "like": "LIKE",
}  # fmt: skip
_LISTED = {"in": "IN", "nin": "NOT IN"}
_BARE = frozenset({"date", "datetime"})
_JOINED = {"and": " AND ", "or": " OR "}


class Names:
    """Fields and relationships of the org as GraphQL names them: as the API does."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    def field(self, sobject: SObject, name: str) -> Field | None:
        """Return a field by name."""
        return self._schema.visible(sobject, name)

    def parent(self, sobject: SObject, name: str) -> SObject | None:
        """Return the sObject to which a relationship leads."""
        for each in self._schema.visible_fields(sobject):
            if each.relationship and each.relationship.lower() == name.lower():
                return self._schema.target(each)
        return None

    def child(self, sobject: SObject, name: str) -> SObject | None:
        """Return the sObject of a child relationship."""
        for each in self._schema.children(sobject):
            if each.field.children and each.field.children.lower() == name.lower():
                return each.sobject
        return None

    def undefined(self, sobject: SObject, name: str) -> GraphqlError:
        """Return the error of a name that there is not."""
        message = f"Validation error (FieldUndefined) : Field '{name}' in type '{sobject.name}'"
        return GraphqlError(f"{message} is undefined")


def where(names: Names, sobject: SObject, wish: Mapping[str, Any], path: str = "") -> str:
    """Return a condition as SOQL, without WHERE; "" of an empty one.

    Raises:
        GraphqlError: It names what there is not.
    """
    return " AND ".join(each for each in _conditions(names, sobject, wish, path) if each)


def _conditions(
    names: Names, sobject: SObject, wish: Mapping[str, Any], path: str
) -> Iterator[str]:
    for name, value in wish.items():
        if name in _JOINED:
            parts = [where(names, sobject, each, path) for each in value]
            yield f"({_JOINED[name].join(f'({each})' for each in parts if each)})"
        elif name == "not":
            yield f"(NOT ({where(names, sobject, value, path)}))"
        elif (field := names.field(sobject, name)) is not None:
            found = [_compared(field, path + field.name, *each) for each in value.items()]
            yield " AND ".join(found)
        elif (parent := names.parent(sobject, name)) is not None:
            yield where(names, parent, value, f"{path}{name}.")
        else:
            raise names.undefined(sobject, name)


def _compared(field: Field, path: str, operator: str, value: Any) -> str:
    if operator in _LISTED and isinstance(value, list):
        values = ", ".join(_literal(field, each) for each in value)
        return f"{path} {_LISTED[operator]} ({values})"
    if operator not in _COMPARED:
        raise GraphqlError(f"Unknown operator '{operator}' for field '{field.name}'")
    return f"{path} {_COMPARED[operator]} {_literal(field, value)}"


def _literal(field: Field, value: Any) -> str:
    if isinstance(value, Mapping):  # dates: {value: "2026-01-31"} or {literal: TODAY}
        ((kind, inner),) = value.items()
        if kind in {"literal", "value"}:
            return str(inner)
        return f"{str(kind).upper()}:{inner}"  # {last_n_days: 3}
    if value is None or isinstance(value, bool):
        return "NULL" if value is None else str(value).upper()
    if isinstance(value, int | Decimal) or field.type in _BARE:
        return str(value)
    text = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"


def order(names: Names, sobject: SObject, wish: Mapping[str, Any], path: str = "") -> list[str]:
    """Return the terms of ORDER BY.

    Raises:
        GraphqlError: They name what there is not.
    """
    found: list[str] = []
    for name, value in wish.items():
        field, parent = names.field(sobject, name), names.parent(sobject, name)
        if field is not None:
            found.append(f"{path}{field.name}{_direction(value)}")
        elif parent is not None:
            found += order(names, parent, value, f"{path}{name}.")
        else:
            raise names.undefined(sobject, name)
    return found


def _direction(value: Mapping[str, Any]) -> str:
    words = [value.get("order") or "ASC", value.get("nulls") or "FIRST"]
    if words[0] not in {"ASC", "DESC"} or words[1] not in {"FIRST", "LAST"}:
        raise GraphqlError(f"Invalid order: {value}")
    return f" {words[0]} NULLS {words[1]}"
