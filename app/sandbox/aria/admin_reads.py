"""AdminTools calls that read the catalog, inactive records included (aria.md §2.2)."""

from app.sandbox.aria.context import Answer, Context, admin_plan, named
from app.sandbox.aria.core_plans import (
    promotional_plan_set,
    sets_by_plan,
    supplemental_fields,
    values_of,
)
from app.sandbox.aria.errors import not_found
from app.sandbox.aria.inputs import Inputs
from app.sandbox.aria.plan_settings import settings_of
from app.sandbox.aria.tables import Row, Tables

_MONTHLY = 3  # billing period type


def get_plans(context: Context, sent: Inputs) -> Answer:
    """Answer get_plans_m: every plan, active or not."""
    summary = sent.get("include_rs_summary", False)
    return {
        "plans": [
            _listed_plan(context.tables, plan, summary=summary)
            for plan in _by_number(context.tables, "plan", "plan_no")
        ]
    }


def _listed_plan(tables: Tables, plan: Row, *, summary: bool) -> Row:
    row = {
        "plan_no": plan["plan_no"],
        "client_plan_id": plan["client_plan_id"],
        "plan_name": plan["plan_name"],
        "plan_level": plan["supp_plan_ind"],
        "active_ind": plan["active_ind"],
        "description": plan["plan_desc"],
        "is_deletable": _deletable(plan),
    }
    if summary:
        row["rate_sched"] = [
            {
                "schedule_no": schedule["schedule_no"],
                "client_rate_schedule_id": schedule["client_rate_schedule_id"],
                "schedule_name": schedule["schedule_name"],
                "schedule_currency": schedule["schedule_currency"],
                "recurring_billing_interval": schedule["recurring_billing_interval"],
                "usage_billing_interval": schedule["usage_billing_interval"],
                "default_ind": schedule["default_ind"],
                "default_ind_curr": schedule["default_ind_curr"],
            }
            for schedule in tables.group("rate_schedule", "plan_no", plan["plan_no"])
        ]
    return row


def get_plan_details(context: Context, sent: Inputs) -> Answer:
    """Answer get_plan_details_m; an unknown plan is 1010."""
    tables, plan = context.tables, admin_plan(context, sent)
    number = plan["plan_no"]
    parents = tables.group("plan_relationship", "plan_no", number)
    parent_numbers = [row["parent_plan_no"] for row in parents]
    return {
        "plan_no": number,
        "plan_name": plan["plan_name"],
        "plan_desc": plan["plan_desc"],
        "plan_level": plan["supp_plan_ind"],
        "plan_type": plan_type(plan),
        "plan_groups": [],
        "currency_cd": plan["currency_cd"],
        "client_plan_id": plan["client_plan_id"],
        "active_ind": plan["active_ind"],
        "is_deletable": _deletable(plan),
        "services": [
            _service_ids(tables, row) for row in tables.group("service", "plan_no", number)
        ],
        "parent_plans": parent_numbers,
        "parent_plan_ids": [
            tables.at("plan", parent)["client_plan_id"] for parent in parent_numbers
        ],
        "exclusion_plans": [x for x in plan.get("exclusion_plans", ()) if tables.get("plan", x)],
        "resources": [],
        "promotional_plan_sets": [
            promotional_plan_set(tables, row) for row in sets_by_plan(tables).get(number, [])
        ],
        "supplemental_obj_fields": list(supplemental_fields(tables, plan, "Plan")),
        "surcharges": [],
        "proration_invoice_timing_cd": plan["proration_invoice_timing_cd"],
        "rate_sched": [
            _admin_schedule(s) for s in tables.group("rate_schedule", "plan_no", number)
        ],
        **settings_of(plan),
    }


def plan_type(plan: Row) -> str:
    """Return the plan type as answers name it: Recurring, Free or Pre-paid (aria.md §2.2)."""
    if plan["prepaid_ind"]:
        return "Pre-paid"
    return "Recurring" if plan["billing_ind"] else "Free"


def _deletable(plan: Row) -> str:
    return "No" if plan["has_accounts"] else "Yes"


def _service_ids(tables: Tables, link: Row) -> Row:
    service = tables.at("service_definition", link["service_no"])
    return {name: service[name] for name in ("service_no", "client_service_id")}


