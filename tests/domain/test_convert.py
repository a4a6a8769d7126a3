from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.convert import converter, decode_each, plain_value, raw_value, text, typed_value
from app.domain.mapping import FieldMapping, FieldType, Owner
from app.domain.record import (
    NO_BASE,
    Side,
    Unreadable,
    canonical,
    content_hash,
    merged_base,
)
from tests.fakes import small_mapping


def mapped(kind: FieldType, **settings: Any) -> FieldMapping:
    return FieldMapping("f", "f", "F__c", kind, Owner.BILLING, **settings)


def read(kind: FieldType, raw: object, side: Side = Side.BILLING, **settings: Any) -> object:
    return converter(mapped(kind, **settings), side)(raw)


@pytest.mark.parametrize("raw", [1, "1", True, "true", "True", "TRUE", "Y", "yes", "t"])
def test_every_spelling_of_true(raw: object) -> None:
    assert read(FieldType.BOOLEAN, raw) is True


@pytest.mark.parametrize("raw", [0, "0", False, "false", "False", "N", "no", None, ""])
def test_every_spelling_of_false_and_an_absent_flag(raw: object) -> None:
    assert read(FieldType.BOOLEAN, raw) is False


@pytest.mark.parametrize("kind", [kind for kind in FieldType if kind is not FieldType.BOOLEAN])
def test_null_and_empty_are_the_same(kind: FieldType) -> None:
    assert read(kind, None) is None
    assert read(kind, "") is None


@pytest.mark.parametrize("raw", [Decimal("1.0"), "1.00", 1, "1", 1.0, " 1 "])
def test_a_decimal_is_the_same_at_every_scale(raw: object) -> None:
    assert canonical([read(FieldType.DECIMAL, raw)]) == b'["1"]'  # type: ignore[list-item]


def test_a_large_decimal_keeps_its_digits() -> None:
    assert read(FieldType.MONEY, "12345678901234567.89") == Decimal("12345678901234567.89")
    assert text(read(FieldType.MONEY, "1000")) == "1000"  # type: ignore[arg-type]


def test_a_scale_rounds_half_up() -> None:
    assert read(FieldType.MONEY, "0.125", scale=2) == Decimal("0.13")
    assert read(FieldType.MONEY, "0.00125", scale=5) == Decimal("0.00125")


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        (FieldType.DECIMAL, "12,5"),
        (FieldType.DECIMAL, "NaN"),
        (FieldType.INTEGER, "1.5"),
        (FieldType.BOOLEAN, "perhaps"),
        (FieldType.DATE, "31.12.2026"),
        (FieldType.DATETIME, "soon"),
        (FieldType.TEXT, ["a"]),
    ],
)
def test_what_cannot_be_converted_is_kept_as_unreadable(kind: FieldType, raw: object) -> None:
    assert read(kind, raw) == Unreadable(str(raw))


def test_dates_and_times() -> None:
    assert read(FieldType.DATE, "2026-11-22") == date(2026, 11, 22)
    assert read(FieldType.DATE, "2026-11-22 00:00:00") == date(2026, 11, 22)
    noon = datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert read(FieldType.DATETIME, "2026-01-31T12:00:00.000+0000") == noon
    assert read(FieldType.DATETIME, "2026-01-31T13:00:00+01:00") == noon


def test_picklists_are_mapped_on_the_billing_side_only_and_back() -> None:
    codes = {"I": "Immediate", "A": "Next anniversary"}
    field = mapped(FieldType.PICKLIST, value_map=codes)
    assert converter(field, Side.BILLING)("I") == "Immediate"
    assert converter(field, Side.SALESFORCE)("Immediate") == "Immediate"
    assert raw_value(field, Side.BILLING, "Immediate") == "I"
    assert raw_value(field, Side.SALESFORCE, "Immediate") == "Immediate"


def test_upper_case_is_for_salesforce_and_lower_for_billing() -> None:
    field = mapped(FieldType.PICKLIST, upper=True)
    assert converter(field, Side.BILLING)("usd") == "USD"
    assert raw_value(field, Side.BILLING, "USD") == "usd"


def test_text_is_trimmed_as_salesforce_does() -> None:
    assert read(FieldType.TEXT, "  Pro \r\n plan ") == "Pro \n plan"
    assert read(FieldType.TEXT, "   ") is None


def test_an_unreadable_value_is_never_written() -> None:
    with pytest.raises(TypeError, match="cannot be written"):
        raw_value(mapped(FieldType.DATE), Side.SALESFORCE, Unreadable("x"))


TYPED = {
    FieldType.TEXT: st.text(min_size=1).map(str.strip).filter(bool),
    FieldType.INTEGER: st.integers(-(2**53), 2**53),
    FieldType.DECIMAL: st.decimals(allow_nan=False, allow_infinity=False, places=5),
    FieldType.BOOLEAN: st.booleans(),
    FieldType.DATE: st.dates(),
    FieldType.DATETIME: st.datetimes(timezones=st.just(UTC)),
}


@given(st.sampled_from(sorted(TYPED, key=str)).flatmap(lambda k: st.tuples(st.just(k), TYPED[k])))
def test_a_value_comes_back_from_plans_and_journal(pair: tuple[FieldType, Any]) -> None:
    kind, value = pair
    assert typed_value(plain_value(value), kind) == value


def test_no_base_and_unreadable_survive_storage() -> None:
    entity = small_mapping().entity("plan")
    values = (NO_BASE, Unreadable("x"), None)
    stored = merged_base(None, canonical(("a", *values[1:])), canonical(("b", *values[1:])))
    assert decode_each([stored], entity) == (values,)


def test_a_wrong_type_in_a_plan_is_an_error() -> None:
    with pytest.raises(ValueError, match="no decimal"):
        typed_value("abc", FieldType.DECIMAL)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4))
def test_equal_decimals_have_equal_hashes(value: Decimal) -> None:
    field = mapped(FieldType.DECIMAL)
    longer = replace(field)
    one = converter(field, Side.BILLING)(value)
    other = converter(longer, Side.SALESFORCE)(f"{value}0" if "." in str(value) else value)
    assert content_hash(canonical([one])) == content_hash(canonical([other]))
