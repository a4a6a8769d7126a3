"""From a field's value to what Orb takes for it, and whether Orb then shows it (orb.md §2)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol, TypeVar

import msgspec

from app.connectors.orb.client import OrbClient, Row
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping
from app.domain.plan import FieldChange, Operation, Verb
from app.domain.record import FieldValue, NoBase, Unreadable, decimal_text, utc_text
from app.errors import AnswerLost, AnswerUnreadable, AppError

METADATA = "metadata"
Found = TypeVar("Found")
_FLAGS = {"true": True, "false": False}
_decoder = msgspec.json.Decoder(float_hook=Decimal)


class NotSendable(Exception):  # noqa: N818 - reads as what happened
    """A value that cannot be sent; the message says why."""


class PartlyDone(Exception):  # noqa: N818 - reads as what happened
    """An operation of several calls that broke off; the message says what was done and why."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What was carried out.

    Attributes:
        key: The key that Orb gave the record, `""` where it is the operation's.
        unkept: The names of what Orb keeps otherwise than it was sent.
    """

    side_id: str
    key: str = ""
    unkept: tuple[str, ...] = ()


class Writes(Protocol):
    """What writes one entity; `carry_out` raises before anything is sent, or tells what was."""

    @property
    def verbs(self) -> frozenset[Verb]:
        """What can be done to it."""
        ...

    @property
    def settable(self) -> frozenset[str]:
        """Orb's names of what an update can set."""
        ...

    def calls(self, entity: EntityMapping, operation: Operation) -> int:
        """Return the calls of one operation, with what is read right before and after it.

        Raises:
            NotSendable: A value cannot be sent.
        """
        ...

    def carry_out(self, entity: EntityMapping, operation: Operation, cancel: CancelToken) -> Sent:
        """Write one record and read it back.

        Raises:
            NotSendable: A value cannot be sent; nothing was.
            PartlyDone: Only some of its calls were carried out.
            OrbRefused: Orb refused it.
            AnswerLost: It may have been carried out.
        """
        ...


def as_text(value: FieldValue) -> str:
    """Return a text as it is; of a time and a number their plain form."""
    if isinstance(value, datetime):
        return utc_text(value)
    return decimal_text(value) if isinstance(value, Decimal) else str(value)


def as_flag(value: FieldValue) -> bool:
    """Return a truth from `true` or `false` in any case; raises `NotSendable`."""
    text = str(value).lower()
    if text not in _FLAGS:
        message = f"{str(value)!r} is neither true nor false"
        raise NotSendable(message)
    return _FLAGS[text]


def as_whole(value: FieldValue) -> int:
    """Return a whole number; raises `NotSendable`."""
    try:
        return int(str(value))
    except ValueError:
        message = f"{str(value)!r} is no whole number"
        raise NotSendable(message) from None


def as_number(value: FieldValue) -> Decimal:
    """Return a number, exact; raises `NotSendable`."""
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        return Decimal(value)
    message = f"{str(value)!r} is no number"
    raise NotSendable(message)


def as_json(kind: Any, words: str) -> Callable[[FieldValue], Any]:
    """Return what reads JSON of a kind, in words such as `object of texts`."""

    def convert(value: FieldValue) -> Any:
        try:
            found = _decoder.decode(str(value))
            return msgspec.convert(found, type=kind)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            message = f"it is no JSON {words} ({error})"
            raise NotSendable(message) from error

    return convert


TEXTS = as_json(dict[str, str], "object of texts")
TEXT_OR_NOTHING = as_json(dict[str, str | None], "object of texts")
OBJECTS = as_json(list[dict[str, Any]], "list of objects")


def wanted(operation: Operation) -> dict[str, FieldValue]:
    """Return the mapping's names of what an operation sets, with the values; nothing is None.

    Raises:
        NotSendable: A value is none that could be.
    """
    found: dict[str, FieldValue] = {}
    for change in operation.changes:
        if isinstance(change.after, NoBase | Unreadable):
            message = f"{change.name} cannot be set"
            raise NotSendable(message)
        found[change.name] = change.after
    return found


def by_billing_name(entity: EntityMapping, operation: Operation) -> dict[str, FieldValue]:
    """Return Orb's names of what an operation sets, with the values; raises what `wanted` does.

    Of two fields that stand for one of Orb's (an id and the lookup beside it) the one that changes
    counts; where both do, they have to agree.
    """
    found: dict[str, FieldValue] = {}
    for name, value in wanted(operation).items():
        if name not in entity.index:
            continue
        billing = entity.fields[entity.index[name]].billing
        if billing in found and value != found[billing] and None not in {value, found[billing]}:
            message = f"{name} is {value!r}, another field says {found[billing]!r}"
            raise NotSendable(message)
        if found.get(billing) is None:
            found[billing] = value
    return found


def converted(
    entity: EntityMapping, change: FieldChange, known: Mapping[str, Callable[[FieldValue], Any]]
) -> tuple[str, Any]:
    """Return Orb's name of a field with the value to send, nothing as None; `known` is by it.

    Raises:
        NotSendable: It cannot be set, or not to this.
    """
    field = entity.fields[entity.index[change.name]]
    after = change.after
    if field.billing not in known or isinstance(after, NoBase | Unreadable):
        message = f"{change.name} of {entity.plural} cannot be set in Orb"
        raise NotSendable(message)
    try:
        return field.billing, None if after is None else known[field.billing](after)
    except NotSendable as error:
        message = f"{change.name}: {error}"
        raise NotSendable(message) from error


def holds(kept: Any, sent: Any) -> bool:
    """Return whether Orb shows what was sent; what it adds to an object does not matter."""
    if isinstance(sent, dict):
        found = kept if isinstance(kept, dict) else {}
        return all(found.get(name) == value for name, value in sent.items())
    return bool(kept == sent)


def whole_metadata(found: Row, after: Mapping[str, str] | None) -> dict[str, str | None]:
    """Return what makes a resource's metadata so and no more: what is to go is sent as null."""
    return {**dict.fromkeys(found.get(METADATA) or {}), **(after or {})}


@dataclass(frozen=True, slots=True)
class Post:
    """Sends the calls of one operation, each with a key of its own from the operation's."""

    client: OrbClient
    key: str
    cancel: CancelToken

    def put(self, path: str, body: Row) -> dict[str, Any]:
        """Set fields; an answer that cannot be read is a lost one."""
        try:
            return self.client.put(path, body, self.cancel)
        except AnswerUnreadable as error:  # something came, and it may have been carried out
            raise AnswerLost(error.summary, error.hint) from error

    def post(self, path: str, body: Row, nth: int = 0) -> dict[str, Any]:
        """Do something once; `nth` tells the calls of one operation apart."""
        key = f"{self.key}-{nth}" if nth else self.key
        try:
            return self.client.post(path, body, key, self.cancel)
        except AnswerUnreadable as error:
            raise AnswerLost(error.summary, error.hint) from error


def read_back(ask: Callable[[], Found]) -> Found:
    """Return what Orb holds after a write.

    Raises:
        AnswerLost: It could not be read; what was written may be so.
    """
    try:
        return ask()
    except AppError as error:
        message = f"It was sent; what Orb then holds could not be read: {error.summary}"
        raise AnswerLost(message, "`concord resume` looks it up.") from error


def unlike(names: Iterable[str], kept: Row, body: Row) -> tuple[str, ...]:
    """Return those names whose value Orb shows otherwise than a body says."""
    return tuple(sorted(name for name in names if not holds(kept.get(name), body[name])))
