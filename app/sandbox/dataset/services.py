"""Aria's side of the data set: services, which plan has which, rate schedules and rate tiers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from random import Random

from app.sandbox.dataset.draw import one_in
from app.sandbox.dataset.money import CURRENCIES, price_in, tidy
from app.sandbox.dataset.values import Row, Tables
from app.sandbox.dataset.wording import FAMILIES, SHARED_SERVICES, Family, Meter

FIRST_SERVICE_NO = 30100
FIRST_SCHEDULE_NO = 20100
FIRST_USAGE_TYPE_NO = 410

_STANDARD, _VOLUME, _FLAT_PER_TIER = 1, 2, 3
_SMALLEST_STEP = Decimal("0.00001")
_EDITION_FACTOR = {"Starter": 1, "Business": 2, "Professional": 3, "Enterprise": 6, "Unlimited": 4}
_MONTHS_PAID_OF_A_YEAR = 11


@dataclass(slots=True)
class _Shelf:
    """What is being built, with the next free service number."""

    random: Random
    definitions: list[Row] = field(default_factory=list)
    services: list[Row] = field(default_factory=list)
    schedules: list[Row] = field(default_factory=list)
    rates: list[Row] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(FIRST_SERVICE_NO))

    def define(self, client_id: str, name: str, kind: str, coa: str) -> Row:
        """Add and return a service of the client, on no plan yet."""
        number = next(self.numbers)
        row = {
            "service_no": number,
            "client_service_id": client_id,
            "service_desc": name,
            "service_type": kind,
            "usage_type_no": None,
            "taxable_ind": int(number % 5 != 0),
            "coa_id": coa,
        }
        self.definitions.append(row)
        return row


@dataclass(frozen=True, slots=True)
class _Offer:
    """A service as one plan has it: dollars a unit in the first tier, and upper bounds."""

    service: Row
    dollars: Decimal
    bounds: tuple[Decimal | None, ...]
    rule: int = _STANDARD


def usage_type_rows() -> list[Row]:
    """Return the usage types, one for each meter of each family."""
    meters = (meter for family in FAMILIES for meter in family.meters)
    return [
        {
            "usage_type_no": number,
            "usage_type_name": meter.label,
            "usage_type_desc": f"{meter.label}, counted by the {meter.unit}",
            "usage_unit_type": meter.unit,
            "usage_type_code": meter.code.replace("-", "_"),
            "is_editable": number % 3 != 0,
        }
        for number, meter in enumerate(meters, FIRST_USAGE_TYPE_NO)
    ]


def service_tables(plans: list[Row], random: Random) -> Tables:
    """Return services, their place on the plans, schedules and tiers of all `plans`."""
    shelf = _Shelf(random)
    shared = [shelf.define(*service) for service in SHARED_SERVICES]
    metered = _metered_services(shelf)
    families = {family.code: family for family in FAMILIES}
    for index, plan in enumerate(plans):
        family = families[plan["client_plan_id"].split("-")[0]]
        schedules = list(_schedules(plan, index, len(shelf.schedules)))
        shelf.schedules.extend(schedules)
        for offer in _offers(shelf, plan, family, metered[family.code], shared):
            _put_on_plan(shelf, plan, offer, schedules)
    return {
        "service_definition": shelf.definitions,
        "service": shelf.services,
        "rate_schedule": shelf.schedules,
        "rate": shelf.rates,
    }


def _metered_services(shelf: _Shelf) -> dict[str, list[tuple[Meter, Row]]]:
    usage_types = {row["usage_type_code"]: row["usage_type_no"] for row in usage_type_rows()}
    found: dict[str, list[tuple[Meter, Row]]] = {}
    for family in FAMILIES:
        for meter in family.meters:
            service = shelf.define(f"USE-{meter.code}", meter.label, "Usage-Based", "4300")
            service["usage_type_no"] = usage_types[meter.code.replace("-", "_")]
            found.setdefault(family.code, []).append((meter, service))
    return found


def _schedules(plan: Row, index: int, before: int) -> Iterator[Row]:
    first = CURRENCIES.index(plan["currency_cd"])
    how_many = 3 if not plan["supp_plan_ind"] else index % 3 + 1
    currencies = [CURRENCIES[(first + step) % 3] for step in range(how_many)]
    terms = [(currency, 1) for currency in currencies]
    if one_in(4, index, 1):
        terms.append((currencies[0], 12))
    for position, (currency, months) in enumerate(terms):
        letter, word = ("M", "monthly") if months == 1 else ("Y", "yearly")
        yield {
            "schedule_no": FIRST_SCHEDULE_NO + before + position,
            "plan_no": plan["plan_no"],
            "client_rate_schedule_id": f"{plan['client_plan_id']}-{currency.upper()}-{letter}",
            "schedule_name": f"{currency.upper()} {word}",
            "schedule_currency": currency,
            "recurring_billing_interval": months,
            "usage_billing_interval": 1,
            "default_ind": int(position == 0),
            "default_ind_curr": int(months == 1),
            "available_from_dt": f"202{3 + index % 3}-0{1 + index % 9}-01" if index % 5 else None,
            "available_to_dt": f"2027-{10 + index % 3}-30" if one_in(13, index, 6) else None,
        }


def _offers(
    shelf: _Shelf,
    plan: Row,
    family: Family,
    metered: list[tuple[Meter, Row]],
    shared: list[Row],
) -> Iterator[_Offer]:
    """Yield what a plan charges for: masters five things, supplemental plans two or three."""
    index = plan["plan_no"]
    yield _fee(shelf, plan, family)
    if not plan["supp_plan_ind"]:
        yield _activation(shelf, plan, family)
        yield _usage(shelf, *metered[index % len(metered)])
        yield _usage(shelf, *metered[(index + 1) % len(metered)])
        yield _small_charge(shelf, shared[index % len(shared)])
    elif index % 2:
        yield _usage(shelf, *metered[index // 2 % len(metered)])
    else:
        yield _activation(shelf, plan, family)
    if plan["supp_plan_ind"] and one_in(3, index):
        yield _small_charge(shelf, shared[index // 3 % len(shared)])


def _fee(shelf: _Shelf, plan: Row, family: Family) -> _Offer:
    kind = "Recurring Arrears" if one_in(7, plan["plan_no"], 3) else "Recurring"
    service = shelf.define(
        f"{plan['client_plan_id']}-FEE", f"{plan['plan_name']} fee", kind, "4000"
    )
    edition = plan["plan_name"].split()[-1]
    factor = Decimal(_EDITION_FACTOR.get(edition, 1))
    share = Decimal("0.3") if plan["supp_plan_ind"] else Decimal(1)
    dollars = Decimal(family.fee) * factor * share + shelf.random.randrange(0, 400) * Decimal(
        "0.05"
    )
    bounds = shelf.random.choice(((), (10,), (10, 50), (5, 25, 100)))
    rule = _VOLUME if bounds else _STANDARD
    return _Offer(service, dollars, (*map(Decimal, bounds), None), rule)


def _activation(shelf: _Shelf, plan: Row, family: Family) -> _Offer:
    service = shelf.define(
        f"{plan['client_plan_id']}-SETUP", f"{plan['plan_name']} set-up", "Activation", "4100"
    )
    return _Offer(service, Decimal(family.fee) * 2, (None,))


def _usage(shelf: _Shelf, meter: Meter, service: Row) -> _Offer:
    half = Decimal("0.5") if meter.unit == "hour" else Decimal(0)
    tops = shelf.random.choice(((100, 1000), (500, 5000, 50000), (1000, 10000, 100000)))
    rule = _FLAT_PER_TIER if service["service_no"] % 6 == 0 else _STANDARD
    spread = shelf.random.randrange(90, 130) / Decimal(100)
    return _Offer(
        service, Decimal(meter.rate) * spread, (*(top + half for top in tops), None), rule
    )


def _small_charge(shelf: _Shelf, service: Row) -> _Offer:
    return _Offer(service, shelf.random.randrange(95, 995, 5) / Decimal(100), (None,))


def _put_on_plan(shelf: _Shelf, plan: Row, offer: _Offer, schedules: Iterable[Row]) -> None:
    link = {"plan_no": plan["plan_no"], "service_no": offer.service["service_no"]}
    shelf.services.append({**link, "tiered_pricing_rule": offer.rule})
    usage = offer.service["usage_type_no"] is not None
    recurring = offer.service["service_type"].startswith("Recurring")
    for schedule in schedules:
        yearly = recurring and schedule["recurring_billing_interval"] > 1
        dollars = offer.dollars * (_MONTHS_PAID_OF_A_YEAR if yearly else 1)
        key = {**link, "schedule_no": schedule["schedule_no"]}
        currency = schedule["schedule_currency"]
        shelf.rates.extend(
            {**key, **tier} for tier in _tiers(offer.bounds, currency, dollars, 5 if usage else 2)
        )


def _tiers(
    bounds: tuple[Decimal | None, ...], currency: str, dollars: Decimal, places: int
) -> Iterator[Row]:
    """Yield tiers from 1 upwards, each cheaper than the one before; the last has no upper bound."""
    start = Decimal(1)
    for position, top in enumerate(bounds):
        cheaper = dollars * (100 - 12 * position) / 100
        yield {
            "rate_seq_no": position + 1,
            "from_unit": start,
            "to_unit": top,
            "rate_per_unit": price_in(currency, cheaper, places),
        }
        if top is not None:
            start = tidy(top + (1 if top == top.to_integral_value() else _SMALLEST_STEP))
