"""CommitPlan: chosen operations, what each expects to find, and what the whole will cost."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, IntEnum
from hashlib import sha256
from typing import Any

import orjson

from app.domain.convert import plain_value, typed_value
from app.domain.forecast import Forecast
from app.domain.mapping import EntityMapping, WorkspaceMapping
from app.domain.record import BaseValue, RecordKey, Side
from app.errors import PlanRefused

SCHEMA = 1


class Verb(Enum):
    """What an operation does; Salesforce's own words."""

    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"


class OutcomeState(IntEnum):
    """What became of an operation; the numbers are stored, so they never change."""

    INTENT = 0
    WRITTEN = 1
    FAILED = 2
    STALE = 3
    SKIPPED = 4
    UNKNOWN = 5


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of an operation: what it is, what it is to become."""

    name: str
    before: BaseValue
    after: BaseValue


@dataclass(frozen=True, slots=True)
class Operation:
    """One write on one side.

    Attributes:
        changes: For an insert all fields, for an update those that change, for a delete the values
            that go (so that they can be put back).
        expects: The content hash of the record that must be found, None where none may be there.
        side_id: The side's own id of the record, where it is known.
        idempotency_key: Names this one intent for ever; a repeated send carries the same.
    """

    entity: str
    key: str
    side: Side
    verb: Verb
    changes: tuple[FieldChange, ...]
    expects: int | None
    side_id: str = ""
    idempotency_key: str = ""

    @property
    def record_key(self) -> RecordKey:
        """The record that it writes."""
        return RecordKey(self.entity, self.key)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one operation.

    Attributes:
        message: The target's own words where it refused.
        field: The field that the target named, if any.
        side_id: The record's id on the target, where the target told it.
    """

    operation: Operation
    state: OutcomeState
    message: str = ""
    field: str = ""
    side_id: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that will or may go wrong; `key` is "" where it concerns the whole plan."""

    severity: str
    entity: str
    key: str
    message: str


@dataclass(frozen=True, slots=True)
class CommitPlan:
    """An ordered set of chosen operations; `operations` stand in the order of sending."""

    workspace: str
    mapping: str
    operations: tuple[Operation, ...]
    forecast: Forecast
    problems: tuple[Problem, ...] = ()
    not_checked: tuple[str, ...] = ()
    created_at: str = ""
    created_by: str = ""

    @property
    def counts(self) -> Counter[Verb]:
        """How many operations of each verb."""
        return Counter(operation.verb for operation in self.operations)


def ordered(operations: Iterable[Operation], mapping: WorkspaceMapping) -> tuple[Operation, ...]:
    """Return operations in the order of sending: writes parents first, then deletes in reverse."""
    rank = {name: position for position, name in enumerate(mapping.order)}

    def place(operation: Operation) -> tuple[int, int, str, str]:
        deletes = operation.verb is Verb.DELETE
        position = rank[operation.entity]
        return (deletes, -position if deletes else position, operation.side.value, operation.key)

    return tuple(sorted(operations, key=place))


def numbered(operations: Sequence[Operation], seed: str) -> tuple[Operation, ...]:
    """Return operations with their idempotency keys: 32 letters and digits, the same for one seed.

    Alphanumeric, since Aria's client_receipt_id must be (aria.md §1.9).
    """
    return tuple(
        replace(operation, idempotency_key=_receipt(seed, operation)) for operation in operations
    )


def _receipt(seed: str, operation: Operation) -> str:
    parts = (seed, operation.entity, operation.key, operation.side.value, operation.verb.value)
    return sha256("\0".join(parts).encode()).hexdigest()[:32]


def plan_to_json(plan: CommitPlan) -> bytes:
    """Return the plan's file: indented JSON with schema version and a seal over its operations."""
    operations = [_operation_json(operation) for operation in plan.operations]
    return orjson.dumps(
        {
            "concord_plan": SCHEMA,
            "workspace": plan.workspace,
            "mapping": plan.mapping,
            "created_at": plan.created_at,
            "created_by": plan.created_by,
            "seal": _seal(operations),
            "forecast": plan.forecast.to_json(),
            "problems": [_problem_json(problem) for problem in plan.problems],
            "not_checked": list(plan.not_checked),
            "operations": operations,
        },
        option=orjson.OPT_INDENT_2,
    )


