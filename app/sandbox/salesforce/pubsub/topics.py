"""Topics of change events, and the schemas of what comes over them."""

import threading
from dataclasses import dataclass

from app.sandbox.salesforce.pubsub.bus import ChangeEvent
from app.sandbox.salesforce.pubsub.event_schema import (
    OVERFLOW,
    EventSchema,
    event_name,
    event_schema,
    header_schema_text,
    schema_id,
)
from app.sandbox.salesforce.pubsub.refusals import no_schema, no_topic
from app.sandbox.salesforce.schema import Schema, SObject

_ALL = "/data/ChangeEvents"
_ENTITY = "/data/"


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic; `entity` is the sObject whose events it carries, "" of the channel of all."""

    name: str
    entity: str
    schema_id: str


@dataclass(frozen=True, slots=True)
class Written:
    """An event as it goes over the wire."""

    schema_id: str
    payload: bytes


class Topics:
    """Finds topics, and writes events; schemas are made when they are first needed."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._lock = threading.Lock()
        self._current: dict[str, EventSchema] = {}
        self._all = header_schema_text("ChangeEvents")
        self._texts = {schema_id(self._all): self._all}

    def topic(self, name: str) -> Topic:
        """Return a topic by its name.

        Raises:
            PubSubError: There is none.
        """
        if name == _ALL:
            return Topic(name, "", schema_id(self._all))
        for sobject in self._schema:
            if sobject.writable and name == _ENTITY + event_name(sobject):
                return Topic(name, sobject.name, self._schema_of(sobject).id)
        raise no_topic(name)

    def text(self, wanted: str) -> str:
        """Return the Avro schema of an id, as JSON.

        Raises:
            PubSubError: There is none.
        """
        with self._lock:
            found = self._texts.get(wanted)
        if found is None:
            raise no_schema(wanted)
        return found

    def written(self, event: ChangeEvent, user_id: str, most_bytes: int) -> Written | None:
        """Return an event for the wire; None of an sObject that is no more.

        What is too large becomes a gap event, without its fields (salesforce.md §16).
        """
        sobject = self._schema.find(event.entity)
        if sobject is None:
            return None
        schema = self._schema_of(sobject)
        header = {
            "entityName": event.entity,
            "recordIds": list(event.record_ids),
            "changeType": event.kind,
            "changeOrigin": event.origin,
            "transactionKey": event.transaction,
            "sequenceNumber": event.sequence,
            "commitTimestamp": event.committed_ms,
            "commitNumber": event.commit,
            "commitUser": user_id,
        }
        payload = schema.payload(
            header, event.values, lambda each: self._schema.can_see(sobject, each)
        )
        if len(payload) > most_bytes and event.kind != OVERFLOW:
            gap = header | {"changeType": f"GAP_{event.kind}", "sequenceNumber": 1}
            payload = schema.payload(gap, {}, lambda _: True)
        return Written(schema.id, payload)

    def _schema_of(self, sobject: SObject) -> EventSchema:
        with self._lock:
            found = self._current.get(sobject.name)
            if found is None or found.sobject is not sobject:
                found = event_schema(sobject)
                self._current[sobject.name] = found
                self._texts[found.id] = found.text
            return found
