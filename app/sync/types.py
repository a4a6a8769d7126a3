"""Which kinds of record to keep in Salesforce: how many there are, what they take, what to leave.

The kinds are the entities of the mapping; what is left out is not read, made or written.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from app.connectors.counting import Counts, EntityCount
from app.connectors.protocol import OperationCounts, Resource
from app.domain.control import CancelToken, Progress, Report
from app.domain.left_out import with_children
from app.domain.mapping import MOVING, EntityMapping, Role, WorkspaceMapping
from app.domain.plan import CommitPlan, FieldChange, Operation, Verb
from app.domain.record import Side
from app.errors import WrongUse
from app.store.comparison import all_pairs, side_counts, side_details
from app.sync.planner import assembled
from app.sync.workbench import Workbench

RECORD_BYTES = 2048
"""What a record takes of an org's data storage, whatever it holds (salesforce.md §13)."""
_MEGABYTE = 1 << 20
_ROOM = 80  # percent of what is left that Concord would fill without advising against it
_REPORT_EACH = 500


@dataclass(frozen=True, slots=True)
class TypeCount:
    """One kind of record.

    Attributes:
        records: How many billing has; None where it was neither counted nor ever read.
        exact: Whether that was counted now.
        there: How many Salesforce has, as last read.
        read_calls: What a whole read of billing takes, about.
        write_calls: What it takes to bring the missing ones to Salesforce.
        leave: Whether Concord advises to leave it out.
    """

    entity: EntityMapping
    records: int | None
    exact: bool
    there: int
    read_calls: int
    write_calls: int
    leave: bool = False

    @property
    def bytes(self) -> int:
        """The storage that all of them take in Salesforce."""
        return (self.records or 0) * RECORD_BYTES

    @property
    def new_bytes(self) -> int:
        """The storage that those take which Salesforce does not have yet."""
        return max(0, (self.records or 0) - self.there) * RECORD_BYTES


@dataclass(frozen=True, slots=True)
class Types:
    """All kinds of a mapping, with what is left of the org's storage; None where it does not tell.

    Attributes:
        why: Why something should be left out, `""` where nothing need be.
    """

    counts: tuple[TypeCount, ...]
    left_bytes: int | None
    why: str = ""

    @property
    def needed_bytes(self) -> int:
        """The storage that is still needed for all of them."""
        return sum(one.new_bytes for one in self.counts)


def count_types(
    bench: Workbench, mapping: WorkspaceMapping, cancel: CancelToken, report: Report
) -> Types:
    """Return how many records there are of each kind and what they take.

    Billing is asked where its connector can count; else what was last read is told.

    Args:
        bench: The workspace; its mapping may lack what was left out.
        mapping: The whole mapping.
        cancel: Ends the work.
        report: Is told what is being counted.
    """
    report(Progress(0, 0, "Counting"))
    told = {one.entity: one for one in _told(bench, mapping, cancel)}
    counts = [_count(bench, entity, told.get(entity.name)) for entity in mapping.entities]
    health = bench.connectors[Side.SALESFORCE].check((), cancel)
    left = [quota.left for quota in health.quotas if quota.counts is Resource.STORAGE_MB]
    return advised(mapping, counts, left[0] * _MEGABYTE if left else None)


def _told(
    bench: Workbench, mapping: WorkspaceMapping, cancel: CancelToken
) -> Iterator[EntityCount]:
    connector = bench.connectors[Side.BILLING]
    if isinstance(connector, Counts):
        yield from connector.counts(mapping.entities, cancel)


def _count(bench: Workbench, entity: EntityMapping, told: EntityCount | None) -> TypeCount:
    known = entity.name in bench.store.entity_ids
    mirrored = bench.mapping.by_name.get(entity.name)
    here, there = side_counts(bench.store, mirrored) if known and mirrored else (0, 0)
    records = told.records if told else (here or None)
    new = max(0, (records or 0) - there)
    counts = OperationCounts(entity, {Verb.INSERT: new}, new * RECORD_BYTES)
    calls = bench.connectors[Side.SALESFORCE].forecast(counts).calls.get(Side.SALESFORCE, 0)
    return TypeCount(
        entity=entity,
        records=records,
        exact=told is not None and told.exact,
        there=there,
        read_calls=told.calls if told else 0,
        write_calls=calls if new else 0,
    )


