"""Every call the sandbox answers: name, API, inputs, function (aria.md §2.1, §2.2, §2.10)."""

from app.sandbox.aria import (
    admin_reads,
    core_items,
    core_lists,
    core_plans,
    offer_writes,
    plan_writes,
    system_calls,
)
from app.sandbox.aria.accounts.read_calls import READS
from app.sandbox.aria.accounts.write_calls import WRITES
from app.sandbox.aria.context import Api, Call
from app.sandbox.aria.events.calls import EVENT_CALLS
from app.sandbox.aria.inputs import inputs
from app.sandbox.aria.object_query.calls import QUERIES
from app.sandbox.aria.plan_inputs import ADD_SCHEDULE, CREATE_PLAN, EDIT_PLAN

_PLAN = inputs("plan_no:int client_plan_id")
_LOCALE = inputs("locale_no:int locale_name include_translations:flag")
_PARENT = inputs("parent_plan_no:int client_parent_plan_id")
_ITEM_FILTER = inputs(
    "filter_currency_cd return_no_cost_items:flag filter_item_no:int filter_client_item_id"
)
_ITEM_KIND = inputs("include_inactive_items:flag purchase_scope:int")
_SUMMARY = inputs("include_rs_summary:flag")
_SERVICE = inputs("service_no:int client_service_id")

_CORE = (
    Call(
        "get_client_plans_all_m",
        Api.CORE,
        _PLAN
        + _PARENT
        + inputs("acct_no:int promo_code supp_field_names:list supp_field_values:list")
        + inputs("include_all_rate_schedules:flag include_plan_hierarchy:flag")
        + inputs("retrieve_bundled_nso:flag retrieve_included_nso:flag")
        + _LOCALE,
        core_plans.get_client_plans_all,
    ),
    Call(
        "get_client_plans_basic_m",
        Api.CORE,
        _PLAN + _SUMMARY + _LOCALE,
        core_lists.get_client_plans_basic,
    ),
    Call(
        "get_catalog_hierarchy_m",
        Api.CORE,
        inputs("promo_code include_plan_hierarchy:flag include_parent_plan_list:flag")
        + inputs("include_child_plans_list:flag include_total_count:flag limit:int offset:int")
        + _PARENT
        + _LOCALE,
        core_lists.get_catalog_hierarchy,
    ),
    Call("get_client_plan_services_m", Api.CORE, _PLAN, core_lists.get_client_plan_services),
    Call(
        "get_client_plan_service_rates_m",
        Api.CORE,
        _PLAN + _SERVICE + inputs("alt_rate_schedule_no:int client_alt_rate_schedule_id"),
        core_lists.get_client_plan_service_rates,
    ),
    Call(
        "get_rate_schedules_for_plan_m",
        Api.CORE,
        _PLAN + inputs("currency_cd") + _LOCALE,
        core_lists.get_rate_schedules_for_plan,
    ),
    Call(
        "get_plans_by_promo_code_m",
        Api.CORE,
        inputs("promo_code") + _SUMMARY + _LOCALE,
        core_lists.get_plans_by_promo_code,
    ),
    Call(
        "get_supp_plans_by_promo_code_m",
        Api.CORE,
        inputs("promo_code*") + _SUMMARY + _LOCALE,
        core_lists.get_supp_plans_by_promo_code,
    ),
    Call(
        "get_client_items_all_m",
        Api.CORE,
        _ITEM_FILTER + _ITEM_KIND,
        core_items.get_client_items_all,
    ),
    Call(
        "get_client_items_basic_m",
        Api.CORE,
        _ITEM_FILTER + _ITEM_KIND,
        core_items.get_client_items_basic,
    ),
    Call("get_client_item_prices_m", Api.CORE, _ITEM_FILTER, core_items.get_client_item_prices),
    Call(
        "get_client_item_supp_fields_m",
        Api.CORE,
        inputs("filter_item_no:int filter_client_item_id"),
        core_items.get_client_item_supp_fields,
    ),
    Call("get_client_currencies_m", Api.CORE, (), system_calls.get_client_currencies),
    Call(
        "get_email_templates_m",
        Api.CORE,
        inputs("filter_template_class"),
        system_calls.get_email_templates,
    ),
    Call("authenticate_caller_m", Api.CORE, (), system_calls.authenticate_caller),
    Call("get_current_system_version_m", Api.CORE, (), system_calls.get_current_system_version),
    Call(
        "get_virtual_datetime_m",
        Api.CORE,
        (),
        system_calls.get_virtual_datetime,
        cached=False,
    ),
    Call(
        "get_all_client_receipt_ids_m",
        Api.CORE,
        inputs("start_date_range:date end_date_range:date"),
        system_calls.get_all_client_receipt_ids,
    ),
    Call(
        "get_all_acct_receipt_ids_m",
        Api.CORE,
        inputs("acct_no:int* start_date_range:date end_date_range:date"),
        system_calls.get_all_acct_receipt_ids,
        cached=False,
    ),
    Call(
        "get_all_actions_by_receipt_id_m",
        Api.CORE,
        inputs("acct_no:int* client_receipt_id*"),
        system_calls.get_all_actions_by_receipt_id,
        cached=False,
    ),
    Call(
        "advance_virtual_datetime_m",
        Api.CORE,
        inputs("offset_hours:int*"),
        system_calls.advance_virtual_datetime,
        cached=False,
    ),
    Call(
        "get_daily_batch_status_m",
        Api.CORE,
        inputs("batch_date:date*"),
        system_calls.get_daily_batch_status,
    ),
)

