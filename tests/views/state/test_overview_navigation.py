"""The overview bar, F7 and F8, progress and the toolbar."""

import pytest

from app.domain.control import Progress
from app.domain.diff import Kind
from app.domain.record import Side
from app.errors import StoreError
from app.sync.refresh import RefreshResult
from app.views.state.difference import Tone
from app.views.state.navigation import Go, destination
from app.views.state.overview import MOST_MARKS, marks, window
from app.views.state.progress import calls_text, duration, eta, notice, progress_bar
from app.views.state.survey import Survey
from app.views.state.toolbar import refresh_words, survey_words, toolbar


def test_marks_stand_at_their_share_of_the_rows() -> None:
    assert marks([(0, Tone.BILLING), (5, Tone.CONFLICT)], 10) == (
        (0.0, Tone.BILLING),
        (0.5, Tone.CONFLICT),
    )


def test_of_many_rows_on_one_place_the_gravest_is_kept() -> None:
    rows = 100 * MOST_MARKS
    found = marks(((n, Tone.CONFLICT if n == 7 else Tone.CHANGED) for n in range(rows)), rows)
    assert len(found) == MOST_MARKS
    assert found[0].tone is Tone.CONFLICT


def test_the_window_is_a_share_of_the_whole() -> None:
    assert window(100, 100, 300) == (0.25, 0.25)
    assert window(0, 100, 0) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("current", "go", "wanted"),
    [
        (0, Go.NEXT, 10),
        (10, Go.NEXT, 20),
        (30, Go.NEXT, None),
        (20, Go.PREVIOUS, 10),
        (10, Go.PREVIOUS, None),
        (10, Go.LAST, 30),
        (30, Go.FIRST, 10),
    ],
)
def test_going_from_difference_to_difference(current: int, go: Go, wanted: int | None) -> None:
    assert destination([10, 20, 30], current, go) == wanted


def test_there_is_nowhere_to_go_without_differences() -> None:
    assert destination([], 5, Go.NEXT) is None
    assert destination([5], 5, Go.NEXT) == 5


def test_progress_says_what_how_far_and_how_long() -> None:
    bar = progress_bar("Committing", Progress(25, 100, "Committing Plans"), 10)
    assert bar.share == 0.25
    assert bar.text == "Committing Plans \u00b7 25 of 100 \u00b7 about 30 s left"


def test_progress_without_a_total_says_the_rate() -> None:
    bar = progress_bar("Refreshing", Progress(5000, 0, "Reading Plans from billing"), 10)
    assert bar.share is None
    assert bar.text.endswith("5,000 records \u00b7 500 a second")
    assert progress_bar("Refreshing", None, 0).text == "Refreshing\u2026"


def test_durations_are_said_as_people_say_them() -> None:
    assert [duration(s) for s in (0.2, 45, 61, 3700)] == ["1 s", "45 s", "1 min 1 s", "1 h 1 min"]
    assert eta(0.5, 0.1) == ""


def test_an_expected_error_is_told_and_any_other_is_a_defect() -> None:
    assert notice(StoreError("Full.", "Free space.")).hint == "Free space."
    assert "defect in Concord (ValueError)" in notice(ValueError("secret")).summary


def test_calls_are_told_for_both_sides() -> None:
    assert calls_text({Side.BILLING: 1200}) == "Calls: billing 1,200 \u00b7 Salesforce 0"


def test_nothing_can_start_while_something_writes() -> None:
    survey = Survey(counts={Kind.DIFFERENT: 3}, ticked=2)
    idle = toolbar(survey, is_open=True, working=False)
    assert (idle.can_refresh, idle.can_compare, idle.can_commit) == (True, True, True)
    assert idle.commit_label == "Commit 2\u2026"
    busy = toolbar(survey, is_open=True, working=True)
    assert (busy.can_refresh, busy.can_compare, busy.can_commit) == (False, False, False)


def test_a_refresh_is_told_in_a_line() -> None:
    result = RefreshResult({Side.BILLING: {"plan": 1200}}, 3, {}, 2.0, unkeyed=1)
    assert refresh_words(result) == (
        "Read 1,200 records in 2 s; 3 had changed. 1 was left out: it has no key."
    )


def test_the_survey_is_told_in_a_line() -> None:
    survey = Survey(counts={Kind.IDENTICAL: 5, Kind.CONFLICT: 1})
    assert survey_words(survey) == "6 records \u00b7 1 differ \u00b7 0 ticked"
    assert survey_words(Survey()) == "Nothing has been read yet."
