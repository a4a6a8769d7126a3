"""Jobs: read and compare what a job names, commit what its policy allows, leave the rest."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo

from app.domain.control import CancelToken, Report
from app.domain.diff import Kind
from app.domain.job import Job, JobNotice, JobRun, Policy, notice_of
from app.domain.plan import CommitPlan
from app.domain.proposal import NO_CHOICE, is_ticked
from app.errors import AppError, Cancelled, StoreError, WrongUse
from app.store import journal
from app.store.choices import all_choices
from app.store.comparison import stored_diffs
from app.store.jobs import add_job, change_job, is_due, job_states, note_run, take_due
from app.sync.commit import CommitResult, commit
from app.sync.compare import compare, total
from app.sync.pairing import pair_by_rules
from app.sync.planner import Selection, account_keys, build_plan
from app.sync.refresh import RefreshRequest, RefreshResult, refresh
from app.sync.workbench import Workbench

Tell = Callable[[Job, JobNotice], None]
_SETTLED = {Kind.IDENTICAL, Kind.IGNORED, Kind.HELD_BACK}
_FAILURES_TOLD = 20
_PLANS_AT_MOST = 4
_BROKE_OFF = "Concord ended while the job ran."
_Keys = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class JobDone:
    """A job that ran, and what came of it."""

    job: Job
    run: JobRun


@dataclass(frozen=True, slots=True)
class JobDesk:
    """Runs a workspace's jobs, and has failures told.

    Attributes:
        tell: Called with a job and what is to be told of it; it raises nothing.
        clock: Seconds since 1970 UTC.
        zone: That of cron schedules; None for the machine's own.
    """

    bench: Workbench
    tell: Tell
    clock: Callable[[], float] = time.time
    zone: tzinfo | None = None

    def is_due(self) -> bool:
        """Return whether a job waits to be run; asks the store alone."""
        return is_due(self.bench.store, self.clock())

    def run_due(self, cancel: CancelToken, report: Report) -> Iterator[JobDone]:
        """Run what is due now, one after the other, each once for each due time.

        What becomes due meanwhile waits for the next call, so that jobs cannot take all the time.

        Raises:
            Cancelled: The job under way was stopped; those after it are still due.
            StoreError: The store cannot be written, or another process holds it.
        """
        self.bench.store.claim()  # before anything is taken that could then not be run
        now = self.clock()
        while (job := take_due(self.bench.store, now, self.zone)) is not None:
            yield self.run(job, cancel, report)

    def run(self, job: Job, cancel: CancelToken, report: Report) -> JobDone:
        """Run a job now, whatever its schedule says; a failure is told, and in the result.

        Raises:
            Cancelled: It was stopped, which is noted.
            StoreError: The store cannot be written, or another process holds it.
        """
        self.bench.store.claim()
        before = self._last(job)
        run = run_job(self.bench, job, cancel, report)
        self._tell(job, run, before)
        return JobDone(job, run)

    def settle_broken(self) -> None:
        """Note and tell of jobs that were at work when Concord last ended.

        Raises:
            WorkspaceBusy: Another process holds the workspace; the job may be at work there.
        """
        self.bench.store.claim()
        for state in job_states(self.bench.store):
            if state.last is not None and not state.last.finished_at:
                hint = f"Look at it with `concord history -w {self.bench.name}`, then run it again."
                run = replace(
                    state.last, finished_at=journal.now_text(), error=_BROKE_OFF, hint=hint
                )
                note_run(self.bench.store, state.job.name, run)
                self._tell(state.job, run, None)

    def _last(self, job: Job) -> JobRun | None:
        states = job_states(self.bench.store)
        return next((state.last for state in states if state.job.name == job.name), None)

    def _tell(self, job: Job, run: JobRun, before: JobRun | None) -> None:
        notice = notice_of(self.bench.name, job.name, run, before)
        if notice is not None:
            self.tell(job, notice)


def make_job(bench: Workbench, job: Job) -> None:
    """Keep a new job, paused.

    Raises:
        WrongUse: Its name is taken, or the mapping lacks an entity of it.
    """
    _check(bench, job)
    add_job(bench.store, job)


def alter_job(bench: Workbench, name: str, job: Job) -> None:
    """Put a job in the place of one of people's own, which keeps whether it is paused.

    Raises:
        NotFound: There is none of that name.
        WrongUse: It is not people's own, the new name is taken, or the mapping lacks an entity.
    """
    _check(bench, job)
    change_job(bench.store, name, job, time.time())


def _check(bench: Workbench, job: Job) -> None:
    for name in job.entities:
        if name not in bench.mapping.by_name:
            known = ", ".join(bench.mapping.by_name)
            raise WrongUse(f"The mapping has no entity {name!r}.", f"Its entities are: {known}.")
    of_account(bench, job, job.account)


def of_account(bench: Workbench, job: Job, account: str) -> Job:
    """Return a job as it is for one account, under a name of its own; `account` "" changes nothing.

    Raises:
        WrongUse: It reads nothing that belongs to accounts.
    """
    if not account:
        return job
    belonging = {entity.name for entity in bench.mapping.of_account()}
    if not belonging or (job.entities and belonging.isdisjoint(job.entities)):
        raise WrongUse(
            f"The job {job.name!r} reads nothing that belongs to an account.",
            f"These entities do: {', '.join(sorted(belonging)) or 'none of this mapping'}.",
        )
    return replace(job, name=f"{job.name} {account}", account=account)


def run_job(bench: Workbench, job: Job, cancel: CancelToken, report: Report) -> JobRun:
    """Run a job and note what came of it; what goes wrong with a side is in the result.

    Raises:
        Cancelled: It was stopped, which is noted.
        StoreError: The store cannot be written.
    """
    started, run = time.monotonic(), JobRun(journal.now_text())
    note_run(bench.store, job.name, run)
    stopped: Cancelled | None = None
    try:
        run = _carry_out(bench, job, run, cancel, report)
    except StoreError:
        raise
    except AppError as error:
        run = replace(run, error=error.summary, hint=error.hint)
        stopped = error if isinstance(error, Cancelled) else None
    seconds = round(time.monotonic() - started, 3)
    run = replace(run, finished_at=journal.now_text(), seconds=seconds)
    note_run(bench.store, job.name, run)
    if stopped is not None:
        raise stopped
    return run


def _carry_out(
    bench: Workbench, job: Job, run: JobRun, cancel: CancelToken, report: Report
) -> JobRun:
    wanted = RefreshRequest(job.sides, job.entities, job.full, job.account)
    result = refresh(bench, wanted, cancel, report)
    if job.pair:
        pair_by_rules(bench, job.entities, cancel)
    counts = compare(bench, cancel, report)
    read = sum(sum(found.values()) for found in result.read.values())
    run = replace(run, read=read, changed=result.changed)
    plan, held = None, _obstacle(bench, result) if job.policy.verbs else ""
    if job.policy.verbs and not held:
        plan, held = plan_within(bench, job, cancel, report)
    if plan is not None:
        run = _committed(run, commit(bench, plan, cancel, report))
        counts = compare(bench, CancelToken(), report)
    summed = total(counts.values())
    waiting = sum(count for kind, count in summed.items() if kind not in _SETTLED)
    return replace(run, waiting=waiting, held=held)


def _committed(run: JobRun, result: CommitResult) -> JobRun:
    failures = tuple(
        f"{one.entity} {one.key} {one.field}".rstrip() + f": {one.message}"
        for one in result.failures[:_FAILURES_TOLD]
    )
    hint = "`concord resume` brings the commit to its end." if result.stopped_by else ""
    return replace(
        run,
        written=result.written,
        failed=result.failed + result.stale + result.skipped,
        failures=failures,
        error=result.stopped_by,
        hint=hint,
    )


def plan_within(
    bench: Workbench, job: Job, cancel: CancelToken, report: Report
) -> tuple[CommitPlan | None, str]:
    """Return the plan that a job may commit, None for none; and why what it could do is held.

    Records with an error in the plan are left out of it. What a record needs that the job may not
    commit itself holds all.
    """
    policy, keys = job.policy, _allowed(bench, job)
    for _ in range(_PLANS_AT_MOST):
        count = sum(len(some) for some in keys.values())
        if not 0 < count <= policy.most:
            return None, _too_many(policy) if count else ""
        plan = build_plan(bench, Selection(job.entities, policy.verbs, keys), cancel, report)
        held, wrong = _objection(plan, policy, keys)
        if held or not wrong:
            return (None if held or not plan.operations else plan), held
        keys = {name: some - wrong.get(name, frozenset()) for name, some in keys.items()}
    return None, "there are errors in the plan"


def _obstacle(bench: Workbench, read: RefreshResult) -> str:
    """Return why nothing at all is to be written now, `""` if nothing speaks against it."""
    if read.set_aside:
        return "another organisation answers than before"
    if journal.open_runs(bench.store):
        return "a commit broke off: `concord resume` first"
    return ""


def _too_many(policy: Policy) -> str:
    return f"more than {policy.most:,} operations"


def _allowed(bench: Workbench, job: Job) -> _Keys:
    """Return the records that a rule ticks and no person touched; one more than may be is enough.

    What somebody chose is that person's to commit.
    """
    touched = {link for link, choice in all_choices(bench.store).items() if choice != NO_CHOICE}
    only = account_keys(bench, job.account) if job.account else None
    keys: dict[str, frozenset[str]] = {}
    left = job.policy.most + 1
    for entity in bench.mapping.entities:
        if job.entities and entity.name not in job.entities:
            continue
        found: set[str] = set()
        for one in stored_diffs(bench.store, entity):
            if len(found) == left:
                break
            wanted = only is None or one.pair.key in only.get(entity.name, frozenset())
            by_rule = is_ticked(one.kind, NO_CHOICE) and not one.deleted
            if wanted and by_rule and one.link not in touched:
                found.add(one.pair.key)
        keys[entity.name] = frozenset(found)
        left -= len(found)
    return keys


def _objection(
    plan: CommitPlan, policy: Policy, keys: _Keys
) -> tuple[str, dict[str, frozenset[str]]]:
    """Return why a plan is held whole (`""`: it is not), and which records have to be left out."""
    if len(plan.operations) > policy.most:
        return _too_many(policy), {}
    for operation in plan.operations:
        place = f"{operation.entity} {operation.key}"
        if operation.key not in keys.get(operation.entity, frozenset()):
            return f"{place} is needed too, and waits for review", {}
        if operation.verb not in policy.verbs:
            return f"{place} would need {operation.verb.value}", {}
    wrong: dict[str, frozenset[str]] = {}
    for problem in plan.problems:
        if problem.severity != "error":
            continue
        if problem.key not in keys.get(problem.entity, frozenset()):
            return problem.message, {}
        wrong[problem.entity] = wrong.get(problem.entity, frozenset()) | {problem.key}
    return "", wrong
