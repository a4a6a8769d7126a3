"""Records of Object Query as its calls print them (aria.md §2.11)."""

from app.sandbox.aria.accounts.account import Account
from app.sandbox.aria.accounts.account_groups import COLLECTION_UPDATE, FUNCTIONAL, groups_of
from app.sandbox.aria.accounts.instance_rows import (
    coupons_of,
    instance_fields,
    product_fields,
    status_label,
)
from app.sandbox.aria.accounts.invoicing import TAX
from app.sandbox.aria.accounts.ledger import PAYMENTS, balance, is_charge, open_amount
from app.sandbox.aria.accounts.lookups import names_of
from app.sandbox.aria.accounts.money_acts import reason
from app.sandbox.aria.accounts.rates import ZERO
from app.sandbox.aria.accounts.setup import CONTACT_FIELDS
from app.sandbox.aria.context import Context
from app.sandbox.aria.tables import Row


def _who(held: Account) -> Row:
    row = held.row
    return {"acct_no": held.no, "user_id": row["userid"], "client_acct_id": row["client_acct_id"]}


def show_account(context: Context, held: Account, row: Row) -> Row:
    """Return an account with its groups and plan instances; several numbers are text."""
    contact = {name: row[name] for name in CONTACT_FIELDS if name != "middle_initial"}
    senior = None if row["senior_acct_no"] is None else context.work.read(row["senior_acct_no"])
    unapplied = (
        open_amount(x) for x in held.rows("transaction") if x["transaction_type"] in PAYMENTS
    )
    return {
        **_who(held),
        **contact,
        "mi": row["middle_initial"],
        "state_prov_cd": row["state_prov"],
        "status_cd": str(row["status_cd"]),
        "notify_method": row["notify_method"],
        "senior_acct_no": row["senior_acct_no"],
        "senior_acct_user_id": senior.row["userid"] if senior else "",
        "senior_client_acct_id": senior.row["client_acct_id"] if senior else "",
        "test_acct_ind": row["test_acct_ind"],
        "taxpayer_id": row["taxpayer_id"],
        "acct_start_date": row["acct_start_date"],
        "functional_acct_groups": groups_of(held, FUNCTIONAL),
        "collection_acct_groups": groups_of(held, COLLECTION_UPDATE),
        "acct_supp_fields": [
            {
                "acct_supp_field_name": one["supp_field_name"],
                "acct_supp_field_value": one["supp_field_value"],
            }
            for one in held.rows("acct_supp_field")
        ],
        "acct_currency": row["acct_currency"],
        "acct_balance": str(balance(held)),
        "unapplied_payment_summary": sum(unapplied, ZERO),
        "billing_groups": [_group(held, group) for group in held.rows("billing_group")],
        "master_plan_instances": [
            _master(held, one) for one in held.where("plan_instance", "supp_plan_ind", 0)
        ],
        "consumer_acct_ind": str(row["consumer_acct_ind"]),
        "po_num": row["po_num"],
    }


def _group(held: Account, group: Row) -> Row:
    number = group["primary_payment_method_no"]
    method = held.find("payment_method", "payment_method_no", number) or {}
    return {
        "billing_group_no": str(group["billing_group_no"]),
        "billing_group_name": group["billing_group_name"],
        "billing_group_description": group["billing_group_description"],
        "client_billing_group_id": group["client_billing_group_id"],
        "primary_pay_method": method.get("pay_method_type"),
        "primary_pay_method_name": method.get("pay_method_name", ""),
    }


def _master(held: Account, row: Row) -> Row:
    dunning = held.find("dunning_group", "dunning_group_no", row["dunning_group_no"]) or {}
    number = row["plan_instance_no"]
    names = ("client_dunning_group_id", "dunning_group_name", "dunning_group_description")
    return {
        "master_plan_instance_id": str(number),
        "client_master_plan_instance_id": row["client_plan_instance_id"],
        "client_master_plan_id": row["client_plan_id"],
        "master_plan_no": str(row["plan_no"]),
        "dunning_group_no": row["dunning_group_no"],
        **{name: dunning.get(name, "") for name in names},
        "dunning_process_no": dunning.get("dunning_process_no"),
        "po_num": row["po_num"],
        "supp_plans": [
            _supplemental(held, one)
            for one in held.where("plan_instance", "master_plan_instance_no", number)
            if one["supp_plan_ind"]
        ],
        "coupon_cd": [{"coupon_cd": code} for code in coupons_of(held, number)],
        "master_plan_plan_inst_fields": _fields(held, row),
    }


