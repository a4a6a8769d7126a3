"""Records made ready for the store, column by column: half the time of record by record."""

from collections.abc import Sequence
from itertools import compress
from operator import itemgetter
from typing import Any

import msgspec

from app.domain.convert import text
from app.domain.folding import folded
from app.domain.mapping import NUMBERS, EntityMapping
from app.domain.record import content_hashes, documents
from app.domain.records import Records

_SORT_WIDTH = 12


class Ready(msgspec.Struct, frozen=True, gc=False):
    """What the store keeps of records of one side: a value of each column for each of them.

    Attributes:
        parents: None where no record of the entity has one; so `groups`.
        bodies: Their canonical documents.
        hashes: The hashes of these.
    """

    keys: Sequence[str]
    side_ids: Sequence[str]
    changed_at: Sequence[str]
    changed_by: Sequence[str]
    parents: Sequence[str | None] | None
    titles: list[str]
    sorts: list[str]
    groups: list[str] | None
    bodies: list[bytes]
    hashes: list[int]

    @classmethod
    def of(cls, entity: EntityMapping, records: Records) -> "Ready":
        """Return records of an entity ready for the store."""
        bodies = documents(records.values)
        titles, sorts, groups = _places(entity, records)
        return cls(
            keys=records.keys,
            side_ids=records.side_ids,
            changed_at=records.changed_at,
            changed_by=records.changed_by,
            parents=records.parents,
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
    entity: EntityMapping, records: Records
) -> tuple[list[str], list[str], list[str] | None]:
    """Return titles, sort keys and groups: by group, then by title, numbers as numbers."""
    title_at = entity.index[entity.title]
    titles = _texts(records, title_at, records.keys)
    if entity.fields[title_at].type in NUMBERS:
        sorts = [title.rjust(_SORT_WIDTH) for title in titles]
    else:
        sorts = list(map(folded, titles))
    if not entity.group_by:
        return titles, sorts, None
    group_at = entity.index[entity.group_by]
    groups = _texts(records, group_at)
    sorts = [
        f"{group}\x1f{sort}" if group else sort for group, sort in zip(groups, sorts, strict=True)
    ]
    return titles, sorts, groups


def _texts(records: Records, place: int, otherwise: Sequence[str] = ()) -> list[str]:
    """Return what people read at a place of each record's values, or what stands there instead."""
    found = list(map(itemgetter(place), records.values))
    if not otherwise:
        return list(map(text, found))
    return [
        (one if one.__class__ is str else text(one)) or key
        for one, key in zip(found, otherwise, strict=True)
    ]
