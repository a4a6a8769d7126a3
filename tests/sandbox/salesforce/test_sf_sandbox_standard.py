"""The standard objects around billing: prices, lines, totals, status rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.salesforce.conftest import SandboxClient


class Shop:
    """An org with a product, its standard price, an account."""

    def __init__(self, org: SandboxClient) -> None:
        self.org = org
        self.book = org.query("SELECT Id FROM Pricebook2 WHERE IsStandard = true")[0]["Id"]
        self.product = org.insert("Product2", Name="Fibre", ProductCode="F1", IsActive=True)
        self.entry = self.price(self.book, 50)
        self.account = org.insert("Account", Name="Acme")

    def price(self, book: str, price: object, **more: Any) -> str:
        pair = {"Pricebook2Id": book, "Product2Id": self.product}
        return self.org.insert("PricebookEntry", UnitPrice=price, IsActive=True, **pair, **more)

    def deal(self, **more: Any) -> str:
        wish = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2030-01-31", **more}
        return self.org.insert("Opportunity", AccountId=self.account, **wish)

    def order(self, **more: Any) -> str:
        wish = {"EffectiveDate": "2030-01-01", "Status": "Draft", "Pricebook2Id": self.book}
        return self.org.insert("Order", AccountId=self.account, **{**wish, **more})

    def row(self, table: str, record_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.org.get(f"sobjects/{table}/{record_id}").json()
        return found

    def code(self, method: str, path: str, **body: Any) -> str:
        answer = self.org.send(method, path, json=body or None)
        assert answer.status_code == 400, answer.text
        return str(answer.json()[0]["errorCode"])


@pytest.fixture
def shop(org: SandboxClient) -> Iterator[Shop]:
    yield Shop(org)  # noqa: PT022 - it lives as long as the org


def test_a_standard_price_comes_before_others_and_once(shop: Shop) -> None:
    book = shop.org.insert("Pricebook2", Name="Own", IsActive=True)
    bare = shop.org.insert("Product2", Name="Bare")
    wish = {"Pricebook2Id": book, "Product2Id": bare, "UnitPrice": 1}
    assert shop.code("POST", "sobjects/PricebookEntry", **wish) == "STANDARD_PRICE_NOT_DEFINED"
    again = {"Pricebook2Id": shop.book, "Product2Id": shop.product, "UnitPrice": 2}
    assert shop.code("POST", "sobjects/PricebookEntry", **again) == "DUPLICATE_VALUE"
    own = shop.price(book, 7, UseStandardPrice=True)
    assert shop.row("PricebookEntry", own)["UnitPrice"] == 50.0
    shop.org.patch(f"sobjects/PricebookEntry/{shop.entry}", {"UnitPrice": 60})
    assert shop.row("PricebookEntry", own)["UnitPrice"] == 60.0


def test_a_stage_says_how_likely_a_deal_is(shop: Shop) -> None:
    deal = shop.deal(Amount=200, StageName="Value Proposition")
    row = shop.row("Opportunity", deal)
    assert (row["Probability"], row["ExpectedRevenue"], row["IsClosed"]) == (50.0, 100.0, False)
    shop.org.patch(f"sobjects/Opportunity/{deal}", {"StageName": "Closed Won"})
    row = shop.row("Opportunity", deal)
    assert (row["IsWon"], row["IsClosed"], row["ForecastCategory"]) == (True, True, "Closed")


def test_lines_make_the_amount_of_a_deal(shop: Shop) -> None:
    deal = shop.deal(Amount=1)
    line = {"OpportunityId": deal, "PricebookEntryId": shop.entry, "Quantity": 3}
    made = shop.org.insert("OpportunityLineItem", **line, UnitPrice=40, Discount=50)
    row = shop.row("OpportunityLineItem", made)
    assert (row["TotalPrice"], row["ListPrice"], row["ProductCode"]) == (60.0, 50.0, "F1")
    shop.org.patch(f"sobjects/Opportunity/{deal}", {"Amount": 999})
    parent = shop.row("Opportunity", deal)
    assert (parent["Amount"], parent["Pricebook2Id"]) == (60.0, shop.book)
    shop.org.send("DELETE", f"sobjects/OpportunityLineItem/{made}")
    assert shop.row("Opportunity", deal)["HasOpportunityLineItem"] is False
    answer = shop.org.get("queryAll", params={"q": "SELECT Id FROM OpportunityLineItem"})
    assert answer.json()["totalSize"] == 0


def test_a_line_takes_one_price_and_a_quantity_keeps_the_total(shop: Shop) -> None:
    line = {"OpportunityId": shop.deal(), "PricebookEntryId": shop.entry, "Quantity": 2}
    path = "sobjects/OpportunityLineItem"
    assert shop.code("POST", path, **line) == "REQUIRED_FIELD_MISSING"
    assert shop.code("POST", path, **line, UnitPrice=1, TotalPrice=2) == "FIELD_INTEGRITY_EXCEPTION"
    made = shop.org.insert("OpportunityLineItem", **line, TotalPrice=100)
    shop.org.patch(f"{path}/{made}", {"Quantity": 4})
    row = shop.row("OpportunityLineItem", made)
    assert (row["UnitPrice"], row["TotalPrice"]) == (25.0, 100.0)


def test_a_line_is_of_its_headers_price_book(shop: Shop) -> None:
    book = shop.org.insert("Pricebook2", Name="Own", IsActive=True)
    other = shop.price(book, 7)
    line = {"OpportunityId": shop.deal(Pricebook2Id=shop.book), "PricebookEntryId": other}
    wish = {**line, "Quantity": 1, "UnitPrice": 1}
    answer = shop.org.post("sobjects/OpportunityLineItem", wish)
    assert answer.json()[0]["message"] == (
        "pricebook entry is in a different pricebook than the one assigned to the opportunity"
    )
    assert answer.json()[0]["fields"] == ["PricebookEntryId"]


def test_an_order_is_activated_by_its_status_alone_and_with_items(shop: Shop) -> None:
    order = shop.order()
    path = f"sobjects/Order/{order}"
    assert shop.code("PATCH", path, Status="Activated") == "FAILED_ACTIVATION"
    item = {"OrderId": order, "PricebookEntryId": shop.entry, "Quantity": 2, "UnitPrice": 45}
    made = shop.org.insert("OrderItem", **item)
    assert shop.code("PATCH", path, Status="Activated", PoNumber="1") == "FAILED_ACTIVATION"
    assert shop.org.patch(path, {"Status": "Activated"}).status_code == 204
    row = shop.row("Order", order)
    assert (row["TotalAmount"], row["StatusCode"]) == (90.0, "Activated")
    assert row["ActivatedDate"].endswith("+0000")
    assert shop.code("POST", "sobjects/OrderItem", **item) == "FIELD_INTEGRITY_EXCEPTION"
    assert shop.code("PATCH", f"sobjects/OrderItem/{made}", Quantity=3)
    assert shop.code("DELETE", path) == "DELETE_FAILED"
    assert shop.org.patch(path, {"Status": "Draft"}).status_code == 204
    assert shop.org.send("DELETE", path).status_code == 204


def test_an_order_needs_an_account_and_begins_as_a_draft(shop: Shop) -> None:
    wish = {"EffectiveDate": "2030-01-01", "Status": "Draft"}
    assert shop.code("POST", "sobjects/Order", **wish) == "REQUIRED_FIELD_MISSING"
    begun = {**wish, "Status": "Activated", "AccountId": shop.account}
    assert shop.code("POST", "sobjects/Order", **begun) == "FAILED_ACTIVATION"
    bookless = shop.order(Pricebook2Id=None)
    item = {"OrderId": bookless, "PricebookEntryId": shop.entry, "Quantity": 1, "UnitPrice": 1}
    assert shop.code("POST", "sobjects/OrderItem", **item) == "FIELD_INTEGRITY_EXCEPTION"


def test_a_contract_ends_after_its_term_and_stays_activated(shop: Shop) -> None:
    contract = shop.org.insert("Contract", AccountId=shop.account)
    path = f"sobjects/Contract/{contract}"
    assert shop.row("Contract", contract)["Status"] == "Draft"
    assert shop.code("PATCH", path, Status="Activated") == "REQUIRED_FIELD_MISSING"
    shop.org.patch(path, {"StartDate": "2030-01-31", "ContractTerm": 1})
    assert shop.row("Contract", contract)["EndDate"] == "2030-02-27"
    assert shop.org.patch(path, {"Status": "Activated"}).status_code == 204
    assert shop.code("PATCH", path, Status="Draft") == "INVALID_STATUS"
    assert shop.code("DELETE", path) == "DELETE_FAILED"


def test_a_quote_follows_its_deal_and_sums_its_lines(shop: Shop) -> None:
    quote = shop.org.insert("Quote", Name="Q", OpportunityId=shop.deal(Pricebook2Id=shop.book))
    line = {"QuoteId": quote, "PricebookEntryId": shop.entry, "Quantity": 2, "UnitPrice": 10}
    shop.org.insert("QuoteLineItem", **line)
    shop.org.patch(f"sobjects/Quote/{quote}", {"Tax": 5})
    row = shop.row("Quote", quote)
    assert (row["AccountId"], row["Status"], row["LineItemCount"]) == (shop.account, "Draft", 1)
    assert (row["TotalPrice"], row["GrandTotal"]) == (20.0, 25.0)


def test_an_asset_needs_an_owner_and_knows_its_root(shop: Shop) -> None:
    assert shop.code("POST", "sobjects/Asset", Name="A") == "FIELD_INTEGRITY_EXCEPTION"
    root = shop.org.insert("Asset", Name="A", AccountId=shop.account, Product2Id=shop.product)
    child = shop.org.insert("Asset", Name="B", AccountId=shop.account, ParentId=root)
    assert shop.row("Asset", child)["RootAssetId"] == root
    assert shop.row("Asset", root)["ProductCode"] == "F1"


def test_children_are_found_by_the_names_of_the_documentation(shop: Shop) -> None:
    soql = "SELECT Id, (SELECT Id FROM {}) FROM {} LIMIT 1"
    for parent, child in (("Account", "Orders"), ("Account", "Contracts"), ("Account", "Assets"),
                          ("Account", "Opportunities"), ("Opportunity", "OpportunityLineItems"),
                          ("Opportunity", "Quotes"), ("Order", "OrderItems"),
                          ("Pricebook2", "Orders"), ("Quote", "QuoteLineItems")):  # fmt: skip
        shop.org.query(soql.format(child, parent))
    assert shop.org.refusal(soql.format("OrderItems", "Product2"))[0] == "INVALID_TYPE"
