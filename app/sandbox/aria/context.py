"""What a call may use, and how calls are declared."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from app.sandbox.aria.accounts.store import Work
from app.sandbox.aria.errors import AriaError, Code, missing, not_found
from app.sandbox.aria.events.board import Board
from app.sandbox.aria.inputs import Input, Inputs
from app.sandbox.aria.tables import Row, Tables
from app.sandbox.clock import Clock

Answer = dict[str, Any]


class Api(Enum):
    """The three APIs; each has its own paths (aria.md §1.2)."""

    CORE = "core"
    ADMIN = "admin_tools"
    QUERY = "object_query"


@dataclass(frozen=True, slots=True)
class Context:
    """The client's catalog, accounts and clock."""

    tables: Tables
    clock: Clock
    client_no: int
    work: Work
    board: Board


@dataclass(frozen=True, slots=True)
class Call:
    """One call: its API, its inputs beyond the common ones, and what answers it."""

    name: str
    api: Api
    inputs: tuple[Input, ...]
    answer: Callable[[Context, Inputs], Answer]
    writes: bool = False
    cached: bool = True  # may the answer be kept until something changes


def plan_number(context: Context, sent: Inputs) -> int | None:
    """Return the number of the plan that `plan_no` or `client_plan_id` names.

    When both are sent the number wins (aria.md §2). None is for a plan that does not exist.

    Raises:
        AriaError: 1010 when neither was sent.
    """
    return _number(context, sent, "plan", ("plan_no", "client_plan_id"))


def core_plan(context: Context, sent: Inputs) -> Row:
    """Return the plan a Core call names; an unknown one is 1013."""
    number = plan_number(context, sent)
    row = None if number is None else context.tables.get("plan", number)
    if row is None:
        raise not_found("plan")
    return row


def admin_plan(context: Context, sent: Inputs) -> Row:
    """Return the plan an AdminTools call names; an unknown one is 1010 there (aria.md §1.6)."""
    number = plan_number(context, sent)
    row = None if number is None else context.tables.get("plan", number)
    if row is None:
        raise AriaError(Code.MISSING, "missing required parameters: the plan does not exist")
    return row


def named(context: Context, sent: Inputs, kind: str, names: tuple[str, str]) -> Row:
    """Return the row that a number or a client-defined id names.

    Raises:
        AriaError: 1010 when neither was sent, 1013 when there is no such row.
    """
    number = _number(context, sent, kind, names)
    row = None if number is None else context.tables.get(kind, number)
    if row is None:
        raise not_found(" or ".join(names))
    return row


def _number(context: Context, sent: Inputs, kind: str, names: tuple[str, str]) -> int | None:
    by_number, by_id = names
    if by_number in sent:
        return int(sent[by_number])
    if by_id not in sent:
        raise missing(" or ".join(names))
    return context.tables.number(kind, sent[by_id])
