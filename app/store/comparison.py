"""The hash join: which pairs differ, what the compare said of them, and the counts."""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import orjson

from app.domain.convert import decode_each, decode_pair
from app.domain.diff import Kind, RecordDiff
from app.domain.mapping import EntityMapping
from app.domain.record import BaseValues, Side, Values
from app.store import link_counts
from app.store.compared import note_compared
from app.store.rekey import REKEYED, TWINS
from app.store.slots import SALESFORCE
from app.store.workspace import Store

_ROWS_AT_ONCE = 2000
_DOCUMENTS = (
    " LEFT JOIN document base ON base.id = link.id * 4"
    " LEFT JOIN document billing ON billing.id = link.id * 4 + 1 AND link.billing_hash IS NOT NULL"
    " LEFT JOIN document salesforce ON salesforce.id = link.id * 4 + 2"
    " AND link.salesforce_hash IS NOT NULL"
)
_WITH_DOCUMENTS = f" FROM link LEFT JOIN diff ON diff.link = link.id{_DOCUMENTS}"
# Only where the bit says so is the pairing looked up.
_OWN_KEY = (
    f"CASE WHEN link.duplicate & {REKEYED} THEN (SELECT own_key FROM pairing WHERE pairing.entity"
    f" = link.entity AND pairing.side = {SALESFORCE} AND pairing.key = link.key) END"
)
_COLUMNS = (
    "link.id, link.key, link.duplicate, link.base_hash, link.billing_hash, link.salesforce_hash,"
    f" base.body, billing.body, salesforce.body, {_OWN_KEY}"
)
# The same words as the partial index `link_differs`, so that SQLite walks that index alone.
_DIFFERS = "(link.billing_hash IS NOT link.salesforce_hash OR link.duplicate)"
_UNJUDGED = (
    f"{_DIFFERS} AND (diff.link IS NULL"
    " OR diff.billing_hash IS NOT link.billing_hash"
    " OR diff.salesforce_hash IS NOT link.salesforce_hash"
    " OR diff.base_hash IS NOT link.base_hash"
    f" OR (diff.kind = {Kind.DUPLICATE_KEY.value}) IS NOT (link.duplicate & {TWINS} > 0))"
)


class Hashes(NamedTuple):
    """The three hashes of a pair, by which a later compare sees that nothing changed."""

    base: int | None
    billing: int | None
    salesforce: int | None


@dataclass(frozen=True, slots=True)
class Pair:
    """A key whose two sides do not hold the same, opened.

    `base` is what the sides last agreed on, None where they never did.

    Attributes:
        own_key: Where a pairing made the pair: the key that Salesforce's record bears, or `""`.
    """

    link: int
    key: str
    duplicate: bool
    hashes: Hashes
    base: BaseValues | None
    billing: Values | None
    salesforce: Values | None
    own_key: str | None = None


class StoredDiff(NamedTuple):
    """A difference as the compare left it, with what the plan needs to act on it."""

    link: int
    pair: Pair
    kind: Kind
    deleted: bool


class Judged(NamedTuple):
    """What compare found for one pair, to be stored."""

    pair: Pair
    diff: RecordDiff


def changed_pairs(store: Store, entity: EntityMapping) -> Iterator[Pair]:
    """Yield the differing pairs that no compare has judged as they are now, in no order.

    Costs what differs, not what there is: it walks the partial index over differing links.
    """
    with store.translating():
        cursor = store.reader.execute(
            f"SELECT {_COLUMNS}{_WITH_DOCUMENTS} WHERE link.entity = ? AND {_UNJUDGED}",
            (store.entity_ids[entity.name],),
        )
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            yield from (_pair(row, entity) for row in rows)


def is_judged(store: Store, link: int) -> bool:
    """Return whether a pair agrees, or a compare has judged it as it is now.

    Where none has, a read may have broken off: what a side seems to lack may not have been read.
    """
    with store.translating():
        row = store.reader.execute(
            "SELECT 1 FROM link LEFT JOIN diff ON diff.link = link.id"
            f" WHERE link.id = ? AND {_UNJUDGED}",
            (link,),
        ).fetchone()
    return row is None


