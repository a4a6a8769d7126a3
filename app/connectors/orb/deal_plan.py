"""Which plan the lines of a deal are of: by ids alone, and never guessed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from app.domain.action import Named
from app.domain.deal import Deal, Line

Price = Mapping[str, Any]
_MOST_CANDIDATES = 6
_decoder = msgspec.json.Decoder(list[dict[str, Any]], float_hook=Decimal)


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan as last read."""

    key: str
    name: str
    external: str
    status: str
    currency: str
    prices: tuple[Price, ...]

    @property
    def shown(self) -> str:
        """Its name with its id."""
        return f"{self.name} ({self.key})"

    def is_meant(self, line: Line) -> bool:
        """Return whether a line's product is this plan, by an id or as the mapping has it."""
        if "plan" in line.keys:
            return line.keys["plan"] == self.key
        return bool({self.key, self.external} & {*line.codes})

    def prices_of(self, line: Line) -> list[Price]:
        """Return its prices that a line's product is, by the id of the price or of its item."""
        codes = {*line.codes}
        named = [one for one in self.prices if codes & {one["id"], one.get("external_price_id")}]
        return named or [one for one in self.prices if (one.get("item") or {}).get("id") in codes]


@dataclass(frozen=True, slots=True)
class Choice:
    """The plan of a deal, None where it is not clear, and then why."""

    plan: Plan | None = None
    unclear: tuple[str, ...] = ()


def plans_of(deal: Deal) -> list[Plan]:
    """Return all plans, as last read."""
    return [_plan(key, values) for key, values in deal.every("plan")]


def chosen_plan(deal: Deal, plans: Sequence[Plan]) -> Choice:
    """Return the plan that is named, else the one that the lines are of.

    A line may be a plan, or one of its prices; where no line is a plan, it is the only plan that
    has all the prices.
    """
    if named := deal.given.get("plan"):
        return Choice(next((plan for plan in plans if plan.key == named), None))
    usable = [plan for plan in plans if plan.status == "active"]
    whole: dict[str, Plan] = {}
    unclear: list[str] = []
    for line in deal.lines:
        found = [plan for plan in usable if plan.is_meant(line)]
        if len(found) > 1:
            unclear.append(f"{line.words} may be {_listed(found)}: name the plan.")
        elif found:
            whole[found[0].key] = found[0]
        elif not any(plan.prices_of(line) for plan in usable):
            unclear.append(_unknown(line, plans))
    if unclear:
        return Choice(unclear=tuple(unclear))
    if not whole:
        return _by_prices(deal, usable)
    if len(whole) > 1:
        words = f"The lines are of several plans: {_listed(whole.values())}."
        return Choice(unclear=(f"{words} A subscription has one: name it, make one for each.",))
    return Choice(next(iter(whole.values())))


def _by_prices(deal: Deal, usable: Iterable[Plan]) -> Choice:
    """Return the plan that has a price for each line."""
    found = [plan for plan in usable if all(plan.prices_of(line) for line in deal.lines)]
    if len(found) == 1:
        return Choice(found[0])
    if found:
        return Choice(unclear=(f"The lines may be of {_listed(found)}: name the plan.",))
    return Choice(unclear=("No plan of Orb's has prices for all lines: name the plan.",))


def _unknown(line: Line, plans: Iterable[Plan]) -> str:
    if not line.codes and not line.keys:
        return f"{line.words}: the product says no code, which should be an id of a plan or price."
    other = [plan for plan in plans if plan.is_meant(line)]
    if other:
        return f"{line.words} is the plan {other[0].shown}, which is {other[0].status}."
    return (
        f"{line.words} is no plan and no price of Orb's: give the product the (external) id of one,"
        " and refresh if it is new; or name the plan, then this line is left out."
    )


def _plan(key: str, values: Named) -> Plan:
    return Plan(
        key=key,
        name=str(values.get("name") or key),
        external=str(values.get("external_plan_id") or ""),
        status=str(values.get("status") or "active"),
        currency=str(values.get("invoicing_currency") or values.get("currency") or ""),
        prices=tuple(_prices(values.get("prices"))),
    )


def _prices(value: object) -> Iterator[Price]:
    """Yield the prices of a plan; none where they were too long to be kept."""
    try:
        found = _decoder.decode(str(value or "[]"))
    except msgspec.DecodeError:
        return
    yield from (price for price in found if price.get("id"))


def _listed(plans: Iterable[Plan]) -> str:
    names = [plan.shown for plan in plans]
    more = f" and {len(names) - _MOST_CANDIDATES} more" if len(names) > _MOST_CANDIDATES else ""
    return " or ".join(names[:_MOST_CANDIDATES]) + more
