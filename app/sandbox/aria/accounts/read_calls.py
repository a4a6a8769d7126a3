"""The calls that read accounts: name, inputs, function (aria.md §2.3 to §2.9)."""

from app.sandbox.aria.accounts import (
    account_groups,
    account_reads,
    agreement_calls,
    group_reads,
    instance_reads,
    invoice_reads,
    payment_reads,
    transaction_reads,
    usage_calls,
)
from app.sandbox.aria.context import Answer, Api, Call, Context
from app.sandbox.aria.inputs import Inputs, inputs

_ACCT = inputs("acct_no:int client_acct_id")
_NUMBER = inputs("acct_no:int*")
_INSTANCE = inputs("plan_instance_no:int client_plan_instance_id")
_MASTER = inputs("master_plan_instance_no:int client_master_plan_instance_id")
_GROUP = inputs("billing_group_no:int client_billing_group_id")
_DUNNING = inputs("dunning_group_no:int client_dunning_group_id")
_BETWEEN = inputs("start_date:datetime end_date:datetime")
_DETAIL = inputs(
    "include_master_plans:int include_supp_plans:int include_billing_groups:int",
    "include_payment_methods:int plan_limit:int plan_offset:int",
    filter_mpi_status=inputs("filter_mpi_status_cd:int*"),
)
_USAGE = inputs(
    "date_range_start:datetime date_range_end:datetime specified_usage_type_no:int",
    "specified_usage_type_code invoice_no:int limit:int offset:int retrieve_excluded_usage:flag",
)


def _userid_is_available(context: Context, sent: Inputs) -> Answer:
    account_reads.must_be_free(context, "userid", sent["user_id"])
    return {}


