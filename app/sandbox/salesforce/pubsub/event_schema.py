"""The Avro schema of an sObject's change event, and events written by it (salesforce.md §16).

The form is Salesforce's: a ChangeEventHeader, then each field as a union with null; the parts of a
name and of an address stand together in a record.
"""

import base64
import hashlib
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from app.sandbox.salesforce.schema import Field, SObject
from app.sandbox.salesforce.values import Stored, decimal_of

Json = dict[str, Any]
CanSee = Callable[[Field], bool]

NAMESPACE = "com.sforce.eventbus"
CHANGE_TYPES = ("CREATE", "UPDATE", "DELETE", "UNDELETE")
OVERFLOW = "GAP_OVERFLOW"
_LEFT_OUT = frozenset({"Id", "IsDeleted", "SystemModstamp"})
_TEXTS = {"type": "array", "items": "string"}
_HEADER_FIELDS: dict[str, Any] = {
    "entityName": "string",
    "recordIds": _TEXTS,
    "changeType": {
        "type": "enum",
        "name": "ChangeType",
        "symbols": [*CHANGE_TYPES, *(f"GAP_{kind}" for kind in CHANGE_TYPES), OVERFLOW],
    },
    "changeOrigin": "string",
    "transactionKey": "string",
    "sequenceNumber": "int",
    "commitTimestamp": "long",
    "commitNumber": "long",
    "commitUser": "string",
    "nulledFields": _TEXTS,
    "diffFields": _TEXTS,
    "changedFields": _TEXTS,
}
_AVRO = {
    "boolean": "boolean",
    "int": "int",
    "double": "double",
    "currency": "double",
    "percent": "double",
    "date": "long",
    "datetime": "long",
}
_DOCS = {
    "boolean": "Boolean", "int": "Integer", "double": "Double", "currency": "Currency",
    "percent": "Percent", "date": "DateOnly", "datetime": "DateTime", "reference": "EntityId",
    "picklist": "DynamicEnum", "textarea": "StringPlusClob", "email": "Email", "phone": "Phone",
    "url": "Url",
}  # fmt: skip
_NAME_PARTS = ("Salutation", "FirstName", "LastName", "MiddleName", "Suffix")
_ADDRESS_PARTS = ("Street", "City", "State", "PostalCode", "Country")
_ADDRESSES = ("Billing", "Shipping", "Mailing", "Other")


@dataclass(frozen=True, slots=True)
class Slot:
    """A top-level field of an event: one field of the sObject, or the parts of a compound one."""

    name: str
    record: str  # the name of the record type, or "" of a plain field
    parts: Mapping[str, Field]  # by their name within the slot


@dataclass(frozen=True, slots=True)
class EventSchema:
    """The schema of one sObject's events; `id` is a fingerprint of `text`."""

    sobject: SObject
    slots: tuple[Slot, ...]
    text: str
    id: str
    parsed: Any = field(repr=False, compare=False)

    def payload(self, header: Json, values: Mapping[str, Stored], can_see: CanSee) -> bytes:
        """Return an event in Avro's binary form: the values of those fields that may be seen.

        The header's bitmaps count from 0, the header itself, to the last field.
        """
        from fastavro import schemaless_writer  # noqa: PLC0415 - start-up time (design.md §6)

        seen = [self._seen(slot, values, can_see) for slot in self.slots]
        filled = header | {"diffFields": [], "nulledFields": [], "changedFields": []}
        if header["changeType"] == "UPDATE":
            filled["changedFields"] = bitmaps([list(each) for each in seen], self.slots)
            nulled = [[name for name, value in each.items() if value is None] for each in seen]
            filled["nulledFields"] = bitmaps(nulled, self.slots)
        record: Json = {"ChangeEventHeader": filled}
        for slot, found in zip(self.slots, seen, strict=True):
            record[slot.name] = _slot_value(slot, found)
        out = io.BytesIO()
        schemaless_writer(out, self.parsed, record)
        return out.getvalue()

    def _seen(self, slot: Slot, values: Mapping[str, Stored], can_see: CanSee) -> Json:
        return {
            part: _avro_value(each, values[each.name])
            for part, each in slot.parts.items()
            if each.name in values and can_see(each)
        }


def event_name(sobject: SObject) -> str:
    """Return the name of an sObject's events: AccountChangeEvent, Plan__ChangeEvent."""
    return f"{sobject.name[:-1] if sobject.custom else sobject.name}ChangeEvent"


