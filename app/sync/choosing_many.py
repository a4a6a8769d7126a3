"""One choice for all that a filter shows: what it changes, and what it leaves."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from app.domain.control import CancelToken, Progress, Report
from app.domain.convert import plain_value
from app.domain.diff import Kind
from app.domain.mapping import EntityMapping
from app.domain.proposal import NO_CHOICE, SKIP, TICKABLE, Ability, Choice, is_ticked
from app.domain.record import Side
from app.errors import WrongUse
from app.store.choices import all_choices
from app.store.comparison import find_link
from app.store.holding import held_with
from app.store.pager import Filter, Row, matching_links, rows
from app.store.wanted import Wanted, fits
from app.sync.choosing import (
    RULE,
    can_direct,
    can_update,
    deletes,
    directed,
    field_directed,
    field_typed,
    needs_direction,
    with_tick,
)
from app.sync.pairing import entity_of
from app.sync.typed import check_typed, rules_for
from app.sync.workbench import Workbench

_ROWS_AT_ONCE = 2000


class Bulk(Enum):
    """What is chosen for all of them."""

    TICK = "tick"
    UNTICK = "untick"
    BILLING = "billing"
    SALESFORCE = "salesforce"
    SKIP = "skip"
    RULE = "rule"
    TYPED = "typed"


class Left(Enum):
    """Why a difference was left as it was, or not ticked."""

    DELETE = "delete"
    CONFLICT = "conflict"
    HELD = "held"
    UNABLE = "unable"
    ALIKE = "alike"


@dataclass(frozen=True, slots=True)
class BulkDraft:
    """Choices for all that is shown, not stored yet.

    Attributes:
        changes: Link → its new choice, for those alone that change.
        left: How many were left, or got a direction without a tick, and why.
    """

    bulk: Bulk
    changes: Mapping[int, Choice] = field(default_factory=dict)
    left: Mapping[Left, int] = field(default_factory=dict)


_WISHES = {
    Bulk.BILLING: Side.BILLING.value,
    Bulk.SALESFORCE: Side.SALESFORCE.value,
    Bulk.SKIP: SKIP,
    Bulk.RULE: RULE,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person wants of some differences.

    Attributes:
        field: The one field that it is about, `""` for the whole of each record.
        words: With `Bulk.TYPED`, the value that was typed for the field, `""` for none.
        named: Whether each record was named: then deletes and what is held back are ticked too.
    """

    bulk: Bulk
    field: str = ""
    words: str = ""
    named: bool = False


def draft_bulk(
    bench: Workbench,
    wanted: Filter,
    bulk: Bulk,
    cancel: CancelToken,
    report: Report,
    *,
    words: str = "",
) -> BulkDraft:
    """Return what a bulk choice would change of the differences that a filter matches.

    Reads only; for a worker's thread. Records that stand above a match are not among them.
    `words` is the value that was typed for the field that the filter names.
    """
    name = field_of(wanted) if bulk is Bulk.TYPED else ""
    asked = Asked(bulk, name, words)
    return draft_choices(bench, differences(bench, wanted, cancel, report), asked)


def named_rows(bench: Workbench, keys: Mapping[str, Collection[str]], bulk: Bulk) -> list[Row]:
    """Return the records of entity → keys; one that is held back brings what waits for it alone.

    Raises:
        WrongUse: The mapping has no such entity, or neither side a record of that key.
    """
    links = {
        _link(bench, entity_of(bench, name), key) for name, some in keys.items() for key in some
    }
    if bulk in {Bulk.TICK, Bulk.UNTICK}:
        links.update(held_with(bench.store, links))
    return list(rows(bench.store, links).values())


def _link(bench: Workbench, entity: EntityMapping, key: str) -> int:
    link = find_link(bench.store, entity, key)
    if link is None:
        words = f"{entity.label} {key} stands on neither side, as they were read last."
        raise WrongUse(words, "Nothing was changed. Look at the key, or refresh first.")
    return link


def draft_choices(bench: Workbench, found: Iterable[Row], asked: Asked) -> BulkDraft:
    """Return what would change of some records; nothing is stored."""
    chooser = _Chooser(bench, asked)
    choices = all_choices(bench.store)
    kept: dict[tuple[bool | None, tuple[tuple[str, str], ...]], Choice] = {}
    changes: dict[int, Choice] = {}
    left: Counter[Left] = Counter()
    for row in found:
        before = choices.get(row.link, NO_CHOICE)
        made, why = chooser.choice(row, before)
        if why is not None:
            left[why] += 1
        if made != before:
            # Of a million choices few differ from each other: each is kept once.
            same = (made.ticked, tuple(made.take.items()))
            changes[row.link] = made if made.typed else kept.setdefault(same, made)
    return BulkDraft(asked.bulk, changes, left)


