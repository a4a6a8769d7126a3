"""The jobs: each in one line, and what can be done with the chosen one."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from app.domain.job import Job, JobRun, JobState, built_in
from app.domain.mapping import WorkspaceMapping
from app.domain.schedule import Schedule
from app.views.state.fields import local_time
from app.views.state.language import tr
from app.views.state.ways_out import in_the_window

_DAILY = re.compile(r"(\d{1,2}) (\d{1,2}) \* \* \*")


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job as it is listed.

    Attributes:
        is_own: Whether people made it: only such a one is changed or removed.
    """

    job: Job
    is_own: bool
    name: str
    schedule: str
    detail: str
    next_run: str
    last_run: str
    read: str
    changed: str
    written: str
    waiting: str
    result: str
    enabled: bool
    failed: bool


@dataclass(frozen=True, slots=True)
class JobButtons:
    """Which buttons work for the chosen job, and what the second one says.

    Attributes:
        hint: Why a job cannot be run here, "" where it can.
        is_own: Whether it can be changed and removed; `own_hint` says why not.
    """

    can_run: bool
    can_switch: bool
    switch_label: str
    hint: str = ""
    is_own: bool = False
    own_hint: str = ""


def job_line(state: JobState, mapping: WorkspaceMapping) -> JobLine:
    """Return a job as it is listed."""
    job, last = state.job, state.last
    read = changed = written = waiting = ""
    if last is not None and last.finished_at and not last.error:
        read, changed = f"{last.read:,}", f"{last.changed:,}"
        written, waiting = f"{last.written:,}", f"{last.waiting:,}"
    return JobLine(
        job,
        job.name not in built_in(mapping.jobs),
        job.name,
        schedule_words(job.schedule),
        detail_words(state, mapping),
        _next_run(state),
        "" if last is None else local_time(last.started_at),
        read,
        changed,
        written,
        waiting,
        result="" if last is None else result_words(last),
        enabled=state.enabled,
        failed=last is not None and not last.is_clean,
    )


def job_buttons(line: JobLine | None, *, working: bool, refused: str) -> JobButtons:
    """Return what can be done with the chosen job; `refused` says why nothing can be written."""
    label = tr("Pause") if line is not None and line.enabled else tr("Enable")
    hint = refused or (tr("Wait until the work under way has ended.") if working else "")
    is_own = line is not None and line.is_own
    own_hint = "" if is_own or line is None else tr("It comes with Concord or the mapping.")
    return JobButtons(
        line is not None and not hint, line is not None, label, hint, is_own, own_hint
    )


def schedule_words(schedule: Schedule) -> str:
    """Return a schedule as people say it; a rare one as cron writes it."""
    if schedule.every_minutes:
        return tr("every {count:,} min").format(count=schedule.every_minutes)
    daily = _DAILY.fullmatch(schedule.cron)
    if daily is None:
        return schedule.cron
    return tr("daily at {hour:02}:{minute:02}").format(hour=int(daily[2]), minute=int(daily[1]))


def detail_words(state: JobState, mapping: WorkspaceMapping) -> str:
    """Return what a job does, and what came of it, in a few lines."""
    job, last = state.job, state.last
    lines = [
        tr("Reads: {what}").format(what=reads_words(job, mapping)),
        tr("Commits by itself: {what}").format(what=commits_words(job)),
    ]
    if last is not None:
        lines += [tr("Last result: {what}").format(what=result_words(last)), *last.failures]
        if last.finished_at and not last.error:
            lines.append(tr("Wait for review: {count:,}").format(count=last.waiting))
    return "\n".join(lines)


def reads_words(job: Job, mapping: WorkspaceMapping) -> str:
    """Return what a job reads."""
    known = mapping.by_name
    names = [known[name].plural if name in known else name for name in job.entities]
    what = ", ".join(names) or tr("Everything")
    if job.account:
        what = tr("{what} of {account}").format(what=what, account=job.account)
    whole = tr("whole") if job.full else tr("what changed")
    where = tr("both sides") if len(job.sides) > 1 else job.sides[0].label
    return f"{what} \u00b7 {where} \u00b7 {whole}"


def commits_words(job: Job) -> str:
    """Return what a job may commit with nobody looking."""
    verbs = sorted(verb.value for verb in job.policy.verbs)
    if not verbs:
        return tr("nothing")
    return tr("{verbs}, at most {most:,}").format(verbs=", ".join(verbs), most=job.policy.most)


def result_words(run: JobRun) -> str:
    """Return what came of a run."""
    if not run.finished_at:
        return tr("at work")
    if run.error:
        return in_the_window(f"{run.error} {run.hint}".rstrip())
    if run.failed:
        return tr("{count:,} changes were not written").format(count=run.failed)
    if run.held:
        return tr("Waits for review: {why}").format(why=in_the_window(run.held))
    return tr("done")


def _next_run(state: JobState) -> str:
    if not state.enabled:
        return tr("paused")
    if state.due_at is None:
        return tr("never")
    return local_time(datetime.fromtimestamp(state.due_at, UTC).isoformat())
