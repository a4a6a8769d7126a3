"""`concord choose`: ticks, and whose value is taken; the window keeps its own in the same place."""

from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.cli import output
from app.cli.commands import progress, read_keys
from app.domain.control import CancelToken, Report
from app.domain.diff import Kind
from app.domain.mapping import EntityMapping
from app.domain.proposal import TYPED, WHOLE_RECORD, Choice, is_ticked
from app.errors import ExitStatus, WrongUse
from app.services import Services
from app.store.choices import all_choices, choose
from app.store.pager import Row, rows
from app.store.wanted import Wanted
from app.sync.choosing_many import (
    Asked,
    Bulk,
    BulkDraft,
    Left,
    differences,
    draft_choices,
    named_rows,
)
from app.sync.compare import compare
from app.sync.pairing import entity_of
from app.sync.typed import check_typed, rules_for
from app.sync.workbench import Workbench

LIST, VALUE = "list", "value"
WORDS = {
    "tick": Bulk.TICK,
    "untick": Bulk.UNTICK,
    "billing": Bulk.BILLING,
    "salesforce": Bulk.SALESFORCE,
    "skip": Bulk.SKIP,
    "rule": Bulk.RULE,
    VALUE: Bulk.TYPED,
}
_HEAD = ("entity", "key", "title", "difference", "ticked", "taken")
_LEFT = {
    Left.DELETE: "deletes are ticked by name alone",
    Left.CONFLICT: "conflicts need `billing`, `salesforce` or `value` first",
    Left.HELD: "what is held back is ticked by name alone; `concord held` says why",
    Left.UNABLE: "they cannot be settled so",
    Left.ALIKE: "they were so already",
}


def run_choose(services: Services, options: Namespace, cancel: CancelToken) -> int:
    """`concord choose`: exit status 1 where a difference was left for another reason than that."""
    _check_words(options)
    with services.workbench(options.workspace) as bench, progress() as line:
        for name in options.entity:
            entity_of(bench, name)
        if options.what == LIST:
            _print_choices(list(_chosen(bench, options.entity)), options)
            return ExitStatus.DONE
        bench.store.claim()
        compare(bench, cancel, line)
        draft = _draft(bench, options, cancel, line)
        choose(bench.store, draft.changes)
    _print_draft(draft, options)
    is_left = any(why is not Left.ALIKE for why in draft.left)
    return ExitStatus.DIFFERENCES if is_left else ExitStatus.DONE


def _check_words(options: Namespace) -> None:
    """Raise `WrongUse` where what was typed does not go together."""
    ways = [bool(options.record), options.keys is not None, bool(options.entity or options.kind)]
    if options.record and len(options.record) != len(("entity", "key")):
        raise WrongUse("A record is named by two words.", "Write `ENTITY KEY`, as `plan PRO`.")
    if sum(ways) > 1:
        words = "Differences are named one by one, by a file, or by what they are."
        raise WrongUse(words, "Give `ENTITY KEY`, or --keys, or --entity and --kind.")
    if (options.what == VALUE) != (options.value is not None):
        words = "A value goes with `choose value`, and that with a value."
        raise WrongUse(words, "Write `choose value --field FIELD --value TEXT`.")
    if options.what == VALUE and not options.field:
        raise WrongUse("A value is typed for one field.", "Name it with --field.")
    if options.field and options.what in {"tick", "untick", LIST}:
        words = f"`choose {options.what}` is about whole records."
        raise WrongUse(words, "Leave --field out; --field goes with a direction or a value.")


def _draft(bench: Workbench, options: Namespace, cancel: CancelToken, report: Report) -> BulkDraft:
    keys = _keys(options)
    asked = Asked(WORDS[options.what], options.field, options.value or "", named=bool(keys))
    names = keys or options.entity or [entity.name for entity in bench.mapping.entities]
    entities = [entity_of(bench, name) for name in names]
    if options.field:
        _check_field(bench, entities, asked)
    if keys:
        return draft_choices(bench, named_rows(bench, keys, asked.bulk), asked)
    kinds = frozenset(Kind[name.upper()] for name in options.kind)
    found = differences(bench, Wanted(kinds, "", options.field), cancel, report)
    return draft_choices(bench, (row for row in found if row.entity in names), asked)


