"""Calls that change an account: items, contacts, fields, status, parent, flags (aria.md §2.3)."""

from typing import Any

from app.sandbox.aria.accounts.account import Account
from app.sandbox.aria.accounts.account_reads import is_ancestor, must_be_free
from app.sandbox.aria.accounts.group_reads import BILLING_GROUP
from app.sandbox.aria.accounts.ledger import Books
from app.sandbox.aria.accounts.lookups import INSTANCE, books, part, the_instance
from app.sandbox.aria.accounts.setup import (
    ACCOUNT_STATUSES,
    CONTACT_FIELDS,
    add_comment,
    add_contact,
    add_plan_history,
    add_status_history,
)
from app.sandbox.aria.context import Answer, Context
from app.sandbox.aria.errors import AriaError, Code, invalid, missing, not_found
from app.sandbox.aria.inputs import CLEAR, Inputs, inputs
from app.sandbox.aria.tables import Row

CREATED, CONTACT, CREDENTIALS, STATUS, STATUS_QUEUED = range(701, 706)
FIELD_ADDED, FIELD_CHANGED, FIELD_DELETED, PARENT, GOT_CHILD, LOST_CHILD, COMMENT = range(706, 713)
NOTIFICATION, BILLING_CONTACT, MASTER_CHANGED = 713, 717, 718
_ARCHIVED = -99
_DETACH = -999  # detaches a child from its parent (aria.md §1.3)
_ADD, _CHANGE, _DELETE = 1, 2, 3
NOTIFY_METHODS = range(18)
_LEVELS = range(1, 5)
_SELF_PAY = 1
_LARGEST_FIELD = 20  # values of one field
_EUROPE = {"DE", "GB", "FR", "ES", "IT", "NL", "BE", "AT", "CH", "SE", "NO", "DK", "FI", "IE", "PL"}
_COUNTRIES = frozenset({"US", "CA", "AU", "JP", "CN", "IN", "BR", "MX", "NZ", "SG", "PT", *_EUROPE})
_WITH_STATES = frozenset({"US", "CA", "AU"})

ITEM_INPUTS = inputs(
    "status_cd:int notify_method:int senior_acct_no:int senior_client_acct_id test_acct_ind:int",
    "new_client_acct_id(50) userid po_num taxpayer_id consumer_acct_ind:int client_acct_id(50)",
    "acct_currency invoice_approval_required:ind",
)
CONTACT_INPUTS = inputs(
    "first_name last_name mi middle_initial company_name address1 address2 address3 city locality",
    "state_prov country country_cd postal_cd phone phone_ext cell_phone work_phone work_phone_ext",
    "fax email birthdate",
)
_NAMES = {"mi": "middle_initial", "country": "country_cd", "zip": "postal_cd"}


def contact_values(sent: Inputs, prefix: str = "") -> Row:
    """Return the contact fields of a request under their stored names; "~" clears one.

    `state_prov` counts in three countries, `locality` in all others (aria.md §1.7).

    Raises:
        AriaError: 5017 for an unknown country.
    """
    found: Row = {}
    for name in (*CONTACT_FIELDS, *_NAMES):
        if prefix + name in sent:
            value = sent[prefix + name]
            found[_NAMES.get(name, name)] = "" if value == CLEAR else value
    country = found.get("country_cd")
    if country:
        if country not in _COUNTRIES:
            raise AriaError(Code.BAD_COUNTRY, f"invalid country: {country[:10]}")
        found.pop("locality" if country in _WITH_STATES else "state_prov", None)
    return found


def editable(own: Books) -> Books:
    """Return the books of an account whose items may be changed.

    Raises:
        AriaError: 5018 for an archived one; of the statuses no other is known to be uneditable.
    """
    if own.account.row["status_cd"] == _ARCHIVED:
        raise AriaError(Code.UNEDITABLE_STATUS, "the account is in an uneditable status")
    return own


def update_contact(context: Context, sent: Inputs) -> Answer:
    """Answer update_contact_m: 1 account, 2 billing, 3 backup, 4 statement (aria.md §2.3)."""
    own = editable(books(context, sent))
    kind = sent["contact_ind"]
    if kind not in _ROLES:
        raise invalid("contact_ind", "is not 1, 2, 3 or 4")
    values = contact_values(sent)
    row = contact_row(own, _ROLES[kind], sent)
    change_contact(context, own, row, values)
    return {"contact_no_2": row["contact_no"]}


