"""The workspace's jobs: what they are, when they are due, what came of them.

One note a job. They are written without taking the workspace, so that a job can be paused while
`concord serve` holds it; each change reads and writes in one transaction.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import tzinfo

import msgspec

from app.domain.job import Job, JobRun, JobState, built_in
from app.domain.schedule import next_due
from app.errors import NotFound, WrongUse
from app.store.workspace import Store

_PREFIX = "job/"
_ALL = f"SELECT value FROM note WHERE name GLOB '{_PREFIX}*' ORDER BY name"


def job_states(store: Store) -> list[JobState]:
    """Return all jobs: those that come with Concord or the mapping, then people's own by name."""
    with store.translating():
        return _states(store, store.reader)


def job_state(store: Store, name: str) -> JobState:
    """Return one job; raises `NotFound`."""
    return _named(job_states(store), name)


def add_job(store: Store, job: Job) -> None:
    """Keep a new job, paused; raises `WrongUse` where the name is taken."""
    with store.transaction(store.mirror, shared=True) as connection:
        _check_free(_states(store, connection), job.name)
        _put(connection, JobState(job))


def change_job(store: Store, name: str, job: Job, now: float) -> None:
    """Put `job` in the place of the one of that name; it stays paused or enabled as it was.

    Raises:
        NotFound: There is none of that name.
        WrongUse: It comes with Concord or the mapping, or the new name is taken.
    """
    _check_own(store, name, "Add one of your own and disable this one.")
    with store.transaction(store.mirror, shared=True) as connection:
        states = _states(store, connection)
        was = _named(states, name)
        _check_free(states, job.name, but=name)
        connection.execute("DELETE FROM note WHERE name = ?", (_PREFIX + name,))
        due_at = next_due(job.schedule, now) if was.enabled else None
        _put(connection, replace(was, job=job, due_at=due_at))


def remove_job(store: Store, name: str) -> None:
    """Forget a job; raises `NotFound`, and `WrongUse` for one that comes with Concord."""
    _check_own(store, name, "Disable it: it then does nothing.")
    with store.transaction(store.mirror, shared=True) as connection:
        _named(_states(store, connection), name)
        connection.execute("DELETE FROM note WHERE name = ?", (_PREFIX + name,))


def enable_job(store: Store, name: str, now: float, zone: tzinfo | None = None) -> JobState:
    """Have a job run from its next due time on; raises `NotFound`."""
    return _change(
        store,
        name,
        lambda state: replace(state, enabled=True, due_at=next_due(state.job.schedule, now, zone)),
    )


def disable_job(store: Store, name: str) -> JobState:
    """Pause a job; one that is at work comes to its end. Raises `NotFound`."""
    return _change(store, name, lambda state: replace(state, enabled=False, due_at=None))


def note_run(store: Store, name: str, run: JobRun) -> None:
    """Keep what came of a job's last run; nothing where it was removed meanwhile."""
    with store.transaction(store.mirror, shared=True) as connection:
        for state in _states(store, connection):
            if state.job.name == name:
                _put(connection, replace(state, last=run))


def take_due(store: Store, now: float, zone: tzinfo | None = None) -> Job | None:
    """Return the job that is due for the longest, None where none is; once for each due time.

    Its due time moves on in the transaction that hands it out: no other process gets it again.
    Due times that were missed (the machine slept, nothing ran) count as one. While the clock is
    set back, nothing is due that was due before.
    """
    if not is_due(store, now):
        return None
    with store.transaction(store.mirror, shared=True) as connection:
        due = [state for state in _states(store, connection) if _is_due(state, now)]
        if not due:  # another process was quicker
            return None
        state = min(due, key=lambda state: state.due_at or 0)
        _put(connection, replace(state, due_at=next_due(state.job.schedule, now, zone)))
    return state.job


def is_due(store: Store, now: float) -> bool:
    """Return whether a job is due."""
    return any(_is_due(state, now) for state in job_states(store))


def _is_due(state: JobState, now: float) -> bool:
    return state.enabled and state.due_at is not None and state.due_at <= now


def _change(store: Store, name: str, change: Callable[[JobState], JobState]) -> JobState:
    with store.transaction(store.mirror, shared=True) as connection:
        changed = change(_named(_states(store, connection), name))
        _put(connection, changed)
    return changed


def _states(store: Store, connection: sqlite3.Connection) -> list[JobState]:
    found = [msgspec.json.decode(value, type=JobState) for (value,) in connection.execute(_ALL)]
    kept = {state.job.name: state for state in found}
    # What such a job reads, and when, is told by Concord and the mapping of today.
    ours = [
        replace(kept.pop(name, JobState(job)), job=job)
        for name, job in built_in(store.mapping.jobs).items()
    ]
    return [*ours, *kept.values()]


def _put(connection: sqlite3.Connection, state: JobState) -> None:
    name, value = _PREFIX + state.job.name, msgspec.json.encode(state).decode()
    connection.execute("INSERT OR REPLACE INTO note VALUES (?, ?)", (name, value))


def _check_own(store: Store, name: str, hint: str) -> None:
    if name in built_in(store.mapping.jobs):
        raise WrongUse(f"The job {name!r} comes with Concord or the mapping.", hint)


def _check_free(states: list[JobState], name: str, but: str = "") -> None:
    if name != but and any(state.job.name == name for state in states):
        raise WrongUse(
            f"There is a job {name!r} already.", "Choose another name, or remove that one first."
        )


def _named(states: list[JobState], name: str) -> JobState:
    for state in states:
        if state.job.name == name:
            return state
    known = ", ".join(state.job.name for state in states)
    raise NotFound(f"There is no job {name!r}.", f"There are: {known}.")
