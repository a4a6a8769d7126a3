"""What each command does with what was typed; returns the exit status."""

import getpass
import re
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import TextIO

from app.cli import output
from app.cli.asking import question
from app.cli.holding import held_of, held_words
from app.cli.ignoring import run_ignore
from app.cli.offers import compare_billing
from app.cli.pairing import waiting_words
from app.cli.reconcile import gap_words, reconciled_json
from app.domain.control import CancelToken
from app.domain.diff import Kind
from app.domain.forecast import Forecast
from app.domain.plan import CommitPlan, Verb
from app.domain.record import Side
from app.errors import Cancelled, ExitStatus, WrongUse, file_trouble
from app.services import Services
from app.store.journal import now_text
from app.store.unread import unread
from app.sync.commit import CommitResult, commit, not_written, resume, together
from app.sync.compare import compare, total
from app.sync.plan_file import approve, load_plan, save_plan
from app.sync.planner import Selection, account_keys, build_plan
from app.sync.reconcile import Reconciled, reconcile
from app.sync.refresh import RefreshRequest, refresh
from app.sync.report import HEAD, report_rows, write_csv, write_html
from app.sync.undo import UndoPart, build_undo
from app.sync.workbench import Workbench

_SHOWN = [kind for kind in Kind if kind is not Kind.IDENTICAL]


@contextmanager
def progress() -> Iterator[output.ProgressLine]:
    """Show progress while a piece of work runs."""
    line = output.ProgressLine()
    try:
        yield line
    finally:
        line.end()


def run_refresh(services: Services, options: Namespace, cancel: CancelToken) -> int:
    """`concord refresh`."""
    sides = (Side(options.side),) if options.side else tuple(Side)
    moving = True if options.transactions else None
    request = RefreshRequest(
        sides, tuple(options.entity), options.full, options.account.strip(), moving
    )
    with services.workbench(options.workspace) as bench, progress() as line:
        bench.store.claim()  # who holds the workspace is told before anybody is asked
        result = refresh(bench, request, cancel, line)
        compare(bench, cancel, line)
        # Counts and sums are of all accounts: while a customer waits they are not worked out.
        gaps = Reconciled((), ()) if request.account else reconcile(bench, cancel).gaps
        held = held_of(bench, request.account)
        waiting = held_words(bench, held, request.account)
        if not request.account:
            waiting.append(waiting_words(bench, cancel))
    for copy in result.set_aside:
        print(
            f"Another organisation answers now; what was known of the old one is in {copy}.",
            file=sys.stderr,
        )
    if options.json:
        said = output.refresh_json(options.workspace, result)
        output.print_json({**said, "gaps": reconciled_json(gaps), "held_back": len(held)})
        return ExitStatus.DONE
    names = dict.fromkeys(name for counts in result.read.values() for name in counts)
    output.print_table(
        ["entity", *(side.value for side in sides)],
        (
            [name, *(result.read[side].get(name, 0) for side in sides)]
            for name in dict.fromkeys(names)
        ),
    )
    calls = ", ".join(f"{count} to {side.label}" for side, count in result.calls.items())
    for words in filter(None, (gap_words(gaps), *waiting)):
        print(words)
    print(f"{result.changed:,} changed; calls: {calls}; {result.seconds:.1f} s")
    return ExitStatus.DONE


def run_compare(services: Services, options: Namespace, cancel: CancelToken) -> int:
    """`concord compare`: exit status 1 where anything differs."""
    if options.billing or options.against:
        with _output(options.output) as file:
            return compare_billing(services, options, cancel, file)
    if not options.workspace:
        raise WrongUse("compare needs a workspace.", "Add -w NAME, or --billing A --against B.")
    with services.workbench(options.workspace) as bench, progress() as line:
        _check_entities(bench, options.entity)
        counts = compare(bench, cancel, line)
        wanted = {n: c for n, c in counts.items() if not options.entity or n in options.entity}
        summed = total(wanted.values())
        line.end()
        lacking = [name for name in unread(bench.store) if name in wanted]
        if lacking:
            print(_unread_words(options.workspace, lacking), file=sys.stderr)
        if options.json:  # a script reads stdout, wherever a report goes besides
            output.print_json(output.compare_json(options.workspace, wanted, summed))
        if options.output or not options.json:
            with _output(options.output) as file:
                _print_comparison(bench, options, wanted, file)
    differs = lacking or any(summed[kind] for kind in _SHOWN)
    return ExitStatus.DIFFERENCES if differs else ExitStatus.DONE


def _unread_words(workspace: str, entities: Sequence[str]) -> str:
    return (
        f"Not read since the mapping changed, so not compared: {', '.join(entities)}."
        f" Read them: concord refresh -w {workspace}"
    )


