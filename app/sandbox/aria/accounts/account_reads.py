"""Calls that read an account: details, hierarchy, contacts, fields, comments (aria.md §2.3)."""

from typing import Any
from urllib.parse import quote_plus

from app.sandbox.aria.accounts.account import Account
from app.sandbox.aria.accounts.account_groups import (
    COLLECTION,
    FUNCTIONAL,
    acct_groups,
    groups_of,
)
from app.sandbox.aria.accounts.group_reads import (
    BILLING_GROUP,
    group_details,
    method_details,
)
from app.sandbox.aria.accounts.instance_rows import coupons_of, master_details
from app.sandbox.aria.accounts.ledger import balance
from app.sandbox.aria.accounts.lookups import account, account_no, part
from app.sandbox.aria.accounts.setup import CONTACT_FIELDS, STATUS_LABELS
from app.sandbox.aria.context import Answer, Context
from app.sandbox.aria.errors import AriaError, Code, not_found
from app.sandbox.aria.inputs import Inputs
from app.sandbox.aria.tables import Row

_PARENTS, _CHILDREN, _WHOLE_TREE = 2, 1, 3
_ALL_ROWS = 10_000


def get_acct_details_all(context: Context, sent: Inputs) -> Answer:
    """Answer get_acct_details_all_m; the account's number is in acct_no_2 (aria.md §4.2)."""
    held = account(context, sent)
    details = _details(context, held, sent)
    own = {
        "acct_no_2": held.no,
        "acct_contact_no_2": held.row["acct_contact_no"],
        "legal_entity_no_2": None,
        "acct_locale_no_2": 1,
        "consumer_acct_ind": held.row["consumer_acct_ind"],
        "invoice_approval_required": held.row["invoice_approval_required"],
        "acct_coupons": [{"acct_coupon_cd": code} for code in coupons_of(held, None)],
        "master_plan_count": len(held.where("plan_instance", "supp_plan_ind", 0)),
        "supp_plan_count": len(held.where("plan_instance", "supp_plan_ind", 1)),
        "chief_acct_info": [_chief(context, held)],
    }
    return {**details, **own}


def get_acct_hierarchy_details(context: Context, sent: Inputs) -> Answer:
    """Answer get_acct_hierarchy_details_m.

    hierarchy_filter 1 gives the children, 2 the parents, 3 the whole tree; only 2 is documented
    (aria.md §2.3), the others are inferred. The account itself comes first unless
    include_current_acct is 0.
    """
    held = account(context, sent)
    wish = sent.get("hierarchy_filter", _WHOLE_TREE)
    rows: list[Account] = [held] if sent.get("include_current_acct", 1) else []
    if wish in {_PARENTS, _WHOLE_TREE}:
        rows += _ancestors(context, held)
    if wish in {_CHILDREN, _WHOLE_TREE}:
        rows += _descendants(context, held.no, deep=True)
    return {
        "acct_hierarchy_dtls": [
            {
                **_details(context, one, sent),
                "acct_no": one.no,
                "acct_locale_no_2": 1,
                "legal_entity_no_2": None,
                "child_acct_no": [
                    {"acct_no": number} for number in context.work.accounts.children(one.no)
                ],
            }
            for one in rows
        ]
    }


def get_child_accts(context: Context, sent: Inputs) -> Answer:
    """Answer get_child_accts_m; do_multi_level "true" gives grandchildren too."""
    number = account_no(context, sent, ("parent_acct_no",))
    found = _descendants(context, number, deep=sent.get("do_multi_level", False))
    return {"child_accts": [{"acct_no": one.no} for one in found]}


def get_acct_contacts(context: Context, sent: Inputs) -> Answer:
    """Answer get_acct_contacts_m; each role has its own prefix (aria.md §2.3)."""
    held = account(context, sent)
    chosen = part(held, "billing_group", sent, BILLING_GROUP)
    wanted = chosen["billing_group_no"] if chosen else None
    answer: Answer = {
        "account_contact": [],
        "billing_contacts": [],
        "backup_contacts": [],
        "statement_contacts": [],
        "other_contacts": [],
    }
    for row in held.rows("contact"):
        unused = _is_unused(held, row)
        if unused and not sent.get("include_unused_contacts", 0):
            continue
        array, prefix = _ROLES["other" if unused else row["role"]]
        group = _group_of(held, row)
        if wanted is not None and group is not None and group["billing_group_no"] != wanted:
            continue
        answer[array].append(_contact(row, prefix, group))
    return answer


_ROLES = {
    "account": ("account_contact", ""),
    "billing": ("billing_contacts", "bill_"),
    "backup": ("backup_contacts", "bkup_"),
    "statement": ("statement_contacts", "stat_"),
    "other": ("other_contacts", "other_"),
}


