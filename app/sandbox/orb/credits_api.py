"""Credit blocks, ledger and top-ups over HTTP (orb.md §2.5)."""

from app.sandbox.orb.amounts import number, plain
from app.sandbox.orb.checks import Shape, list_of, loose, one_of, tagged
from app.sandbox.orb.credit_ledger import (
    CREDITS,
    balance_of,
    draw,
    grant,
    new_block,
    overdraw,
    post,
)
from app.sandbox.orb.errors import constraint, invalid
from app.sandbox.orb.invoice_rows import brief_invoice, credit_invoice, show_invoice
from app.sandbox.orb.invoice_states import void_invoice
from app.sandbox.orb.metadata import merged
from app.sandbox.orb.paging import MOST_LEDGER, PARAMETERS, page_of
from app.sandbox.orb.query import ranges
from app.sandbox.orb.router import CREATED, NO_BODY, Call, Route, both_ids
from app.sandbox.orb.times import day_or_moment, later, parse, stamp
from app.sandbox.orb.world import Row, World, shown

_TYPES = (
    "increment",
    "decrement",
    "expiration_change",
    "credit_block_expiry",
    "void",
    "void_initiated",
    "amendment",
)
_ITEM_FILTER = Shape(
    "field* operator* values*:text[]",
    field=one_of("item_id"),
    operator=one_of("includes", "excludes"),
)
_INVOICE = loose(
    "auto_collection*:flag net_terms:terms memo require_successful_payment!:flag "
    "invoice_date:day_or_moment custom_due_date:day_or_moment item_id mark_as_paid!:flag",
)
_ENTRY = "metadata:map currency description entry_type* "
_NEW_ENTRY = tagged(
    "entry_type",
    {
        "increment": Shape(
            f"{_ENTRY} amount*:number expiry_date:day_or_moment effective_date:day_or_moment "
            "per_unit_cost_basis:amount invoice_settings filters",
            invoice_settings=_INVOICE,
            filters=list_of(_ITEM_FILTER),
        ),
        "decrement": Shape(f"{_ENTRY} amount*:number"),
        "expiration_change": Shape(
            f"{_ENTRY} amount:number expiry_date:day_or_moment block_id target_expiry_date*:day"
        ),
        "void": Shape(
            f"{_ENTRY} block_id* amount*:number void_reason", void_reason=one_of("refund")
        ),
        "amendment": Shape(f"{_ENTRY} block_id* amount*:number"),
    },
)
_TOP_UP_PAST_DAYS = 10
_TOP_UP = loose(
    "currency* threshold*:amount amount*:amount per_unit_cost_basis*:amount invoice_settings* "
    "expires_after:count expires_after_unit:day|month active_from:moment",
    invoice_settings=loose(
        "auto_collection*:flag net_terms*:terms memo require_successful_payment!:flag"
    ),
)


def _list_blocks(call: Call) -> Row:
    customer = call.record("customer")
    currency = call.query.one("currency") or CREDITS
    every = call.query.flag("include_all_blocks")
    dates = call.query.range("effective_date")

    def keep(block: Row) -> bool:
        if block["_customer"] != customer["id"] or block["_currency"] != currency:
            return False
        if not dates.holds(block["effective_date"] or block["_created_at"]):
            return False
        alive = block["expiry_date"] is None or block["expiry_date"] > call.world.now
        return bool(every) or (alive and block["balance"] != 0)

    return page_of(call.table("credit_block"), call.query, shown, keep)


def _list_ledger(call: Call) -> Row:
    customer, query = call.record("customer"), call.query
    currency = query.one("currency") or CREDITS
    kind = query.choice("entry_type", _TYPES)
    status = query.choice("entry_status", ("committed", "pending"))
    least, created = query.number("minimum_amount"), query.range("created_at")

    def keep(row: Row) -> bool:
        return (
            row["_customer"] == customer["id"]
            and row["currency"] == currency
            and kind in {None, row["entry_type"]}
            and status in {None, row["entry_status"]}
            and (least is None or row["amount"] >= least)
            and created.holds(row["created_at"])
        )

    return page_of(call.table("ledger_entry"), query, shown, keep, MOST_LEDGER)


def _add_entry(call: Call) -> Row:
    customer = call.record("customer")
    kind = call.body["entry_type"]
    amount = call.sent("amount")
    if amount is not None and number(amount) <= 0:
        raise constraint("The amount of a ledger entry is more than 0.")
    return shown(_ENTRIES[kind](call, customer))