def _admin_schedule(row: Row) -> Row:
    return {
        "schedule_no": row["schedule_no"],
        "schedule_name": row["schedule_name"],
        "currency_cd": row["schedule_currency"],
        "client_rate_schedule_id": row["client_rate_schedule_id"],
        "recurring_billing_interval": row["recurring_billing_interval"],
        "recurring_billing_period_type": _MONTHLY,
        "usage_billing_interval": row["usage_billing_interval"],
        "usage_billing_period_type": _MONTHLY,
        "default_ind": row["default_ind"],
        "default_ind_curr": row["default_ind_curr"],
    }


def get_services(context: Context, _: Inputs) -> Answer:
    """Answer get_services_m: all services of the client, also those on no plan."""
    return {
        "services": [
            {
                "service_no": row["service_no"],
                "client_service_id": row["client_service_id"],
                "service_name": row["service_desc"],
                "service_type": row["service_type"],
            }
            for row in _by_number(context.tables, "service_definition", "service_no")
        ]
    }


def get_service_details(context: Context, sent: Inputs) -> Answer:
    """Answer get_service_details_m; `service_no` is text here (aria.md §2.2)."""
    row = named(context, sent, "service_definition", ("service_no", "client_service_id"))
    return {
        "service_no": str(row["service_no"]),
        "client_service_id": row["client_service_id"],
        "service_name": row["service_desc"],
        "service_type": row["service_type"],
        "gl_cd": row["coa_id"],
        "taxable_ind": row["taxable_ind"],
        "tax_group": "",
        "client_tax_group_id": "",
        "usage_type": row["usage_type_no"],
        "rev_rec_ind": "N",
        "ar_ind": "N",
        "def_ind": "N",
        "supplemental_obj_fields": [],
    }


def get_inventory_items(context: Context, _: Inputs) -> Answer:
    """Answer get_inventory_items_m: every item, active or not."""
    columns = ("item_no", "item_type", "client_sku", "active_ind", "purchase_scope", "stock_level")
    return {
        "inventory_items": [
            {"item_name": row["item_label"], **{name: row[name] for name in columns}}
            for row in _by_number(context.tables, "item", "item_no")
        ]
    }


def get_inventory_item_details(context: Context, sent: Inputs) -> Answer:
    """Answer get_inventory_item_details_m; the shape of `pricing` is inferred (aria.md §2.2)."""
    tables = context.tables
    row = named(context, sent, "item", ("item_no", "client_sku"))
    currency = sent.get("currency_cd")
    prices = tables.group("item_price", "item_no", row["item_no"])
    return {
        "item_no": row["item_no"],
        "item_type": row["item_type"],
        "item_name": row["item_label"],
        "item_desc": row["item_desc"],
        "active_ind": row["active_ind"],
        "purchase_scope": row["purchase_scope"],
        "client_sku": row["client_sku"],
        "pricing": [
            {"currency_cd": price["currency_cd"], "price": price["price"]}
            for price in prices
            if currency in (None, price["currency_cd"])
        ],
        "modify_price_ind": row["modify_price_ind"],
        "stock_level": row["stock_level"],
        "image": [],
        "supplemental_obj_fields": [
            {"field_name": field["field_name"], "field_value": value}
            for field in tables.group("supp_field", "associated_object", "Item")
            for value in values_of(row.get(field["field_name"]))
        ],
    }


def get_promo_plan_sets(context: Context, _: Inputs) -> Answer:
    """Answer get_promo_plan_sets_m."""
    rows = _by_number(context.tables, "plan_set", "promo_plan_set_no")
    return {"promo_plan_set": [_plan_set(row) for row in rows]}


def get_promo_plan_set_details(context: Context, sent: Inputs) -> Answer:
    """Answer get_promo_plan_set_details_m; `plan_no` is text here (aria.md §4.4)."""
    row = named(context, sent, "plan_set", ("promo_plan_set_no", "client_plan_type_id"))
    plans = [context.tables.at("plan", number) for number in row["plan_nos"]]
    return {
        **_plan_set(row),
        "plan": [
            {
                "plan_no": str(plan["plan_no"]),
                "plan_name": plan["plan_name"],
                "plan_desc": plan["plan_desc"],
                "client_plan_id": plan["client_plan_id"],
            }
            for plan in plans
        ],
    }


