"""Plan instances as the calls print them: by account, flat, with services and rates."""

from collections.abc import Iterator
from datetime import date

from app.sandbox.aria.accounts.account import Account
from app.sandbox.aria.accounts.dates import months_after
from app.sandbox.aria.accounts.ledger import balance
from app.sandbox.aria.accounts.lookups import names_of
from app.sandbox.aria.accounts.rates import plan_services, tiers
from app.sandbox.aria.accounts.setup import DUNNING_PROCESSES, STATUS_LABELS
from app.sandbox.aria.core_plans import rate_rows, service_details, values_of
from app.sandbox.aria.tables import Row, Tables


def status_label(code: int) -> str:
    """Return the words for a status."""
    return STATUS_LABELS.get(code, str(code))


def schedule_of(catalog: Tables, instance: Row) -> Row:
    """Return the rate schedule of an instance; {} when the catalog has it no longer."""
    return catalog.get("rate_schedule", instance["schedule_no"]) or {}


def product_fields(catalog: Tables, plan_no: int) -> list[Row]:
    """Return the product fields of a plan, one row a value."""
    plan = catalog.get("plan", plan_no) or {}
    return [
        {"field_name": field["field_name"], "field_value": value}
        for field in catalog.group("supp_field", "associated_object", "Plan")
        for value in values_of(plan.get(field["field_name"]))
    ]


def instance_fields(held: Account, instance: Row) -> list[Row]:
    """Return the fields of a plan instance, one row a value."""
    rows = held.where("instance_field", "plan_instance_no", instance["plan_instance_no"])
    return [{"field_name": row["field_name"], "field_value": row["field_value"]} for row in rows]


def _prefixed(rows: list[Row]) -> list[Row]:
    return [
        {
            "plan_instance_field_name": row["field_name"],
            "plan_instance_field_value": row["field_value"],
        }
        for row in rows
    ]


def master_details(catalog: Tables, held: Account, row: Row, *, supplementals: bool) -> Row:
    """Return a master plan instance as get_acct_details_all_m prints it."""
    schedule = schedule_of(catalog, row)
    billing = held.find("billing_group", "billing_group_no", row["billing_group_no"]) or {}
    dunning = held.find("dunning_group", "dunning_group_no", row["dunning_group_no"]) or {}
    number = row["plan_instance_no"]
    found = {
        "master_plan_instance_no": number,
        "client_master_plan_instance_id": row["client_plan_instance_id"],
        "client_master_plan_id": row["client_plan_id"],
        "master_plan_no": row["plan_no"],
        "master_plan_instance_description": "",
        "dunning_group_no": row["dunning_group_no"],
        "client_dunning_group_id": dunning.get("client_dunning_group_id", ""),
        "dunning_group_name": dunning.get("dunning_group_name", ""),
        "dunning_process_no": dunning.get("dunning_process_no"),
        "client_dunning_process_id": DUNNING_PROCESSES.get(
            dunning.get("dunning_process_no", 0), ""
        ),
        "billing_group_no": row["billing_group_no"],
        "client_billing_group_id": billing.get("client_billing_group_id", ""),
        "master_plan_instance_status": row["status_cd"],
        "mp_instance_status_label": status_label(row["status_cd"]),
        "master_plan_units": int(row["plan_units"]),
        "resp_level_cd": row["resp_level_cd"],
        "parent_master_plan_inst_no": row["resp_plan_instance_no"],
        "alt_rate_schedule_no": row["schedule_no"],
        "client_alt_rate_schedule_id": schedule.get("client_rate_schedule_id", ""),
        "promo_cd": row["promo_cd"],
        "bill_day": row["bill_day"],
        **_dates(row),
        "master_plan_instance_balance": balance(held, number),
        "recurring_billing_interval": row["recurring_billing_interval"],
        "usage_billing_interval": row["usage_billing_interval"],
        "dunning_state": row["dunning_state"],
        "dunning_step": row["dunning_step"],
        "plan_deprovisioned_date": row["plan_deprovisioned_date"],
        "coupon_codes": [{"coupon_codes": code} for code in coupons_of(held, number)],
        "master_plan_product_fields": product_fields(catalog, row["plan_no"]),
        "mp_plan_inst_fields": _prefixed(instance_fields(held, row)),
        "po_num": row["po_num"],
    }
    if supplementals:
        below = held.where("plan_instance", "master_plan_instance_no", number)
        found["supp_plans_info"] = [
            _supplemental(catalog, held, one) for one in below if one["supp_plan_ind"]
        ]
    return found


def coupons_of(held: Account, number: int | None) -> list[str]:
    """Return the coupons on a master plan instance, or with None those of the whole account."""
    return [row["coupon_cd"] for row in held.where("coupon_use", "plan_instance_no", number)]


def _dates(row: Row) -> Row:
    return {
        "last_bill_date": row["last_bill_date"],
        "last_bill_thru_date": row["bill_thru_date"],
        "next_bill_date": row["next_bill_date"],
        "plan_date": row["plan_date"],
        "status_date": row["status_date"],
    }


