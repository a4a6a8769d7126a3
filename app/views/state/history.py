"""The history: commits, and what each of them did."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.domain.control import CancelToken
from app.domain.convert import text as plain_text
from app.domain.folding import folded
from app.domain.forecast import Forecast
from app.domain.mapping import FieldMapping, WorkspaceMapping
from app.domain.plan import Approval, FieldChange, Operation, OutcomeState, Verb
from app.domain.record import BaseValue
from app.store.journal import Entry, Run, find_run, open_runs
from app.store.workspace import Store
from app.sync.undo import UndoPart
from app.views.state.commit_summary import approval_words, state_word
from app.views.state.difference import field_label, side_word, verb_word
from app.views.state.fields import NOTHING, local_time, value_text
from app.views.state.language import tr
from app.views.state.progress import Notice, duration
from app.views.state.ways_out import in_the_window

MOST_LISTED = 10_000
_CHANGES_SHOWN = 3
_SEPARATOR = " \u00b7 "


@dataclass(frozen=True, slots=True)
class Commits:
    """The commits that are listed, and of each how many changes it has, or were found in it."""

    runs: Sequence[Run]
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class RunLine:
    """A commit as it is listed."""

    id: str
    when: str
    who: str
    state: str
    written: int
    not_written: int
    took: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class EntryLine:
    """An operation of a commit as it is listed."""

    verb: str
    record: str
    side: str
    change: str
    outcome: str
    message: str
    written: bool
    entity: str
    key: str
    fields: tuple[str, ...] = ()

    def holds(self, text: str) -> bool:
        """Return whether a text stands somewhere in the line, in any case, accents or not."""
        wanted = folded(text)
        return any(wanted in folded(part) for part in (
            self.verb, self.record, self.side, self.change, self.outcome, self.message,
        ))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes of a commit as they are listed: of very many the first 10,000.

    Attributes:
        plan: `plan_words` of the commit.
    """

    run: str
    lines: Sequence[EntryLine]
    more: bool = False
    plan: str = ""


def run_line(run: Run) -> RunLine:
    """Return a commit as it is listed."""
    written = run.counts.get(OutcomeState.WRITTEN, 0)
    total = sum(run.counts.values())
    is_open = run.state != "finished"
    return RunLine(
        id=run.id,
        when=local_time(run.started_at),
        who=run.who,
        state=tr("broke off, can be resumed") if is_open else tr("finished"),
        written=written,
        not_written=total - written,
        took=duration(run.seconds) if run.seconds else "",
        is_open=is_open,
    )


def broken_off(store: Store) -> Notice | None:
    """Return what is said of the oldest commit that broke off; None where none did.

    Reads the journal; for a worker's thread.
    """
    runs = open_runs(store)
    if not runs:
        return None
    run = find_run(store, runs[0])
    left = sum(run.counts.get(state, 0) for state in (OutcomeState.INTENT, OutcomeState.UNKNOWN))
    one = tr("The commit of {when} broke off: of 1 change it is not known how it ended.")
    many = tr(
        "The commit of {when} broke off: of {count:,} changes it is not known how they ended."
    )
    words = (one if left == 1 else many).format(when=local_time(run.started_at), count=left)
    return Notice(words, tr("History > Resume brings it to its end."))


def commits_found(runs: Iterable[Run], found: Mapping[str, int] | None) -> Commits:
    """Return the commits that hold what was searched for; all of them where nothing was."""
    if found is None:
        listed = list(runs)
        return Commits(listed, {run.id: sum(run.counts.values()) for run in listed})
    return Commits([run for run in runs if run.id in found], found)


def can_undo(run: Run) -> bool:
    """Return whether a commit wrote anything that could be taken back."""
    return run.counts.get(OutcomeState.WRITTEN, 0) > 0


def undo_part(lines: Iterable[EntryLine]) -> UndoPart | None:
    """Return what of a commit the chosen lines stand for; None where none of them was written."""
    keys: dict[str, set[str]] = {}
    for line in lines:
        if line.written:
            keys.setdefault(line.entity, set()).add(line.key)
    if not keys:
        return None
    return UndoPart({entity: frozenset(found) for entity, found in keys.items()})


def undo_choices(lines: Sequence[EntryLine]) -> list[tuple[str, UndoPart]]:
    """Return what can be undone of the chosen lines: all of it, or one of their fields."""
    whole = undo_part(lines)
    if whole is None:
        return []
    names = dict.fromkeys(name for line in lines if line.written for name in line.fields)
    return [
        (undo_selected_words(lines), whole),
        *(
            (
                tr("Undo only {field}\u2026").format(field=field_label(name)),
                UndoPart(whole.keys, frozenset({name})),
            )
            for name in names
        ),
    ]


