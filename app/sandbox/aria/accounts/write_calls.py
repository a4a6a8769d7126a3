"""The calls that change accounts: name, inputs, function (aria.md §2.3 to §2.9)."""

from app.sandbox.aria.accounts import (
    account_writes,
    agreement_calls,
    custom_rates,
    group_writes,
    instance_calls,
    money_calls,
    multi_calls,
    usage_calls,
)
from app.sandbox.aria.accounts.account_creation import CREATE_INPUTS, create_acct_complete
from app.sandbox.aria.accounts.account_update import UPDATE_INPUTS, update_acct_complete
from app.sandbox.aria.accounts.account_writes import CONTACT_INPUTS
from app.sandbox.aria.accounts.contracting import ROLLOVER, ROLLOVERS
from app.sandbox.aria.accounts.custom_rates import CUSTOM_RATES
from app.sandbox.aria.accounts.payment_methods import METHOD_INPUTS
from app.sandbox.aria.accounts.starts import START_INPUTS
from app.sandbox.aria.context import Api, Call
from app.sandbox.aria.inputs import Input, inputs

_ACCT = inputs("acct_no:int client_acct_id")
_NUMBER = inputs("acct_no:int*")
_INSTANCE = inputs("plan_instance_no:int client_plan_instance_id")
_MASTER = inputs("master_plan_instance_no:int client_master_plan_instance_id")
_GROUP = inputs("billing_group_no:int client_billing_group_id")
_METHOD = inputs("payment_method_no:int client_payment_method_id")
_PREVIEW = inputs("do_write:flag")  # "false" computes and saves nothing (aria.md §1.9)
_APPLICATION = inputs("application_id application_date:datetime")
_SUMMARY = inputs(master_plans_summary=_INSTANCE)


def _prefixed(prefix: str) -> tuple[Input, ...]:
    return tuple(Input(prefix + spec.name, spec.kind) for spec in CONTACT_INPUTS)


_PAID_BY = inputs(
    "payment_option payment_terms_no:int client_payment_term_id",
    "primary_payment_method_no:int client_primary_payment_method_id",
)
_DUNNING = inputs("dunning_group_name dunning_process_no:int client_dunning_process_id")
_WHEN = inputs(
    "assignment_directive:int effective_date:date offset_interval:int offset_months:int",
    "invoice_unbilled_usage:flag",
    "alt_proration_start_date:date proration_invoice_timing:int comments",
)
_PLAN_FIELDS = inputs("plan_instance_field_name plan_instance_field_value")
_FIELD_UPDATE = inputs(
    plan_instance_field_update=_PLAN_FIELDS + inputs("plan_instance_field_directive:int")
)
_TERMS = (
    *inputs(
        "plan_units:num plan_status:int alt_rate_schedule_no:int client_alt_rate_schedule_id",
        "promo_cd po_num resp_level_cd:int invoicing_option:int",
        coupon_codes=inputs("coupon_codes"),
    ),
    *CUSTOM_RATES,
    *_WHEN,
    *_PREVIEW,
)
_ASSIGN = (
    *_NUMBER,
    *_TERMS,
    *inputs(
        "new_plan_no:int new_client_plan_id client_plan_instance_id(100)",
        "existing_billing_group_no:int existing_client_billing_group_id",
        "existing_dunning_group_no:int existing_client_def_dunning_group_id",
        "parent_plan_instance_no:int client_parent_plan_instance_id",
        "parent_acct_master_plan_inst_id:int include_plan_instance_queue:flag",
        "existing_primary_payment_method_no:int existing_client_primary_payment_method_id",
        "client_def_billing_group_id billing_group_name billing_group_description",
        "notify_method:int client_dunning_group_id primary_pay_method_type:int",
        "primary_pay_method_cdid cc_number",
        plan_instance_fields=_PLAN_FIELDS,
    ),
    *_DUNNING,
    *METHOD_INPUTS,
    *_prefixed("stmt_"),
    *START_INPUTS,
)
_UPDATE = (
    *_NUMBER,
    *_INSTANCE,
    *_TERMS,
    *_FIELD_UPDATE,
    *inputs("new_client_plan_inst_id(100) plan_instance_supp_field_update_only:int"),
)
_REPLACE = (
    *_NUMBER,
    *_INSTANCE,
    *_TERMS,
    *inputs("new_plan_no:int new_client_plan_id new_client_plan_instance_id(100)"),
)
_MULTI_ROW = (
    *inputs(
        "plan_directive:int* existing_plan_instance_no:int existing_client_plan_instance_id",
        "new_client_plan_instance_id(100) plan_instance_idx:int new_plan_no:int new_client_plan_id",
        "plan_units:num alt_rate_schedule_no:int client_alt_rate_schedule_id promo_cd po_num",
        "parent_plan_instance_no:int parent_plan_instance_idx:int client_parent_plan_instance_id",
        "plan_status_cd:int billing_group_no:int client_billing_group_id billing_group_idx:int",
        "dunning_group_no:int client_dunning_group_id dunning_group_idx:int resp_level_cd:int",
        "effective_date:date offset_interval:int offset_months:int invoice_unbilled_usage:flag",
        "alt_proration_start_date:date parent_client_plan_instance_id parent_acct_mp_inst_no:int",
        "status_until_alt_start_cd:int nso_bill_immediately:int nso_po_num",
        nso_item_array=inputs("client_sku item_units:num"),
        coupon_code_updates=inputs("coupon_cd coupon_directive:int"),
    ),
    *CUSTOM_RATES,
    *_FIELD_UPDATE,
)
_MULTI = (
    *_ACCT,
    *_PREVIEW,
    *inputs(
        "assignment_directive:int invoicing_option:int combine_invoices:int",
        "auto_collect_on_plan_chng:ind rollback_plan_chng_collect_fail:ind",
        plan_updates=_MULTI_ROW,
        acct_billing_groups=(
            *inputs(
                "billing_group_directive:int billing_group_idx:int new_client_billing_group_id",
                "existing_billing_group_no:int existing_client_billing_group_id",
                "billing_group_name billing_group_description notify_method:int",
                "primary_payment_method_idx:int primary_client_payment_method_id",
            ),
            *_PAID_BY,
            *CONTACT_INPUTS,
            *_prefixed("stmt_"),
        ),
        acct_payment_methods=(
            *inputs("payment_method_idx:int client_payment_method_id payment_method_type:int"),
            *inputs("payment_method_name payment_method_description"),
            *METHOD_INPUTS,
        ),
        acct_dunning_groups=inputs(
            "dunning_group_directive:int dunning_group_idx:int new_client_dunning_group_id",
            "dunning_process_no:int client_dunning_process_id",
        ),
    ),
    *START_INPUTS,
)
_CONTRACT = inputs(
    "client_contract_id type_no:int length_months:int cancel_fee:num start_date:date",
    "end_date:date create_comments",
)
_CHANGE_CONTRACT = inputs(
    "contract_no:int client_contract_id new_client_contract_id type_no:int length_months:int",
    "start_date:date end_date:date cancel_fee:num update_comments close_status:int",
    contract_plan_instances_update=ROLLOVER,
)
_INVOICES = inputs("invoice_no:int")
_CHARGE = inputs("specific_charge_transaction_id:int")

