"""Credits: entries of the ledger are added, never changed or removed (orb.md §2.5)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.connectors.orb.client import NOT_FOUND, OrbClient, OrbRefused, part
from app.connectors.orb.sendable import (
    METADATA,
    TEXTS,
    NotSendable,
    Post,
    Sent,
    as_number,
    as_text,
    by_billing_name,
)
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping
from app.domain.plan import Operation, Verb
from app.domain.record import FieldValue

LEDGER = "credit_ledger_entry"
_CREDITS = "credits"
_Converts = Mapping[str, tuple[str, Callable[[FieldValue], Any]]]
_ALL: _Converts = {
    "currency": ("currency", as_text),
    "description": ("description", as_text),
    METADATA: (METADATA, TEXTS),
    "amount": ("amount", as_number),
}
_BLOCK: _Converts = {"credit_block.id": ("block_id", as_text)}
_KINDS: Mapping[str, _Converts] = {
    "increment": {
        "credit_block.expiry_date": ("expiry_date", as_text),
        "credit_block.per_unit_cost_basis": ("per_unit_cost_basis", as_text),
    },
    "decrement": {},
    "void": {
        **_BLOCK,
        "void_amount": ("amount", as_number),
        "void_reason": ("void_reason", as_text),
    },
    "amendment": _BLOCK,
}
"""What the entries that can be added take, by Orb's names of fields (orb.md §2.5)."""
_SHOWN_AS = {"void": frozenset({"void", "void_initiated"})}


@dataclass(frozen=True, slots=True)
class CreditWrites:
    """Adds entries; Orb gives a new one its key. An increment is taken back by a void.

    Attributes:
        made: What named new customers before they had ids → their ids.
    """

    client: OrbClient
    made: Mapping[str, str] = field(default_factory=dict)
    verbs: frozenset[Verb] = frozenset({Verb.INSERT})
    settable: frozenset[str] = frozenset()

    def calls(self, entity: EntityMapping, operation: Operation) -> int:
        """Return one call; where the customer is known by its external id alone it takes two."""
        del entity, operation
        return 1

    def carry_out(self, entity: EntityMapping, operation: Operation, cancel: CancelToken) -> Sent:
        """Add an entry, and compare what Orb says of it."""
        values = by_billing_name(entity, operation)
        customer, kind = values.get("customer.id"), str(values.get("entry_type") or "")
        if customer is None or kind not in _KINDS:
            message = f"an entry needs a customer and one of the types {', '.join(_KINDS)}"
            raise NotSendable(message)
        customer = self.made.get(str(customer), customer)
        body = _body(kind, values)
        post = Post(self.client, operation.idempotency_key, cancel)
        path = "credits/ledger_entry"
        try:
            made = post.post(f"customers/{part(str(customer))}/{path}", body)
        except OrbRefused as error:
            if error.code != NOT_FOUND:
                raise
            # A customer that this commit made is known by its external id alone.
            external = f"customers/external_customer_id/{part(str(customer))}/{path}"
            made = post.post(external, body, 1)
        shown = made.get("entry_type") in _SHOWN_AS.get(kind, {kind})
        same = str(made.get("currency")) == str(body.get("currency", _CREDITS))
        wrong = [name for name, right in (("entry_type", shown), ("currency", same)) if not right]
        return Sent(str(made["id"]), str(made["id"]), tuple(wrong))


def _body(kind: str, values: Mapping[str, FieldValue]) -> dict[str, Any]:
    body: dict[str, Any] = {"entry_type": kind}
    for name, (sent, convert) in {**_ALL, **_KINDS[kind]}.items():
        if values.get(name) is not None:
            body[sent] = convert(values[name])
    if "amount" not in body or (kind == "increment" and body["amount"] <= 0):
        message = f"a {kind} needs an amount above 0"
        raise NotSendable(message)
    body["amount"] = abs(body["amount"])  # the ledger shows what is taken as negative
    if _BLOCK.items() <= _KINDS[kind].items() and "block_id" not in body:
        message = f"a {kind} needs the id of a credit block"
        raise NotSendable(message)
    return body
