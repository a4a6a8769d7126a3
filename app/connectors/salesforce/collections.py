"""Writes in collections: a PATCH for what is kept, a DELETE for what goes (salesforce.md §7)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from app.connectors.salesforce.errors import SalesforceRefused
from app.connectors.salesforce.schema import relationship
from app.connectors.salesforce.session import SalesforceSession
from app.domain.control import CancelToken
from app.domain.convert import raw_value
from app.domain.mapping import EntityMapping, FieldType, WorkspaceMapping
from app.domain.plan import FieldChange, Operation, Outcome, OutcomeState, Verb
from app.domain.record import NoBase, Side, decimal_text
from app.errors import AnswerLost, AnswerUnreadable, AppError

MOST_ROWS = 200
"""Rows of one call (salesforce.md §7)."""
_LOCK_ROUNDS = 4  # more attempts for rows that somebody else holds (salesforce.md §14)
_LOCK_PAUSE_S = 0.5
_LOCKED = "UNABLE_TO_LOCK_ROW"
_GONE = frozenset({"ENTITY_IS_DELETED", "NOT_FOUND"})
_ID_LENGTH = 15  # what tells two ids apart; the rest is a check (salesforce.md §1)
_FOREIGN = re.compile(r"Foreign key external ID: (.*) not found for field \S+ in entity (\w+)")


@dataclass(frozen=True, slots=True)
class _Row:
    """What a collection's answer says of one row."""

    id: str
    created: bool | None
    code: str = ""
    message: str = ""
    fields: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        return f"{self.code}: {self.message}"


class Collections:
    """Writes operations of one entity at a time; at most `MOST_ROWS` a call."""

    def __init__(self, session: SalesforceSession, mapping: WorkspaceMapping) -> None:
        self._session = session
        self._mapping = mapping
        self._lock_pause_s = _LOCK_PAUSE_S

    def upsert(
        self, entity: EntityMapping, operations: Sequence[Operation], cancel: CancelToken
    ) -> Iterator[Outcome]:
        """Yield an outcome for each insert and update, all sent by external id.

        Rows that were locked are sent again alone, a few times (salesforce.md §15).
        """
        sendable: list[tuple[Operation, dict[str, Any]]] = []
        for operation in operations:
            try:
                sendable.append((operation, self._body(entity, operation)))
            except TypeError as error:  # a value that could not be read cannot be written
                yield Outcome(operation, OutcomeState.FAILED, str(error))
        if sendable:
            yield from self._sent(entity, sendable, cancel)

    def delete(
        self, entity: EntityMapping, targets: Sequence[tuple[Operation, str]], cancel: CancelToken
    ) -> list[Outcome]:
        """Return an outcome for each delete of a record by its id.

        What is gone already counts as written: the record is as the plan wants it.
        """
        operations = [operation for operation, _ in targets]
        ids = ",".join(record_id for _, record_id in targets)
        path = f"composite/sobjects?ids={ids}&allOrNone=false"
        try:
            answer = self._session.call(cancel, lambda api: api.restful(path, method="DELETE"))
        except (AnswerLost, AnswerUnreadable, SalesforceRefused) as error:
            return _whole(operations, error)
        results = _rows(answer)
        if len(results) != len(operations):
            return _all(operations, OutcomeState.UNKNOWN, "The answer has another number of rows.")
        return [
            self._deleted(entity, operation, record_id, row)
            for (operation, record_id), row in zip(targets, results, strict=True)
        ]

    def _sent(
        self,
        entity: EntityMapping,
        rows: list[tuple[Operation, dict[str, Any]]],
        cancel: CancelToken,
    ) -> Iterator[Outcome]:
        outcomes = self._upserted(entity, rows, cancel)
        for attempt in range(1, _LOCK_ROUNDS + 1):
            yield from (outcome for outcome in outcomes if not _is_locked(outcome))
            pairs = zip(rows, outcomes, strict=True)
            rows = [row for row, outcome in pairs if _is_locked(outcome)]
            outcomes = list(filter(_is_locked, outcomes))
            if not rows:
                return
            try:
                cancel.wait(self._lock_pause_s * attempt)
                outcomes = self._upserted(entity, rows, cancel)
            except AppError:  # the other rows are written, so these stay refused, nothing is raised
                break
        yield from outcomes

    def _upserted(
        self,
        entity: EntityMapping,
        rows: Sequence[tuple[Operation, dict[str, Any]]],
        cancel: CancelToken,
    ) -> list[Outcome]:
        operations = [operation for operation, _ in rows]
        path = f"composite/sobjects/{entity.sobject}/{entity.salesforce_key}"
        body = {"allOrNone": False, "records": [body for _, body in rows]}
        try:
            answer = self._session.save("PATCH", path, msgspec.json.encode(body), cancel)
        except (AnswerLost, AnswerUnreadable, SalesforceRefused) as error:
            return _whole(operations, error)
        results = _rows(answer)
        if len(results) != len(operations):
            return _all(operations, OutcomeState.UNKNOWN, "The answer has another number of rows.")
        return [
            self._outcome(entity, operation, row)
            for operation, row in zip(operations, results, strict=True)
        ]

    def _body(self, entity: EntityMapping, operation: Operation) -> dict[str, Any]:
        body: dict[str, Any] = {"attributes": {"type": entity.sobject}}
        for change in operation.changes:
            name, value = self._written(entity, change)
            body[name] = value
        body[entity.salesforce_key] = operation.key
        return body

    def _written(self, entity: EntityMapping, change: FieldChange) -> tuple[str, Any]:
        field = entity.fields[entity.index[change.name]]
        if isinstance(change.after, NoBase):
            message = f"{change.name}: no value to write"
            raise TypeError(message)
        value = raw_value(field, Side.SALESFORCE, change.after)
        if field.type is FieldType.REFERENCE and value is not None:
            return relationship(field), {self._mapping.entity(field.to).salesforce_key: value}
        if field.type in {FieldType.DECIMAL, FieldType.MONEY} and value is not None:
            return field.salesforce, msgspec.Raw(_number(value).encode())
        return field.salesforce, value

    def _outcome(self, entity: EntityMapping, operation: Operation, row: _Row) -> Outcome:
        if row.code:
            field = self._field(entity, operation, row)
            return Outcome(operation, OutcomeState.FAILED, self._said(row), field)
        if not row.id or (operation.side_id and not _same(row.id, operation.side_id)):
            return Outcome(operation, OutcomeState.UNKNOWN, "The answer names another record.")
        if operation.verb is Verb.UPDATE and row.created:
            message = "The record was gone and has been created with these fields alone."
            return Outcome(operation, OutcomeState.UNKNOWN, message, side_id=row.id)
        return Outcome(operation, OutcomeState.WRITTEN, side_id=row.id)

    def _deleted(
        self, entity: EntityMapping, operation: Operation, record_id: str, row: _Row
    ) -> Outcome:
        if row.code and row.code not in _GONE:
            field = self._field(entity, operation, row)
            return Outcome(operation, OutcomeState.FAILED, self._said(row), field, record_id)
        if not row.code and not _same(row.id, record_id):
            return Outcome(operation, OutcomeState.UNKNOWN, "The answer names another record.")
        return Outcome(operation, OutcomeState.WRITTEN, side_id=record_id)

    def _said(self, row: _Row) -> str:
        return self._session.http.harmless(row.words)

    def _field(self, entity: EntityMapping, operation: Operation, row: _Row) -> str:
        """Return the mapping's name of the field that a refusal is about, as far as it tells."""
        names = {field.salesforce: field.name for field in entity.fields}
        names |= {relationship(field): field.name for field in entity.references}
        for name in row.fields:
            if name in names:
                return names[name]
        foreign = _FOREIGN.search(row.message)
        if foreign is not None:
            return self._dangling(entity, operation, foreign)
        return row.fields[0] if row.fields else ""

    def _dangling(self, entity: EntityMapping, operation: Operation, foreign: re.Match[str]) -> str:
        """Return the reference to a missing parent; Salesforce names its key and object only."""
        values = {change.name: str(change.after) for change in operation.changes}
        for field in entity.references:
            same_object = self._mapping.entity(field.to).sobject == foreign[2]
            if same_object and values.get(field.name, "").lower() == foreign[1].lower():
                return field.name
        return ""


