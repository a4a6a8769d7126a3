"""The control door's view of accounts: everything held, edits as a person makes them."""

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from itertools import chain
from typing import Any

from app.sandbox.aria.accounts import ledger
from app.sandbox.aria.accounts.account import HELD, Account, key_of
from app.sandbox.aria.accounts.account_creation import CREATE_INPUTS, create_acct_complete
from app.sandbox.aria.accounts.ledger import Books
from app.sandbox.aria.accounts.lookups import books_of
from app.sandbox.aria.context import Context
from app.sandbox.aria.edits import DELETE
from app.sandbox.aria.errors import AriaError
from app.sandbox.aria.events.catalog import financial_event
from app.sandbox.aria.inputs import checked
from app.sandbox.aria.tables import Row

_EVENTS = {  # what a person's edit of a kind makes Aria tell (aria.md §3.5)
    "account": 702,
    "contact": 717,
    "acct_supp_field": 707,
    "billing_group": 718,
    "payment_method": 716,
    "plan_instance": 718,
    "instance_field": 718,
    "custom_rate": 718,
    "queued_change": 730,
    "contract": 718,
    "comment": 712,
    "order": 802,
}
_STATUS_CHANGED, _PARENT_CHANGED = 704, 709
_FIXED = "acct_no"


def state(accounts: Iterable[Account], kind: str) -> list[Row]:
    """Return all records of a kind, each with its `key` and its account; KeyError for no kind."""
    if kind not in HELD:
        raise KeyError(kind)
    return [
        {
            "key": key_of(kind, row),
            "acct_no": held.no,
            "client_acct_id": held.row["client_acct_id"],
            **row,
        }
        for held in accounts
        for row in held.rows(kind)
    ]


def edit(context: Context, kind: str, key: str, values: Mapping[str, Any]) -> None:
    """Change a record by its client-defined id or number; "" inserts, `__delete__` deletes.

    A new account takes the fields of create_acct_complete_m; any other record needs `acct_no`, a
    transaction also `transaction_type` and `transaction_amount`.

    Raises:
        KeyError: There is no such kind or record.
        ValueError: Aria would refuse the values.
    """
    if kind not in HELD:
        raise KeyError(kind)
    try:
        if key == "":
            _insert(context, kind, dict(values))
        else:
            _change(context, kind, key, values)
    except AriaError as error:
        raise ValueError(error.message) from error


def _insert(context: Context, kind: str, values: dict[str, Any]) -> None:
    if kind == "account":
        create_acct_complete(context, checked(CREATE_INPUTS, {"acct": [values]}))
        return
    if _FIXED not in values:
        raise ValueError(f"A {kind} needs acct_no.")
    own = books_of(context, int(values.pop(_FIXED)))
    if kind == "transaction":
        _book(context, own, values)
        return
    identity = HELD[kind].identity
    if len(identity) == 1 and identity[0] not in values:
        values[identity[0]] = own.number(kind)
    model = next((row for one in _some(context, own) for row in one.rows(kind)), None)
    _check_columns(kind, model, values)
    missing = [column for column in identity if column not in values]
    if missing:
        raise ValueError(f"A {kind} needs {', '.join(missing)}.")
    own.account.put(kind, {**dict.fromkeys(model or {}), **_converted(model or {}, values)})
    _tell(context, own.account, kind)


def _some(context: Context, own: Books) -> list[Account]:
    """Return accounts whose rows show which columns a kind has."""
    accounts = context.work.accounts
    return [own.account, *accounts.all(list(accounts.numbers()[:60]))]


def _book(context: Context, own: Books, values: dict[str, Any]) -> None:
    kind, amount = values.pop("transaction_type", None), values.pop("transaction_amount", None)
    if kind not in ledger.TYPES or amount is None:
        raise ValueError("A transaction needs transaction_type and transaction_amount.")
    try:
        row = ledger.book(own, kind, Decimal(str(amount)), **values)
    except InvalidOperation as error:
        raise ValueError("transaction_amount is a number.") from error
    event = financial_event(kind)
    context.work.note(event, own.account, transaction_id=row["transaction_id"])


def _change(context: Context, kind: str, key: str, values: Mapping[str, Any]) -> None:
    held, row = _held(context, kind, key)
    own = books_of(context, held.no)
    if values.get(DELETE):
        if kind == "account":
            raise ValueError("Aria deletes no account.")
        own.account.remove(kind, row)
        _tell(context, own.account, kind)
        return
    _check_columns(kind, row, values)
    fixed = [c for c in HELD[kind].identity if values.get(c, row[c]) != row[c]]
    if fixed and kind != "acct_supp_field":
        raise ValueError(f"{', '.join(fixed)} of a {kind} cannot be changed.")
    if kind == "acct_supp_field":
        own.account.remove(kind, row)
        own.account.put(kind, {**row, **values})
    else:
        own.account.change(kind, row, **_converted(row, values))
    if kind == "account":
        _follow(own, values)
    _tell(context, own.account, kind, values)


def _follow(own: Books, values: Mapping[str, Any]) -> None:
    """Keep the account contact equal to the account's own fields."""
    row = own.account.find("contact", "contact_no", own.account.row["acct_contact_no"])
    if row is not None:
        same = {name: value for name, value in values.items() if name in row}
        own.account.change("contact", row, **same)


def _held(context: Context, kind: str, key: str) -> tuple[Account, Row]:
    accounts = context.work.accounts
    for held in _owners(context, kind, key):
        for row in held.rows(kind):
            numbered = str(row[HELD[kind].identity[0]]) == key
            if key_of(kind, row) == key or (len(HELD[kind].identity) == 1 and numbered):
                return held, row
    raise KeyError(f"{kind} {key} of {accounts.population} accounts")


def _owners(context: Context, kind: str, key: str) -> Iterable[Account]:
    """Return the accounts that may hold a record, without making all of them."""
    accounts = context.work.accounts
    if kind == "account":
        number = int(key) if key.isdigit() else accounts.by_client_id(key)
        return accounts.all([] if number is None else [number])
    first = key.partition("|")[0]
    if first.isdigit() and kind not in {"custom_rate", "instance_field", "payment_method"}:
        found = accounts.owner(kind, int(first))
        if found is not None:
            return [found]
    named = accounts.by_client_id(key.rpartition("-")[0]) if "-" in key else None
    if named is not None:
        return chain(accounts.all([named]), accounts.all())
    return accounts.all()


def _check_columns(kind: str, model: Row | None, values: Mapping[str, Any]) -> None:
    unknown = [name for name in values if model is not None and name not in model]
    if unknown:
        has = ", ".join(model or {})
        raise ValueError(f"A {kind} has no {', '.join(unknown)}; it has {has}.")


def _converted(model: Row, values: Mapping[str, Any]) -> Row:
    return {
        name: Decimal(str(value))
        if isinstance(model.get(name), Decimal) and value is not None
        else value
        for name, value in values.items()
    }


def _tell(
    context: Context, held: Account, kind: str, values: Mapping[str, Any] | None = None
) -> None:
    event = _EVENTS.get(kind)
    if kind == "account" and values and "status_cd" in values:
        event = _STATUS_CHANGED
    if kind == "account" and values and "senior_acct_no" in values:
        event = _PARENT_CHANGED
    if event is not None:
        context.work.note(event, held)
