"""Calls that read plan instances, queued changes, history, coupons (aria.md §2.5)."""

from collections.abc import Callable, Iterable

from app.sandbox.aria.accounts.account import Account
from app.sandbox.aria.accounts.contracting import IN_EFFECT
from app.sandbox.aria.accounts.instance_rows import (
    flat_details,
    instance_fields,
    product_fields,
    schedule_of,
    services_of,
)
from app.sandbox.aria.accounts.invoicing import PERCENT
from app.sandbox.aria.accounts.lookups import INSTANCE, account, instance, names_of, of_master
from app.sandbox.aria.accounts.setup import offers
from app.sandbox.aria.context import Answer, Context
from app.sandbox.aria.errors import invalid
from app.sandbox.aria.inputs import Inputs
from app.sandbox.aria.tables import Row, Tables

_LIMIT, _MOST, _LAST_OFFSET = 100, 999, 998
_LOCALE = {"acct_locale_name": "US_English", "acct_locale_no_2": 1}
QUEUE_STATES = {1: "Queued", 2: "Deleted", 3: "Executed"}


def get_acct_plans_all(context: Context, sent: Inputs) -> Answer:
    """Answer get_acct_plans_all_m: a page of instances, with what was asked to be included."""
    held, catalog = account(context, sent), context.tables
    limit, offset = sent.get("limit", _LIMIT), sent.get("offset", 0)
    if not 1 <= limit <= _MOST:
        raise invalid("limit", f"is not between 1 and {_MOST}")
    if not 0 <= offset <= _LAST_OFFSET:
        raise invalid("offset", f"is not between 0 and {_LAST_OFFSET}")
    rows = [
        row
        for row in held.rows("plan_instance")
        if _fits(row, sent, lambda number: names_of(held, number)[1])
    ]
    wanted = _services(catalog, sent)
    found = [
        _one_of_all(catalog, held, row, (sent, wanted)) for row in rows[offset : offset + limit]
    ]
    return {"record_count": len(rows), "all_acct_plans_m": found, **_LOCALE}


def _one_of_all(catalog: Tables, held: Account, row: Row, asked: tuple[Inputs, set[int]]) -> Row:
    """Return a plan instance with the parts that the flags of a request ask for."""
    sent, wanted = asked
    one = flat_details(catalog, held, row)
    one["billing_group_no"] = row["billing_group_no"]
    group = held.find("billing_group", "billing_group_no", row["billing_group_no"]) or {}
    one["client_billing_group_id"] = group.get("client_billing_group_id", "")
    one["dunning_group_no"] = row["dunning_group_no"]
    dunning = held.find("dunning_group", "dunning_group_no", row["dunning_group_no"]) or {}
    one["client_dunning_group_id"] = dunning.get("client_dunning_group_id", "")
    for flag, columns in _THERE_UNLESS_REFUSED.items():
        for column in () if sent.get(flag, True) else columns:
            del one[column]
    parts: dict[str, Callable[[], Row]] = {
        "include_product_fields": lambda: {
            "product_fields": product_fields(catalog, row["plan_no"])
        },
        "include_plan_instance_fields": lambda: {
            "plan_instance_fields_detail": instance_fields(held, row)
        },
        "include_plan_services": lambda: {
            "plan_instance_services": _with_fields(services_of(catalog, held, row, wanted), sent)
        },
        "include_surcharges": lambda: {"surcharges_all": []},
        "include_contract_and_rollover_info": lambda: _rollover(held, row),
    }
    for flag, part_of in parts.items():
        if sent.get(flag, False):
            one |= part_of()
    return one


def _with_fields(services: Iterable[Row], sent: Inputs) -> list[Row]:
    """Return services, with their supplemental fields if asked for: no service has any."""
    more: Row = (
        {"all_service_supp_fields": []} if sent.get("include_service_supp_fields", False) else {}
    )
    return [{**service, **more} for service in services]


# Parts that a flag adds or leaves out; without the flag they are there (its default is not known).
_THERE_UNLESS_REFUSED = {
    "include_rate_schedule": (
        "rate_schedule_no",
        "rate_schedule_name",
        "rate_sched_is_default_ind",
        "client_rate_schedule_id",
    ),
    "include_dunning_info": (
        "dunning_group_no",
        "client_dunning_group_id",
        "dunning_state",
        "dunning_step",
    ),
}


def _services(catalog: Tables, sent: Inputs) -> set[int]:
    """Return the numbers of the services asked for; -1 stands for one that there is not."""
    found = set()
    for row in sent.get("service_no_filter", ()):
        if "service_no" in row:
            found.add(int(row["service_no"]))
        elif "client_service_id" in row:
            number = catalog.number("service_definition", row["client_service_id"])
            found.add(-1 if number is None else number)
    return found


