"""The org: everything that the sandboxed Salesforce knows and remembers."""

import itertools
import secrets
import threading
from dataclasses import dataclass, field
from hmac import compare_digest

from app.sandbox.clock import Clock
from app.sandbox.salesforce.bulk_jobs import BulkJobs
from app.sandbox.salesforce.cursors import Cursors
from app.sandbox.salesforce.definitions import load_sobjects
from app.sandbox.salesforce.ids import IdSource
from app.sandbox.salesforce.locks import RowLocks
from app.sandbox.salesforce.metadata.jobs import MetadataJobs
from app.sandbox.salesforce.metadata.state import MetadataState
from app.sandbox.salesforce.schema import Field, Schema, SObject
from app.sandbox.salesforce.sessions import Sessions
from app.sandbox.salesforce.store import Store
from app.sandbox.salesforce.tooling.setup_objects import setup_objects
from app.sandbox.salesforce.usage import Usage


class AutoNumbers:
    """Counts the values of auto-number fields; a number is never given twice."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: dict[str, itertools.count[int]] = {}

    def next(self, sobject: SObject, number: Field) -> str:
        """Return the next value, such as PR-00001 for the format PR-{00000}."""
        with self._lock:
            counter = self._next.setdefault(f"{sobject.name}.{number.name}", itertools.count(1))
            value = next(counter)
        before, _, rest = number.auto_number.partition("{")
        zeros, _, after = rest.partition("}")
        return f"{before}{value:0{len(zeros)}d}{after}"


@dataclass(frozen=True, slots=True)
class Org:
    """The parts of the org, each safe to use from several threads."""

    clock: Clock
    schema: Schema
    store: Store
    ids: IdSource
    numbers: AutoNumbers
    sessions: Sessions
    usage: Usage
    cursors: Cursors
    bulk: BulkJobs
    metadata: MetadataState
    locks: RowLocks
    org_id: str
    user_id: str
    username: str
    page_size: int = 2000
    passwords: list[str] = field(default_factory=lambda: [_new_password()])  # the last holds
    security_token: str = field(default_factory=lambda: secrets.token_hex(12))
    base_url: list[str] = field(default_factory=list)  # one address, known once the port is open

    @property
    def instance_url(self) -> str:
        """The address under which the org is served."""
        return self.base_url[0] if self.base_url else ""

    @property
    def password(self) -> str:
        """The user's password."""
        return self.passwords[-1]

    def renew_password(self, password: str = "") -> str:
        """Give the user a password, one of the org's making by default, and return it."""
        self.passwords[1:] = [password or _new_password()]
        return self.password

    def put_password_back(self) -> None:
        """Give the user the first password again."""
        del self.passwords[1:]

    def knows(self, username: str, password: str) -> bool:
        """Say whether a password, with or without the security token behind it, is the user's."""
        words = (self.password, self.password + self.security_token)
        same = [compare_digest(password.encode(), word.encode()) for word in words]
        return username.lower() == self.username.lower() and any(same)


def _new_password() -> str:
    return secrets.token_urlsafe(12)


def create_org(clock: Clock, page_size: int, seed: int = 1) -> Org:
    """Return an org with its schema and tables, and no rows yet.

    No two orgs share a user name: clients file their credentials by it (salesforce.md §20).
    """
    ids = IdSource()
    store = Store()
    schema = Schema([*load_sobjects(), *setup_objects()], clock.now())
    for sobject in schema:
        store.create_table(sobject)
    user_id, org_id = ids.next("005"), ids.next("00D")
    return Org(
        clock=clock,
        schema=schema,
        store=store,
        ids=ids,
        numbers=AutoNumbers(),
        sessions=Sessions(clock, org_id, user_id),
        usage=Usage(clock),
        cursors=Cursors(clock, ids),
        bulk=BulkJobs(clock, ids, seed),
        metadata=MetadataState(MetadataJobs(clock, ids), schema.by_names(), clock.now()),
        locks=RowLocks(),
        org_id=org_id,
        user_id=user_id,
        username=f"admin.{secrets.token_hex(4)}@northwind-telecom.example",
        page_size=page_size,
    )