_READS = {
    "get_acct_details_all_m": (_ACCT + _DETAIL, account_reads.get_acct_details_all),
    "get_acct_hierarchy_details_m": (
        _ACCT + _DETAIL + inputs("hierarchy_filter:int include_current_acct:int"),
        account_reads.get_acct_hierarchy_details,
    ),
    "get_child_accts_m": (
        inputs("parent_acct_no:int* do_multi_level:flag"),
        account_reads.get_child_accts,
    ),
    "get_acct_contacts_m": (
        _ACCT + _GROUP + inputs("include_unused_contacts:ind"),
        account_reads.get_acct_contacts,
    ),
    "get_acct_groups_by_client_m": ((), account_groups.get_acct_groups_by_client),
    "get_acct_supp_fields_m": (_NUMBER, account_reads.get_acct_supp_fields),
    "get_supp_field_values_m": (
        _NUMBER + inputs("field_name*"),
        account_reads.get_supp_field_values,
    ),
    "get_acct_no_from_user_id_m": (inputs("user_id*"), account_reads.get_acct_no_from_user_id),
    "get_user_id_from_acct_no_m": (_NUMBER, account_reads.get_user_id_from_acct_no),
    "userid_exists_m": (inputs("user_id*"), account_reads.userid_exists),
    "userid_is_available_m": (inputs("user_id*"), _userid_is_available),
    "get_acct_balance_m": (_ACCT, account_reads.get_acct_balance),
    "get_acct_comments_m": (
        _ACCT
        + inputs("date_range_start:datetime* date_range_end:datetime*")
        + inputs("do_url_encoding:flag filter_application_id"),
        account_reads.get_acct_comments,
    ),
    "get_acct_status_history_m": (
        inputs("account_number:int*"),
        account_reads.get_acct_status_history,
    ),
    "get_acct_notify_method_m": (inputs("account_no:int*"), account_reads.get_acct_notify_method),
    "get_acct_groups_by_acct_m": (
        inputs("acct_no:int user_id"),
        account_reads.get_acct_groups_by_acct,
    ),
    "get_acct_billing_group_details_m": (
        _ACCT + _GROUP + _INSTANCE,
        group_reads.get_acct_billing_group_details,
    ),
    "get_acct_payment_methods_and_terms_m": (
        _NUMBER + inputs("payment_method_no:int filter_status:int"),
        group_reads.get_acct_payment_methods_and_terms,
    ),
    "get_acct_dunning_group_details_m": (
        _ACCT + _DUNNING + _INSTANCE,
        group_reads.get_acct_dunning_group_details,
    ),
    "get_acct_plans_all_m": (
        _ACCT
        + inputs(
            "limit:int offset:int include_rate_schedule:flag include_plan_services:flag",
            "include_product_fields:flag include_plan_instance_fields:flag",
            "include_service_supp_fields:flag include_surcharges:flag include_dunning_info:flag",
            "include_contract_and_rollover_info:flag",
            product_catalog_plan_filter=inputs("plan_no:int client_plan_id"),
            master_plan_instance_filter=_MASTER,
            service_no_filter=inputs("service_no:int client_service_id"),
        ),
        instance_reads.get_acct_plans_all,
    ),
    "get_acct_plans_m": (_ACCT, instance_reads.get_acct_plans),
    "get_acct_plan_queued_changes_m": (
        _ACCT + _INSTANCE + inputs("queue_id:int queued_action_status_cd:int"),
        instance_reads.get_acct_plan_queued_changes,
    ),
    "get_acct_plan_history_m": (
        _NUMBER + inputs("filter_plan_instance_no:int filter_client_plan_instance_id"),
        instance_reads.get_acct_plan_history,
    ),
    "get_acct_coupon_details_m": (
        _ACCT + _MASTER + inputs("coupon_cd"),
        instance_reads.get_acct_coupon_details,
    ),
    "get_avail_plans_for_acct_m": (
        _NUMBER + _INSTANCE + inputs("promo_cd include_rs_summary:flag"),
        instance_reads.get_avail_plans_for_acct,
    ),
    "get_all_acct_contracts_m": (
        _ACCT + inputs("filter_status_code:int exclude_terminated_plan_inst:flag"),
        agreement_calls.get_all_acct_contracts,
    ),
    "get_instance_contract_m": (
        _ACCT + inputs("contract_no:int client_contract_id"),
        agreement_calls.get_instance_contract,
    ),
    "get_acct_universal_contract_m": (_ACCT, agreement_calls.get_acct_universal_contract),
    "get_order_m": (
        _ACCT + inputs("order_no:int client_order_id limit_records:int details_flag:int"),
        agreement_calls.get_order,
    ),
    "get_order_items_m": (inputs("order_no:int*"), agreement_calls.get_order_items),
    "get_acct_nso_inclusion_list_m": (
        _ACCT + _MASTER,
        agreement_calls.get_acct_nso_inclusion_list,
    ),
    "get_acct_trans_history_m": (
        inputs("account_no:int client_acct_id transaction_type:int record_limit:int")
        + inputs("filter_statement_no:int filter_seq_statement_id include_void_transactions:flag")
        + _MASTER
        + _BETWEEN,
        transaction_reads.get_acct_trans_history,
    ),
    "get_family_trans_history_m": (
        inputs("parent_acct_no:int client_acct_id do_multi_level:flag trans_type:int")
        + inputs("record_limit:int include_void_transactions:flag")
        + _BETWEEN,
        transaction_reads.get_family_trans_history,
    ),
    "get_extended_transaction_info_m": (
        _NUMBER + inputs("transaction_id:int*"),
        transaction_reads.get_extended_transaction_info,
    ),
    "get_invoice_history_m": (
        _ACCT
        + inputs("user_id start_bill_date:date end_bill_date:date include_voided:flag")
        + inputs("rb_option:int master_plan_instance_id:int client_master_plan_instance_id"),
        invoice_reads.get_invoice_history,
    ),
    "get_invoice_details_m": (
        _ACCT + _MASTER + inputs("invoice_no:int*"),
        invoice_reads.get_invoice_details,
    ),
    "get_pending_invoice_no_m": (_ACCT + _MASTER, invoice_reads.get_pending_invoice_no),
    "get_acct_statement_history_m": (
        _ACCT + _MASTER + _BETWEEN + inputs("user_id include_invoice_activity_eligibility:flag"),
        invoice_reads.get_acct_statement_history,
    ),
    "get_statement_for_invoice_m": (
        _ACCT + inputs("invoice_no:int* do_encoding"),
        invoice_reads.get_statement_for_invoice,
    ),
    "get_statement_content_m": (
        _NUMBER + inputs("statement_no:int* do_encoding"),
        invoice_reads.get_statement_content,
    ),
    "get_acct_payment_history_m": (
        _ACCT
        + _MASTER
        + _BETWEEN
        + inputs("limit_records:int details_flag:int include_unapplied_payments:int"),
        payment_reads.get_acct_payment_history,
    ),
    "get_payments_on_invoice_m": (
        _ACCT + inputs("invoice_no:int*"),
        payment_reads.get_payments_on_invoice,
    ),
    "get_unapplied_payments_m": (_ACCT, payment_reads.get_unapplied_payments),
    "get_acct_credits_m": (
        _ACCT + _MASTER + inputs("limit_records:int"),
        payment_reads.get_acct_credits,
    ),
    "get_cm_list_m": (_ACCT, payment_reads.get_cm_list),
    "get_cm_details_m": (
        _ACCT + inputs("cm_no:int client_cm_seq_id_in"),
        payment_reads.get_cm_details,
    ),
    "get_refund_details_m": (
        _NUMBER + inputs("include_voided:flag aria_event_no:int"),
        payment_reads.get_refund_details,
    ),
    "get_acct_writeoff_or_disputes_m": (
        _ACCT + _MASTER + inputs("dispute_or_writeoff_flag:int details_flag:int"),
        payment_reads.get_acct_writeoff_or_disputes,
    ),
    "get_usage_history_m": (_ACCT + _MASTER + _USAGE, usage_calls.get_usage_history),
    "get_usage_summary_by_type_m": (
        _ACCT
        + _MASTER
        + inputs("user_id usage_type_filter:int usage_type_cd_filter billed_filter:int")
        + inputs("date_filter_start_date:datetime date_filter_end_date:datetime"),
        usage_calls.get_usage_summary_by_type,
    ),
    "get_unbilled_usage_summary_m": (
        _ACCT
        + inputs("master_plan_instance_id:int client_master_plan_instance_id usage_type_no:int")
        + inputs("usage_details_flag plan_no:int"),
        usage_calls.get_unbilled_usage_summary,
    ),
}

READS = tuple(
    Call(name, Api.CORE, specs, answer, cached=False) for name, (specs, answer) in _READS.items()
)
