"""Every call about accounts once, with inputs that find or change something in the data set."""

from collections.abc import Callable
from typing import Any

Row = dict[str, Any]

SHOWCASE, BUSY, CONTRACTED, PARENT, CHILD = 55010001, 55010002, 55010003, 55010004, 55010005
QUEUED, PENDING, WRITTEN_OFF, UNIVERSAL = 55010007, 55010008, 55010011, 55010012
_YEARS = {"date_range_start": "2020-01-01", "date_range_end": "2099-12-31"}
_ALL = {"include_void_transactions": "true"}

# What the first invoice, payment and so on of an account is called is filled in by `filled`.
READS: dict[str, Row] = {
    "get_acct_details_all_m": {"acct_no": SHOWCASE},
    "get_acct_hierarchy_details_m": {"acct_no": PARENT},
    "get_child_accts_m": {"parent_acct_no": PARENT},
    "get_acct_contacts_m": {"acct_no": SHOWCASE},
    "get_acct_groups_by_client_m": {},
    "get_acct_supp_fields_m": {"acct_no": SHOWCASE},
    "get_supp_field_values_m": {"acct_no": SHOWCASE, "field_name": "region"},
    "get_acct_no_from_user_id_m": {"user_id": "nwt10001"},
    "get_user_id_from_acct_no_m": {"acct_no": SHOWCASE},
    "get_acct_balance_m": {"client_acct_id": "NWT-10001"},
    "userid_exists_m": {"user_id": "nwt10001"},
    "userid_is_available_m": {"user_id": "nobody"},
    "get_all_acct_receipt_ids_m": {"acct_no": SHOWCASE},
    "get_all_actions_by_receipt_id_m": {"acct_no": SHOWCASE, "client_receipt_id": "none"},
    "get_daily_batch_status_m": {"batch_date": "2026-01-31"},
    "client_has_event_class_m": {"class_no": 1},
    "get_acct_comments_m": {"acct_no": SHOWCASE, **_YEARS},
    "get_acct_status_history_m": {"account_number": SHOWCASE},
    "get_acct_notify_method_m": {"account_no": SHOWCASE},
    "get_acct_groups_by_acct_m": {"acct_no": SHOWCASE},
    "get_acct_billing_group_details_m": {"acct_no": SHOWCASE},
    "get_acct_payment_methods_and_terms_m": {"acct_no": SHOWCASE},
    "get_acct_dunning_group_details_m": {"acct_no": SHOWCASE},
    "get_acct_plans_all_m": {
        "acct_no": SHOWCASE,
        "include_plan_services": "true",
        "include_product_fields": "true",
        "include_plan_instance_fields": "true",
        "include_surcharges": "true",
    },
    "get_acct_plans_m": {"acct_no": SHOWCASE},
    "get_acct_plan_queued_changes_m": {"acct_no": QUEUED},
    "get_acct_plan_history_m": {"acct_no": SHOWCASE},
    "get_acct_coupon_details_m": {"acct_no": CHILD},
    "get_avail_plans_for_acct_m": {"acct_no": SHOWCASE},
    "get_all_acct_contracts_m": {"acct_no": CONTRACTED},
    "get_instance_contract_m": {"acct_no": CONTRACTED},
    "get_acct_universal_contract_m": {"acct_no": UNIVERSAL},
    "get_order_m": {"acct_no": BUSY, "details_flag": 1},
    "get_order_items_m": {"order_no": "order_no of 55010002"},
    "get_acct_nso_inclusion_list_m": {"acct_no": SHOWCASE},
    "get_acct_trans_history_m": {"account_no": SHOWCASE, **_ALL},
    "get_family_trans_history_m": {"parent_acct_no": PARENT, "do_multi_level": "true", **_ALL},
    "get_extended_transaction_info_m": {
        "acct_no": SHOWCASE,
        "transaction_id": "transaction_id of 55010001",
    },
    "get_invoice_history_m": {"acct_no": SHOWCASE, "include_voided": "true"},
    "get_invoice_details_m": {"invoice_no": "invoice_no of 55010001"},
    "get_pending_invoice_no_m": {"acct_no": PENDING},
    "get_acct_statement_history_m": {"acct_no": SHOWCASE},
    "get_statement_for_invoice_m": {
        "acct_no": SHOWCASE,
        "invoice_no": "invoice_no of 55010001",
    },
    "get_statement_content_m": {
        "acct_no": SHOWCASE,
        "statement_no": "statement_no of 55010001",
    },
    "get_acct_payment_history_m": {"acct_no": SHOWCASE, "details_flag": 1},
    "get_payments_on_invoice_m": {"invoice_no": "invoice_no of 55010002"},
    "get_unapplied_payments_m": {"acct_no": SHOWCASE},
    "get_acct_credits_m": {"acct_no": SHOWCASE},
    "get_cm_list_m": {"acct_no": SHOWCASE},
    "get_cm_details_m": {"acct_no": SHOWCASE, "cm_no": "cm_no of 55010001"},
    "get_refund_details_m": {"acct_no": SHOWCASE, "include_voided": "true"},
    "get_acct_writeoff_or_disputes_m": {"acct_no": WRITTEN_OFF, "details_flag": 1},
    "get_usage_history_m": {"acct_no": SHOWCASE},
    "get_usage_summary_by_type_m": {"acct_no": SHOWCASE},
    "get_unbilled_usage_summary_m": {
        "acct_no": BUSY,
        "master_plan_instance_id": "plan_instance_no of 55010002",
        "usage_details_flag": "1",
    },
}

