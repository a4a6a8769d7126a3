"""Billing a subscription: what its price intervals owe up to a moment, as one invoice."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from app.sandbox.orb.adjustments import adjust, monetary
from app.sandbox.orb.amounts import cents, money, number
from app.sandbox.orb.credit_ledger import draw, grant
from app.sandbox.orb.invoice_rows import new_invoice, new_line, settle_line
from app.sandbox.orb.periods import Period, charged_at, period_of
from app.sandbox.orb.rating import dimensions_of, rate
from app.sandbox.orb.subscription_rows import timezone_of
from app.sandbox.orb.usage import Slices, used
from app.sandbox.orb.world import Row, World

_ZERO = Decimal(0)


def quantity_at(interval: Row, moment: str) -> Decimal:
    """Return the quantity of a fixed fee at a moment."""
    found = interval["price"]["fixed_price_quantity"] or 0
    for each in interval["fixed_fee_quantity_transitions"] or []:
        if each["effective_date"] <= moment:
            found = each["quantity"]
    return number(found)


def next_charge(world: World, row: Row) -> str | None:
    """Return when a subscription is next billed, or None."""
    timezone = timezone_of(world, row)
    found = [
        charged_at(interval, period)
        for interval in row["price_intervals"]
        if (period := period_of(interval, interval["_billed"], timezone)) is not None
    ]
    return min(found, default=None)


def plan_next_bill(world: World, row: Row) -> None:
    """Put the next billing of a subscription on the agenda."""
    at = next_charge(world, row)
    if at is not None:
        world.later(at, "bill", row["id"])


def _due(world: World, row: Row) -> Iterator[tuple[Row, Period]]:
    """Yield the periods that are to be charged by now, and count them as billed."""
    timezone = timezone_of(world, row)
    for interval in row["price_intervals"]:
        while (period := period_of(interval, interval["_billed"], timezone)) is not None:
            if charged_at(interval, period) > world.now:
                break
            interval["_billed"] += 1
            yield interval, period


def bill(world: World, row: Row) -> Row | None:
    """Make a draft of what a subscription owes by now; None if that is nothing."""
    due = list(_due(world, row))
    lines = price_lines(world, row, due)
    if not lines:
        return None
    customer = world.table("customer")[row["_customer"]]
    for line in lines:
        _use_credits(world, customer, line)
        settle_line(customer, line)
    if customer["currency"] is None:
        customer["currency"] = row["_currency"]
    invoice = new_invoice(world, customer, lines, _about(world, row))
    _name_invoice(world, lines, invoice)
    return invoice


def _about(world: World, row: Row) -> Row:
    customer = world.table("customer")[row["_customer"]]
    automatic = row["auto_issuance"]
    if automatic is None:
        automatic = customer["auto_issuance"]
    collected = row["auto_collection"]
    return {
        "currency": row["_currency"],
        "invoice_date": world.now,
        "source": "subscription",
        "subscription": row["id"],
        "net_terms": row["net_terms"],
        "memo": row["default_invoice_memo"],
        "will_auto_issue": automatic is not False,
        "auto_collection": customer["auto_collection"] if collected is None else collected,
    }


def _name_invoice(world: World, lines: Sequence[Row], invoice: Row) -> None:
    """Write the invoice into the ledger entries that its lines made."""
    entries = world.table("ledger_entry").rows
    for line in lines:
        for entry_id in line.pop("_entries", ()):
            entries[entry_id]["invoice_id"] = invoice["id"]


def price_lines(world: World, row: Row, due: Sequence[tuple[Row, Period]]) -> list[Row]:
    """Return the lines of some periods, adjusted, before credits and tax; composite prices last."""
    plain = [pair for pair in due if pair[0]["price"]["price_type"] != "composite_price"]
    lines = [_line(world, row, *pair) for pair in plain]
    base = sum((number(line["subtotal"]) for line in lines), _ZERO)
    for interval, period in due:
        if interval["price"]["price_type"] == "composite_price":
            lines.append(_composite(world, interval, period, base))
    adjust(lines, row["adjustment_intervals"])
    _take_off_trial(world, row, lines)
    return lines


def _composite(world: World, interval: Row, period: Period, base: Decimal) -> Row:
    price = interval["price"]
    line = new_line(world, price, price["name"], (period.start, period.end), Decimal(1))
    line["subtotal"] = line["adjusted_subtotal"] = money(rate(price, {(): base}).subtotal)
    return line


def _conversion(price: Row) -> Decimal:
    """Return what a unit of a price's currency is in that of the invoice; 1 where none is given."""
    config = price["conversion_rate_config"]
    if config is not None and config["conversion_rate_type"] == "unit":
        return number(config["unit_config"]["unit_amount"])
    return number(price["conversion_rate"]) if price["conversion_rate"] is not None else Decimal(1)


