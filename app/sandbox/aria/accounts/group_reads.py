"""Calls that read billing groups, payment methods and dunning groups (aria.md §2.4)."""

from app.sandbox.aria.accounts.account import Account
from app.sandbox.aria.accounts.lookups import INSTANCE, account, instance, part
from app.sandbox.aria.accounts.setup import CONTACT_FIELDS, TERMS
from app.sandbox.aria.context import Answer, Context
from app.sandbox.aria.inputs import Inputs
from app.sandbox.aria.tables import Row

BILLING_GROUP = ("billing_group_no", "client_billing_group_id")
DUNNING_GROUP = ("dunning_group_no", "client_dunning_group_id")
STATEMENT_TEMPLATE, CREDIT_NOTE_TEMPLATE = 1001, 1005  # of the data set
# Names that get_acct_details_all_m and others shorten (aria.md §4.7).
_SHORT = {"middle_initial": "mi", "country_cd": "country"}


def contact_of(held: Account, number: int | None, prefix: str, *, short: bool) -> Row:
    """Return a contact's fields under a prefix; `short` writes mi for middle_initial."""
    row = held.find("contact", "contact_no", number) or {}
    found: Row = {}
    for name in CONTACT_FIELDS:
        other = "country" if name == "country_cd" else (_SHORT.get(name, name) if short else name)
        found[prefix + other] = row.get(name, "")
    return found


def contacts_of(held: Account) -> Row:
    """Return which contacts an account's methods and statements have, as its writes answer it."""
    return {
        "billing_contact_details": [
            {name: row[name] for name in ("payment_method_no", "bill_contact_no")}
            for row in held.rows("payment_method")
        ],
        "statement_contact_details": [
            {"billing_group_no": row["billing_group_no"], "stmt_contact_no": row["stmt_contact_no"]}
            for row in held.rows("billing_group")
        ],
    }


def terms_of(group: Row) -> Row:
    """Return the payment terms of a billing group."""
    name, client_id = TERMS.get(group["payment_terms_no"], ("", ""))
    return {
        "payment_terms_no": group["payment_terms_no"],
        "payment_terms_name": name,
        "client_payment_term_id": client_id,
        "payment_terms_type": "Net Terms" if name else "",
    }


def group_details(held: Account, group: Row) -> Row:
    """Return a billing group as get_acct_details_all_m prints it."""
    number = group["primary_payment_method_no"]
    method = held.find("payment_method", "payment_method_no", number) or {}
    backup_no = group["backup_payment_method_no"]
    backup = held.find("payment_method", "payment_method_no", backup_no) or {}
    return {
        "billing_group_no": group["billing_group_no"],
        "billing_group_name": group["billing_group_name"],
        "billing_group_description": group["billing_group_description"],
        "client_def_billing_group_id": group["client_billing_group_id"],
        "notify_method": group["notify_method"],
        "payment_option": group["payment_option"],
        "primary_payment_method_name": method.get("pay_method_name", ""),
        "primary_payment_method_id": method.get("pay_method_type"),
        "primary_payment_method_no": number,
        "client_primary_payment_method_id": method.get("client_payment_method_id", ""),
        "backup_payment_method_name": backup.get("pay_method_name", ""),
        "backup_payment_method_id": backup.get("pay_method_type"),
        "backup_payment_method_no": backup.get("payment_method_no"),
        "client_backup_payment_method_id": backup.get("client_payment_method_id", ""),
        "statement_template": STATEMENT_TEMPLATE,
        "credit_note_template": CREDIT_NOTE_TEMPLATE,
        **terms_of(group),
        **contact_of(held, group["stmt_contact_no"], "stmt_", short=True),
        "stmt_contact_no": group["stmt_contact_no"],
    }


_METHOD = (
    "payment_method_no",
    "client_payment_method_id",
    "pay_method_name",
    "pay_method_description",
    "pay_method_type",
    "suffix",
    "cc_expire_mm",
    "cc_expire_yyyy",
    "bill_agreement_id",
)


