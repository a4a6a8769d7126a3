"""The three-way rule: base, billing and Salesforce to what differs and what would settle it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, IntEnum
from typing import NamedTuple

from app.domain.ignore import rule_for
from app.domain.mapping import KEY, EntityMapping, IgnoreRule, Owner
from app.domain.record import NO_BASE, BaseValue, BaseValues, FieldValue, Side, Unreadable, Values


class Kind(IntEnum):
    """What a pair of records is; the numbers are stored, so they never change."""

    IDENTICAL = 0
    ONLY_IN_BILLING = 1
    ONLY_IN_SALESFORCE = 2
    DIFFERENT = 3
    CONFLICT = 4
    DUPLICATE_KEY = 5
    IGNORED = 6
    NOT_COMPARABLE = 7
    HELD_BACK = 8

    @property
    def json_name(self) -> str:
        """The name in `--json`."""
        return self.name.lower()


class Verdict(Enum):
    """What the three-way rule says of one field."""

    AGREE = "agree"
    WRITE_SALESFORCE = "write_salesforce"
    WRITE_BILLING = "write_billing"
    CONFLICT = "conflict"
    NOT_COMPARABLE = "not_comparable"

    @property
    def target(self) -> Side | None:
        """The side that would be written."""
        return _TARGETS.get(self)


_TARGETS = {Verdict.WRITE_SALESFORCE: Side.SALESFORCE, Verdict.WRITE_BILLING: Side.BILLING}
_OWNER_WINS = {
    Owner.BILLING: Verdict.WRITE_SALESFORCE,
    Owner.SALESFORCE: Verdict.WRITE_BILLING,
}
WRITE = {Side.SALESFORCE: Verdict.WRITE_SALESFORCE, Side.BILLING: Verdict.WRITE_BILLING}


@dataclass(frozen=True, slots=True)
class FieldDiff:
    """One field whose values differ.

    Attributes:
        drift: Whether it was the side that does not own the field that moved away.
    """

    name: str
    base: BaseValue
    billing: FieldValue
    salesforce: FieldValue
    verdict: Verdict
    drift: bool = False


class IgnoredField(NamedTuple):
    """A field that differs and need not agree, with the name of the rule that says so."""

    name: str
    rule: str


@dataclass(frozen=True, slots=True)
class RecordDiff:
    """A pair that does not agree; `billing` or `salesforce` is None where the record is missing.

    Attributes:
        ignored: The fields whose difference a rule ignores; they are not among `fields`.
        deleted: For a record on one side only: whether both sides once had it, so that a person
            (or a purge) removed it on the other.
    """

    entity: str
    key: str
    kind: Kind
    fields: tuple[FieldDiff, ...]
    base: BaseValues | None
    billing: Values | None
    salesforce: Values | None
    deleted: bool = False
    ignored: tuple[IgnoredField, ...] = ()


def settle(owner: Owner, base: BaseValue, billing: FieldValue, salesforce: FieldValue) -> Verdict:
    """Return the verdict of the three-way table of docs/architecture.md for one field."""
    if isinstance(billing, Unreadable) or isinstance(salesforce, Unreadable):
        return Verdict.NOT_COMPARABLE
    if same(billing, salesforce):
        return Verdict.AGREE
    if owner is not Owner.BOTH:
        return _OWNER_WINS[owner]
    if base is not NO_BASE and same(base, salesforce):
        return Verdict.WRITE_SALESFORCE
    if base is not NO_BASE and same(base, billing):
        return Verdict.WRITE_BILLING
    return Verdict.CONFLICT


def same(one: BaseValue, other: BaseValue) -> bool:
    """Return whether two values of one field are equal; `True` is not `1`."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def is_drift(owner: Owner, base: BaseValue, billing: FieldValue, salesforce: FieldValue) -> bool:
    """Return whether the owner stood still and the other side moved away."""
    if owner is Owner.BOTH or base is NO_BASE:
        return False
    mine, theirs = (billing, salesforce) if owner is Owner.BILLING else (salesforce, billing)
    return same(base, mine) and not same(base, theirs)


