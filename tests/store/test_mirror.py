from decimal import Decimal
from pathlib import Path

import pytest

from app.domain.record import Record, Side
from app.store.belonging import keys_of_account, titles_of
from app.store.comparison import one_pair, side_details
from app.store.mirror import MirrorRead
from app.store.pager import totals
from app.store.workspace import Store
from tests.fakes import small_mapping

MAPPING = small_mapping()
PLAN, TIER = MAPPING.entity("plan"), MAPPING.entity("tier")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "w.sqlite", MAPPING)


def plan(key: str, price: int = 49, name: str = "Pro", side_id: str = "1") -> Record:
    return Record(key, (name, Decimal(price), None), side_id)


def read(store: Store, side: Side, *pages: list[Record], whole: bool = True) -> MirrorRead:
    run = MirrorRead(store, PLAN, side, whole)
    for page in pages:
        run.put(page)
    run.finish()
    return run


def pair(store: Store, link: int = 1) -> tuple[object, object, object]:
    found = one_pair(store, link)
    assert found
    return found[1].base, found[1].billing, found[1].salesforce


def test_records_are_kept_and_counted(store: Store) -> None:
    read(store, Side.BILLING, [plan("A"), plan("B")], [plan("C")])
    read(store, Side.SALESFORCE, [plan("A")])
    assert totals(store)["plan"] == (3, 1)


def test_a_record_read_again_unchanged_changes_nothing(store: Store) -> None:
    assert read(store, Side.BILLING, [plan("A")]).changed == 1
    assert read(store, Side.BILLING, [plan("A")]).changed == 0


def test_what_a_whole_read_did_not_see_is_dropped(store: Store) -> None:
    read(store, Side.BILLING, [plan("A"), plan("B")])
    assert read(store, Side.BILLING, [plan("B")]).changed == 1
    assert totals(store)["plan"] == (1, 0)


def test_a_read_of_some_keys_drops_nothing(store: Store) -> None:
    read(store, Side.BILLING, [plan("A"), plan("B")])
    read(store, Side.BILLING, [plan("B", 59)], whole=False)
    assert totals(store)["plan"] == (2, 0)


def test_an_agreement_becomes_the_base_when_one_side_moves(store: Store) -> None:
    read(store, Side.BILLING, [plan("A", 49)])
    read(store, Side.SALESFORCE, [plan("A", 49)])
    read(store, Side.BILLING, [plan("A", 59)])
    base, billing, salesforce = pair(store)
    assert base == salesforce == ("Pro", Decimal(49), None)
    assert billing == ("Pro", Decimal(59), None)


def test_the_base_stays_when_the_other_side_moves_too(store: Store) -> None:
    read(store, Side.BILLING, [plan("A", 49)])
    read(store, Side.SALESFORCE, [plan("A", 49)])
    read(store, Side.BILLING, [plan("A", 59)])
    read(store, Side.SALESFORCE, [plan("A", 69)])
    assert pair(store)[0] == ("Pro", Decimal(49), None)


def test_a_record_gone_on_one_side_keeps_its_base(store: Store) -> None:
    read(store, Side.BILLING, [plan("A", 49)])
    read(store, Side.SALESFORCE, [plan("A", 49)])
    read(store, Side.BILLING, [])
    assert pair(store) == (("Pro", Decimal(49), None), None, ("Pro", Decimal(49), None))


def test_what_billing_has_left_is_shown_as_salesforce_has_it(store: Store) -> None:
    read(store, Side.BILLING, [plan("A", name="Pro")])
    read(store, Side.SALESFORCE, [plan("A", name="Gold")])
    assert titles_of(store, PLAN, ["A"]) == {"A": "Pro"}
    read(store, Side.BILLING, [])
    assert titles_of(store, PLAN, ["A"]) == {"A": "Gold"}


def test_what_billing_has_left_stands_under_the_parent_that_salesforce_names(store: Store) -> None:
    read(store, Side.BILLING, [plan("P1")])
    for side, parent in ((Side.BILLING, "P1"), (Side.SALESFORCE, "P2")):
        values = tuple(parent if f.name == TIER.parent_field else None for f in TIER.fields)
        run = MirrorRead(store, TIER, side)
        run.put([Record("T1", values, "1", parent)])
        run.finish()
    assert keys_of_account(store, "P1", [TIER]) == {"tier": frozenset({"T1"})}
    MirrorRead(store, TIER, Side.BILLING).finish()
    assert keys_of_account(store, "P1", [TIER]) == {"tier": frozenset()}


def test_a_record_gone_on_both_sides_is_forgotten(store: Store) -> None:
    read(store, Side.BILLING, [plan("A")])
    read(store, Side.BILLING, [])
    assert one_pair(store, 1) is None


@pytest.mark.parametrize("pages", [[["A", "A"]], [["A"], ["B", "A"]]])
def test_a_key_that_stands_twice_is_marked_until_it_does_not(
    store: Store, pages: list[list[str]]
) -> None:
    read(
        store,
        Side.SALESFORCE,
        *[[plan(key, side_id=f"{n}") for n, key in enumerate(p)] for p in pages],
    )
    found = one_pair(store, 1)
    assert found
    assert found[1].duplicate
    read(store, Side.SALESFORCE, [plan("A")])
    again = one_pair(store, 1)
    assert again
    assert not again[1].duplicate


def test_a_read_that_broke_off_drops_nothing_and_forgets_no_twin(store: Store) -> None:
    read(store, Side.BILLING, [plan("A"), plan("B"), plan("B")])
    MirrorRead(store, PLAN, Side.BILLING).put([plan("A", 59)])
    assert totals(store)["plan"] == (2, 0)
    again = MirrorRead(store, PLAN, Side.BILLING)
    again.put([plan("A", 59), plan("B")])
    again.finish()
    assert totals(store)["plan"] == (2, 0)
    assert again.twins == []


def test_a_record_made_anew_with_the_same_values_is_known_by_its_new_id(store: Store) -> None:
    read(store, Side.SALESFORCE, [plan("A", side_id="old")])
    assert read(store, Side.SALESFORCE, [plan("A", side_id="new")]).changed == 0
    assert side_details(store, 1, Side.SALESFORCE)[0] == "new"
