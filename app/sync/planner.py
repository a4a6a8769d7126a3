"""From chosen differences to a CommitPlan: closed over what it depends on, ordered, costed."""

import getpass
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from app.connectors.protocol import OperationCounts
from app.domain.control import CancelToken, Progress, Report
from app.domain.diff import Kind, RecordDiff
from app.domain.forecast import Forecast
from app.domain.mapping import EntityMapping, IgnoreRule
from app.domain.plan import CommitPlan, Operation, Part, Problem, Verb
from app.domain.proposal import NO_CHOICE, WHOLE_RECORD, Choice, is_ticked
from app.domain.record import RecordKey, Side
from app.domain.stages import points_at
from app.errors import WrongUse
from app.store.belonging import keys_of_account
from app.store.choices import all_choices
from app.store.comparison import (
    Pair,
    StoredDiff,
    existing_keys,
    find_link,
    one_pair,
    stored_diffs,
)
from app.store.cursors import instance_of
from app.store.holding import is_held, own_reason
from app.store.journal import now_text
from app.sync.compare import held, opened, proposal_of
from app.sync.explain import DryRun, affordable, broken_off, with_left
from app.sync.ignoring import rules_of
from app.sync.left_hanging import TOO_MANY, LeftHanging
from app.sync.look_costs import forecast_live
from app.sync.plan_order import Shelves
from app.sync.spool import Spool
from app.sync.weighing import Weighed
from app.sync.workbench import Workbench

MOST_PROBLEMS = 10_000
_KEPT = 100_000
_REPORT_EACH = 500


@dataclass(frozen=True, slots=True)
class Selection:
    """Which differences a plan takes.

    Attributes:
        entities: Their entities; none means all.
        verbs: The kinds of operations; None takes what is ticked, as the window does.
        keys: Entity → keys, where only some records are wanted; None takes all.
        take: Whose value settles a conflict that nobody decided; None leaves it.
        held: Whether inserts that a rule holds back are taken too.
    """

    entities: tuple[str, ...] = ()
    verbs: frozenset[Verb] | None = None
    keys: Mapping[str, frozenset[str]] | None = None
    take: Side | None = None
    held: bool = False

    def takes_verb(self, verb: Verb) -> bool:
        """Return whether operations of a verb are wanted."""
        return self.verbs is None or verb in self.verbs

    def takes(self, entity: str, key: str) -> bool:
        """Return whether a record is among those wanted."""
        if self.entities and entity not in self.entities:
            return False
        return self.keys is None or key in self.keys.get(entity, frozenset())


