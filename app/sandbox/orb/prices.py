"""Prices: what a request may say of one, and the row that is made of it (orb.md §2.2)."""

from collections.abc import Mapping
from typing import Any

from app.sandbox.orb.checks import Check, Shape, list_of, one_of, tagged
from app.sandbox.orb.errors import constraint, duplicate
from app.sandbox.orb.metadata import merged
from app.sandbox.orb.paging import PARAMETERS, page_of
from app.sandbox.orb.price_models import COMPOSITE, CONFIGS
from app.sandbox.orb.router import CREATED, Call, Route
from app.sandbox.orb.times import months_of
from app.sandbox.orb.world import Row, World, shown

CADENCES = ("annual", "semi_annual", "monthly", "quarterly", "one_time", "custom")
PRICE_FILTER = Shape(
    "field* operator* values*:text[]",
    field=one_of("price_id", "item_id", "price_type", "currency", "pricing_unit_id"),
    operator=one_of("includes", "excludes"),
)
_CYCLE = Shape("duration*:count duration_unit*:day|month")
_CONVERSION = tagged(
    "conversion_rate_type",
    {
        "unit": Shape(
            "conversion_rate_type* unit_config*", unit_config=Shape("unit_amount*:amount")
        ),
        "tiered": Shape("conversion_rate_type* tiered_config*:object"),
    },
)
_DIMENSIONAL = Shape(
    "dimension_values*:text[] dimensional_price_group_id external_dimensional_price_group_id"
)
_COMMON = (
    "model_type* metadata:map external_price_id name* dimensional_price_configuration "
    "license_type_id billable_metric_id item_id* billed_in_advance:flag "
    "fixed_price_quantity:number invoice_grouping_key:key cadence* billing_cycle_configuration "
    "invoicing_cycle_configuration conversion_rate:number conversion_rate_config "
)


def price_shape(extra: str) -> Check:
    """Return the check of a new price of any model; `extra` names the fields of its place."""
    shapes: dict[str, Check] = {
        model: Shape(
            f"{_COMMON} {extra} {model}_config*",
            model_type=one_of(model),
            cadence=one_of(*CADENCES),
            billing_cycle_configuration=_CYCLE,
            invoicing_cycle_configuration=_CYCLE,
            dimensional_price_configuration=_DIMENSIONAL,
            conversion_rate_config=_CONVERSION,
            **{f"{model}_config": config},
        )
        for model, config in CONFIGS.items()
    }
    return tagged("model_type", shapes)


NEW_FLOATING_PRICE = price_shape("currency*")
NEW_PLAN_PRICE = price_shape("currency reference_id")
NEW_ALLOCATION = Shape(
    "metadata:map currency* amount*:amount cadence* expires_at_end_of_cadence:flag "
    "custom_expiration:object filters per_unit_cost_basis!:amount item_id license_type_id",
    cadence=one_of(*CADENCES[:-1]),
    filters=list_of(PRICE_FILTER),
)


def make_price(world: World, sent: Mapping[str, Any], currency: str, phase: int | None) -> Row:
    """Return a new price, not yet stored, from a verified body.

    Raises:
        OrbError: The item or metric is unknown, the external id taken, the kind of price unclear.
    """
    model = sent["model_type"]
    item = world.at("item", sent["item_id"])
    metric = sent.get("billable_metric_id")
    if metric is not None:
        world.at("metric", metric)
    _check_external_id(world, sent.get("external_price_id"))
    kind = _kind(model, metric, sent.get("fixed_price_quantity"))
    config = sent[f"{model}_config"]
    return {
        "metadata": merged({}, sent.get("metadata")),
        "id": world.new_id("price"),
        "name": sent["name"],
        "external_price_id": sent.get("external_price_id"),
        "replaces_price_id": None,
        "price_type": kind,
        "created_at": world.now,
        "cadence": sent["cadence"],
        "billing_mode": _mode(sent, kind),
        "billing_cycle_configuration": _cycle(sent),
        "invoicing_cycle_configuration": sent.get("invoicing_cycle_configuration"),
        "billable_metric": None if metric is None else {"id": metric},
        "dimensional_price_configuration": None,
        "fixed_price_quantity": sent.get("fixed_price_quantity"),
        "plan_phase_order": phase,
        "currency": sent.get("currency") or currency,
        "conversion_rate": sent.get("conversion_rate"),
        "conversion_rate_config": sent.get("conversion_rate_config"),
        "item": {"id": item["id"], "name": item["name"]},
        "credit_allocation": None,
        "composite_price_filters": [] if kind == "composite_price" else None,
        "invoice_grouping_key": sent.get("invoice_grouping_key"),
        "license_type": None,
        "discount": None,
        "minimum": None,
        "minimum_amount": None,
        "maximum": None,
        "maximum_amount": None,
        "model_type": model,
        f"{model}_config": config,
    }


