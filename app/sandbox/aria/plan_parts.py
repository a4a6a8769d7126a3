"""Writes what hangs on a plan: rate schedules, services and tiers (aria.md §2.2)."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from app.sandbox.aria.errors import AriaError, Code, duplicate, invalid, missing
from app.sandbox.aria.inputs import Inputs
from app.sandbox.aria.plan_inputs import LONGEST_INTERVAL, PRICING_RULES, RATE_TYPES
from app.sandbox.aria.services import USAGE_BASED, service_type
from app.sandbox.aria.tables import Row, Tables


def check_currency(tables: Tables, name: str, currency: str) -> None:
    """Raise 1016 for a currency not enabled; codes are lower case (aria.md §1.7)."""
    if tables.get("currency", currency) is None:
        raise invalid(name, f"{currency[:10]} is not a currency of this client")


def write_schedules(tables: Tables, plan: Row, sent: Inputs, *, replace: bool) -> list[Row]:
    """Write the schedules sent and return them in the order sent; none sent: those of the plan.

    With `replace` the plan's other schedules and their tiers go.
    """
    number = plan["plan_no"]
    rows = sent.get("schedule", [])
    written = [_write_schedule(tables, plan, row, f"schedule[{i}]") for i, row in enumerate(rows)]
    kept = {row["schedule_no"] for row in written}
    if len(kept) < len(written):
        raise invalid("schedule", "names one rate schedule twice")
    if replace:
        tables.remove_where(
            "rate_schedule",
            lambda row: bool(row["plan_no"] == number and row["schedule_no"] not in kept),
        )
    _settle_defaults(tables, plan, {row["schedule_no"] for row in written if row["default_ind"]})
    current = tables.group("rate_schedule", "plan_no", number)
    order = {row["schedule_no"]: place for place, row in enumerate(written)}
    return sorted(
        (row for row in current if not order or row["schedule_no"] in order),
        key=lambda row: order.get(int(row["schedule_no"]), int(row["schedule_no"])),
    )


def _write_schedule(tables: Tables, plan: Row, sent: Inputs, where: str) -> Row:
    if not sent:
        raise missing(where)
    check_currency(tables, f"{where}.currency_cd", sent["currency_cd"])
    held = _held_schedule(tables, plan, sent)
    recurring = sent.get("recurring_billing_interval", held["recurring_billing_interval"])
    usage = sent.get("usage_billing_interval", held["usage_billing_interval"])
    if not 1 <= recurring <= LONGEST_INTERVAL:
        raise invalid(f"{where}.recurring_billing_interval", f"is not 1 to {LONGEST_INTERVAL}")
    if not 1 <= usage <= recurring:
        raise invalid(f"{where}.usage_billing_interval", "is longer than the recurring interval")
    return tables.change(
        "rate_schedule",
        held,
        schedule_name=sent["schedule_name"],
        schedule_currency=sent["currency_cd"],
        recurring_billing_interval=recurring,
        usage_billing_interval=usage,
        default_ind=sent["is_default"],
    )


def _held_schedule(tables: Tables, plan: Row, sent: Inputs) -> Row:
    client_id = sent.get("client_rate_schedule_id")
    number = tables.number("rate_schedule", client_id) if client_id else None
    if number is not None:
        held = tables.at("rate_schedule", number)
        if held["plan_no"] != plan["plan_no"]:
            raise duplicate("client_rate_schedule_id", str(client_id))
        return held
    fresh = tables.next_number("rate_schedule")
    return {
        "schedule_no": fresh,
        "plan_no": plan["plan_no"],
        "client_rate_schedule_id": client_id or str(fresh),
        "recurring_billing_interval": 1,
        "usage_billing_interval": 1,
        "default_ind_curr": 0,
        "available_from_dt": None,
        "available_to_dt": None,
    }


def _settle_defaults(tables: Tables, plan: Row, chosen: set[int]) -> None:
    """Keep one default for the plan and one for each currency."""
    if len(chosen) > 1:
        raise invalid("schedule", "more than one is_default")
    schedules = list(tables.group("rate_schedule", "plan_no", plan["plan_no"]))
    if not schedules:
        return
    flagged = chosen or {row["schedule_no"] for row in schedules if row["default_ind"]}
    in_currency = [r for r in schedules if r["schedule_currency"] == plan["currency_cd"]]
    default = min(flagged) if flagged else (in_currency or schedules)[0]["schedule_no"]
    seen = {row["schedule_currency"] for row in schedules if row["default_ind_curr"]}
    for row in schedules:
        first = row["schedule_currency"] not in seen
        seen.add(row["schedule_currency"])
        wanted = {
            "default_ind": int(row["schedule_no"] == default),
            "default_ind_curr": int(row["default_ind_curr"] or first),
        }
        tables.change("rate_schedule", row, **wanted)


def write_services(tables: Tables, plan: Row, sent: Inputs, schedules: list[Row]) -> None:
    """Put the services sent on the plan; a tier's schedules line up with `schedules`."""
    seen: set[int] = set()
    for index, row in enumerate(sent.get("service", [])):
        where = f"service[{index}]"
        if not row:
            raise missing(where)
        definition = _write_definition(tables, row, where)
        number = definition["service_no"]
        if number in seen:
            raise invalid(where, "is on the plan twice")
        seen.add(number)
        link = {"plan_no": plan["plan_no"], "service_no": number}
        held = tables.get("service", plan["plan_no"], number) or {"tiered_pricing_rule": 1}
        rule = _one_of(PRICING_RULES, row.get("pricing_rule"), f"{where}.pricing_rule")
        tables.put("service", {**link, "tiered_pricing_rule": rule or held["tiered_pricing_rule"]})
        _write_tiers(tables, link, row, schedules, where)


