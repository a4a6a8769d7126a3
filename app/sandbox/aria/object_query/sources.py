"""The calls of Object Query and what can be searched in each (aria.md §2.11)."""

from app.sandbox.aria.accounts.instance_rows import instance_fields
from app.sandbox.aria.accounts.ledger import balance, is_charge
from app.sandbox.aria.object_query import records
from app.sandbox.aria.object_query.paging import MOST_ACCOUNTS, Field, Source


def _of_row(column: str) -> Field:
    return lambda _, row: row[column]


def _of_account(column: str) -> Field:
    return lambda held, _: held.row[column]


_WHO: dict[str, Field] = {
    "acct_no": _of_account("acct_no"),
    "user_id": _of_account("userid"),
    "client_acct_id": _of_account("client_acct_id"),
}


def _rows(*columns: str) -> dict[str, Field]:
    return {column: _of_row(column) for column in columns}


def _each(kind: str, column: str) -> Field:
    return lambda held, _: [row[column] for row in held.rows(kind)]


def _product_field(column: str) -> Field:
    """Search the fields of the instance; a plan's own fields are the catalog's (inferred)."""
    return lambda held, row: [one[column] for one in instance_fields(held, row)]


_INVOICE_FIELDS = {
    **_WHO,
    **_rows("invoice_no", "amount", "bill_date", "due_date", "paid_date", "balance_forward"),
    **_rows("last_updated", "custom_status_label", "client_notes", "invoice_type_cd"),
    "total_due": lambda _, row: row["balance_forward"] + row["amount"],
    "aria_statement_no": _of_row("statement_no"),
    "acct_statement_seq_str": _of_row("seq_statement_id"),
}
_ACCOUNT_FIELDS = (
    "first_name",
    "last_name",
    "company_name",
    "city",
    "country_cd",
    "postal_cd",
    "senior_acct_no",
    "po_num",
    "consumer_acct_ind",
    "email",
)

SOURCES = {
    "get_account_details_m": Source(
        "account_details_m",
        "account",
        "acct_no",
        {
            **_WHO,
            **_rows(*_ACCOUNT_FIELDS),
            "acct_supp_field_name": _each("acct_supp_field", "supp_field_name"),
            "acct_supp_field_value": _each("acct_supp_field", "supp_field_value"),
            "billing_group_no": _each("billing_group", "billing_group_no"),
            "client_billing_group_id": _each("billing_group", "client_billing_group_id"),
            "client_master_plan_id": _each("plan_instance", "client_plan_id"),
            "client_supp_plan_id": _each("plan_instance", "client_plan_id"),
            "supp_plan_no": _each("plan_instance", "plan_no"),
            "bill_email": _each("contact", "email"),
            "primary_pay_method": _each("payment_method", "pay_method_type"),
        },
        records.show_account,
        MOST_ACCOUNTS,
    ),
    "get_plan_instance_information_m": Source(
        "plan_instance_details",
        "plan_instance",
        "plan_instance_no",
        {
            **_WHO,
            **_rows("plan_instance_no", "client_plan_instance_id", "plan_no", "client_plan_id"),
            **_rows("last_bill_date", "next_bill_date", "bill_thru_date", "status_cd"),
            "product_field_name": _product_field("field_name"),
            "product_field_value": _product_field("field_value"),
            "master_plan_instance_balance": lambda held, row: balance(
                held, row["plan_instance_no"]
            ),
        },
        records.show_instance,
    ),
    "get_invoice_information_m": Source(
        "invoice_details_m", "invoice", "invoice_no", _INVOICE_FIELDS, records.show_invoice
    ),
    "get_all_invoice_information_m": Source(
        "all_invoice_details_m",
        "invoice",
        "invoice_no",
        {
            **_WHO,
            **_rows("invoice_no", "client_notes"),
            "invoice_type": _of_row("invoice_type_cd"),
            "master_plan_instance_no": _of_row("master_plan_instance_no"),
            "client_master_plan_instance_id": _of_row("client_master_plan_instance_id"),
        },
        records.show_whole_invoice,
    ),
    "get_invoice_summary_m": Source(
        "invoice_summary", "invoice", "invoice_no", _INVOICE_FIELDS, records.show_invoice_summary
    ),
    "get_transaction_information_m": Source(
        "transaction_information",
        "transaction",
        "aria_event_no",
        {
            **_WHO,
            "aria_event_no": _of_row("transaction_id"),
            "transaction_date": _of_row("transaction_create_date"),
            "transaction_type_no": _of_row("transaction_type"),
            "transaction_type": _of_row("transaction_desc"),
            "is_charge_type": lambda _, row: int(is_charge(row["transaction_type"])),
        },
        records.show_transaction,
    ),
    "get_payment_details_m": Source(
        "payment_details",
        "payment",
        "payment_id",
        {
            **_WHO,
            "payment_id": _of_row("transaction_id"),
            "payment_date": lambda _, row: row["payment_timestamp"][:10],
            "last_updated": _of_row("payment_timestamp"),
            "reference_num": _of_row("reference"),
        },
        records.show_payment,
    ),
    "get_order_details_m": Source(
        "order_details",
        "order",
        "order_no",
        {**_WHO, **_rows("order_no", "create_date", "amount", "last_updated")},
        records.show_order,
    ),
    "get_refund_information_m": Source(
        "refund_information",
        "refund",
        "aria_event_no",
        {**_WHO, "aria_event_no": _of_row("transaction_id"), **_rows("create_date")},
        records.show_refund,
    ),
    "get_coupon_history_m": Source(
        "coupon_history_m",
        "coupon_use",
        "acct_no",
        {**_WHO, **_rows("coupon_cd")},
        records.show_coupon,
    ),
    "get_account_plan_history_m": Source(
        "account_plan_history_m", "plan_history", "acct_no", _WHO, records.show_plan_history
    ),
    "get_account_status_history_m": Source(
        "account_status_history", "status_history", "acct_no", _WHO, records.show_status_history
    ),
    "get_usage_history_information_m": Source(
        "usage_history_information",
        "usage",
        "usage_record_no",
        {
            **_WHO,
            **_rows("usage_type_no", "usage_type_code", "usage_date", "qualifier_1", "qualifier_2"),
            "usage_units": _of_row("units"),
            "usage_record_no": _of_row("usage_rec_no"),
            "exclude_from_billing": _of_row("is_excluded"),
        },
        records.show_usage,
    ),
}
