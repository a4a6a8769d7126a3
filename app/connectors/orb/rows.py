"""From Orb's nested resources to flat rows, one kind of row an entity (orb.md §5)."""

import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from app.connectors.orb.client import Row
from app.connectors.protocol import Page
from app.domain.mapping import EntityMapping, FieldType
from app.domain.reader import RecordReader
from app.domain.record import Side
from app.errors import AnswerUnreadable

log = logging.getLogger(__name__)

LONGEST_JSON = 131_072
"""Characters that a long text of Salesforce holds; longer JSON is left out (orb.md §6.15)."""
_LONGEST_TITLE = 80
_FRACTION = re.compile(r"(?<=:\d\d)\.\d+")  # of a second
_encoder = msgspec.json.Encoder(decimal_format="number", order="deterministic")


def page_of(entity: EntityMapping, found: Iterable[Row]) -> Page:
    """Return the records of an entity's rows; their times have whole seconds, as in Salesforce."""
    reader, columns, times = _reader(entity), _columns(entity), _times(entity)
    records, unkeyed, too_long = [], 0, 0
    for row in found:
        flat = {name: _dug(row, path) for name, path in columns}
        for name, value in flat.items():
            if isinstance(value, dict | list):
                text = _encoder.encode(value).decode()
                flat[name] = text if len(text) <= LONGEST_JSON else None
                too_long += len(text) > LONGEST_JSON
            elif value.__class__ is str and "." in value and name in times:
                flat[name] = _FRACTION.sub("", value)
        key = str(flat.get(reader.key_name) or "")
        record = reader.record(flat, side_id=key)
        if record is None:
            unkeyed += 1
        else:
            records.append(record)
    if too_long:
        log.warning("%s: %d values too long for Salesforce are left out", entity.plural, too_long)
    return Page(entity.name, records, unkeyed)


def titled(row: Row, title: object) -> Row:
    """Return a row with the name that readers see, cut to what `Name` holds."""
    return {**row, "=title": str(title or row.get("id") or "")[:_LONGEST_TITLE]}


def invoice_rows(invoices: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows of invoices that are no drafts."""
    for invoice in invoices:
        if invoice.get("status") != "draft":
            yield titled(invoice, invoice.get("invoice_number"))


def line_rows(invoices: Iterable[Row]) -> Iterator[Row]:
    """Yield the lines of invoices that are no drafts: a draft's lines change all the time."""
    for invoice in invoices:
        if invoice.get("status") != "draft":
            for line in invoice.get("line_items") or ():
                row = {**line, "invoice": invoice, "=tax_amount": _tax(line)}
                yield titled(row, line.get("name"))


def version_row(subscription: Row, entry: Row) -> Row:
    """Return the row of one entry of a subscription's schedule."""
    start, owner = utc(entry["start_date"]), str(subscription["id"])
    key = {"=key": f"{owner}|{start}", "=subscription_id": owner}
    name = (entry.get("plan") or {}).get("name") or ""
    return titled({**entry, "subscription": subscription, **key}, f"{name} {start}".strip())


def named_rows(found: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows of resources that have a name."""
    return (titled(row, row.get("name")) for row in found)


def moment(text: object) -> datetime:
    """Return a time of Orb's, aware.

    Raises:
        AnswerUnreadable: It is no time.
    """
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError as error:
        message = f"Orb told {str(text)[:40]!r} where a time was expected."
        raise AnswerUnreadable(message, "Try again; if it stays so, tell Orb's support.") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def zone_of(customer: Row | None) -> ZoneInfo:
    """Return a customer's time zone; UTC where it tells none that is known here."""
    try:
        return ZoneInfo(str((customer or {}).get("timezone") or "UTC"))
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def midnight(at: date, zone: ZoneInfo) -> datetime:
    """Return, in UTC, the beginning of a day of a time zone: of a date, or what a moment is in."""
    day = at.astimezone(zone).date() if isinstance(at, datetime) else at
    return datetime.combine(day, time(), zone).astimezone(UTC)


def json_text(value: object) -> str:
    """Return a nested value as records have it: compact JSON with sorted keys."""
    return _encoder.encode(value).decode()


def utc(text: object) -> str:
    """Return a time of Orb's in UTC, with seconds and a Z; raises what `moment` raises."""
    return moment(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def amount(value: object) -> Decimal | None:
    """Return an amount, nothing as 0; None where it is no number."""
    try:
        return Decimal(str(value or 0))
    except InvalidOperation:
        return None


def _tax(line: Row) -> Decimal | str:
    """Return the sum of a line's taxes; one that is no number is shown, and none is summed up."""
    told = [tax.get("amount") for tax in line.get("tax_amounts") or ()]
    found = [amount(each) for each in told]
    numbers = [each for each in found if each is not None]
    return sum(numbers, Decimal(0)) if len(numbers) == len(found) else str(told)


@lru_cache(maxsize=64)
def _reader(entity: EntityMapping) -> RecordReader:
    return RecordReader(entity, Side.BILLING)


@lru_cache(maxsize=64)
def _columns(entity: EntityMapping) -> Sequence[tuple[str, tuple[str, ...]]]:
    """Return each billing name of the mapping with the way to its value."""
    names = dict.fromkeys((entity.billing_key, *(field.billing for field in entity.fields)))
    return [(name, (name,) if name[0] == "=" else tuple(name.split("."))) for name in names]


@lru_cache(maxsize=64)
def _times(entity: EntityMapping) -> frozenset[str]:
    """Return the billing names of the fields that are times."""
    return frozenset(one.billing for one in entity.fields if one.type is FieldType.DATETIME)


def _dug(row: Row, path: Sequence[str]) -> Any:
    found: Any = row
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
