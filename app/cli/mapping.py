"""`concord mapping`: which field is which; checked, changed, fitted to what the systems have."""

import sys
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from app import settings
from app.cli import output
from app.cli.commands import progress
from app.domain.column import Column
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping, WorkspaceMapping
from app.domain.mapping_change import MappingChange, change_between
from app.domain.mapping_edit import draft_of, included_names
from app.domain.mapping_suggest import Pairing, alike
from app.domain.record import Side
from app.errors import ExitStatus, WrongUse, file_trouble
from app.services import Services
from app.sync.mapping_fit import Adapted, adapt, find_columns
from app.sync.workbench import Workbench


def run_mapping(services: Services, options: Namespace, cancel: CancelToken) -> int:
    """`concord mapping`."""
    return _VERBS[options.what](services, options, cancel)


def _show(services: Services, options: Namespace, cancel: CancelToken) -> int:
    """Print the whole mapping, with all that it includes."""
    del cancel
    draft = services.mapping_draft(options.workspace)
    if options.output:
        write_text(options.output, draft.text)
    if options.json:
        said = {"workspace": options.workspace, "file": draft.file_name, "text": draft.text}
        entities = [_entity_json(entity) for entity in draft.mapping.entities]
        output.print_json({**said, "entities": entities})
    elif not options.output:
        sys.stdout.write(draft.text)
    return ExitStatus.DONE


def _check(services: Services, options: Namespace, cancel: CancelToken) -> int:
    del cancel
    old = services.mapping_draft(options.workspace).mapping
    new = services.check_mapping(options.workspace, _text_of(options))
    _print_change(options, change_between(old, new), applied=False)
    return ExitStatus.DONE


def _set(services: Services, options: Namespace, cancel: CancelToken) -> int:
    del cancel
    change = services.change_mapping(options.workspace, _text_of(options))
    _print_change(options, change, applied=True)
    return ExitStatus.DONE


def _text_of(options: Namespace) -> str:
    """Return the text of the file that was named; what stands beside it is written into it."""
    file: Path | None = options.file
    if file is None:
        words = f"Write `concord mapping -w {options.workspace} {options.what} FILE`."
        raise WrongUse(f"Which file is to {options.what}?", words)
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(
            f"{file} cannot be read: {file_trouble(error)}.", "Check the path."
        ) from error
    draft = draft_of(text, file.name, partial(settings.included_mapping, file))
    comes_along = set(included_names(text, file.name)) <= set(settings.shipped_mappings())
    return text if comes_along else draft.text


def _fields(services: Services, options: Namespace, cancel: CancelToken) -> int:
    """List what the systems have, and which names are alike."""
    sides = [Side(options.side)] if options.side else list(Side)
    found: list[dict[str, Any]] = []
    suggested: list[dict[str, Any]] = []
    with services.workbench(options.workspace) as bench:
        for entity in _chosen(bench, options.entity):
            columns = {side: find_columns(bench, entity, side, cancel) for side in sides}
            for side, some in columns.items():
                found += [_column_json(entity, side, column) for column in some]
            if len(sides) > 1:
                pairs = alike(entity, columns[Side.BILLING], columns[Side.SALESFORCE])
                suggested += [_pairing_json(entity, pair) for pair in pairs]
    if options.json:
        said = {"workspace": options.workspace, "fields": found, "suggestions": suggested}
        output.print_json(said)
        return ExitStatus.DONE
    head = ("entity", "side", "name", "label", "type", "length", "writable", "mapped as")
    output.print_table(
        head, ([row[name.replace(" ", "_")] or "" for name in head] for row in found)
    )
    if suggested:
        print("\nAlike, and not mapped; you decide:")
        names = ("entity", "billing", "salesforce", "score")
        output.print_table(names, ([row[name] for name in names] for row in suggested))
    return ExitStatus.DONE


def _adapt(services: Services, options: Namespace, cancel: CancelToken) -> int:
    """Look for names under a package's prefix; exit status 1 where some are not found."""
    draft = services.mapping_draft(options.workspace)
    with services.workbench(options.workspace) as bench, progress() as line:
        connector = bench.connectors[Side.SALESFORCE]
        adapted = adapt(draft, connector, cancel, line, options.prefix)
    if options.output:
        write_text(options.output, adapted.draft.text)
    if options.json:
        output.print_json(_adapted_json(options, adapted))
    else:
        _print_adapted(options, draft.mapping, adapted)
    return ExitStatus.DIFFERENCES if adapted.missing else ExitStatus.DONE