@dataclass
class _Draft:
    """A plan being put together.

    Attributes:
        comes: Whether a record that others point at is on a side or is selected itself.
        brought: What was looked at for being brought along, once for each record and side.
    """

    bench: Workbench
    selection: Selection
    choices: Mapping[int, Choice]
    shelves: Shelves
    dry_run: DryRun
    left_hanging: LeftHanging
    comes: dict[tuple[RecordKey, Side], bool] = field(default_factory=dict)
    brought: set[tuple[RecordKey, Side]] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def take(self, entity: EntityMapping, found: StoredDiff, rules: Sequence[IgnoreRule]) -> None:
        """Add what settles a difference, if the selection takes it."""
        diff = opened(entity, found.pair, rules)  # as it is now: it may have turned since compared
        if found.kind is Kind.HELD_BACK:
            diff = held(diff)
        choice = self.choice_of(entity, found.pair, diff.kind)
        if choice is None:
            self.tell_held(entity, diff, found.link)
            return
        proposal = proposal_of(self.bench, entity, found.pair, diff, choice)
        self.note(proposal.problems)
        for operation in proposal.operations:
            if self.selection.takes_verb(operation.verb):
                self.put(entity, operation)

    def tell_held(self, entity: EntityMapping, diff: RecordDiff, link: int) -> None:
        """Note why a record is held back, if it is; not of what is below another one."""
        if diff.kind is Kind.HELD_BACK and self.selection.takes(entity.name, diff.key):
            words = own_reason(self.bench.store, link)
            if words:
                self.note([Problem("info", entity.name, diff.key, f"held back: {words}")])

    def choice_of(self, entity: EntityMapping, pair: Pair, kind: Kind) -> Choice | None:
        """Return what was chosen of a difference, None where the selection leaves it out."""
        choice = _decided(kind, self.choices.get(pair.link, NO_CHOICE), self.selection)
        wanted = self.selection.takes(entity.name, pair.key)
        return choice if wanted and _wanted(kind, choice, self.selection) else None

    def put(self, entity: EntityMapping, operation: Operation) -> None:
        """Add an operation, and what it points at and the target does not have."""
        self.note(self.dry_run.problems(entity, operation))
        self.shelves.put(operation)
        self.left_hanging.look(operation)
        for needed in points_at(operation, self.bench.mapping):
            place = (needed, operation.side)
            if place not in self.comes:
                if len(self.comes) >= _KEPT:
                    self.comes.clear()
                self.comes[place] = self._comes_anyhow(needed, operation.side)
            if not self.comes[place] and place not in self.brought:
                self.brought.add(place)
                self._bring(needed, operation)

    def note(self, problems: Iterable[Problem]) -> None:
        """Keep problems, of very many the first."""
        self.problems.extend(islice(problems, MOST_PROBLEMS - len(self.problems)))

    def _comes_anyhow(self, needed: RecordKey, side: Side) -> bool:
        entity = self.bench.mapping.entity(needed.entity)
        if existing_keys(self.bench.store, entity, side, [needed.key]):
            return True
        pair = self._pair(entity, needed.key)
        if pair is None:
            return False
        diff = self._opened(entity, pair)
        choice = self.choice_of(entity, pair, diff.kind)
        made = [] if choice is None else self._insert(entity, pair, diff, side, choice)
        return any(self.selection.takes_verb(operation.verb) for operation in made)

    def _bring(self, needed: RecordKey, operation: Operation) -> None:
        entity, side = self.bench.mapping.entity(needed.entity), operation.side
        pair = self._pair(entity, needed.key)
        choice = Choice(take={WHOLE_RECORD: side.other.value})
        diff = None if pair is None else self._opened(entity, pair)
        lacks, brought = f"{side.label} lacks", list[Operation]()
        if pair is not None and diff is not None:
            if diff.kind is Kind.HELD_BACK:
                lacks = "is held back"  # a person has to say so first
            elif self._goes(entity, pair, diff):
                lacks = "the plan deletes"
            else:
                brought = self._insert(entity, pair, diff, side, choice)
        for one in brought:
            words = f"added, since {operation.entity} {operation.key} needs it"
            self.note([Problem("info", one.entity, one.key, words)])
            self.put(entity, one)
        if not brought:
            words = f"it refers to {needed.entity} {needed.key}, which {lacks}"
            self.note([Problem("error", operation.entity, operation.key, words)])

    def _goes(self, entity: EntityMapping, pair: Pair, diff: RecordDiff) -> bool:
        """Return whether the plan deletes a record where it is: then it is not made elsewhere."""
        choice = self.choice_of(entity, pair, diff.kind)
        if choice is None or not self.selection.takes_verb(Verb.DELETE):
            return False
        made = proposal_of(self.bench, entity, pair, diff, choice).operations
        return any(operation.verb is Verb.DELETE for operation in made)

    def _opened(self, entity: EntityMapping, pair: Pair) -> RecordDiff:
        diff = opened(entity, pair)
        return held(diff) if is_held(self.bench.store, pair.link) else diff

    def _pair(self, entity: EntityMapping, key: str) -> Pair | None:
        link = find_link(self.bench.store, entity, key)
        found = None if link is None else one_pair(self.bench.store, link)
        return None if found is None else found[1]

    def _insert(
        self, entity: EntityMapping, pair: Pair, diff: RecordDiff, side: Side, choice: Choice
    ) -> list[Operation]:
        """Return what makes a record that others can refer to: an insert, or only its key."""
        found = []
        for operation in proposal_of(self.bench, entity, pair, diff, choice).operations:
            key = operation.key_change
            if operation.side is side and operation.verb is Verb.INSERT:
                found.append(operation)
            elif operation.side is side and key is not None and key.after == operation.key:
                found.append(replace(operation, changes=(key,)))
        return found


def build_plan(
    bench: Workbench, selection: Selection, cancel: CancelToken, report: Report
) -> CommitPlan:
    """Return the plan that settles the selected differences, from the store as last compared.

    Of millions of differences the operations lie in a file, not in memory.

    Raises:
        WrongUse: The selection names an entity that the mapping does not have.
    """
    _check_names(bench, [*selection.entities, *(selection.keys or {})])
    choices, dry_run = all_choices(bench.store), DryRun(bench)
    draft = _Draft(bench, selection, choices, Shelves(bench), dry_run, LeftHanging(bench))
    for entity in bench.mapping.entities:
        rules = rules_of(bench, entity)
        for done, found in enumerate(stored_diffs(bench.store, entity)):
            draft.take(entity, found, rules)
            if done % _REPORT_EACH == 0:
                cancel.check()
                report(Progress(draft.shelves.count, 0, f"Planning {entity.plural}"))
    draft.note(draft.left_hanging.problems())
    if draft.left_hanging.too_many:
        dry_run.unchecked[TOO_MANY] = None
    return finished(bench, draft.shelves, draft.problems, dry_run)


