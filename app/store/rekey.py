"""Records as they come from Salesforce, under the keys that pairings give them.

Whatever puts records into the mirror asks here first (`arrange`) and tells what it put (`mark`), so
that the mirror never holds a record twice. Billing's records have no other keys than their own.
"""

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from app.domain.convert import text
from app.domain.mapping import EntityMapping
from app.domain.record import Record, canonical
from app.domain.records import Records
from app.store.slots import SALESFORCE

REKEYED = 4
"""The bit of `link.duplicate` that says: Salesforce's record bears another key than the link."""
TWINS = 3
"""The bits that say on which sides several records share the key."""
_IDS_AT_ONCE = 5000


class Arranged(NamedTuple):
    """Records under the keys by which they count, and those that have none."""

    records: Sequence[Record]
    loose: Sequence[Record]


class _Given(NamedTuple):
    """What a pairing says: the key that an id counts as, and the one it bore when last seen."""

    side_id: str
    key: str
    own_key: str


def arrange(
    connection: sqlite3.Connection,
    number: int,
    records: Sequence[Record],
    loose: Sequence[Record] = (),
) -> Arranged:
    """Return what came of Salesforce's records under the keys by which they count here."""
    given = Records.of(records)
    if given.own_keys is None and not has_pairings(connection, number):
        return Arranged(given, loose)
    came = [*map(_as_it_is, records), *loose]
    keys = {given.side_id: given.key for given in _given(connection, number, came)}
    keyed: list[Record] = []
    without: list[Record] = []
    for record in came:
        key = keys.get(record.side_id, record.key)
        if key != record.key:
            keyed.append(record._replace(key=key, own_key=record.key))
        else:
            (keyed if key else without).append(record)
    return Arranged(keyed, without)


def mark(connection: sqlite3.Connection, number: int, records: Collection[Record]) -> int:
    """Note which of the records just put bear another key; return how many got or lost one.

    A pairing whose record bears the right key by itself has done its work, and is dropped.
    """
    if not has_pairings(connection, number):
        return 0
    moved = 0
    by_key = {record.key: record for record in records}
    for given in _given_to(connection, number, by_key):
        record = by_key[given.key]
        is_paired = record.side_id == given.side_id
        if record.own_key is not None:
            _set_bit(connection, number, given.key)
            if is_paired and record.own_key != given.own_key:
                _note_own_key(connection, number, given.key, record.own_key)
                moved += 1
            continue
        _clear_bit(connection, number, given.key)
        if is_paired:
            drop_pairing(connection, number, given.key)
            moved += 1
    return moved


def has_pairings(connection: sqlite3.Connection, number: int) -> bool:
    """Return whether any record of an entity is paired."""
    found = connection.execute("SELECT 1 FROM pairing WHERE entity = ? LIMIT 1", (number,))
    return found.fetchone() is not None


def drop_pairing(connection: sqlite3.Connection, number: int, key: str) -> None:
    """Forget the pairing of a key."""
    connection.execute(
        "DELETE FROM pairing WHERE entity = ? AND side = ? AND key = ?", (number, SALESFORCE, key)
    )


def forget_gone(connection: sqlite3.Connection, links: str) -> None:
    """Forget the pairings of links (a JSON array) whose Salesforce record goes."""
    if connection.execute("SELECT 1 FROM pairing LIMIT 1").fetchone() is None:
        return
    gone = "WHERE id IN (SELECT value FROM json_each(?2)) AND duplicate & ?1"
    connection.execute(
        "DELETE FROM pairing WHERE side = ?3 AND (entity, key) IN"
        f" (SELECT entity, key FROM link {gone})",
        (REKEYED, links, SALESFORCE),
    )
    connection.execute(f"UPDATE link SET duplicate = duplicate & ~?1 {gone}", (REKEYED, links))


def forget_unseen(connection: sqlite3.Connection, number: int) -> None:
    """After a whole read: forget the pairings whose record it did not see under their key."""
    if has_pairings(connection, number):
        connection.execute(
            "DELETE FROM pairing WHERE entity = ?1 AND side = ?2 AND NOT EXISTS"
            " (SELECT 1 FROM link LEFT JOIN document ON document.id = link.id * 4 + ?2"
            " LEFT JOIN twin ON twin.link = link.id AND twin.side = ?2"
            " WHERE link.entity = pairing.entity AND link.key = pairing.key"
            " AND pairing.side_id IN (document.side_id, twin.side_id))",
            (number, SALESFORCE),
        )


