"""The Orb connector: reads the eight objects, writes customers, subscriptions and credits."""

from collections.abc import Callable, Iterator, Sequence
from urllib.parse import urlsplit

from app.connectors.counting import EntityCount
from app.connectors.http import Http, Policy
from app.connectors.listening import DEAF, Listener
from app.connectors.orb.action_list import ACTIONS
from app.connectors.orb.actions import planned
from app.connectors.orb.client import Account, OrbClient, transient
from app.connectors.orb.customer_writes import CUSTOMER, ended_with
from app.connectors.orb.deal_lines import sold
from app.connectors.orb.events import webhooks_of
from app.connectors.orb.field_words import field_words
from app.connectors.orb.paging import MOST
from app.connectors.orb.preview import explained
from app.connectors.orb.reads import LOOK_BACK, OrbReads, grouped
from app.connectors.orb.writes import Desk
from app.connectors.protocol import (
    Batch,
    Below,
    Connector,
    Health,
    Held,
    OperationCounts,
    Page,
    Quota,
    ReadRequest,
)
from app.connectors.spec import Given
from app.domain.action import Action, Asked, Named, Planned
from app.domain.constraint import Constraints, FieldRule
from app.domain.control import CancelToken
from app.domain.deal import Deal, Sold
from app.domain.forecast import Forecast
from app.domain.mapping import EntityMapping
from app.domain.plan import Operation, Outcome, OutcomeState, Verb
from app.domain.record import Side
from app.errors import AppError, Cancelled, WrongUse

MODES = ("live", "test")
_SECONDS_PER_CALL = 0.3  # our guess; shown as an estimate
_LONGEST_NAME = 500


def build(given: Given) -> Connector:
    """Return the connector of a connection whose settings and secrets are given.

    Raises:
        WrongUse: A setting is missing or cannot be what it says.
        NotSignedIn: There is no API key.
    """
    mode = given.setting("mode")
    if mode not in MODES:
        raise WrongUse(
            f"Connection {given.connection!r}: the setting 'mode' cannot be {mode!r}.",
            f"It is the mode that the API key was made in: {' or '.join(MODES)}.",
        )
    parallel = given.number("parallel")
    policy = Policy(read_s=given.number("read_timeout_s"), parallel=parallel)
    account = Account(given.url("base_url"), given.secret_value("api_key"), mode)
    currencies = [each.strip() for each in given.setting("credit_currencies").split(",")]
    client = OrbClient(Http(given.connection, policy, transient), account)
    connector = OrbConnector(client, parallel, [each for each in currencies if each])
    connector.listener = webhooks_of(given)
    return connector