def allocation_price(world: World, sent: Mapping[str, Any], phase: int | None) -> Row:
    """Return the price that grants credits of an allocation at each cadence."""
    item = next(iter(world.table("item").rows.values()), None)
    if sent.get("item_id") is not None:
        item = world.at("item", sent["item_id"])
    if item is None:
        raise constraint("An allocation needs an item.")
    basis = sent.get("per_unit_cost_basis", "0.00")
    body = {
        "model_type": "unit",
        "unit_config": {"unit_amount": basis},
        "item_id": item["id"],
        "name": f"Allocation of {sent['amount']} {sent['currency']}",
        "cadence": sent["cadence"],
        "fixed_price_quantity": 1,
        "metadata": sent.get("metadata"),
    }
    price = make_price(world, body, "USD", phase)
    price["credit_allocation"] = {
        "currency": sent["currency"],
        "allows_rollover": not sent.get("expires_at_end_of_cadence", False),
        "custom_expiration": sent.get("custom_expiration"),
        "filters": sent.get("filters") or [],
    }
    price["_amount"] = sent["amount"]
    return price


def remember(world: World, price: Row) -> Row:
    """Store a price, its external id too, and return it."""
    if price["external_price_id"] is not None:
        world.by_external_id["price", price["external_price_id"]] = price["id"]
    return world.add("price", price)


def _check_external_id(world: World, external_id: str | None) -> None:
    if external_id is not None and ("price", external_id) in world.by_external_id:
        raise duplicate(f"A price with the external_price_id {external_id!r} exists already.")


def _kind(model: str, metric: str | None, quantity: object) -> str:
    if model in COMPOSITE:
        return "composite_price"
    if metric is not None and quantity is not None:
        raise constraint("A price has a billable_metric_id or a fixed_price_quantity, not both.")
    if metric is None and quantity is None:
        raise constraint("A price needs a billable_metric_id or a fixed_price_quantity.")
    return "usage_price" if metric is not None else "fixed_price"


def _mode(sent: Mapping[str, Any], kind: str) -> str:
    asked = sent.get("billed_in_advance")
    if asked and kind != "fixed_price":
        raise constraint("Only a fixed fee can be billed in advance.")
    in_advance = asked if asked is not None else kind == "fixed_price"
    return "in_advance" if in_advance else "in_arrear"


def _cycle(sent: Mapping[str, Any]) -> Row:
    if sent["cadence"] == "custom":
        if sent.get("billing_cycle_configuration") is None:
            raise constraint("A custom cadence needs a billing_cycle_configuration.")
        return dict(sent["billing_cycle_configuration"])
    return {"duration": months_of(sent["cadence"]) or 1, "duration_unit": "month"}


def _list(call: Call) -> Row:
    return page_of(call.table("price"), call.query, shown, lambda row: bool(row.get("_floating")))


def _create(call: Call) -> Row:
    price = make_price(call.world, call.body, call.body["currency"], None)
    return shown(remember(call.world, {**price, "_floating": True}))


def _fetch(call: Call) -> Row:
    return shown(call.record("price"))


def _update(call: Call) -> Row:
    price = call.record("price")
    before = price["metadata"]
    if "metadata" in call.body:
        price["metadata"] = merged(before, call.body["metadata"])
    if price["metadata"] != before:
        call.world.emit("price.edited", price, previous_attributes={"metadata": before})
    return shown(price)


_EDIT = Shape("metadata:map")
ROUTES = (
    Route("GET", "prices", _list, filters=PARAMETERS),
    Route("POST", "prices", _create, CREATED, body=NEW_FLOATING_PRICE),
    Route("GET", "prices/external_price_id/{external_price_id}", _fetch),
    Route("PUT", "prices/external_price_id/{external_price_id}", _update, body=_EDIT),
    Route("GET", "prices/{price_id}", _fetch),
    Route("PUT", "prices/{price_id}", _update, body=_EDIT),
)
