"""What the sides hold now of the records of a commit: read in pieces, what changed only once."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from app.connectors.protocol import Connector, Page, ReadRequest, Scope
from app.domain.control import CancelToken, Report
from app.domain.mapping import EntityMapping
from app.domain.plan import Operation
from app.domain.record import Record, Side
from app.store.mirrored import mirrored
from app.store.pairing import keys_borne
from app.store.undo_facts import note_found
from app.sync.look_costs import forecast_live
from app.sync.preflight import read_live
from app.sync.refresh import RefreshRequest, refresh
from app.sync.workbench import Workbench


@dataclass(frozen=True, slots=True)
class Settled:
    """A side that has told what changed: the records of some entities stand in the mirror.

    It is asked as a `Connector` is by `read_live`, and tells nothing anew, so that the pieces of an
    undo do not each read what changed, and with it all that the commit wrote.
    """

    bench: Workbench
    side: Side
    told: frozenset[str]

    def incremental(self, entity: EntityMapping) -> bool:
        """No: what changed was read."""
        del entity
        return False

    def read(self, request: ReadRequest, cancel: CancelToken) -> Iterator[Page]:
        """Yield the records asked for, where it told of them from the mirror."""
        (entity,) = request.entities
        if request.scope is not Scope.KEYS or entity.name not in self.told:
            yield from self.bench.connectors[self.side].read(request, cancel)
            return
        store, keys = self.bench.store, request.keys
        yield Page(entity.name, list(mirrored(store, entity, self.side, keys)))
        if self.side is Side.SALESFORCE and (borne := keys_borne(store, entity)):
            counted = {borne[key]: key for key in keys if key in borne}
            paired = mirrored(store, entity, self.side, list(counted))
            found = [one._replace(key=counted[one.key], own_key=None) for one in paired]
            yield Page(entity.name, found)


def settled(
    bench: Workbench,
    counts: Mapping[tuple[Side, str], int],
    cancel: CancelToken,
    report: Report,
) -> Workbench:
    """Return a workbench for reading records in pieces, in no more calls than all at once.

    Where a side can tell what changed in fewer calls than `counts` of keys take, the mirror is
    brought up to date now, and looked at later.
    """
    connectors: dict[Side, Connector] = {}
    for side in Side:
        lots = {name: count for (where, name), count in counts.items() if where is side}
        told = [
            name
            for name, count in lots.items()
            if name in bench.mapping.by_name and _tells(bench, side, name, count)
        ]
        if told:
            refresh(bench, RefreshRequest((side,), tuple(told)), cancel, report)
        # Only what `read_live` asks for.
        connectors[side] = cast("Connector", Settled(bench, side, frozenset(told)))
    return replace(bench, connectors=connectors)


def look(
    bench: Workbench, operations: Sequence[Operation], cancel: CancelToken, report: Report
) -> list[tuple[Record, ...]]:
    """Return what the sides hold now of each operation of a piece; the mirror takes it.

    `bench` is a `settled` one. Of a key that several share a whole refresh tells which counts.
    """
    live = read_live(bench, operations, cancel, report)
    found = [live.of(operation) for operation in operations]
    lots: dict[tuple[Side, str], dict[str, Record | None]] = defaultdict(dict)
    for operation, records in zip(operations, found, strict=True):
        if len(records) <= 1:
            lots[operation.side, operation.entity][operation.key] = records[0] if records else None
    for (side, entity), noted in lots.items():
        note_found(bench.store, side, bench.mapping.entity(entity), noted)
    return found


def _tells(bench: Workbench, side: Side, name: str, count: int) -> bool:
    entity = bench.mapping.entity(name)
    by_keys = bench.connectors[side].forecast_reads(entity, count)
    return forecast_live(bench, side, entity, count) < by_keys
