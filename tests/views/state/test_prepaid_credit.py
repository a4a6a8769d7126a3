"""Prepaid credit of Orb on the pages of an account: in the order of the ledger, and as drawn."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from app.domain.diff import Kind
from app.domain.mapping import WorkspaceMapping
from app.domain.mapping_file import parse_mapping
from app.domain.record import FieldValue
from app.settings import shipped_mappings
from app.views.state.account_data import AccountData
from app.views.state.charts import Chart, ChartKind, charts
from app.views.state.facets import AccountRecord
from app.views.state.ledger import postings
from app.views.state.period import Period, TransactionsWanted

TODAY = date(2026, 11, 22)
LEDGER = "credit_ledger_entry"
# Month, type, amount, balance left, key: what happens in one second is told apart by its number.
ENTRIES = (
    (8, "increment", 500, 500, "z"),
    (9, "decrement", -120, 380, "m"),
    (10, "credit_block_expiry", -380, 0, "y"),
    (10, "increment", 500, 500, "a"),
)


@pytest.fixture(scope="module")
def mapping() -> WorkspaceMapping:
    texts = shipped_mappings()
    return parse_mapping(texts["orb"], "orb", texts.get)


def entries(mapping: WorkspaceMapping) -> tuple[AccountRecord, ...]:
    entity, found = mapping.entity(LEDGER), list[AccountRecord]()
    for number, (month, kind, amount, left, key) in enumerate(ENTRIES, start=1):
        values: dict[str, FieldValue] = {
            "ledger_sequence_number": number,
            "entry_type": kind,
            "amount": Decimal(amount),
            "ending_balance": Decimal(left),
            "currency": "credits",
            "created_at": datetime(2026, month, 1, tzinfo=UTC),
        }
        row = tuple(values.get(one.name) for one in entity.fields)
        found.append(AccountRecord(entity, number, key, Kind.IDENTICAL, row, row))
    return tuple(found)


def drawdown(mapping: WorkspaceMapping, period: Period) -> Chart:
    account = mapping.account
    assert account is not None
    empty = (None,) * len(account.fields)
    records: dict[str, tuple[AccountRecord, ...]] = {one.name: () for one in mapping.of_account()}
    records[LEDGER] = entries(mapping)
    owner = AccountRecord(account, 9, "c1", Kind.IDENTICAL, empty, empty)
    data = AccountData(mapping, "c1", owner, records)
    found = charts(data, TransactionsWanted(TODAY, period))
    return next(one for one in found if one.kind is ChartKind.DRAWDOWN)


def test_entries_of_one_second_stand_in_the_order_of_the_ledger(mapping: WorkspaceMapping) -> None:
    found = postings(mapping.entity(LEDGER), reversed(entries(mapping)))
    assert [one.record.key for one in found] == ["z", "m", "y", "a"]
    assert found[-1].balance == 500
    assert [one.charge or one.credit for one in found] == [500, 120, 380, 500]


def test_the_commitment_and_what_is_drawn_of_it_are_told_by_month(
    mapping: WorkspaceMapping,
) -> None:
    found = drawdown(mapping, Period.ALL)
    assert [(one.label, str(one.value), one.remark) for one in found.points] == [
        ("Aug 2026", "0", "0.0 %"), ("Sep 2026", "120", "24.0 %"), ("Oct 2026", "380", "50.0 %"),
        ("Nov 2026", "0", "50.0 %"),
    ]  # fmt: skip
    assert found.table.lines[2].cells == (
        "Oct 2026", "1,000.00 credits", "380.00 credits", "500.00 credits", "50.0 %",
        "500.00 credits",
    )  # fmt: skip
    told = "Committed 1,000.00 credits; drawn or expired 500.00 credits (50.0 %);"
    assert found.note == f"{told} left 500.00 credits."


def test_a_period_of_the_drawdown_still_counts_what_was_before(mapping: WorkspaceMapping) -> None:
    found = drawdown(mapping, Period.DAYS_30)
    assert [one.label for one in found.points] == ["Oct 2026", "Nov 2026"]
    assert found.points[0].remark == "50.0 %"
