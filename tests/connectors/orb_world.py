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
    written: int = 0

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
        return self.write("customer", key, Verb.UPDATE, **after)

    def write(self, entity: str, key: str, verb: Verb, **after: BaseValue) -> Outcome:
        """Carry out one operation, each under an idempotency key of its own."""
        changes = tuple(FieldChange(name, None, value) for name, value in after.items())
        expects = None if verb is Verb.INSERT else 1
        self.written += 1
        operation = Operation(
            entity, key, Side.BILLING, verb, changes, expects, key, f"k{self.written}"
        )
        (outcome,) = self.connector.write(
            Batch(self.mapping.entity(entity), (operation,)), CancelToken()
        )
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
