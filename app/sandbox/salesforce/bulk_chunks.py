"""A chunk of bulk work: up to 200 rows saved in one transaction, their parents held meanwhile."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from app.sandbox.salesforce.errors import SalesforceError
from app.sandbox.salesforce.ids import normalized
from app.sandbox.salesforce.locks import not_locked, parents_of
from app.sandbox.salesforce.org import Org
from app.sandbox.salesforce.row_works import Json, Work, record_id, save_each
from app.sandbox.salesforce.saving import Saver
from app.sandbox.wire import RowFault

CHUNK_ROWS = 200


def save_chunk(
    org: Org, owner: str, works: Sequence[Work], fault: RowFault | None, stop: threading.Event
) -> list[Json]:
    """Save rows and return a result for each, in order; `stop` ends the wait that settings ask for.

    Rows whose parents another one holds for too long fail with UNABLE_TO_LOCK_ROW.
    """
    with locked(org, owner, works) as able:
        stop.wait(org.bulk.settings.hold_seconds)
        return _save(org, able, fault)


@contextmanager
def locked(org: Org, owner: str, works: Sequence[Work]) -> Iterator[list[Work]]:
    """Hold the parents of rows while the block runs; give the works, refused where that failed.

    In the midst of a transaction it does not wait: whoever holds a parent may need to write.
    """
    if not org.bulk.settings.hold_seconds and not org.locks.contended(owner):
        yield list(works)
        return
    wait_s = 0.0 if org.store.in_own_transaction else org.bulk.settings.lock_seconds
    parents = _locked_by(org, works)
    with org.locks.held(owner, frozenset().union(*parents), wait_s) as busy:
        yield [
            refused(not_locked(min(mine & busy))) if mine & busy else work
            for work, mine in zip(works, parents, strict=True)
        ]


def _save(org: Org, works: Sequence[Work], fault: RowFault | None) -> list[Json]:
    results: list[Json] = []
    with org.store.write() as connection:
        save_each(Saver(org, connection, fault), works, results)
    return results


def _locked_by(org: Org, works: Sequence[Work]) -> list[frozenset[str]]:
    """Return the rows that saving each row holds: itself if it is named, and its parents."""
    with org.store.read() as connection:
        saver = Saver(org, connection)
        return [_of_one(org, work, saver) for work in works]


def _of_one(org: Org, work: Work, saver: Saver) -> frozenset[str]:
    if work.sobject is None:
        return frozenset()
    own = normalized(record_id(work.record))
    found = parents_of(org.schema, work.sobject, work.record, saver.matches)
    return found | {own} if own else found


def refused(error: SalesforceError) -> Work:
    """Return work that does nothing but fail."""

    def save(saver: Saver) -> Json:
        del saver
        raise error

    return Work(save)
