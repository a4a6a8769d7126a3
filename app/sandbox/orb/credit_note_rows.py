"""Credit notes: made, and as Orb shows them (orb.md §2.4)."""

from collections.abc import Sequence
from decimal import Decimal

from app.sandbox.orb.amounts import money, number
from app.sandbox.orb.balance import change_balance
from app.sandbox.orb.world import Row, World, shown


def raise_credit_note(
    world: World,
    invoice: Row,
    credited: Sequence[tuple[Row, Decimal]],
    reason: str | None,
    memo: str | None,
) -> Row:
    """Store a credit note over amounts of lines; a paid invoice is refunded to the balance."""
    refund = invoice["status"] == "paid"
    total = sum((amount for _, amount in credited), Decimal(0))
    count = len(world.table("credit_note").rows) + 1
    row = {
        "id": world.new_id("credit_note"),
        "created_at": world.now,
        "voided_at": None,
        "credit_note_number": f"NWT-CN-{count:05d}",
        "invoice_id": invoice["id"],
        "memo": memo,
        "reason": reason,
        "type": "refund" if refund else "adjustment",
        "subtotal": money(total),
        "total": money(total),
        "customer": invoice["customer"],
        "credit_note_pdf": None,
        "minimum_amount_refunded": None,
        "discounts": [],
        "maximum_amount_adjustment": None,
        "line_items": [_line(line, amount) for line, amount in credited],
        "_customer": invoice["_customer"],
        "_lines": {line["id"]: str(amount) for line, amount in credited},
    }
    row["credit_note_pdf"] = f"https://assets.withorb.example/credit_note/{row['id']}.pdf"
    world.add("credit_note", row)
    invoice["_credit_notes"].append(row["id"])
    if refund:
        customer = world.table("customer")[invoice["_customer"]]
        about = {"invoice": invoice["id"], "credit_note": row["id"]}
        change_balance(world, customer, total, "credit_note_applied", **about)
    world.emit("credit_note.issued", shown(row))
    return row


def credited_before(world: World, invoice: Row, line_id: str) -> Decimal:
    """Return what has been credited of a line already."""
    notes = world.table("credit_note").rows
    alive = (notes[each] for each in invoice["_credit_notes"] if not notes[each]["voided_at"])
    return sum((number(note["_lines"].get(line_id, "0")) for note in alive), Decimal(0))


def _line(line: Row, amount: Decimal) -> Row:
    return {
        "id": line["id"],
        "name": line["name"],
        "subtotal": money(amount),
        "amount": money(amount),
        "quantity": line["quantity"],
        "discounts": [],
        "tax_amounts": [],
        "item_id": line["price"]["item"]["id"],
        "start_time_inclusive": line["start_date"],
        "end_time_exclusive": line["end_date"],
    }
