"""Whether a commit that broke off can go on under the mapping as it is now."""

import orjson

from app.domain.plan import OutcomeState
from app.errors import WrongUse
from app.store.journal import entries
from app.store.workspace import Store

_UNSETTLED = (OutcomeState.INTENT, OutcomeState.UNKNOWN)


def check_resumable(store: Store, run: str) -> None:
    """Make sure that the mapping still has what the open changes of a commit are about.

    Raises:
        WrongUse: It lost an entity or a field, or gave one another type; nothing was sent.
    """
    if _made_for(store, run) == store.mapping.fingerprint:
        return
    for entry in entries(store, run=run, states=_UNSETTLED):
        if entry.unmapped:
            entity, names = entry.operation.entity, ", ".join(entry.unmapped)
            what = entity if entity in entry.unmapped else f"{names} of {entity}"
            raise WrongUse(
                f"Commit {run} broke off, and the mapping has {what} no more as it was then.",
                "Put the mapping back as it was, then `concord resume`.",
            )


def _made_for(store: Store, run: str) -> str:
    """Return the fingerprint of the mapping that a commit's plan was made with."""
    with store.translating():
        row = store.reader.execute("SELECT plan FROM commit_run WHERE id = ?", (run,)).fetchone()
    try:
        return str(orjson.loads(row[0])["mapping"])
    except (ValueError, KeyError, TypeError):
        return ""
