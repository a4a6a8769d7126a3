"""Whether a change that a system tells of is one that we asked for ourselves."""

from app.store.workspace import Store

_COMMITS_BACK = 50  # a system tells of a change within days at most, and the index is by commit


def is_ours(store: Store, receipt: str) -> bool:
    """Return whether a receipt is the idempotency key of an operation of one of the last commits.

    Its intent is in the journal before it is sent, so no event of it can come too early.
    """
    if not receipt:
        return False
    with store.translating():
        row = store.reader.execute(
            "SELECT 1 FROM journal WHERE idempotency_key = ? AND run IN"
            " (SELECT id FROM commit_run ORDER BY started_at DESC LIMIT ?)",
            (receipt, _COMMITS_BACK),
        ).fetchone()
    return row is not None
