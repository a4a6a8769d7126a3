"""Pairings in the store: no record twice, an undo leaves what was before, in whatever order."""

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.proposal import Choice
from app.domain.record import Record, Side, exact
from app.errors import WrongUse
from app.store.choices import choose
from app.store.comparison import find_link
from app.store.mirror import MirrorRead, remove_links, write_records
from app.store.mirror_delta import MirrorDelta, has_twins
from app.store.pairing import (
    Pairing,
    alone_in_billing,
    alone_in_salesforce,
    drop_pair,
    pairings,
    put_pairings,
)
from app.store.set_aside import set_aside
from app.store.workspace import Store
from tests.keyed_side import ruled_mapping

MAPPING = ruled_mapping()
PLAN = MAPPING.entity("plan")
KEYS, OWN_KEYS = ("A", "B", "C"), ("", "A", "B", "x", "y")
IDS = ("1", "2", "3", "4")
Pair = tuple[str, str]

orgs = st.dictionaries(st.sampled_from(IDS), st.sampled_from(OWN_KEYS))
pairs = st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from(IDS)), max_size=5)


def record(key: str, side_id: str) -> Record:
    return Record(key, (f"Plan {side_id}", exact(Decimal(49)), None), side_id, None, "2026", "Ada")


@contextmanager
def stored(org: dict[str, str], keys: Sequence[str] = KEYS) -> Iterator[Store]:
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "s", MAPPING) as store:
        billing = MirrorRead(store, PLAN, Side.BILLING)
        billing.put([record(key, key) for key in keys])
        billing.finish()
        read(store, org)
        yield store


def read(store: Store, org: dict[str, str]) -> None:
    """Read Salesforce whole, two records a page."""
    whole = MirrorRead(store, PLAN, Side.SALESFORCE)
    rows = [record(key, side_id) for side_id, key in org.items()]
    for start in range(0, len(rows), 2):
        page = rows[start : start + 2]
        whole.put([r for r in page if r.key], [r for r in page if not r.key])
    whole.finish("cursor")


def pair(store: Store, key: str, side_id: str) -> None:
    made = Pairing("plan", key, side_id, "", "by hand", 90, "Ada", "2026-11-22")
    put_pairings(store, [made])


def tried(store: Store, wanted: Sequence[Pair]) -> list[Pair]:
    """Make the pairs that can be made; return them."""
    made = []
    for key, side_id in wanted:
        with suppress(WrongUse):
            pair(store, key, side_id)
            made.append((key, side_id))
    return made