def _keys(options: Namespace) -> Mapping[str, frozenset[str]]:
    if options.keys is not None:
        return read_keys(options.keys)
    if options.record:
        entity, key = options.record
        return {entity: frozenset({key})}
    return {}


def _check_field(bench: Workbench, entities: Iterable[EntityMapping], asked: Asked) -> None:
    """Raise `WrongUse` where no entity has the field, or none can take the value that was typed."""
    having = [entity for entity in entities if asked.field in entity.index]
    if not having:
        words = f"No entity that is meant has a field {asked.field}."
        raise WrongUse(words, f"See `concord mapping -w {bench.name} show`.")
    if asked.bulk is not Bulk.TYPED:
        return
    against = [_against(bench, entity, asked) for entity in having]
    if all(against):
        words = f"{asked.words!r} cannot be taken for {asked.field}: {against[0]}."
        raise WrongUse(words, "Nothing was changed. Give another value.")


def _against(bench: Workbench, entity: EntityMapping, asked: Asked) -> str:
    """Return what speaks against a typed value, `""` for nothing."""
    field, rules = entity.field_of(asked.field), rules_for(bench, entity, asked.field)
    if not rules:
        return f"{entity.label}: no side can be written there"
    typed = check_typed(field, rules, asked.words)
    if not typed.readable:
        return f"it cannot be read as {field.type.value}"
    return "" if typed.against is None else f"{typed.against[0].label}: {typed.against[1]}"


def _chosen(bench: Workbench, entities: list[str]) -> Iterator[tuple[Row, Choice]]:
    """Yield what was chosen, in the order of the mapping and of the keys."""
    choices = all_choices(bench.store)
    order = {entity.name: place for place, entity in enumerate(bench.mapping.entities)}
    found = rows(bench.store, choices).values()
    for row in sorted(found, key=lambda row: (order[row.entity], row.key)):
        if not entities or row.entity in entities:
            yield row, choices[row.link]


def _print_choices(chosen: list[tuple[Row, Choice]], options: Namespace) -> None:
    if options.json:
        said = [_choice_json(row, choice) for row, choice in chosen]
        output.print_json({"workspace": options.workspace, "choices": said})
    elif chosen:
        output.print_table(list(_HEAD), [_cells(row, choice) for row, choice in chosen])
    else:
        print("Nothing was chosen: inserts and updates are ticked, as the owner rule says.")


def _choice_json(row: Row, choice: Choice) -> dict[str, Any]:
    return {
        "entity": row.entity,
        "key": row.key,
        "title": row.title,
        "kind": row.kind.json_name,
        "ticked": is_ticked(row.kind, choice),
        "take": dict(choice.take),
        "values": dict(choice.typed),
    }


def _cells(row: Row, choice: Choice) -> list[str]:
    ticked = "yes" if is_ticked(row.kind, choice) else "no"
    kind = row.kind.json_name.replace("_", " ")
    return [row.entity, row.key, row.title, kind, ticked, ", ".join(_taken(choice))]


def _taken(choice: Choice) -> Iterator[str]:
    for name, wish in choice.take.items():
        what = repr(choice.typed[name]) if wish == TYPED else wish
        yield what if name == WHOLE_RECORD else f"{name}: {what}"


def _print_draft(draft: BulkDraft, options: Namespace) -> None:
    if options.json:
        left = {why.value: count for why, count in draft.left.items()}
        said = {"workspace": options.workspace, "changed": len(draft.changes), "left": left}
        output.print_json(said)
        return
    count = len(draft.changes)
    print("1 choice was changed." if count == 1 else f"{count:,} choices were changed.")
    for why in Left:
        if draft.left.get(why):
            print(f"{draft.left[why]:,} left: {_LEFT[why]}.")
