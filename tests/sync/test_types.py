"""Which kinds of record to keep: what is advised, and what a choice takes along."""

from pathlib import Path

import pytest

from app.domain.mapping import WorkspaceMapping
from app.domain.mapping_file import parse_mapping
from app.errors import WrongUse
from app.sync.types import RECORD_BYTES, TypeCount, advised, chosen_without

REVENUE, LINE = "daily_line_item_revenue", "invoice_line_item_billing"


@pytest.fixture(scope="module")
def orb() -> WorkspaceMapping:
    path = Path(__file__).parents[2] / "resources" / "mappings" / "orb.toml"
    return parse_mapping(path.read_text("utf-8"), path.name)


def counts(mapping: WorkspaceMapping, **records: int) -> list[TypeCount]:
    return [
        TypeCount(one, records.get(one.name, 1), exact=True, there=0, read_calls=1, write_calls=1)
        for one in mapping.entities
    ]


def leave(mapping: WorkspaceMapping, room: int | None, **records: int) -> set[str]:
    """Return what is advised to be left out where there is room for so many records."""
    left = None if room is None else room * RECORD_BYTES
    found = advised(mapping, counts(mapping, **records), left)
    assert bool(found.why) == any(one.leave for one in found.counts)
    return {one.entity.name for one in found.counts if one.leave}


def test_what_fits_is_kept(orb: WorkspaceMapping) -> None:
    assert leave(orb, 2000, **{REVENUE: 1000}) == set()
    assert leave(orb, None, **{REVENUE: 10**9}) == set()


def test_daily_revenue_goes_first_though_it_is_not_the_most(orb: WorkspaceMapping) -> None:
    assert leave(orb, 2000, **{REVENUE: 500, LINE: 1300}) == {REVENUE}


def test_then_what_takes_most_with_what_hangs_on_it(orb: WorkspaceMapping) -> None:
    assert leave(orb, 1000, **{REVENUE: 500, "invoice": 900, LINE: 400}) == {
        REVENUE,
        "invoice",
        LINE,
    }


def test_what_is_no_movement_is_never_advised_against(orb: WorkspaceMapping) -> None:
    assert "customer" not in leave(orb, 10, customer=10**6)


def test_what_salesforce_has_takes_no_more_room(orb: WorkspaceMapping) -> None:
    one = TypeCount(orb.entity(REVENUE), 1000, exact=True, there=900, read_calls=1, write_calls=1)
    assert (one.bytes, one.new_bytes) == (1000 * RECORD_BYTES, 100 * RECORD_BYTES)


def test_a_choice_keeps_what_its_records_hang_on(orb: WorkspaceMapping) -> None:
    gone = chosen_without(orb, only=["subscription"], without=[])
    assert orb.by_name.keys() - set(gone) == {"customer", "subscription"}
    assert chosen_without(orb, only=[], without=["invoice"]) == ("invoice", LINE)


def test_a_choice_of_nothing_or_of_what_is_not_there_is_refused(orb: WorkspaceMapping) -> None:
    with pytest.raises(WrongUse, match="no entity 'nosuch'"):
        chosen_without(orb, only=["nosuch"], without=[])
    with pytest.raises(WrongUse, match="Nothing would be left"):
        chosen_without(orb, only=[], without=list(orb.by_name))
