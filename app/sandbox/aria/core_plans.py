"""Core calls that read plans with all they hold (aria.md §2.1)."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from app.sandbox.aria.context import Answer, Context
from app.sandbox.aria.inputs import Inputs
from app.sandbox.aria.services import flags
from app.sandbox.aria.tables import Row, Tables

_CENT = Decimal("0.01")
_HELD = "plans of the account"  # put beside the inputs once the account is known


def get_client_plans_all(context: Context, sent: Inputs) -> Answer:
    """Answer get_client_plans_all_m: active plans with services, rates, schedules, sets and fields.

    Filtered by a supplemental plan the services and rates are left out; an unknown filter value
    gives an empty array (aria.md §2.1, §4.9).
    """
    tables = context.tables
    if "acct_no" in sent:
        held = context.work.read(sent["acct_no"])
        rows = held.rows("plan_instance") if held else []
        sent = {**sent, _HELD: {row["plan_no"] for row in rows}}
    sets = sets_by_plan(tables)
    plans = [_whole_plan(tables, plan, sets, sent) for plan in selected_plans(tables, sent)]
    return {"all_client_plan_dtls": plans}


def selected_plans(tables: Tables, sent: Inputs) -> Iterator[Row]:
    """Yield the active plans that meet all filters, by plan number."""
    wanted = [numbers for numbers in _number_filters(tables, sent) if numbers is not None]
    for plan in sorted(tables.all("plan"), key=lambda plan: int(plan["plan_no"])):
        fits = all(plan["plan_no"] in numbers for numbers in wanted)
        if plan["active_ind"] and fits and _has_fields(plan, sent):
            yield plan


def _number_filters(tables: Tables, sent: Inputs) -> Iterator[set[int] | None]:
    yield sent.get(_HELD)
    if "plan_no" in sent or "client_plan_id" in sent:
        named = sent.get("plan_no") or tables.number("plan", sent.get("client_plan_id", ""))
        yield {named} if named else set()
    if "promo_code" in sent:
        yield plans_of_promotion(tables, sent["promo_code"])
    if "parent_plan_no" in sent or "client_parent_plan_id" in sent:
        parent_id = sent.get("client_parent_plan_id", "")
        parent = sent.get("parent_plan_no") or tables.number("plan", parent_id)
        children = tables.group("plan_relationship", "parent_plan_no", parent)
        yield {row["plan_no"] for row in children}


def plans_of_promotion(tables: Tables, promo_code: str) -> set[int]:
    """Return the numbers of the plans behind a promotion code; none for an unknown code."""
    promotion = tables.get("promotion", promo_code)
    if promotion is None:
        return set()
    plan_set = tables.get("plan_set", promotion["promo_plan_set_no"])
    return set() if plan_set is None else set(plan_set["plan_nos"])


def _has_fields(plan: Row, sent: Inputs) -> bool:
    """Return whether a plan has a field asked for, with one of the values if any are given."""
    names, values = sent.get("supp_field_names", []), sent.get("supp_field_values", [])
    if not names:
        return True
    held = [value for name in names for value in values_of(plan.get(str(name)))]
    return any(value in values for value in held) if values else bool(held)


def values_of(value: object) -> list[str]:
    """Return a supplemental field's values: none, one or several."""
    if value is None or value == "":
        return []
    return [str(one) for one in value] if isinstance(value, list | tuple) else [str(value)]


def _whole_plan(tables: Tables, plan: Row, sets: dict[int, list[Row]], sent: Inputs) -> Row:
    number = plan["plan_no"]
    schedules = tables.group("rate_schedule", "plan_no", number)
    answer = {**plan_header(plan), "supp_plan_ind": plan["supp_plan_ind"], **_typed_as_text(plan)}
    by_number = "plan_no" in sent or "client_plan_id" in sent
    if not (by_number and plan["supp_plan_ind"]) and _HELD not in sent:
        every = bool(sent.get("include_all_rate_schedules", False))
        answer["plan_services"] = list(_services(tables, number, schedules, every=every))
    answer["plan_rate_schedules_details"] = [schedule_details(row) for row in schedules]
    answer["promotional_plan_sets"] = [
        promotional_plan_set(tables, row) for row in sets.get(number, [])
    ]
    answer["plan_supp_fields"] = list(supplemental_fields(tables, plan, "Plan"))
    if sent.get("include_plan_hierarchy", False):
        add_array(answer, "parent_plans", number, parent_plans(tables, number))
        add_array(answer, "child_plans", number, _child_plans(tables, number))
    add_array(answer, "plan_groups", number, [])
    return answer


