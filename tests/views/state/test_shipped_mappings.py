"""The pages of an account for each mapping that comes with Concord, of full and empty records."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from app.domain.diff import Kind
from app.domain.mapping import FieldType, WorkspaceMapping
from app.domain.mapping_file import parse_mapping
from app.domain.record import FieldValue
from app.settings import shipped_mappings
from app.views.state.account import account_page
from app.views.state.account_data import AccountData
from app.views.state.charts import charts
from app.views.state.facets import AccountRecord
from app.views.state.period import Period, TransactionsWanted
from app.views.state.transactions import transactions_page

WANTED = TransactionsWanted(date(2026, 11, 22), Period.ALL)
FULL: dict[FieldType, FieldValue] = {
    FieldType.INTEGER: 7,
    FieldType.DECIMAL: Decimal("1.5"),
    FieldType.MONEY: Decimal("12.5"),
    FieldType.BOOLEAN: True,
    FieldType.DATE: date(2026, 11, 1),
    FieldType.DATETIME: datetime(2026, 11, 1, tzinfo=UTC),
}


def with_accounts() -> list[WorkspaceMapping]:
    texts = shipped_mappings()
    found = [parse_mapping(texts[name], name, texts.get) for name in sorted(texts)]
    return [one for one in found if one.account is not None]


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("mapping", with_accounts(), ids=lambda one: one.name)
def test_every_mapping_can_be_shown(mapping: WorkspaceMapping, full: bool) -> None:  # noqa: FBT001 - a parameter
    def record(name: str) -> AccountRecord:
        entity = mapping.entity(name)
        row = tuple(FULL.get(one.type, "text") if full else None for one in entity.fields)
        return AccountRecord(entity, 1, "key", Kind.IDENTICAL, row, row)

    assert mapping.account is not None
    records = {one.name: (record(one.name),) for one in mapping.of_account()}
    del records[mapping.account.name]
    data = AccountData(mapping, "key", record(mapping.account.name), records)
    still, moving = (len(mapping.of_account(moving=on)) for on in (False, True))
    assert len(account_page(data).tables) == still - 1
    tabs = transactions_page(data, WANTED).tabs
    assert len(tabs) <= moving
    assert all(len(tab.table.lines[0].cells) == len(tab.table.columns) for tab in tabs)
    assert bool(charts(data, WANTED)) == (full and any(e.role for e in mapping.of_account()[1:]))
