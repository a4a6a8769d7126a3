"""An undo in the making: which records it writes, what they need, what hangs on them.

It stands in temporary tables, which go with the connection: a commit may have millions of records.
"""

import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from app.domain.mapping import EntityMapping
from app.domain.plan import Operation, Verb
from app.domain.record import RecordKey, Side
from app.store.rekey import REKEYED
from app.store.slots import BILLING, HASH_COLUMN, SALESFORCE, SLOT
from app.store.workspace import Store

_OFFERED, _PLANNED, _REFUSED, _TOLD = range(4)
_ROWS_AT_ONCE = 2000
_NAMED = 3
_TABLES = ("undo_entry", "undo_need")
_PLACE = "entity INTEGER NOT NULL, side INTEGER NOT NULL, key TEXT NOT NULL"
_MAKE = (
    f"CREATE TABLE temp.undo_entry (number INTEGER NOT NULL, {_PLACE}, state INTEGER NOT NULL,"
    " deletes INTEGER NOT NULL, told TEXT NOT NULL,"
    " PRIMARY KEY (entity, side, key)) WITHOUT ROWID;"
    f"CREATE TABLE temp.undo_need (number INTEGER NOT NULL, {_PLACE})"
)
# Made once they are needed: most often nothing is lacking, and nothing is left out.
_BY_NUMBER = "CREATE INDEX IF NOT EXISTS temp.undo_number ON undo_entry (number)"
_BY_NEED = "CREATE INDEX IF NOT EXISTS temp.undo_needed ON undo_need (entity, side, key)"
_OF = "{0}.entity = {1}.entity AND {0}.side = {1}.side AND {0}.key = {1}.key"
_NEEDS = (
    f" FROM temp.undo_need need JOIN temp.undo_entry made ON made.number = need.number"
    f" AND made.state = {_PLANNED}"
)
_LACKS = (
    " NOT EXISTS (SELECT 1 FROM temp.undo_entry other"
    f" WHERE {_OF.format('other', 'need')} AND other.state = {_PLANNED})"
)


class Brought(NamedTuple):
    """A record that was offered, and what needs it; `told` is what its offer came with."""

    record: RecordKey
    told: str
    needed_by: RecordKey
    comes: bool


class Orphan(NamedTuple):
    """A planned record that refers to one which its side lacks."""

    record: RecordKey
    side: Side
    needs: RecordKey


class Held(NamedTuple):
    """A planned delete, and what hangs on its record: how many there are, and the first of them."""

    key: str
    total: int
    first: Sequence[RecordKey]


