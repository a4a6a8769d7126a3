"""One choice for all that a filter shows: what it changes, what it leaves, and in what words."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from app.domain.control import CancelToken, Progress, Report
from app.domain.convert import plain_value
from app.domain.diff import Kind
from app.domain.mapping import EntityMapping
from app.domain.plan import Verb
from app.domain.proposal import NO_CHOICE, SKIP, Ability, Choice, is_ticked
from app.domain.record import Side
from app.store.choices import all_choices
from app.store.pager import Filter, Row, matching_links, rows
from app.sync.workbench import Workbench
from app.views.state.difference import TICKABLE, field_label, one_sided_intent
from app.views.state.language import tr
from app.views.state.ticks import (
    RULE,
    can_direct,
    directed,
    field_typed,
    needs_direction,
    with_tick,
)
from app.views.state.typed_value import ValueForm, read_typed, rules_told, value_form
from app.views.state.wanted import Wanted, fits

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
    typing = _Typing(bench, field_of(wanted), words)
    choices = all_choices(bench.store)
    abilities = {entity.name: bench.abilities(entity) for entity in bench.mapping.entities}
    kept: dict[tuple[bool | None, tuple[tuple[str, str], ...]], Choice] = {}
    changes: dict[int, Choice] = {}
    left: Counter[Left] = Counter()
    for row in _shown(bench, wanted, cancel, report):
        before = choices.get(row.link, NO_CHOICE)
        entity = bench.mapping.entity(row.entity)
        if bulk is Bulk.TYPED:
            made, why = typing.choice(entity, row, before)
        else:
            made, why = bulk_choice(entity, row, before, bulk, abilities[row.entity])
        if why is not None:
            left[why] += 1
        if made != before:
            # Of a million choices few differ from each other: each is kept once.
            same = (made.ticked, tuple(made.take.items()))
            changes[row.link] = made if made.typed else kept.setdefault(same, made)
    return BulkDraft(bulk, changes, left)


@dataclass
class _Typing:
    """A value that was typed for one field of all that is shown, as each entity takes it."""

    bench: Workbench
    name: str
    words: str
    _plain: dict[str, list[Any]] = field(default_factory=dict)

    def choice(self, entity: EntityMapping, row: Row, before: Choice) -> tuple[Choice, Left | None]:
        """Return a record's choice afterwards, and why it was left."""
        if entity.name not in self._plain:
            self._plain[entity.name] = list(self._taken(entity))
        plain = self._plain[entity.name]
        if not plain or not (row.in_billing and row.in_salesforce):
            return before, Left.UNABLE
        made = field_typed(row.kind, before, self.name, plain[0])
        return made, Left.ALIKE if made == before else None

    def _taken(self, entity: EntityMapping) -> Iterator[Any]:
        """Yield the value in the form of `plain_value`, if the entity can take it."""
        form = _form(self.bench, entity, self.name)
        typed = None if form is None else read_typed(form, self.words)
        if typed is not None and not typed.objection:
            yield plain_value(typed.value)


def field_of(wanted: Filter) -> str:
    """Return the field that a filter names, "" for none."""
    return wanted.field if isinstance(wanted, Wanted) else ""


def form_for_all(bench: Workbench, name: str) -> ValueForm | None:
    """Return the form for a field of all that is shown; None where no side takes a value of it."""
    forms = (_form(bench, entity, name) for entity in bench.mapping.entities)
    found = next((form for form in forms if form is not None), None)
    return None if found is None else replace(found, heading=field_label(name))


def _form(bench: Workbench, entity: EntityMapping, name: str) -> ValueForm | None:
    if name not in entity.index:
        return None
    told = rules_told(bench, entity, name, tuple(Side))
    return value_form(entity, name, told, None) if told else None


