"""The part of SOQL that the reference lists (§5.3), for the independent server."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.connectors.independent_salesforce_org import Org, Refused, Row, SObject

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')"
    r"|(?P<stamp>\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?)"
    r"|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<name>[A-Za-z_][\w.]*)"
    r"|(?P<sign><=|>=|!=|<>|[=<>(),]))"
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
Test = Callable[[Row], bool]


@dataclass
class Selected:
    """What a statement found; `rows` as JSON nests them, values as Python has them."""

    owner: SObject
    columns: list[str]
    rows: list[Row] = field(default_factory=list)
    count_only: bool = False


def select(org: Org, soql: str, *, deleted: bool = False, tooling: bool = False) -> Selected:
    """Return the rows of a statement in its order; without one, in any order."""
    return _Statement(org, soql, deleted=deleted, tooling=tooling).run()


def tooling_objects(org: Org) -> dict[str, SObject]:
    """Return CustomObject and CustomField as the Tooling API tells of them."""
    tables = {name: SObject(name, "01I", {}) for name in ("CustomObject", "CustomField")}
    for place, each in enumerate(org.objects.values()):
        if not each.name.endswith("__c"):
            continue
        own = f"01Ixx{place:010}"
        tables["CustomObject"].rows[own] = {"Id": own, **_developer(each.name)}
        for name in (f["name"] for f in each.fields.values() if f["custom"]):
            row = {"Id": f"00N{len(tables['CustomField'].rows):012}", "TableEnumOrId": own}
            tables["CustomField"].rows[row["Id"]] = row | _developer(name)
    return {name.lower(): table for name, table in tables.items()}


def _developer(name: str) -> Row:
    parts = name.split("__")
    return {"DeveloperName": parts[-2], "NamespacePrefix": parts[0] if len(parts) > 2 else None}


class _Statement:
    def __init__(self, org: Org, soql: str, *, deleted: bool, tooling: bool) -> None:
        self.org, self.deleted = org, deleted
        self.tables = tooling_objects(org) if tooling else org.objects
        self.is_open = tooling
        self.tokens: list[tuple[str, str]] = []
        place, end = 0, len(soql.rstrip())
        while place < end:
            found = _TOKEN.match(soql, place)
            if found is None or found.lastgroup is None:
                raise Refused("MALFORMED_QUERY", f"unexpected token: '{soql[place]}'")
            self.tokens.append((found.lastgroup, found[found.lastgroup]))
            place = found.end()
        self.place = 0

    def peek(self) -> str:
        return self.tokens[self.place][1].upper() if self.place < len(self.tokens) else ""

    def take(self, *wanted: str) -> str:
        if self.place >= len(self.tokens) or (wanted and self.peek() not in wanted):
            raise Refused("MALFORMED_QUERY", f"unexpected token: '{self.peek() or '<EOF>'}'")
        self.place += 1
        return self.tokens[self.place - 1][1]

    def eat(self, word: str) -> bool:
        if self.peek() != word:
            return False
        self.place += 1
        return True

    def run(self) -> Selected:
        self.take("SELECT")
        count = self.peek() == "COUNT"
        items = self._count() if count else self._items()
        self.take("FROM")
        name = self.take()
        owner = self.tables.get(name.lower())
        if owner is None:
            raise Refused("INVALID_TYPE", f"sObject type '{name}' is not supported.")
        self.owner = owner
        test: Test = self._either() if self.eat("WHERE") else lambda _row: True
        rows = owner.rows.values() if self.deleted else owner.live()
        found = self._ordered([row for row in rows if test(row)])
        if self.eat("LIMIT"):
            found = found[: int(self.take())]
        if self.peek():
            raise Refused("MALFORMED_QUERY", f"unexpected token: '{self.peek()}'")
        paths = [self._path(item) for item in items]
        columns = [".".join(path) for path in paths]
        if len(set(columns)) != len(columns):
            raise Refused("INVALID_FIELD", "duplicate field selected")
        return Selected(owner, columns, [self._row(row, paths) for row in found], count)

    def _count(self) -> list[str]:
        for word in ("COUNT", "(", ")"):
            self.take(word)
        return []

    def _items(self) -> list[str]:
        items = [self.take()]
        while self.eat(","):
            items.append(self.take())
        return items

    def _ordered(self, rows: list[Row]) -> list[Row]:
        if not self.eat("ORDER"):
            return rows[::-1]  # undefined without it (§5.3), so not as they were made
        self.take("BY")
        paths = [self._path(self.take())]
        while self.eat(","):
            paths.append(self._path(self.take()))
        for path in reversed(paths):
            rows = sorted(rows, key=self._sorter(path))
        return rows

    def _sorter(self, path: Sequence[str]) -> Callable[[Row], Any]:
        return lambda row: _sortable(self._value(row, path))

    def _either(self) -> Test:
        tests = [self._all()]
        while self.eat("OR"):
            tests.append(self._all())
        return lambda row: any(test(row) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self.eat("AND"):
            tests.append(self._one())
        return lambda row: all(test(row) for test in tests)

    def _one(self) -> Test:
        if self.eat("NOT"):
            inner = self._one()
            return lambda row: not inner(row)
        if self.eat("("):
            test = self._either()
            self.take(")")
            return test
        path = self._path(self.take())
        if self.eat("IN"):
            self.take("(")
            values = [self._literal()]
            while self.eat(","):
                values.append(self._literal())
            self.take(")")
            wanted = {_comparable(value) for value in values}
            return lambda row: _comparable(self._value(row, path)) in wanted
        return self._compared(path, self.take("=", "!=", "<>", "<", "<=", ">", ">="))

    def _compared(self, path: Sequence[str], sign: str) -> Test:
        value = _comparable(self._literal())
        if sign in {"=", "!=", "<>"}:
            return lambda row: (_comparable(self._value(row, path)) == value) is (sign == "=")

        def test(row: Row) -> bool:
            own: Any = _comparable(self._value(row, path))
            if own is None or value is None:
                return False
            less, same = own < value, own == value
            return (less if "<" in sign else not less and not same) or (same and "=" in sign)

        return test

    def _literal(self) -> Any:
        kind, text = self.tokens[self.place] if self.place < len(self.tokens) else ("", "")
        self.take()
        if kind == "text":
            return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1].lower(), m[1]), text[1:-1])
        if kind == "stamp":
            return datetime.fromisoformat(text)
        if kind == "number":
            return Decimal(text)
        known = {"null": None, "true": True, "false": False}
        if text.lower() not in known:
            raise Refused("MALFORMED_QUERY", f"unexpected token: '{text}'")
        return known[text.lower()]

    def _path(self, name: str) -> list[str]:
        """Return a column's path in its declared case (§5.1)."""
        if self.is_open:
            return [name]
        owner, path, parts = self.owner, [], name.split(".")
        for part in parts[:-1]:
            fields = self.org.visible(owner).values()
            lookup = next(
                (f for f in fields if str(f.get("relationshipName")).lower() == part.lower()), None
            )
            if lookup is None:
                raise Refused("INVALID_FIELD", f"Didn't understand relationship '{part}'")
            path.append(lookup["relationshipName"])
            owner = self.org.sobject(lookup["referenceTo"][-1])
        found = self.org.visible(owner).get(parts[-1].lower())
        if found is None:
            words = f"No such column '{parts[-1]}' on entity '{owner.name}'."
            raise Refused("INVALID_FIELD", f"\nERROR at Row:1:Column:8\n{words}")
        return [*path, found["name"]]

    def _parent(self, owner: SObject, row: Row, relation: str) -> tuple[SObject, Row | None]:
        lookup = next(f for f in owner.fields.values() if f.get("relationshipName") == relation)
        parent = self.org.sobject(lookup["referenceTo"][-1])
        return parent, parent.rows.get(str(row.get(lookup["name"]))[:15])

    def _value(self, row: Row, path: Sequence[str]) -> Any:
        owner, here = self.owner, row
        for relation in path[:-1]:
            owner, above = self._parent(owner, here, relation)
            if above is None:
                return None
            here = above
        return here.get(path[-1])

    def _row(self, row: Row, paths: Sequence[Sequence[str]]) -> Row:
        made: Row = {"attributes": {"type": self.owner.name, "url": f"~/{row['Id']}"}}
        for path in paths:
            here, owner, source = made, self.owner, row
            for relation in path[:-1]:
                owner, above = self._parent(owner, source, relation)
                if above is None:
                    here[relation] = None
                    break
                kept = here.get(relation) or {"attributes": {"type": owner.name}}
                here[relation] = kept
                here, source = kept, above
            else:
                here[path[-1]] = source.get(path[-1])
        return made


def _comparable(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _sortable(value: Any) -> tuple[bool, Any]:
    return (value is not None, _comparable(value) if value is not None else 0)
