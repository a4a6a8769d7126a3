"""Far ends for tests: a side held in a dictionary, that can refuse, lose answers and be edited."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.connectors.protocol import (
    Batch,
    Health,
    OperationCounts,
    Page,
    Quota,
    ReadRequest,
    Scope,
)
from app.domain.constraint import Constraints
from app.domain.control import CancelToken
from app.domain.forecast import Forecast
from app.domain.mapping import EntityMapping, WorkspaceMapping
from app.domain.mapping_file import parse_mapping
from app.domain.plan import Operation, Outcome, OutcomeState, Verb
from app.domain.record import FieldValue, Record, RecordKey, Side, exact
from app.errors import AnswerLost
from app.store.workspace import Store
from app.sync.workbench import Workbench

_CHANGED_IN_PAGE = 2000
SMALL_MAPPING = """
schema = 1
name = "small"
billing = "fake"

[[entity]]
name = "plan"
label = "Plan"
plural = "Plans"
sobject = "Plan__c"
key = { billing = "id", salesforce = "Key__c" }
title = "name"

[[entity.fields]]
name = "name"
billing = "name"
salesforce = "Name"
type = "text"
length = 20
owner = "both"

[[entity.fields]]
name = "price"
billing = "price"
salesforce = "Price__c"
type = "money"
scale = 2
owner = "billing"

[[entity.fields]]
name = "family"
billing = "family"
salesforce = "Family__c"
type = "text"
owner = "salesforce"

[[entity]]
name = "tier"
label = "Tier"
plural = "Tiers"
sobject = "Tier__c"
key = { billing = "id", salesforce = "Key__c" }
parent = "plan"
title = "rate"

[[entity.fields]]
name = "rate"
billing = "rate"
salesforce = "Rate__c"
type = "decimal"
scale = 5
owner = "billing"