def _is_locked(outcome: Outcome) -> bool:
    return outcome.message.startswith(_LOCKED)


def _rows(answer: Any) -> list[_Row]:
    if not isinstance(answer, list):
        return []
    return [_row(item) for item in answer if isinstance(item, dict)]


def _row(item: dict[str, Any]) -> _Row:
    row_id = str(item.get("id") or "")
    created = item.get("created")
    if item.get("success") is True:
        return _Row(row_id, created)
    errors = item.get("errors")
    error = errors[0] if isinstance(errors, list) and errors else {}
    code = str(error.get("statusCode") or error.get("errorCode") or "UNKNOWN_EXCEPTION")
    fields = tuple(str(name) for name in error.get("fields") or ())
    return _Row(row_id, created, code, str(error.get("message") or ""), fields)


def _whole(operations: Sequence[Operation], error: AppError) -> list[Outcome]:
    """Return the outcomes where one answer, or none, stands for all rows."""
    if isinstance(error, SalesforceRefused):
        return _all(operations, OutcomeState.FAILED, error.words)
    return _all(operations, OutcomeState.UNKNOWN, error.summary)


def _all(operations: Sequence[Operation], state: OutcomeState, message: str) -> list[Outcome]:
    return [Outcome(operation, state, message) for operation in operations]


def _same(one: str, other: str) -> bool:
    return one[:_ID_LENGTH] == other[:_ID_LENGTH]


def _number(value: Any) -> str:
    """Return a number exactly, without exponent."""
    return decimal_text(value) if not isinstance(value, int) else str(value)
