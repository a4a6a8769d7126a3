"""The charts of an account as values, each readable as a table."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from app.sync.workbench import Workbench
from app.views.state.charts import (
    MOST_TICKS,
    Chart,
    ChartKind,
    Shape,
    change_words,
    charts,
    month_sums,
    point_words,
    ticks,
)
from app.views.state.period import Period, TransactionsWanted
from tests.views.customers import TODAY, read_data

ALL = TransactionsWanted(TODAY, Period.ALL)


def chart(bench: Workbench, kind: ChartKind, wanted: TransactionsWanted = ALL) -> Chart:
    return next(one for one in charts(read_data(bench), wanted) if one.kind is kind)


def values(found: Chart) -> list[tuple[str, str]]:
    return [(point.label, str(point.value)) for point in found.points]


def test_invoices_by_month_tell_the_change_against_the_month_before(customers: Workbench) -> None:
    found = chart(customers, ChartKind.INVOICES)
    assert found.title == "Invoices by month \u00b7 EUR"
    assert [(point.label, point.shown, point.remark) for point in found.points] == [
        ("Aug 2026", "80.00 EUR", "\u2014"),
        ("Sep 2026", "120.00 EUR", "+50.0 %"),
        ("Oct 2026", "90.00 EUR", "\u221225.0 %"),
        ("Nov 2026", "110.25 EUR", "+22.5 %"),
    ]
    assert found.note == "Nov 2026 is not over."
    assert [line.cells for line in found.table.lines][1] == ("Sep 2026", "120.00 EUR", "+50.0 %")


def test_a_period_takes_whole_months_and_still_knows_the_one_before(customers: Workbench) -> None:
    found = chart(customers, ChartKind.INVOICES, TransactionsWanted(TODAY, Period.DAYS_30))
    assert [(point.label, point.remark) for point in found.points] == [
        ("Oct 2026", "\u221225.0 %"), ("Nov 2026", "+22.5 %")
    ]  # fmt: skip


def test_the_balance_is_drawn_in_steps_up_to_today(customers: Workbench) -> None:
    found = chart(customers, ChartKind.BALANCE)
    assert found.shape is Shape.STEPS
    assert values(found) == [
        ("01 Aug 2026", "0"), ("01 Sep 2026", "120"), ("01 Oct 2026", "210"),
        ("22 Nov 2026", "210"),
    ]  # fmt: skip
    assert found.note == "What the customer owes."


def test_the_balance_of_a_period_begins_with_what_was_before(customers: Workbench) -> None:
    found = chart(customers, ChartKind.BALANCE, TransactionsWanted(TODAY, Period.DAYS_60))
    assert values(found)[0] == ("23 Sep 2026", "120")


def test_credits_by_month_say_what_is_left_of_them(customers: Workbench) -> None:
    found = chart(customers, ChartKind.CREDITS)
    assert values(found) == [("Oct 2026", "20")]
    assert found.note == "Left to be applied: 7.50 EUR."


def test_usage_by_day_leaves_no_day_out(customers: Workbench) -> None:
    found = chart(customers, ChartKind.USAGE)
    assert found.choice == "calls"
    assert len(found.points) == 21
    assert values(found)[0] == ("01 Nov 2026", "1")


def test_usage_by_weekday_is_the_average_of_the_last_weeks(customers: Workbench) -> None:
    found = chart(customers, ChartKind.WEEKDAYS)
    # Mondays of November: the 2nd, 9th and 16th, so (2 + 9 + 16) / 8.
    assert values(found)[0] == ("Mon", "3.4")
    assert found.table.lines[0].cells == ("Mon", "3.4", "16", "+370.6 %")
    assert len(found.points) == 7


def test_mrr_counts_what_runs_at_each_months_end(customers: Workbench) -> None:
    assert values(chart(customers, ChartKind.MRR)) == [
        ("Aug 2026", "100"), ("Sep 2026", "150.5"), ("Oct 2026", "100"), ("Nov 2026", "100"),
    ]  # fmt: skip


def test_mrr_of_one_subscription_is_its_own(customers: Workbench) -> None:
    found = chart(customers, ChartKind.MRR, replace(ALL, subscription="S2"))
    assert values(found)[0] == ("Sep 2026", "50.5")


def test_an_account_without_days_has_no_charts(customers: Workbench) -> None:
    assert charts(read_data(customers, "C1"), ALL) == ()


def test_months_in_between_count_as_nothing(customers: Workbench) -> None:
    invoices = read_data(customers).records["invoice"]
    some = [one for one in invoices if one.key in {"I1", "I3"}]
    assert month_sums(some) == {
        date(2026, 8, 1): Decimal(80), date(2026, 9, 1): Decimal(0), date(2026, 10, 1): Decimal(90)
    }  # fmt: skip
    assert month_sums(()) == {}


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        ("80", "120", "+50.0 %"),
        ("-50", "-25", "+50.0 %"),
        ("0", "5", "\u2014"),
        ("3", "3", "+0.0 %"),
        ("1", "1000", "+99,900 %"),
    ],
)
def test_a_change_is_told_in_per_cent(before: str, now: str, words: str) -> None:
    assert change_words(Decimal(before), Decimal(now)) == words
    assert change_words(None, Decimal(now)) == "\u2014"


def test_few_places_are_named_below_a_chart(customers: Workbench) -> None:
    days, months = chart(customers, ChartKind.USAGE), chart(customers, ChartKind.MRR)
    assert len(ticks(days)) <= MOST_TICKS // 2
    assert [words for _place, words in ticks(months)] == [one.label for one in months.points]
    assert len(ticks(chart(customers, ChartKind.BALANCE))) > 3
    assert point_words(months.points[1]) == "Sep 2026: 150.50 EUR (+50.5 %)"


def test_where_room_is_short_fewer_places_are_named(customers: Workbench) -> None:
    months, days = chart(customers, ChartKind.MRR), chart(customers, ChartKind.BALANCE)
    assert len(ticks(months, room=2)) == 2
    assert len(ticks(days, room=2)) == 2
    assert ticks(months, room=0)
