"""Custom rates of a plan instance, checked against its schedule (aria_for_salesforce.md §1c)."""

from app.sandbox.aria.accounts.ledger import Books
from app.sandbox.aria.accounts.lookups import books, the_instance
from app.sandbox.aria.accounts.rates import PlanService, plan_services, standard_tiers
from app.sandbox.aria.context import Answer, Context
from app.sandbox.aria.errors import AriaError, Code, missing, not_found
from app.sandbox.aria.inputs import Inputs, inputs
from app.sandbox.aria.tables import Row

CUSTOM_RATES = inputs(
    custom_rates=inputs(
        "custom_rate_service_no:int custom_rate_client_service_id custom_rate_seq_no:int",
        "custom_rate_from_unit:num custom_rate_to_unit:num custom_rate_per_unit:num",
    )
)
MASTER_CHANGED, SUPPLEMENTAL_CHANGED = 718, 719
_WAITING = 1  # a queued change that has neither run nor been deleted
_TIERED = ("is_recurring_ind", "is_usage_based_ind")


def assign_custom_acct_plan_rates(context: Context, sent: Inputs) -> Answer:
    """Answer assign_custom_acct_plan_rates_m: all tiers of one service."""
    own = books(context, sent)
    instance = the_instance(own.account, sent)
    change = _queued(own, instance, sent)
    planned = {**instance, **change["values"]} if change else instance
    service = _service(own, planned, sent.get("service_no"), sent.get("client_service_id"))
    rates = [
        {
            "rate_seq_no": row.get("rate_seq_no", place),
            "from_unit": row.get("from_unit"),
            "to_unit": row.get("to_unit"),
            "rate_per_unit": row.get("rate_per_unit"),
        }
        for place, row in enumerate(sent.get("custom_acct_rates", ()), 1)
    ]
    if not rates:
        raise missing("custom_acct_rates")
    if change:
        _queue_rates(own, (planned, change), service, rates)
    else:
        store_rates(own, instance, service, rates)
    _note(context, own, instance)
    return {}


def _queued(own: Books, instance: Row, sent: Inputs) -> Row | None:
    """Return the waiting change whose rates `plan_queue_id` sets; 1013 for one there is not."""
    if "plan_queue_id" not in sent:
        return None
    change = own.account.find("queued_change", "queue_id", sent["plan_queue_id"])
    mine = change is not None and change["plan_instance_no"] == instance["plan_instance_no"]
    if change is None or not mine or change["status_cd"] != _WAITING:
        raise not_found("plan_queue_id")
    return change


def _queue_rates(
    own: Books, planned: tuple[Row, Row], service: PlanService, rates: list[Row]
) -> None:
    """Let rates wait with a change; `planned` is the instance as it will be, and the change."""
    instance, change = planned
    _check(own, instance, service, rates)
    number = service.service_no
    others = [row for row in change["custom_rates"] if row["service_no"] != number]
    found = [*others, *({"service_no": number, **rate} for rate in rates)]
    own.account.change("queued_change", change, custom_rates=found)


def remove_acct_plan_custom_rates(context: Context, sent: Inputs) -> Answer:
    """Answer remove_acct_plan_custom_rates_m: the schedule's rates hold again."""
    own = books(context, sent)
    instance = the_instance(own.account, sent)
    number = instance["plan_instance_no"]
    for row in list(own.account.where("custom_rate", "plan_instance_no", number)):
        own.account.remove("custom_rate", row)
    _note(context, own, instance)
    return {}


def _note(context: Context, own: Books, instance: Row) -> None:
    event = SUPPLEMENTAL_CHANGED if instance["supp_plan_ind"] else MASTER_CHANGED
    context.work.note(event, own.account)


def set_inline_rates(own: Books, instance: Row, sent: Inputs) -> None:
    """Store the `custom_rates` of a request that assigns or changes a plan instance.

    Raises:
        AriaError: 14014 or 14015 where tiers do not fit, 1013 for an unknown service.
    """
    for service, rates in _by_service(own, instance, sent).values():
        store_rates(own, instance, service, rates)


def checked_rates(own: Books, instance: Row, sent: Inputs) -> list[Row]:
    """Return the `custom_rates` of a request that waits, checked as if they were stored."""
    found: list[Row] = []
    for service, rates in _by_service(own, instance, sent).values():
        _check(own, instance, service, rates)
        found += [{"service_no": service.service_no, **rate} for rate in rates]
    return found


def _by_service(
    own: Books, instance: Row, sent: Inputs
) -> dict[int, tuple[PlanService, list[Row]]]:
    found: dict[int, tuple[PlanService, list[Row]]] = {}
    for row in sent.get("custom_rates", ()):
        number, name = row.get("custom_rate_service_no"), row.get("custom_rate_client_service_id")
        service = _service(own, instance, number, name)
        rates = found.setdefault(service.service_no, (service, []))[1]
        rates.append(
            {
                "rate_seq_no": row.get("custom_rate_seq_no", len(rates) + 1),
                "from_unit": row.get("custom_rate_from_unit"),
                "to_unit": row.get("custom_rate_to_unit"),
                "rate_per_unit": row.get("custom_rate_per_unit"),
            }
        )
    return found


def _service(own: Books, instance: Row, number: int | None, name: str | None) -> PlanService:
    if number is None and not name:
        raise missing("service_no or client_service_id")
    for service in plan_services(own.catalog, instance["plan_no"]):
        if service.service_no == number or (number is None and service.client_service_id == name):
            return service
    raise not_found("service_no or client_service_id")


def store_rates(own: Books, instance: Row, service: PlanService, rates: list[Row]) -> None:
    """Replace the custom rates of one service of an instance.

    Raises:
        AriaError: 14014 when the tiers are not those of the schedule, 14015 when a service that is
            neither recurring nor usage-based has other than one open tier.
    """
    _check(own, instance, service, rates)
    held, number = own.account, instance["plan_instance_no"]
    for row in list(held.where("custom_rate", "plan_instance_no", number)):
        if row["service_no"] == service.service_no:
            held.remove("custom_rate", row)
    for rate in rates:
        key = {"plan_instance_no": number, "service_no": service.service_no}
        held.add("custom_rate", {**key, **rate})


def _check(own: Books, instance: Row, service: PlanService, rates: list[Row]) -> None:
    if any(rate["rate_per_unit"] is None for rate in rates):
        raise missing("rate_per_unit")
    for rate in rates:
        rate["from_unit"] = 1 if rate["from_unit"] is None else rate["from_unit"]
    rates.sort(key=lambda rate: int(rate["rate_seq_no"]))
    if not any(service.has(flag) for flag in _TIERED):
        if len(rates) != 1 or rates[0]["to_unit"] is not None:
            text = "this service takes one rate tier without an end"
            raise AriaError(Code.ONE_OPEN_TIER, text)
        return
    base = standard_tiers(own.catalog, instance, service.service_no)
    names = ("rate_seq_no", "from_unit", "to_unit")
    wanted = [[row[name] for name in names] for row in base]
    if [[rate[name] for name in names] for rate in rates] != wanted:
        text = "the rate tiers must be those of the rate schedule"
        raise AriaError(Code.RATE_TIERS, f"invalid rate tiers: {text}")
