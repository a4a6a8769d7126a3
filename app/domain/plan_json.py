"""The file of a CommitPlan: JSON that says what it is, with one operation a line at its end.

So that a plan of millions can be written and read line by line, and reviewed with any tool. A seal
over the operations shows whether somebody changed them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

import orjson

from app.domain.convert import Typer, plain_value, typed_by, typers
from app.domain.forecast import Forecast
from app.domain.mapping import EntityMapping, WorkspaceMapping
from app.domain.plan import (
    Approval,
    CommitPlan,
    FieldChange,
    Operation,
    Part,
    Problem,
    Verb,
)
from app.domain.record import Side
from app.errors import PlanRefused

SCHEMA = 2
OPERATIONS = b' "operations": [\n'
END = b"]}\n"
# An enum looks its values up by far more slowly, and there are millions of lines.
_SIDES = {side.value: side for side in Side}
_VERBS = {verb.value: verb for verb in Verb}
_TEXTS = frozenset({str, type(None)})
_AGAIN = "Make the plan again with `concord plan`."


def plan_to_json(plan: CommitPlan) -> bytes:
    """Return a plan's file as a whole."""
    return b"".join(plan_lines(plan))


def plan_lines(plan: CommitPlan) -> Iterator[bytes]:
    """Yield a plan's file line by line; its operations are read twice."""
    yield from header_lines(plan, map(operation_line, plan.operations))
    yield from between(map(operation_line, plan.operations))
    yield END


def head_of(plan: CommitPlan) -> bytes:
    """Return what a plan's file says besides its operations, as a JSON document."""
    return orjson.dumps(_header(plan))


