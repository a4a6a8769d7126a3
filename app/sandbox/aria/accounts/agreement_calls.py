"""Calls about contracts and orders: read, create, change, cancel (aria.md §2.6, §2.7)."""

from datetime import date
from decimal import Decimal

from app.sandbox.aria.accounts import money_acts
from app.sandbox.aria.accounts.account import Account
from app.sandbox.aria.accounts.account_reads import owner_of
from app.sandbox.aria.accounts.contracting import (
    CLOSED,
    IN_EFFECT,
    INSTANCE_SCOPE,
    TYPES,
    UNIVERSAL_SCOPE,
    add_contract,
    rollovers_of,
)
from app.sandbox.aria.accounts.dates import stamp
from app.sandbox.aria.accounts.instance_rows import status_label
from app.sandbox.aria.accounts.ledger import Books
from app.sandbox.aria.accounts.lookups import account, books, books_of, part, the_instance
from app.sandbox.aria.accounts.rates import ZERO
from app.sandbox.aria.accounts.setup import ENDED
from app.sandbox.aria.context import Answer, Context
from app.sandbox.aria.errors import AriaError, Code, invalid, missing, not_found
from app.sandbox.aria.inputs import Inputs
from app.sandbox.aria.tables import Row

_CONTRACT = ("contract_no", "client_contract_id")
_LOCALE = {"acct_locale_name": "US_English", "acct_locale_no_2": 1}
_LONGEST_MESSAGE = 1000
_ISO_LENGTH = 10  # of yyyy-mm-dd
_NO_LIMIT = 10**9


def get_all_acct_contracts(context: Context, sent: Inputs) -> Answer:
    """Answer get_all_acct_contracts_m: both scopes in one list."""
    held = account(context, sent)
    hidden = ENDED if sent.get("exclude_terminated_plan_inst", False) else frozenset()
    rows = [
        row
        for row in held.rows("contract")
        if sent.get("filter_status_code", row["status_code"]) == row["status_code"]
    ]
    return {
        "all_acct_contracts_m": [
            {
                **{name: row[name] for name in _SHOWN},
                "contract_plan_instance_info": [
                    one
                    for one in _instances(held, row)
                    if one["plan_instance_status_cd"] not in hidden
                ],
            }
            for row in rows
        ],
        **_LOCALE,
    }


_DATES = (
    "create_comments",
    "update_comments",
    "create_date",
    "update_date",
    "start_date",
    "end_date",
)
_SHOWN = (
    "contract_no",
    "client_contract_id",
    "contract_scope",
    "type_no",
    "length_months",
    "cancel_fee",
    *_DATES,
    "status_code",
)


def _instances(held: Account, contract: Row) -> list[Row]:
    rows = (
        held.find("plan_instance", "plan_instance_no", no) for no in contract["plan_instance_nos"]
    )
    return [
        {
            "plan_instance_no": row["plan_instance_no"],
            "plan_name": row["plan_name"],
            "client_plan_instance_id": row["client_plan_instance_id"],
            "plan_instance_status_cd": row["status_cd"],
            "plan_instance_status_label": status_label(row["status_cd"]),
            **contract["rollovers"].get(row["plan_instance_no"], {}),
        }
        for row in rows
        if row is not None
    ]


def get_instance_contract(context: Context, sent: Inputs) -> Answer:
    """Answer get_instance_contract_m: one contract over plan instances."""
    held = account(context, sent)
    row = _contract(held, sent, INSTANCE_SCOPE)
    return {
        **{name: row[name] for name in _DATES},
        "contract_plan_instance_details": _instances(held, row),
        "length_months_2": row["length_months"],
        "type_no_2": row["type_no"],
        "status_code_2": row["status_code"],
        **_LOCALE,
    }


def get_acct_universal_contract(context: Context, sent: Inputs) -> Answer:
    """Answer get_acct_universal_contract_m: the newest account-wide contract."""
    held = account(context, sent)
    rows = held.where("contract", "contract_scope", UNIVERSAL_SCOPE)
    if not rows:
        raise AriaError(Code.NO_CONTRACT, "contract does not exist")
    row = rows[-1]
    names = ("type_no", "length_months", *_DATES, "contract_no", "client_contract_id")
    return {**{name: row[name] for name in names}, "status_code_2": row["status_code"]}