def _print_comparison(
    bench: Workbench, options: Namespace, counts: Mapping[str, Mapping[Kind, int]], file: TextIO
) -> None:
    summed = total(counts.values())
    layout = "json" if options.json and options.format == "table" else options.format
    if layout == "json":
        document = output.compare_json(options.workspace, counts, summed)
        if options.output:
            document["differences"] = [
                dict(zip(HEAD, row.cells, strict=True))
                for row in report_rows(bench, options.entity)
            ]
        file.write(output.json_text(document) + "\n")
    elif layout == "csv":
        write_csv(report_rows(bench, options.entity), file)
    elif layout == "html":
        write_html(report_rows(bench, options.entity), file, f"Concord: {options.workspace}")
    else:
        head = ["entity", *(kind.json_name.replace("_", " ") for kind in Kind)]
        rows = [[name, *(found[kind] for kind in Kind)] for name, found in counts.items()]
        output.write_table(head, [*rows, ["total", *(summed[kind] for kind in Kind)]], file)


def run_plan(services: Services, options: Namespace, cancel: CancelToken) -> int:
    """`concord plan`."""
    verbs = None if options.only is None else verbs_of("--only", options.only)
    keys: Mapping[str, frozenset[str]] | None
    keys = None if options.keys is None else read_keys(options.keys)
    take = None if options.take is None else Side(options.take)
    with services.workbench(options.workspace) as bench, progress() as line:
        if options.failed_of:
            keys = not_written(bench, options.failed_of)
        if options.account:
            keys = account_keys(bench, options.account.strip())
        selection = Selection(tuple(options.entity), verbs, keys, take, options.held)
        compare(bench, cancel, line)
        plan = build_plan(bench, selection, cancel, line)
    return hand_out_plan(options, plan)


def run_undo(services: Services, options: Namespace, cancel: CancelToken) -> int:
    """`concord undo`: a plan against what the records are now, to be committed like any other."""
    fields = split_words(options.fields) if options.fields else None
    if fields == []:
        raise WrongUse(f"--fields {options.fields} names no field.", "Write --fields A,B.")
    part = UndoPart(
        keys=None if options.keys is None else read_keys(options.keys),
        fields=None if fields is None else frozenset(fields),
    )
    with services.workbench(options.workspace) as bench, progress() as line:
        plan = build_undo(bench, options.commit, cancel, line, part)
    return hand_out_plan(options, plan)


def hand_out_plan(options: Namespace, plan: CommitPlan) -> int:
    """Save a plan where `-o` says, and tell what is in it."""
    save_plan(plan, options.output)
    if options.json:
        output.print_json(output.plan_json(str(options.output), plan))
    else:
        _print_plan(plan)
        print(f"Written to {options.output}.")
    return ExitStatus.DONE


def _print_plan(plan: CommitPlan) -> None:
    rows: dict[tuple[str, str], dict[Verb, int]] = {}
    for part, count in plan.tally.items():
        lot = rows.setdefault((part.entity, part.side.value), dict.fromkeys(Verb, 0))
        lot[part.verb] += count
    if rows:
        head = ["entity", "writes to", *(verb.value for verb in Verb)]
        output.print_table(head, ([*lot, *counts.values()] for lot, counts in rows.items()))
        print(_cost(plan.forecast))
    else:
        print("There is nothing to write.")
    for one in plan.approvals:
        print(f"approved by {one.who} at {one.at}")
    for problem in plan.problems:
        record = f"{problem.entity} {problem.key}".strip()
        print(": ".join(filter(None, (problem.severity, record, problem.message))))
    for words in plan.not_checked:
        print(f"not checked: {words}")


def _cost(cost: Forecast) -> str:
    calls = ", ".join(f"{count} to {side.label}" for side, count in cost.calls.items())
    kilobytes = cost.storage_bytes / 1024
    words = f"About {cost.seconds:.0f} s; calls: {calls}; storage: {kilobytes:,.0f} KB"
    left = [f"{n:,} calls to {side.label}" for side, n in cost.left_calls.items()]
    if cost.left_mb is not None:
        left.append(f"{cost.left_mb:,} MB of storage")
    verdict = {None: "", True: "Go: ", False: "No go: "}[cost.is_affordable]
    return f"{words}\n{verdict}left today: {', '.join(left)}" if left else words


def run_commit(services: Services, options: Namespace, cancel: CancelToken) -> int:
    """`concord commit`."""
    workspace = services.workspace(options.workspace)
    with services.workbench(options.workspace) as bench:
        plan = load_plan(bench, options.plan)
        bench.store.claim()
        if not options.yes:
            with redirect_stdout(sys.stderr if options.json else sys.stdout):
                _print_plan(plan)
                _confirm(options.workspace, production=services.is_production(workspace))
        with progress() as line:
            result = commit(bench, plan, cancel, line)
            compare(bench, CancelToken(), line)
            gaps = reconcile(bench, CancelToken()).gaps
    return _print_commit(result, gaps, as_json=options.json)


def run_approve(services: Services, options: Namespace, cancel: CancelToken) -> int:
    """`concord approve`: note in a plan's file who read it and found it good."""
    del cancel
    with services.workbench(options.workspace) as bench:
        plan = approve(
            load_plan(bench, options.plan), options.name or getpass.getuser(), now_text()
        )
        save_plan(plan, options.plan)
    approvals = [{"who": one.who, "at": one.at} for one in plan.approvals]
    if options.json:
        output.print_json({"file": str(options.plan), "approvals": approvals})
    else:
        for one in plan.approvals:
            print(f"approved by {one.who} at {one.at}")
    return ExitStatus.DONE