class _Chooser:
    """Makes a record's choice of what was asked for, and says why one was left."""

    def __init__(self, bench: Workbench, asked: Asked) -> None:
        self._bench, self._asked = bench, asked
        self._abilities = {one.name: bench.abilities(one) for one in bench.mapping.entities}
        self._plain: dict[str, list[Any]] = {}

    def choice(self, row: Row, before: Choice) -> tuple[Choice, Left | None]:
        """Return a record's choice afterwards, and why it was left or not ticked."""
        entity, asked = self._bench.mapping.entity(row.entity), self._asked
        if row.kind not in TICKABLE:
            return before, Left.UNABLE
        if asked.bulk is Bulk.TYPED:
            return self._typed(entity, row, before)
        abilities = self._abilities[row.entity]
        if asked.field:
            return _field_choice(entity, row, before, asked, abilities)
        return bulk_choice(entity, row, before, asked.bulk, abilities, named=asked.named)

    def _typed(self, entity: EntityMapping, row: Row, before: Choice) -> tuple[Choice, Left | None]:
        if entity.name not in self._plain:
            self._plain[entity.name] = list(self._taken(entity))
        plain = self._plain[entity.name]
        if not plain or self._asked.field not in row.fields:
            return before, Left.UNABLE
        made = field_typed(row.kind, before, self._asked.field, plain[0])
        return made, Left.ALIKE if made == before else None

    def _taken(self, entity: EntityMapping) -> Iterator[Any]:
        """Yield the value in the form of `plain_value`, if the entity can take it."""
        if self._asked.field not in entity.index:
            return
        rules = rules_for(self._bench, entity, self._asked.field)
        typed = check_typed(entity.field_of(self._asked.field), rules, self._asked.words)
        if rules and typed.readable and typed.against is None:
            yield plain_value(typed.value)


def _field_choice(
    entity: EntityMapping,
    row: Row,
    before: Choice,
    asked: Asked,
    abilities: Mapping[Side, Ability],
) -> tuple[Choice, Left | None]:
    wish = _WISHES[asked.bulk]
    able = asked.field in row.fields and (
        wish in {SKIP, RULE} or can_update(entity, asked.field, Side(wish).other, abilities)
    )
    if not able:
        return before, Left.UNABLE
    made = field_directed(row.kind, before, asked.field, wish)
    return made, Left.ALIKE if made == before else None


def field_of(wanted: Filter) -> str:
    """Return the field that a filter names, "" for none."""
    return wanted.field if isinstance(wanted, Wanted) else ""


def bulk_choice(
    entity: EntityMapping,
    row: Row,
    choice: Choice,
    bulk: Bulk,
    abilities: Mapping[Side, Ability],
    *,
    named: bool = False,
) -> tuple[Choice, Left | None]:
    """Return a record's choice afterwards, and why it was left or not ticked.

    No delete is ticked unless the record was `named`; one that a person had ticked stays so.
    """
    if bulk is Bulk.UNTICK:
        made = with_tick(row.kind, choice, ticked=False)
        return made, Left.ALIKE if made == choice else None
    if bulk is Bulk.TICK:
        return _ticked(row, choice, named=named)
    wish = _WISHES[bulk]
    held = row.kind is Kind.HELD_BACK and bulk is Bulk.BILLING and not named
    if held or not can_direct(entity, row, wish, abilities):
        return choice, Left.HELD if held else Left.UNABLE
    made = directed(row, choice, wish)
    if is_ticked(row.kind, choice) and made.take == choice.take and not choice.typed:
        return choice, Left.ALIKE
    if wish in {SKIP, RULE} or not deletes(row, made):
        return made, Left.ALIKE if made == choice else None
    by_hand = is_ticked(row.kind, choice) and deletes(row, choice)
    return with_tick(row.kind, made, ticked=by_hand), None if by_hand else Left.DELETE


def _ticked(row: Row, choice: Choice, *, named: bool) -> tuple[Choice, Left | None]:
    if is_ticked(row.kind, choice):
        return choice, Left.ALIKE
    if needs_direction(row.kind, choice):
        return choice, Left.CONFLICT
    if deletes(row, choice) and not named:
        return choice, Left.DELETE
    if row.kind is Kind.HELD_BACK and not named:
        return choice, Left.HELD
    return with_tick(row.kind, choice, ticked=True), None


def differences(
    bench: Workbench, wanted: Filter, cancel: CancelToken, report: Report
) -> Iterator[Row]:
    """Yield the differences that a filter matches, those alone that can be ticked."""
    kinds = frozenset[Kind](wanted.kinds & TICKABLE if wanted.kinds else TICKABLE)
    if not kinds:
        return
    links: Sequence[int] = matching_links(bench.store, Filter(kinds, wanted.text))
    for start in range(0, len(links), _ROWS_AT_ONCE):
        cancel.check()
        some = rows(bench.store, links[start : start + _ROWS_AT_ONCE]).values()
        yield from (row for row in some if fits(wanted, row))
        report(Progress(start, len(links), "Looking at the differences"))
