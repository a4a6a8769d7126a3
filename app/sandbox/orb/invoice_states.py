"""What becomes of an invoice: issued, paid, dunned, void (orb.md §2.4)."""

import zlib
from decimal import Decimal

from app.sandbox.orb.amounts import money, number
from app.sandbox.orb.balance import change_balance
from app.sandbox.orb.credit_ledger import post
from app.sandbox.orb.errors import constraint
from app.sandbox.orb.invoice_rows import show_invoice
from app.sandbox.orb.times import day_or_moment, later
from app.sandbox.orb.world import Row, World

DUNNING_DAYS = (3, 5, 7)  # from one failed attempt to the next; ours, Orb's are a setting
_MOST_REFUSALS = 2  # of a customer whose card works only now and then
_SYNCED = frozenset({"quickbooks", "bill.com", "netsuite", "stripe_invoice"})
_CHARGED = frozenset({"stripe_charge", "adyen", "stripe_invoice"})


def tell(world: World, kind: str, invoice: Row, **properties: object) -> None:
    """Announce an event about an invoice."""
    if world.announce is not None:
        world.emit(f"invoice.{kind}", show_invoice(world, invoice), **properties)


def issue(world: World, invoice: Row) -> None:
    """Issue a draft: the balance is applied, payment is arranged."""
    customer = world.table("customer")[invoice["_customer"]]
    invoice["status"] = "issued"
    invoice["issued_at"] = world.now
    invoice["hosted_invoice_url"] = f"https://invoice.withorb.example/{invoice['id']}"
    invoice["invoice_pdf"] = f"https://assets.withorb.example/invoice/{invoice['id']}.pdf"
    _apply_balance(world, customer, invoice)
    free = number(invoice["amount_due"]) <= 0
    if free or invoice.get("_mark_paid"):
        _paid(world, invoice)
    elif customer["payment_provider"] in _SYNCED:
        invoice["status"] = "synced"
    tell(world, "issued", invoice, automatically_marked_as_paid=free)
    tell(world, "issued_summary", invoice, automatically_marked_as_paid=free)
    if invoice["status"] == "synced":
        about = {name: customer[name] for name in ("payment_provider", "payment_provider_id")}
        tell(world, "sync_succeeded", invoice, **about)
    if invoice["status"] != "paid":
        _arrange_payment(world, customer, invoice)


def _apply_balance(world: World, customer: Row, invoice: Row) -> None:
    balance, total = number(customer["balance"]), number(invoice["total"])
    if balance == 0:
        return
    applied = min(balance, total)
    done = change_balance(world, customer, -applied, "applied_to_invoice", invoice=invoice["id"])
    invoice["_balance"].append(done["id"])
    invoice["amount_due"] = money(total - applied)


def _arrange_payment(world: World, customer: Row, invoice: Row) -> None:
    if invoice["auto_collection"]["enabled"] and customer["payment_provider"] in _CHARGED:
        at = max(invoice["due_date"] or world.now, world.now)
        invoice["auto_collection"]["next_attempt_at"] = at
        world.later(at, "collect", invoice["id"])
    elif customer.get("_pays_after_days") is not None:
        at = later(invoice["invoice_date"], days=customer["_pays_after_days"])
        world.later(max(at, world.now), "pay_by_hand", invoice["id"])


def _paid(world: World, invoice: Row) -> None:
    invoice["status"] = "paid"
    invoice["paid_at"] = world.now
    invoice["auto_collection"]["next_attempt_at"] = None
    block = world.table("credit_block").rows.get(invoice.get("_block") or "")
    if block is not None and block["status"] == "pending_payment":
        block["status"] = "active"
        post(world, block, "increment", number(block["balance"]), created_invoices=None)


