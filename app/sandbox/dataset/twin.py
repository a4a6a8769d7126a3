"""The Salesforce rows of Aria's catalog: what a commit of everything would leave there."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from app.sandbox.dataset.values import Row, Tables

_TIMING = {"I": "Immediate", "A": "Next anniversary"}
_PRICING_RULE = {1: "Standard", 2: "Volume Discount", 3: "Flat Rate Per Tier"}
_ITEM_TYPE = {0: "Inventory item", 1: "Months to stack", 2: "Resource"}
_PURCHASE_SCOPE = {0: "No restriction", 1: "With qualifying plans"}


@dataclass(frozen=True)
class Catalog:
    """Aria's tables with the look-ups that composite keys and references need."""

    tables: Mapping[str, list[Row]]

    @cached_property
    def plan_ids(self) -> dict[int, str]:
        """Client-defined plan ids by plan number."""
        return {row["plan_no"]: row["client_plan_id"] for row in self.tables["plan"]}

    @cached_property
    def definitions(self) -> dict[int, Row]:
        """Services of the client by service number."""
        return {row["service_no"]: row for row in self.tables["service_definition"]}

    @cached_property
    def schedules(self) -> dict[int, Row]:
        """Rate schedules by number."""
        return {row["schedule_no"]: row for row in self.tables["rate_schedule"]}

    @cached_property
    def skus(self) -> dict[int, str]:
        """Client SKUs by item number."""
        return {row["item_no"]: row["client_sku"] for row in self.tables["item"]}

    @cached_property
    def usage_codes(self) -> dict[int, str]:
        """Usage type codes by usage type number."""
        return {row["usage_type_no"]: row["usage_type_code"] for row in self.tables["usage_type"]}

    @cached_property
    def sets_of_plan(self) -> dict[int, list[str]]:
        """The plan sets of each plan number, by rising set number."""
        found: dict[int, list[str]] = {}
        for row in sorted(self.tables["plan_set"], key=lambda row: int(row["promo_plan_set_no"])):
            for number in row["plan_nos"]:
                found.setdefault(number, []).append(row["client_plan_type_id"])
        return found

    @cached_property
    def first_promotion(self) -> dict[int, str]:
        """The alphabetically first promotion code of each plan set number."""
        found: dict[int, str] = {}
        for row in self.tables["promotion"]:
            number, code = row["promo_plan_set_no"], row["promo_cd"]
            found[number] = min(code, found.get(number, code))
        return found


def salesforce_rows(aria: Mapping[str, list[Row]]) -> Tables:
    """Return sObject -> rows in step with `aria`, as the mapping aria_catalog converts them."""
    catalog = Catalog(aria)
    makers = {
        "Aria_Promotion__c": ("promotion", promotion_row),
        "Aria_Plan_Set__c": ("plan_set", plan_set_row),
        "Client_Plan__c": ("plan", plan_row),
        "Client_Plan_Relationship__c": ("plan_relationship", relationship_row),
        "Aria_Service__c": ("service", service_row),
        "Rate_Schedule__c": ("rate_schedule", schedule_row),
        "Rate_Tier__c": ("rate", rate_row),
        "Aria_Item__c": ("item", item_row),
        "Aria_Item_Price__c": ("item_price", item_price_row),
        "Aria_Coupon__c": ("coupon", coupon_row),
    }
    return {
        sobject: [make(catalog, row) for row in aria[kind]]
        for sobject, (kind, make) in makers.items()
    }


def promotion_row(_: Catalog, row: Row) -> Row:
    """Return the Aria_Promotion__c of a promotion code."""
    return {
        "Aria_Key__c": row["promo_cd"],
        "Name": row["promo_cd"],
        "Description__c": _text(row["promo_desc"]),
        "Expires_On__c": row["exp_date"],
    }


def plan_set_row(catalog: Catalog, row: Row) -> Row:
    """Return the Aria_Plan_Set__c of a plan set."""
    return {
        "Aria_Key__c": row["client_plan_type_id"],
        "Name": row["promo_plan_set_name"],
        "Description__c": _text(row["promo_plan_set_desc"]),
        "Aria_Number__c": row["promo_plan_set_no"],
        "Promotion__r": _reference(catalog.first_promotion.get(row["promo_plan_set_no"])),
    }


def plan_row(catalog: Catalog, row: Row) -> Row:
    """Return the Client_Plan__c of a plan."""
    sets = catalog.sets_of_plan.get(row["plan_no"], [])
    return {
        "Aria_Key__c": row["client_plan_id"],
        "Name": row["plan_name"],
        "Description__c": _text(row["plan_desc"]),
        "Aria_Number__c": row["plan_no"],
        "Supplemental__c": bool(row["supp_plan_ind"]),
        "Currency__c": row["currency_cd"].upper(),
        "Billable__c": bool(row["billing_ind"]),
        "Displayed__c": bool(row["display_ind"]),
        "Prepaid__c": bool(row["prepaid_ind"]),
        "Proration_Timing__c": _TIMING[row["proration_invoice_timing_cd"]],
        "Family__c": row["sf_family"],
        "Plan_Sets__c": _text("; ".join(sorted(sets))),
        "Plan_Set__r": _reference(sets[0] if sets else None),
    }


