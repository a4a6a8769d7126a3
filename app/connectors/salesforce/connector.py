"""The Salesforce connector: reads entities by SOQL, writes them in collections."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from app.connectors.http import Http, Policy
from app.connectors.overlap import overlapped
from app.connectors.preparer import Preparer
from app.connectors.protocol import (
    Batch,
    Connector,
    Health,
    OperationCounts,
    Page,
    Quota,
    ReadRequest,
    Scope,
)
from app.connectors.salesforce.collections import MOST_ROWS, Collections
from app.connectors.salesforce.org import identity, organization, quotas
from app.connectors.salesforce.query import (
    MOST_IN_PAGE,
    Selection,
    key_statements,
    keys_per_statement,
    page_of,
    reader_of,
    rows,
    selection,
)
from app.connectors.salesforce.schema import Schema
from app.connectors.salesforce.session import SalesforceSession, transient
from app.connectors.salesforce.tokens import Grant, Tokens
from app.connectors.spec import Given, SaveSecret, variable
from app.domain.control import CancelToken
from app.domain.forecast import Forecast
from app.domain.mapping import EntityMapping, WorkspaceMapping
from app.domain.plan import Operation, Outcome, OutcomeState, Verb
from app.domain.record import Side
from app.errors import AppError, Cancelled, NotSignedIn, WrongUse

_AT_ONCE = 4  # key queries, or describes, of one request
_MANY = 4  # key queries from which it is worth a call to ask whether the whole object is less
_RECORD_BYTES = 2048  # what almost any record counts as (salesforce.md §13)
_SECONDS_PER_CALL = 1.5  # our guess for a save of 200 rows; shown as an estimate
_SHORT_KEY, _LONG_KEY = 30, 90  # guessed encoded length of a plain and of a composite key


def build(given: Given, mapping: WorkspaceMapping, save_secret: SaveSecret | None) -> Connector:
    """Return the connector of a connection whose settings and secrets are given.

    Raises:
        WrongUse: A setting is missing or cannot be what it says.
        NotSignedIn: There is no secret at all.
    """
    policy = Policy(read_s=given.number("read_timeout_s"), parallel=given.number("parallel"))
    http = Http(given.connection, policy, transient)
    login_url = given.url("login_url")
    grant = Grant(
        login_url=login_url,
        instance_url=given.url("instance_url") or login_url,
        client_id=given.setting("client_id"),
        access_token=given.secret_value("access_token"),
        refresh_token=given.secret_value("refresh_token"),
        client_secret=given.secret_value("client_secret"),
        jwt_private_key=given.secret_value("jwt_private_key"),
        username=given.setting("username"),
    )
    _check_way_in(given, grant)
    version = given.setting("api_version").removeprefix("v")
    session = SalesforceSession(http, Tokens(http, grant, save_secret), version)
    return SalesforceConnector(session, mapping)


def _check_way_in(given: Given, grant: Grant) -> None:
    secrets = (grant.access_token, grant.refresh_token, grant.client_secret, grant.jwt_private_key)
    if not any(secrets):
        names = [variable(given.connection, secret.name) for secret in given.spec.secrets]
        raise NotSignedIn(
            f"Connection {given.connection!r} has no secret to sign in with.",
            f"Give one with `concord connect`, or in {' or '.join(names)}.",
        )
    if grant.jwt_private_key and not (grant.client_id and grant.username):
        raise WrongUse(
            f"Connection {given.connection!r}: jwt_private_key needs the settings client_id and "
            "username.",
            "Give them with `concord connect`; username is the one under whom to work.",
        )


class SalesforceConnector:
    """Reads and writes the mapped objects of one org."""

    def __init__(self, session: SalesforceSession, mapping: WorkspaceMapping) -> None:
        self._session = session
        self._mapping = mapping
        self._schema = Schema(session)
        self._collections = Collections(session, mapping)

    @property
    def calls(self) -> int:
        """How many HTTP requests were sent, sign-in included."""
        return self._session.http.calls

    @property
    def quotas(self) -> Sequence[Quota]:
        """What the last answers told of limits."""
        return ()

    def batch_size(self, counts: OperationCounts) -> int:
        """The rows of one collection."""
        del counts
        return MOST_ROWS

    def conclude(
        self, job: str, entity: EntityMapping, operations: Sequence[Operation], cancel: CancelToken
    ) -> Iterator[Outcome]:
        """Yield nothing: no write begins a job."""
        del job, entity, operations, cancel
        return iter(())

    def close(self) -> None:
        """End the threads of the HTTP client."""
        self._session.http.close()

    def instance(self, cancel: CancelToken) -> str:
        """Return the org's id: from the token, else by a call."""
        return organization(self._session, cancel)

    def preparer(self) -> Preparer:
        """Return what makes the objects, fields, permissions and reports of the mapping."""
        from app.connectors.salesforce.prepare import (  # noqa: PLC0415 - few need it
            SalesforcePreparer,
        )

        return SalesforcePreparer(self._session, self._mapping, self._schema.forget)

    def check(self, entities: Sequence[EntityMapping], cancel: CancelToken) -> Health:
        """Return org, user, version, quotas, and what the entities need that the org lacks."""
        organization, user = identity(self._session, cancel)
        describes = [partial(self._schema.missing, entity, cancel) for entity in entities]
        missing = [text for texts in overlapped(describes, _AT_ONCE, cancel) for text in texts]
        return Health(
            instance=organization,
            user=user,
            version=self._session.version,
            quotas=quotas(self._session, cancel),
            missing=tuple(missing),
        )

    def groups(self, entities: Sequence[EntityMapping]) -> Sequence[tuple[EntityMapping, ...]]:
        """Return each entity as a group of its own: one query reads one object."""
        return [(entity,) for entity in entities]

    def read(self, request: ReadRequest, cancel: CancelToken) -> Iterator[Page]:
        """Yield the entity's records page by page.

        Raises:
            NotAllowed: The object or mapped fields are missing or hidden; all are named.
        """
        for entity in request.entities:
            fields = self._schema.require(entity, cancel)
            chosen = selection(entity, self._mapping, fields)
            if request.scope is Scope.ALL:
                yield from self._all(chosen, cancel)
            else:
                yield from self._by_keys(chosen, request.keys, cancel)

    def incremental(self, entity: EntityMapping) -> bool:
        """No: every read is a whole one."""
        del entity
        return False

    def forecast_reads(self, entity: EntityMapping, keys: int) -> int:
        """Return the calls for that many keys, guessing the keys' length, with one for describe."""
        if not keys:
            return 0
        chosen = selection(entity, self._mapping, {})
        composite = entity.billing_key.startswith("=")
        size = keys_per_statement(chosen, _LONG_KEY if composite else _SHORT_KEY)
        queries = _pieces(keys, size)
        return queries + (queries >= _MANY) + (not self._schema.knows(entity))

    def verbs(self, entity: EntityMapping) -> frozenset[Verb]:
        """Return insert, update and delete: every mapped object takes all of them."""
        del entity
        return frozenset(Verb)

    def writable(self, entity: EntityMapping) -> frozenset[str]:
        """Return the names of all mapped fields."""
        return frozenset(field.name for field in entity.fields)

    def write(self, batch: Batch, cancel: CancelToken) -> Iterator[Outcome]:
        """Yield one outcome for each operation: first inserts and updates, then deletes."""
        kept = [item for item in batch.operations if item.verb is not Verb.DELETE]
        gone = [item for item in batch.operations if item.verb is Verb.DELETE]
        if kept:
            yield from self._collections.upsert(batch.entity, kept, cancel)
        if not gone:
            return
        try:
            deleted = self._deleted(batch.entity, gone, cancel)
        except AppError as error:
            if not kept:
                raise
            stopped = isinstance(error, Cancelled)
            state = OutcomeState.SKIPPED if stopped else OutcomeState.FAILED
            deleted = [Outcome(item, state, error.summary) for item in gone]
        yield from deleted

    def forecast(self, counts: OperationCounts) -> Forecast:
        """Return calls of 200 rows, 2 KB of storage an insert, and a guess of the seconds."""
        deletes = counts.verbs.get(Verb.DELETE, 0)
        calls = _pieces(counts.total - deletes, MOST_ROWS) + _pieces(deletes, MOST_ROWS)
        return Forecast(
            calls={Side.SALESFORCE: calls},
            size_bytes=counts.size_bytes,
            storage_bytes=_RECORD_BYTES * counts.verbs.get(Verb.INSERT, 0),
            seconds=_SECONDS_PER_CALL * calls,
        )

    def _all(self, chosen: Selection, cancel: CancelToken) -> Iterator[Page]:
        reader = reader_of(chosen)
        for found in rows(self._session, chosen.soql, cancel):
            yield page_of(chosen, reader, found)

    def _by_keys(
        self, chosen: Selection, keys: Sequence[str], cancel: CancelToken
    ) -> Iterator[Page]:
        wanted = frozenset(keys)
        reader = reader_of(chosen)

        def found(soql: str) -> list[dict[str, Any]]:
            return [row for page in rows(self._session, soql, cancel) for row in page]

        statements = list(key_statements(chosen, keys))
        if len(statements) >= _MANY and self._pages(chosen, cancel) < len(statements):
            statements = [chosen.soql]
        tasks: list[Callable[[], list[dict[str, Any]]]] = [
            partial(found, soql) for soql in statements
        ]
        for page in overlapped(tasks, _AT_ONCE, cancel):
            yield page_of(chosen, reader, page, wanted)

    def _pages(self, chosen: Selection, cancel: CancelToken) -> int:
        """Return how many pages the whole object has."""
        soql = f"SELECT COUNT() FROM {chosen.entity.sobject}"
        answer = self._session.call(cancel, lambda api: api.query(soql))
        return _pieces(int(answer["totalSize"]), MOST_IN_PAGE)

    def _deleted(
        self, entity: EntityMapping, operations: Sequence[Operation], cancel: CancelToken
    ) -> list[Outcome]:
        """Delete by id; an operation without one is looked up by its key first."""
        unknown = [item.key for item in operations if not item.side_id]
        ids = self._ids(entity, unknown, cancel) if unknown else {}
        targets: list[tuple[Operation, str]] = []
        outcomes: list[Outcome] = []
        for operation in operations:
            found = [operation.side_id] if operation.side_id else ids.get(operation.key, [])
            if len(found) == 1:
                targets.append((operation, found[0]))
            elif found:
                message = "More than one record has this key; delete the right one by hand."
                outcomes.append(Outcome(operation, OutcomeState.FAILED, message))
            else:  # gone already, as the plan wants it
                outcomes.append(Outcome(operation, OutcomeState.WRITTEN))
        if targets:
            outcomes += self._collections.delete(entity, targets, cancel)
        return outcomes

    def _ids(
        self, entity: EntityMapping, keys: Sequence[str], cancel: CancelToken
    ) -> dict[str, list[str]]:
        chosen = Selection(entity, ("Id", entity.salesforce_key), ())
        ids: dict[str, list[str]] = {}
        for soql in key_statements(chosen, keys):
            for page in rows(self._session, soql, cancel):
                for row in page:
                    ids.setdefault(str(row[entity.salesforce_key]), []).append(str(row["Id"]))
        return ids


def _pieces(count: int, size: int) -> int:
    return -(-count // size)