def _rollover(held: Account, row: Row) -> Row:
    """Return what the contract of an instance rolls over to; nothing without one in effect."""
    for contract in held.where("contract", "status_code", IN_EFFECT):
        found = contract["rollovers"].get(row["plan_instance_no"])
        if found:
            shown = {name: value for name, value in found.items() if name.startswith("rollover_")}
            return {f"contract_{name}": value for name, value in shown.items()}
    return {}


def _fits(row: Row, sent: Inputs, names: Callable[[int], str]) -> bool:
    plans = [wish for wish in sent.get("product_catalog_plan_filter", ()) if wish]
    masters = [wish for wish in sent.get("master_plan_instance_filter", ()) if wish]
    by_plan = not plans or any(
        wish.get("plan_no", row["plan_no"]) == row["plan_no"]
        and wish.get("client_plan_id", row["client_plan_id"]) == row["client_plan_id"]
        for wish in plans
    )
    number = row["master_plan_instance_no"]
    return by_plan and (
        not masters
        or any(
            wish.get("master_plan_instance_no", number) == number
            and wish.get("client_master_plan_instance_id", names(number)) == names(number)
            for wish in masters
        )
    )


def get_acct_plans(context: Context, sent: Inputs) -> Answer:
    """Answer get_acct_plans_m; plan_units is a whole number here (aria.md §2.5)."""
    held = account(context, sent)
    rows = [flat_details(context.tables, held, row) for row in held.rows("plan_instance")]
    return {
        "acct_plans_m": [{**row, "plan_units": int(row["plan_units"])} for row in rows],
        **_LOCALE,
    }


def get_acct_plan_queued_changes(context: Context, sent: Inputs) -> Answer:
    """Answer get_acct_plan_queued_changes_m: what waits, and what became of what waited."""
    held = account(context, sent)
    chosen = instance(held, sent, INSTANCE, required=False)
    found = []
    for change in held.rows("queued_change"):
        row = held.find("plan_instance", "plan_instance_no", change["plan_instance_no"])
        if row is None or (chosen is not None and chosen is not row):
            continue
        if sent.get("queue_id", change["queue_id"]) != change["queue_id"]:
            continue
        if sent.get("queued_action_status_cd", change["status_cd"]) != change["status_cd"]:
            continue
        parent_no, parent_name = names_of(held, row["parent_plan_instance_no"])
        found.append(
            {
                "queue_id": change["queue_id"],
                "plan_instance_no": row["plan_instance_no"],
                "client_plan_instance_id": row["client_plan_instance_id"],
                "parent_plan_instance_no": parent_no,
                "client_parent_plan_instance_id": parent_name,
                "queued_action_status_cd": change["status_cd"],
                "queued_action_status_label": QUEUE_STATES[change["status_cd"]],
                **_plan(context.tables, row, "current"),
                **_plan(context.tables, {**row, **change["values"]}, "target"),
                "effective_date": change["effective_date"],
                "queuing_user_id": change["queuing_user_id"],
                "queuing_date": change["queuing_date"],
                "deleting_date": change["deleting_date"],
                "execute_immediately_date": change["executing_date"],
                "editing_date": change["editing_date"],
                "queued_plan_custom_rates": [_custom(rate) for rate in change["custom_rates"]],
            }
        )
    return {"queued_change_details": found}


def _plan(catalog: Tables, row: Row, side: str) -> Row:
    schedule = schedule_of(catalog, row)
    return {
        f"{side}_plan_no": row["plan_no"],
        f"{side}_client_plan_id": row["client_plan_id"],
        f"{side}_plan_name": row["plan_name"],
        f"{side}_plan_units": int(row["plan_units"]),
        f"{side}_rate_schedule_no": row["schedule_no"],
        f"{side}_client_rate_schedule_id": schedule.get("client_rate_schedule_id", ""),
        f"{side}_plan_inst_status_2": row["status_cd"],
    }


def _custom(rate: Row) -> Row:
    return {
        "custom_rate_service_no": rate["service_no"],
        "custom_rate_seq_no": rate["rate_seq_no"],
        "custom_rate_from_unit": rate["from_unit"],
        "custom_rate_to_unit": rate["to_unit"],
        "custom_rate_per_unit": rate["rate_per_unit"],
    }


