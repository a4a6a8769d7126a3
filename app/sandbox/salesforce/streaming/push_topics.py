"""Push topics: rows of PushTopic, each a query whose rows are told of when they change.

Source: the PushTopic part of the Streaming API Developer Guide. What a row holds is read when it is
told; of a row that was deleted there is its id alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.sandbox.salesforce.errors import SalesforceError
from app.sandbox.salesforce.org import Org
from app.sandbox.salesforce.pubsub.bus import ChangeEvent, Placed
from app.sandbox.salesforce.soql_compile import Context, compile_query
from app.sandbox.salesforce.soql_parser import parse
from app.sandbox.salesforce.soql_run import first_page
from app.sandbox.wire import parse_json, to_json

Json = dict[str, Any]
PREFIX = "/topic/"
_QUERY = re.compile(
    r"\s*SELECT\s+(?P<fields>.+?)\s+FROM\s+(?P<entity>\w+)(?:\s+WHERE\s+(?P<where>.+?))?\s*",
    re.IGNORECASE | re.DOTALL,
)
_WORD = re.compile(r"\w+")
_TYPES = {"CREATE": "Create", "UPDATE": "Update", "DELETE": "Delete", "UNDELETE": "Undelete"}
_COLUMNS = ("Query", "NotifyForFields", *(f"NotifyForOperation{each}" for each in _TYPES.values()))
_REST_TIME = re.compile(r"\+0000$")


@dataclass(frozen=True, slots=True)
class PushTopic:
    """One topic: its query in parts, and what it tells of."""

    entity: str
    fields: str
    where: str
    told: str  # Referenced, All, Select or Where
    operations: Mapping[str, bool]  # by the kind of a change

    def concerns(self, event: ChangeEvent) -> bool:
        """Tell whether an event is one of those that are told."""
        if not self.operations.get(event.kind, False):
            return False
        if event.kind != "UPDATE" or self.told == "All":
            return True
        text = {"Select": self.fields, "Where": self.where}.get(
            self.told, f"{self.fields} {self.where}"
        )
        named = {each.lower() for each in _WORD.findall(text)}
        return any(name.lower() in named for name in event.values)


class PushTopics:
    """Finds push topics, and writes what comes over them."""

    def __init__(self, org: Org) -> None:
        self._org = org

    def find(self, channel: str) -> PushTopic | None:
        """Return the active topic of a channel; None if there is none."""
        columns = ", ".join(f'"{each}"' for each in _COLUMNS)
        with self._org.store.read() as connection:
            row = connection.execute(
                f"SELECT {columns} FROM PushTopic WHERE Name = ? AND IsActive = 1 "
                "AND IsDeleted = 0",
                (channel.removeprefix(PREFIX),),
            ).fetchone()
        match = _QUERY.fullmatch(row[0]) if row is not None else None
        if match is None:
            return None
        sobject = self._org.schema.find(match["entity"])
        if sobject is None:
            return None
        operations = {kind: bool(flag) for kind, flag in zip(_TYPES, row[2:], strict=True)}
        return PushTopic(
            sobject.name, match["fields"], match["where"] or "", row[1] or "Referenced", operations
        )

    def data(self, channel: str, placed: Placed) -> list[Json]:
        """Return what is told of an event: a message for each of its rows that the query finds."""
        topic = self.find(channel)
        if topic is None or not topic.concerns(placed.event):
            return []
        found = [self._row(topic, placed.event, each) for each in placed.event.record_ids]
        event = {
            "createdDate": _time(placed.event.committed_ms),
            "replayId": placed.number,
            "type": _TYPES[placed.event.kind].lower() + "d",
        }
        return [{"event": event, "sobject": row} for row in found if row is not None]

    def _row(self, topic: PushTopic, event: ChangeEvent, record_id: str) -> Json | None:
        if event.kind == "DELETE":
            return {"Id": record_id}
        condition = f" AND ({topic.where})" if topic.where else ""
        soql = f"SELECT {topic.fields} FROM {topic.entity} WHERE Id = '{record_id}'{condition}"
        try:
            context = Context(self._org.schema, self._org.clock.now(), "")
            compiled = compile_query(parse(soql), soql, context)
        except SalesforceError:  # a field of the query went meanwhile
            return None
        with self._org.store.read() as connection:
            records = first_page(connection, compiled, 1).records
        if not records:
            return None
        row: Json = parse_json(to_json(records[0]))
        return {name: _shown(value) for name, value in row.items() if name != "attributes"}


def _shown(value: Any) -> Any:
    return _REST_TIME.sub("Z", value) if isinstance(value, str) else value


def _time(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
