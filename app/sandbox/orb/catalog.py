"""Items, metrics and coupons (orb.md §2.2, §2.5, §2.6)."""

from collections.abc import Mapping
from typing import Any

from app.sandbox.orb.checks import Shape, list_of, one_of, tagged, text, whole
from app.sandbox.orb.errors import constraint, duplicate, invalid
from app.sandbox.orb.metadata import merged
from app.sandbox.orb.paging import PARAMETERS, page_of
from app.sandbox.orb.query import ranges
from app.sandbox.orb.router import CREATED, Call, Route
from app.sandbox.orb.subscription_rows import show_subscription
from app.sandbox.orb.world import Row, World, shown

_CONNECTIONS = ("stripe", "quickbooks", "bill.com", "netsuite")
_TAX_CONNECTIONS = ("taxjar", "avalara", "anrok", "numeral", "stripe_tax")
_CONNECTION = Shape(
    "external_connection_name* external_entity_id*",
    external_connection_name=one_of(*_CONNECTIONS, *_TAX_CONNECTIONS),
)
_NEW_ITEM = Shape("metadata:map name*:key")
_EDIT_ITEM = Shape(
    "metadata:map name:key external_connections", external_connections=list_of(_CONNECTION)
)
_NEW_METRIC = Shape("metadata:map sql*:key name*:key item_id* description")
_NEW_COUPON = Shape(
    "redemption_code* discount* duration_in_months max_redemptions",
    redemption_code=text(1, 100),
    discount=tagged(
        "discount_type",
        {
            "percentage": Shape("discount_type* percentage_discount*:number"),
            "amount": Shape("discount_type* amount_discount*:amount"),
        },
    ),
    duration_in_months=whole(1, 120),
    max_redemptions=whole(1, 1_000_000_000),
)


def _list_items(call: Call) -> Row:
    return page_of(call.table("item"), call.query, shown)


def new_item(world: World, sent: Mapping[str, Any]) -> Row:
    """Store a new item and return it."""
    row = {
        "metadata": merged({}, sent.get("metadata")),
        "name": sent["name"],
        "external_connections": [],
        "archived_at": None,
    }
    return world.add("item", row)


def _create_item(call: Call) -> Row:
    return shown(new_item(call.world, call.body))


def _fetch_item(call: Call) -> Row:
    return shown(call.record("item"))


def _update_item(call: Call) -> Row:
    item = call.record("item")
    if "metadata" in call.body:
        item["metadata"] = merged(item["metadata"], call.body["metadata"])
    item["name"] = call.sent("name", item["name"])
    item["external_connections"] = call.sent("external_connections", item["external_connections"])
    return shown(item)


def _archive_item(call: Call) -> Row:
    item = call.record("item")
    item["archived_at"] = item["archived_at"] or call.world.now
    return shown(item)


def _show_metric(call: Call, metric: Row) -> Row:
    return {**shown(metric), "item": shown(call.world.at("item", metric["_item"]))}


def _list_metrics(call: Call) -> Row:
    created = call.query.range("created_at")
    status = call.query.choice("status", ("active", "draft", "archived"))
    return page_of(
        call.table("metric"),
        call.query,
        lambda row: _show_metric(call, row),
        lambda row: created.holds(row["_created_at"]) and status in {None, row["status"]},
    )


def new_metric(world: World, sent: Mapping[str, Any]) -> Row:
    """Store a new metric and return it; raises OrbError where there is no such item."""
    item = world.at("item", sent["item_id"])
    row = {
        "metadata": merged({}, sent.get("metadata")),
        "name": sent["name"],
        "description": sent["description"],
        "status": "active",
        "sql": sent["sql"],
        "parameter_definitions": None,
        "_item": item["id"],
    }
    return world.add("metric", row)


def _create_metric(call: Call) -> Row:
    if "description" not in call.body:
        raise invalid("description: field required")
    return _show_metric(call, new_metric(call.world, call.body))


def _fetch_metric(call: Call) -> Row:
    return _show_metric(call, call.record("metric"))


def _update_metric(call: Call) -> Row:
    metric = call.record("metric")
    before = metric["metadata"]
    if "metadata" in call.body:
        metric["metadata"] = merged(before, call.body["metadata"])
    if metric["metadata"] != before:
        call.world.emit(
            "billable_metric.edited",
            _show_metric(call, metric),
            previous_attributes={"metadata": before},
        )
    return _show_metric(call, metric)


def _list_coupons(call: Call) -> Row:
    code, archived = call.query.one("redemption_code"), call.query.flag("show_archived")

    def keep(row: Row) -> bool:
        if row["archived_at"] is not None and not archived:
            return False
        return code is None or row["redemption_code"] == code

    return page_of(call.table("coupon"), call.query, shown, keep)


def new_coupon(world: World, sent: Mapping[str, Any]) -> Row:
    """Store a new coupon and return it; raises OrbError where its code is in use."""
    code, discount = sent["redemption_code"], sent["discount"]
    for row in world.table("coupon").rows.values():
        if row["redemption_code"] == code and row["archived_at"] is None:
            raise duplicate(f"An active coupon with the redemption code {code!r} exists already.")
    if discount["discount_type"] == "percentage" and not 0 < discount["percentage_discount"] <= 1:
        raise constraint("A percentage_discount is more than 0 and at most 1.")
    row = {
        "redemption_code": code,
        "discount": {**discount, "applies_to_price_ids": None, "filters": None, "reason": None},
        "times_redeemed": 0,
        "duration_in_months": sent.get("duration_in_months"),
        "max_redemptions": sent.get("max_redemptions"),
        "archived_at": None,
    }
    return world.add("coupon", row)


def _create_coupon(call: Call) -> Row:
    return shown(new_coupon(call.world, call.body))


def _fetch_coupon(call: Call) -> Row:
    return shown(call.record("coupon"))


def _archive_coupon(call: Call) -> Row:
    coupon = call.record("coupon")
    coupon["archived_at"] = coupon["archived_at"] or call.world.now
    return shown(coupon)


def _coupon_subscriptions(call: Call) -> Row:
    coupon = call.record("coupon")

    def keep(row: Row) -> bool:
        redeemed = row["redeemed_coupon"]
        return redeemed is not None and redeemed["coupon_id"] == coupon["id"]

    def show(row: Row) -> Row:
        return show_subscription(call.world, row)

    return page_of(call.table("subscription"), call.query, show, keep)


ROUTES = (
    Route("GET", "items", _list_items, filters=PARAMETERS),
    Route("POST", "items", _create_item, CREATED, body=_NEW_ITEM),
    Route("GET", "items/{item_id}", _fetch_item),
    Route("PUT", "items/{item_id}", _update_item, body=_EDIT_ITEM),
    Route("POST", "items/{item_id}/archive", _archive_item),
    Route("GET", "metrics", _list_metrics, filters=(*PARAMETERS, "status", *ranges("created_at"))),
    Route("POST", "metrics", _create_metric, CREATED, body=_NEW_METRIC),
    Route("GET", "metrics/{metric_id}", _fetch_metric),
    Route("PUT", "metrics/{metric_id}", _update_metric, body=Shape("metadata:map")),
    Route(
        "GET", "coupons", _list_coupons, filters=(*PARAMETERS, "redemption_code", "show_archived")
    ),
    Route("POST", "coupons", _create_coupon, CREATED, body=_NEW_COUPON),
    Route("GET", "coupons/{coupon_id}", _fetch_coupon),
    Route("POST", "coupons/{coupon_id}/archive", _archive_coupon),
    Route("GET", "coupons/{coupon_id}/subscriptions", _coupon_subscriptions, filters=PARAMETERS),
)
