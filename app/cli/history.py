"""`concord history`: what was committed, found again, exported, proven and let go."""

import getpass
import re
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from app.cli import output
from app.cli.asking import question
from app.cli.commands import progress
from app.domain.control import CancelToken
from app.domain.forecast import Forecast
from app.domain.plan import OutcomeState
from app.domain.plan_json import changes_json
from app.domain.record import Side
from app.errors import Cancelled, ExitStatus, WrongUse, file_trouble
from app.services import Services
from app.store import journal
from app.store.journal_head import Head
from app.store.journal_prune import Retention, prunable, prune
from app.store.journal_search import Wanted, names_entity, search
from app.store.journal_verify import Verification, verify
from app.sync.history import history_rows, write_history
from app.sync.workbench import Workbench

_RUNS_SHOWN = 50
_DATE_LENGTH = len("2026-11-22")


def run_history(services: Services, options: Namespace, cancel: CancelToken) -> int:
    """`concord history`: exit status 1 where `--verify` finds something."""
    _check(options)
    expected = _head(options.head) if options.head else None
    wanted = _wanted(options)
    with services.workbench(options.workspace) as bench:
        if options.verify:
            return _print_verification(verify(bench.store, cancel, expected), options)
        if options.prune:
            return _prune(services, bench, options)
        if options.commit:
            journal.find_run(bench.store, options.commit)
        if wanted.record:
            _check_entity(bench, wanted.record[0])
        if options.format == "csv":
            return _export(bench, options, wanted)
        if wanted == Wanted():
            return _print_runs(bench, options)
        return _print_entries(bench, options, wanted)


def _check(options: Namespace) -> None:
    if options.verify and options.prune:
        raise WrongUse("--verify and --prune exclude each other.", "Leave out one of them.")
    if options.head and not options.verify:
        raise WrongUse("--head belongs to --verify.", "Add --verify.")
    if (options.keep_days or options.keep_commits) and not options.prune:
        raise WrongUse(
            "--keep-days and --keep-commits belong to --prune.",
            "Add --prune, or keep them for good with `concord workspace keep`.",
        )
    if options.output and options.format != "csv":
        raise WrongUse("-o takes a table of changes.", "Add --format csv.")
    if options.json and options.format == "csv":
        raise WrongUse("--json and --format csv exclude each other.", "Leave out one of them.")
    _record(options)


def _record(options: Namespace) -> tuple[str, str] | None:
    """Return entity and key of `--record`: the key may stand behind `--` (POSIX, guideline 10)."""
    words = [*(options.record or ()), *filter(None, [options.key])]
    if not words:
        return None
    if options.record is None:
        raise WrongUse(f"{options.key!r} belongs to no option.", "Write --record ENTITY KEY.")
    if len(words) != 2:  # noqa: PLR2004 - an entity and a key
        raise WrongUse(
            f"--record takes an entity and a key, not {' '.join(words)!r}.",
            "Write --record ENTITY KEY; a key that begins with a dash stands behind --, at the end:"
            " --record ENTITY -- KEY.",
        )
    return words[0], words[1]


def _check_entity(bench: Workbench, name: str) -> None:
    """Raise where neither the mapping nor the history has an entity of the name."""
    if name not in bench.mapping.by_name and not names_entity(bench.store, name):
        known = ", ".join(bench.mapping.by_name)
        raise WrongUse(
            f"Neither the mapping nor the history has an entity {name!r}.",
            f"The mapping's entities are: {known}.",
        )


def _wanted(options: Namespace) -> Wanted:
    return Wanted(
        run=options.commit or "",
        record=_record(options),
        text=options.search or "",
        field=options.field or "",
        who=options.who or "",
        since=_instant(options.since, "--since"),
        until=_instant(options.until, "--until", whole_day=True),
        states=tuple(_state(word) for word in options.outcome),
    )


