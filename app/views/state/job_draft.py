"""A job as it is typed: from one that there is, and into one that can be kept."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from enum import Enum
from time import time as clock

from app.domain.job import MOST, Job, Notify, Policy
from app.domain.plan import Verb
from app.domain.record import Side
from app.domain.schedule import Schedule, next_due
from app.errors import AppError, WrongUse
from app.settings import checked_name
from app.store.jobs import enable_job
from app.sync.jobs import alter_job, make_job
from app.sync.workbench import Workbench
from app.views.state.fields import local_time
from app.views.state.language import tr

_WALL = re.compile(r"(\d{1,2}) (\d{1,2}) \* \* (\*|1-5)")


class How(Enum):
    """The ways in which people say when a job runs."""

    MINUTES = "every so many minutes"
    DAILY = "every day at a time"
    WORKDAYS = "Monday to Friday at a time"
    CRON = "as cron writes it"


HOW_WORDS: dict[How, Callable[[], str]] = {
    How.MINUTES: lambda: tr("Every so many minutes"),
    How.DAILY: lambda: tr("Daily"),
    How.WORKDAYS: lambda: tr("Monday to Friday"),
    How.CRON: lambda: tr("Written as for cron"),
}


@dataclass(frozen=True, slots=True)
class When:
    """When a job runs; of minutes, time and cron text the one counts that `how` says."""

    how: How = How.DAILY
    minutes: int = 15
    at: time = time(2, 0)
    cron: str = ""


@dataclass(frozen=True, slots=True)
class JobDraft:
    """What a person typed.

    Attributes:
        side: The only one that is read; None for both.
        entities: None means all of them.
        emails: Addresses with commas or blanks between them.
    """

    name: str = ""
    when: When = field(default_factory=When)
    side: Side | None = None
    entities: tuple[str, ...] | None = None
    full: bool = False
    account: str = ""
    pair: bool = False
    verbs: frozenset[Verb] = frozenset()
    most: int = MOST
    emails: str = ""
    webhook: bool = False


def draft_of(job: Job) -> JobDraft:
    """Return a job as it is typed."""
    return JobDraft(
        job.name,
        _when_of(job.schedule),
        job.sides[0] if len(job.sides) == 1 else None,
        job.entities or None,
        job.full,
        job.account,
        job.pair,
        job.policy.verbs,
        job.policy.most,
        ", ".join(job.notify.emails),
        job.notify.webhook,
    )


def job_of(draft: JobDraft) -> Job:
    """Return the job that was typed.

    Raises:
        WrongUse: Its name cannot be one, it reads nothing, its schedule cannot be read, or an
            address is none.
    """
    if not draft.name.strip():
        raise WrongUse(tr("The job has no name."), tr("Type one, such as prices-at-night."))
    if draft.entities == ():
        raise WrongUse(tr("The job reads nothing."), tr("Tick the kinds of record that it reads."))
    return Job(
        name=checked_name(draft.name.strip()),
        schedule=schedule_of(draft.when),
        sides=tuple(Side) if draft.side is None else (draft.side,),
        entities=draft.entities or (),
        full=draft.full,
        policy=Policy(draft.verbs, draft.most),
        notify=Notify(tuple(re.findall(r"[^,;\s]+", draft.emails)), draft.webhook),
        account=draft.account.strip(),
        pair=draft.pair,
    )


def keep_job(bench: Workbench, name: str, job: Job) -> None:
    """Keep a job in the place of the one of that name; as a new one, enabled, where that is "".

    Raises:
        NotFound: There is none of that name.
        WrongUse: The job's name is taken, or the mapping lacks an entity of it.
    """
    if name:
        alter_job(bench, name, job)
        return
    make_job(bench, job)
    enable_job(bench.store, job.name, clock())


def schedule_of(when: When) -> Schedule:
    """Return the schedule that was typed; raises `WrongUse`."""
    if when.how is How.MINUTES:
        return Schedule(every_minutes=when.minutes)
    if when.how is How.CRON:
        if not when.cron.strip():
            raise WrongUse(tr("The schedule is empty."), tr('Write it like "0 2 * * *".'))
        return Schedule(cron=when.cron.strip())
    days = "1-5" if when.how is How.WORKDAYS else "*"
    return Schedule(cron=f"{when.at.minute} {when.at.hour} * * {days}")


def due_words(when: When, now: float) -> str:
    """Return when a job of that schedule would run next, or what is wrong with it."""
    try:
        due = next_due(schedule_of(when), now)
    except AppError as error:
        return f"{error.summary} {error.hint}".strip()
    if due is None:
        return tr("It never runs: there is no such day.")
    return tr("Next: {time}").format(time=local_time(datetime.fromtimestamp(due, UTC).isoformat()))


def _when_of(schedule: Schedule) -> When:
    if schedule.every_minutes:
        return When(How.MINUTES, minutes=schedule.every_minutes)
    found = _WALL.fullmatch(schedule.cron)
    if found is None:
        return When(How.CRON, cron=schedule.cron)
    how = How.DAILY if found[3] == "*" else How.WORKDAYS
    return When(how, at=time(int(found[2]), int(found[1])), cron=schedule.cron)
