"""A billing system's numbers: two kinds of records may have the same, and two of one kind too."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.record import Record, Side
from app.store.cursors import cursor_of
from app.store.mirror import MirrorRead
from app.store.mirror_account import MirrorAccount
from app.store.mirror_delta import MirrorDelta
from app.store.mirrored import mirrored
from app.store.workspace import Store
from tests.fakes import small_mapping

MAPPING = small_mapping()
PLAN, TIER = MAPPING.entity("plan"), MAPPING.entity("tier")


def record(key: str, side_id: str, parent: str | None = None) -> Record:
    entity = TIER if parent else PLAN
    values = tuple(parent if f.name == TIER.parent_field else None for f in entity.fields)
    return Record(key, values, side_id, parent)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "w.sqlite", MAPPING) as made:
        plans = MirrorRead(made, PLAN, Side.BILLING)
        plans.put([record("P1", "1"), record("P2", "2")])
        plans.finish()
        tiers = MirrorRead(made, TIER, Side.BILLING)
        tiers.put([record("P1|1", "1", "P1"), record("P2|1", "1", "P2")])
        tiers.finish()
        yield made


def standing(store: Store) -> set[str]:
    return {
        found.key
        for entity, keys in ((PLAN, ["P1", "P2", "P9"]), (TIER, ["P1|1", "P2|1"]))
        for found in mirrored(store, entity, Side.BILLING, keys)
    }


def test_what_changed_of_one_kind_takes_no_other_kind_of_the_same_number_away(store: Store) -> None:
    delta = MirrorDelta(store, PLAN, Side.BILLING)
    delta.put([record("P9", "1")], gone=["2"])
    assert standing(store) == {"P9", "P1|1", "P2|1"}


def test_one_accounts_records_take_no_other_accounts_of_the_same_number_away(store: Store) -> None:
    reads = [MirrorAccount(store, entity, Side.BILLING, "P1") for entity in (PLAN, TIER)]
    for read, found in zip(reads, (record("P1", "1"), record("P1|1", "1", "P1")), strict=True):
        read.put([found])
    for read in reads:
        read.finish("")
    assert standing(store) == {"P1", "P2", "P1|1", "P2|1"}


@pytest.mark.parametrize(("side_id", "cursor"), [("idX", ""), ("idY", "then")])
def test_what_refers_to_a_record_that_an_accounts_read_found_under_another_key_is_read_whole(
    store: Store, side_id: str, cursor: str
) -> None:
    for entity in (PLAN, TIER):
        read = MirrorRead(store, entity, Side.SALESFORCE)
        read.put([record("P1", "idX") if entity is PLAN else record("P1|1", "idT", "P1")])
        read.finish("then")
    account = MirrorAccount(store, PLAN, Side.SALESFORCE, "P9")
    account.put([record("P9", side_id)])
    account.finish("")
    assert cursor_of(store, Side.SALESFORCE, "plan") == "then"
    assert cursor_of(store, Side.SALESFORCE, "tier") == cursor