def _is_unused(held: Account, contact: Row) -> bool:
    """Tell whether no payment method and no billing group has a contact any more."""
    number, role = contact["contact_no"], contact["role"]
    if role == "billing":
        return held.find("payment_method", "bill_contact_no", number) is None
    if role == "statement":
        return held.find("billing_group", "stmt_contact_no", number) is None
    return bool(role == "account" and number != held.row["acct_contact_no"])


def _group_of(held: Account, contact: Row) -> Row | None:
    if contact["role"] == "billing":
        method = held.find("payment_method", "bill_contact_no", contact["contact_no"])
        number = method["payment_method_no"] if method else None
        return held.find("billing_group", "primary_payment_method_no", number) if number else None
    return held.find("billing_group", "billing_group_no", contact["billing_group_no"])


def _contact(row: Row, prefix: str, group: Row | None) -> Row:
    found: Row = {f"{prefix}contact_no": row["contact_no"]}
    for name in CONTACT_FIELDS:
        same = prefix in {"", "other_"} or name != "country_cd"
        found[prefix + (name if same else "country")] = row[name]
    if prefix in {"bill_", "bkup_", "stat_"}:
        found[f"{prefix}billing_group_no"] = group["billing_group_no"] if group else None
        client_id = group["client_billing_group_id"] if group else ""
        found[f"{prefix}client_billing_group_id"] = client_id
    return found


def get_acct_supp_fields(context: Context, sent: Inputs) -> Answer:
    """Answer get_acct_supp_fields_m; several values repeat the name (aria.md §2.3)."""
    return {"supp_fields": list(account(context, sent).rows("acct_supp_field"))}


def get_supp_field_values(context: Context, sent: Inputs) -> Answer:
    """Answer get_supp_field_values_m: the values of one field."""
    rows = account(context, sent).rows("acct_supp_field")
    return {
        "acct_supp_field_values": [
            {"supp_field_value": row["supp_field_value"]}
            for row in rows
            if row["supp_field_name"] == sent["field_name"]
        ]
    }


def get_acct_no_from_user_id(context: Context, sent: Inputs) -> Answer:
    """Answer get_acct_no_from_user_id_m."""
    return {"acct_no": account_no(context, sent, ("user_id",))}


def get_user_id_from_acct_no(context: Context, sent: Inputs) -> Answer:
    """Answer get_user_id_from_acct_no_m."""
    return {"user_id": account(context, sent).row["userid"]}


def userid_exists(context: Context, sent: Inputs) -> Answer:
    """Answer userid_exists_m: it fails with 1009 where the user id is free."""
    account_no(context, sent, ("user_id",))
    return {}


def get_acct_balance(context: Context, sent: Inputs) -> Answer:
    """Answer get_acct_balance_m; acct_balance is text here (aria.md §4.4)."""
    held = account(context, sent)
    return {
        "currency_cd": held.row["acct_currency"],
        "acct_balance": str(balance(held)),
        "master_plan_instances": [
            {
                "master_plan_instance_no": row["plan_instance_no"],
                "client_def_master_plan_instance_id": row["client_plan_instance_id"],
                "master_plan_name": row["plan_name"],
                "master_plan_instance_balance": balance(held, row["plan_instance_no"]),
            }
            for row in held.where("plan_instance", "supp_plan_ind", 0)
        ],
    }


def get_acct_comments(context: Context, sent: Inputs) -> Answer:
    """Answer get_acct_comments_m: the comments between two days, both included."""
    first, last = sent["date_range_start"][:10], sent["date_range_end"][:10]
    written = quote_plus if sent.get("do_url_encoding", False) else str
    names = ("comment_author", "comment_date_time", "comment", "application_id", "application_date")
    return {
        "acct_comments": [
            {name: row[name] for name in names} | {"comment": written(row["comment"])}
            for row in account(context, sent).rows("comment")
            if first <= row["comment_date_time"][:10] <= last
            and sent.get("filter_application_id", row["application_id"]) == row["application_id"]
        ]
    }


def get_acct_status_history(context: Context, sent: Inputs) -> Answer:
    """Answer get_acct_status_history_m; the account comes as account_number."""
    return {
        "stat_hist": [
            {
                "date_entered": row["date_entered"],
                "acct_status": STATUS_LABELS.get(row["old_status_cd"], str(row["old_status_cd"])),
                "new_status": STATUS_LABELS.get(row["new_status_cd"], str(row["new_status_cd"])),
                "comments": row["comments"],
                "client_receipt_id": row["client_receipt_id"],
            }
            for row in account(context, sent).rows("status_history")
        ]
    }


def get_acct_notify_method(context: Context, sent: Inputs) -> Answer:
    """Answer get_acct_notify_method_m."""
    method = account(context, sent).row["notify_method"]
    return {"notify_method": method, "notify_method_name": f"Method {method}"}


