"""Prices in Salesforce's price books: the dry run knows which come before their standard price."""

from collections.abc import Iterator

import pytest
import requests

from tests.end_to_end.front_door import Concord, Door

BOOKS = {"usd": "", "eur": "Europe", "gbp": "Britain"}
MAPPING = """
schema = 1
name = "prices"
billing = "aria"

[[entity]]
name = "item"
label = "Product"
plural = "Products"
sobject = "Product2"
key = { billing = "client_sku", salesforce = "Aria_Key__c" }
title = "name"
fields = [
    { name = "name", billing = "item_label", salesforce = "Name", type = "text", owner = "both" },
]

[[entity]]
name = "item_price"
label = "Price"
plural = "Prices"
sobject = "PricebookEntry"
key = { billing = "=key", salesforce = "Aria_Key__c" }
parent = "item"
title = "book"
fields = [
    { name = "price", billing = "price", salesforce = "UnitPrice", type = "decimal", scale = 2, owner = "billing" },
    { name = "book", billing = "currency_cd", salesforce = "Pricebook2Id", type = "text", lookup = "Pricebook2", map = MAP, owner = "billing" },
    { name = "item", billing = "=item", salesforce = "Product2Id", type = "reference", to = "item", owner = "billing" },
]
"""  # noqa: E501 - a table


def own_book(concord: Concord, name: str) -> str:
    """Make a price book as an admin does; return its id."""
    salesforce = concord.ready["salesforce"]
    url = f"{salesforce['instance_url']}/services/data/v66.0/sobjects/Pricebook2"
    signed = {"Authorization": f"Bearer {salesforce['access_token']}"}
    row = {"Name": name, "IsActive": True}
    return str(requests.post(url, json=row, headers=signed, timeout=20).json()["id"])


@pytest.fixture
def shop(concord: Concord, door: Door) -> Iterator[Concord]:
    """Return Concord with products in Salesforce that have no price; dollars are the standard."""
    door.reset(drift=False)
    standard = next(book["Id"] for book in door.state("salesforce", "Pricebook2"))
    ids = {code: own_book(concord, name) if name else standard for code, name in BOOKS.items()}
    file = concord.base / "prices.toml"
    table = ", ".join(f'{code} = "{book}"' for code, book in ids.items())
    file.write_text(MAPPING.replace("MAP", f"{{ {table} }}"), "utf-8")
    words = ("--billing", "aria-demo", "--salesforce", "salesforce-demo", "--mapping", str(file))
    assert concord("workspace", "create", "shop", *words).status == 0
    given = Concord(concord.base, concord.ready, "shop")
    assert given.document("prepare", "--yes")["failures"] == []
    given.document("refresh")
    assert given.settle("--entity", "item")["failures"] == []
    yield given
    door.reset(drift=True)


def prices(concord: Concord, currency: str) -> list[str]:
    """Name the prices in a currency in the file of keys; return them."""
    keys = [key for _, key in concord.kinds() if key.lower().endswith(currency)]
    lines = "\n".join(f"item_price,{key}" for key in keys)
    (concord.base / "keys.txt").write_text(lines, "utf-8")
    return sorted(keys)


def foreseen(concord: Concord) -> list[tuple[str, str]]:
    """Plan what stands in the file of keys; return what is told of standard prices."""
    plan = concord.plan("--keys", str(concord.base / "keys.txt"))
    assert not [words for words in plan["not_checked"] if "standard price" in words]
    told = [each for each in plan["problems"] if "no standard price" in each["message"]]
    return sorted((each["severity"], each["key"]) for each in told)


def test_a_price_without_its_standard_price_is_foreseen_and_refused(shop: Concord) -> None:
    keys = prices(shop, "eur")
    assert keys
    assert foreseen(shop) == [("error", key) for key in keys]
    failures = shop.commit()["failures"]
    assert sorted(failure["key"] for failure in failures) == keys
    assert all("create a standard price" in failure["message"] for failure in failures)


@pytest.mark.parametrize("read_again", [True, False])
def test_a_price_after_its_standard_price_is_not_complained_of(
    shop: Concord, *, read_again: bool
) -> None:
    prices(shop, "usd")
    assert foreseen(shop) == []
    assert shop.commit()["failures"] == []
    if read_again:
        shop.document("refresh")
    prices(shop, "eur")
    assert foreseen(shop) == []
    assert shop.commit()["failures"] == []


def test_a_price_that_comes_with_its_standard_price_is_a_warning(shop: Concord) -> None:
    keys = prices(shop, "gbp") + prices(shop, "eur")
    plan = shop.plan("--entity", "item_price")
    told = [each for each in plan["problems"] if "no standard price" in each["message"]]
    assert {each["severity"] for each in told} == {"warning"}
    assert sorted(each["key"] for each in told) == sorted(keys)
