"""What the connector asks for is what Orb's published description allows."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
import requests
from jsonschema import Draft202012Validator, FormatChecker

from app.connectors.http import Http, HttpRequest
from app.connectors.orb.deal_lines import sold
from app.connectors.protocol import Scope
from app.domain.control import CancelToken
from app.domain.deal import Deal, Line
from app.domain.plan import OutcomeState, Verb
from tests.connectors.orb_each_write import START, write_each
from tests.connectors.orb_world import OrbWorld
from tests.sandbox.orb.published import document, operation_of, operations

INPUTS = frozenset({"plan", "quantities", "prices"})
ADDRESS = '{"city":"Bern","country":"CH","line1":"Gasse 1"}'


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[HttpRequest]:
    """Return a list that every request is added to."""
    document()  # skips where it is not there
    found: list[HttpRequest] = []
    send = Http.send

    def noted(self: Http, request: HttpRequest, cancel: CancelToken) -> requests.Response:
        found.append(request)
        return send(self, request, cancel)

    monkeypatch.setattr(Http, "send", noted)
    return found


def complaints(request: HttpRequest) -> list[str]:
    """Return what the description has against a request."""
    parts = urlsplit(request.url)
    key = operation_of(request.method, parts.path.removeprefix("/v1"))
    assert key, f"{request.method} {parts.path}"
    operation = operations()[key][1]
    found = _of_query(operation, parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    if request.body is not None and "requestBody" not in operation:
        found.append("a body where there is none")
    elif request.body is not None:
        body = msgspec.json.decode(request.body)
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        found += _of(schema, body)
        found += [f"unknown field {name}" for name in body if name not in _names(schema, body)]
    return found


def _names(schema: dict[str, Any], body: dict[str, Any]) -> set[str]:
    """Return the fields of a body; of a union those of the branch that the body says it is."""
    known = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "properties" in known:
        return set(known["properties"])
    told = known["discriminator"]
    return _names({"$ref": told["mapping"][body[told["propertyName"]]]}, body)


def _of_query(operation: dict[str, Any], query: list[tuple[str, str]]) -> list[str]:
    known = {each["name"]: each["schema"] for each in operation.get("parameters", ())}
    found = [f"unknown parameter {name}" for name, _ in query if name not in known]
    for name in {name for name, _ in query if name in known}:
        values: Any = [value for other, value in query if other == name]
        if not name.endswith("[]"):
            (values,) = values
        found += _of(known[name], int(values) if name == "limit" else values)
    return found


def _of(schema: dict[str, Any], value: Any) -> list[str]:
    whole = {"components": document()["components"], **schema}
    errors = Draft202012Validator(whole, format_checker=FormatChecker()).iter_errors(value)
    return [f"{error.json_path}: {error.message[:200]}" for error in errors]


def test_every_read_is_allowed(asked: list[HttpRequest], orb: OrbWorld) -> None:
    orb.connector.check(orb.mapping.entities, CancelToken())
    for group in orb.connector.groups(orb.mapping.entities):
        names = [entity.name for entity in group]
        orb.pages(*names)
        if orb.connector.incremental(group[0]):
            cursor = f"127.0.0.1 test|{datetime(2026, 11, 1).astimezone().isoformat()}"
            orb.pages(*names, scope=Scope.SINCE, cursor=cursor)
    for name in ("customer", "plan", "subscription", "invoice"):
        orb.read(name, [orb.state(name)[0]["id"]])
    mine = [entity.name for entity in orb.mapping.of_account()]
    orb.pages(*mine, scope=Scope.ACCOUNT, account=orb.state("customer")[0]["id"])
    assert len({operation_of(r.method, _path(r)) for r in asked}) == 12
    assert [(r.url, wrong) for r in asked for wrong in complaints(r)] == []


def test_every_write_is_allowed(asked: list[HttpRequest], own_orb: OrbWorld) -> None:
    values = {"name": "Kestrel", "email": "ap@kestrel.example", "metadata": {"a": "b"}}
    made = own_orb.connector.desk.create(values, "key", CancelToken())
    own_orb.update(made["id"], metadata='{"c":"d"}', billing_address=ADDRESS, email="x@y.example")
    own_orb.update(made["id"], auto_collection="true", additional_emails='["a@b.example"]')
    own_orb.update(made["id"], tax_id='{"country":"CH","type":"ch_vat","value":"1"}')
    own_orb.write("customer", made["id"], Verb.DELETE)
    assert {request.method for request in asked} == {"GET", "POST", "PUT", "DELETE"}
    assert [(r.url, wrong) for r in asked for wrong in complaints(r)] == []


def test_every_write_about_a_subscription_is_allowed(
    asked: list[HttpRequest], own_orb: OrbWorld
) -> None:
    write_each(own_orb)
    paths = {_path(request).rpartition("/")[2] for request in asked if request.method == "POST"}
    assert paths == {
        *("customers", "subscriptions", "cancel", "unschedule_cancellation"),
        *("schedule_plan_change", "unschedule_pending_plan_changes", "price_intervals"),
        *("update_fixed_fee_quantity", "unschedule_fixed_fee_quantity_updates", "ledger_entry"),
    }
    assert [(r.url, wrong) for r in asked for wrong in complaints(r)] == []


def test_a_mistake_would_be_found() -> None:
    document()
    wrong = HttpRequest("GET", "https://a/v1/invoices?status[]=lost&colour=red&limit=500", "s")
    assert len(complaints(wrong)) == 3


def _path(request: HttpRequest) -> str:
    return urlsplit(request.url).path.removeprefix("/v1")


def test_price_overrides_of_a_deal_are_allowed_and_keep_the_rest_of_the_price(
    asked: list[HttpRequest], own_orb: OrbWorld
) -> None:
    plans = [row for row in own_orb.state("test:plan") if row["status"] == "active"]
    found = {row["id"]: row for row in plans}
    catalog = [(key, own_orb.values("plan", key)) for key in found]
    given: dict[str, Any] = {"name": "Kestrel", "email": "ap@kestrel.example"}
    overridden = 0
    for plan in plans:
        given["currency"] = plan["invoicing_currency"]
        who = own_orb.write("customer", f"of {plan['id']}", Verb.INSERT, **given).key
        for price in plan["prices"]:
            line = Line("line", (price["id"],), {}, Decimal(3), Decimal("7.125"))
            deal = Deal((line,), INPUTS, {"plan": plan["id"]}, "", lambda _name: catalog)
            prices = sold(deal).given.get("prices")
            if prices is not None:
                whole = {"customer_id": who, "plan_id": plan["id"], "start_date": START}
                made = own_orb.write(
                    "subscription", "new", Verb.INSERT, **whole, price_intervals=prices
                )
                assert made.state is OutcomeState.WRITTEN, made.message
                _check_override(own_orb, made.key, price)
                overridden += 1
    assert overridden > len(plans)
    assert [(r.url, wrong) for r in asked for wrong in complaints(r)] == []


def _check_override(world: OrbWorld, key: str, price: dict[str, Any]) -> None:
    """Check that a subscription has a price that is another's but for amount and quantity."""
    (row,) = [row for row in world.state("test:subscription") if row["id"] == key]
    intervals = [i["price"] for i in row["price_intervals"]]
    (new,) = [p for p in intervals if p["replaces_price_id"] == price["id"]]
    assert Decimal(new["unit_config"]["unit_amount"]) == Decimal("7.125")
    assert new["fixed_price_quantity"] == (3 if price["price_type"] == "fixed_price" else None)
    other = {"id", "created_at", "unit_config", "fixed_price_quantity", "replaces_price_id"}
    other |= {"external_price_id", "plan_phase_order"}
    assert {n: v for n, v in new.items() if n not in other} == {
        n: v for n, v in price.items() if n not in other
    }