def collect(world: World, invoice: Row) -> bool:
    """Try to collect what is due, tell how it went, and plan the next try; True if it was paid."""
    customer = world.table("customer")[invoice["_customer"]]
    plan = invoice["auto_collection"]
    tries = plan["num_attempts"] = (plan["num_attempts"] or 0) + 1
    plan["previously_attempted_at"] = invoice["payment_started_at"] = world.now
    good = tries > _refusals(customer, invoice)
    attempt = {
        "id": world.new_id("payment_attempt"),
        "payment_provider": "adyen" if customer["payment_provider"] == "adyen" else "stripe",
        "payment_provider_id": world.new_id("transaction"),
        "amount": invoice["amount_due"],
        "succeeded": good,
        "created_at": world.now,
        "receipt_pdf": None,
    }
    invoice["payment_attempts"].append(attempt)
    about = {
        "payment_provider": attempt["payment_provider"],
        "payment_provider_id": customer["payment_provider_id"],
        "payment_provider_transaction_id": attempt["payment_provider_id"],
    }
    if good:
        attempt["receipt_pdf"] = f"https://assets.withorb.example/receipt/{attempt['id']}.pdf"
        _paid(world, invoice)
        invoice["payment_received_at"] = world.now
        tell(world, "payment_succeeded", invoice, **about, shared_payment_token_id=None)
    else:
        invoice["payment_failed_at"] = world.now
        tell(world, "payment_failed", invoice, **about)
    _dun(world, invoice, tries, good=good)
    return good


def _refusals(customer: Row, invoice: Row) -> int:
    """Return how many attempts on an invoice fail before one succeeds."""
    if customer.get("_declined"):
        return 1000
    luck = zlib.crc32(invoice["id"].encode()) % 6
    return luck if customer.get("_flaky") and luck <= _MOST_REFUSALS else 0


def _dun(world: World, invoice: Row, tries: int, *, good: bool) -> None:
    plan = invoice["auto_collection"]
    plan["next_attempt_at"] = None
    schedule = {"id": f"{invoice['id']}-dunning", "status": "active"}
    steps = [{"order": place + 1, "days": days} for place, days in enumerate(DUNNING_DAYS)]
    if tries > 1:
        tell(
            world, "dunning_schedule_step_executed", invoice, dunning_step=steps[min(tries, 4) - 2]
        )
    elif not good:
        about = {"dunning_schedule": schedule, "dunning_steps": steps, "source": "automatic"}
        tell(world, "dunning_schedule_created", invoice, **about)
    if not good and tries <= len(DUNNING_DAYS):
        plan["next_attempt_at"] = later(world.now, days=DUNNING_DAYS[tries - 1])
        world.later(plan["next_attempt_at"], "collect", invoice["id"])
    elif tries > 1:
        ended = {**schedule, "status": "completed"}
        tell(world, "dunning_schedule_ended", invoice, dunning_schedule=ended, dunning_steps=steps)


def mark_paid(world: World, invoice: Row, received: str, **about: str | None) -> None:
    """Take note of a payment made elsewhere; `about` has `external_id` and `notes`."""
    if invoice["status"] not in {"issued", "synced"}:
        raise constraint("Only an issued or synced invoice can be marked as paid.")
    _paid(world, invoice)
    zone = world.table("customer")[invoice["_customer"]]["timezone"]
    invoice["payment_received_at"] = day_or_moment(received, zone)
    tell(world, "manually_marked_as_paid", invoice, payment_received_date=received, **about)


def void_invoice(world: World, invoice: Row) -> None:
    """Void an invoice: the balance that it used is given back, credits that it bought are lost."""
    customer = world.table("customer")[invoice["_customer"]]
    invoice["status"] = "void"
    invoice["voided_at"] = world.now
    invoice["auto_collection"]["next_attempt_at"] = None
    used = number(invoice["total"]) - number(invoice["amount_due"])
    if used != 0:
        done = change_balance(world, customer, used, "return_from_voiding", invoice=invoice["id"])
        invoice["_balance"].append(done["id"])
    block = world.table("credit_block").rows.get(invoice.get("_block") or "")
    if block is not None and number(block["balance"]) > 0:
        left = number(block["balance"])
        change = -left if block["status"] == "active" else Decimal(0)
        block["balance"] = Decimal(0)
        post(world, block, "void", change, amount=left, void_reason=None, void_amount=left)
    tell(world, "manually_marked_as_void", invoice)
