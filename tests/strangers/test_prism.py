"""Our Orb connector against Prism, which serves Orb's published description and checks requests.

Prism answers with the examples of the description, the same ones whatever was written before. So it
shows that a request is allowed; not that what is sent is kept, that lists have further pages, or
how a schedule changes. A request that it objects to, or does not know, is a failure.
"""

import os
import shutil
import socket
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from json import dumps
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from app.connectors import registry
from app.connectors.http import Http, HttpRequest
from app.connectors.orb.connector import OrbConnector
from app.connectors.orb.quantities import QUANTITIES, change_quantities
from app.connectors.orb.sendable import Post
from app.connectors.protocol import Batch, ReadRequest, Scope
from app.domain.control import CancelToken
from app.domain.mapping import WorkspaceMapping
from app.domain.mapping_file import parse_mapping
from app.domain.plan import FieldChange, Operation, Verb
from app.domain.record import BaseValue, Side
from tests.sandbox.orb.published import document, operation_of
from tests.strangers.conftest import ASKED_FOR, FOLDER

pytestmark = pytest.mark.timeout(400)  # it takes a minute to begin with on a busy machine
ROOT = Path(__file__).parents[2]
DESCRIPTION = ROOT.parent / "shared" / "data" / "orb-openapi.json"
START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)
_PATIENCE = 3000  # times a tenth of a second