def get_acct_plan_history(context: Context, sent: Inputs) -> Answer:
    """Answer get_acct_plan_history_m: values before and after each change, oldest first."""
    held = account(context, sent)
    names = ("filter_plan_instance_no", "filter_client_plan_instance_id")
    chosen = instance(held, sent, names, required=False)
    number = None if chosen is None else chosen["plan_instance_no"]
    skipped = {"history_no"}
    return {
        "plan_history": [
            {name: value for name, value in row.items() if name not in skipped}
            for row in held.rows("plan_history")
            if number in (None, row["plan_instance_no"])
        ],
        **_LOCALE,
    }


def get_acct_coupon_details(context: Context, sent: Inputs) -> Answer:
    """Answer get_acct_coupon_details_m: the coupons of an account or one master instance."""
    held, catalog = account(context, sent), context.tables
    wanted = of_master(held, sent)
    found = []
    for use in held.rows("coupon_use"):
        coupon = catalog.get("coupon", use["coupon_cd"]) or {}
        number, name = names_of(held, use["plan_instance_no"])
        if (
            wanted not in (None, number)
            or sent.get("coupon_cd", use["coupon_cd"]) != use["coupon_cd"]
        ):
            continue
        found.append(
            {
                "out_acct_no": held.no,
                "out_client_acct_id": held.row["client_acct_id"],
                "out_master_plan_instance_no": number,
                "out_client_master_plan_instance_id": name,
                "out_coupon_cd": use["coupon_cd"],
                **_coupon(catalog, coupon),
                "coupon_scope": 0 if number is None else 1,
                "currency_cd": held.row["acct_currency"],
            }
        )
    return {"coupons_detail": found, **_LOCALE}


def _coupon(catalog: Tables, coupon: Row) -> Row:
    rule = catalog.get("discount_rule", coupon.get("rule_no"))
    return {
        "description": coupon.get("coupon_desc", ""),
        "start_date": coupon.get("start_date"),
        "exp_date": coupon.get("end_date"),
        "max_uses": coupon.get("no_of_uses"),
        "total_uses": 1,
        "status_ind": coupon.get("status_ind", 0),
        "credit_templates": [],
        "discount_rules": [_rule(rule)] if rule else [],
        "discount_bundles": [],
    }


def _rule(row: Row) -> Row:
    """Return a discount rule as this call prints it, its kind by a letter (aria.md §2.2)."""
    names = (
        "rule_no", "rule_name", "scope_no", "description", "amount", "inline_offset_ind",
        "duration_type_ind", "max_applicable_months", "max_applications_per_acct",
        "ext_description",
    )  # fmt: skip
    return {
        **{name: row[name] for name in names},
        "client_rule_id": row["rule_id"],
        "flat_percent_ind": "P" if row["flat_percent_ind"] == PERCENT else "F",
        "currency_cd": row["currency"],
        "discount_bundle_no": [],
    }


def get_avail_plans_for_acct(context: Context, sent: Inputs) -> Answer:
    """Answer get_avail_plans_for_acct_m: masters, and supplementals of the instances held.

    With a plan instance these are what stands under it; with a promotion, the plans of its set.
    """
    held, catalog = account(context, sent), context.tables
    chosen = instance(held, sent, INSTANCE, required=False)
    currency = held.row["acct_currency"]
    every = offers(catalog, currency)
    rows = [_available(offer.plan, offer.schedule, None) for offer in every]
    by_plan = {offer.plan["plan_no"]: offer for offer in every}
    for master in held.where("plan_instance", "supp_plan_ind", 0):
        children = by_plan[master["plan_no"]].children if master["plan_no"] in by_plan else []
        number = master["plan_instance_no"]
        rows += [_available(plan, schedule, number) for plan, schedule in children]
    if chosen is not None:
        rows = [r for r in rows if r["parent_plan_instance_no"] == chosen["plan_instance_no"]]
    if "promo_cd" in sent:
        promotion = catalog.get("promotion", sent["promo_cd"]) or {}
        plan_set = catalog.get("plan_set", promotion.get("promo_plan_set_no")) or {"plan_nos": ()}
        rows = [row for row in rows if row["plan_no"] in plan_set["plan_nos"]]
    for row in () if sent.get("include_rs_summary", True) else rows:
        del row["plan_rate_schedules_details"]
    return {"all_client_avail_plans": rows, **_LOCALE}


def _available(plan: Row, schedule: Row, parent: int | None) -> Row:
    return {
        "parent_plan_instance_no": parent,
        "plan_no": plan["plan_no"],
        "client_plan_id": plan["client_plan_id"],
        "plan_name": plan["plan_name"],
        "plan_desc": plan["plan_desc"],
        "billing_ind": plan["billing_ind"],
        "plan_rate_schedules_details": [
            {
                "schedule_no": schedule["schedule_no"],
                "schedule_name": schedule["schedule_name"],
                "schedule_currency": schedule["schedule_currency"],
            }
        ],
    }
