"""SOQL text to its syntax tree, by recursive descent (salesforce.md §5.3)."""

from functools import lru_cache
from typing import Literal

from app.sandbox.salesforce.errors import RequestError
from app.sandbox.salesforce.soql_ast import (
    Alias,
    Call,
    Comparison,
    Condition,
    Expression,
    FieldsOf,
    Includes,
    InList,
    InQuery,
    Item,
    Junction,
    Not,
    Order,
    Path,
    Query,
    TypeOf,
    Value,
    When,
)
from app.sandbox.salesforce.soql_lexer import Token, malformed, tokens, too_complicated

_AFTER_SOURCE = frozenset(
    {
        "WHERE",
        "GROUP",
        "HAVING",
        "ORDER",
        "LIMIT",
        "OFFSET",
        "FOR",
        "USING",
        "WITH",
        "ALL",
        "UPDATE",
    }
)
_RANGES = frozenset(
    {"YESTERDAY", "TODAY", "TOMORROW", "LAST_90_DAYS", "NEXT_90_DAYS"}
    | {
        f"{when}_{unit}"
        for when in ("LAST", "THIS", "NEXT")
        for unit in ("WEEK", "MONTH", "QUARTER", "YEAR", "FISCAL_QUARTER", "FISCAL_YEAR")
    }
)
_OPERATORS = frozenset({"=", "!=", "<>", "<", "<=", ">", ">="})
_SCOPES = frozenset(
    {"DELEGATED", "EVERYTHING", "MINE", "MY_TERRITORY", "MY_TEAM_TERRITORY", "TEAM"}
)
_MOST_OFFSET = 2000
_LARGEST = 2**31 - 1
_DEEPEST = 100


@lru_cache(maxsize=128)
def parse(soql: str) -> Query:
    """Return what a statement says.

    Raises:
        RequestError: It is not SOQL (MALFORMED_QUERY), or its OFFSET is too large.
    """
    try:
        return _Parser(soql).statement()
    except RecursionError as error:
        raise too_complicated() from error


