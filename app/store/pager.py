"""Ids and pages of rows for the views: what a tree level holds, what a filter shows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import orjson

from app.domain.diff import Kind
from app.domain.folding import folded
from app.domain.mapping import EntityMapping
from app.store.workspace import Store

_IDS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Filter:
    """What a view shows: some kinds (none: all) whose title or key holds a text."""

    kinds: frozenset[Kind] = frozenset()
    text: str = ""

    @property
    def is_open(self) -> bool:
        """Whether everything is shown."""
        return not self.kinds and not self.text


@dataclass(frozen=True, slots=True)
class Row:
    """One aligned row: a key with what both sides hold of it.

    Attributes:
        kind: What the last compare said; `IDENTICAL` where nothing differs.
        fields: Names of the fields that differ.
        ticked: The person's own tick, None where the rule decides.
    """

    link: int
    entity: str
    key: str
    parent: str | None
    title: str
    group: str | None
    kind: Kind
    fields: tuple[str, ...]
    deleted: bool
    in_billing: bool
    in_salesforce: bool
    ticked: bool | None


def child_ids(store: Store, entity: EntityMapping, parent: str | None) -> list[int]:
    """Return the links of an entity below a parent's key, in display order.

    `parent` None gives the top: all records of an entity without parents, and of any other the
    orphans, whose parent no side holds, so that nothing is ever hidden.
    """
    number = store.entity_ids[entity.name]
    query = "SELECT id FROM link WHERE entity = ? AND parent = ? ORDER BY sort, key"
    values: tuple[object, ...] = (number, parent)
    if parent is None and not entity.parent:
        query, values = "SELECT id FROM link WHERE entity = ? ORDER BY sort, key", (number,)
    elif parent is None:
        query = (
            "SELECT id FROM link WHERE entity = ? AND (parent IS NULL OR NOT EXISTS (SELECT 1"
            " FROM link up WHERE up.entity = ? AND up.key = link.parent)) ORDER BY sort, key"
        )
        values = (number, store.entity_ids[entity.parent])
    with store.translating():
        return [row[0] for row in store.reader.execute(query, values)]


def rows(store: Store, links: Iterable[int]) -> dict[int, Row]:
    """Return link → row for the links that are still there."""
    names = {number: name for name, number in store.entity_ids.items()}
    found: dict[int, Row] = {}
    for some in _slices(links):
        marks = ",".join("?" * len(some))
        with store.translating():
            cursor = store.reader.execute(
                "SELECT id, link.entity, key, parent, title, grp, coalesce(kind, 0),"
                " coalesce(fields, '[]'), coalesce(deleted, 0), link.billing_hash IS NOT NULL,"
                " link.salesforce_hash IS NOT NULL, ticked"
                " FROM link LEFT JOIN diff ON diff.link = id LEFT JOIN choice ON choice.link = id"
                f" WHERE id IN ({marks})",
                some,
            )
            for row in cursor:
                found[row[0]] = Row(
                    link=row[0],
                    entity=names[row[1]],
                    key=row[2],
                    parent=row[3],
                    title=row[4],
                    group=row[5],
                    kind=Kind(row[6]),
                    fields=tuple(orjson.loads(row[7])),
                    deleted=bool(row[8]),
                    in_billing=bool(row[9]),
                    in_salesforce=bool(row[10]),
                    ticked=None if row[11] is None else bool(row[11]),
                )
    return found


NAME = "substr(sort, instr(sort, char(31)) + 1)"
"""A record's name without case and accents (`folded`): what `sort` holds after the group."""


