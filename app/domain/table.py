"""Rows of a page, asked for column by column: a page costs half of what its rows cost alone."""

from collections.abc import Mapping, Sequence
from itertools import compress
from operator import itemgetter
from typing import Any, Protocol, Self


class Table(Protocol):
    """Some rows of one entity, as a system gave them."""

    def __len__(self) -> int: ...

    def column(self, name: str) -> Sequence[Any]:
        """Return a column's values row by row; None where a row lacks it."""
        ...

    def only(self, which: Sequence[object]) -> "Table":
        """Return the rows for which there is something true."""
        ...


class RowTable:
    """Rows by the names of their columns."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, name: str) -> Sequence[Any]:
        """Return a column's values row by row; None where a row lacks it."""
        try:
            return list(map(itemgetter(name), self.rows))
        except KeyError:  # a row lacks it
            return [row.get(name) for row in self.rows]

    def only(self, which: Sequence[object]) -> Self:
        """Return the rows for which there is something true."""
        return type(self)(list(compress(self.rows, which)))
