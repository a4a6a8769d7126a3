"""What makes a new subscription, from the fields of a record (orb.md §2.3)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.connectors.orb.client import OrbClient, part
from app.connectors.orb.quantities import QUANTITIES, schedules
from app.connectors.orb.sendable import (
    METADATA,
    OBJECTS,
    TEXTS,
    NotSendable,
    as_flag,
    as_json,
    as_text,
    as_whole,
)
from app.domain.control import CancelToken
from app.domain.record import FieldValue

_PLAIN: Mapping[str, tuple[str, Callable[[FieldValue], Any]]] = {
    "name": ("name", as_text),
    "start_date": ("start_date", as_text),
    "end_date": ("end_date", as_text),
    "net_terms": ("net_terms", as_whole),
    "auto_collection": ("auto_collection", as_flag),
    "auto_issuance": ("auto_issuance", as_flag),
    "default_invoice_memo": ("default_invoice_memo", as_text),
    "invoicing_threshold": ("invoicing_threshold", as_text),
    "active_plan_phase_order": ("initial_phase_order", as_whole),
    "billing_cycle_anchor_configuration": (
        "billing_cycle_anchor_configuration",
        as_json(dict[str, int | None], "object of numbers"),
    ),
    METADATA: (METADATA, TEXTS),
}
_INTERVALS, _COUPON, _TRIAL = "price_intervals", "redeemed_coupon", "trial_info.end_date"
_QUANTITY = "fixed_price_quantity"
_ADDED = ("price_id", "external_price_id", "price", "start_date", "end_date", "plan_phase_order")


def new_body(
    client: OrbClient, values: Mapping[str, FieldValue], cancel: CancelToken
) -> dict[str, Any]:
    """Return the body that makes a subscription.

    Args:
        client: Asked whether Orb knows the customer by its id; else it is meant by its external id.
        values: Orb's names of fields with their values; what Orb works out is left out. Quantities
            and price intervals name the prices of the plan.
        cancel: Ends the work.

    Raises:
        NotSendable: Customer or plan is missing, or a value cannot be.
    """
    body = {**_who(client, values, cancel), **_plan(values)}
    for name, (sent, convert) in _PLAIN.items():
        if (value := values.get(name)) is not None:
            try:
                body[sent] = convert(value)
            except NotSendable as error:
                message = f"{name}: {error}"
                raise NotSendable(message) from error
    body |= _trial(values)
    if replaced := _replaced(values):
        body["replace_prices"] = replaced
    if added := _added(values):
        body["add_prices"] = added
    if (coupon := values.get(_COUPON)) is not None:
        code = as_json(dict[str, Any], "object")(coupon).get("redemption_code")
        if not code:
            message = "a coupon of a new subscription is named by its redemption_code"
            raise NotSendable(message)
        body["coupon_redemption_code"] = code
    return body


def _who(
    client: OrbClient, values: Mapping[str, FieldValue], cancel: CancelToken
) -> dict[str, Any]:
    named = values.get("customer.id")
    if named is not None and client.find(f"customers/{part(str(named))}", cancel) is not None:
        return {"customer_id": str(named)}
    external = named or values.get("customer.external_customer_id")
    if external is None:
        message = "a new subscription needs a customer"
        raise NotSendable(message)
    return {"external_customer_id": str(external)}


def _plan(values: Mapping[str, FieldValue]) -> dict[str, Any]:
    for name, sent in (("plan.id", "plan_id"), ("plan.external_plan_id", "external_plan_id")):
        if values.get(name) is not None:
            return {sent: str(values[name])}
    message = "a new subscription needs a plan"
    raise NotSendable(message)


def _trial(values: Mapping[str, FieldValue]) -> dict[str, Any]:
    end, start = values.get(_TRIAL), values.get("start_date")
    if end is None:
        return {}
    if not isinstance(end, datetime) or not isinstance(start, datetime) or end < start:
        message = "a trial ends after the start_date, which has to be there"
        raise NotSendable(message)
    return {"trial_duration_days": round((end - start).total_seconds() / 86_400)}


def _replaced(values: Mapping[str, FieldValue]) -> list[dict[str, Any]]:
    """Return the overrides of the plan's prices: their quantities, and other prices instead."""
    found: dict[str, dict[str, Any]] = {}
    for price, quantity in _first_quantities(values).items():
        found[price] = {"replaces_price_id": price, _QUANTITY: quantity}
    for row in _rows(values):
        if replaced := row.get("replaces_price_id"):
            entry = found.setdefault(str(replaced), {"replaces_price_id": str(replaced)})
            entry |= {n: row[n] for n in ("price_id", "external_price_id", "price") if n in row}
            other = entry.get("price")
            if isinstance(other, dict) and _QUANTITY in entry:  # Orb takes one in either place
                entry["price"] = {**other, _QUANTITY: entry[_QUANTITY]}
    return list(found.values())


def _first_quantities(values: Mapping[str, FieldValue]) -> dict[str, Decimal]:
    given = values.get(QUANTITIES)
    steps = {} if given is None else schedules(OBJECTS(given))
    later = [price for price, some in steps.items() if len(some) > 1]
    if later:
        message = f"{later[0]}: quantities change once the subscription is there"
        raise NotSendable(message)
    return {price: some[min(some)] for price, some in steps.items()}


def _added(values: Mapping[str, FieldValue]) -> list[dict[str, Any]]:
    return [
        {name: row[name] for name in _ADDED if row.get(name) is not None}
        for row in _rows(values)
        if not row.get("replaces_price_id")
    ]


def _rows(values: Mapping[str, FieldValue]) -> list[dict[str, Any]]:
    given = values.get(_INTERVALS)
    rows: list[dict[str, Any]] = [] if given is None else OBJECTS(given)
    if any(row.get("id") for row in rows):
        message = "price intervals of a new subscription have no id yet"
        raise NotSendable(message)
    return rows
