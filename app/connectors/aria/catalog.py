"""From Aria's nested catalog to flat rows, one kind of row an entity (docs/mapping.md)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from app.connectors.aria.values import (
    Row,
    joined,
    named,
    number,
    rows,
    supplemental,
    text,
    tier_end,
    whole,
)

FIELD_PREFIX = "=field:"
"""Before the name of a supplemental field in a mapping."""


@dataclass(frozen=True)
class Answers:
    """What the calls of one group returned."""

    plans: Sequence[Row] = ()
    plan_sets: Sequence[Row] = ()
    promotions: Sequence[Row] = ()
    items: Sequence[Row] = ()
    coupons: Sequence[Row] = ()
    discount_rules: Sequence[Row] = ()
    templates: Sequence[Row] = ()
    field_names: Sequence[str] = field(default=())
    only_seen_sets: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """How an entity's rows come out of the answers, and which column is Aria's own id of one."""

    rows: Callable[[Answers], Iterator[Row]]
    id_column: str = ""


def _promotions(answers: Answers) -> Iterator[Row]:
    yield from answers.promotions


def _plan_sets(answers: Answers) -> Iterator[Row]:
    codes = promotion_codes(answers.plans)
    for row in answers.plan_sets:
        found = codes.get(whole(row.get("promo_plan_set_no")))
        if found is None and answers.only_seen_sets:
            continue
        yield {**row, "=promo_code": min(found, default=None) if found else None}


def promotion_codes(plans: Iterable[Row]) -> dict[int | None, set[str]]:
    """Return the promotion codes of every plan set that stands on a plan, by the set's number."""
    codes: dict[int | None, set[str]] = {}
    for plan in plans:
        for plan_set in rows(plan, "promotional_plan_sets"):
            found = codes.setdefault(whole(plan_set.get("promo_set_no")), set())
            promotions = rows(plan_set, "promotions_for_set")
            found.update(filter(None, (text(row.get("promo_code")) for row in promotions)))
    return codes


def _plans(answers: Answers) -> Iterator[Row]:
    for plan in answers.plans:
        sets = rows(plan, "promotional_plan_sets")
        ids = sorted(filter(None, (text(row.get("client_promo_set_id")) for row in sets)))
        fields = rows(plan, "plan_supp_fields")
        yield {
            **plan,
            "=plan_sets": "; ".join(ids),
            "=plan_set": _first_set(sets),
            **{FIELD_PREFIX + name: supplemental(fields, name) for name in answers.field_names},
        }


def _first_set(sets: Sequence[Row]) -> str | None:
    """Return the client-defined id of the set with the lowest number."""
    numbered = [(whole(row.get("promo_set_no")), row) for row in sets]
    known = [(number, text(row.get("client_promo_set_id"))) for number, row in numbered if number]
    return min(known)[1] or None if known else None


def _relationships(answers: Answers) -> Iterator[Row]:
    ids = {whole(plan.get("plan_no")): text(plan.get("client_plan_id")) for plan in answers.plans}
    for plan in answers.plans:
        parent = text(plan.get("client_plan_id"))
        for child in rows(plan, "child_plans"):
            child_id = text(child.get("client_plan_id")) or ids.get(whole(child.get("plan_no")), "")
            yield {
                **child,
                "client_plan_id": child_id,
                "max_units": named(child.get("max_units")),
                "=parent_plan": parent,
                "=key": joined(parent, child_id),
            }


def _services(answers: Answers) -> Iterator[Row]:
    for plan in answers.plans:
        plan_id = text(plan.get("client_plan_id"))
        for service in rows(plan, "plan_services"):
            key = joined(plan_id, service.get("client_service_id"))
            yield {**service, "=key": key, "=plan": plan_id}


def _schedules(answers: Answers) -> Iterator[Row]:
    for plan in answers.plans:
        plan_id = text(plan.get("client_plan_id"))
        for schedule in rows(plan, "plan_rate_schedules_details"):
            yield {**schedule, "=plan": plan_id}