def _instant(text: str | None, option: str, *, whole_day: bool = False) -> str:
    """Return an instant as the journal writes it; a day is UTC, and its end with `whole_day`."""
    if not text:
        return ""
    try:
        if len(text) == _DATE_LENGTH:
            day = date.fromisoformat(text)
            if whole_day and day == date.max:
                return f"{day.isoformat()}T23:59:59Z"  # after it there is none
            return f"{(day + timedelta(days=int(whole_day))).isoformat()}T00:00:00Z"
        found = datetime.fromisoformat(text)
        aware = found if found.tzinfo else found.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    except (ValueError, OverflowError) as error:
        raise WrongUse(
            f"{option} {text} is no date from the year 1 to 9999.",
            "Write 2026-11-22 or 2026-11-22T14:30:00+01:00.",
        ) from error


def _state(word: str) -> OutcomeState:
    return OutcomeState[word.upper()]


def _head(text: str) -> Head:
    if not re.fullmatch(r"[0-9]{1,15}:[0-9a-f]{64}", text):
        raise WrongUse(
            f"{text!r} is no head of a journal.", "Give it as an earlier --verify printed it."
        )
    number, _, found = text.partition(":")
    return Head(int(number), found)


def _print_verification(found: Verification, options: Namespace) -> int:
    if options.json:
        faults = [
            {"commit": fault.run, "record": fault.record, "message": fault.words}
            for fault in found.faults
        ]
        output.print_json(
            {
                "workspace": options.workspace,
                "sound": found.is_sound,
                "commits": found.runs,
                "events": found.events,
                "head": str(found.head),
                "faults": faults,
                "remarks": list(found.remarks),
            }
        )
    else:
        for fault in found.faults:
            where = " ".join(part for part in (fault.run, fault.record) if part)
            print(f"{where or 'journal'}: {fault.words}")
        for words in found.remarks:
            print(words)
        verdict = "is not as it was written" if found.faults else "is as it was written"
        print(f"The journal of {found.runs:,} commits ({found.events:,} events) {verdict}.")
        print(f"Head: {found.head}")
    return ExitStatus.DONE if found.is_sound else ExitStatus.DIFFERENCES


def _prune(services: Services, bench: Workbench, options: Namespace) -> int:
    workspace = services.workspace(options.workspace)
    policy = Retention(workspace.keep_days, workspace.keep_commits)
    if options.keep_days or options.keep_commits:
        policy = Retention(options.keep_days or 0, options.keep_commits or 0)
    if policy.keeps_all:
        raise WrongUse(
            f"Workspace {workspace.name!r} keeps all of its history.",
            "Say --keep-days N or --keep-commits N, or set it with `concord workspace keep`.",
        )
    bench.store.claim()
    gone = prunable(bench.store, policy)
    if gone and not options.yes:
        _confirm(len(gone), str(policy))
    changes = prune(bench.store, gone, getpass.getuser(), policy) if gone else 0
    if options.json:
        document = {"workspace": workspace.name, "policy": str(policy), "pruned": gone}
        output.print_json({**document, "operations": changes})
    else:
        print(f"{len(gone):,} commits with {changes:,} changes are gone ({policy}).")
    return ExitStatus.DONE


def _confirm(count: int, policy: str) -> None:
    if not sys.stdin.isatty():
        raise WrongUse("Pruning asks before it lets go.", "Add --yes.")
    print(f"let {count:,} commits go for good ({policy})? [y/N]: ", end="", file=sys.stderr)
    with question():
        answer = input().strip()
    if answer.lower() not in {"y", "yes"}:
        raise Cancelled("Nothing was pruned.")


def _entries(bench: Workbench, options: Namespace, wanted: Wanted) -> Iterator[journal.Entry]:
    """Return what is wanted: one commit in the order of sending, anything else newest first."""
    if _is_whole(wanted):
        found = journal.entries(bench.store, run=wanted.run)
    else:
        found = search(bench.store, wanted)
    return islice(found, options.limit)


