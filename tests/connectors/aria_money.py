"""A running Aria sandbox as tests of transactions see it: a connector to it, and its own door."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from app.connectors import registry
from app.connectors.aria.connector import AriaConnector
from app.connectors.protocol import Page, ReadRequest, Scope
from app.domain.control import CancelToken
from app.domain.mapping import WorkspaceMapping
from app.domain.mapping_file import parse_mapping
from app.domain.record import Record
from app.sandbox.aria.system import AriaSystem
from app.sandbox.launch import Sandbox, SandboxOptions
from tests.connectors.world import hurry

MAPPINGS = Path(__file__).parents[2] / "resources" / "mappings"
MOVING = (
    "invoice", "invoice_line", "transaction", "payment", "refund", "credit", "write_off",
    "statement", "comment", "usage",
)  # fmt: skip
SHOWCASE, BUSY, PARENT, WRITTEN_OFF = 55010001, 55010002, 55010004, 55010011
ACCOUNTS = range(55010001, 55010061)
Found = dict[str, dict[str, Record]]


@cache
def whole_mapping() -> WorkspaceMapping:
    """Return the mapping with the catalog, accounts and transactions."""

    def text_of(name: str) -> str:
        return (MAPPINGS / f"{name}.toml").read_text("utf-8")

    return parse_mapping(text_of("aria"), "aria.toml", text_of)


@dataclass
class Money:
    """The sandbox of one Aria client, and a connector to it."""

    sandbox: Sandbox
    mapping: WorkspaceMapping
    connector: AriaConnector

    @property
    def system(self) -> AriaSystem:
        found = self.sandbox.systems["aria"]
        assert isinstance(found, AriaSystem)
        return found

    def pages(self, *names: str, **request: Any) -> list[Page]:
        entities = tuple(self.mapping.entity(name) for name in names)
        return list(self.connector.read(ReadRequest(entities, **request), CancelToken()))

    def read(self, *names: str, **request: Any) -> Found:
        """Return what is read, by entity and key; a key comes once."""
        found: Found = {name: {} for name in names}
        for page in self.pages(*names, **request):
            assert not page.unkeyed
            for record in page.records:
                assert record.key not in found[page.entity]
                found[page.entity][record.key] = record
        return found

    def whole(self) -> Found:
        """Return what whole reads give of all that moves."""
        groups = self.connector.groups([self.mapping.entity(name) for name in MOVING])
        found: Found = {}
        for group in groups:
            found |= self.read(*(entity.name for entity in group))
        return found

    def account(self, acct_no: int | str, *names: str) -> Found:
        return self.read(*(names or MOVING), scope=Scope.ACCOUNT, account=str(acct_no))

    def keyed(self, name: str, keys: Sequence[str]) -> dict[str, Record]:
        return self.read(name, scope=Scope.KEYS, keys=tuple(keys))[name]

    def cursor(self, name: str) -> str:
        """Return where a read that begins now would go on."""
        return self.pages(name)[-1].cursor

    def since(self, name: str, cursor: str) -> dict[str, Record]:
        return self.read(name, scope=Scope.SINCE, cursor=cursor)[name]

    def value(self, record: Record, name: str, field: str) -> Any:
        return record.values[self.mapping.entity(name).index[field]]

    def core(self, call: str, **inputs: Any) -> dict[str, Any]:
        """Make a Core call, whether it reads or writes."""
        return self.connector._client.core(call, inputs, CancelToken())

    def later(self, days: int) -> None:
        """Let days go by at Aria's."""
        self.sandbox.clock.advance(days * 86400)

    def calls(self) -> dict[str, int]:
        """Return how often each call was made since the test began."""
        return dict(self.sandbox.calls.counts()["aria"])


@contextmanager
def running() -> Iterator[Sandbox]:
    """Start a sandbox with accounts."""
    with Sandbox(SandboxOptions(systems=["aria"])) as sandbox:
        yield sandbox


@contextmanager
def fresh(sandbox: Sandbox) -> Iterator[Money]:
    """Put a sandbox back to its data set, its clock to now, and connect to it."""
    sandbox.clock.set(datetime.now(UTC))
    sandbox.systems["aria"].reset(drift=False)
    sandbox.calls.clear()
    mapping = whole_mapping()
    ready = registry.from_ready("aria", sandbox.ready["aria"])
    made = registry.connect("aria", "aria", ready.settings, ready.secrets.get, mapping=mapping)
    assert isinstance(made, AriaConnector)
    hurry(made)
    yield Money(sandbox, mapping, made)
    made.close()