class UndoLedger:
    """What one undo is about, while it is planned; for one thread, one at a time.

    Every record stands once in it on a side: what is put later takes the place of the earlier.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._names = {number: name for name, number in store.entity_ids.items()}
        self._entries: list[tuple[object, ...]] = []
        self._needs: list[tuple[object, ...]] = []
        self._refused = 0
        self._deletes: set[tuple[int, int]] = set()
        with store.transaction(store.mirror) as connection:
            _drop(connection)  # what broke off left its own behind
            for statement in _MAKE.split(";"):
                connection.execute(statement)

    def deletes(self, entity: EntityMapping, side: Side) -> bool:
        """Return whether something of an entity may be deleted on a side."""
        return (self._store.entity_ids[entity.name], _slot(side)) in self._deletes

    def plan(self, number: int, made: Operation, needs: Iterable[RecordKey]) -> None:
        """Note an operation of the plan by its number, and the records that it refers to."""
        self._put(_PLANNED, number, made, "")
        self._need(number, made.side, needs)

    def offer(self, number: int, made: Operation, needs: Iterable[RecordKey], told: str) -> None:
        """Note an operation that comes only if another needs it; `told` is given back then."""
        self._put(_OFFERED, number, made, told)
        self._need(number, made.side, needs)

    def refuse(self, wanted: Operation, told: str) -> None:
        """Note that nothing can bring a record, though another may need it."""
        self._refused += 1
        self._put(_REFUSED, -self._refused, wanted, told)

    def drop_met(self) -> None:
        """Forget the needs that a side meets already, as the mirror has it."""
        with self._changing() as connection:
            for side in Side:
                rekeyed = REKEYED if side is Side.SALESFORCE else 0
                connection.execute(
                    "DELETE FROM temp.undo_need WHERE side = ? AND EXISTS (SELECT 1 FROM link"
                    " WHERE link.entity = undo_need.entity AND link.key = undo_need.key"
                    f" AND {HASH_COLUMN[side]} IS NOT NULL AND NOT link.duplicate & ?)",
                    (SLOT[side], rekeyed),
                )
            connection.execute(_BY_NEED)
            if connection.execute("SELECT 1 FROM temp.undo_need LIMIT 1").fetchone():
                connection.execute(_BY_NUMBER)

    def bring(self, most: int) -> list[Brought] | None:
        """Plan what planned records need and was offered; tell at most so many; None: nothing."""
        wanted = (
            f"{_NEEDS} JOIN temp.undo_entry offered ON {_OF.format('offered', 'need')}"
            f" AND offered.state IN ({_OFFERED}, {_REFUSED})"
        )
        with self._changing() as connection:
            rows = connection.execute(
                "SELECT offered.entity, offered.key, offered.told, made.entity, made.key,"
                f" offered.state, min(need.rowid) AS first{wanted}"
                " GROUP BY offered.number ORDER BY first LIMIT ?",
                (most,),
            ).fetchall()
            # By a list that is made first: what comes now may need others, which come, and are
            # told of, in the next round.
            changed = connection.execute(
                f"UPDATE temp.undo_entry SET state = iif(state = {_OFFERED}, {_PLANNED}, {_TOLD})"
                f" WHERE number IN (SELECT offered.number{wanted})"
            )
        found = [
            Brought(self._record(row[:2]), row[2], self._record(row[3:5]), row[5] == _OFFERED)
            for row in rows
        ]
        return found if changed.rowcount else None

    def leave_orphans(self, most: int) -> list[Orphan] | None:
        """Leave out what refers to nothing; tell at most so many; None: there was nothing.

        Others may refer to what was left out.
        """
        sides = {slot: side for side, slot in SLOT.items()}
        with self._changing() as connection:
            rows = connection.execute(
                "SELECT made.entity, made.key, made.side, need.entity, need.key,"
                f" min(need.rowid){_NEEDS} WHERE{_LACKS}"
                " GROUP BY need.number ORDER BY need.number LIMIT ?",
                (most,),
            ).fetchall()
            left = connection.execute(
                f"DELETE FROM temp.undo_entry WHERE state = {_PLANNED} AND number IN"
                f" (SELECT need.number FROM temp.undo_need need WHERE{_LACKS})"
            )
        found = [
            Orphan(self._record(row[:2]), sides[row[2]], self._record(row[3:5])) for row in rows
        ]
        return found if left.rowcount else None

    def leave_held(
        self, entity: EntityMapping, side: Side, below: Sequence[EntityMapping], most: int
    ) -> list[Held] | None:
        """Leave out deletes that would take along what the plan does not name, as `leave_orphans`.

        By what the side itself says: the tree of links is billing's, and a record may hang
        elsewhere on the other side. Costs a walk over the side's records of each entity `below`.
        """
        found: list[Held] = []
        left = array("q")
        with self._changing() as connection:
            for number, held in self._held(connection, entity, side, below):
                left.append(number)
                if len(found) < most:
                    found.append(held)
            if left:
                connection.execute(_BY_NUMBER)
            connection.executemany(
                "DELETE FROM temp.undo_entry WHERE number = ?", ((number,) for number in left)
            )
        return found if left else None

    def planned(self, count: int) -> bytearray:
        """Return of each number up to a count whether it is planned."""
        flags = bytearray(count)
        with self._changing() as connection:
            query = f"SELECT number FROM temp.undo_entry WHERE state = {_PLANNED}"
            with closing(connection.execute(query)) as rows:
                for (number,) in rows:
                    flags[number] = 1
        return flags

    def close(self) -> None:
        """Give the room back."""
        with self._store.transaction(self._store.mirror) as connection:
            _drop(connection)

    def _held(
        self,
        connection: sqlite3.Connection,
        entity: EntityMapping,
        side: Side,
        below: Sequence[EntityMapping],
    ) -> Iterator[tuple[int, Held]]:
        """Yield numbers of deletes with what hangs on their records, which no plan names."""
        parts, values = [], list[object]()
        for turn, child in enumerate(below):
            place = child.index[child.parent_field]
            parts.append(
                f"SELECT gone.number AS number, {turn} AS turn, gone.key, link.entity, link.key"
                " FROM link CROSS JOIN document ON document.id = link.id * 4 + ?"
                " CROSS JOIN temp.undo_entry gone ON gone.entity = ? AND gone.side = ? AND gone.key"
                f" = json_extract(CAST(document.body AS TEXT), '$[{place}]')"
                f" AND gone.state = {_PLANNED} AND gone.deletes WHERE link.entity = ?"
                " AND NOT EXISTS (SELECT 1 FROM temp.undo_entry other WHERE other.entity ="
                " link.entity AND other.side = gone.side AND other.key = link.key"
                f" AND other.state = {_PLANNED})"
            )
            ids, slot = self._store.entity_ids, SLOT[side]
            values += [slot, ids[entity.name], slot, ids[child.name]]
        query = f"{' UNION ALL '.join(parts)} ORDER BY number, turn"
        with closing(connection.execute(query, values)) as rows:
            for number, group in groupby(rows, itemgetter(0)):
                first, total, key = list[RecordKey](), 0, ""
                for _number, _turn, key, *child_of in group:  # noqa: B007 - told of after the loop
                    total += 1
                    if len(first) < _NAMED:
                        first.append(self._record(child_of))
                yield number, Held(key, total, first)

    def _put(self, state: int, number: int, operation: Operation, told: str) -> None:
        entity, slot = self._store.entity_ids[operation.entity], _slot(operation.side)
        deletes = operation.verb is Verb.DELETE
        if deletes:
            self._deletes.add((entity, slot))
        self._entries.append((number, entity, slot, operation.key, state, deletes, told))
        if len(self._entries) >= _ROWS_AT_ONCE:
            with self._changing():
                """Write what waits."""

    def _need(self, number: int, side: Side, needs: Iterable[RecordKey]) -> None:
        ids, slot = self._store.entity_ids, _slot(side)
        self._needs += [(number, ids[need.entity], slot, need.key) for need in needs]

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """Run a transaction in which everything stands that was put so far."""
        with self._store.transaction(self._store.mirror) as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO temp.undo_entry VALUES (?, ?, ?, ?, ?, ?, ?)", self._entries
            )
            connection.executemany("INSERT INTO temp.undo_need VALUES (?, ?, ?, ?)", self._needs)
            self._entries.clear()
            self._needs.clear()
            yield connection

    def _record(self, row: Sequence[Any]) -> RecordKey:
        return RecordKey(self._names[row[0]], row[1])


def _slot(side: Side) -> int:
    # An enum looks itself up by far more slowly, and there are millions of rows.
    return SALESFORCE if side is Side.SALESFORCE else BILLING


def _drop(connection: sqlite3.Connection) -> None:
    for table in _TABLES:
        connection.execute(f"DROP TABLE IF EXISTS temp.{table}")
