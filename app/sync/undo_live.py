"""What the sides hold now of the records of a commit: read in pieces, what changed only once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from app.domain.control import CancelToken, Report
from app.domain.plan import Operation
from app.domain.record import Record, Side
from app.store.undo_facts import note_found
from app.sync.look_costs import Lot, forecast_live
from app.sync.preflight import read_told
from app.sync.refresh import RefreshRequest, refresh
from app.sync.workbench import Workbench


def brought_up_to_date(
    bench: Workbench,
    counts: Mapping[tuple[Side, str], int],
    cancel: CancelToken,
    report: Report,
) -> frozenset[Lot]:
    """Read what changed, once for all pieces, and return of which lots the mirror has it now.

    They are those of which a side can tell what changed in fewer calls than `counts` of keys take.
    Read anew for each piece, it would bring with it all that the commit wrote.
    """
    told = frozenset(
        (side, name)
        for (side, name), count in counts.items()
        if name in bench.mapping.by_name and _tells(bench, side, name, count)
    )
    for side in Side:
        if entities := tuple(name for where, name in told if where is side):
            refresh(bench, RefreshRequest((side,), entities), cancel, report)
    return told


def look(
    bench: Workbench,
    operations: Sequence[Operation],
    told: frozenset[Lot],
    cancel: CancelToken,
    report: Report,
) -> list[tuple[Record, ...]]:
    """Return what the sides hold now of each operation of a piece; the mirror takes it.

    `told` are the lots that are `brought_up_to_date`: of them the mirror has it already. Of a key
    that several share a whole refresh tells which counts.
    """
    live = read_told(bench, operations, told, cancel, report)
    found = [live.of(operation) for operation in operations]
    lots: dict[tuple[Side, str], dict[str, Record | None]] = defaultdict(dict)
    for operation, records in zip(operations, found, strict=True):
        lot = (operation.side, operation.entity)
        if lot not in told and len(records) <= 1:
            lots[lot][operation.key] = records[0] if records else None
    for (side, entity), noted in lots.items():
        note_found(bench.store, side, bench.mapping.entity(entity), noted)
    return found


def _tells(bench: Workbench, side: Side, name: str, count: int) -> bool:
    entity = bench.mapping.entity(name)
    by_keys = bench.connectors[side].forecast_reads(entity, count)
    return forecast_live(bench, side, entity, count) < by_keys
