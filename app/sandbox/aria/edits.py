"""Edits that a person makes in Aria's own screens: drift, and the sandbox's control door."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from app.sandbox.aria.plan_writes import delete_plan
from app.sandbox.aria.services import FLAGS, flags
from app.sandbox.aria.tables import KINDS, REFERENCES, Row, Tables

DELETE = "__delete__"
_DECIMALS = frozenset({"rate_per_unit", "from_unit", "to_unit", "price", "stock_level", "amount"})
_DEFAULTS: dict[str, Any] = {
    "active_ind": 1,
    "display_ind": 1,
    "billing_ind": 1,
    "status_ind": 1,
    "has_accounts": False,
    "tiered_pricing_rule": 1,
}


def edit(tables: Tables, kind: str, key: str, values: Mapping[str, Any]) -> None:
    """Change the record with a client-defined key; "" inserts, `{"__delete__": True}` deletes.

    An edit of a `service` (PLAN|SERVICE) may name columns of the client's service too: these change
    on every plan that has it.

    Raises:
        KeyError: There is no such type or record.
        ValueError: A column does not exist or cannot be changed, or an id is taken.
    """
    if kind not in KINDS:
        raise KeyError(kind)
    if key == "":
        insert(tables, kind, values)
        return
    row = tables.at(kind, *tables.identity(kind, key))
    if values.get(DELETE):
        _delete(tables, kind, row)
        return
    if kind == "service":
        definition = tables.at("service_definition", row["service_no"])
        shared = {name: value for name, value in values.items() if name in definition}
        _update(tables, "service_definition", definition, shared)
        values = {name: value for name, value in values.items() if name not in definition}
    _update(tables, kind, row, values)


def insert(tables: Tables, kind: str, values: Mapping[str, Any]) -> None:
    """Insert a record; columns not given are empty, a number not given is the next free one.

    Raises:
        ValueError: The record exists, a part of its key is missing, or a column does not exist.
    """
    spec = KINDS[kind]
    row = _with_numbers(tables, kind, dict(values))
    if spec.client_id is not None:
        row.setdefault(spec.identity[0], tables.next_number(kind))
    missing = [column for column in spec.identity if row.get(column) is None]
    if spec.client_id is not None and not row.get(spec.client_id):
        missing.append(spec.client_id)
    if missing:
        raise ValueError(f"A {kind} needs {', '.join(missing)}.")
    for name in _columns(tables, kind):
        row.setdefault(name, _default(name))
    _check_columns(tables, kind, row)
    if tables.get(kind, *(row[column] for column in spec.identity)) is not None:
        raise ValueError(f"There is already a {kind} {tables.key(kind, row)}.")
    _check_id(tables, kind, row)
    tables.put(kind, {name: _converted(name, value) for name, value in row.items()})


def state(tables: Tables, kind: str) -> list[Row]:
    """Return the rows of a kind, each with its `key`; KeyError for an unknown kind."""
    if kind not in KINDS:
        raise KeyError(kind)
    return [
        {"key": tables.key(kind, row), **row, **_joined(tables, kind, row)}
        for row in tables.all(kind)
    ]


def _joined(tables: Tables, kind: str, row: Row) -> Row:
    if kind == "service":
        definition = tables.at("service_definition", row["service_no"])
        usage = tables.get("usage_type", definition["usage_type_no"]) or {}
        code = {"usage_type_code": usage.get("usage_type_code")}
        return {**definition, **flags(definition["service_type"]), **code}
    if kind == "plan_set":
        plans = (tables.get("plan", number) for number in row["plan_nos"])
        return {"client_plan_ids": [plan["client_plan_id"] for plan in plans if plan]}
    return {}


def _update(tables: Tables, kind: str, row: Row, values: Mapping[str, Any]) -> None:
    if not values:
        return
    _check_columns(tables, kind, values)
    fixed = [name for name in KINDS[kind].identity if values.get(name, row[name]) != row[name]]
    if fixed:
        raise ValueError(f"{', '.join(fixed)} of a {kind} cannot be changed.")
    if values.get("service_type", "Recurring") not in FLAGS:
        raise ValueError(f"service_type is one of {', '.join(FLAGS)}.")
    changed = {**row, **{name: _converted(name, value) for name, value in values.items()}}
    _check_id(tables, kind, changed)
    tables.put(kind, changed)


def _check_id(tables: Tables, kind: str, row: Row) -> None:
    spec = KINDS[kind]
    if spec.client_id is None:
        return
    if tables.number(kind, row[spec.client_id]) not in (None, row[spec.identity[0]]):
        raise ValueError(f"There is already a {kind} {row[spec.client_id]}.")


def _check_columns(tables: Tables, kind: str, values: Mapping[str, Any]) -> None:
    columns = _columns(tables, kind)
    unknown = [name for name in values if columns and name not in columns]
    if unknown:
        raise ValueError(f"A {kind} has no {', '.join(unknown)}; it has {', '.join(columns)}.")


def _columns(tables: Tables, kind: str) -> list[str]:
    return list(next(iter(tables.all(kind)), {}))


def _default(name: str) -> Any:
    if name in _DEFAULTS:
        return _DEFAULTS[name]
    if name == "plan_nos":
        return []
    return 0 if name.endswith("_ind") else None


def _converted(name: str, value: Any) -> Any:
    return Decimal(str(value)) if name in _DECIMALS and value is not None else value


def _with_numbers(tables: Tables, kind: str, values: dict[str, Any]) -> dict[str, Any]:
    """Replace client-defined ids that refer to other records by their numbers."""
    for column, referred in REFERENCES.items():
        name = KINDS[referred].client_id or ""
        name = f"parent_{name}" if column == "parent_plan_no" else name
        if referred == kind or column in values or name not in values:
            continue
        if column in KINDS[kind].identity or column in _columns(tables, kind):
            number = tables.number(referred, str(values.pop(name)))
            if number is None:
                raise ValueError(f"{name} names no {referred}.")
            values[column] = number
    return values


def _delete(tables: Tables, kind: str, row: Row) -> None:
    if kind == "plan":
        delete_plan(tables, row)
        return
    for child, column in _BELOW.get(kind, ()):
        number = row[column]
        tables.remove_where(child, _same(column, number, row if kind == "service" else None))
    tables.remove(kind, row)


def _same(column: str, number: Any, link: Row | None) -> Callable[[Row], bool]:
    def matches(row: Row) -> bool:
        return bool(row[column] == number and (link is None or row["plan_no"] == link["plan_no"]))

    return matches


# What goes with a record: type and the column that points to it.
_BELOW: dict[str, tuple[tuple[str, str], ...]] = {
    "service_definition": (("rate", "service_no"), ("service", "service_no")),
    "service": (("rate", "service_no"),),
    "rate_schedule": (("rate", "schedule_no"),),
    "item": (("item_price", "item_no"),),
    "plan_set": (("promotion", "promo_plan_set_no"),),
}
