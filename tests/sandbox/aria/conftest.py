"""A running Aria, and a client that speaks to it over HTTP like anybody's program."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import requests

from app.sandbox.launch import Sandbox, SandboxOptions

Call = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(SandboxOptions(systems=["aria"], seed=1)) as running:
        yield running


@pytest.fixture(scope="session")
def session() -> Iterator[requests.Session]:
    with requests.Session() as opened:
        yield opened


@pytest.fixture
def aria(sandbox: Sandbox) -> dict[str, Any]:
    """Return where Aria is; its data are in step and fresh, its clock is right, for each test."""
    sandbox.clock.set(datetime.now(UTC))
    sandbox.systems["aria"].reset(drift=False)
    return dict(sandbox.ready["aria"])


@pytest.fixture
def core(aria: dict[str, Any], session: requests.Session) -> Call:
    return _caller(aria, aria["core_url"], session)


@pytest.fixture
def admin(aria: dict[str, Any], session: requests.Session) -> Call:
    return _caller(aria, aria["admin_url"], session)


@pytest.fixture
def query(aria: dict[str, Any], session: requests.Session) -> Call:
    return _caller(aria, aria["object_query_url"], session)


@pytest.fixture
def in_step(sandbox: Sandbox) -> Any:
    """Return the data set that the sandbox serves."""
    return sandbox.systems["aria"]._settings.dataset  # type: ignore[attr-defined]


def _caller(aria: dict[str, Any], url: str, session: requests.Session) -> Call:
    def call(name: str, **inputs: Any) -> dict[str, Any]:
        who = {"client_no": aria["client_no"], "auth_key": aria["auth_key"]}
        response = session.post(url, json={"rest_call": name, **who, **inputs}, timeout=10)
        assert response.status_code == 200
        assert response.headers["Content-Type"].startswith("application/json")
        return dict(response.json(parse_float=Decimal))

    return call
