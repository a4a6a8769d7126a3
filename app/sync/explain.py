"""The dry run: what a target will refuse of a plan, what it will keep differently, what it costs.

It asks nobody: the sides told their rules and limits when they were last read.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from app.connectors.acting import Explains
from app.connectors.protocol import Ending, Foreseeing, Resource
from app.domain.constraint import Constraints, FieldRule, objection, rounded
from app.domain.control import CancelToken
from app.domain.forecast import MEGABYTE, Forecast
from app.domain.mapping import EntityMapping, FieldMapping
from app.domain.plan import FieldChange, Operation, Problem, Verb
from app.domain.record import FieldValue, Side
from app.store.hanging import hanging_on
from app.store.holding import below
from app.store.journal import open_runs
from app.store.mirrored import mirrored
from app.store.told import constraints_of, keep_constraints, keep_limits, limits_of
from app.sync.going_first import GoingFirst
from app.sync.looking_up import looked_up
from app.sync.workbench import Workbench

ALWAYS_UNCHECKED = (
    "validation rules, triggers and duplicate rules of the Salesforce organisation",
    "row locks and quotas that others use up in the meantime",
)
_CALLS = Resource.CALLS.value
_MOST_LOOKED_UP = 100_000  # values that must be once


@dataclass
class DryRun:
    """Looks at the operations of one plan, one after the other.

    Attributes:
        unchecked: What could not be looked at, in words.
    """

    bench: Workbench
    unchecked: dict[str, None] = field(default_factory=lambda: dict.fromkeys(ALWAYS_UNCHECKED))
    _told: dict[tuple[Side, str], tuple[Constraints, dict[str, FieldRule]]] = field(
        default_factory=dict
    )
    _unique: dict[tuple[Side, str, str], dict[object, str]] = field(default_factory=dict)
    _seers: dict[Side, Foreseeing | None] = field(default_factory=dict)
    _going_first: GoingFirst = field(init=False)

    def __post_init__(self) -> None:
        self._going_first = GoingFirst(self.bench)

    def problems(self, entity: EntityMapping, operation: Operation) -> Iterator[Problem]:
        """Yield what will or may go wrong with an operation, and what else it ends."""
        yield from self._ended(entity, operation)
        if operation.verb is Verb.DELETE:
            return
        told, rules = self._constraints(entity, operation.side)
        insert = operation.verb is Verb.INSERT
        for change in operation.changes:
            rule = rules.get(change.name)
            if rule is None:
                rule = rules[change.name] = narrowed(
                    told.fields.get(change.name, FieldRule()),
                    entity.field_of(change.name),
                    operation.side,
                )
            if insert and change.after is None and not rule.required:
                continue
            yield from self._of_change(operation, change, rule)
        if insert and told.unmapped:
            words = f"{operation.side.label} wants {', '.join(told.unmapped)}, which is not mapped"
            yield Problem("error", entity.name, operation.key, words)
        if insert and told.precedence:
            self._going_first.look(entity, operation, told.precedence)
        for words in self._foreseen(entity, operation):
            yield Problem("error", entity.name, operation.key, words)
        if operation.side is Side.BILLING:
            for words in self._said(operation):
                yield Problem("info", entity.name, operation.key, words)

    def of_the_whole(self) -> Iterator[Problem]:
        """Yield what will or may go wrong between operations, once all of them were looked at."""
        yield from self._going_first.problems()
        yield from self._held_by_others()

    def _held_by_others(self) -> Iterator[Problem]:
        """Yield the texts that must be once and that a record which keeps them has already."""
        for (side, name, field_name), taken in self._unique.items():
            entity, moving = self.bench.mapping.entity(name), set(taken.values())
            texts = [value for value in taken if isinstance(value, str)]
            mapped = entity.field_of(field_name)
            if len(texts) > _MOST_LOOKED_UP:
                words = f"whether {field_name} of new {entity.plural} is in {side.label} already"
                self.unchecked[words] = None
                continue
            for (_, key), value in hanging_on(self.bench.store, entity, mapped, side, texts):
                if key not in moving:
                    words = f"{field_name}: {value!r} is that of {key}, and must be once"
                    yield Problem("error", name, taken[value], words)

    def _said(self, operation: Operation) -> Iterator[str]:
        connector = self.bench.connectors[Side.BILLING]
        if isinstance(connector, Explains):
            yield from connector.explained(operation, partial(looked_up, self.bench))

    def _foreseen(self, entity: EntityMapping, operation: Operation) -> Iterator[str]:
        side = operation.side
        if side not in self._seers:
            connector = self.bench.connectors[side]
            self._seers[side] = connector if isinstance(connector, Foreseeing) else None
        seer = self._seers[side]
        if seer is not None:
            yield from seer.foreseen(entity, operation, partial(self._held, side))

    def _ended(self, entity: EntityMapping, operation: Operation) -> Iterator[Problem]:
        connector = self.bench.connectors[operation.side]
        if operation.side is Side.BILLING and isinstance(connector, Ending):
            held = partial(self._held, operation.side)
            for words in connector.ended(entity, operation, held, self._below):
                yield Problem("warning", entity.name, operation.key, words)

    def _below(self, name: str, parent: str) -> Sequence[Mapping[str, FieldValue]]:
        """Return billing's records under a parent's key, by billing's columns."""
        entity = self.bench.mapping.by_name.get(name)
        if entity is None or not entity.parent:
            return ()
        columns = [mapped.billing for mapped in entity.fields]
        found = below(self.bench.store, entity, parent)
        return [dict(zip(columns, values, strict=True)) for values in found]

    def _held(
        self, side: Side, name: str, keys: Sequence[str]
    ) -> Sequence[Mapping[str, FieldValue]]:
        """Return the mirror's records of some keys, by billing's columns."""
        entity = self.bench.mapping.by_name.get(name)
        if entity is None:
            return ()
        columns = [mapped.billing for mapped in entity.fields]
        found = mirrored(self.bench.store, entity, side, keys)
        return [dict(zip(columns, record.values, strict=True)) for record in found]

    def _of_change(
        self, operation: Operation, change: FieldChange, rule: FieldRule
    ) -> Iterator[Problem]:
        place = (operation.entity, operation.key)
        words = objection(rule, change.after, insert=operation.verb is Verb.INSERT)
        if words:
            yield Problem("error", *place, f"{change.name}: {words}")
        elif words := rounded(rule, change.after):
            yield Problem("warning", *place, f"{change.name}: {words}")
        if rule.unique and change.after is not None:
            taken = self._unique.setdefault((operation.side, operation.entity, change.name), {})
            other = taken.setdefault(change.after, operation.key)
            if other != operation.key:
                words = f"{change.name}: {change.after!r} is that of {other} too, and must be once"
                yield Problem("error", *place, words)

    def _constraints(
        self, entity: EntityMapping, side: Side
    ) -> tuple[Constraints, dict[str, FieldRule]]:
        """Return what a side told of an entity, and the rules that came of it so far."""
        place = (side, entity.name)
        if place not in self._told:
            found = constraints_of(self.bench.store, side, entity.name)
            if found is None:
                words = f"what {side.label} refuses of {entity.plural}: refresh it to learn that"
                self.unchecked[words] = None
                found = Constraints()
            self.unchecked.update(dict.fromkeys(found.not_checked))
            self._told[place] = (found, {})
        return self._told[place]