_ACCOUNTS = {
    "create_acct_complete_m": (CREATE_INPUTS, create_acct_complete),
    "update_acct_complete_m": (UPDATE_INPUTS, update_acct_complete),
    "update_contact_m": (
        _NUMBER + _GROUP + CONTACT_INPUTS + inputs("contact_ind:int*"),
        account_writes.update_contact,
    ),
    "update_acct_status_m": (
        inputs("account_no:int client_acct_id status_cd:int* queue_days:int queue_date:date")
        + inputs("comments"),
        account_writes.update_acct_status,
    ),
    "toggle_test_account_m": (
        inputs("account_no:int* test_acct_ind:int"),
        account_writes.toggle_test_account,
    ),
    "update_acct_notify_method_m": (
        inputs("account_no:int* notify_method:int*"),
        account_writes.update_acct_notify_method,
    ),
    "modify_acct_supp_fields_m": (
        _NUMBER
        + inputs(
            acct_supp_fields=inputs(
                "supp_field_name(100) supp_field_value(300) supp_field_directive:int"
            )
        ),
        account_writes.modify_acct_supp_fields,
    ),
    "update_acct_supp_fields_m": (
        inputs("account_no:int* field_name value_text"),
        account_writes.update_acct_supp_fields,
    ),
    "write_acct_comment_m": (
        _NUMBER + inputs("comment*") + _APPLICATION,
        account_writes.write_acct_comment,
    ),
    "set_payment_responsibility_m": (
        inputs("account_no:int* resp_level_cd:int* senior_acct_no:int client_senior_acct_id")
        + inputs("senior_plan_instance_no:int client_senior_plan_instance_id")
        + _INSTANCE,
        account_writes.set_payment_responsibility,
    ),
    "create_acct_billing_group_m": (
        _ACCT
        + _SUMMARY
        + METHOD_INPUTS
        + _PAID_BY
        + _prefixed("stmt_")
        + inputs("client_billing_group_id billing_group_name billing_group_description")
        + inputs("notify_method:int client_payment_method_id"),
        group_writes.create_acct_billing_group,
    ),
    "update_acct_billing_group_m": (
        _NUMBER
        + _GROUP
        + _SUMMARY
        + _prefixed("stmt_")
        + inputs("new_client_billing_group_id billing_group_name billing_group_description")
        + _PAID_BY
        + inputs("notify_method:int billing_group_directive:int"),
        group_writes.update_acct_billing_group,
    ),
    "create_acct_dunning_group_m": (
        _ACCT + _SUMMARY + _DUNNING + inputs("client_dunning_group_id"),
        group_writes.create_acct_dunning_group,
    ),
    "update_acct_dunning_group_m": (
        _ACCT
        + _SUMMARY
        + inputs("dunning_group_no:int client_dunning_group_id new_client_dunning_group_id")
        + _DUNNING
        + inputs("dunning_group_directive:int"),
        group_writes.update_acct_dunning_group,
    ),
    "update_payment_method_m": (
        _NUMBER
        + _METHOD
        + METHOD_INPUTS
        + inputs("new_client_payment_method_id disabled_ind:ind do_collect:flag"),
        group_writes.update_payment_method,
    ),
    "remove_acct_payment_method_m": (_NUMBER + _METHOD, group_writes.remove_acct_payment_method),
    "apply_coupon_to_acct_m": (
        _ACCT + _MASTER + inputs("coupon_code*"),
        group_writes.apply_coupon_to_acct,
    ),
    "delete_acct_coupon_m": (_ACCT + inputs("coupon_cd*"), group_writes.delete_acct_coupon),
}

