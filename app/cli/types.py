"""`concord workspace types`: which kinds of record a workspace keeps, and what they take."""

from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from app.cli import output
from app.cli.commands import hand_out_plan, progress, split_words
from app.domain.control import CancelToken
from app.errors import ExitStatus, WrongUse
from app.services import Services
from app.sync.types import (
    TypeCount,
    Types,
    chosen_without,
    count_types,
    deletion_plan,
    staying,
)

_MEGABYTE = 1 << 20


def run_types(services: Services, options: Namespace, cancel: CancelToken) -> int:
    """`concord workspace types`: counts, or with --only, --without or --all the choice."""
    name = options.workspace or options.name
    if not name:
        raise WrongUse("types needs a workspace.", "Write `concord workspace types NAME`.")
    whole = services.whole_mapping(name)
    only, without = split_words(options.only), split_words(options.without)
    if not (only or without or options.all):
        if options.delete or options.output:
            words = "Say which: --without A,B, or --only A,B."
            raise WrongUse("--delete and -o are about kinds that are left out.", words)
        with services.workbench(name) as bench, progress() as line:
            found = count_types(bench, whole, cancel, line)
        _print_types(found, services.workspace(name).without, name, as_json=options.json)
        return ExitStatus.DONE
    gone = () if options.all else chosen_without(whole, only=only, without=without)
    with services.workbench(name) as bench, progress() as line:
        left = staying(bench, gone)
        if options.delete:
            if options.output is None:
                raise WrongUse("--delete makes a plan to review.", "Say where with -o plan.json.")
            return hand_out_plan(options, deletion_plan(bench, list(left), cancel, line))
    services.leave_out(name, gone)
    _print_choice(gone, left, name, as_json=options.json)
    return ExitStatus.DONE


def _print_types(found: Types, without: tuple[str, ...], name: str, *, as_json: bool) -> None:
    if as_json:
        rows = [_json(one, without) for one in found.counts]
        output.print_json(
            {
                "workspace": name,
                "types": rows,
                "without": list(without),
                "left_bytes": found.left_bytes,
                "needed_bytes": found.needed_bytes,
                "why": found.why,
            }
        )
        return
    head = ["entity", "in billing", "in Salesforce", "storage MB", "calls to read", "to write", ""]
    output.print_table(head, (_row(one, without) for one in found.counts))
    left = "not told" if found.left_bytes is None else f"{found.left_bytes / _MEGABYTE:,.0f} MB"
    needed = found.needed_bytes / _MEGABYTE
    unknown = any(one.records is None for one in found.counts)
    least = "At least " if unknown else ""
    print(f"{least}{needed:,.1f} MB more are needed; left in Salesforce: {left}.")
    if unknown:
        print(f"What is not known was never read: `concord refresh -w {name}` first.")
    most = max(found.counts, key=lambda one: one.bytes)
    whole = sum(one.bytes for one in found.counts)
    if most.bytes * 2 > whole and len(found.counts) > 1:
        name_of = most.entity.name
        print(f"{name_of} is {most.bytes * 100 // whole} % of all; --without {name_of} saves that.")
    if found.why:
        names = ",".join(one.entity.name for one in found.counts if one.leave)
        print(f"{found.why}: concord workspace types {name} --without {names}")


def _row(one: TypeCount, without: tuple[str, ...]) -> list[object]:
    if one.records is None:
        told = "not known"
    else:
        told = f"{one.records:,}" if one.exact else f"about {one.records:,}"
    out = one.entity.name in without
    word = "left out" if out else "better left out" if one.leave else ""
    storage = f"{one.bytes / _MEGABYTE:,.1f}"
    calls = [one.read_calls, one.write_calls]
    return [one.entity.name, told, one.there, storage, *calls, word]


def _json(one: TypeCount, without: tuple[str, ...]) -> dict[str, Any]:
    return {
        "entity": one.entity.name,
        "records": one.records,
        "exact": one.exact,
        "in_salesforce": one.there,
        "storage_bytes": one.bytes,
        "calls": {"billing": one.read_calls, "salesforce": one.write_calls},
        "leave": one.leave,
        "left_out": one.entity.name in without,
    }


def _print_choice(
    gone: tuple[str, ...], left: Mapping[str, int], name: str, *, as_json: bool
) -> None:
    if as_json:
        output.print_json({"workspace": name, "without": list(gone), "staying": dict(left)})
        return
    print(f"Left out: {', '.join(gone)}." if gone else "Nothing is left out.")
    for entity, count in left.items():
        print(f"  {count:,} records of {entity} stay in Salesforce as they are.")
    if left:
        print(
            f"To delete them: concord workspace types {name} --all; refresh; then the same"
            " choice with --delete -o plan.json, and commit the plan before you leave them out."
        )