def with_left(bench: Workbench, cost: Forecast) -> Forecast:
    """Return a forecast with what was left of the sides' limits when they were last read."""
    left = {side: limits_of(bench.store, side) for side in Side}
    calls = {side: one[_CALLS] for side, one in left.items() if _CALLS in one}
    room = left[Side.SALESFORCE].get(Resource.STORAGE_MB.value)
    return replace(cost, left_calls=calls, left_mb=room)


def affordable(cost: Forecast) -> Iterator[Problem]:
    """Yield an error for each limit that a forecast goes beyond, as far as limits are known."""
    for side, left in cost.left_calls.items():
        needed = cost.calls.get(side, 0)
        if needed > left:
            words = f"{needed:,} calls to {side.label} are needed, {left:,} are left today"
            yield Problem("error", "", "", words)
    if cost.left_mb is not None and cost.storage_bytes > cost.left_mb * MEGABYTE:
        needed = cost.storage_bytes // MEGABYTE + 1
        room = f"{cost.left_mb:,} MB are left"
        words = f"{needed:,} MB of storage in {Side.SALESFORCE.label} are needed, {room}"
        yield Problem("error", "", "", words)


def broken_off(bench: Workbench) -> Iterator[Problem]:
    """Yield a warning for each commit without an end: a plan may rest on what it has changed.

    The journal does not tell whether another process is still at it.
    """
    for run in open_runs(bench.store):
        words = f"commit {run} broke off or is under way elsewhere: how it ends is not known"
        yield Problem("warning", "", "", f"{words}; resume it or wait for it, then plan anew")


def note_told(bench: Workbench, side: Side, entities: Iterable[str], cancel: CancelToken) -> None:
    """Keep what a side that was just read tells of its rules and limits."""
    connector = bench.connectors[side]
    told = {name: connector.constraints(bench.mapping.entity(name), cancel) for name in entities}
    keep_constraints(bench.store, side, told)
    known = {quota.counts.value: quota.left for quota in connector.quotas if quota.counts}
    keep_limits(bench.store, side, known)


def narrowed(rule: FieldRule, mapped: FieldMapping, side: Side) -> FieldRule:
    """Return a rule with what the mapping knows of the target besides."""
    if side is not Side.SALESFORCE:
        return rule
    allowed = mapped.values or tuple(mapped.value_map.values())
    lengths = [length for length in (rule.length, mapped.length) if length]
    return replace(rule, length=min(lengths, default=0), values=rule.values or allowed)
