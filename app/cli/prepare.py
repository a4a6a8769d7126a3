"""`concord prepare`: what the org lacks, making it, and taking it back."""

import sys
from argparse import Namespace
from collections.abc import Iterable, Sequence
from typing import Any

from app.cli import output
from app.cli.asking import question
from app.cli.commands import progress
from app.connectors.preparer import Deployed, Part, PartKey, Removal, Survey
from app.domain.control import CancelToken
from app.domain.record import Side
from app.errors import Cancelled, ExitStatus, WrongUse
from app.services import Services
from app.sync import prepare
from app.sync.workbench import Workbench


def run_prepare(services: Services, options: Namespace, cancel: CancelToken) -> int:
    """`concord prepare`: exit status 1 where something lacks with --check, or was refused."""
    if options.check and options.undo:
        raise WrongUse("--check and --undo exclude each other.", "Leave out one of them.")
    with services.workbench(options.workspace) as bench:
        if options.undo:
            return _undo(services, bench, options, cancel)
        with progress() as line:
            survey = prepare.look(bench, cancel, line)
        chosen = _chosen(survey, options.only)
        if not options.json:
            _print_survey(survey)
        done = Deployed()
        if chosen and not options.check:
            _confirm_production(services, options)
            with progress() as line:
                done = prepare.prepare(bench, survey, chosen, cancel, line)
        if options.json:
            output.print_json(_json(bench, survey, done))
        elif chosen and not options.check:
            _print_done(done, "made or changed")
    if options.check:
        lacks = any(part.lacks for part in survey.parts)
        return ExitStatus.DIFFERENCES if lacks else ExitStatus.DONE
    blocked = any(not part.can_change for part in survey.parts)
    return ExitStatus.DIFFERENCES if done.failures or blocked else ExitStatus.DONE


def _chosen(survey: Survey, only: Sequence[str]) -> frozenset[PartKey]:
    """Return what to make: all that is needed, or what `--only` names, with what that needs."""
    if not only:
        return prepare.with_needs(survey, prepare.ticked(survey))
    found: set[PartKey] = set()
    for text in only:
        keys = {part.key for part in survey.parts if text in {part.key.kind, part.key.name}}
        if not keys:
            raise WrongUse(
                f"--only {text}: nothing of that kind or name is lacking.",
                "`concord prepare --check` lists what is.",
            )
        found |= keys
    return prepare.with_needs(survey, found)


def _undo(services: Services, bench: Workbench, options: Namespace, cancel: CancelToken) -> int:
    with progress() as line:
        removals = prepare.removable(bench, cancel, line)
    if not options.yes:
        _confirm_undo(services, options, removals)
    with progress() as line:
        done = prepare.undo(bench, removals, cancel, line)
    if options.json:
        output.print_json(
            {
                "workspace": options.workspace,
                "deleted": len(done.done),
                "parts": [
                    {"kind": r.key.kind, "name": r.key.name, "records": r.records} for r in removals
                ],
                "failures": _failures(done),
                "calls": _calls(bench),
            }
        )
    else:
        _print_done(done, "deleted")
    return ExitStatus.DIFFERENCES if done.failures else ExitStatus.DONE


def _confirm_undo(services: Services, options: Namespace, removals: Sequence[Removal]) -> None:
    rows = [
        [r.key.kind, r.key.name, "unknown" if r.records is None else r.records] for r in removals
    ]
    output.write_table(["delete", "name", "records lost"], rows, sys.stderr)
    if not sys.stdin.isatty():
        raise WrongUse("It asks before it deletes.", "Read the list, then add --yes.")
    _ask(services, options, "delete all of these")


def _confirm_production(services: Services, options: Namespace) -> None:
    if options.yes or not services.is_production(services.workspace(options.workspace)):
        return
    if not sys.stdin.isatty():
        raise WrongUse(
            "It asks before it changes production.", "Use --check first, then add --yes."
        )
    _ask(services, options, "change the setup")


def _ask(services: Services, options: Namespace, what: str) -> None:
    production = services.is_production(services.workspace(options.workspace))
    name = options.workspace
    asked = f"type {name} to {what} in production" if production else f"{what}? [y/N]"
    print(f"{asked}: ", end="", file=sys.stderr, flush=True)
    with question():
        answer = sys.stdin.readline().strip()
    if answer != name if production else answer.lower() not in {"y", "yes"}:
        raise Cancelled("Nothing was changed.")


def _print_survey(survey: Survey) -> None:
    needed = [part for part in survey.parts if part.lacks]
    advice = [part for part in survey.parts if not part.lacks]
    if needed:
        output.print_table(["part", "name", "state", "what"], _rows(needed))
    else:
        print("Nothing is lacking.")
    for part in advice:
        print(f"advice: {part.key.kind} {part.key.name} {part.detail}")
    print(f"{survey.fitting:,} parts are as the mapping needs them; {len(needed):,} are not.")


def _rows(parts: Iterable[Part]) -> list[list[str]]:
    return [[part.key.kind, part.key.name, part.state.value, part.detail] for part in parts]


def _print_done(done: Deployed, verb: str) -> None:
    for failure in done.failures:
        print(f"refused: {failure.key.kind} {failure.key.name}: {failure.message}")
    if done.done:
        print(f"{len(done.done):,} parts {verb}.")
    elif done.failures:
        print("Nothing was changed: all or none.")


def _json(bench: Workbench, survey: Survey, done: Deployed) -> dict[str, Any]:
    return {
        "workspace": bench.name,
        "missing": [_part_json(part) for part in survey.parts if part.lacks],
        "advice": [_part_json(part) for part in survey.parts if not part.lacks],
        "fitting": survey.fitting,
        "deployed": len(done.done),
        "failures": _failures(done),
        "calls": _calls(bench),
    }


def _part_json(part: Part) -> dict[str, str]:
    return {
        "kind": part.key.kind,
        "name": part.key.name,
        "state": part.state.value,
        "detail": part.detail,
    }


def _failures(done: Deployed) -> list[dict[str, str]]:
    return [
        {"kind": each.key.kind, "name": each.key.name, "message": each.message}
        for each in done.failures
    ]


def _calls(bench: Workbench) -> dict[str, int]:
    """Return the calls made; the billing side is not even opened."""
    return output.calls_json({Side.SALESFORCE: bench.connectors[Side.SALESFORCE].calls})
