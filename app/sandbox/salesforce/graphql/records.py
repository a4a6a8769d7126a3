"""Records as GraphQL tells them: which columns a selection needs, and the nodes made of rows."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.sandbox.salesforce.graphql.document import GraphqlError, Selection
from app.sandbox.salesforce.graphql.to_soql import Names, order, where
from app.sandbox.salesforce.schema import Field, SObject

Json = dict[str, Any]
_USUAL, _MOST = 10, 2000
_SHOWN = frozenset({"date", "datetime", "int", "double", "currency", "percent"})


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows of a connection are asked for."""

    first: int
    start: int

    @property
    def stop(self) -> int:
        """Return the place behind the last one."""
        return self.start + self.first


def window_of(selection: Selection) -> Window:
    """Return the window that the arguments `first` and `after` mean.

    Raises:
        GraphqlError: They mean none.
    """
    first, after = selection.arguments.get("first"), selection.arguments.get("after")
    first = _USUAL if first is None else first
    if not isinstance(first, int) or not 1 <= first <= _MOST:
        raise GraphqlError(f"first has to be between 1 and {_MOST}, not {first}")
    return Window(first, _place(after) if after else 0)


def _cursor(place: int) -> str:
    return base64.b64encode(f"v1:{place}".encode()).decode()


def _place(cursor: str) -> int:
    try:
        version, _, place = base64.b64decode(cursor, validate=True).decode().partition(":")
        if version == "v1":
            return int(place)
    except ValueError as error:
        raise GraphqlError(f"Invalid cursor: {cursor}") from error
    raise GraphqlError(f"Invalid cursor: {cursor}")


@dataclass(slots=True)
class Reading:
    """One connection of records: the query that it takes, and its answer."""

    names: Names
    sobject: SObject
    selection: Selection
    _formats: dict[str, str] = field(default_factory=dict)  # alias by path
    _inner: dict[str, "Reading"] = field(default_factory=dict)  # connections by their key

    def soql(self, source: str = "") -> str:
        """Return the query, of all rows; `source` is a relationship's name.

        Raises:
            GraphqlError: It names what there is not.
        """
        columns = dict.fromkeys(["Id", *self._columns(self.sobject, self._node(), "")])
        arguments = self.selection.arguments
        condition = where(self.names, self.sobject, arguments.get("where") or {})
        wish = arguments.get("orderBy") or {}
        terms = order(self.names, self.sobject, wish)
        text = f"SELECT {', '.join(columns)} FROM {source or self.sobject.name}"
        text += f" WHERE {condition}" if condition else ""
        return text + f" ORDER BY {', '.join([*terms, 'Id'])}"

    def _node(self) -> Sequence[Selection]:
        return [
            inner
            for edges in self.selection.children
            if edges.name == "edges"
            for node in edges.children
            if node.name == "node"
            for inner in node.children
        ]

    def _columns(self, sobject: SObject, asked: Sequence[Selection], path: str) -> Iterator[str]:
        for each in asked:
            found = self.names.field(sobject, each.name)
            parent = self.names.parent(sobject, each.name)
            if found is not None:
                yield from self._field_columns(found, each, path)
            elif parent is not None:
                yield from self._columns(parent, each.children, f"{path}{each.name}.")
            elif not path and (child := self.names.child(sobject, each.name)) is not None:
                reading = Reading(self.names, child, each)
                self._inner[each.key] = reading
                yield f"({reading.soql(each.name)})"
            elif each.name not in {"__typename", "ApiName"}:
                raise self.names.undefined(sobject, each.name)

    def _field_columns(self, found: Field, each: Selection, path: str) -> Iterator[str]:
        full = path + found.name
        yield full
        wishes = {child.name for child in each.children}
        if "displayValue" in wishes and found.type in _SHOWN and full not in self._formats:
            alias = f"shown{len(self._formats)}"
            self._formats[full] = alias
            yield f"FORMAT({full}) {alias}"

    def connection(self, rows: Sequence[Json], total: int) -> Json:
        """Return the answer: `rows` are those from the first of all up to the window's end."""
        window = window_of(self.selection)
        shown = list(enumerate(rows, 1))[window.start : window.stop]
        found: Json = {}
        for each in self.selection.children:
            if each.name == "edges":
                found[each.key] = [self._edge(each, row, place) for place, row in shown]
            elif each.name == "pageInfo":
                found[each.key] = _page_info(each, [place for place, _ in shown], total)
            elif each.name == "totalCount":
                found[each.key] = total
            elif each.name == "__typename":
                found[each.key] = f"{self.sobject.name}Connection"
            else:
                raise self.names.undefined(self.sobject, each.name)
        return found

    def _edge(self, edge: Selection, row: Json, place: int) -> Json:
        found: Json = {}
        for each in edge.children:
            if each.name == "node":
                found[each.key] = self._record(self.sobject, each.children, row, row, "")
            elif each.name == "cursor":
                found[each.key] = _cursor(place)
        return found

    def _record(
        self, sobject: SObject, asked: Sequence[Selection], row: Json, root: Json, path: str
    ) -> Json:
        found: Json = {}
        for each in asked:
            known = self.names.field(sobject, each.name)
            parent = self.names.parent(sobject, each.name)
            if known is not None:
                found[each.key] = self._value(known, each, row, root, path)
            elif parent is not None:
                inner, deeper = row.get(_key(row, each.name)), f"{path}{each.name}."
                found[each.key] = inner and self._record(parent, each.children, inner, root, deeper)
            elif each.key in self._inner:
                rows = (row.get(_key(row, each.name)) or {"records": []})["records"]
                found[each.key] = self._inner[each.key].connection(rows, len(rows))
            else:
                found[each.key] = sobject.name
        return found

    def _value(self, known: Field, each: Selection, row: Json, root: Json, path: str) -> Any:
        value = row.get(known.name)
        if known.type == "datetime" and value:
            value = value.replace("+0000", "Z")
        if not each.children:
            return value
        shown = (
            value
            if known.type == "picklist"
            else root.get(self._formats.get(path + known.name, ""))
        )
        both: Mapping[str, Any] = {"value": value, "displayValue": shown}
        return {child.key: both.get(child.name) for child in each.children}


def _key(row: Json, name: str) -> str:
    """Return a relationship as the row spells it."""
    return next((key for key in row if key.lower() == name.lower()), name)


def _page_info(selection: Selection, places: Sequence[int], total: int) -> Json:
    whole = {
        "startCursor": _cursor(places[0]) if places else None,
        "endCursor": _cursor(places[-1]) if places else None,
        "hasPreviousPage": bool(places) and places[0] > 1,
        "hasNextPage": bool(places) and places[-1] < total,
    }
    return {each.key: whole.get(each.name) for each in selection.children}
