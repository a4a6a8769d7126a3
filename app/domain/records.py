"""Records of a page, column by column: most of them are never looked at one by one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress, repeat
from operator import attrgetter
from typing import Any, overload

from app.domain.record import Record, Values


@dataclass(frozen=True, slots=True, eq=False)
class Records(Sequence[Record]):
    """Some records in order, each made when it is asked for.

    To make one and to take it apart again costs a tenth of what it costs to store it. Each
    attribute has one value a record.

    Attributes:
        parents: None where none has one; so `own_keys`.
    """

    keys: Sequence[str]
    values: Sequence[Values]
    side_ids: Sequence[str]
    parents: Sequence[str | None] | None
    changed_at: Sequence[str]
    changed_by: Sequence[str]
    own_keys: Sequence[str | None] | None = None

    @classmethod
    def of(cls, records: Sequence[Record]) -> "Records":
        """Return records as columns."""
        if isinstance(records, cls):
            return records
        columns: list[Any] = [list(map(attrgetter(name), records)) for name in _ATTRIBUTES]
        made = dict(zip(_ATTRIBUTES.values(), columns, strict=True))
        for name in ("parents", "own_keys"):
            if made[name].count(None) == len(records):
                made[name] = None
        return cls(**made)

    def __len__(self) -> int:
        return len(self.keys)

    def __iter__(self) -> Iterator[Record]:
        return map(
            Record,
            self.keys,
            self.values,
            self.side_ids,
            self.parents or repeat(None),
            self.changed_at,
            self.changed_by,
            self.own_keys or repeat(None),
        )

    @overload
    def __getitem__(self, place: int) -> Record: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Record]: ...
    def __getitem__(self, place: int | slice) -> Record | Sequence[Record]:
        if isinstance(place, slice):
            return list(self)[place]
        found: list[Any] = [None if one is None else one[place] for one in self._columns]
        return Record(*found)

    def only(self, which: Sequence[object]) -> "Records":
        """Return the records for which there is something true."""
        if all(which):
            return self
        some: list[Any] = [
            None if one is None else list(compress(one, which)) for one in self._columns
        ]
        return Records(*some)

    @property
    def _columns(self) -> Iterator[Sequence[Any] | None]:
        return (getattr(self, name) for name in _ATTRIBUTES.values())


_ATTRIBUTES = {
    "key": "keys",
    "values": "values",
    "side_id": "side_ids",
    "parent": "parents",
    "changed_at": "changed_at",
    "changed_by": "changed_by",
    "own_key": "own_keys",
}
