"""What an independent Aria answers to calls of the catalog (aria.md §2.1, §2.2)."""

import re
from decimal import Decimal

from tests.connectors.independent_aria_goods import DAY
from tests.connectors.independent_aria_state import Refusal, Truth, asked_for, bare
from tests.connectors.independent_aria_truth import Row
from tests.connectors.independent_dialect import NONE_SUCH


def plans_call(truth: Truth, asked: Row) -> Row:
    wanted = asked.get("client_plan_id")
    rows = []
    for plan in truth.catalog["plan"]:
        codes = {
            one["promo_code"]
            for each in plan["promotional_plan_sets"]
            for one in each["promotions_for_set"]
        }
        if (wanted and plan["client_plan_id"] != wanted) or (
            "promo_code" in asked and asked["promo_code"] not in codes
        ):
            continue
        services = [_service(one, plan, asked) for one in plan["plan_services"]]
        if wanted and plan["supp_plan_ind"]:
            services = []
        told = {**plan, "plan_services": services, "plan_groups": []}
        if not asked_for(asked, "include_plan_hierarchy"):
            told["child_plans"] = []
        rows.append(told)
    return {"all_client_plan_dtls": rows}


def _service(service: Row, plan: Row, asked: Row) -> Row:
    first = plan["plan_rate_schedules_details"][0]["client_rate_schedule_id"]
    rates = service["=rates"]
    own = [{**one, "client_rate_schedule_id": first} for one in rates.get(first, ())]
    told = {**bare(service), "plan_service_rates": own}
    if asked_for(asked, "include_all_rate_schedules"):
        told["all_plan_service_rates"] = [
            {
                "schedule_no": one["schedule_no"],
                "client_rate_schedule_id": one["client_rate_schedule_id"],
                "plan_service_rates": rates[one["client_rate_schedule_id"]],
            }
            for one in plan["plan_rate_schedules_details"]
            if one["client_rate_schedule_id"] in rates
        ]
    return told


def service_rates_call(truth: Truth, asked: Row) -> Row:
    for plan in truth.catalog["plan"]:
        for service in plan["plan_services"]:
            if service["service_no"] == int(asked["service_no"]):
                return {"plan_service_rates": next(iter(service["=rates"].values()))}
    raise Refusal(1013, "service not found")


def items_call(truth: Truth, asked: Row) -> Row:
    asked_for(asked, "include_inactive_items")
    return {"all_client_item_details": truth.catalog["item"]}


def fields_call(_truth: Truth, _asked: Row) -> Row:
    names = {"sf_family": "Plan", "sf_line_id": "Plan Instance"}
    return {
        "field_details": [
            {
                "field_no": place,
                "field_name": name,
                "description": None,
                "datatype": "Text",
                "min_no_sel": "0",
                "max_no_sel": 1,
                "allowed_values": [],
                "associated_objects": [{"associated_object": owner}],
            }
            for place, (name, owner) in enumerate(names.items(), 1)
        ]
    }


def coupon_call(truth: Truth, asked: Row) -> Row:
    kept = {"status_ind": True, "no_of_uses": 5, "start_date": DAY, "end_date": None}
    return {**_one(truth, "coupon", asked, "coupon_cd"), **kept, "coupon_msg": None}


def coupon_changed_call(truth: Truth, asked: Row) -> Row:
    _check_dates(asked, "start_date", "end_date")
    if asked.get("status_ind") not in {0, 1}:
        raise Refusal(1016, "status_ind is not a valid long")
    _one(truth, "coupon", asked, "coupon_cd")["coupon_desc"] = _told(asked["coupon_desc"])
    return {}


def promotion_call(truth: Truth, asked: Row) -> Row:
    kept = {"start_date": DAY, "exp_date": None, "no_of_uses": NONE_SUCH}
    named = {"plan_type_name": "Set", "plan_type_desc": "All plans"}
    return {**_one(truth, "promotion", asked, "promo_cd"), **kept, **named}


def promotion_changed_call(truth: Truth, asked: Row) -> Row:
    _check_dates(asked, "start_date", "exp_date")
    if int(asked["promo_plan_set_no"]) != truth.catalog["plan_set"][0]["promo_plan_set_no"]:
        raise Refusal(1010, "no such plan set")
    _one(truth, "promotion", asked, "promo_cd")["promo_desc"] = _told(asked["promo_desc"])
    return {}


