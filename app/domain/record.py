"""Records of the two sides, and the canonical form by which they are hashed and stored."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Context, Decimal
from enum import Enum
from typing import NamedTuple

import msgspec
import xxhash


class Side(Enum):
    """One of the two systems that a workspace keeps in agreement."""

    BILLING = "billing"
    SALESFORCE = "salesforce"

    @property
    def other(self) -> "Side":
        """The opposite side."""
        return Side.SALESFORCE if self is Side.BILLING else Side.BILLING

    @property
    def label(self) -> str:
        """The side's name as people read it."""
        return "Salesforce" if self is Side.SALESFORCE else "billing"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A value that could not be converted to its field's type; it is shown, never written."""

    text: str


class NoBase(Enum):
    """Stands in a base where the two sides never agreed on a field."""

    NO_BASE = "no base"


NO_BASE = NoBase.NO_BASE

FieldValue = str | bool | int | Decimal | date | datetime | Unreadable | None
BaseValue = FieldValue | NoBase
Values = tuple[FieldValue, ...]
BaseValues = tuple[BaseValue, ...]


CANONICAL_VERSION = 1
"""Counts up whenever `canonical` prints the same values differently; part of an entity's shape."""
_encode = msgspec.json.Encoder(decimal_format="string").encode
_decode = msgspec.json.Decoder(list).decode


class RecordKey(NamedTuple):
    """What names a record over both sides."""

    entity: str
    key: str


class Record(NamedTuple):
    """One record of one side.

    A named tuple and no dataclass, since millions are made: a frozen dataclass costs four times as
    much to make.

    Attributes:
        key: What pairs it with its twin on the other side.
        values: One value for each mapped field, in the order of the mapping; decimals are `exact`.
        side_id: The side's own id, `""` where it has none besides the key.
        parent: The key of the parent record, if it has one.
        changed_at: When the side says it was last changed (ISO 8601, UTC), or `""`.
        changed_by: Who the side says changed it last, or `""`.
        own_key: Where a pairing gave it its key: the one that the side has for it, `""` for none.
    """

    key: str
    values: Values
    side_id: str = ""
    parent: str | None = None
    changed_at: str = ""
    changed_by: str = ""
    own_key: str | None = None


_HALF = 1 << 63
_EXACT = Context(prec=200)
_ZERO = Decimal(0)


def exact(value: Decimal) -> Decimal:
    """Return a decimal in the one form that all equal decimals have: no trailing zeros.

    Raises:
        ValueError: It is no number.
    """
    if not value.is_finite():
        message = f"{value} is no number"
        raise ValueError(message)
    return _EXACT.normalize(value) if value else _ZERO


def exact_column(values: Sequence[Decimal | None]) -> list[Decimal | None]:
    """Return what `exact` makes of each of many values, in half the time.

    Raises:
        ValueError: One of them is no number.
    """
    found = [value for value in values if value]
    if len(found) < len(values):  # some are nought, or nothing
        return [None if value is None else exact(value) for value in values]
    made = list(map(_EXACT.normalize, found))
    if not all(map(Decimal.is_finite, made)):
        message = "one of the values is no number"
        raise ValueError(message)
    return [*made]


def canonical(values: Values) -> bytes:
    """Return the one form in which equal values are equal bytes (any zone of a time).

    A JSON array; decimals are strings (`exact` makes them one form), times are UTC, an unreadable
    value is `{"text": …}`.
    """
    return _encode(values)


def documents(rows: Iterable[Values]) -> list[bytes]:
    """Return the canonical documents of the values of records, as `canonical` does of one's."""
    return list(map(_encode, rows))


def merged_base(base: bytes | None, billing: bytes, salesforce: bytes) -> bytes:
    """Return the base document after both sides were seen.

    Field by field what they agree on, else what the base was; where they never agreed stands an
    empty array. All documents are canonical and of one shape.
    """
    if billing == salesforce:
        return billing
    left, right = _decode(billing), _decode(salesforce)
    old = [[]] * len(left) if base is None else _decode(base)
    return _encode(
        [one if one == other else was for one, other, was in zip(left, right, old, strict=True)]
    )


def content_hash(document: bytes) -> int:
    """Return the 64-bit hash of a canonical document, signed as SQLite stores integers.

    Two versions of one record collide once in 2**64 (measurements.md §4).
    """
    return xxhash.xxh3_64_intdigest(document) - _HALF


def content_hashes(documents: Sequence[bytes]) -> list[int]:
    """Return the hashes of canonical documents, as `content_hash` does of one."""
    return [number - _HALF for number in map(xxhash.xxh3_64_intdigest, documents)]


def decimal_text(value: Decimal) -> str:
    """Return a decimal without exponent and without trailing zeros."""
    if not value:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def utc_text(value: datetime) -> str:
    """Return an aware time as ISO 8601 in UTC, ending in `Z`."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
