"""What an undo must know: what of a commit was written, and what the mirror has of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import orjson

from app.domain.mapping import KEY, EntityMapping
from app.domain.plan import OutcomeState, Verb
from app.domain.record import Record, Side
from app.store.comparison import find_link
from app.store.journal_entry import stored_changes
from app.store.left import note_missed
from app.store.mirror import remove_links, write_records
from app.store.slots import SALESFORCE, SLOT
from app.store.workspace import Store

_WRITTEN = f"journal.run = ? AND journal.state = {OutcomeState.WRITTEN.value}"
_ROWS_AT_ONCE = 2000


def written_keys(store: Store, run: str) -> Iterator[tuple[str, str]]:
    """Yield entity and key of what a commit wrote, in the order of sending."""
    with store.translating():
        cursor = store.reader.execute(f"SELECT entity, key FROM journal WHERE {_WRITTEN}", (run,))
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            yield from rows


def written_fields(store: Store, run: str) -> set[str]:
    """Return the names of the fields that a commit wrote."""
    names: set[str] = set()
    with store.translating():
        for (changes,) in store.reader.execute(
            f"SELECT changes FROM journal WHERE {_WRITTEN}", (run,)
        ):
            names.update(stored_changes(changes))
    return names


def written_counts(store: Store, run: str) -> Mapping[tuple[Side, str], int]:
    """Return of how many records a commit wrote the key is asked, by side and entity.

    A paired record is asked for by its id, unless it was made or its key changed: then by both.
    """
    paired = (
        "SELECT 1 FROM entity JOIN pairing ON pairing.entity = entity.id"
        " AND pairing.key = journal.key WHERE entity.name = journal.entity"
        f" AND journal.side = '{Side.SALESFORCE.value}' AND pairing.side = {SALESFORCE}"
    )
    with store.translating():
        rows = store.reader.execute(
            f"SELECT side, entity, count(*) FROM journal WHERE {_WRITTEN}"
            f" AND (verb = '{Verb.INSERT.value}' OR instr(changes, ?) OR NOT EXISTS ({paired}))"
            " GROUP BY side, entity",
            (run, orjson.dumps(KEY).decode()),
        ).fetchall()
    return {(Side(side), entity): count for side, entity, count in rows}


def keys_of_ids(
    store: Store, entity: EntityMapping, side: Side, ids: Sequence[str]
) -> Mapping[str, str]:
    """Return a side's own ids → the keys of those records, of all that the mirror has."""
    with store.translating():
        rows = store.reader.execute(
            "SELECT document.side_id, link.key FROM document"
            " JOIN link ON link.id = document.id >> 2"
            " WHERE document.side_id IN (SELECT value FROM json_each(?)) AND document.id & 3 = ?"
            " AND link.entity = ?",
            (orjson.dumps(ids).decode(), SLOT[side], store.entity_ids[entity.name]),
        )
        return dict(rows.fetchall())


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
        links = list(gone)
        note_missed(connection, store, side, entity, links)
        remove_links(connection, entity, side, links)


def _links(store: Store, entity: EntityMapping, keys: Iterable[str]) -> Iterator[int]:
    for key in keys:
        link = find_link(store, entity, key)
        if link is not None:
            yield link