_ROLES = {1: "account", 2: "billing", 3: "backup", 4: "statement"}


def contact_row(own: Books, role: str, sent: Inputs) -> Row:
    """Return the contact of an account in a role; those of groups are of the group named.

    Raises:
        AriaError: 1010 when no group is named and there are several, 1013 for no such contact.
    """
    held = own.account
    if role == "account":
        row = held.find("contact", "contact_no", held.row["acct_contact_no"])
        return row or _new_contact(own, "account", None)
    group = part(held, "billing_group", sent, BILLING_GROUP)
    if group is None:
        groups = held.rows("billing_group")
        if len(groups) != 1:
            raise missing("billing_group_no or client_billing_group_id")
        group = groups[0]
    number = group["stmt_contact_no"]
    if role == "billing":
        stored = group["primary_payment_method_no"]
        method = held.find("payment_method", "payment_method_no", stored)
        number = method["bill_contact_no"] if method else None
    if role == "backup":
        return _new_contact(own, role, group["billing_group_no"])
    row = held.find("contact", "contact_no", number)
    if row is None:
        raise not_found("contact")
    return row


def _new_contact(own: Books, role: str, group_no: int | None) -> Row:
    number = add_contact(own, role, {}, group_no)
    if role == "account":
        own.account.put("account", {**own.account.row, "acct_contact_no": number})
    return own.account.rows("contact")[-1]


def change_contact(context: Context, own: Books, row: Row, values: Row) -> None:
    """Change a contact, and the account's own fields with its account contact.

    Raises:
        AriaError: 5054 when a consumer's contacts would carry different names.
    """
    held = own.account
    _check_consumer(held, row, values)
    held.change("contact", row, **values)
    if row["role"] == "account":
        held.put("account", {**held.row, **values})
    context.work.note(CONTACT if row["role"] == "account" else BILLING_CONTACT, held)


def _check_consumer(held: Account, row: Row, values: Row) -> None:
    if not held.row["consumer_acct_ind"] or row["role"] == "account":
        return
    for name in ("first_name", "last_name"):
        if values.get(name, held.row[name]) != held.row[name]:
            text = "account, billing and statement contact names must match for a consumer"
            raise AriaError(Code.CONSUMER_NAMES, text)


def set_items(context: Context, own: Books, sent: Inputs) -> None:
    """Change what an account item names: status, notify method, parent, flags, identifiers.

    Raises:
        AriaError: 5002, 5003, 5005 to 5007, 5011, 5021 for values that Aria refuses.
    """
    held = own.account
    for name, accepted, code in _CHECKED:
        if sent.get(name) is not None and sent[name] not in accepted:
            raise AriaError(code, f"invalid {name}: {sent[name]}")
    if sent.get("status_cd") is not None and sent["status_cd"] != held.row["status_cd"]:
        set_status(context, own, sent["status_cd"], sent.get("comments", ""))
    for name in ("client_acct_id", "userid"):
        if sent.get(name) and sent[name] != held.row[name]:
            must_be_free(context, name, sent[name], held)
            held.put("account", {**held.row, name: sent[name]})
            context.work.note(CREDENTIALS, held)
    values = {n: sent[n] for n in _PLAIN if sent.get(n) is not None and sent[n] != held.row[n]}
    if values:
        cleared = {name: "" if value == CLEAR else value for name, value in values.items()}
        held.put("account", {**held.row, **cleared})
        context.work.note(NOTIFICATION if "notify_method" in values else CONTACT, held)
    set_parent(context, own, sent)


_CHECKED: tuple[tuple[str, Any, Code], ...] = (
    ("status_cd", ACCOUNT_STATUSES, Code.BAD_STATUS),
    ("notify_method", NOTIFY_METHODS, Code.BAD_NOTIFY_METHOD),
    ("test_acct_ind", (0, 1), Code.BAD_TEST_INDICATOR),
)


