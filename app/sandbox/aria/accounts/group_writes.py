"""Calls that change billing groups, payment methods, dunning groups, coupons (aria.md §2.4)."""

from app.sandbox.aria.accounts.account_writes import (
    MASTER_CHANGED,
    NOTIFY_METHODS,
    change_contact,
    contact_values,
)
from app.sandbox.aria.accounts.collecting import collect
from app.sandbox.aria.accounts.group_reads import BILLING_GROUP, DUNNING_GROUP
from app.sandbox.aria.accounts.ledger import Books
from app.sandbox.aria.accounts.lookups import MASTER, books, instance, part, the_instance
from app.sandbox.aria.accounts.payment_methods import (
    PAYMENT_ADDED,
    PAYMENT_CHANGED,
    add_method,
    change_method,
)
from app.sandbox.aria.accounts.setup import (
    DUNNING_PROCESSES,
    TERMS,
    add_billing_group,
    add_dunning_group,
)
from app.sandbox.aria.context import Answer, Context
from app.sandbox.aria.errors import AriaError, Code, invalid, missing, not_found
from app.sandbox.aria.events.catalog import financial_event
from app.sandbox.aria.inputs import Inputs
from app.sandbox.aria.tables import Row

METHOD = ("payment_method_no", "client_payment_method_id")
PRIMARY = ("primary_payment_method_no", "client_primary_payment_method_id")
_TERMS = ("payment_terms_no", "client_payment_term_id")
NET_30 = 4  # payment_terms_no where none is named
_OWN_METHOD = ("pay_method_type", "cc_num", "bill_agreement_id", "iban", "bank_acct_num")


def create_acct_billing_group(context: Context, sent: Inputs) -> Answer:
    """Answer create_acct_billing_group_m: with a stored method, with one of the request, or terms.

    Raises:
        AriaError: 1015 for a taken id, 4006 for Methods where there is no such method.
    """
    own = books(context, sent)
    client_id = sent.get("client_billing_group_id", "")
    if client_id and own.account.find("billing_group", "client_billing_group_id", client_id):
        raise AriaError(Code.DUPLICATE, "duplicate record: client_billing_group_id already exists")
    contact = {**own.account.row, **contact_values(sent, "stmt_")}
    about = _described(sent)
    if any(name in sent for name in _OWN_METHOD):
        method = add_method(own, sent, sent.get("client_payment_method_id", ""))
        about |= _paid_by(own, {"primary_payment_method_no": method["payment_method_no"]})
        context.work.note(PAYMENT_ADDED, own.account)
    else:
        about |= _paid_by(own, sent) or _paid_by(own, {"payment_option": "Terms"})
    terms = about["payment_option"] == "Terms"
    number = add_billing_group(own, contact, client_id, terms=terms, **about)
    group = own.account.rows("billing_group")[-1]
    _set_instances(own, sent, "billing_group_no", number)
    context.work.note(MASTER_CHANGED, own.account)
    return _group_answer(own, group)


def _described(sent: Inputs) -> Row:
    names = ("billing_group_name", "billing_group_description", "notify_method")
    if sent.get("notify_method", 0) not in NOTIFY_METHODS:
        raise AriaError(Code.BAD_NOTIFY_METHOD, f"invalid notify_method: {sent['notify_method']}")
    return {name: sent[name] for name in names if name in sent}


def _paid_by(own: Books, sent: Inputs) -> Row:
    """Return how a billing group is paid, as a request says it; {} when it does not.

    Raises:
        AriaError: 4006 for a payment method, 1016 for terms or an option that there are not.
    """
    option = sent.get("payment_option")
    if option not in {None, "Methods", "Terms"}:
        raise invalid("payment_option", "is neither Methods nor Terms")
    by_method = any(name in sent for name in PRIMARY)
    if option == "Methods" or (by_method and option is None):
        named = {"primary_payment_method_no": 1} | {n: sent[n] for n in PRIMARY if n in sent}
        if PRIMARY[0] not in sent and PRIMARY[1] in sent:
            del named[PRIMARY[0]]
        renamed = {
            new: named[old] for old, new in zip(PRIMARY, METHOD, strict=True) if old in named
        }
        try:
            method = part(own.account, "payment_method", renamed, METHOD) or {}
        except AriaError as error:
            raise AriaError(Code.BAD_PAYMENT_METHOD, "invalid payment method") from error
        number = method["payment_method_no"]
        found: Row = {"payment_option": "Methods", "primary_payment_method_no": number}
        return {**found, "payment_terms_no": None}
    if option is None and not any(name in sent for name in _TERMS):
        return {}
    found = {"payment_option": "Terms", "primary_payment_method_no": None}
    return {**found, "payment_terms_no": _terms_no(sent)}


def _terms_no(sent: Inputs) -> int:
    by_name = {client_id: number for number, (_, client_id) in TERMS.items()}
    name = sent.get("client_payment_term_id")
    number = sent.get("payment_terms_no", NET_30 if name is None else by_name.get(name))
    if number not in TERMS:
        raise invalid(" or ".join(_TERMS), "there are no such terms")
    return int(number)


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
    group = change_group(context, own, sent)
    _set_instances(own, sent, "billing_group_no", group["billing_group_no"])
    context.work.note(MASTER_CHANGED, own.account)
    return _group_answer(own, group)


