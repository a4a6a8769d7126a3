"""`concord ignore`: the rules by which differences do not count."""

from argparse import Namespace
from typing import Any

from app.cli import output
from app.domain.control import CancelToken
from app.domain.ignore import rule_from, rule_to_json
from app.domain.mapping import IgnoreRule
from app.errors import ExitStatus, WrongUse
from app.services import Services
from app.store.ignoring import own_rules
from app.sync.ignoring import add_rule, remove_rule, rules_of
from app.sync.workbench import Workbench


def run_ignore(services: Services, options: Namespace, cancel: CancelToken) -> int:
    """`concord ignore`."""
    del cancel
    with services.workbench(options.workspace) as bench:
        if options.what == "add":
            add_rule(bench, _rule(options))
        elif options.what == "remove":
            remove_rule(bench, options.name)
        rules = [rule for entity in bench.mapping.entities for rule in rules_of(bench, entity)]
        rows = [_row(bench, rule) for rule in rules]
    if options.json:
        output.print_json({"workspace": options.workspace, "rules": rows})
    elif rows:
        head = ["rule", "entity", "field", "made in", "what"]
        output.print_table(head, ([*map(row.get, head[:4]), _words(row)] for row in rows))
    else:
        print("No difference is ignored.")
    return ExitStatus.DONE


def _rule(options: Namespace) -> IgnoreRule:
    if not options.field or not options.name:
        raise WrongUse(
            "An ignore rule needs a name and a field.",
            "Write `concord ignore -w NAME add RULE --field ENTITY FIELD`.",
        )
    entity, field = options.field
    said = {
        "name": options.name,
        "field": field,
        "billing": options.billing,
        "salesforce": options.salesforce,
        "pattern": options.pattern,
        "case": options.case,
        "spaces": options.spaces,
        "tolerance": options.tolerance,
    }
    return rule_from(said, entity)


def _row(bench: Workbench, rule: IgnoreRule) -> dict[str, Any]:
    said = rule_to_json(rule)
    made_in = "workspace" if rule in own_rules(bench.store) else "mapping"
    return {"rule": said.pop("name"), "entity": rule.entity, **said, "made in": made_in}


def _words(row: dict[str, Any]) -> str:
    said = {k: v for k, v in row.items() if k not in {"rule", "entity", "field", "made in"}}
    return ", ".join(f"{name} {value}" for name, value in said.items()) or "every difference"
