"""Customers (orb.md §2.1)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.sandbox.orb.checks import Check, Shape, list_of, loose, tagged, text
from app.sandbox.orb.errors import constraint, duplicate, invalid
from app.sandbox.orb.metadata import merged
from app.sandbox.orb.paging import PARAMETERS, page_of
from app.sandbox.orb.query import ranges
from app.sandbox.orb.router import CREATED, NO_BODY, Call, Route, both_ids
from app.sandbox.orb.times import later, zone
from app.sandbox.orb.world import Row, World, shown

_ADDRESS_KEYS = ("line1", "line2", "city", "state", "postal_code", "country")
_ISO_3166 = re.compile("[A-Z]{2}")
_MOST_EMAILS = 50
_PORTAL_MINUTES = 60
_EDITED = (  # what customer.edited tells of (orb.md §4)
    "name",
    "email",
    "billing_address",
    "shipping_address",
    "tax_id",
    "payment_provider",
    "payment_provider_id",
    "auto_collection",
    "email_delivery",
    "external_customer_id",
    "metadata",
)
_TAX_PROVIDERS = ("avalara", "taxjar", "sphere", "numeral", "anrok", "stripe")


def _country(value: object, path: str) -> Iterator[str]:
    if not isinstance(value, str) or not _ISO_3166.fullmatch(value):
        yield f"{path}: value is not a valid enumeration member"


_ADDRESS = loose(" ".join(_ADDRESS_KEYS))
_NESTED: dict[str, Check] = {
    "shipping_address": _ADDRESS,
    "billing_address": _ADDRESS,
    "tax_id": Shape("country* type*:key value*:key", country=_country),
    "additional_emails": list_of(text(1), most=_MOST_EMAILS - 1),
    "hierarchy": Shape("parent_customer_id child_customer_ids!:text[]"),
    "reporting_configuration": Shape("exempt*:flag"),
    "tax_configuration": tagged(
        "tax_provider",
        {
            name: Shape(
                "tax_provider* tax_exempt*:flag tax_exemption_code automatic_tax_enabled:flag",
            )
            for name in _TAX_PROVIDERS
        },
    ),
    "accounting_sync_configuration": Shape(
        "excluded:flag accounting_providers",
        accounting_providers=list_of(
            Shape("provider_type*:quickbooks|netsuite external_provider_id*")
        ),
    ),
    "payment_configuration": Shape("payment_providers!", payment_providers=list_of(loose(""))),
}
_COMMON = (
    "metadata:map external_customer_id payment_provider_id "
    "payment_provider:quickbooks|bill.com|stripe_charge|stripe_invoice|netsuite|adyen "
    "shipping_address billing_address currency tax_id auto_collection:flag auto_issuance:flag "
    "email_delivery:flag tax_configuration reporting_configuration accounting_sync_configuration "
    "additional_emails hierarchy payment_configuration "
)
_NEW = Shape(
    f"name* email*:email timezone {_COMMON}",
    name=text(1, 500),
    **_NESTED,
)
_EDIT = Shape(
    f"name email:email default_payment_method_id {_COMMON}",
    name=text(1, 500),
    **_NESTED,
)


def brief(customer: Row) -> Row:
    """Return a customer as other things name it."""
    return {"id": customer["id"], "external_customer_id": customer["external_customer_id"]}


def show_customer(world: World, customer: Row) -> Row:
    """Return a customer as Orb shows it, whole."""
    table = world.table("customer")
    parent = table.rows.get(customer["_parent"] or "")
    children = [table.rows[each] for each in customer["_children"]]
    return {
        **shown(customer),
        "hierarchy": {
            "parent": None if parent is None else brief(parent),
            "children": [brief(child) for child in children],
        },
    }


def named_customer(world: World, sent: Mapping[str, Any]) -> Row:
    """Return the customer that a body or query names by one of its ids.

    Raises:
        OrbError: None or both are given (400), or there is no such customer (404).
    """
    plain, external = sent.get("customer_id"), sent.get("external_customer_id")
    if (plain is None) == (external is None):
        raise invalid("customer_id: exactly one of customer_id and external_customer_id is needed")
    return world.at("customer", plain) if plain else world.external("customer", str(external))


def new_customer(world: World, sent: Mapping[str, Any]) -> Row:
    """Store a new customer from a verified body and return it.

    Raises:
        OrbError: The external id is taken, or the time zone or hierarchy cannot be.
    """
    _check_external_id(world, sent.get("external_customer_id"))
    timezone = sent.get("timezone") or "Etc/UTC"
    if zone(timezone) is None:
        raise invalid(f"timezone: {timezone!r} is no IANA time zone")
    row: Row = {
        "metadata": merged({}, sent.get("metadata")),
        "id": world.new_id("customer"),
        "external_customer_id": sent.get("external_customer_id"),
        "name": sent["name"],
        "email": sent["email"],
        "timezone": timezone,
        "payment_provider_id": None,
        "payment_provider": None,
        "created_at": world.now,
        "shipping_address": None,
        "billing_address": None,
        "balance": "0.00",
        "currency": None,
        "tax_id": None,
        "auto_collection": True,
        "exempt_from_automated_tax": None,
        "email_delivery": True,
        "auto_issuance": None,
        "additional_emails": [],
        "portal_url": None,
        "accounting_sync_configuration": {"excluded": False, "accounting_providers": []},
        "reporting_configuration": {"exempt": False},
        "payment_configuration": None,
        "default_payment_method": None,
        "automatic_tax_enabled": None,
        "_parent": None,
        "_children": [],
        "_credits": {},
    }
    settings = _settings(sent)
    _link(world, row, sent.get("hierarchy"))
    row.update(settings)
    if row["external_customer_id"] is not None:
        world.by_external_id["customer", row["external_customer_id"]] = row["id"]
    world.add("customer", row)
    _tell_children(world, row)
    world.emit("customer.created", show_customer(world, row))
    return row


def _check_external_id(world: World, external_id: str | None) -> None:
    if external_id is not None and ("customer", external_id) in world.by_external_id:
        raise duplicate(f"The external_customer_id {external_id!r} is taken.")


def _settings(sent: Mapping[str, Any]) -> Row:
    """Return the fields that a create and an edit take over in the same way."""
    found: Row = {}
    for name in ("payment_provider", "payment_provider_id", "tax_id", "currency"):
        if name in sent:
            found[name] = sent[name]
    for name in ("shipping_address", "billing_address"):
        if name in sent:
            found[name] = _address(sent[name])
    for name in ("auto_collection", "email_delivery", "auto_issuance", "additional_emails"):
        if sent.get(name) is not None:
            found[name] = sent[name]
    for name in ("reporting_configuration", "payment_configuration"):
        if sent.get(name) is not None:
            found[name] = sent[name]
    found.update(_tax_and_accounting(sent))
    return found


def _tax_and_accounting(sent: Mapping[str, Any]) -> Row:
    found: Row = {}
    if sent.get("tax_configuration") is not None:
        found["exempt_from_automated_tax"] = sent["tax_configuration"]["tax_exempt"]
        found["automatic_tax_enabled"] = sent["tax_configuration"].get("automatic_tax_enabled")
    if sent.get("accounting_sync_configuration") is not None:
        given = sent["accounting_sync_configuration"]
        found["accounting_sync_configuration"] = {
            "excluded": bool(given.get("excluded")),
            "accounting_providers": given.get("accounting_providers") or [],
        }
    return found


def _address(sent: Mapping[str, Any] | None) -> Row | None:
    return None if sent is None else {name: sent.get(name) for name in _ADDRESS_KEYS}


def _link(world: World, row: Row, hierarchy: Mapping[str, Any] | None) -> None:
    """Set parent and children; one level only: a parent may not be a child."""
    if hierarchy is None:
        return
    parent, children = hierarchy.get("parent_customer_id"), hierarchy.get("child_customer_ids")
    mine = row["_children"] if children is None else children
    if parent is not None and world.at("customer", parent)["_parent"] is not None:
        raise constraint("The parent is itself a child; a hierarchy has one level.")
    if parent is not None and mine:
        raise constraint("A customer with children cannot have a parent.")
    for child in mine:
        if world.at("customer", child)["_children"] or child == row["id"]:
            raise constraint("A child cannot have children of its own.")
    if "parent_customer_id" in hierarchy or parent is None:
        _leave(world, row)
        row["_parent"] = parent
    if children is not None:
        row["_children"] = list(children)


def _leave(world: World, row: Row) -> None:
    before = world.table("customer").rows.get(row["_parent"] or "")
    if before is not None and row["id"] in before["_children"]:
        before["_children"].remove(row["id"])


def _tell_children(world: World, row: Row) -> None:
    table = world.table("customer")
    for child in row["_children"]:
        _leave(world, table[child])
        table[child]["_parent"] = row["id"]
    if row["_parent"] is not None and row["id"] not in table[row["_parent"]]["_children"]:
        table[row["_parent"]]["_children"].append(row["id"])


def _list(call: Call) -> Row:
    created = call.query.range("created_at")
    return page_of(
        call.table("customer"),
        call.query,
        lambda row: show_customer(call.world, row),
        lambda row: created.holds(row["created_at"]),
    )


def _create(call: Call) -> Row:
    return show_customer(call.world, new_customer(call.world, call.body))


def _fetch(call: Call) -> Row:
    return show_customer(call.world, call.record("customer"))


def _update(call: Call) -> Row:
    world, row, sent = call.world, call.record("customer"), call.body
    before = {name: row[name] for name in _EDITED}
    _check_edit(world, row, sent)
    changes = _settings(sent)
    if "metadata" in sent:
        changes["metadata"] = merged(row["metadata"], sent["metadata"])
    released = row["_children"]
    _link(world, row, sent.get("hierarchy"))
    for name in ("name", "email", "external_customer_id"):
        if sent.get(name) is not None:
            changes[name] = sent[name]
    row.update(changes)
    for child in set(released) - set(row["_children"]):
        world.table("customer")[child]["_parent"] = None
    _tell_children(world, row)
    if row["external_customer_id"] is not None:
        world.by_external_id["customer", row["external_customer_id"]] = row["id"]
    edited = {name: value for name, value in before.items() if row[name] != value}
    if edited:
        world.emit("customer.edited", show_customer(world, row), previous_attributes=edited)
    return show_customer(world, row)


def _check_edit(world: World, row: Row, sent: Mapping[str, Any]) -> None:
    currency = sent.get("currency")
    if currency is not None and row["currency"] not in {None, currency}:
        raise constraint("The currency of a customer can be set only once.")
    external = sent.get("external_customer_id")
    if external is None or external == row["external_customer_id"]:
        return
    if row["external_customer_id"] is not None:
        raise constraint("The external_customer_id can be set only while it is empty.")
    _check_external_id(world, external)


def _delete(call: Call) -> None:
    world, row = call.world, call.record("customer")
    for invoice in world.table("invoice").rows.values():
        if invoice["_customer"] == row["id"] and invoice["status"] != "draft":
            raise constraint("A customer with issued invoices cannot be deleted.")
    for kind in ("subscription", "invoice"):
        for each in world.table(kind).rows.values():
            if each["_customer"] == row["id"]:
                each["_deleted"] = True
    _leave(world, row)
    row["_deleted"] = True
    world.by_external_id.pop(("customer", row["external_customer_id"] or ""), None)


def _portal(call: Call) -> Row:
    row = call.record("customer")
    session = call.world.new_id("portal_session")
    minutes = call.body.get("expires_in_minutes", _PORTAL_MINUTES)
    return {
        "id": session,
        "customer_id": row["id"],
        "created_at": call.world.now,
        "expires_at": later(call.world.now, seconds=60 * minutes),
        "url": f"https://portal.withorb.example/view?token={session}",
    }


def _sync_payment_methods(call: Call) -> None:
    row = call.record("customer")
    if row["payment_provider"] is None:
        raise constraint("The customer has no payment provider to read payment methods from.")


ROUTES = (
    Route("GET", "customers", _list, filters=(*PARAMETERS, *ranges("created_at"))),
    Route("POST", "customers", _create, CREATED, body=_NEW),
    *both_ids(
        "customer",
        [
            Route("GET", "customers/{customer_id}", _fetch),
            Route("PUT", "customers/{customer_id}", _update, body=_EDIT),
            Route(
                "POST",
                "customers/{customer_id}/portal_sessions",
                _portal,
                CREATED,
                body=Shape("expires_in_minutes!:count invalidate_existing!:flag"),
            ),
            Route(
                "POST",
                "customers/{customer_id}/sync_payment_methods_from_gateway",
                _sync_payment_methods,
                NO_BODY,
            ),
        ],
    ),
    Route("DELETE", "customers/{customer_id}", _delete, NO_BODY),
)