def _rates(answers: Answers) -> Iterator[Row]:
    for plan in answers.plans:
        plan_id = text(plan.get("client_plan_id"))
        schedules = rows(plan, "plan_rate_schedules_details")
        currencies = {
            text(row.get("client_rate_schedule_id")): row.get("schedule_currency")
            for row in schedules
        }
        for service in rows(plan, "plan_services"):
            service_key = joined(plan_id, service.get("client_service_id"))
            for rate in service_rates(service, schedules):
                schedule_id = rate["client_rate_schedule_id"]
                sequence = whole(rate.get("rate_seq_no"))
                yield {
                    **rate,
                    "to_unit": tier_end(rate.get("to_unit")),
                    "=service": service_key,
                    "=currency": currencies.get(schedule_id),
                    "=key": joined(service_key, schedule_id, sequence),
                }


def service_rates(service: Row, schedules: Sequence[Row]) -> Iterator[dict[str, Any]]:
    """Yield the rate tiers of a service in all schedules, each with its schedule's client id.

    `plan_service_rates`, which holds the default schedule, serves where the rates of all
    schedules were not given (aria.md §2.1).
    """
    ids = {
        whole(row.get("schedule_no")): text(row.get("client_rate_schedule_id")) for row in schedules
    }
    everything = rows(service, "all_plan_service_rates")
    for schedule in everything:
        own_id = text(schedule.get("client_rate_schedule_id"))
        schedule_id = own_id or ids.get(whole(schedule.get("schedule_no")), "")
        for rate in rows(schedule, "plan_service_rates"):
            yield {**rate, "client_rate_schedule_id": schedule_id}
    if not everything:
        for rate in rows(service, "plan_service_rates"):
            schedule_id = text(rate.get("client_rate_schedule_id"))
            yield {**rate, "client_rate_schedule_id": schedule_id}


def _items(answers: Answers) -> Iterator[Row]:
    yield from answers.items


def _item_prices(answers: Answers) -> Iterator[Row]:
    for item in answers.items:
        sku = text(item.get("client_sku"))
        for price in rows(item, "all_item_prices"):
            currency = text(price.get("currency_cd")).lower()
            yield {**price, "=item": sku, "=key": joined(sku, currency)}


def _coupons(answers: Answers) -> Iterator[Row]:
    yield from answers.coupons


def _discount_rules(answers: Answers) -> Iterator[Row]:
    for row in answers.discount_rules:
        yield {**row, **rule_terms(row)}


def rule_terms(rule: Row) -> dict[str, Decimal | None]:
    """Return a rule's amount as a percentage or as money, by what it says it is.

    Aria writes P and F, in a list of rules perhaps 2 and 1 (aria.md §2.2); the column is called
    flat_percent_ind or discount_type.
    """
    said = text(rule.get("flat_percent_ind")) or text(rule.get("discount_type"))
    amount = number(rule.get("amount"))
    percent, flat = said.upper() in {"P", "2"}, said.upper() in {"F", "1"}
    return {"=percent": amount if percent else None, "=amount": amount if flat else None}


def _templates(answers: Answers) -> Iterator[Row]:
    yield from answers.templates


SOURCES: Mapping[str, Source] = {
    "promotion": Source(_promotions),
    "plan_set": Source(_plan_sets, "promo_plan_set_no"),
    "plan": Source(_plans, "plan_no"),
    "plan_relationship": Source(_relationships),
    "service": Source(_services, "service_no"),
    "rate_schedule": Source(_schedules, "schedule_no"),
    "rate": Source(_rates),
    "item": Source(_items, "item_no"),
    "item_price": Source(_item_prices),
    "coupon": Source(_coupons),
    "discount_rule": Source(_discount_rules, "rule_no"),
    "message_template": Source(_templates, "template_no"),
}
"""The entities that this connector knows, by the mapping's name."""
