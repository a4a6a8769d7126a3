"""The parts of an account as rows: contacts, groups, payment methods, plan instances."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.sandbox.aria.accounts.dates import stamp
from app.sandbox.aria.accounts.ledger import Books
from app.sandbox.aria.tables import Row, Tables

CONTACT_FIELDS = (
    "first_name", "middle_initial", "last_name", "company_name", "address1", "address2",
    "address3", "city", "locality", "state_prov", "country_cd", "postal_cd", "phone", "phone_ext",
    "cell_phone", "work_phone", "work_phone_ext", "fax", "email", "birthdate",
)  # fmt: skip
TERMS = {
    1: ("Net 0", "NET0"),
    2: ("Net 10", "NET10"),
    4: ("Net 30", "NET30"),
    7: ("Net 60", "NET60"),
}
CARD, DIRECT_DEBIT = 13, 37
PAY_METHODS = {
    -1: "External",
    1: "Credit Card",
    CARD: "Tokenized Credit Card",
    26: "Direct Debit",
    DIRECT_DEBIT: "Tokenized Direct Debit",
}
DUNNING_PROCESSES = {1: "STD", 2: "STRICT"}
STATUS_LABELS = {
    0: "Inactive", 1: "Active", 2: "Pending Cancellation", 3: "Pending Termination",
    10: "Active Dunning", 21: "Reinstated", 31: "Pending Installation", 32: "Pending Activation",
    41: "Trial", 51: "Temporary Service Ban", 61: "Active Non-billable", 99: "Permanent",
    -1: "Suspended", -2: "Cancelled", -3: "Terminated", -4: "Contract Expired", -99: "Archived",
}  # fmt: skip
ACCOUNT_STATUSES = frozenset({*STATUS_LABELS, *range(11, 19), 22, *range(-15, -10)})
INSTANCE_STATUSES = frozenset({0, 1, 2, 3, 31, 32, 41, 61, -1, -2, -3})
ENDED = frozenset({-2, -3})
_EXPIRY_YEAR = 2031
_OF_THE_PARENT = (
    "master_plan_instance_no",
    "bill_day",
    "last_bill_date",
    "bill_thru_date",
    "next_bill_date",
)


@dataclass(frozen=True, slots=True)
class Offer:
    """A master plan with the schedule for one currency, and what may be added to it."""

    plan: Row
    schedule: Row
    children: list[tuple[Row, Row]]


def offers(catalog: Tables, currency: str) -> list[Offer]:
    """Return the master plans that can be sold in a currency, by plan number."""
    found = []
    for plan in catalog.all("plan"):
        schedule = schedule_for(catalog, plan["plan_no"], currency)
        if plan["supp_plan_ind"] or not plan["active_ind"] or schedule is None:
            continue
        links = catalog.group("plan_relationship", "parent_plan_no", plan["plan_no"])
        children = []
        for link in links:
            child = catalog.at("plan", link["plan_no"])
            own = schedule_for(catalog, link["plan_no"], currency)
            if own is not None and child["active_ind"]:
                children.append((child, own))
        found.append(Offer(plan, schedule, children))
    return found


def schedule_for(catalog: Tables, plan_no: int, currency: str) -> Row | None:
    """Return the default schedule of a plan in a currency, or None."""
    rows = catalog.group("rate_schedule", "plan_no", plan_no)
    fitting = [row for row in rows if row["schedule_currency"] == currency]
    default = (row for row in fitting if row["default_ind_curr"])
    return next(default, fitting[0] if fitting else None)


def new_account(acct_no: int, currency: str, began: datetime) -> Row:
    """Return the row of an account with nothing but its number, currency and first day."""
    return {
        "acct_no": acct_no,
        "client_acct_id": "",
        "userid": "",
        **dict.fromkeys(CONTACT_FIELDS, ""),
        "acct_contact_no": None,
        "status_cd": 1,
        "status_date": began.date().isoformat(),
        "notify_method": 10,
        "senior_acct_no": None,
        "test_acct_ind": 0,
        "consumer_acct_ind": 0,
        "invoice_approval_required": 0,
        "acct_currency": currency,
        "acct_start_date": began.date().isoformat(),
        "taxpayer_id": "",
        "tax_exemption_level": 0,
        "po_num": "",
        "functional_acct_groups": [5],  # all accounts
        "collection_acct_groups": [],
        "acct_create_client_receipt_id": "",
    }


def add_contact(books: Books, role: str, values: Row, group_no: int | None = None) -> int:
    """Add a contact and return its number; `role` is account, billing, backup or statement."""
    number = books.number("contact")
    held = {name: values.get(name, "") for name in CONTACT_FIELDS}
    row = {"contact_no": number, "role": role, "billing_group_no": group_no, **held}
    books.account.add("contact", row)
    return number


def add_payment_method(
    books: Books, contact: Row, client_id: str, suffix: int, kind: int = CARD
) -> Row:
    """Add a stored payment method; there is a token and a suffix, never a card number."""
    number = len(books.account.rows("payment_method")) + 1
    contact_no = add_contact(books, "billing", contact)
    return books.account.add(
        "payment_method",
        {
            "payment_method_no": number,
            "client_payment_method_id": client_id,
            "pay_method_type": kind,
            "pay_method_name": PAY_METHODS.get(kind, f"Method {kind}"),
            "pay_method_description": "",
            "suffix": f"{suffix:04d}",
            "cc_type": "Visa" if kind == CARD else "",
            "cc_id": 1 if kind == CARD else None,
            "cc_expire_mm": suffix % 12 + 1,
            "cc_expire_yyyy": _EXPIRY_YEAR,
            "bill_agreement_id": f"tok_{books.account.no}_{number}",
            "bill_contact_no": contact_no,
            "status": 1,
            "from_date": books.now.date().isoformat(),
            "to_date": None,
        },
    )


def add_second_method(books: Books, contact: Row, client_id: str, group_no: int) -> None:
    """Add a payment method that a billing group falls back on."""
    method = add_payment_method(books, contact, client_id, 4242)
    (group,) = books.account.where("billing_group", "billing_group_no", group_no)
    number = method["payment_method_no"]
    books.account.change("billing_group", group, backup_payment_method_no=number)


def add_billing_group(
    books: Books, contact: Row, client_id: str, *, terms: bool, **more: Any
) -> int:
    """Add a billing group with its statement contact and return its number."""
    number = books.number("billing_group")
    methods = books.account.rows("payment_method")
    stored = None if terms or not methods else methods[0]["payment_method_no"]
    books.account.add(
        "billing_group",
        {
            "billing_group_no": number,
            "client_billing_group_id": client_id,
            "billing_group_name": "Default",
            "billing_group_description": "",
            "notify_method": books.account.row["notify_method"],
            "payment_option": "Methods" if stored else "Terms",
            "primary_payment_method_no": stored,
            "backup_payment_method_no": None,
            "payment_terms_no": None if stored else 4,
            "stmt_contact_no": add_contact(books, "statement", contact, number),
            "status": 1,
            **more,
        },
    )
    return number


def add_dunning_group(books: Books, client_id: str, process_no: int = 1) -> int:
    """Add a dunning group and return its number."""
    number = books.number("dunning_group")
    books.account.add(
        "dunning_group",
        {
            "dunning_group_no": number,
            "client_dunning_group_id": client_id,
            "dunning_group_name": "Default",
            "dunning_group_description": "",
            "dunning_process_no": process_no,
            "client_dunning_process_id": DUNNING_PROCESSES.get(process_no, ""),
            "status": 1,
        },
    )
    return number


def add_instance(
    books: Books,
    plan: Row,
    schedule: Row,
    client_id: str,
    *,
    parent: Row | None = None,
    **more: Any,
) -> Row:
    """Add a plan instance; `more` replaces columns such as units or status_cd."""
    number, today = books.number("plan_instance"), books.now.date().isoformat()
    row = {
        "plan_instance_no": number,
        "client_plan_instance_id": client_id or str(number),
        "plan_no": plan["plan_no"],
        "client_plan_id": plan["client_plan_id"],
        "plan_name": plan["plan_name"],
        "plan_desc": plan["plan_desc"],
        "supp_plan_ind": plan["supp_plan_ind"],
        "plan_units": Decimal(more.pop("units", 1)),
        "status_cd": 1,
        "status_date": today,
        "plan_date": today,
        "plan_assignment_date": today,
        "plan_deprovisioned_date": None,
        "schedule_no": schedule["schedule_no"],
        "recurring_billing_interval": schedule["recurring_billing_interval"],
        "usage_billing_interval": schedule["usage_billing_interval"],
        "parent_plan_instance_no": None if parent is None else parent["plan_instance_no"],
        "master_plan_instance_no": number,
        "billing_group_no": None,
        "dunning_group_no": None,
        "dunning_state": 0,
        "dunning_step": 0,
        "resp_level_cd": 1,
        "resp_plan_instance_no": None,
        "promo_cd": "",
        "bill_day": books.now.day,
        "last_bill_date": None,
        "bill_thru_date": None,
        "next_bill_date": today,
        "po_num": "",
        "client_receipt_id": books.receipt,
        **more,
    }
    if parent is not None:
        row |= {name: parent[name] for name in _OF_THE_PARENT}
    books.account.add("plan_instance", row)
    add_plan_history(books, None, row)
    return row


def add_plan_history(books: Books, before: Row | None, after: Row) -> None:
    """Note what changed on a plan instance, with the values before and after."""
    old = before or {}
    row: Row = {
        "history_no": books.number("plan_history"),
        "plan_instance_no": after["plan_instance_no"],
        "master_plan_instance_no": after["master_plan_instance_no"],
        "update_date": stamp(books.now),
    }
    for name, column in _HISTORY.items():
        row[f"old_{name}"], row[f"new_{name}"] = old.get(column), after[column]
    books.account.add("plan_history", row)


_HISTORY = {
    "plan_no": "plan_no",
    "client_plan_id": "client_plan_id",
    "plan_name": "plan_name",
    "promo_cd": "promo_cd",
    "status_cd": "status_cd",
    "plan_units": "plan_units",
    "rate_schedule_no": "schedule_no",
    "client_plan_instance_id": "client_plan_instance_id",
    "dunning_state": "dunning_state",
}


def add_status_history(books: Books, new_status: int, comments: str) -> None:
    """Note that an account goes from its status to another."""
    books.account.add(
        "status_history",
        {
            "history_no": books.number("status_history"),
            "date_entered": stamp(books.now),
            "old_status_cd": books.account.row["status_cd"],
            "new_status_cd": new_status,
            "comments": comments,
            "client_receipt_id": books.receipt,
        },
    )


def add_comment(books: Books, text: str, author: str = "api", **about: str) -> None:
    """Add a comment to the account; `about` holds the caller's application and its date."""
    books.account.add(
        "comment",
        {
            "comment_no": books.number("comment"),
            "comment_author": author,
            "comment_date_time": stamp(books.now),
            "comment": text,
            "application_id": "",
            "application_date": None,
            **about,
        },
    )
