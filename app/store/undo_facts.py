"""What the mirror knows that an undo must: what hangs on a record, and what is there at all."""

from collections.abc import Iterable, Iterator, Mapping

import orjson

from app.domain.mapping import EntityMapping
from app.domain.record import Record, RecordKey, Side
from app.store.comparison import find_link
from app.store.mirror import remove_links, write_records
from app.store.slots import SLOT
from app.store.workspace import Store


def children_on(
    store: Store, entity: EntityMapping, keys: Iterable[str], side: Side
) -> Mapping[str, list[RecordKey]]:
    """Return key → the records of a side that have that one as their parent, where there are any.

    By what the side itself says: the tree of links is billing's, and a record may hang elsewhere on
    the other side. Costs a walk over the side's records of each entity below.
    """
    found: dict[str, list[RecordKey]] = {}
    wanted = orjson.dumps(list(keys)).decode()
    for child in store.mapping.children(entity.name):
        place = child.index[child.parent_field]
        with store.translating():
            rows = store.reader.execute(
                f"SELECT json_extract(CAST(body AS TEXT), '$[{place}]') AS hangs_on, link.key"
                " FROM link JOIN document ON document.id = link.id * 4 + ?"
                " WHERE link.entity = ? AND hangs_on IN (SELECT value FROM json_each(?))",
                (SLOT[side], store.entity_ids[child.name], wanted),
            ).fetchall()
        for parent, key in rows:
            found.setdefault(parent, []).append(RecordKey(child.name, key))
    return found


def key_of_id(store: Store, entity: EntityMapping, side: Side, side_id: str) -> str:
    """Return the key of the record with a side's own id, `""` where the mirror has none."""
    with store.translating():
        row = store.reader.execute(
            "SELECT link.key FROM document JOIN link ON document.id = link.id * 4 + ?"
            " WHERE document.side_id = ? AND link.entity = ?",
            (SLOT[side], side_id, store.entity_ids[entity.name]),
        ).fetchone()
    return "" if row is None else str(row[0])


def note_found(
    store: Store,
    side: Side,
    entity: EntityMapping,
    found: Mapping[str, Record | None],
) -> None:
    """Put into the mirror what a side holds now of some keys; None: it holds nothing."""
    there = [record for record in found.values() if record is not None]
    gone = _links(store, entity, (key for key, record in found.items() if record is None))
    with store.transaction(store.mirror) as connection:
        write_records(store, connection, entity, side, there)
        remove_links(connection, side, list(gone))


def _links(store: Store, entity: EntityMapping, keys: Iterable[str]) -> Iterator[int]:
    for key in keys:
        link = find_link(store, entity, key)
        if link is not None:
            yield link
