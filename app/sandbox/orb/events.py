"""Usage events: sent, searched, amended, deprecated, filled in afterwards (orb.md §2.7)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from app.sandbox.orb.checks import Shape, list_of, loose
from app.sandbox.orb.customers import named_customer
from app.sandbox.orb.errors import (
    REQUEST_TOO_LARGE,
    OrbError,
    constraint,
    invalid,
    not_found,
)
from app.sandbox.orb.paging import PARAMETERS, page_of
from app.sandbox.orb.router import Call, Route
from app.sandbox.orb.times import days_between, later, parse, stamp
from app.sandbox.orb.world import Row, World, shown

_MOST_EVENTS = 500
_LATE_H = 12  # how old an event may be without a backfill
_EARLY_MIN = 5
_MOST_AMENDED = 100
_LONGEST_BACKFILL_DAYS = 31
_EVENT = Shape(
    "customer_id external_customer_id event_name*:key timestamp*:moment properties*:object "
    "idempotency_key*:key"
)
_INGEST = Shape("events*", events=list_of(loose("")))
_SEARCH = Shape(
    "event_ids*:text[] timeframe_start:moment timeframe_end:moment",
)
_AMEND = Shape(
    "customer_id external_customer_id event_name*:key timestamp*:moment properties*:object"
)
_BACKFILL = Shape(
    "replace_existing_events!:flag timeframe_start*:moment timeframe_end*:moment "
    "close_time:moment customer_id external_customer_id deprecation_filter"
)


def _ingest(call: Call) -> Row:
    world, events = call.world, call.body["events"]
    if len(events) > _MOST_EVENTS:
        raise OrbError(REQUEST_TOO_LARGE, f"A batch has at most {_MOST_EVENTS} events.")
    backfill_id = call.query.one("backfill_id")
    backfill = None if backfill_id is None else world.at("backfill", backfill_id)
    if backfill is not None and backfill["status"] != "pending":
        raise constraint("The backfill is closed.")
    failed = []
    for event in events:
        problems = list(_EVENT(event, "")) or _late(world, event, backfill)
        if problems:
            key = str(event.get("idempotency_key", ""))
            failed.append({"idempotency_key": key, "validation_errors": problems})
    if failed:
        raise invalid(
            *(f"{each['idempotency_key']}: {each['validation_errors']}" for each in failed)
        )
    fresh, known = [], []
    for event in events:
        key = event["idempotency_key"]
        if key in world.table("event").rows:
            known.append(key)
        else:
            fresh.append(key)
            _store(world, event, backfill)
    found: Row = {"validation_failed": []}
    if call.query.one("debug") == "true":
        found["debug"] = {"duplicate": known, "ingested": fresh}
    return found


def _late(world: World, event: Mapping[str, Any], backfill: Row | None) -> list[str]:
    at = stamp(parse(event["timestamp"]))
    if backfill is not None:
        inside = backfill["timeframe_start"] <= at < backfill["timeframe_end"]
        return [] if inside else ["timestamp: lies outside the backfill"]
    if (event.get("customer_id") is None) == (event.get("external_customer_id") is None):
        return ["customer_id: exactly one of customer_id and external_customer_id is needed"]
    if at < later(world.now, hours=-_LATE_H):
        return [f"timestamp: is older than {_LATE_H} hours"]
    early = at > later(world.now, seconds=60 * _EARLY_MIN)
    return ["timestamp: lies in the future"] if early else []


def _owner(world: World, event: Mapping[str, Any]) -> Row | None:
    try:
        return named_customer(world, event)
    except OrbError:
        return None


def _store(world: World, event: Mapping[str, Any], backfill: Row | None) -> None:
    customer = _owner(world, event)
    row = {
        "id": event["idempotency_key"],
        "customer_id": event.get("customer_id"),
        "external_customer_id": event.get("external_customer_id"),
        "event_name": event["event_name"],
        "properties": event["properties"],
        "timestamp": stamp(parse(event["timestamp"])),
        "deprecated": False,
        "_customer": None if customer is None else customer["id"],
        "_backfill": None if backfill is None else backfill["id"],
    }
    world.table("event").add(row)
    if backfill is not None:
        backfill["events_ingested"] += 1
    if customer is None:
        ids = [event.get("external_customer_id") or event.get("customer_id")]
        world.emit("ingestion.unmatched_customer_ids", {}, external_customer_ids=ids)
        return
    world.events_by_customer.setdefault(customer["id"], []).append(row)


def _search(call: Call) -> Row:
    ids = call.body["event_ids"]
    if len(ids) > _MOST_EVENTS:
        raise OrbError(REQUEST_TOO_LARGE, f"At most {_MOST_EVENTS} events are searched at once.")
    start, end = call.sent("timeframe_start"), call.sent("timeframe_end")
    first = "" if start is None else stamp(parse(start))
    last = "9999" if end is None else stamp(parse(end))
    rows = call.table("event").rows
    found = [rows[each] for each in ids if each in rows and first <= rows[each]["timestamp"] < last]
    return {"data": [shown(row) for row in found]}


def _volume(call: Call) -> Row:
    start = call.query.moment("timeframe_start")
    if start is None:
        raise invalid("query.timeframe_start: field required")
    end = call.query.moment("timeframe_end") or call.world.now
    hour = parse(start).replace(minute=0, second=0)
    if days_between(start, end) > _LONGEST_BACKFILL_DAYS:
        raise constraint(f"A timeframe has at most {_LONGEST_BACKFILL_DAYS} days.")
    times = [row["timestamp"] for row in call.table("event").rows.values()]
    found = []
    while stamp(hour) < end:
        begin, until = stamp(hour), stamp(hour + timedelta(hours=1))
        count = sum(begin <= each < until for each in times)
        found.append({"timeframe_start": begin, "timeframe_end": until, "count": count})
        hour += timedelta(hours=1)
    return {"data": found}


def _event(call: Call) -> Row:
    row = call.table("event").rows.get(call.params["event_id"])
    if row is None or row["deprecated"]:
        raise not_found("event", call.params["event_id"])
    return row


def _amend(call: Call) -> Row:
    row, sent = _event(call), call.body
    customer = named_customer(call.world, sent)
    if row["_customer"] is not None and customer["id"] != row["_customer"]:
        raise constraint("An event stays with its customer.")
    counts = customer.setdefault("_amended", [0])
    if counts[0] >= _MOST_AMENDED:
        raise constraint(f"At most {_MOST_AMENDED} events of a customer are amended.")
    counts[0] += 1
    row["event_name"], row["properties"] = sent["event_name"], sent["properties"]
    row["timestamp"] = stamp(parse(sent["timestamp"]))
    call.table("event").moved()
    return {"amended": row["id"]}


def _deprecate(call: Call) -> Row:
    row = _event(call)
    row["deprecated"] = True
    return {"deprecated": row["id"]}


def _list_backfills(call: Call) -> Row:
    return page_of(call.table("backfill"), call.query, shown)


def _create_backfill(call: Call) -> Row:
    world, sent = call.world, call.body
    start, end = (stamp(parse(sent[name])) for name in ("timeframe_start", "timeframe_end"))
    if not 0 < days_between(start, end) <= _LONGEST_BACKFILL_DAYS:
        raise constraint(f"A backfill covers up to {_LONGEST_BACKFILL_DAYS} days.")
    customer = None
    if call.sent("customer_id") or call.sent("external_customer_id"):
        customer = named_customer(world, sent)["id"]
    close = call.sent("close_time")
    row = {
        "status": "pending",
        "timeframe_start": start,
        "timeframe_end": end,
        "events_ingested": 0,
        "close_time": None if close is None else stamp(parse(close)),
        "reverted_at": None,
        "customer_id": customer,
        "deprecation_filter": call.sent("deprecation_filter"),
        "replace_existing_events": sent.get("replace_existing_events", True),
    }
    return shown(world.add("backfill", row))


def _fetch_backfill(call: Call) -> Row:
    return shown(call.record("backfill"))


def _close(call: Call) -> Row:
    world, row = call.world, call.record("backfill")
    if row["status"] != "pending":
        raise constraint("The backfill is not pending.")
    if row["replace_existing_events"]:
        for event in world.table("event").rows.values():
            inside = row["timeframe_start"] <= event["timestamp"] < row["timeframe_end"]
            other = event["_backfill"] != row["id"]
            mine = row["customer_id"] in {None, event["_customer"]}
            if inside and other and mine:
                event["deprecated"] = True
    row["status"], row["close_time"] = "reflected", world.now
    world.emit("backfill.reflected", row)
    return shown(row)


def _revert(call: Call) -> Row:
    world, row = call.world, call.record("backfill")
    if row["status"] != "reflected":
        raise constraint("Only a reflected backfill can be reverted.")
    for event in world.table("event").rows.values():
        if event["_backfill"] == row["id"]:
            event["deprecated"] = True
    row["status"], row["reverted_at"] = "reverted", world.now
    world.emit("backfill.reverted", row)
    return shown(row)


ROUTES = (
    Route("POST", "ingest", _ingest, filters=("backfill_id", "debug"), body=_INGEST),
    Route("POST", "events/search", _search, body=_SEARCH),
    Route(
        "GET",
        "events/volume",
        _volume,
        filters=("timeframe_start", "timeframe_end", "limit", "cursor"),
    ),
    Route("GET", "events/backfills", _list_backfills, filters=PARAMETERS),
    Route("POST", "events/backfills", _create_backfill, body=_BACKFILL),
    Route("GET", "events/backfills/{backfill_id}", _fetch_backfill),
    Route("POST", "events/backfills/{backfill_id}/close", _close),
    Route("POST", "events/backfills/{backfill_id}/revert", _revert),
    Route("PUT", "events/{event_id}", _amend, body=_AMEND),
    Route("PUT", "events/{event_id}/deprecate", _deprecate),
)
