"""Which kinds of record a workspace keeps: lines with counts, and what a choice takes along."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from app.domain.control import CancelToken, Report
from app.domain.left_out import with_children
from app.domain.mapping import WorkspaceMapping
from app.sync.types import TypeCount, Types, count_types
from app.sync.workbench import Workbench
from app.views.services import Services
from app.views.state.language import tr

_MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class TypesFound:
    """All kinds of the whole mapping, and the names of those that are kept now."""

    mapping: WorkspaceMapping
    types: Types
    kept: frozenset[str]


@dataclass(frozen=True, slots=True)
class TypeLine:
    """One kind: its cells are name, in billing, in Salesforce, storage, calls to read, to write.

    Attributes:
        advice: Why it should be left out, "" where it need not.
    """

    name: str
    cells: tuple[str, ...]
    advice: str = ""


def find_types(
    bench: Workbench, services: Services, cancel: CancelToken, report: Report
) -> TypesFound:
    """Return all kinds with their counts; asks both systems, for a worker's thread."""
    whole = services.whole_mapping(bench.name)
    types = count_types(bench, whole, cancel, report)
    return TypesFound(whole, types, frozenset(bench.mapping.by_name))


def type_lines(found: TypesFound) -> tuple[TypeLine, ...]:
    """Return the kinds as lines, in the mapping's order."""
    advice = tr("better left out")
    return tuple(
        TypeLine(
            one.entity.name,
            tuple(_cells(one, is_read=one.entity.name in found.kept)),
            advice if one.leave else "",
        )
        for one in found.types.counts
    )


def _cells(one: TypeCount, *, is_read: bool) -> Iterator[str]:
    there = f"{one.there:,}" if is_read else tr("not read")
    yield one.entity.plural
    if one.records is None:
        yield tr("not known")
        yield there
        yield ""
    else:
        about = "{count:,}" if one.exact else tr("about {count:,}")
        yield about.format(count=one.records)
        yield there
        yield _megabytes(one.bytes)
    yield f"{one.read_calls:,}"
    yield f"{one.write_calls:,}"


def with_tick(
    mapping: WorkspaceMapping, kept: Collection[str], name: str, *, ticked: bool
) -> frozenset[str]:
    """Return what is kept after a tick: with what it hangs on, or without what hangs on it."""
    if ticked:
        return frozenset(kept) | {above.name for above in mapping.above(mapping.entity(name))}
    return frozenset(kept) - frozenset(with_children(mapping, [name]))


def advised(found: TypesFound, kept: Collection[str]) -> frozenset[str]:
    """Return what is kept where the advice is followed."""
    return frozenset(kept) - {one.entity.name for one in found.types.counts if one.leave}


def left_out_by(found: TypesFound, kept: Collection[str]) -> tuple[str, ...]:
    """Return what a choice leaves out, in the mapping's order."""
    return tuple(one.name for one in found.mapping.entities if one.name not in kept)


def staying(found: TypesFound, kept: Collection[str]) -> dict[str, int]:
    """Return kind → its records in Salesforce, of what is kept now and would be left out."""
    return {
        one.entity.name: one.there
        for one in found.types.counts
        if one.there and one.entity.name in found.kept and one.entity.name not in kept
    }


def room_words(found: TypesFound, kept: Collection[str]) -> str:
    """Return the storage that the chosen kinds still need, and what is left; and the advice."""
    counts = [one for one in found.types.counts if one.entity.name in kept]
    needed = _megabytes(sum(one.new_bytes for one in counts))
    words = (
        tr("At least {needed} more are needed")
        if _unknown(counts)
        else tr("{needed} more are needed")
    )
    left = found.types.left_bytes
    told = tr("not told") if left is None else _megabytes(left)
    parts = [
        f"{words.format(needed=needed)}; " + tr("left in Salesforce: {left}.").format(left=told)
    ]
    if _unknown(counts):
        parts.append(tr("What is not known was never read: refresh first."))
    if found.types.why:
        parts.append(tr("All together: {why}.").format(why=found.types.why))
    return " ".join(parts)


def choice_words(found: TypesFound, kept: frozenset[str]) -> str:
    """Return what a choice means: what stays in Salesforce, what is read."""
    plurals = {one.name: one.plural for one in found.mapping.entities}
    if not kept:
        return tr("Nothing would be left: keep at least one kind.")
    parts = [
        tr("{count:,} records of {kind} stay in Salesforce as they are.").format(
            count=count, kind=plurals[name]
        )
        for name, count in staying(found, kept).items()
    ]
    back = [plurals[one.name] for one in found.mapping.entities if one.name in kept - found.kept]
    if back:
        parts.append(tr("Kept again: {kinds}.").format(kinds=", ".join(back)))
    if kept != found.kept:
        parts.append(tr("Both sides are read afterwards, as far as they are kept."))
    return " ".join(parts)


def _unknown(counts: Collection[TypeCount]) -> bool:
    return any(one.records is None for one in counts)


def _megabytes(size_bytes: int) -> str:
    return tr("{size} MB").format(size=f"{size_bytes / _MEGABYTE:,.1f}")