def _contract(held: Account, sent: Inputs, scope: str) -> Row:
    try:
        row = part(held, "contract", sent, _CONTRACT)
    except AriaError as error:
        raise AriaError(Code.NO_CONTRACT, "contract does not exist") from error
    found = held.where("contract", "contract_scope", scope)
    row = row or (found[-1] if found else None)
    if row is None or row["contract_scope"] != scope:
        raise AriaError(Code.NO_CONTRACT, "contract does not exist")
    return row


def create_instance_contract(context: Context, sent: Inputs) -> Answer:
    """Answer create_instance_contract_m."""
    own = books(context, sent)
    wishes = sent.get("contract_plan_instances", [])
    if not wishes:
        raise missing("contract_plan_instances")
    numbers = [the_instance(own.account, wish)["plan_instance_no"] for wish in wishes]
    rates = sent.get("contract_rollover_custom_rates", [])
    rolled = rollovers_of(own, numbers, wishes, rates)
    return _created(context, own, INSTANCE_SCOPE, numbers, {**sent, "rollovers": rolled})


def create_acct_universal_contract(context: Context, sent: Inputs) -> Answer:
    """Answer create_acct_universal_contract_m."""
    own = books(context, sent)
    numbers = [row["plan_instance_no"] for row in own.account.rows("plan_instance")]
    return _created(context, own, UNIVERSAL_SCOPE, numbers, sent)


def _created(context: Context, own: Books, scope: str, numbers: list[int], sent: Inputs) -> Answer:
    client_id = sent.get("client_contract_id")
    if client_id and own.account.find("contract", "client_contract_id", client_id):
        raise AriaError(Code.DUPLICATE, "duplicate record: client_contract_id already exists")
    live = [row for row in own.account.rows("contract") if row["status_code"] == IN_EFFECT]
    if any(
        set(row["plan_instance_nos"]) & set(numbers) and row["contract_scope"] == scope
        for row in live
    ):
        raise AriaError(Code.CONTRACT_PLANS, "a plan instance is under a contract already")
    names = (
        "client_contract_id",
        "type_no",
        "length_months",
        "start_date",
        "end_date",
        "cancel_fee",
        "create_comments",
        "rollovers",
    )
    row = add_contract(own, scope, numbers, **{name: sent[name] for name in names if name in sent})
    context.work.note(_CONTRACT_CREATED, own.account)
    return {"contract_no": row["contract_no"]}


_CONTRACT_CREATED = _CONTRACT_CHANGED = 718  # contract events have names, no known numbers (§3.5)


def modify_instance_contract(context: Context, sent: Inputs) -> Answer:
    """Answer modify_instance_contract_m."""
    return _modified(context, sent, INSTANCE_SCOPE)


def modify_acct_universal_contract(context: Context, sent: Inputs) -> Answer:
    """Answer modify_acct_universal_contract_m."""
    return _modified(context, sent, UNIVERSAL_SCOPE)


def _modified(context: Context, sent: Inputs, scope: str) -> Answer:
    own = books(context, sent)
    row = _contract(own.account, sent, scope)
    if row["status_code"] in CLOSED:
        raise AriaError(Code.CONTRACT_CANCELLED, "contract is already cancelled")
    names = ("type_no", "length_months", "start_date", "end_date", "cancel_fee", "update_comments")
    values = {name: sent[name] for name in names if name in sent}
    if values.get("type_no", row["type_no"]) not in TYPES:
        raise AriaError(Code.CONTRACT_TYPE, "invalid contract type")
    first, last = {**row, **values}["start_date"], {**row, **values}["end_date"]
    if last < first:
        raise AriaError(Code.CONTRACT_DATES, "contract end date is before its start date")
    if "new_client_contract_id" in sent:
        values["client_contract_id"] = sent["new_client_contract_id"]
    if sent.get("contract_plan_instances_update"):
        wishes = sent["contract_plan_instances_update"]
        numbers = [the_instance(own.account, wish)["plan_instance_no"] for wish in wishes]
        values["plan_instance_nos"] = numbers
        told = [any(name.startswith("rollover_") for name in wish) for wish in wishes]
        rolled = rollovers_of(own, numbers, wishes, [])
        changed = {no: rolled[no] for no, tells in zip(numbers, told, strict=True) if tells}
        values["rollovers"] = {**row["rollovers"], **changed}
    own.account.change("contract", row, **values, update_date=stamp(own.now))
    context.work.note(_CONTRACT_CHANGED, own.account)
    return {}


def cancel_instance_contract(context: Context, sent: Inputs) -> Answer:
    """Answer cancel_instance_contract_m."""
    return _cancelled(context, sent, INSTANCE_SCOPE)


