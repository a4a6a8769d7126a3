"""What a plain SELECT selects: columns of SQL, and the shape of the records that they make."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.sandbox.salesforce.errors import RequestError
from app.sandbox.salesforce.schema import Field, SObject
from app.sandbox.salesforce.soql_ast import Call, Expression, Item, TypeOf
from app.sandbox.salesforce.soql_lexer import at_place, malformed
from app.sandbox.salesforce.soql_scope import Column, Scope
from app.sandbox.salesforce.soql_shape import Cell, Choice, Shape
from app.sandbox.salesforce.values import Reader, reader


@dataclass(frozen=True, slots=True)
class Selected:
    """One selected expression, for `columns=true`."""

    name: str
    column: Column


class Selection:
    """The columns and the shape of records, as items are placed one after the other."""

    def __init__(self, scope: Scope, url: str) -> None:
        root = scope.root.alias
        self._scope = scope
        self._url = url
        self.shape = Shape(scope.sobject.name, self._url_of(scope.sobject), 1)
        self.columns = [f"{root}.seq", f"{root}.Id"]
        self.selected: list[Selected] = []

    def _url_of(self, sobject: SObject) -> str:
        return f"{self._url}{sobject.name}/"

    def place(self, item: Item) -> None:
        """Put a selected field where it belongs in the record, parents on the way included.

        Raises:
            RequestError: There is no such field, or it has been selected already.
        """
        column = self._scope.expression(item.expression)
        if item.alias and not isinstance(item.expression, Call):
            message = "only aggregate expressions use field aliasing"
            raise malformed(self._scope.soql, item.expression.position, message)
        here = self._parents(column)
        name = item.alias or column.field.name
        if any(isinstance(part, Cell) and part.name == name for part in here.parts):
            raise RequestError("INVALID_FIELD", f"duplicate field selected: {name}")
        here.parts.append(Cell(name, len(self.columns), reader_of(item.expression, column)))
        self.columns.append(column.sql)
        self.selected.append(Selected(".".join((*column.path, name)), column))

    def _parents(self, column: Column) -> Shape:
        """Return the record that a column belongs to: the row's own, or that of a parent."""
        here = self.shape
        for depth, name in enumerate(column.path, start=1):
            join = self._scope.parent(column.path[:depth])
            url = self._url_of(join.sobject)
            new = Shape(join.sobject.name, url, len(self.columns), name=name)
            here = found = here.parent(name, new)
            if found is new:
                self.columns.append(f"{join.alias}.Id")
        return here

    def place_types(self, item: TypeOf) -> None:
        """Put what TYPEOF selects of a parent into the record.

        Raises:
            RequestError: There is no such relationship, type or field.
        """
        scope = self._scope
        lookup = scope.sobject.by_relationship.get(item.relationship.lower())
        if lookup is None or not lookup.relationship:
            message = f"Didn't understand relationship '{item.relationship}' in field path."
            raise at_place("INVALID_FIELD", scope.soql, item.position, message)
        choice = Choice(lookup.relationship)
        left = [name for name in lookup.reference_to if scope.schema.find(name)]
        for case in item.cases:
            names = [n for n in left if not case.type or n.lower() == case.type.lower()]
            if case.type and case.type.lower() not in {n.lower() for n in lookup.reference_to}:
                message = f"{item.relationship} is never a {case.type}"
                raise at_place("INVALID_TYPE", scope.soql, item.position, message)
            for name in names:
                left.remove(name)
                choice.shapes.append(self._typed(lookup, name, case.fields))
        self.shape.parts.append(choice)

    def _typed(self, lookup: Field, name: str, paths: tuple[Any, ...]) -> Shape:
        target = self._scope.schema.find(name)
        if target is None:
            raise RequestError("INVALID_TYPE", f"sObject type '{name}' is not supported.")
        join = self._scope.join_as(lookup, target)
        shape = Shape(target.name, self._url_of(target), len(self.columns))
        self.columns.append(f"{join.alias}.Id")
        for path in paths:
            column = self._scope.column_of(join, path)
            shape.parts.append(Cell(column.field.name, len(self.columns), reader(column.field)))
            self.columns.append(column.sql)
        return shape


def reader_of(expression: Expression, column: Column) -> Reader | None:
    """Return what reads a column's values as an expression wants them: AVG, FORMAT or plain."""
    if not isinstance(expression, Call):
        return reader(column.field)
    plain = _average(column.field) if expression.has("AVG") else reader(column.field)
    if expression.has("FORMAT"):
        return _formatted(column.field, plain)
    return plain


def _average(number: Field) -> Reader:
    def read(value: Any) -> Decimal:
        return Decimal(repr(float(value))).scaleb(-number.scale)

    return read


def _formatted(field: Field, plain: Reader | None) -> Reader:
    """Return what writes values as people of the locale en_US read them."""

    def read(value: Any) -> str:
        found = plain(value) if plain else value
        if field.type == "currency":
            return f"USD {found:,.{max(field.scale, 2)}f}"
        if field.is_number or field.type == "int":
            return f"{found:,f}".rstrip("0").rstrip(".") if field.is_number else f"{found:,}"
        if field.type in {"date", "datetime"}:
            return _spoken(datetime.fromisoformat(str(found)), whole_day=field.type == "date")
        return str(found).lower() if isinstance(found, bool) else str(found)

    return read


def _spoken(moment: datetime, *, whole_day: bool) -> str:
    day = f"{moment.month}/{moment.day}/{moment.year}"
    if whole_day:
        return day
    hour, half = (moment.hour % 12 or 12), ("AM" if moment.hour < 12 else "PM")  # noqa: PLR2004 - noon
    return f"{day}, {hour}:{moment.minute:02d} {half}"
