"""A mapping without some of its entities."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.left_out import left_out, with_children
from app.domain.mapping import JobRow, WorkspaceMapping
from app.domain.mapping_file import parse_mapping


@pytest.fixture(scope="module")
def orb() -> WorkspaceMapping:
    path = Path(__file__).parents[2] / "resources" / "mappings" / "orb.toml"
    return parse_mapping(path.read_text("utf-8"), path.name)


def test_what_hangs_on_it_goes_too(orb: WorkspaceMapping) -> None:
    assert with_children(orb, ["invoice"]) == ("invoice", "invoice_line_item_billing")
    rest = left_out(orb, ["invoice"]).by_name
    assert orb.by_name.keys() - rest.keys() == {"invoice", "invoice_line_item_billing"}


def test_nothing_points_at_what_is_gone(orb: WorkspaceMapping) -> None:
    rest = left_out(orb, ["invoice"])
    revenue = rest.entity("daily_line_item_revenue")
    assert {"invoice", "invoice_line_item"}.isdisjoint(revenue.index)
    assert "invoice_id" in revenue.index
    assert all(field.to in rest.by_name for one in rest.entities for field in one.references)
    assert rest.order


def test_rules_about_lost_fields_go_and_others_stay(orb: WorkspaceMapping) -> None:
    rest = left_out(orb, ["plan"])
    subscription = rest.entity("subscription")
    assert subscription.shows.keys() == orb.entity("subscription").shows.keys() - {"plan"}
    assert subscription.ignore == orb.entity("subscription").ignore


def test_nothing_left_out_is_the_same_mapping(orb: WorkspaceMapping) -> None:
    assert left_out(orb, ()) is orb
    assert left_out(orb, ["nosuch"]) is orb


def test_plans_of_one_choice_are_not_those_of_another(orb: WorkspaceMapping) -> None:
    prints = {orb.fingerprint, *(left_out(orb, [e.name]).fingerprint for e in orb.entities)}
    assert len(prints) == 1 + len(orb.entities)


def test_jobs_read_what_is_left(orb: WorkspaceMapping) -> None:
    jobs = (JobRow("a", ("plan", "customer"), "0 1 * * *"), JobRow("b", ("plan",), "0 1 * * *"))
    rest = left_out(replace(orb, jobs=jobs), ["plan"])
    assert [(job.name, job.entities) for job in rest.jobs] == [("a", ("customer",))]
