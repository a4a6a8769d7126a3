"""Drift that adds records: new in Aria, stale in Salesforce, and some Salesforce rejects."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from app.sandbox.dataset.draft import Draft
from app.sandbox.dataset.money import price_in
from app.sandbox.dataset.plans import SALESFORCE_SET
from app.sandbox.dataset.values import Row

_LONG_NAME = "Northwind Business Continuity Package with Redundant Access and 24/7 On-site Support"


@dataclass(frozen=True, slots=True)
class _NewService:
    """A service of a new plan: id suffix, name, type, and the tiers as (from, to, dollars)."""

    suffix: str
    name: str
    kind: str
    tiers: tuple[tuple[int, int | None, str], ...]


_FEE = _NewService("FEE", "monthly fee", "Recurring", ((1, 10, "24.90"), (11, None, "19.9")))
_SETUP = _NewService("SETUP", "set-up", "Activation", ((1, None, "75"),))
_FLAT = _NewService("FEE", "monthly fee", "Recurring", ((1, None, "499"),))


def add_new_records(draft: Draft, round_no: int) -> None:
    """Add a plan, an item and codes to Aria, and stale records to Salesforce."""
    plan = _new_plan(
        draft, f"WAN-5G-FALLBACK-{round_no}", f"5G Fallback {round_no}", supplemental=1
    )
    _charge(draft, plan, (_FEE, _SETUP), ("usd", "eur"))
    parent = draft.random.choice([p for p in draft.pairs("plan") if not p.aria["supp_plan_ind"]])
    relationship = {"parent_plan_no": parent.aria["plan_no"], "plan_no": plan["plan_no"]}
    units = {"is_mandatory": 0, "is_default": 1, "min_units": 0, "max_units": 5}
    key = f"{parent.key}|{plan['client_plan_id']}"
    draft.in_aria("insert", "plan_relationship", key, **relationship, **units)
    _new_item(draft, round_no)
    _new_codes(draft, round_no)
    _stale_in_salesforce(draft, round_no)


def put_new_plans_in_sets(draft: Draft) -> None:
    """Enter all plans inserted so far in the first plan set and in the one for Salesforce."""
    new = [e for e in draft.edits if (e.system, e.verb, e.type_name) == ("aria", "insert", "plan")]
    numbers = [edit.values["plan_no"] for edit in new]
    for plan_set in (draft.aria["plan_set"][0], draft.aria["plan_set"][-1]):
        members = [*plan_set["plan_nos"], *numbers]
        draft.in_aria("update", "plan_set", plan_set["client_plan_type_id"], plan_nos=members)


def add_what_salesforce_rejects(draft: Draft) -> None:
    """Add to Aria a plan with too long a name and a schedule in an unknown currency."""
    plan = _new_plan(draft, "SUPPORT-CONTINUITY", _LONG_NAME, supplemental=0)
    _charge(draft, plan, (_FLAT,), ("usd",))
    for_all = next(e for e in reversed(draft.edits) if e.key == SALESFORCE_SET)
    members = [*for_all.values["plan_nos"], plan["plan_no"]]
    draft.in_aria("update", "plan_set", SALESFORCE_SET, plan_nos=members)
    krona = {"currency_name": "Swedish krona", "iso_4217n": 752, "currency_symbol": "kr"}
    draft.in_aria("insert", "currency", "sek", currency_cd="sek", default_ind=0, **krona)
    host = draft.pick("plan")
    schedule = _schedule(draft, host.aria, "sek")
    draft.in_aria("insert", "rate_schedule", schedule["client_rate_schedule_id"], **schedule)


def _new_plan(draft: Draft, client_id: str, name: str, *, supplemental: int) -> Row:
    plan = {
        "plan_no": draft.number("plan", "plan_no"),
        "client_plan_id": client_id,
        "plan_name": name,
        "plan_desc": "New in the price list — see the sheet &quot;2026&quot;.",
        "billing_ind": 1,
        "display_ind": 1,
        "prepaid_ind": 0,
        "currency_cd": "usd",
        "proration_invoice_timing_cd": "I",
        "active_ind": 1,
        "has_accounts": False,
        "sf_family": None,
        "markets": ["DE"],
        "supp_plan_ind": supplemental,
    }
    draft.in_aria("insert", "plan", client_id, **plan)
    return plan


def _charge(
    draft: Draft, plan: Row, services: tuple[_NewService, ...], currencies: tuple[str, ...]
) -> None:
    schedules = [_schedule(draft, plan, currency) for currency in currencies]
    for schedule in schedules:
        draft.in_aria("insert", "rate_schedule", schedule["client_rate_schedule_id"], **schedule)
    for new in services:
        service = _service(draft, plan, new)
        key = f"{plan['client_plan_id']}|{service['client_service_id']}"
        rule = 2 if len(new.tiers) > 1 else 1
        link = {"plan_no": plan["plan_no"], "service_no": service["service_no"]}
        draft.in_aria("insert", "service", key, **link, tiered_pricing_rule=rule)
        for schedule in schedules:
            for tier in _tiers(new, schedule):
                rate_key = f"{key}|{schedule['client_rate_schedule_id']}|{tier['rate_seq_no']}"
                draft.in_aria("insert", "rate", rate_key, **link, **tier)


def _service(draft: Draft, plan: Row, new: _NewService) -> Row:
    service = {
        "service_no": draft.number("service_definition", "service_no"),
        "client_service_id": f"{plan['client_plan_id']}-{new.suffix}",
        "service_desc": f"{plan['client_plan_id']} {new.name}",
        "service_type": new.kind,
        "usage_type_no": None,
        "taxable_ind": 1,
        "coa_id": "4000",
    }
    draft.in_aria("insert", "service_definition", str(service["client_service_id"]), **service)
    return service


def _schedule(draft: Draft, plan: Row, currency: str) -> Row:
    return {
        "schedule_no": draft.number("rate_schedule", "schedule_no"),
        "plan_no": plan["plan_no"],
        "client_rate_schedule_id": f"{plan['client_plan_id']}-{currency.upper()}-M",
        "schedule_name": f"{currency.upper()} monthly",
        "schedule_currency": currency,
        "recurring_billing_interval": 1,
        "usage_billing_interval": 1,
        "default_ind": int(currency == plan["currency_cd"]),
        "default_ind_curr": 1,
        "available_from_dt": "2026-01-01",
        "available_to_dt": None,
    }


def _tiers(new: _NewService, schedule: Row) -> Iterator[Row]:
    for position, (start, end, dollars) in enumerate(new.tiers, 1):
        yield {
            "schedule_no": schedule["schedule_no"],
            "rate_seq_no": position,
            "from_unit": Decimal(start),
            "to_unit": None if end is None else Decimal(end),
            "rate_per_unit": price_in(schedule["schedule_currency"], Decimal(dollars), 2),
        }


def _new_item(draft: Draft, round_no: int) -> None:
    template = draft.aria["item"][0]
    item = {
        **template,
        "item_no": draft.number("item", "item_no"),
        "client_sku": f"5GBOX-{round_no:02}",
        "item_label": f"5G gateway {round_no}",
        "item_desc": "Outdoor unit &amp; mast clamp",
        "stock_level": None,
    }
    draft.in_aria("insert", "item", str(item["client_sku"]), **item)
    for currency in ("usd", "eur", "gbp"):
        price = price_in(currency, Decimal("399.5"), 2)
        row = {"item_no": item["item_no"], "currency_cd": currency, "price": price}
        draft.in_aria("insert", "item_price", f"{item['client_sku']}|{currency}", **row)


def _new_codes(draft: Draft, round_no: int) -> None:
    coupon = draft.aria["coupon"][0]
    for percent in (20, 30):
        code = f"WINTER{percent}-{round_no}"
        text = f"Winter — {percent} %"
        draft.in_aria(
            "insert", "coupon", code, **{**coupon, "coupon_cd": code, "coupon_desc": text}
        )
    first_set = draft.aria["plan_set"][0]
    promotion = {
        "promo_cd": f"VOICE-WINTER-{round_no}",
        "promo_desc": "Winter offers",
        "start_date": "2025-11-01",
        "exp_date": "2026-02-28",
        "no_of_uses": None,
        "promo_plan_set_no": first_set["promo_plan_set_no"],
    }
    draft.in_aria("insert", "promotion", str(promotion["promo_cd"]), **promotion)


def _stale_in_salesforce(draft: Draft, round_no: int) -> None:
    """Insert coupons, a plan and a tier that Aria never had or has long deleted."""
    for year in (2019, 2020, 2021):
        code = f"OLD{year}-{round_no}"
        row = {"Aria_Key__c": code, "Name": code, "Description__c": f"Campaign of {year}"}
        ended = {"Expires_On__c": f"{year}-12-31", "Scope__c": None}
        draft.in_salesforce("insert", "Aria_Coupon__c", code, row | ended)
    plan = draft.random.choice(draft.pairs("plan"))
    gone = {"Aria_Key__c": f"ISDN-LEGACY-{round_no}", "Name": "ISDN Legacy", "Aria_Number__c": 9000}
    draft.in_salesforce(
        "insert", "Client_Plan__c", str(gone["Aria_Key__c"]), {**plan.salesforce, **gone}
    )
    last = draft.pick_where("rate", lambda pair: pair.aria["to_unit"] is None)
    sequence = last.aria["rate_seq_no"] + 1
    tier_key = f"{last.key.rpartition('|')[0]}|{sequence}"
    tier = {**last.salesforce, "Aria_Key__c": tier_key, "Sequence__c": sequence}
    draft.in_salesforce("insert", "Rate_Tier__c", tier_key, tier)
