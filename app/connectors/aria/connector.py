"""The Aria connector: reads the catalog, updates its texts."""

from collections.abc import Iterator, Sequence

from app.connectors.aria.catalog import FIELD_PREFIX
from app.connectors.aria.client import Account, AriaClient, transient
from app.connectors.aria.reads import CatalogReads, grouped
from app.connectors.aria.values import rows, text
from app.connectors.aria.writes import WRITERS, Desk, writable_names
from app.connectors.http import Http, Policy
from app.connectors.protocol import (
    Batch,
    Connector,
    Health,
    OperationCounts,
    Page,
    Quota,
    ReadRequest,
)
from app.connectors.spec import Given
from app.domain.constraint import Constraints
from app.domain.control import CancelToken
from app.domain.forecast import Forecast
from app.domain.mapping import EntityMapping
from app.domain.plan import Operation, Outcome, OutcomeState, Verb
from app.domain.record import Side
from app.errors import AppError, Cancelled, ConnectionFailed, RemoteRefused

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
    )
    client = AriaClient(Http(given.connection, policy, transient), account)
    return AriaConnector(client, given.setting("promo_code"))


class AriaConnector:
    """Reads and updates the catalog of one Aria client."""

    def __init__(self, client: AriaClient, promo_code: str = "") -> None:
        self._client = client
        self._reads = CatalogReads(client, promo_code)
        self._desk = Desk(client, self._reads)

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
        """Return nothing but that: Aria tells no rules of its fields before a write."""
        del cancel
        return Constraints(not_checked=(f"what Aria refuses of {entity.plural}",))

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
            missing=tuple(self._missing(entities, cancel)),
        )

    def groups(self, entities: Sequence[EntityMapping]) -> Sequence[tuple[EntityMapping, ...]]:
        """Return the entities in groups that the same calls read."""
        return grouped(entities)

    def read(self, request: ReadRequest, cancel: CancelToken) -> Iterator[Page]:
        """Yield the records of the entities, in pages."""
        return self._reads.pages(request, cancel)

    def incremental(self, entity: EntityMapping) -> bool:
        """No: the catalog's calls take no date of change (aria.md §5)."""
        del entity
        return False

    def forecast_reads(self, entity: EntityMapping, keys: int) -> int:
        """Return the calls that a read of that many keys takes."""
        return self._reads.forecast(entity, keys)

    def verbs(self, entity: EntityMapping) -> frozenset[Verb]:
        """Return update where Aria's texts can be set; nothing is inserted or deleted in Aria."""
        return frozenset({Verb.UPDATE}) if writable_names(entity) else frozenset()

    def writable(self, entity: EntityMapping) -> frozenset[str]:
        """Return the names of the texts that an update can set."""
        return writable_names(entity)

    def write(self, batch: Batch, cancel: CancelToken) -> Iterator[Outcome]:
        """Yield the outcome of each update."""
        for place, operation in enumerate(batch.operations):
            try:
                outcome = self._desk.write(batch.entity, operation, cancel)
            except AppError as error:
                if place == 0:
                    raise
                stopped = isinstance(error, Cancelled)
                state = OutcomeState.SKIPPED if stopped else OutcomeState.FAILED
                outcome = Outcome(operation, state, error.summary)
            yield outcome

    def forecast(self, counts: OperationCounts) -> Forecast:
        """Return the calls of the updates, reads before them included, and a guess of seconds."""
        writer = WRITERS.get(counts.entity.name)
        calls = counts.verbs.get(Verb.UPDATE, 0) * (writer.calls if writer else 0)
        return Forecast(
            calls={Side.BILLING: calls},
            size_bytes=counts.size_bytes,
            seconds=_SECONDS_PER_CALL * calls,
        )

    def _missing(self, entities: Sequence[EntityMapping], cancel: CancelToken) -> Iterator[str]:
        """Yield what AdminTools lacks; it has a host and an allow-list flag of its own (§1.4)."""
        wanted = {
            field.billing.removeprefix(FIELD_PREFIX)
            for entity in entities
            for field in entity.fields
            if field.billing.startswith(FIELD_PREFIX)
        }
        try:
            answer = self._client.admin("list_supp_obj_fields_m", {}, cancel)
        except (ConnectionFailed, RemoteRefused) as error:
            yield (
                "AdminTools does not answer, so plan sets, promotion codes and coupons cannot be "
                f"read and nothing can be written: {error.summary}"
            )
            return
        defined = {text(row.get("field_name")) for row in rows(answer, "field_details")}
        for name in sorted(wanted - defined):
            yield f"supplemental field {name} is not defined in Aria"
