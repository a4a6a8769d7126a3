"""What a call names: the account, a plan instance, a group, a contract (aria.md §2)."""

from app.sandbox.aria.accounts.account import HELD, Account
from app.sandbox.aria.accounts.ledger import Books
from app.sandbox.aria.context import Context
from app.sandbox.aria.errors import AriaError, Code, missing, not_found
from app.sandbox.aria.inputs import Inputs
from app.sandbox.aria.tables import Row

BY_ACCT_NO = ("acct_no", "client_acct_id", "user_id", "userid")
BY_ACCOUNT_NO = ("account_no", "client_acct_id", "account_number", "parent_acct_no")


def account_no(context: Context, sent: Inputs, names: tuple[str, ...] = BY_ACCT_NO) -> int:
    """Return the number of the account that a call names; a number wins (aria.md §2).

    Raises:
        AriaError: 1010 when none is named, 1009 for an account that does not exist.
    """
    given = next((name for name in (*names, *BY_ACCOUNT_NO) if name in sent), None)
    if given is None:
        raise missing(f"{names[0]} or client_acct_id")
    value, accounts = sent[given], context.work.accounts
    if given in {"user_id", "userid"}:
        number = accounts.by_userid(value)
    elif given == "client_acct_id":
        number = accounts.by_client_id(value)
    else:
        number = value
    if number is None or context.work.read(number) is None:
        raise AriaError(Code.NO_ACCOUNT, f"account does not exist: {given} {value}")
    return int(number)


def account(context: Context, sent: Inputs) -> Account:
    """Return the account that a call reads.

    Raises:
        AriaError: 1010 when none is named, 1009 for an account that does not exist.
    """
    found = context.work.read(account_no(context, sent))
    if found is None:
        raise AriaError(Code.NO_ACCOUNT, "account does not exist")
    return found


def books(context: Context, sent: Inputs) -> Books:
    """Return the account that a call changes, ready to be written.

    Raises:
        AriaError: 1010 when none is named, 1009 for an account that does not exist.
    """
    return books_of(context, account_no(context, sent))


def books_of(context: Context, number: int) -> Books:
    """Return an account by its number, ready to be written.

    Raises:
        AriaError: 1009 for an account that does not exist.
    """
    work = context.work
    draft = work.open(number)
    if draft is None:
        raise AriaError(Code.NO_ACCOUNT, f"account does not exist: {number}")
    return Books(draft, context.tables, context.clock.now(), work.accounts.number, work.receipt)


def part(held: Account, kind: str, sent: Inputs, names: tuple[str, str]) -> Row | None:
    """Return the record of an account that a number or a client-defined id names.

    None is for a call that names none.

    Raises:
        AriaError: 1013 when the account has no such record.
    """
    by_number, by_id = names
    spec = HELD[kind]
    if by_number in sent:
        row = held.find(kind, spec.identity[0], sent[by_number])
    elif by_id in sent:
        row = held.find(kind, spec.client_id or "", sent[by_id])
    else:
        return None
    if row is None:
        raise not_found(" or ".join(names))
    return row


INSTANCE = ("plan_instance_no", "client_plan_instance_id")
MASTER = ("master_plan_instance_no", "client_master_plan_instance_id")


def instance(
    held: Account, sent: Inputs, names: tuple[str, str] = INSTANCE, *, required: bool = True
) -> Row | None:
    """Return the plan instance that a call names.

    Raises:
        AriaError: 1010 when one is required and none is named; 14046 or 14047 for one that the
            account does not have.
    """
    by_number, by_id = names
    if by_number in sent:
        row = held.find("plan_instance", "plan_instance_no", sent[by_number])
        code = Code.NO_PLAN_INSTANCE
    elif by_id in sent:
        row = held.find("plan_instance", "client_plan_instance_id", sent[by_id])
        code = Code.NO_CLIENT_PLAN_INSTANCE
    elif required:
        raise missing(" or ".join(names))
    else:
        return None
    if row is None:
        raise AriaError(code, f"plan instance does not exist: {' or '.join(names)}")
    return row


def the_instance(held: Account, sent: Inputs, names: tuple[str, str] = INSTANCE) -> Row:
    """Return the plan instance that a call must name; errors as in `instance`."""
    row = instance(held, sent, names)
    if row is None:
        raise missing(" or ".join(names))
    return row


def of_master(held: Account, sent: Inputs) -> int | None:
    """Return the number of the master plan instance that a call asks for, or None for all."""
    row = instance(held, sent, MASTER, required=False)
    return None if row is None else int(row["plan_instance_no"])


def names_of(held: Account, number: int | None) -> tuple[int | None, str]:
    """Return the number and the client-defined id of a plan instance; "" for none."""
    if number is None:
        return None, ""
    row = held.find("plan_instance", "plan_instance_no", number)
    return number, "" if row is None else str(row["client_plan_instance_id"])
