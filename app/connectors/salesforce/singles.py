"""One record updated alone, if nobody has changed it since it was read (salesforce.md §6.3)."""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import quote

import msgspec

from app.connectors.http import HttpRequest
from app.connectors.salesforce.bodies import GONE, Bodies, Row, short_id
from app.connectors.salesforce.errors import SalesforceRefused
from app.connectors.salesforce.session import SalesforceSession
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping
from app.domain.plan import Operation, Outcome, OutcomeState, Verb
from app.domain.record import Record
from app.errors import AnswerLost

_REMEMBERED = 1000  # records whose last change is kept, the latest read
_PRECONDITION_FAILED = 412


class Singles:
    """Updates of single records; remembers when those read by key were last changed."""

    def __init__(self, session: SalesforceSession, bodies: Bodies) -> None:
        self._session = session
        self._bodies = bodies
        self._lock = threading.Lock()
        self._changed: OrderedDict[str, str] = OrderedDict()

    def remember(self, records: Iterable[Record]) -> None:
        """Keep when records were last changed."""
        with self._lock:
            for record in records:
                if record.side_id and record.changed_at:
                    self._changed[short_id(record.side_id)] = record.changed_at
                    self._changed.move_to_end(short_id(record.side_id))
            while len(self._changed) > _REMEMBERED:
                self._changed.popitem(last=False)

    def knows(self, entity: EntityMapping, operation: Operation) -> bool:
        """Return whether an operation can go this way.

        Not where it moves a reference: a missing parent is told of as a missing field here.
        """
        references = {field.name for field in entity.references}
        return (
            operation.verb is Verb.UPDATE
            and short_id(operation.side_id) in self._changed
            and references.isdisjoint(change.name for change in operation.changes)
        )

    def update(self, entity: EntityMapping, operation: Operation, cancel: CancelToken) -> Outcome:
        """Return the outcome of an update; stale where somebody changed the record meanwhile.

        The condition has whole seconds. It is sent once: after a lost answer the record has our
        own change.
        """
        with self._lock:
            changed_at = self._changed.pop(short_id(operation.side_id), "")
        try:
            body = self._bodies.fields(entity, operation)
        except TypeError as error:
            return Outcome(operation, OutcomeState.FAILED, str(error))
        moment = datetime.fromisoformat(changed_at)
        request = HttpRequest(
            "PATCH",
            f"sobjects/{entity.sobject}/{quote(operation.side_id, safe='')}",
            "instance_url",
            {"If-Unmodified-Since": format_datetime(moment, usegmt=True)},
            msgspec.json.encode(body),
            writes=True,
            repeatable=False,
        )
        try:
            self._session.ask(request, cancel)
        except AnswerLost as error:
            return Outcome(operation, OutcomeState.UNKNOWN, error.summary)
        except SalesforceRefused as error:
            return self._refused(entity, operation, error)
        return Outcome(operation, OutcomeState.WRITTEN, side_id=operation.side_id)

    def _refused(
        self, entity: EntityMapping, operation: Operation, error: SalesforceRefused
    ) -> Outcome:
        if error.status == _PRECONDITION_FAILED:
            words = "Somebody changed it in Salesforce after it was read."
            return Outcome(operation, OutcomeState.STALE, words)
        if error.code in GONE:
            return Outcome(operation, OutcomeState.STALE, f"It is gone ({error.words}).")
        row = Row(operation.side_id, None, error.code, error.message, error.fields)
        return self._bodies.refused(entity, operation, row)
