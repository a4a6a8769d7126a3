"""What the sides told of themselves when they were last read: rules of fields, and limits."""

from collections.abc import Mapping

import orjson

from app.domain.constraint import Constraints
from app.domain.record import Side
from app.store.workspace import Store

_RULES, _LIMITS = "rules", "limits"


def keep_constraints(store: Store, side: Side, told: Mapping[str, Constraints]) -> None:
    """Keep the rules of some entities of a side; those of others stay."""
    with store.transaction(store.mirror) as connection:
        connection.executemany(
            "INSERT OR REPLACE INTO note VALUES (?, ?)",
            [
                (f"{_RULES}/{side.value}/{entity}", orjson.dumps(found.to_json()).decode())
                for entity, found in told.items()
            ],
        )


def constraints_of(store: Store, side: Side, entity: str) -> Constraints | None:
    """Return an entity's rules on a side, None where the side was never asked."""
    with store.translating():
        row = store.reader.execute(
            "SELECT value FROM note WHERE name = ?", (f"{_RULES}/{side.value}/{entity}",)
        ).fetchone()
    return None if row is None else Constraints.from_json(orjson.loads(row[0]))


def keep_limits(store: Store, side: Side, left: Mapping[str, int]) -> None:
    """Keep what is left of a side's limits: name → how much."""
    with store.transaction(store.mirror) as connection:
        connection.execute(
            "INSERT OR REPLACE INTO note VALUES (?, ?)",
            (f"{_LIMITS}/{side.value}", orjson.dumps(dict(left)).decode()),
        )


def limits_of(store: Store, side: Side) -> Mapping[str, int]:
    """Return what was left of a side's limits when it was last read."""
    with store.translating():
        row = store.reader.execute(
            "SELECT value FROM note WHERE name = ?", (f"{_LIMITS}/{side.value}",)
        ).fetchone()
    found: dict[str, int] = {} if row is None else orjson.loads(row[0])
    return found