def cancel_acct_universal_contract(context: Context, sent: Inputs) -> Answer:
    """Answer cancel_acct_universal_contract_m."""
    return _cancelled(context, sent, UNIVERSAL_SCOPE)


def _cancelled(context: Context, sent: Inputs, scope: str) -> Answer:
    own = books(context, sent)
    row = _contract(own.account, sent, scope)
    status = sent.get("close_status", -1)
    if status not in CLOSED:
        raise AriaError(Code.BAD_CLOSE_STATUS, "invalid close status")
    if row["status_code"] in CLOSED:
        raise AriaError(Code.CONTRACT_CANCELLED, "contract is already cancelled")
    comments = sent.get("update_comments", "")
    values = {"status_code": status, "update_comments": comments, "update_date": stamp(own.now)}
    own.account.change("contract", row, **values)
    context.work.note(_CONTRACT_CHANGED, own.account)
    return {}


def get_order(context: Context, sent: Inputs) -> Answer:
    """Answer get_order_m: newest first; details_flag 1 adds the lines."""
    held = account(context, sent)
    one = part(held, "order", sent, ("order_no", "client_order_id"))
    rows = [one] if one else held.rows("order")[::-1]
    found = []
    for row in rows[: sent.get("limit_records", _NO_LIMIT)]:
        shown = {name: row[name] for name in _ORDER}
        shown["plan_instance_no_2"] = row["plan_instance_no"]
        if sent.get("details_flag", 0):
            shown["order_items"] = _items(held, row)
        found.append(shown)
    return {"orders": found}


_ORDER = (
    "order_no",
    "amount",
    "currency_cd",
    "status_label",
    "client_plan_instance_id",
    "invoice_no",
    "create_date",
    "update_date",
    "comments",
    "client_order_id",
    "transaction_id",
    "statement_message",
    "po_num",
)


def _items(held: Account, order: Row) -> list[Row]:
    names = ("line_no", "client_sku", "label", "long_desc", "units", "unit_amount", "line_amount")
    return [
        {**{name: row[name] for name in names}, "line_comments": row["line_comments"]}
        for row in held.where("order_item", "order_no", order["order_no"])
    ]


def get_order_items(context: Context, sent: Inputs) -> Answer:
    """Answer get_order_items_m: the lines of an order of any account."""
    held = owner_of(context, "order", sent["order_no"], "order_no")
    row = held.find("order", "order_no", sent["order_no"])
    if row is None:
        raise not_found("order_no")
    return {
        "order_items_list": [
            {**item, "schedule_no": None, "tier_no": None} for item in _items(held, row)
        ]
    }


def get_acct_nso_inclusion_list(context: Context, sent: Inputs) -> Answer:
    """Answer get_acct_nso_inclusion_list_m: the items not open to everybody."""
    account(context, sent)
    return {
        "acct_nso_incl_list": [
            {"item_no": row["item_no"], "purchase_scope": row["purchase_scope"]}
            for row in context.tables.all("item")
            if row["purchase_scope"]
        ]
    }


def create_order(context: Context, sent: Inputs) -> Answer:
    """Answer create_order_m; bill_immediately defaults to 1 (AUTO BILL ORDERS, aria.md §2.7)."""
    own = books(context, sent)
    master = the_instance(own.account, sent)
    client_id = sent.get("client_order_id", "")
    if client_id and own.account.find("order", "client_order_id", client_id):
        raise AriaError(Code.ORDER_ID_USED, "client_order_id was already used")
    if len(sent.get("statement_message", "")) > _LONGEST_MESSAGE:
        raise AriaError(Code.LONG_STATEMENT_MESSAGE, "statement message is too long")
    wishes = [_wish(context, own, line) for line in sent.get("order_line_items", ())]
    if not wishes:
        raise AriaError(Code.NO_LINES, "no line items provided")
    coupon = context.tables.get("coupon", sent.get("coupon_cd", ""))
    if "coupon_cd" in sent and (coupon is None or not coupon["status_ind"]):
        raise not_found("coupon_cd")
    about = {
        "comments": sent.get("order_comments", ""),
        "coupon_cd": sent.get("coupon_cd", ""),
        "statement_message": sent.get("statement_message", ""),
        "po_num": sent.get("nso_po_num", ""),
        "fulfilled_date": _fulfilled(own, sent),
    }
    row = money_acts.new_order(own, master, client_id, wishes, **about)
    context.work.note(_ORDER_ENTERED, own.account, order_no=row["order_no"])
    if sent.get("bill_immediately", 1):
        row = money_acts.bill_order(own, row)
        context.work.note(_ORDER_BILLED, own.account, order_no=row["order_no"])
    return {"order_no": row["order_no"], **_billed(own, row)}


