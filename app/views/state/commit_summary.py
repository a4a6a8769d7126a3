"""A plan in words, before it is committed."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from app.domain.forecast import MEGABYTE, Forecast
from app.domain.mapping import WorkspaceMapping
from app.domain.plan import Approval, CommitPlan, OutcomeState, Part, Problem, Verb
from app.domain.record import Side
from app.views.state.difference import side_word, verb_word
from app.views.state.fields import local_time, problem_text
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
        problem_words: How many problems of each severity there are, "" for none.
        approvals: Who approved the plan and when, "" for nobody.
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
    problem_words: str = ""
    approvals: str = ""


def summary(plan: CommitPlan, mapping: WorkspaceMapping, production: Iterable[str]) -> Summary:
    """Return the summary of a plan; `production` are the production connections it writes to."""
    count = sum(plan.tally.values())
    names = sorted(production)
    return Summary(
        headline=_headline(plan),
        lines=count_lines(plan, mapping),
        cost=cost_words(plan.forecast),
        problems=problem_lines(plan.problems, mapping),
        problem_words=problem_words(plan.problems),
        not_checked=plan.not_checked,
        approvals=approval_words(plan.approvals),
        typed_name=names[0] if names and count else "",
        run_label=tr("Commit {count:,} changes").format(count=count),
        can_run=count > 0,
    )


def may_run(view: Summary, typed: str) -> bool:
    """Return whether the plan may be committed, given what was typed into the field."""
    return view.can_run and typed.strip() == view.typed_name


def count_lines(plan: CommitPlan, mapping: WorkspaceMapping) -> tuple[CountLine, ...]:
    """Return the operations counted by verb, side and entity; deletes first, then mapping order."""
    return tuple(
        CountLine(verb_word(verb), entity.plural, side_word(side), number, verb is Verb.DELETE)
        for verb in _VERBS
        for side in (Side.SALESFORCE, Side.BILLING)
        for entity in mapping.entities
        if (number := plan.tally.get(Part(entity.name, side, verb), 0))
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
    if forecast.is_affordable:
        parts.append(tr("enough is left today: {left}").format(left=left_words(forecast)))
    return tr("Estimate: {parts}").format(parts=" \u00b7 ".join(parts))


def left_words(forecast: Forecast) -> str:
    """Return what was left of the sides' limits when they were last read."""
    left = [
        tr("{count:,} calls to {side}").format(count=count, side=side.label)
        for side, count in forecast.left_calls.items()
    ]
    if forecast.left_mb is not None:
        left.append(size_words(forecast.left_mb * MEGABYTE))
    return ", ".join(left)


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
    entities = {each.name: each for each in mapping.entities}
    ranked = sorted(problems, key=lambda problem: _rank(problem.severity))
    return tuple(
        ProblemLine(
            problem.severity,
            _severity_word(problem.severity),
            record_words(mapping, problem.entity, problem.key),
            problem_text(problem, entities.get(problem.entity)),
        )
        for problem in ranked
    )


def problem_words(problems: Iterable[Problem]) -> str:
    """Return "2 will fail \u00b7 1 warning", the gravest first; "" where there is no problem."""
    counts = Counter(problem.severity for problem in problems)
    one = {"error": tr("1 will fail"), "warning": tr("1 warning"), "info": tr("1 note")}
    more = {
        "error": tr("{count:,} will fail"),
        "warning": tr("{count:,} warnings"),
        "info": tr("{count:,} notes"),
    }
    return " \u00b7 ".join(
        one[severity] if counts[severity] == 1 else more[severity].format(count=counts[severity])
        for severity in _SEVERITIES
        if counts[severity]
    )


def approval_words(approvals: Iterable[Approval]) -> str:
    """Return "Approved by ada on 22 Nov 2026, 14:05"; "" where nobody did."""
    told = [
        tr("{who} on {when}").format(who=each.who, when=local_time(each.at)) for each in approvals
    ]
    return tr("Approved by {people}").format(people=", ".join(told)) if told else ""


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
    if not plan.tally:
        return tr("Nothing is ticked, so there is nothing to commit.")
    sides: Counter[Side] = Counter()
    for part, count in plan.tally.items():
        sides[part.side] += count
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


def record_words(mapping: WorkspaceMapping, entity: str, key: str) -> str:
    """Return a record as people name it: what it is, and its key."""
    label = mapping.entity(entity).label if entity in mapping.by_name else entity
    return " ".join(part for part in (label, key) if part)


def _rank(severity: str) -> int:
    return _SEVERITIES.index(severity) if severity in _SEVERITIES else len(_SEVERITIES)


def _severity_word(severity: str) -> str:
    words = {"error": tr("will fail"), "warning": tr("warning"), "info": tr("note")}
    return words.get(severity, severity)


def problem_rows(view: Summary) -> list[tuple[str, ...]]:
    """Return the problems as rows for a file, below their heading; what was not checked follows."""
    rows = [(tr("problem"), tr("record"), tr("what"))]
    rows += [(each.word, each.record, each.message) for each in view.problems]
    rows += [(tr("not checked"), "", what) for what in view.not_checked]
    return list(rows)
