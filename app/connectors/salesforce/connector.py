"""The Salesforce connector: put together here, reading and writing in modules of their own."""

from collections.abc import Iterator, Sequence
from functools import partial

from app.connectors.http import Http, Policy
from app.connectors.overlap import overlapped
from app.connectors.preparer import Preparer
from app.connectors.protocol import (
    Batch,
    Connector,
    Health,
    Notice,
    OperationCounts,
    Page,
    Quota,
    ReadRequest,
    Scope,
)
from app.connectors.salesforce.bodies import Bodies
from app.connectors.salesforce.bulk_ingest import BulkIngest
from app.connectors.salesforce.collections import Collections
from app.connectors.salesforce.constraints import constraints_of
from app.connectors.salesforce.discovery import columns_of, object_names
from app.connectors.salesforce.graph import Graphs
from app.connectors.salesforce.org import identity, organization, quotas
from app.connectors.salesforce.reads import Reads
from app.connectors.salesforce.schema import Schema
from app.connectors.salesforce.session import SalesforceSession, transient
from app.connectors.salesforce.singles import Singles
from app.connectors.salesforce.standard_prices import standard_prices
from app.connectors.salesforce.tokens import Grant, Tokens
from app.connectors.salesforce.usage import reserve_of
from app.connectors.salesforce.writes import Ways, Writes
from app.connectors.spec import Given, SaveSecret, variable
from app.domain.column import Column
from app.domain.constraint import Constraints
from app.domain.control import CancelToken
from app.domain.forecast import Forecast
from app.domain.mapping import KEY, EntityMapping, WorkspaceMapping
from app.domain.plan import Operation, Outcome, Verb
from app.domain.record import Side
from app.errors import NotSignedIn, WrongUse

_AT_ONCE = 4  # describes of one check


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
    reserve = reserve_of(given.setting("reserve"), given.connection)
    session = SalesforceSession(http, Tokens(http, grant, save_secret), version, reserve)
    return SalesforceConnector(session, mapping, given.setting("pubsub"))


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

    def __init__(
        self, session: SalesforceSession, mapping: WorkspaceMapping, pubsub: str = ""
    ) -> None:
        """Send nothing yet; `pubsub` is where changes are told, `""` to ask for them by REST."""
        self._session = session
        self._mapping = mapping
        self._pubsub = pubsub
        self._schema = Schema(session, mapping)
        self.reads = Reads(session, mapping, self._schema)
        bodies = Bodies(mapping, session.http.harmless)
        self._singles = Singles(session, bodies)
        self._collections = Collections(session, bodies)
        self._bulk = BulkIngest(session, bodies, self._collections)
        graphs = Graphs(session, mapping, bodies)
        ways = Ways(self._collections, self._bulk, self._singles, graphs)
        self._writes = Writes(self._schema, self.reads, ways)

    @property
    def calls(self) -> int:
        """How many HTTP requests were sent, sign-in included."""
        return self._session.http.calls

    @property
    def quotas(self) -> Sequence[Quota]:
        """The day's calls as the last answer told them, other limits as `check` found them."""
        return self._session.limits.quotas

    def close(self) -> None:
        """End the threads of the HTTP client."""
        self._session.http.close()

    def instance(self, cancel: CancelToken) -> str:
        """Return the org's id: from the token, else by a call."""
        return organization(self._session, cancel)

    def constraints(self, entity: EntityMapping, cancel: CancelToken) -> Constraints:
        """Return what the org's describe says of the entity's fields; of prices two calls more."""
        prices = standard_prices(self._session, entity, cancel)
        return constraints_of(entity, self._schema.require(entity, cancel), prices)

    def watch(
        self, entities: Sequence[EntityMapping], since: str, cancel: CancelToken
    ) -> Iterator[Notice]:
        """Yield what Salesforce tells over the Pub/Sub API, or else what asking by REST finds."""
        from app.connectors.salesforce.watch import notices  # noqa: PLC0415 - few need it

        return notices(self._session, entities, since, cancel, self._pubsub)

    def preparer(self) -> Preparer:
        """Return what makes the objects, fields, permissions and reports of the mapping."""
        from app.connectors.salesforce.prepare import (  # noqa: PLC0415 - few need it
            SalesforcePreparer,
        )

        return SalesforcePreparer(self._session, self._mapping, self._schema.forget)

    def columns(self, entity: EntityMapping, cancel: CancelToken) -> Sequence[Column]:
        """Return the fields of an entity's object as they are now; none where it is not seen."""
        return columns_of(self._schema.fields_now(entity, cancel) or {})

    def objects(self, cancel: CancelToken) -> Sequence[str]:
        """Return the API names of the org's objects."""
        return object_names(self._session, cancel)

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
            CursorRefused: The cursor is of another org, or too old.
        """
        for page in self.reads.read(request, cancel):
            if request.scope in {Scope.KEYS, Scope.IDS}:
                self._singles.remember((*page.records, *page.loose))
            yield page

    def incremental(self, entity: EntityMapping) -> bool:
        """Yes, as far as a read leaves a cursor: objects without stamps leave none."""
        del entity
        return True

    def forecast_reads(self, entity: EntityMapping, keys: int, key_size: int = 0) -> int:
        """Return the calls for that many keys, of a guessed length where it is not told."""
        return self.reads.forecast(entity, keys, key_size)

    def forecast_changed(self, entity: EntityMapping, changed: int) -> int:
        """Return the calls of a query's pages, or of a bulk job where many rows changed."""
        return self.reads.forecast_changed(entity, changed)

    def verbs(self, entity: EntityMapping) -> frozenset[Verb]:
        """Return insert, update and delete: every mapped object takes all of them."""
        del entity
        return frozenset(Verb)

    def writable(self, entity: EntityMapping) -> frozenset[str]:
        """Return the names of all mapped fields, and the key."""
        return frozenset((*(field.name for field in entity.fields), KEY))

    def batch_size(self, counts: OperationCounts) -> int:
        """Return the rows of one collection, or of one bulk job where there are enough for that."""
        return self._writes.batch_size(counts)

    def conclude(
        self, job: str, entity: EntityMapping, operations: Sequence[Operation], cancel: CancelToken
    ) -> Iterator[Outcome]:
        """Bring a bulk job that a dead commit had begun to its end; yield what it tells."""
        return self._writes.conclude(job, entity, operations, cancel)

    def write(self, batch: Batch, cancel: CancelToken) -> Iterator[Outcome]:
        """Yield one outcome for each operation, in any order.

        A cancel stops a bulk job within a second; of its rows that were not yet written, and of
        calls that were not sent, the outcome is unknown, so that a resume sends them.
        """
        return self._writes.write(batch, cancel)

    def forecast(self, counts: OperationCounts) -> Forecast:
        """Return calls, 2 KB of storage an insert, and a guess of the seconds.

        A call for describe is always in it, also where this process has asked: the one that commits
        is as a rule another.
        """
        return self._writes.forecast(counts) + Forecast({Side.SALESFORCE: 1})
