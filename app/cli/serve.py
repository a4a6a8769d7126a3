"""`concord serve`: events as they come, with no window."""

import sys
from argparse import Namespace

import orjson

from app.cli import output
from app.domain.control import CancelToken
from app.domain.diff import Kind
from app.errors import ExitStatus
from app.services import Services
from app.sync.serve import Served, ServeOptions, serve

_SHOWN = [kind for kind in Kind if kind is not Kind.IDENTICAL]


def run_serve(services: Services, options: Namespace, cancel: CancelToken) -> int:
    """`concord serve`: runs until it is interrupted; with `--json` a line for each round."""

    def told(served: Served) -> None:
        if options.json:
            sys.stdout.write(orjson.dumps(_json(options.workspace, served)).decode() + "\n")
        else:
            sys.stdout.write(_words(served) + "\n")
        sys.stdout.flush()

    with services.workbench(options.workspace) as bench:
        chosen = ServeOptions(every_s=options.every * 60)
        serve(bench, cancel, lambda _progress: None, told, chosen)
    return ExitStatus.DONE


def _json(workspace: str, served: Served) -> dict[str, object]:
    return {
        "because": served.because,
        "changes": served.changes,
        **output.refresh_json(workspace, served.result),
        "differences": {kind.json_name: served.differences[kind] for kind in _SHOWN},
    }


def _words(served: Served) -> str:
    read = sum(sum(counts.values()) for counts in served.result.read.values())
    left = sum(served.differences[kind] for kind in _SHOWN if kind is not Kind.IGNORED)
    sides = " and ".join(side.label for side in served.sides)
    return (
        f"{served.because}: read {read:,} records of {sides} in {served.result.seconds:.1f} s;"
        f" {served.result.changed:,} had changed, {left:,} differ now"
    )
