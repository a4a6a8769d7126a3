"""Customers: made with an external id of ours, updated, read back (orb.md §2.1, §6.14)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.connectors.orb.client import OrbClient, Params, Row, if_there, part
from app.connectors.orb.ledger import CREDITS, asked_of
from app.connectors.orb.revenue import BILLED
from app.connectors.orb.rows import amount
from app.connectors.orb.sendable import (
    METADATA,
    TEXT_OR_NOTHING,
    TEXTS,
    NotSendable,
    Post,
    Sent,
    as_flag,
    as_json,
    as_text,
    converted,
    unlike,
    whole_metadata,
)
from app.connectors.protocol import Below
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping
from app.domain.plan import Operation, Verb
from app.domain.record import FieldValue

CUSTOMER = "customer"
EXTERNAL = "external_customer_id"
_ACCOUNT = "=account"
_LOOKS = 3  # at the subscriptions, invoices and credits of a customer; one more at its own currency
_EACH = ("draft", *BILLED, "void")
_NEEDED = frozenset({"name", "email"})
_EMAILS = "additional_emails"
SETTABLE: Mapping[str, Callable[[FieldValue], Any]] = {
    "name": as_text,
    "email": as_text,
    EXTERNAL: as_text,
    "payment_provider": as_text,
    "payment_provider_id": as_text,
    _EMAILS: as_json(list[str], "list of addresses"),
    "billing_address": TEXT_OR_NOTHING,
    "shipping_address": TEXT_OR_NOTHING,
    "tax_id": TEXTS,
    METADATA: TEXTS,
    "auto_collection": as_flag,
    "auto_issuance": as_flag,
    "email_delivery": as_flag,
}
"""What of a customer can be set, by Orb's names. Its time zone is fixed; its external id can be set
while it is empty, and Orb refuses it later."""
_ONCE: Mapping[str, Callable[[FieldValue], Any]] = {"timezone": as_text, "currency": as_text}


@dataclass(frozen=True, slots=True)
class CustomerWrites:
    """Writes customers.

    A new one's key is Orb's to give, so that its external id is what it is known by before: the one
    that the record has, else the Salesforce account's, else the key that somebody gave the record.
    """

    client: OrbClient
    verbs: frozenset[Verb] = frozenset({Verb.INSERT, Verb.UPDATE, Verb.DELETE})
    settable: frozenset[str] = frozenset(SETTABLE)

    def calls(self, entity: EntityMapping, operation: Operation) -> int:
        """Return the calls of one operation; metadata is looked at before it is set."""
        named = {entity.field_of(change.name).billing: change for change in operation.changes}
        if operation.verb is not Verb.DELETE:
            return 1 + (operation.verb is Verb.UPDATE and METADATA in named)
        currency = named.get("currency")
        return 1 + _LOOKS + bool(currency and currency.before) + 1

    def carry_out(self, entity: EntityMapping, operation: Operation, cancel: CancelToken) -> Sent:
        """Make or update a customer and compare it with what Orb then shows, or delete it."""
        if operation.verb is Verb.DELETE:
            self._delete(operation.key, cancel)
            return Sent(operation.key)
        post = Post(self.client, operation.idempotency_key, cancel)
        if operation.verb is Verb.INSERT:
            body = self._new(entity, operation)
            made = post.post("customers", body)
            key = str(made["id"])
            return Sent(key, key, unlike(body, made, body))
        body = dict(converted(entity, change, SETTABLE) for change in operation.changes)
        for name in _NEEDED & body.keys():
            if body[name] is None:
                message = f"{entity.plural} cannot be without {name} in Orb"
                raise NotSendable(message)
        if body.get(_EMAILS, ()) is None:
            body[_EMAILS] = []
        path = f"customers/{part(operation.key)}"
        if METADATA in body:
            found = self.client.find(path, cancel)
            if found is None:
                message = f"Orb has no customer {operation.key} any more"
                raise NotSendable(message)
            body[METADATA] = whole_metadata(found, body[METADATA])
        return Sent(operation.key, unkept=unlike(body, post.put(path, body), body))

    def _delete(self, key: str, cancel: CancelToken) -> None:
        """Delete a customer on whom nothing hangs: Orb would delete that too, for good (§2.1).

        Raises:
            NotSendable: It has a subscription, an invoice, credits or a balance.
        """
        found = self.client.find(f"customers/{part(key)}", cancel)
        if found is None:
            return
        for kind, path, asked in _hanging_on(key, found):
            if self.client.get(path, cancel, (*asked, ("limit", "1"))).get("data"):
                message = f"the customer has {kind}, which Orb would delete with it"
                raise NotSendable(message)
        if amount(found.get("balance")) != 0:
            message = f"the customer has a balance of {found.get('balance')}"
            raise NotSendable(message)
        with if_there():
            self.client.delete(f"customers/{part(key)}", cancel)

    def _new(self, entity: EntityMapping, operation: Operation) -> dict[str, Any]:
        known = {**SETTABLE, **_ONCE}
        body: dict[str, Any] = {}
        account = ""
        for change in operation.changes:
            billing = entity.fields[entity.index[change.name]].billing
            if billing == _ACCOUNT:
                account = str(change.after or "")
            elif billing in known and change.after is not None:
                body |= [converted(entity, change, known)]
        lacking = _NEEDED - body.keys()
        if lacking:
            message = f"a new customer needs {' and '.join(sorted(lacking))}"
            raise NotSendable(message)
        return {EXTERNAL: account or operation.key, **body}


def _hanging_on(key: str, customer: Row) -> Iterator[tuple[str, str, Params]]:
    """Yield what may hang on a customer, with the list that shows it and what to ask it for."""
    yield "subscriptions", "subscriptions", (("customer_id[]", key),)
    # Drafts and voids are listed only if they are asked for (§2.4).
    yield "invoices", "invoices", (("customer_id", key), *(("status[]", one) for one in _EACH))
    for currency in asked_of(customer, (CREDITS,)):
        path = f"customers/{part(key)}/credits/ledger"
        yield "credits", path, (("currency", currency),)


def ended_with(entity: EntityMapping, operation: Operation, below: Below) -> Iterator[str]:
    """Yield in words what a delete of a customer means, and what stands in its way so far."""
    if entity.name != CUSTOMER or operation.verb is not Verb.DELETE:
        return
    yield "Orb deletes the customer for good: made again, it is another one"
    for kind in ("subscription", "invoice"):
        if count := len(below(kind, operation.key)):
            yield f"it will not be deleted: it has {kind}s ({count:,}), which Orb would delete too"
