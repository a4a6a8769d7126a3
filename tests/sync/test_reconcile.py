"""Counts and sums of both sides, exact, with the gaps."""

from decimal import Decimal
from pathlib import Path

import pytest

from app.domain.control import CancelToken
from app.domain.mapping_file import parse_mapping
from app.domain.record import RecordKey, Side
from app.errors import MappingInvalid
from app.sync.compare import compare
from app.sync.reconcile import reconcile
from app.sync.refresh import RefreshRequest, refresh
from app.sync.workbench import Workbench
from tests.fakes import SMALL_MAPPING, make_bench, side_of

RULE = 'sums = [{ field = "price", by = "family", currency = "name" }]\n'
SUMMED = SMALL_MAPPING.replace('title = "name"\n', f'title = "name"\n{RULE}', 1)


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    bench = make_bench(tmp_path, parse_mapping(SUMMED, "m.toml"))
    for side, prices in ((Side.BILLING, "10.10 20.20 30"), (Side.SALESFORCE, "10.10 20.30")):
        for number, price in enumerate(prices.split()):
            side_of(bench, side).put("plan", f"P{number}", "EUR", Decimal(price), "Anna")
    return bench


def found(bench: Workbench, *, totals: bool = False) -> list[tuple[str, str, str, str]]:
    refresh(bench, RefreshRequest(), CancelToken(), lambda _progress: None)
    compare(bench, CancelToken(), lambda _progress: None)
    sums = reconcile(bench, CancelToken(), totals=totals).sums
    return [(one.owner, one.currency, str(one.billing), str(one.gap)) for one in sums]


def test_gaps_come_from_what_differs_alone(bench: Workbench) -> None:
    assert found(bench) == [("Anna", "EUR", "50.2", "29.9")]


def test_totals_count_what_agrees_too(bench: Workbench) -> None:
    assert found(bench, totals=True) == [("Anna", "EUR", "60.3", "29.9")]


def test_records_are_counted_on_both_sides(bench: Workbench) -> None:
    found(bench)
    (plans, tiers) = reconcile(bench, CancelToken()).counts
    assert (plans.billing, plans.salesforce, plans.gap, tiers.gap) == (3, 2, 1, 0)


def test_where_both_sides_agree_there_is_no_gap(bench: Workbench) -> None:
    for number, price in enumerate(("10.1", "20.2", "30")):
        side_of(bench, Side.SALESFORCE).put("plan", f"P{number}", "EUR", Decimal(price), "Anna")
    assert found(bench) == []
    assert not reconcile(bench, CancelToken()).has_gap


def test_money_that_moved_from_one_account_to_another_is_two_gaps(bench: Workbench) -> None:
    side_of(bench, Side.BILLING).drop("plan", "P2")
    side_of(bench, Side.SALESFORCE).put("plan", "P1", "EUR", Decimal("20.20"), "Bert")
    assert found(bench) == [("Anna", "EUR", "20.2", "20.2"), ("Bert", "EUR", "0", "-20.2")]


def test_of_records_that_share_a_key_each_counts(bench: Workbench) -> None:
    for number, price in enumerate(("10.1", "20.2", "30")):
        side_of(bench, Side.SALESFORCE).put("plan", f"P{number}", "EUR", Decimal(price), "Anna")
    there = side_of(bench, Side.SALESFORCE).records
    (twice,) = there[RecordKey("plan", "P1")]
    there[RecordKey("plan", "P1")].append(twice._replace(side_id="other"))
    assert [gap for *_, gap in found(bench)] == ["-20.2"]
    assert [gap for *_, gap in found(bench, totals=True)] == ["-20.2"]
    assert [one.gap for one in reconcile(bench, CancelToken()).counts] == [-1, 0]


def test_a_sum_over_an_unknown_field_names_file_and_line() -> None:
    with pytest.raises(MappingInvalid, match=r"m\.toml:\d+: 'plan': sum of prise names unknown"):
        parse_mapping(SUMMED.replace('field = "price"', 'field = "prise"'), "m.toml")
