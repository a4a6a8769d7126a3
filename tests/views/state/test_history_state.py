"""What the history page says, also of what the mapping no longer has."""

from decimal import Decimal

from app.domain.control import CancelToken
from app.domain.plan import FieldChange, Operation, OutcomeState, Verb
from app.domain.record import Side
from app.store.journal import Entry, Run
from app.sync.undo import UndoPart
from app.views.state.fields import NOTHING
from app.views.state.history import (
    MOST_LISTED,
    Changes,
    Commits,
    EntryLine,
    changes_of,
    commits_found,
    count_words,
    entry_lines,
    undo_part,
    undo_selected_words,
)
from tests.fakes import small_mapping

MAPPING = small_mapping()


def entry(
    key: str, change: FieldChange, state: OutcomeState = OutcomeState.WRITTEN, *unmapped: str
) -> Entry:
    entity = "plan" if "plan" not in unmapped else "offer"
    operation = Operation(entity, key, Side.SALESFORCE, Verb.UPDATE, (change,), None)
    return Entry(1, "run", operation, state, "Too long", "name", "", "", unmapped)


def lines(*entries: Entry) -> tuple[EntryLine, ...]:
    return tuple(entry_lines(entries, MAPPING))


PRICE = FieldChange("price", Decimal(1), Decimal("2.5"))


def test_what_the_mapping_has_is_shown_by_its_type() -> None:
    (line,) = lines(entry("PRO", PRICE))
    assert (line.record, line.change) == ("Plan PRO", "Price: 1.00 → 2.50")


def test_what_the_mapping_lost_is_shown_as_it_stands_and_said_to_be_lost() -> None:
    gone = entry("PRO", FieldChange("gone", "1", None), OutcomeState.WRITTEN, "gone")
    (line,) = lines(gone)
    assert line.change == f"Gone: 1 → {NOTHING}"
    assert line.message == "Name: Too long · not in the mapping any more: gone"


def test_an_entity_that_the_mapping_lost_goes_by_its_name() -> None:
    (line,) = lines(entry("PRO", FieldChange("price", "1", "2"), OutcomeState.WRITTEN, "plan"))
    assert (line.record, line.change) == ("offer PRO", "Price: 1 → 2")


def test_only_what_was_written_can_be_chosen_for_an_undo() -> None:
    found = lines(entry("PRO", PRICE), entry("MAX", PRICE, OutcomeState.FAILED))
    assert undo_part(found) == UndoPart({"plan": frozenset({"PRO"})})
    assert undo_selected_words(found) == "Undo 1 selected…"
    assert undo_part(found[1:]) is None


def test_a_search_leaves_the_commits_that_were_found() -> None:
    runs = [Run(name, "ann", "finished", "", "", {}, 0, {}) for name in ("one", "two")]
    assert commits_found(runs, None) == Commits(runs, {"one": 0, "two": 0})
    assert commits_found(runs, {"two": 3}) == Commits(runs[1:], {"two": 3})


def test_a_search_that_found_no_commit_is_told() -> None:
    none = Changes("one", ())
    assert count_words(none, 0, "zzz") == "No commit has \u201czzz\u201d."
    assert count_words(none, 1200, "plan") == "0 of 1,200 changes"
    assert count_words(none, 0, "") == "0 of 0 changes"


def test_of_very_many_changes_the_first_are_listed_and_the_rest_is_told() -> None:
    many = (one for _ in range(MOST_LISTED + 1) for one in lines(entry("PRO", PRICE)))
    found = changes_of("one", many, CancelToken())
    assert (len(found.lines), found.more) == (MOST_LISTED, True)
    told = count_words(found, 1_000_000, "")
    assert told == "The first 10,000 of 1,000,000 changes: filter to find others"
