"""`concord held`: inserts that Concord leaves to a person, and why."""

from argparse import Namespace
from collections.abc import Sequence

from app.cli import output
from app.domain.control import CancelToken
from app.errors import ExitStatus
from app.services import Services
from app.store.holding import Held, held_back
from app.sync.compare import compare
from app.sync.pairing import entity_of
from app.sync.workbench import Workbench

_HEAD = ("entity", "key", "title", "why")
_TOLD = 3


def run_held(services: Services, options: Namespace, cancel: CancelToken) -> int:
    """`concord held`: exit status 1 where anything is held back."""
    with services.workbench(options.workspace) as bench:
        for name in options.entity:
            entity_of(bench, name)
        compare(bench, cancel, lambda _progress: None)
        found = held_back(bench.store, options.entity)
    if options.json:
        rows = [dict(zip(_HEAD, _cells(one), strict=True)) for one in found]
        output.print_json({"workspace": options.workspace, "held_back": rows})
    elif found:
        output.print_table(list(_HEAD), [_cells(one) for one in found])
    else:
        print("Nothing is held back.")
    return ExitStatus.DIFFERENCES if found else ExitStatus.DONE


def held_of(bench: Workbench, account: str) -> list[Held]:
    """Return what is held back: of an account itself, or with "" all."""
    found, customer = held_back(bench.store), bench.mapping.account
    if not account or customer is None:
        return found
    return [one for one in found if (one.entity, one.key) == (customer.name, account)]


def held_words(bench: Workbench, found: Sequence[Held], account: str) -> list[str]:
    """Return lines about what is held back, none where nothing is; of one account or of all."""
    if account:
        return [f"{one.entity} {one.key} is held back: {one.why}" for one in found]
    lines = [f"held back: {one.entity} {one.key}: {one.why}" for one in found[:_TOLD]]
    if found:
        lines.append(f"held back in all: {len(found):,}; see `concord held -w {bench.name}`")
    return lines


def _cells(one: Held) -> list[str]:
    return [one.entity, one.key, one.title, one.why]
