"""Plan instances of an account as rows, the rates that hold for them, and what they bring a month.

A plan instance is put together from what the account came with, from Object Query's list and from
get_acct_plans_all_m, whichever were asked; the same column has the same value from each.
"""

from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from app.connectors.aria.account_discounts import Charge, discount_total, discounts, of_instance
from app.connectors.aria.accounts import (
    COUPONS,
    PLANS,
    Facts,
    account_rows,
    coupons,
    fields,
    renamed,
)
from app.connectors.aria.values import (
    Row,
    is_on,
    joined,
    named,
    number,
    rows,
    text,
    tier_end,
    whole,
)

PRODUCT_PREFIX = "=product:"
"""Before the name of a field of the plan, in a mapping of a plan instance."""
_CENT = Decimal("0.01")
_VOLUME, _FLAT_PER_TIER = 2, 3  # pricing rules (aria.md §2.1)
_ACTIVE = frozenset({1, 2, 3})  # active, and active until a pending end (aria.md §2.5)
_MASTER_NAMES = {
    "master_plan_instance_no": "plan_instance_no",
    "client_master_plan_instance_id": "client_plan_instance_id",
    "master_plan_no": "plan_no",
    "client_master_plan_id": "client_plan_id",
    "master_plan_units": "plan_units",
    "master_plan_instance_status": "plan_instance_status_cd",
    "mp_instance_status_label": "plan_instance_status_label",
    "parent_master_plan_inst_no": "responsible_plan_instance_no",
    "alt_rate_schedule_no": "rate_schedule_no",
    "client_alt_rate_schedule_id": "client_rate_schedule_id",
    "last_bill_thru_date": "bill_thru_date",
    "status_date": "plan_instance_status_date",
}
_SUPPLEMENTAL_NAMES = {
    **_MASTER_NAMES,
    "supp_plan_instance_no": "plan_instance_no",
    "client_supp_plan_instance_id": "client_plan_instance_id",
    "supp_plan_no": "plan_no",
    "client_supp_plan_id": "client_plan_id",
    "supp_plan_units": "plan_units",
    "supp_plan_instance_status_cd": "plan_instance_status_cd",
    "supp_plan_instance_status": "plan_instance_status_label",
}
_LISTED_NAMES = {
    "status_cd": "plan_instance_status_cd",
    "status_date": "plan_instance_status_date",
    "schedule_no": "rate_schedule_no",
    "responsibility_level_cd": "resp_level_cd",
}
_OF_MASTERS = ("resp_level_cd", "responsible_plan_instance_no", "master_plan_instance_balance")
"""What some calls tell of master plan instances alone, and is so taken of them alone."""
_FIELDS = {
    "mp_plan_inst_fields": "plan_instance_field",
    "supp_plan_plan_inst_fields": "plan_instance_field",
    "plan_instance_fields_detail": "field",
}
_PRODUCT_FIELDS = {
    "master_plan_product_fields": "field",
    "supp_plan_product_fields": "field",
    "product_fields": "field",
}


def account_with_plans(facts: Facts) -> Iterator[Row]:
    """Yield the account with what its plan instances tell of it.

    The responsibility level is that of the first master plan instance; the account was billed
    through the latest date of any master.
    """
    masters = [row for row in _instances(facts) if not row["supp_plan_ind"]]
    dates = (text(row.get("bill_thru_date"))[:10] for row in masters)
    for row in account_rows(facts):
        yield {
            **row,
            "=resp_level_cd": whole(masters[0].get("resp_level_cd")) if masters else None,
            "=last_bill_thru_date": max(filter(None, dates), default=None),
            "=mrr": _total(facts),
            "=discount_total": _discounts(facts),
        }


def _total(facts: Facts) -> Decimal | None:
    if PLANS not in facts.answers:
        return None
    return sum((mrr(row) for row in facts.array(PLANS, "all_acct_plans_m")), Decimal(0))


def _discounts(facts: Facts) -> Decimal | None:
    """Return what coupons take off the MRR, None where they or the charges were not asked for."""
    if PLANS not in facts.answers or COUPONS not in facts.answers:
        return None
    return discount_total(discounts(facts), map(_charge, facts.array(PLANS, "all_acct_plans_m")))


def _charge(plan: Row) -> Charge:
    own = whole(plan.get("plan_instance_no")) or 0
    master = whole(plan.get("master_plan_instance_no")) or own
    return Charge(master, mrr(plan), whole(plan.get("recurring_billing_interval")) or 1)


def instance_rows(facts: Facts) -> Iterator[Row]:
    """Yield the plan instances, masters and supplementals alike."""
    senior = named(facts.account.get("senior_acct_no"))
    taken_off = discounts(facts) if COUPONS in facts.answers else []
    for row in _instances(facts):
        own = row["plan_instance_no"]
        parent = named(row.get("parent_plan_instance_no"))
        payer = named(row.get("responsible_plan_instance_no"))
        yield {
            **row,
            "acct_no": facts.number,
            "acct_currency": facts.account.get("acct_currency"),
            "=key": joined(facts.number, own),
            "=parent_instance": joined(facts.number, parent) if parent != own else "",
            "=responsible_instance": joined(senior, payer),
            "=billing_group": joined(facts.number, named(row.get("billing_group_no"))),
            "=dunning_group": joined(facts.number, named(row.get("dunning_group_no"))),
            **of_instance(taken_off, own),
        }


