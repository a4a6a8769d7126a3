"""What a SOQL statement says, as values; positions are offsets into its text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple


@dataclass(frozen=True, slots=True)
class Path:
    """A field, perhaps of a parent: `Name`, `Plan__r.Plan_Set__r.Name`."""

    parts: tuple[str, ...]
    position: int

    @property
    def text(self) -> str:
        """The path as it was written."""
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True)
class Call:
    """A function of a field: `COUNT(Id)`, `CALENDAR_YEAR(CreatedDate)`; COUNT() has no argument."""

    function: str  # upper case
    argument: Expression | None
    position: int

    @property
    def path(self) -> Path | None:
        """The field that is innermost, such as that of FORMAT(MIN(Price__c))."""
        inner = self.argument
        return inner.path if isinstance(inner, Call) else inner

    def has(self, function: str) -> bool:
        """Tell whether it is this function, or a function of one that is."""
        inner = self.argument
        return self.function == function or (isinstance(inner, Call) and inner.has(function))


Expression = Path | Call


@dataclass(frozen=True, slots=True)
class Item:
    """One thing selected."""

    expression: Expression
    alias: str | None


@dataclass(frozen=True, slots=True)
class When:
    """What TYPEOF selects of a parent of one type; of any other where `type` is empty."""

    type: str
    fields: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class TypeOf:
    """`TYPEOF Owner WHEN User THEN Name ELSE Id END`."""

    relationship: str
    cases: tuple[When, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Alias:
    """A further name after FROM: `FROM Contact c, c.Account a`."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class FieldsOf:
    """`FIELDS(ALL)` and its like."""

    group: str  # ALL, STANDARD or CUSTOM
    position: int


class Value(NamedTuple):
    """A literal; text is still escaped, since LIKE reads escapes in its own way."""

    kind: Literal["text", "number", "date", "datetime", "boolean", "null", "range"]
    text: str
    position: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left operator value`."""

    left: Expression
    operator: str  # = != < <= > >= LIKE
    value: Value


@dataclass(frozen=True, slots=True)
class InList:
    """`left [NOT] IN (values)`."""

    left: Expression
    values: tuple[Value, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class InQuery:
    """`left [NOT] IN (SELECT …)`."""

    left: Path
    query: Query
    negated: bool


@dataclass(frozen=True, slots=True)
class Includes:
    """`left INCLUDES (values)`, or EXCLUDES when negated."""

    left: Path
    values: tuple[Value, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Not:
    """`NOT condition`."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class Junction:
    """Conditions joined by AND or by OR."""

    word: Literal["AND", "OR"]
    conditions: tuple[Condition, ...]


Condition = Comparison | InList | InQuery | Includes | Not | Junction


@dataclass(frozen=True, slots=True)
class Order:
    """One key of the order."""

    expression: Expression
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True)
class Query:
    """A whole statement, or one in parentheses."""

    items: tuple[Item | FieldsOf | TypeOf | Query, ...]
    source: str
    source_position: int
    alias: str | None = None
    where: Condition | None = None
    group_by: tuple[Expression, ...] = ()
    having: Condition | None = None
    order_by: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0
    aliases: tuple[Alias, ...] = ()
    scope: str = ""
    subtotals: Literal["", "ROLLUP", "CUBE"] = ""