def _write_definition(tables: Tables, sent: Inputs, where: str) -> Row:
    """Write the client's service: its name and type hold for every plan that has it (inferred)."""
    kind = service_type(sent["service_type"], f"{where}.service_type")
    client_id = sent.get("client_service_id")
    number = tables.number("service_definition", client_id) if client_id else None
    if number is None:
        fresh = tables.next_number("service_definition")
        held = new_service(fresh, client_id or str(fresh))
    else:
        held = tables.at("service_definition", number)
    usage_type = sent.get("usage_type", held["usage_type_no"])
    check_usage_type(tables, kind, usage_type)
    return tables.change(
        "service_definition",
        held,
        service_desc=sent["name"],
        service_type=kind,
        usage_type_no=usage_type if kind == USAGE_BASED else None,
        taxable_ind=sent.get("taxable_ind", held["taxable_ind"]),
        coa_id=sent.get("gl_cd", held["coa_id"]),
    )


def new_service(number: int, client_id: str) -> Row:
    """Return a service of the client before anything else is known of it."""
    names = {"service_no": number, "client_service_id": client_id}
    return {**names, "usage_type_no": None, "taxable_ind": 0, "coa_id": ""}


def check_usage_type(tables: Tables, kind: str, usage_type: Any) -> None:
    """Raise 1010 for a usage-based service with no or an unknown usage type (aria.md §1.6)."""
    if kind == USAGE_BASED and usage_type is None:
        raise missing("usage_type")
    if usage_type is not None and tables.get("usage_type", usage_type) is None:
        raise AriaError(Code.MISSING, "missing required parameters: the usage type does not exist")


def _one_of(values: dict[str, int], sent: str | None, name: str) -> int | None:
    if sent is None:
        return None
    if sent not in values:
        raise invalid(name, f"is not one of {', '.join(values)}")
    return values[sent]


def _write_tiers(tables: Tables, link: Row, sent: Inputs, schedules: list[Row], where: str) -> None:
    """Replace the tiers of those schedules for which tiers were sent."""
    by_schedule: dict[int, list[Inputs]] = {}
    for index, tier in enumerate(sent.get("tier", [])):
        for place, row in enumerate(tier.get("schedule", [])):
            if place >= len(schedules):
                raise invalid(
                    f"{where}.tier[{index}].schedule[{place}]", "has no schedule of the plan"
                )
            if row:
                by_schedule.setdefault(place, []).append(row)
    rate_type = sent.get("rate_type")
    if rate_type not in (None, *RATE_TYPES):
        raise invalid(f"{where}.rate_type", f"is not one of {', '.join(RATE_TYPES)}")
    if rate_type == "Flat Rate" and any(len(rows) > 1 for rows in by_schedule.values()):
        raise invalid(f"{where}.rate_type", "Flat Rate has one tier")
    for place, rows in by_schedule.items():
        key = {**link, "schedule_no": schedules[place]["schedule_no"]}
        _remove_tiers(tables, key)
        for tier_row in _tiers(rows, where):
            tables.put("rate", {**key, **tier_row})


def _remove_tiers(tables: Tables, key: Row) -> None:
    for row in list(tables.group("rate", "plan_no", key["plan_no"])):
        if all(row[column] == value for column, value in key.items()):
            tables.remove("rate", row)


def _tiers(rows: Iterable[Inputs], where: str) -> Iterator[Row]:
    """Yield the tiers in order; they rise, and only the last may be open (aria.md §4.15)."""
    top: Decimal | None = Decimal(0)
    for sequence, row in enumerate(rows, 1):
        name = f"{where}.tier[{sequence - 1}]"
        if top is None:
            raise invalid(name, "follows a tier without an end")
        start, end = row.get("from", top + 1), row.get("to")
        if start < 0 or (sequence > 1 and start <= top):
            raise invalid(name, "starts before the tier below it ends")
        if end is not None and end < start:
            raise invalid(name, "ends before it starts")
        yield {
            "rate_seq_no": sequence,
            "from_unit": start,
            "to_unit": end,
            "rate_per_unit": row["amount"],
        }
        top = end
