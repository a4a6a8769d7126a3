"""What the trees need to know before a row is painted; gathered by a worker, shown by the model."""

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from app.domain.control import CancelToken
from app.domain.diff import Kind
from app.domain.mapping import EntityMapping
from app.domain.proposal import NO_CHOICE, TICKABLE, Choice, is_ticked
from app.domain.record import RecordKey
from app.store.choices import all_choices
from app.store.comparison import changed_pairs, find_link, kind_counts
from app.store.pager import (
    Filter,
    Row,
    child_ids,
    matching_links,
    rows,
    shown_links,
    tree_order,
)
from app.store.unread import unread
from app.store.wanted import Wanted, fits
from app.store.workspace import Store
from app.views.state.difference import DIFFERENCES, SAFE_TO_TICK

# Above these the tree still works; it only says less before a node is opened.
MOST_SHAPED = 50_000
MOST_COUNTED = 200_000
_NOT_IDENTICAL = frozenset(Kind) - {Kind.IDENTICAL}


class Place(NamedTuple):
    """A group of the tree: one entity below one record (0: the top), or a part of it."""

    above: int
    entity: str
    group: str | None = None


@dataclass(slots=True)
class Tally:
    """What a group or a record holds, at any depth below it.

    Attributes:
        children: Direct children that differ or hold a difference.
        members: All differences that can be ticked.
        safe: Those of them that a tick on the group takes along.
        ticked: How many are ticked.
        differing: All differences, tickable or not.
    """

    children: set[int] = field(default_factory=set)
    members: "array[int]" = field(default_factory=lambda: array("q"))
    safe: "array[int]" = field(default_factory=lambda: array("q"))
    ticked: int = 0
    differing: int = 0

    def add(self, row: Row, *, ticked: bool) -> None:
        """Count a difference."""
        self.differing += 1
        if row.kind in TICKABLE:
            self.members.append(row.link)
            self.ticked += ticked
        if row.kind in SAFE_TO_TICK:
            self.safe.append(row.link)


@dataclass(frozen=True, slots=True)
class Survey:
    """The trees' shape and counts at one moment.

    Attributes:
        tops: Entity → the links that stand at the top, in display order (orphans included).
        shown: The links that the filter leaves; None: all.
        inner: Records that have a child which is shown; None where it was too much to find out.
        order: The differences that are shown, from top to bottom.
        kinds: Link → kind, for all that is not identical.
        tallies: What each group holds of what is shown.
        below: Link → what is shown below that record.
        counts: Kind → how many records, whatever the filter.
        fields: Field → in how many records it differs, whatever the filter.
        ticked: How many differences are ticked, whatever the filter.
        unread: The entities that were not read since their mapping changed: nothing is known of
            what they hold now.
        uncompared: Of how many records that seem to agree nobody knows whether they do: a refresh
            broke off, or no compare followed it. Looked for only where nothing is known to differ.
    """

    wanted: Filter = field(default_factory=Wanted)
    tops: Mapping[str, Sequence[int]] = field(default_factory=dict)
    shown: frozenset[int] | None = None
    inner: frozenset[RecordKey] | None = None
    order: Sequence[int] = ()
    kinds: Mapping[int, Kind] = field(default_factory=dict)
    choices: Mapping[int, Choice] = field(default_factory=dict)
    tallies: Mapping[Place, Tally] = field(default_factory=dict)
    below: Mapping[int, Tally] = field(default_factory=dict)
    counts: Mapping[Kind, int] = field(default_factory=dict)
    fields: Mapping[str, int] = field(default_factory=dict)
    ticked: int = 0
    unread: tuple[str, ...] = ()
    uncompared: int = 0

    @property
    def records(self) -> int:
        """How many records there are in all."""
        return sum(self.counts.values()) + self.uncompared

    @property
    def differences(self) -> int:
        """How many differences there are in all, whatever the filter."""
        return sum(self.counts.get(kind, 0) for kind in DIFFERENCES)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is shown."""
        return not any(self.tops.values())


def take_survey(store: Store, wanted: Filter, cancel: CancelToken) -> Survey:
    """Return the survey of a store under a filter. Reads only; for a worker's thread."""
    differing = matching_links(store, Filter(_NOT_IDENTICAL))
    cancel.check()
    shown = _shown(store, wanted, cancel)
    tops = _tops(store, shown)
    cancel.check()
    choices = all_choices(store)
    known = _with_ancestors(store, differing[:MOST_COUNTED], cancel)
    kinds = {row.link: row.kind for row in known.values() if row.kind is not Kind.IDENTICAL}
    tallies, below = _tallies(store, known, choices, shown)
    in_order = [
        link
        for link, kind in kinds.items()
        if kind in DIFFERENCES and (shown is None or link in shown)
    ]
    cancel.check()
    counts = _total(kind_counts(store))
    uncompared = 0
    if not any(counts[kind] for kind in DIFFERENCES) and _waits_for_compare(store):
        uncompared, counts[Kind.IDENTICAL] = counts[Kind.IDENTICAL], 0
    return Survey(
        unread=unread(store),
        uncompared=uncompared,
        wanted=wanted,
        tops=tops,
        shown=shown,
        inner=_inner(store, shown),
        order=tree_order(store, in_order),
        kinds=kinds,
        choices=choices,
        tallies=tallies,
        below=below,
        counts=counts,
        fields=Counter(name for row in known.values() for name in row.fields),
        ticked=sum(is_ticked(kind, choices.get(link, NO_CHOICE)) for link, kind in kinds.items()),
    )