def store_judged(store: Store, entity: EntityMapping, judged: Sequence[Judged]) -> None:
    """Store what compare found, in one transaction."""
    number = store.entity_ids[entity.name]
    rows = [
        (
            pair.link,
            number,
            diff.kind.value,
            orjson.dumps([field.name for field in diff.fields or diff.ignored]).decode(),
            int(diff.deleted),
            *pair.hashes,
        )
        for pair, diff in judged
    ]
    with store.transaction(store.mirror, shared=True) as connection:
        connection.executemany("INSERT OR REPLACE INTO diff VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        note_compared(connection)


def drop_settled(store: Store) -> None:
    """Forget the differences of pairs that agree now, and the choices made for them."""
    with store.transaction(store.mirror, shared=True) as connection:
        settled = (
            "SELECT diff.link FROM diff LEFT JOIN link ON link.id = diff.link"
            f" WHERE link.id IS NULL OR NOT {_DIFFERS}"
        )
        connection.execute(f"DELETE FROM choice WHERE link IN ({settled})")
        dropped = connection.execute(f"DELETE FROM diff WHERE link IN ({settled})")
        if dropped.rowcount:
            note_compared(connection)


def kind_counts(store: Store) -> Mapping[str, Mapping[Kind, int]]:
    """Return entity → kind → how many; every entity and every kind is there."""
    counts = {entity.name: dict.fromkeys(Kind, 0) for entity in store.mapping.entities}
    names = {number: name for name, number in store.entity_ids.items()}
    with store.translating():
        totals = link_counts.counts(store.reader, names)
        found = store.reader.execute(
            "SELECT entity, kind, count(*) FROM diff GROUP BY entity, kind"
        ).fetchall()
    for number, total in totals.items():
        counts[names[number]][Kind.IDENTICAL] = total
    for number, kind, count in found:
        entity = counts.get(names.get(number, ""))
        if entity is not None and kind != Kind.IDENTICAL:
            entity[Kind(kind)] = count
            entity[Kind.IDENTICAL] -= count
    return counts


def stored_diffs(
    store: Store, entity: EntityMapping, kinds: Iterable[Kind] = ()
) -> Iterator[StoredDiff]:
    """Yield the differences that the last compare stored, in key order; of some kinds or of all."""
    wanted = ",".join(str(kind.value) for kind in kinds)
    where = f"diff.entity = ? AND diff.kind {f'IN ({wanted})' if wanted else '<> 0'}"
    with store.translating():
        # The keys are sorted by themselves: a sort that carries the documents along is slow.
        cursor = store.reader.execute(
            "SELECT diff.link FROM diff CROSS JOIN link ON link.id = diff.link"
            f" WHERE {where} ORDER BY link.key",
            (store.entity_ids[entity.name],),
        )
        links = array("q", (link for (link,) in cursor))  # millions of them fit in memory
    for start in range(0, len(links), _ROWS_AT_ONCE):
        some = links[start : start + _ROWS_AT_ONCE].tolist()
        found = _stored(store, entity, some)
        yield from (found[link] for link in some if link in found)


def _stored(store: Store, entity: EntityMapping, links: Sequence[int]) -> Mapping[int, StoredDiff]:
    marks = ",".join("?" * len(links))
    with store.translating():
        rows = store.reader.execute(
            f"SELECT {_COLUMNS}, diff.kind, diff.deleted{_WITH_DOCUMENTS}"
            f" WHERE link.id IN ({marks}) AND diff.link IS NOT NULL",
            links,
        ).fetchall()
    return {
        row[0]: StoredDiff(row[0], _pair(row, entity), Kind(row[-2]), bool(row[-1])) for row in rows
    }


def one_pair(store: Store, link: int) -> tuple[EntityMapping, Pair] | None:
    """Return a link with its three documents, whether or not they differ."""
    with store.translating():
        row = store.reader.execute(
            f"SELECT link.entity, {_COLUMNS}{_WITH_DOCUMENTS} WHERE link.id = ?", (link,)
        ).fetchone()
    if row is None:
        return None
    entity = store.entity(row[0])
    return entity, _pair(row[1:], entity)


def side_counts(store: Store, entity: EntityMapping) -> tuple[int, int]:
    """Return how many keys billing and Salesforce hold of an entity."""
    with store.translating():
        row = store.reader.execute(
            "SELECT count(billing_hash), count(salesforce_hash) FROM link WHERE entity = ?",
            (store.entity_ids[entity.name],),
        ).fetchone()
    return int(row[0]), int(row[1])


def all_pairs(store: Store, entity: EntityMapping) -> Iterator[Pair]:
    """Yield every pair of an entity, opened, in no order; costs what there is."""
    with store.translating():
        cursor = store.reader.execute(
            f"SELECT {_COLUMNS}{_WITH_DOCUMENTS} WHERE link.entity = ?",
            (store.entity_ids[entity.name],),
        )
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            yield from (_pair(row, entity) for row in rows)


def existing_keys(store: Store, entity: EntityMapping, side: Side, keys: Iterable[str]) -> set[str]:
    """Return those of the keys that a side's records bear, so that others can refer to them."""
    column, number = f"{side.value}_hash", store.entity_ids[entity.name]
    rekeyed = REKEYED if side is Side.SALESFORCE else 0
    found = set()
    with store.translating():
        for key in keys:
            row = store.reader.execute(
                f"SELECT 1 FROM link WHERE entity = ? AND key = ? AND {column} IS NOT NULL"
                " AND NOT duplicate & ?",
                (number, key, rekeyed),
            ).fetchone()
            if row:
                found.add(key)
    return found


def find_link(store: Store, entity: EntityMapping, key: str) -> int | None:
    """Return the number of a record's link, None where no side ever held the key."""
    with store.translating():
        row = store.reader.execute(
            "SELECT id FROM link WHERE entity = ? AND key = ?",
            (store.entity_ids[entity.name], key),
        ).fetchone()
    return None if row is None else int(row[0])


def side_details(store: Store, link: int, side: Side) -> tuple[str, str, str]:
    """Return a record's id on a side, when it was changed there and by whom; `""` if unknown."""
    slot = 1 if side is Side.BILLING else 2
    with store.translating():
        row = store.reader.execute(
            "SELECT side_id, changed_at, changed_by FROM document WHERE id = ?", (link * 4 + slot,)
        ).fetchone()
    return ("", "", "") if row is None else (row[0] or "", row[1] or "", row[2] or "")


def _pair(row: Sequence[object], entity: EntityMapping) -> Pair:
    link, key, duplicate, *hashed, base, billing, salesforce, own_key = row[:10]
    hashes = Hashes(*hashed)  # type: ignore[arg-type]
    values: Sequence[BaseValues | None]
    if billing is not None and salesforce is not None:
        values = decode_pair(base, billing, salesforce, entity)  # type: ignore[arg-type]
    else:
        values = decode_each((base, billing, salesforce), entity)  # type: ignore[arg-type]
    return Pair(
        link=link,  # type: ignore[arg-type]
        key=key,  # type: ignore[arg-type]
        duplicate=bool(duplicate & TWINS),  # type: ignore[operator]
        hashes=hashes,
        base=values[0],
        billing=cast("Values | None", values[1]),
        salesforce=cast("Values | None", values[2]),
        own_key=own_key,  # type: ignore[arg-type]
    )