def _plan_set(row: Row) -> Row:
    names = (
        "promo_plan_set_no",
        "promo_plan_set_name",
        "promo_plan_set_desc",
        "client_plan_type_id",
    )
    return {name: row[name] for name in names}


def get_promotions(context: Context, _: Inputs) -> Answer:
    """Answer get_promotions_m."""
    return {
        "promotions": [
            {
                "promo_cd": row["promo_cd"],
                "promo_desc": row["promo_desc"],
                "expires_after": row["exp_date"] or _nothing(position),
            }
            for position, row in enumerate(context.tables.all("promotion"))
        ]
    }


def get_promotion_details(context: Context, sent: Inputs) -> Answer:
    """Answer get_promotion_details_m; the set is given by name only."""
    row = context.tables.get("promotion", sent["promo_cd"])
    if row is None:
        raise not_found("promo_cd")
    plan_set = context.tables.get("plan_set", row["promo_plan_set_no"]) or {}
    return {
        "client_no": context.client_no,
        "promo_cd": row["promo_cd"],
        "promo_desc": row["promo_desc"],
        "start_date": row["start_date"],
        "exp_date": row["exp_date"],
        "no_of_uses": "" if row["no_of_uses"] is None else str(row["no_of_uses"]),
        "plan_type_name": plan_set.get("promo_plan_set_name", ""),
        "plan_type_desc": plan_set.get("promo_plan_set_desc", ""),
    }


def get_coupons(context: Context, _: Inputs) -> Answer:
    """Answer get_coupons_m: every coupon, switched off ones too."""
    return {
        "coupons": [
            {
                "coupon_cd": row["coupon_cd"],
                "coupon_desc": row["coupon_desc"],
                "expires_after": row["end_date"],
                "coupon_scope": row["coupon_scope"],
            }
            for row in context.tables.all("coupon")
        ]
    }


def get_coupon_details(context: Context, sent: Inputs) -> Answer:
    """Answer get_coupon_details_m."""
    row = context.tables.get("coupon", sent["coupon_cd"])
    if row is None:
        raise not_found("coupon_cd")
    columns = (
        "coupon_cd",
        "coupon_desc",
        "coupon_msg",
        "status_ind",
        "no_of_uses",
        "start_date",
        "end_date",
    )
    rule = context.tables.get("discount_rule", row["rule_no"])
    rules = [_rule(rule)] if rule else []
    parts: Row = {"credit_template": [], "discount_rule": rules, "discount_bundle": []}
    return {name: row[name] for name in columns} | parts


def get_discount_rules(context: Context, _: Inputs) -> Answer:
    """Answer get_discount_rules_m."""
    return {"discount_rules": [_rule(row) for row in context.tables.all("discount_rule")]}


def _rule(row: Row) -> Row:
    names = ("rule_no", "rule_id", "description", "ext_description", "flat_percent_ind", "amount")
    return {**{name: row[name] for name in names}, "currency": row["currency"]}


def get_usage_types(context: Context, _: Inputs) -> Answer:
    """Answer get_usage_types_m; `is_editable` is a real boolean (aria.md §4.6)."""
    return {"usage_types": [dict(row) for row in context.tables.all("usage_type")]}


def list_supp_obj_fields(context: Context, _: Inputs) -> Answer:
    """Answer list_supp_obj_fields_m."""
    return {
        "field_details": [
            {
                "field_no": row["field_no"],
                "field_name": row["field_name"],
                "description": row["description"],
                "datatype": "text",
                "min_no_sel": "0",
                "max_no_sel": row["max_no_sel"],
                "form_input_type": row["form_input_type"],
                "allowed_values": [],
                "associated_objects": [{"associated_object": row["associated_object"]}],
                "allow_instance_override": 0,
            }
            for row in context.tables.all("supp_field")
        ]
    }


def _by_number(tables: Tables, kind: str, column: str) -> list[Row]:
    return sorted(tables.all(kind), key=lambda row: int(row[column]))


def _nothing(position: int) -> str | None:
    return "" if position % 2 else None  # both mean "no value" (aria.md §4.5)
