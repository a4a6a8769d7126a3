"""Conditions of SOQL as SQL. A comparison with null is false, never unknown, as in SOQL."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from app.sandbox.salesforce.errors import RequestError
from app.sandbox.salesforce.ids import normalized
from app.sandbox.salesforce.soql_ast import (
    Call,
    Comparison,
    Condition,
    Expression,
    Includes,
    InList,
    InQuery,
    Junction,
    Not,
    Query,
    Value,
)
from app.sandbox.salesforce.soql_dates import days_of
from app.sandbox.salesforce.soql_groups import Groups
from app.sandbox.salesforce.soql_lexer import at_place, like_pattern, malformed, unescaped
from app.sandbox.salesforce.soql_scope import Column, Scope
from app.sandbox.salesforce.store import placeholders
from app.sandbox.salesforce.values import stamp

_LONGEST_TEXT = 4000
_FLAT = 100
_TYPE_NAMES = {"currency": "double", "percent": "double", "datetime": "dateTime", "id": "ID"}
_KINDS = {
    "double": "number",
    "currency": "number",
    "percent": "number",
    "int": "number",
    "boolean": "boolean",
    "date": "date",
    "datetime": "datetime",
}


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL and the values for its question marks."""

    text: str
    values: tuple[object, ...] = field(default=())


SubSelect = Callable[[Query, Scope], Sql]


@dataclass(frozen=True, slots=True)
class Conditions:
    """Turns conditions within one scope into SQL; `subselect` does so for semi-joins.

    `groups` are those that a HAVING is about; None for a WHERE.
    """

    scope: Scope
    now: datetime
    subselect: SubSelect
    groups: Groups | None = None

    def sql(self, condition: Condition) -> Sql:
        """Return the SQL of a condition.

        Raises:
            RequestError: A field is unknown or cannot be filtered, or a value is of another type.
        """
        match condition:
            case Junction(word, parts):
                pieces = [self.sql(part) for part in parts]
                text = _balanced([piece.text for piece in pieces], word)
                return Sql(text, tuple(v for piece in pieces for v in piece.values))
            case Not(inner):
                piece = self.sql(inner)
                return Sql(f"({piece.text}) IS NOT TRUE", piece.values)
            case Comparison():
                return self._comparison(condition)
            case InList():
                return self._in_list(condition)
            case InQuery():
                return self._in_query(condition)
            case Includes():
                return self._includes(condition)

    def _operand(self, wish: Expression) -> Column:
        column = self.scope.expression(wish)
        self._check_grouped(wish, column)
        if column.field.long_text and not column.aggregate:
            inner = wish.path if isinstance(wish, Call) else wish
            position = inner.position if inner else wish.position
            message = f"field '{column.field.name}' can not be filtered in a query call"
            raise at_place("INVALID_FIELD", self.scope.soql, position, message)
        return column

    def _check_grouped(self, wish: Expression, column: Column) -> None:
        """Refuse aggregates before the grouping, and what is not grouped behind it."""
        if self.groups is None and column.aggregate:
            message = "Aggregate functions cannot be used in a WHERE clause"
        elif self.groups is not None and not self.groups.has(column):
            message = f"Field must be grouped or aggregated: {column.field.name}"
        else:
            return
        raise malformed(self.scope.soql, wish.position, message)

    def _comparison(self, wish: Comparison) -> Sql:
        column = self._operand(wish.left)
        value = wish.value
        if wish.operator == "LIKE":
            return self._like(column, value)
        if value.kind == "range":
            return self._in_days(column, wish.operator, value)
        bound = self._bound(column, value)
        if bound is None:
            if wish.operator not in {"=", "!="}:
                return Sql("FALSE")
            return Sql(f"{column.sql} IS {'NOT ' if wish.operator == '!=' else ''}NULL")
        operator = "IS NOT" if wish.operator == "!=" else wish.operator
        if _needs_folding(column, bound):
            return Sql(f"fold({column.sql}) {operator} fold(?)", (bound,))
        return Sql(f"{column.sql} {operator} ?", (bound,))

    def _like(self, column: Column, value: Value) -> Sql:
        if value.kind != "text" or column.field.type in _KINDS or column.field.is_id:
            message = f"invalid operator on {column.field.type} field"
            code = "INVALID_QUERY_FILTER_OPERATOR"
            raise at_place(code, self.scope.soql, value.position, message)
        pattern = like_pattern(value.text)
        if column.field.case_sensitive:
            return Sql(f"{column.sql} GLOB ?", (_glob(pattern),))
        if not pattern.isascii():
            return Sql(f"fold({column.sql}) LIKE fold(?) ESCAPE '\\'", (pattern,))
        return Sql(f"{column.sql} LIKE ? ESCAPE '\\'", (pattern,))

    def _in_list(self, wish: InList) -> Sql:
        column = self._operand(wish.left)
        if any(value.kind == "range" for value in wish.values):
            pieces = [self._in_days(column, "=", value) for value in wish.values]
            text = " OR ".join(piece.text for piece in pieces)
            values = tuple(v for piece in pieces for v in piece.values)
            return Sql(f"({text}) IS {'NOT ' if wish.negated else ''}TRUE", values)
        bound = [self._bound(column, value) for value in wish.values]
        return _membership(column, bound, negated=wish.negated)

    def _in_query(self, wish: InQuery) -> Sql:
        column = self._operand(wish.left)
        if not column.field.is_id:
            message = f"semi join left operand should be an id or lookup field: '{wish.left.text}'"
            raise at_place("MALFORMED_QUERY", self.scope.soql, wish.left.position, message)
        inner = self.subselect(wish.query, self.scope)
        if wish.negated:
            text = f"({column.sql} IS NULL OR {column.sql} NOT IN ({inner.text}))"
            return Sql(text, inner.values)
        return Sql(f"{column.sql} IN ({inner.text})", inner.values)

    def _includes(self, wish: Includes) -> Sql:
        column = self._operand(wish.left)
        if column.field.type != "multipicklist":
            message = f"invalid operator on {column.field.type} field"
            code = "INVALID_QUERY_FILTER_OPERATOR"
            raise at_place(code, self.scope.soql, wish.left.position, message)
        choices: list[str] = []
        values: list[object] = []
        for value in wish.values:
            wanted = unescaped(value.text).split(";")
            choices.append(" AND ".join([f"instr(';' || {column.sql} || ';', ?)"] * len(wanted)))
            values += [f";{each};" for each in wanted]
        text = f"({' OR '.join(choices)}) IS {'NOT ' if wish.negated else ''}TRUE"
        return Sql(text, tuple(values))

    def _in_days(self, column: Column, operator: str, value: Value) -> Sql:
        days = days_of(value.text, self.now)
        if days is None:
            message = f"unexpected token: '{value.text}'"
            raise at_place("MALFORMED_QUERY", self.scope.soql, value.position, message)
        if column.field.type not in {"date", "datetime"}:
            raise self._wrong_type(column, value)
        first, end = days.first.isoformat(), days.end.isoformat()  # sort before any time of the day
        x = column.sql
        within = f"({x} >= ? AND {x} < ?)"
        return {
            "=": Sql(within, (first, end)),
            "!=": Sql(f"{within} IS NOT TRUE", (first, end)),
            "<": Sql(f"{x} < ?", (first,)),
            ">=": Sql(f"{x} >= ?", (first,)),
            ">": Sql(f"{x} >= ?", (end,)),
            "<=": Sql(f"{x} < ?", (end,)),
        }[operator]

    def _bound(self, column: Column, value: Value) -> object:
        """Return a literal as the store keeps such values; None for null and for ''."""
        if value.kind == "null" or (value.kind == "text" and not value.text):
            return None
        kind = _KINDS.get(column.field.type, "text")
        if value.kind != kind:
            raise self._wrong_type(column, value)
        if kind == "text":
            return self._bound_text(column, value)
        if kind == "number":
            return _scaled(Decimal(value.text), column.field.scale)
        if kind == "boolean":
            return int(value.text == "TRUE")
        return self._bound_time(value, is_day=kind == "date")

    def _bound_time(self, value: Value, *, is_day: bool) -> str:
        try:
            moment = datetime.fromisoformat(value.text)
            return moment.date().isoformat() if is_day else stamp(moment)
        except (ValueError, OverflowError) as error:
            message = f"unexpected token: '{value.text}'"
            raise at_place("MALFORMED_QUERY", self.scope.soql, value.position, message) from error

    def _bound_text(self, column: Column, value: Value) -> str:
        text = unescaped(value.text)
        if len(text) > _LONGEST_TEXT:
            message = "maximum length of a string literal is 4000 characters"
            raise RequestError("MALFORMED_QUERY", message)
        if not column.field.is_id:
            return text
        found = normalized(text)
        if found is None:
            message = f"invalid ID field: {text}"
            code = "INVALID_QUERY_FILTER_OPERATOR"
            raise at_place(code, self.scope.soql, value.position, message)
        return found

    def _wrong_type(self, column: Column, value: Value) -> RequestError:
        kind = _KINDS.get(column.field.type, "text")
        name = "string" if kind == "text" else column.field.type
        name = _TYPE_NAMES.get(column.field.type, name)
        quotes = "should be enclosed" if kind == "text" else "should not be enclosed"
        message = (
            f"value of filter criterion for field '{column.field.name}' must be of type "
            f"{name} and {quotes} in quotes"
        )
        return at_place("INVALID_FIELD", self.scope.soql, value.position, message)


