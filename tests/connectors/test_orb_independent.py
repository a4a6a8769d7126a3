"""Orb as somebody else may have built it: read, checked and written in every allowed manner."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import pytest

from app.connectors import registry
from app.connectors.orb.connector import OrbConnector
from app.connectors.orb.offers import offers
from app.connectors.protocol import Batch, ReadRequest, Scope
from app.domain.control import CancelToken
from app.domain.mapping import WorkspaceMapping
from app.domain.plan import Outcome, OutcomeState, Verb
from app.domain.record import BaseValue, FieldValue, Side, Unreadable
from app.errors import ConnectionFailed, LimitReached, NotSignedIn, RemoteRefused
from tests.connectors.independent_orb import (
    API_KEY,
    IndependentOrb,
    Manner,
    Told,
    problem,
    running,
)
from tests.connectors.independent_orb_truth import ADA, BEN, FIRST, LOOSE, price
from tests.connectors.world import hurry, make_operation
from tests.sandbox.orb.published import mistakes

Values = Mapping[str, FieldValue]
Found = dict[tuple[str, str], Values]
PLAIN = Manner("plain")
CLOCK = (
    ("ratelimit-limit", "9"),
    ("RATELIMIT-REMAINING", "0"),
    ("RateLimit-Reset", str(int(time.time()))),
)
MANNERS = (
    Manner("sparse", sparse=True),
    Manner("unheard of", extra=True, created=200),
    Manner("small pages", cap=1),
    Manner("busy", busy=""),
    Manner("busy for no time", busy="0"),
    Manner("limits by the clock", headers=CLOCK),
    Manner("limits in words", headers=(("ratelimit-remaining", "none"), ("ratelimit-reset", "?"))),
)
RETOLD = (Manner("other times", shift=2), Manner("many digits", zeros=9))
"""What is shown as it is told, a nested value or a balance, differs in these."""


@contextmanager
def connected(
    manner: Manner, mapping: WorkspaceMapping, key: str = API_KEY
) -> Iterator[tuple[IndependentOrb, OrbConnector]]:
    with running(manner) as orb:
        connector = registered(orb.url, mapping, key)
        yield orb, connector
        connector.close()


def registered(url: str, mapping: WorkspaceMapping, key: str) -> OrbConnector:
    found = registry.connect(
        "orb", "stage", {"base_url": url}, {"api_key": key}.get, mapping=mapping
    )
    assert isinstance(found, OrbConnector)
    hurry(found)
    return found


def everything(connector: OrbConnector, mapping: WorkspaceMapping) -> Found:
    groups = connector.groups(mapping.entities)
    return dict(
        pair for one in groups for pair in read(connector, mapping, ReadRequest(tuple(one)))
    )


def read(
    connector: OrbConnector, mapping: WorkspaceMapping, request: ReadRequest
) -> Iterator[tuple[tuple[str, str], Values]]:
    for page in connector.read(request, CancelToken()):
        index = mapping.entity(page.entity).index
        for record in page.records:
            yield (page.entity, record.key), dict(zip(index, record.values, strict=True))


def write(
    connector: OrbConnector, mapping: WorkspaceMapping, verb: Verb, key: str, **after: BaseValue
) -> Outcome:
    operation = make_operation("customer", key, verb, Side.BILLING, **after)
    operation = replace(operation, idempotency_key="k1")
    batch = Batch(mapping.entity("customer"), (operation,))
    (outcome,) = connector.write(batch, CancelToken())
    return outcome


@pytest.fixture(scope="module")
def plain(orb_mapping: WorkspaceMapping) -> Found:
    with connected(PLAIN, orb_mapping) as (_orb, connector):
        return everything(connector, orb_mapping)


@pytest.mark.parametrize("manner", MANNERS, ids=[one.name for one in MANNERS])
def test_every_manner_tells_the_same(
    manner: Manner, orb_mapping: WorkspaceMapping, plain: Found
) -> None:
    with connected(manner, orb_mapping) as (_orb, connector):
        assert connector.check(orb_mapping.entities, CancelToken()).version == "v1"
        found = everything(connector, orb_mapping)
    assert found.keys() == plain.keys()
    assert {at for at in found if alike(found[at]) != alike(plain[at])} == set()


@pytest.mark.parametrize("manner", RETOLD, ids=[one.name for one in RETOLD])
def test_times_and_amounts_are_the_same_however_told(
    manner: Manner, orb_mapping: WorkspaceMapping, plain: Found
) -> None:
    with connected(manner, orb_mapping) as (_orb, connector):
        found = everything(connector, orb_mapping)
    assert found.keys() == plain.keys()
    assert {at for at in found if typed(found[at]) != typed(plain[at])} == set()


def alike(held: Values) -> Values:
    """Return values, nested ones without what is null in them: they are shown as they are told."""
    return {name: pruned(value) for name, value in held.items()}


def pruned(value: FieldValue) -> object:
    if not isinstance(value, str) or value[:1] not in {"{", "["}:
        return value
    return without_null(json.loads(value))


def without_null(value: object) -> object:
    if isinstance(value, dict):
        return {name: without_null(each) for name, each in value.items() if each is not None}
    return [without_null(each) for each in value] if isinstance(value, list) else value


def typed(held: Values) -> Values:
    """Return times, numbers and texts that are no nested ones."""
    return {
        name: value
        for name, value in held.items()
        if name != "balance" and not (isinstance(value, str) and value[:1] in {"{", "["})
    }


def test_what_was_read_is_what_is_there(plain: Found) -> None:
    ada, lines = plain["customer", ADA], plain["invoice_line_item_billing", "lInE2"]
    assert (ada["external_customer_id"], ada["parent_customer_id"]) == ("ACC/1 ü", None)
    assert plain["customer", BEN]["parent_customer_id"] == ADA
    assert str(lines["tax_amount"]) == "2.13"
    assert plain["subscription", LOOSE]["plan"] is None
    assert ("invoice", "iNvOiCe00000005") not in plain
    assert str(plain["invoice", "iNvOiCe00000002"]["total"]) == "12345678901.123457"
    assert {at[1] for at in plain if at[0] == "credit_ledger_entry"} == {
        *("eNtRy00000001", "eNtRy00000002", "eNtRy00000003")
    }
    revenue = [held for at, held in plain.items() if at[0] == "daily_line_item_revenue"]
    assert {held["invoice"] for held in revenue if held["subscription"] == FIRST} == {
        "iNvOiCe00000002"
    }
    assert not [v for held in plain.values() for v in held.values() if isinstance(v, Unreadable)]


@pytest.mark.parametrize("manner", [PLAIN, *MANNERS], ids=["plain", *(m.name for m in MANNERS)])
def test_one_customer_is_what_it_is_among_all(
    manner: Manner, orb_mapping: WorkspaceMapping, plain: Found
) -> None:
    mine = orb_mapping.of_account()
    with connected(manner, orb_mapping) as (_orb, connector):
        for account in (ADA, BEN):
            request = ReadRequest(mine, Scope.ACCOUNT, account=account)
            found = dict(read(connector, orb_mapping, request))
            names = {entity.name for entity in mine}
            own = {at: v for at, v in plain.items() if at[0] in names and owner(at, v) == account}
            assert {at: alike(v) for at, v in found.items()} == {
                at: alike(v) for at, v in own.items()
            }


def owner(at: tuple[str, str], held: Values) -> object:
    if at[0] == "customer":
        return at[1]
    if at[0] == "subscription_version":
        return ADA if held["subscription"] == FIRST else BEN
    return held["customer_id"]


def test_its_own_answers_are_as_orb_describes_them(orb_mapping: WorkspaceMapping) -> None:
    with connected(PLAIN, orb_mapping) as (orb, connector):
        everything(connector, orb_mapping)
        head = {"Authorization": f"Bearer {API_KEY}"}
        paths = ["ping", "customers", "plans", "subscriptions", "invoices", f"customers/{ADA}"]
        paths += [f"subscriptions/{FIRST}/schedule", f"customers/{ADA}/credits/ledger"]
        for path in paths:
            told = orb.answer("GET", f"/v1/{path}", head, b"")
            body = json.loads(orb.text(told.body))
            assert mistakes("GET", f"/{path}", told.status, body) == [], path


@pytest.mark.parametrize("name", ["daily_line_item_revenue", "credit_ledger_entry"])
def test_what_is_new_is_read_from_where_the_last_read_ended(
    name: str, orb_mapping: WorkspaceMapping, plain: Found
) -> None:
    entity = orb_mapping.entity(name)
    with connected(MANNERS[2], orb_mapping) as (_orb, connector):
        pages = connector.read(ReadRequest((entity,)), CancelToken())
        (cursor,) = [page.cursor for page in pages if page.cursor]
        began = cursor.replace(cursor.rpartition("|")[2], "2026-10-20T00:00:00+00:00")
        request = ReadRequest((entity,), Scope.SINCE, cursor=began)
        found = dict(read(connector, orb_mapping, request))
    assert found == {at: held for at, held in plain.items() if at[0] == name}


def test_values_that_nobody_knows_yet_pass_through(orb_mapping: WorkspaceMapping) -> None:
    with connected(PLAIN, orb_mapping) as (orb, connector):
        quantum = price("nEw1", "quantum", {"spin": ["1/2"], "unit_amount": "1"})
        orb.held["plans"][0]["prices"] = [quantum, {**quantum, "id": "n2", "quantum_config": None}]
        orb.held["plans"][1]["status"] = "sleeping"
        orb.held["customers"][0]["payment_provider"] = "barter"
        orb.held["ledger"][0]["entry_type"] = "grant"
        orb.held["invoices"][1]["status"] = "void"
        found = everything(connector, orb_mapping)
        request = ReadRequest((orb_mapping.entity("plan"),))
        records = [one for page in connector.read(request, CancelToken()) for one in page.records]
    assert found["customer", ADA]["payment_provider"] == "barter"
    assert found["plan", "pLaN2"]["status"] == "sleeping"
    assert found["credit_ledger_entry", "eNtRy00000003"]["title"] == "grant 3"
    made = offers(orb_mapping, {"plan": records})
    (shown,) = [offer for offer in made if "pLaN1" in offer.keys]
    assert len(shown.prices) == 2


REFUSALS = [
    (problem("900-quantum-flux", 418, "no tea", title="Tea"), RemoteRefused, "no tea"),
    (Told(422, {"type": "about:blank", "title": "Unprocessable"}), RemoteRefused, "Unprocessable"),
    (Told(400, b"<html>bad gateway</html>"), RemoteRefused, "status 400"),
    (Told(404, b""), RemoteRefused, "status 404"),
    (problem("404-feature-not-available", 404, "not yours"), RemoteRefused, "not yours"),
    (problem("401-authentication-error", 401, "revoked"), NotSignedIn, "revoked"),
    (Told(403, {"detail": "may not"}), ConnectionFailed, "may not"),
]


@pytest.mark.parametrize(("told", "kind", "words"), REFUSALS)
def test_a_refusal_is_told_in_its_words(
    told: Told, kind: type[Exception], words: str, orb_mapping: WorkspaceMapping
) -> None:
    with connected(PLAIN, orb_mapping) as (orb, connector):
        orb.faults = [("plans", told)]
        with pytest.raises(kind, match=words) as caught:
            list(connector.read(ReadRequest((orb_mapping.entity("plan"),)), CancelToken()))
        assert "GET plans" in str(caught.value)


def test_a_conflict_is_asked_again_and_then_told(orb_mapping: WorkspaceMapping) -> None:
    clash = problem("409-resource-conflict", 409, "another change is under way")
    with connected(PLAIN, orb_mapping) as (orb, connector):
        orb.faults = [(ADA, clash)] * 2
        outcome = write(connector, orb_mapping, Verb.UPDATE, ADA, email="new@example.com")
        assert outcome.state is OutcomeState.WRITTEN
        orb.faults = [(ADA, clash)] * 9
        outcome = write(connector, orb_mapping, Verb.UPDATE, ADA, email="newer@example.com")
        assert outcome.state is OutcomeState.FAILED
        assert outcome.message == "another change is under way"


@pytest.mark.parametrize(
    ("path", "name", "lost"),
    [
        (f"{ADA}/credits/ledger", "credit_ledger_entry", 3),
        (f"{FIRST}/schedule", "subscription_version", 1),
        (f"{FIRST}/costs", "daily_line_item_revenue", 2),
    ],
)
def test_what_went_since_it_was_listed_has_nothing(
    path: str, name: str, lost: int, orb_mapping: WorkspaceMapping, plain: Found
) -> None:
    gone = problem("404-resource-not-found", 404, "gone", title="Not found")
    with connected(PLAIN, orb_mapping) as (orb, connector):
        orb.faults = [(path, gone)] * 9
        request = ReadRequest((orb_mapping.entity(name),))
        found = dict(read(connector, orb_mapping, request))
    assert len(found) == len([at for at in plain if at[0] == name]) - lost


def test_a_wrong_key_is_told(orb_mapping: WorkspaceMapping) -> None:
    with (
        connected(PLAIN, orb_mapping, "another-key") as (_orb, connector),
        pytest.raises(NotSignedIn, match="no such key"),
    ):
        connector.check(orb_mapping.entities, CancelToken())


def test_a_long_pause_ends_the_work_and_is_told(orb_mapping: WorkspaceMapping) -> None:
    with (
        connected(Manner("busy for long", busy="3600"), orb_mapping) as (_orb, connector),
        pytest.raises(LimitReached, match="3600 seconds"),
    ):
        connector.check(orb_mapping.entities, CancelToken())


@pytest.mark.parametrize("manner", [PLAIN, *MANNERS], ids=["plain", *(m.name for m in MANNERS)])
def test_what_is_written_is_read_back(manner: Manner, orb_mapping: WorkspaceMapping) -> None:
    edits: list[dict[str, BaseValue]] = [
        {"email": "a@b.example"},
        {"metadata": '{"new":"1"}'},
        {"billing_address": '{"city":"Bern","country":"CH"}'},
        {"auto_collection": "false", "additional_emails": '["x@y.example"]'},
        {"shipping_address": None},
    ]
    with connected(manner, orb_mapping) as (orb, connector):
        for after in edits:
            outcome = write(connector, orb_mapping, Verb.UPDATE, ADA, **after)
            assert (outcome.state, outcome.message) == (OutcomeState.WRITTEN, ""), after
        assert orb.held["customers"][0]["metadata"] == {"new": "1"}


@pytest.mark.parametrize("created", [200, 201])
def test_a_customer_is_made_once_however_often_it_is_sent(
    created: int, orb_mapping: WorkspaceMapping
) -> None:
    with connected(replace(PLAIN, created=created), orb_mapping) as (orb, connector):
        for _again in range(2):
            words = {"name": "Kestrel", "email": "ap@kestrel.example", "timezone": "Asia/Tokyo"}
            outcome = write(connector, orb_mapping, Verb.INSERT, "ACC-9", **words)
            assert (outcome.state, outcome.key) == (OutcomeState.WRITTEN, "mAdE0001")
        assert len(orb.held["customers"]) == 3


def test_limits_by_the_clock_are_no_pause_of_years(orb_mapping: WorkspaceMapping) -> None:
    with connected(MANNERS[5], orb_mapping) as (_orb, connector):
        began = time.monotonic()
        for _call in range(3):
            connector.check(orb_mapping.entities, CancelToken())
        assert time.monotonic() - began < 5