def _supplemental(catalog: Tables, held: Account, row: Row) -> Row:
    number, name = names_of(held, row["parent_plan_instance_no"])
    return {
        "supp_plan_instance_no": row["plan_instance_no"],
        "client_supp_plan_instance_id": row["client_plan_instance_id"],
        "supp_plan_no": row["plan_no"],
        "client_supp_plan_id": row["client_plan_id"],
        "supp_plan_instance_description": "",
        "supp_plan_units": row["plan_units"],
        "alt_rate_schedule_no": row["schedule_no"],
        "client_alt_rate_schedule_id": schedule_of(catalog, row).get("client_rate_schedule_id", ""),
        **_dates(row),
        "supp_plan_instance_status_cd": row["status_cd"],
        "supp_plan_instance_status": status_label(row["status_cd"]),
        "parent_plan_instance_no": number,
        "client_parent_plan_instance_id": name,
        "recurring_billing_interval": row["recurring_billing_interval"],
        "usage_billing_interval": row["usage_billing_interval"],
        "plan_deprovisioned_date": row["plan_deprovisioned_date"],
        "supp_plan_product_fields": product_fields(catalog, row["plan_no"]),
        "supp_plan_plan_inst_fields": _prefixed(instance_fields(held, row)),
        "po_num": row["po_num"],
    }


def flat_details(catalog: Tables, held: Account, row: Row) -> Row:
    """Return a plan instance as get_acct_plans_m prints it; both kinds in one list."""
    schedule, plan = schedule_of(catalog, row), catalog.get("plan", row["plan_no"]) or {}
    master_no, master_name = names_of(held, row["master_plan_instance_no"])
    parent_no, parent_name = names_of(held, row["parent_plan_instance_no"])
    return {
        "plan_no": row["plan_no"],
        "plan_name": row["plan_name"],
        "plan_desc": plan.get("plan_desc", row["plan_desc"]),
        "plan_instance_no": row["plan_instance_no"],
        "client_plan_instance_id": row["client_plan_instance_id"],
        "plan_date": row["plan_date"],
        "plan_units": row["plan_units"],
        "last_bill_date": row["last_bill_date"],
        "next_bill_date": row["next_bill_date"],
        "bill_thru_date": row["bill_thru_date"],
        "bill_day": row["bill_day"],
        "recurring_billing_interval": row["recurring_billing_interval"],
        "usage_billing_interval": row["usage_billing_interval"],
        "billing_ind": plan.get("billing_ind", 1),
        "display_ind": plan.get("display_ind", 1),
        "default_notify_method": 10,
        "prepaid_ind": plan.get("prepaid_ind", 0),
        "currency_cd": held.row["acct_currency"],
        "rate_schedule_no": row["schedule_no"],
        "rate_schedule_name": schedule.get("schedule_name", ""),
        "rate_sched_is_default_ind": schedule.get("default_ind_curr", 0),
        "supp_plan_ind": row["supp_plan_ind"],
        "plan_instance_status_cd": row["status_cd"],
        "plan_instance_status_label": status_label(row["status_cd"]),
        "plan_instance_status_date": row["status_date"],
        "dunning_state": row["dunning_state"],
        "dunning_step": row["dunning_step"],
        "plan_assignment_date": row["plan_assignment_date"],
        "plan_deprovisioned_date": row["plan_deprovisioned_date"],
        "client_receipt_id": row["client_receipt_id"],
        "client_plan_id": row["client_plan_id"],
        "client_rate_schedule_id": schedule.get("client_rate_schedule_id", ""),
        "proration_invoice_timing_cd": plan.get("proration_invoice_timing_cd", ""),
        "master_plan_instance_no": master_no,
        "client_master_plan_instance_id": master_name,
        "parent_plan_instance_no": parent_no,
        "client_parent_plan_instance_id": parent_name,
        "po_num": row["po_num"],
    }


def services_of(catalog: Tables, held: Account, row: Row, wanted: set[int]) -> Iterator[Row]:
    """Yield the services of an instance with the rates that hold for it, custom ones included."""
    schedule = schedule_of(catalog, row) or {
        "recurring_billing_interval": row["recurring_billing_interval"],
        "client_rate_schedule_id": "",
    }
    for service in plan_services(catalog, row["plan_no"]):
        if wanted and service.service_no not in wanted:
            continue
        link = catalog.at("service", row["plan_no"], service.service_no)
        rates = tiers(catalog, held, row, service.service_no)
        recurring = service.has("is_recurring_ind")
        yield {
            **service_details(catalog, link),
            "plan_service_rates": rate_rows(rates, schedule, recurring=recurring),
        }


def anniversary(row: Row, periods: int = 0, more_months: int = 0) -> str:
    """Return the next billing date of an instance, or one some periods and months later."""
    day = date.fromisoformat(row["next_bill_date"])
    months = (row["recurring_billing_interval"] or 1) * periods + more_months
    return months_after(day, months, row["bill_day"]).isoformat()