def event_schema(sobject: SObject) -> EventSchema:
    """Return the schema of an sObject's events."""
    from fastavro import parse_schema  # noqa: PLC0415 - start-up time (design.md §6)

    slots = tuple(_slots(sobject))
    known: set[str] = set()
    document = {
        "type": "record",
        "name": event_name(sobject),
        "namespace": NAMESPACE,
        "fields": [_header(), *(_slot_field(slot, known) for slot in slots)],
    }
    text = json.dumps(document, separators=(",", ":"))
    return EventSchema(sobject, slots, text, schema_id(text), parse_schema(json.loads(text)))


def header_schema_text(name: str) -> str:
    """Return the schema of a channel that carries the events of many sObjects."""
    document = {"type": "record", "name": name, "namespace": NAMESPACE, "fields": [_header()]}
    return json.dumps(document, separators=(",", ":"))


def schema_id(text: str) -> str:
    """Return the id of a schema: a fingerprint of 22 characters."""
    digest = hashlib.md5(text.encode(), usedforsecurity=False).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def bitmaps(names: Sequence[Sequence[str]], slots: Sequence[Slot]) -> list[str]:
    """Return which fields are named, as bits at their positions: `0x…`, then `position-0x…`.

    Args:
        names: For each slot the parts that are named, a plain field being its own only part.
        slots: The slots; the first stands at position 1.
    """
    top, nested = 0, []
    for position, (slot, named) in enumerate(zip(slots, names, strict=True), start=1):
        if not named:
            continue
        if not slot.record:
            top |= 1 << position
            continue
        parts = list(slot.parts)
        nested.append(f"{position}-{_hex(sum(1 << parts.index(each) for each in named))}")
    return ([_hex(top)] if top else []) + nested


def _hex(bits: int) -> str:
    digits = f"{bits:X}"
    return f"0x{digits.zfill(len(digits) + len(digits) % 2)}"  # whole bytes


def _header() -> Json:
    fields = [{"name": name, "type": kind} for name, kind in _HEADER_FIELDS.items()]
    kind = {"type": "record", "name": "ChangeEventHeader", "fields": fields}
    return {"name": "ChangeEventHeader", "type": kind}


def _slots(sobject: SObject) -> Iterator[Slot]:
    compounds = list(_compounds(sobject))
    homes = {part.name: compound for compound in compounds for part in compound.parts.values()}
    done: set[str] = set()
    for each in sobject.fields:
        home = homes.get(each.name)
        if home is None:
            plain = each.name not in _LEFT_OUT and not any(c.name == each.name for c in compounds)
            if plain:
                yield Slot(each.name, "", {each.name: each})
        elif home.name not in done:
            done.add(home.name)
            yield home


def _compounds(sobject: SObject) -> Iterator[Slot]:
    fields = sobject.by_name
    if "lastname" in fields and "name" in fields:
        parts = {name: fields[name.lower()] for name in _NAME_PARTS if name.lower() in fields}
        yield Slot("Name", "PersonName", parts)
    for kind in _ADDRESSES:
        named = {part: fields.get(f"{kind}{part}".lower()) for part in _ADDRESS_PARTS}
        found = {part: each for part, each in named.items() if each is not None}
        if found:
            yield Slot(f"{kind}Address", "Address", found)


def _slot_field(slot: Slot, known: set[str]) -> Json:
    if not slot.record:
        (each,) = slot.parts.values()
        return _plain_field(each.name, each)
    full = f"{NAMESPACE}.{slot.record}"
    kind: Any = full
    if slot.record not in known:  # a type is spelled out once, then named
        known.add(slot.record)
        parts = [_plain_field(name, each) for name, each in slot.parts.items()]
        kind = {"type": "record", "name": slot.record, "namespace": NAMESPACE, "fields": parts}
    return {
        "name": slot.name,
        "type": ["null", kind],
        "doc": f"Data:{slot.record}",
        "default": None,
    }


def _plain_field(name: str, each: Field) -> Json:
    kind = _AVRO.get(each.type, "string")
    doc = f"Data:{_DOCS.get(each.type, 'Text')}"
    return {"name": name, "type": ["null", kind], "doc": doc, "default": None}


def _slot_value(slot: Slot, found: Mapping[str, Any]) -> Any:
    if not slot.record:
        return found.get(slot.name)
    if all(value is None for value in found.values()):
        return None
    return {part: found.get(part) for part in slot.parts}


def _avro_value(each: Field, value: Stored) -> Any:
    if value is None:
        return None
    if each.is_number:
        return float(decimal_of(int(value), each.scale))  # Salesforce's schema says double
    if each.type == "boolean":
        return bool(value)
    if each.type in {"date", "datetime"}:
        return _milliseconds(str(value))
    return value


def _milliseconds(text: str) -> int:
    moment = datetime.fromisoformat(text)
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)
