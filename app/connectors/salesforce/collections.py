"""Writes in collections: a PATCH for what is kept, a DELETE for what goes (salesforce.md §7)."""

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import msgspec

from app.connectors.overlap import overlapped
from app.connectors.salesforce.bodies import Bodies, Row, all_of, by_parent, is_locked
from app.connectors.salesforce.errors import SalesforceRefused
from app.connectors.salesforce.session import SalesforceSession
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping
from app.domain.plan import Operation, Outcome, OutcomeState, Verb
from app.errors import AnswerLost, AnswerUnreadable, AppError

MOST_ROWS = 200
"""Rows of one call (salesforce.md §7)."""
_AT_ONCE = 4  # calls of one batch; other batches have their own
_LOCK_ROUNDS = 4  # more attempts for rows that somebody else holds (salesforce.md §14)
_LOCK_PAUSE_S = 0.5

_Sendable = tuple[Operation, dict[str, Any]]


class Collections:
    """Writes operations of one entity, any number of them, `MOST_ROWS` a call."""

    def __init__(self, session: SalesforceSession, bodies: Bodies) -> None:
        self._session = session
        self._bodies = bodies
        self._serial = threading.Lock()
        self._lock_pause_s = _LOCK_PAUSE_S

    def upsert(
        self, entity: EntityMapping, operations: Sequence[Operation], cancel: CancelToken
    ) -> Iterator[Outcome]:
        """Yield an outcome for each insert and update, all sent by external id.

        Children of one parent go together. Rows that were locked are sent again when the others
        are through, a few times (salesforce.md §15).
        """
        yield from self._kept(partial(self._upserted, entity), entity, operations, cancel)

    def save(
        self, entity: EntityMapping, operations: Sequence[Operation], cancel: CancelToken
    ) -> Iterator[Outcome]:
        """Yield an outcome for each insert and update of an entity whose key is no external id.

        An insert is sent once: whether one that was not answered has happened, only a read tells.
        """
        for verb, send in ((Verb.INSERT, self._inserted), (Verb.UPDATE, self._updated)):
            some = [operation for operation in operations if operation.verb is verb]
            if some:
                yield from self._kept(partial(send, entity), entity, some, cancel)

    def delete(
        self, entity: EntityMapping, targets: Sequence[tuple[Operation, str]], cancel: CancelToken
    ) -> list[Outcome]:
        """Return an outcome for each delete of a record by its id.

        What is gone already counts as written: the record is as the plan wants it.
        """
        pieces = [targets[n : n + MOST_ROWS] for n in range(0, len(targets), MOST_ROWS)]
        operations = [[operation for operation, _ in some] for some in pieces]
        return _all_sent(
            [partial(self._deleted, entity, some) for some in pieces], operations, cancel
        )

    def retry(
        self, entity: EntityMapping, locked: Sequence[Outcome], cancel: CancelToken
    ) -> list[Outcome]:
        """Return what becomes of rows that were locked, sent again one call at a time."""
        return self._again(partial(self._upserted, entity), entity, locked, cancel)

    def _kept(
        self,
        send: "_Send",
        entity: EntityMapping,
        operations: Sequence[Operation],
        cancel: CancelToken,
    ) -> Iterator[Outcome]:
        rows: list[_Sendable] = []
        for operation in by_parent(entity, operations):
            try:
                rows.append((operation, self._bodies.record(entity, operation)))
            except TypeError as error:  # a value that could not be read cannot be written
                yield Outcome(operation, OutcomeState.FAILED, str(error))
        pieces = [rows[n : n + MOST_ROWS] for n in range(0, len(rows), MOST_ROWS)]
        sent = [[operation for operation, _ in some] for some in pieces]
        outcomes = _all_sent([partial(send, some) for some in pieces], sent, cancel)
        yield from (outcome for outcome in outcomes if not is_locked(outcome))
        yield from self._again(send, entity, list(filter(is_locked, outcomes)), cancel)

    def _again(
        self,
        send: "_Send",
        entity: EntityMapping,
        locked: Sequence[Outcome],
        cancel: CancelToken,
    ) -> list[Outcome]:
        """Send locked rows some more times, in turn: with others of ours they would lock again."""
        done: list[Outcome] = []
        left = list(locked)
        for attempt in range(1, _LOCK_ROUNDS + 1):
            rows = [(item.operation, self._bodies.record(entity, item.operation)) for item in left]
            if not rows:
                break
            try:
                cancel.wait(self._lock_pause_s * attempt)
                with self._serial:
                    outcomes = send(rows[:MOST_ROWS], cancel)
            except AppError:  # the other rows are written, so these stay refused, nothing is raised
                break
            done += [outcome for outcome in outcomes if not is_locked(outcome)]
            left = [*left[MOST_ROWS:], *filter(is_locked, outcomes)]
        return done + left

    def _upserted(
        self, entity: EntityMapping, rows: Sequence[_Sendable], cancel: CancelToken
    ) -> list[Outcome]:
        path = f"composite/sobjects/{entity.sobject}/{entity.salesforce_key}"
        return self._patched(entity, ("PATCH", path), rows, cancel)

    def _inserted(
        self, entity: EntityMapping, rows: Sequence[_Sendable], cancel: CancelToken
    ) -> list[Outcome]:
        return self._patched(entity, ("POST", "composite/sobjects"), rows, cancel)

    def _updated(
        self, entity: EntityMapping, rows: Sequence[_Sendable], cancel: CancelToken
    ) -> list[Outcome]:
        named = [(operation, {**body, "id": operation.side_id}) for operation, body in rows]
        return self._patched(entity, ("PATCH", "composite/sobjects"), named, cancel)

    def _patched(
        self,
        entity: EntityMapping,
        resource: tuple[str, str],
        rows: Sequence[_Sendable],
        cancel: CancelToken,
    ) -> list[Outcome]:
        operations = [operation for operation, _ in rows]
        body = msgspec.json.encode({"allOrNone": False, "records": [body for _, body in rows]})
        try:
            answer = self._session.save(*resource, body, cancel)
        except (AnswerLost, AnswerUnreadable, SalesforceRefused) as error:
            return _whole(operations, error)
        results = rows_of(answer)
        if len(results) != len(operations):
            return all_of(operations, OutcomeState.UNKNOWN, _OTHER_NUMBER)
        return [
            self._bodies.outcome(entity, operation, row)
            for operation, row in zip(operations, results, strict=True)
        ]

    def _deleted(
        self, entity: EntityMapping, targets: Sequence[tuple[Operation, str]], cancel: CancelToken
    ) -> list[Outcome]:
        operations = [operation for operation, _ in targets]
        ids = ",".join(record_id for _, record_id in targets)
        path = f"composite/sobjects?ids={ids}&allOrNone=false"
        try:
            answer = self._session.call(cancel, lambda api: api.restful(path, method="DELETE"))
        except (AnswerLost, AnswerUnreadable, SalesforceRefused) as error:
            return _whole(operations, error)
        results = rows_of(answer)
        if len(results) != len(operations):
            return all_of(operations, OutcomeState.UNKNOWN, _OTHER_NUMBER)
        return [
            self._bodies.deleted(entity, operation, record_id, row)
            for (operation, record_id), row in zip(targets, results, strict=True)
        ]


