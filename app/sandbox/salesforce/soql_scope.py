"""What the names in a SOQL statement stand for: columns, and the joins that reach them."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from app.sandbox.salesforce.errors import RequestError
from app.sandbox.salesforce.schema import Field, Schema, SObject
from app.sandbox.salesforce.soql_ast import Call, Expression, Path
from app.sandbox.salesforce.soql_lexer import at_place, malformed
from app.sandbox.salesforce.store import quoted

_HINT = "Please reference your WSDL or the describe call for the appropriate names."
_MOST_LEVELS = 5

_AGGREGATES = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"})
_PASSING = frozenset({"TOLABEL", "FORMAT", "CONVERTCURRENCY", "CONVERTTIMEZONE"})
_MOST_JOINS = 55
_TYPE = Field("Type", "Type", "string", 80)
_WHOLE = Field("expr", "expr", "int", nillable=False)
_DAY = Field("expr", "expr", "date")
_DATE_PARTS = {
    "CALENDAR_YEAR": "%Y",
    "FISCAL_YEAR": "%Y",
    "CALENDAR_MONTH": "%m",
    "FISCAL_MONTH": "%m",
    "DAY_IN_MONTH": "%d",
    "DAY_IN_YEAR": "%j",
    "HOUR_IN_DAY": "%H",
}
_WEEKS = {"WEEK_IN_MONTH": "%d", "WEEK_IN_YEAR": "%j"}


@dataclass(frozen=True, slots=True)
class Column:
    """An SQL expression, the field whose type it has, and the parents passed on the way."""

    sql: str
    field: Field
    path: tuple[str, ...] = ()
    aggregate: bool = False


@dataclass(frozen=True, slots=True)
class Join:
    """A table that the statement reads: its alias and what it holds."""

    alias: str
    sobject: SObject
    sql: str


class Names:
    """Gives every table of a statement, those of its subqueries too, an alias of its own."""

    def __init__(self) -> None:
        self._numbers = count()

    def next(self) -> str:
        """Return an alias not given yet."""
        return f"t{next(self._numbers)}"


class Scope:
    """The sObject of one SELECT and the parents that it reaches."""

    def __init__(self, schema: Schema, soql: str, sobject: SObject, names: Names) -> None:
        self.schema = schema
        self.soql = soql
        self.sobject = sobject
        self.names = names
        self.nicknames = {sobject.name.lower()}
        self.aliases: dict[str, tuple[str, ...]] = {}  # further names after FROM, and their ways
        self.groupings: dict[str, Column] = {}  # by the SQL of a grouped column
        self.root = Join(names.next(), sobject, "")
        self._joins: dict[tuple[str, ...], Join] = {(): self.root}

    @property
    def from_sql(self) -> str:
        """The FROM clause, with a join for every parent named so far."""
        joins = "".join(join.sql for join in self._joins.values())
        return f"FROM {quoted(self.sobject.name)} {self.root.alias}{joins}"

    def column(self, path: Path) -> Column:
        """Return the column of a path.

        Raises:
            RequestError: There is no such field or relationship, or the user may not see it.
        """
        parts = self._spelled_out(path.parts)
        if len(parts) - 1 > _MOST_LEVELS:
            message = "SOQL relationships can be at most 5 levels deep"
            raise malformed(self.soql, path.position, message)
        way: tuple[str, ...] = ()
        for part in parts[:-1]:
            way = self._step(way, part, path.position)
        if len(self._joins) > _MOST_JOINS:
            message = f"SOQL statements cannot have more than {_MOST_JOINS} relationships"
            raise malformed(self.soql, path.position, message)
        join = self._joins[way]
        field = self.schema.visible(join.sobject, parts[-1])
        if field is None and way and parts[-1].lower() == "type":
            return self._type_of(way)
        if field is None:
            raise self._no_column(parts[-1], join.sobject, path.position)
        return Column(f"{join.alias}.{quoted(field.name)}", field, way)

    def _spelled_out(self, parts: tuple[str, ...]) -> tuple[str, ...]:
        """Return a path without the names that FROM gave."""
        if len(parts) > 1 and parts[0].lower() in self.nicknames:
            return parts[1:]
        if len(parts) > 1 and parts[0].lower() in self.aliases:
            return (*self.aliases[parts[0].lower()], *parts[1:])
        return parts

    def _type_of(self, way: tuple[str, ...]) -> Column:
        """Return the pseudo-field that names the type of a parent, such as Owner.Type."""
        join = self._joins[way]
        sql = f"CASE WHEN {join.alias}.Id IS NULL THEN NULL ELSE '{join.sobject.name}' END"
        return Column(sql, _TYPE, way)

    def column_of(self, join: Join, path: Path) -> Column:
        """Return a field of a joined table; RequestError if there is none."""
        field = self.schema.visible(join.sobject, path.parts[-1])
        if field is None or len(path.parts) > 1:
            raise self._no_column(path.text, join.sobject, path.position)
        return Column(f"{join.alias}.{quoted(field.name)}", field)

    def name_parent(self, name: str, path: Path) -> None:
        """Give a parent a name of its own, as FROM does."""
        self.aliases[name.lower()] = self._spelled_out(path.parts)

    def join_as(self, lookup: Field, target: SObject) -> Join:
        """Join one of the types that a lookup may lead to, for TYPEOF alone."""
        alias = self.names.next()
        condition = f"{alias}.Id = {self.root.alias}.{quoted(lookup.name)}"
        sql = f" LEFT JOIN {quoted(target.name)} {alias} ON {condition}"
        join = Join(alias, target, sql)
        self._joins[(f"typeof {alias}",)] = join
        return join

    def parent(self, way: tuple[str, ...]) -> Join:
        """Return the joined table at the end of a way that a column has."""
        return self._joins[way]

    def _step(self, way: tuple[str, ...], part: str, position: int) -> tuple[str, ...]:
        here = self._joins[way]
        lookup = here.sobject.by_relationship.get(part.lower())
        if lookup is None or not self.schema.can_see(here.sobject, lookup):
            message = (
                f"Didn't understand relationship '{part}' in field path. If you are attempting to "
                "use a custom relationship, be sure to append the '__r' after the custom "
                f"relationship name. {_HINT}"
            )
            raise at_place("INVALID_FIELD", self.soql, position, message)
        there = (*way, str(lookup.relationship))
        if there not in self._joins:
            alias, target = self.names.next(), self.schema.target(lookup)
            condition = f"{alias}.Id = {here.alias}.{quoted(lookup.name)}"
            sql = f" LEFT JOIN {quoted(target.name)} {alias} ON {condition}"
            self._joins[there] = Join(alias, target, sql)
        return there

    def _no_column(self, name: str, sobject: SObject, position: int) -> RequestError:
        message = (
            f"No such column '{name}' on entity '{sobject.name}'. If you are attempting to use a "
            "custom field, be sure to append the '__c' after the custom field name. " + _HINT
        )
        return at_place("INVALID_FIELD", self.soql, position, message)

    def expression(self, wish: Expression) -> Column:
        """Return the column of a path or of a function; raises as column does."""
        if isinstance(wish, Path):
            return self.column(wish)
        if wish.function in _AGGREGATES:
            return self._aggregate(wish)
        if wish.argument is None:
            raise malformed(self.soql, wish.position, f"unexpected token: '{wish.function}'")
        inner = self.expression(wish.argument)
        if wish.function in _PASSING:
            return inner
        if wish.function == "GROUPING":
            return self.groupings.get(inner.sql) or self._not_grouped(wish)
        return self._date_part(wish, inner)

    def _not_grouped(self, wish: Call) -> Column:
        message = "GROUPING takes a field of GROUP BY ROLLUP or CUBE"
        raise malformed(self.soql, wish.position, message)

    def _aggregate(self, call: Call) -> Column:
        if call.argument is None:
            return Column("COUNT(*)", _WHOLE, aggregate=True)
        inner = self.expression(call.argument)
        make = _AGGREGATE_SQL[call.function]
        counts = call.function.startswith("COUNT")
        if call.function in {"SUM", "AVG"} and not (
            inner.field.is_number or inner.field.type == "int"
        ):
            message = (
                f"field {inner.field.name} does not support aggregate operator {call.function}"
            )
            raise at_place("MALFORMED_QUERY", self.soql, call.position, message)
        return Column(make(inner.sql), _WHOLE if counts else inner.field, aggregate=True)

    def _date_part(self, call: Call, inner: Column) -> Column:
        if inner.field.type not in {"date", "datetime"}:
            message = f"unexpected token: '{call.function}'"
            raise malformed(self.soql, call.position, message)
        moment = f"substr({inner.sql}, 1, 19)"
        if call.function == "DAY_ONLY":
            return Column(f"substr({inner.sql}, 1, 10)", _DAY)
        if call.function == "DAY_IN_WEEK":  # Sunday is 1
            return Column(f"(CAST(strftime('%w', {moment}) AS INTEGER) + 1)", _WHOLE)
        if call.function in {"CALENDAR_QUARTER", "FISCAL_QUARTER"}:
            return Column(f"((CAST(strftime('%m', {moment}) AS INTEGER) + 2) / 3)", _WHOLE)
        if call.function in _WEEKS:  # whole weeks, counted from the 1st: no matter the weekday
            day = f"CAST(strftime('{_WEEKS[call.function]}', {moment}) AS INTEGER)"
            return Column(f"(({day} + 6) / 7)", _WHOLE)
        part = _DATE_PARTS.get(call.function)
        if part is None:
            raise malformed(self.soql, call.position, f"unexpected token: '{call.function}'")
        return Column(f"CAST(strftime('{part}', {moment}) AS INTEGER)", _WHOLE)


def is_aggregate(call: Call) -> bool:
    """Tell whether a function aggregates, or is one of what does."""
    inner = call.argument
    return call.function in _AGGREGATES or (isinstance(inner, Call) and is_aggregate(inner))


_AGGREGATE_SQL: dict[str, Callable[[str], str]] = {
    "COUNT": lambda sql: f"COUNT({sql})",
    "COUNT_DISTINCT": lambda sql: f"COUNT(DISTINCT {sql})",
    "SUM": lambda sql: f"SUM({sql})",
    "AVG": lambda sql: f"AVG({sql})",
    "MIN": lambda sql: f"MIN({sql})",
    "MAX": lambda sql: f"MAX({sql})",
}


def source(schema: Schema, soql: str, name: str, position: int) -> SObject:
    """Return the sObject after FROM; RequestError INVALID_TYPE if there is none."""
    found = schema.find(name)
    if found is None:
        message = (
            f"sObject type '{name}' is not supported. If you are attempting to use a custom "
            "object, be sure to append the '__c' after the entity name. " + _HINT
        )
        raise at_place("INVALID_TYPE", soql, position, message)
    return found