_MASTER = "plan_instance_no of 55010002"
_LINES = [{"client_sku": "PHONE-COM-01", "units": 1}]
WRITES: dict[str, Row] = {
    "create_acct_complete_m": {
        "acct": [
            {
                "client_acct_id": "NEW-1",
                "acct_currency": "usd",
                "first_name": "Ada",
                "country": "US",
                "supp_field": [{"supp_field_name": "region", "supp_field_value": "EMEA"}],
                "billing_group": [
                    {"client_billing_group_id": "NEW-1.BG", "payment_option": "Terms"}
                ],
                "dunning_group": [{"client_dunning_group_id": "NEW-1.DG"}],
                "master_plans_detail": [{"client_plan_id": "VOICE-CLOUD-PBX-STARTER"}],
                "contracts": [{"contract_type_no": 3, "contract_length_months": 12}],
            }
        ]
    },
    "update_acct_complete_m": {"acct_no": SHOWCASE, "company_name": "Renamed"},
    "update_contact_m": {"acct_no": SHOWCASE, "contact_ind": 4, "email": "new@example.com"},
    "update_acct_status_m": {"account_no": SHOWCASE, "status_cd": -1},
    "toggle_test_account_m": {"account_no": SHOWCASE},
    "update_acct_notify_method_m": {"account_no": SHOWCASE, "notify_method": 2},
    "modify_acct_supp_fields_m": {
        "acct_no": SHOWCASE,
        "acct_supp_fields": [{"supp_field_name": "region", "supp_field_value": "APAC"}],
    },
    "write_acct_comment_m": {"acct_no": SHOWCASE, "comment": "Synced"},
    "set_payment_responsibility_m": {"account_no": CHILD, "resp_level_cd": 1},
    "create_acct_billing_group_m": {"acct_no": SHOWCASE, "client_billing_group_id": "B2"},
    "update_acct_billing_group_m": {
        "acct_no": SHOWCASE,
        "client_billing_group_id": "NWT-10001-BG",
        "billing_group_name": "Main",
    },
    "create_acct_dunning_group_m": {"acct_no": SHOWCASE, "client_dunning_group_id": "D2"},
    "update_payment_method_m": {"acct_no": SHOWCASE, "payment_method_no": 1, "cc_expire_mm": 3},
    "apply_coupon_to_acct_m": {"acct_no": SHOWCASE, "coupon_code": "SPRING5"},
    "assign_acct_plan_m": {
        "acct_no": BUSY,
        "new_client_plan_id": "a master plan",
        "client_plan_instance_id": "X-1",
        "invoicing_option": 2,
    },
    "update_acct_plan_m": {"acct_no": BUSY, "plan_instance_no": _MASTER, "plan_units": 9},
    "cancel_acct_plan_m": {"acct_no": BUSY, "plan_instance_no": _MASTER},
    "update_acct_plan_multi_m": {
        "acct_no": BUSY,
        "plan_updates": [
            {"plan_directive": 3, "existing_plan_instance_no": _MASTER, "plan_units": 7}
        ],
    },
    "update_acct_plan_status_m": {"acct_no": BUSY, "plan_instance_no": _MASTER, "status_cd": -1},
    "edit_acct_plan_queued_changes_m": {
        "acct_no": QUEUED,
        "edit_queued_changes": [{"queue_id": "queue_id of 55010007", "queue_edit_directive": 1}],
    },
    "create_instance_contract_m": {
        "acct_no": BUSY,
        "type_no": 3,
        "contract_plan_instances": [{"plan_instance_no": _MASTER}],
    },
    "create_acct_universal_contract_m": {"acct_no": BUSY},
    "create_order_m": {"acct_no": BUSY, "plan_instance_no": _MASTER, "order_line_items": _LINES},
    "record_external_payment_m": {
        "acct_no": SHOWCASE,
        "reference_code": "R1",
        "payment_amount": 5,
    },
    "collect_from_account_m": {"acct_no": SHOWCASE, "amount_to_collect": 5},
    "apply_cash_credit_m": {"acct_no": SHOWCASE, "credit_reason_cd": 1, "credit_amount": 5},
    "apply_service_credit_m": {
        "acct_no": BUSY,
        "master_plan_instance_no": _MASTER,
        "credit_amount": 5,
        "credit_reason_code": 1,
    },
    "create_cm_m": {
        "acct_no": SHOWCASE,
        "cm_comments": "Sorry",
        "cm_line_items": [{"cm_line_amount": 2}],
    },
    "issue_refund_to_acct_m": {
        "acct_no": BUSY,
        "payment_transaction_id": "payment of 55010002",
        "reason_code": 1,
        "total_refund_amount": 1,
    },
    "void_transaction_m": {
        "account_no": BUSY,
        "transaction_id": "payment of 55010002",
        "reason_code": 3,
        "comments": "Wrong",
    },
    "void_invoice_m": {"invoice_no": "invoice_no of 55010002", "reason_code": 3},
    "gen_invoice_m": {"acct_no": BUSY},
    "manage_pending_invoice_m": {"acct_no": PENDING},
    "update_acct_supp_fields_m": {
        "account_no": SHOWCASE,
        "field_name": "region",
        "value_text": "APAC",
    },
    "update_acct_dunning_group_m": {
        "acct_no": SHOWCASE,
        "client_dunning_group_id": "NWT-10001-DG",
        "dunning_process_no": 2,
    },
    "delete_acct_coupon_m": {"acct_no": CHILD, "coupon_cd": "coupon_cd of 55010005"},
    "replace_acct_plan_m": {
        "acct_no": BUSY,
        "plan_instance_no": _MASTER,
        "new_client_plan_id": "a master plan",
    },
    "modify_acct_plan_unit_instances_m": {
        "acct_no": BUSY,
        "plan_inst_no": _MASTER,
        "new_plan_units": 4,
    },
    "remove_acct_plan_custom_rates_m": {"acct_no": BUSY, "plan_instance_no": _MASTER},
    "modify_instance_contract_m": {"acct_no": CONTRACTED, "length_months": 6},
    "cancel_instance_contract_m": {"acct_no": CONTRACTED},
    "modify_acct_universal_contract_m": {"acct_no": UNIVERSAL, "length_months": 6},
    "cancel_acct_universal_contract_m": {"acct_no": UNIVERSAL},
    "update_order_m": {"order_no": "pending order", "bill_immediately": 1},
    "cancel_order_m": {"acct_no": BUSY, "order_no": "pending order"},
    "create_writeoff_or_dispute_m": {
        "acct_no": WRITTEN_OFF,
        "invoice_no": "invoice_no of 55010011",
        "reason_code": 4,
        "comments": "Gone",
    },
    "reinstate_transaction_m": {"account_no": SHOWCASE, "transaction_id": "void transaction"},
    "transfer_account_balance_m": {
        "source_account_no": WRITTEN_OFF,
        "target_account_no": SHOWCASE,
    },
    "advance_virtual_datetime_m": {"offset_hours": 1},
    "subscribe_event_class_m": {"class_no": 2},
    "unsubscribe_event_class_m": {"class_no": 2},
    "subscribe_events_m": {"event_list": [{"event_list": 701}]},
    "unsubscribe_events_m": {"event_list": [{"event_list": 701}]},
    "set_prov_engine_m": {"on_off_indicator": "on"},
    "record_usage_m": {"acct_no": BUSY, "usage_type_code": "VOICE_NAT", "usage_units": 4},
    "bulk_record_usage_m": {
        "usage_recs": [
            {"acct_no": BUSY, "usage_type_code": "NO_SUCH", "usage_units": 1},
        ]
    },
}

