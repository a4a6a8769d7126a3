"""Aria's answers, converted as the mapping says by code of this test, are the Salesforce rows."""

import tomllib
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.sandbox.dataset import Dataset
from app.sandbox.launch import Sandbox

Row = dict[str, Any]
Call = Callable[..., dict[str, Any]]

_ROOT = Path(__file__).resolve().parents[3]
_MAPPING = tomllib.loads((_ROOT / "resources/mappings/aria_catalog.toml").read_text("utf-8"))
_ENTITIES = {entity["name"]: entity for entity in _MAPPING["entity"]}


def read_everything(core: Call, admin: Call) -> dict[str, list[Row]]:
    """Read all entities; `=` fields are worked out as the brief of the mapping says."""
    plans = core(
        "get_client_plans_all_m", include_all_rate_schedules="true", include_plan_hierarchy="true"
    )["all_client_plan_dtls"]
    items = core("get_client_items_all_m", include_inactive_items="true")
    items = items["all_client_item_details"]
    sets = {int(s["promo_set_no"]): s for plan in plans for s in plan["promotional_plan_sets"]}
    return {
        "promotion": admin("get_promotions_m")["promotions"],
        "plan_set": [
            {**row, "=promo_code": first_code(sets[int(row["promo_plan_set_no"])])}
            for row in admin("get_promo_plan_sets_m")["promo_plan_set"]
        ],
        "plan": [{**plan, **worked_out(plan)} for plan in plans],
        "plan_relationship": [row for plan in plans for row in relationships(plan)],
        "service": [row for plan in plans for row in services(plan)],
        "rate_schedule": [row for plan in plans for row in schedules(plan)],
        "rate": [row for plan in plans for row in rates(plan)],
        "item": items,
        "item_price": [row for item in items for row in prices(item)],
        "coupon": admin("get_coupons_m")["coupons"],
    }


def first_code(plan_set: Row) -> str:
    return min(str(row["promo_code"]) for row in plan_set["promotions_for_set"])


def worked_out(plan: Row) -> Row:
    sets = plan["promotional_plan_sets"]
    fields = {
        f["plan_supp_field_name"]: f["plan_supp_field_value"] for f in plan["plan_supp_fields"]
    }
    return {
        "=field:sf_family": fields.get("sf_family"),
        "=plan_sets": "; ".join(sorted(row["client_promo_set_id"] for row in sets)),
        "=plan_set": min(sets, key=lambda row: int(row["promo_set_no"]))["client_promo_set_id"],
    }


def relationships(plan: Row) -> Iterator[Row]:
    for child in plan.get("child_plans") or ():
        ends = {"=parent_plan": plan["client_plan_id"]}
        yield {**child, **ends, "=key": f"{plan['client_plan_id']}|{child['client_plan_id']}"}


def services(plan: Row) -> Iterator[Row]:
    for row in plan["plan_services"]:
        key = f"{plan['client_plan_id']}|{row['client_service_id']}"
        yield {**row, "=key": key, "=plan": plan["client_plan_id"]}


def schedules(plan: Row) -> Iterator[Row]:
    for row in plan["plan_rate_schedules_details"]:
        yield {**row, "=plan": plan["client_plan_id"]}


def rates(plan: Row) -> Iterator[Row]:
    details = plan["plan_rate_schedules_details"]
    currencies = {int(row["schedule_no"]): row["schedule_currency"] for row in details}
    for service in services(plan):
        for schedule in service["all_plan_service_rates"]:
            stem = f"{service['=key']}|{schedule['client_rate_schedule_id']}"
            for row in schedule["plan_service_rates"]:
                names = {"=key": f"{stem}|{row['rate_seq_no']}", "=service": service["=key"]}
                yield {**row, **names, "=currency": currencies[int(schedule["schedule_no"])]}


def prices(item: Row) -> Iterator[Row]:
    for row in item["all_item_prices"]:
        key = f"{item['client_sku']}|{row['currency_cd']}"
        yield {**row, "=key": key, "=item": item["client_sku"]}


def to_salesforce(entity: Row, row: Row) -> Row:
    converted = {"Aria_Key__c": row[entity["key"]["billing"]]}
    for field in entity["fields"]:
        value = converted_value(field, row.get(field["billing"]))
        name = field["salesforce"]
        if field["type"] == "reference":
            name, value = name[:-1] + "r", None if value is None else {"Aria_Key__c": value}
        converted[name] = value
    return converted


def converted_value(field: Row, value: Any) -> Any:
    if value in (None, ""):
        return None
    if "map" in field:
        return field["map"][str(value)]
    if field.get("convert") == "upper":
        return value.upper()
    kinds: dict[str, Callable[[Any], Any]] = {
        "boolean": lambda v: str(v).lower() in {"1", "true", "y", "yes"},
        "integer": int,
        "decimal": lambda v: Decimal(str(v)),
        "money": lambda v: Decimal(str(v)),
    }
    return kinds.get(field["type"], lambda v: v)(value)


@pytest.mark.parametrize("name", list(_ENTITIES))
def test_both_sides_are_in_step(name: str, core: Call, admin: Call, in_step: Dataset) -> None:
    entity = _ENTITIES[name]
    aria = [to_salesforce(entity, row) for row in read_everything(core, admin)[name]]
    salesforce = list(in_step.salesforce[entity["sobject"]])
    by_key = {row["Aria_Key__c"]: row for row in salesforce}
    assert len(aria) == len(salesforce)
    for row in aria:
        assert row == by_key[row["Aria_Key__c"]]


def test_the_noisy_mode_means_the_same(
    sandbox: Sandbox, core: Call, admin: Call, in_step: Dataset
) -> None:
    sandbox.systems["aria"].edit("setting", "noisy", {"value": True})
    everything = read_everything(core, admin)
    for name, entity in _ENTITIES.items():
        by_key = {row["Aria_Key__c"]: row for row in in_step.salesforce[entity["sobject"]]}
        for row in everything[name]:
            converted = to_salesforce(entity, row)
            assert converted == by_key[converted["Aria_Key__c"]]


def test_the_drift_gives_between_60_and_120_differences(
    sandbox: Sandbox, core: Call, admin: Call, in_step: Dataset
) -> None:
    sandbox.systems["aria"].reset(drift=True)
    everything = read_everything(core, admin)
    different = 0
    for name, entity in _ENTITIES.items():
        sobject = entity["sobject"]
        aria = {r["Aria_Key__c"]: r for r in (to_salesforce(entity, x) for x in everything[name])}
        salesforce = drifted(in_step, sobject)
        different += sum(aria.get(k) != salesforce.get(k) for k in aria.keys() | salesforce.keys())
    assert 60 <= different <= 120


def drifted(dataset: Dataset, sobject: str) -> dict[str, Row]:
    rows = {row["Aria_Key__c"]: row for row in dataset.salesforce[sobject]}
    for edit in dataset.drift:
        if (edit.system, edit.type_name) == ("salesforce", sobject):
            if edit.verb == "delete":
                del rows[edit.key]
            elif edit.verb == "update" or edit.key not in rows:
                rows[edit.key] = {**rows.get(edit.key, {}), **edit.values}
    return rows