def bulk_choice(
    entity: EntityMapping,
    row: Row,
    choice: Choice,
    bulk: Bulk,
    abilities: Mapping[Side, Ability],
) -> tuple[Choice, Left | None]:
    """Return a record's choice afterwards, and why it was left or not ticked.

    No delete is ticked; one that a person had ticked stays so.
    """
    if bulk is Bulk.UNTICK:
        made = with_tick(row.kind, choice, ticked=False)
        return made, Left.ALIKE if made == choice else None
    if bulk is Bulk.TICK:
        return _ticked(row, choice)
    wish = _WISHES[bulk]
    held = row.kind is Kind.HELD_BACK and bulk is Bulk.BILLING
    if held or not can_direct(entity, row, wish, abilities):
        return choice, Left.HELD if held else Left.UNABLE
    made = directed(row, choice, wish)
    if is_ticked(row.kind, choice) and made.take == choice.take and not choice.typed:
        return choice, Left.ALIKE
    if wish in {SKIP, RULE} or not _deletes(row, made):
        return made, Left.ALIKE if made == choice else None
    by_hand = is_ticked(row.kind, choice) and _deletes(row, choice)
    return with_tick(row.kind, made, ticked=by_hand), None if by_hand else Left.DELETE


def _ticked(row: Row, choice: Choice) -> tuple[Choice, Left | None]:
    if is_ticked(row.kind, choice):
        return choice, Left.ALIKE
    if needs_direction(row.kind, choice):
        return choice, Left.CONFLICT
    if _deletes(row, choice):
        return choice, Left.DELETE
    if row.kind is Kind.HELD_BACK:
        return choice, Left.HELD
    return with_tick(row.kind, choice, ticked=True), None


def _deletes(row: Row, choice: Choice) -> bool:
    if row.in_billing == row.in_salesforce:
        return False
    holder = Side.BILLING if row.in_billing else Side.SALESFORCE
    return one_sided_intent(row.kind, holder, choice).verb is Verb.DELETE


def question(draft: BulkDraft) -> str:
    """Return what is asked before it is done."""
    count = len(draft.changes)
    words = {
        Bulk.TICK: tr("Tick {count:,} differences?"),
        Bulk.UNTICK: tr("Untick {count:,} differences?"),
        Bulk.BILLING: tr("Take billing's value for {count:,} differences?"),
        Bulk.SALESFORCE: tr("Take Salesforce's value for {count:,} differences?"),
        Bulk.SKIP: tr("Skip {count:,} differences?"),
        Bulk.RULE: tr("Go back to the owner rule for {count:,} differences?"),
        Bulk.TYPED: tr("Take the typed value for {count:,} differences?"),
    }[draft.bulk]
    return words.format(count=count) if count else tr("Nothing would change.")


def left_words(draft: BulkDraft) -> str:
    """Return what is left and why, a line each; "" where nothing is."""
    words = {
        Left.DELETE: tr("{count:,} would be deletes: they are not ticked, tick them one by one."),
        Left.CONFLICT: tr("{count:,} conflicts need a direction first, and are left alone."),
        Left.HELD: tr("{count:,} are held back: look why, and tick them one by one."),
        Left.UNABLE: tr("{count:,} cannot be written there, and are left alone."),
        Left.ALIKE: tr("{count:,} are so already."),
    }
    return "\n".join(
        words[why].format(count=draft.left[why]) for why in Left if draft.left.get(why)
    )


def bulk_label(bulk: Bulk) -> str:
    """Return an entry of the menu."""
    return {
        Bulk.TICK: tr("Tick all shown\u2026"),
        Bulk.UNTICK: tr("Untick all shown\u2026"),
        Bulk.BILLING: tr("Take billing's value for all shown\u2026"),
        Bulk.SALESFORCE: tr("Take Salesforce's value for all shown\u2026"),
        Bulk.SKIP: tr("Skip all shown\u2026"),
        Bulk.RULE: tr("As the owner rule says, for all shown\u2026"),
        Bulk.TYPED: tr("Type a value for all shown\u2026"),
    }[bulk]


def _shown(bench: Workbench, wanted: Filter, cancel: CancelToken, report: Report) -> Iterator[Row]:
    kinds = frozenset[Kind](wanted.kinds & TICKABLE if wanted.kinds else TICKABLE)
    if not kinds:
        return
    links: Sequence[int] = matching_links(bench.store, Filter(kinds, wanted.text))
    for start in range(0, len(links), _ROWS_AT_ONCE):
        cancel.check()
        some = rows(bench.store, links[start : start + _ROWS_AT_ONCE]).values()
        yield from (row for row in some if fits(wanted, row))
        report(Progress(start, len(links), tr("Looking at all that is shown")))