def _increment(call: Call, customer: Row) -> Row:
    world, currency = call.world, call.sent("currency", CREDITS)
    settings, basis = call.sent("invoice_settings"), call.sent("per_unit_cost_basis")
    _check_purchase(settings, basis)
    zone = customer["timezone"]
    values = {
        "amount": call.body["amount"],
        "per_unit_cost_basis": basis,
        "filters": call.sent("filters"),
        "description": call.sent("description"),
        "metadata": merged({}, call.sent("metadata", {})),
    }
    for name in ("expiry_date", "effective_date"):
        given = call.sent(name)
        values[name] = None if given is None else day_or_moment(given, zone)
    if values["expiry_date"] is not None and values["expiry_date"] <= world.now:
        raise constraint("The expiry_date of new credits lies in the future.")
    if settings is not None and settings.get("require_successful_payment"):
        values["status"] = "pending_payment"
    entry = grant(world, customer, currency, values)
    entry["created_invoices"] = []
    if settings is not None:
        block = world.table("credit_block")[entry["credit_block"]["id"]]
        invoice = credit_invoice(world, customer, block, settings)
        entry["created_invoices"] = [show_invoice(world, invoice)]
    return entry


def _check_purchase(settings: Row | None, basis: str | None) -> None:
    if settings is None:
        return
    if basis is None or number(basis) <= 0:
        raise constraint("invoice_settings need a per_unit_cost_basis greater than 0.")
    if (settings.get("net_terms") is None) == (settings.get("custom_due_date") is None):
        raise constraint("invoice_settings need either net_terms or custom_due_date.")


def _decrement(call: Call, customer: Row) -> Row:
    world, currency = call.world, call.sent("currency", CREDITS)
    amount = number(call.body["amount"])
    about = {
        "description": call.sent("description"),
        "metadata": merged({}, call.sent("metadata", {})),
        "price_id": None,
        "invoice_id": None,
    }
    last: Row | None = None
    for entry, taken in draw(world, customer, currency, amount, **about):
        last, amount = entry, amount - taken
    if amount > 0 or last is None:
        last = overdraw(world, customer, currency, amount, **about)
    return last


def _block(call: Call, customer: Row) -> Row:
    block_id, expiry = call.sent("block_id"), call.sent("expiry_date")
    if block_id is None and expiry is None:
        raise invalid("block_id: one of block_id and expiry_date is needed")
    for block in call.table("credit_block").rows.values():
        same = block_id == block["id"] or (
            block_id is None and expiry[:10] == (block["expiry_date"] or "")[:10]
        )
        if same and block["_customer"] == customer["id"]:
            return block
    raise constraint("The customer has no such credit block.")


def _change_expiry(call: Call, customer: Row) -> Row:
    world, source = call.world, _block(call, customer)
    amount = number(call.sent("amount", source["balance"]))
    if amount > number(source["balance"]):
        raise constraint("The block holds fewer credits than are to be moved.")
    target = day_or_moment(call.body["target_expiry_date"], customer["timezone"])
    source["balance"] = plain(number(source["balance"]) - amount)
    new_block(
        world,
        customer,
        source["_currency"],
        {
            **source,
            "amount": amount,
            "expiry_date": target,
            "source": source["credit_block_source"],
        },
    )
    about = {"description": call.sent("description"), "new_block_expiry_date": target}
    metadata = merged({}, call.sent("metadata", {}))
    return post(
        world, source, "expiration_change", number(0), amount=amount, metadata=metadata, **about
    )


def _void(call: Call, customer: Row) -> Row:
    world, block = call.world, _block(call, customer)
    amount = number(call.body["amount"])
    left = number(block["balance"])
    if amount > left:
        raise constraint("The block holds fewer credits than are to be voided.")
    about = {
        "void_reason": call.sent("void_reason"),
        "void_amount": plain(amount),
        "description": call.sent("description"),
        "metadata": merged({}, call.sent("metadata", {})),
    }
    moment = block["expiry_date"] or world.now
    first = post(
        world,
        block,
        "void_initiated",
        number(0),
        amount=left,
        new_block_expiry_date=moment,
        **about,
    )
    block["balance"] = plain(left - amount)
    post(world, block, "void", -amount, **about)
    return first


def _amend(call: Call, customer: Row) -> Row:
    block, amount = _block(call, customer), number(call.body["amount"])
    used = number(block["maximum_initial_balance"] or 0) - number(block["balance"])
    if amount > used:
        raise constraint("More would be given back than was taken from the block.")
    block["balance"] = plain(number(block["balance"]) + amount)
    about = {
        "description": call.sent("description"),
        "metadata": merged({}, call.sent("metadata", {})),
    }
    return post(call.world, block, "amendment", amount, **about)


_ENTRIES = {
    "increment": _increment,
    "decrement": _decrement,
    "expiration_change": _change_expiry,
    "void": _void,
    "amendment": _amend,
}


def _fetch_block(call: Call) -> Row:
    return shown(call.world.at("credit_block", call.params["block_id"]))


def _edit_block(call: Call) -> Row:
    block = call.world.at("credit_block", call.params["block_id"])
    if "metadata" in call.body:
        block["metadata"] = merged(block["metadata"], call.body["metadata"])
    return shown(block)


