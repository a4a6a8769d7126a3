"""What a read of some keys found comes into the mirror as a whole read would bring it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.record import Record, Side
from app.store.mirror_delta import has_twins
from app.store.pairing import ids_of_pairs
from app.store.rekey import TWINS
from app.store.twins import pairs_beside, put_found
from app.store.workspace import Store
from tests.store.test_pairing import (
    KEYS,
    PLAN,
    held,
    orgs,
    pair,
    pairs,
    read,
    record,
    stored,
    tried,
)

later = st.dictionaries(st.sampled_from(("5", "6", "0")), st.sampled_from(KEYS))


def standing(store: Store) -> dict[str, list[str]]:
    """Return key → the ids of Salesforce's records that stand under it, beside or not."""
    rows = store.reader.execute(
        "SELECT key, document.side_id FROM document JOIN link ON link.id = document.id >> 2"
        " WHERE document.id & 3 = 2 UNION ALL"
        " SELECT key, twin.side_id FROM twin JOIN link ON link.id = twin.link WHERE twin.side = 2"
    )
    found: dict[str, list[str]] = {}
    for key, side_id in rows:
        found.setdefault(key, []).append(side_id)
    return {key: sorted(ids) for key, ids in found.items()}


def sharing(store: Store) -> set[str]:
    rows = store.reader.execute(f"SELECT key FROM link WHERE duplicate & {TWINS}")
    return {key for (key,) in rows}


def put(store: Store, found: list[Record]) -> None:
    with store.transaction(store.mirror) as connection:
        put_found(store, connection, PLAN, Side.SALESFORCE, found)


def found_of(store: Store, org: dict[str, str], key: str) -> list[Record]:
    """Return what a look before a write finds: who is paired with a key, and who bears it."""
    paired = ids_of_pairs(store, PLAN).get(key, "")
    mine = [record(key, paired)._replace(own_key=org[paired])] if paired in org else []
    mine = [one._replace(own_key=None) if one.own_key == key else one for one in mine]
    return mine + [record(key, one) for one, own in org.items() if own == key and one != paired]


@settings(max_examples=60, deadline=None)
@given(orgs, pairs, later)
def test_all_that_bear_a_key_stand_as_after_a_whole_read(
    org: dict[str, str], wanted: list[tuple[str, str]], came: dict[str, str]
) -> None:
    with stored(org) as looked, stored(org) as whole:
        for store in (looked, whole):
            tried(store, wanted)
        now = org | came
        for key in KEYS:
            if found := found_of(looked, now, key):
                put(looked, found)
        read(whole, now)
        assert standing(looked) == standing(whole)
        assert sharing(looked) == sharing(whole)
        read(looked, now)
        assert standing(looked) == standing(whole)


def test_one_that_stands_beside_takes_the_values_that_were_found() -> None:
    with stored({"1": "A", "2": "A"}) as store:
        put(store, [record("A", "2")._replace(values=("New", None, None)), record("A", "1")])
        (twin,) = held(store)["twin"]
        assert (twin[0], twin[2], twin[3]) == ("A", "2", b'["New",null,null]')
        assert has_twins(store, Side.SALESFORCE, PLAN)


def test_a_record_without_a_key_is_kept_by_itself() -> None:
    with stored({"1": "A"}) as store:
        put(store, [record("A", "1")._replace(own_key="")])
        assert [row[0] for row in held(store)["loose"]] == ["1"]
        assert "A" not in standing(store)


def test_a_pair_beside_which_another_bears_the_key_is_told() -> None:
    with stored({"1": "x"}) as store:
        pair(store, "A", "1")
        assert pairs_beside(store, PLAN) == {}
        read(store, {"2": "A", "1": "x"})
        assert pairs_beside(store, PLAN) == {"1": "A"}