def account_keys(bench: Workbench, account: str) -> Mapping[str, frozenset[str]]:
    """Return the keys of an account's records by entity, for `Selection.keys`.

    Raises:
        WrongUse: The mapping has no accounts, or the mirror has no such one.
    """
    entities = bench.mapping.of_account()
    found = keys_of_account(bench.store, account, entities)
    if not any(found.values()):
        raise WrongUse(
            f"There is no account {account!r} in what was read.",
            f"Read it first: concord refresh -w {bench.name} --account {account}",
        )
    return found


def assembled(
    bench: Workbench, chosen: Iterable[Operation], problems: Iterable[Problem]
) -> CommitPlan:
    """Return the plan of chosen operations: in the order of sending, costed, signed.

    Of very many problems the first are kept.
    """
    shelves, dry_run, found = Shelves(bench), DryRun(bench), list(problems)
    for operation in chosen:
        shelves.put(operation)
        for problem in dry_run.problems(bench.mapping.entity(operation.entity), operation):
            if len(found) < MOST_PROBLEMS:
                found.append(problem)
    return finished(bench, shelves, found, dry_run)


def finished(
    bench: Workbench, shelves: Shelves, problems: Iterable[Problem], dry_run: DryRun
) -> CommitPlan:
    """Return the plan of operations that were put and looked at; the shelves are empty then."""
    spool = Spool(bench.mapping, bench.store.path.parent)
    shelves.pour(spool)
    shelves.close()
    warnings = broken_off(bench) if spool.tally else ()
    cost = with_left(bench, forecast(bench, spool.tally, spool.size, shelves.weighed))
    return CommitPlan(
        workspace=bench.name,
        mapping=bench.mapping.fingerprint,
        operations=spool.settled(),
        forecast=cost,
        problems=(*warnings, *affordable(cost), *dry_run.of_the_whole(), *problems),
        not_checked=tuple(dry_run.unchecked) if spool.tally else (),
        created_at=now_text(),
        created_by=getpass.getuser(),
        instances={side: instance_of(bench.store, side) for side in Side},
        tally=spool.tally,
    )


def forecast(bench: Workbench, tally: Mapping[Part, int], size: int, weighed: Weighed) -> Forecast:
    """Return what operations cost: the preflight's reads and the writes."""
    counts: dict[tuple[Side, str], Counter[Verb]] = defaultdict(Counter)
    for part, count in tally.items():
        counts[part.side, part.entity][part.verb] += count
    whole, total, most = Forecast(), sum(tally.values()), Counter[Side]()
    for (side, name), verbs in counts.items():
        connector, entity = bench.connectors[side], bench.mapping.entity(name)
        asked, length = (f(side, name, verbs.total()) for f in (weighed.reads, weighed.key_size))
        reads = forecast_live(bench, side, entity, asked, length)
        share, calls = size * verbs.total() // total, weighed.calls[side, name]
        turns = weighed.turns(side, name)
        counts_of = OperationCounts(entity, verbs, share, most[side], calls, turns)
        whole += connector.forecast(counts_of)
        most[side] = max(most[side], verbs.total())
        whole += Forecast({side: reads})
    return whole


def _decided(kind: Kind, choice: Choice, selection: Selection) -> Choice:
    decided = choice.take or choice.ticked is False  # unticked before it came to a conflict
    if kind is not Kind.CONFLICT or selection.take is None or decided:
        return choice
    return Choice(ticked=True, take={WHOLE_RECORD: selection.take.value})


def _wanted(kind: Kind, choice: Choice, selection: Selection) -> bool:
    if kind is Kind.HELD_BACK and selection.held:
        return choice.ticked is not False
    by_tick = {Kind.CONFLICT, Kind.HELD_BACK}
    if selection.verbs is None or choice.ticked is False or kind in by_tick:
        return is_ticked(kind, choice)
    return kind in {Kind.ONLY_IN_BILLING, Kind.ONLY_IN_SALESFORCE, Kind.DIFFERENT}


def _check_names(bench: Workbench, names: Iterable[str]) -> None:
    for name in names:
        if name not in bench.mapping.by_name:
            known = ", ".join(bench.mapping.by_name)
            raise WrongUse(f"The mapping has no entity {name!r}.", f"Its entities are: {known}.")