def method_details(held: Account, method: Row, group: Row) -> Row:
    """Return a payment method as get_acct_details_all_m prints it, with its group."""
    return {
        "billing_group_no": group["billing_group_no"],
        "client_def_billing_group_id": group["client_billing_group_id"],
        **{name: method[name] for name in _METHOD},
        "cc_type": method["cc_type"],
        "bill_contact_no": method["bill_contact_no"],
        **contact_of(held, method["bill_contact_no"], "bill_", short=False),
    }


def get_acct_billing_group_details(context: Context, sent: Inputs) -> Answer:
    """Answer get_acct_billing_group_details_m, with groups under both names (aria.md §2.4)."""
    held = account(context, sent)
    groups = _chosen(held, "billing_group", sent, BILLING_GROUP)
    details = []
    for group in groups:
        row = {**group_details(held, group), "status": group["status"]}
        row["client_billing_group_id"] = group["client_billing_group_id"]
        row["master_plans_summary"] = _masters(held, "billing_group_no", group)
        details.append(row)
    return {
        "billing_groups": [_as_input(held, group) for group in groups],
        "payment_methods_summary": [
            {
                **{name: row[name] for name in _METHOD},
                **contact_of(held, row["bill_contact_no"], "bill_", short=False),
            }
            for row in held.rows("payment_method")
        ],
        "billing_group_details": details,
    }


def _as_input(held: Account, group: Row) -> Row:
    """Return a group as the document prints it: the shape of an input (aria.md §4.8)."""
    terms = terms_of(group)
    del terms["payment_terms_type"]
    names = ("billing_group_name", "billing_group_description", "client_billing_group_id")
    return {
        **{name: group[name] for name in (*names, "notify_method", "payment_option")},
        **terms,
        **contact_of(held, group["stmt_contact_no"], "", short=True),
    }


def get_acct_payment_methods_and_terms(context: Context, sent: Inputs) -> Answer:
    """Answer get_acct_payment_methods_and_terms_m; filter_status 1 gives enabled ones alone."""
    held = account(context, sent)
    methods = [
        {
            **{name: row[name] for name in _METHOD},
            **contact_of(held, row["bill_contact_no"], "bill_", short=False),
            "cc_type": row["cc_type"],
            "cc_id": row["cc_id"],
            "status": row["status"],
            "persistent_ind": 1,
            "from_date": row["from_date"],
            "to_date": row["to_date"],
        }
        for row in held.rows("payment_method")
        if sent.get("payment_method_no", row["payment_method_no"]) == row["payment_method_no"]
        and sent.get("filter_status", row["status"]) == row["status"]
    ]
    terms = [terms_of(row) for row in held.rows("billing_group") if row["payment_terms_no"]]
    return {"account_payment_methods": methods, "account_payment_terms": terms}


def get_acct_dunning_group_details(context: Context, sent: Inputs) -> Answer:
    """Answer get_acct_dunning_group_details_m, with groups under both names (aria.md §2.4)."""
    held = account(context, sent)
    groups = _chosen(held, "dunning_group", sent, DUNNING_GROUP)
    names = (
        "dunning_group_name",
        "dunning_group_description",
        "client_dunning_group_id",
        "dunning_process_no",
        "client_dunning_process_id",
    )
    shared = [{name: row[name] for name in names} for row in groups]
    details = [
        {
            "dunning_group_no": row["dunning_group_no"],
            **one,
            "status": row["status"],
            "master_plans_summary": _masters(held, "dunning_group_no", row),
        }
        for row, one in zip(groups, shared, strict=True)
    ]
    return {"dunning_groups": shared, "dunning_group_details": details}


def _chosen(held: Account, kind: str, sent: Inputs, names: tuple[str, str]) -> list[Row]:
    one = part(held, kind, sent, names)
    if one is not None:
        return [one]
    master = instance(held, sent, INSTANCE, required=False)
    if master is None:
        return held.rows(kind)
    return held.where(kind, names[0], master[names[0]])


def _masters(held: Account, column: str, group: Row) -> list[Row]:
    return [
        {name: row[name] for name in INSTANCE}
        for row in held.where("plan_instance", column, group[column])
        if not row["supp_plan_ind"]
    ]
