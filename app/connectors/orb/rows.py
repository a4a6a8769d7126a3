"""From Orb's nested resources to flat rows, one kind of row an entity (orb.md §5)."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec

from app.connectors.orb.client import Row
from app.connectors.protocol import Page
from app.domain.mapping import EntityMapping
from app.domain.reader import RecordReader
from app.domain.record import Side

log = logging.getLogger(__name__)

LONGEST_JSON = 131_072
"""Characters that a long text of Salesforce holds; longer JSON is left out (orb.md §6.15)."""
_LONGEST_TITLE = 80
_encoder = msgspec.json.Encoder(decimal_format="number", order="deterministic")


def page_of(entity: EntityMapping, found: Iterable[Row]) -> Page:
    """Return the records of an entity's rows."""
    reader, columns = _reader(entity), _columns(entity)
    records, unkeyed, too_long = [], 0, 0
    for row in found:
        flat = {name: _dug(row, path) for name, path in columns}
        for name, value in flat.items():
            if isinstance(value, dict | list):
                text = _encoder.encode(value).decode()
                flat[name] = text if len(text) <= LONGEST_JSON else None
                too_long += len(text) > LONGEST_JSON
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
                taxes = (tax.get("amount") for tax in line.get("tax_amounts") or ())
                tax = sum((Decimal(str(each or 0)) for each in taxes), Decimal(0))
                row = {**line, "invoice": invoice, "=tax_amount": tax}
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


def utc(text: object) -> str:
    """Return a time of Orb's in UTC, with seconds and a Z."""
    return datetime.fromisoformat(str(text)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(maxsize=64)
def _reader(entity: EntityMapping) -> RecordReader:
    return RecordReader(entity, Side.BILLING)


@lru_cache(maxsize=64)
def _columns(entity: EntityMapping) -> Sequence[tuple[str, tuple[str, ...]]]:
    """Return each billing name of the mapping with the way to its value."""
    names = dict.fromkeys((entity.billing_key, *(field.billing for field in entity.fields)))
    return [(name, (name,) if name[0] == "=" else tuple(name.split("."))) for name in names]


def _dug(row: Row, path: Sequence[str]) -> Any:
    found: Any = row
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
