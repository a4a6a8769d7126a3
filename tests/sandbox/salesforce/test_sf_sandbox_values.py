"""What fields take, how it is kept, how it is written; and the date literals."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sandbox.salesforce.errors import RequestError, SalesforceError
from app.sandbox.salesforce.schema import Field
from app.sandbox.salesforce.soql_dates import Days, days_of
from app.sandbox.salesforce.soql_lexer import like_pattern, unescaped
from app.sandbox.salesforce.soql_where import _glob
from app.sandbox.salesforce.values import Stored, decimal_of, reader, stored

_NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)  # a Sunday


def _field(kind: str) -> Field:
    sizes = {"length": 20, "precision": 18, "scale": 2, "digits": 8}
    return Field("F", "Label", kind, **sizes)  # type: ignore[arg-type]  # only sizes are in it


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        ("string", " x ", "x"),
        ("string", "   ", None),
        ("string", "", None),
        ("string", 5, "5"),
        ("email", "a@b.example", "a@b.example"),
        ("currency", Decimal("1.005"), 101),
        ("currency", "-12.5", -1250),
        ("double", 7, 700),
        ("int", Decimal("7.0"), 7),
        ("boolean", "TRUE", 1),
        ("boolean", None, 0),
        ("date", "2026-01-31", "2026-01-31"),
        ("date", "2026-01-31T23:00:00.000+0000", "2026-01-31"),
        ("datetime", "2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00.000+0000"),
        ("datetime", "2026-01-31T12:00:00.987Z", "2026-01-31T12:00:00.000+0000"),
        ("reference", "001D000000IRFma", "001D000000IRFmaIAH"),
    ],
)
def test_a_field_takes(kind: str, value: object, kept: Stored) -> None:
    assert stored(_field(kind), value) == kept


@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [
        ("string", True, "JSON_PARSER_ERROR"),
        ("string", {"a": 1}, "JSON_PARSER_ERROR"),
        ("string", "x" * 21, "STRING_TOO_LONG"),
        ("email", "nobody", "INVALID_EMAIL_ADDRESS"),
        ("currency", "ten", "JSON_PARSER_ERROR"),
        ("currency", "NaN", "JSON_PARSER_ERROR"),
        ("currency", True, "JSON_PARSER_ERROR"),
        ("currency", 10**16, "NUMBER_OUTSIDE_VALID_RANGE"),
        ("int", Decimal("1.5"), "JSON_PARSER_ERROR"),
        ("int", 10**8, "NUMBER_OUTSIDE_VALID_RANGE"),
        ("boolean", 1, "JSON_PARSER_ERROR"),
        ("date", "31.01.2026", "JSON_PARSER_ERROR"),
        ("date", 20260131, "JSON_PARSER_ERROR"),
        ("date", "1699-12-31", "NUMBER_OUTSIDE_VALID_RANGE"),
        ("datetime", "noon", "JSON_PARSER_ERROR"),
        ("datetime", 5, "JSON_PARSER_ERROR"),
        ("reference", 5, "JSON_PARSER_ERROR"),
        ("reference", "x", "MALFORMED_ID"),
    ],
)
def test_a_field_refuses(kind: str, value: object, code: str) -> None:
    with pytest.raises(SalesforceError) as refused:
        stored(_field(kind), value)
    assert refused.value.code == code
    assert isinstance(refused.value, RequestError) == (code == "JSON_PARSER_ERROR")


@given(st.integers(-(10**18) + 1, 10**18 - 1), st.integers(0, 18))
def test_numbers_are_read_back_exactly(units: int, scale: int) -> None:
    shown = decimal_of(units, scale)
    assert shown == Decimal(units).scaleb(-scale)
    assert shown.as_tuple().exponent != 0


def test_what_is_kept_is_read_as_it_was_written() -> None:
    read = reader(_field("currency"))
    assert read is not None
    assert str(read(stored(_field("currency"), "19.90"))) == "19.9"


@pytest.mark.parametrize(
    ("literal", "first", "end"),
    [
        ("YESTERDAY", "2026-11-21", "2026-11-22"),
        ("today", "2026-11-22", "2026-11-23"),
        ("TOMORROW", "2026-11-23", "2026-11-24"),
        ("LAST_90_DAYS", "2026-08-24", "2026-11-23"),
        ("NEXT_90_DAYS", "2026-11-23", "2027-02-21"),
        ("THIS_WEEK", "2026-11-22", "2026-11-29"),
        ("LAST_WEEK", "2026-11-15", "2026-11-22"),
        ("NEXT_MONTH", "2026-12-01", "2027-01-01"),
        ("LAST_QUARTER", "2026-07-01", "2026-10-01"),
        ("THIS_FISCAL_YEAR", "2026-01-01", "2027-01-01"),
        ("LAST_N_DAYS:1", "2026-11-21", "2026-11-23"),
        ("NEXT_N_DAYS:2", "2026-11-23", "2026-11-25"),
        ("N_DAYS_AGO:3", "2026-11-19", "2026-11-20"),
        ("LAST_N_MONTHS:2", "2026-09-01", "2026-11-01"),
        ("NEXT_N_YEARS:1", "2027-01-01", "2028-01-01"),
        ("N_WEEKS_AGO:1", "2026-11-15", "2026-11-22"),
        ("N_QUARTERS_AGO:4", "2025-10-01", "2026-01-01"),
    ],
)
def test_a_date_literal_is_a_range_of_days(literal: str, first: str, end: str) -> None:
    expected = Days(date.fromisoformat(first), date.fromisoformat(end))
    assert days_of(literal, _NOW) == expected


@pytest.mark.parametrize("literal", ["SOMEDAY", "LAST_DECADE", "LAST_N_EONS:3", "PLAN:3"])
def test_other_words_are_no_date_literals(literal: str) -> None:
    assert days_of(literal, _NOW) is None


def test_escapes_mean_what_soql_says() -> None:
    assert unescaped(r"it\'s \\ \n") == "it's \\ \n"
    assert like_pattern(r"100\%\_\'") == r"100\%\_'"
    assert _glob(like_pattern(r"a%b_c\%*[?")) == "a*b?c%[*][[][?]"
