"""Alerts over HTTP (orb.md §2.6)."""

from app.sandbox.orb.alert_watch import start_watching
from app.sandbox.orb.checks import Check, list_of, loose, text
from app.sandbox.orb.customers import brief
from app.sandbox.orb.errors import constraint, invalid
from app.sandbox.orb.paging import PARAMETERS, page_of
from app.sandbox.orb.plan_rows import brief_plan
from app.sandbox.orb.prices import PRICE_FILTER
from app.sandbox.orb.query import ranges
from app.sandbox.orb.router import CREATED, NO_BODY, Call, Route
from app.sandbox.orb.world import Row, World, shown

_THRESHOLDS: Check = list_of(loose("value*:number"), least=1)
_FILTERS = list_of(PRICE_FILTER)
_OVERRIDES = list_of(
    loose(
        "group_values* thresholds*",
        group_values=list_of(text()),
        thresholds=_THRESHOLDS,
    )
)
_CUSTOMER = loose(
    "thresholds currency*:key "
    "type*:credit_balance_depleted|credit_balance_dropped|credit_balance_recovered",
    thresholds=_THRESHOLDS,
)
_USE = (
    "thresholds* type*:usage_exceeded|cost_exceeded|spend_exceeded metric_id grouping_keys:text[]"
)
_SUBSCRIPTION = loose(
    f"{_USE} currency price_filters threshold_overrides",
    thresholds=_THRESHOLDS,
    price_filters=_FILTERS,
    threshold_overrides=_OVERRIDES,
)
_PLAN = loose(
    f"{_USE} currency price_filters plan_version:whole",
    thresholds=_THRESHOLDS,
    price_filters=_FILTERS,
)
_EDIT = loose(
    "thresholds* price_filters threshold_overrides",
    thresholds=_THRESHOLDS,
    price_filters=_FILTERS,
    threshold_overrides=_OVERRIDES,
)


def _store(call: Call, **about: object) -> Row:
    sent, world = call.body, call.world
    row: Row = {
        "type": sent["type"],
        "enabled": True,
        "thresholds": sent.get("thresholds"),
        "customer": None,
        "plan": None,
        "subscription": None,
        "metric": None,
        "license_type": None,
        "currency": sent.get("currency"),
        "grouping_keys": sent.get("grouping_keys"),
        "price_filters": sent.get("price_filters"),
        "threshold_overrides": None,
        "balance_alert_status": None,
        "_fired": {},
        "_disabled_for": [],
        **about,
    }
    return shown(world.add("alert", row))


def _for_customer(call: Call) -> Row:
    customer, kind = call.record("customer"), call.body["type"]
    if (kind == "credit_balance_dropped") != bool(call.sent("thresholds")):
        raise constraint("Thresholds belong to credit_balance_dropped, and only to it.")
    for row in call.table("alert").rows.values():
        mine = row.get("_customer") == customer["id"] and not row.get("_deleted")
        if mine and row["type"] == kind and row["currency"] == call.body["currency"]:
            raise constraint("The customer has an alert of this type and currency already.")
    return _store(call, customer=brief(customer), _customer=customer["id"])


def _metric(call: Call) -> Row | None:
    metric_id = call.sent("metric_id")
    if (call.body["type"] == "usage_exceeded") != (metric_id is not None):
        raise constraint("A metric_id belongs to usage_exceeded, and only to it.")
    return None if metric_id is None else {"id": call.world.at("metric", metric_id)["id"]}


def _for_subscription(call: Call) -> Row:
    row = call.record("subscription")
    about = {"metric": _metric(call), "subscription": {"id": row["id"]}}
    if call.body["type"] != "usage_exceeded":
        about["currency"] = call.sent("currency", row["_currency"])
    found = _store(call, **about, _subscription=row["id"])
    start_watching(call.world, row)
    return found


def _for_plan(call: Call) -> Row:
    plan = call.record("plan")
    version = call.sent("plan_version", plan["version"])
    about = {**(brief_plan(plan) or {}), "plan_version": str(version)}
    found = _store(call, metric=_metric(call), plan=about, _plan=plan["id"])
    for row in call.table("subscription").rows.values():
        if row["_plan"] == plan["id"]:
            start_watching(call.world, row)
    return found


def _list(call: Call) -> Row:
    query = call.query
    names = ("customer_id", "external_customer_id", "subscription_id")
    given = {name: value for name in names if (value := query.one(name)) is not None}
    if len(given) != 1:
        raise invalid(f"query: exactly one of {', '.join(names)} is needed")
    created, about = query.range("created_at"), _about(call.world, given)

    def keep(row: Row) -> bool:
        mine = any(row.get(name) == value for name, value in about.items())
        return mine and created.holds(row["created_at"])

    return page_of(call.table("alert"), query, shown, keep)


def _about(world: World, given: dict[str, str]) -> dict[str, str]:
    if "customer_id" in given:
        return {"_customer": world.at("customer", given["customer_id"])["id"]}
    if "external_customer_id" in given:
        return {"_customer": world.external("customer", given["external_customer_id"])["id"]}
    row = world.at("subscription", given["subscription_id"])
    return {"_subscription": row["id"], "_plan": row["_plan"]}


def _alert(call: Call) -> Row:
    return call.world.at("alert", call.params["alert_id"])


def _fetch(call: Call) -> Row:
    return shown(_alert(call))


def _update(call: Call) -> Row:
    alert = _alert(call)
    alert["thresholds"] = call.body["thresholds"]
    if call.sent("price_filters") is not None:
        alert["price_filters"] = call.body["price_filters"]
    return shown(alert)


def _delete(call: Call) -> None:
    alert = _alert(call)
    if alert["plan"] is not None:
        raise constraint("An alert of a plan cannot be deleted; disable it.")
    alert["_deleted"] = True


def _switch(call: Call, *, on: bool) -> Row:
    alert, subscription = _alert(call), call.query.one("subscription_id")
    if subscription is None:
        alert["enabled"] = on
    elif alert["plan"] is None:
        raise constraint("Only an alert of a plan is switched for one subscription.")
    else:
        row = call.world.at("subscription", subscription)
        others = [each for each in alert["_disabled_for"] if each != row["id"]]
        alert["_disabled_for"] = others if on else [*others, row["id"]]
    return shown(alert)


def _enable(call: Call) -> Row:
    return _switch(call, on=True)


def _disable(call: Call) -> Row:
    return _switch(call, on=False)


ROUTES = (
    Route(
        "GET",
        "alerts",
        _list,
        filters=(
            *PARAMETERS,
            "customer_id",
            "external_customer_id",
            "subscription_id",
            *ranges("created_at"),
        ),
    ),
    Route("POST", "alerts/customer_id/{customer_id}", _for_customer, CREATED, body=_CUSTOMER),
    Route(
        "POST",
        "alerts/external_customer_id/{external_customer_id}",
        _for_customer,
        CREATED,
        body=_CUSTOMER,
    ),
    Route("POST", "alerts/plan_id/{plan_id}", _for_plan, CREATED, body=_PLAN),
    Route(
        "POST",
        "alerts/subscription_id/{subscription_id}",
        _for_subscription,
        CREATED,
        body=_SUBSCRIPTION,
    ),
    Route("GET", "alerts/{alert_id}", _fetch),
    Route("PUT", "alerts/{alert_id}", _update, body=_EDIT),
    Route("DELETE", "alerts/{alert_id}", _delete, NO_BODY),
    Route("POST", "alerts/{alert_id}/enable", _enable, filters=("subscription_id",)),
    Route("POST", "alerts/{alert_id}/disable", _disable, filters=("subscription_id",)),
)