_INSTANCES = {
    "assign_acct_plan_m": (_ASSIGN, instance_calls.assign_acct_plan),
    "update_acct_plan_m": (_UPDATE, instance_calls.update_acct_plan),
    "replace_acct_plan_m": (_REPLACE, instance_calls.replace_acct_plan),
    "cancel_acct_plan_m": (
        _NUMBER + _INSTANCE + _WHEN + _PREVIEW,
        instance_calls.cancel_acct_plan,
    ),
    "update_acct_plan_multi_m": (_MULTI, multi_calls.update_acct_plan_multi),
    "update_acct_plan_status_m": (
        _ACCT
        + _INSTANCE
        + inputs("status_cd:int* queue_date:date queue_days:int dunning_state:int comments"),
        instance_calls.update_acct_plan_status,
    ),
    "modify_acct_plan_unit_instances_m": (
        _ACCT
        + _PREVIEW
        + inputs(
            "plan_inst_no:int client_plan_inst_id new_plan_units:num assignment_directive:int",
            remove_plan_units=inputs("plan_unit_inst_no:int client_plan_unit_inst_id"),
            new_client_plan_unit_inst=inputs("new_client_plan_unit_inst_id"),
        ),
        instance_calls.modify_acct_plan_unit_instances,
    ),
    "edit_acct_plan_queued_changes_m": (
        _ACCT
        + _PREVIEW
        + inputs(
            edit_queued_changes=inputs(
                "queue_id:int* queue_edit_directive:int* new_effective_date:date"
            )
        ),
        instance_calls.edit_acct_plan_queued_changes,
    ),
    "assign_custom_acct_plan_rates_m": (
        _NUMBER
        + _INSTANCE
        + inputs(
            "service_no:int client_service_id plan_queue_id:int",
            custom_acct_rates=inputs("rate_seq_no:int from_unit:num to_unit:num rate_per_unit:num"),
        ),
        custom_rates.assign_custom_acct_plan_rates,
    ),
    "remove_acct_plan_custom_rates_m": (
        _NUMBER + _INSTANCE,
        custom_rates.remove_acct_plan_custom_rates,
    ),
    "create_instance_contract_m": (
        _ACCT + _CONTRACT + ROLLOVERS,
        agreement_calls.create_instance_contract,
    ),
    "modify_instance_contract_m": (
        _ACCT + _CHANGE_CONTRACT,
        agreement_calls.modify_instance_contract,
    ),
    "cancel_instance_contract_m": (
        _ACCT + _CHANGE_CONTRACT,
        agreement_calls.cancel_instance_contract,
    ),
    "create_acct_universal_contract_m": (
        _NUMBER + _CONTRACT,
        agreement_calls.create_acct_universal_contract,
    ),
    "modify_acct_universal_contract_m": (
        _ACCT + _CHANGE_CONTRACT,
        agreement_calls.modify_acct_universal_contract,
    ),
    "cancel_acct_universal_contract_m": (
        _ACCT + _CHANGE_CONTRACT,
        agreement_calls.cancel_acct_universal_contract,
    ),
    "create_order_m": (
        _ACCT
        + _INSTANCE
        + _PREVIEW
        + inputs(
            "client_order_id bill_immediately:int order_comments statement_message nso_po_num",
            "fulfilled_date coupon_cd",
            order_line_items=inputs(
                "client_sku units:num amount:num unit_discount_amount:num line_comments"
            ),
        ),
        agreement_calls.create_order,
    ),
    "update_order_m": (
        _PREVIEW
        + inputs("account_no:int client_acct_id order_no:int* bill_immediately:int")
        + inputs("fulfilled_date"),
        agreement_calls.update_order,
    ),
    "cancel_order_m": (_NUMBER + inputs("order_no:int*"), agreement_calls.cancel_order),
}