QUERIES = {
    "get_account_details_m": "account_details_m",
    "get_plan_instance_information_m": "plan_instance_details",
    "get_invoice_information_m": "invoice_details_m",
    "get_all_invoice_information_m": "all_invoice_details_m",
    "get_invoice_summary_m": "invoice_summary",
    "get_transaction_information_m": "transaction_information",
    "get_payment_details_m": "payment_details",
    "get_order_details_m": "order_details",
    "get_refund_information_m": "refund_information",
    "get_coupon_history_m": "coupon_history_m",
    "get_account_plan_history_m": "account_plan_history_m",
    "get_account_status_history_m": "account_status_history",
    "get_usage_history_information_m": "usage_history_information",
    "list_transaction_types_m": "map_record",
    "list_payment_methods_m": "map_record",
    "list_payment_processors_m": "map_record",
}

_KINDS = {
    "order_no": "order",
    "transaction_id": "transaction",
    "invoice_no": "invoice",
    "statement_no": "statement",
    "plan_instance_no": "plan_instance",
    "queue_id": "queued_change",
    "cm_no": "credit_memo",
    "payment": "payment",
    "coupon_cd": "coupon_use",
}


def filled(value: Any, accounts: Any) -> Any:
    """Replace "invoice_no of 55010001" and the like by the newest of that account."""
    if isinstance(value, dict):
        return {name: filled(one, accounts) for name, one in value.items()}
    if isinstance(value, list):
        return [filled(one, accounts) for one in value]
    if not isinstance(value, str):
        return value
    if value in _FOUND:
        return _FOUND[value](accounts)
    return _of_account(value, accounts) if " of 55" in value else value


def _of_account(value: str, accounts: Any) -> Any:
    column, _, number = value.partition(" of ")
    rows = accounts.get(int(number)).rows(_KINDS[column])
    row = rows[0] if column == "plan_instance_no" else rows[-1]
    return row["transaction_id" if column == "payment" else column]


def _void(accounts: Any) -> int:
    rows = accounts.get(SHOWCASE).rows("transaction")
    return next(int(row["transaction_id"]) for row in rows if row["transaction_void_date"])


_FOUND: dict[str, Callable[[Any], Any]] = {
    "pending order": lambda held: held.get(BUSY).find("order", "status_label", "Pending")[
        "order_no"
    ],
    "void transaction": _void,
    "a master plan": lambda held: held.get(BUSY).rows("plan_instance")[0]["client_plan_id"],
}
