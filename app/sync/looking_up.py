"""One record of billing's as the mirror has it, by the names of its fields."""

from app.domain.action import Named
from app.store.comparison import Pair, find_link, one_pair
from app.sync.workbench import Workbench


def billing_pair(bench: Workbench, name: str, key: str) -> tuple[int, Pair] | None:
    """Return link and pair of a record that billing has, None if it has none."""
    entity = bench.mapping.by_name.get(name)
    link = None if entity is None else find_link(bench.store, entity, key)
    found = None if link is None else one_pair(bench.store, link)
    if link is None or found is None or found[1].billing is None:
        return None
    return link, found[1]


def looked_up(bench: Workbench, name: str, key: str) -> Named | None:
    """Return the values of a record that billing has, None if it has none."""
    found = billing_pair(bench, name, key)
    if found is None or found[1].billing is None:
        return None
    names = (field.name for field in bench.mapping.entity(name).fields)
    return dict(zip(names, found[1].billing, strict=True))
