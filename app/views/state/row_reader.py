"""Rows of the store, read by pages as they are asked for and turned into what is painted."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence

from app.domain.convert import text
from app.domain.mapping import EntityMapping
from app.domain.proposal import NO_CHOICE, TICKABLE, Choice
from app.domain.record import Side
from app.store.comparison import Pair, one_pair
from app.store.pager import Row, rows
from app.store.workspace import Store
from app.sync.compare import opened
from app.views.state.difference import (
    Arrow,
    Intent,
    one_sided_intent,
    sides_by_owner,
    sides_written,
    update_intent,
)
from app.views.state.survey import Tally
from app.views.state.tree_row import Names, RowView, record_title, record_view

PAGE = 256
PAGES_KEPT = 64


class RowReader:
    """Gives rows and their views; keeps the last 64 pages of 256 rows, reads the store only."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rows: dict[int, Row] = {}
        self._pages: OrderedDict[int, Sequence[int]] = OrderedDict()

    def row(self, link: int, siblings: Sequence[int] = (), position: int = 0) -> Row | None:
        """Return a link's row, None where it is gone; reads the page of siblings around it."""
        found = self._rows.get(link)
        if found is None:
            start = position // PAGE * PAGE
            self._read(siblings[start : start + PAGE] or (link,))
            found = self._rows.get(link)
        return found

    def view(self, row: Row, choice: Choice | None, below: Tally | None) -> RowView:
        """Return what the trees show of a row."""
        entity = self._store.mapping.entity(row.entity)
        wish = choice or NO_CHOICE
        pair = self._pair(row, entity, wish)
        names = self._names(row, entity, pair)
        return record_view(row, names, wish, self._intent(row, entity, wish, pair), below)

    def _read(self, links: Sequence[int]) -> None:
        found = rows(self._store, links)
        self._rows.update(found)
        self._pages[links[0]] = tuple(found)
        self._pages.move_to_end(links[0])
        while len(self._pages) > PAGES_KEPT:
            for link in self._pages.popitem(last=False)[1]:
                self._rows.pop(link, None)

    def _pair(self, row: Row, entity: EntityMapping, choice: Choice) -> Pair | None:
        """Open a pair whose row alone does not tell its direction or its names."""
        if row.kind not in TICKABLE or not (row.in_billing and row.in_salesforce):
            return None
        told = not choice.take and sides_by_owner(entity, row.fields) is not None
        if told and entity.title not in row.fields:
            return None
        found = one_pair(self._store, row.link)
        return None if found is None else found[1]

    def _names(self, row: Row, entity: EntityMapping, pair: Pair | None) -> Names:
        title = record_title(entity, row.title)
        if pair is None or pair.billing is None or pair.salesforce is None:
            return Names(title, title)
        place = entity.index[entity.title]
        billing, salesforce = (text(side[place]) for side in (pair.billing, pair.salesforce))
        return Names(
            record_title(entity, billing or row.key), record_title(entity, salesforce or row.key)
        )

    def _intent(self, row: Row, entity: EntityMapping, choice: Choice, pair: Pair | None) -> Intent:
        if row.kind not in TICKABLE:
            return Intent(None, Arrow.NONE)
        if not (row.in_billing and row.in_salesforce):
            holder = Side.BILLING if row.in_billing else Side.SALESFORCE
            return one_sided_intent(row.kind, holder, choice)
        by_owner = None if choice.take else sides_by_owner(entity, row.fields)
        if by_owner is not None:
            return update_intent(by_owner)
        if pair is None or pair.billing is None or pair.salesforce is None:
            return Intent(None, Arrow.SKIP)
        counted = [field for field in opened(entity, pair).fields if field.name in row.fields]
        return update_intent(sides_written(entity, counted, choice))


def with_choice(
    choices: Mapping[int, Choice], changed: Mapping[int, Choice]
) -> Mapping[int, Choice]:
    """Return choices with some of them replaced; an empty one is left out."""
    merged = {**choices, **changed}
    return {link: choice for link, choice in merged.items() if choice != NO_CHOICE}
