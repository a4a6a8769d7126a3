"""A SOQL statement compiled: the SQL that finds its rows and the shape of its records."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.sandbox.salesforce.errors import RequestError
from app.sandbox.salesforce.schema import Field, Schema, SObject
from app.sandbox.salesforce.soql_ast import (
    Call,
    Expression,
    FieldsOf,
    InQuery,
    Item,
    Junction,
    Order,
    Path,
    Query,
)
from app.sandbox.salesforce.soql_lexer import at_place, malformed
from app.sandbox.salesforce.soql_scope import AGGREGATES, Column, Names, Scope, source
from app.sandbox.salesforce.soql_shape import AggregateShape, Cell, Shape
from app.sandbox.salesforce.soql_where import Conditions, Sql
from app.sandbox.salesforce.values import Reader, reader

_FIELDS_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Context:
    """What a statement is compiled against."""

    schema: Schema
    now: datetime
    url: str  # "/services/data/v66.0/sobjects/"
    deleted: bool = False  # queryAll


@dataclass(frozen=True, slots=True)
class Selected:
    """One selected expression, for `columns=true`."""

    name: str
    column: Column


@dataclass(slots=True)
class Compiled:
    """A SELECT ready to run; but for aggregates, columns 0 and 1 are the row's number and id."""

    sobject: SObject
    scope: Scope
    columns: list[str]
    where: Sql
    order: str
    limit: int | None
    offset: int
    shape: Shape | AggregateShape
    selected: list[Selected]
    group: str = ""
    having: Sql = field(default_factory=lambda: Sql(""))
    counts_only: bool = False  # SELECT COUNT()
    children: list["ChildQuery"] = field(default_factory=list)

    @property
    def aggregate(self) -> bool:
        """Whether its records are results of aggregation."""
        return isinstance(self.shape, AggregateShape)

    def select(self, columns: Sequence[str], condition: str = "") -> str:
        """Return the SQL that gives columns of the rows, in order, without limit."""
        where = " AND ".join(part for part in (self.where.text, condition) if part)
        text = f"SELECT {', '.join(columns)} {self.scope.from_sql}"
        text += f" WHERE {where}" if where else ""
        return text + self.group + self.having.text + self.order

    @property
    def values(self) -> tuple[object, ...]:
        """The values of select()'s question marks, in order, without those of `condition`."""
        return (*self.where.values, *self.having.values)

    def window(self, most: int | None = None) -> str:
        """Return the LIMIT clause; `most` bounds it further."""
        limits = [each for each in (self.limit, most) if each is not None]
        if not limits and not self.offset:
            return ""
        return f" LIMIT {min(limits, default=-1)} OFFSET {self.offset}"


@dataclass(frozen=True, slots=True)
class ChildQuery:
    """A subquery of children: its own name, its SELECT (last column: the parent's id)."""

    name: str
    compiled: Compiled
    lookup: str  # SQL of the column that holds the parent's id


def compile_query(query: Query, soql: str, context: Context) -> Compiled:
    """Return a statement compiled.

    Raises:
        RequestError: It names what there is not, or asks for what cannot be.
    """
    sobject = source(context.schema, soql, query.source, query.source_position)
    scope = Scope(context.schema, soql, sobject, Names())
    return _Compiler(query, scope, context).compile()