def matching_links(store: Store, wanted: Filter) -> list[int]:
    """Return the links that a filter matches, in no order."""
    # What was left out of the mapping is not forgotten. (`+`: no index is to be taken for this.)
    known = ",".join(map(str, store.entity_ids.values()))
    where, values = [f"+link.entity IN ({known})"], list[object]()
    if wanted.kinds:
        kinds = ",".join(str(kind.value) for kind in sorted(wanted.kinds))
        where.append(f"coalesce(kind, 0) IN ({kinds})")
    if wanted.text:
        escaped = wanted.text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
        where.append(rf"({NAME} LIKE ? ESCAPE '\' OR key LIKE ? ESCAPE '\')")
        values += [f"%{folded(escaped)}%", f"%{escaped}%"]
    # Differences are few: start from them, unless identical pairs are wanted too.
    join = "LEFT JOIN" if not wanted.kinds or Kind.IDENTICAL in wanted.kinds else "JOIN"
    with store.translating():
        cursor = store.reader.execute(
            f"SELECT id FROM link {join} diff ON diff.link = id WHERE {' AND '.join(where)}", values
        )
        return [row[0] for row in cursor]


def shown_links(store: Store, wanted: Filter) -> frozenset[int] | None:
    """Return what a filtered tree shows: what matches and all that stands above it; None: all."""
    if wanted.is_open:
        return None
    shown: set[int] = set()
    level = matching_links(store, wanted)
    while level:
        shown.update(level)
        level = [link for link in _parents(store, level) if link not in shown]
    return frozenset(shown)


def tree_order(store: Store, links: Sequence[int]) -> list[int]:
    """Return links as they stand from top to bottom in the fully expanded tree."""
    rank = {entity.name: place for place, entity in enumerate(store.mapping.entities)}
    paths: dict[tuple[int, str], tuple[object, ...]] = {}
    names = {number: name for name, number in store.entity_ids.items()}

    def path(entity: int, key: str, parent: str | None, sort: str) -> tuple[object, ...]:
        mapped = store.mapping.entity(names[entity])
        own = (rank[mapped.name], sort or "", key)
        if not mapped.parent or parent is None:
            return own
        above = (store.entity_ids[mapped.parent], parent)
        if above not in paths:
            found = _place(store, *above)
            paths[above] = () if found is None else path(*above, *found)
        return (*paths[above], *own)

    with_paths = [
        (path(entity, key, parent, sort), link)
        for link, entity, key, parent, sort in _places(store, links)
    ]
    return [link for _path, link in sorted(with_paths)]


def totals(store: Store) -> Mapping[str, tuple[int, int]]:
    """Return entity → how many records billing and Salesforce hold."""
    names = {number: name for name, number in store.entity_ids.items()}
    with store.translating():
        cursor = store.reader.execute(
            "SELECT entity, count(billing_hash), count(salesforce_hash) FROM link GROUP BY entity"
        )
        return {names[row[0]]: (row[1], row[2]) for row in cursor if row[0] in names}


def _parents(store: Store, links: Iterable[int]) -> Iterator[int]:
    parents = {
        store.entity_ids[entity.name]: store.entity_ids[entity.parent]
        for entity in store.mapping.entities
        if entity.parent
    }
    wanted: set[tuple[int, str]] = set()
    for _link, entity, _key, parent, _sort in _places(store, links):
        if parent is not None and entity in parents:
            wanted.add((parents[entity], parent))
    for above in wanted:
        with store.translating():
            row = store.reader.execute(
                "SELECT id FROM link WHERE entity = ? AND key = ?", above
            ).fetchone()
        if row:
            yield row[0]


def _places(store: Store, links: Iterable[int]) -> Iterator[tuple[int, int, str, str | None, str]]:
    for some in _slices(links):
        marks = ",".join("?" * len(some))
        with store.translating():
            yield from store.reader.execute(
                f"SELECT id, entity, key, parent, sort FROM link WHERE id IN ({marks})", some
            ).fetchall()


def _place(store: Store, entity: int, key: str) -> tuple[str | None, str] | None:
    with store.translating():
        row: tuple[str | None, str] | None = store.reader.execute(
            "SELECT parent, sort FROM link WHERE entity = ? AND key = ?", (entity, key)
        ).fetchone()
    return row


def _slices(links: Iterable[int]) -> Iterator[list[int]]:
    source = iter(links)
    while some := list(islice(source, _IDS_AT_ONCE)):
        yield some