_PLAIN = (
    "notify_method",
    "test_acct_ind",
    "po_num",
    "taxpayer_id",
    "consumer_acct_ind",
    "invoice_approval_required",
)


def set_status(context: Context, own: Books, status: int, comments: str) -> None:
    """Change an account's status and note it in its history."""
    add_status_history(own, status, comments)
    today = own.now.date().isoformat()
    held = own.account
    held.put("account", {**held.row, "status_cd": status, "status_date": today})
    context.work.note(STATUS, held)


def set_parent(context: Context, own: Books, sent: Inputs) -> None:
    """Give an account a parent, or none with -999 (aria.md §1.3).

    Raises:
        AriaError: 5005 for no such parent, 5006 when it stands below the account, 5007 for another
            currency.
    """
    held, work = own.account, context.work
    wanted = sent.get("senior_acct_no")
    if wanted is None and sent.get("senior_client_acct_id"):
        wanted = work.accounts.by_client_id(sent["senior_client_acct_id"])
        wanted = 0 if wanted is None else wanted  # no account has this number
    before = held.row["senior_acct_no"]
    if wanted is None or wanted == before:
        return
    if wanted == _DETACH:
        held.put("account", {**held.row, "senior_acct_no": None})
        if before is not None:
            work.note(LOST_CHILD, work.read(before) or held)
    else:
        parent = work.read(wanted)
        if parent is None:
            raise AriaError(Code.NO_PARENT, "the parent account does not exist")
        if is_ancestor(context, held.no, parent):
            raise AriaError(Code.PARENT_REFUSES, "the parent account cannot take this child")
        if parent.row["acct_currency"] != held.row["acct_currency"]:
            raise AriaError(Code.BAD_CURRENCY, "the parent account has another currency")
        held.put("account", {**held.row, "senior_acct_no": wanted})
        work.note(GOT_CHILD, parent)
    work.note(PARENT, held)


def update_acct_status(context: Context, sent: Inputs) -> Answer:
    """Answer update_acct_status_m, now; a date to wait for is refused by the sandbox."""
    own = books(context, sent)
    if sent["status_cd"] not in ACCOUNT_STATUSES:
        raise AriaError(Code.BAD_STATUS, f"invalid status_cd: {sent['status_cd']}")
    if "queue_date" in sent or sent.get("queue_days", 0):
        raise AriaError(Code.NOT_ALLOWED, "action not allowed: the sandbox queues no status change")
    set_status(context, own, sent["status_cd"], sent.get("comments", ""))
    return {}


def toggle_test_account(context: Context, sent: Inputs) -> Answer:
    """Answer toggle_test_account_m: to the flag sent, or to the other one."""
    own = books(context, sent)
    flag = sent.get("test_acct_ind", 1 - own.account.row["test_acct_ind"])
    set_items(context, own, {"test_acct_ind": flag})
    return {}


def update_acct_notify_method(context: Context, sent: Inputs) -> Answer:
    """Answer update_acct_notify_method_m."""
    set_items(context, books(context, sent), {"notify_method": sent["notify_method"]})
    return {}


def modify_acct_supp_fields(context: Context, sent: Inputs) -> Answer:
    """Answer modify_acct_supp_fields_m: 1 adds, 2 changes, 3 deletes (aria.md §2.3)."""
    own = editable(books(context, sent))
    for wish in sent.get("acct_supp_fields", ()):
        set_field(context, own, field_wish(wish, "supp_field"))
    return {}


def field_wish(wish: Inputs, prefix: str) -> Row:
    """Return a supplemental field of a request as `set_field` takes it; 1010 without a name."""
    if f"{prefix}_name" not in wish:
        raise missing(f"{prefix}_name")
    return {
        "name": wish[f"{prefix}_name"],
        "value": wish.get(f"{prefix}_value", ""),
        "directive": wish.get(f"{prefix}_directive", _CHANGE),
    }


def update_acct_supp_fields(context: Context, sent: Inputs) -> Answer:
    """Answer update_acct_supp_fields_m: one field; several values are parted by "|"."""
    own = editable(books(context, sent))
    wish = {"name": sent.get("field_name", ""), "value": sent.get("value_text", "")}
    set_field(context, own, {**wish, "directive": _CHANGE})
    return {}


