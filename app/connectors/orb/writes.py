"""Writes to Orb: customers, whose answer is read back (orb.md §2.1, §6.14)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from app.connectors.orb.client import OrbClient, OrbRefused, Row, part
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping
from app.domain.plan import FieldChange, Operation, Outcome, OutcomeState, Verb
from app.domain.record import FieldValue, NoBase, Unreadable
from app.errors import AnswerLost, AnswerUnreadable

CUSTOMER = "customer"
_METADATA = "metadata"
_NEEDED = frozenset({"name", "email"})
_FLAGS = {"true": True, "false": False}


class NotSendable(Exception):  # noqa: N818 - reads as what happened
    """A value that cannot be sent; the message says why."""


def _text(value: str) -> str:
    return value


def _flag(value: str) -> bool:
    if value.lower() not in _FLAGS:
        message = f"{value!r} is neither true nor false"
        raise NotSendable(message)
    return _FLAGS[value.lower()]


def _json(kind: type, words: str) -> Callable[[str], Any]:
    def convert(value: str) -> Any:
        try:
            return msgspec.json.decode(value, type=kind)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            message = f"it is no JSON {words} ({error})"
            raise NotSendable(message) from error

    return convert


_CONVERT: Mapping[str, Callable[[str], Any]] = {
    "name": _text,
    "email": _text,
    "external_customer_id": _text,
    "payment_provider": _text,
    "payment_provider_id": _text,
    "additional_emails": _json(list[str], "list of addresses"),
    "billing_address": _json(dict[str, str | None], "object of texts"),
    "shipping_address": _json(dict[str, str | None], "object of texts"),
    "tax_id": _json(dict[str, str], "object of texts"),
    _METADATA: _json(dict[str, str], "object of texts"),
    "auto_collection": _flag,
    "auto_issuance": _flag,
    "email_delivery": _flag,
}
"""What of a customer can be set, by Orb's names. Its time zone is fixed; its external id can be set
while it is empty, and Orb refuses it later."""


def writable_names(entity: EntityMapping) -> frozenset[str]:
    """Return the mapping's names of the fields that an update can set in Orb."""
    if entity.name != CUSTOMER:
        return frozenset()
    return frozenset(f.name for f in entity.fields if f.billing in _CONVERT)


@dataclass(frozen=True, slots=True)
class Desk:
    """Writes customers of one account."""

    client: OrbClient

    def write(self, entity: EntityMapping, operation: Operation, cancel: CancelToken) -> Outcome:
        """Return the outcome of one update; raises an `AppError` only when nothing was sent."""
        if entity.name != CUSTOMER or operation.verb is not Verb.UPDATE:
            message = f"Not sent: Concord cannot {operation.verb.value} {entity.plural} in Orb."
            return Outcome(operation, OutcomeState.FAILED, message)
        named = operation.changes[0].name if len(operation.changes) == 1 else ""
        try:
            body = self._body(entity, operation, cancel)
            kept = self._set(operation.key, body, cancel)
        except OrbRefused as error:
            return Outcome(operation, OutcomeState.FAILED, error.words, named)
        except NotSendable as error:
            return Outcome(operation, OutcomeState.FAILED, f"Not sent: {error}.", named)
        except AnswerLost as error:
            return Outcome(operation, OutcomeState.UNKNOWN, error.summary, named)
        other = [name for name, value in body.items() if not _holds(kept.get(name), value)]
        if other:
            words = f"Orb took the call and kept another value of {', '.join(sorted(other))}."
            return Outcome(operation, OutcomeState.FAILED, words, named)
        return Outcome(operation, OutcomeState.WRITTEN, side_id=operation.key)

    def create(self, values: Row, key: str, cancel: CancelToken) -> Row:
        """Make a customer, once for each idempotency key, and return it as Orb then shows it.

        Orb gives it its id, so no record of Salesforce can name it before: a plan has no such
        operation, and what makes customers from accounts calls this.

        Raises:
            OrbRefused: A value cannot be, or the external id is taken.
            AnswerLost: It may have been made; the same key makes no second one for 48 hours.
        """
        made = self.client.post("customers", values, key, cancel)
        return self.client.get(f"customers/{part(str(made['id']))}", cancel)

    def _set(self, key: str, body: Row, cancel: CancelToken) -> Row:
        try:
            return self.client.put(f"customers/{part(key)}", body, cancel)
        except AnswerUnreadable as error:  # something came, and it may have been carried out
            raise AnswerLost(error.summary, error.hint) from error

    def _body(
        self, entity: EntityMapping, operation: Operation, cancel: CancelToken
    ) -> dict[str, Any]:
        body = dict(_sent(entity, change) for change in operation.changes)
        if _METADATA in body:
            body[_METADATA] = self._whole_metadata(operation.key, body[_METADATA], cancel)
        return body

    def _whole_metadata(
        self, key: str, wanted: Mapping[str, str] | None, cancel: CancelToken
    ) -> dict[str, str | None]:
        """Return what makes the metadata so and no more: what is to go has to be sent as null."""
        found = self.client.find(f"customers/{part(key)}", cancel)
        if found is None:
            message = f"Orb has no customer {key} any more"
            raise NotSendable(message)
        return {**dict.fromkeys(found.get(_METADATA) or {}), **(wanted or {})}


def _sent(entity: EntityMapping, change: FieldChange) -> tuple[str, Any]:
    """Return Orb's name of a field with the value to send; nothing becomes null."""
    field = entity.fields[entity.index[change.name]]
    after: FieldValue | NoBase = change.after
    if field.billing not in _CONVERT or isinstance(after, NoBase | Unreadable):
        message = f"{change.name} of {entity.plural} cannot be set in Orb"
        raise NotSendable(message)
    if after is None:
        if field.billing in _NEEDED:
            message = f"{entity.plural} cannot be without {change.name} in Orb"
            raise NotSendable(message)
        return field.billing, [] if field.billing == "additional_emails" else None
    try:
        return field.billing, _CONVERT[field.billing](str(after))
    except NotSendable as error:
        message = f"{change.name}: {error}"
        raise NotSendable(message) from error


def _holds(kept: Any, sent: Any) -> bool:
    """Return whether Orb shows what was sent; what it adds to an object does not matter."""
    if isinstance(sent, dict):
        found = kept if isinstance(kept, dict) else {}
        return all(found.get(name) == value for name, value in sent.items())
    return bool(kept == sent)