class OrbConnector:
    """Reads the objects of one Orb account in one of its modes, and updates its customers."""

    def __init__(self, client: OrbClient, at_once: int, currencies: Sequence[str] = ()) -> None:
        self._client = client
        host = urlsplit(client.account.base_url).hostname or ""
        self._instance = f"{host} {client.account.mode}"
        self._reads = OrbReads(client, self._instance, at_once, currencies)
        self.desk = Desk(client)
        self.listener: Listener = DEAF

    @property
    def calls(self) -> int:
        """How many HTTP requests were sent."""
        return self._client.http.calls

    @property
    def quotas(self) -> Sequence[Quota]:
        """What the last answers told of the rate limit; Orb promises nothing (orb.md §1)."""
        return self._client.pace.quotas

    def close(self) -> None:
        """End the threads of the HTTP client."""
        self._client.http.close()

    def instance(self, cancel: CancelToken) -> str:
        """Return host and mode: no answer of Orb's tells the account or the mode (orb.md §6.25)."""
        del cancel
        return self._instance

    def check(self, entities: Sequence[EntityMapping], cancel: CancelToken) -> Health:
        """Return which mode the key is said to be of, once Orb has taken the key."""
        grouped(entities)
        self._client.get("ping", cancel)
        return Health(
            instance=self._instance,
            user=f"API key of {self._client.account.mode} mode",
            version="v1",
            quotas=tuple(self.quotas),
        )

    def groups(self, entities: Sequence[EntityMapping]) -> Sequence[tuple[EntityMapping, ...]]:
        """Return the entities in groups that the same calls read."""
        return grouped(entities)

    def read(self, request: ReadRequest, cancel: CancelToken) -> Iterator[Page]:
        """Yield the records of the entities, in pages."""
        return self._reads.pages(request, cancel)

    def counts(
        self, entities: Sequence[EntityMapping], cancel: CancelToken
    ) -> Iterator[EntityCount]:
        """Yield how many records there are: lists are counted, the rest is sampled."""
        return self._reads.counts([entity.name for entity in entities], cancel)

    def incremental(self, entity: EntityMapping) -> bool:
        """Return whether it only grows: Orb tells no changes of anything else (orb.md §6.1)."""
        return entity.name in LOOK_BACK

    def forecast_reads(self, entity: EntityMapping, keys: int, key_size: int = 0) -> int:
        """Return the calls that a read of that many keys takes, at least."""
        del key_size
        return self._reads.forecast(entity, keys)

    def forecast_changed(self, entity: EntityMapping, changed: int) -> int:
        """Return the pages that so many new records fill, at least (orb.md §6.1)."""
        del entity
        return 1 + changed // MOST

    def verbs(self, entity: EntityMapping) -> frozenset[Verb]:
        """Return what can be done to an entity; all else is Orb's own to change."""
        return self.desk.verbs(entity)

    def writable(self, entity: EntityMapping) -> frozenset[str]:
        """Return the names of the fields that an update can set."""
        return self.desk.writable(entity)

    def actions(self, entity: EntityMapping) -> Sequence[Action]:
        """Return what can be done about records of an entity that no edit of a field says."""
        return [action for action in ACTIONS if action.entity == entity.name]

    def planned(self, asked: Asked) -> Planned:
        """Return the operation that an action becomes; nobody is asked."""
        return planned(asked)

    def sold(self, deal: Deal) -> Sold:
        """Return plan, quantities and prices that the lines of a deal tell; nobody is asked."""
        return sold(deal)

    def explained(
        self, operation: Operation, look: Callable[[str, str], Named | None]
    ) -> Iterator[str]:
        """Yield what an operation will bring, in words from the prices; nobody is asked."""
        return explained(operation, look)

    def told(self, entity: EntityMapping, name: str, value: str) -> str:
        """Return what a field of nested parts says, such as prices, a line for each."""
        return field_words(entity.name, entity.field_of(name).billing, value)

    def ended(
        self, entity: EntityMapping, operation: Operation, held: Held, below: Below
    ) -> Iterator[str]:
        """Yield in words what a delete means in Orb, as far as the mirror shows."""
        del held
        return ended_with(entity, operation, below)

    def batch_size(self, counts: OperationCounts) -> int:
        """One: Orb has no call for several records."""
        del counts
        return 1

    def constraints(self, entity: EntityMapping, cancel: CancelToken) -> Constraints:
        """Return what is known of fields that are written (orb.md §2); Orb itself tells none."""
        del cancel
        if not self.desk.verbs(entity):
            return Constraints()
        rules = {
            "name": FieldRule(required=True, length=_LONGEST_NAME),
            "email": FieldRule(required=True),
        }
        known = {
            field.name: rules[field.billing]
            for field in entity.fields
            if entity.name == CUSTOMER and field.billing in rules
        }
        return Constraints(known, not_checked=(f"what Orb refuses of {entity.plural}",))

    def conclude(
        self, job: str, entity: EntityMapping, operations: Sequence[Operation], cancel: CancelToken
    ) -> Iterator[Outcome]:
        """Yield nothing: Orb has no jobs."""
        del job, entity, operations, cancel
        return iter(())

    def write(self, batch: Batch, cancel: CancelToken) -> Iterator[Outcome]:
        """Yield the outcome of each operation."""
        for place, operation in enumerate(batch.operations):
            try:
                outcome = self.desk.write(batch.entity, operation, cancel)
            except AppError as error:
                if place == 0:
                    raise
                stopped = isinstance(error, Cancelled)
                state = OutcomeState.SKIPPED if stopped else OutcomeState.FAILED
                outcome = Outcome(operation, state, error.summary)
            yield outcome

    def forecast(self, counts: OperationCounts) -> Forecast:
        """Return the calls of the writes, as `calls_of` weighed them, and a guess of seconds."""
        return Forecast(
            calls={Side.BILLING: counts.calls},
            size_bytes=counts.size_bytes,
            seconds=_SECONDS_PER_CALL * counts.calls,
        )

    def calls_of(self, entity: EntityMapping, operation: Operation) -> int:
        """Return the calls of one operation, with what is read right before and after it."""
        return self.desk.calls(entity, operation)

    def read_once(self, entity: EntityMapping, key: str) -> str:
        """Return the id that a read of a key asks for; `""` of a record that is to be made."""
        return self._reads.read_once(entity, key)
