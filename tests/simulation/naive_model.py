"""Compare, choices, plan and commit of one entity, written anew in dictionaries after design §3."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from app.domain.diff import Kind
from app.domain.plan import Verb
from app.domain.proposal import NO_CHOICE, SKIP, WHOLE_RECORD, Choice
from app.domain.record import BaseValue, FieldValue, Side

FIELDS = ("name", "price", "family")
OWNERS = ("both", "billing", "salesforce")
NEVER = object()  # stands in a base where the sides never agreed
Values = tuple[FieldValue, ...]
Changes = Mapping[str, tuple[BaseValue, BaseValue]]
B, S = Side.BILLING, Side.SALESFORCE
CONFLICT = None

# billing changed?, Salesforce changed? → the side that is written, by owner: design §3, row by row
TABLE: Mapping[tuple[bool, bool], Mapping[str, Side | None]] = {
    (True, False): {"billing": S, "salesforce": B, "both": S},
    (False, True): {"billing": S, "salesforce": B, "both": B},
    (True, True): {"billing": S, "salesforce": B, "both": CONFLICT},
}
WITHOUT_BASE: Mapping[str, Side | None] = {"billing": S, "salesforce": B, "both": CONFLICT}


@dataclass(frozen=True, slots=True)
class Write:
    """One operation of a plan: what it does, with before and after of each field."""

    verb: Verb
    changes: Changes


@dataclass
class Model:
    """What the systems hold (`truth`), what was read of them (`mirror`), what they agreed on."""

    truth: dict[Side, dict[str, list[Values]]] = field(default_factory=lambda: {B: {}, S: {}})
    mirror: dict[Side, dict[str, Values]] = field(default_factory=lambda: {B: {}, S: {}})
    doubled: dict[Side, set[str]] = field(default_factory=lambda: {B: set(), S: set()})
    base: dict[str, list[object]] = field(default_factory=dict)
    choices: dict[str, Choice] = field(default_factory=dict)

    def refresh(self, side: Side) -> None:
        """Read a side whole: of several records with one key the first counts."""
        self.mirror[side] = {key: rows[0] for key, rows in self.truth[side].items()}
        self.doubled[side] = {key for key, rows in self.truth[side].items() if len(rows) > 1}
        self.agree()

    def agree(self) -> None:
        """Take as base, field by field, what both sides hold; forget what neither holds."""
        left, right = self.mirror[B], self.mirror[S]
        for key in left.keys() & right.keys():
            base = self.base.setdefault(key, [NEVER] * len(FIELDS))
            for at, (one, other) in enumerate(zip(left[key], right[key], strict=True)):
                if one == other:
                    base[at] = one
        for key in self.base.keys() - left.keys() - right.keys():
            del self.base[key]

    def differences(self) -> dict[str, Kind]:
        """Return the kind of every key that is not identical; choices for the others are gone."""
        keys = self.mirror[B].keys() | self.mirror[S].keys()
        kinds = {key: self.kind(key) for key in sorted(keys)}
        found: dict[str, Kind] = {}
        found.update((key, kind) for key, kind in kinds.items() if kind is not Kind.IDENTICAL)
        self.choices = {key: choice for key, choice in self.choices.items() if key in found}
        return found

    def kind(self, key: str) -> Kind:
        left, right = self.mirror[B].get(key), self.mirror[S].get(key)
        if key in self.doubled[B] | self.doubled[S]:
            return Kind.DUPLICATE_KEY
        if left is None or right is None:
            return self._one_sided_kind(key, left, right)
        if left == right:
            return Kind.IDENTICAL
        targets = [self.target(key, at) for at in range(len(FIELDS)) if left[at] != right[at]]
        return Kind.CONFLICT if CONFLICT in targets else Kind.DIFFERENT

    def target(self, key: str, at: int) -> Side | None:
        """Return which side is written, by the table; None where a person decides."""
        base = self.base.get(key, [NEVER] * len(FIELDS))[at]
        if base is NEVER:
            return WITHOUT_BASE[OWNERS[at]]
        changed = (self.mirror[B][key][at] != base, self.mirror[S][key][at] != base)
        return TABLE[changed][OWNERS[at]]

    def plan(self, verbs: frozenset[Verb] | None) -> dict[tuple[str, Side], Write]:
        """Return the writes that a selection takes; None takes what is ticked."""
        found: dict[tuple[str, Side], Write] = {}
        for key, kind in self.differences().items():
            choice = self.choices.get(key, NO_CHOICE)
            if kind is Kind.DUPLICATE_KEY or not _is_wanted(kind, choice, verbs):
                continue
            for side, write in self._writes(key, kind, choice).items():
                if verbs is None or write.verb in verbs:
                    found[key, side] = write
        return found

    def commit(self, plan: Mapping[tuple[str, Side], Write]) -> int:
        """Note what is no longer as it was read, carry out the rest; return how many were stale."""
        stale = {place for place in plan if not self._is_as_read(*place)}
        for key, side in stale:
            live = self.truth[side].get(key, [])
            self._see(key, side, live[0] if live else None)
            if len(live) > 1:
                self.doubled[side].add(key)
        for (key, side), write in plan.items():
            if (key, side) not in stale:
                self._carry_out(key, side, write)
        self.agree()
        return len(stale)

    def _is_as_read(self, key: str, side: Side) -> bool:
        seen = self.mirror[side].get(key)
        return self.truth[side].get(key, []) == ([] if seen is None else [seen])

    def _one_sided_kind(self, key: str, left: Values | None, right: Values | None) -> Kind:
        held = left if right is None else right
        base = self.base.get(key, [NEVER] * len(FIELDS))
        pairs = zip(base, held or (), strict=True)
        if any(was is not NEVER and was != now for was, now in pairs):
            return Kind.CONFLICT
        return Kind.ONLY_IN_BILLING if right is None else Kind.ONLY_IN_SALESFORCE

    def _writes(self, key: str, kind: Kind, choice: Choice) -> dict[Side, Write]:
        if key in self.mirror[B] and key in self.mirror[S]:
            return self._updates(key, choice)
        wish = choice.take.get(WHOLE_RECORD, "")
        if wish == SKIP or (kind is Kind.CONFLICT and not wish):
            return {}
        holder = B if key in self.mirror[B] else S
        values = self.mirror[holder][key]
        if (wish or B.value) == holder.value:
            new = {name: (None, value) for name, value in zip(FIELDS, values, strict=True)}
            return {holder.other: Write(Verb.INSERT, new)}
        old = {name: (value, None) for name, value in zip(FIELDS, values, strict=True)}
        return {holder: Write(Verb.DELETE, old)}

    def _updates(self, key: str, choice: Choice) -> dict[Side, Write]:
        changes: dict[Side, dict[str, tuple[BaseValue, BaseValue]]] = {B: {}, S: {}}
        for at, name in enumerate(FIELDS):
            values = {side: self.mirror[side][key][at] for side in Side}
            wish = choice.take.get(name, choice.take.get(WHOLE_RECORD, ""))
            if values[B] == values[S] or wish == SKIP:
                continue
            target = Side(wish).other if wish else self.target(key, at)
            if target is not None:
                changes[target][name] = (values[target], values[target.other])
        return {side: Write(Verb.UPDATE, made) for side, made in changes.items() if made}

    def _carry_out(self, key: str, side: Side, write: Write) -> None:
        if write.verb is Verb.DELETE:
            del self.truth[side][key]
            self._see(key, side, None)
            return
        old = self.mirror[side].get(key, (None,) * len(FIELDS))
        after = tuple(
            cast("FieldValue", write.changes[name][1]) if name in write.changes else value
            for name, value in zip(FIELDS, old, strict=True)
        )
        self.truth[side][key] = [after]
        self._see(key, side, after)

    def _see(self, key: str, side: Side, values: Values | None) -> None:
        if values is None:
            self.mirror[side].pop(key, None)
            if key not in self.mirror[side.other]:
                self.doubled[side].discard(key)
                self.doubled[side.other].discard(key)
        else:
            self.mirror[side][key] = values
        # Each outcome is a state of its own: what agrees for a moment is a base.
        self.agree()


def _is_wanted(kind: Kind, choice: Choice, verbs: frozenset[Verb] | None) -> bool:
    by_hand = verbs is None or choice.ticked is False or kind is Kind.CONFLICT
    if not by_hand:
        return True
    if choice.ticked is not None:
        return choice.ticked
    return kind in {Kind.ONLY_IN_BILLING, Kind.DIFFERENT}