def plan_header(plan: Row) -> Row:
    """Return the columns that every Core answer about a plan starts with."""
    return {
        "plan_no": plan["plan_no"],
        "plan_name": plan["plan_name"],
        "plan_desc": plan["plan_desc"],
        "billing_ind": plan["billing_ind"],
        "display_ind": plan["display_ind"],
        "rollover_months": None,
        "rollover_plan_no": None,
        "early_cancel_fee": None,
        "early_cancel_min_months": 0,
        "suspension_period": None,
        "new_acct_status": 1,
        "rollover_acct_status": None,
        "init_free_months": 0,
        "default_notify_method": 10,
        "prepaid_ind": plan["prepaid_ind"],
        "currency_cd": plan["currency_cd"],
        "client_plan_id": plan["client_plan_id"],
        "client_rollover_plan_id": "",
        "proration_invoice_timing_cd": plan["proration_invoice_timing_cd"],
        "initial_plan_status_cd": 1,
    }


def _typed_as_text(plan: Row) -> Row:
    """Return what is a number in other calls and text in this one (aria.md §4.4)."""
    rolls = plan["plan_no"] % 2 == 0
    return {
        "rollover_plan_duration": "12" if rolls else None,
        "init_free_period_uom_cd": "3" if rolls else "",
    }


def _services(tables: Tables, plan_no: int, schedules: list[Row], *, every: bool) -> Iterator[Row]:
    tiers: dict[tuple[int, int], list[Row]] = {}
    for rate in tables.group("rate", "plan_no", plan_no):
        tiers.setdefault((rate["service_no"], rate["schedule_no"]), []).append(rate)
    default = default_schedule(schedules)
    for link in tables.group("service", "plan_no", plan_no):
        service = service_details(tables, link)
        recurring = bool(service["is_recurring_ind"])
        in_schedule = {
            schedule["schedule_no"]: rate_rows(
                tiers.get((link["service_no"], schedule["schedule_no"]), []),
                schedule,
                recurring=recurring,
            )
            for schedule in schedules
            if every or schedule is default
        }
        service["plan_service_rates"] = in_schedule[default["schedule_no"]] if default else []
        if every:
            service["all_plan_service_rates"] = [
                {
                    "schedule_no": schedule["schedule_no"],
                    "client_rate_schedule_id": schedule["client_rate_schedule_id"],
                    "future_rate": None,
                    "plan_service_rates": in_schedule[schedule["schedule_no"]],
                }
                for schedule in schedules
            ]
        yield service


def default_schedule(schedules: list[Row]) -> Row | None:
    """Return the schedule that applies when a call names none."""
    flagged = (row for row in schedules if row["default_ind"])
    return next(flagged, schedules[0] if schedules else None)


def service_details(tables: Tables, link: Row) -> Row:
    """Return a service as it stands on a plan, without its rates."""
    number = link["service_no"]
    service = tables.at("service_definition", number)
    usage = tables.get("usage_type", service["usage_type_no"])
    nothing = "" if number % 2 else None  # both mean "no value" (aria.md §4.5)
    return {
        "service_no": number,
        "service_desc": service["service_desc"],
        **flags(service["service_type"]),
        "usage_type": service["usage_type_no"],
        "taxable_ind": service["taxable_ind"],
        "coa_id": service["coa_id"],
        "ledger_code": service["coa_id"],
        "client_coa_code": service["coa_id"],
        "display_ind": 1,
        "tiered_pricing_rule": link["tiered_pricing_rule"],
        "client_service_id": service["client_service_id"],
        "usage_type_cd": usage["usage_type_code"] if usage else nothing,
        "fulfillment_based_ind": 0,
        "usage_type_name": usage["usage_type_name"] if usage else nothing,
        "usage_type_desc": usage["usage_type_desc"] if usage else nothing,
        "usage_type_code": usage["usage_type_code"] if usage else nothing,
        "usage_unit_label": usage["usage_unit_type"] if usage else nothing,
        "apply_usage_rates_daily": 0,
    }


