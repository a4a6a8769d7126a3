"""The field table's contents."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from app.domain.plan import Problem
from app.domain.proposal import NO_CHOICE, Choice
from app.domain.record import FieldValue, Side, Unreadable
from app.store.choices import choose
from app.store.comparison import find_link
from app.sync.compare import OpenedDiff, diff_of
from app.sync.workbench import Workbench
from app.views.state.difference import Arrow
from app.views.state.fields import FieldsView, LastChange, fields_view, local_time, value_text
from tests.fakes import catalog_mapping
from tests.views.catalog import put
from tests.views.conftest import read


def opened(bench: Workbench, entity: str, key: str, choice: Choice = NO_CHOICE) -> OpenedDiff:
    link = find_link(bench.store, bench.mapping.entity(entity), key)
    assert link is not None
    choose(bench.store, {link: choice})
    found = diff_of(bench, link)
    assert found is not None
    return found


def view(bench: Workbench, entity: str, key: str, choice: Choice = NO_CHOICE) -> FieldsView:
    last = LastChange("2026-11-21T04:00:00Z", "Ada Admin")
    return fields_view(opened(bench, entity, key, choice), last, with_same=False)


def test_only_differing_fields_are_shown_and_the_rest_is_counted(bench: Workbench) -> None:
    shown = view(bench, "plan", "PRO")
    assert [(row.label, row.base.text, row.result.text) for row in shown.rows] == [
        ("Name", "Voice Pro", "Voice Pro 2026")
    ]
    assert shown.same == 11


def test_a_change_in_salesforce_of_a_field_it_owns_goes_to_billing(bench: Workbench) -> None:
    (row,) = view(bench, "plan", "TEAM").rows
    assert (row.arrow, row.result.text) == (Arrow.TO_BILLING, "Teams")


def test_a_conflict_marks_the_words_and_waits(bench: Workbench) -> None:
    shown = view(bench, "plan", "BASIC")
    (row,) = shown.rows
    assert [span.text for span in row.billing.spans if span.changed] == ["Union"]
    assert [span.text for span in row.salesforce.spans if span.changed] == ["world"]
    assert row.result.text == "both stay as they are"
    assert "Choose whose value" in shown.notes[0]


def test_a_decided_conflict_has_a_result(bench: Workbench) -> None:
    shown = view(bench, "plan", "BASIC", Choice(ticked=True, take={"description": "salesforce"}))
    assert shown.rows[0].arrow is Arrow.TO_BILLING
    assert "world" in shown.rows[0].result.text


def test_a_record_on_one_side_shows_all_and_says_what_will_be_done(bench: Workbench) -> None:
    new, stale = view(bench, "coupon", "NEW"), view(bench, "coupon", "STALE")
    assert new.rows[1].result.text == "New in billing"
    assert new.notes == ("If ticked, it is inserted into Salesforce.",)
    assert stale.rows[1].result.text == "deleted"
    assert stale.notes == ("If ticked, it is deleted in Salesforce.",)


def test_records_that_share_a_key_say_why_nothing_can_be_done(bench: Workbench) -> None:
    shown = view(bench, "coupon", "TWICE")
    assert "share this key" in shown.notes[0]
    assert all(row.arrow is Arrow.NONE and not row.can_choose for row in shown.rows)


def test_what_a_side_refuses_is_told_by_the_label_of_its_field(bench: Workbench) -> None:
    found = opened(bench, "plan", "PRO")
    problem = Problem("warning", "plan", "PRO", "proration_timing: cannot be written to billing")
    stuck = replace(found, proposal=replace(found.proposal, problems=(problem,)))
    notes = fields_view(stuck, LastChange(), with_same=False).notes
    assert notes == ("Proration timing: cannot be written to billing",)


def test_who_changed_it_last_is_said(bench: Workbench) -> None:
    words = view(bench, "plan", "PRO").changed
    assert words.startswith("Changed in Salesforce by Ada Admin on 2")


def test_a_skipped_record_says_so(bench: Workbench) -> None:
    shown = view(bench, "coupon", "NEW", Choice(None, {"*": "skip"}))
    assert "You chose to skip this record." in shown.notes
    assert shown.rows[0].result.text == "stays as it is"


def test_an_unreadable_value_is_shown_as_such(bench: Workbench) -> None:
    put(bench, Side.BILLING, "coupon", "BAD", name="BAD", expires_on=Unreadable("soon"))
    put(bench, Side.SALESFORCE, "coupon", "BAD", name="BAD", expires_on=date(2026, 1, 1))
    read(bench)
    (row,) = view(bench, "coupon", "BAD").rows
    assert row.billing.text == "unreadable: soon"
    assert row.arrow is Arrow.NONE


HOUR = datetime(2026, 4, 28, 22, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("entity", "field", "value", "shown"),
    [
        ("rate", "rate_per_unit", Decimal("0.05"), "0.05 USD"),
        ("rate", "rate_per_unit", Decimal("0.00125"), "0.00125 USD"),
        ("rate", "rate_per_unit", Decimal("1E+4"), "10,000.00 USD"),
        ("rate", "from_unit", Decimal(1000), "1,000"),
        ("plan", "billable", True, "yes"),
        ("coupon", "expires_on", date(2026, 4, 28), "28 Apr 2026"),
        ("coupon", "expires_on", HOUR, "28 Apr 2026, 22:00:05 UTC"),
        ("coupon", "expires_on", HOUR.replace(microsecond=7), "2026-04-28T22:00:05.000007Z"),
    ],
)
def test_values_are_written_for_people(
    entity: str, field: str, value: FieldValue, shown: str
) -> None:
    mapped = catalog_mapping().entity(entity)
    assert value_text(mapped.fields[mapped.index[field]], value, "USD") == shown


def test_a_time_that_is_none_comes_back_as_it_is() -> None:
    assert local_time("") == ""
    assert local_time("yesterday") == "yesterday"
