"""Records for the benchmarks: an entity of 20 fields, pages of JSON, and the same in a file."""

import gc
import random
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import orjson

from app.connectors.salesforce.query import page_of
from app.connectors.salesforce.selection import Selection
from app.connectors.salesforce.typed_rows import typed_by
from app.domain.mapping import EntityMapping, FieldMapping, FieldType, Owner, WorkspaceMapping
from app.domain.reader import About, RecordReader
from app.domain.record import Record
from app.domain.table import RowTable

PAGE = 2000
_decoder = msgspec.json.Decoder(float_hook=Decimal)
_KINDS = (
    *[FieldType.TEXT] * 9,
    *[FieldType.PICKLIST] * 2,
    *[FieldType.MONEY] * 3,
    *[FieldType.INTEGER] * 2,
    *[FieldType.BOOLEAN] * 2,
    *[FieldType.DATE] * 2,
)


def mapping() -> WorkspaceMapping:
    """Return a mapping of one entity with 20 fields, as a Salesforce object would have them."""
    fields = tuple(
        FieldMapping(f"f{n}", f"F{n}__c", f"F{n}__c", kind, Owner.BILLING)
        for n, kind in enumerate(_KINDS)
    )
    entity = EntityMapping("row", "Row", "Rows", "Row__c", "Key__c", "Key__c", "f0", fields)
    return WorkspaceMapping("million", "bench", (entity,), "million")


def rows(count: int, *, changed: float = 0.0, seed: int = 1) -> Iterator[list[Any]]:
    """Yield `count` rows of key and 20 JSON values; a share of them changed in one field."""
    draw = random.Random(seed)
    for number in range(count):
        row: list[Any] = [f"K{number:09d}"]
        for place, kind in enumerate(_KINDS):
            row.append(_value(kind, number * 31 + place * 7))
        if changed and draw.random() < changed:
            row[1] = f"{row[1]} changed"
        yield row


def pages(made: Iterator[list[Any]]) -> Iterator[bytes]:
    """Yield pages of JSON as Salesforce writes them."""
    names = ["Key__c", *(f"F{n}__c" for n in range(len(_KINDS)))]
    page: list[dict[str, Any]] = []
    for row in made:
        attributes = {"type": "Row__c", "url": f"/services/data/v66.0/sobjects/Row__c/{row[0]}"}
        fields = dict(zip(names, row, strict=True))
        page.append({"attributes": attributes, "Id": f"a00{row[0]}AAA", **fields})
        if len(page) == PAGE:
            yield orjson.dumps({"totalSize": PAGE, "done": True, "records": page})
            page = []
    if page:
        yield orjson.dumps({"totalSize": len(page), "done": True, "records": page})


def write_pages(folder: Path, made: Iterator[list[Any]]) -> None:
    """Write pages as files, one a page, so that every contender reads the same bytes."""
    folder.mkdir(parents=True)
    for number, page in enumerate(pages(made)):
        (folder / f"{number:05d}.json").write_bytes(page)


def read_pages(folder: Path) -> Iterator[bytes]:
    """Yield the pages of a folder in order."""
    for file in sorted(folder.iterdir()):
        yield file.read_bytes()


def decode_rows(page: bytes) -> list[dict[str, Any]]:
    """Return the rows of a page, decimals exact: what the connectors' HTTP layer does."""
    found: list[dict[str, Any]] = _decoder.decode(page)["records"]
    return found


def page_records(reader: RecordReader, page: bytes) -> Sequence[Record]:
    """Return the records of a page of any JSON, made as the connectors make them."""
    found = decode_rows(page)
    nothing = [""] * len(found)
    about = About([row["Id"] for row in found], nothing, nothing)
    return reader.records(RowTable(found), about)


def typed_records(reader: RecordReader, page: bytes) -> Sequence[Record]:
    """Return the records of a page whose columns are known, as Salesforce's connector does."""
    entity = reader.entity
    columns = ("Id", entity.salesforce_key, *(field.salesforce for field in entity.fields))
    chosen = Selection(entity, columns, ())
    decoded = typed_by(chosen)(page)
    if decoded is None:
        message = "a page of the benchmark does not fit its types"
        raise ValueError(message)
    return page_of(chosen, reader, decoded.table).records


def collect_as_program() -> None:
    """Have Python look for circles as seldom as the program has it (`app/__main__.py`)."""
    gc.set_threshold(50_000, 20, 20)


def _value(kind: FieldType, seed: int) -> Any:
    if kind is FieldType.TEXT:
        return f"Service line {seed % 997} of contract {seed % 100003}"
    if kind is FieldType.PICKLIST:
        return ("Draft", "Active", "Suspended", "Ended")[seed % 4]
    if kind is FieldType.MONEY:
        return float(Decimal(seed % 1000000) / 100)
    if kind is FieldType.INTEGER:
        return seed % 5000
    if kind is FieldType.BOOLEAN:
        return seed % 3 == 0
    return f"20{10 + seed % 20:02d}-{1 + seed % 12:02d}-{1 + seed % 28:02d}"