_ORDER_ENTERED, _ORDER_BILLED, _ORDER_CANCELLED = 801, 803, 805


def _fulfilled(own: Books, sent: Inputs) -> str | None:
    """Return the day on which an order is fulfilled: 3041 for what is none, 3043 for a past one."""
    given = sent.get("fulfilled_date")
    if given is None:
        return None
    try:
        day = date.fromisoformat(given if len(given) == _ISO_LENGTH else "")
    except ValueError:
        raise AriaError(Code.BAD_FULFILLED_DATE, "invalid fulfilled_date") from None
    if day < own.now.date():
        raise AriaError(Code.PAST_FULFILLED_DATE, "fulfilled_date is in the past")
    return str(given)


def _wish(context: Context, own: Books, line: Row) -> Row:
    number = context.tables.number("item", line.get("client_sku", ""))
    item = None if number is None else context.tables.get("item", number)
    if item is None:
        raise AriaError(Code.NO_SKU, "client SKU is unknown")
    if line.get("units", ZERO) <= ZERO:
        raise AriaError(Code.NO_UNITS, "item units must be above zero")
    price = context.tables.get("item_price", number, own.account.row["acct_currency"])
    if price is None and "amount" not in line:
        raise invalid("client_sku", "has no price in the account's currency")
    if "amount" in line and item["modify_price_ind"] != "Y":
        raise invalid("amount", "the item's price cannot be changed")
    amount = line["amount"] if "amount" in line else Decimal((price or {})["price"])
    amount -= line.get("unit_discount_amount", ZERO)
    comments = line.get("line_comments", "")
    return {"item": item, "units": line["units"], "amount": amount, "comments": comments}


def _billed(own: Books, row: Row) -> Answer:
    if row["invoice_no"] is None:
        return {"invoice_no": None, "invoicing_error_code_2": 0, "invoicing_error_msg": ""}
    lines = own.account.where("invoice_line", "invoice_no", row["invoice_no"])
    tax = sum((line["amount"] for line in lines if line["tax_rate"] is not None), ZERO)
    whole = sum((line["amount"] for line in lines), ZERO)
    credit = -sum((line["amount"] for line in lines if line["amount"] < ZERO), ZERO)
    names = ("line_no", "service_no", "client_service_id")
    return {
        "invoice_no": row["invoice_no"],
        "transaction_id": row["transaction_id"],
        "invoicing_error_code_2": 0,
        "invoicing_error_msg": "OK",
        "statement_error_cd": 0,
        "statement_error_msg": "OK",
        "total_charges_before_tax": whole - tax + credit,
        "total_tax_charges": tax,
        "total_charges_after_tax": whole + credit,
        "total_credit": credit,
        "cart_invoice_line_items": [
            {
                **{name: line[name] for name in names},
                "line_units": line["units"],
                "rate_per_unit": line["rate_per_unit"],
                "line_amount": line["amount"],
            }
            for line in lines
        ],
    }


def update_order(context: Context, sent: Inputs) -> Answer:
    """Answer update_order_m: invoice a pending order, or note when it was fulfilled."""
    own, row = _held_order(context, sent)
    if "fulfilled_date" in sent:
        row = own.account.change("order", row, fulfilled_date=_fulfilled(own, sent))
    if sent.get("bill_immediately", 0):
        row = money_acts.bill_order(own, row)
        context.work.note(_ORDER_BILLED, own.account, order_no=row["order_no"])
    answer = _billed(own, row)
    kept = ("transaction_id", "invoice_no", "invoicing_error_code_2", "total_charges_after_tax")
    return {name: answer[name] for name in kept if name in answer}


def cancel_order(context: Context, sent: Inputs) -> Answer:
    """Answer cancel_order_m."""
    own, row = _held_order(context, sent)
    money_acts.cancel_order(own, row)
    context.work.note(_ORDER_CANCELLED, own.account, order_no=row["order_no"])
    return {}


def _held_order(context: Context, sent: Inputs) -> tuple[Books, Row]:
    named = {name for name in ("account_no", "acct_no", "client_acct_id") if name in sent}
    if named:
        own = books(context, sent)
    else:
        own = books_of(context, owner_of(context, "order", sent["order_no"], "order_no").no)
    row = own.account.find("order", "order_no", sent["order_no"])
    if row is None:
        raise not_found("order_no")
    return own, row
