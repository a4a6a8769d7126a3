"""What a plan instance costs: its services, its rate tiers or custom rates, charges for units."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from app.sandbox.aria.accounts.account import Account
from app.sandbox.aria.services import FLAGS
from app.sandbox.aria.tables import Row, Tables

CENT = Decimal("0.01")
ZERO = Decimal(0)
_VOLUME, _FLAT_PER_TIER = 2, 3


@dataclass(frozen=True, slots=True)
class PlanService:
    """A service as it stands on a plan."""

    service_no: int
    client_service_id: str
    name: str
    kind: str
    rule: int
    taxable: bool
    usage_type_no: int | None
    coa_id: str

    def has(self, flag: str) -> bool:
        """Tell whether Core prints a flag column of the service as 1."""
        return flag in FLAGS[self.kind]


def money(amount: Decimal) -> Decimal:
    """Return an amount rounded half up to cents."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def plan_services(catalog: Tables, plan_no: int) -> Iterator[PlanService]:
    """Yield the services of a plan in the catalog's order."""
    for link in catalog.group("service", "plan_no", plan_no):
        row = catalog.at("service_definition", link["service_no"])
        yield PlanService(
            row["service_no"],
            row["client_service_id"],
            row["service_desc"],
            row["service_type"],
            link["tiered_pricing_rule"],
            bool(row["taxable_ind"]),
            row["usage_type_no"],
            row["coa_id"],
        )


def standard_tiers(catalog: Tables, instance: Row, service_no: int) -> list[Row]:
    """Return the tiers of the instance's rate schedule, in order."""
    rows = catalog.group("rate", "plan_no", instance["plan_no"])
    schedule_no = instance["schedule_no"]
    found = [r for r in rows if r["service_no"] == service_no and r["schedule_no"] == schedule_no]
    return sorted(found, key=lambda row: int(row["rate_seq_no"]))


def tiers(catalog: Tables, account: Account, instance: Row, service_no: int) -> list[Row]:
    """Return the tiers that hold for an instance: its custom rates, else its schedule's."""
    number = instance["plan_instance_no"]
    custom = [
        row
        for row in account.rows("custom_rate")
        if row["plan_instance_no"] == number and row["service_no"] == service_no
    ]
    return custom or standard_tiers(catalog, instance, service_no)


def charge(rates: list[Row], units: Decimal, rule: int) -> Decimal:
    """Return what units cost: standard, volume, or flat rate per tier (aria.md §2.2)."""
    reached = [row for row in rates if units >= row["from_unit"]]
    if not reached or units <= ZERO:
        return ZERO
    if rule == _FLAT_PER_TIER:
        return money(reached[-1]["rate_per_unit"])
    if rule == _VOLUME:
        return money(units * reached[-1]["rate_per_unit"])
    total, below = ZERO, ZERO
    for row in reached:
        upper = units if row["to_unit"] is None else min(units, row["to_unit"])
        total += (upper - below) * row["rate_per_unit"]
        below = upper
    return money(total)


def recurring_charge(catalog: Tables, account: Account, instance: Row) -> Decimal:
    """Return what an instance costs for one of its billing periods, without usage and tax."""
    return sum(
        (
            charge(
                tiers(catalog, account, instance, service.service_no),
                Decimal(instance["plan_units"]),
                service.rule,
            )
            for service in plan_services(catalog, instance["plan_no"])
            if service.has("is_recurring_ind")
        ),
        ZERO,
    )


def monthly_charge(catalog: Tables, account: Account, instance: Row) -> Decimal:
    """Return the recurring charge of an instance spread over months."""
    whole = recurring_charge(catalog, account, instance)
    return money(whole / (instance["recurring_billing_interval"] or 1))
