"""How running work is told: what, how far, how long still."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.connectors.protocol import Quota, Resource
from app.domain.control import Progress
from app.domain.record import Side
from app.errors import AppError
from app.views.state.language import tr
from app.views.state.ways_out import in_the_window

_HOUR_S, _MINUTE_S = 3600, 60
_ETA_AFTER_S = 1.0


@dataclass(frozen=True, slots=True)
class Bar:
    """A progress bar with its words; `share` None: nobody knows how much there is."""

    text: str
    share: float | None


@dataclass(frozen=True, slots=True)
class Notice:
    """An error as it is shown: what happened, and what to do."""

    summary: str
    hint: str


def progress_bar(title: str, progress: Progress | None, elapsed_s: float) -> Bar:
    """Return how to show a task that has run for some seconds."""
    if progress is None:
        return Bar(f"{title}\u2026", None)
    what = progress.what or title
    if not progress.total:
        count = tr("{done:,} records").format(done=progress.done) if progress.done else ""
        return Bar(
            " \u00b7 ".join(part for part in (what, count, rate(progress.done, elapsed_s)) if part),
            None,
        )
    share = min(1.0, progress.done / progress.total)
    far = tr("{done:,} of {total:,}").format(done=progress.done, total=progress.total)
    left = eta(share, elapsed_s)
    return Bar(" \u00b7 ".join(part for part in (what, far, left) if part), share)


def rate(done: int, elapsed_s: float) -> str:
    """Return "1,200 a second", "" while it is too early to say."""
    if elapsed_s < _ETA_AFTER_S or not done:
        return ""
    return tr("{rate:,.0f} a second").format(rate=done / elapsed_s)


def eta(share: float, elapsed_s: float) -> str:
    """Return "about 20 s left", "" while it is too early to say."""
    if not 0 < share < 1 or elapsed_s < _ETA_AFTER_S:
        return ""
    left = duration(elapsed_s / share - elapsed_s)
    return tr("about {time} left").format(time=left)


def duration(seconds: float) -> str:
    """Return a duration as people say it."""
    if seconds >= _HOUR_S:
        return tr("{hours} h {minutes} min").format(
            hours=int(seconds // _HOUR_S), minutes=int(seconds % _HOUR_S // _MINUTE_S)
        )
    if seconds >= _MINUTE_S:
        return tr("{minutes} min {seconds} s").format(
            minutes=int(seconds // _MINUTE_S), seconds=int(seconds % _MINUTE_S)
        )
    return tr("{seconds:.0f} s").format(seconds=max(1, seconds))


def calls_text(calls: Mapping[Side, int]) -> str:
    """Return how many calls each side has taken so far."""
    return tr("Calls: billing {billing:,} \u00b7 Salesforce {salesforce:,}").format(
        billing=calls.get(Side.BILLING, 0), salesforce=calls.get(Side.SALESFORCE, 0)
    )


def left_text(quotas: Mapping[Side, Sequence[Quota]]) -> str:
    """Return how many calls are left on each side, as far as its answers told."""
    parts = []
    for side in (Side.BILLING, Side.SALESFORCE):
        found = next((q for q in quotas.get(side, ()) if q.counts is Resource.CALLS), None)
        if found is not None:
            words = tr("{side}: {left:,} of {most:,} left")
            parts.append(words.format(side=side.label, left=found.left, most=found.maximum))
    return " \u00b7 ".join(parts)


def quota_lines(quotas: Mapping[Side, Sequence[Quota]]) -> str:
    """Return all limits that are known, a line each, for the tool tip."""
    lines = [
        tr("{side}, {what}: {left:,} of {most:,} left").format(
            side=side.label, what=quota.name, left=quota.left, most=quota.maximum
        )
        for side in Side
        for quota in quotas.get(side, ())
    ]
    silent = [side.label for side in Side if not quotas.get(side)]
    if silent:
        lines.append(tr("No limit told: {sides}").format(sides=", ".join(silent)))
    return "\n".join(lines)


def notice(error: Exception) -> Notice:
    """Return how to show an error. What we did not expect is our own fault, and said to be."""
    if isinstance(error, AppError):
        return Notice(in_the_window(error.summary), in_the_window(error.hint))
    kind = type(error).__name__
    return Notice(
        tr("This is a defect in Concord ({kind}).").format(kind=kind),
        tr("The log has the details; nothing was lost. Try again, and report it if it comes back."),
    )