def _supplemental(held: Account, row: Row) -> Row:
    number, name = names_of(held, row["parent_plan_instance_no"])
    return {
        "supp_plan_instance_no": str(row["plan_instance_no"]),
        "client_supp_plan_instance_id": row["client_plan_instance_id"],
        "client_supp_plan_id": row["client_plan_id"],
        "supp_plan_no": str(row["plan_no"]),
        "supp_plan_instance_status": status_label(row["status_cd"]),
        "parent_plan_instance_no": str(number),
        "client_parent_plan_instance_id": name,
        "po_num": row["po_num"],
        "supp_plan_plan_inst_fields": _fields(held, row),
    }


def _fields(held: Account, row: Row) -> list[Row]:
    return [
        {
            "plan_instance_field_name": one["field_name"],
            "plan_instance_field_value": one["field_value"],
        }
        for one in instance_fields(held, row)
    ]


def show_instance(context: Context, held: Account, row: Row) -> Row:
    """Return a plan instance."""
    group = held.find("billing_group", "billing_group_no", row["billing_group_no"]) or {}
    names = ("plan_no", "client_plan_id", "plan_name", "last_bill_date", "next_bill_date")
    return {
        **_who(held),
        "plan_instance_no": str(row["plan_instance_no"]),
        "client_plan_instance_id": row["client_plan_instance_id"],
        "product_fields": [
            {
                "product_field_name": one["field_name"],
                "product_field_value": one["field_value"],
            }
            for one in product_fields(context.tables, row["plan_no"])
        ],
        **{name: row[name] for name in names},
        "plan_units": int(row["plan_units"]),
        "bill_thru_date": row["bill_thru_date"],
        "status_cd": str(row["status_cd"]),
        "status_date": row["status_date"],
        "schedule_no": str(row["schedule_no"]),
        "master_plan_instance_balance": balance(held, row["plan_instance_no"]),
        "billing_group_no": row["billing_group_no"],
        "client_billing_group_id": group.get("client_billing_group_id", ""),
        "dunning_group_no": row["dunning_group_no"],
        "responsibility_level_cd": row["resp_level_cd"],
        "responsible_plan_instance_no": row["resp_plan_instance_no"],
    }


_INVOICE = (
    "invoice_no",
    "amount",
    "bill_date",
    "due_date",
    "paid_date",
    "from_date",
    "to_date",
    "currency_cd",
    "balance_forward",
    "last_updated",
    "voiding_event_no",
    "custom_status_label",
    "client_notes",
    "billing_group_no",
)


def show_invoice(context: Context, held: Account, row: Row) -> Row:
    """Return an invoice with its lines."""
    del context
    return {
        **_who(held),
        **{name: row[name] for name in _INVOICE},
        "statement_balance_forward": row["balance_forward"],
        "total_due": row["balance_forward"] + row["amount"],
        "aria_statement_no": row["statement_no"],
        "acct_statement_seq_str": row["seq_statement_id"],
        "invoice_type_cd": row["invoice_type_cd"],
        "invoice_line_m": [_line(held, line, "invoice_line_tax_m") for line in _lines(held, row)],
    }


_LINE = (
    "amount",
    "plan_name",
    "plan_no",
    "service_name",
    "service_no",
    "client_sku",
    "order_no",
    "item_no",
    "rate_schedule_no",
    "po_num",
    "proration_factor",
)


def _lines(held: Account, row: Row) -> list[Row]:
    return held.where("invoice_line", "invoice_no", row["invoice_no"])


