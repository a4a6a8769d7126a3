"""Records of a page are those of its rows, and a column converts as each of its values would."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.convert import column_converter, converter
from app.domain.mapping import EntityMapping, FieldMapping, FieldType, Owner
from app.domain.reader import About, RecordReader
from app.domain.record import Side, Unreadable
from app.domain.table import RowTable

WORDS = ("", " a ", "A", "1", "1.5", "true", "2026-11-22", "2026-11-22T08:00:00.000+0000", "x\r\ny")
RAW = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from(WORDS),
    st.text(max_size=4),
    st.decimals(allow_nan=True, allow_infinity=True),
    st.decimals(-100, 100, places=3),
    st.just({"a": 1}),
    st.just([1]),
)
ALIKE = st.sampled_from([st.integers(), st.booleans(), st.sampled_from(WORDS), st.decimals()])
COLUMN = st.lists(RAW) | ALIKE.flatmap(lambda one: st.lists(one | st.none()))


def field(kind: FieldType = FieldType.TEXT, name: str = "f", **more: Any) -> FieldMapping:
    return FieldMapping(name, name, f"{name}__c", kind, Owner.BILLING, **more)


def told(values: Any) -> list[str]:
    """Return values so that 1 and True, 1.0 and 1 are different."""
    return [f"{type(value).__name__} {value!r}" for value in values]


@pytest.mark.parametrize("kind", FieldType)
@pytest.mark.parametrize("scale", [None, 2])
@pytest.mark.parametrize("side", Side)
@given(raws=COLUMN)
def test_a_column_converts_as_its_values(
    kind: FieldType, scale: int | None, side: Side, raws: list[Any]
) -> None:
    one = field(kind, scale=scale)
    convert = converter(one, side)
    assert told(column_converter(one, side)(raws)) == told(map(convert, raws))


@given(raws=COLUMN)
def test_a_column_of_codes_converts_as_its_values(raws: list[Any]) -> None:
    for one in (field(value_map={"1": "one", "A": "all"}), field(upper=True)):
        convert = converter(one, Side.BILLING)
        assert told(column_converter(one, Side.BILLING)(raws)) == told(map(convert, raws))


def test_a_number_too_long_for_its_scale_leaves_the_others_as_they_are() -> None:
    raws = [Decimal("1.005"), Decimal("1E+40"), None, Decimal("-0.001")]
    column = column_converter(field(FieldType.MONEY, scale=2), Side.SALESFORCE)
    assert column(raws) == [Decimal("1.01"), Unreadable("1E+40"), None, Decimal(0)]


def reader() -> RecordReader:
    fields = (field(name="a"), field(FieldType.REFERENCE, name="b", to="row"))
    entity = EntityMapping(
        "row", "Row", "Rows", "Row__c", "Key", "Key__c", "a", fields, "row", parent_field="b"
    )
    return RecordReader(entity, Side.SALESFORCE)


def test_the_records_of_a_page_are_those_of_its_rows() -> None:
    rows = [{"Key__c": f"k{n}", "a__c": f" {n}", "b__c": f"k{n - 1}" * (n > 0)} for n in range(3)]
    about = About(["i0", "i1", "i2"], ["t0", "t1", "t2"], ["w0", "w1", "w2"])
    alone = [
        reader().record(row, side_id=f"i{n}", changed_at=f"t{n}", changed_by=f"w{n}")
        for n, row in enumerate(rows)
    ]
    assert list(reader().records(RowTable(rows), about)) == alone


def test_a_row_without_a_key_has_the_empty_key() -> None:
    rows: list[dict[str, Any]] = [{"Key__c": None, "a__c": "x"}, {"Key__c": "", "a__c": "y"}, {}]
    made = reader().records(RowTable(rows), About(["1", "2", "3"], [""] * 3, [""] * 3))
    loose = [reader().loose(row, side_id=str(n)) for n, row in enumerate(rows, 1)]
    assert list(made) == loose


def test_a_page_without_rows_has_no_records() -> None:
    assert list(reader().records(RowTable([]), About([], [], []))) == []
