"""The nodes of the trees: made level by level as they are opened, known by a number."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from app.domain.mapping import EntityMapping
from app.domain.record import RecordKey
from app.store.comparison import find_link
from app.store.pager import Row, child_ids
from app.store.workspace import Store
from app.views.state.language import tr
from app.views.state.row_reader import RowReader
from app.views.state.survey import Place, Survey, key_above

MOST_CHILDREN = 2000
CHUNK = 1000


class What(Enum):
    """What a node stands for."""

    ROOT = "root"
    RECORD = "record"
    ENTITY = "entity"
    GROUP = "group"
    CHUNK = "chunk"


class Step(NamedTuple):
    """A node's name among its siblings, the same after every refresh."""

    what: What
    name: str


@dataclass(slots=True, eq=False)
class Node:
    """A row of the trees.

    Attributes:
        number: Its place in the forest's list; what a QModelIndex carries.
        row: Its place among its siblings.
        entity: The entity of the records directly in it, or of the record that it is.
        label: What tells it from its siblings; `title` is what is shown instead, if anything.
        links: The records in it, for anything but a record.
        place: The group of the survey that counts it, if any.
        children: None until it is opened for the first time.
    """

    number: int
    above: "Node | None"
    row: int
    depth: int
    what: What
    entity: EntityMapping | None = None
    link: int = 0
    label: str = ""
    title: str = ""
    links: Sequence[int] = ()
    place: Place | None = None
    children: "list[Node] | None" = field(default=None, repr=False)


