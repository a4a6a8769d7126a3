"""Records made ready for the store, column by column: half the time of record by record."""

from collections.abc import Sequence
from itertools import compress
from operator import attrgetter
from typing import Any

import msgspec

from app.domain.convert import text
from app.domain.mapping import NUMBERS, EntityMapping
from app.domain.record import Record, content_hashes, documents

_SORT_WIDTH = 12


class Ready(msgspec.Struct, frozen=True, gc=False):
    """What the store keeps of records of one side: a value of each column for each of them.

    Attributes:
        parents: None where no record of the entity has one; so `groups`.
        bodies: Their canonical documents.
        hashes: The hashes of these.
    """

    keys: list[str]
    side_ids: list[str]
    changed_at: list[str]
    changed_by: list[str]
    parents: list[str | None] | None
    titles: list[str]
    sorts: list[str]
    groups: list[str] | None
    bodies: list[bytes]
    hashes: list[int]

    @classmethod
    def of(cls, entity: EntityMapping, records: Sequence[Record]) -> "Ready":
        """Return records of an entity ready for the store."""
        bodies = documents(records)
        titles, sorts, groups = _places(entity, records)
        return cls(
            keys=list(map(attrgetter("key"), records)),
            side_ids=list(map(attrgetter("side_id"), records)),
            changed_at=list(map(attrgetter("changed_at"), records)),
            changed_by=list(map(attrgetter("changed_by"), records)),
            parents=list(map(attrgetter("parent"), records)) if entity.parent else None,
            titles=titles,
            sorts=sorts,
            groups=groups,
            bodies=bodies,
            hashes=content_hashes(bodies),
        )

    def __len__(self) -> int:
        return len(self.keys)

    def only(self, which: Sequence[object]) -> "Ready":
        """Return the records for which there is something true."""
        if all(which):
            return self
        columns = (getattr(self, name) for name in self.__struct_fields__)
        some: list[Any] = [one if one is None else list(compress(one, which)) for one in columns]
        return Ready(*some)


def _places(
    entity: EntityMapping, records: Sequence[Record]
) -> tuple[list[str], list[str], list[str] | None]:
    """Return titles, sort keys and groups: by group, then by title, numbers as numbers."""
    title_at = entity.index[entity.title]
    titles = [text(record.values[title_at]) or record.key for record in records]
    if entity.fields[title_at].type in NUMBERS:
        sorts = [title.rjust(_SORT_WIDTH) for title in titles]
    else:
        sorts = list(map(str.casefold, titles))
    if not entity.group_by:
        return titles, sorts, None
    group_at = entity.index[entity.group_by]
    groups = [text(record.values[group_at]) for record in records]
    sorts = [
        f"{group}\x1f{sort}" if group else sort for group, sort in zip(groups, sorts, strict=True)
    ]
    return titles, sorts, groups
