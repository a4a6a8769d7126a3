"""Finding operations in the journal: by record, field, value, person, time, outcome, message."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from app.domain.plan import OutcomeState
from app.store.journal_entry import ENTRY_COLUMNS, Entry, entry_of, stored_changes
from app.store.workspace import Store

_ROWS_AT_ONCE = 500
_ENTITY, _KEY, _CHANGES, _RUN, _MESSAGE = 1, 2, 5, 9, 11


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for; all that is given must hold.

    Attributes:
        run: A commit's id.
        record: Entity and key.
        text: Stands, in any case, in a key, a value before or after, a message, a commit's id, an
            entity's name or a person's.
        field: The operation changes this field.
        who: Stands in the name of the person who committed.
        since: The intent is not older (UTC, as the journal writes instants).
        until: The intent is older than this instant.
        states: One of these is the outcome; of none given, any.
    """

    run: str = ""
    record: tuple[str, str] | None = None
    text: str = ""
    field: str = ""
    who: str = ""
    since: str = ""
    until: str = ""
    states: tuple[OutcomeState, ...] = ()


def search(store: Store, wanted: Wanted) -> Iterator[Entry]:
    """Yield what is found, the newest first; the store is read on as it is asked for."""
    people = _people(store)
    for row in _rows(store, wanted):
        if _holds(row, wanted, people):
            yield entry_of(row, store.mapping)


def runs_with(store: Store, wanted: Wanted) -> Mapping[str, int]:
    """Return commit → how many of its operations are found, the newest first."""
    found: dict[str, int] = {}
    people = _people(store)
    for row in _rows(store, wanted):
        if _holds(row, wanted, people):
            found[row[_RUN]] = found.get(row[_RUN], 0) + 1
    return found


def _people(store: Store) -> Mapping[str, str]:
    with store.translating():
        return dict(store.reader.execute("SELECT id, who FROM commit_run").fetchall())


def _rows(store: Store, wanted: Wanted) -> Iterator[Sequence[Any]]:
    where, values = _conditions(wanted)
    with store.translating():
        cursor = store.reader.execute(
            f"SELECT {ENTRY_COLUMNS} FROM journal WHERE {' AND '.join(where)} ORDER BY id DESC",
            values,
        )
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            yield from rows


def names_entity(store: Store, name: str) -> bool:
    """Return whether an operation was ever about an entity, also of an earlier mapping."""
    query = "SELECT 1 FROM journal WHERE entity = ? LIMIT 1"
    with store.translating():
        return store.reader.execute(query, (name,)).fetchone() is not None


def _conditions(wanted: Wanted) -> tuple[list[str], list[Any]]:
    """Return what SQL can tell; `_holds` tells the rest."""
    where, values = ["true"], list[Any]()
    for condition, value in (
        ("run = ?", wanted.run),
        ("intent_at >= ?", wanted.since),
        ("intent_at < ?", wanted.until),
    ):
        if value:
            where.append(condition)
            values.append(value)
    if wanted.record:
        where.append("entity = ? AND key = ?")
        values += wanted.record
    if wanted.states:
        where.append(f"state IN ({','.join('?' * len(wanted.states))})")
        values += [state.value for state in wanted.states]
    if wanted.field:
        where.append(r"changes LIKE ? ESCAPE '\'")
        values.append(_like(orjson.dumps(wanted.field).decode() + ":"))
    if wanted.text and wanted.text.isascii():  # LIKE knows upper and lower case of ASCII alone
        likes = " OR ".join(
            rf"{column} LIKE ? ESCAPE '\'" for column in ("key", "message", "run", "entity")
        )
        where.append(
            rf"({likes} OR changes LIKE ? ESCAPE '\'"
            r" OR run IN (SELECT id FROM commit_run WHERE who LIKE ? ESCAPE '\'))"
        )
        in_json = orjson.dumps(wanted.text).decode()[1:-1]
        values += [_like(wanted.text)] * 4 + [_like(in_json), _like(wanted.text)]
    return where, values


def _like(text: str) -> str:
    escaped = text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{escaped}%"


def _holds(row: Sequence[Any], wanted: Wanted, people: Mapping[str, str]) -> bool:
    who = people.get(row[_RUN], "") or ""
    if wanted.who and wanted.who.casefold() not in who.casefold():
        return False
    if not wanted.field and not wanted.text:
        return True
    changes = stored_changes(row[_CHANGES])
    if wanted.field and wanted.field not in changes:
        return False
    return not wanted.text or _has_text(row, who, changes, wanted.text.casefold())


def _has_text(
    row: Sequence[Any], who: str, changes: Mapping[str, Sequence[Any]], text: str
) -> bool:
    texts = [row[_ENTITY], row[_KEY], row[_RUN], row[_MESSAGE] or "", who]
    texts += [_value_text(value) for change in changes.values() for value in change]
    return any(text in each.casefold() for each in texts)


def _value_text(value: Any) -> str:
    if value is None or value == []:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value.get("text", "")) if isinstance(value, dict) else str(value)