def _shown(store: Store, wanted: Filter, cancel: CancelToken) -> frozenset[int] | None:
    """Return what matches and all that stands above it; None: all."""
    if not isinstance(wanted, Wanted) or not wanted.field:
        return shown_links(store, wanted)
    differing = Filter(wanted.kinds or _NOT_IDENTICAL, wanted.text)
    found = rows(store, matching_links(store, differing)).values()
    matching = [row.link for row in found if fits(wanted, row)]
    return frozenset(row.link for row in _with_ancestors(store, matching, cancel).values())


def _total(counts: Mapping[str, Mapping[Kind, int]]) -> dict[Kind, int]:
    return {kind: sum(entity[kind] for entity in counts.values()) for kind in Kind}


def _waits_for_compare(store: Store) -> bool:
    """Return whether some pair differs that no compare has judged."""
    return any(True for entity in store.mapping.entities for _pair in changed_pairs(store, entity))


def _tops(store: Store, shown: frozenset[int] | None) -> Mapping[str, Sequence[int]]:
    tops = {}
    for entity in store.mapping.entities:
        links = child_ids(store, entity, None)
        kept = links if shown is None else [link for link in links if link in shown]
        if kept:
            tops[entity.name] = kept
    return tops


def _inner(store: Store, shown: frozenset[int] | None) -> frozenset[RecordKey] | None:
    links: Sequence[int] | frozenset[int] = (
        matching_links(store, Filter()) if shown is None else shown
    )
    if len(links) > MOST_SHAPED:
        return None
    parents = {entity.name: entity.parent for entity in store.mapping.entities}
    return frozenset(
        RecordKey(parents[row.entity], row.parent)
        for row in rows(store, links).values()
        if row.parent is not None
    )


def _with_ancestors(
    store: Store, links: Iterable[int], cancel: CancelToken
) -> dict[RecordKey, Row]:
    """Return the rows of some links and of everything above them."""
    known: dict[RecordKey, Row] = {}
    level = list(rows(store, links).values())
    while level:
        cancel.check()
        known.update((RecordKey(row.entity, row.key), row) for row in level)
        wanted = {above for row in level if (above := key_above(store, row)) and above not in known}
        found = (find_link(store, store.mapping.entity(key.entity), key.key) for key in wanted)
        level = list(rows(store, [link for link in found if link is not None]).values())
    return known


def key_above(store: Store, row: Row) -> RecordKey | None:
    """Return the key of the record above a row, None at the top; it may be an orphan's."""
    parent = store.mapping.entity(row.entity).parent
    return RecordKey(parent, row.parent) if parent and row.parent is not None else None


def places(entity: EntityMapping, row: Row, above: int) -> tuple[Place, ...]:
    """Return the groups in which a row stands directly."""
    place = Place(above, entity.name)
    return (place, Place(above, entity.name, row.group or "")) if entity.group_by else (place,)


def _tallies(
    store: Store,
    known: Mapping[RecordKey, Row],
    choices: Mapping[int, Choice],
    shown: frozenset[int] | None,
) -> tuple[dict[Place, Tally], dict[int, Tally]]:
    tallies: dict[Place, Tally] = {}
    below: dict[int, Tally] = {}
    for row in known.values():
        if row.kind not in DIFFERENCES or not (shown is None or row.link in shown):
            continue
        ticked = is_ticked(row.kind, choices.get(row.link, NO_CHOICE))
        child: Row | None = row
        while child is not None:
            above_key = key_above(store, child)
            above = known.get(above_key) if above_key else None
            entity = store.mapping.entity(child.entity)
            for place in places(entity, child, above.link if above else 0):
                tally = tallies.setdefault(place, Tally())
                tally.add(row, ticked=ticked)
                tally.children.add(child.link)
            if above is not None:
                below.setdefault(above.link, Tally()).add(row, ticked=ticked)
            child = above
    return tallies, below