def forget_deleted(connection: sqlite3.Connection, number: int, side_id: str) -> None:
    """Forget the pairing of a record that is gone, though another one has its key by now."""
    connection.execute(
        "DELETE FROM pairing WHERE entity = ? AND side = ? AND side_id = ?",
        (number, SALESFORCE, side_id),
    )


def forget_pairs(
    connection: sqlite3.Connection, number: int, pairs: Iterable[tuple[str, str]]
) -> None:
    """Forget that records count as keys (keys and ids); as other ones they may still count.

    What was to be deleted under a key and is not there any more may stand under another key.
    """
    if has_pairings(connection, number):
        connection.executemany(
            "DELETE FROM pairing WHERE entity = ? AND side = ? AND key = ? AND side_id = ?",
            [(number, SALESFORCE, key, side_id) for key, side_id in pairs],
        )


def put_loose(
    connection: sqlite3.Connection, entity: EntityMapping, records: Iterable[Record], place: "Place"
) -> None:
    """Keep records that have no key."""
    title = entity.index[entity.title]
    connection.executemany(
        "INSERT OR REPLACE INTO loose VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (
                place.number,
                record.side_id,
                text(record.values[title]),
                canonical(record.values),
                record.changed_at,
                record.changed_by,
                place.read,
            )
            for record in records
        ],
    )


class Place(NamedTuple):
    """Where loose records are kept: under an entity's number, with the number of the read."""

    number: int
    read: int = 0


def drop_loose(connection: sqlite3.Connection, number: int, ids: Iterable[str]) -> int:
    """Forget loose records that have a key now, or are gone; return how many there were."""
    found = connection.execute("SELECT 1 FROM loose WHERE entity = ? LIMIT 1", (number,))
    if found.fetchone() is None:
        return 0
    return connection.executemany(
        "DELETE FROM loose WHERE entity = ? AND side_id = ?",
        [(number, side_id) for side_id in ids],
    ).rowcount


def keep_loose_of(connection: sqlite3.Connection, place: Place) -> None:
    """After a whole read: forget the loose records that it did not see."""
    connection.execute("DELETE FROM loose WHERE entity = ? AND read <> ?", place)


def _as_it_is(record: Record) -> Record:
    """Return a record under the key that it bears on its side."""
    if record.own_key is None:
        return record
    return record._replace(key=record.own_key, own_key=None)


def _given(
    connection: sqlite3.Connection, number: int, records: Sequence[Record]
) -> Iterable[_Given]:
    ids = [record.side_id for record in records]
    return _rows(connection, number, "side_id", ids)


def _given_to(
    connection: sqlite3.Connection, number: int, keys: Collection[str]
) -> Iterable[_Given]:
    return _rows(connection, number, "key", list(keys))


def _rows(
    connection: sqlite3.Connection, number: int, column: str, wanted: Sequence[str]
) -> list[_Given]:
    found: list[_Given] = []
    for start in range(0, len(wanted), _IDS_AT_ONCE):
        some = wanted[start : start + _IDS_AT_ONCE]
        rows = connection.execute(
            "SELECT side_id, key, own_key FROM pairing WHERE entity = ? AND side = ?"
            f" AND {column} IN ({','.join('?' * len(some))})",
            (number, SALESFORCE, *some),
        )
        found += [_Given(*row) for row in rows]
    return found


def _note_own_key(connection: sqlite3.Connection, number: int, key: str, own_key: str) -> None:
    connection.execute(
        "UPDATE pairing SET own_key = ? WHERE entity = ? AND side = ? AND key = ?",
        (own_key, number, SALESFORCE, key),
    )
    _judge_again(connection, number, key)


def _set_bit(connection: sqlite3.Connection, number: int, key: str) -> None:
    changed = connection.execute(
        "UPDATE link SET duplicate = duplicate | ?3"
        " WHERE entity = ?1 AND key = ?2 AND NOT duplicate & ?3",
        (number, key, REKEYED),
    )
    if changed.rowcount:
        _judge_again(connection, number, key)


def _clear_bit(connection: sqlite3.Connection, number: int, key: str) -> None:
    changed = connection.execute(
        "UPDATE link SET duplicate = duplicate & ~?3"
        " WHERE entity = ?1 AND key = ?2 AND duplicate & ?3",
        (number, key, REKEYED),
    )
    if changed.rowcount:
        _judge_again(connection, number, key)


def _judge_again(connection: sqlite3.Connection, number: int, key: str) -> None:
    connection.execute(
        "DELETE FROM diff WHERE link = (SELECT id FROM link WHERE entity = ? AND key = ?)",
        (number, key),
    )
