"""Jobs of the target's own that a commit began: noted before anything is uploaded to them."""

from dataclasses import dataclass

import orjson

from app.domain.record import Side
from app.store.workspace import Store

_PREFIX = "target-job/"


@dataclass(frozen=True, slots=True)
class TargetJob:
    """A job on a side that holds operations of one entity."""

    id: str
    entity: str
    side: Side


def note_job(store: Store, run: str, entity: str, side: Side, job: str) -> None:
    """Note a job under its commit, synced to disk before this returns."""
    value = orjson.dumps({"entity": entity, "side": side.value}).decode()
    with store.transaction(store.durable) as connection:
        connection.execute(
            "INSERT OR REPLACE INTO note VALUES (?, ?)", (f"{_PREFIX}{run}/{job}", value)
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
        found.append(TargetJob(name.removeprefix(start), said["entity"], Side(said["side"])))
    return found


def forget_jobs(store: Store, run: str) -> None:
    """Drop the notes of a commit whose jobs are all at their end."""
    start = f"{_PREFIX}{run}/"
    with store.transaction(store.durable) as connection:
        connection.execute("DELETE FROM note WHERE substr(name, 1, ?) = ?", (len(start), start))
