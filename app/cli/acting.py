"""`concord act`: what the billing system can do besides setting fields, as a plan to review."""

from argparse import Namespace
from collections.abc import Iterable
from typing import Any

from app.cli import output
from app.cli.commands import hand_out_plan
from app.domain.action import Action, Input, Taken
from app.domain.control import CancelToken
from app.errors import ExitStatus, WrongUse
from app.services import Services
from app.sync.actions import action_named, actions_of, plan_action
from app.sync.taking import Wish, taken_from


def run_act(services: Services, options: Namespace, cancel: CancelToken) -> int:
    """`concord act`: without an action, list them; else write the plan that it becomes."""
    with services.workbench(options.workspace) as bench:
        if not options.action:
            _print_actions(list(actions_of(bench)), as_json=options.json)
            return ExitStatus.DONE
        if options.output is None:
            raise WrongUse("An action is a plan to review.", "Say where with -o plan.json.")
        given = dict(_told(words) for words in options.settings)
        taken = Taken("", options.key)
        if options.made_from:
            wish = Wish(action_named(bench, options.action), options.key, given)
            taken = taken_from(bench, wish, options.made_from, cancel)
            _refuse_unclear(taken)
        plan = plan_action(bench, options.action, taken.key, {**taken.given, **given}, taken=taken)
    return hand_out_plan(options, plan)


def _refuse_unclear(taken: Taken) -> None:
    """Raise where a part of the record would be left out of what is planned."""
    if taken.unclear:
        raise WrongUse(
            "\n".join(("Not all of the record could be taken:", *taken.unclear)),
            "Mend the record, or say with --set what it does not: that counts more.",
        )


def _told(words: str) -> tuple[str, str]:
    name, equals, value = words.partition("=")
    if not equals:
        raise WrongUse(f"--set {words} names no value.", "Write --set NAME=VALUE.")
    return name.strip(), value


def _print_actions(found: Iterable[Action], *, as_json: bool) -> None:
    if as_json:
        output.print_json({"actions": [_action_json(action) for action in found]})
        return
    rows = [
        [action.name, "" if action.makes else action.entity, _inputs(action.inputs), action.undo]
        for action in found
    ]
    if rows:
        output.print_table(["action", "about", "--set (* needed)", "taken back by"], rows)
    else:
        print("This billing system offers no actions.")


def _inputs(inputs: Iterable[Input]) -> str:
    return " ".join(f"{one.name}{'*' if one.needed else ''}" for one in inputs)


def _action_json(action: Action) -> dict[str, Any]:
    return {
        "name": action.name,
        "label": action.label,
        "entity": action.entity,
        "makes": action.makes,
        "undo": action.undo,
        "takes_from": [source.sobject for source in action.sources],
        "inputs": [
            {
                "name": one.name,
                "label": one.label,
                "type": one.type.value,
                "needed": one.needed,
                "choices": list(one.choices),
                "about": one.about,
            }
            for one in action.inputs
        ],
    }