class _Compiler:
    def __init__(self, query: Query, scope: Scope, context: Context) -> None:
        self._query = query
        self._scope = scope
        self._context = context
        self._soql = scope.soql
        if query.alias:
            scope.nicknames.add(query.alias.lower())
        self._conditions = Conditions(scope, context.now, self._subselect)

    def compile(self) -> Compiled:
        items = self._query.items
        calls = [i.expression for i in items if isinstance(i, Item)]
        aggregates = any(isinstance(c, Call) and c.function in AGGREGATES for c in calls)
        if self._query.group_by or aggregates:
            return self._aggregate()
        return self._plain()

    def _plain(self) -> Compiled:
        query, scope = self._query, self._scope
        root = scope.root.alias
        shape = Shape(scope.sobject.name, self._url(scope.sobject), 1)
        columns = [f"{root}.seq", f"{root}.Id"]
        selected = [self._place(item, shape, columns) for item in self._items()]
        children = [self._child(item) for item in query.items if isinstance(item, Query)]
        if query.having is not None:
            raise malformed(self._soql, query.source_position, "unexpected token: 'HAVING'")
        return Compiled(
            scope.sobject, scope, columns, self._where(), self._order([f"{root}.seq"]),
            query.limit, query.offset, shape, selected, children=children,
        )  # fmt: skip

    def _url(self, sobject: SObject) -> str:
        return f"{self._context.url}{sobject.name}/"

    def _items(self) -> list[Item]:
        found: list[Item] = []
        for item in self._query.items:
            if isinstance(item, Item):
                found.append(item)
            elif isinstance(item, FieldsOf):
                found += self._all_fields(item)
        return found

    def _all_fields(self, wish: FieldsOf) -> list[Item]:
        limit = self._query.limit
        if wish.group != "STANDARD" and (limit is None or limit > _FIELDS_LIMIT):
            message = f"The SOQL FIELDS function must have a LIMIT of at most {_FIELDS_LIMIT}"
            raise malformed(self._soql, wish.position, message)
        return [
            Item(Path((each.name,), wish.position), None)
            for each in self._context.schema.visible_fields(self._scope.sobject)
            if wish.group == "ALL" or each.custom == (wish.group == "CUSTOM")
        ]

    def _place(self, item: Item, shape: Shape, columns: list[str]) -> Selected:
        """Put a selected field where it belongs in the record, parents on the way included."""
        column = self._scope.expression(item.expression)
        if item.alias:
            message = "only aggregate expressions use field aliasing"
            raise malformed(self._soql, item.expression.position, message)
        here = shape
        for depth, name in enumerate(column.path, start=1):
            join = self._scope.parent(column.path[:depth])
            new = Shape(join.sobject.name, self._url(join.sobject), len(columns), name=name)
            here = shape_of = here.parent(name, new)
            if shape_of is new:
                columns.append(f"{join.alias}.Id")
        if any(isinstance(part, Cell) and part.name == column.field.name for part in here.parts):
            raise RequestError("INVALID_FIELD", f"duplicate field selected: {column.field.name}")
        here.parts.append(Cell(column.field.name, len(columns), _reader_of(item, column)))
        columns.append(column.sql)
        return Selected(".".join((*column.path, column.field.name)), column)

    def _child(self, query: Query) -> ChildQuery:
        schema, parent = self._context.schema, self._scope.sobject
        wish = query.source.lower()
        for child in schema.children(parent):
            if child.field.children is not None and child.field.children.lower() == wish:
                scope = Scope(schema, self._soql, child.sobject, self._scope.names)
                scope.nicknames.add(wish)
                lookup = f'{scope.root.alias}."{child.field.name}"'
                compiled = _Compiler(query, scope, self._context).compile()
                if compiled.aggregate:
                    message = "Aggregate expressions are not supported in a subquery"
                    raise malformed(self._soql, query.source_position, message)
                return ChildQuery(child.field.children, compiled, lookup)
        message = (
            f"Didn't understand relationship '{query.source}' in FROM part of query call. If you "
            "are attempting to use a custom relationship, be sure to append the '__r' after the "
            "custom relationship name. Please reference your WSDL or the describe call for the "
            "appropriate names."
        )
        raise at_place("INVALID_TYPE", self._soql, query.source_position, message)

    def _where(self) -> Sql:
        condition = self._query.where
        found = self._conditions.sql(condition) if condition is not None else Sql("")
        if isinstance(condition, Junction) and condition.word == "OR":
            self._refuse_joins_in(condition)
        if self._context.deleted:
            return found
        alive = f"{self._scope.root.alias}.IsDeleted = 0"
        return Sql(" AND ".join(part for part in (alive, found.text) if part), found.values)

    def _refuse_joins_in(self, junction: Junction) -> None:
        if any(isinstance(each, InQuery) for each in junction.conditions):
            message = "Semi join sub-selects are not allowed with the 'OR' operator"
            raise RequestError("MALFORMED_QUERY", message)

    def _subselect(self, query: Query, outer: Scope) -> Sql:
        schema = self._context.schema
        sobject = source(schema, self._soql, query.source, query.source_position)
        scope = Scope(schema, self._soql, sobject, outer.names)
        if query.limit is not None or query.order_by or len(query.items) != 1:
            message = "semi join sub-selects take one field and neither ORDER BY nor LIMIT"
            raise malformed(self._soql, query.source_position, message)
        compiled = _Compiler(query, scope, self._context).compile()
        column = compiled.selected[0].column
        if compiled.aggregate or not column.field.is_id:
            message = "Invalid selected field in a semi join sub-select: it has to be an id"
            raise malformed(self._soql, query.source_position, message)
        return Sql(compiled.select([column.sql], f"{column.sql} IS NOT NULL"), compiled.values)

    def _order(self, last: Sequence[str]) -> str:
        keys = [self._order_key(order) for order in self._query.order_by]
        keys += last
        return f" ORDER BY {', '.join(keys)}" if keys else ""

    def _order_key(self, order: Order) -> str:
        column = self._scope.expression(order.expression)
        if column.field.long_text:
            message = f"field '{column.field.name}' can not be sorted in a query call"
            raise at_place("INVALID_FIELD", self._soql, order.expression.position, message)
        keys = [column.sql]
        if column.field.type == "picklist" and not column.aggregate:
            keys = [_place_in_picklist(column), column.sql]
        direction = "DESC" if order.descending else "ASC"
        nulls = "NULLS LAST" if order.nulls_last else "NULLS FIRST"
        return ", ".join(f"{key} {direction} {nulls}" for key in keys)

    def _aggregate(self) -> Compiled:
        query, scope = self._query, self._scope
        groups = [self._group(key) for key in query.group_by]
        shape = AggregateShape()
        columns: list[str] = []
        selected: list[Selected] = []
        for item in self._items():
            cell, column = self._aggregate_cell(item, shape, groups, len(columns))
            shape.cells.append(cell)
            columns.append(column.sql)
            selected.append(Selected(cell.name, column))
        only = query.items[0]
        counts = isinstance(only, Item) and only.expression == _count_of(only.expression)
        if query.limit is not None and not groups and not counts:
            message = "Non-grouped query that uses aggregate functions cannot also use LIMIT"
            raise malformed(self._soql, query.source_position, message)
        having = Sql("")
        if query.having is not None:
            found = self._conditions.sql(query.having)
            having = Sql(f" HAVING {found.text}", found.values)
        where = self._where()
        group = f" GROUP BY {', '.join(groups)}" if groups else ""
        return Compiled(
            scope.sobject, scope, columns, where, self._order(()), query.limit, query.offset,
            shape, selected, group, having, counts and len(query.items) == 1 and not groups,
        )  # fmt: skip

    def _group(self, key: Expression) -> str:
        column = self._scope.expression(key)
        if column.field.long_text or column.aggregate:
            message = f"field '{column.field.name}' can not be grouped in a query call"
            raise at_place("INVALID_FIELD", self._soql, key.position, message)
        return column.sql

    def _aggregate_cell(
        self, item: Item, shape: AggregateShape, groups: Sequence[str], index: int
    ) -> tuple[Cell, Column]:
        column = self._scope.expression(item.expression)
        if not column.aggregate and column.sql not in groups:
            name = column.field.name if isinstance(item.expression, Path) else "expression"
            message = f"Field must be grouped or aggregated: {name}"
            raise at_place("MALFORMED_QUERY", self._soql, item.expression.position, message)
        unnamed = sum(cell.name.startswith("expr") for cell in shape.cells)
        plain = isinstance(item.expression, Path)
        name = item.alias or (column.field.name if plain else f"expr{unnamed}")
        return Cell(name, index, _reader_of(item, column)), column


def _place_in_picklist(column: Column) -> str:
    """Return SQL for the place of a value in its picklist; null stays null, strangers come last."""
    known = column.field.values
    places = "".join(
        f" WHEN '{value.replace(chr(39), chr(39) * 2)}' THEN {place}"
        for place, value in enumerate(known)
    )
    other = f"CASE WHEN {column.sql} IS NULL THEN NULL ELSE {len(known)} END"
    return f"CASE {column.sql}{places} ELSE {other} END" if known else other


def _count_of(expression: Expression) -> Call | None:
    """Return COUNT() at the place of an expression, to compare with."""
    return Call("COUNT", None, expression.position)


def _reader_of(item: Item, column: Column) -> Reader | None:
    call = item.expression
    if isinstance(call, Call) and call.function == "AVG":
        return _average(column.field)
    if isinstance(call, Call) and call.function == "FORMAT":
        inner = reader(column.field)
        return lambda value: str(inner(value) if inner else value)
    return reader(column.field)


def _average(number: Field) -> Reader:
    def read(value: Any) -> Decimal:
        return Decimal(repr(float(value))).scaleb(-number.scale)

    return read
