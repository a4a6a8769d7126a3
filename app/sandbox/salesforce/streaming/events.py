"""Change events as the Streaming API tells them: JSON, a header and the fields.

Source: developer.salesforce.com/docs/atlas.en-us.change_data_capture.meta/change_data_capture
(the message's form); the values are those of salesforce.md §16.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from app.sandbox.salesforce.org import Org
from app.sandbox.salesforce.pubsub.bus import ChangeEvent, Placed
from app.sandbox.salesforce.pubsub.event_schema import (
    OVERFLOW,
    EventSchema,
    Slot,
    event_name,
    event_schema,
)
from app.sandbox.salesforce.schema import Field, SObject
from app.sandbox.salesforce.streaming import push_topics
from app.sandbox.salesforce.streaming.push_topics import PushTopics
from app.sandbox.salesforce.values import Stored, reader
from app.sandbox.wire import to_json

Json = dict[str, Any]
CanSee = Callable[[Field], bool]

ALL = "/data/ChangeEvents"
_DATA = "/data/"


class ChangeFeeds:
    """Knows the channels of change events, and writes what comes over them."""

    def __init__(self, org: Org) -> None:
        self._schema = org.schema
        self._user_id = org.user_id
        self._topics = PushTopics(org)
        self._forms: dict[str, EventSchema] = {}

    def entity(self, channel: str) -> str | None:
        """Return the sObject of a channel, "" of the channel of all; None if there is none."""
        if channel == ALL:
            return ""
        if channel.startswith(push_topics.PREFIX):
            topic = self._topics.find(channel)
            return topic.entity if topic is not None else None
        for sobject in self._schema:
            if sobject.writable and channel == _DATA + event_name(sobject):
                return sobject.name
        return None

    def data(self, channel: str, placed: Placed, most_bytes: int) -> list[Json]:
        """Return what a channel tells of an event: the data of one message or several, or none."""
        if channel.startswith(push_topics.PREFIX):
            return self._topics.data(channel, placed)
        whole = self._whole(placed, most_bytes)
        return [] if whole is None else [whole]

    def _whole(self, placed: Placed, most_bytes: int) -> Json | None:
        """Return a change event; None of an sObject that is no more.

        What is too large becomes a gap event, without its fields.
        """
        event = placed.event
        sobject = self._schema.find(event.entity)
        if sobject is None:
            return None
        form = self._form(sobject)
        values = dict(_fields(form, event, lambda each: self._schema.can_see(sobject, each)))
        header = self._header(event, list(_changed(event, values)))
        if event.kind != OVERFLOW and len(to_json(values)) > most_bytes:
            gap = {"changeType": f"GAP_{event.kind}", "changedFields": [], "sequenceNumber": 1}
            header, values = header | gap, {}
        return {
            "schema": form.id,
            "payload": {**values, "ChangeEventHeader": header},
            "event": {"replayId": placed.number},
        }

    def _header(self, event: ChangeEvent, changed: list[str]) -> Json:
        return {
            "commitNumber": event.commit,
            "commitUser": self._user_id,
            "sequenceNumber": event.sequence,
            "entityName": event.entity,
            "changeType": event.kind,
            "changedFields": changed,
            "changeOrigin": event.origin,
            "transactionKey": event.transaction,
            "commitTimestamp": event.committed_ms,
            "recordIds": list(event.record_ids),
        }

    def _form(self, sobject: SObject) -> EventSchema:
        found = self._forms.get(sobject.name)
        if found is None or found.sobject is not sobject:
            found = self._forms[sobject.name] = event_schema(sobject)
        return found


def _fields(form: EventSchema, event: ChangeEvent, can_see: CanSee) -> Iterator[tuple[str, Any]]:
    """Yield the fields of an event, the parts of a compound one together; of a new row no nulls."""
    for slot in form.slots:
        parts = {
            name: _value(each, event.values[each.name])
            for name, each in slot.parts.items()
            if each.name in event.values and can_see(each)
        }
        if event.kind != "UPDATE":
            parts = {name: value for name, value in parts.items() if value is not None}
        if parts:
            yield slot.name, _slot_value(slot, parts)


def _slot_value(slot: Slot, parts: Mapping[str, Any]) -> Any:
    return parts if slot.record else parts[slot.name]


def _changed(event: ChangeEvent, values: Mapping[str, Any]) -> Iterator[str]:
    if event.kind != "UPDATE":
        return
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from (f"{name}.{part}" for part in value)
        else:
            yield name


def _value(each: Field, value: Stored) -> Any:
    """Return a value as JSON has it; times end in Z here, unlike in REST."""
    if value is None:
        return None
    if each.type == "datetime":
        return str(value).replace("+0000", "Z")
    read = reader(each)
    return value if read is None else read(value)
