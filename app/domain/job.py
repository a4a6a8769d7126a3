"""Jobs: a named refresh, and a commit where its policy allows, on a schedule (design.md §1)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.domain.mapping import JobRow
from app.domain.plan import Verb
from app.domain.record import Side
from app.domain.schedule import Schedule
from app.errors import WrongUse

MOST = 100
_ADDRESS = re.compile(r"[^\s@,<>]+@[^\s@,<>]+")


@dataclass(frozen=True, slots=True)
class Policy:
    """What a job may commit with nobody looking.

    Only what is ticked by rule and was not touched by a person: never a delete, never a conflict.

    Attributes:
        verbs: Insert, update; none means that nothing is committed.
        most: With more operations than this nothing is committed, and all waits for review.
    """

    verbs: frozenset[Verb] = frozenset()
    most: int = MOST

    def __post_init__(self) -> None:
        """Refuse what no job may do; raises `WrongUse`."""
        if Verb.DELETE in self.verbs:
            raise WrongUse(
                "A job never deletes.", "Give --commit insert,update; review deletes yourself."
            )
        if self.most < 1:
            raise WrongUse(
                f"A job cannot commit at most {self.most} operations.", "Give 1 or more."
            )


@dataclass(frozen=True, slots=True)
class Notify:
    """Who is told that a job failed; the settings may name people for all jobs besides."""

    emails: tuple[str, ...] = ()
    webhook: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no address; raises `WrongUse`."""
        for one in self.emails:
            if not _ADDRESS.fullmatch(one):
                raise WrongUse(f"{one!r} is no e-mail address.", "Write it like ann@example.com.")


@dataclass(frozen=True, slots=True)
class Job:
    """What is read, what may be committed, when, and who is told.

    Attributes:
        entities: None means all.
        full: Whether to read everything, not only what changed.
        account: The key of the only account whose records are read and committed, "" for all.
        pair: Whether what the mapping's rules match is paired before it is compared.
    """

    name: str
    schedule: Schedule
    sides: tuple[Side, ...] = tuple(Side)
    entities: tuple[str, ...] = ()
    full: bool = False
    policy: Policy = field(default_factory=Policy)
    notify: Notify = field(default_factory=Notify)
    account: str = ""
    pair: bool = False


@dataclass(frozen=True, slots=True)
class JobRun:
    """What came of one run; times are ISO 8601 UTC.

    Attributes:
        finished_at: `""` while it runs, and for ever where Concord ended meanwhile.
        waiting: Differences that wait for review afterwards.
        held: Why nothing was committed though the policy has verbs, `""` where that is not so.
        error: Why it failed, `""` if it did not; refused rows alone are no error.
        failures: The rows that were refused, in words; of many the first.
    """

    started_at: str
    finished_at: str = ""
    seconds: float = 0
    read: int = 0
    changed: int = 0
    written: int = 0
    failed: int = 0
    waiting: int = 0
    held: str = ""
    error: str = ""
    hint: str = ""
    failures: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether nobody needs to be told of it."""
        return not self.error and not self.failed


@dataclass(frozen=True, slots=True)
class JobState:
    """A job as the workspace knows it.

    Attributes:
        due_at: When it runs next, in seconds since 1970 UTC; None while it is paused.
    """

    job: Job
    enabled: bool = False
    due_at: float | None = None
    last: JobRun | None = None


@dataclass(frozen=True, slots=True)
class JobNotice:
    """What is told of a job that failed: which, where, why, and what to do."""

    workspace: str
    job: str
    error: str
    hint: str
    failures: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        """It in one line."""
        return f"Concord: job {self.job} of {self.workspace} failed"

    @property
    def text(self) -> str:
        """It in full."""
        return "\n".join(part for part in (self.error, *self.failures, self.hint) if part)

    def to_json(self) -> dict[str, Any]:
        """Return the body of a webhook."""
        return {
            "text": f"{self.subject}\n{self.text}",
            "workspace": self.workspace,
            "job": self.job,
            "error": self.error,
            "failures": list(self.failures),
            "hint": self.hint,
        }


def notice_of(workspace: str, job: str, run: JobRun, before: JobRun | None) -> JobNotice | None:
    """Return what is to be told of a run; None where it went well, or failed as the one before."""
    if run.is_clean:
        return None
    said = (run.error, run.failures)
    if before is not None and not before.is_clean and (before.error, before.failures) == said:
        return None
    error = run.error or f"{run.failed:,} changes were refused."
    hint = run.hint or f"See `concord history -w {workspace}`; mend and commit what was refused."
    return JobNotice(workspace, job, error, hint, run.failures)


def built_in(rows: Iterable[JobRow] = ()) -> Mapping[str, Job]:
    """Return the jobs that a workspace has to begin with, by name; they only read.

    `rows` are those of its mapping; they come after Concord's own.

    Raises:
        WrongUse: A schedule of the mapping's can never be due.
    """
    nightly = Job("nightly", Schedule(cron="0 2 * * *"), full=True)
    delta = Job("delta", Schedule(every_minutes=15))
    theirs = (
        Job(row.name, Schedule(row.cron, row.every_minutes), entities=row.entities, full=row.full)
        for row in rows
    )
    return {job.name: job for job in (nightly, delta, *theirs)}