_MONEY = {
    "record_external_payment_m": (
        _ACCT
        + inputs(
            "reference_code* payment_amount:num* payment_received_date:date comments",
            "payment_application_method:int",
            invoice_no=_INVOICES,
            specific_charge_transaction_id=_CHARGE,
            specific_master_plan_instances_list=_MASTER,
        ),
        money_calls.record_external_payment,
    ),
    "collect_from_account_m": (
        _ACCT
        + inputs(
            "amount_to_collect:num payment_method_no:int client_payment_method_id",
            "payment_application_method:int",
            specific_invoices_list=_INVOICES,
            specific_charge_transaction_id=_CHARGE,
            specific_master_plan_instances_list=_MASTER,
        ),
        money_calls.collect_from_account,
    ),
    "apply_cash_credit_m": (
        _NUMBER
        + inputs(
            "credit_reason_cd:int* credit_amount:num comments",
            specific_invoices=inputs("invoice_no:int invoice_credit_amount:num"),
            specific_transactions=inputs("transaction_id:int trans_credit_amount:num"),
        ),
        money_calls.apply_cash_credit,
    ),
    "apply_service_credit_m": (
        _ACCT + _MASTER + inputs("credit_amount:num* credit_reason_code:int* comments"),
        money_calls.apply_service_credit,
    ),
    "create_cm_m": (
        _ACCT
        + _PREVIEW
        + inputs(
            "cm_comments* cm_reason_cd:int orig_invoice_no:int credit_ref_type:int",
            "customer_facing_comments",
            cm_line_items=inputs(
                "line_no:int cm_line_amount:num* service_no:int master_plan_instance_no:int"
            ),
        ),
        money_calls.create_cm,
    ),
    "issue_refund_to_acct_m": (
        _ACCT
        + _PREVIEW
        + inputs(
            "payment_transaction_id:int* reason_code:int* total_refund_amount:num comments",
            "refund_check_number auto_calc_refund:flag",
            invoice_trans_to_reverse=inputs(
                "invoice_no:int invoice_line_no:int invoice_line_reversing_amount:num"
            ),
        ),
        money_calls.issue_refund_to_acct,
    ),
    "create_writeoff_or_dispute_m": (
        _ACCT
        + inputs("invoice_no:int* reason_code:int* comments* do_dispute:int writeoff_date:date"),
        money_calls.create_writeoff_or_dispute,
    ),
    "void_transaction_m": (
        inputs("account_no:int client_acct_id transaction_id:int* comments* reason_code:int*"),
        money_calls.void_transaction,
    ),
    "void_invoice_m": (
        inputs("invoice_no:int* reason_code:int* comments"),
        money_calls.void_invoice,
    ),
    "reinstate_transaction_m": (
        inputs("account_no:int* transaction_id:int* comments"),
        money_calls.reinstate_transaction,
    ),
    "transfer_account_balance_m": (
        inputs("source_account_no:int* target_account_no:int*"),
        money_calls.transfer_account_balance,
    ),
    "gen_invoice_m": (
        _ACCT
        + _MASTER
        + _GROUP
        + inputs("force_pending:flag alt_bill_day:int invoice_mode:int combine_invoices:int"),
        money_calls.gen_invoice,
    ),
    "manage_pending_invoice_m": (
        _ACCT
        + _MASTER
        + inputs("invoice_no:int action_directive:int custom_status_label client_notes")
        + inputs("alt_collect_on_approve:flag"),
        money_calls.manage_pending_invoice,
    ),
}

_USAGE = inputs(
    "acct_no:int userid client_acct_id usage_type:int usage_type_code usage_units:num*",
    "usage_date:datetime client_record_id amt:num rate:num qualifier_1 qualifier_2 qualifier_3",
    "qualifier_4 comments exclude_from_billing:flag",
)
_USAGES = {
    "record_usage_m": (_USAGE + _INSTANCE + _MASTER, usage_calls.record_usage),
    "bulk_record_usage_m": (
        inputs(usage_recs=_USAGE + _INSTANCE + _MASTER),
        usage_calls.bulk_record_usage,
    ),
}

WRITES = tuple(
    Call(name, Api.CORE, specs, answer, writes=True, cached=False)
    for calls in (_ACCOUNTS, _INSTANCES, _MONEY, _USAGES)
    for name, (specs, answer) in calls.items()
)
