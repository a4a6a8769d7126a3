"""Row locks: who saves a row holds its parents until it is done (salesforce.md §15).

Nobody takes locks but while bulk work runs: a single save is over before another one begins.
"""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from app.sandbox.salesforce.errors import SalesforceError
from app.sandbox.salesforce.ids import normalized
from app.sandbox.salesforce.schema import Field, Schema, SObject

Matches = Callable[[SObject, Field, Any], Sequence[str]]

_requests = itertools.count(1)
_UNLOCKED = frozenset({"User", "Group"})  # owners: only a recalculation of sharing locks them


class RowLocks:
    """The rows that somebody holds; safe to use from several threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._holder: dict[str, str] = {}
        self._taking_part: Counter[str] = Counter()

    @contextmanager
    def taking_part(self, owner: str) -> Iterator[None]:
        """Let the others know, while the block runs, that `owner` saves rows in bulk."""
        with self._changed:
            self._taking_part[owner] += 1
        try:
            yield
        finally:
            with self._changed:
                self._taking_part[owner] -= 1
                self._taking_part += Counter()  # drops those at zero

    def contended(self, owner: str) -> bool:
        """Tell whether somebody else saves in bulk just now."""
        with self._changed:
            return any(each != owner for each in self._taking_part)

    @contextmanager
    def held(self, owner: str, ids: Collection[str], wait_s: float) -> Iterator[frozenset[str]]:
        """Hold rows for `owner` while the block runs; give those that others did not let go.

        All that are free are taken at once, so nobody waits while holding some: no deadlock.
        """
        busy = self._take(owner, ids, time.monotonic() + wait_s)
        try:
            yield busy
        finally:
            with self._changed:
                for each in ids:
                    if each not in busy:
                        self._holder.pop(each, None)
                self._changed.notify_all()

    def _take(self, owner: str, ids: Collection[str], deadline: float) -> frozenset[str]:
        with self._changed:
            while True:
                busy = frozenset(i for i in ids if self._holder.get(i, owner) != owner)
                left = deadline - time.monotonic()
                if not busy or left <= 0:
                    break
                self._changed.wait(left)
            self._holder.update(dict.fromkeys((i for i in ids if i not in busy), owner))
            return busy


def parents_of(
    schema: Schema, sobject: SObject, record: Mapping[str, Any], matches: Matches
) -> frozenset[str]:
    """Return the ids of the parents that a record names by id or by external id.

    `matches` finds ids by a field's value. What is wrong with the record is the save's business.
    """
    found: set[str] = set()
    for name, value in record.items():
        lookup = sobject.by_name.get(name.lower()) or sobject.by_relationship.get(name.lower())
        if lookup is None or lookup.type != "reference" or _UNLOCKED & set(lookup.reference_to):
            continue
        if isinstance(value, str):
            found.add(normalized(value) or "")
        elif isinstance(value, Mapping):
            found.update(_by_key(schema, lookup, value, matches))
    return frozenset(found - {""})


def _by_key(
    schema: Schema, lookup: Field, value: Mapping[str, Any], matches: Matches
) -> Sequence[str]:
    parent = schema.target(lookup)
    for name, wish in value.items():
        key = schema.visible(parent, name)
        if key is not None and key.id_lookup and isinstance(wish, str):
            return matches(parent, key, wish)
    return ()


def new_owner() -> str:
    """Return a name under which one request holds rows."""
    return f"request {next(_requests)}"


def not_locked(record_id: str) -> SalesforceError:
    """Return the error of a row whose parent somebody else holds."""
    message = f"unable to obtain exclusive access to this record or 1 records: {record_id}"
    return SalesforceError("UNABLE_TO_LOCK_ROW", message, fields=[])
