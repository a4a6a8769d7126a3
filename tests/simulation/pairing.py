"""People who pair records whose keys do not say that they belong together, and take pairs apart."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from app.domain.control import CancelToken
from app.store.pairing import Pairing, alone_in_billing, alone_in_salesforce, pairings
from app.store.slots import SALESFORCE
from app.store.workspace import Store
from app.sync.pairing import confirm, pair_by_rules, take_apart
from app.sync.workbench import Workbench
from tests.simulation.fate import Fate
from tests.simulation.keyed_server import KeyedServer

Held = list[tuple[Any, ...]]
_LINKS = (
    "SELECT link.entity, link.key, link.duplicate, link.base_hash, link.billing_hash,"
    " link.salesforce_hash, base.body, salesforce.side_id, choice.ticked, choice.take FROM link"
    " LEFT JOIN document base ON base.id = link.id * 4"
    " LEFT JOIN document salesforce ON salesforce.id = link.id * 4 + 2"
    " AND link.salesforce_hash IS NOT NULL"
    " LEFT JOIN choice ON choice.link = link.id ORDER BY link.entity, link.key"
)
_IDS = (
    "SELECT link.entity, document.side_id FROM link JOIN document ON document.id = link.id * 4 + 2"
    " WHERE link.salesforce_hash IS NOT NULL"
    " UNION ALL SELECT entity, twin.side_id FROM twin JOIN link ON link.id = twin.link"
    f" WHERE side = {SALESFORCE} UNION ALL SELECT entity, side_id FROM loose"
)


def pair_something(bench: Workbench, fate: Fate, token: CancelToken) -> Pairing | None:
    """Let a person pair two records, or the rules do it; return what a person paired."""
    random = fate.random
    if random.random() < 1 / 3:
        pair_by_rules(bench, (), token)
        return None
    entity = bench.mapping.entity("tier")
    billing = sorted(one.id for one in alone_in_billing(bench.store, entity))
    salesforce = sorted(one.id for one in alone_in_salesforce(bench.store, entity))
    if not billing or not salesforce:
        return None
    key, side_id = random.choice(billing), random.choice(salesforce)
    fate.tell(f"    pairs {key} with {side_id}")
    return confirm(bench, entity.name, key, side_id)


def pair_and_part(bench: Workbench, fate: Fate, token: CancelToken) -> list[str]:
    """Pair two records and take them apart at once; return what is not as it was before."""
    before = _held(bench.store)
    made = pair_something(bench, fate, token)
    if made is None:
        return []
    take_apart(bench, made.entity, made.key)
    if _held(bench.store) == before:
        return []
    return [f"pairing: {made.key} and {made.side_id} are not as they were before they were paired"]


def part_something(bench: Workbench, fate: Fate) -> Pairing | None:
    """Take one of the pairs apart; return it."""
    made = pairings(bench.store)
    if not made:
        return None
    one = fate.random.choice(made)
    fate.tell(f"    takes {one.key} and {one.side_id} apart")
    return take_apart(bench, one.entity, one.key)


def no_record_twice(store: Store, *, paired_only: bool = False) -> Iterator[str]:
    """Yield Salesforce's records that the store holds in two places.

    A whole read that broke off may leave one under an old key, too; never one that is paired.
    """
    paired = {one.side_id for one in pairings(store)}
    with store.translating():
        counts = Counter(store.reader.execute(_IDS).fetchall())
    for (entity, side_id), count in counts.items():
        if side_id and count > 1 and (side_id in paired or not paired_only):
            yield f"pairing: {side_id} of entity {entity} stands {count} times in the mirror"


def note_pairs(store: Store, server: KeyedServer) -> None:
    """Tell the server what is paired, so that it sees what the engine makes of it."""
    for one in pairings(store):
        if one.side_id not in server.pairs:
            server.pair(one.entity, one.side_id, one.key)


def paired_ids(store: Store) -> set[str]:
    """Return Salesforce's ids of what is paired."""
    return {one.side_id for one in pairings(store)}


def _held(store: Store) -> tuple[Held, Held]:
    loose = "SELECT entity, side_id, body FROM loose ORDER BY entity, side_id"
    with store.translating():
        links = store.reader.execute(_LINKS).fetchall()
        return links, store.reader.execute(loose).fetchall()
