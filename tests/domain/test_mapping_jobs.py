"""Jobs that come with a mapping: paused, told by the mapping of today, never removed."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.job import JobRun, built_in
from app.domain.mapping import JobRow, WorkspaceMapping
from app.domain.mapping_file import parse_mapping
from app.errors import MappingInvalid, WrongUse
from app.store.jobs import enable_job, job_state, job_states, note_run, remove_job
from app.store.workspace import Store
from tests.fakes import SMALL_MAPPING, make_bench, reopened

JOB = '\n[[job]]\nname = "nightly-plans"\ncron = "0 3 * * *"\nentities = ["plan"]\n'


def mapping(text: str = JOB) -> WorkspaceMapping:
    return parse_mapping(SMALL_MAPPING + text, "my.toml")


def test_a_mapping_brings_jobs_after_those_of_every_workspace() -> None:
    assert mapping().jobs == (JobRow("nightly-plans", ("plan",), "0 3 * * *"),)
    jobs = built_in(mapping().jobs)
    assert list(jobs) == ["nightly", "delta", "nightly-plans"]
    assert (jobs["nightly-plans"].entities, jobs["nightly-plans"].policy.verbs) == (
        ("plan",),
        frozenset(),
    )


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"plan"]', '"plann"]', "it reads unknown 'plann'"),
        ('["plan"]', "[]", "it reads no entity"),
        ('cron = "0 3 * * *"', "", "a job has one schedule"),
        ('cron = "0 3 * * *"', 'cron = "0 3 * * *"\nevery_minutes = 5', "one schedule"),
        ("cron", "corn", "unknown setting 'corn'"),
        ("nightly-plans", "Plans!", "bad name"),
    ],
)
def test_a_job_that_means_nothing_is_an_error_with_its_line(old: str, new: str, words: str) -> None:
    with pytest.raises(MappingInvalid, match=rf"my.toml:\d+: .*{words}"):
        mapping(JOB.replace(old, new))


def test_two_jobs_of_one_name_are_refused() -> None:
    with pytest.raises(MappingInvalid, match="stands twice"):
        mapping(JOB + JOB)


def test_a_mapping_that_includes_another_has_its_jobs_too() -> None:
    text = 'schema = 1\nname = "more"\nbilling = "fake"\ninclude = ["my"]\n'
    own = JOB.replace("nightly-plans", "mine")
    whole = parse_mapping(text + own, "more.toml", lambda _name: SMALL_MAPPING + JOB)
    assert [job.name for job in whole.jobs] == ["nightly-plans", "mine"]


def test_it_is_paused_kept_and_cannot_be_removed(tmp_path: Path) -> None:
    store = make_bench(tmp_path, mapping()).store
    assert [state.enabled for state in job_states(store)] == [False] * 3
    enable_job(store, "nightly-plans", 0)
    note_run(store, "nightly-plans", JobRun("t", "t", read=7))
    with pytest.raises(WrongUse, match="comes with Concord"):
        remove_job(store, "nightly-plans")
    store.close()


def test_what_it_reads_is_what_the_mapping_of_today_says(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, mapping())
    enable_job(bench.store, "nightly-plans", 0)
    now = reopened(replace(bench, mapping=mapping(JOB.replace('["plan"]', '["plan", "tier"]'))))
    state = job_state(now.store, "nightly-plans")
    assert (state.enabled, state.job.entities) == (True, ("plan", "tier"))
    now.store.close()
    with Store(now.store.path, mapping("")) as store:
        assert "nightly-plans" in {one.job.name for one in job_states(store)}
        remove_job(store, "nightly-plans")
