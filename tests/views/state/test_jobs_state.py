"""How jobs are listed, and what can be done with them."""

from dataclasses import replace

import pytest

from app.domain.job import Job, JobRun, JobState, Policy, built_in
from app.domain.plan import Verb
from app.domain.record import Side
from app.domain.schedule import Schedule
from app.views.state.jobs import (
    commits_words,
    job_buttons,
    job_line,
    reads_words,
    result_words,
    schedule_words,
)
from tests.fakes import small_mapping

MAPPING = small_mapping()
DELTA = built_in()["delta"]
RUN = JobRun("2026-11-22T01:00:00+00:00", "2026-11-22T01:00:09+00:00", 9, 1200, 3, 2, 0, 7)


def test_a_job_that_never_ran_is_listed_without_numbers() -> None:
    line = job_line(JobState(DELTA), MAPPING)
    assert (line.name, line.next_run, line.last_run, line.result) == ("delta", "paused", "", "")
    assert (line.read, line.waiting, line.failed) == ("", "", False)


def test_the_numbers_of_the_last_run_are_listed() -> None:
    line = job_line(JobState(DELTA, enabled=True, due_at=900.0, last=RUN), MAPPING)
    assert (line.read, line.changed, line.written, line.waiting) == ("1,200", "3", "2", "7")
    assert (line.result, line.failed, "1970" in line.next_run) == ("done", False, True)


def test_a_failed_run_says_why_in_place_of_numbers() -> None:
    failed = replace(RUN, error="Nobody answers.", hint="Look.")
    line = job_line(JobState(DELTA, last=failed), MAPPING)
    assert (line.result, line.failed, line.read) == ("Nobody answers. Look.", True, "")


def test_refused_rows_are_listed_below() -> None:
    refused = replace(RUN, failed=1, failures=("plan P name: too long",))
    detail = job_line(JobState(DELTA, last=refused), MAPPING).detail
    assert "Last result: 1 changes were not written" in detail
    assert "plan P name: too long" in detail
    assert "Wait for review: 7" in detail


def test_a_job_that_is_never_due_says_so() -> None:
    assert job_line(JobState(DELTA, enabled=True), MAPPING).next_run == "never"


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (replace(RUN, finished_at=""), "at work"),
        (replace(RUN, failed=2), "2 changes were not written"),
        (replace(RUN, held="more than 5 operations"), "Waits for review: more than 5 operations"),
    ],
)
def test_a_result_is_told_in_words(run: JobRun, words: str) -> None:
    assert result_words(run) == words


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (Schedule(cron="0 2 * * *"), "daily at 02:00"),
        (Schedule(every_minutes=1500), "every 1,500 min"),
        (Schedule(cron="0 2 * * 1-5"), "0 2 * * 1-5"),
    ],
)
def test_a_schedule_is_told_as_people_say_it(schedule: Schedule, words: str) -> None:
    assert schedule_words(schedule) == words


def test_what_a_job_reads_and_commits_is_told() -> None:
    policy = Policy(frozenset({Verb.UPDATE, Verb.INSERT}), 1000)
    job = Job("j", DELTA.schedule, (Side.BILLING,), ("plan", "gone"), full=True, policy=policy)
    assert reads_words(job, MAPPING) == "Plans, gone \u00b7 billing \u00b7 whole"
    assert reads_words(DELTA, MAPPING) == "Everything \u00b7 both sides \u00b7 what changed"
    assert (commits_words(job), commits_words(DELTA)) == (
        "insert, update, at most 1,000",
        "nothing",
    )


def test_a_job_can_be_paused_while_something_runs_but_not_run() -> None:
    line = job_line(JobState(DELTA, enabled=True, due_at=900.0), MAPPING)
    free = job_buttons(line, working=False, refused="")
    assert (free.can_run, free.can_switch, free.switch_label) == (True, True, "Pause")
    busy = job_buttons(line, working=True, refused="")
    assert (busy.can_run, busy.can_switch, bool(busy.hint)) == (False, True, True)


def test_where_another_concord_writes_no_job_is_run() -> None:
    line = job_line(JobState(DELTA), MAPPING)
    held = job_buttons(line, working=False, refused="Held by ann.")
    assert (held.can_run, held.switch_label, held.hint) == (False, "Enable", "Held by ann.")


def test_without_a_job_nothing_can_be_done() -> None:
    none = job_buttons(None, working=False, refused="")
    assert (none.can_run, none.can_switch) == (False, False)
