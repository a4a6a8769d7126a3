"""From the lines of an order or opportunity to plan, quantities and prices of a subscription.

A unit price of Salesforce counts as what one unit costs in one billing period of Orb's price.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from app.connectors.orb.deal_plan import Plan, Price, chosen_plan, plans_of
from app.connectors.orb.rows import json_text
from app.domain.deal import Deal, Line, Sold
from app.domain.record import decimal_text

_CARRIED = (
    "billing_cycle_configuration",
    "conversion_rate",
    "conversion_rate_config",
    "currency",
    "dimensional_price_configuration",
    "invoice_grouping_key",
    "invoicing_cycle_configuration",
    "name",
    "cadence",
)
"""What a price of a subscription says as the plan's price does (orb.md §2.2, §2.3)."""
_LOST = ("minimum", "maximum", "discount", "credit_allocation", "license_type")
"""What a price that takes another's place would not have."""


def sold(deal: Deal) -> Sold:
    """Return plan, quantities and prices that the lines of a deal tell.

    What is given already counts more: with the plan given, lines that are nothing of it are left
    out; with quantities or prices given, the lines tell none.
    """
    plans = plans_of(deal)
    choice = chosen_plan(deal, plans)
    if choice.plan is None:
        return Sold(unclear=choice.unclear)
    made = _Subscription(deal, choice.plan)
    if deal.currency and made.plan.currency and deal.currency != made.plan.currency:
        words = f"The prices are in {deal.currency}, those of the plan {made.plan.shown} in"
        made.unclear.append(f"{words} {made.plan.currency}: take a plan in {deal.currency}.")
        return Sold(unclear=tuple(made.unclear))
    whole = [line for line in deal.lines if made.plan.is_meant(line)]
    for line in deal.lines:
        if line not in whole:
            made.add_part(line)
    taken = frozenset(made.quantities)
    for line in whole:
        made.add_plan(line, taken)
    given = dict(made.given())
    return Sold(given, tuple(made.notes), tuple(made.warnings), tuple(made.unclear))


