"""Northwind Telecom's customers in Orb, as bodies of requests."""

from dataclasses import dataclass
from random import Random

from app.sandbox.dataset.draw import chance, one_in
from app.sandbox.dataset.values import Row

_FIRST = (
    "Alder", "Birch", "Cedar", "Dune", "Ember", "Fjord", "Glade", "Harbour", "Iris", "Juniper",
    "Kestrel", "Lumen", "Meridian", "Nimbus", "Orchard", "Pioneer", "Quarry", "Ridge", "Summit",
    "Tidal",
)  # fmt: skip
_SECOND = (
    "Analytics", "Bakery", "Clinic", "Design", "Energy", "Foods", "Games", "Hotels", "Insurance",
    "Justice", "Kitchens", "Logistics", "Media", "Networks", "Optics", "Press", "Robotics",
)  # fmt: skip
_PLACES = (
    ("Europe/Berlin", "Berlin", "10115", "DE", "EUR"),
    ("America/New_York", "New York", "10001", "US", "USD"),
    ("America/Los_Angeles", "San Francisco", "94103", "US", "USD"),
    ("Europe/London", "London", "EC1A 1BB", "GB", "GBP"),
    ("Etc/UTC", "Chicago", "60601", "US", "USD"),
    ("Asia/Tokyo", "Tokyo", "100-0001", "JP", "USD"),
)


@dataclass(frozen=True, slots=True)
class CustomerOrder:
    """A customer to be made: its body, its currency, and how it pays."""

    body: Row
    currency: str
    pays_after_days: int | None = None
    flaky: bool = False  # the first attempts on some invoices are declined
    tax: Row | None = None
    parent: int | None = None  # number of the customer that is its parent


def customer_order(number: int, random: Random) -> CustomerOrder:
    """Return the customer with a number, counted from 0; the same draws give the same customer."""
    zone, city, postal_code, country, currency = random.choice(_PLACES)
    name = f"{_FIRST[number % 20]} {_SECOND[number // 20 % 17]}"
    if number >= 20 * 17:
        name = f"{name} {number // (20 * 17) + 1}"
    domain = name.lower().replace(" ", "-")
    if one_in(40, number, 7):
        name = f"{name} and all companies affiliated with it " + "in every country " * 13
    method = random.choice(("card", "card", "card", "wire", "wire", "books", "none"))
    body: Row = {
        "name": name.strip(),
        "email": f"billing@{domain}.example",
        "timezone": zone,
        "external_customer_id": None if one_in(12, number, 11) else f"NW-{10001 + number}",
        "billing_address": {
            "line1": f"{1 + number % 90} Market Street",
            "city": city,
            "postal_code": postal_code,
            "country": country,
        },
        "auto_collection": method == "card",
        "auto_issuance": False if one_in(15, number, 4) else None,
        "additional_emails": [f"finance@{domain}.example"] if chance(random, 0.3) else [],
        "metadata": {
            "segment": random.choice(("small business", "mid-market", "enterprise")),
            "account_site": domain,
        },
    }
    if country == "DE":
        body["tax_id"] = {"country": "DE", "type": "eu_vat", "value": f"DE{100000000 + number}"}
    if method in {"card", "books"}:
        body["payment_provider"] = "stripe_charge" if method == "card" else "netsuite"
        body["payment_provider_id"] = f"cus_{number:06d}"
    return CustomerOrder(
        body,
        currency,
        pays_after_days=None if method in {"card", "none"} else random.randint(5, 45),
        flaky=one_in(5, number, 2),
        tax={"description": "VAT", "percentage": "19.0"} if country == "DE" else None,
        parent=number - 1 if one_in(16, number, 9) else None,
    )