def held(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Return all that the mirror holds, without the numbers of links and reads."""
    queries = {
        "link": "SELECT key, parent, title, sort, grp, base_hash, billing_hash, salesforce_hash,"
        " duplicate FROM link",
        "document": "SELECT key, document.id & 3, body, side_id, changed_at, changed_by"
        " FROM document JOIN link ON link.id = document.id >> 2",
        "twin": "SELECT key, side, side_id, body FROM twin JOIN link ON link.id = twin.link",
        "choice": "SELECT key, ticked, take FROM choice JOIN link ON link.id = choice.link",
        "loose": "SELECT side_id, title, body, changed_at, changed_by FROM loose",
        "pairing": "SELECT side_id, key, own_key FROM pairing",
        "count": "SELECT name, CAST(value AS TEXT) FROM note WHERE name LIKE 'links/%'",
    }
    return {name: sorted(store.reader.execute(query), key=repr) for name, query in queries.items()}


def ids_held(store: Store) -> Counter[str]:
    """Return how often each Salesforce id stands in the mirror."""
    rows = store.reader.execute(
        "SELECT side_id FROM document JOIN link ON link.id = document.id >> 2 WHERE"
        " document.id & 3 = 2 UNION ALL SELECT side_id FROM loose"
        " UNION ALL SELECT side_id FROM twin"
    )
    return Counter(side_id for (side_id,) in rows)


def test_a_record_that_a_broken_read_left_under_its_old_key_too_is_not_paired() -> None:
    with stored({"1": ""}) as store:
        broken = MirrorRead(store, PLAN, Side.SALESFORCE)
        broken.put([record("x", "1")])
        with pytest.raises(WrongUse, match="read under two keys"):
            pair(store, "A", "1")
        read(store, {"1": "x"})
        pair(store, "A", "1")
        assert ids_held(store) == Counter(["1"])


@settings(max_examples=60, deadline=None)
@given(orgs, pairs)
def test_no_record_stands_twice_and_none_in_two_pairs(
    org: dict[str, str], wanted: list[Pair]
) -> None:
    with stored(org) as store:
        made = tried(store, wanted)
        assert ids_held(store) == Counter(list(org))
        found = [(one.key, one.side_id) for one in pairings(store)]
        assert sorted(found) == sorted(made)
        assert len({key for key, _ in made}) == len({side_id for _, side_id in made}) == len(made)
        free = {one.id for one in alone_in_salesforce(store, PLAN)}
        assert free.isdisjoint(side_id for _, side_id in made)
        assert {one.id for one in alone_in_billing(store, PLAN)}.isdisjoint(k for k, _ in made)


@settings(max_examples=60, deadline=None)
@given(orgs, pairs, st.randoms(use_true_random=False))
def test_undone_in_any_order_everything_is_as_before(
    org: dict[str, str], wanted: list[Pair], random: object
) -> None:
    with stored(org) as store:
        before = held(store)
        made = tried(store, wanted)
        random.shuffle(made)  # type: ignore[attr-defined]
        for key, _side_id in made:
            drop_pair(store, PLAN, key)
        assert held(store) == before


@settings(max_examples=60, deadline=None)
@given(orgs, pairs)
def test_the_order_of_confirmations_does_not_matter(
    org: dict[str, str], wanted: list[Pair]
) -> None:
    with stored(org) as store:
        made = tried(store, wanted)
        one = held(store)
    with stored(org) as store:
        assert tried(store, made[::-1]) == made[::-1]
        assert held(store) == one


@settings(max_examples=60, deadline=None)
@given(orgs, pairs, orgs)
def test_a_read_keeps_what_is_paired_and_an_undo_what_was_read(
    org: dict[str, str], wanted: list[Pair], later: dict[str, str]
) -> None:
    with stored(org) as store:
        tried(store, wanted)
        read(store, later)
        assert ids_held(store) == Counter(list(later))
        for one in pairings(store):
            with suppress(WrongUse):  # where others bear the key too
                drop_pair(store, PLAN, one.key)
        assert ids_held(store) == Counter(list(later))
        if not pairings(store):
            read(store, later)
            again = held(store)
        else:
            return
    with stored(later) as fresh:
        assert [row[:1] for row in again["link"]] == [row[:1] for row in held(fresh)["link"]]
        assert again["loose"] == held(fresh)["loose"]


@settings(max_examples=60, deadline=None)
@given(orgs, pairs)
def test_a_read_of_the_same_changes_nothing(org: dict[str, str], wanted: list[Pair]) -> None:
    with stored(org) as store:
        tried(store, wanted)
        before = held(store)
        read(store, org)
        assert held(store) == before


@pytest.fixture
def store() -> Iterator[Store]:
    with stored({"1": "", "2": "x", "3": "B"}) as made:
        yield made


def test_choices_and_bases_come_back_with_the_undo(store: Store) -> None:
    link, other = find_link(store, PLAN, "A"), find_link(store, PLAN, "x")
    choose(store, {link or 0: Choice(ticked=False), other or 0: Choice(take={"*": "salesforce"})})
    before = held(store)
    pair(store, "A", "2")
    assert held(store)["choice"] == []
    drop_pair(store, PLAN, "A")
    assert held(store) == before
    assert len(before["choice"]) == 2


def test_the_base_of_another_record_is_no_base_of_the_pair(store: Store) -> None:
    read(store, {"1": "", "2": "x"})  # B's record went: what they agreed on is its base
    before = held(store)
    assert any(row[1] == 0 for row in before["document"])
    pair(store, "B", "1")
    assert not any(row[1] == 0 for row in held(store)["document"])
    drop_pair(store, PLAN, "B")
    assert held(store) == before


def test_the_base_is_kept_where_the_record_is_the_one_that_agreed(store: Store) -> None:
    read(store, {"1": "", "2": "x", "3": ""})
    before = held(store)
    pair(store, "B", "3")
    assert any(row[1] == 0 for row in held(store)["document"])
    drop_pair(store, PLAN, "B")
    assert held(store) == before


def test_what_changed_since_a_cursor_is_put_under_the_key_of_its_pair(store: Store) -> None:
    pair(store, "A", "1")
    delta = MirrorDelta(store, PLAN, Side.SALESFORCE)
    delta.put([], ["1"], [record("", "1")._replace(values=("New", None, None))])
    assert (delta.changed, ids_held(store)["1"]) == (1, 1)
    assert [one.key for one in pairings(store)] == ["A"]
    delta.put([record("A", "1")])
    assert (pairings(store), delta.moved) == ((), 1)


def test_a_row_that_lost_its_key_is_loose_and_one_that_got_one_is_not(store: Store) -> None:
    delta = MirrorDelta(store, PLAN, Side.SALESFORCE)
    delta.put([record("A", "1")], ["3"], [record("", "3")])
    assert [row[0] for row in held(store)["loose"]] == ["3"]
    assert delta.moved == 2  # what refers to the one names it now, what refers to the other not
    assert {one.id for one in alone_in_billing(store, PLAN)} == {"B", "C"}


def test_a_deleted_record_takes_its_pairing_along(store: Store) -> None:
    pair(store, "A", "1")
    MirrorDelta(store, PLAN, Side.SALESFORCE).put([], ["1"])
    assert (pairings(store), ids_held(store)["1"]) == ((), 0)
    assert {row[0]: row[-1] for row in held(store)["link"]} == {"A": 0, "B": 0, "C": 0, "x": 0}


def test_a_record_that_was_found_under_another_key_leaves_the_old_one(store: Store) -> None:
    with store.transaction(store.mirror) as connection:
        found = record("B", "3")._replace(own_key="z")
        write_records(store, connection, PLAN, Side.SALESFORCE, [found])
    assert find_link(store, PLAN, "z")
    assert ids_held(store)["3"] == 1


def test_another_instance_has_no_pairings(store: Store) -> None:
    pair(store, "A", "1")
    set_aside(store, Side.SALESFORCE, "other").unlink()
    assert (pairings(store), held(store)["loose"]) == ((), [])
    assert all(row[-1] == 0 for row in held(store)["link"])


def test_a_pair_is_undone_while_another_record_bears_its_own_key(store: Store) -> None:
    pair(store, "A", "2")
    MirrorDelta(store, PLAN, Side.SALESFORCE).put([record("x", "4")])
    drop_pair(store, PLAN, "A")
    assert [(row[0], row[-1]) for row in held(store)["link"]][-1] == ("x", 2)
    assert ids_held(store) == Counter({"1": 1, "2": 1, "3": 1, "4": 1})


def test_a_pairing_goes_with_its_record_though_another_one_bears_the_key(store: Store) -> None:
    pair(store, "A", "1")
    read(store, {"9": "A", "1": ""})
    assert [one.side_id for one in pairings(store)] == ["1"]
    read(store, {"9": "A"})
    assert pairings(store) == ()
    assert ids_held(store) == Counter({"9": 1})


def test_a_read_of_what_changed_forgets_a_pairing_whose_key_another_record_bears(
    store: Store,
) -> None:
    pair(store, "A", "1")
    with store.transaction(store.mirror) as connection:
        write_records(store, connection, PLAN, Side.SALESFORCE, [record("A", "9")])
    assert [one.side_id for one in pairings(store)] == ["1"]
    MirrorDelta(store, PLAN, Side.SALESFORCE).put([], ["1"])
    assert pairings(store) == ()
    assert ids_held(store)["9"] == 1


@pytest.mark.parametrize("is_there", [True, False])
def test_a_record_that_shared_a_key_changes_places_with_the_one_there(
    store: Store, *, is_there: bool
) -> None:
    pair(store, "A", "1")
    read(store, {"9": "A", "1": ""})
    with store.transaction(store.mirror) as connection:
        if not is_there:
            link = find_link(store, PLAN, "A")
            assert link is not None
            remove_links(connection, PLAN, Side.SALESFORCE, [link])
        found = record("A", "1")._replace(own_key="")
        write_records(store, connection, PLAN, Side.SALESFORCE, [found])
    assert ids_held(store) == Counter(["1", "9"] if is_there else ["1"])
    assert has_twins(store, Side.SALESFORCE, PLAN)  # so that all is read before it is believed
