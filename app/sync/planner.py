"""From chosen differences to a CommitPlan: closed over what it depends on, ordered, costed."""

import getpass
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import orjson

from app.connectors.protocol import OperationCounts
from app.domain.control import CancelToken, Progress, Report
from app.domain.diff import Kind
from app.domain.forecast import Forecast
from app.domain.mapping import EntityMapping, FieldMapping
from app.domain.plan import (
    CommitPlan,
    Operation,
    Problem,
    Verb,
    changes_json,
    numbered,
    ordered,
)
from app.domain.proposal import WHOLE_RECORD, Choice, Proposal, is_ticked
from app.domain.record import RecordKey, Side, Unreadable
from app.domain.stages import points_at
from app.errors import WrongUse
from app.store.choices import all_choices
from app.store.comparison import existing_keys, find_link, one_pair, stored_diffs
from app.store.journal import now_text
from app.sync.compare import opened, proposal_of
from app.sync.ignoring import rules_of
from app.sync.workbench import Workbench

NOT_CHECKED = (
    "validation rules, triggers and duplicate rules of the Salesforce organisation",
    "row locks and quotas that others use up in the meantime",
)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which differences a plan takes.

    Attributes:
        entities: Their entities; none means all.
        verbs: The kinds of operations; None takes what is ticked, as the window does.
        keys: Entity → keys, where only some records are wanted; None takes all.
        take: Whose value settles a conflict that nobody decided; None leaves it.
    """

    entities: tuple[str, ...] = ()
    verbs: frozenset[Verb] | None = None
    keys: Mapping[str, frozenset[str]] | None = None
    take: Side | None = None

    def takes(self, entity: str, key: str) -> bool:
        """Return whether a record is among those wanted."""
        if self.entities and entity not in self.entities:
            return False
        return self.keys is None or key in self.keys.get(entity, frozenset())


@dataclass
class _Draft:
    """A plan being put together."""

    bench: Workbench
    selection: Selection
    operations: dict[tuple[RecordKey, Side], Operation] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def add(self, proposal: Proposal) -> None:
        for operation in proposal.operations:
            if self.selection.verbs is None or operation.verb in self.selection.verbs:
                self.operations[operation.record_key, operation.side] = operation
                self.problems += predicted(self.bench.mapping.entity(operation.entity), operation)
        self.problems += proposal.problems


def build_plan(
    bench: Workbench, selection: Selection, cancel: CancelToken, report: Report
) -> CommitPlan:
    """Return the plan that settles the selected differences, from the store as last compared.

    Raises:
        WrongUse: The selection names an entity that the mapping does not have.
    """
    _check_names(bench, [*selection.entities, *(selection.keys or {})])
    draft = _Draft(bench, selection)
    choices = all_choices(bench.store)
    for entity in bench.mapping.entities:
        cancel.check()
        report(Progress(len(draft.operations), 0, f"Planning {entity.plural}"))
        rules = rules_of(bench, entity)
        for found in stored_diffs(bench.store, entity):
            choice = _decided(found.kind, choices.get(found.link, Choice()), selection)
            if selection.takes(entity.name, found.pair.key) and _wanted(
                found.kind, choice, selection
            ):
                diff = opened(entity, found.pair, rules)
                draft.add(proposal_of(bench, entity, found.pair, diff, choice))
    _close(draft, cancel)
    return assembled(bench, draft.operations.values(), draft.problems)


def assembled(
    bench: Workbench, chosen: Iterable[Operation], problems: Iterable[Problem]
) -> CommitPlan:
    """Return the plan of chosen operations: in the order of sending, numbered, costed, signed."""
    operations = numbered(ordered(chosen, bench.mapping), uuid.uuid4().hex)
    return CommitPlan(
        workspace=bench.name,
        mapping=bench.mapping.fingerprint,
        operations=operations,
        forecast=forecast(bench, operations),
        problems=tuple(problems),
        not_checked=NOT_CHECKED if operations else (),
        created_at=now_text(),
        created_by=getpass.getuser(),
    )


def forecast(bench: Workbench, operations: Iterable[Operation]) -> Forecast:
    """Return what operations cost: the preflight's reads and the writes."""
    counts: dict[tuple[Side, str], Counter[Verb]] = {}
    sizes: Counter[tuple[Side, str]] = Counter()
    for operation in operations:
        lot = (operation.side, operation.entity)
        counts.setdefault(lot, Counter())[operation.verb] += 1
        sizes[lot] += len(orjson.dumps(changes_json(operation.changes)))
    whole = Forecast()
    for (side, name), verbs in counts.items():
        connector, entity = bench.connectors[side], bench.mapping.entity(name)
        reads = connector.forecast_reads(entity, verbs.total())
        whole += connector.forecast(OperationCounts(entity, verbs, sizes[side, name]))
        whole += Forecast({side: reads})
    return whole