def diff_fields(
    entity: EntityMapping, base: BaseValues | None, billing: Values, salesforce: Values
) -> tuple[FieldDiff, ...]:
    """Return the fields that differ, in the order of the mapping."""
    old: Sequence[BaseValue] = base if base is not None else (NO_BASE,) * len(billing)
    found = []
    for field, before, left, right in zip(entity.fields, old, billing, salesforce, strict=True):
        if left is right and not isinstance(left, Unreadable):
            continue
        verdict = settle(field.owner, before, left, right)
        if verdict is not Verdict.AGREE:
            drift = is_drift(field.owner, before, left, right)
            found.append(FieldDiff(field.name, before, left, right, verdict, drift))
    return tuple(found)


def diff_record(
    entity: EntityMapping,
    key: str,
    base: BaseValues | None,
    billing: Values | None,
    salesforce: Values | None,
    *,
    rules: Sequence[IgnoreRule] = (),
) -> RecordDiff:
    """Return what is the matter with one key; a pair that agrees comes back as IDENTICAL.

    One whose differences are all ignored by rules of its entity is IGNORED.

    A record gone on one side and unchanged on the other is on one side only (a delete to review);
    gone on one side and changed on the other is a conflict.
    """
    if billing is None or salesforce is None:
        return _one_sided(entity, key, base, billing, salesforce)
    found = diff_fields(entity, base, billing, salesforce)
    fields, ignored = without_ignored(found, rules)
    verdicts = {field.verdict for field in fields}
    kind = Kind.DIFFERENT if fields else Kind.IGNORED if ignored else Kind.IDENTICAL
    if Verdict.CONFLICT in verdicts:
        kind = Kind.CONFLICT
    if Verdict.NOT_COMPARABLE in verdicts:
        kind = Kind.NOT_COMPARABLE
    return RecordDiff(entity.name, key, kind, fields, base, billing, salesforce, ignored=ignored)


def with_own_key(diff: RecordDiff, own_key: str) -> RecordDiff:
    """Return the difference of a pair whose Salesforce record bears another key, `""` for none."""
    if diff.billing is None or diff.salesforce is None:
        return diff
    key = FieldDiff(KEY, NO_BASE, diff.key, own_key or None, Verdict.WRITE_SALESFORCE)
    agrees = diff.kind in {Kind.IDENTICAL, Kind.IGNORED}
    kind = Kind.DIFFERENT if agrees else diff.kind
    return replace(diff, kind=kind, fields=(key, *diff.fields))


def without_ignored(
    fields: tuple[FieldDiff, ...], rules: Sequence[IgnoreRule]
) -> tuple[tuple[FieldDiff, ...], tuple[IgnoredField, ...]]:
    """Return the fields that no rule ignores, and those that one does."""
    if not rules:
        return fields, ()
    kept, ignored = [], []
    for field in fields:
        rule = rule_for(rules, field.name, field.billing, field.salesforce)
        if rule:
            ignored.append(IgnoredField(field.name, rule))
        else:
            kept.append(field)
    return tuple(kept), tuple(ignored)


def _one_sided(
    entity: EntityMapping,
    key: str,
    base: BaseValues | None,
    billing: Values | None,
    salesforce: Values | None,
) -> RecordDiff:
    there = billing if billing is not None else salesforce
    if there is None:
        return RecordDiff(entity.name, key, Kind.IDENTICAL, (), base, None, None)
    moved = base is not None and any(
        not same(old, new) for old, new in zip(base, there, strict=True) if old is not NO_BASE
    )
    kind = Kind.ONLY_IN_SALESFORCE if billing is None else Kind.ONLY_IN_BILLING
    if moved:
        kind = Kind.CONFLICT
    return RecordDiff(
        entity.name, key, kind, (), base, billing, salesforce, deleted=base is not None
    )
