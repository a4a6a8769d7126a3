"""A job as it is typed: into one that can be kept, and back."""

import re
from dataclasses import replace
from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.job import Job, Notify, Policy
from app.domain.plan import Verb
from app.domain.record import Side
from app.domain.schedule import Schedule
from app.errors import WrongUse
from app.store.jobs import job_state
from app.sync.workbench import Workbench
from app.views.state.job_draft import How, JobDraft, When, draft_of, due_words, job_of, keep_job

NOON = 1_763_812_800.0
SCHEDULES = st.one_of(
    st.builds(Schedule, every_minutes=st.integers(1, 44_640)),
    st.builds(lambda h, m, d: Schedule(f"{m} {h} * * {d}"), st.integers(0, 23), st.integers(0, 59),
              st.sampled_from(["*", "1-5", "0", "mon"])),
)  # fmt: skip
JOBS = st.builds(
    Job,
    st.just("prices"),
    SCHEDULES,
    st.sampled_from([tuple(Side), (Side.BILLING,), (Side.SALESFORCE,)]),
    st.sampled_from([(), ("plan",), ("plan", "rate")]),
    st.booleans(),
    st.builds(Policy, st.sampled_from([frozenset(), frozenset({Verb.UPDATE})]), st.integers(1, 9)),
    st.builds(Notify, st.sampled_from([(), ("a@b.example", "c@d.example")]), st.booleans()),
    st.sampled_from(["", "A-1"]),
    st.booleans(),
)


@given(JOBS)
def test_a_job_opened_and_kept_unchanged_is_the_same(job: Job) -> None:
    assert job_of(draft_of(job)) == job


@pytest.mark.parametrize(
    ("when", "cron"),
    [
        (When(How.DAILY, at=time(6, 5)), "5 6 * * *"),
        (When(How.WORKDAYS, at=time(23, 0)), "0 23 * * 1-5"),
        (When(How.CRON, cron=" 0 4 1 * * "), "0 4 1 * *"),
    ],
)
def test_a_time_of_the_day_becomes_a_schedule(when: When, cron: str) -> None:
    assert job_of(JobDraft("x", when)).schedule == Schedule(cron)


@pytest.mark.parametrize(
    ("draft", "says"),
    [
        (JobDraft(" "), "no name"),
        (JobDraft("Very Big"), "cannot be a name"),
        (JobDraft("x", entities=()), "reads nothing"),
        (JobDraft("x", When(How.CRON)), "schedule is empty"),
        (JobDraft("x", When(How.CRON, cron="soon")), "cannot be read"),
        (JobDraft("x", emails="ann"), "no e-mail address"),
    ],
)
def test_what_cannot_be_a_job_is_refused_with_its_reason(draft: JobDraft, says: str) -> None:
    with pytest.raises(WrongUse, match=says):
        job_of(draft)


def test_it_is_said_when_it_runs_next_or_that_it_never_does() -> None:
    assert re.match("Next: .*2025", due_words(When(How.MINUTES, minutes=15), NOON))
    assert "no such day" in due_words(When(How.CRON, cron="0 0 30 2 *"), NOON)
    assert "cannot be read" in due_words(When(How.CRON, cron="soon"), NOON)


def test_a_new_job_is_enabled_and_a_changed_one_stays_as_it_was(bench: Workbench) -> None:
    job = job_of(JobDraft("prices"))
    keep_job(bench, "", job)
    before = job_state(bench.store, "prices")
    keep_job(bench, "prices", replace(job, name="rates", full=True))
    after = job_state(bench.store, "rates")
    assert before.enabled
    assert (after.enabled, after.due_at, after.job.full) == (True, before.due_at, True)
    with pytest.raises(WrongUse, match="already"):
        keep_job(bench, "", replace(job, name="rates"))