def _line(held: Account, line: Row, taxes: str) -> Row:
    tax = line["line_type"] == TAX
    detail = {"tax_id": line["line_no"], "amount": line["amount"], "description": "Sales tax"}
    number, name = names_of(held, line["master_plan_instance_no"])
    return {
        "line_item_no": line["line_no"],
        **{column: line[column] for column in _LINE},
        "comments": line["description"],
        "usage_units": line["units"],
        "usage_rate": line["rate_per_unit"],
        "usage_type_no": line["usage_type_no"],
        "start_date": line["date_range_start"],
        "end_date": line["date_range_end"],
        "master_plan_instance_id": number,
        "client_master_plan_instance_id": name,
        taxes: [detail] if tax else [],
    }


def show_whole_invoice(context: Context, held: Account, row: Row) -> Row:
    """Return an invoice with its lines and more of its header."""
    found = show_invoice(context, held, row)
    del found["invoice_line_m"], found["invoice_type_cd"]
    group = held.find("billing_group", "billing_group_no", row["billing_group_no"]) or {}
    lines = [
        {
            **_line(held, line, "all_invoice_line_tax_m"),
            "description": line["description"],
            "line_type": line["line_type"],
            "plan_instance_no": line["plan_instance_no"],
            "client_plan_instance_id": names_of(held, line["plan_instance_no"])[1],
        }
        for line in _lines(held, row)
    ]
    return {
        **found,
        "invoice_type": row["invoice_type_cd"],
        "usage_bill_from_date": row["usage_bill_from"],
        "usage_bill_thru_date": row["usage_bill_thru"],
        "client_billing_group_id": group.get("client_billing_group_id", ""),
        "all_invoice_line_m": lines,
    }


def show_invoice_summary(context: Context, held: Account, row: Row) -> Row:
    """Return an invoice without lines."""
    del context
    names = ("balance_forward", "last_updated", "paid_date", "bill_date", "due_date")
    return {
        "acct_no": held.no,
        "client_acct_id": held.row["client_acct_id"],
        **{name: row[name] for name in names},
        "aria_statement_no": row["statement_no"],
        "invoice_type_cd": row["invoice_type_cd"],
    }


def show_transaction(context: Context, held: Account, row: Row) -> Row:
    """Return a transaction with those applied to it."""
    del context
    number = row["transaction_id"]
    related = [
        {**_money(held, other), "related_amount": use["amount"]}
        for use in held.rows("payment_application")
        if number in {use["payment_transaction_id"], use["charge_transaction_id"]}
        for other in held.rows("transaction")
        if other["transaction_id"] != number
        and other["transaction_id"] in {use["payment_transaction_id"], use["charge_transaction_id"]}
    ]
    return {**_who(held), **_money(held, row), "related_transaction": related}


def _money(held: Account, row: Row) -> Row:
    return {
        "aria_event_no": row["transaction_id"],
        "transaction_date": row["transaction_create_date"],
        "transaction_type": row["transaction_desc"],
        "transaction_type_no": row["transaction_type"],
        "is_charge_type": int(is_charge(row["transaction_type"])),
        "type_specific_id": row["transaction_source_id"],
        "acct_no": held.no,
        "amount": row["transaction_amount"],
        "currency_cd": row["transaction_currency"],
        "aria_statement_no": row["statement_no"],
        "total_amount_applied": row["transaction_applied_amount"],
        "update_date": row["update_date"],
        "void_date": row["transaction_void_date"],
        "fully_applied_date": None if open_amount(row) else row["update_date"],
        "master_plan_instance_no": row["master_plan_instance_no"],
    }


def show_payment(context: Context, held: Account, row: Row) -> Row:
    """Return a payment."""
    del context
    booked = held.find("transaction", "transaction_id", row["transaction_id"]) or {}
    return {
        "payment_id": row["transaction_id"],
        "processor_payment_id": row["proc_payment_id"],
        "acct_no": held.no,
        "user_id": held.row["userid"],
        "currency_cd": held.row["acct_currency"],
        "payment_date": row["payment_timestamp"][:10],
        "amount": booked.get("transaction_amount"),
        "collection_status_cd": "",
        "collection_status_text": "",
        "method": row["payment_source"],
        "reference_num": row["reference"],
        "last_updated": booked.get("update_date"),
        "voiding_event_no": booked.get("voiding_event_no"),
    }


