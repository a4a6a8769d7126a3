"""The ignore rules that people made in a workspace, beside those of its mapping."""

from collections.abc import Sequence

import orjson

from app.domain.ignore import rule_from, rule_to_json
from app.domain.mapping import IgnoreRule
from app.store.workspace import Store

_NAME = "ignore-rules"


def own_rules(store: Store) -> tuple[IgnoreRule, ...]:
    """Return the rules made here, in the order in which they were made."""
    with store.translating():
        row = store.reader.execute("SELECT value FROM note WHERE name = ?", (_NAME,)).fetchone()
    said = orjson.loads(row[0]) if row else []
    return tuple(rule_from(rule, entity) for entity, rule in said)


def keep_own_rules(store: Store, rules: Sequence[IgnoreRule]) -> None:
    """Keep these rules and no others; the next compare judges every difference anew."""
    said = orjson.dumps([[rule.entity, rule_to_json(rule)] for rule in rules]).decode()
    with store.transaction(store.mirror) as connection:
        connection.execute("INSERT OR REPLACE INTO note VALUES (?, ?)", (_NAME, said))
        connection.execute("DELETE FROM diff")