def header_lines(plan: CommitPlan, lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield what stands in a plan's file before its operations, which are read for the seal."""
    head = _header(plan)
    said = orjson.dumps({**head, "seal": seal_of(head, lines)}, option=orjson.OPT_INDENT_2)
    yield said.removesuffix(b"\n}") + b",\n" + OPERATIONS


def between(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield lines with the comma that JSON wants between them."""
    first = True
    for line in lines:
        yield line if first else b",\n" + line
        first = False
    yield b"" if first else b"\n"


def operation_line(operation: Operation) -> bytes:
    """Return an operation as one line of JSON, the same for equal operations."""
    return orjson.dumps(_operation_json(operation), option=orjson.OPT_SORT_KEYS)


def operation_of(line: bytes, mapping: WorkspaceMapping) -> Operation:
    """Return the operation of a line.

    Raises:
        PlanRefused: The line is no operation of this mapping.
    """
    try:
        return _operation(orjson.loads(line), mapping)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise PlanRefused(f"The plan file is damaged: {error}.", _AGAIN) from error


def seal_of(head: Mapping[str, Any], lines: Iterable[bytes]) -> str:
    """Return the seal over a plan: what its file says first, and its operations in their order."""
    said = {name: value for name, value in head.items() if name != "seal"}
    seal = sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS) + b"\n")
    for line in lines:
        seal.update(line + b"\n")
    return seal.hexdigest()


def plan_from_json(data: bytes, mapping: WorkspaceMapping, workspace: str) -> CommitPlan:
    """Return the plan of a file, however its JSON is laid out.

    Raises:
        PlanRefused: Truncated, changed by hand, of another workspace, made with another mapping, or
            of a newer version.
    """
    document = _document(data)
    if "concord_plan" in document:  # what another version has in it, nobody knows
        _check_version(document)
    rows = document.pop("operations", None)
    if not isinstance(rows, list):
        raise PlanRefused("The file is no plan.", "Name a file that `concord plan -o` wrote.")
    check_header(document, mapping, workspace)
    lines = [orjson.dumps(row, option=orjson.OPT_SORT_KEYS) for row in rows]
    check_seal(document, lines)
    return plan_of(document, tuple(operation_of(line, mapping) for line in lines))


def header_of(data: bytes) -> dict[str, Any]:
    """Return what stands before the operations, from the bytes up to them."""
    return _document(data.rstrip().removesuffix(b",") + b"}")


def check_header(document: Mapping[str, Any], mapping: WorkspaceMapping, workspace: str) -> None:
    """Refuse a plan of another version, workspace or mapping; raises `PlanRefused`."""
    _check_version(document)
    if document.get("workspace") != workspace:
        raise PlanRefused(
            f"The plan is for workspace {document.get('workspace')!r}, not {workspace!r}.",
            "Name the plan's own workspace with -w.",
        )
    if document.get("mapping") != mapping.fingerprint:
        raise PlanRefused("The mapping was changed after the plan was made.", _AGAIN)


def _check_version(document: Mapping[str, Any]) -> None:
    if document.get("concord_plan") != SCHEMA:
        raise PlanRefused(
            f"The plan has version {document.get('concord_plan')!r}, this Concord reads {SCHEMA}.",
            "Use the Concord that made it, or make the plan again.",
        )


def check_seal(document: Mapping[str, Any], lines: Iterable[bytes]) -> None:
    """Refuse a plan that is not the one that was sealed; raises `PlanRefused`."""
    if document.get("seal") != seal_of(document, lines):
        raise PlanRefused("The plan was changed after it was made.", _AGAIN)


def plan_of(
    document: Mapping[str, Any],
    operations: Sequence[Operation],
) -> CommitPlan:
    """Return the plan of a header and its operations; raises `PlanRefused`."""
    try:
        return CommitPlan(
            workspace=document["workspace"],
            mapping=document["mapping"],
            operations=operations,
            forecast=Forecast.from_json(document["forecast"]),
            problems=tuple(Problem(**row) for row in document["problems"]),
            not_checked=tuple(document["not_checked"]),
            created_at=document["created_at"],
            created_by=document["created_by"],
            instances={Side(side): name for side, name in document["instances"].items()},
            approvals=tuple(Approval(**row) for row in document["approvals"]),
            tally={
                Part(entity, Side(side), Verb(verb)): count
                for entity, side, verb, count in document["tally"]
            },
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise PlanRefused(f"The plan file is damaged: {error}.", _AGAIN) from error


def changes_json(changes: Sequence[FieldChange]) -> dict[str, list[Any]]:
    """Return changes as `{field: [before, after]}`, as plans and the journal hold them."""
    return {
        name: [
            before if before.__class__ in _TEXTS else plain_value(before),
            after if after.__class__ in _TEXTS else plain_value(after),
        ]
        for name, before, after in [(one.name, one.before, one.after) for one in changes]
    }


def change_of(name: str, before: Any, after: Any, typer: Typer) -> FieldChange:
    """Return a change of two values of `plain_value`, typed by the field's one of `typers`.

    Raises:
        ValueError: A value cannot be one of the field's type.
    """
    if typer is str and before.__class__ in _TEXTS and after.__class__ in _TEXTS:  # most are
        return FieldChange(name, before, after)
    return FieldChange(name, typed_by(before, typer), typed_by(after, typer))


def changes_from_json(
    rows: Mapping[str, Sequence[Any]], entity: EntityMapping
) -> tuple[FieldChange, ...]:
    """Return what `changes_json` made, in the order of the mapping.

    Raises:
        KeyError: The entity has no such field.
        ValueError: A value cannot be one of the field's type.
    """
    made = []
    for name, typer in typers(entity).items():
        if name in rows:
            before, after = rows[name]
            made.append(change_of(name, before, after, typer))
    if len(made) != len(rows):
        raise KeyError(next(name for name in rows if name not in typers(entity)))
    return tuple(made)


def _header(plan: CommitPlan) -> dict[str, Any]:
    return {
        "concord_plan": SCHEMA,
        "workspace": plan.workspace,
        "mapping": plan.mapping,
        "instances": {side.value: name for side, name in plan.instances.items()},
        "created_at": plan.created_at,
        "created_by": plan.created_by,
        "approvals": [{"who": one.who, "at": one.at} for one in plan.approvals],
        "tally": [
            [part.entity, part.side.value, part.verb.value, count]
            for part, count in plan.tally.items()
        ],
        "forecast": plan.forecast.to_json(),
        "problems": [_problem_json(problem) for problem in plan.problems],
        "not_checked": list(plan.not_checked),
    }


def _document(data: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise PlanRefused(f"The plan file is no whole JSON: {error}.", _AGAIN) from error
    if not isinstance(document, dict):
        raise PlanRefused("The file is no plan.", "Name a file that `concord plan -o` wrote.")
    return document


def _problem_json(problem: Problem) -> dict[str, str]:
    return {
        "severity": problem.severity,
        "entity": problem.entity,
        "key": problem.key,
        "message": problem.message,
    }


def _operation_json(operation: Operation) -> dict[str, Any]:
    return {
        "entity": operation.entity,
        "key": operation.key,
        "side": operation.side.value,
        "verb": operation.verb.value,
        "expects": operation.expects,
        "side_id": operation.side_id,
        "changes": changes_json(operation.changes),
    }


def _operation(row: Mapping[str, Any], mapping: WorkspaceMapping) -> Operation:
    return Operation(
        entity=row["entity"],
        key=row["key"],
        side=_SIDES[row["side"]],
        verb=_VERBS[row["verb"]],
        changes=changes_from_json(row["changes"], mapping.entity(row["entity"])),
        expects=row["expects"],
        side_id=row["side_id"],
    )
