"""Writes to Orb, one operation at a time, each read back (orb.md §2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.connectors.orb.client import OrbClient, OrbRefused, Row, part
from app.connectors.orb.credit_writes import LEDGER, CreditWrites
from app.connectors.orb.customer_writes import CUSTOMER, CustomerWrites
from app.connectors.orb.sendable import NotSendable, PartlyDone, Writes
from app.connectors.orb.subscription_writes import SUBSCRIPTION, SubscriptionWrites
from app.connectors.orb.version_writes import VERSION, VersionWrites
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping
from app.domain.plan import Operation, Outcome, OutcomeState, Verb
from app.errors import AnswerLost


@dataclass(frozen=True)
class Desk:
    """Writes the entities of one account that can be written.

    Attributes:
        made: What named a new record before it had an id → its id, as far as this desk made it:
            what is written after it may name it so.
    """

    client: OrbClient
    made: dict[str, str] = field(default_factory=dict)
    writes: Mapping[str, Writes] = field(init=False)

    def __post_init__(self) -> None:
        found: dict[str, Writes] = {
            CUSTOMER: CustomerWrites(self.client),
            SUBSCRIPTION: SubscriptionWrites(self.client, self.made),
            VERSION: VersionWrites(self.client),
            LEDGER: CreditWrites(self.client, self.made),
        }
        object.__setattr__(self, "writes", found)

    def verbs(self, entity: EntityMapping) -> frozenset[Verb]:
        """Return what can be done to an entity; all else is Orb's own to change."""
        found = self.writes.get(entity.name)
        return frozenset() if found is None else found.verbs

    def writable(self, entity: EntityMapping) -> frozenset[str]:
        """Return the mapping's names of the fields that an update can set."""
        found = self.writes.get(entity.name)
        if found is None:
            return frozenset()
        return frozenset(one.name for one in entity.fields if one.billing in found.settable)

    def calls(self, entity: EntityMapping, operation: Operation) -> int:
        """Return the calls of one operation; none of one that cannot be sent."""
        found = self.writes.get(entity.name)
        if found is None or operation.verb not in found.verbs:
            return 0
        try:
            return found.calls(entity, operation)
        except NotSendable:
            return 0

    def write(self, entity: EntityMapping, operation: Operation, cancel: CancelToken) -> Outcome:
        """Return the outcome of one operation; raises an `AppError` only when nothing was sent."""
        writes = self.writes.get(entity.name)
        if writes is None or operation.verb not in writes.verbs:
            message = f"Not sent: Concord cannot {operation.verb.value} {entity.plural} in Orb."
            return Outcome(operation, OutcomeState.FAILED, message)
        named = operation.changes[0].name if len(operation.changes) == 1 else ""
        try:
            sent = writes.carry_out(entity, operation, cancel)
        except OrbRefused as error:
            return Outcome(operation, OutcomeState.FAILED, error.words, named)
        except (NotSendable, PartlyDone) as error:
            words = f"Not sent: {error}." if isinstance(error, NotSendable) else str(error)
            return Outcome(operation, OutcomeState.FAILED, words, named)
        except AnswerLost as error:
            return Outcome(operation, OutcomeState.UNKNOWN, error.summary, named)
        if sent.key:
            self.made[operation.key] = sent.key
        words = ""
        if sent.unkept:
            words = f"Orb took the call and kept another value of {', '.join(sent.unkept)}."
        # What was made is there, whatever it holds: told as failed, it would be made once more.
        failed = sent.unkept and not sent.key
        state = OutcomeState.FAILED if failed else OutcomeState.WRITTEN
        return Outcome(operation, state, words, named, side_id=sent.side_id, key=sent.key)

    def create(self, values: Row, key: str, cancel: CancelToken) -> Row:
        """Make a customer, once for each idempotency key, and return it as Orb then shows it.

        Raises:
            OrbRefused: A value cannot be, or the external id is taken.
            AnswerLost: It may have been made; the same key makes no second one for 48 hours.
        """
        made = self.client.post("customers", values, key, cancel)
        return self.client.get(f"customers/{part(str(made['id']))}", cancel)