def plan_from_json(data: bytes, mapping: WorkspaceMapping, workspace: str) -> CommitPlan:
    """Return the plan of a file.

    Raises:
        PlanRefused: Truncated, changed by hand, of another workspace, made with another mapping, or
            of a newer version.
    """
    document = _document(data)
    _check_plan(document, mapping, workspace)
    rows = document["operations"]
    try:
        return CommitPlan(
            workspace=document["workspace"],
            mapping=document["mapping"],
            operations=tuple(_operation(row, mapping) for row in rows),
            forecast=Forecast.from_json(document["forecast"]),
            problems=tuple(Problem(**row) for row in document["problems"]),
            not_checked=tuple(document["not_checked"]),
            created_at=document["created_at"],
            created_by=document["created_by"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise PlanRefused(
            f"The plan file is damaged: {error}.", "Make the plan again with `concord plan`."
        ) from error


def _document(data: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise PlanRefused(
            f"The plan file is no whole JSON: {error}.", "Make the plan again with `concord plan`."
        ) from error
    if not isinstance(document, dict) or not isinstance(document.get("operations"), list):
        raise PlanRefused("The file is no plan.", "Name a file that `concord plan -o` wrote.")
    return document


def _check_plan(document: Mapping[str, Any], mapping: WorkspaceMapping, workspace: str) -> None:
    again = "Make the plan again with `concord plan`."
    if document.get("concord_plan") != SCHEMA:
        raise PlanRefused(
            f"The plan has version {document.get('concord_plan')!r}, this Concord reads {SCHEMA}.",
            "Use the Concord that made it, or make the plan again.",
        )
    if document.get("workspace") != workspace:
        raise PlanRefused(
            f"The plan is for workspace {document.get('workspace')!r}, not {workspace!r}.",
            "Name the plan's own workspace with -w.",
        )
    if document.get("mapping") != mapping.fingerprint:
        raise PlanRefused("The mapping was changed after the plan was made.", again)
    if document.get("seal") != _seal(document["operations"]):
        raise PlanRefused("The plan's operations were changed after it was made.", again)


def _seal(operations: Sequence[Mapping[str, Any]]) -> str:
    return sha256(orjson.dumps(operations, option=orjson.OPT_SORT_KEYS)).hexdigest()


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
        "idempotency_key": operation.idempotency_key,
        "changes": changes_json(operation.changes),
    }


def changes_json(changes: Sequence[FieldChange]) -> dict[str, list[Any]]:
    """Return changes as `{field: [before, after]}`, as plans and the journal hold them."""
    return {item.name: [plain_value(item.before), plain_value(item.after)] for item in changes}


def changes_from_json(
    rows: Mapping[str, Sequence[Any]], entity: EntityMapping
) -> tuple[FieldChange, ...]:
    """Return what `changes_json` made; raises `KeyError` or `ValueError` for what it cannot be."""
    made = []
    for name, (before, after) in rows.items():
        kind = entity.fields[entity.index[name]].type
        made.append(FieldChange(name, typed_value(before, kind), typed_value(after, kind)))
    return tuple(made)


def _operation(row: Mapping[str, Any], mapping: WorkspaceMapping) -> Operation:
    return Operation(
        entity=row["entity"],
        key=row["key"],
        side=Side(row["side"]),
        verb=Verb(row["verb"]),
        changes=changes_from_json(row["changes"], mapping.entity(row["entity"])),
        expects=row["expects"],
        side_id=row["side_id"],
        idempotency_key=row["idempotency_key"],
    )
