"""Jobs of the target's own that a commit began: noted before anything is uploaded to them."""

from dataclasses import dataclass

import orjson

from app.domain.record import Side
from app.store.journal_entry import EVERYWHERE, Span
from app.store.workspace import Store

_PREFIX = "target-job/"


@dataclass(frozen=True, slots=True)
class TargetJob:
    """A job on a side that holds operations of one entity; `span` is where in the journal."""

    id: str
    entity: str
    side: Side
    span: Span = EVERYWHERE


def note_job(store: Store, run: str, job: TargetJob) -> None:
    """Note a job under its commit, synced to disk before this returns."""
    said = {"entity": job.entity, "side": job.side.value, "span": list(job.span)}
    value = orjson.dumps(said).decode()
    with store.transaction(store.durable) as connection:
        connection.execute(
            "INSERT OR REPLACE INTO note VALUES (?, ?)", (f"{_PREFIX}{run}/{job.id}", value)
        )


def jobs_of(store: Store, run: str) -> list[TargetJob]:
    """Return the jobs that a commit began."""
    start = f"{_PREFIX}{run}/"
    with store.translating():
        rows = store.reader.execute(
            "SELECT name, value FROM note WHERE substr(name, 1, ?) = ? ORDER BY rowid",
            (len(start), start),
        ).fetchall()
    found = []
    for name, value in rows:
        said = orjson.loads(value)
        span = Span(*said.get("span", ()))
        job = name.removeprefix(start)
        found.append(TargetJob(job, said["entity"], Side(said["side"]), span))
    return found


def forget_jobs(store: Store, run: str) -> None:
    """Drop the notes of a commit whose jobs are all at their end."""
    start = f"{_PREFIX}{run}/"
    with store.transaction(store.durable) as connection:
        connection.execute("DELETE FROM note WHERE substr(name, 1, ?) = ?", (len(start), start))
