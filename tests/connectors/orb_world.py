"""A running Orb sandbox as tests see it: a connector to it, and what the server really holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.connectors import registry
from app.connectors.orb.connector import OrbConnector
from app.connectors.protocol import Batch, Page, ReadRequest, Scope
from app.domain.control import CancelToken
from app.domain.mapping import WorkspaceMapping
from app.domain.plan import FieldChange, Operation, Outcome, Verb
from app.domain.record import BaseValue, Record, Side
from app.sandbox.launch import Sandbox
from app.sandbox.orb import OrbSystem
from tests.connectors.world import hurry


@dataclass
class OrbWorld:
    """The sandbox of one Orb account, and a connector to it."""

    sandbox: Sandbox
    mapping: WorkspaceMapping
    connector: OrbConnector

    @property
    def system(self) -> OrbSystem:
        found = self.sandbox.systems["orb"]
        assert isinstance(found, OrbSystem)
        return found

    def state(self, kind: str) -> list[dict[str, Any]]:
        return self.system.state(kind)

    def pages(self, *names: str, **request: Any) -> list[Page]:
        entities = tuple(self.mapping.entity(name) for name in names)
        return list(self.connector.read(ReadRequest(entities, **request), CancelToken()))

    def read(self, name: str, keys: Sequence[str] | None = None) -> list[Record]:
        scope = Scope.ALL if keys is None else Scope.KEYS
        found = self.pages(name, scope=scope, keys=tuple(keys or ()))
        return [record for page in found for record in page.records]

    def values(self, name: str, key: str) -> dict[str, Any]:
        (record,) = self.read(name, [key])
        fields = self.mapping.entity(name).fields
        return {field.name: value for field, value in zip(fields, record.values, strict=True)}

    def update(self, key: str, **after: BaseValue) -> Outcome:
        """Update a customer."""
        changes = tuple(FieldChange(name, None, value) for name, value in after.items())
        operation = Operation("customer", key, Side.BILLING, Verb.UPDATE, changes, 1, key, "k")
        batch = Batch(self.mapping.entity("customer"), (operation,))
        (outcome,) = self.connector.write(batch, CancelToken())
        return outcome


def connected(base_url: str, mapping: WorkspaceMapping, **settings: str) -> OrbConnector:
    """Return a connector to an address, with short pauses."""
    given = {"base_url": base_url, **settings}
    connector = registry.connect(
        "orb", "orb-demo", given, {"api_key": "secret-key"}.get, mapping=mapping
    )
    assert isinstance(connector, OrbConnector)
    hurry(connector)
    return connector


def to_sandbox(sandbox: Sandbox, mapping: WorkspaceMapping, **settings: str) -> OrbConnector:
    """Return a connector to a running sandbox, with short pauses."""
    ready = registry.from_ready("orb", sandbox.ready["orb"])
    given = {**ready.settings, **settings}
    connector = registry.connect("orb", "orb-demo", given, ready.secrets.get, mapping=mapping)
    assert isinstance(connector, OrbConnector)
    hurry(connector)
    return connector
