"""The money balance of a customer: positive lowers the next invoice (orb.md §2.1)."""

from decimal import Decimal

from app.sandbox.orb.amounts import money, number
from app.sandbox.orb.checks import Shape
from app.sandbox.orb.errors import constraint
from app.sandbox.orb.paging import PARAMETERS, page_of
from app.sandbox.orb.query import ranges
from app.sandbox.orb.router import DONE, Call, Route
from app.sandbox.orb.world import Row, World, shown

_NEW = Shape("amount*:amount type*:increment|decrement description")


def change_balance(
    world: World, customer: Row, change: Decimal, action: str, **about: str | None
) -> Row:
    """Book `change` (positive adds to the balance) and return the transaction.

    `about` may hold `description`, and the ids `invoice` and `credit_note`.
    """
    before = number(customer["balance"])
    customer["balance"] = money(before + change)
    invoice, credit_note = about.get("invoice"), about.get("credit_note")
    row = {
        "id": world.new_id("balance_transaction"),
        "created_at": world.now,
        "starting_balance": money(before),
        "ending_balance": customer["balance"],
        "amount": money(abs(change)),
        "action": action,
        "description": about.get("description"),
        "invoice": None if invoice is None else {"id": invoice},
        "type": "increment" if change >= 0 else "decrement",
        "credit_note": None if credit_note is None else {"id": credit_note},
        "_customer": customer["id"],
    }
    world.add("balance_transaction", row)
    world.emit("customer.balance_transaction_created", customer, balance_transaction=shown(row))
    return row


def _list(call: Call) -> Row:
    customer = call.record("customer")
    times = call.query.range("operation_time")

    def keep(row: Row) -> bool:
        return row["_customer"] == customer["id"] and times.holds(row["created_at"])

    return page_of(call.table("balance_transaction"), call.query, shown, keep)


def _create(call: Call) -> Row:
    customer = call.record("customer")
    amount = number(call.body["amount"])
    if amount <= 0:
        raise constraint("The amount of a balance transaction is more than 0.")
    change = amount if call.body["type"] == "increment" else -amount
    said = call.sent("description")
    return shown(
        change_balance(call.world, customer, change, "manual_adjustment", description=said)
    )


_PATH = "customers/{customer_id}/balance_transactions"
ROUTES = (
    Route("GET", _PATH, _list, filters=(*PARAMETERS, *ranges("operation_time"))),
    Route("POST", _PATH, _create, DONE, body=_NEW),
)
