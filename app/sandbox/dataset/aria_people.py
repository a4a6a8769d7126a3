"""Northwind Telecom's customers in Aria: who they are and where they live."""

from dataclasses import dataclass
from random import Random

from app.sandbox.dataset.draw import one_in
from app.sandbox.dataset.values import Row

_FIRST = (
    "Amber", "Basalt", "Copper", "Delta", "Evergreen", "Falcon", "Granite", "Heron", "Indigo",
    "Jasper", "Krüger", "Larch", "Maple", "Nordic", "Onyx", "Pebble", "Quartz", "River", "Sønder",
    "Thistle",
)  # fmt: skip
_SECOND = (
    "Bank", "Cafés", "Dental", "Estates", "Freight", "Garden", "Health", "Imports", "Joinery",
    "Kitchens", "Legal", "Motors", "Nursery", "Outdoor", "Printing", "Retail", "Schools",
)  # fmt: skip
_GIVEN = ("Ada", "Bruno", "Chloé", "Dmitri", "Elif", "Farid", "Grace", "Hiro", "Inês", "Jonas")
_FAMILY = ("Nowak", "O'Neill", "Müller", "García", "Svensson", "Tanaka", "Osei", "Rossi", "Leroy")


@dataclass(frozen=True, slots=True)
class Place:
    """A city; `state` is for the United States, `locality` for all others (aria.md §1.7)."""

    city: str
    state: str
    locality: str
    postal_code: str
    country: str
    currency: str


_PLACES = (
    Place("Boston", "MA", "", "02101", "US", "usd"),
    Place("San Francisco", "CA", "", "94103", "US", "usd"),
    Place("Austin", "TX", "", "73301", "US", "usd"),
    Place("Berlin", "", "Berlin", "10115", "DE", "eur"),
    Place("München", "", "Bayern", "80331", "DE", "eur"),
    Place("London", "", "Greater London", "EC1A 1BB", "GB", "gbp"),
)


@dataclass(frozen=True, slots=True)
class Person:
    """A customer: its contact under Aria's names, and the currency it pays in."""

    contact: Row
    currency: str
    consumer: bool


def person(number: int, random: Random) -> Person:
    """Return the customer with a number, counted from 0; the same draws give the same one."""
    place = random.choice(_PLACES)
    given, family = random.choice(_GIVEN), random.choice(_FAMILY)
    consumer = one_in(11, number, 6)
    company = "" if consumer else f"{_FIRST[number % 20]} {_SECOND[number // 20 % 17]}"
    if company and number >= len(_FIRST) * len(_SECOND):
        company = f"{company} {number // (len(_FIRST) * len(_SECOND)) + 1}"
    contact = {
        "first_name": given,
        "middle_initial": "" if number % 3 else "R",
        "last_name": family,
        "company_name": company,
        "address1": f"{1 + number % 180} Station Road",
        "address2": "Building B" if one_in(7, number, 2) else "",
        "city": place.city,
        "locality": place.locality,
        "state_prov": place.state,
        "country_cd": place.country,
        "postal_cd": place.postal_code,
        "phone": f"617555{number % 10000:04d}",
        "cell_phone": "",
        "work_phone": "",
        "email": "" if one_in(13, number, 9) else f"billing@customer-{10001 + number}.example",
    }
    return Person(contact, place.currency, consumer)
