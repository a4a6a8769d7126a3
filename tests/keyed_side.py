"""A far end whose records bear keys that people change or clear, and are read and written by id."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from app.connectors.protocol import Batch, Page, ReadRequest, Scope
from app.domain.control import CancelToken
from app.domain.mapping import KEY, EntityMapping, WorkspaceMapping
from app.domain.mapping_file import parse_mapping
from app.domain.plan import Operation, Outcome
from app.domain.record import FieldValue, Record, RecordKey, Side
from app.store.workspace import Store
from app.sync.workbench import Workbench
from tests.fakes import SMALL_MAPPING, FakeSide

RULES = """
[[entity.pair]]
name = "name and price"
fields = ["name", "price"]

[[entity.pair]]
name = "name"
fields = ["name"]
how = "name"

[[entity]]
name = "tier"
"""


def ruled_mapping() -> WorkspaceMapping:
    """Return the small mapping with two rules by which plans are paired."""
    return parse_mapping(
        SMALL_MAPPING.replace('\n[[entity]]\nname = "tier"\n', RULES), "ruled.toml"
    )


@dataclass
class KeyedSide(FakeSide):
    """One side that also holds records without a key, under `""`."""

    def writable(self, entity: EntityMapping) -> frozenset[str]:
        return frozenset((*entity.index, KEY))

    def add(self, entity: str, key: str, side_id: str, *values: FieldValue) -> Record:
        parent = values[1] if entity == "tier" else None
        record = Record(key, values, side_id, str(parent) if parent else None)
        self.records.setdefault(RecordKey(entity, key), []).append(record)
        return record

    def rekey(self, entity: str, side_id: str, key: str) -> None:
        """Change a record's key, as a person does."""
        old = self.found(entity, side_id)
        self.records[RecordKey(entity, old.key)].remove(old)
        if not self.records[RecordKey(entity, old.key)]:
            del self.records[RecordKey(entity, old.key)]
        self.records.setdefault(RecordKey(entity, key), []).append(old._replace(key=key))

    def found(self, entity: str, side_id: str) -> Record:
        held = [r for k, some in self.records.items() if k.entity == entity for r in some]
        (record,) = [record for record in held if record.side_id == side_id]
        return record

    def read(self, request: ReadRequest, cancel: CancelToken) -> Iterator[Page]:
        name = request.entities[0].name
        if request.scope is Scope.IDS:
            held = [r for k, some in self.records.items() if k.entity == name for r in some]
            found = [record for record in held if record.side_id in request.keys]
            keyed, loose = [r for r in found if r.key], [r for r in found if not r.key]
            yield Page(name, keyed, loose=loose)
            return
        for page in super().read(request, cancel):
            keyed, loose = (
                [r for r in page.records if r.key],
                [r for r in page.records if not r.key],
            )
            yield Page(page.entity, keyed, len(loose), loose=loose)

    def write(self, batch: Batch, cancel: CancelToken) -> Iterator[Outcome]:
        for outcome in super().write(batch, cancel):
            known = outcome.operation.side_id if outcome.side_id else ""
            yield replace(outcome, side_id=known or outcome.side_id)

    def _carry_out(self, operation: Operation) -> None:
        key = operation.key_change
        if key is None:
            old_ones = self.records.get(operation.record_key)
            super()._carry_out(operation)
            if old_ones and operation.record_key in self.records:
                (new,) = self.records[operation.record_key]
                same_id = new._replace(side_id=old_ones[0].side_id)
                self.records[operation.record_key] = [same_id]
            return
        self.written.append(operation)
        entity = self.mapping.entity(operation.entity)
        old = self.found(operation.entity, operation.side_id)
        values = list(old.values)
        for change in operation.changes:
            if change.name != KEY:
                values[entity.index[change.name]] = change.after  # type: ignore[call-overload]
        self.records[RecordKey(entity.name, old.key)].remove(old)
        new = old._replace(values=tuple(values), key=str(key.after or ""))
        self.records.setdefault(RecordKey(entity.name, new.key), []).append(new)


def keyed_bench(path: Path, mapping: WorkspaceMapping | None = None) -> Workbench:
    """Return a workbench on a new store between two empty sides."""
    mapping = mapping or ruled_mapping()
    sides = {side: KeyedSide(side, mapping) for side in Side}
    return Workbench("test", mapping, Store(path / "test.sqlite", mapping), sides)


def keyed(bench: Workbench, side: Side) -> KeyedSide:
    found = bench.connectors[side]
    assert isinstance(found, KeyedSide)
    return found