def show_order(context: Context, held: Account, row: Row) -> Row:
    """Return an order with its items."""
    del context
    return {
        "order_no": row["order_no"],
        "acct_no": held.no,
        "user_id": held.row["userid"],
        "invoice_no": "" if row["invoice_no"] is None else str(row["invoice_no"]),
        "create_date": row["create_date"],
        "amount": row["amount"],
        "currency_cd": row["currency_cd"],
        "last_updated": row["last_updated"],
        "order_status": row["status_label"],
        "po_num": row["po_num"],
        "order_item": [
            {
                "sku": item["client_sku"],
                "description": item["label"],
                "units": item["units"],
                "unit_price": item["unit_amount"],
                "subtotal": item["line_amount"],
            }
            for item in held.where("order_item", "order_no", row["order_no"])
        ],
    }


def show_refund(context: Context, held: Account, row: Row) -> Row:
    """Return a refund."""
    del context
    return {
        "aria_event_no": row["transaction_id"],
        "acct_no": held.no,
        "user_id": held.row["userid"],
        "refund_amount": row["refund_amount"],
        "create_date": row["create_date"],
        "create_user": "api",
        "refund_reason_code": row["reason_code"],
        "refund_reason_label": reason(row["reason_code"]),
        "currency_cd": held.row["acct_currency"],
        "ref_payment_event_no": row["ref_payment_transaction_id"],
        "ref_payment_transaction_type": row["ref_payment_transaction_type"],
        "ref_payment_amount": row["ref_payment_amount"],
        "refund_transaction_type": row["transaction_type"],
        "refund_check_num": row["refund_check_num"],
        "refund_is_voided_ind": row["is_voided_ind"],
    }


def show_coupon(context: Context, held: Account, row: Row) -> Row:
    """Return a coupon on a plan instance."""
    del context
    number, name = names_of(held, row["plan_instance_no"])
    return {
        **_who(held),
        "master_plan_instance_id": "" if number is None else str(number),
        "client_master_plan_instance_id": name,
        "currency_cd": held.row["acct_currency"],
        "coupon_cd": row["coupon_cd"],
        "coupon_create_date": row["create_date"],
        "coupon_status": row["status"],
        "coupon_cancel_date": None,
    }


def show_plan_history(context: Context, held: Account, row: Row) -> Row:
    """Return a change of a plan instance."""
    del context, held
    names = ("plan_name", "plan_no", "client_plan_id", "promo_cd", "rate_schedule_no")
    found: Row = {
        "plan_instance_no": row["plan_instance_no"],
        "master_plan_instance_no": row["master_plan_instance_no"],
    }
    for side in ("old", "new"):
        found |= {f"{side}_{name}": row[f"{side}_{name}"] for name in names}
        units, status = row[f"{side}_plan_units"], row[f"{side}_status_cd"]
        found[f"{side}_plan_units"] = None if units is None else int(units)
        found[f"{side}_status_cd"] = None if status is None else str(status)
        found[f"{side}_dunning_state"] = row[f"{side}_dunning_state"]
    return found


def show_status_history(context: Context, held: Account, row: Row) -> Row:
    """Return a change of status."""
    del context
    return {
        "acct_no": str(held.no),
        "user_id": held.row["userid"],
        "company_name": held.row["company_name"],
        "account_creation_date": held.row["acct_start_date"],
        "new_status": status_label(row["new_status_cd"]),
        "new_status_cd": row["new_status_cd"],
        "old_status": status_label(row["old_status_cd"]),
        "old_status_cd": row["old_status_cd"],
        "change_date": row["date_entered"],
        "comments": row["comments"],
    }


def show_usage(context: Context, held: Account, row: Row) -> Row:
    """Return a usage record."""
    del context
    return {
        **_who(held),
        "usage_type_no": row["usage_type_no"],
        "usage_type_code": row["usage_type_code"],
        "usage_date": row["usage_date"],
        "usage_units": row["units"],
        "usage_record_no": row["usage_rec_no"],
        "exclude_from_billing": row["is_excluded"],
        "qualifier_1": row["qualifier_1"],
        "qualifier_2": row["qualifier_2"],
    }
