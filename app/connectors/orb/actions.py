"""From an action to the operation that it becomes; `preview` says what that will bring."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from app.connectors.orb.action_list import DATE, NEW, NOW, TERM
from app.connectors.orb.credit_writes import LEDGER
from app.connectors.orb.customer_writes import CUSTOMER
from app.connectors.orb.preview import in_words
from app.connectors.orb.quantities import QUANTITIES
from app.connectors.orb.rows import json_text, midnight, moment, zone_of
from app.connectors.orb.subscription_writes import SUBSCRIPTION
from app.connectors.orb.version_writes import VERSION
from app.domain.action import Asked, Named, Planned
from app.domain.plan import Verb
from app.domain.record import FieldValue
from app.errors import WrongUse

_INTERVALS, _METADATA = "price_intervals", "metadata"
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def planned(asked: Asked) -> Planned:
    """Return the operation of an action; raises `WrongUse` where it cannot be done so."""
    return _PLANS[asked.action.name](asked)


def _create_customer(asked: Asked) -> Planned:
    given = asked.given
    external = given.get("external_customer_id") or given.get("account") or asked.key
    key = str(external or _new())
    note = f"Orb will know it as {key}; its own id comes with the commit."
    return Planned(CUSTOMER, key, Verb.INSERT, {**given, "external_customer_id": key}, (note,))


def _create_subscription(asked: Asked) -> Planned:
    given, plan = dict(asked.given), _known_plan(asked)
    for name in ("start_date", "end_date"):
        if given.get(name) is not None:
            given[name] = _day_or_moment(given[name], zone_of(asked.look(CUSTOMER, asked.key)))
    start, days = _moment(given["start_date"]), given.get("trial_days")
    values: dict[str, FieldValue] = {
        "customer_id": asked.key,
        "customer": asked.key,
        "plan_id": plan,
        "plan": plan,
        "active_plan_phase_order": given.get("phase"),
        "price_intervals": given.get("prices"),
        **{n: given.get(n) for n in ("name", "start_date", "end_date", "net_terms", _METADATA)},
    }
    if days is not None:
        values["trial_end_date"] = start + timedelta(days=int(str(days)))
    if quantities := given.get("quantities"):
        rows = [
            {"price_id": price, "quantity": quantity, "start_date": start.isoformat()}
            for price, quantity in _numbers(str(quantities))
        ]
        values[QUANTITIES] = json_text(rows)
    return Planned(SUBSCRIPTION, _new(), Verb.INSERT, values)


def _cancel(asked: Asked) -> Planned:
    end = _when(asked)
    if asked.record.get("status") == "upcoming":
        end = _moment(asked.record["start_date"])
    if asked.record.get("status") == "ended":
        raise WrongUse("The subscription has ended.", "There is nothing to cancel.")
    return Planned(SUBSCRIPTION, asked.key, Verb.UPDATE, {"end_date": end})


def _unschedule_cancellation(asked: Asked) -> Planned:
    end = asked.record.get("end_date")
    if not isinstance(end, datetime) or end <= asked.now:
        raise WrongUse("No cancellation is yet to come.", "Refresh, if there should be one.")
    return Planned(SUBSCRIPTION, asked.key, Verb.UPDATE, {"end_date": None})


def _change_plan(asked: Asked) -> Planned:
    plan = _known_plan(asked)
    values: dict[str, FieldValue] = {"plan_id": plan, "plan": plan}
    if asked.given.get("when", NOW) == NOW and asked.given.get("date") is None:
        return Planned(SUBSCRIPTION, asked.key, Verb.UPDATE, values)
    at = _when(asked)
    if at <= asked.now:
        raise WrongUse("The day is past.", "A change of plan is now or later.")
    key = f"{asked.key}|{at:%Y-%m-%dT%H:%M:%SZ}"
    values |= {"subscription_id": asked.key, "subscription": asked.key, "start_date": at}
    return Planned(VERSION, key, Verb.INSERT, values)


def _unschedule_plan_change(asked: Asked) -> Planned:
    if _moment(asked.record["start_date"]) <= asked.now:
        raise WrongUse("That version has begun.", "Change the plan again instead.")
    return Planned(VERSION, asked.key, Verb.DELETE)


def _change_quantity(asked: Asked) -> Planned:
    price, quantity = _price(asked), Decimal(str(asked.given["quantity"]))
    rows = _rows(asked.record, QUANTITIES)
    mine = [row for row in rows if row["price_id"] == price["id"]]
    if not mine:
        raise WrongUse(f"{price['name']} is no fixed fee.", "Name a price that has a quantity.")
    at = _midnight(asked, asked.given.get("date") or asked.now)
    at = max(at, moment(mine[0]["start_date"]))
    kept = [row for row in mine if moment(row["start_date"]) < at]
    if kept:
        kept[-1] = {**kept[-1], "end_date": at.isoformat()}
    new = {**mine[-1], "start_date": at.isoformat(), "quantity": quantity}
    place = rows.index(mine[0])
    others = [row for row in rows if row not in mine]
    after = [*others[:place], *kept, new, *others[place:]]
    return Planned(SUBSCRIPTION, asked.key, Verb.UPDATE, {QUANTITIES: json_text(after)})


def _add_price(asked: Asked) -> Planned:
    given, words = asked.given, str(asked.given["price"])
    price = _json(words) if words.startswith("{") else None
    named = {"price_id": words} if price is None else {"price": price}
    dates = {
        name: _day_or_moment(given[name], _zone(asked)).isoformat()
        for name in ("start_date", "end_date")
        if given.get(name)
    }
    after = json_text([*_rows(asked.record, _INTERVALS), {**named, **dates}])
    notes = () if price is None else (in_words(price),)
    return Planned(SUBSCRIPTION, asked.key, Verb.UPDATE, {_INTERVALS: after}, notes)


def _end_price(asked: Asked) -> Planned:
    price, end = _price(asked), _day_or_moment(asked.given["end_date"], _zone(asked))
    rows = _rows(asked.record, _INTERVALS)
    last = [row for row in rows if row["price"]["id"] == price["id"]][-1]
    after = [{**row, "end_date": end.isoformat()} if row is last else row for row in rows]
    notes = (f"{price['name']} ends at {end:%Y-%m-%d %H:%M} UTC: {in_words(price)}.",)
    return Planned(SUBSCRIPTION, asked.key, Verb.UPDATE, {_INTERVALS: json_text(after)}, notes)


def _redeem_coupon(asked: Asked) -> Planned:
    names = {"code": "redemption_code", "coupon": "coupon_id"}
    given = {sent: asked.given[name] for name, sent in names.items() if asked.given.get(name)}
    if len(given) != 1:
        raise WrongUse("A coupon is named by its code or its id.", "Add --set code=CODE.")
    values = {"redeemed_coupon": json_text(given)}
    return Planned(SUBSCRIPTION, asked.key, Verb.UPDATE, values)


def _begin_next_phase(asked: Asked) -> Planned:
    now = asked.record.get("active_plan_phase_order")
    if not isinstance(now, int):
        raise WrongUse("The subscription's plan has no phases.", "There is nothing to begin.")
    return Planned(SUBSCRIPTION, asked.key, Verb.UPDATE, {"active_plan_phase_order": now + 1})


def _add_credits(asked: Asked) -> Planned:
    given, expiry = asked.given, asked.given.get("expiry_date")
    if expiry is not None:
        expiry = _day_or_moment(expiry, zone_of(asked.record))
    values: dict[str, FieldValue] = {
        "customer_id": asked.key,
        "customer": asked.key,
        "entry_type": "increment",
        "amount": _above_zero(given["amount"]),
        "currency": given.get("currency") or "credits",
        "credit_block_expiry_date": expiry,
        "credit_block_per_unit_cost_basis": given.get("cost_basis"),
        "description": given.get("description"),
    }
    return Planned(LEDGER, _new(), Verb.INSERT, values)


def _void_credits(asked: Asked) -> Planned:
    record = asked.record
    if record.get("entry_type") != "increment":
        raise WrongUse("Only credits that were added can be voided.", "Name an increment.")
    given = asked.given.get("amount")
    amount = record["amount"] if given is None else _above_zero(given)
    values: dict[str, FieldValue] = {
        **{n: record[n] for n in ("customer_id", "customer", "currency", "credit_block_id")},
        "entry_type": "void",
        "amount": amount,
        "void_amount": amount,
        "void_reason": asked.given.get("reason"),
    }
    return Planned(LEDGER, _new(), Verb.INSERT, values)


def _set_metadata(asked: Asked) -> Planned:
    held = asked.record.get(_METADATA)
    found = {} if held is None else dict(_json(str(held)))
    name, value = str(asked.given["name"]), asked.given.get("value")
    found.pop(name, None)
    if value is not None:
        found[name] = value
    values = {_METADATA: json_text(found)}
    return Planned(asked.action.entity, asked.key, Verb.UPDATE, values)


_PLANS: Mapping[str, Callable[[Asked], Planned]] = {
    "create_customer": _create_customer,
    "create_subscription": _create_subscription,
    "cancel_subscription": _cancel,
    "unschedule_cancellation": _unschedule_cancellation,
    "change_plan": _change_plan,
    "unschedule_plan_change": _unschedule_plan_change,
    "change_quantity": _change_quantity,
    "add_price": _add_price,
    "end_price": _end_price,
    "redeem_coupon": _redeem_coupon,
    "begin_next_phase": _begin_next_phase,
    "add_credits": _add_credits,
    "void_credits": _void_credits,
    "set_customer_metadata": _set_metadata,
    "set_subscription_metadata": _set_metadata,
}


def _new() -> str:
    """Return what names a record until Orb has given it its id."""
    return f"{NEW}{secrets.token_hex(4)}"


def _when(asked: Asked) -> datetime:
    """Return when something is to happen, in whole seconds."""
    day = asked.given.get("date")
    wish = asked.given.get("when") or (NOW if day is None else DATE)
    if wish == DATE and day is None:
        raise WrongUse("A date belongs to when=date.", "Add --set date=2027-01-31.")
    if wish == DATE:
        return _day_or_moment(day, _zone(asked))
    if day is not None:
        hint = "Leave one of the two empty: a date alone is enough."
        raise WrongUse("A date belongs to when=date.", hint)
    if wish == NOW:
        return asked.now.replace(microsecond=0)
    ends = [row.get("current_billing_period_end_date") for row in _rows(asked.record, _INTERVALS)]
    found = [moment(end) for end in ends if end]
    if wish == TERM and not found:
        raise WrongUse("The subscription is in no term.", "Name a date.")
    return max(found)


def _above_zero(amount: FieldValue) -> FieldValue:
    if not isinstance(amount, Decimal | int) or amount <= 0:
        raise WrongUse("An amount of credits is above 0.", "void_credits takes credits away.")
    return amount


def _zone(asked: Asked) -> ZoneInfo:
    return zone_of(asked.look(CUSTOMER, str(asked.record.get("customer_id"))))


def _midnight(asked: Asked, at: FieldValue) -> datetime:
    """Return the beginning of the customer's day, as Orb shows it: in UTC."""
    return midnight(_day_or_moment(at, _zone(asked)), _zone(asked))