def set_field(context: Context, own: Books, wish: Row) -> None:
    """Add, change or delete the value of a supplemental field.

    Raises:
        AriaError: 1039 for an unknown directive, 5024 for too many values, 5026 for one there is.
    """
    held, name, value = own.account, wish["name"], wish["value"]
    if wish["directive"] not in {_ADD, _CHANGE, _DELETE}:
        raise AriaError(Code.BAD_DIRECTIVE, "invalid directive")
    rows = held.where("acct_supp_field", "supp_field_name", name)
    values = [] if value in {"", CLEAR} else str(value).split("|")
    if wish["directive"] == _DELETE:
        doomed = [row for row in rows if not values or row["supp_field_value"] in values]
        if not doomed:
            raise not_found(f"supplemental field {name[:50]}")
        event = FIELD_DELETED
        _drop(held, doomed)
    elif wish["directive"] == _ADD:
        if any(row["supp_field_value"] in values for row in rows):
            raise AriaError(Code.FIELD_VALUE_EXISTS, "the field has this value already")
        event = FIELD_ADDED
    else:
        event = FIELD_CHANGED if rows else FIELD_ADDED
        _drop(held, rows)
    if wish["directive"] != _DELETE:
        for one in values:
            row = {"supp_field_name": name, "supp_field_value": one}
            held.add("acct_supp_field", row)
    if len(held.where("acct_supp_field", "supp_field_name", name)) > _LARGEST_FIELD:
        raise AriaError(Code.TOO_MANY_FIELD_VALUES, "too many values for the field")
    context.work.note(event, held)


def _drop(held: Account, rows: list[Row]) -> None:
    for row in list(rows):
        held.remove("acct_supp_field", row)


def write_acct_comment(context: Context, sent: Inputs) -> Answer:
    """Answer write_acct_comment_m."""
    own = books(context, sent)
    about = {name: sent[name] for name in ("application_id", "application_date") if name in sent}
    add_comment(own, sent["comment"], **about)
    context.work.note(COMMENT, own.account)
    return {}


def set_payment_responsibility(context: Context, sent: Inputs) -> Answer:
    """Answer set_payment_responsibility_m (aria.md §2.4).

    Level 1 needs a billing group of the child's own; 2 and 3 need a parent.
    """
    own = books(context, sent)
    held, level = own.account, sent["resp_level_cd"]
    if level not in _LEVELS:
        raise AriaError(Code.BAD_RESPONSIBILITY, "invalid responsibility level")
    named = any(name in sent for name in INSTANCE)
    masters = held.where("plan_instance", "supp_plan_ind", 0)
    for master in [the_instance(held, sent)] if named else masters:
        _set_level(context, own, master, sent)
    return {}


def _set_level(context: Context, own: Books, master: Row, sent: Inputs) -> None:
    held, level = own.account, sent["resp_level_cd"]
    values: Row = {"resp_level_cd": level, "resp_plan_instance_no": None}
    if level == _SELF_PAY:
        groups = held.rows("billing_group")
        if not groups:
            raise AriaError(Code.NO_SELF_PAY_GROUP, "a self-pay instance needs a billing group")
        values["billing_group_no"] = master["billing_group_no"] or groups[0]["billing_group_no"]
    else:
        senior = held.row["senior_acct_no"]
        if senior is None:
            raise AriaError(Code.NOT_A_CHILD, "only child accounts may hold parent-pay instances")
        if sent.get("senior_acct_no", senior) != senior:
            raise AriaError(Code.BAD_RESPONSIBLE_ACCOUNT, "invalid responsible account")
        parent = context.work.read(senior)
        names = ("senior_plan_instance_no", "client_senior_plan_instance_id")
        if parent is not None and any(name in sent for name in names):
            payer = the_instance(parent, sent, names)
            values["resp_plan_instance_no"] = payer["plan_instance_no"]
        values["billing_group_no"] = None
    number = master["plan_instance_no"]
    for row in list(held.where("plan_instance", "master_plan_instance_no", number)):
        add_plan_history(own, row, held.change("plan_instance", row, **values))
    context.work.note(MASTER_CHANGED, held)
