"""The Aria connector: what each family reads and writes, under one roof."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from app.connectors.aria.account_reads import AccountReads
from app.connectors.aria.account_writes import AccountWrites
from app.connectors.aria.client import Account, AriaClient, transient
from app.connectors.aria.discovery import supplemental_columns
from app.connectors.aria.events import notifications
from app.connectors.aria.family import ReadFamily, TellingFamily, WriteFamily
from app.connectors.aria.lacking import lacking
from app.connectors.aria.reads import CatalogReads
from app.connectors.aria.transaction_reads import TransactionReads
from app.connectors.aria.values import text
from app.connectors.aria.writes import CatalogWrites
from app.connectors.http import Http, Policy
from app.connectors.listening import DEAF, Listener
from app.connectors.overlap import overlapped
from app.connectors.protocol import (
    Batch,
    Below,
    Connector,
    Health,
    Held,
    Lasting,
    OperationCounts,
    Page,
    Quota,
    ReadRequest,
    Scope,
)
from app.connectors.spec import Given
from app.domain.column import Column
from app.domain.constraint import Constraints
from app.domain.control import CancelToken
from app.domain.forecast import Forecast
from app.domain.mapping import EntityMapping
from app.domain.plan import Operation, Outcome, OutcomeState, Verb
from app.domain.record import Side
from app.errors import AppError, Cancelled, WrongUse

_SECONDS_PER_CALL = 1.0  # our guess; shown as an estimate


def build(given: Given) -> Connector:
    """Return the connector of a connection whose settings and secrets are given.

    Raises:
        WrongUse: A setting is missing or cannot be what it says.
        NotSignedIn: There is no authentication key.
    """
    policy = Policy(read_s=given.number("read_timeout_s"), parallel=given.number("parallel"))
    account = Account(
        core_url=given.url("core_url"),
        admin_url=given.url("admin_url"),
        client_no=given.number("client_no"),
        auth_key=given.secret_value("auth_key"),
        alt_caller_id=given.setting("alt_caller_id"),
        object_query_url=given.url("object_query_url"),
    )
    client = AriaClient(Http(given.connection, policy, transient), account)
    catalog = CatalogReads(client, given.setting("promo_code"))
    held = AccountReads(client, policy.parallel)
    moving = TransactionReads(client, policy.parallel)
    writers = (CatalogWrites(client, catalog), AccountWrites(client, held))
    connector = AriaConnector(client, (catalog, held, moving), writers)
    connector.listener = notifications(given)
    return connector


class AriaConnector:
    """Reads and writes one Aria client, each entity through the family that knows it."""

    def __init__(
        self, client: AriaClient, readers: Sequence[ReadFamily], writers: Sequence[WriteFamily]
    ) -> None:
        self._client = client
        self._readers = tuple(readers)
        self._writers = {name: writer for writer in writers for name in writer.entities}
        self.listener: Listener = DEAF

    @property
    def calls(self) -> int:
        """How many HTTP requests were sent."""
        return self._client.http.calls

    @property
    def quotas(self) -> Sequence[Quota]:
        """Nothing: Aria tells of no limit (aria.md §5)."""
        return ()

    def batch_size(self, counts: OperationCounts) -> int:
        """One: Aria has no batch of catalog writes (aria.md §5)."""
        del counts
        return 1

    def constraints(self, entity: EntityMapping, cancel: CancelToken) -> Constraints:
        """Return what our families know: Aria tells no rules of its fields before a write."""
        del cancel
        writer = self._writers.get(entity.name)
        known = writer.constraints(entity) if isinstance(writer, TellingFamily) else Constraints()
        words = f"what Aria refuses of {entity.plural}"
        return replace(known, not_checked=(words, *known.not_checked))

    def foreseen(self, entity: EntityMapping, operation: Operation, held: Held) -> Iterator[str]:
        """Yield in words why Aria will refuse an operation, as far as `held` shows."""
        writer = self._writers.get(entity.name)
        if isinstance(writer, TellingFamily):
            yield from writer.foreseen(entity, operation, held)

    def ended(
        self, entity: EntityMapping, operation: Operation, held: Held, below: Below
    ) -> Iterator[str]:
        """Yield in words what else Aria ends with an operation, as far as the mirror shows."""
        writer = self._writers.get(entity.name)
        if isinstance(writer, TellingFamily):
            yield from writer.ended(entity, operation, held, below)

    def lasting(self, entity: EntityMapping, operation: Operation) -> Lasting:
        """Return what stays of an operation that was written, when it is undone."""
        writer = self._writers.get(entity.name)
        if isinstance(writer, TellingFamily):
            return writer.lasting(entity, operation)
        return Lasting()

    def conclude(
        self, job: str, entity: EntityMapping, operations: Sequence[Operation], cancel: CancelToken
    ) -> Iterator[Outcome]:
        """Yield nothing: Aria has no jobs."""
        del job, entity, operations, cancel
        return iter(())

    def close(self) -> None:
        """End the threads of the HTTP client."""
        self._client.http.close()

    def instance(self, cancel: CancelToken) -> str:
        """Return the client number, which every call names."""
        del cancel
        return str(self._client.account.client_no)

    def check(self, entities: Sequence[EntityMapping], cancel: CancelToken) -> Health:
        """Return client number and release, and what of AdminTools or the mapping is not there."""
        self._client.core("authenticate_caller_m", {}, cancel)
        answer = self._client.core("get_current_system_version_m", {}, cancel)
        account = self._client.account
        return Health(
            instance=str(account.client_no),
            user=account.alt_caller_id or f"client {account.client_no}",
            version=text(answer.get("version")),
            missing=tuple(lacking(self._client, entities, cancel)),
        )

    def columns(self, entity: EntityMapping, cancel: CancelToken) -> Sequence[Column]:
        """Return an entity's supplemental fields; Aria tells of no other columns."""
        return supplemental_columns(self._client, entity.name, cancel)

    def objects(self, cancel: CancelToken) -> Sequence[str]:
        """Return nothing: what the entities are called is fixed."""
        del cancel
        return ()

    def groups(self, entities: Sequence[EntityMapping]) -> Sequence[tuple[EntityMapping, ...]]:
        """Return the entities in groups that the same calls read.

        Raises:
            WrongUse: The mapping has an entity that Concord does not read from Aria.
        """
        return [group for reader, some in self._split(entities) for group in reader.groups(some)]

    def read(self, request: ReadRequest, cancel: CancelToken) -> Iterator[Page]:
        """Yield the records of the entities, in pages."""
        shares = [
            (reader, replace(request, entities=some))
            for reader, some in self._split(request.entities)
        ]
        if request.scope is not Scope.ACCOUNT:
            for reader, share in shares:
                yield from reader.pages(share, cancel)
            return
        # One account is small: the families' calls overlap each other.
        tasks = [partial(_all_pages, reader, share, cancel) for reader, share in shares]
        for pages in overlapped(tasks, len(tasks), cancel):
            yield from pages

    def incremental(self, entity: EntityMapping) -> bool:
        """Return whether Aria can tell what changed of an entity (aria.md §5)."""
        return self._reader(entity).incremental(entity)

    def forecast_reads(self, entity: EntityMapping, keys: int, key_size: int = 0) -> int:
        """Return the calls that a read of that many keys takes."""
        del key_size
        return self._reader(entity).forecast(entity, keys)

    def forecast_changed(self, entity: EntityMapping, changed: int) -> int:
        """Return the calls that tell what changed, and read so many changed records again."""
        return 1 + self._reader(entity).forecast(entity, changed)

    def verbs(self, entity: EntityMapping) -> frozenset[Verb]:
        """Return what can be done to an entity in Aria."""
        writer = self._writers.get(entity.name)
        return writer.verbs(entity) if writer else frozenset()

    def writable(self, entity: EntityMapping) -> frozenset[str]:
        """Return the names of the fields that an update can set."""
        writer = self._writers.get(entity.name)
        return writer.writable(entity) if writer else frozenset()

    def write(self, batch: Batch, cancel: CancelToken) -> Iterator[Outcome]:
        """Yield the outcome of each operation."""
        for place, operation in enumerate(batch.operations):
            try:
                outcome = self._write(batch.entity, operation, cancel)
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
        """Return the calls of one operation, the reads right before and after it included."""
        writer = self._writers.get(entity.name)
        if writer is None or operation.verb not in writer.verbs(entity):
            return 0
        return writer.calls(entity, operation)

    def read_once(self, entity: EntityMapping, key: str) -> str:
        """Return what the calls that read a key are for: of what an account has, the account."""
        return self._reader(entity).read_once(entity, key)

    def _write(self, entity: EntityMapping, operation: Operation, cancel: CancelToken) -> Outcome:
        writer = self._writers.get(entity.name)
        if writer is None or operation.verb not in writer.verbs(entity):
            message = f"Not sent: Concord cannot {operation.verb.value} a {entity.label} in Aria."
            return Outcome(operation, OutcomeState.FAILED, message)
        return writer.write(entity, operation, cancel)

    def _reader(self, entity: EntityMapping) -> ReadFamily:
        return self._split([entity])[0][0]

    def _split(
        self, entities: Sequence[EntityMapping]
    ) -> list[tuple[ReadFamily, tuple[EntityMapping, ...]]]:
        """Return each family that is concerned with its share of the entities."""
        known = {name for reader in self._readers for name in reader.entities}
        for entity in entities:
            if entity.name not in known:
                raise WrongUse(
                    f"The Aria connector does not know the entity {entity.name!r} of the mapping.",
                    f"It knows {', '.join(sorted(known))}.",
                )
        shares = (
            (reader, tuple(one for one in entities if one.name in reader.entities))
            for reader in self._readers
        )
        return [(reader, some) for reader, some in shares if some]


def _all_pages(reader: ReadFamily, request: ReadRequest, cancel: CancelToken) -> list[Page]:
    return list(reader.pages(request, cancel))
