"""What an operation will bring, in words from the prices: Orb is not asked (orb.md §2.2, §2.3)."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from app.connectors.orb.credit_writes import LEDGER
from app.connectors.orb.customer_writes import CUSTOMER
from app.connectors.orb.price_words import price_words
from app.connectors.orb.quantities import QUANTITIES, schedules
from app.connectors.orb.rows import zone_of
from app.connectors.orb.sendable import NotSendable
from app.connectors.orb.subscription_writes import SUBSCRIPTION
from app.connectors.orb.version_writes import VERSION
from app.domain.action import Named
from app.domain.plan import Operation, Verb
from app.domain.record import BaseValue, decimal_text

Look = Callable[[str, str], Named | None]
_MOST_PRICES = 12
_CREDITED = "Orb may void or credit invoices that reach beyond that moment."
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def explained(operation: Operation, look: Look) -> Iterator[str]:
    """Yield what a person should know of an operation; `look` gives records as last read."""
    after = {change.name: change.after for change in operation.changes}
    if operation.entity == SUBSCRIPTION:
        yield from _of_subscription(operation, after, look)
    elif operation.entity == VERSION and operation.verb is Verb.INSERT:
        yield from plan_words(after.get("plan_id"), look)
    elif operation.entity == LEDGER and operation.verb is Verb.INSERT:
        yield from _of_credits(after)


def _of_subscription(
    operation: Operation, after: Mapping[str, BaseValue], look: Look
) -> Iterator[str]:
    plan = after.get("plan_id") or after.get("plan")
    if plan is not None:
        yield from plan_words(plan, look)
    if operation.verb is Verb.INSERT:
        yield from _of_new(after, look("plan", str(plan)) or {})
    if operation.verb is not Verb.UPDATE:
        return
    if plan is not None:
        yield f"The plan changes at once. {_CREDITED}"
    if "end_date" in after:
        end = after["end_date"]
        if isinstance(end, datetime):
            yield f"It ends at {end:%Y-%m-%d %H:%M} UTC. {_CREDITED}"
        else:
            yield "The cancellation is taken back."
    if "active_plan_phase_order" in after:
        yield f"Phase {after['active_plan_phase_order']} of the plan begins today. {_CREDITED}"
    if QUANTITIES in after:
        yield from _of_quantities(operation, str(after[QUANTITIES] or "[]"), look)


def _of_new(after: Mapping[str, BaseValue], plan: Named) -> Iterator[str]:
    """Yield what a new subscription has otherwise than its plan: quantities, and prices."""
    prices = {price["id"]: price for price in _rows(plan.get("prices"))}
    for row in _rows(after.get(QUANTITIES)):
        price = prices.get(str(row.get("price_id")), {})
        was = price.get("fixed_price_quantity")
        words = (
            f"{price.get('name') or row.get('price_id')}: quantity {_number(row.get('quantity'))}"
        )
        yield f"{words}, not {_number(was)}." if was is not None else f"{words}."
    for row in _rows(after.get("price_intervals")):
        replaced, told = prices.get(str(row.get("replaces_price_id"))), row.get("price")
        other = told if isinstance(told, dict) else None
        shown = in_words(other) if other else str(row.get("price_id"))
        name = (replaced or other or row).get("name")
        was = f", not {in_words(replaced)}" if replaced else ", besides those of the plan"
        yield f"{name or 'A price'}: {shown}{was}."


def _of_quantities(operation: Operation, wanted: str, look: Look) -> Iterator[str]:
    """Yield each step of a fee that is new, with what it costs."""
    record = look(SUBSCRIPTION, operation.key) or {}
    zone = zone_of(look(CUSTOMER, str(record.get("customer_id"))))
    try:
        now = schedules(_rows(record.get(QUANTITIES)))
        steps = schedules(_rows(wanted))
    except (NotSendable, TypeError):
        return  # the write says what is wrong with it
    prices = {row["price"]["id"]: row["price"] for row in _rows(record.get("price_intervals"))}
    for key, some in now.items():
        for at in sorted(some.keys() - steps[key].keys()) if key in steps else ():
            name = prices.get(key, {}).get("name") or key
            words = f"quantity {decimal_text(some[at])} from {at.astimezone(zone).date()} on"
            yield f"{name}: {words} is taken back."
    for key, some in steps.items():
        price = prices.get(key, {"id": key, "name": key})
        last: Decimal | None = None
        for at in sorted(some):
            quantity = some[at]
            before = now.get(key, {}).get(at, last)
            if now.get(key, {}).get(at) != quantity:
                was = "none" if before is None else decimal_text(before)
                words = f"{price['name']}: quantity {was} → {decimal_text(quantity)}"
                costs = f"{in_words(price)}{_amounts(price, before, quantity)}"
                yield f"{words} from {at.astimezone(zone).date()} on; {costs}."
            last = quantity


def _of_credits(after: Mapping[str, BaseValue]) -> Iterator[str]:
    kind, currency = after.get("entry_type"), after.get("currency") or "credits"
    amount = after.get("void_amount") or after.get("amount")
    shown = decimal_text(amount) if isinstance(amount, Decimal) else str(amount)
    if kind == "increment":
        yield f"{shown} {currency} are added; no invoice is made of it."
    elif kind == "void":
        yield f"{shown} {currency} go; Orb refuses it if fewer are left."


def plan_words(plan: BaseValue, look: Look) -> Iterator[str]:
    """Yield a plan's name and what each of its prices says; nothing if it was never read."""
    found = look("plan", str(plan))
    if found is None:
        return
    yield f"Plan {found.get('name')}, version {found.get('version')}:"
    for price in _rows(found.get("prices"))[:_MOST_PRICES]:
        yield f"{price.get('name')}: {in_words(price)}"


def in_words(price: Mapping[str, Any]) -> str:
    """Return what a price says in one line."""
    words = price_words(price)
    parts = (*words.rates, ", ".join(words.terms))
    return f"{words.model}: {'; '.join(filter(None, parts))}"


def _amounts(price: Mapping[str, Any], before: Decimal | None, after: Decimal) -> str:
    """Return what a fee comes to before and after, where each unit costs the same."""
    unit = (price.get("unit_config") or {}).get("unit_amount")
    if price.get("model_type") != "unit" or unit is None or before is None:
        return ""
    was, will = (Decimal(str(unit)) * each for each in (before, after))
    currency = price.get("currency")
    return f"; {currency} {decimal_text(was)} → {currency} {decimal_text(will)} each time"


def _rows(value: object) -> list[dict[str, Any]]:
    """Return the objects of a JSON list; of what is none the write says what is wrong with it."""
    try:
        found = _decoder.decode(str(value or "[]"))
    except msgspec.DecodeError:
        return []
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def _number(value: object) -> str:
    return decimal_text(value) if isinstance(value, Decimal) else str(value)