def count_words(changes: Changes, count: int, wanted: str) -> str:
    """Return how many changes of the commit are shown; `wanted`: what commits were searched for."""
    if not count and wanted:
        return tr("No commit has \u201c{words}\u201d.").format(words=wanted)
    words = tr("{shown:,} of {count:,} changes")
    if changes.more:
        words = tr("The first {shown:,} of {count:,} changes: filter to find others")
    return words.format(shown=len(changes.lines), count=count)


def plan_words(plan: Mapping[str, Any], run: Run) -> str:
    """Return what a commit took beside what its plan (`plan_of`) said, and who approved it."""
    parts = []
    if "forecast" in plan:
        forecast = Forecast.from_json(plan["forecast"])
        words = tr("{calls:,} calls (forecast {expected:,}), {took} (forecast {time})")
        parts.append(
            words.format(
                calls=sum(run.calls.values()),
                expected=sum(forecast.calls.values()),
                took=duration(run.seconds),
                time=duration(forecast.seconds),
            )
        )
    parts.append(approval_words(Approval(**one) for one in plan.get("approvals", ())))
    return _SEPARATOR.join(filter(None, parts))


def undo_selected_words(lines: Sequence[EntryLine]) -> str:
    """Return the label of the button that undoes the chosen lines."""
    count = sum(line.written for line in lines)
    return tr("Undo {count:,} selected\u2026").format(count=count)


def entry_lines(
    entries: Iterable[Entry], mapping: WorkspaceMapping, text: str = ""
) -> Iterator[EntryLine]:
    """Yield a commit's operations in the order of sending; those alone that hold a text."""
    lines = (_entry_line(entry, mapping) for entry in entries)
    return (line for line in lines if not text or line.holds(text))


def changes_of(run: str, lines: Iterable[EntryLine], cancel: CancelToken) -> Changes:
    """Return the first lines of a commit, for a worker: there may be a million of them."""
    found: list[EntryLine] = []
    for line in lines:
        cancel.check()
        if len(found) == MOST_LISTED:
            return Changes(run, found, more=True)
        found.append(line)
    return Changes(run, found)


def change_words(operation: Operation, mapping: WorkspaceMapping) -> str:
    """Return "Name: Old -> New" of an operation's first changes; of an insert the new values."""
    changes = [change for change in operation.changes if change.before != change.after]
    shown = [_change(change, operation, mapping) for change in changes[:_CHANGES_SHOWN]]
    more = len(changes) - len(shown)
    if more > 0:
        shown.append(tr("{count} more").format(count=more))
    return _SEPARATOR.join(shown)


def _change(change: FieldChange, operation: Operation, mapping: WorkspaceMapping) -> str:
    entity = mapping.by_name.get(operation.entity)
    at = None if entity is None else entity.index.get(change.name)
    values = (change.before, change.after)
    if entity is None or at is None:  # the mapping lost it since: as it stands in the journal
        before, after = (plain_text(value) or NOTHING for value in values)
    else:
        before, after = (_as_searched(entity.fields[at], value) or NOTHING for value in values)
    label = field_label(change.name)
    if operation.verb is Verb.INSERT:
        return f"{label}: {after}"
    if operation.verb is Verb.DELETE:
        return f"{label}: {before}"
    return f"{label}: {before} \u2192 {after}"


def _as_searched(field: FieldMapping, value: BaseValue) -> str:
    """Return a value; a day as the journal has it, so that what is seen is found by a search."""
    return plain_text(value) if isinstance(value, date) else value_text(field, value)


def _entry_line(entry: Entry, mapping: WorkspaceMapping) -> EntryLine:
    operation = entry.operation
    entity = mapping.by_name.get(operation.entity)
    label = operation.entity if entity is None else entity.label
    message = in_the_window(entry.message)
    if entry.field:
        message = f"{field_label(entry.field)}: {message}"
    if entry.unmapped:
        gone = tr("not in the mapping any more: {names}").format(names=", ".join(entry.unmapped))
        message = f"{message} \u00b7 {gone}" if message else gone
    return EntryLine(
        verb=verb_word(operation.verb),
        record=f"{label} {operation.key}",
        side=side_word(operation.side),
        change=change_words(operation, mapping),
        outcome=state_word(entry.state),
        message=message,
        written=entry.state is OutcomeState.WRITTEN,
        entity=operation.entity,
        key=operation.key,
        fields=tuple(c.name for c in operation.changes if c.before != c.after),
    )
