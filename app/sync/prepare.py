"""Prepare: what a system lacks for the mapping, making it, and taking back what was made."""

import json
import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from app.connectors.preparer import (
    Deployed,
    Part,
    PartKey,
    PartState,
    Preparable,
    Preparer,
    Removal,
    Survey,
)
from app.domain.control import CancelToken, Report
from app.domain.record import Side
from app.errors import Cancelled, NotAllowed, RemoteRefused, StoreError, WrongUse
from app.sync.workbench import Workbench

log = logging.getLogger(__name__)

_SCHEMA = 1
_SIDE = Side.SALESFORCE


def can_prepare(bench: Workbench) -> bool:
    """Return whether the workspace's Salesforce side is a system that Concord can prepare."""
    return isinstance(bench.connectors[_SIDE], Preparable)


def look(bench: Workbench, cancel: CancelToken, report: Report) -> Survey:
    """Return what the system lacks; changes nothing there.

    What Concord made and is gone is no longer Concord's: who makes it anew keeps it.

    Raises:
        WrongUse: It cannot be prepared by Concord.
    """
    found = _preparer(bench).survey(cancel, report)
    gone = {part.key for part in found.parts if part.state is PartState.MISSING}
    notes = Notes.of(bench)
    created = notes.created(found.instance)
    if gone.intersection(created):
        notes.write(found.instance, [key for key in created if key not in gone])
    return found


def ticked(survey: Survey) -> frozenset[PartKey]:
    """Return what is chosen without a word of the user: all that is needed and can be made."""
    return frozenset(part.key for part in survey.parts if part.ticked and part.can_change)


def with_needs(survey: Survey, keys: Iterable[PartKey]) -> frozenset[PartKey]:
    """Return keys with those of all parts that they cannot do without."""
    known = {part.key: part for part in survey.parts}
    found: set[PartKey] = set()
    waiting = list(keys)
    while waiting:
        key = waiting.pop()
        if key not in found and key in known:
            found.add(key)
            waiting += known[key].needs
    return frozenset(found)


def without(survey: Survey, chosen: Collection[PartKey], key: PartKey) -> frozenset[PartKey]:
    """Return the chosen keys without one, and without what cannot do without it."""
    left = set(chosen) - {key}
    while True:
        stranded = {
            p.key for p in survey.parts if p.key in left and _stands_on_gap(p, survey, left)
        }
        if not stranded:
            return frozenset(left)
        left -= stranded


def _stands_on_gap(part: Part, survey: Survey, left: Collection[PartKey]) -> bool:
    lacking = {each.key for each in survey.parts}
    return any(need in lacking and need not in left for need in part.needs)


def prepare(
    bench: Workbench,
    survey: Survey,
    chosen: Collection[PartKey],
    cancel: CancelToken,
    report: Report,
) -> Deployed:
    """Make the chosen parts and all that they need, after a trial; all of them or none.

    What is made is noted before it is asked for, so that it can be taken back whatever happens.

    Raises:
        WrongUse: A chosen part cannot be changed.
        Cancelled: Nothing was made.
    """
    keys = with_needs(survey, chosen)
    parts = [part for part in survey.parts if part.key in keys]
    blocked = [part for part in parts if not part.can_change]
    if blocked:
        first = blocked[0]
        raise WrongUse(
            f"The {first.key.kind} {first.key.name} {first.detail}: Concord cannot change that.",
            "Leave it out, or mend it in the system's own setup.",
        )
    if not parts:
        return Deployed()
    notes = Notes.of(bench)
    before = notes.created(survey.instance)
    new = [part.key for part in parts if part.state is PartState.MISSING]
    notes.write(survey.instance, [*before, *new])
    try:
        done = _preparer(bench).deploy(parts, cancel, report)
    except (Cancelled, RemoteRefused, NotAllowed):  # nothing was made; else nobody knows
        notes.write(survey.instance, before)
        raise
    notes.write(survey.instance, [*before, *(key for key in new if key in done.done)])
    log.info("Prepared %s: %d parts, %d refused", bench.name, len(done.done), len(done.failures))
    return done


def removable(bench: Workbench, cancel: CancelToken, report: Report) -> tuple[Removal, ...]:
    """Return what Concord made for this workspace and is still there, in the order it was made.

    Raises:
        WrongUse: It made nothing there.
    """
    found = look(bench, cancel, report)
    created = Notes.of(bench).created(found.instance)
    if not created:
        raise WrongUse(
            f"There is nothing that Concord made for the workspace {bench.name!r}.",
            "What was there before is never deleted by Concord.",
        )
    return _preparer(bench).removals(created, cancel)


def undo(
    bench: Workbench, removals: Collection[Removal], cancel: CancelToken, report: Report
) -> Deployed:
    """Delete parts with all the records that they hold, after a trial; all of them or none.

    Raises:
        Cancelled: Nothing was deleted.
    """
    preparer = _preparer(bench)
    keys = [removal.key for removal in removals]
    done = preparer.remove(keys, cancel, report)
    if not done.failures:
        notes = Notes.of(bench)
        for instance in notes.instances():
            left = [key for key in notes.created(instance) if key not in done.done]
            notes.write(instance, left)
    log.info("Took back %d parts of %s", len(done.done), bench.name)
    return done


def _preparer(bench: Workbench) -> Preparer:
    connector = bench.connectors[_SIDE]
    if not isinstance(connector, Preparable):
        raise WrongUse(
            f"{_SIDE.label} of the workspace {bench.name!r} is a system that Concord cannot "
            "prepare.",
            "Make the objects and fields of the mapping there by hand.",
        )
    return connector.preparer()


@dataclass(frozen=True, slots=True)
class Notes:
    """What Concord made, by instance: a small file beside the workspace's store."""

    file: Path

    @classmethod
    def of(cls, bench: Workbench) -> "Notes":
        """Return the notes of a workspace."""
        return cls(bench.store.path.with_suffix(".prepared.json"))

    def instances(self) -> tuple[str, ...]:
        """Return the instances on which something was made."""
        return tuple(self._read())

    def created(self, instance: str) -> tuple[PartKey, ...]:
        """Return what was made on an instance, in the order in which it was."""
        rows = self._read().get(instance, [])
        return tuple(PartKey(str(row[0]), str(row[1])) for row in rows)

    def write(self, instance: str, keys: Iterable[PartKey]) -> None:
        """Note all that was made on an instance; nothing forgets the instance."""
        held = self._read()
        held[instance] = [list(key) for key in dict.fromkeys(keys)]
        document = {"schema": _SCHEMA, "made": {n: rows for n, rows in held.items() if rows}}
        new = self.file.with_suffix(".new")
        try:
            new.write_text(json.dumps(document, indent=1), "utf-8")
            new.replace(self.file)
        except OSError as error:
            raise StoreError(
                f"{self.file} cannot be written: {error.strerror}.",
                "Without it Concord could not take back what it makes; nothing was made.",
            ) from error

    def _read(self) -> dict[str, list[list[str]]]:
        if not self.file.exists():
            return {}
        try:
            found = json.loads(self.file.read_text("utf-8"))
            made = {str(name): list(rows) for name, rows in found["made"].items()}
        except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
            raise StoreError(
                f"{self.file} is damaged: {error}.",
                "Move it away; what Concord made before can then be deleted only by hand.",
            ) from error
        return made