def change_group(context: Context, own: Books, sent: Inputs) -> Row:
    """Change a billing group, its statement contact and how it is paid; return its row.

    Raises:
        AriaError: 26010 when no group is named, 4006 for a method that there is not.
    """
    group = part(own.account, "billing_group", sent, BILLING_GROUP)
    if group is None:
        raise AriaError(Code.BAD_BILLING_GROUP, "invalid billing group")
    values = {**_described(sent), **_paid_by(own, sent)}
    if "new_client_billing_group_id" in sent:
        values["client_billing_group_id"] = sent["new_client_billing_group_id"]
    group = own.account.change("billing_group", group, **values)
    contact = contact_values(sent, "stmt_")
    row = own.account.find("contact", "contact_no", group["stmt_contact_no"])
    if contact and row is not None:
        change_contact(context, own, row, contact)
    return group


def _set_instances(own: Books, sent: Inputs, column: str, number: int) -> None:
    for wish in sent.get("master_plans_summary", ()):
        master = the_instance(own.account, wish)
        own.account.change("plan_instance", master, **{column: number})


def dunning_process(sent: Inputs) -> int | None:
    """Return the dunning process that a request names, or None.

    Raises:
        AriaError: 1013 for one that there is not.
    """
    by_name = {name: number for number, name in DUNNING_PROCESSES.items()}
    name = sent.get("client_dunning_process_id")
    if name is None and "dunning_process_no" not in sent:
        return None
    number = sent.get("dunning_process_no", by_name.get(name or ""))
    if number not in DUNNING_PROCESSES:
        raise not_found("dunning_process_no or client_dunning_process_id")
    return int(number)


def create_acct_dunning_group(context: Context, sent: Inputs) -> Answer:
    """Answer create_acct_dunning_group_m: nothing but the error pair comes back."""
    own = books(context, sent)
    client_id = sent.get("client_dunning_group_id", "")
    if client_id and own.account.find("dunning_group", "client_dunning_group_id", client_id):
        raise AriaError(Code.DUPLICATE, "duplicate record: client_dunning_group_id already exists")
    number = add_dunning_group(own, client_id, dunning_process(sent) or 1)
    named = (
        {"dunning_group_name": sent["dunning_group_name"]} if "dunning_group_name" in sent else {}
    )
    own.account.change("dunning_group", own.account.rows("dunning_group")[-1], **named)
    _set_instances(own, sent, "dunning_group_no", number)
    context.work.note(MASTER_CHANGED, own.account)
    return {}


def update_acct_dunning_group(context: Context, sent: Inputs) -> Answer:
    """Answer update_acct_dunning_group_m."""
    own = books(context, sent)
    group = part(own.account, "dunning_group", sent, DUNNING_GROUP)
    if group is None:
        raise missing(" or ".join(DUNNING_GROUP))
    values = {n: sent[n] for n in ("dunning_group_name",) if n in sent}
    process = dunning_process(sent)
    if process is not None:
        values["dunning_process_no"] = process
        values["client_dunning_process_id"] = DUNNING_PROCESSES[process]
    if "new_client_dunning_group_id" in sent:
        values["client_dunning_group_id"] = sent["new_client_dunning_group_id"]
    own.account.change("dunning_group", group, **values)
    _set_instances(own, sent, "dunning_group_no", group["dunning_group_no"])
    context.work.note(MASTER_CHANGED, own.account)
    return {}


def update_payment_method(context: Context, sent: Inputs) -> Answer:
    """Answer update_payment_method_m; do_collect "true" charges it for what is open."""
    own = books(context, sent)
    held = own.account
    method = part(held, "payment_method", sent, METHOD) if _names_one(own, sent) else None
    event = PAYMENT_CHANGED if method else PAYMENT_ADDED
    if method is None:
        method = add_method(own, sent, sent.get("client_payment_method_id", ""))
    method = change_method(context, own, method, sent)
    if "new_client_payment_method_id" in sent:
        client_id = sent["new_client_payment_method_id"]
        method = held.change("payment_method", method, client_payment_method_id=client_id)
    context.work.note(event, held)
    return {
        "seq_no": method["payment_method_no"],
        "bill_contact_no_2": method["bill_contact_no"],
        "collection_info": _collected(context, own, method) if sent.get("do_collect") else [],
    }


def _collected(context: Context, own: Books, method: Row) -> list[Row]:
    """Charge the groups that a payment method is the first of, one payment a group."""
    found = []
    number = method["payment_method_no"]
    for group in own.account.where("billing_group", "primary_payment_method_no", number):
        outcome, payment = collect(own, group)
        if payment is not None:
            event = financial_event(payment["transaction_type"])
            context.work.note(event, own.account, transaction_id=payment["transaction_id"])
        names = {"bill_group_no": group["billing_group_no"]}
        found.append({**outcome, **names, "client_bill_group_id": group["client_billing_group_id"]})
    return found


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
    context.work.note(PAYMENT_CHANGED, own.account)
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
