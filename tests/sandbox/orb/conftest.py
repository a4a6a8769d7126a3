"""A running Orb, and a client of it."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from app.sandbox.dataset import Dataset
from app.sandbox.launch import Sandbox, SandboxOptions
from app.sandbox.orb import OrbSystem
from tests.sandbox.orb.client import Orb


@pytest.fixture(scope="session")
def orb_sandbox() -> Iterator[Sandbox]:
    empty = Dataset(aria={}, salesforce={}, drift=())
    with Sandbox(SandboxOptions(systems=["orb"], dataset=empty, size=900)) as running:
        yield running


@pytest.fixture(scope="session")
def orb_session() -> Iterator[requests.Session]:
    with requests.Session() as opened:
        yield opened


@pytest.fixture
def orb(orb_sandbox: Sandbox, orb_session: requests.Session) -> Orb:
    """Return a client of an Orb whose data and clock are fresh."""
    system = orb_sandbox.systems["orb"]
    assert isinstance(system, OrbSystem)
    orb_sandbox.clock._offset *= 0
    system.reset(drift=False)
    ready = orb_sandbox.ready
    return Orb(dict(ready["orb"]), orb_session, ready["control_url"], system)


@pytest.fixture
def customer(orb: Orb) -> dict[str, Any]:
    """Return a new customer without anything."""
    body = {"name": "Kestrel Robotics", "email": "ap@kestrel.example", "timezone": "Europe/Berlin"}
    found: dict[str, Any] = orb.make("/customers", {**body, "external_customer_id": "EXT/1 ä"})
    return found


@pytest.fixture
def item(orb: Orb) -> str:
    """Return an item of a test account, on 10 March 2030."""
    orb.ready["api_key"] = orb.ready["test_api_key"]  # where nobody else is billed
    orb.control("POST", "/clock", {"now": "2030-03-10T12:00:00+00:00"})
    return str(orb.make("/items", {"name": "Seat"})["id"])


@pytest.fixture
def buyer(orb: Orb, item: str) -> dict[str, Any]:
    """Return a customer of that account."""
    assert item
    return dict(orb.make("/customers", {"name": "Buyer", "email": "b@buyer.example"}))
