"""Core calls that read items sold once, their prices and fields (aria.md §2.1)."""

from collections.abc import Iterator
from decimal import Decimal

from app.sandbox.aria.context import Answer, Context
from app.sandbox.aria.core_plans import values_of
from app.sandbox.aria.inputs import Inputs
from app.sandbox.aria.tables import Row, Tables


def get_client_items_all(context: Context, sent: Inputs) -> Answer:
    """Answer get_client_items_all_m; inactive items come with include_inactive_items="true"."""
    tables = context.tables
    return {
        "all_client_item_details": [
            {
                **_basic(item),
                "all_item_prices": [_price(row) for row in _prices(tables, item, sent)],
                "all_item_images": [],
                "all_item_supp_fields": list(_fields(tables, item)),
                "all_item_classes": [],
            }
            for item in _selected(tables, sent)
        ]
    }


def get_client_items_basic(context: Context, sent: Inputs) -> Answer:
    """Answer get_client_items_basic_m: items without prices and fields."""
    return {"items_basic_details": [_basic(item) for item in _selected(context.tables, sent)]}


def get_client_item_prices(context: Context, sent: Inputs) -> Answer:
    """Answer get_client_item_prices_m: the prices of all items, or of the one asked for."""
    rows: list[Row] = []
    for item in _selected(context.tables, sent):
        rows.extend({**_price(row), "schedule": []} for row in _prices(context.tables, item, sent))
    return {"item_rates": rows}


def get_client_item_supp_fields(context: Context, sent: Inputs) -> Answer:
    """Answer get_client_item_supp_fields_m."""
    items = _selected(context.tables, sent)
    return {
        "all_item_supp_fields": [row for item in items for row in _fields(context.tables, item)]
    }


def _selected(tables: Tables, sent: Inputs) -> Iterator[Row]:
    for item in sorted(tables.all("item"), key=lambda item: int(item["item_no"])):
        prices = list(_prices(tables, item, sent))
        free = all(row["price"] == Decimal(0) for row in prices)
        if (
            (item["active_ind"] or sent.get("include_inactive_items", False))
            and sent.get("filter_item_no", item["item_no"]) == item["item_no"]
            and sent.get("filter_client_item_id", item["client_sku"]) == item["client_sku"]
            and sent.get("purchase_scope", item["purchase_scope"]) == item["purchase_scope"]
            and (prices or "filter_currency_cd" not in sent)
            and (not free or sent.get("return_no_cost_items", True))
        ):
            yield item


def _prices(tables: Tables, item: Row, sent: Inputs) -> Iterator[Row]:
    currency = sent.get("filter_currency_cd")
    for row in tables.group("item_price", "item_no", item["item_no"]):
        if currency in (None, row["currency_cd"]):
            yield row


def _price(row: Row) -> Row:
    return {
        "price": row["price"],
        "price_per_unit": row["price"],
        "currency_cd": row["currency_cd"],
    }


def _basic(item: Row) -> Row:
    return {
        "item_no": item["item_no"],
        "item_label": item["item_label"],
        "item_desc": item["item_desc"],
        "item_type": item["item_type"],
        "client_sku": item["client_sku"],
        "client_item_id": item["client_sku"],
        "service_no": None,
        "client_service_id": "",
        "stock_level": item["stock_level"],
        "active_ind": item["active_ind"],
        "modify_price_ind": item["modify_price_ind"],
        "subunit_qty": None,
        "subunit_label": "",
        "coa_id": item["coa_id"],
        "client_coa_code": item["coa_id"],
        "taxable_ind": item["taxable_ind"],
        "tax_group": None,
        "purchase_scope": item["purchase_scope"],
    }


def _fields(tables: Tables, item: Row) -> Iterator[Row]:
    for field in tables.group("supp_field", "associated_object", "Item"):
        for value in values_of(item.get(field["field_name"])):
            yield {
                "field_name": field["field_name"],
                "field_desc": field["description"],
                "field_order_no": field["field_no"],
                "field_value": value,
            }
