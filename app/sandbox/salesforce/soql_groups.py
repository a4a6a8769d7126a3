"""Aggregation: groups, their subtotals by ROLLUP and CUBE, and what is selected of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from app.sandbox.salesforce.schema import Field
from app.sandbox.salesforce.soql_ast import Expression, Item, Path, Query
from app.sandbox.salesforce.soql_lexer import at_place, malformed
from app.sandbox.salesforce.soql_scope import Column, Scope
from app.sandbox.salesforce.soql_select import Selected, reader_of
from app.sandbox.salesforce.soql_shape import AggregateShape, Cell

_MARK = Field("expr", "expr", "int", nillable=False)
_MOST_SUBTOTALED = 3


@dataclass(frozen=True, slots=True)
class Part:
    """One SELECT of several that are put together: GROUP BY ROLLUP is one for each subtotal."""

    columns: tuple[str, ...]
    group: str
    having: str


@dataclass(frozen=True, slots=True)
class OrderKey:
    """A key of the order: its SQL, its direction, where it stands in the statement."""

    sql: str
    direction: str
    position: int


class Groups:
    """The groups of a statement, and its columns as items are placed one after the other."""

    def __init__(self, query: Query, scope: Scope) -> None:
        self._query = query
        self._scope = scope
        self.shape = AggregateShape()
        self.columns: list[str] = []
        self.selected: list[Selected] = []
        self._keys = [self._key(each) for each in query.group_by]
        if query.subtotals:
            if len(self._keys) > _MOST_SUBTOTALED:
                message = f"At most {_MOST_SUBTOTALED} fields are allowed in {query.subtotals}"
                raise malformed(scope.soql, query.group_by[0].position, message)
            scope.groupings |= {
                key: Column(_grouping(key), _MARK, aggregate=True) for key in self._keys
            }

    @property
    def group_sql(self) -> str:
        """The GROUP BY clause, without subtotals."""
        return _group_by(self._keys)

    def has(self, column: Column) -> bool:
        """Tell whether a column is there after the grouping: an aggregate, or a key."""
        return column.aggregate or column.sql in self._keys

    def _key(self, key: Expression) -> str:
        column = self._scope.expression(key)
        if column.field.long_text or column.aggregate:
            message = f"field '{column.field.name}' can not be grouped in a query call"
            raise at_place("INVALID_FIELD", self._scope.soql, key.position, message)
        return column.sql

    def place(self, item: Item) -> None:
        """Select an aggregate or a grouped field.

        Raises:
            RequestError: It is neither.
        """
        column = self._scope.expression(item.expression)
        if not self.has(column):
            name = column.field.name if isinstance(item.expression, Path) else "expression"
            message = f"Field must be grouped or aggregated: {name}"
            raise at_place("MALFORMED_QUERY", self._scope.soql, item.expression.position, message)
        unnamed = sum(cell.name.startswith("expr") for cell in self.shape.cells)
        plain = isinstance(item.expression, Path)
        name = item.alias or (column.field.name if plain else f"expr{unnamed}")
        reader = reader_of(item.expression, column)
        self.shape.cells.append(Cell(name, len(self.columns), reader))
        self.columns.append(column.sql)
        self.selected.append(Selected(name, column))

    def parts(self, having: str) -> tuple[Part, ...]:
        """Return a SELECT for each subtotal of ROLLUP or CUBE; none without."""
        if not self._query.subtotals:
            return ()
        return tuple(self._part(kept, having) for kept in self._sets())

    def _sets(self) -> Iterator[tuple[str, ...]]:
        """Yield the keys that each subtotal is grouped by, the finest first."""
        keys = self._keys
        for count in range(len(keys), -1, -1):
            if self._query.subtotals == "ROLLUP":
                yield tuple(keys[:count])
            else:
                yield from combinations(keys, count)

    def _part(self, kept: Sequence[str], having: str) -> Part:
        said = {key: "NULL" for key in self._keys if key not in kept}
        said |= {_grouping(key): str(int(key not in kept)) for key in self._keys}
        for mark, value in said.items():
            if mark != value and mark.startswith("grouping("):
                having = having.replace(mark, value)
        columns = tuple(said.get(each, each) for each in self.columns)
        return Part(columns or ("1",), _group_by(kept), having)

    def order(self, keys: Sequence[OrderKey]) -> str:
        """Return the order of subtotals: as asked for, else each after what it sums up.

        Raises:
            RequestError: A key is not selected.
        """
        found: list[str] = []
        for key in keys:
            if key.sql not in self.columns:
                message = "a query with subtotals is ordered by what it selects"
                raise malformed(self._scope.soql, key.position, message)
            found.append(f"{self.columns.index(key.sql) + 1} {key.direction}")
        if not keys:
            grouped = [n for n, each in enumerate(self.columns, start=1) if each in self._keys]
            found = [f"{n} ASC NULLS LAST" for n in grouped]
        return f" ORDER BY {', '.join(found)}" if found else ""


def _group_by(keys: Sequence[str]) -> str:
    return f" GROUP BY {', '.join(keys)}" if keys else ""


def _grouping(key: str) -> str:
    return f"grouping({key})"
