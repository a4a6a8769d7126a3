"""A running Aria sandbox as tests of accounts see it: its connector, its door, its mapping."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from app.connectors.aria import accounts_needs
from app.connectors.aria.connector import AriaConnector
from app.connectors.protocol import Page, ReadRequest, Scope
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping, WorkspaceMapping
from app.domain.mapping_file import parse_mapping
from app.domain.record import Record
from app.sandbox.aria.system import AriaSystem
from app.sandbox.launch import Sandbox, SandboxOptions
from tests.connectors.world import connected

_MAPPINGS = Path(__file__).parents[2] / "resources" / "mappings"
FROM_LISTS = ("account", "billing_group", "dunning_group", "plan_instance", "account_coupon")
Found = dict[str, list[Record]]


@cache
def accounts_mapping() -> WorkspaceMapping:
    """Return the mapping with the catalog and the accounts."""

    def text_of(name: str) -> str:
        return (_MAPPINGS / f"{name}.toml").read_text("utf-8")

    return parse_mapping(text_of("aria_accounts"), "aria_accounts.toml", text_of)


def entities(*names: str) -> tuple[EntityMapping, ...]:
    return tuple(map(accounts_mapping().entity, names))


def lean(entity: EntityMapping) -> EntityMapping:
    """Return an entity without the columns that cost a call for each account."""
    kept = [field for field in entity.fields if not _costs(entity, field.billing)]
    return replace(entity, fields=tuple(kept), title="number")


def _costs(entity: EntityMapping, column: str) -> bool:
    fields = [field for field in entity.fields if field.billing == column]
    return any(accounts_needs.calls_of(replace(entity, fields=tuple(fields))))


@dataclass
class Held:
    """The sandbox of one Aria client, and a connector to it."""

    sandbox: Sandbox
    connector: AriaConnector

    @property
    def system(self) -> AriaSystem:
        found = self.sandbox.systems["aria"]
        assert isinstance(found, AriaSystem)
        return found

    @property
    def numbers(self) -> Sequence[int]:
        return list(self.system._accounts.numbers())

    def edit(self, kind: str, key: str, **values: Any) -> None:
        self.system.edit(kind, key, values)

    def pages(self, some: Iterable[EntityMapping], **request: Any) -> list[Page]:
        return list(self.connector.read(ReadRequest(tuple(some), **request), CancelToken()))

    def all(self, some: Sequence[EntityMapping]) -> Found:
        """Return all records, read group by group as a refresh does."""
        groups = self.connector.groups(some)
        return by_entity(page for group in groups for page in self.pages(group))

    def one(self, some: Sequence[EntityMapping], number: int) -> Found:
        return by_entity(self.pages(some, scope=Scope.ACCOUNT, account=str(number)))

    @contextmanager
    def counting(self) -> Iterator[Counter[str]]:
        """Give what calls were made meanwhile, once it is over."""
        self.sandbox.calls.clear()
        found: Counter[str] = Counter()
        yield found
        found.update(self.sandbox.calls.counts()["aria"])


def by_entity(pages: Iterable[Page]) -> Found:
    found: Found = {}
    for page in pages:
        found.setdefault(page.entity, []).extend(page.records)
    return {name: sorted(some, key=lambda one: one.key) for name, some in found.items()}


def of_account(found: Mapping[str, list[Record]], number: int) -> Found:
    """Return the records of one account among those of all."""
    own = f"{number}"
    return {
        name: [one for one in some if one.key.partition("|")[0] == own]
        for name, some in found.items()
    }


def value(record: Record, name: str, entity: str) -> object:
    return record.values[accounts_mapping().entity(entity).index[name]]


def running() -> Sandbox:
    """Return a sandbox with accounts, to be started."""
    return Sandbox(SandboxOptions(systems=["aria"]))


@contextmanager
def fresh(sandbox: Sandbox) -> Iterator[Held]:
    """Put a sandbox back to its data set, its clock to now, and connect to it."""
    sandbox.clock.set(datetime.now(UTC))
    sandbox.systems["aria"].reset(drift=False)
    connector = connected("aria", sandbox.ready["aria"], accounts_mapping())
    assert isinstance(connector, AriaConnector)
    yield Held(sandbox, connector)
    connector.close()
