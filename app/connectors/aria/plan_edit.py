"""One edit_plan_m: the plan sent back as it was read, with only the texts that change.

The call replaces services and schedules by what it is given (aria.md §2.2), so that it is put
together only from a plan that was read whole.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.connectors.aria.catalog import service_rates
from app.connectors.aria.values import (
    Row,
    flag,
    given,
    is_on,
    named,
    number,
    rows,
    supplemental_fields,
    text,
    whole,
)

CLEAR = "~"
"""Empties a nullable text (aria.md §1.3)."""
_REPLACE = 2
_TEXTS = frozenset({"plan_name", "plan_desc"})
_PRICING_RULES = {1: "Standard", 2: "Volume Discount", 3: "Flat Rate Per Tier"}
# The order matters: what is billed in arrears is recurring too.
_SERVICE_TYPES = (
    ("is_usage_based_ind", "Usage-Based"),
    ("is_setup_ind", "Activation"),
    ("is_order_based_ind", "Order-Based"),
    ("is_cancellation_ind", "Cancellation"),
    ("is_min_fee_ind", "Minimum Fee"),
)
# Inputs of edit_plan_m that get_plan_details_m prints under the same name.
_SAME_NAMES = (
    "active_ind:active",
    "proration_invoice_timing_cd",
    "rollover_plan_duration",
    "rollover_plan_uom_cd",
    "init_free_period_duration",
    "init_free_period_uom_cd",
    "initial_plan_status_cd",
    "rollover_plan_status_duration",
    "rollover_plan_status_uom_cd",
    "rollover_plan_status_cd",
    "dunning_plan_no",
    "allow_child_accounts:allow_child_accts",
)


class NotSendable(Exception):  # noqa: N818 - reads as what happened
    """A record that cannot be sent back whole; the words are for the outcome."""


def edited_plan(plan: Row, details: Row, changes: Mapping[str, str]) -> dict[str, Any]:
    """Return the inputs of edit_plan_m.

    Args:
        plan: The plan as get_client_plans_all_m prints it, with all schedules.
        details: The same plan as get_plan_details_m prints it.
        changes: `plan_name`, `plan_desc` or the names of supplemental fields; `""` clears.

    Raises:
        NotSendable: The two answers do not show the same services and schedules, or a service's
            type cannot be told.
    """
    _check_whole(plan, details)
    schedules = rows(plan, "plan_rate_schedules_details")
    return given(
        {
            **_carried(details),
            "plan_no": whole(plan.get("plan_no")),
            "client_plan_id": text(plan.get("client_plan_id")),
            "edit_directives": _REPLACE,
            "plan_name": changes.get("plan_name", text(plan.get("plan_name"))),
            "plan_description": changes.get("plan_desc", text(plan.get("plan_desc"))) or CLEAR,
            "plan_type": _plan_type(plan, details),
            "currency": text(plan.get("currency_cd")) or text(details.get("currency_cd")),
            "schedule": [_schedule(row, details) for row in schedules],
            "service": [_service(row, schedules) for row in rows(plan, "plan_services")],
            "supplemental_obj_field": _fields(plan, changes),
        }
    )


def _fields(plan: Row, changes: Mapping[str, str]) -> list[dict[str, Any]]:
    fields = supplemental_fields(rows(plan, "plan_supp_fields"))
    changed = {name: value for name, value in changes.items() if name not in _TEXTS}
    fields |= {name: [value or CLEAR] for name, value in changed.items()}
    return [{"field_name": name, "field_value": values} for name, values in fields.items()]


def _check_whole(plan: Row, details: Row) -> None:
    for what, here, there, name in (
        ("services", rows(plan, "plan_services"), rows(details, "services"), "service_no"),
        (
            "rate schedules",
            rows(plan, "plan_rate_schedules_details"),
            rows(details, "rate_sched"),
            "schedule_no",
        ),
    ):
        if {whole(row.get(name)) for row in here} != {whole(row.get(name)) for row in there}:
            message = (
                f"Not sent: Aria's two views of this plan show different {what}, and an edit "
                "replaces them."
            )
            raise NotSendable(message)


def _carried(details: Row) -> dict[str, Any]:
    carried: dict[str, Any] = {}
    for names in _SAME_NAMES:
        name, _, written = names.partition(":")
        carried[written or name] = details.get(name)
    carried["active"] = flag(carried["active"])
    carried["dunning_plan_no"] = named(carried["dunning_plan_no"])
    return carried


def _plan_type(plan: Row, details: Row) -> str:
    """Return the input's word for what the two answers say by indicators (aria.md §2.2)."""
    level = "Supplemental" if is_on(plan.get("supp_plan_ind")) else "Master"
    said = text(details.get("plan_type"))
    kind = next((word for word in ("Pre-paid", "Free", "Recurring") if word in said), "")
    if not kind:
        kind = "Pre-paid" if is_on(plan.get("prepaid_ind")) else "Recurring"
    return f"{level} {kind} Plan"