_VERBS: Mapping[str, Callable[[Services, Namespace, CancelToken], int]] = {
    "show": _show,
    "check": _check,
    "set": _set,
    "fields": _fields,
    "adapt": _adapt,
}


def write_text(file: Path, text: str) -> None:
    """Write a file that was named on the command line; raises `WrongUse`."""
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        raise WrongUse(
            f"{file} cannot be written: {file_trouble(error)}.", "Name another."
        ) from error


def change_json(change: MappingChange) -> dict[str, Any]:
    """Return what `--json` prints of a change of a mapping."""
    rows = [
        {
            "entity": each.entity,
            "field": each.field,
            "effect": each.effect.value,
            "before": each.before,
            "after": each.after,
            "keeps_base": each.effect.keeps_base,
        }
        for each in change.changes
    ]
    return {"changes": rows, "reread": list(change.reread)}


def _print_change(options: Namespace, change: MappingChange, *, applied: bool) -> None:
    if options.json:
        said = {"workspace": options.workspace, "file": str(options.file), "applied": applied}
        output.print_json({**said, **change_json(change)})
        return
    if change.is_empty:
        print("It says the same as the workspace's mapping.")
    else:
        head = ["entity", "field", "what", "before", "after"]
        rows = ([c.entity, c.field, c.effect.value, c.before, c.after] for c in change.changes)
        output.print_table(head, rows)
    if change.reread:
        print(f"To be read again: {', '.join(change.reread)}.")
    words = "Refresh, then compare." if applied else f"{options.file} can be set."
    print(words)


def _chosen(bench: Workbench, names: Sequence[str]) -> list[EntityMapping]:
    for name in names:
        if name not in bench.mapping.by_name:
            known = ", ".join(bench.mapping.by_name)
            raise WrongUse(f"The mapping has no entity {name!r}.", f"Its entities are: {known}.")
    return [entity for entity in bench.mapping.entities if not names or entity.name in names]


def _entity_json(entity: EntityMapping) -> dict[str, Any]:
    return {
        "entity": entity.name,
        "sobject": entity.sobject,
        "key": {"billing": entity.billing_key, "salesforce": entity.salesforce_key},
        "fields": [
            {
                "field": field.name,
                "billing": field.billing,
                "salesforce": field.salesforce,
                "type": field.type.value,
                "owner": field.owner.value,
            }
            for field in entity.fields
        ],
    }


def _column_json(entity: EntityMapping, side: Side, column: Column) -> dict[str, Any]:
    mapped = {
        field.billing if side is Side.BILLING else field.salesforce: field.name
        for field in entity.fields
    }
    key = entity.billing_key if side is Side.BILLING else entity.salesforce_key
    return {
        "entity": entity.name,
        "side": side.value,
        "name": column.name,
        "label": column.label,
        "type": column.type.value,
        "length": column.length,
        "values": list(column.values),
        "writable": column.writable,
        "mapped_as": mapped.get(column.name, "key" if column.name == key else ""),
    }


def _pairing_json(entity: EntityMapping, pair: Pairing) -> dict[str, Any]:
    return {
        "entity": entity.name,
        "billing": pair.billing.name,
        "salesforce": pair.salesforce.name,
        "score": pair.score,
    }


def _adapted_json(options: Namespace, adapted: Adapted) -> dict[str, Any]:
    return {
        "workspace": options.workspace,
        "file": str(options.output or ""),
        "renamed": [
            {"entity": one.entity, "sobject": one.sobject, "fields": dict(one.fields)}
            for one in adapted.renames
        ],
        "missing": [
            {
                "entity": one.entity,
                "field": one.field,
                "name": one.name,
                "candidates": list(one.candidates),
            }
            for one in adapted.missing
        ],
    }


def _print_adapted(options: Namespace, old: WorkspaceMapping, adapted: Adapted) -> None:
    rows = []
    for one in adapted.renames:
        if one.sobject:
            rows.append([one.entity, old.entity(one.entity).sobject, one.sobject])
        rows += [[one.entity, before, after] for before, after in one.fields.items()]
    if rows:
        output.print_table(["entity", "in the mapping", "in the org"], rows)
    for gap in adapted.missing:
        maybe = f" (or is it {' or '.join(gap.candidates)}?)" if gap.candidates else ""
        print(f"not found: {gap.entity}: {gap.name}{maybe}")
    if not rows and not adapted.missing:
        print("All names of the mapping are in the org as they are.")
    if options.output:
        name = options.workspace
        print(f"Written to {options.output}; `concord mapping -w {name} set` takes it.")