def get_acct_groups_by_acct(context: Context, sent: Inputs) -> Answer:
    """Answer get_acct_groups_by_acct_m."""
    row = account(context, sent).row
    numbers = [*row[FUNCTIONAL.column], *row[COLLECTION.column]]
    return {"acct_groups": acct_groups(numbers)}


def _details(context: Context, held: Account, sent: Inputs) -> Answer:
    row = held.row
    senior = None if row["senior_acct_no"] is None else context.work.read(row["senior_acct_no"])
    found: dict[str, Any] = {
        "client_acct_id": row["client_acct_id"],
        "userid": row["userid"],
        **{name: row[name] for name in CONTACT_FIELDS},
        "status_cd": row["status_cd"],
        "notify_method": row["notify_method"],
        "senior_acct_no": row["senior_acct_no"],
        "senior_acct_user_id": senior.row["userid"] if senior else "",
        "senior_client_acct_id": senior.row["client_acct_id"] if senior else "",
        "test_acct_ind": row["test_acct_ind"],
        "taxpayer_id": row["taxpayer_id"],
        "acct_start_date": row["acct_start_date"],
        "tax_exemption_level": row["tax_exemption_level"],
        "functional_acct_group": groups_of(held, FUNCTIONAL),
        "collection_acct_group": groups_of(held, COLLECTION),
        "supp_field": list(held.rows("acct_supp_field")),
        "acct_surcharges_info": [],
        "acct_currency": row["acct_currency"],
        "acct_balance": balance(held),
        "acct_create_client_receipt_id": row["acct_create_client_receipt_id"],
        "po_num": row["po_num"],
        "acct_locale_name": "US_English",
    }
    if sent.get("include_billing_groups", 1):
        groups = held.rows("billing_group")
        found["billing_groups_info"] = [group_details(held, group) for group in groups]
    if sent.get("include_payment_methods", 1):
        found["payment_methods_info"] = [
            method_details(held, method, group)
            for group in held.rows("billing_group")
            for method in held.rows("payment_method")
            if group["primary_payment_method_no"] == method["payment_method_no"]
        ]
    if sent.get("include_master_plans", 1):
        found["master_plans_info"] = _masters(context, held, sent)
    return found


def _masters(context: Context, held: Account, sent: Inputs) -> list[Row]:
    """Return the master plan instances by number; plan_limit and plan_offset page (§1.8)."""
    statuses = {row["filter_mpi_status_cd"] for row in sent.get("filter_mpi_status", ()) if row}
    rows = [
        row
        for row in held.where("plan_instance", "supp_plan_ind", 0)
        if not statuses or row["status_cd"] in statuses
    ]
    first = sent.get("plan_offset", 0)
    rows = rows[first : first + sent.get("plan_limit", _ALL_ROWS)]
    supplementals = bool(sent.get("include_supp_plans", 1))
    return [master_details(context.tables, held, row, supplementals=supplementals) for row in rows]


def _chief(context: Context, held: Account) -> Row:
    above = _ancestors(context, held)
    chief = above[-1] if above else held
    return {
        "chief_acct_no": chief.no,
        "chief_acct_user_id": chief.row["userid"],
        "chief_client_acct_id": chief.row["client_acct_id"],
    }


def _ancestors(context: Context, held: Account) -> list[Account]:
    found: list[Account] = []
    number = held.row["senior_acct_no"]
    while number is not None and all(one.no != number for one in found):
        above = context.work.read(number)
        if above is None:
            break
        found.append(above)
        number = above.row["senior_acct_no"]
    return found


def _descendants(context: Context, number: int, *, deep: bool) -> list[Account]:
    found: list[Account] = []
    for child in context.work.accounts.children(number):
        held = context.work.read(child)
        if held is not None:
            found.append(held)
            found += _descendants(context, child, deep=True) if deep else []
    return found


def is_ancestor(context: Context, number: int, of: Account) -> bool:
    """Tell whether an account stands above another, or is it."""
    return number == of.no or any(one.no == number for one in _ancestors(context, of))


def owner_of(context: Context, kind: str, number: int, what: str) -> Account:
    """Return the account that holds a record.

    Raises:
        AriaError: 1013 when there is none.
    """
    found = context.work.accounts.owner(kind, number)
    if found is None:
        raise not_found(what)
    return context.work.read(found.no) or found


def must_be_free(context: Context, column: str, name: str, held: Account | None = None) -> None:
    """Check that no other account has a client-defined id or a user id.

    Raises:
        AriaError: 5011 for a user id, 1015 for a client-defined id that is taken.
    """
    if context.work.is_taken(column, name, held.no if held else None):
        code = Code.USERID_TAKEN if column == "userid" else Code.DUPLICATE
        raise AriaError(code, f"duplicate record: {column} {name[:50]} already exists")
