"""The sandbox, reset before each test, and connectors to it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.domain.control import CancelToken
from app.domain.mapping import WorkspaceMapping
from app.domain.mapping_file import parse_mapping
from app.sandbox.launch import Sandbox, SandboxOptions
from tests.connectors.world import SIDES, World, connected


@pytest.fixture(scope="session")
def mapping() -> WorkspaceMapping:
    path = Path(__file__).parents[2] / "resources" / "mappings" / "aria_catalog.toml"
    return parse_mapping(path.read_text(encoding="utf-8"), path.name)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[dict[str, Any]]:
    with Sandbox(SandboxOptions()) as running:
        yield running.ready


@pytest.fixture
def world(sandbox: dict[str, Any], mapping: WorkspaceMapping) -> World:
    connectors = {kind: connected(kind, sandbox[kind], mapping) for kind in SIDES}
    made = World(sandbox, mapping, connectors)
    made.reset()
    return made


@pytest.fixture
def token() -> CancelToken:
    return CancelToken()
