from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.convert import decode_each, decode_pair
from app.domain.diff import Kind, Verdict, diff_record, is_drift, settle
from app.domain.mapping import Owner
from app.domain.record import (
    NO_BASE,
    BaseValue,
    FieldValue,
    Unreadable,
    canonical,
    merged_base,
)
from tests.fakes import small_mapping

A, B, C = "a", "b", "c"
W_SF, W_BILLING = Verdict.WRITE_SALESFORCE, Verdict.WRITE_BILLING
TABLE = [  # base, billing, salesforce, owner billing, owner salesforce, owner both
    (A, A, A, Verdict.AGREE, Verdict.AGREE, Verdict.AGREE),
    (A, B, A, W_SF, W_BILLING, W_SF),
    (A, A, B, W_SF, W_BILLING, W_BILLING),
    (A, B, B, Verdict.AGREE, Verdict.AGREE, Verdict.AGREE),
    (A, B, C, W_SF, W_BILLING, Verdict.CONFLICT),
    (NO_BASE, A, A, Verdict.AGREE, Verdict.AGREE, Verdict.AGREE),
    (NO_BASE, A, B, W_SF, W_BILLING, Verdict.CONFLICT),
    (None, None, B, W_SF, W_BILLING, W_BILLING),
    (A, None, A, W_SF, W_BILLING, W_SF),
    (A, None, None, Verdict.AGREE, Verdict.AGREE, Verdict.AGREE),
]
VALUES = st.one_of(
    st.none(),
    st.text(max_size=5),
    st.booleans(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.dates(),
)


@pytest.mark.parametrize("row", TABLE)
def test_every_cell_of_the_three_way_table(row: tuple[BaseValue, ...]) -> None:
    base, billing, salesforce, *expected = row
    verdicts = [settle(owner, base, billing, salesforce) for owner in Owner]  # type: ignore[arg-type]
    assert verdicts == expected


@given(st.sampled_from(Owner), VALUES, VALUES)
def test_equal_sides_agree_whatever_the_base(
    owner: Owner, base: FieldValue, value: FieldValue
) -> None:
    assert settle(owner, base, value, value) is Verdict.AGREE


@given(VALUES, VALUES, VALUES)
def test_an_edit_on_both_sides_is_never_guessed(
    base: FieldValue, billing: FieldValue, salesforce: FieldValue
) -> None:
    verdict = settle(Owner.BOTH, base, billing, salesforce)
    if len({(type(value), value) for value in (base, billing, salesforce)}) == 3:
        assert verdict is Verdict.CONFLICT


@given(VALUES, VALUES)
def test_one_sided_edits_are_carried_over(base: FieldValue, edited: FieldValue) -> None:
    if settle(Owner.BOTH, base, edited, base) is not Verdict.AGREE:
        assert settle(Owner.BOTH, base, edited, base) is Verdict.WRITE_SALESFORCE
        assert settle(Owner.BOTH, base, base, edited) is Verdict.WRITE_BILLING


def test_true_is_not_one() -> None:
    assert settle(Owner.BILLING, NO_BASE, True, 1) is Verdict.WRITE_SALESFORCE  # noqa: FBT003


def test_an_unreadable_value_is_not_comparable() -> None:
    verdict = settle(Owner.BILLING, NO_BASE, Unreadable("12,5"), Decimal("12.5"))
    assert verdict is Verdict.NOT_COMPARABLE


def test_drift_is_the_other_side_moving_away_from_the_owner() -> None:
    assert is_drift(Owner.BILLING, A, A, B)
    assert not is_drift(Owner.BILLING, A, B, A)
    assert is_drift(Owner.SALESFORCE, A, B, A)
    assert not is_drift(Owner.BOTH, A, A, B)
    assert not is_drift(Owner.BILLING, NO_BASE, A, B)


PLAN = small_mapping().entity("plan")
OLD = ("Pro", Decimal(49), "Core")
NEW = ("Pro+", Decimal(59), "Core")


def test_gone_on_one_side_and_unchanged_on_the_other_is_one_sided_and_deleted() -> None:
    diff = diff_record(PLAN, "P", OLD, None, OLD)
    assert (diff.kind, diff.deleted) == (Kind.ONLY_IN_SALESFORCE, True)


def test_gone_on_one_side_and_changed_on_the_other_is_a_conflict() -> None:
    assert diff_record(PLAN, "P", OLD, None, NEW).kind is Kind.CONFLICT
    assert diff_record(PLAN, "P", OLD, NEW, None).kind is Kind.CONFLICT


def test_new_on_one_side_is_not_deleted() -> None:
    diff = diff_record(PLAN, "P", None, OLD, None)
    assert (diff.kind, diff.deleted) == (Kind.ONLY_IN_BILLING, False)


def test_the_base_moves_to_what_both_sides_agree_on() -> None:
    old, billing, salesforce = canonical(OLD), canonical(NEW), canonical(("Pro!", NEW[1], "Core"))
    (base,) = decode_each([merged_base(old, billing, salesforce)], PLAN)
    assert base == ("Pro", Decimal(59), "Core")
    (first,) = decode_each([merged_base(None, old, billing)], PLAN)
    assert first == (NO_BASE, NO_BASE, "Core")


DOCUMENTS = st.tuples(
    st.none() | st.sampled_from("abc"),
    st.sampled_from([None, Decimal(1), Decimal("1.5")]),
    st.sampled_from([None, "Core"]),
).map(canonical)


@given(st.none() | DOCUMENTS, DOCUMENTS, DOCUMENTS)
def test_a_pair_opened_at_once_is_what_its_documents_say(
    base: bytes | None, billing: bytes, salesforce: bytes
) -> None:
    merged = merged_base(base, billing, salesforce)
    apart = decode_each([merged, billing, salesforce], PLAN)
    assert decode_pair(base, billing, salesforce, PLAN) == apart


def test_dates_are_compared_as_dates() -> None:
    day = date(2026, 11, 22)
    assert settle(Owner.BOTH, NO_BASE, day, date(2026, 11, 22)) is Verdict.AGREE
