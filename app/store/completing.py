"""Updates that complete what the same commit makes: a record stands twice in it then."""

from collections.abc import Iterator
from typing import Any

from app.domain.plan import OutcomeState, Verb
from app.domain.stages import own_references
from app.store.journal_entry import ENTRY_COLUMNS, Entry, entry_of
from app.store.workspace import Store

_ROWS_AT_ONCE = 2000


def completing(store: Store, run: str, state: OutcomeState | None = None) -> Iterator[Entry]:
    """Yield the updates of records that a commit makes itself, in the order of sending.

    Such are those that close a circle: the records are made without what points on, and get it
    then. Only what points at its own kind can stand in one. With a `state`, those of which that is
    the outcome, as it is that of what made the record.
    """
    names = [entity.name for entity in store.mapping.entities if own_references(entity)]
    if not names:
        return
    values: list[Any] = [run, Verb.UPDATE.value, *names, Verb.INSERT.value]
    both = ""
    if state is not None:
        both = " AND made.state = ? AND journal.state = made.state"
        values.append(state.value)
    made = (
        "SELECT 1 FROM journal made WHERE made.entity = journal.entity AND made.key = journal.key"
        f" AND made.side = journal.side AND made.run = journal.run AND made.verb = ?{both}"
    )
    with store.translating():
        cursor = store.reader.execute(
            f"SELECT {ENTRY_COLUMNS} FROM journal WHERE run = ? AND verb = ?"
            f" AND entity IN ({','.join('?' * len(names))}) AND EXISTS ({made}) ORDER BY id",
            values,
        )
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            yield from (entry_of(row, store.mapping) for row in rows)
