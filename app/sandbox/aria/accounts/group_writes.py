"""Calls that change billing groups, payment methods, dunning groups, coupons (aria.md §2.4)."""

from app.sandbox.aria.accounts.account_writes import (
    MASTER_CHANGED,
    change_contact,
    contact_values,
)
from app.sandbox.aria.accounts.group_reads import BILLING_GROUP, DUNNING_GROUP
from app.sandbox.aria.accounts.ledger import Books
from app.sandbox.aria.accounts.lookups import MASTER, books, instance, part, the_instance
from app.sandbox.aria.accounts.setup import (
    CARD,
    PAY_METHODS,
    add_billing_group,
    add_dunning_group,
    add_payment_method,
)
from app.sandbox.aria.context import Answer, Context
from app.sandbox.aria.errors import AriaError, Code, invalid, missing, not_found
from app.sandbox.aria.inputs import Inputs
from app.sandbox.aria.tables import Row

METHOD = ("payment_method_no", "client_payment_method_id")
_PAYMENT_ADDED, _PAYMENT_CHANGED = 715, 716
_ENABLED, _DISABLED = 1, 0
_SUFFIX_DIGITS = 4


def create_acct_billing_group(context: Context, sent: Inputs) -> Answer:
    """Answer create_acct_billing_group_m: Methods with a stored method, else terms."""
    own = books(context, sent)
    client_id = sent.get("client_billing_group_id", "")
    if client_id and own.account.find("billing_group", "client_billing_group_id", client_id):
        raise AriaError(Code.DUPLICATE, "duplicate record: client_billing_group_id already exists")
    contact = {**own.account.row, **contact_values(sent, "stmt_")}
    terms = _option(sent) == "Terms"
    names = ("billing_group_name", "billing_group_description", "notify_method", "payment_terms_no")
    about = {name: sent[name] for name in names if name in sent}
    number = add_billing_group(own, contact, client_id, terms=terms, **about)
    group = own.account.rows("billing_group")[-1]
    _set_instances(own, sent, "billing_group_no", number)
    context.work.note(MASTER_CHANGED, own.account)
    return _group_answer(own, group)


def _option(sent: Inputs) -> str:
    option = str(sent.get("payment_option", "Terms"))
    if option not in {"Methods", "Terms"}:
        raise invalid("payment_option", "is neither Methods nor Terms")
    return option


def _group_answer(own: Books, group: Row) -> Answer:
    return {
        "billing_group_no_2": group["billing_group_no"],
        "stmt_contact_no_2": group["stmt_contact_no"],
        "billing_contact_info": [
            {name: row[name] for name in ("payment_method_no", "bill_contact_no")}
            for row in own.account.rows("payment_method")
            if row["payment_method_no"] == group["primary_payment_method_no"]
        ],
    }


def update_acct_billing_group(context: Context, sent: Inputs) -> Answer:
    """Answer update_acct_billing_group_m: the group, its statement contact, its method."""
    own = books(context, sent)
    group = part(own.account, "billing_group", sent, BILLING_GROUP)
    if group is None:
        raise AriaError(Code.BAD_BILLING_GROUP, "invalid billing group")
    values: Row = {}
    names = ("billing_group_name", "billing_group_description", "notify_method")
    values |= {name: sent[name] for name in names if name in sent}
    if "new_client_billing_group_id" in sent:
        values["client_billing_group_id"] = sent["new_client_billing_group_id"]
    if "payment_terms_no" in sent or sent.get("payment_option") == "Terms":
        values |= {"payment_option": "Terms", "primary_payment_method_no": None}
        values["payment_terms_no"] = sent.get("payment_terms_no", 4)
    elif "primary_payment_method_no" in sent or _option(sent) == "Methods":
        number = sent.get("primary_payment_method_no", 1)
        if own.account.find("payment_method", "payment_method_no", number) is None:
            raise AriaError(Code.BAD_PAYMENT_METHOD, "invalid payment method")
        values |= {"payment_option": "Methods", "payment_terms_no": None}
        values["primary_payment_method_no"] = number
    group = own.account.change("billing_group", group, **values)
    contact = contact_values(sent, "stmt_")
    row = own.account.find("contact", "contact_no", group["stmt_contact_no"])
    if contact and row is not None:
        change_contact(context, own, row, contact)
    _set_instances(own, sent, "billing_group_no", group["billing_group_no"])
    context.work.note(MASTER_CHANGED, own.account)
    return _group_answer(own, group)


def _set_instances(own: Books, sent: Inputs, column: str, number: int) -> None:
    for wish in sent.get("master_plans_summary", ()):
        master = the_instance(own.account, wish)
        own.account.change("plan_instance", master, **{column: number})


