"""`concord serve`: jobs on their schedule and events as they come, with no window."""

import sys
from argparse import Namespace

import orjson

from app.cli import output
from app.cli.jobs import run_json, run_words
from app.domain.control import CancelToken, no_report
from app.domain.diff import Kind
from app.errors import ExitStatus
from app.services import Services
from app.sync.jobs import JobDesk, JobDone
from app.sync.serve import Served, ServeOptions, serve

_SHOWN = [kind for kind in Kind if kind is not Kind.IDENTICAL]


def run_serve(services: Services, options: Namespace, cancel: CancelToken) -> int:
    """`concord serve`: runs until it is interrupted; with `--json` a line a round and a job."""

    def told(served: Served | JobDone) -> None:
        if options.json:
            sys.stdout.write(orjson.dumps(_json(options.workspace, served)).decode() + "\n")
        else:
            sys.stdout.write(_words(served) + "\n")
        sys.stdout.flush()

    with services.workbench(options.workspace) as bench:
        chosen = ServeOptions(every_s=options.every * 60)
        jobs = JobDesk(bench, services.notifier())
        serve(bench, cancel, no_report, told, chosen, jobs=jobs)
    return ExitStatus.DONE


def _json(workspace: str, served: Served | JobDone) -> dict[str, object]:
    if isinstance(served, JobDone):
        done = {"because": "job", "workspace": workspace, "job": served.job.name}
        return {**done, **run_json(served.run)}
    return {
        "because": served.because,
        "changes": served.changes,
        **output.refresh_json(workspace, served.result),
        "differences": {kind.json_name: served.differences[kind] for kind in _SHOWN},
    }


def _words(served: Served | JobDone) -> str:
    if isinstance(served, JobDone):
        return f"job {served.job.name}: {run_words(served.run)}"
    read = sum(sum(counts.values()) for counts in served.result.read.values())
    left = sum(served.differences[kind] for kind in _SHOWN if kind is not Kind.IGNORED)
    sides = " and ".join(side.label for side in served.sides)
    return (
        f"{served.because}: read {read:,} records of {sides} in {served.result.seconds:.1f} s;"
        f" {served.result.changed:,} had changed, {left:,} differ now"
    )
