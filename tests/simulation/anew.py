"""A store made anew from the systems, to hold the one against that has lived through everything."""

from collections.abc import Iterator
from typing import Any

from app.domain.control import CancelToken, no_report
from app.store.workspace import Store
from app.sync.compare import compare
from app.sync.refresh import RefreshRequest, refresh
from app.sync.workbench import Workbench
from tests.simulation.engine import Engine

# Which of the records that share a key is the first one nobody promises: they stand side by side.
_RECORDS = """
    SELECT link.entity, key, document.id & 3 AS side, side_id, CAST(body AS TEXT) FROM link
    JOIN document ON document.id BETWEEN link.id * 4 + 1 AND link.id * 4 + 2
    UNION ALL
    SELECT entity, key, side, side_id, CAST(body AS TEXT) FROM link JOIN twin ON twin.link = link.id
    UNION ALL SELECT entity, '', 0, side_id, CAST(body AS TEXT) FROM loose ORDER BY 1, 2, 3, 4
"""
_LINKS = """
    SELECT entity, key, duplicate, parent, title, sort, billing_hash, salesforce_hash FROM link
    WHERE NOT duplicate & 3 ORDER BY link.entity, key
"""
_DIFFS = """
    SELECT link.entity, key, diff.billing_hash, diff.salesforce_hash FROM diff
    JOIN link ON link.id = diff.link WHERE NOT duplicate & 3 ORDER BY link.entity, key
"""
_PAIRINGS = "SELECT * FROM pairing ORDER BY entity, key"


def differs(engine: Engine) -> Iterator[str]:
    """Yield where a new store, after one whole refresh, holds something else than the old one.

    Both count the same records as paired. What the sides once agreed on the new one cannot know:
    by that the kind of a difference may differ, not what differs.
    """
    old = engine.bench
    store = Store(engine.disk.new(), engine.mapping)
    try:
        new = Workbench(old.name, old.mapping, store, old.connectors)
        _pair_as(old.store, store)
        refresh(new, RefreshRequest(), CancelToken(), no_report)
        compare(new, CancelToken(), no_report)
        compare(old, CancelToken(), no_report)
        for name, query in (
            ("pairing", _PAIRINGS),
            ("record", _RECORDS),
            ("link", _LINKS),
            ("difference", _DIFFS),
        ):
            left, right = (_rows(one, query) for one in (old.store, store))
            yield from (
                f"anew: only the old store has {name} {row}" for row in left if row not in right
            )
            yield from (
                f"anew: only a new store has {name} {row}" for row in right if row not in left
            )
    finally:
        store.close()


def _pair_as(old: Store, new: Store) -> None:
    rows = _rows(old, _PAIRINGS)
    with new.transaction(new.durable) as connection:
        for row in rows:
            connection.execute(f"INSERT INTO pairing VALUES ({', '.join('?' * len(row))})", row)


def _rows(store: Store, query: str) -> list[Any]:
    with store.translating():
        return store.reader.execute(query).fetchall()
