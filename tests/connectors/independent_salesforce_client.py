"""Our connector before an independent Salesforce, as tests use it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from app.connectors import registry
from app.connectors.protocol import Batch, Page, ReadRequest, Scope
from app.domain.control import CancelToken, no_report
from app.domain.mapping import WorkspaceMapping
from app.domain.plan import Operation, Outcome, Verb
from app.domain.record import Record
from tests.connectors.independent_salesforce import CLIENT, SECRET, Independent
from tests.connectors.independent_salesforce_http import independent_salesforce
from tests.connectors.independent_salesforce_manner import Manner
from tests.connectors.world import hurry, make_operation


@dataclass
class Client:
    """A connector and the org that it speaks to."""

    far: Independent
    connector: Any
    mapping: WorkspaceMapping

    def prepare(self) -> tuple[int, list[str]]:
        """Make what the mapping needs; return how many parts, and what was refused."""
        preparer = self.connector.preparer()
        survey = preparer.survey(CancelToken(), no_report)
        done = preparer.deploy(survey.parts, CancelToken(), no_report)
        return len(done.done), [failure.message for failure in done.failures]

    def missing(self) -> tuple[str, ...]:
        found: tuple[str, ...] = self.connector.check(self.mapping.entities, CancelToken()).missing
        return found

    def write(self, entity: str, *operations: Operation) -> list[Outcome]:
        batch = Batch(self.mapping.entity(entity), operations)
        return list(self.connector.write(batch, CancelToken()))

    def pages(self, entity: str, cursor: str = "", keys: Sequence[str] = ()) -> list[Page]:
        scope = Scope.SINCE if cursor else Scope.KEYS if keys else Scope.ALL
        request = ReadRequest((self.mapping.entity(entity),), scope, tuple(keys), cursor=cursor)
        return list(self.connector.read(request, CancelToken()))

    def read(self, entity: str, keys: Sequence[str] = ()) -> dict[str, Record]:
        return {r.key: r for page in self.pages(entity, keys=keys) for r in page.records}

    def cursor(self, entity: str) -> str:
        return next((page.cursor for page in self.pages(entity) if page.cursor), "")

    def by_jobs(self) -> None:
        """Let bulk jobs do what they can do from now on."""
        self.connector._writes._most_by_collections = 1
        self.connector.reads.most_by_query = 0
        self.connector.reads._sizes.clear()


@contextmanager
def client_of(
    mapping: WorkspaceMapping, manner: Manner, monkeypatch: pytest.MonkeyPatch, **settings: str
) -> Iterator[Client]:
    """Return a connector to a new org; jobs and deployments are asked without a pause."""
    monkeypatch.setattr("app.connectors.salesforce.bulk_pace._FIRST_PAUSE_S", 0.002)
    # Its jobs go on by being asked, so that the time they take tells nothing of the next.
    monkeypatch.setattr("app.connectors.salesforce.bulk_pace._LONGEST_PAUSE_S", 0.02)
    monkeypatch.setattr("app.connectors.salesforce.metadata_deploy._FIRST_PAUSE_S", 0.002)
    with independent_salesforce(manner) as far:
        given = {"login_url": far.login_url, "client_id": CLIENT, **settings}
        if not manner.instance_told:
            given["instance_url"] = far.instance_url
        secrets = {"client_secret": SECRET}
        connector = registry.connect("salesforce", "there", given, secrets.get, mapping=mapping)
        hurry(connector)
        try:
            yield Client(far, connector, mapping)
        finally:
            connector.close()


def plans(names: Sequence[str], verb: Verb = Verb.INSERT, **more: Any) -> list[Operation]:
    """Return operations on plans that use most types of fields."""
    return [
        make_operation(
            "plan",
            name,
            verb,
            **{
                "name": f"Plan {name}",
                "description": 'ä "b", c\nd' if place % 3 else None,
                "number": 1_000_000 * place,
                "billable": bool(place % 2),
                "currency": "USD",
                "plan_set": "S",
                **more,
            },
        )
        for place, name in enumerate(names)
    ]


def parents() -> tuple[Operation, Operation]:
    """Return a promotion, and a plan set of it."""
    promotion = make_operation("promotion", "P", Verb.INSERT, name="P", description="Both, yes")
    plan_set = make_operation("plan_set", "S", Verb.INSERT, name="S", number=7, promotion="P")
    return promotion, plan_set


def states(outcomes: Sequence[Outcome]) -> Counter[str]:
    return Counter(outcome.state.name.lower() for outcome in outcomes)
