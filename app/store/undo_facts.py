"""What the mirror knows that an undo must: what hangs on a record, and what is there at all."""

from collections.abc import Iterable, Iterator, Mapping

from app.domain.mapping import EntityMapping
from app.domain.record import Record, RecordKey, Side
from app.store.comparison import find_link
from app.store.mirror import remove_links, write_records
from app.store.workspace import Store


def children_on(store: Store, entity: EntityMapping, key: str, side: Side) -> Iterator[RecordKey]:
    """Yield the records of a side that have that one as their parent."""
    column = f"{side.value}_hash"
    for child in store.mapping.children(entity.name):
        with store.translating():
            rows = store.reader.execute(
                f"SELECT key FROM link WHERE entity = ? AND parent = ? AND {column} IS NOT NULL",
                (store.entity_ids[child.name], key),
            ).fetchall()
        for (found,) in rows:
            yield RecordKey(child.name, found)


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
