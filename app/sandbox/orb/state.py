"""The truth about what the sandbox holds, for its control door."""

from collections.abc import Callable

from app.sandbox.orb.customers import show_customer
from app.sandbox.orb.invoice_rows import show_invoice
from app.sandbox.orb.plan_rows import brief_plan, show_plan
from app.sandbox.orb.subscription_rows import show_subscription
from app.sandbox.orb.world import KINDS, Row, World, shown

_SHOW: dict[str, Callable[[World, Row], Row]] = {
    "customer": show_customer,
    "subscription": show_subscription,
    "invoice": show_invoice,
    "plan": lambda _, row: show_plan(row),
}


def _plain(world: World, row: Row) -> Row:
    del world  # the row holds it all
    return shown(row)


DERIVED = ("invoice_line_item", "subscription_version")
TYPES = (*KINDS, *DERIVED)


def state_of(world: World, kind: str) -> list[Row]:
    """Return every record of a kind, oldest first; KeyError for an unknown kind."""
    if kind in DERIVED:
        return _lines(world) if kind == "invoice_line_item" else _versions(world)
    show = _SHOW.get(kind, _plain)
    rows = world.table(kind).rows.values()
    return [show(world, row) for row in rows if not row.get("_deleted")]


def _lines(world: World) -> list[Row]:
    """Return the lines of invoices that are no drafts, with the id of the invoice."""
    return [
        {"invoice_id": invoice["id"], **line}
        for invoice in state_of(world, "invoice")
        if invoice["status"] != "draft"
        for line in invoice["line_items"]
    ]


def _versions(world: World) -> list[Row]:
    plans = world.table("plan").rows
    return [
        {"subscription_id": row["id"], **shown(entry), "plan": brief_plan(plans[entry["_plan"]])}
        for row in world.table("subscription").rows.values()
        for entry in row["_schedule"]
    ]