def _is_whole(wanted: Wanted) -> bool:
    return bool(wanted.run) and wanted == Wanted(run=wanted.run)


def _export(bench: Workbench, options: Namespace, wanted: Wanted) -> int:
    runs = {run.id: run for run in journal.runs(bench.store)}
    with _text_file(options.output) as file, progress():
        write_history(history_rows(_entries(bench, options, wanted), runs), file)
    return ExitStatus.DONE


@contextmanager
def _text_file(file: Path | None) -> Iterator[TextIO]:
    """Write as it comes: a journal can be larger than what should stand in memory."""
    if file is None:
        yield sys.stdout
        return
    try:
        with file.open("w", encoding="utf-8", newline="") as opened:
            yield opened
    except OSError as error:
        raise WrongUse(
            f"{file} cannot be written: {file_trouble(error)}.", "Name another file with -o."
        ) from error


def _print_entries(bench: Workbench, options: Namespace, wanted: Wanted) -> int:
    found = _entries(bench, options, wanted)
    told = _told_of(bench, wanted.run) if _is_whole(wanted) else {}
    if options.json:
        rows = [output.entry_json(e, changes_json(e.operation.changes)) for e in found]
        output.print_json({"workspace": options.workspace, "operations": rows, **told})
        return ExitStatus.DONE
    if told:
        _print_told(told)
    entry = None
    for entry in found:
        _print_entry(entry)
    if entry is None:
        print("No change was found.")
    return ExitStatus.DONE


def _told_of(bench: Workbench, run: str) -> dict[str, Any]:
    """Return who planned and approved a commit, and what it took beside what was forecast."""
    found = journal.find_run(bench.store, run)
    try:
        plan = journal.plan_of(bench.store, run)
    except ValueError:  # tampered with, as --verify tells; what else there is is still shown
        plan = {}
    return {
        "planned_by": plan.get("created_by", ""),
        "approvals": plan.get("approvals", []),
        "forecast": plan.get("forecast", Forecast().to_json()),
        "calls": dict(found.calls),
        "seconds": round(found.seconds, 3),
    }


def _print_told(told: dict[str, Any]) -> None:
    if told["planned_by"]:
        print(f"planned by {told['planned_by']}")
    for one in told["approvals"]:
        print(f"approved by {one['who']} at {one['at']}")
    forecast = told["forecast"]
    for side in Side:
        calls, expected = (cost.get(side.value, 0) for cost in (told["calls"], forecast["calls"]))
        print(f"{calls:,} calls to {side.label}, forecast were {expected:,}")
    print(f"{told['seconds']:.1f} s, forecast were {forecast['seconds']:.0f} s")


def _print_entry(entry: journal.Entry) -> None:
    operation = entry.operation
    print(
        f"{entry.intent_at}  {entry.run}  {operation.verb.value} {operation.entity}"
        f" {operation.key} in {operation.side.label}: {entry.state.name.lower()}"
        f"{f'; {entry.message}' if entry.message else ''}"
    )
    for name, (before, after) in changes_json(operation.changes).items():
        print(f"    {name}: {before!r} → {after!r}")
    if entry.unmapped:
        print(f"    not in the mapping any more: {', '.join(entry.unmapped)}")


def _print_runs(bench: Workbench, options: Namespace) -> int:
    limit = _RUNS_SHOWN if options.limit is None else options.limit
    found: Sequence[journal.Run] = journal.runs(bench.store)[:limit]
    if options.json:
        rows = [output.run_json(run) for run in found]
        output.print_json({"workspace": options.workspace, "commits": rows})
        return ExitStatus.DONE
    states = [state for state in OutcomeState if any(state in run.counts for run in found)]
    output.print_table(
        ["commit", "who", "state", "started", *(state.name.lower() for state in states)],
        (
            [run.id, run.who, run.state, run.started_at, *(run.counts.get(s, 0) for s in states)]
            for run in found
        ),
    )
    return ExitStatus.DONE