def advised(
    mapping: WorkspaceMapping, counts: Sequence[TypeCount], left_bytes: int | None
) -> Types:
    """Return counts with what should be left out so that the rest fits: usage first, then most."""
    needed = sum(one.new_bytes for one in counts)
    if left_bytes is None or needed * 100 <= left_bytes * _ROOM:
        return Types(tuple(counts), left_bytes)
    leave: set[str] = set()
    for one in sorted(counts, key=lambda each: _rank(mapping, each)):
        rest = sum(each.new_bytes for each in counts if each.entity.name not in leave)
        if rest * 100 <= left_bytes * _ROOM:
            break
        if mapping.role_of(one.entity) in MOVING and one.new_bytes:
            leave |= set(with_children(mapping, [one.entity.name]))
    why = (
        f"{needed / _MEGABYTE:,.0f} MB are needed, {left_bytes / _MEGABYTE:,.0f} MB are left;"
        f" Concord would fill no more than {_ROOM} % of them"
    )
    marked = (_marked(one, leave) for one in counts)
    return Types(tuple(marked), left_bytes, why)


def _rank(mapping: WorkspaceMapping, one: TypeCount) -> tuple[bool, int]:
    return mapping.role_of(one.entity) is not Role.USAGE, -one.new_bytes


def _marked(one: TypeCount, leave: set[str]) -> TypeCount:
    return TypeCount(
        one.entity,
        one.records,
        one.exact,
        one.there,
        one.read_calls,
        one.write_calls,
        one.entity.name in leave,
    )


def chosen_without(
    mapping: WorkspaceMapping, *, only: Sequence[str], without: Sequence[str]
) -> tuple[str, ...]:
    """Return the entities to leave out, where only some are wanted or some are not.

    What something that is wanted hangs on is kept; what hangs on something left out goes too.

    Raises:
        WrongUse: The mapping has no such entity, or nothing would be left.
    """
    for name in (*only, *without):
        if name not in mapping.by_name:
            known = ", ".join(mapping.by_name)
            raise WrongUse(f"The mapping has no entity {name!r}.", f"Its entities are: {known}.")
    gone = set(without)
    if only:
        kept = {up.name for name in only for up in mapping.above(mapping.entity(name))}
        gone |= mapping.by_name.keys() - kept
    found = with_children(mapping, gone)
    if len(found) == len(mapping.entities):
        raise WrongUse("Nothing would be left.", "Leave out less.")
    return found


def staying(bench: Workbench, names: Iterable[str]) -> dict[str, int]:
    """Return how many records Salesforce has, as last read, of entities that are left out."""
    found = (bench.mapping.by_name.get(name) for name in names)
    counts = {one.name: side_counts(bench.store, one)[1] for one in found if one is not None}
    return {name: count for name, count in counts.items() if count}


def deletion_plan(
    bench: Workbench, names: Sequence[str], cancel: CancelToken, report: Report
) -> CommitPlan:
    """Return the plan that deletes all records of entities from Salesforce, as last read.

    It is reviewed and committed before the entities are left out: a mapping without them knows no
    such records.
    """
    return assembled(bench, _deletes(bench, names, cancel, report), ())


def _deletes(
    bench: Workbench, names: Sequence[str], cancel: CancelToken, report: Report
) -> Iterator[Operation]:
    for name in names:
        entity = bench.mapping.entity(name)
        for done, pair in enumerate(all_pairs(bench.store, entity)):
            if done % _REPORT_EACH == 0:
                cancel.check()
                report(Progress(done, 0, f"Planning {entity.plural}"))
            if pair.salesforce is None or pair.duplicate:
                continue
            side_id = side_details(bench.store, pair.link, Side.SALESFORCE)[0]
            fields = zip(entity.fields, pair.salesforce, strict=True)
            changes = tuple(FieldChange(field.name, value, None) for field, value in fields)
            expects = pair.hashes.salesforce
            yield Operation(name, pair.key, Side.SALESFORCE, Verb.DELETE, changes, expects, side_id)