def _day_or_moment(at: FieldValue, zone: ZoneInfo) -> datetime:
    """Return a moment; where a day was given, its beginning where the customer is."""
    if isinstance(at, date) and not isinstance(at, datetime):
        return midnight(at, zone)
    return _moment(at)


def _moment(value: FieldValue) -> datetime:
    if not isinstance(value, datetime):
        raise WrongUse(f"{value!r} is no time.", "Write 2027-01-31.")
    return value.astimezone(UTC)


def _rows(record: Named, name: str) -> list[dict[str, Any]]:
    return list(_json(str(record.get(name) or "[]")))


def _json(words: str) -> Any:
    try:
        return _decoder.decode(words)
    except msgspec.DecodeError as error:
        raise WrongUse(f"{words[:40]!r} is no JSON: {error}.", "Correct it.") from error


def _numbers(words: str) -> Iterator[tuple[str, Decimal]]:
    for each in words.split(","):
        price, _, number = each.partition("=")
        if not number.strip().replace(".", "", 1).isdecimal():
            raise WrongUse(f"{each!r} names no quantity.", "Write PRICE=NUMBER,PRICE=NUMBER.")
        yield price.strip(), Decimal(number.strip())


def _price(asked: Asked) -> Mapping[str, Any]:
    """Return the price of a subscription that its id or its name says; the last of that name."""
    wanted = str(asked.given["price"])
    found = [row["price"] for row in _rows(asked.record, _INTERVALS)]
    mine: list[Mapping[str, Any]] = [p for p in found if wanted in {p["id"], p.get("name")}]
    if not mine:
        known = ", ".join(sorted({str(price.get("name")) for price in found}))
        raise WrongUse(f"The subscription has no price {wanted!r}.", f"It has: {known}.")
    return mine[-1]


def _known_plan(asked: Asked) -> str:
    plan = str(asked.given["plan"])
    if asked.look("plan", plan) is None:
        raise WrongUse(f"Orb has no plan {plan!r}.", "Name a plan's id; refresh, if it is new.")
    return plan
