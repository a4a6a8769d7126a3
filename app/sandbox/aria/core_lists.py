"""Core calls that read parts of plans or list them, by pages or promotion code (aria.md §2.1)."""

from collections.abc import Iterator

from app.sandbox.aria.context import Answer, Context, core_plan, named
from app.sandbox.aria.core_plans import (
    active_children,
    default_schedule,
    parent_plans,
    plan_header,
    rate_rows,
    schedule_details,
    selected_plans,
    service_details,
)
from app.sandbox.aria.errors import invalid, not_found
from app.sandbox.aria.inputs import Inputs
from app.sandbox.aria.tables import Row, Tables

_DEFAULT_LIMIT, _MOST, _LAST_OFFSET = 100, 999, 998


def get_client_plans_basic(context: Context, sent: Inputs) -> Answer:
    """Answer get_client_plans_basic_m: headers of the active plans."""
    plans = selected_plans(context.tables, sent)
    return {"plan_details": list(_headers(context.tables, plans, sent))}


def get_plans_by_promo_code(context: Context, sent: Inputs) -> Answer:
    """Answer get_plans_by_promo_code_m: master plans only."""
    plans = (row for row in selected_plans(context.tables, sent) if not row["supp_plan_ind"])
    return {"plan_details": list(_headers(context.tables, plans, sent))}


def get_supp_plans_by_promo_code(context: Context, sent: Inputs) -> Answer:
    """Answer get_supp_plans_by_promo_code_m; the array's name differs from its sister's."""
    plans = (row for row in selected_plans(context.tables, sent) if row["supp_plan_ind"])
    headers = list(_headers(context.tables, plans, sent))
    for header in headers:
        del header["supp_plan_ind"]
    return {"plans_details": headers}


def _headers(tables: Tables, plans: Iterator[Row], sent: Inputs) -> Iterator[Row]:
    for plan in plans:
        header = {**plan_header(plan), "supp_plan_ind": plan["supp_plan_ind"]}
        if sent.get("include_rs_summary", False):
            schedules = tables.group("rate_schedule", "plan_no", plan["plan_no"])
            header["plan_rate_schedules_details"] = [schedule_details(row) for row in schedules]
        yield header


def get_catalog_hierarchy(context: Context, sent: Inputs) -> Answer:
    """Answer get_catalog_hierarchy_m: a page of active plans, with relatives where asked."""
    limit, offset = sent.get("limit", _DEFAULT_LIMIT), sent.get("offset", 0)
    if not 1 <= limit <= _MOST:
        raise invalid("limit", f"{limit} is not between 1 and {_MOST}")
    if not 0 <= offset <= _LAST_OFFSET:
        raise invalid("offset", f"{offset} is not between 0 and {_LAST_OFFSET}")
    plans = list(selected_plans(context.tables, sent))
    page = plans[offset : offset + limit]
    answer: Answer = {"all_plan_basic_details": [_node(context.tables, row, sent) for row in page]}
    if sent.get("include_total_count", False):
        answer["plans_count"] = len(plans)
    return answer


def _node(tables: Tables, plan: Row, sent: Inputs) -> Row:
    whole = sent.get("include_plan_hierarchy", False)
    node = {
        name: plan[name] for name in ("plan_no", "plan_name", "supp_plan_ind", "client_plan_id")
    }
    if whole or sent.get("include_parent_plan_list", False):
        node["parent_plan_list"] = parent_plans(tables, plan["plan_no"])
    if whole or sent.get("include_child_plans_list", False):
        node["child_plan_list"] = [
            {"plan_no": child["plan_no"], "client_plan_id": child["client_plan_id"]}
            for _, child in active_children(tables, plan["plan_no"])
        ]
    return node


def get_client_plan_services(context: Context, sent: Inputs) -> Answer:
    """Answer get_client_plan_services_m: the services on one plan, without rates."""
    links = context.tables.group("service", "plan_no", core_plan(context, sent)["plan_no"])
    return {"plan_services_list": [_plain_service(context.tables, link) for link in links]}


def _plain_service(tables: Tables, link: Row) -> Row:
    details = service_details(tables, link)
    del details["usage_type_cd"]  # this call has usage_type_code only
    return details


def get_client_plan_service_rates(context: Context, sent: Inputs) -> Answer:
    """Answer get_client_plan_service_rates_m: tiers in the schedule asked for, or the default."""
    tables = context.tables
    plan = core_plan(context, sent)
    service = named(context, sent, "service_definition", ("service_no", "client_service_id"))
    if tables.get("service", plan["plan_no"], service["service_no"]) is None:
        raise not_found("service on this plan")
    schedules = tables.group("rate_schedule", "plan_no", plan["plan_no"])
    schedule = _asked_schedule(context, sent, schedules)
    if schedule is None:
        return {"plan_service_rates": []}
    wanted = (service["service_no"], schedule["schedule_no"])
    rates = tables.group("rate", "plan_no", plan["plan_no"])
    fitting = (rate for rate in rates if (rate["service_no"], rate["schedule_no"]) == wanted)
    recurring = service["service_type"].startswith("Recurring")
    return {"plan_service_rates": rate_rows(fitting, schedule, recurring=recurring)}


def _asked_schedule(context: Context, sent: Inputs, schedules: list[Row]) -> Row | None:
    names = ("alt_rate_schedule_no", "client_alt_rate_schedule_id")
    if not any(name in sent for name in names):
        return default_schedule(schedules)
    schedule = named(context, sent, "rate_schedule", names)
    if schedule not in schedules:
        raise not_found("rate schedule on this plan")
    return schedule


def get_rate_schedules_for_plan(context: Context, sent: Inputs) -> Answer:
    """Answer get_rate_schedules_for_plan_m, of one currency where asked."""
    plan = core_plan(context, sent)
    schedules = context.tables.group("rate_schedule", "plan_no", plan["plan_no"])
    currency = sent.get("currency_cd")
    rows = [schedule_details(s) for s in schedules if currency in (None, s["schedule_currency"])]
    for row in rows:
        row["display_ind"] = row.pop("schedule_display_ind")
    return {"rate_scheds": rows}
