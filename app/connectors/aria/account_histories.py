"""What became of an account and its plan instances: each change with what was before and after.

Aria numbers none of these changes, so the key is made of when and what: `ACCOUNT|TIME|HASH`. Names
of plans are not in it, as a plan may be renamed later.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import xxhash

from app.connectors.aria.accounts import PLAN_HISTORY, STATUS_HISTORY, Facts
from app.connectors.aria.values import Row, joined, number, text, whole

_DAY = 10
_MIDNIGHT = " 00:00:00"  # which a date may be told with, or without
_CHANGED = (
    "plan_no", "status_cd", "plan_units", "rate_schedule_no", "promo_cd", "dunning_state",
    "client_plan_instance_id",
)  # fmt: skip


def plan_history_rows(facts: Facts) -> Iterator[Row]:
    """Yield the changes of plan instances (get_acct_plan_history_m)."""
    seen = Counter[str]()
    for row in facts.array(PLAN_HISTORY, "plan_history"):
        instance = whole(row.get("plan_instance_no"))
        when = text(row.get("update_date")).removesuffix(_MIDNIGHT)
        yield {
            **row,
            "acct_no": facts.number,
            "=plan_instance": joined(facts.number, instance),
            "=key": _key(seen, facts.number, when, [instance, *_values(row)]),
            "=name": _title(when, text(row.get("new_plan_name")) or text(instance)),
        }


def _values(row: Row) -> Iterator[Any]:
    for name in _CHANGED:
        for when in ("old", "new"):
            value = row.get(f"{when}_{name}")
            found = number(value)  # which may come quoted (aria.md §4.4)
            yield value if found is None else found


def status_history_rows(facts: Facts) -> Iterator[Row]:
    """Yield the changes of the account's status (get_acct_status_history_m)."""
    seen = Counter[str]()
    for row in facts.array(STATUS_HISTORY, "stat_hist"):
        when, after = text(row.get("date_entered")), text(row.get("new_status"))
        said = [row.get(name) for name in ("acct_status", "new_status", "comments")]
        yield {
            **row,
            "acct_no": facts.number,
            "=key": _key(seen, facts.number, when, said),
            "=name": _title(when, after),
        }


def _title(when: str, what: str) -> str:
    return f"{when[:_DAY]} {what}".strip()


def _key(seen: Counter[str], account: int, when: str, said: list[Any]) -> str:
    """Return the key of a change; alike ones of one moment are counted."""
    words = "\n".join(map(text, said))
    key = joined(account, when or "-", xxhash.xxh3_64_hexdigest(words.encode()))
    seen[key] += 1
    return f"{key}|{seen[key]}" if seen[key] > 1 else key