[[entity.fields]]
name = "plan"
billing = "plan"
salesforce = "Plan__c"
type = "reference"
to = "plan"
owner = "billing"
"""


def small_mapping() -> WorkspaceMapping:
    return parse_mapping(SMALL_MAPPING, "small.toml")


def catalog_mapping() -> WorkspaceMapping:
    file = Path(__file__).parents[1] / "resources" / "mappings" / "aria_catalog.toml"
    return parse_mapping(file.read_text("utf-8"), file.name)


@dataclass
class FakeSide:
    """One side in memory; what tests look at for the truth.

    `fault` is called with each operation before it is carried out; a text it returns is the
    refusal. `lose` makes the answers of that many writes get lost after they were carried out.
    """

    side: Side
    mapping: WorkspaceMapping
    records: dict[RecordKey, list[Record]] = field(default_factory=dict)
    fault: Callable[[Operation], str] = lambda _operation: ""
    on_read: Callable[[ReadRequest], None] = lambda _request: None
    lose: int = 0
    calls: int = 0
    page_size: int = 3
    organization: str = "fake"
    rules: dict[str, Constraints] = field(default_factory=dict)
    limits: list[Quota] = field(default_factory=list)
    rows_in_batch: int = 5
    written: list[Operation] = field(default_factory=list)
    allowed: frozenset[Verb] = frozenset(Verb)

    def put(self, entity: str, key: str, *values: FieldValue) -> None:
        mapped = self.mapping.entity(entity)
        values = tuple(exact(v) if isinstance(v, Decimal) else v for v in values)
        parent = values[mapped.index[mapped.parent_field]] if mapped.parent else None
        record = Record(
            key, tuple(values), f"{entity}:{key}", None if parent is None else str(parent)
        )
        self.records[RecordKey(entity, key)] = [record]

    def drop(self, entity: str, key: str) -> None:
        del self.records[RecordKey(entity, key)]

    def values(self, entity: str) -> Mapping[str, tuple[FieldValue, ...]]:
        return {k.key: found[0].values for k, found in self.records.items() if k.entity == entity}

    def constraints(self, entity: EntityMapping, cancel: CancelToken) -> Constraints:  # noqa: ARG002
        return self.rules.get(entity.name, Constraints())

    def instance(self, cancel: CancelToken) -> str:  # noqa: ARG002
        return self.organization

    def check(self, entities: Sequence[EntityMapping], cancel: CancelToken) -> Health:  # noqa: ARG002
        return Health(self.organization, "nobody", "1")

    @property
    def quotas(self) -> Sequence[Quota]:
        return self.limits

    def incremental(self, entity: EntityMapping) -> bool:  # noqa: ARG002
        return False

    def batch_size(self, counts: OperationCounts) -> int:  # noqa: ARG002
        return self.rows_in_batch

    def conclude(
        self,
        job: str,  # noqa: ARG002
        entity: EntityMapping,  # noqa: ARG002
        operations: Sequence[Operation],  # noqa: ARG002
        cancel: CancelToken,  # noqa: ARG002
    ) -> Iterator[Outcome]:
        return iter(())

    def groups(self, entities: Sequence[EntityMapping]) -> Sequence[tuple[EntityMapping, ...]]:
        return [(entity,) for entity in entities]

    def read(self, request: ReadRequest, cancel: CancelToken) -> Iterator[Page]:
        self.on_read(request)
        wanted = frozenset(request.keys)
        for entity in request.entities:
            if request.scope is Scope.ACCOUNT:
                wanted = self.keys_of(entity, request.account)
            found = [
                record
                for key, records in list(self.records.items())
                if key.entity == entity.name and (request.scope is Scope.ALL or key.key in wanted)
                for record in records
            ]
            for start in range(0, max(len(found), 1), self.page_size):
                cancel.check()
                self.calls += 1
                yield Page(entity.name, found[start : start + self.page_size])

    def keys_of(self, entity: EntityMapping, account: str) -> frozenset[str]:
        """Return the keys of an account's records, from parent to parent."""
        if entity is self.mapping.account:
            return frozenset({account})
        above = self.keys_of(self.mapping.entity(entity.parent), account)
        return frozenset(
            place.key
            for place, found in self.records.items()
            if place.entity == entity.name and found[0].parent in above
        )

    def forecast_reads(self, entity: EntityMapping, keys: int, key_size: int = 0) -> int:  # noqa: ARG002
        return -(-keys // self.page_size)

    def forecast_changed(self, entity: EntityMapping, changed: int) -> int:  # noqa: ARG002
        return 1 + changed // _CHANGED_IN_PAGE

    def verbs(self, entity: EntityMapping) -> frozenset[Verb]:  # noqa: ARG002
        return self.allowed

    def writable(self, entity: EntityMapping) -> frozenset[str]:
        return frozenset(entity.index)

    def write(self, batch: Batch, cancel: CancelToken) -> Iterator[Outcome]:  # noqa: ARG002
        self.calls += 1
        lost = self.lose > 0
        self.lose -= lost
        for operation in batch.operations:
            refusal = self.fault(operation)
            if refusal:
                yield Outcome(operation, OutcomeState.FAILED, refusal)
                continue
            self._carry_out(operation)
            if lost:
                yield Outcome(operation, OutcomeState.UNKNOWN, "no answer")
            else:
                yield Outcome(
                    operation, OutcomeState.WRITTEN, side_id=f"{operation.entity}:{operation.key}"
                )

    def forecast(self, counts: OperationCounts) -> Forecast:
        return Forecast({self.side: -(-counts.total // self.rows_in_batch)}, counts.size_bytes)

    def _carry_out(self, operation: Operation) -> None:
        self.written.append(operation)
        place, entity = operation.record_key, self.mapping.entity(operation.entity)
        if operation.verb is Verb.DELETE:
            del self.records[place]
            return
        old = self.records.get(place)
        values: list[Any] = list(old[0].values) if old else [None] * len(entity.fields)
        for change in operation.changes:
            values[entity.index[change.name]] = change.after
        self.put(operation.entity, operation.key, *values)


class Unreachable(AnswerLost):
    """Raised by a fault hook: the write was sent and nothing came back."""


def make_bench(path: Path, mapping: WorkspaceMapping | None = None) -> Workbench:
    """Return a workbench on a new store between two empty fake sides."""
    mapping = mapping or small_mapping()
    sides = {side: FakeSide(side, mapping) for side in Side}
    return Workbench("test", mapping, Store(path / "test.sqlite", mapping), sides)


def side_of(bench: Workbench, side: Side) -> FakeSide:
    found = bench.connectors[side]
    assert isinstance(found, FakeSide)
    return found


def reopened(bench: Workbench) -> Workbench:
    """Return the workbench as a new process would open it."""
    bench.store.close()
    return replace(bench, store=Store(bench.store.path, bench.mapping))


def refitted(side: FakeSide, mapping: WorkspaceMapping) -> dict[RecordKey, list[Record]]:
    """Return a side's records as another mapping reads them: by field, nothing where it is new."""
    found: dict[RecordKey, list[Record]] = {}
    for key, records in side.records.items():
        if key.entity not in mapping.by_name:
            continue
        index = side.mapping.entity(key.entity).index
        names = [field.name for field in mapping.entity(key.entity).fields]
        found[key] = [
            r._replace(values=tuple(r.values[index[n]] if n in index else None for n in names))
            for r in records
        ]
    return found