def _balanced(texts: Sequence[str], word: str) -> str:
    """Join conditions in pairs of pairs: SQLite minds how deep they are, not how many."""
    if len(texts) <= _FLAT:
        return f"({f' {word} '.join(texts)})"
    half = len(texts) // 2
    return f"({_balanced(texts[:half], word)} {word} {_balanced(texts[half:], word)})"


def _scaled(number: Decimal, scale: int) -> int | float:
    units = number.scaleb(scale)
    return int(units) if units == units.to_integral_value() else float(units)


def _needs_folding(column: Column, bound: object) -> bool:
    """Tell whether SQLite's own comparison, which folds ASCII letters alone, would not do."""
    if column.field.case_sensitive or column.field.type in _KINDS or column.field.is_id:
        return False
    return isinstance(bound, str) and not bound.isascii()


def _membership(column: Column, bound: Sequence[object], *, negated: bool) -> Sql:
    values = [each for each in bound if each is not None]
    null = len(values) < len(bound)
    left, mark = column.sql, "?"
    if any(_needs_folding(column, each) for each in values):
        left, mark = f"fold({column.sql})", "fold(?)"
    listed = placeholders(values).replace("?", mark)
    if negated:
        nulls = "IS NOT NULL AND" if null else "IS NULL OR"
        return Sql(f"({column.sql} {nulls} {left} NOT IN ({listed}))", tuple(values))
    nulls = f" OR {column.sql} IS NULL" if null else ""
    return Sql(f"({left} IN ({listed}){nulls})", tuple(values))


def _glob(pattern: str) -> str:
    """Return a LIKE pattern as one of GLOB, which minds the case of letters."""
    out: list[str] = []
    letters = iter(pattern)
    for letter in letters:
        if letter == "\\":
            literal = next(letters, "\\")
            out.append(f"[{literal}]" if literal in "*?[" else literal)
        else:
            out.append({"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"}.get(letter, letter))
    return "".join(out)
