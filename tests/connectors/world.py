"""A running sandbox as tests see it: connectors to it, and its own door."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import requests

from app.connectors import registry
from app.connectors.http import Policy
from app.connectors.protocol import Batch, Connector, ReadRequest, Scope
from app.domain.control import CancelToken
from app.domain.mapping import WorkspaceMapping
from app.domain.plan import FieldChange, Operation, Outcome, Verb
from app.domain.record import BaseValue, Record, Side

SIDES = {"aria": Side.BILLING, "salesforce": Side.SALESFORCE}
QUICK = Policy(connect_s=2, read_s=5, backoff_s=0.001)


@dataclass
class World:
    """A running sandbox and a connector to each of its systems."""

    ready: dict[str, Any]
    mapping: WorkspaceMapping
    connectors: dict[str, Connector]

    def read(self, kind: str, entity: str, keys: Sequence[str] | None = None) -> list[Record]:
        scope = Scope.ALL if keys is None else Scope.KEYS
        request = ReadRequest((self.mapping.entity(entity),), scope, tuple(keys or ()))
        pages = self.connectors[kind].read(request, CancelToken())
        return [record for page in pages for record in page.records]

    def record(self, kind: str, entity: str, key: str) -> Record:
        (record,) = self.read(kind, entity, [key])
        return record

    def value(self, kind: str, entity: str, key: str, field: str) -> object:
        values = self.record(kind, entity, key).values
        return values[self.mapping.entity(entity).index[field]]

    def write(self, kind: str, entity: str, *operations: Operation) -> list[Outcome]:
        batch = Batch(self.mapping.entity(entity), operations)
        return list(self.connectors[kind].write(batch, CancelToken()))

    def calls(self, kind: str) -> dict[str, int]:
        found: dict[str, int] = self._control("GET", "calls").json()[kind]
        return found

    def state(self, kind: str, type_name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._control("GET", f"state/{kind}/{type_name}").json()
        return found

    def fault(self, **rule: Any) -> None:
        self._control("PUT", "faults", {"rules": [rule]})

    def edit(self, kind: str, type_name: str, record_id: str, **values: Any) -> None:
        self._control("POST", f"edit/{kind}/{type_name}/{record_id}", values)

    def reset(self, *, drift: bool = False) -> None:
        self._control("PUT", "faults", {"rules": []})
        self._control("POST", "reset", {"drift": drift})
        self._control("DELETE", "calls")

    def _control(self, method: str, path: str, body: object = None) -> requests.Response:
        url = f"{self.ready['control_url']}/{path}"
        answer = requests.request(method, url, json=body, timeout=10)
        answer.raise_for_status()
        return answer


def connected(
    kind: str, part: dict[str, Any], mapping: WorkspaceMapping, **settings: str
) -> Connector:
    """Return a connector to a sandbox's system, with short pauses."""
    ready = registry.from_ready(kind, part)
    connector = registry.connect(
        kind, f"{kind}-demo", {**ready.settings, **settings}, ready.secrets.get, mapping=mapping
    )
    hurry(connector)
    return connector


def hurry(connector: Any) -> None:
    """Shorten the pauses between attempts."""
    inner = connector._session if hasattr(connector, "_session") else connector._client
    inner.http._policy = QUICK
    if hasattr(connector, "_collections"):
        connector._collections._lock_pause_s = 0.001


def make_operation(
    entity: str,
    key: str,
    verb: Verb = Verb.UPDATE,
    side: Side = Side.SALESFORCE,
    side_id: str = "",
    **after: BaseValue,
) -> Operation:
    changes = tuple(FieldChange(name, None, value) for name, value in after.items())
    return Operation(entity, key, side, verb, changes, 1, side_id, f"{entity}{key}")