def predicted(entity: EntityMapping, operation: Operation) -> Iterator[Problem]:
    """Yield what the target will refuse, as far as the mapping's lengths and value lists tell."""
    if operation.verb is Verb.DELETE or operation.side is Side.BILLING:
        return
    for change in operation.changes:
        words = _refusal(entity.fields[entity.index[change.name]], change.after)
        if words:
            yield Problem("error", entity.name, operation.key, f"{change.name}: {words}")


def _refusal(mapped: FieldMapping, value: object) -> str:
    if isinstance(value, Unreadable):
        return f"{value.text!r} is no {mapped.type.value}"
    if isinstance(value, str) and mapped.length and len(value) > mapped.length:
        return f"{len(value)} characters, the field holds {mapped.length}"
    allowed = mapped.values or tuple(mapped.value_map.values())
    if allowed and value is not None and value not in allowed:
        return f"{value!r} is not among {', '.join(allowed)}"
    return ""


def _decided(kind: Kind, choice: Choice, selection: Selection) -> Choice:
    if kind is not Kind.CONFLICT or selection.take is None or choice.take:
        return choice
    return Choice(ticked=True, take={WHOLE_RECORD: selection.take.value})


def _wanted(kind: Kind, choice: Choice, selection: Selection) -> bool:
    if selection.verbs is None or choice.ticked is False or kind is Kind.CONFLICT:
        return is_ticked(kind, choice)
    return kind in {Kind.ONLY_IN_BILLING, Kind.ONLY_IN_SALESFORCE, Kind.DIFFERENT}


def _close(draft: _Draft, cancel: CancelToken) -> None:
    """Bring along what chosen operations point at and the target does not have."""
    waiting = list(draft.operations.values())
    while waiting:
        cancel.check()
        operation = waiting.pop()
        for needed in points_at(operation, draft.bench.mapping):
            if (needed, operation.side) in draft.operations or _is_there(draft, needed, operation):
                continue
            waiting += _bring(draft, needed, operation)


def _is_there(draft: _Draft, needed: RecordKey, operation: Operation) -> bool:
    entity = draft.bench.mapping.entity(needed.entity)
    return bool(existing_keys(draft.bench.store, entity, operation.side, [needed.key]))


def _bring(draft: _Draft, needed: RecordKey, operation: Operation) -> list[Operation]:
    bench, entity = draft.bench, draft.bench.mapping.entity(needed.entity)
    link = find_link(bench.store, entity, needed.key)
    found = None if link is None else one_pair(bench.store, link)
    brought: list[Operation] = []
    if found is not None:
        choice = Choice(take={WHOLE_RECORD: operation.side.other.value})
        proposal = proposal_of(bench, entity, found[1], opened(entity, found[1]), choice)
        brought = [o for o in proposal.operations if o.verb is Verb.INSERT]
    for one in brought:
        draft.operations[one.record_key, one.side] = one
        words = f"added, since {operation.entity} {operation.key} needs it"
        draft.problems.append(Problem("info", one.entity, one.key, words))
        draft.problems += predicted(entity, one)
    if not brought:
        words = f"it refers to {needed.entity} {needed.key}, which {operation.side.label} lacks"
        draft.problems.append(Problem("error", operation.entity, operation.key, words))
    return brought


def _check_names(bench: Workbench, names: Iterable[str]) -> None:
    for name in names:
        if name not in bench.mapping.by_name:
            known = ", ".join(bench.mapping.by_name)
            raise WrongUse(f"The mapping has no entity {name!r}.", f"Its entities are: {known}.")
