"""Custom rates of a plan instance: all tiers of a service are sent again, with one changed."""

from collections.abc import Iterator
from dataclasses import replace

from app.connectors.aria.client import AriaClient
from app.connectors.aria.plan_edit import NotSendable
from app.connectors.aria.plan_writes import instance_of, plans_of
from app.connectors.aria.steps import Step
from app.connectors.aria.tiers import Tier, as_sent, objection, tiers_of
from app.connectors.aria.values import Row, is_on, rows, text, whole
from app.connectors.aria.wish import Wish
from app.connectors.protocol import Held
from app.domain.control import CancelToken

RATE = "rate_per_unit"
"""The billing name that can be set."""
BOUNDS = ("from_unit", "to_unit")
"""What stays as the rate schedule has it."""
_TIERED = ("is_recurring_ind", "is_usage_based_ind")
_MOST_TIERS = 100  # of one service that are looked for in the mirror
_WITH_RATES = {"include_plan_services": "true", "include_rate_schedule": "true"}


def rate_steps(client: AriaClient, wish: Wish, cancel: CancelToken) -> list[Step]:
    """Return the call that gives one tier another rate, after the tiers were read.

    Raises:
        NotSendable: The tier is not there, or Aria would refuse the tiers (14014, 14015).
    """
    instance, (service_id, sequence) = instance_of(wish), _place(wish)
    plans = plans_of(client, instance.acct_no, _WITH_RATES, cancel)
    held = next((p for p in plans if whole(p.get("plan_instance_no")) == instance.number), None)
    service = next(_services(held, service_id), None)
    tiers = tiers_of(rows(service, "plan_service_rates")) if service else []
    if held is None or service is None or all(tier.sequence != sequence for tier in tiers):
        message = f"Not sent: Aria does not show the rate {wish.key}."
        raise NotSendable(message)
    wanted = wish.amount(RATE)
    tiers = [replace(one, rate=wanted) if one.sequence == sequence else one for one in tiers]
    base = _schedule_tiers(client, held, service, cancel)
    words = objection(tiers, base, tiered=any(is_on(service.get(flag)) for flag in _TIERED))
    if words:
        message = f"Not sent: {words}."
        raise NotSendable(message)
    inputs = {
        **instance.inputs,
        "service_no": whole(service.get("service_no")),
        "custom_acct_rates": as_sent(tiers),
    }
    return [Step("assign_custom_acct_plan_rates_m", inputs, wish.fields([RATE]))]


def foreseen_tiers(key: str, held: Held) -> Iterator[str]:
    """Yield why Aria will refuse another rate for a tier, by what the mirror has of its service.

    Nothing where the mirror lacks the plan instance, or the catalog's rates of its schedule.
    """
    of_service, _, _ = key.rpartition("|")
    instance, service = of_service.split("|")[:2], of_service.split("|")[2:]
    plans = held("plan_instance", ["|".join(instance)])
    own = held("plan_instance_rate", _sequence(of_service))
    if not plans or not own or not any(flag in own[0] for flag in _TIERED):
        return
    plan, schedule = plans[0].get("client_plan_id"), plans[0].get("client_rate_schedule_id")
    base = held("rate", _sequence(f"{plan}|{'|'.join(service)}|{schedule}"))
    if base:
        tiered = any(is_on(own[0].get(flag)) for flag in _TIERED)
        words = objection(tiers_of(own), tiers_of(base), tiered=tiered)
        yield from filter(None, [words])


def _sequence(prefix: str) -> list[str]:
    return [f"{prefix}|{place}" for place in range(1, _MOST_TIERS + 1)]


def _place(wish: Wish) -> tuple[str, int]:
    """Return service and number of a tier: its key is `ACCOUNT|INSTANCE|SERVICE|SEQUENCE`."""
    rest, _, sequence = wish.key.rpartition("|")
    service_id = "|".join(rest.split("|")[2:])
    number = whole(sequence)
    if number is None or not service_id:
        message = f"Not sent: {wish.key!r} is no key of a {wish.entity.label} of Aria."
        raise NotSendable(message)
    return service_id, number


def _services(held: Row | None, service_id: str) -> Iterator[Row]:
    for row in rows(held or {}, "plan_instance_services"):
        if text(row.get("client_service_id")) == service_id:
            yield row


def _schedule_tiers(client: AriaClient, held: Row, service: Row, cancel: CancelToken) -> list[Tier]:
    """Return the tiers of the plan instance's rate schedule: custom ones have their bounds."""
    inputs = {
        "plan_no": whole(held.get("plan_no")),
        "service_no": whole(service.get("service_no")),
        "alt_rate_schedule_no": whole(held.get("rate_schedule_no")),
    }
    answer = client.core("get_client_plan_service_rates_m", inputs, cancel)
    return tiers_of(rows(answer, "plan_service_rates"))