_ADMIN_READS = (
    Call("get_plans_m", Api.ADMIN, _SUMMARY + _LOCALE, admin_reads.get_plans),
    Call(
        "get_plan_details_m",
        Api.ADMIN,
        _PLAN + _SUMMARY + inputs("retrieve_bundled_nso:flag retrieve_included_nso:flag") + _LOCALE,
        admin_reads.get_plan_details,
    ),
    Call("get_services_m", Api.ADMIN, (), admin_reads.get_services),
    Call("get_service_details_m", Api.ADMIN, _SERVICE, admin_reads.get_service_details),
    Call("get_inventory_items_m", Api.ADMIN, _LOCALE, admin_reads.get_inventory_items),
    Call(
        "get_inventory_item_details_m",
        Api.ADMIN,
        inputs("item_no:int client_sku currency_cd"),
        admin_reads.get_inventory_item_details,
    ),
    Call("get_promo_plan_sets_m", Api.ADMIN, (), admin_reads.get_promo_plan_sets),
    Call(
        "get_promo_plan_set_details_m",
        Api.ADMIN,
        inputs("promo_plan_set_no:int client_plan_type_id") + _LOCALE,
        admin_reads.get_promo_plan_set_details,
    ),
    Call("get_promotions_m", Api.ADMIN, (), admin_reads.get_promotions),
    Call(
        "get_promotion_details_m", Api.ADMIN, inputs("promo_cd*"), admin_reads.get_promotion_details
    ),
    Call("get_coupons_m", Api.ADMIN, _LOCALE, admin_reads.get_coupons),
    Call("get_coupon_details_m", Api.ADMIN, inputs("coupon_cd*"), admin_reads.get_coupon_details),
    Call("get_discount_rules_m", Api.ADMIN, (), admin_reads.get_discount_rules),
    Call("get_usage_types_m", Api.ADMIN, (), admin_reads.get_usage_types),
    Call(
        "list_supp_obj_fields_m",
        Api.ADMIN,
        inputs("field_selection field_categories:list"),
        admin_reads.list_supp_obj_fields,
    ),
)

_WRITES = {
    "create_new_plan_m": (CREATE_PLAN, plan_writes.create_new_plan),
    "edit_plan_m": (EDIT_PLAN, plan_writes.edit_plan),
    "add_rate_schedule_on_plan_m": (ADD_SCHEDULE, plan_writes.add_rate_schedule_on_plan),
    "delete_plans_m": (inputs("plan_nos:list*"), plan_writes.delete_plans),
    "create_service_m": (offer_writes.SERVICE_INPUTS, offer_writes.create_service),
    "update_service_m": (offer_writes.SERVICE_INPUTS, offer_writes.update_service),
    "create_inventory_item_m": (offer_writes.ITEM_INPUTS, offer_writes.create_inventory_item),
    "update_inventory_item_m": (offer_writes.ITEM_INPUTS, offer_writes.update_inventory_item),
    "create_promo_plan_set_m": (offer_writes.PLAN_SET_INPUTS, offer_writes.create_promo_plan_set),
    "update_promo_plan_set_m": (offer_writes.PLAN_SET_INPUTS, offer_writes.update_promo_plan_set),
    "create_promotion_m": (offer_writes.PROMOTION_INPUTS, offer_writes.create_promotion),
    "update_promotion_m": (offer_writes.PROMOTION_INPUTS, offer_writes.update_promotion),
    "create_coupon_m": (offer_writes.COUPON_INPUTS, offer_writes.create_coupon),
    "update_coupon_m": (offer_writes.COUPON_INPUTS, offer_writes.update_coupon),
    "delete_coupons_m": (inputs("coupon_nos:list*"), offer_writes.delete_coupons),
}

CALLS = {
    call.name: call for call in (*_CORE, *_ADMIN_READS, *READS, *WRITES, *QUERIES, *EVENT_CALLS)
} | {
    name: Call(name, Api.ADMIN, specs, answer, writes=True, cached=False)
    for name, (specs, answer) in _WRITES.items()
}
