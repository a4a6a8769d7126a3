"""Jobs in the store: kept, paused, and handed out once for each due time."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.job import Job, JobRun, Notify, Policy
from app.domain.plan import Verb
from app.domain.record import Side
from app.domain.schedule import Schedule, next_due
from app.errors import NotFound, WrongUse
from app.store.jobs import (
    add_job,
    disable_job,
    enable_job,
    is_due,
    job_state,
    job_states,
    note_run,
    remove_job,
    take_due,
)
from app.store.workspace import Store
from tests.fakes import make_bench, small_mapping

HOURLY = Schedule(every_minutes=60)
BERLIN = ZoneInfo("Europe/Berlin")
WHOLE = Job(
    "mine",
    Schedule(cron="0 5 * * *"),
    (Side.BILLING,),
    ("plan",),
    full=True,
    policy=Policy(frozenset({Verb.UPDATE}), 7),
    notify=Notify(("ann@example.com",), webhook=True),
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_bench(tmp_path).store


def test_a_workspace_has_two_paused_jobs_to_begin_with(store: Store) -> None:
    assert [(s.job.name, s.enabled, s.due_at) for s in job_states(store)] == [
        ("nightly", False, None),
        ("delta", False, None),
    ]


def test_a_job_is_kept_whole(store: Store) -> None:
    add_job(store, WHOLE)
    store.close()
    with Store(store.path, small_mapping()) as again:
        assert job_state(again, "mine").job == WHOLE


def test_a_name_is_given_once(store: Store) -> None:
    add_job(store, WHOLE)
    for name in ("mine", "delta"):
        with pytest.raises(WrongUse, match="already"):
            add_job(store, Job(name, HOURLY))


def test_a_removed_job_is_gone_and_those_of_concord_stay(store: Store) -> None:
    add_job(store, WHOLE)
    remove_job(store, "mine")
    assert len(job_states(store)) == 2
    with pytest.raises(NotFound, match="nightly, delta"):
        remove_job(store, "mine")
    with pytest.raises(WrongUse, match="Disable"):
        remove_job(store, "nightly")


def test_a_paused_job_is_never_due(store: Store) -> None:
    enable_job(store, "delta", 0.0)
    disable_job(store, "delta")
    assert not is_due(store, 1e9)
    assert take_due(store, 1e9) is None


def test_a_due_job_is_handed_out_once(store: Store) -> None:
    assert enable_job(store, "delta", 0.0).due_at == 900.0
    assert take_due(store, 899.9) is None
    taken = take_due(store, 900.0)
    assert taken is not None
    assert taken.name == "delta"
    assert take_due(store, 900.0) is None


def test_missed_times_count_as_one(store: Store) -> None:
    enable_job(store, "delta", 0.0)
    assert take_due(store, 100_000.0) is not None
    assert take_due(store, 100_000.0) is None
    assert job_state(store, "delta").due_at == 100_800.0


def test_the_longest_due_comes_first(store: Store) -> None:
    add_job(store, Job("a", HOURLY))
    enable_job(store, "a", 0.0)
    enable_job(store, "delta", 0.0)
    taken = [take_due(store, 5000.0), take_due(store, 5000.0)]
    assert [job and job.name for job in taken] == ["delta", "a"]


def test_a_clock_that_is_set_back_runs_nothing_twice(store: Store) -> None:
    enable_job(store, "delta", 0.0)
    assert take_due(store, 900.0) is not None
    assert take_due(store, 500.0) is None
    assert take_due(store, 900.0) is None
    assert take_due(store, 1800.0) is not None


def test_the_last_run_is_kept_and_does_not_touch_the_schedule(store: Store) -> None:
    enable_job(store, "delta", 0.0)
    note_run(store, "delta", JobRun("2026-01-01T00:00:00Z", read=3))
    state = job_state(store, "delta")
    assert (state.last and state.last.read, state.enabled, state.due_at) == (3, True, 900.0)
    note_run(store, "gone", JobRun("2026-01-01T00:00:00Z"))
    assert len(job_states(store)) == 2


def test_a_job_is_paused_while_another_process_holds_the_workspace(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Store, "claim", lambda _self: pytest.fail("it took the workspace"))
    enable_job(store, "delta", 0.0)
    disable_job(store, "delta")
    assert not job_state(store, "delta").enabled


SCHEDULES = st.one_of(
    st.sampled_from(["30 2 * * *", "*/20 * * * *", "0 2 * * 0"]).map(lambda c: Schedule(cron=c)),
    st.integers(7, 300).map(lambda minutes: Schedule(every_minutes=minutes)),
)
# Berlin's clock skips an hour at 1774746000 and shows one twice at 1792890000.
STARTS = st.sampled_from([1774746000.0, 1792890000.0, 1780000000.0]).flatmap(
    lambda at: st.floats(at - 90_000, at + 7200)
)
STEPS = st.lists(st.floats(-9000, 20_000), min_size=1, max_size=25)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(SCHEDULES, STARTS, STEPS)
def test_each_due_time_is_run_exactly_once_or_with_those_missed(
    store: Store, schedule: Schedule, start: float, steps: list[float]
) -> None:
    """Whatever the clock does, a look at it runs a job if a due time has newly been reached."""
    name = f"j{len(job_states(store))}"
    add_job(store, Job(name, schedule))
    enable_job(store, name, start, BERLIN)
    now = latest = start
    for step in steps:
        now += step
        reached = next_due(schedule, latest, BERLIN)
        assert reached is not None
        taken = take_due(store, now, BERLIN)
        assert (taken is not None) == (reached <= now)
        if taken is not None:
            latest = now
            assert take_due(store, now, BERLIN) is None
    disable_job(store, name)
