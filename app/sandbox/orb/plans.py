"""Plans, their versions, and migrations to a version (orb.md §2.2)."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.sandbox.orb.adjustments import NEW_ADJUSTMENT, make_adjustment
from app.sandbox.orb.checks import Check, Shape, list_of, one_of, whole
from app.sandbox.orb.errors import (
    NO_FEATURE,
    OrbError,
    constraint,
    duplicate,
    invalid,
    not_found,
)
from app.sandbox.orb.metadata import merged
from app.sandbox.orb.paging import PARAMETERS, page_of
from app.sandbox.orb.plan_rows import show_plan, show_version
from app.sandbox.orb.prices import (
    NEW_ALLOCATION,
    NEW_PLAN_PRICE,
    allocation_price,
    make_price,
    remember,
)
from app.sandbox.orb.query import ranges
from app.sandbox.orb.router import CREATED, Call, Route, both_ids
from app.sandbox.orb.world import Row, World, shown

_LONGEST_TERMS = 365
_UNITS = ("daily", "monthly", "quarterly", "semi_annual", "annual")
_PRICE = Shape(
    "price allocation_price license_allocation_price:object plan_phase_order:whole",
    price=NEW_PLAN_PRICE,
    allocation_price=NEW_ALLOCATION,
)
_ADJUSTMENT = Shape("adjustment* plan_phase_order:whole", adjustment=NEW_ADJUSTMENT)
_PHASE = Shape(
    "order*:whole duration duration_unit align_billing_with_phase_start_date:flag",
    duration=whole(1),
    duration_unit=one_of(*_UNITS),
)
_NEW = Shape(
    "metadata:map name*:key description default_invoice_memo net_terms currency* prices* "
    "external_plan_id status!:active|draft plan_phases adjustments",
    net_terms=whole(0, _LONGEST_TERMS),
    prices=list_of(_PRICE),
    plan_phases=list_of(_PHASE),
    adjustments=list_of(_ADJUSTMENT),
)
_VERSION_LISTS: dict[str, Check] = {
    "add_prices": list_of(_PRICE),
    "remove_prices": list_of(Shape("price_id external_price_id plan_phase_order:whole")),
    "replace_prices": list_of(
        Shape(
            "price allocation_price license_allocation_price:object plan_phase_order:whole "
            "replaces_price_id*",
            price=NEW_PLAN_PRICE,
            allocation_price=NEW_ALLOCATION,
        )
    ),
    "add_adjustments": list_of(_ADJUSTMENT),
    "remove_adjustments": list_of(Shape("adjustment_id* plan_phase_order:whole")),
    "replace_adjustments": list_of(
        Shape(
            "adjustment* plan_phase_order:whole replaces_adjustment_id*", adjustment=NEW_ADJUSTMENT
        )
    ),
}
_NEW_VERSION = Shape(
    " ".join([*_VERSION_LISTS, "set_as_default:flag version*:whole"]), **_VERSION_LISTS
)


def new_plan(world: World, sent: Mapping[str, Any]) -> Row:
    """Store a new plan from a verified body and return it.

    Raises:
        OrbError: The external id is taken, a price refers to nothing, or the currencies differ.
    """
    external = sent.get("external_plan_id")
    if external is not None and ("plan", external) in world.by_external_id:
        raise duplicate(f"The external_plan_id {external!r} is taken.")
    phases = [_phase(world, each) for each in sent.get("plan_phases") or []]
    adjustments = [
        make_adjustment(world, each["adjustment"], each.get("plan_phase_order"))
        for each in sent.get("adjustments") or []
    ]
    prices = [_new_price(world, each, sent["currency"]) for each in sent["prices"]]
    for price in prices:
        remember(world, price)
    row: Row = {
        "metadata": merged({}, sent.get("metadata")),
        "id": world.new_id("plan"),
        "name": sent["name"],
        "description": sent.get("description") or "",
        "maximum_amount": None,
        "minimum_amount": None,
        "created_at": world.now,
        "status": sent.get("status", "active"),
        "maximum": None,
        "minimum": None,
        "discount": None,
        "product": {
            "created_at": world.now,
            "id": world.new_id("product"),
            "name": sent["name"],
        },
        "version": 1,
        "trial_config": {"trial_period": None, "trial_period_unit": "days"},
        "plan_phases": phases or None,
        "_aligned_phases": _aligned(sent),
        "base_plan": None,
        "base_plan_id": None,
        "external_plan_id": external,
        "currency": sent["currency"],
        "invoicing_currency": sent["currency"],
        "net_terms": sent.get("net_terms"),
        "default_invoice_memo": sent.get("default_invoice_memo"),
        "_versions": {1: {"created_at": world.now, "prices": prices, "adjustments": adjustments}},
    }
    if external is not None:
        world.by_external_id["plan", external] = row["id"]
    world.add("plan", row)
    world.emit("plan.created", show_plan(row))
    return row


def _aligned(sent: Mapping[str, Any]) -> list[int]:
    """Return the order of the phases at whose start billing starts anew."""
    phases = sent.get("plan_phases") or []
    return [one["order"] for one in phases if one.get("align_billing_with_phase_start_date")]


def _phase(world: World, sent: Mapping[str, Any]) -> Row:
    if (sent.get("duration") is None) != (sent.get("duration_unit") is None):
        raise constraint("The duration and duration_unit of a phase go together.")
    return {
        "id": world.new_id("plan_phase"),
        "description": None,
        "duration": sent.get("duration"),
        "duration_unit": sent.get("duration_unit"),
        "name": f"Phase {sent['order']}",
        "order": sent["order"],
        "minimum": None,
        "maximum": None,
        "maximum_amount": None,
        "minimum_amount": None,
        "discount": None,
    }


def _new_price(world: World, sent: Mapping[str, Any], currency: str) -> Row:
    phase = sent.get("plan_phase_order")
    if sent.get("price") is not None:
        return make_price(world, sent["price"], currency, phase)
    if sent.get("allocation_price") is not None:
        return allocation_price(world, sent["allocation_price"], phase)
    if sent.get("license_allocation_price") is not None:
        raise OrbError(NO_FEATURE, "Licences are not enabled for the account.")
    raise invalid("prices: each entry needs a price or an allocation_price")


def _list(call: Call) -> Row:
    created = call.query.range("created_at")
    status = call.query.choice("status", ("active", "archived", "draft"))

    def keep(row: Row) -> bool:
        return status in {None, row["status"]} and created.holds(row["created_at"])

    return page_of(call.table("plan"), call.query, show_plan, keep)


def _create(call: Call) -> Row:
    return show_plan(new_plan(call.world, call.body))


def _fetch(call: Call) -> Row:
    return show_plan(call.record("plan"))


def _update(call: Call) -> Row:
    world, plan, sent = call.world, call.record("plan"), call.body
    before = {name: plan[name] for name in ("external_plan_id", "description", "metadata")}
    external = sent.get("external_plan_id")
    if external is not None and external != plan["external_plan_id"]:
        if ("plan", external) in world.by_external_id:
            raise duplicate(f"The external_plan_id {external!r} is taken.")
        world.by_external_id.pop(("plan", plan["external_plan_id"] or ""), None)
        world.by_external_id["plan", external] = plan["id"]
        plan["external_plan_id"] = external
    if "metadata" in sent:
        plan["metadata"] = merged(plan["metadata"], sent["metadata"])
    plan["description"] = call.sent("description", plan["description"])
    edited = {name: value for name, value in before.items() if plan[name] != value}
    if edited:
        world.emit("plan.edited", show_plan(plan), previous_attributes=edited)
    return show_plan(plan)


def _version_of(plan: Row, number_: int) -> Row:
    if number_ not in plan["_versions"]:
        raise not_found("plan version", str(number_))
    found: Row = plan["_versions"][number_]
    return found


def _fetch_version(call: Call) -> Row:
    plan, version = call.record("plan"), call.params["version"]
    if not version.isdecimal():
        raise invalid("version: value is not a valid integer")
    _version_of(plan, int(version))
    return show_version(plan, int(version))


def _create_version(call: Call) -> Row:
    world, plan, sent = call.world, call.record("plan"), call.body
    version = sent["version"]
    if version in plan["_versions"]:
        raise duplicate(f"The plan has a version {version} already.")
    if version != max(plan["_versions"]) + 1:
        raise constraint(f"The next version of the plan is {max(plan['_versions']) + 1}.")
    latest = plan["_versions"][max(plan["_versions"])]
    prices = _changed_prices(world, latest["prices"], sent, plan["currency"])
    adjustments = _changed_adjustments(world, latest["adjustments"], sent)
    for price in prices:
        if price["id"] not in world.table("price").rows:
            remember(world, price)
    plan["_versions"][version] = {
        "created_at": world.now,
        "prices": prices,
        "adjustments": adjustments,
    }
    about = {"plan_version_number": version, "plan_version_description": None}
    world.emit("plan.version_created", show_plan(plan), **about)
    if sent.get("set_as_default"):
        _make_default(world, plan, version)
    return show_version(plan, version)


def _changed_prices(
    world: World, prices: Sequence[Row], sent: Mapping[str, Any], currency: str
) -> list[Row]:
    replaced = {each["replaces_price_id"]: each for each in sent.get("replace_prices") or []}
    removed = {
        value
        for each in sent.get("remove_prices") or []
        for value in (each.get("price_id"), each.get("external_price_id"))
        if value is not None
    }
    known = {price["id"] for price in prices} | {price["external_price_id"] for price in prices}
    missing = (set(replaced) | removed) - known
    if missing:
        raise not_found("price of the plan", str(min(missing)))
    found = []
    for price in prices:
        if price["id"] in removed or price["external_price_id"] in removed:
            continue
        if price["id"] in replaced:
            new = _new_price(world, replaced[price["id"]], currency)
            price = {**new, "replaces_price_id": price["id"]}  # noqa: PLW2901 - it takes its place
        found.append(price)
    return found + [_new_price(world, each, currency) for each in sent.get("add_prices") or []]


def _changed_adjustments(
    world: World, adjustments: Sequence[Row], sent: Mapping[str, Any]
) -> list[Row]:
    gone = {each["adjustment_id"] for each in sent.get("remove_adjustments") or []}
    replaced = sent.get("replace_adjustments") or []
    gone |= {each["replaces_adjustment_id"] for each in replaced}
    missing = gone - {each["id"] for each in adjustments}
    if missing:
        raise not_found("adjustment of the plan", str(min(missing)))
    added = [
        make_adjustment(world, each["adjustment"], each.get("plan_phase_order"))
        | {"replaces_adjustment_id": each.get("replaces_adjustment_id")}
        for each in [*replaced, *(sent.get("add_adjustments") or [])]
    ]
    return [each for each in adjustments if each["id"] not in gone] + added


def _make_default(world: World, plan: Row, version: int) -> None:
    before, plan["version"] = plan["version"], version
    about = {"new_default_version_number": version, "previous_default_version_number": before}
    world.emit("plan.default_version_set", show_plan(plan), **about)
    migration = {
        "plan_id": plan["id"],
        "effective_time": None,
        "status": "not_started",
        "_version": version,
    }
    world.add("migration", migration)


def _set_default(call: Call) -> Row:
    plan, version = call.record("plan"), call.body["version"]
    _version_of(plan, version)
    if version != plan["version"]:
        _make_default(call.world, plan, version)
    return show_plan(plan)


def _list_migrations(call: Call) -> Row:
    plan = call.record("plan")
    return page_of(
        call.table("migration"), call.query, shown, lambda row: row["plan_id"] == plan["id"]
    )


def _migration(call: Call) -> Row:
    plan = call.record("plan")
    row = call.world.at("migration", call.params["migration_id"])
    if row["plan_id"] != plan["id"]:
        raise not_found("migration of the plan", row["id"])
    return row


def _fetch_migration(call: Call) -> Row:
    return shown(_migration(call))


def _cancel_migration(call: Call) -> Row:
    row = _migration(call)
    if row["status"] not in {"not_started", "in_progress"}:
        raise constraint("The migration has ended.")
    row["status"] = "canceled"
    return shown(row)


ROUTES = (
    Route("GET", "plans", _list, filters=(*PARAMETERS, "status", *ranges("created_at"))),
    Route("POST", "plans", _create, CREATED, body=_NEW),
    *both_ids(
        "plan",
        [
            Route("GET", "plans/{plan_id}", _fetch),
            Route(
                "PUT",
                "plans/{plan_id}",
                _update,
                body=Shape("metadata:map external_plan_id description"),
            ),
            Route("POST", "plans/{plan_id}/versions", _create_version, CREATED, body=_NEW_VERSION),
            Route("GET", "plans/{plan_id}/versions/{version}", _fetch_version),
            Route(
                "POST",
                "plans/{plan_id}/set_default_version",
                _set_default,
                body=Shape("version*:whole"),
            ),
        ],
    ),
    Route("GET", "plans/{plan_id}/migrations", _list_migrations, filters=PARAMETERS),
    Route("GET", "plans/{plan_id}/migrations/{migration_id}", _fetch_migration),
    Route("POST", "plans/{plan_id}/migrations/{migration_id}/cancel", _cancel_migration),
)
