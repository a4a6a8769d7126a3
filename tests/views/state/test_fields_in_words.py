"""Fields of nested parts are shown in the words that billing's connector has for them."""

import pytest

from app.domain.diff import diff_record
from app.domain.proposal import Choice, Proposal
from app.domain.record import Side
from app.store.comparison import find_link
from app.sync.compare import OpenedDiff, diff_of
from app.sync.workbench import Workbench
from app.views.state.fields import FieldRow, LastChange, fields_view
from tests.fakes import small_mapping

PLAN = small_mapping().entity("plan")
SAID = {"[1]": "one", "[2]": "two", "[ 1]": "one"}


def name_row(billing: str | None, salesforce: str | None, base: str | None = None) -> FieldRow:
    def values(name: str | None) -> tuple[str | None, None, None]:
        return (name, None, None)

    diff = diff_record(PLAN, "A", values(base), values(billing), values(salesforce))
    opened = OpenedDiff(PLAN, diff, Choice(), Proposal(), lambda _, text: SAID.get(text, ""))
    return fields_view(opened, LastChange(), with_same=True).rows[0]


def test_words_stand_for_the_texts_of_both_sides_and_of_the_base() -> None:
    row = name_row("[2]", "[1]", "[1]")
    assert (row.base.text, row.billing.text, row.salesforce.text) == ("one", "two", "one")
    assert row.full == ("two", "one")
    assert row.billing.spans[0].changed


@pytest.mark.parametrize("other", ["plain", "[ 1]"])
def test_a_difference_that_the_words_do_not_tell_is_shown_as_it_is(other: str) -> None:
    row = name_row("[1]", other, "[1]")
    assert (row.billing.text, row.salesforce.text) == ("[1]", other)


def test_a_side_that_has_nothing_shows_nothing() -> None:
    row = name_row("[1]", None)
    assert (row.billing.text, row.salesforce.text, row.full) == ("one", "\u2014", ("one", ""))


def test_the_words_are_those_of_billings_connector(
    customers: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = find_link(customers.store, customers.mapping.entity("account"), "A1")
    assert link is not None
    plain = diff_of(customers, link)
    billing = customers.connectors[Side.BILLING]
    monkeypatch.setattr(billing, "told", lambda _, name, text: f"{name}: {text}", raising=False)
    opened = diff_of(customers, link)
    assert plain is not None
    assert plain.words is None
    assert opened is not None
    assert opened.words is not None
    assert opened.words("name", "Acme") == "name: Acme"