def _delete_block(call: Call) -> None:
    world = call.world
    block = world.at("credit_block", call.params["block_id"])
    customer = world.table("customer")[block["_customer"]]
    currency = block["_currency"]
    customer["_credits"][currency] = balance_of(customer, currency) - number(block["balance"])
    for invoice_id in block["_invoices"]:
        invoice = world.table("invoice")[invoice_id]
        if invoice["status"] in {"draft", "issued"}:
            void_invoice(world, invoice)
    gone = [
        entry["id"]
        for entry in world.table("ledger_entry").rows.values()
        if entry["credit_block"]["id"] == block["id"]
    ]
    for entry_id in gone:
        world.table("ledger_entry").remove(entry_id)
    world.table("credit_block").remove(block["id"])


def _block_invoices(call: Call) -> Row:
    block = call.world.at("credit_block", call.params["block_id"])
    invoices = call.table("invoice")
    found = [brief_invoice(call.world, invoices[each]) for each in block["_invoices"]]
    return {"block": shown(block), "invoices": found}


def _list_top_ups(call: Call) -> Row:
    customer = call.record("customer")
    return page_of(
        call.table("top_up"), call.query, shown, lambda row: row["_customer"] == customer["id"]
    )


def _add_top_up(call: Call) -> Row:
    world, customer, sent = call.world, call.record("customer"), call.body
    if (call.sent("expires_after") is None) != (call.sent("expires_after_unit") is None):
        raise constraint("expires_after and expires_after_unit go together.")
    active_from = stamp(parse(call.sent("active_from", world.now)))
    if active_from < later(world.now, days=-_TOP_UP_PAST_DAYS):
        raise constraint("active_from is not more than 10 days in the past.")
    for row in list(call.table("top_up").rows.values()):
        if row["_customer"] == customer["id"] and row["currency"] == sent["currency"]:
            call.table("top_up").remove(row["id"])
    settings = {"memo": None, "require_successful_payment": False, **sent["invoice_settings"]}
    row = {
        "currency": sent["currency"],
        "threshold": sent["threshold"],
        "amount": sent["amount"],
        "per_unit_cost_basis": sent["per_unit_cost_basis"],
        "invoice_settings": settings,
        "expires_after": call.sent("expires_after"),
        "expires_after_unit": call.sent("expires_after_unit"),
        "_customer": customer["id"],
        "_active_from": active_from,
    }
    world.add("top_up", row)
    if balance_of(customer, row["currency"]) <= number(row["threshold"]):
        world.later(max(active_from, world.now), "top_up", row["id"])
    return shown(row)


def _delete_top_up(call: Call) -> None:
    customer = call.record("customer")
    row = call.world.at("top_up", call.params["top_up_id"])
    if row["_customer"] != customer["id"]:
        raise constraint("The top-up belongs to another customer.")
    call.table("top_up").remove(row["id"])


def carry_out_top_up(world: World, top_up_id: str) -> None:
    """Buy a top-up's credits for its customer, if it is still there and still needed."""
    row = world.table("top_up").rows.get(top_up_id)
    if row is None:
        return
    customer = world.table("customer")[row["_customer"]]
    if balance_of(customer, row["currency"]) > number(row["threshold"]):
        return
    days = (row["expires_after"] or 0) * (30 if row["expires_after_unit"] == "month" else 1)
    values = {
        "amount": row["amount"],
        "per_unit_cost_basis": row["per_unit_cost_basis"],
        "expiry_date": later(world.now, days=days) if days else None,
        "source": "top_up",
        "description": "Top-up",
    }
    entry = grant(world, customer, row["currency"], values)
    block = world.table("credit_block")[entry["credit_block"]["id"]]
    credit_invoice(world, customer, block, row["invoice_settings"])


_LEDGER = ("currency", "entry_type", "entry_status", "minimum_amount", *ranges("created_at"))
_BLOCKS = ("currency", "include_all_blocks", *ranges("effective_date"))
_BASE = "customers/{customer_id}/credits"
ROUTES = (
    *both_ids(
        "customer",
        [
            Route("GET", _BASE, _list_blocks, filters=(*PARAMETERS, *_BLOCKS)),
            Route("GET", f"{_BASE}/ledger", _list_ledger, filters=(*PARAMETERS, *_LEDGER)),
            Route("POST", f"{_BASE}/ledger_entry", _add_entry, CREATED, body=_NEW_ENTRY),
            Route("GET", f"{_BASE}/top_ups", _list_top_ups, filters=PARAMETERS),
            Route("POST", f"{_BASE}/top_ups", _add_top_up, CREATED, body=_TOP_UP),
            Route("DELETE", f"{_BASE}/top_ups/{{top_up_id}}", _delete_top_up, NO_BODY),
        ],
    ),
    Route("GET", "credit_blocks/{block_id}", _fetch_block),
    Route("PUT", "credit_blocks/{block_id}", _edit_block, body=Shape("metadata:map")),
    Route("DELETE", "credit_blocks/{block_id}", _delete_block, NO_BODY),
    Route("GET", "credit_blocks/{block_id}/invoices", _block_invoices),
)
