"""The page of an account's days as values: the ledger, invoices and lines, periods, totals."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.diff import Kind
from app.domain.mapping import EntityMapping, Role
from app.sync.workbench import Workbench
from app.views.state.facets import AccountRecord, day_of, money, number_of, quantity
from app.views.state.ledger import postings, summed
from app.views.state.period import Period, TransactionsWanted
from app.views.state.transactions import (
    TransactionsPage,
    TransactionsTab,
    lines_of,
    transactions_page,
)
from tests.views.customers import TODAY, customers_mapping, read_data

ALL = TransactionsWanted(TODAY, Period.ALL)


def tab(page: TransactionsPage, name: str) -> TransactionsTab:
    return next(one for one in page.tabs if one.table.name == name)


def ledger(records: list[AccountRecord], entity: EntityMapping) -> list[tuple[str, ...]]:
    return [
        (one.record.key, money(one.charge), money(one.credit), money(one.balance))
        for one in postings(entity, records)
    ]


def movement(entity: EntityMapping, key: str, **values: object) -> AccountRecord:
    """Return a record of a ledger that no side holds."""
    row = [values.get(one.name) for one in entity.fields]
    return AccountRecord(entity, 1, key, Kind.IDENTICAL, tuple(row), tuple(row))  # type: ignore[arg-type]


def test_the_ledger_runs_newest_first_with_the_balance_after_each(customers: Workbench) -> None:
    found = tab(transactions_page(read_data(customers), ALL), "posting")
    assert [line.cells[1:] for line in found.table.lines] == [
        ("01 Oct 2026", "Movement T31", "90.00 EUR", "", "210.00 EUR"),
        ("01 Sep 2026", "Movement T21", "120.00 EUR", "", "120.00 EUR"),
        ("01 Aug 2026", "Movement T12", "", "80.00 EUR", "0.00 EUR"),
        ("01 Aug 2026", "Movement T11", "80.00 EUR", "", "80.00 EUR"),
    ]
    (totals,) = found.totals
    assert totals.startswith("Charges 290.00 EUR \u00b7 Credits 80.00 EUR \u00b7 Net 210.00 EUR")
    assert totals.endswith("\u00b7 Balance now 210.00 EUR")


def test_a_period_begins_with_the_balance_brought_forward(customers: Workbench) -> None:
    found = tab(
        transactions_page(read_data(customers), TransactionsWanted(TODAY, Period.DAYS_60)),
        "posting",
    )
    assert [line.cells[2] for line in found.table.lines] == [
        "Movement T31", "Balance brought forward"
    ]  # fmt: skip
    assert found.table.lines[-1].cells[-1] == "120.00 EUR"
    assert found.table.lines[-1].link == 0
    assert found.hidden == 3


def test_of_one_subscription_there_is_no_balance_and_it_is_said(customers: Workbench) -> None:
    page = transactions_page(read_data(customers), replace(ALL, subscription="S2"))
    found = tab(page, "posting")
    assert [line.cells[2] for line in found.table.lines] == ["Movement T31"]
    assert "Balance" not in [column.title for column in found.table.columns]
    assert "so it is off" in found.note
    assert found.totals == ("Charges 90.00 EUR \u00b7 Credits 0.00 EUR \u00b7 Net 90.00 EUR",)


def test_an_invoice_is_of_the_subscription_that_a_line_names(customers: Workbench) -> None:
    page = transactions_page(read_data(customers), replace(ALL, subscription="S2"))
    assert [line.cells[1] for line in tab(page, "invoice").table.lines] == ["2026-3"]


def test_what_names_no_subscription_is_shown_whole_and_it_is_said(customers: Workbench) -> None:
    page = transactions_page(read_data(customers), replace(ALL, subscription="S2"))
    found = tab(page, "usage")
    assert len(found.table.lines) == 21
    assert "name no subscription" in found.note


def test_an_invoice_opens_to_its_lines(customers: Workbench) -> None:
    data = read_data(customers)
    found = tab(transactions_page(data, ALL), "invoice")
    assert found.opens
    oldest = found.table.lines[-1]
    (lines,) = lines_of(data, oldest.link)
    assert lines.lines[0].cells == ("agrees", "Fee 1", "80.00 EUR", "Voice")
    assert lines_of(data, 10**9) == ()


def test_lines_have_no_tab_of_their_own(customers: Workbench) -> None:
    page = transactions_page(read_data(customers), ALL)
    assert [one.table.name for one in page.tabs] == ["posting", "invoice", "gift", "usage"]
    assert dict(page.subscriptions) == {"S1": "Voice", "S2": "Data", "S9": "Made up"}


def test_a_tab_counts_what_differs_and_sums_each_currency(customers: Workbench) -> None:
    found = tab(transactions_page(read_data(customers), ALL), "invoice")
    assert found.table.heading == "Invoices (4) \u22601"
    assert found.table.lines[0].cells[0] == "+ only in billing"
    assert found.totals == ("Total 400.25 EUR",)


def test_days_are_those_of_the_accounts_time_zone(customers: Workbench) -> None:
    lines = tab(transactions_page(read_data(customers), ALL), "usage").table.lines
    assert lines[0].cells == ("agrees", "21 Nov 2026", "calls", "21")
    assert lines[0].tip == "Day: 2026-11-20T23:00:00Z"


@pytest.mark.parametrize(
    ("period", "first"),
    [
        (Period.DAYS_30, date(2028, 1, 30)),
        (Period.DAYS_180, date(2027, 9, 2)),
        (Period.YEAR_1, date(2027, 2, 28)),
        (Period.YEARS_2, date(2026, 2, 28)),
        (Period.ALL, None),
    ],
)
def test_a_period_begins_so_many_days_or_years_ago(period: Period, first: date | None) -> None:
    assert period.first_day(date(2028, 2, 29)) == first
    assert period.label


def test_prepaid_credit_believes_the_balances_that_are_told() -> None:
    entity = prepaid()
    at = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [("a", "100", "100"), ("b", "30", "70"), ("c", "70", "70"), ("d", "20", "90")]
    records = [
        movement(entity, key, at=at + timedelta(days=day), signed=Decimal(amount),
                 left=Decimal(left), number=day)
        for day, (key, amount, left) in enumerate(rows)
    ]  # fmt: skip
    assert ledger(records, entity) == [
        ("a", "", "100.00", "100.00"),
        ("b", "30.00", "", "70.00"),
        ("c", "", "", "70.00"),
        ("d", "", "20.00", "90.00"),
    ]


def prepaid() -> EntityMapping:
    """Return a ledger of credit, whose records tell the balance that they left."""
    posting = customers_mapping().entity("posting")
    fields = [replace(one, name={"text": "left"}.get(one.name, one.name)) for one in posting.fields]
    shows = {"date": "at", "amount": "signed", "balance": "left", "number": "number"}
    entity = EntityMapping(
        "credit", "Credit", "Credits", "Credit__c", "id", "Key__c", "at", tuple(fields),
        role=Role.CREDIT, shows=shows,
    )  # fmt: skip
    assert "left" in entity.index
    return entity


@given(st.lists(st.decimals(-9999, 9999, places=2), max_size=30))
def test_the_last_balance_is_the_sum_of_what_moved(amounts: list[Decimal]) -> None:
    entity = customers_mapping().entity("posting")
    at = datetime(2026, 1, 1, tzinfo=UTC)
    records = [
        movement(entity, str(n), at=at, number=n, signed=amount, unit="EUR")
        for n, amount in enumerate(amounts)
    ]
    found = postings(entity, reversed(records))
    sums = summed(found).get("EUR")
    assert [one.record.key for one in found] == [str(n) for n in range(len(amounts))]
    assert (found[-1].balance if found else 0) == sum(amounts)
    assert (sums.charge - sums.credit if sums else 0) == sum(amounts)


def test_numbers_and_days_are_found_in_texts_too() -> None:
    assert number_of("12.50") == Decimal("12.5")
    assert [number_of(value) for value in ("NaN", "x", True, None)] == [None] * 4
    assert day_of("2026-11-22T10:00:00") == TODAY
    assert day_of("soon") is None


def test_amounts_have_two_decimals_at_least_and_their_currency() -> None:
    assert money(Decimal(1234567), "EUR") == "1,234,567.00 EUR"
    assert money(Decimal("0.0071")) == "0.0071"
    assert money(None) == ""
    assert (quantity(Decimal("12.500")), quantity(Decimal(1000)), quantity(None)) == (
        "12.5", "1,000", ""
    )  # fmt: skip
