"""Change events out of Avro: their header, and the names behind its bitmaps."""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fastavro import parse_schema, schemaless_reader
from fastavro.schema import SchemaParseException

from app.connectors.salesforce.events_change import Change, ChangeKind
from app.errors import AnswerUnreadable

_HEADER = "ChangeEventHeader"
_ADDRESS = "Address"
_GAP, _OVERFLOW = "GAP_", "GAP_OVERFLOW"
_BITMAPS = ("changedFields", "nulledFields", "diffFields")


@dataclass(frozen=True, slots=True)
class Slot:
    """A top-level field of an event, in REST names: what its own bit means, and its parts.

    The bit of an address means all of its parts. An account's name has parts where the account is a
    person; its bit means the name.
    """

    whole: tuple[str, ...]
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EventReader:
    """Reads the events of one schema.

    Only the header is decoded: it comes first, and no value is wanted. What changed is read anew.
    """

    header: Any
    slots: tuple[Slot, ...]

    def change(self, payload: bytes) -> Change:
        """Return the change that an event tells of.

        Raises:
            AnswerUnreadable: The event does not fit its schema.
        """
        try:
            found: Any = schemaless_reader(io.BytesIO(payload), self.header, None)
            return self._change(found[_HEADER])
        except (EOFError, IndexError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise _unreadable("a change event does not fit its schema") from error

    def _change(self, head: Mapping[str, Any]) -> Change:
        kind = str(head["changeType"])
        fields: tuple[str, ...] | None = None
        if kind == _OVERFLOW:
            meaning = ChangeKind.OVERFLOW
        else:
            meaning = ChangeKind(kind.removeprefix(_GAP))
            if not kind.startswith(_GAP):
                maps = [bits for name in _BITMAPS for bits in head.get(name) or ()]
                fields = tuple(dict.fromkeys(field_names(maps, self.slots)))
        return Change(
            sobject=str(head["entityName"]),
            record_ids=() if meaning is ChangeKind.OVERFLOW else tuple(head["recordIds"]),
            kind=meaning,
            fields=fields,
            committed_at=datetime.fromtimestamp(head["commitTimestamp"] / 1000, UTC),
            origin=str(head.get("changeOrigin") or ""),
            transaction=str(head.get("transactionKey") or ""),
            sequence=int(head.get("sequenceNumber") or 1),
        )


def event_reader(schema_json: str) -> EventReader:
    """Return the reader of a schema.

    Raises:
        AnswerUnreadable: It is no schema of change events.
    """
    try:
        document = json.loads(schema_json)
        fields = document["fields"]
        if fields[0]["name"] != _HEADER:
            raise _unreadable("an event has no change event header")
        header = parse_schema({**document, "fields": fields[:1]})
        known: dict[str, Sequence[Mapping[str, Any]]] = {}
        slots = tuple(_slot(field, known) for field in fields)
    except (ValueError, KeyError, IndexError, TypeError, SchemaParseException) as error:
        raise _unreadable("the schema of an event is none") from error
    return EventReader(header, slots)


def field_names(bitmaps: Sequence[str], slots: Sequence[Slot]) -> Iterator[str]:
    """Yield the REST names of the fields in bitmaps (salesforce.md §16).

    `0x…` has a bit for each position of the schema, `position-0x…` one for each part of the
    compound field there. Whatever is neither is a name already.
    """
    for text in bitmaps:
        place, dash, bits = text.rpartition("-")
        if not bits.startswith("0x"):
            yield text
        elif dash:
            parts = slots[int(place)].parts
            yield from (parts[each] for each in _positions(bits))
        else:
            for each in _positions(bits):
                yield from slots[each].whole


def _positions(bits: str) -> Iterator[int]:
    number = int(bits, 16)
    return (place for place in range(number.bit_length()) if number >> place & 1)


def _slot(field: Mapping[str, Any], known: dict[str, Sequence[Mapping[str, Any]]]) -> Slot:
    name = str(field["name"])
    kinds = field["type"] if isinstance(field["type"], list) else [field["type"]]
    for kind in kinds:
        if isinstance(kind, dict) and kind.get("type") == "record":
            known[str(kind["name"])] = kind["fields"]
        parts = known.get(_type_name(kind))
        if parts is not None and name != _HEADER:
            names = tuple(_flat(name, str(part["name"])) for part in parts)
            return Slot((name,) if "string" in kinds else names, names)
    return Slot((name,))


def _type_name(kind: object) -> str:
    text = kind.get("name", "") if isinstance(kind, dict) else kind
    return str(text).rpartition(".")[2]


def _flat(parent: str, part: str) -> str:
    """Return what REST calls a part: FirstName of Name, BillingCity, Place__Latitude__s."""
    if parent == "Name":
        return part
    if parent.endswith(_ADDRESS):
        return parent.removesuffix(_ADDRESS) + part
    return f"{parent[:-1]}{part}__s" if parent.endswith("__c") else f"{parent}{part}"


def _unreadable(what: str) -> AnswerUnreadable:
    return AnswerUnreadable(
        f"Salesforce's Pub/Sub API: {what}.", "Try again; if it stays so, tell us."
    )
