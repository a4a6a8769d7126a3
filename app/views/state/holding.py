"""What is held back and why, as lines; ticking one takes along what waits for nothing but it."""

from dataclasses import dataclass

from app.domain.control import CancelToken
from app.domain.diff import Kind
from app.domain.proposal import is_ticked
from app.store.choices import choice_of
from app.store.holding import Held, held_back
from app.sync.workbench import Workbench

MOST_LINES = 2000


@dataclass(frozen=True, slots=True)
class HeldLine:
    """A record that is held back.

    Attributes:
        label: What such a record is called.
        ticked: Whether somebody ticked it, so that Commit takes it along.
    """

    link: int
    label: str
    key: str
    title: str
    why: str
    ticked: bool


@dataclass(frozen=True, slots=True)
class HeldBack:
    """What is held back; `left_out` of it is not shown."""

    lines: tuple[HeldLine, ...]
    left_out: int = 0


def can_hold(bench: Workbench) -> bool:
    """Return whether the mapping has a rule that holds inserts back."""
    return any(one.insert_if or one.guard for one in bench.mapping.entities)


def held_lines(bench: Workbench, cancel: CancelToken) -> HeldBack:
    """Return what the last compare held back, by entity and key; for a worker's thread."""
    found = held_back(bench.store)
    lines = []
    for one in found[:MOST_LINES]:
        cancel.check()
        lines.append(_line(bench, one))
    return HeldBack(tuple(lines), len(found) - len(lines))


def _line(bench: Workbench, one: Held) -> HeldLine:
    entity = bench.mapping.entity(one.entity)
    ticked = is_ticked(Kind.HELD_BACK, choice_of(bench.store, one.link))
    return HeldLine(one.link, entity.label, one.key, one.title or one.key, one.why, ticked)