def relationship_row(catalog: Catalog, row: Row) -> Row:
    """Return the Client_Plan_Relationship__c of two plans; Salesforce numbers its Name."""
    parent, child = catalog.plan_ids[row["parent_plan_no"]], catalog.plan_ids[row["plan_no"]]
    return {
        "Aria_Key__c": f"{parent}|{child}",
        "Parent_Plan__r": _reference(parent),
        "Child_Plan__r": _reference(child),
        "Mandatory__c": bool(row["is_mandatory"]),
        "Default__c": bool(row["is_default"]),
        "Minimum_Units__c": row["min_units"],
        "Maximum_Units__c": row["max_units"],
    }


def service_row(catalog: Catalog, row: Row) -> Row:
    """Return the Aria_Service__c of a service on a plan."""
    service = catalog.definitions[row["service_no"]]
    plan, kind = catalog.plan_ids[row["plan_no"]], service["service_type"]
    return {
        "Aria_Key__c": f"{plan}|{service['client_service_id']}",
        "Name": service["service_desc"],
        "Aria_Number__c": service["service_no"],
        "Client_Service_Id__c": service["client_service_id"],
        "Recurring__c": kind.startswith("Recurring"),
        "Usage_Based__c": kind == "Usage-Based",
        "Setup__c": kind == "Activation",
        "Arrears__c": kind == "Recurring Arrears",
        "Usage_Type__c": catalog.usage_codes.get(service["usage_type_no"]),
        "Taxable__c": bool(service["taxable_ind"]),
        "GL_Code__c": service["coa_id"],
        "Pricing_Rule__c": _PRICING_RULE[row["tiered_pricing_rule"]],
        "Plan__r": _reference(plan),
    }


def schedule_row(catalog: Catalog, row: Row) -> Row:
    """Return the Rate_Schedule__c of a rate schedule."""
    return {
        "Aria_Key__c": row["client_rate_schedule_id"],
        "Name": row["schedule_name"],
        "Aria_Number__c": row["schedule_no"],
        "Currency__c": row["schedule_currency"].upper(),
        "Recurring_Interval__c": row["recurring_billing_interval"],
        "Usage_Interval__c": row["usage_billing_interval"],
        "Default__c": bool(row["default_ind"]),
        "Available_From__c": row["available_from_dt"],
        "Available_To__c": row["available_to_dt"],
        "Plan__r": _reference(catalog.plan_ids[row["plan_no"]]),
    }


def rate_row(catalog: Catalog, row: Row) -> Row:
    """Return the Rate_Tier__c of a tier; its Name is numbered by Salesforce."""
    schedule = catalog.schedules[row["schedule_no"]]
    schedule_id = schedule["client_rate_schedule_id"]
    service_id = catalog.definitions[row["service_no"]]["client_service_id"]
    service_key = f"{catalog.plan_ids[row['plan_no']]}|{service_id}"
    return {
        "Aria_Key__c": f"{service_key}|{schedule_id}|{row['rate_seq_no']}",
        "Sequence__c": row["rate_seq_no"],
        "From_Unit__c": row["from_unit"],
        "To_Unit__c": row["to_unit"],
        "Rate__c": row["rate_per_unit"],
        "Currency__c": schedule["schedule_currency"].upper(),
        "Service__r": _reference(service_key),
        "Rate_Schedule__r": _reference(schedule_id),
    }


def item_row(_: Catalog, row: Row) -> Row:
    """Return the Aria_Item__c of an item."""
    return {
        "Aria_Key__c": row["client_sku"],
        "Name": row["item_label"],
        "Description__c": _text(row["item_desc"]),
        "Aria_Number__c": row["item_no"],
        "Active__c": bool(row["active_ind"]),
        "Item_Type__c": _ITEM_TYPE[row["item_type"]],
        "Purchase_Scope__c": _PURCHASE_SCOPE[row["purchase_scope"]],
        "GL_Code__c": row["coa_id"],
        "Taxable__c": bool(row["taxable_ind"]),
        "Price_Changeable__c": row["modify_price_ind"] == "Y",
        "Stock_Level__c": row["stock_level"],
    }


def item_price_row(catalog: Catalog, row: Row) -> Row:
    """Return the Aria_Item_Price__c of a price; its Name is numbered by Salesforce."""
    sku = catalog.skus[row["item_no"]]
    return {
        "Aria_Key__c": f"{sku}|{row['currency_cd']}",
        "Price__c": row["price"],
        "Currency__c": row["currency_cd"].upper(),
        "Item__r": _reference(sku),
    }


def coupon_row(_: Catalog, row: Row) -> Row:
    """Return the Aria_Coupon__c of a coupon."""
    return {
        "Aria_Key__c": row["coupon_cd"],
        "Name": row["coupon_cd"],
        "Description__c": _text(row["coupon_desc"]),
        "Expires_On__c": row["end_date"],
        "Scope__c": _text(row["coupon_scope"]),
    }


def _text(value: str | None) -> str | None:
    return value or None  # Salesforce keeps no empty text


def _reference(key: str | None) -> dict[str, Any] | None:
    return None if key is None else {"Aria_Key__c": key}
