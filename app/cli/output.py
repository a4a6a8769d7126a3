"""What the command line prints: tables for people, one JSON document for scripts."""

import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

import orjson

from app.connectors.protocol import Health
from app.domain.control import Progress
from app.domain.diff import Kind
from app.domain.plan import CommitPlan, Verb
from app.domain.record import Side
from app.errors import AppError
from app.store.journal import Entry, Run
from app.sync.commit import CommitResult
from app.sync.refresh import RefreshResult

_EVERY_S = 0.1
_TELL_AFTER_S = 2.0
_MINUTE_S, _HOUR_S = 60, 3600


class ProgressLine:
    """Shows progress on stderr: one line that is written over on a terminal, nothing elsewhere.

    Where it is known how much there is, it says how long it will still take, as fast as it went;
    else how many there are in a second.
    """

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._last = 0.0
        self._began: dict[str, tuple[float, int]] = {}

    def __call__(self, progress: Progress) -> None:
        """Show a progress, at most ten times a second."""
        now = time.monotonic()
        if self._shown and now - self._last >= _EVERY_S:
            self._last = now
            total = f" of {progress.total:,}" if progress.total else ""
            pace = self._pace(progress, now)
            words = f"{progress.what}: {progress.done:,}{total}{pace}"
            print(f"\r\x1b[K{words}", end="", file=sys.stderr)

    def _pace(self, progress: Progress, now: float) -> str:
        """Return how fast it goes, in words; a commit looks again in between, and goes on then."""
        name = progress.phase or progress.what.partition(" ")[0]
        began, before = self._began.setdefault(name, (now, progress.done))
        done, seconds = progress.done - before, now - began
        if seconds < _TELL_AFTER_S or done <= 0:
            return ""
        if not progress.total:
            return f", {done / seconds:,.0f} a second"
        left = (progress.total - progress.done) * seconds / done
        return f", about {_duration(left)} left"

    def end(self) -> None:
        """Clear the line."""
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _duration(seconds: float) -> str:
    """Return a time as people say it."""
    if seconds >= _HOUR_S:
        return f"{seconds // _HOUR_S:.0f} h {seconds % _HOUR_S // _MINUTE_S:.0f} min"
    if seconds >= _MINUTE_S:
        return f"{seconds // _MINUTE_S:.0f} min {seconds % _MINUTE_S:.0f} s"
    return f"{max(1, seconds):.0f} s"


def json_text(value: object) -> str:
    """Return one JSON document."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def print_json(value: object) -> None:
    """Print one JSON document."""
    print(json_text(value))


def print_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows in columns; numbers stand to the right."""
    write_table(head, rows, sys.stdout)


def write_table(head: Sequence[str], rows: Iterable[Sequence[object]], file: TextIO) -> None:
    """Write rows in columns; numbers stand to the right."""
    texts = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(row[i]) for row in [list(head), *texts]) for i in range(len(head))]
    numeric = [all(_is_number(row[i]) for row in texts) and bool(texts) for i in range(len(head))]
    for row in [list(head), *texts]:
        cells = (
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(row, widths, numeric, strict=True)
        )
        file.write("  ".join(cells).rstrip() + "\n")


def print_error(error: AppError, *, as_json: bool) -> None:
    """Print an error: in words on stderr, with `--json` as a document on stdout too."""
    print(f"concord: {error.summary}", file=sys.stderr)
    if error.hint:
        print(f"  {error.hint}", file=sys.stderr)
    if as_json:
        kind = type(error).__name__
        print_json({"error": {"kind": kind, "summary": error.summary, "hint": error.hint}})


def refresh_json(workspace: str, result: RefreshResult) -> dict[str, Any]:
    """Return what `refresh --json` prints."""
    return {
        "workspace": workspace,
        "read": {side.value: dict(counts) for side, counts in result.read.items()},
        "changed": result.changed,
        "unkeyed": result.unkeyed,
        "set_aside": [str(copy) for copy in result.set_aside],
        "calls": calls_json(result.calls),
        "seconds": round(result.seconds, 3),
    }


def compare_json(
    workspace: str, counts: Mapping[str, Mapping[Kind, int]], total: Mapping[Kind, int]
) -> dict[str, Any]:
    """Return what `compare --json` prints."""
    return {
        "workspace": workspace,
        "entities": {name: _kinds(found) for name, found in counts.items()},
        "total": _kinds(total),
    }


def plan_json(file: str, plan: CommitPlan) -> dict[str, Any]:
    """Return what `plan --json` prints."""
    return {
        "file": file,
        "operations": {verb.value: plan.counts[verb] for verb in Verb},
        "forecast": plan.forecast.to_json(),
        "problems": [
            {"severity": p.severity, "entity": p.entity, "key": p.key, "message": p.message}
            for p in plan.problems
        ],
        "not_checked": list(plan.not_checked),
    }


def commit_json(result: CommitResult) -> dict[str, Any]:
    """Return what `commit --json`, `resume --json` print."""
    return {
        "commit": result.commit,
        "selected": result.selected,
        "sent": result.sent,
        "written": result.written,
        "failed": result.failed,
        "stale": result.stale,
        "skipped": result.skipped,
        "unknown": result.unknown,
        "calls": calls_json(result.calls),
        "seconds": round(result.seconds, 3),
        "forecast": result.forecast.to_json(),
        "approved_by": list(result.approved_by),
        "stopped_by": result.stopped_by,
        "failures": [
            {
                "entity": failure.entity,
                "key": failure.key,
                "field": failure.field,
                "outcome": failure.state.name.lower(),
                "message": failure.message,
            }
            for failure in result.failures
        ],
    }


def run_json(run: Run) -> dict[str, Any]:
    """Return one commit of `history --json`."""
    return {
        "commit": run.id,
        "who": run.who,
        "state": run.state,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "connections": {side: dict(noted) for side, noted in run.connections.items()},
        "outcomes": {state.name.lower(): count for state, count in run.counts.items()},
        "calls": dict(run.calls),
        "seconds": round(run.seconds, 3),
    }


def entry_json(entry: Entry, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return one operation of `history --json`."""
    operation = entry.operation
    return {
        "commit": entry.run,
        "entity": operation.entity,
        "key": operation.key,
        "side": operation.side.value,
        "verb": operation.verb.value,
        "outcome": entry.state.name.lower(),
        "message": entry.message,
        "field": entry.field,
        "intent_at": entry.intent_at,
        "done_at": entry.done_at,
        "unmapped": list(entry.unmapped),
        "changes": {
            name: {"before": before, "after": after} for name, (before, after) in changes.items()
        },
    }


def health_json(name: str, health: Health) -> dict[str, Any]:
    """Return what `connect --check --json` says of a connection."""
    return {
        "connection": name,
        "instance": health.instance,
        "user": health.user,
        "version": health.version,
        "quotas": [
            {"name": quota.name, "left": quota.left, "maximum": quota.maximum}
            for quota in health.quotas
        ],
        "missing": list(health.missing),
    }


def calls_json(calls: Mapping[Side, int]) -> dict[str, int]:
    """Return calls by the name of the side; a side that was not asked has 0."""
    return {side.value: calls.get(side, 0) for side in Side}


def _kinds(counts: Mapping[Kind, int]) -> dict[str, int]:
    return {kind.json_name: count for kind, count in counts.items()}


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _is_number(text: str) -> bool:
    return text.replace(",", "").replace(".", "").isdigit()
