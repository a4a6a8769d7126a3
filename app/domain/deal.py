"""A deal: what an order or opportunity of Salesforce sells, as billing's inputs are found in it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from app.domain.action import Named


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a deal.

    Attributes:
        words: How people know it: its number, what it sells.
        codes: What the product says of itself; any of them may be an id of billing's.
        keys: Entity → key of billing's record as which the mapping has the product.
        quantity: How many were sold, None where nothing is said.
        unit_price: What one costs after all discounts, None where nothing is said.
    """

    words: str
    codes: tuple[str, ...]
    keys: Mapping[str, str] = field(default_factory=dict)
    quantity: Decimal | None = None
    unit_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Deal:
    """The lines of one record, for an action that takes from it.

    Attributes:
        inputs: What the action can be told.
        given: Input → words that count more than what the lines say.
        currency: The currency of all prices, `""` where it is not told.
        every: Gives key and values of each record of an entity of billing's, as last read.
    """

    lines: tuple[Line, ...]
    inputs: frozenset[str]
    given: Mapping[str, str]
    currency: str
    every: Callable[[str], Iterable[tuple[str, Named]]]


@dataclass(frozen=True, slots=True)
class Sold:
    """What the lines of a deal are in billing.

    Attributes:
        given: Input → words, as somebody would type them.
        notes: What a person should know of each line that was taken.
        warnings: What is left out.
        unclear: Why a line could not be taken, and what to do.
    """

    given: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()
