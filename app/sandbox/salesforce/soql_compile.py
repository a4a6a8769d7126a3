"""A SOQL statement compiled: the SQL that finds its rows and the shape of its records."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from app.sandbox.salesforce.errors import RequestError
from app.sandbox.salesforce.schema import Schema, SObject
from app.sandbox.salesforce.soql_ast import (
    Call,
    Condition,
    Expression,
    FieldsOf,
    InQuery,
    Item,
    Junction,
    Not,
    Order,
    Path,
    Query,
    TypeOf,
)
from app.sandbox.salesforce.soql_groups import Groups, OrderKey, Part
from app.sandbox.salesforce.soql_lexer import at_place, malformed
from app.sandbox.salesforce.soql_scope import Column, Names, Scope, is_aggregate, source
from app.sandbox.salesforce.soql_select import Selected, Selection
from app.sandbox.salesforce.soql_shape import AggregateShape, Shape
from app.sandbox.salesforce.soql_where import Conditions, Sql

_MOST_SUBQUERIES = 20
_MOST_SEMI_JOINS = 2
_FIELDS_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Context:
    """What a statement is compiled against."""

    schema: Schema
    now: datetime
    url: str  # "/services/data/v66.0/sobjects/"
    deleted: bool = False  # queryAll


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
    whole: bool = False  # it finds every row, in the order in which they came
    deleted: bool = False  # those in the recycle bin too
    children: list["ChildQuery"] = field(default_factory=list)
    parts: tuple[Part, ...] = ()  # instead of columns, group and having

    @property
    def aggregate(self) -> bool:
        """Whether its records are results of aggregation."""
        return isinstance(self.shape, AggregateShape)

    def select(self, columns: Sequence[str], condition: str = "", *, ordered: bool = True) -> str:
        """Return the SQL that gives columns of the rows, without limit."""
        where = " AND ".join(part for part in (self.where.text, condition) if part)
        rows = f" {self.scope.from_sql}" + (f" WHERE {where}" if where else "")
        if self.parts:
            text = " UNION ALL ".join(
                f"SELECT {', '.join(each.columns)}{rows}{each.group}{each.having}"
                for each in self.parts
            )
        else:
            text = f"SELECT {', '.join(columns)}{rows}{self.group}{self.having.text}"
        return text + (self.order if ordered else "")

    @property
    def values(self) -> tuple[object, ...]:
        """The values of select()'s question marks, in order, without those of `condition`."""
        return (*self.where.values, *self.having.values) * max(1, len(self.parts))

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
    def __init__(self, query: Query, scope: Scope, context: Context, *, within: str = "") -> None:
        self._query = query
        self._scope = scope
        self._context = context
        self._within = within  # what it is a part of: a semi-join, or a query of parents
        self._semi_joins = 0
        self._groups: Groups | None = None
        self._soql = scope.soql
        if query.alias:
            scope.nicknames.add(query.alias.lower())
        for alias in query.aliases:
            scope.name_parent(alias.name, alias.path)
        self._conditions = Conditions(scope, context.now, self._subselect)

    def compile(self) -> Compiled:
        items = self._query.items
        calls = [i.expression for i in items if isinstance(i, Item)]
        aggregates = any(isinstance(c, Call) and is_aggregate(c) for c in calls)
        if self._query.group_by or aggregates:
            return self._aggregate()
        return self._plain()

    def _plain(self) -> Compiled:
        query, scope = self._query, self._scope
        root = scope.root.alias
        record = Selection(scope, self._context.url)
        for item in query.items:
            if isinstance(item, Query):
                continue
            if isinstance(item, TypeOf):
                record.place_types(item)
                continue
            for each in [item] if isinstance(item, Item) else self._all_fields(item):
                record.place(each)
        subqueries = [item for item in query.items if isinstance(item, Query)]
        if len(subqueries) > _MOST_SUBQUERIES:
            message = f"The maximum number of subqueries is {_MOST_SUBQUERIES}"
            raise malformed(self._soql, query.source_position, message)
        children = [self._child(item) for item in subqueries]
        if query.having is not None:
            raise malformed(self._soql, query.source_position, "unexpected token: 'HAVING'")
        return Compiled(
            scope.sobject, scope, record.columns, self._where(), self._order([f"{root}.seq"]),
            query.limit, query.offset, record.shape, record.selected, children=children,
            whole=self._finds_all() and not query.order_by, deleted=self._context.deleted,
        )  # fmt: skip

    def _finds_all(self) -> bool:
        query = self._query
        return query.where is None and query.limit is None and not query.offset

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

    def _child(self, query: Query) -> ChildQuery:
        schema, parent = self._context.schema, self._scope.sobject
        wish = query.source.lower()
        for child in schema.children(parent):
            if child.field.children is not None and child.field.children.lower() == wish:
                scope = Scope(schema, self._soql, child.sobject, self._scope.names)
                scope.nicknames.add(wish)
                lookup = f'{scope.root.alias}."{child.field.name}"'
                compiled = _Compiler(query, scope, self._context, within="query").compile()
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
        if condition is not None and _joins_in_or(condition):
            message = "Semi join sub-selects are not allowed with the 'OR' operator"
            raise RequestError("MALFORMED_QUERY", message)
        if self._context.deleted:
            return found
        alive = f"{self._scope.root.alias}.IsDeleted = 0"
        return Sql(" AND ".join(part for part in (alive, found.text) if part), found.values)

    def _subselect(self, query: Query, outer: Scope) -> Sql:
        schema = self._context.schema
        sobject = source(schema, self._soql, query.source, query.source_position)
        self._check_subselect(query, sobject)
        scope = Scope(schema, self._soql, sobject, outer.names)
        compiled = _Compiler(query, scope, self._context, within="semi join").compile()
        column = compiled.selected[0].column
        if compiled.aggregate or not column.field.is_id:
            message = "Invalid selected field in a semi join sub-select: it has to be an id"
            raise malformed(self._soql, query.source_position, message)
        return Sql(compiled.select([column.sql], f"{column.sql} IS NOT NULL"), compiled.values)

    def _check_subselect(self, query: Query, sobject: SObject) -> None:
        """Refuse what semi-joins must not be (salesforce.md §5.2)."""
        self._semi_joins += 1
        problem = ""
        if query.limit is not None or query.order_by or len(query.items) != 1:
            problem = "semi join sub-selects take one field and neither ORDER BY nor LIMIT"
        elif self._within:
            problem = "Nesting of semi join sub-selects is not supported"
        elif sobject is self._scope.sobject:
            problem = "The inner and outer selects should not be on the same object type"
        elif self._semi_joins > _MOST_SEMI_JOINS:
            problem = f"Maximum {_MOST_SEMI_JOINS} semi join sub-selects are allowed"
        if problem:
            raise malformed(self._soql, query.source_position, problem)

    def _order(self, last: Sequence[str]) -> str:
        keys = [self._order_key(order, self._ordered(order)) for order in self._query.order_by]
        if not any(_is_id(order.expression) for order in self._query.order_by):
            keys += last  # else the order is total already, and an index may give it
        return f" ORDER BY {', '.join(keys)}" if keys else ""

    def _ordered(self, order: Order) -> Column:
        """Return the column to order by; RequestError if it is there only before the grouping."""
        column = self._scope.expression(self._named(order.expression))
        if self._groups is None and column.aggregate:
            message = "Aggregate functions cannot be used in ORDER BY without grouping"
        elif self._groups is not None and not self._groups.has(column):
            message = f"Ordered field must be grouped or aggregated: {column.field.name}"
        else:
            return column
        raise malformed(self._soql, order.expression.position, message)

    def _order_key(self, order: Order, column: Column) -> str:
        if column.field.long_text:
            message = f"field '{column.field.name}' can not be sorted in a query call"
            raise at_place("INVALID_FIELD", self._soql, order.expression.position, message)
        keys = [column.sql]
        if column.field.type == "picklist" and not column.aggregate:
            keys = [_place_in_picklist(column), column.sql]
        return ", ".join(f"{key} {_direction(order)}" for key in keys)

    def _named(self, expression: Expression) -> Expression:
        """Return what an alias of an aggregate stands for; other expressions as they are."""
        if not isinstance(expression, Path) or len(expression.parts) > 1:
            return expression
        wish = expression.text.lower()
        aliases = {
            item.alias.lower(): item.expression
            for item in self._query.items
            if isinstance(item, Item) and item.alias
        }
        return aliases.get(wish, expression)

    def _aggregate(self) -> Compiled:
        query, scope = self._query, self._scope
        self._groups = groups = Groups(query, scope)
        for item in query.items:
            if not isinstance(item, Item):
                message = "unexpected token: '('" if isinstance(item, Query) else "expecting a name"
                raise malformed(self._soql, query.source_position, message)
            groups.place(item)
        only = query.items[0]
        counts = isinstance(only, Item) and only.expression == _count_of(only.expression)
        if query.limit is not None and not query.group_by and not counts:
            message = "Non-grouped query that uses aggregate functions cannot also use LIMIT"
            raise malformed(self._soql, query.source_position, message)
        having = Sql("")
        if query.having is not None:
            found = replace(self._conditions, groups=groups).sql(query.having)
            having = Sql(f" HAVING {found.text}", found.values)
        where, parts = self._where(), groups.parts(having.text)
        order = self._order(()) if not parts else groups.order(self._union_order())
        return Compiled(
            scope.sobject, scope, groups.columns, where, order, query.limit, query.offset,
            groups.shape, groups.selected, groups.group_sql, having,
            counts and len(query.items) == 1 and not query.group_by,
            whole=self._finds_all(), deleted=self._context.deleted, parts=parts,
        )  # fmt: skip

    def _union_order(self) -> list[OrderKey]:
        return [
            OrderKey(self._ordered(each).sql, _direction(each), each.expression.position)
            for each in self._query.order_by
        ]


def _direction(order: Order) -> str:
    direction = "DESC" if order.descending else "ASC"
    return f"{direction} NULLS {'LAST' if order.nulls_last else 'FIRST'}"


def _joins_in_or(condition: Condition, *, within: bool = False) -> bool:
    """Tell whether a semi-join stands below an OR."""
    if isinstance(condition, InQuery):
        return within
    if isinstance(condition, Not):
        return _joins_in_or(condition.condition, within=within)
    if isinstance(condition, Junction):
        here = within or condition.word == "OR"
        return any(_joins_in_or(each, within=here) for each in condition.conditions)
    return False


def _is_id(expression: Expression) -> bool:
    return isinstance(expression, Path) and [p.lower() for p in expression.parts] == ["id"]


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
