"""`concord jobs`: what is done on a schedule."""

import getpass
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from app.cli import output
from app.cli.asking import question
from app.cli.commands import verbs_of
from app.domain.control import CancelToken
from app.domain.job import Job, JobRun, JobState, Notify, Policy
from app.domain.plan import Verb
from app.domain.record import Side
from app.domain.schedule import Schedule
from app.errors import ExitStatus, WrongUse
from app.services import Services
from app.settings import checked_name
from app.store.jobs import disable_job, enable_job, job_state, job_states, remove_job
from app.sync.jobs import JobDesk, make_job, of_account
from app.sync.notices import MAIL_PASSWORD, PLACE, WEBHOOK
from app.sync.workbench import Workbench

_HEAD = ("job", "schedule", "reads", "commits", "next run", "last run", "result")


def run_jobs(services: Services, options: Namespace, cancel: CancelToken) -> int:
    """`concord jobs`."""
    if options.what == "secret":
        return _keep_secret(services, options)
    if options.what != "list" and not options.name:
        raise WrongUse(
            f"Which job is to {options.what}?", f"Write `concord jobs -w NAME {options.what} JOB`."
        )
    with services.workbench(options.workspace) as bench:
        if options.what == "run":
            return _run(services, bench, options, cancel)
        if options.what in _CHANGES:
            _CHANGES[options.what](bench, options)
        _list(options, job_states(bench.store))
    return ExitStatus.DONE


def run_words(run: JobRun) -> str:
    """Return in a line what came of a run."""
    if not run.finished_at:
        return "at work, or broke off"
    words = [f"read {run.read:,}", f"{run.changed:,} changed", f"{run.written:,} written"]
    if run.failed:
        words.append(f"{run.failed:,} not written")
    words.append(f"{run.waiting:,} wait for review in all")
    if run.held:
        words.append(f"nothing committed: {run.held}")
    return f"failed: {run.error} {run.hint}".rstrip() if run.error else ", ".join(words)


def run_json(run: JobRun) -> dict[str, Any]:
    """Return what `--json` prints of a run."""
    return {
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "seconds": run.seconds,
        "read": run.read,
        "changed": run.changed,
        "written": run.written,
        "failed": run.failed,
        "waiting": run.waiting,
        "held": run.held,
        "error": run.error,
        "hint": run.hint,
        "failures": list(run.failures),
    }


def _run(services: Services, bench: Workbench, options: Namespace, cancel: CancelToken) -> int:
    job = of_account(bench, job_state(bench.store, options.name).job, options.account.strip())
    line = output.ProgressLine()
    try:
        run = JobDesk(bench, services.notifier()).run(job, cancel, line).run
    finally:
        line.end()
    if options.json:
        output.print_json({"workspace": options.workspace, "job": job.name, **run_json(run)})
    else:
        print(run_words(run))
        for words in run.failures:
            print(f"  {words}")
    return ExitStatus.DONE if run.is_clean and not run.held else ExitStatus.DIFFERENCES


def _add(bench: Workbench, options: Namespace) -> None:
    schedule = Schedule(options.cron.strip(), options.every)
    verbs = verbs_of("--commit", options.commit) if options.commit else frozenset[Verb]()
    job = Job(
        name=checked_name(options.name),
        schedule=schedule,
        sides=(Side(options.side),) if options.side else tuple(Side),
        entities=tuple(options.entity),
        full=options.full,
        policy=Policy(verbs, options.most),
        notify=Notify(tuple(options.notify_email), options.notify_webhook),
        account=options.account.strip(),
        pair=options.pair,
    )
    make_job(bench, job)
    enable_job(bench.store, job.name, time.time())


def _enable(bench: Workbench, options: Namespace) -> None:
    enable_job(bench.store, options.name, time.time())


def _disable(bench: Workbench, options: Namespace) -> None:
    disable_job(bench.store, options.name)


def _remove(bench: Workbench, options: Namespace) -> None:
    remove_job(bench.store, options.name)


_CHANGES: Mapping[str, Callable[[Workbench, Namespace], None]] = {
    "add": _add,
    "enable": _enable,
    "disable": _disable,
    "remove": _remove,
}


def _keep_secret(services: Services, options: Namespace) -> int:
    """Keep the mail server's password, or the webhook's address, as a secret."""
    names = (MAIL_PASSWORD, WEBHOOK)
    if options.name not in names:
        raise WrongUse(
            f"There is no secret {options.name!r} for notices.", f"There are: {', '.join(names)}."
        )
    asks = sys.stdin.isatty()
    with question():
        value = getpass.getpass(f"{options.name}: ") if asks else sys.stdin.readline().strip()
    if not value:
        raise WrongUse("The secret is empty.", "Type it, or give it as a line of stdin.")
    saved = services.credentials.set(PLACE, options.name, value)
    if options.json:
        output.print_json({"secret": options.name, "saved": saved})
    elif saved:
        print(f"{options.name} is saved.")
    if not saved:
        print(f"  {services.credentials.where()}", file=sys.stderr)
    return ExitStatus.DONE


def _list(options: Namespace, states: list[JobState]) -> None:
    if options.json:
        rows = [_state_json(state) for state in states]
        output.print_json({"workspace": options.workspace, "jobs": rows})
        return
    output.print_table(_HEAD, [_cells(state) for state in states])


def _cells(state: JobState) -> list[str]:
    job, last = state.job, state.last
    sides = " and ".join(side.label for side in job.sides)
    whose = f" of {job.account}" if job.account else ""
    reads = f"{sides}: {', '.join(job.entities) or 'all'}{whose}{', full' if job.full else ''}"
    verbs = ", ".join(sorted(verb.value for verb in job.policy.verbs))
    commits = f"{verbs}, at most {job.policy.most:,}" if verbs else "nothing"
    due = "never" if state.due_at is None else _local(datetime.fromtimestamp(state.due_at, UTC))
    began = "" if last is None else _local(datetime.fromisoformat(last.started_at))
    result = "" if last is None else run_words(last)
    next_run = due if state.enabled else "paused"
    return [job.name, str(job.schedule), reads, commits, next_run, began, result]


def _local(time: datetime) -> str:
    return f"{time.astimezone():%Y-%m-%d %H:%M}"


def _state_json(state: JobState) -> dict[str, Any]:
    job, due = state.job, state.due_at
    return {
        "job": job.name,
        "enabled": state.enabled,
        "cron": job.schedule.cron,
        "every_minutes": job.schedule.every_minutes,
        "sides": [side.value for side in job.sides],
        "entities": list(job.entities),
        "full": job.full,
        "account": job.account,
        "pair": job.pair,
        "commit": sorted(verb.value for verb in job.policy.verbs),
        "most": job.policy.most,
        "notify": {"emails": list(job.notify.emails), "webhook": job.notify.webhook},
        "next_run": None if due is None else datetime.fromtimestamp(due, UTC).isoformat(),
        "last": None if state.last is None else run_json(state.last),
    }
