"""What an independent Aria answers to each call (aria.md §2), before it is put into a dialect."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from tests.connectors.independent_aria_catalog import (
    coupon_call,
    coupon_changed_call,
    fields_call,
    item_call,
    item_changed_call,
    items_call,
    plan_details_call,
    plan_edited_call,
    plan_set_call,
    plan_set_changed_call,
    plans_call,
    promotion_call,
    promotion_changed_call,
    service_changed_call,
    service_details_call,
    service_rates_call,
)
from tests.connectors.independent_aria_state import Refusal, Truth, asked_for, bare
from tests.connectors.independent_aria_truth import NOW, Row
from tests.connectors.independent_dialect import NONE_SUCH, Twin


def _details(truth: Truth, asked: Row) -> Row:
    held = truth.account(asked)
    masters = [one for one in held["=instances"] if not one["supp_plan_ind"]]
    below = [one for one in held["=instances"] if one["supp_plan_ind"]]
    return {
        **bare(held),
        "acct_no": Twin(held["acct_no"]),
        "acct_locale_no": Twin(1),
        "acct_contact_no": Twin(held["acct_no"] + 5),
        "supp_field": [
            {"supp_field_name": name, "supp_field_value": value} for name, value in held["=fields"]
        ],
        "billing_groups_info": held["=groups"],
        "payment_methods_info": held["=methods"],
        "master_plan_count": len(masters),
        "supp_plan_count": len(below),
        "master_plans_info": [_master(one, below) for one in masters],
    }


def _master(one: Row, below: list[Row]) -> Row:
    number = one["plan_instance_no"]
    return {
        "master_plan_instance_no": number,
        "client_master_plan_instance_id": one["client_plan_instance_id"],
        "client_master_plan_id": one["client_plan_id"],
        "master_plan_no": one["plan_no"],
        "dunning_group_no": one["dunning_group_no"],
        "client_dunning_group_id": "DG",
        "dunning_group_name": "Dunning",
        "dunning_group_description": None,
        "dunning_process_no": 3,
        "billing_group_no": one["billing_group_no"],
        "master_plan_instance_status": one["plan_instance_status_cd"],
        "master_plan_units": one["plan_units"],
        "resp_level_cd": one["=level"],
        "parent_master_plan_inst_no": one["=payer"],
        "alt_rate_schedule_no": one["rate_schedule_no"],
        "client_alt_rate_schedule_id": one["client_rate_schedule_id"],
        "promo_cd": None,
        "bill_day": one["bill_day"],
        "last_bill_date": one["last_bill_date"],
        "last_bill_thru_date": one["bill_thru_date"],
        "next_bill_date": one["next_bill_date"],
        "plan_date": one["plan_date"],
        "status_date": one["plan_instance_status_date"],
        "master_plan_instance_balance": one["=balance"],
        "dunning_state": one["dunning_state"],
        "coupon_codes": [{"coupon_codes": code} for code in one["=coupons"]],
        "supp_plans_info": [
            {
                "supp_plan_instance_no": each["plan_instance_no"],
                "client_supp_plan_instance_id": each["client_plan_instance_id"],
                "supp_plan_no": each["plan_no"],
                "client_supp_plan_id": each["client_plan_id"],
                "supp_plan_units": each["plan_units"],
                "supp_plan_instance_status_cd": each["plan_instance_status_cd"],
                "parent_plan_instance_no": each["parent_plan_instance_no"],
            }
            for each in below
            if each["master_plan_instance_no"] == number
        ],
    }


_ONLY_ASKED = {
    "include_plan_services": ("plan_instance_services",),
    "include_product_fields": ("product_fields",),
    "include_plan_instance_fields": ("plan_instance_fields_detail",),
    "include_rate_schedule": ("rate_schedule_no", "client_rate_schedule_id"),
    "include_dunning_info": ("dunning_group_no", "dunning_state"),
}


def _account_plans(truth: Truth, asked: Row) -> Row:
    held = truth.account(asked)
    limit, offset = int(asked.get("limit", 100)), int(asked.get("offset", 0))
    if not 1 <= limit <= 999 or not 0 <= offset <= 998:
        raise Refusal(1016, "limit or offset out of range")
    rows = [bare(one) for one in held["=instances"]]
    for flag, names in _ONLY_ASKED.items():
        always = flag in {"include_rate_schedule", "include_dunning_info"}
        if asked_for(asked, flag) or (always and not truth.dialect.stingy):
            continue
        rows = [{n: v for n, v in row.items() if n not in names} for row in rows]
    most = min(limit, truth.dialect.cap or limit)
    return {
        "record_count": len(rows),
        "all_acct_plans_m": rows[offset : offset + most],
        "acct_locale_no": Twin(1),
    }


_PREFIXES = {"billing": "bill_", "backup": "bkup_", "statement": "stat_", "other": "other_"}


def _contacts(truth: Truth, asked: Row) -> Row:
    held = truth.account(asked)
    told: Row = {"account_contact": [_contact("", {**held, "contact_no": held["acct_no"] + 5})]}
    for role, prefix in _PREFIXES.items():
        array = f"{role}_contacts"
        told[array] = (
            [_contact(prefix, held["=contacts"][role])] if role in held["=contacts"] else []
        )
    return told


def _contact(prefix: str, person: Row) -> Row:
    names = ("contact_no", "first_name", "last_name", "company_name", "address1", "address2")
    names += ("address3", "city", "locality", "state_prov", "postal_cd", "phone", "cell_phone")
    names += ("work_phone", "email")
    country = "country_cd" if prefix in {"", "other_"} else "country"
    told = {f"{prefix}{name}": person.get(name) for name in names}
    told[f"{prefix}{country}"] = person["country_cd"]
    told[f"{prefix}address_match_score"] = Decimal("98.5")
    if "billing_group_no" in person:
        told[f"{prefix}billing_group_no"] = person["billing_group_no"]
    return told


def _listed(name: str, array: str) -> "Call":
    return lambda truth, asked: {array: list(truth.account(asked)[name])}


def _comments(truth: Truth, asked: Row) -> Row:
    for name in ("date_range_start", "date_range_end"):
        if name not in asked:
            raise Refusal(1010, f"required input missing: {name}")
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", asked[name]):
            raise Refusal(1024, f"{name} is not yyyy-mm-dd")
    return {"acct_comments": truth.account(asked)["=comments"]}


def _family(truth: Truth, asked: Row) -> Row:
    number = int(asked["parent_acct_no"])
    return {
        "fam_transactions": [
            {
                "acct_no": row["acct_no"],
                "master_plan_instance_no": row["master_plan_instance_no"],
                "transaction_id": row["aria_event_no"],
                "transaction_type": row["transaction_type_no"],
                "transaction_desc": row["transaction_type"],
                "transaction_amt": row["amount"],
                "transaction_applied_amt": row["total_amount_applied"],
                "transaction_currency": row["currency_cd"],
                "transaction_create_date": row["transaction_date"],
                "transaction_void_date": row["void_date"],
                "transaction_stmt_no": row["aria_statement_no"],
                "transaction_source_id": row["type_specific_id"],
            }
            for row in truth.moved["transaction"]
            if row["acct_no"] == number
        ]
    }


def _clock(_truth: Truth, _asked: Row) -> Row:
    return {
        "virtual_date": NOW.date(),
        "virtual_time": NOW.strftime("%H:%M:%S"),
        "system_date": NOW.date(),
        "system_time": NOW.strftime("%H:%M:%S"),
        "current_offset_hours": 0,
        "is_batch_running": "N",
    }


# --- writes


def _write(change: "Call") -> "Call":
    """Return a call that takes `do_write` and receipts (aria.md §1.9)."""

    def call(truth: Truth, asked: Row) -> Row:
        held = truth.account(asked)
        del held
        receipt = asked.get("client_receipt_id", "")
        if receipt in truth.receipts:
            raise Refusal(1012, "client_receipt_id already used")
        if str(asked.get("do_write", "true")).lower() == "false":
            return {"proration_result_amount": Decimal(0)}
        if receipt:
            truth.receipts[receipt] = asked["rest_call"]
        truth.changes.append((asked["rest_call"], asked))
        return change(truth, asked)

    return call


def _complete(truth: Truth, asked: Row) -> Row:
    held = truth.account(asked)
    for name, own in (("po_num", "po_num"), ("new_client_acct_id", "client_acct_id")):
        if name in asked:
            held[own] = None if asked[name] == "~" else asked[name]
    for name in ("status_cd", "notify_method"):
        held[name] = int(asked.get(name, held[name]))
    # -1: not attempted, normal for customers on terms (aria.md §1.6)
    return {"collection_error_code": -1, "acct_locale_no": Twin(1), "out_invoice_no": NONE_SUCH}


def _contact_changed(truth: Truth, asked: Row) -> Row:
    held = truth.account(asked)
    kinds = {1: held, 2: held["=contacts"].get("billing"), 4: held["=contacts"].get("statement")}
    found = kinds.get(int(asked["contact_ind"]))
    if found is None:
        raise Refusal(1010, "billing group needed")
    for name in set(found) & set(asked) - {"acct_no", "billing_group_no"}:
        found[name] = None if asked[name] == "~" else asked[name]
    return {"contact_no": Twin(held["acct_no"] + 5)}


def _fields_changed(truth: Truth, asked: Row) -> Row:
    held = truth.account(asked)
    for one in asked["acct_supp_fields"]:
        pair = (one["supp_field_name"], one["supp_field_value"])
        if int(one["supp_field_directive"]) > 1:
            held["=fields"] = [each for each in held["=fields"] if each[0] != pair[0]]
        held["=fields"].append(pair)
    return {}


def _plan_changed(truth: Truth, asked: Row) -> Row:
    held = truth.account(asked)
    number = int(asked["plan_instance_no"])
    for one in held["=instances"]:
        if one["plan_instance_no"] == number:
            one["plan_units"] = Decimal(str(asked.get("plan_units", one["plan_units"])))
            one["po_num"] = asked.get("po_num", one["po_num"])
            return {"proration_result_amount": Decimal("1.5"), "invoice_no": NONE_SUCH}
    raise Refusal(14046, "plan instance unknown")


def _rates_changed(truth: Truth, asked: Row) -> Row:
    held = truth.account(asked)
    for one in held["=instances"]:
        for service in one["plan_instance_services"]:
            own = (one["plan_instance_no"], service["service_no"])
            if own == (int(asked["plan_instance_no"]), int(asked["service_no"])):
                service["plan_service_rates"] = [
                    {**old, "rate_per_unit": Decimal(str(new["rate_per_unit"]))}
                    for old, new in zip(
                        service["plan_service_rates"], asked["custom_acct_rates"], strict=True
                    )
                ]
    return {}


def _receipt(truth: Truth, asked: Row) -> Row:
    done = truth.receipts.get(asked["client_receipt_id"])
    return {"receipt_action": [{"action_type_id": 1, "action_type_label": done}] if done else []}


Call = Callable[[Truth, Row], Row]
_NOTHING: Call = lambda _truth, _asked: {}  # noqa: E731 - a call that tells nothing

_TEMPLATE: Row = {
    "template_no": 5,
    "template_name": "Hello",
    "template_class": "A",
    "client_email_template_id": None,
    "global_ind": False,
    "default_ind": True,
}
CORE: Mapping[str, Call] = {
    "authenticate_caller_m": _NOTHING,
    "get_current_system_version_m": lambda _t, _a: {"version": "71.0"},
    "get_virtual_datetime_m": _clock,
    "get_client_plans_all_m": plans_call,
    "get_client_plan_service_rates_m": service_rates_call,
    "get_client_items_all_m": items_call,
    "get_acct_details_all_m": _details,
    "get_acct_plans_all_m": _account_plans,
    "get_acct_contacts_m": _contacts,
    "get_acct_payment_methods_and_terms_m": _listed("=methods", "account_payment_methods"),
    "get_acct_plan_queued_changes_m": _listed("=queue", "queued_change_details"),
    "get_all_acct_contracts_m": _listed("=contracts", "all_acct_contracts_m"),
    "get_acct_comments_m": _comments,
    "get_acct_credits_m": _listed("=credits", "all_credits"),
    "get_cm_list_m": _listed("=memos", "cm_details_all"),
    "get_acct_writeoff_or_disputes_m": _listed("=write_offs", "writeoff_dispute_info"),
    "get_acct_statement_history_m": _listed("=statements", "statements_history"),
    "get_usage_summary_by_type_m": _listed("=usage", "usage_summary_recs"),
    "get_family_trans_history_m": _family,
    "get_acct_dunning_group_details_m": _listed("=dunning", "dunning_group_details"),
    "get_acct_coupon_details_m": _listed("=coupons", "coupons_detail"),
    "get_acct_plan_history_m": _listed("=plan_history", "plan_history"),
    "get_acct_status_history_m": _listed("=status_history", "stat_hist"),
    "get_email_templates_m": lambda _t, _a: {"templates_by_client": [_TEMPLATE]},
    "get_all_actions_by_receipt_id_m": _receipt,
    "update_acct_complete_m": _write(_complete),
    "update_contact_m": _write(_contact_changed),
    "modify_acct_supp_fields_m": _write(_fields_changed),
    "update_acct_plan_m": _write(_plan_changed),
    "assign_custom_acct_plan_rates_m": _write(_rates_changed),
}
ADMIN: Mapping[str, Call] = {
    "list_supp_obj_fields_m": fields_call,
    "get_promotions_m": lambda truth, _a: {"promotions": truth.catalog["promotion"]},
    "get_promo_plan_sets_m": lambda truth, _a: {"promo_plan_set": truth.catalog["plan_set"]},
    "get_coupons_m": lambda truth, _a: {"coupons": truth.catalog["coupon"]},
    "get_coupon_details_m": coupon_call,
    "update_coupon_m": coupon_changed_call,
    "get_promotion_details_m": promotion_call,
    "update_promotion_m": promotion_changed_call,
    "get_promo_plan_set_details_m": plan_set_call,
    "update_promo_plan_set_m": plan_set_changed_call,
    "get_inventory_item_details_m": item_call,
    "update_inventory_item_m": item_changed_call,
    "get_plan_details_m": plan_details_call,
    "edit_plan_m": plan_edited_call,
    "get_service_details_m": service_details_call,
    "update_service_m": service_changed_call,
}
