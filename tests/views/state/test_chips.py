"""The filter chips."""

from app.domain.diff import Kind
from app.views.state.chips import ALL, chips, kinds_of, names, pressed

COUNTS = {Kind.IDENTICAL: 90, Kind.DIFFERENT: 5, Kind.CONFLICT: 2, Kind.DUPLICATE_KEY: 3}


def test_chips_count_and_records_that_share_a_key_are_conflicts() -> None:
    texts = {chip.name: chip.text for chip in chips(COUNTS, frozenset())}
    assert texts["all"] == "All  100"
    assert texts["conflict"] == "Conflict  5"


def test_a_chip_that_would_show_nothing_cannot_be_pressed() -> None:
    enabled = {chip.name: chip.enabled for chip in chips(COUNTS, frozenset({"ignored"}))}
    assert not enabled["only_in_billing"]
    assert enabled["ignored"], "it is on, so it must be possible to put it off"
    assert enabled["all"]


def test_all_stands_alone_and_others_add_up() -> None:
    chosen = pressed(pressed(frozenset(), "different"), "conflict")
    assert chosen == {"different", "conflict"}
    assert kinds_of(chosen) == {Kind.DIFFERENT, Kind.CONFLICT, Kind.DUPLICATE_KEY}
    assert pressed(chosen, "different") == {"conflict"}
    assert pressed(chosen, ALL) == frozenset()
    assert kinds_of(()) == frozenset()


def test_every_kind_has_its_chip() -> None:
    assert kinds_of(name for name in names()) == frozenset(Kind)