def plan_set_call(truth: Truth, asked: Row) -> Row:
    plans = [{"plan_no": str(one["plan_no"])} for one in truth.catalog["plan"]]
    return {**_one(truth, "plan_set", asked, "client_plan_type_id"), "plan": plans}


def plan_set_changed_call(truth: Truth, asked: Row) -> Row:
    found = _one(truth, "plan_set", asked, "client_plan_type_id")
    if len(asked["plan_no"].split("|")) != len(truth.catalog["plan"]):
        raise Refusal(1010, "a plan is missing")
    found["promo_plan_set_name"] = asked["promo_plan_set_name"]
    return {}


def item_call(truth: Truth, asked: Row) -> Row:
    found = _one(truth, "item", asked, "client_sku")
    named = {"item_name": found["item_label"], "pricing": [], "days_to_expiry": NONE_SUCH}
    return {name: v for name, v in found.items() if name != "all_item_prices"} | named


def item_changed_call(truth: Truth, asked: Row) -> Row:
    found = _one(truth, "item", asked, "client_sku")
    prices = [Decimal(one) for one in asked["item_price"].split("|")]
    if prices != [one["price"] for one in found["all_item_prices"]]:
        raise Refusal(1012, "prices differ")
    if (asked["active_ind"], asked["service_no"]) != (1, found["service_no"]):
        raise Refusal(1016, "wrong type")
    found |= {"item_label": asked["item_name"], "item_desc": _told(asked["item_desc"])}
    return {}


def _one(truth: Truth, kind: str, asked: Row, key: str) -> Row:
    (found,) = [one for one in truth.catalog[kind] if one[key] == asked[key]]
    return found


def _told(words: str) -> str | None:
    return None if words == "~" else words


def _check_dates(asked: Row, *names: str) -> None:
    for name in names:
        if not re.fullmatch(r"(\d{4}-\d\d-\d\d)?", asked.get(name, "")):
            raise Refusal(1024, f"{name} is not yyyy-mm-dd")


def _plan(truth: Truth, asked: Row) -> Row:
    found = [
        one for one in truth.catalog["plan"] if one["client_plan_id"] == asked["client_plan_id"]
    ]
    if not found:
        raise Refusal(1010, "required input missing: plan_no")
    return found[0]


def plan_details_call(truth: Truth, asked: Row) -> Row:
    plan = _plan(truth, asked)
    services = plan["plan_services"]
    return {
        "plan_no": plan["plan_no"],
        "client_plan_id": plan["client_plan_id"],
        "plan_name": plan["plan_name"],
        "plan_desc": plan["plan_desc"],
        "plan_level": int(plan["supp_plan_ind"]),
        "plan_type": "Recurring",
        "currency_cd": plan["currency_cd"],
        "active_ind": True,
        "rollover_plan_duration": NONE_SUCH,
        "proration_invoice_timing_cd": plan["proration_invoice_timing_cd"],
        "services": [
            {"service_no": str(one["service_no"]), "client_service_id": one["client_service_id"]}
            for one in services
        ],
        "rate_sched": plan["plan_rate_schedules_details"],
    }


def plan_edited_call(truth: Truth, asked: Row) -> Row:
    plan = _plan(truth, asked)
    truth.changes.append((asked["rest_call"], asked))
    plan["plan_name"] = asked["plan_name"]
    description = asked["plan_description"]
    plan["plan_desc"] = None if description == "~" else description
    return {"plan_no": plan["plan_no"]}


def _service_found(truth: Truth, asked: Row) -> Row:
    services = (one for plan in truth.catalog["plan"] for one in plan["plan_services"])
    own = asked["client_service_id"]
    return next(one for one in services if one["client_service_id"] == own)


def service_details_call(truth: Truth, asked: Row) -> Row:
    service = _service_found(truth, asked)
    return {
        "service_no": str(service["service_no"]),
        "client_service_id": service["client_service_id"],
        "service_name": service["service_desc"],
        "service_type": "Recurring",
        "gl_cd": service["coa_id"],
        "taxable_ind": service["taxable_ind"],
        "tax_group": None,
        "usage_type": service["usage_type"],
    }


def service_changed_call(truth: Truth, asked: Row) -> Row:
    truth.changes.append((asked["rest_call"], asked))
    _service_found(truth, asked)["service_desc"] = asked["service_name"]
    return {}
