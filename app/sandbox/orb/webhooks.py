"""Webhook endpoints, and the envelopes of events (orb.md §4)."""

from collections.abc import Callable
from urllib.parse import urlsplit

from app.sandbox.orb.checks import Shape, list_of, one_of
from app.sandbox.orb.customers import show_customer
from app.sandbox.orb.delivery import Courier, Delivery, Target
from app.sandbox.orb.errors import constraint
from app.sandbox.orb.invoice_rows import show_summary as show_invoice_summary
from app.sandbox.orb.paging import PARAMETERS, page_of
from app.sandbox.orb.router import CREATED, NO_BODY, Call, Route
from app.sandbox.orb.subscription_rows import show_summary
from app.sandbox.orb.webhook_types import EVENT_TYPES
from app.sandbox.orb.world import Announcement, Row, World, make_id, shown
from app.sandbox.wire import to_json

_MOST_ENDPOINTS = 20
_FIELDS = "enabled_event_types payload_style!:expanded|standard"
_NEW = Shape(f"url*:key {_FIELDS}", enabled_event_types=list_of(one_of(*EVENT_TYPES)))
_EDIT = Shape(f"url!:key {_FIELDS}", enabled_event_types=list_of(one_of(*EVENT_TYPES)))


def add_endpoint(world: World, sent: Row, secret: str | None = None) -> Row:
    """Store an endpoint and return it with its secret.

    Raises:
        OrbError: The address is no HTTP address, or there are too many endpoints.
    """
    if urlsplit(sent["url"]).scheme not in {"http", "https"}:
        raise constraint("The url of an endpoint is an HTTP address.")
    if len(world.table("webhook_endpoint").rows) >= _MOST_ENDPOINTS:
        raise constraint(f"An account has at most {_MOST_ENDPOINTS} webhook endpoints.")
    row = {
        "url": sent["url"],
        "enabled": True,
        "enabled_event_types": sent.get("enabled_event_types"),
        "payload_style": sent.get("payload_style", "expanded"),
        "_secret": secret or make_id(world.seed, "secret", world.new_id("webhook_secret")),
    }
    world.add("webhook_endpoint", row)
    return {**shown(row), "secret": row["_secret"]}


def announcer(world: World, courier: Courier) -> Callable[[Announcement], None]:
    """Return what takes the events of a world and sends them to its endpoints."""

    def announce(said: Announcement) -> None:
        endpoints = [
            row
            for row in world.table("webhook_endpoint").rows.values()
            if row["enabled"] and said.kind in (row["enabled_event_types"] or (said.kind,))
        ]
        if not endpoints:
            return
        event_id = world.new_id("webhook_event")
        for row in endpoints:
            body = to_json(_envelope(world, said, event_id, row["payload_style"]))
            target = Target(row["id"], row["url"], row["_secret"])
            courier.send(Delivery(event_id, said.kind, target, body))

    return announce


def _envelope(world: World, said: Announcement, event_id: str, style: str) -> Row:
    found: Row = {
        "id": event_id,
        "created_at": world.now,
        "type": said.kind,
        "properties": said.properties,
        "payload_style": style,
    }
    if said.row:
        found[said.resource] = _resource(world, said, style)
    return found


def _resource(world: World, said: Announcement, style: str) -> Row:
    row = said.row
    if said.resource == "customer" and "_parent" in row:
        return show_customer(world, row)
    if style == "standard" and said.resource == "invoice":
        return show_invoice_summary(world, world.table("invoice")[row["id"]])
    if style == "standard" and said.resource == "subscription":
        return show_summary(world, world.table("subscription")[row["id"]])
    return shown(row)


def _list(call: Call) -> Row:
    return page_of(call.table("webhook_endpoint"), call.query, shown)


def _create(call: Call) -> Row:
    return add_endpoint(call.world, dict(call.body))


def _fetch(call: Call) -> Row:
    return shown(call.record("webhook_endpoint"))


def _update(call: Call) -> Row:
    row = call.record("webhook_endpoint")
    for name in ("url", "payload_style", "enabled_event_types"):
        if name in call.body:
            row[name] = call.body[name]
    return shown(row)


def _delete(call: Call) -> None:
    row = call.record("webhook_endpoint")
    call.table("webhook_endpoint").remove(row["id"])


def _enable(call: Call) -> Row:
    row = call.record("webhook_endpoint")
    row["enabled"] = True
    return shown(row)


def _disable(call: Call) -> Row:
    row = call.record("webhook_endpoint")
    row["enabled"] = False
    return shown(row)


_ONE = "webhook_endpoints/{webhook_endpoint_id}"
ROUTES = (
    Route("GET", "webhook_endpoints", _list, filters=PARAMETERS),
    Route("POST", "webhook_endpoints", _create, CREATED, body=_NEW),
    Route("GET", _ONE, _fetch),
    Route("PUT", _ONE, _update, body=_EDIT),
    Route("DELETE", _ONE, _delete, NO_BODY),
    Route("POST", f"{_ONE}/enable", _enable),
    Route("POST", f"{_ONE}/disable", _disable),
)
