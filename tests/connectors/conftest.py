"""The sandbox, reset before each test, and connectors to it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from app.domain.control import CancelToken
from app.domain.mapping import WorkspaceMapping
from app.domain.mapping_file import parse_mapping
from app.sandbox.dataset import Dataset
from app.sandbox.launch import Sandbox, SandboxOptions
from tests.connectors.account_world import AccountWorld, accounts_mapping
from tests.connectors.orb_world import OrbWorld, to_sandbox
from tests.connectors.world import SIDES, World, connected


@pytest.fixture(scope="session")
def mapping() -> WorkspaceMapping:
    path = Path(__file__).parents[2] / "resources" / "mappings" / "aria_catalog.toml"
    return parse_mapping(path.read_text(encoding="utf-8"), path.name)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[dict[str, Any]]:
    with Sandbox(SandboxOptions()) as running:
        yield running.ready


def signed_in_again(ready: dict[str, Any]) -> dict[str, Any]:
    form = {
        "grant_type": "refresh_token",
        "client_id": ready["client_id"],
        "client_secret": ready["client_secret"],
        "refresh_token": ready["refresh_token"],
    }
    url = f"{ready['instance_url']}/services/oauth2/token"
    answer = requests.post(url, data=form, timeout=10)
    answer.raise_for_status()
    return {**ready, "access_token": answer.json()["access_token"]}


@pytest.fixture
def world(sandbox: dict[str, Any], mapping: WorkspaceMapping) -> World:
    # A test that moves the clock ends the sessions of those that come after it.
    ready = {**sandbox, "salesforce": signed_in_again(sandbox["salesforce"])}
    connectors = {kind: connected(kind, ready[kind], mapping) for kind in SIDES}
    made = World(ready, mapping, connectors)
    made.reset()
    return made


@pytest.fixture(scope="module")
def small_aria() -> Iterator[dict[str, Any]]:
    with Sandbox(SandboxOptions(size=1, systems=["aria"])) as running:
        yield running.ready


@pytest.fixture
def accounts(small_aria: dict[str, Any]) -> Iterator[AccountWorld]:
    """Return a small Aria with the mapping of accounts; it is as new."""
    mapping = accounts_mapping()
    connector = connected("aria", small_aria["aria"], mapping)
    made = AccountWorld(small_aria, mapping, {"aria": connector})
    made.reset()
    yield made
    connector.close()


@pytest.fixture
def token() -> CancelToken:
    return CancelToken()


@pytest.fixture(scope="session")
def orb_mapping() -> WorkspaceMapping:
    path = Path(__file__).parents[2] / "resources" / "mappings" / "orb.toml"
    return parse_mapping(path.read_text(encoding="utf-8"), path.name)


@pytest.fixture(scope="session")
def orb(orb_mapping: WorkspaceMapping) -> Iterator[OrbWorld]:
    """Return a small Orb that no test changes; its clock stands, or today's costs would grow."""
    empty = Dataset(aria={}, salesforce={}, drift=())
    with Sandbox(SandboxOptions(systems=["orb"], dataset=empty, size=1)) as running:
        running.clock.run(runs=False)
        connector = to_sandbox(running, orb_mapping)
        yield OrbWorld(running, orb_mapping, connector)
        connector.close()


@pytest.fixture
def own_orb(orb_mapping: WorkspaceMapping) -> Iterator[OrbWorld]:
    """Return an Orb in test mode, which holds the catalog alone, for tests that change it."""
    empty = Dataset(aria={}, salesforce={}, drift=())
    with Sandbox(SandboxOptions(systems=["orb"], dataset=empty, size=1)) as running:
        running.ready["orb"]["api_key"] = running.ready["orb"]["test_api_key"]
        connector = to_sandbox(running, orb_mapping, mode="test")
        yield OrbWorld(running, orb_mapping, connector)
        connector.close()
