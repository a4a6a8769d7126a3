"""The history: commits, and what each of them did."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.domain.mapping import WorkspaceMapping
from app.domain.plan import FieldChange, Operation, OutcomeState, Verb
from app.store.journal import Entry, Run
from app.views.state.commit_summary import state_word
from app.views.state.difference import field_label, side_word, verb_word
from app.views.state.fields import NOTHING, local_time, value_text
from app.views.state.language import tr
from app.views.state.progress import duration

_CHANGES_SHOWN = 3


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

    def holds(self, text: str) -> bool:
        """Return whether a text stands somewhere in the line, in any case."""
        wanted = text.casefold()
        return any(wanted in part.casefold() for part in (
            self.verb, self.record, self.side, self.change, self.outcome, self.message,
        ))  # fmt: skip


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


def can_undo(entries: Iterable[Entry]) -> bool:
    """Return whether a commit wrote anything that could be taken back."""
    return any(entry.state is OutcomeState.WRITTEN for entry in entries)


def entry_lines(
    entries: Iterable[Entry], mapping: WorkspaceMapping, text: str = ""
) -> tuple[EntryLine, ...]:
    """Return a commit's operations in the order of sending; those alone that hold a text."""
    lines = (_entry_line(entry, mapping) for entry in entries)
    return tuple(line for line in lines if not text or line.holds(text))


def change_words(operation: Operation, mapping: WorkspaceMapping) -> str:
    """Return "Name: Old -> New" of an operation's first changes; of an insert the new values."""
    changes = [change for change in operation.changes if change.before != change.after]
    shown = [_change(change, operation, mapping) for change in changes[:_CHANGES_SHOWN]]
    more = len(changes) - len(shown)
    if more > 0:
        shown.append(tr("{count} more").format(count=more))
    return " \u00b7 ".join(shown)


def _change(change: FieldChange, operation: Operation, mapping: WorkspaceMapping) -> str:
    entity = mapping.entity(operation.entity)
    field = entity.fields[entity.index[change.name]]
    before, after = (value_text(field, value) or NOTHING for value in (change.before, change.after))
    label = field_label(change.name)
    if operation.verb is Verb.INSERT:
        return f"{label}: {after}"
    if operation.verb is Verb.DELETE:
        return f"{label}: {before}"
    return f"{label}: {before} \u2192 {after}"


def _entry_line(entry: Entry, mapping: WorkspaceMapping) -> EntryLine:
    operation = entry.operation
    label = mapping.entity(operation.entity).label
    message = entry.message
    if entry.field:
        message = f"{field_label(entry.field)}: {message}"
    return EntryLine(
        verb=verb_word(operation.verb),
        record=f"{label} {operation.key}",
        side=side_word(operation.side),
        change=change_words(operation, mapping),
        outcome=state_word(entry.state),
        message=message,
        written=entry.state is OutcomeState.WRITTEN,
    )
