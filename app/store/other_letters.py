"""Keys that a side has in other letters: some systems take `pro` and `PRO` for one."""

from collections.abc import Collection

import orjson

from app.domain.mapping import EntityMapping
from app.domain.record import Side
from app.store.slots import HASH_COLUMN
from app.store.workspace import Store


def in_other_letters(
    store: Store, entity: EntityMapping, side: Side, keys: Collection[str]
) -> list[str]:
    """Return those of the keys which the mirror has in upper for lower letters, ASCII alone.

    Costs a walk over the side's keys of the entity, unless no key has letters.
    """
    lettered = [key for key in keys if key.lower() != key.upper()]
    if not lettered:
        return []
    with store.translating():
        rows = store.reader.execute(
            f"SELECT key FROM link WHERE entity = ? AND {HASH_COLUMN[side]} IS NOT NULL"
            " AND lower(key) IN (SELECT lower(value) FROM json_each(?))",
            (store.entity_ids[entity.name], orjson.dumps(lettered).decode()),
        ).fetchall()
    found = {key.casefold() for (key,) in rows}
    return [key for key in lettered if key.casefold() in found]