@dataclass(slots=True)
class _Subscription:
    """What the lines have told so far."""

    deal: Deal
    plan: Plan
    quantities: dict[str, Decimal] = field(default_factory=dict)
    amounts: dict[str, Decimal] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)

    def given(self) -> Iterator[tuple[str, str]]:
        """Yield the inputs that the lines tell, as far as the action takes them."""
        yield "plan", self.plan.key
        found = {"quantities": self._other_quantities(), "prices": self._other_prices()}
        for name, words in found.items():
            if words and name in self.deal.inputs:
                yield name, words
            elif words:
                told = f"The lines say other {name} than the plan {self.plan.shown}"
                self.warnings.append(f"{told}: they are left out, and can be changed afterwards.")

    def _other_quantities(self) -> str:
        """Return the quantities that are not the plan's own."""
        prices = {price["id"]: price for price in self.plan.prices}
        changed = {
            key: quantity
            for key, quantity in self.quantities.items()
            if quantity != _number(prices[key].get("fixed_price_quantity"))
        }
        return ",".join(f"{key}={decimal_text(quantity)}" for key, quantity in changed.items())

    def _other_prices(self) -> str:
        """Return the prices that are not the plan's own, as JSON."""
        rows = [
            _instead(price, amount, self.quantities.get(price["id"]))
            for price in self.plan.prices
            if (amount := self.amounts.get(price["id"])) is not None
            and amount != _unit_amount(price)
        ]
        return json_text(rows) if rows else ""

    def add_part(self, line: Line) -> None:
        """Take a line that is a price of the plan."""
        found = self.plan.prices_of(line)
        if len(found) == 1:
            self._add(line, found[0])
        elif found and not self._asked:
            return
        elif found:
            names = " or ".join(f"{one.get('name')} ({one['id']})" for one in found)
            words = f"may be {names} of the plan {self.plan.shown}"
            way_out = "give the product the id of one of them, or say quantities and prices"
            self.unclear.append(f"{line.words} {words}: {way_out}.")
        elif "plan" in self.deal.given:
            words = f"is nothing of the plan {self.plan.shown}"
            self.warnings.append(f"{line.words} {words}: it is left out.")
        else:
            words = f"is no price of the plan {self.plan.shown}; give the product the id of one"
            self.unclear.append(f"{line.words} {words}, or name the plan to leave the line out.")

    def add_plan(self, line: Line, taken: Collection[str]) -> None:
        """Take a line that is the plan itself: its fee, where there is one and no more.

        `taken` are the fees that have lines of their own.
        """
        fees = [one for one in self.plan.prices if _is_fixed(one)]
        fees = [one for one in fees if one["id"] not in taken]
        fees = [one for one in fees if one.get("cadence") != "one_time"] or fees
        self.notes.append(f"{line.words} is the plan {self.plan.shown}.")
        if len(fees) == 1:
            self._add(line, fees[0])
            return
        names = ", ".join(f"{one.get('name')} ({one['id']})" for one in fees) or "none"
        phases = {one.get("plan_phase_order") for one in fees} - {None}
        if len(fees) > 1 and len(phases) == len(fees):
            for fee in fees:
                self._count(line, fee)
        elif line.quantity not in {None, Decimal(1)} and "quantities" not in self.deal.given:
            self._leave(line, f"has a quantity; of its fixed fees ({names}) it says none")
        if line.unit_price and line.unit_price not in map(_unit_amount, fees):
            shown = f"its unit price {decimal_text(line.unit_price)} is of no certain fee"
            self._price_unclear(line, f"{shown} of the plan's ({names})")

    def _add(self, line: Line, price: Price) -> None:
        if _is_fixed(price):
            self._count(line, price)
        elif line.quantity not in {None, Decimal(1)}:
            words = f"{price.get('name')} is charged by usage, the quantity of the line is not set"
            self.notes.append(f"{line.words}: {words}.")
        if line.unit_price is not None and "prices" not in self.deal.given:
            self._charge(line, price, line.unit_price)

    def _count(self, line: Line, price: Price) -> None:
        """Take the quantity of a line for a fixed fee; lines of one fee add up."""
        if line.quantity is None or "quantities" in self.deal.given:
            return
        if line.quantity <= 0:
            self._leave(line, f"has the quantity {decimal_text(line.quantity)}")
            return
        key = str(price["id"])
        self.quantities[key] = self.quantities.get(key, Decimal(0)) + line.quantity
        shown = decimal_text(self.quantities[key])
        self.notes.append(f"{line.words}: {price.get('name')}, quantity {shown}.")

    def _charge(self, line: Line, price: Price, amount: Decimal) -> None:
        """Take the unit price of a line, where the price is one for each unit and nothing else."""
        key, name, now = str(price["id"]), price.get("name"), _unit_amount(price)
        shown = f"its unit price {decimal_text(amount)}"
        if self.amounts.get(key, amount) != amount:
            words = f"is not the {decimal_text(self.amounts[key])} of another line of {name}"
            self._price_unclear(line, f"{shown} {words}")
        elif why := self._why_not(price, amount):
            self._price_unclear(line, f"{shown} cannot be that of {name}, {why}")
        elif now is not None and not self._is_foreign(price):
            self.amounts[key] = amount
            if now != amount:
                words = f"{decimal_text(amount)} instead of {decimal_text(now)} for one"
                shown = f"{price.get('currency') or self.plan.currency} {words}".strip()
                self.notes.append(f"{line.words}: {name} at {shown}.")

    def _why_not(self, price: Price, amount: Decimal) -> str:
        """Return why a price cannot have another amount, `""` where it can or need not."""
        now = _unit_amount(price)
        if amount < 0:
            return "since it is below zero"
        if amount and now is None:
            return f"whose model is {str(price.get('model_type')).replace('_', ' ')}"
        if amount and self._is_foreign(price):
            return f"which is in {price.get('currency')}"
        lost = next((one for one in _LOST if price.get(one)), "") if now != amount else ""
        return f"whose {lost.replace('_', ' ')} would be lost" if lost else ""

    def _is_foreign(self, price: Price) -> bool:
        """Return whether a price is in another currency than the plan, such as credits."""
        currency = price.get("currency")
        return bool(currency and self.plan.currency and currency != self.plan.currency)

    @property
    def _asked(self) -> frozenset[str]:
        """What is to be found in the lines besides the plan: what is given already is not."""
        return (self.deal.inputs & {"quantities", "prices"}) - self.deal.given.keys()

    def _leave(self, line: Line, why: str) -> None:
        self._open("quantities", f"{line.words} {why}")

    def _price_unclear(self, line: Line, why: str) -> None:
        self._open("prices", f"{line.words}: {why}")

    def _open(self, name: str, words: str) -> None:
        """Note what the lines do not tell for certain, if the action would take it."""
        if name in self._asked:
            self.unclear.append(f"{words}: say the {name}.")
        elif name not in self.deal.given:
            self.warnings.append(f"{words}: it is left out.")


def _instead(price: Price, amount: Decimal, quantity: Decimal | None) -> dict[str, Any]:
    """Return what puts a price of another amount in the place of a plan's (orb.md §2.3)."""
    new = {name: price[name] for name in _CARRIED if price.get(name) is not None}
    new["model_type"] = "unit"
    new["unit_config"] = {**price["unit_config"], "unit_amount": decimal_text(amount)}
    new["item_id"] = price["item"]["id"]
    new["billed_in_advance"] = price.get("billing_mode") == "in_advance"
    if metric := price.get("billable_metric"):
        new["billable_metric_id"] = metric["id"]
    if _is_fixed(price):
        new["fixed_price_quantity"] = quantity or price.get("fixed_price_quantity")
    if price.get("metadata"):
        new["metadata"] = price["metadata"]
    return {"replaces_price_id": price["id"], "price": new}


def _is_fixed(price: Price) -> bool:
    return price.get("price_type") == "fixed_price"


def _unit_amount(price: Price) -> Decimal | None:
    """Return what one unit costs; None where the model is another, or Orb tells no number."""
    config = price.get("unit_config")
    if price.get("model_type") != "unit" or not config or not price.get("item"):
        return None
    return _number(config.get("unit_amount"))


def _number(value: object) -> Decimal | None:
    try:
        return None if value is None else Decimal(str(value))
    except ArithmeticError:
        return None