def run_resume(services: Services, options: Namespace, cancel: CancelToken) -> int:
    """`concord resume`: every commit that broke off, oldest first."""
    results = []
    with services.workbench(options.workspace) as bench, progress() as line:
        bench.store.claim()  # the commit may be under way in another process
        while (result := resume(bench, cancel, line)) is not None:
            results.append(result)
            if result.stopped_by or result.unknown:
                break
        compare(bench, CancelToken(), line)
        gaps = reconcile(bench, CancelToken()).gaps
    if options.json:  # one document, however many commits there were
        return _print_commit(together(results), gaps, as_json=True)
    if not results:
        print("Nothing to resume.")
        return ExitStatus.DONE
    return max(_print_commit(result, gaps, as_json=False) for result in results)


def _print_commit(result: CommitResult, gaps: Reconciled, *, as_json: bool) -> int:
    if as_json:
        output.print_json({**output.commit_json(result), "gaps": reconciled_json(gaps)})
    else:
        print(
            f"{result.selected:,} selected = {result.sent:,} sent + {result.stale:,} stale"
            f" + {result.skipped:,} skipped; {result.sent:,} sent = {result.written:,} written"
            f" + {result.failed:,} failed"
        )
        for side, calls in result.calls.items():
            print(
                f"{calls:,} calls to {side.label}, forecast were"
                f" {result.forecast.calls.get(side, 0):,}"
            )
        print(f"{result.seconds:.1f} s, forecast were {result.forecast.seconds:.0f} s")
        rows = [
            [f.entity, f.key, f.field, f.state.name.lower(), f.message] for f in result.failures
        ]
        if rows:
            output.print_table(["entity", "key", "field", "outcome", "message"], rows)
        if words := gap_words(gaps):
            print(words)
        if result.stopped_by:
            print(f"Stopped: {result.stopped_by} `concord resume` goes on.", file=sys.stderr)
    return ExitStatus.DONE if result.is_clean else ExitStatus.DIFFERENCES


def read_keys(file: Path) -> dict[str, frozenset[str]]:
    """Return entity → keys from lines of `ENTITY KEY`, separated by a tab or a comma."""
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(
            f"The key file {file} cannot be read: {file_trouble(error)}.", "Check the path."
        ) from error
    keys: dict[str, set[str]] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        parts = re.split(r"[\t,]", line, maxsplit=1)
        if len(parts) != 2 or not all(part.strip() for part in parts):  # noqa: PLR2004 - a pair
            raise WrongUse(f"{file}:{number}: no entity and key.", "Write: plan<tab>PRO_MONTHLY")
        keys.setdefault(parts[0].strip(), set()).add(parts[1].strip())
    return {entity: frozenset(found) for entity, found in keys.items()}


def verbs_of(option: str, text: str) -> frozenset[Verb]:
    """Return the kinds of operation that an option names, with commas between."""
    words, known = split_words(text), [verb.value for verb in Verb]
    for word in words:
        if word not in known:
            raise WrongUse(
                f"{option} {text}: there is no kind of operation {word!r}.",
                f"There are: {', '.join(known)}.",
            )
    if not words:
        raise WrongUse(f"{option} {text} names nothing.", f"Name some of: {', '.join(known)}.")
    return frozenset(map(Verb, words))


def split_words(text: str) -> list[str]:
    """Return what stands between commas; what is blank is left out."""
    return [word.strip() for word in text.split(",") if word.strip()]


def _check_entities(bench: Workbench, names: Sequence[str]) -> None:
    for name in names:
        if name not in bench.mapping.by_name:
            known = ", ".join(bench.mapping.by_name)
            raise WrongUse(f"The mapping has no entity {name!r}.", f"Its entities are: {known}.")


def _confirm(workspace: str, *, production: bool) -> None:
    if not sys.stdin.isatty():
        raise WrongUse("A commit asks before it writes.", "Review the plan, then add --yes.")
    asked = f"type {workspace} to commit into production" if production else "commit? [y/N]"
    with question():
        answer = input(f"{asked}: ").strip()
    if answer != workspace if production else answer.lower() not in {"y", "yes"}:
        raise Cancelled("Nothing was written.")


def _write_file(file: Path, data: bytes) -> None:
    try:
        file.write_bytes(data)
    except OSError as error:
        raise WrongUse(
            f"{file} cannot be written: {file_trouble(error)}.", "Name another file with -o."
        ) from error


@contextmanager
def _output(file: Path | None) -> Iterator[TextIO]:
    if file is None:
        yield sys.stdout
        return
    text = StringIO(newline="")
    yield text
    _write_file(file, text.getvalue().encode())


COMMANDS: Mapping[str, Callable[[Services, Namespace, CancelToken], int]] = {
    "refresh": run_refresh,
    "compare": run_compare,
    "plan": run_plan,
    "ignore": run_ignore,
    "approve": run_approve,
    "commit": run_commit,
    "resume": run_resume,
    "undo": run_undo,
}
