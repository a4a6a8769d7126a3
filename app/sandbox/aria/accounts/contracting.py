"""Contracts (termed agreements) of an account: their dates, plans, ends (aria.md §2.6)."""

from datetime import date, timedelta
from typing import Any

from app.sandbox.aria.accounts.dates import months_after, stamp
from app.sandbox.aria.accounts.ledger import Books
from app.sandbox.aria.accounts.lookups import instance, names_of
from app.sandbox.aria.errors import AriaError, Code, not_found
from app.sandbox.aria.inputs import inputs
from app.sandbox.aria.tables import Row

INSTANCE_SCOPE, UNIVERSAL_SCOPE = "plan instance", "universal"
TYPES = frozenset({2, 3, 6, 7, 8, 9})
IN_EFFECT, CLOSED = 1, frozenset({-1, -2})


_RATE_INSTANCE = ("custom_rate_plan_instance_no", "custom_rate_client_plan_instance_id")
ROLLOVER = inputs(
    "plan_instance_no:int client_plan_instance_id rollover_plan_no:int rollover_client_plan_id",
    "rollover_rate_sched_no:int rollover_client_rate_sched_id",
)
ROLLOVERS = inputs(
    contract_plan_instances=ROLLOVER,
    contract_rollover_custom_rates=inputs(
        "custom_rate_plan_instance_no:int custom_rate_client_plan_instance_id",
        "custom_rate_service_no:int custom_rate_client_service_id custom_rate_seq_no:int",
        "custom_rate_from_unit:num custom_rate_to_unit:num custom_rate_per_unit:num*",
    ),
)


def rollovers_of(
    books: Books, numbers: list[int], wishes: list[Row], rates: list[Row]
) -> dict[int, Row]:
    """Return what each plan instance of a contract rolls over to, with its custom rates.

    Rates that name no instance are those of the first one.

    Raises:
        AriaError: 1013 for a plan or schedule that there is not, 16018 for rates of an instance
            that the contract does not cover.
    """
    found = {no: rollover_of(books, wish) for no, wish in zip(numbers, wishes, strict=True)}
    for row in rates:
        held = instance(books.account, row, _RATE_INSTANCE, required=False)
        number = held["plan_instance_no"] if held else numbers[0]
        if number not in found:
            raise AriaError(Code.CONTRACT_PLANS, "the contract does not cover the plan instance")
        client_id = names_of(books.account, number)[1]
        found[number].setdefault("contract_rollover_custom_rate_info", []).append(
            {
                _RATE_INSTANCE[0]: number,
                _RATE_INSTANCE[1]: client_id,
                "custom_rate_service_no": row.get("custom_rate_service_no"),
                "custom_client_rate_service_id": row.get("custom_rate_client_service_id", ""),
                **{name: str(row.get(name, "")) for name in _RATE_TEXTS},
            }
        )
    return found


_RATE_TEXTS = (
    "custom_rate_seq_no",
    "custom_rate_from_unit",
    "custom_rate_to_unit",
    "custom_rate_per_unit",
)


def rollover_of(books: Books, wish: Row) -> Row:
    """Return what a plan instance of a contract rolls over to, as the reads print it.

    Raises:
        AriaError: 1013 for a plan or a rate schedule that there is not, or not on the plan.
    """
    plan = _named(books, wish, "plan", ("rollover_plan_no", "rollover_client_plan_id"))
    names = ("rollover_rate_sched_no", "rollover_client_rate_sched_id")
    schedule = _named(books, wish, "rate_schedule", names)
    if schedule and schedule["plan_no"] != plan.get("plan_no"):
        raise not_found(" or ".join(names))
    return {
        "rollover_plan_no": plan.get("plan_no"),
        "rollover_client_plan_id": plan.get("client_plan_id", ""),
        "rollover_rate_sched_no": schedule.get("schedule_no"),
        "rollover_client_rate_sched_id": schedule.get("client_rate_schedule_id", ""),
    }


def _named(books: Books, wish: Row, kind: str, names: tuple[str, str]) -> Row:
    by_number, by_id = names
    if by_number not in wish and by_id not in wish:
        return {}
    number = wish.get(by_number)
    if number is None:
        number = books.catalog.number(kind, wish[by_id])
    row = None if number is None else books.catalog.get(kind, number)
    if row is None:
        raise not_found(" or ".join(names))
    return row


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
            "rollovers": about.get("rollovers", {}),
        },
    )
