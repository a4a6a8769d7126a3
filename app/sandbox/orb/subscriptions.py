"""Subscriptions over HTTP (orb.md §2.3)."""

from collections.abc import Callable

from app.sandbox.orb import subscription_actions as actions
from app.sandbox.orb.checks import KINDS, Shape, either, one_of
from app.sandbox.orb.metadata import merged
from app.sandbox.orb.paging import PARAMETERS, page_of, page_of_list
from app.sandbox.orb.pending_changes import Settle, changing
from app.sandbox.orb.plan_rows import brief_plan
from app.sandbox.orb.price_intervals import BODY as INTERVALS
from app.sandbox.orb.price_intervals import add_and_edit
from app.sandbox.orb.query import ranges
from app.sandbox.orb.router import CREATED, Call, Route
from app.sandbox.orb.subscription_build import COMMON, OVERRIDES
from app.sandbox.orb.subscription_new import new_subscription
from app.sandbox.orb.subscription_rows import show_subscription, show_summary, status_of
from app.sandbox.orb.world import Row

_STATES = ("active", "ended", "upcoming")
_OPTIONS = "requested_date|end_of_subscription_term|immediate"
_EDITED = (
    "net_terms",
    "default_invoice_memo",
    "invoicing_threshold",
    "auto_collection",
    "auto_issuance",
    "metadata",
)
_NEW = Shape(
    f"{COMMON} metadata:map customer_id external_customer_id currency name start_date:moment "
    "end_date:moment external_marketplace:google|aws|azure external_marketplace_reporting_id "
    "aws_region align_billing_with_subscription_start_date!:flag",
    **OVERRIDES,
)
_EDIT = Shape(
    "metadata:map default_invoice_memo auto_collection:flag auto_issuance:flag net_terms:terms "
    "invoicing_threshold:amount"
)
_PLAN_CHANGE = Shape(
    f"{COMMON} change_option*:{_OPTIONS} change_date:moment "
    "align_billing_with_plan_change_date:flag "
    "billing_cycle_alignment:unchanged|plan_change_date|start_of_month",
    **OVERRIDES,
)
_CANCEL = Shape(
    f"cancel_option*:{_OPTIONS} cancellation_date:moment allow_invoice_credit_or_void:flag"
)
_QUANTITY = Shape(
    "price_id* quantity*:number effective_date:day "
    "change_option!:immediate|upcoming_invoice|effective_date allow_invoice_credit_or_void:flag"
)
_TRIAL = Shape(
    "trial_end_date* shift!:flag", trial_end_date=either(KINDS["moment"], one_of("immediate"))
)
_COUPON = Shape(
    f"coupon_id coupon_redemption_code change_option*:{_OPTIONS} change_date:moment "
    "allow_invoice_credit_or_void:flag"
)


def _filter(call: Call) -> Callable[[Row], bool]:
    query, world = call.query, call.world
    customers, externals = query.many("customer_id"), query.many("external_customer_id")
    plan, external_plan = query.one("plan_id"), query.one("external_plan_id")
    states, created = query.choices("status", _STATES), query.range("created_at")
    people, plans = world.table("customer"), world.table("plan")

    def keep(row: Row) -> bool:
        customer, of_plan = people[row["_customer"]], plans[row["_plan"]]
        return (
            (not customers or customer["id"] in customers)
            and (not externals or customer["external_customer_id"] in externals)
            and plan in {None, of_plan["id"]}
            and external_plan in {None, of_plan["external_plan_id"]}
            and (not states or status_of(world, row) in states)
            and created.holds(row["created_at"])
        )

    return keep


def _list(call: Call) -> Row:
    world = call.world

    def show(row: Row) -> Row:
        return show_subscription(world, row)

    return page_of(call.table("subscription"), call.query, show, _filter(call))


def _list_summaries(call: Call) -> Row:
    world = call.world

    def show(row: Row) -> Row:
        return show_summary(world, row)

    return page_of(call.table("subscription"), call.query, show, _filter(call))


def _create(call: Call) -> Row:
    row = new_subscription(call.world, call.body)
    return {**show_subscription(call.world, row), "changed_resources": None}


def _fetch(call: Call) -> Row:
    return show_subscription(call.world, call.record("subscription"))


def _update(call: Call) -> Row:
    row, sent = call.record("subscription"), call.body
    before = {name: row[name] for name in _EDITED}
    for name in _EDITED:
        if name == "metadata" and name in sent:
            row[name] = merged(row[name], sent[name])
        elif name in sent and not (name == "net_terms" and sent[name] is None):
            row[name] = sent[name]
    edited = {name: value for name, value in before.items() if row[name] != value}
    if edited:
        shown = show_subscription(call.world, row)
        call.world.emit("subscription.edited", shown, previous_attributes=edited)
    return show_subscription(call.world, row)


def _schedule(call: Call) -> Row:
    row, starts = call.record("subscription"), call.query.range("start_date")
    plans = call.table("plan").rows
    entries = (
        {
            "start_date": entry["start_date"],
            "end_date": entry["end_date"],
            "created_at": entry["created_at"],
            "plan": brief_plan(plans[entry["_plan"]]),
        }
        for entry in reversed(row["_schedule"])
        if starts.holds(entry["start_date"])
    )
    return page_of_list(entries, call.query)


def routes(settle: Settle) -> list[Route]:
    """Return the routes of subscriptions; `settle` lets what is due happen in a dry run."""
    one = "subscriptions/{subscription_id}"
    names = ("customer_id", "external_customer_id", "status")
    lists = tuple(f"{name}[]" for name in names)
    filters = (*names, *lists, "plan_id", "external_plan_id", *ranges("created_at"))
    changes = (
        ("cancel", actions.cancel, _CANCEL),
        ("unschedule_cancellation", actions.unschedule_cancellation, Shape("")),
        ("schedule_plan_change", actions.change_plan, _PLAN_CHANGE),
        ("unschedule_pending_plan_changes", actions.unschedule_plan_changes, Shape("")),
        ("update_fixed_fee_quantity", actions.update_quantity, _QUANTITY),
        (
            "unschedule_fixed_fee_quantity_updates",
            actions.unschedule_quantities,
            Shape("price_id*"),
        ),
        ("price_intervals", add_and_edit, INTERVALS),
        ("update_trial", actions.update_trial, _TRIAL),
        (
            "trigger_phase",
            actions.trigger_phase,
            Shape("effective_date:day allow_invoice_credit_or_void:flag"),
        ),
        ("redeem_coupon", actions.redeem_coupon, _COUPON),
    )
    create = changing(_create, "subscription_creation", settle)
    return [
        Route("GET", "subscriptions", _list, filters=(*PARAMETERS, *filters)),
        Route("POST", "subscriptions", create, CREATED, body=_NEW),
        Route("GET", "subscriptions/summary", _list_summaries, filters=(*PARAMETERS, *filters)),
        Route("GET", one, _fetch),
        Route("PUT", one, _update, body=_EDIT),
        Route("GET", f"{one}/schedule", _schedule, filters=(*PARAMETERS, *ranges("start_date"))),
        *(
            Route("POST", f"{one}/{name}", changing(answer, name, settle), body=body)
            for name, answer, body in changes
        ),
    ]
