"""One mode of the Orb account: its tables, its present, what is due later, what it announces."""

import heapq
import itertools
import string
from bisect import bisect_left
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from app.sandbox.orb.errors import not_found

Row = dict[str, Any]

_LETTERS = string.ascii_letters + string.digits
_ID_LENGTH = 16

KINDS = {  # table → what its newest-first order goes by; with `_` where Orb does not show it
    "customer": "created_at",
    "plan": "created_at",
    "price": "created_at",
    "item": "created_at",
    "metric": "_created_at",
    "coupon": "_created_at",
    "subscription": "created_at",
    "subscription_change": "_created_at",
    "invoice": "invoice_date",
    "credit_note": "created_at",
    "credit_block": "_created_at",
    "ledger_entry": "created_at",
    "top_up": "_created_at",
    "balance_transaction": "created_at",
    "alert": "created_at",
    "event": "timestamp",
    "backfill": "created_at",
    "migration": "_created_at",
    "webhook_endpoint": "created_at",
}


def make_id(*parts: object) -> str:
    """Return an id of 16 letters and digits, the same for the same parts (orb.md §1)."""
    digest = int.from_bytes(blake2b(repr(parts).encode(), digest_size=16).digest())
    found = []
    for _ in range(_ID_LENGTH):
        digest, place = divmod(digest, len(_LETTERS))
        found.append(_LETTERS[place])
    return "".join(found)


def shown(row: Row) -> Row:
    """Return a row without what only the sandbox knows: the keys that begin with `_`."""
    return {name: value for name, value in row.items() if name[0] != "_"}


class Table:
    """Rows by id, and in the order in which lists show them."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.rows: dict[str, Row] = {}
        self._order = KINDS[kind]
        self._serials: dict[str, int] = {}
        self._next = itertools.count(1)
        self._sorted: list[tuple[str, int, str]] | None = None

    def add(self, row: Row) -> Row:
        """Store a new row."""
        self.rows[row["id"]] = row
        self._serials[row["id"]] = next(self._next)
        self._sorted = None
        return row

    def remove(self, record_id: str) -> None:
        """Forget a row."""
        del self.rows[record_id]
        self._sorted = None

    def moved(self) -> None:
        """Take note that what the order goes by has changed in some row."""
        self._sorted = None

    def __getitem__(self, record_id: str) -> Row:
        return self.rows[record_id]

    def at(self, record_id: str) -> Row:
        """Return a row.

        Raises:
            OrbError: There is none (404).
        """
        found = self.rows.get(record_id)
        if found is None or found.get("_deleted"):
            raise not_found(self.kind.replace("_", " "), record_id)
        return found

    def newest(self, below: tuple[str, int] | None = None) -> Iterator[tuple[tuple[str, int], Row]]:
        """Yield places and rows, newest first, from just below a place that was yielded before."""
        if self._sorted is None:
            self._sorted = sorted(
                (row[self._order], self._serials[key], key) for key, row in self.rows.items()
            )
        rows = self._sorted
        end = len(rows) if below is None else bisect_left(rows, (*below, ""))
        for place in range(end - 1, -1, -1):
            value, serial, key = rows[place]
            row = self.rows.get(key)
            if row is not None and not row.get("_deleted"):
                yield (value, serial), row

    def forked(self, mine: dict[str, Row]) -> "Table":
        """Return a copy in which the rows of `mine` stand in for those of the same ids."""
        copy = Table(self.kind)
        copy.rows = {**self.rows, **mine}
        copy._serials = dict(self._serials)
        copy._next = itertools.count(len(self._serials) + 1)
        return copy


@dataclass(frozen=True, slots=True)
class Announcement:
    """One event for the webhooks: `kind` such as `invoice.issued`, about one resource."""

    kind: str
    resource: str
    row: Row
    properties: Row


@dataclass(order=True, frozen=True, slots=True)
class Due:
    """Something that happens of itself at a moment."""

    at: str
    rank: int  # of what happens at the same moment: a change of plan comes before its billing
    serial: int
    task: str
    record_id: str


class World:
    """The tables of one mode, and its present; used under the system's lock only."""

    def __init__(self, seed: str, now: str) -> None:
        self.seed = seed
        self.now = now
        self.tables = {kind: Table(kind) for kind in KINDS}
        self.by_external_id: dict[tuple[str, str], str] = {}
        self.announce: Callable[[Announcement], None] | None = None
        self.agenda: list[Due] = []
        self.events_by_customer: dict[str, list[Row]] = {}
        self.next_invoice_number = 1
        self.used_until: str | None = None  # where use is to be counted to another moment than now
        self._counts: dict[str, int] = {}

    def table(self, kind: str) -> Table:
        """Return the table of a kind of record."""
        return self.tables[kind]

    def at(self, kind: str, record_id: str) -> Row:
        """Return a row; raises OrbError (404) where there is none."""
        return self.tables[kind].at(record_id)

    def new_id(self, kind: str) -> str:
        """Return the next id of a kind of thing."""
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        return make_id(self.seed, kind, count)

    def add(self, kind: str, row: Row) -> Row:
        """Store a new row, with an id and the present as its time of creation where it has none."""
        if "id" not in row:
            row["id"] = self.new_id(kind)
        order = KINDS[kind]
        if order.endswith("created_at"):
            row.setdefault(order, self.now)
        return self.tables[kind].add(row)

    def external(self, kind: str, external_id: str) -> Row:
        """Return the row with an external id; raises OrbError (404) where there is none."""
        found = self.by_external_id.get((kind, external_id))
        if found is None:
            raise not_found(kind, external_id, "external id")
        return self.at(kind, found)

    def later(self, at: str, task: str, record_id: str) -> None:
        """Let a task happen at a moment; one of the past happens when the clock is next asked."""
        count = self._counts["due"] = self._counts.get("due", 0) + 1
        rank = 0 if task == "change_plan" else 1
        heapq.heappush(self.agenda, Due(at, rank, count, task, record_id))

    def forked(self, customer_id: str | None) -> "World":
        """Return a world of its own in which one customer's records may be changed for a trial."""
        copy = World(self.seed, self.now)
        mine = {
            kind: {
                key: row
                for key, row in table.rows.items()
                if customer_id is not None and customer_id in {key, row.get("_customer")}
            }
            for kind, table in self.tables.items()
        }
        own = deepcopy(mine)
        copy.tables = {kind: table.forked(own[kind]) for kind, table in self.tables.items()}
        copy.by_external_id = dict(self.by_external_id)
        copy.events_by_customer = self.events_by_customer
        copy.next_invoice_number = self.next_invoice_number
        copy._counts = dict(self._counts)
        return copy

    def emit(self, kind: str, row: Row, **properties: Any) -> None:
        """Announce an event about a row; nobody hears it while history is being made."""
        if self.announce is not None:
            self.announce(Announcement(kind, kind.partition(".")[0], row, properties))