def _line(world: World, row: Row, interval: Row, period: Period) -> Row:
    price = interval["price"]
    span = (period.start, period.end)
    if price["price_type"] == "fixed_price":
        slices: Slices = {(): quantity_at(interval, period.start)}
    else:
        customers = interval["usage_customer_ids"] or row["_usage_customers"]
        whose = {**row, "_usage_customers": customers}
        slices = used(world, whose, price["billable_metric"]["id"], dimensions_of(price), span)
    rated = rate(price, slices)
    subtotal = rated.subtotal
    if price["price_type"] == "fixed_price" and price["cadence"] != "one_time":
        subtotal = subtotal * period.share
    subtotal *= _conversion(price)
    line = new_line(world, price, price["name"], span, sum(slices.values(), _ZERO))
    line["subtotal"] = line["adjusted_subtotal"] = money(subtotal)
    line["sub_line_items"] = rated.parts
    line["usage_customer_ids"] = interval["usage_customer_ids"]
    line["filter"] = interval["filter"]
    if price["credit_allocation"] is not None and period.start <= world.now:
        _allocate(world, row, price, period)
    return line


def _allocate(world: World, row: Row, price: Row, period: Period) -> None:
    allocation = price["credit_allocation"]
    customer = world.table("customer")[row["_customer"]]
    values = {
        "amount": price["_amount"],
        "expiry_date": None if allocation["allows_rollover"] else period.end,
        "effective_date": period.start,
        "per_unit_cost_basis": price["unit_config"]["unit_amount"],
        "filters": allocation["filters"],
        "source": "allocation",
        "description": price["name"],
    }
    grant(world, customer, allocation["currency"], values)


def _take_off_trial(world: World, row: Row, lines: Sequence[Row]) -> None:
    """Discount in full what falls into the trial (orb.md §2.6)."""
    end = row["trial_info"]["end_date"]
    for line in lines if end is not None else ():
        worth = number(line["adjusted_subtotal"])
        if line["start_date"] >= end or worth <= 0:
            continue
        free = {
            "id": world.new_id("adjustment"),
            "is_invoice_level": False,
            "filters": [],
            "applies_to_price_ids": [line["price"]["id"]],
            "reason": "Trial",
            "replaces_adjustment_id": None,
            "adjustment_type": "percentage_discount",
            "percentage_discount": 1,
            "plan_phase_order": None,
        }
        line["adjusted_subtotal"] = "0.00"
        line["adjustments"].append(monetary(free, worth))


def _use_credits(world: World, customer: Row, line: Row) -> None:
    """Pay a usage line with credits of its pricing currency, as far as there are any."""
    price, worth = line["price"], number(line["adjusted_subtotal"])
    if price["price_type"] != "usage_price" or worth <= 0 or not customer["_credits"]:
        return
    unit = number(price["conversion_rate"] or 1)
    entries = [
        (entry, taken)
        for entry, taken in draw(
            world,
            customer,
            price["currency"],
            worth / unit,
            price_id=price["id"],
            invoice_id=None,
            description=f"Credits used by {price['name']}",
        )
    ]
    applied = sum((taken for _, taken in entries), _ZERO)
    line["credits_applied"] = money(min(worth, cents(applied * unit)))
    line["_entries"] = [entry["id"] for entry, _ in entries]