def _schedule(schedule: Row, details: Row) -> dict[str, Any]:
    same = whole(schedule.get("schedule_no"))
    twins = (row for row in rows(details, "rate_sched") if whole(row.get("schedule_no")) == same)
    detail: Row = next(twins, {})
    return given(
        {
            "schedule_name": text(schedule.get("schedule_name")),
            "currency_cd": text(schedule.get("schedule_currency")),
            "client_rate_schedule_id": text(schedule.get("client_rate_schedule_id")),
            "is_default": int(is_on(schedule.get("default_ind"))),
            "recurring_billing_interval": whole(schedule.get("recurring_billing_interval")),
            "recurring_billing_period_type": whole(detail.get("recurring_billing_period_type")),
            "usage_billing_interval": whole(schedule.get("usage_billing_interval")),
            "usage_billing_period_type": whole(detail.get("usage_billing_period_type")),
        }
    )


def _service(service: Row, schedules: Sequence[Row]) -> dict[str, Any]:
    rule = whole(service.get("tiered_pricing_rule"))
    return given(
        {
            "name": text(service.get("service_desc")),
            "client_service_id": text(service.get("client_service_id")),
            "service_type": service_type(service),
            "gl_cd": text(service.get("coa_id")),
            "taxable_ind": flag(service.get("taxable_ind")),
            "rate_type": "Tiered Pricing",
            "pricing_rule": _PRICING_RULES.get(rule or 0, ""),
            "usage_type": named(service.get("usage_type")),
            "tier": _tiers(service, schedules),
        }
    )


def service_type(service: Row) -> str:
    """Return a service's type from its indicators (aria.md §2.2, value lists).

    Raises:
        NotSendable: No indicator tells.
    """
    for name, word in _SERVICE_TYPES:
        if is_on(service.get(name)):
            return word
    if is_on(service.get("is_recurring_ind")):
        return "Recurring Arrears" if is_on(service.get("is_arrears_ind")) else "Recurring"
    message = f"Not sent: the type of service {text(service.get('client_service_id'))} is unknown."
    raise NotSendable(message)


def _tiers(service: Row, schedules: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the tiers: index `s` of a tier's schedules is schedule `s` of the plan (§2.2)."""
    ids = [text(row.get("client_rate_schedule_id")) for row in schedules]
    by_schedule: dict[str, list[Row]] = {schedule_id: [] for schedule_id in ids}
    for rate in service_rates(service, schedules):
        by_schedule.setdefault(rate["client_rate_schedule_id"], []).append(rate)
    if set(by_schedule) != set(ids):
        message = "Not sent: a rate names a schedule that the plan does not show."
        raise NotSendable(message)
    for rates in by_schedule.values():
        rates.sort(key=lambda rate: whole(rate.get("rate_seq_no")) or 0)
    height = max(map(len, by_schedule.values()), default=0)
    columns = [by_schedule[schedule_id] for schedule_id in ids]
    return [{"schedule": [_tier(column, t) for column in columns]} for t in range(height)]


def _tier(rates: Sequence[Row], place: int) -> dict[str, Any]:
    """Return one bound and price; an empty one where this schedule has fewer tiers."""
    if place >= len(rates):
        return {}
    rate = rates[place]
    return given(
        {
            "from": number(rate.get("from_unit")),
            "to": number(rate.get("to_unit")),
            "amount": number(rate.get("rate_per_unit")),
        }
    )
