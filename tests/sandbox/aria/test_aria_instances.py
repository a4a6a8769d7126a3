"""Plan instances: assign, change, cancel, now, later or as a preview (aria.md §2.5)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from app.sandbox.launch import Sandbox

Call = Callable[..., dict[str, Any]]
Row = dict[str, Any]

BUSY = 55010002


@pytest.fixture
def plans(core: Call) -> list[Row]:
    """Return the plan instances of the busy account, its master first."""
    return list(core("get_acct_plans_m", acct_no=BUSY)["acct_plans_m"])


@pytest.fixture
def offered(core: Call, plans: list[Row]) -> Row:
    """Return a supplemental plan that can stand under the first master."""
    found = core("get_avail_plans_for_acct_m", acct_no=BUSY)["all_client_avail_plans"]
    number = plans[0]["plan_instance_no"]
    return next(dict(row) for row in found if row["parent_plan_instance_no"] == number)


def supplemental(offered: Row, **more: Any) -> Row:
    plan = {"new_plan_no": offered["plan_no"], "client_plan_instance_id": "S-NEW"}
    parent = {"parent_plan_instance_no": offered["parent_plan_instance_no"]}
    return {"acct_no": BUSY, **plan, **parent, **more}


def count(core: Call) -> int:
    return len(core("get_acct_plans_m", acct_no=BUSY)["acct_plans_m"])


def test_a_supplemental_is_assigned_under_its_parent(core: Call, offered: Row) -> None:
    found = core("assign_acct_plan_m", **supplemental(offered, plan_units=3))
    assert found["error_code"] == 0
    row = core("get_acct_plans_m", acct_no=BUSY)["acct_plans_m"][-1]
    assert (row["plan_instance_no"], row["plan_units"]) == (found["plan_instance_no"], 3)
    assert row["parent_plan_instance_no"] == offered["parent_plan_instance_no"]


def test_one_plan_is_held_several_times(core: Call, offered: Row) -> None:
    core("assign_acct_plan_m", **supplemental(offered))
    core("assign_acct_plan_m", **supplemental(offered) | {"client_plan_instance_id": "S-2"})
    found = core(
        "get_acct_plans_all_m",
        acct_no=BUSY,
        product_catalog_plan_filter=[{"plan_no": offered["plan_no"]}],
    )
    assert found["record_count"] >= 2


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"new_plan_no": 1}, 1013),
        ({"plan_units": 0}, 1016),
        ({"parent_plan_instance_no": 1}, 14046),
        ({"assignment_directive": 9}, 1039),
        ({"alt_rate_schedule_no": 1}, 1013),
        ({"plan_status": 55}, 5002),
    ],
)
def test_a_wrong_assignment_is_refused(core: Call, offered: Row, change: Row, code: int) -> None:
    before = count(core)
    assert core("assign_acct_plan_m", **supplemental(offered, **change))["error_code"] == code
    assert count(core) == before


def test_a_preview_tells_the_cost_and_saves_nothing(core: Call, offered: Row) -> None:
    before = count(core)
    found = core("assign_acct_plan_m", **supplemental(offered, do_write="false"))
    assert found["error_code"] == 0
    assert found["expectd_mthly_recurring_cost"] > 0
    assert count(core) == before


def test_a_taken_instance_id_is_1015(core: Call, offered: Row) -> None:
    core("assign_acct_plan_m", **supplemental(offered))
    assert core("assign_acct_plan_m", **supplemental(offered))["error_code"] == 1015


def test_more_units_are_prorated_onto_an_invoice(core: Call, plans: list[Row]) -> None:
    number = plans[0]["plan_instance_no"]
    found = core("update_acct_plan_m", acct_no=BUSY, plan_instance_no=number, plan_units=50)
    assert found["total"] == found["total_charges_before_tax"] + found["total_tax_charges"]
    if found["invoice_no"] is not None:
        details = core("get_invoice_details_m", invoice_no=found["invoice_no"])
        assert sum(row["amount"] for row in details["invoice_line_details"]) == found["total"]


def test_no_proration_with_directive_3(core: Call, plans: list[Row]) -> None:
    number = plans[0]["plan_instance_no"]
    change = {"plan_instance_no": number, "plan_units": 50, "assignment_directive": 3}
    found = core("update_acct_plan_m", acct_no=BUSY, **change)
    assert (found["invoice_no"], found["total"]) == (None, 0)


def test_a_later_change_waits_and_can_be_deleted(core: Call, plans: list[Row]) -> None:
    number = plans[0]["plan_instance_no"]
    change = {"plan_instance_no": number, "plan_units": 50, "assignment_directive": 1}
    queue = core("update_acct_plan_m", acct_no=BUSY, **change)["plan_instance_queue"]
    waiting = core("get_acct_plan_queued_changes_m", acct_no=BUSY)["queued_change_details"][-1]
    assert waiting["queue_id"] == queue[0]["queue_id"]
    assert (waiting["current_plan_units"], waiting["target_plan_units"]) != (50, 50)
    edit = [{"queue_id": waiting["queue_id"], "queue_edit_directive": 0}]
    done = core("edit_acct_plan_queued_changes_m", acct_no=BUSY, edit_queued_changes=edit)
    assert done["queued_changes"][0]["edit_queued_change_status_label"] == "Deleted"
    again = core("edit_acct_plan_queued_changes_m", acct_no=BUSY, edit_queued_changes=edit)
    assert again["error_code"] == 1013


def test_a_later_change_can_run_now(core: Call, plans: list[Row]) -> None:
    number = plans[0]["plan_instance_no"]
    change = {"plan_instance_no": number, "plan_units": 50, "effective_date": "2099-01-01"}
    queue = core("update_acct_plan_m", acct_no=BUSY, **change)["plan_instance_queue"]
    edit = [{"queue_id": queue[0]["queue_id"], "queue_edit_directive": 1}]
    core("edit_acct_plan_queued_changes_m", acct_no=BUSY, edit_queued_changes=edit)
    assert core("get_acct_plans_m", acct_no=BUSY)["acct_plans_m"][0]["plan_units"] == 50


def test_cancelling_the_last_master_ends_children_and_account(core: Call, plans: list[Row]) -> None:
    number = plans[0]["plan_instance_no"]
    core("cancel_acct_plan_m", acct_no=BUSY, plan_instance_no=number, assignment_directive=2)
    rows = core("get_acct_plans_m", acct_no=BUSY)["acct_plans_m"]
    assert {row["plan_instance_status_cd"] for row in rows} == {-2}
    assert core("get_acct_details_all_m", acct_no=BUSY)["status_cd"] == 0


def custom(core: Call, number: int) -> tuple[Row, list[Row]]:
    """Return a recurring service of an instance, and its tiers as custom rates at half price."""
    found = core("get_acct_plans_all_m", acct_no=BUSY, include_plan_services="true")
    plan = next(p for p in found["all_acct_plans_m"] if p["plan_instance_no"] == number)
    service = next(s for s in plan["plan_instance_services"] if s["is_recurring_ind"])
    names = ("rate_seq_no", "from_unit", "to_unit")
    rates = [
        {**{name: row[name] for name in names}, "rate_per_unit": str(row["rate_per_unit"] / 2)}
        for row in service["plan_service_rates"]
    ]
    return service, rates


def test_custom_rates_take_the_place_of_the_schedules(core: Call, plans: list[Row]) -> None:
    number = plans[0]["plan_instance_no"]
    service, rates = custom(core, number)
    named = {"plan_instance_no": number, "service_no": service["service_no"]}
    done = core("assign_custom_acct_plan_rates_m", acct_no=BUSY, **named, custom_acct_rates=rates)
    assert done["error_code"] == 0
    after, _ = custom(core, number)
    wanted = [Decimal(row["rate_per_unit"]) for row in rates]
    assert [row["rate_per_unit"] for row in after["plan_service_rates"]] == wanted
    core("remove_acct_plan_custom_rates_m", acct_no=BUSY, plan_instance_no=number)
    assert custom(core, number)[0] == service


def test_custom_tiers_must_be_those_of_the_schedule(core: Call, plans: list[Row]) -> None:
    number = plans[0]["plan_instance_no"]
    service, rates = custom(core, number)
    more = [*rates, {"rate_seq_no": len(rates) + 1, "from_unit": 999, "rate_per_unit": 1}]
    named = {"plan_instance_no": number, "service_no": service["service_no"]}
    found = core("assign_custom_acct_plan_rates_m", acct_no=BUSY, **named, custom_acct_rates=more)
    assert found["error_code"] == 14014


def test_other_services_take_one_open_tier(core: Call, plans: list[Row]) -> None:
    number = plans[0]["plan_instance_no"]
    found = core("get_acct_plans_all_m", acct_no=BUSY, include_plan_services="true")
    services = found["all_acct_plans_m"][0]["plan_instance_services"]
    setup = next(row for row in services if row["is_setup_ind"])
    rates = [{"rate_seq_no": 1, "from_unit": 1, "to_unit": 5, "rate_per_unit": 1}]
    named = {"plan_instance_no": number, "service_no": setup["service_no"]}
    found = core("assign_custom_acct_plan_rates_m", acct_no=BUSY, **named, custom_acct_rates=rates)
    assert found["error_code"] == 14015


def test_several_changes_go_together_or_not_at_all(
    core: Call, plans: list[Row], offered: Row
) -> None:
    before = core("get_acct_plans_m", acct_no=BUSY)
    rows = [
        {
            "plan_directive": 1,
            "new_plan_no": offered["plan_no"],
            "new_client_plan_instance_id": "S-NEW",
            "parent_plan_instance_no": offered["parent_plan_instance_no"],
        },
        {"plan_directive": 3, "existing_plan_instance_no": 1, "plan_units": 8},
    ]
    assert core("update_acct_plan_multi_m", acct_no=BUSY, plan_updates=rows)["error_code"] == 14046
    assert core("get_acct_plans_m", acct_no=BUSY) == before
    rows[1]["existing_plan_instance_no"] = plans[0]["plan_instance_no"]
    found = core("update_acct_plan_multi_m", acct_no=BUSY, plan_updates=rows)
    assert [row["plan_operation"] for row in found["plans_updated"]] == [1, 3]


def test_a_plan_is_replaced_behind_its_instance(core: Call, plans: list[Row]) -> None:
    found = core("get_avail_plans_for_acct_m", acct_no=BUSY)["all_client_avail_plans"]
    masters = [row for row in found if row["parent_plan_instance_no"] is None]
    other = next(row for row in masters if row["plan_no"] != plans[0]["plan_no"])
    number = plans[0]["plan_instance_no"]
    done = core(
        "replace_acct_plan_m", acct_no=BUSY, plan_instance_no=number, new_plan_no=other["plan_no"]
    )
    assert done["error_code"] == 0
    assert core("get_acct_plans_m", acct_no=BUSY)["acct_plans_m"][0]["plan_no"] == other["plan_no"]


def test_history_has_values_before_and_after(core: Call, plans: list[Row]) -> None:
    number = plans[0]["plan_instance_no"]
    core("update_acct_plan_m", acct_no=BUSY, plan_instance_no=number, plan_units=50)
    row = core("get_acct_plan_history_m", acct_no=BUSY)["plan_history"][-1]
    assert (row["old_plan_units"], row["new_plan_units"]) == (plans[0]["plan_units"], 50)


def test_pages_of_plans_have_limits(core: Call, sandbox: Sandbox) -> None:
    del sandbox
    assert core("get_acct_plans_all_m", acct_no=BUSY, limit=1000)["error_code"] == 1016
    assert core("get_acct_plans_all_m", acct_no=BUSY, offset=999)["error_code"] == 1016
    found = core("get_acct_plans_all_m", acct_no=BUSY, limit=1, offset=1)
    assert (found["record_count"] > 1, len(found["all_acct_plans_m"])) == (True, 1)


def test_a_contract_covers_an_instance_once(core: Call, plans: list[Row]) -> None:
    wish = {
        "type_no": 3,
        "contract_plan_instances": [{"plan_instance_no": plans[0]["plan_instance_no"]}],
    }
    made = core("create_instance_contract_m", acct_no=BUSY, length_months=12, **wish)
    again = core("create_instance_contract_m", acct_no=BUSY, length_months=12, **wish)
    assert again["error_code"] == 16018
    named = {"acct_no": BUSY, "contract_no": made["contract_no"]}
    assert core("cancel_instance_contract_m", **named, close_status=5)["error_code"] == 16003
    assert core("cancel_instance_contract_m", **named, close_status=-1)["error_code"] == 0
    assert core("cancel_instance_contract_m", **named)["error_code"] == 16028
    assert core("get_instance_contract_m", **named)["status_code_2"] == -1


def test_the_catalog_can_be_asked_for_an_accounts_plans(core: Call, plans: list[Row]) -> None:
    found = core("get_client_plans_all_m", acct_no=BUSY)["all_client_plan_dtls"]
    assert {row["plan_no"] for row in found} == {row["plan_no"] for row in plans}
    assert all("plan_services" not in row for row in found)