def rate_rows(rates: Iterable[Row], schedule: Row, *, recurring: bool) -> list[Row]:
    """Return tiers of one schedule in order; `to_unit` of the last is null (aria.md §4.15)."""
    months = schedule["recurring_billing_interval"]
    schedule_id = schedule["client_rate_schedule_id"]
    return [
        {
            "rate_seq_no": rate["rate_seq_no"],
            "from_unit": rate["from_unit"],
            "to_unit": rate["to_unit"],
            "rate_per_unit": rate["rate_per_unit"],
            "future_rate_per_unit": None,
            "monthly_fee": (rate["rate_per_unit"] / months).quantize(_CENT) if recurring else None,
            "client_rate_schedule_id": schedule_id,
            "rate_tier_description": "",
        }
        for rate in sorted(rates, key=lambda rate: int(rate["rate_seq_no"]))
    ]


def schedule_details(row: Row) -> Row:
    """Return a rate schedule as plan answers print it."""
    return {
        "schedule_no": row["schedule_no"],
        "client_rate_schedule_id": row["client_rate_schedule_id"],
        "schedule_name": row["schedule_name"],
        "schedule_currency": row["schedule_currency"],
        "recurring_billing_interval": row["recurring_billing_interval"],
        "usage_billing_interval": row["usage_billing_interval"],
        "default_ind": row["default_ind"],
        "default_ind_curr": row["default_ind_curr"],
        "schedule_display_ind": 1,
        "available_from_dt": row["available_from_dt"],
        "available_to_dt": row["available_to_dt"],
        "followup_rs_no": None,
        "client_followup_rs_id": "",
    }


def sets_by_plan(tables: Tables) -> dict[int, list[Row]]:
    """Return the plan sets of each plan number, by set number."""
    found: dict[int, list[Row]] = {}
    for row in sorted(tables.all("plan_set"), key=lambda row: int(row["promo_plan_set_no"])):
        for number in row["plan_nos"]:
            found.setdefault(number, []).append(row)
    return found


def promotional_plan_set(tables: Tables, row: Row) -> Row:
    """Return a plan set as plan answers print it, with its promotion codes."""
    promotions = tables.group("promotion", "promo_plan_set_no", row["promo_plan_set_no"])
    return {
        "promo_set_no": row["promo_plan_set_no"],
        "promo_set_name": row["promo_plan_set_name"],
        "promo_set_desc": row["promo_plan_set_desc"],
        "client_promo_set_id": row["client_plan_type_id"],
        "promotions_for_set": [
            {"promo_code": promotion["promo_cd"], "promo_code_desc": promotion["promo_desc"]}
            for promotion in promotions
        ],
    }


def supplemental_fields(tables: Tables, row: Row, on: str) -> Iterator[Row]:
    """Yield the product fields of a plan; several values repeat the name (aria.md §4.17)."""
    for field in tables.group("supp_field", "associated_object", on):
        for value in values_of(row.get(field["field_name"])):
            yield {
                "plan_supp_field_no": field["field_no"],
                "plan_supp_field_name": field["field_name"],
                "plan_supp_field_desc": field["description"],
                "plan_supp_field_value": value,
            }


def parent_plans(tables: Tables, plan_no: int) -> list[Row]:
    """Return the active plans under which a plan is offered."""
    links = tables.group("plan_relationship", "plan_no", plan_no)
    parents = (tables.at("plan", link["parent_plan_no"]) for link in links)
    return [
        {
            "parent_plan_no": parent["plan_no"],
            "parent_plan_name": parent["plan_name"],
            "client_parent_plan_id": parent["client_plan_id"],
        }
        for parent in parents
        if parent["active_ind"]
    ]


def active_children(tables: Tables, plan_no: int) -> Iterator[tuple[Row, Row]]:
    """Yield the relationship and the plan of each active child."""
    for link in tables.group("plan_relationship", "parent_plan_no", plan_no):
        child = tables.at("plan", link["plan_no"])
        if child["active_ind"]:
            yield link, child


def _child_plans(tables: Tables, plan_no: int) -> list[Row]:
    return [
        {
            "plan_no": child["plan_no"],
            "client_plan_id": child["client_plan_id"],
            "is_mandatory": link["is_mandatory"],
            "is_default": str(link["is_default"]),  # text, unlike its neighbours (aria.md §2.1)
            "min_units": link["min_units"],
            "max_units": "" if link["max_units"] is None else str(link["max_units"]),
            "enforcement_level": "",
        }
        for link, child in active_children(tables, plan_no)
    ]


def add_array(answer: Row, name: str, number: int, rows: list[Row]) -> None:
    """Add an array; one without rows comes as [], null or not at all (aria.md §4.5)."""
    if rows or number % 3 == 0:
        answer[name] = rows
    elif number % 3 == 1:
        answer[name] = None