_Send = Callable[[Sequence[_Sendable], CancelToken], list[Outcome]]
_OTHER_NUMBER = "The answer has another number of rows."


def _all_sent(
    tasks: Sequence[Callable[[CancelToken], list[Outcome]]],
    operations: Sequence[Sequence[Operation]],
    cancel: CancelToken,
) -> list[Outcome]:
    """Return the outcomes of calls that run beside each other; each has its own operations.

    Raises:
        AppError: None of the calls was carried out; where some were, what was not sent is unknown.
    """
    if len(tasks) == 1:
        return tasks[0](cancel)
    trying = [partial(_tried, task, cancel) for task in tasks]
    found = list(overlapped(trying, _AT_ONCE, CancelToken()))  # a call that is sent is waited for
    errors = [each for each in found if isinstance(each, AppError)]
    if errors and len(errors) == len(found):
        raise errors[0]
    return [
        outcome
        for each, some in zip(found, operations, strict=True)
        for outcome in (
            all_of(some, OutcomeState.UNKNOWN, each.summary) if isinstance(each, AppError) else each
        )
    ]


def _tried(
    task: Callable[[CancelToken], list[Outcome]], cancel: CancelToken
) -> list[Outcome] | AppError:
    try:
        return task(cancel)
    except AppError as error:
        return error


def rows_of(answer: Any) -> list[Row]:
    """Return the rows of a collection's answer."""
    if not isinstance(answer, list):
        return []
    return [_row(item) for item in answer if isinstance(item, dict)]


def _row(item: dict[str, Any]) -> Row:
    row_id = str(item.get("id") or "")
    created = item.get("created")
    if item.get("success") is True:
        return Row(row_id, created)
    errors = item.get("errors")
    error = errors[0] if isinstance(errors, list) and errors else {}
    if not isinstance(error, dict):
        error = {"message": error}
    code = str(error.get("statusCode") or error.get("errorCode") or "UNKNOWN_EXCEPTION")
    named = error.get("fields")
    fields = tuple(str(name) for name in named) if isinstance(named, list) else ()
    return Row(row_id, created, code, str(error.get("message") or ""), fields)


def _whole(operations: Sequence[Operation], error: AppError) -> list[Outcome]:
    """Return the outcomes where one answer, or none, stands for all rows."""
    if isinstance(error, SalesforceRefused):
        return all_of(operations, OutcomeState.FAILED, error.words)
    return all_of(operations, OutcomeState.UNKNOWN, error.summary)
