"""Retention: commits that a policy lets go are taken out of the journal, and the chain says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.store.journal_chain import EventKind, chained
from app.store.workspace import Store


@dataclass(frozen=True, slots=True)
class Retention:
    """How long the journal is kept; a commit goes only when no rule given keeps it.

    Attributes:
        days: Commits begun within so many days are kept; 0 is no rule.
        commits: So many of the newest commits are kept; 0 is no rule.
    """

    days: int = 0
    commits: int = 0

    @property
    def keeps_all(self) -> bool:
        """Whether nothing is ever let go."""
        return not self.days and not self.commits

    def __str__(self) -> str:
        rules = [f"{self.days} days"] * bool(self.days) + [f"{self.commits} commits"] * bool(
            self.commits
        )
        return f"keep {' and '.join(rules) or 'all'}"


def prunable(store: Store, policy: Retention) -> list[str]:
    """Return the commits that a policy lets go, oldest first; never one that is not finished."""
    if policy.keeps_all:
        return []
    limit = datetime.now(UTC) - timedelta(days=policy.days)
    since = limit.isoformat(timespec="seconds").replace("+00:00", "Z")
    with store.translating():
        found = store.reader.execute(
            "SELECT id, state, started_at FROM commit_run ORDER BY rowid DESC"
        ).fetchall()
    gone = [
        run
        for place, (run, state, started_at) in enumerate(found)
        if state == "finished"
        and place >= policy.commits
        and (not policy.days or started_at < since)
    ]
    return gone[::-1]


def prune(store: Store, runs: Sequence[str], who: str, policy: Retention) -> int:
    """Take commits out of the journal; return how many operations went with them.

    Their events stay in the chain without what they held, and a last event names them.
    """
    changes = 0
    with chained(store, synced=True) as chain:
        connection = chain.connection
        # What is let go is to be gone from the file too.
        connection.execute("PRAGMA secure_delete = ON")
        for run in runs:
            changes += connection.execute("DELETE FROM journal WHERE run = ?", (run,)).rowcount
            connection.execute("DELETE FROM commit_run WHERE id = ?", (run,))
            connection.execute("UPDATE journal_event SET body = NULL WHERE run = ?", (run,))
        body = {"who": who, "policy": str(policy), "commits": list(runs), "changes": changes}
        chain.append(EventKind.PRUNED, "", body)
    with store.translating():
        store.durable.execute("PRAGMA secure_delete = OFF")
        # Until it is folded in, the write-ahead log still has what stood there.
        store.durable.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return changes
