"""`concord match`: which Salesforce account each customer of billing looks up to."""

from argparse import Namespace
from typing import Any

from app.cli import output
from app.cli.commands import hand_out_plan, progress
from app.domain.control import CancelToken
from app.domain.matching import Found
from app.errors import ExitStatus, WrongUse
from app.services import Services
from app.sync.matching import Matched, find_matches, matching_plan

_NAMED = 3  # accounts that a line names; the JSON has all


def run_match(services: Services, options: Namespace, cancel: CancelToken) -> int:
    """`concord match`: what was found, or with -o the plan that fills the lookup."""
    named = dict(_told(words) for words in options.settings)
    with services.workbench(options.workspace) as bench, progress() as line:
        found = find_matches(bench, cancel, line)
        if options.output is not None:
            plan = matching_plan(bench, found, suggested=options.suggested, named=named)
    if options.output is not None:
        return hand_out_plan(options, plan)
    if named or options.suggested:
        raise WrongUse("A match is a plan to review.", "Say where with -o plan.json.")
    _print(found, as_json=options.json)
    return ExitStatus.DONE


def _told(words: str) -> tuple[str, str]:
    key, equals, target = words.partition("=")
    if not equals:
        raise WrongUse(f"--set {words} names no id.", "Write --set KEY=SALESFORCE_ID.")
    return key.strip(), target.strip()


def _print(found: Matched, *, as_json: bool) -> None:
    if as_json:
        output.print_json(
            {
                "entity": found.entity.name,
                "object": found.field.lookup,
                "matches": [_json(one) for one in found.found],
                "sharing": {target: list(keys) for target, keys in found.sharing.items()},
                "already": found.already,
                "without": list(found.without),
                "absent": found.absent,
            }
        )
        return
    head = [found.entity.name, "name", found.field.lookup, "its name", "why", "taken"]
    if found.found:
        output.print_table(head, (_row(one) for one in found.found))
    for target, keys in found.sharing.items():
        print(f"{len(keys)} share {found.field.lookup} {target}: {', '.join(keys[:_NAMED])}")
    print(
        f"{found.already:,} have one already; for {len(found.without):,} nothing was found;"
        f" {found.absent:,} are not in Salesforce yet."
    )


def _row(one: Found) -> list[object]:
    targets = one.targets[:_NAMED]
    more = f" and {len(one.targets) - _NAMED} more" if len(one.targets) > _NAMED else ""
    taken = "by a person" if one.is_ambiguous else "yes" if one.reason.is_sure else "--suggested"
    return [
        one.customer.key,
        one.customer.name,
        ", ".join(target.id for target in targets) + more,
        ", ".join(target.name for target in targets),
        one.reason.value,
        taken,
    ]


def _json(one: Found) -> dict[str, Any]:
    return {
        "key": one.customer.key,
        "name": one.customer.name,
        "why": one.reason.value,
        "sure": one.reason.is_sure and not one.is_ambiguous,
        "ambiguous": one.is_ambiguous,
        "targets": [
            {"id": target.id, "name": target.name, "website": target.website}
            for target in one.targets
        ],
    }