def create_acct_dunning_group(context: Context, sent: Inputs) -> Answer:
    """Answer create_acct_dunning_group_m: nothing but the error pair comes back."""
    own = books(context, sent)
    client_id = sent.get("client_dunning_group_id", "")
    if client_id and own.account.find("dunning_group", "client_dunning_group_id", client_id):
        raise AriaError(Code.DUPLICATE, "duplicate record: client_dunning_group_id already exists")
    number = add_dunning_group(own, client_id, sent.get("dunning_process_no", 1))
    _set_instances(own, sent, "dunning_group_no", number)
    context.work.note(MASTER_CHANGED, own.account)
    return {}


def update_acct_dunning_group(context: Context, sent: Inputs) -> Answer:
    """Answer update_acct_dunning_group_m."""
    own = books(context, sent)
    group = part(own.account, "dunning_group", sent, DUNNING_GROUP)
    if group is None:
        raise missing(" or ".join(DUNNING_GROUP))
    names = ("dunning_group_name", "dunning_process_no")
    values = {name: sent[name] for name in names if name in sent}
    if "new_client_dunning_group_id" in sent:
        values["client_dunning_group_id"] = sent["new_client_dunning_group_id"]
    own.account.change("dunning_group", group, **values)
    _set_instances(own, sent, "dunning_group_no", group["dunning_group_no"])
    context.work.note(MASTER_CHANGED, own.account)
    return {}


def update_payment_method(context: Context, sent: Inputs) -> Answer:
    """Answer update_payment_method_m; of a card number only its last digits are kept."""
    own = books(context, sent)
    held = own.account
    method = part(held, "payment_method", sent, METHOD) if _names_one(own, sent) else None
    names = ("cc_expire_mm", "cc_expire_yyyy", "bill_agreement_id", "pay_method_type")
    values = {name: sent[name] for name in names if name in sent}
    if "pay_method_type" in values:
        values["pay_method_name"] = PAY_METHODS.get(values["pay_method_type"], "Other")
    if "cc_num" in sent:
        values["suffix"] = sent["cc_num"][-_SUFFIX_DIGITS:]
    if "disabled_ind" in sent:
        values["status"] = _DISABLED if sent["disabled_ind"] else _ENABLED
    if "new_client_payment_method_id" in sent:
        values["client_payment_method_id"] = sent["new_client_payment_method_id"]
    contact = contact_values(sent, "bill_")
    event = _PAYMENT_CHANGED
    if method is None:
        client_id, event = sent.get("client_payment_method_id", ""), _PAYMENT_ADDED
        kind = sent.get("pay_method_type", CARD)
        method = add_payment_method(own, {**held.row, **contact}, client_id, 0, kind)
    elif contact:
        row = held.find("contact", "contact_no", method["bill_contact_no"])
        if row is not None:
            change_contact(context, own, row, contact)
    method = held.change("payment_method", method, **values)
    context.work.note(event, held)
    return {
        "seq_no": method["payment_method_no"],
        "bill_contact_no_2": method["bill_contact_no"],
        "collection_info": [],
    }


def _names_one(own: Books, sent: Inputs) -> bool:
    name = sent.get("client_payment_method_id")
    known = own.account.find("payment_method", "client_payment_method_id", name)
    return "payment_method_no" in sent or known is not None


def remove_acct_payment_method(context: Context, sent: Inputs) -> Answer:
    """Answer remove_acct_payment_method_m; one that a billing group uses stays (1014)."""
    own = books(context, sent)
    method = part(own.account, "payment_method", sent, METHOD)
    if method is None:
        raise missing(" or ".join(METHOD))
    number = method["payment_method_no"]
    if own.account.find("billing_group", "primary_payment_method_no", number):
        raise AriaError(Code.NOT_ALLOWED, "action not allowed: a billing group uses the method")
    own.account.remove("payment_method", method)
    context.work.note(_PAYMENT_CHANGED, own.account)
    return {}


def apply_coupon_to_acct(context: Context, sent: Inputs) -> Answer:
    """Answer apply_coupon_to_acct_m: for a master instance, or for the whole account."""
    own = books(context, sent)
    coupon = context.tables.get("coupon", sent["coupon_code"])
    if coupon is None or not coupon["status_ind"]:
        raise not_found("coupon_code")
    master = instance(own.account, sent, MASTER, required=False)
    number = master["plan_instance_no"] if master else None
    key = {"coupon_cd": sent["coupon_code"], "plan_instance_no": number}
    today = own.now.date().isoformat()
    own.account.put("coupon_use", {**key, "status": "Active", "create_date": today})
    context.work.note(MASTER_CHANGED, own.account)
    return {"user_success_msg": coupon["coupon_msg"]}


def delete_acct_coupon(context: Context, sent: Inputs) -> Answer:
    """Answer delete_acct_coupon_m."""
    own = books(context, sent)
    found = own.account.where("coupon_use", "coupon_cd", sent["coupon_cd"])
    if not found:
        raise not_found("coupon_cd")
    for row in list(found):
        own.account.remove("coupon_use", row)
    context.work.note(MASTER_CHANGED, own.account)
    return {}