def _instances(facts: Facts) -> list[dict[str, Any]]:
    """Return the plan instances ascending by number: what was told last, of what was told."""
    found: dict[int, dict[str, Any]] = {}
    for row in _told(facts):
        number = whole(row.get("plan_instance_no"))
        if number:
            known = found.setdefault(number, {"supp_plan_ind": 0})
            known |= {name: value for name, value in row.items() if value not in (None, "")}
            known["plan_instance_no"] = number
    for row in found.values():
        row["supp_plan_ind"] = int(is_on(row["supp_plan_ind"]))
        if row["supp_plan_ind"]:
            row.update(dict.fromkeys(_OF_MASTERS))
    return [found[number] for number in sorted(found)]


def _told(facts: Facts) -> Iterator[dict[str, Any]]:
    """Yield all that was told of plan instances, under one set of names, the surest last."""
    for master in facts.masters:
        yield {
            **_named(master, _MASTER_NAMES),
            "=coupons": "; ".join(coupons(master)),
            "supp_plan_ind": 0,
        }
        for row in rows(master, "supp_plans_info") or rows(master, "supp_plans"):
            yield {**_named(row, _SUPPLEMENTAL_NAMES), "supp_plan_ind": 1}
    for row in facts.instances:
        product = fields(rows(row, "product_fields"), "product_field", PRODUCT_PREFIX)
        yield {**renamed(row, _LISTED_NAMES), **product}
    for row in facts.array(PLANS, "all_acct_plans_m"):
        yield {**_named(row, {}), "=mrr": mrr(row)}


def _named(row: Row, names: Mapping[str, str]) -> dict[str, Any]:
    found = renamed(row, names)
    for array, name in _FIELDS.items():
        found |= fields(rows(row, array), name)
    for array, name in _PRODUCT_FIELDS.items():
        found |= fields(rows(row, array), name, PRODUCT_PREFIX)
    return found


def rate_rows(facts: Facts) -> Iterator[Row]:
    """Yield the tiers that hold for each plan instance: its custom rates, else its schedule's."""
    for plan in facts.array(PLANS, "all_acct_plans_m"):
        own = whole(plan.get("plan_instance_no"))
        for service in rows(plan, "plan_instance_services"):
            service_id = text(service.get("client_service_id"))
            for rate in rows(service, "plan_service_rates"):
                sequence = whole(rate.get("rate_seq_no"))
                yield {
                    **service,
                    **rate,
                    "to_unit": tier_end(rate.get("to_unit")),
                    "acct_no": facts.number,
                    "plan_instance_no": own,
                    "currency_cd": plan.get("currency_cd"),
                    "=plan_instance": joined(facts.number, own),
                    "=service": joined(plan.get("client_plan_id"), service_id),
                    "=key": joined(facts.number, own, service_id, sequence),
                }


def mrr(plan: Row) -> Decimal:
    """Return what a plan instance of get_acct_plans_all_m brings a month, without usage and tax.

    The recurring services' charges for its units, by its own rates, spread over the months of its
    billing interval and rounded half up to cents; nothing unless it is active.
    """
    if whole(plan.get("plan_instance_status_cd")) not in _ACTIVE:
        return Decimal(0)
    units = number(plan.get("plan_units")) or Decimal(0)
    services = rows(plan, "plan_instance_services")
    recurring = (row for row in services if is_on(row.get("is_recurring_ind")))
    period = sum((charge(row, units) for row in recurring), Decimal(0))
    return _cents(period / (whole(plan.get("recurring_billing_interval")) or 1))


def charge(service: Row, units: Decimal) -> Decimal:
    """Return what units of a service cost for a period, by its pricing rule (aria.md §2.1).

    By volume all units have the rate of the tier that they reach; flat, that tier's rate is the
    whole charge; else each tier's units have its rate.
    """
    tiers = sorted(rows(service, "plan_service_rates"), key=_from_unit)
    reached = [tier for tier in tiers if units >= _from_unit(tier)]
    if not reached or units <= 0:
        return Decimal(0)
    rule, highest = whole(service.get("tiered_pricing_rule")), _rate(reached[-1])
    if rule == _FLAT_PER_TIER:
        return _cents(highest)
    if rule == _VOLUME:
        return _cents(units * highest)
    total, below = Decimal(0), Decimal(0)
    for tier in reached:
        upper = min(units, number(tier.get("to_unit")) or units)
        total += (upper - below) * _rate(tier)
        below = upper
    return _cents(total)


def _from_unit(tier: Row) -> Decimal:
    return number(tier.get("from_unit")) or Decimal(0)


def _rate(tier: Row) -> Decimal:
    return number(tier.get("rate_per_unit")) or Decimal(0)


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)
