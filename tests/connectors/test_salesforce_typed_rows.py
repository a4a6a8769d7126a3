"""A page that is decoded by its types gives the records that it gives as any JSON."""

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.connectors.protocol import Page
from app.connectors.salesforce.query import page_of, reader_of
from app.connectors.salesforce.selection import Lookup, Selection
from app.connectors.salesforce.tables import CellTable, NestedTable, TypedTable
from app.connectors.salesforce.typed_rows import typed_by
from app.domain.mapping import EntityMapping, FieldMapping, FieldType, Owner
from app.domain.record import canonical
from app.domain.table import Table

KINDS = (*FieldType, FieldType.TEXT)
FIELDS = tuple(
    FieldMapping(f"f{n}", f"f{n}", f"F{n}__c", kind, Owner.BILLING, to="row")
    for n, kind in enumerate(KINDS)
)
ENTITY = EntityMapping("row", "Row", "Rows", "Row__c", "Key", "Key__c", "f0", FIELDS)
(REFERENCE,) = (field for field in FIELDS if field.type is FieldType.REFERENCE)
PARENT = f"{REFERENCE.salesforce[:-1]}r"
PATH = f"{PARENT}.Key__c"
PLAIN = [field.salesforce for field in FIELDS if field is not REFERENCE]
CHOSEN = Selection(
    ENTITY,
    ("Id", "Key__c", *PLAIN, PATH, "LastModifiedDate", "LastModifiedBy.Name", "IsDeleted"),
    (Lookup(REFERENCE.salesforce, PATH),),
)
WORDS = ("", " a ", "1", "1.50", "true", "2026-11-22", "2026-11-22T08:00:00.000+0000", "x\r\ny")
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 10**20),
    st.sampled_from(WORDS),
    st.decimals(-100, 100, places=3),
    st.sampled_from([Decimal("1.0"), Decimal("0.00"), Decimal("-0.0"), Decimal("1E+3")]),
    st.just({"a": 1}),
)
OF_KIND: dict[FieldType, st.SearchStrategy[Any]] = {
    FieldType.DECIMAL: st.decimals(-(10**9), 10**9, places=4),
    FieldType.MONEY: st.decimals(0, 10**14, places=2),
    FieldType.INTEGER: st.integers(),
    FieldType.BOOLEAN: st.booleans(),
    FieldType.DATE: st.dates().map(date.isoformat),
}
_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


def row_of(values: Any) -> st.SearchStrategy[dict[str, Any]]:
    parent = st.none() | st.fixed_dictionaries({"Key__c": st.none() | st.sampled_from(WORDS)})
    person = st.none() | st.just({"attributes": {"type": "User"}, "Name": "Ü. Ö."})
    named = {field.salesforce: values(field) for field in FIELDS if field is not REFERENCE}
    always = {
        "attributes": st.just({"type": "Row__c"}),
        "Id": st.sampled_from(["a01", "a02"]),
        "Key__c": st.none() | st.sampled_from(WORDS),
        "IsDeleted": st.booleans(),
    }
    now = st.sampled_from(["2026-11-22T08:00:00.000+0000", "2026-11-22T08:00:00Z"])
    more = {PARENT: parent, "LastModifiedDate": now, "LastModifiedBy": person}
    return st.fixed_dictionaries(always, optional={**named, **more})


ANY_ROW = row_of(lambda _: VALUES)
FITTING_ROW = row_of(lambda field: st.none() | OF_KIND.get(field.type, st.sampled_from(WORDS)))


def body_of(rows: list[dict[str, Any]]) -> bytes:
    return _encode({"totalSize": len(rows), "done": True, "records": rows})


def told(table: Table) -> tuple[Any, ...]:
    page = page_of(CHOSEN, reader_of(CHOSEN), table)
    return [_plain(page, loose=False), _plain(page, loose=True)], list(table.column("IsDeleted"))


def _plain(page: Page, *, loose: bool) -> list[Any]:
    made = page.loose if loose else page.records
    return [(one._replace(values=()), canonical(one.values)) for one in made]


@given(rows=st.lists(FITTING_ROW, max_size=4))
def test_rows_as_described_are_decoded_by_their_types(rows: list[dict[str, Any]]) -> None:
    body = body_of(rows)
    page = typed_by(CHOSEN)(body)
    assert page is not None
    assert told(page.table) == told(NestedTable(_decode(body)["records"]))


@given(rows=st.lists(ANY_ROW, max_size=3))
def test_whatever_a_row_holds_its_record_is_the_same(rows: list[dict[str, Any]]) -> None:
    body = body_of(rows)
    page = typed_by(CHOSEN)(body)
    if page is not None:
        assert told(page.table) == told(NestedTable(_decode(body)["records"]))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"records": []}',
        b'{"totalSize": 1, "done": true, "records": [null]}',
        b'{"totalSize": 1, "done": true, "records": [{"Id": 5}]}',
        b'{"totalSize": 1, "done": true, "records": [{"Id": "a"}]',
    ],
)
def test_what_is_no_page_is_left_to_others(body: bytes) -> None:
    assert typed_by(CHOSEN)(body) is None


def test_a_page_tells_where_it_goes_on() -> None:
    page = typed_by(CHOSEN)(
        b'{"totalSize": 9, "done": false, "nextRecordsUrl": "/q/01g-1", "records": [{"Id": "a"}]}'
    )
    assert page is not None
    assert (page.total, page.done, page.onward, len(page.table)) == (9, False, "/q/01g-1", 1)


@pytest.mark.parametrize("kind", FieldType)
def test_a_key_is_as_it_is_spelled_though_a_field_of_another_type_stands_there_too(
    kind: FieldType,
) -> None:
    field = FieldMapping("f", "f", "Key__c", kind, Owner.BILLING, to="row")
    entity = EntityMapping("row", "Row", "Rows", "Row__c", "Key", "Key__c", "f", (field,))
    chosen = Selection(entity, ("Id", "Key__c"), ())
    for key in ("0012", "1_000", "1e5", "2026-11-22", "true"):
        page = typed_by(chosen)(body_of([{"Id": "a", "Key__c": key}]))
        assert page is not None
        assert [one.key for one in page_of(chosen, reader_of(chosen), page.table).records] == [key]


def test_a_key_that_is_a_number_comes_as_any_json() -> None:
    assert typed_by(CHOSEN)(body_of([{"Id": "a", "Key__c": 12}])) is None


def test_tables_of_all_kinds_are_asked_alike() -> None:
    rows = [{"Id": "a", "P__r": {"K": "x"}}, {"Id": "b", "P__r": None}, {"Id": "c"}]
    columns = ("Id", "P__r.K")
    typed = typed_by(Selection(ENTITY, columns, ()))(body_of(rows))
    assert typed is not None
    cells = CellTable(columns, [["a", "x"], ["b", ""], ["c", ""]])
    for table in (NestedTable(rows), typed.table, cells):
        assert [one or None for one in table.column("P__r.K")] == ["x", None, None]
        assert list(table.column("Other")) == [None, None, None]
        some = table.only([False, True, True])
        assert (len(some), list(some.column("Id"))) == (2, ["b", "c"])
    assert isinstance(typed.table, TypedTable)


def test_a_table_without_rows_has_empty_columns() -> None:
    for table in (NestedTable([]), CellTable(("Id",), [])):
        assert list(table.column("Id")) == []
        assert len(table.only([])) == 0
