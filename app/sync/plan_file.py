"""Plans to files and back, a line at a time, so that a plan of millions needs no memory."""

import secrets
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO

from app.domain.plan import Approval, CommitPlan
from app.domain.plan_json import (
    END,
    OPERATIONS,
    between,
    check_header,
    check_seal,
    header_lines,
    header_of,
    operation_line,
    plan_from_json,
    plan_of,
)
from app.errors import NotFound, WrongUse, file_trouble
from app.sync.spool import Spool
from app.sync.workbench import Workbench

_MOST_HEADER = 64 << 20


def save_plan(plan: CommitPlan, path: Path) -> None:
    """Write a plan's file; one that was there is replaced once the new one is whole.

    Raises:
        WrongUse: It cannot be written.
    """
    try:
        if path.exists() and not path.is_file():  # a pipe or a device
            with path.open("wb") as file:
                file.writelines(_lines(plan))
            return
        new = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        try:
            with new.open("xb") as file:
                file.writelines(_lines(plan))
            if path.exists():  # a colleague who may read it is to read what is approved, too
                shutil.copymode(path, new)
            new.replace(path)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise WrongUse(
            f"{path} cannot be written: {file_trouble(error)}.", "Name another file with -o."
        ) from error


def load_plan(bench: Workbench, path: Path) -> CommitPlan:
    """Return the plan of a file; many operations are kept in a file of our own, not in memory.

    Raises:
        NotFound: There is no such file, or it cannot be read.
        PlanRefused: Truncated, changed by hand, of another workspace, made with another mapping, or
            of a newer version.
    """
    try:
        with path.open("rb") as file:
            return _read(bench, file)
    except OSError as error:
        raise NotFound(
            f"The plan {path} cannot be read: {file_trouble(error)}.",
            "Make one with `concord plan`.",
        ) from error


def approve(plan: CommitPlan, who: str, at: str) -> CommitPlan:
    """Return a plan with one more approval.

    Raises:
        WrongUse: That person approved it already.
    """
    if any(one.who == who for one in plan.approvals):
        raise WrongUse(f"{who} has approved this plan already.", "It can be committed.")
    return replace(plan, approvals=(*plan.approvals, Approval(who, at)))


def _lines(plan: CommitPlan) -> Iterator[bytes]:
    operations = plan.operations
    if isinstance(operations, Spool):
        yield from header_lines(plan, operations.lines())
        yield from between(operations.lines())
    else:
        made = [operation_line(operation) for operation in operations]
        yield from header_lines(plan, made)
        yield from between(made)
    yield END


def _read(bench: Workbench, file: IO[bytes]) -> CommitPlan:
    head = _up_to_operations(file)
    if head is None:  # laid out by another tool
        file.seek(0)
        return plan_from_json(file.read(), bench.mapping, bench.name)
    document = header_of(head)
    check_header(document, bench.mapping, bench.name)
    spool = Spool(bench.mapping, bench.store.path.parent)
    ended = _fill(spool, file)
    if not ended:
        spool.close()
        file.seek(0)
        return plan_from_json(file.read(), bench.mapping, bench.name)
    check_seal(document, spool.lines())
    return plan_of(document, spool.settled())


def _up_to_operations(file: IO[bytes]) -> bytes | None:
    head = bytearray()
    for line in file:
        if line == OPERATIONS:
            return bytes(head)
        head += line
        if len(head) > _MOST_HEADER:
            break
    return None


def _fill(spool: Spool, file: Iterable[bytes]) -> bool:
    """Take the operations' lines over; return whether the file came to its proper end."""
    for line in file:
        if line == END:
            return not any(rest.strip() for rest in file)
        spool.append_line(line.rstrip(b"\r\n").removesuffix(b","))
    return False
