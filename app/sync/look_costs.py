"""What a look before writing costs: by keys, or by what changed since the mirror was read."""

from collections.abc import Mapping, Sequence

from app.domain.mapping import EntityMapping
from app.domain.record import Side
from app.store.cursors import cursor_of
from app.store.mirror_delta import has_twins
from app.sync.workbench import Workbench

SEGMENT = 20_000  # operations that are read again and sent before the next are looked at
_FEW = 4  # calls by which keys are asked for, whatever a read of what changed takes
_JUST_WRITTEN = 120_000  # in the five minutes that a cursor reaches back, about

Lot = tuple[Side, str]  # records of an entity, by its name, on a side


def length_in_url(key: str) -> int:
    """Return about how long a key is in a URL: what parts a composite one takes three characters.

    It is asked of each operation of a plan; to quote it would take ten times as long.
    """
    return len(key) + 2 * key.count("|")


def forecast_live(
    bench: Workbench, side: Side, entity: EntityMapping, count: int, key_size: int = 0
) -> int:
    """Return the calls that `read_live` takes for so many records, in pieces of a `SEGMENT`.

    A read of what changed brings, in each piece but the first, what the commit wrote in those
    before, as far back as a cursor reaches: once that takes more calls than the keys do, these are
    asked for.
    """
    connector = bench.connectors[side]
    by_keys = connector.forecast_reads(entity, count, key_size)
    if by_keys <= _FEW or not _tells(bench, (side, entity.name)):
        return by_keys
    piece_by_keys = connector.forecast_reads(entity, min(count, SEGMENT), key_size)
    sent = range(0, count, SEGMENT)
    return sum(min(_by_cursor(bench, side, entity, some), piece_by_keys) for some in sent)


def cheaper_by_cursor(
    bench: Workbench, lots: Mapping[Lot, Sequence[str]], sent: Mapping[Lot, int]
) -> frozenset[Lot]:
    """Return the lots for which a read of what changed costs less than a read of the keys.

    Args:
        bench: The workspace.
        lots: The keys that are to be read.
        sent: How many were sent a moment ago: they are among what changed.
    """

    def is_cheaper(lot: Lot, keys: Sequence[str]) -> bool:
        if not _tells(bench, lot):
            return False
        side, entity = lot[0], bench.mapping.entity(lot[1])
        size = -(-sum(map(length_in_url, keys)) // max(1, len(keys)))
        by_keys = bench.connectors[side].forecast_reads(entity, len(keys), size)
        return by_keys > max(_FEW, _by_cursor(bench, side, entity, sent.get(lot, 0)))

    return frozenset(lot for lot, keys in lots.items() if is_cheaper(lot, keys))


def _tells(bench: Workbench, lot: Lot) -> bool:
    """Return whether what changed can be asked for.

    Where records share a key a refresh reads all, and would for each piece.
    """
    side, entity = lot[0], bench.mapping.entity(lot[1])
    tells = bench.connectors[side].incremental(entity) and bool(cursor_of(bench.store, *lot))
    return tells and not has_twins(bench.store, side, entity)


def _by_cursor(bench: Workbench, side: Side, entity: EntityMapping, sent: int) -> int:
    return bench.connectors[side].forecast_changed(entity, min(sent, _JUST_WRITTEN))
