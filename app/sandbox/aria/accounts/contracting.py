"""Contracts (termed agreements) of an account: their dates, plans, ends (aria.md §2.6)."""

from datetime import date, timedelta
from typing import Any

from app.sandbox.aria.accounts.dates import months_after, stamp
from app.sandbox.aria.accounts.ledger import Books
from app.sandbox.aria.errors import AriaError, Code
from app.sandbox.aria.tables import Row

INSTANCE_SCOPE, UNIVERSAL_SCOPE = "plan instance", "universal"
TYPES = frozenset({2, 3, 6, 7, 8, 9})
IN_EFFECT, CLOSED = 1, frozenset({-1, -2})


def end_of(start: date, months: int) -> date:
    """Return the last day of a contract."""
    return months_after(start, months) - timedelta(days=1)


def add_contract(books: Books, scope: str, instances: list[int], **about: Any) -> Row:
    """Add a contract over plan instances.

    `about` may hold client_contract_id, type_no, length_months, start_date, end_date, cancel_fee,
    create_comments.

    Raises:
        AriaError: 16012 when the end lies before the start, 16013 for an unknown type.
    """
    kind = about.get("type_no", 2)
    if kind not in TYPES:
        raise AriaError(Code.CONTRACT_TYPE, "invalid contract type")
    today = books.now.date().isoformat()
    start = about.get("start_date") or today
    months = about.get("length_months")
    end = about.get("end_date") or end_of(date.fromisoformat(start), months or 12).isoformat()
    if end < start:
        raise AriaError(Code.CONTRACT_DATES, "contract end date is before its start date")
    number = books.number("contract")
    return books.account.add(
        "contract",
        {
            "contract_no": number,
            "client_contract_id": about.get("client_contract_id") or str(number),
            "contract_scope": scope,
            "type_no": kind,
            "length_months": months or 12,
            "cancel_fee": about.get("cancel_fee"),
            "create_comments": about.get("create_comments", ""),
            "update_comments": "",
            "create_date": stamp(books.now),
            "update_date": stamp(books.now),
            "start_date": start,
            "end_date": end,
            "status_code": IN_EFFECT,
            "plan_instance_nos": instances,
        },
    )
