"""What became of a commit: numbers of which each is a list, and the cost beside its forecast."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.domain.control import CancelToken
from app.domain.forecast import Forecast
from app.domain.mapping import WorkspaceMapping
from app.domain.plan import Operation, OutcomeState, Verb
from app.domain.record import Side
from app.store.journal import Entry, entries
from app.sync.commit import CommitResult
from app.sync.workbench import Workbench
from app.views.state.commit_summary import record_words, state_word
from app.views.state.difference import field_label, side_word, verb_word
from app.views.state.fields import NOTHING
from app.views.state.history import change_words
from app.views.state.language import tr
from app.views.state.progress import duration
from app.views.state.ways_out import in_the_window

MOST_LISTED = 10_000
_SENT = (OutcomeState.WRITTEN, OutcomeState.FAILED, OutcomeState.UNKNOWN)
_SKIPPED = (OutcomeState.SKIPPED, OutcomeState.INTENT)
STATES: Mapping[str, tuple[OutcomeState, ...]] = {
    "selected": tuple(OutcomeState),
    "sent": _SENT,
    "stale": (OutcomeState.STALE,),
    "skipped": _SKIPPED,
    "written": (OutcomeState.WRITTEN,),
    "failed": (OutcomeState.FAILED, OutcomeState.UNKNOWN),
}


@dataclass(frozen=True, slots=True)
class Number:
    """One number of the outcome; a click on it lists what it counts."""

    name: str
    text: str
    count: int


@dataclass(frozen=True, slots=True)
class CostLine:
    """One kind of cost: what the plan forecast, and what it was."""

    what: str
    forecast: str
    took: str


@dataclass(frozen=True, slots=True)
class ListedOperation:
    """One operation as it is listed.

    Attributes:
        can_edit: Whether a value of it can be typed anew and sent again.
    """

    operation: Operation
    outcome: str
    verb: str
    record: str
    side: str
    change: str
    field: str
    named: str
    message: str
    can_edit: bool
    trouble: bool


def outcome_headline(result: CommitResult) -> str:
    """Return what became of a commit in one sentence."""
    if result.stopped_by:
        words = tr(
            "{why}. {written:,} of {selected:,} changes were written; the history resumes the rest."
        )
        return words.format(
            why=result.stopped_by.rstrip("."), written=result.written, selected=result.selected
        )
    if result.is_clean:
        return tr("All {count:,} changes were written.").format(count=result.written)
    return tr("{written:,} of {selected:,} changes were written.").format(
        written=result.written, selected=result.selected
    )


def numbers(result: CommitResult) -> tuple[Number, ...]:
    """Return the six numbers: selected = sent + stale + skipped, sent = written + failed."""
    words = {
        "selected": tr("{count:,} selected"),
        "sent": tr("{count:,} sent"),
        "stale": tr("{count:,} stale"),
        "skipped": tr("{count:,} skipped"),
        "written": tr("{count:,} written"),
        "failed": tr("{count:,} failed"),
    }
    counts = {
        "selected": result.selected,
        "sent": result.sent,
        "stale": result.stale,
        "skipped": result.skipped,
        "written": result.written,
        "failed": result.failed,
    }
    return tuple(
        Number(name, text.format(count=counts[name]), counts[name]) for name, text in words.items()
    )


def first_number(result: CommitResult) -> str:
    """Return the list to begin with: what went wrong, else what was written."""
    for name, count in (
        ("failed", result.failed),
        ("stale", result.stale),
        ("skipped", result.skipped),
    ):
        if count:
            return name
    return "written"


def cost_lines(result: CommitResult) -> tuple[CostLine, ...]:
    """Return forecast and truth side by side."""
    told = result.forecast
    lines = [
        CostLine(
            tr("Calls to {side}").format(side=side.label),
            f"{told.calls.get(side, 0):,}",
            f"{result.calls.get(side, 0):,}",
        )
        for side in (Side.SALESFORCE, Side.BILLING)
    ]
    # A forecast of nothing is none: a plan of before there were forecasts says so of all.
    expected = NOTHING if told == Forecast() else duration(told.seconds)
    return (*lines, CostLine(tr("Time"), expected, duration(result.seconds)))


def listed(bench: Workbench, run: str, name: str, cancel: CancelToken) -> list[ListedOperation]:
    """Return what a number counts, in the order of sending; of very many the first 10,000."""
    found = entries(bench.store, run=run, states=STATES[name], limit=MOST_LISTED)
    made = []
    for entry in found:
        cancel.check()
        made.append(_listed(entry, bench.mapping))
    return made


def list_words(shown: int, count: int) -> str:
    """Return a remark where a list does not hold everything, else ""."""
    if shown >= count:
        return ""
    return tr("The first {shown:,} of {count:,}; the history has all.").format(
        shown=shown, count=count
    )


def export_rows(lines: Iterable[ListedOperation]) -> list[tuple[str, ...]]:
    """Return a list as rows for a file; `export_head` names the columns."""
    return [
        (each.outcome, each.verb, each.record, each.side, each.change, each.field, each.message)
        for each in lines
    ]


def export_head() -> tuple[str, ...]:
    """Return the columns of `export_rows`."""
    return (
        tr("outcome"), tr("change"), tr("record"), tr("where"), tr("values"), tr("field"),
        tr("message"),
    )  # fmt: skip


def _listed(entry: Entry, mapping: WorkspaceMapping) -> ListedOperation:
    operation = entry.operation
    failed = entry.state is OutcomeState.FAILED
    return ListedOperation(
        operation=operation,
        outcome=state_word(entry.state),
        verb=verb_word(operation.verb),
        record=record_words(mapping, operation.entity, operation.key),
        side=side_word(operation.side),
        change=change_words(operation, mapping),
        field=field_label(entry.field) if entry.field else "",
        named=entry.field,
        message=in_the_window(entry.message),
        can_edit=failed and operation.verb is not Verb.DELETE,
        trouble=entry.state is not OutcomeState.WRITTEN,
    )