@pytest.fixture(scope="module")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of Prism; the tests are skipped where it or the description is missing."""
    if not ASKED_FOR:
        pytest.skip("Prism takes minutes and 2 GB of memory: tests/strangers/run")
    document()
    program = FOLDER / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js"
    node = shutil.which("node")
    if node is None or not program.is_file():
        pytest.skip("node or Prism is missing: tests/strangers/run")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("prism") / "log"
    command = [node, str(program), "mock", "-h", "127.0.0.1", "-p", str(port), str(DESCRIPTION)]
    with (
        log.open("wb") as file,
        subprocess.Popen(
            command, stdout=file, stderr=file, env={**os.environ, "NODE_NO_WARNINGS": "1"}
        ) as process,
    ):
        try:
            _wait_until_it_listens(log, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait_until_it_listens(log: Path, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(_PATIENCE):
        if "Prism is listening" in log.read_text("utf-8"):
            return
        assert process.poll() is None, log.read_text("utf-8")[-2000:]
        CancelToken().wait(0.1)
    raise AssertionError(log.read_text("utf-8")[-2000:])


@pytest.fixture(scope="module")
def mapping() -> WorkspaceMapping:
    path = ROOT / "resources" / "mappings" / "orb.toml"
    return parse_mapping(path.read_text("utf-8"), path.name)


@pytest.fixture(scope="module")
def orb(prism: str, mapping: WorkspaceMapping) -> Iterator[OrbConnector]:
    settings = {"base_url": prism, "mode": "test", "read_timeout_s": "120", "parallel": "2"}
    found = registry.connect("orb", "prism", settings, {"api_key": "k"}.get, mapping=mapping)
    assert isinstance(found, OrbConnector)
    yield found
    found.close()


class Asked(Counter[str]):
    """The operations of the description that were asked for, and what Prism had against them."""

    def __init__(self) -> None:
        super().__init__()
        self.objections: list[str] = []

    def note(self, request: HttpRequest, answer: requests.Response) -> None:
        key = operation_of(request.method, urlsplit(request.url).path)
        self[" ".join(key) if key else f"unknown: {request.method} {request.url}"] += 1
        told = answer.headers.get("sl-violations", "")
        if not answer.ok or '"request"' in told:
            self.objections.append(f"{request.method} {request.url}: {answer.status_code} {told}")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    found, send = Asked(), Http.send

    def noted(self: Http, request: HttpRequest, cancel: CancelToken) -> requests.Response:
        answer = send(self, request, cancel)
        found.note(request, answer)
        return answer

    monkeypatch.setattr(Http, "send", noted)
    return found


def test_every_read_is_allowed(orb: OrbConnector, mapping: WorkspaceMapping, asked: Asked) -> None:
    orb.check(mapping.entities, CancelToken())
    for group in orb.groups(mapping.entities):
        _read(orb, ReadRequest(group))
        if orb.incremental(group[0]):
            cursor = f"127.0.0.1 test|{START.isoformat()}"
            _read(orb, ReadRequest(group, Scope.SINCE, cursor=cursor))
        for entity in group:
            _read(orb, ReadRequest((entity,), Scope.KEYS, ("a|b|c",)))
    mine = tuple(mapping.of_account())
    _read(orb, ReadRequest(mine, Scope.ACCOUNT, account="abc"))
    assert {call.rpartition("/")[2] for call in asked} == {
        *("ping", "plans", "customers", "subscriptions", "invoices", "schedule", "ledger"),
        *("{plan_id}", "{customer_id}", "{subscription_id}", "{invoice_id}"),
    }
    assert asked.objections == []


def _read(orb: OrbConnector, request: ReadRequest) -> None:
    for page in orb.read(request, CancelToken()):
        assert page.entity in {entity.name for entity in request.entities}


def test_a_mistake_would_be_told(prism: str) -> None:
    answer = requests.post(f"{prism}/customers", json={"name": 5}, timeout=120)
    assert not answer.ok or '"request"' in answer.headers["sl-violations"]


ADDRESS = '{"city":"Bern","country":"CH","line1":"Gasse 1","postal_code":"3000","state":null}'
CUSTOMER: dict[str, BaseValue] = {
    "name": "Kestrel",
    "email": "ap@kestrel.example",
    "additional_emails": '["a@b.example"]',
    "billing_address": ADDRESS,
    "shipping_address": ADDRESS,
    "tax_id": '{"country":"CH","type":"ch_vat","value":"CHE-1"}',
    "metadata": '{"a":"b"}',
    "auto_collection": "true",
    "auto_issuance": "false",
    "email_delivery": "true",
    "payment_provider": "stripe_charge",
    "payment_provider_id": "cus_1",
    "external_customer_id": "ACC-1",
}


def test_every_write_about_customers_is_allowed(
    orb: OrbConnector, mapping: WorkspaceMapping, asked: Asked
) -> None:
    write = Writer(orb, mapping)
    write("customer", "new", Verb.INSERT, **CUSTOMER, timezone="Europe/Paris", currency="EUR")
    for name, value in CUSTOMER.items():
        write("customer", "abc", Verb.UPDATE, **{name: value})
    assert write.set["customer"] >= orb.writable(mapping.entity("customer"))
    assert asked["POST /customers"] == 1
    assert asked["PUT /customers/{customer_id}"] == len(CUSTOMER)
    assert asked.objections == []


EXAMPLE = "2019-08-24T14:15:22Z"  # every time of the examples; every id is `string`
FEE: dict[str, Any] = {"price_id": "string", "start_date": EXAMPLE, "quantity": 0}
LATER = {**FEE, "start_date": END.isoformat(), "quantity": 7}
INTERVAL = {"id": "string", "start_date": EXAMPLE, "end_date": END.isoformat()}
ADDED = {"price_id": "string", "start_date": START.isoformat()}
PRICE = {
    "name": "Seats",
    "cadence": "monthly",
    "item_id": "string",
    "model_type": "unit",
    "unit_config": {"unit_amount": "5.00"},
}
PLAIN: dict[str, BaseValue] = {
    "metadata": '{"a":"b"}',
    "default_invoice_memo": "Thank you",
    "auto_collection": "true",
    "auto_issuance": "true",
    "net_terms": 30,
    "invoicing_threshold": Decimal("99.5"),
}
BY_CALL: tuple[tuple[str, BaseValue, str], ...] = (
    ("fixed_fee_quantity_schedule", dumps([FEE, LATER]), "update_fixed_fee_quantity"),
    ("price_intervals", dumps([INTERVAL, ADDED]), "price_intervals"),
    ("redeemed_coupon", '{"redemption_code":"WELCOME10"}', "redeem_coupon"),
    ("trial_end_date", END, "update_trial"),
    ("active_plan_phase_order", 1, "trigger_phase"),  # the example's is 0
    ("plan_id", "string", "schedule_plan_change"),
    ("end_date", END, "cancel"),
    ("end_date", None, "unschedule_cancellation"),
)


def test_every_write_about_subscriptions_is_allowed(
    orb: OrbConnector, mapping: WorkspaceMapping, asked: Asked
) -> None:
    write, path = Writer(orb, mapping), "POST /subscriptions"
    given: dict[str, BaseValue] = {"customer_id": "abc", "plan_id": "string", "start_date": START}
    prices = dumps([{"price": PRICE}, {"replaces_price_id": "string", "price_id": "string"}])
    more: dict[str, BaseValue] = {"price_intervals": prices, "trial_end_date": END, "name": "One"}
    fees = dumps([FEE])
    write(
        "subscription",
        "new",
        Verb.INSERT,
        **{**given, **more, **PLAIN, "fixed_fee_quantity_schedule": fees, "end_date": END},
    )
    assert asked[path] == 1
    for name, value in PLAIN.items():
        write("subscription", "abc", Verb.UPDATE, **{name: value})
    assert asked["PUT /subscriptions/{subscription_id}"] == len(PLAIN)
    for name, value, call in BY_CALL:
        write("subscription", "abc", Verb.UPDATE, **{name: value})
        assert asked[f"{path}/{{subscription_id}}/{call}"] == 1, call
    assert write.set["subscription"] >= orb.writable(mapping.entity("subscription")) - {"plan"}
    write("subscription_version", f"abc|{END:%Y-%m-%dT%H:%M:%SZ}", Verb.INSERT, plan_id="string")
    assert asked[f"{path}/{{subscription_id}}/schedule_plan_change"] == 2
    assert asked.objections == []


def test_a_later_quantity_is_taken_back_by_an_allowed_call(orb: OrbConnector, asked: Asked) -> None:
    post = Post(orb.desk.client, "k", CancelToken())
    change_quantities(  # the example itself has none that is still to come
        {QUANTITIES: [FEE, LATER]},
        [FEE],
        lambda name, body: post.post(f"subscriptions/abc/{name}", body),
    )
    call = "POST /subscriptions/{subscription_id}/unschedule_fixed_fee_quantity_updates"
    assert asked[call] == 1
    assert asked.objections == []


def test_every_write_about_credits_is_allowed(
    orb: OrbConnector, mapping: WorkspaceMapping, asked: Asked
) -> None:
    write, entry = Writer(orb, mapping), "credit_ledger_entry"
    given: dict[str, BaseValue] = {"customer_id": "abc", "amount": Decimal("5.5")}
    words: dict[str, BaseValue] = {"description": "x", "metadata": '{"a":"b"}', "currency": "USD"}
    kinds: dict[str, dict[str, BaseValue]] = {
        "increment": {
            "credit_block_expiry_date": END,
            "credit_block_per_unit_cost_basis": Decimal("0.5"),
        },
        "decrement": {},
        "void": {"credit_block_id": "string", "void_reason": "refund"},
        "amendment": {"credit_block_id": "string"},
    }
    for kind, more in kinds.items():
        write(entry, kind, Verb.INSERT, entry_type=kind, **given, **words, **more)
    assert asked["POST /customers/{customer_id}/credits/ledger_entry"] == len(kinds)
    assert asked.objections == []


class Writer:
    """Carries out operations, one at a time; what becomes of them the examples cannot show."""

    def __init__(self, orb: OrbConnector, mapping: WorkspaceMapping) -> None:
        self._orb, self._mapping, self._count = orb, mapping, 0
        self.set: dict[str, set[str]] = defaultdict(set)

    def __call__(self, name: str, key: str, verb: Verb, /, **after: BaseValue) -> None:
        entity = self._mapping.entity(name)
        changes = tuple(FieldChange(field, None, value) for field, value in after.items())
        expects = None if verb is Verb.INSERT else 1
        self._count += 1
        self.set[name] |= after.keys()
        given = (name, key, Side.BILLING, verb, changes, expects, key, f"k{self._count}")
        list(self._orb.write(Batch(entity, (Operation(*given),)), CancelToken()))