class _Parser:
    def __init__(self, soql: str) -> None:
        self._soql = soql
        self._tokens = tokens(soql)
        self._next = 0
        self._depth = 0

    def statement(self) -> Query:
        query = self._query()
        if self._peek().kind != "end":
            raise self._unexpected()
        return query

    def _peek(self, ahead: int = 0) -> Token:
        return self._tokens[min(self._next + ahead, len(self._tokens) - 1)]

    def _take(self) -> Token:
        token = self._peek()
        self._next += 1
        return token

    def _at(self, *words: str) -> bool:
        return all(self._peek(i).upper == word for i, word in enumerate(words))

    def _skip(self, *words: str) -> bool:
        if not self._at(*words):
            return False
        self._next += len(words)
        return True

    def _expect(self, word: str) -> Token:
        if not self._at(word):
            raise self._unexpected(f"expecting '{word}'" if word.isalpha() else "")
        return self._take()

    def _unexpected(self, hint: str = "") -> RequestError:
        token = self._peek()
        end = "." if token.kind == "end" else ""
        message = f"unexpected token: '{token.text}'{end}" + (f" ({hint})" if hint else "")
        return malformed(self._soql, token.position, message)

    def _name(self) -> Token:
        if self._peek().kind != "name":
            raise self._unexpected()
        return self._take()

    def _whole(self) -> int:
        token = self._peek()
        if token.kind != "number" or not token.text.isdecimal() or int(token.text) > _LARGEST:
            raise self._unexpected()
        return int(self._take().text)

    def _query(self) -> Query:
        self._expect("SELECT")
        items = [self._item()]
        while self._skip(","):
            items.append(self._item())
        self._expect("FROM")
        source = self._name()
        alias = self._source_alias()
        aliases = self._aliases()
        scope = self._scope()
        where = self._condition() if self._skip("WHERE") else None
        self._skip_with()
        group_by, subtotals = self._group_by()
        having = self._condition() if self._skip("HAVING") else None
        order_by = self._order_by()
        limit = self._whole() if self._skip("LIMIT") else None
        offset = self._offset()
        self._skip_purpose()
        return Query(
            tuple(items), source.text, source.position, alias,
            where, group_by, having, order_by, limit, offset, aliases, scope, subtotals,
        )  # fmt: skip

    def _aliases(self) -> tuple[Alias, ...]:
        """Read `, c.Account a, …`: parents that get names of their own."""
        found: list[Alias] = []
        while self._skip(","):
            name = self._name()
            path = Path(tuple(name.text.split(".")), name.position)
            nickname = self._source_alias()
            if nickname is None:
                raise self._unexpected()
            found.append(Alias(nickname, path))
        return tuple(found)

    def _scope(self) -> str:
        if not self._skip("USING"):
            return ""
        self._expect("SCOPE")
        token = self._peek()
        if token.upper not in _SCOPES:
            raise self._unexpected()
        return self._take().upper

    def _source_alias(self) -> str | None:
        self._skip("AS")
        token = self._peek()
        if token.kind == "name" and token.upper not in _AFTER_SOURCE:
            return self._take().text
        return None

    def _skip_with(self) -> None:
        if self._skip("WITH") and not self._skip("SECURITY_ENFORCED"):
            self._name()  # USER_MODE, SYSTEM_MODE

    def _skip_purpose(self) -> None:
        if self._at("ALL", "ROWS"):
            message = "ALL ROWS not allowed in this context"
            raise malformed(self._soql, self._peek().position, message)
        if self._skip("UPDATE"):  # TRACKING, VIEWSTAT: of articles
            self._name()
        if self._skip("FOR") and not (
            self._skip("VIEW") or self._skip("REFERENCE") or self._skip("UPDATE")
        ):
            raise self._unexpected()

    def _group_by(self) -> tuple[tuple[Expression, ...], Literal["", "ROLLUP", "CUBE"]]:
        if not self._skip("GROUP", "BY"):
            return (), ""
        for word in ("ROLLUP", "CUBE"):
            if self._at(word) and self._peek(1).text == "(":
                self._take()
                self._take()
                keys = self._expressions()
                self._expect(")")
                return keys, "ROLLUP" if word == "ROLLUP" else "CUBE"
        return self._expressions(), ""

    def _expressions(self) -> tuple[Expression, ...]:
        keys = [self._expression()]
        while self._skip(","):
            keys.append(self._expression())
        return tuple(keys)

    def _order_by(self) -> tuple[Order, ...]:
        if not self._skip("ORDER", "BY"):
            return ()
        keys = [self._order()]
        while self._skip(","):
            keys.append(self._order())
        return tuple(keys)

    def _order(self) -> Order:
        expression = self._expression()
        descending = self._skip("DESC")
        if not descending:
            self._skip("ASC")
        nulls_last = False
        if self._skip("NULLS"):
            nulls_last = self._skip("LAST")
            if not nulls_last:
                self._expect("FIRST")
        return Order(expression, descending, nulls_last)

    def _offset(self) -> int:
        if not self._skip("OFFSET"):
            return 0
        offset = self._whole()
        if offset > _MOST_OFFSET:
            message = f"Maximum SOQL offset allowed is {_MOST_OFFSET}"
            raise RequestError("NUMBER_OUTSIDE_VALID_RANGE", message)
        return offset

    def _item(self) -> Item | FieldsOf | TypeOf | Query:
        if self._skip("("):
            query = self._query()
            self._expect(")")
            return query
        if self._at("TYPEOF") and self._peek(1).kind == "name":
            return self._type_of()
        if self._at("FIELDS") and self._peek(1).text == "(":
            return self._fields_of()
        expression = self._expression()
        token = self._peek()
        if token.kind == "name" and token.upper != "FROM" and self._peek(1).text in {",", "FROM"}:
            return Item(expression, self._take().text)
        if token.kind == "name" and self._peek(1).upper == "FROM" and token.upper != "FROM":
            return Item(expression, self._take().text)
        return Item(expression, None)

    def _type_of(self) -> TypeOf:
        start = self._take()
        relationship = self._name().text
        cases: list[When] = []
        while self._skip("WHEN"):
            kind = self._name().text
            self._expect("THEN")
            cases.append(When(kind, self._paths()))
        if not cases:
            raise self._unexpected("expecting 'WHEN'")
        if self._skip("ELSE"):
            cases.append(When("", self._paths()))
        self._expect("END")
        return TypeOf(relationship, tuple(cases), start.position)

    def _paths(self) -> tuple[Path, ...]:
        return tuple(self._plain(each) for each in self._expressions())

    def _fields_of(self) -> FieldsOf:
        start = self._take()
        self._expect("(")
        group = self._name()
        if group.upper not in {"ALL", "STANDARD", "CUSTOM"}:
            message = f"unexpected token: '{group.text}'"
            raise malformed(self._soql, group.position, message)
        self._expect(")")
        return FieldsOf(group.upper, start.position)

    def _expression(self) -> Expression:
        name = self._name()
        if self._peek().text != "(" or self._peek().kind != "mark":
            return Path(tuple(name.text.split(".")), name.position)
        self._take()
        if self._skip(")"):
            return Call(name.upper, None, name.position)
        inner = self._expression()
        self._expect(")")
        return Call(name.upper, inner, name.position)

    def _condition(self) -> Condition:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise too_complicated()
        found = self._junction()
        self._depth -= 1
        return found

    def _junction(self) -> Condition:
        first = self._negation()
        word = self._peek().upper
        if word not in {"AND", "OR"}:
            return first
        parts = [first]
        while self._skip(word):
            parts.append(self._negation())
        if self._peek().upper in {"AND", "OR"}:  # mixed without parentheses
            raise self._unexpected()
        joined: Literal["AND", "OR"] = "AND" if word == "AND" else "OR"
        return Junction(joined, tuple(parts))

    def _negation(self) -> Condition:
        if self._skip("NOT"):
            inner = self._condition() if self._at("NOT") else self._negation()
            return Not(inner)
        if self._skip("("):
            inner = self._condition()
            self._expect(")")
            return inner
        return self._test()

    def _test(self) -> Condition:
        left = self._expression()
        token = self._peek()
        if token.kind == "mark" and token.text in _OPERATORS:
            operator = self._take().text
            return Comparison(left, "!=" if operator == "<>" else operator, self._value())
        if self._skip("LIKE"):
            return Comparison(left, "LIKE", self._value())
        if self._skip("IN"):
            return self._in(left, negated=False)
        if self._skip("NOT", "IN"):
            return self._in(left, negated=True)
        if self._at("INCLUDES") or self._at("EXCLUDES"):
            negated = self._take().upper == "EXCLUDES"
            return Includes(self._plain(left), self._values(), negated)
        raise self._unexpected()

    def _in(self, left: Expression, *, negated: bool) -> Condition:
        if self._peek().text == "(" and self._peek(1).upper == "SELECT":
            self._take()
            query = self._query()
            self._expect(")")
            return InQuery(self._plain(left), query, negated)
        return InList(left, self._values(), negated)

    def _plain(self, left: Expression) -> Path:
        if isinstance(left, Call):
            raise malformed(self._soql, left.position, f"unexpected token: '{left.function}'")
        return left

    def _values(self) -> tuple[Value, ...]:
        self._expect("(")
        values = [self._value()]
        found = self._tokens
        while (
            found[self._next].kind == "mark" and found[self._next].text == ","
        ):  # may be thousands
            self._next += 1
            values.append(self._value())
        self._expect(")")
        return tuple(values)

    def _value(self) -> Value:
        token = self._peek()
        if token.kind == "text":
            self._next += 1
            return Value("text", token.text, token.position)
        if token.kind in {"number", "date", "datetime", "range"}:
            self._take()
            return Value(token.kind, token.text, token.position)  # type: ignore[arg-type]  # narrowed above
        words = {"TRUE": "boolean", "FALSE": "boolean", "NULL": "null"}
        kind = "range" if token.upper in _RANGES else words.get(token.upper)
        if token.kind != "name" or kind is None:
            raise self._unexpected()
        self._take()
        return Value(kind, token.upper, token.position)  # type: ignore[arg-type]  # one of the words