class Forest:
    """All nodes under one survey. Reads the store by small indexed queries."""

    def __init__(self, store: Store | None, survey: Survey) -> None:
        self.store = store
        self.survey = survey
        self.reader = None if store is None else RowReader(store)
        self.nodes: list[Node] = []
        self.root = self._make(None, 0, What.ROOT)
        self.root.children = []
        if store is not None:
            self.root.children = self._top(store)

    def node(self, number: int) -> Node:
        """Return the node of that number."""
        return self.nodes[number]

    def may_have_children(self, node: Node) -> bool:
        """Return whether a node can be opened; exact once it was, or where the survey knows."""
        if node.children is not None:
            return bool(node.children)
        if node.what is not What.RECORD:
            return bool(node.links)
        if node.entity is None or self.store is None:
            return False
        if not self.store.mapping.children(node.entity.name):
            return False
        if self.survey.inner is None:
            return True
        row = self._row(node)
        return row is not None and RecordKey(row.entity, row.key) in self.survey.inner

    def grow(self, node: Node) -> list[Node]:
        """Return the children that a node is to get; the caller puts them in place."""
        if self.store is None or self.reader is None or node.entity is None:
            return []
        if node.what is What.RECORD:
            return self._below_record(node, self.store)
        if node.what is What.ENTITY and node.entity.group_by:
            return self._parts(node)
        return self._members(node, node.entity, node.links)

    def step(self, node: Node) -> Step:
        """Return a node's name among its siblings."""
        if node.what is What.RECORD:
            row = self._row(node)
            return Step(node.what, "" if row is None else f"{row.entity}\x1f{row.key}")
        entity = node.entity.name if node.entity else ""
        return Step(node.what, f"{entity}\x1f{node.label}")

    def path(self, node: Node) -> tuple[Step, ...]:
        """Return the steps from the root to a node."""
        steps: list[Step] = []
        while node.above is not None:
            steps.append(self.step(node))
            node = node.above
        return tuple(reversed(steps))

    def child_at(self, node: Node, step: Step) -> Node | None:
        """Return the child of an opened node that a step names."""
        if step.what is not What.RECORD:
            return next((c for c in node.children or () if self.step(c) == step), None)
        entity, _, key = step.name.partition("\x1f")
        link = self.link_of(RecordKey(entity, key))
        return next((c for c in node.children or () if link and c.link == link), None)

    def link_of(self, key: RecordKey) -> int | None:
        """Return a record's link, None where no side ever had it."""
        if self.store is None:
            return None
        return find_link(self.store, self.store.mapping.entity(key.entity), key.key)

    def way_to(self, link: int) -> Iterator[int]:
        """Yield the links from the top of the tree down to a record."""
        row = None if self.reader is None else self.reader.row(link)
        if row is None or self.store is None:
            return
        above = key_above(self.store, row)
        up = None if above is None else self.link_of(above)
        if up is not None:
            yield from self.way_to(up)
        yield link

    def _row(self, node: Node) -> Row | None:
        siblings = () if node.above is None else node.above.links
        return None if self.reader is None else self.reader.row(node.link, siblings, node.row)

    def _make(
        self, above: Node | None, row: int, what: What, entity: EntityMapping | None = None
    ) -> Node:
        depth = -1 if above is None else above.depth + 1
        node = Node(len(self.nodes), above, row, depth, what, entity)
        self.nodes.append(node)
        return node

    def _top(self, store: Store) -> list[Node]:
        made: list[Node] = []
        for name, links in self.survey.tops.items():
            entity = store.mapping.entity(name)
            node = self._make(self.root, len(made), What.ENTITY, entity)
            node.label, node.links, node.place = entity.plural, links, Place(0, name)
            if entity.parent:
                above = store.mapping.entity(entity.parent).label.lower()
                node.label = tr("{plural} without a {above}").format(
                    plural=entity.plural, above=above
                )
            made.append(node)
        return made

    def _below_record(self, node: Node, store: Store) -> list[Node]:
        row = self._row(node)
        if row is None:
            return []
        kinds = store.mapping.children(row.entity)
        made: list[Node] = []
        for entity in kinds:
            links = self._kept(child_ids(store, entity, row.key))
            if not links:
                continue
            if len(kinds) == 1:
                node.links = links
                if entity.group_by:
                    return self._parts(node, entity)
                return self._members(node, entity, links)
            group = self._make(node, len(made), What.ENTITY, entity)
            group.label, group.links = entity.plural, links
            group.place = Place(node.link, entity.name)
            made.append(group)
        return made

    def _kept(self, links: Sequence[int]) -> Sequence[int]:
        shown = self.survey.shown
        return links if shown is None else [link for link in links if link in shown]

    def _parts(self, node: Node, entity: EntityMapping | None = None) -> list[Node]:
        """Split a level by the field that groups it; its order keeps each group together."""
        wanted = entity or node.entity
        if wanted is None or self.reader is None:
            return []
        groups: dict[str, list[int]] = {}
        for position, link in enumerate(node.links):
            row = self.reader.row(link, node.links, position)
            groups.setdefault((row.group if row else "") or "", []).append(link)
        above = node.link if node.what is What.RECORD else self._place_above(node)
        made: list[Node] = []
        for label, links in groups.items():
            part = self._make(node, len(made), What.GROUP, wanted)
            part.label, part.links = label or tr("none"), links
            part.title = self._group_title(wanted, label)
            part.place = Place(above, wanted.name, label)
            made.append(part)
        return made

    def _group_title(self, entity: EntityMapping, label: str) -> str:
        """Return the name of the record that a group's key points at, "" where there is none."""
        field = entity.fields[entity.index[entity.group_by]]
        link = self.link_of(RecordKey(field.to, label)) if field.to and label else None
        row = None if link is None or self.reader is None else self.reader.row(link)
        return "" if row is None else row.title

    def _place_above(self, node: Node) -> int:
        return node.place.above if node.place else 0

    def _members(self, node: Node, entity: EntityMapping, links: Sequence[int]) -> list[Node]:
        if len(links) > MOST_CHILDREN:
            return self._chunks(node, entity, links)
        made: list[Node] = []
        for row, link in enumerate(links):
            child = self._make(node, row, What.RECORD, entity)
            child.link = link
            made.append(child)
        return made

    def _chunks(self, node: Node, entity: EntityMapping, links: Sequence[int]) -> list[Node]:
        """Cut a long level: a tree view lays out every sibling (1 M: 5 s, measurements.md §3)."""
        size = CHUNK
        while len(links) > size * MOST_CHILDREN:
            size *= CHUNK
        made: list[Node] = []
        for start in range(0, len(links), size):
            some = links[start : start + size]
            chunk = self._make(node, len(made), What.CHUNK, entity)
            chunk.label = f"{start + 1:,}-{start + len(some):,}"
            chunk.links = some
            made.append(chunk)
        return made
