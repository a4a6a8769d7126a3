"""A plan in words, before it is committed; and what became of it, in numbers that add up."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.domain.forecast import Forecast
from app.domain.mapping import WorkspaceMapping
from app.domain.plan import CommitPlan, OutcomeState, Problem, Verb
from app.domain.record import Side
from app.sync.commit import CommitResult
from app.views.state.difference import field_label, side_word, verb_word
from app.views.state.language import tr
from app.views.state.progress import duration

_VERBS = (Verb.DELETE, Verb.INSERT, Verb.UPDATE)
_SEVERITIES = ("error", "warning", "info")
_KIB = 1024


@dataclass(frozen=True, slots=True)
class CountLine:
    """How many operations of one verb go to one entity of one side."""

    verb: str
    entity: str
    side: str
    count: int
    deletes: bool


@dataclass(frozen=True, slots=True)
class ProblemLine:
    """A problem as it is listed; `record` is "" where it concerns the whole plan."""

    severity: str
    word: str
    record: str
    message: str


@dataclass(frozen=True, slots=True)
class Summary:
    """The summary page.

    Attributes:
        headline: What will happen, in one sentence.
        typed_name: What has to be typed before it may run, "" if nothing.
    """

    headline: str
    lines: tuple[CountLine, ...]
    cost: str
    problems: tuple[ProblemLine, ...]
    not_checked: tuple[str, ...]
    typed_name: str
    run_label: str
    can_run: bool


@dataclass(frozen=True, slots=True)
class OutcomeLine:
    """One operation that was not written: record, field, message."""

    state: str
    record: str
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class OutcomeView:
    """The outcome page; both sums always hold."""

    headline: str
    selected: str
    sent: str
    cost: str
    lines: tuple[OutcomeLine, ...]
    clean: bool


def summary(plan: CommitPlan, mapping: WorkspaceMapping, production: Iterable[str]) -> Summary:
    """Return the summary of a plan; `production` are the production connections it writes to."""
    count = len(plan.operations)
    names = sorted(production)
    return Summary(
        headline=_headline(plan),
        lines=count_lines(plan, mapping),
        cost=cost_words(plan.forecast),
        problems=problem_lines(plan.problems, mapping),
        not_checked=plan.not_checked,
        typed_name=names[0] if names and count else "",
        run_label=tr("Commit {count:,} changes").format(count=count),
        can_run=count > 0,
    )


def may_run(view: Summary, typed: str) -> bool:
    """Return whether the plan may be committed, given what was typed into the field."""
    return view.can_run and typed.strip() == view.typed_name


def count_lines(plan: CommitPlan, mapping: WorkspaceMapping) -> tuple[CountLine, ...]:
    """Return the operations counted by verb, side and entity; deletes first, then mapping order."""
    counts = Counter((o.verb, o.side, o.entity) for o in plan.operations)
    return tuple(
        CountLine(verb_word(verb), entity.plural, side_word(side), number, verb is Verb.DELETE)
        for verb in _VERBS
        for side in (Side.SALESFORCE, Side.BILLING)
        for entity in mapping.entities
        if (number := counts[verb, side, entity.name])
    )


def cost_words(forecast: Forecast) -> str:
    """Return what a plan costs, in words; an estimate, and said to be."""
    calls = ", ".join(
        tr("{count:,} to {side}").format(count=forecast.calls[side], side=side.label)
        for side in (Side.SALESFORCE, Side.BILLING)
        if forecast.calls.get(side)
    )
    parts = [tr("about {time}").format(time=duration(forecast.seconds))]
    if calls:
        parts.append(tr("calls: {calls}").format(calls=calls))
    if forecast.size_bytes:
        parts.append(tr("sends {size}").format(size=size_words(forecast.size_bytes)))
    if forecast.storage_bytes:
        size = size_words(forecast.storage_bytes)
        parts.append(tr("uses {size} of Salesforce data storage").format(size=size))
    return tr("Estimate: {parts}").format(parts=" \u00b7 ".join(parts))


def size_words(size_bytes: int) -> str:
    """Return a size as people read it."""
    size = float(size_bytes)
    for unit in ("bytes", "KB", "MB"):
        if size < _KIB:
            return f"{size:,.0f} {unit}"
        size /= _KIB
    return f"{size:,.1f} GB"


def problem_lines(
    problems: Iterable[Problem], mapping: WorkspaceMapping
) -> tuple[ProblemLine, ...]:
    """Return problems, the gravest first."""
    ranked = sorted(problems, key=lambda problem: _rank(problem.severity))
    return tuple(
        ProblemLine(
            problem.severity,
            _severity_word(problem.severity),
            _record(mapping, problem.entity, problem.key),
            problem.message,
        )
        for problem in ranked
    )


def outcome_view(result: CommitResult, mapping: WorkspaceMapping) -> OutcomeView:
    """Return the outcome page of a commit."""
    return OutcomeView(
        headline=_outcome_headline(result),
        selected=tr(
            "{selected:,} selected = {sent:,} sent + {stale:,} stale + {skipped:,} skipped"
        ).format(
            selected=result.selected, sent=result.sent, stale=result.stale, skipped=result.skipped
        ),
        sent=tr("{sent:,} sent = {written:,} written + {failed:,} failed").format(
            sent=result.sent, written=result.written, failed=result.failed
        ),
        cost=_calls(result.calls, result.seconds),
        lines=tuple(
            OutcomeLine(
                state_word(failure.state),
                _record(mapping, failure.entity, failure.key),
                field_label(failure.field),
                failure.message,
            )
            for failure in result.failures
        ),
        clean=result.is_clean,
    )


def state_word(state: OutcomeState) -> str:
    """Return what became of an operation, as people read it."""
    return {
        OutcomeState.INTENT: tr("not sent"),
        OutcomeState.WRITTEN: tr("written"),
        OutcomeState.FAILED: tr("failed"),
        OutcomeState.STALE: tr("stale"),
        OutcomeState.SKIPPED: tr("skipped"),
        OutcomeState.UNKNOWN: tr("no answer"),
    }[state]


def _headline(plan: CommitPlan) -> str:
    if not plan.operations:
        return tr("Nothing is ticked, so there is nothing to commit.")
    sides = Counter(operation.side for operation in plan.operations)
    parts = [
        tr("{count:,} changes will be written to {side}").format(count=sides[side], side=side.label)
        for side in (Side.SALESFORCE, Side.BILLING)
        if sides[side]
    ]
    deletes = plan.counts[Verb.DELETE]
    words = tr(" and ").join(parts) + "."
    if deletes:
        words += " " + tr("{count:,} records will be deleted.").format(count=deletes)
    return words


def _outcome_headline(result: CommitResult) -> str:
    if result.stopped_by:
        return tr("Stopped: {why}").format(why=result.stopped_by)
    if result.is_clean:
        return tr("All {count:,} changes were written.").format(count=result.written)
    return tr("{written:,} of {selected:,} changes were written.").format(
        written=result.written, selected=result.selected
    )


def _calls(calls: Mapping[Side, int], seconds: float) -> str:
    return tr("{time} \u00b7 calls: {salesforce:,} to Salesforce, {billing:,} to billing").format(
        time=duration(seconds),
        salesforce=calls.get(Side.SALESFORCE, 0),
        billing=calls.get(Side.BILLING, 0),
    )


def _record(mapping: WorkspaceMapping, entity: str, key: str) -> str:
    label = mapping.entity(entity).label if entity in mapping.by_name else entity
    return " ".join(part for part in (label, key) if part)


def _rank(severity: str) -> int:
    return _SEVERITIES.index(severity) if severity in _SEVERITIES else len(_SEVERITIES)


def _severity_word(severity: str) -> str:
    words = {"error": tr("will fail"), "warning": tr("warning"), "info": tr("note")}
    return words.get(severity, severity)
