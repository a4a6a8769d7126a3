"""What refers to records that are to be deleted, by what the side itself says."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import orjson

from app.domain.mapping import EntityMapping, FieldMapping
from app.domain.record import RecordKey, Side
from app.store.slots import HASH_COLUMN, SLOT
from app.store.workspace import Store


class Hanging(NamedTuple):
    """A record, and the key of the one that it refers to."""

    record: RecordKey
    target: str


def hanging_on(
    store: Store, entity: EntityMapping, field: FieldMapping, side: Side, targets: Iterable[str]
) -> Iterator[Hanging]:
    """Yield a side's records of an entity of which a field refers to one of some keys, by key.

    Costs a walk over the side's records of the entity.
    """
    place = f"$[{entity.index[field.name]}]"
    keys = orjson.dumps(list(targets)).decode()
    with store.translating():
        cursor = store.reader.execute(
            "SELECT link.key, json_extract(CAST(document.body AS TEXT), ?1) AS target FROM link"
            " CROSS JOIN document ON document.id = link.id * 4 + ?2"
            f" WHERE link.entity = ?3 AND link.{HASH_COLUMN[side]} IS NOT NULL"
            " AND target IN (SELECT value FROM json_each(?4)) ORDER BY link.key",
            (place, SLOT[side], store.entity_ids[entity.name], keys),
        )
        for key, target in cursor:
            yield Hanging(RecordKey(entity.name, key), target)
