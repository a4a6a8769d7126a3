"""AdminTools calls that write all but plans: services, items, sets, codes (aria.md §2.2)."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from app.sandbox.aria.context import Answer, Context, named
from app.sandbox.aria.errors import (
    AriaError,
    Code,
    duplicate,
    invalid,
    missing,
    not_found,
)
from app.sandbox.aria.inputs import CLEAR, Inputs, inputs, read_int, read_number
from app.sandbox.aria.plan_inputs import FIELD
from app.sandbox.aria.plan_parts import check_currency, check_usage_type, new_service
from app.sandbox.aria.plan_writes import check_free, field_values, plan_named, unless_cleared
from app.sandbox.aria.services import USAGE_BASED, service_type
from app.sandbox.aria.tables import Row, Tables

_ITEM_TYPES = (0, 1, 2)
_PRICE_DECIMALS = -2

SERVICE_INPUTS = inputs(
    "service_name(100)* service_type* service_no:int gl_cd taxable_ind:ind tax_group usage_type",
    "client_service_id(100) client_tax_group_id allow_service_credits",
    supplemental_obj_field=FIELD,
)
ITEM_INPUTS = inputs(
    "item_type:int* item_name(100)* item_desc* client_sku(100)* currency_cd* item_price*",
    "item_no:int active_ind:ind modify_price_ind subunit_qty:int subunit_label",
    "stock_level_track:ind stock_level_adjust:num service_no:int client_service_id",
    supplemental_obj_field=FIELD,
)
PLAN_SET_INPUTS = inputs(
    "promo_plan_set_name(100)* promo_plan_set_desc* promo_plan_set_no:int client_plan_type_id(100)",
    "plan_no:list client_plan_id:list",
)
PROMOTION_INPUTS = inputs(
    "promo_cd(30)* promo_desc* promo_plan_set_no:int* no_of_uses:int start_date:date exp_date:date"
)
COUPON_INPUTS = inputs(
    "coupon_cd(100)* status_ind:ind* start_date:date* end_date:date* coupon_desc coupon_msg",
    "no_of_uses:int coupon_scope existing_discount_rule:list existing_discount_rule_id:list",
)


def create_service(context: Context, sent: Inputs) -> Answer:
    """Answer create_service_m."""
    number = context.tables.next_number("service_definition")
    return _write_service(context.tables, new_service(number, str(number)), sent)


def update_service(context: Context, sent: Inputs) -> Answer:
    """Answer update_service_m; the change shows on every plan that has the service."""
    held = named(context, sent, "service_definition", ("service_no", "client_service_id"))
    return _write_service(context.tables, held, sent)


def _write_service(tables: Tables, held: Row, sent: Inputs) -> Answer:
    kind = service_type(sent["service_type"], "service_type")
    client_id = sent.get("client_service_id", held["client_service_id"])
    check_free(tables, "service_definition", "client_service_id", client_id, held["service_no"])
    usage_type = held["usage_type_no"]
    if "usage_type" in sent:
        usage_type = read_int("usage_type", sent["usage_type"])
    check_usage_type(tables, kind, usage_type)
    tables.change(
        "service_definition",
        held,
        client_service_id=client_id,
        service_desc=sent["service_name"],
        service_type=kind,
        usage_type_no=usage_type if kind == USAGE_BASED else None,
        taxable_ind=sent.get("taxable_ind", held["taxable_ind"]),
        coa_id=sent.get("gl_cd", held["coa_id"]),
    )
    return {"service_no": held["service_no"]}


def create_inventory_item(context: Context, sent: Inputs) -> Answer:
    """Answer create_inventory_item_m; `item_no` comes back as text (aria.md §4.4)."""
    fresh = {
        "item_no": context.tables.next_number("item"),
        "active_ind": 1,
        "purchase_scope": 0,
        "coa_id": "",
        "taxable_ind": 0,
        "modify_price_ind": "N",
        "stock_level": None,
    }
    return _write_item(context.tables, fresh, sent)


def update_inventory_item(context: Context, sent: Inputs) -> Answer:
    """Answer update_inventory_item_m; the prices sent replace the stored ones."""
    held = named(context, sent, "item", ("item_no", "client_sku"))
    return _write_item(context.tables, held, sent)


def _write_item(tables: Tables, held: Row, sent: Inputs) -> Answer:
    if sent["item_type"] not in _ITEM_TYPES:
        raise invalid("item_type", "is not 0, 1 or 2")
    if sent.get("modify_price_ind", "N") not in ("Y", "N"):
        raise invalid("modify_price_ind", "is neither Y nor N")
    number = held["item_no"]
    check_free(tables, "item", "client_sku", sent["client_sku"], number)
    prices = list(_prices(tables, sent))
    tables.change(
        "item",
        held,
        client_sku=sent["client_sku"],
        item_label=sent["item_name"],
        item_desc=unless_cleared(sent["item_desc"]),
        item_type=sent["item_type"],
        active_ind=sent.get("active_ind", held["active_ind"]),
        modify_price_ind=sent.get("modify_price_ind", held["modify_price_ind"]),
        stock_level=_stock(held["stock_level"], sent),
        **field_values(tables, sent, "Item"),
    )
    tables.remove_where("item_price", lambda row: bool(row["item_no"] == number))
    for price in prices:
        tables.put("item_price", {"item_no": number, **price})
    return {"item_no": str(number), "currency_cd": sent["currency_cd"]}


def _prices(tables: Tables, sent: Inputs) -> Iterator[Row]:
    """Yield the prices of two piped lists of equal length (aria.md §2.2)."""
    currencies, prices = sent["currency_cd"].split("|"), sent["item_price"].split("|")
    if len(currencies) != len(prices) or len(set(currencies)) < len(currencies):
        raise invalid("item_price", "does not match currency_cd one to one")
    for currency, price in zip(currencies, prices, strict=True):
        check_currency(tables, "currency_cd", currency)
        amount = read_number("item_price", price)
        if amount < 0 or amount.as_tuple().exponent < _PRICE_DECIMALS:  # type: ignore[operator]  # finite
            raise invalid("item_price", f"{price[:40]} is not an amount with at most two decimals")
        yield {"currency_cd": currency, "price": amount}


def _stock(held: Decimal | None, sent: Inputs) -> Decimal | None:
    if sent.get("stock_level_track") == 0:
        return None
    if "stock_level_adjust" in sent or "stock_level_track" in sent:
        return (held or Decimal(0)) + Decimal(sent.get("stock_level_adjust", 0))
    return held


def create_promo_plan_set(context: Context, sent: Inputs) -> Answer:
    """Answer create_promo_plan_set_m."""
    number = context.tables.next_number("plan_set")
    fresh = {"promo_plan_set_no": number, "client_plan_type_id": str(number)}
    return _write_plan_set(context.tables, fresh, sent)


def update_promo_plan_set(context: Context, sent: Inputs) -> Answer:
    """Answer update_promo_plan_set_m; a list of plans not sent empties the set (inferred)."""
    held = named(context, sent, "plan_set", ("promo_plan_set_no", "client_plan_type_id"))
    return _write_plan_set(context.tables, held, sent)


def _write_plan_set(tables: Tables, held: Row, sent: Inputs) -> Answer:
    number = held["promo_plan_set_no"]
    client_id = sent.get("client_plan_type_id", held["client_plan_type_id"])
    check_free(tables, "plan_set", "client_plan_type_id", client_id, number)
    names = ("plan_no", "client_plan_id")
    plans = {plan_named(tables, value, name) for name in names for value in sent.get(name, [])}
    tables.change(
        "plan_set",
        held,
        client_plan_type_id=client_id,
        promo_plan_set_name=sent["promo_plan_set_name"],
        promo_plan_set_desc=unless_cleared(sent["promo_plan_set_desc"]),
        plan_nos=sorted(plans),
    )
    return {"promo_plan_set_no": str(number)}


def create_promotion(context: Context, sent: Inputs) -> Answer:
    """Answer create_promotion_m: valid for some uses, or from a date, or for ever."""
    if context.tables.get("promotion", sent["promo_cd"]) is not None:
        raise duplicate("promo_cd", sent["promo_cd"])
    fresh = {"promo_cd": sent["promo_cd"], "start_date": None, "exp_date": None, "no_of_uses": None}
    return _write_promotion(context.tables, fresh, sent)


def update_promotion(context: Context, sent: Inputs) -> Answer:
    """Answer update_promotion_m; a validity that is not sent stays."""
    held = context.tables.get("promotion", sent["promo_cd"])
    if held is None:
        raise not_found("promo_cd")
    return _write_promotion(context.tables, held, sent)


def _write_promotion(tables: Tables, held: Row, sent: Inputs) -> Answer:
    if tables.get("plan_set", sent["promo_plan_set_no"]) is None:
        raise not_found("promo_plan_set_no")
    dates = {name: sent[name] for name in ("start_date", "exp_date") if name in sent}
    if "no_of_uses" in sent and dates:
        raise invalid("no_of_uses", "excludes start_date and exp_date")
    validity: dict[str, Any] = {name: _date(value) for name, value in dates.items()}
    if "no_of_uses" in sent:
        validity = {"no_of_uses": sent["no_of_uses"], "start_date": None, "exp_date": None}
    elif dates:
        validity["no_of_uses"] = None
    row = {**held, **validity, "promo_desc": unless_cleared(sent["promo_desc"])}
    if row["exp_date"] and not row["start_date"]:
        raise missing("start_date")
    _check_period(row["start_date"], row["exp_date"], "exp_date")
    tables.put("promotion", {**row, "promo_plan_set_no": sent["promo_plan_set_no"]})
    return {"promo_cd": held["promo_cd"]}


def create_coupon(context: Context, sent: Inputs) -> Answer:
    """Answer create_coupon_m."""
    if context.tables.get("coupon", sent["coupon_cd"]) is not None:
        raise duplicate("coupon_cd", sent["coupon_cd"])
    fresh = {"coupon_desc": "", "coupon_msg": "", "no_of_uses": 1, "coupon_scope": ""}
    fresh |= {"rule_no": None}
    return _write_coupon(context.tables, {**fresh, "coupon_cd": sent["coupon_cd"]}, sent)


def update_coupon(context: Context, sent: Inputs) -> Answer:
    """Answer update_coupon_m."""
    held = context.tables.get("coupon", sent["coupon_cd"])
    if held is None:
        raise not_found("coupon_cd")
    return _write_coupon(context.tables, held, sent)


def _write_coupon(tables: Tables, held: Row, sent: Inputs) -> Answer:
    if CLEAR in (sent["start_date"], sent["end_date"]):
        raise missing("start_date or end_date")
    _check_period(sent["start_date"], sent["end_date"], "end_date")
    texts = {
        name: unless_cleared(sent[name])
        for name in ("coupon_desc", "coupon_msg", "coupon_scope")
        if name in sent
    }
    rules = _rules(tables, sent)
    names = ("status_ind", "start_date", "end_date", "no_of_uses")
    given: Row = {"rule_no": rules[0]} if rules else {}
    tables.put(
        "coupon", {**held, **texts, **given, **{name: sent[name] for name in names if name in sent}}
    )
    return {"coupon_cd": held["coupon_cd"]}


def _rules(tables: Tables, sent: Inputs) -> list[int]:
    """Return the discount rule that a coupon is given, by number or client-defined id.

    Raises:
        AriaError: 1013 for one that there is not, 1014 for several: a coupon here has one.
    """
    found = [
        read_int("existing_discount_rule", value)
        for value in sent.get("existing_discount_rule", [])
    ]
    found += [
        tables.number("discount_rule", str(value)) or 0
        for value in sent.get("existing_discount_rule_id", [])
    ]
    if any(tables.get("discount_rule", number) is None for number in found):
        raise not_found("existing_discount_rule or existing_discount_rule_id")
    if len(set(found)) > 1:
        raise AriaError(Code.NOT_ALLOWED, "action not allowed: the sandbox keeps one rule a coupon")
    return found


def delete_coupons(context: Context, sent: Inputs) -> Answer:
    """Answer delete_coupons_m: all or none, by code, as coupons have no number (inferred)."""
    codes = [str(code) for code in sent["coupon_nos"]]
    for code in codes:
        row = context.tables.get("coupon", code)
        if row is None:
            raise not_found(f"coupon {code[:40]}")
        context.tables.remove("coupon", row)
    return {"coupons": [{"coupon_cd": code} for code in codes]}


def _date(value: str) -> str | None:
    return None if value == CLEAR else value


def _check_period(start: str | None, end: str | None, name: str) -> None:
    if start and end and end < start:
        raise invalid(name, "lies before start_date")
