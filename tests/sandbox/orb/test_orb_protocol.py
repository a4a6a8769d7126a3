"""How Orb is spoken to: keys, pages, filters, idempotency, limits, refusals."""

from typing import Any

import pytest
import requests

from app.sandbox.orb.errors import OrbError
from app.sandbox.wire import Request, Response
from tests.sandbox.orb.client import Orb

ITEM = {"name": "Thing"}
DAY = "2030-01-01T00:00:00+00:00"


def test_a_wrong_key_is_refused_and_a_right_one_pings(orb: Orb) -> None:
    assert orb.get("/ping") == {"response": "pong"}
    for header in ("Bearer nonsense", "Basic " + orb.ready["api_key"], ""):
        assert orb.refused("GET", "/ping", Authorization=header) == "401-authentication-error"


def test_test_mode_holds_the_catalog_and_nobody_of_live_mode(orb: Orb) -> None:
    orb.ready["api_key"] = orb.ready["test_api_key"]
    assert orb.get("/customers")["data"] == []
    assert len(orb.get("/plans?limit=100")["data"]) > 20
    orb.make("/customers", {"name": "Try", "email": "t@try.example"})
    assert len(orb.control("GET", "/state/orb/test:customer")) == 1
    assert all(row["name"] != "Try" for row in orb.control("GET", "/state/orb/customer"))


@pytest.mark.parametrize("limit", ["0", "101", "ten", "-1", "--5", "9" * 5000])
def test_a_limit_is_from_1_to_100(orb: Orb, limit: str) -> None:
    assert orb.refused("GET", f"/customers?limit={limit}") == "400-request-validation-errors"


def test_pages_hold_together_while_rows_are_added(orb: Orb) -> None:
    first = orb.get("/customers?limit=3")
    orb.make("/customers", {"name": "New", "email": "n@new.example"})
    cursor = first["pagination_metadata"]["next_cursor"]
    second = orb.get(f"/customers?limit=3&cursor={cursor}")
    ids = [row["id"] for row in (*first["data"], *second["data"])]
    truth = [row["id"] for row in orb.get("/customers?limit=7")["data"]]
    assert ids == truth[1:]
    dates = [row["created_at"] for row in (*first["data"], *second["data"])]
    assert dates == sorted(dates, reverse=True)


@pytest.mark.parametrize(
    "query", ["cursor=%21", "cursor=YWJj", "created_at[gte]=soon", "updated_at[gte]=2026-01-01"]
)
def test_a_query_that_means_nothing_is_refused(orb: Orb, query: str) -> None:
    assert orb.refused("GET", f"/customers?{query}") == "400-request-validation-errors"


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1e400"])
def test_an_amount_that_nothing_can_be_held_against_is_refused(orb: Orb, amount: str) -> None:
    path = f"/invoices?amount%5Bgt%5D={amount}"
    assert orb.refused("GET", path) == "400-request-validation-errors"
    body = {"currency": "usd", "name": "x", "email": "x@x.example"}
    customer = orb.make("/customers", body)["id"]
    wish = {"amount": amount, "type": "increment"}
    path = f"/customers/{customer}/balance_transactions"
    assert orb.refused("POST", path, wish) == "400-request-validation-errors"


def test_a_moment_before_the_calendar_of_utc_is_refused(orb: Orb) -> None:
    early = "0001-01-01T00:00:00+14:00"
    path = f"/customers?created_at[gte]={early.replace('+', '%2B')}"
    problem = orb.ask("GET", path).body
    assert problem["validation_errors"] == ["query.created_at[gte]: invalid datetime format"]
    body = {"timeframe_start": "2026-01-01T00:00:00Z", "timeframe_end": early}
    problem = orb.ask("POST", "/events/backfills", body).body
    assert problem["validation_errors"] == ["timeframe_end: invalid datetime format"]


def test_terms_beyond_the_calendar_are_refused(orb: Orb) -> None:
    customer = orb.make("/customers", {"name": "x", "email": "x@x.example"})["id"]
    body = {"currency": "credits", "threshold": "1", "amount": "5", "per_unit_cost_basis": "1"}
    settings = {"auto_collection": False, "net_terms": 10**15}
    path = f"/customers/{customer}/credits/top_ups"
    refused = orb.refused("POST", path, {**body, "invoice_settings": settings})
    assert refused == "400-request-validation-errors"


def test_a_line_of_an_invoice_without_an_id_is_not_found(orb: Orb) -> None:
    days = {"start_date": "2026-01-01", "end_date": "2026-01-02"}
    body = {"invoice_id": "", "amount": "5.00", "name": "Extra", "quantity": 1, **days}
    assert orb.refused("POST", "/invoice_line_items", body) == "404-resource-not-found"


def test_an_unknown_external_id_is_named_as_one(orb: Orb) -> None:
    problem = orb.ask("GET", "/customers/external_customer_id/nobody").body
    assert problem["detail"] == "There is no customer with the external id 'nobody'."


def test_created_ranges_and_lists_filter(orb: Orb) -> None:
    rows = orb.get("/subscriptions?limit=100")["data"]
    middle = rows[len(rows) // 2]["created_at"].replace("+", "%2B")
    newer = orb.get(f"/subscriptions?limit=100&created_at[gt]={middle}")["data"]
    older = orb.get(f"/subscriptions?limit=100&created_at%5Blte%5D={middle}")["data"]
    assert [row["id"] for row in newer + older] == [row["id"] for row in rows]
    people = {rows[0]["customer"]["id"], rows[-1]["customer"]["id"]}
    query = "&".join(f"customer_id[]={each}" for each in people)
    found = orb.get(f"/subscriptions?limit=100&{query}")["data"]
    assert {row["customer"]["id"] for row in found} == people
    assert orb.refused("GET", "/subscriptions?status=dead") == "400-request-validation-errors"


def test_the_invoice_list_hides_drafts_and_void_ones_unless_asked(orb: Orb) -> None:
    states = {row["status"] for row in orb.get("/invoices?limit=100")["data"]}
    assert states <= {"issued", "paid", "synced"}
    drafts = orb.get("/invoices?limit=100&status[]=draft")["data"]
    assert {row["status"] for row in drafts} == {"draft"}
    summary = orb.get("/invoices/summary?limit=1")["data"][0]
    assert "line_items" not in summary
    assert "total" in summary


def test_the_same_key_and_body_is_done_once(orb: Orb) -> None:
    first = orb.ask("POST", "/items", ITEM, Idempotency_Key="k1")
    again = orb.ask("POST", "/items", ITEM, Idempotency_Key="k1")
    assert (first.body, again.body["id"]) == (again.body, first.body["id"])
    assert first.headers["Idempotency-Key"] == again.headers["Idempotency-Key"] == "k1"
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"


def test_a_key_with_another_body_conflicts_for_48_hours(orb: Orb) -> None:
    orb.ask("POST", "/items", ITEM, Idempotency_Key="k2")
    other = {"name": "Other"}
    assert orb.refused("POST", "/items", other, Idempotency_Key="k2") == "409-resource-conflict"
    orb.advance(47 / 24)
    assert orb.refused("POST", "/items", other, Idempotency_Key="k2") == "409-resource-conflict"
    orb.advance(2 / 24)
    assert orb.ask("POST", "/items", other, Idempotency_Key="k2").status == 201


def test_a_refused_call_leaves_its_key_free_and_a_put_has_none(orb: Orb) -> None:
    assert orb.refused("POST", "/items", {}, Idempotency_Key="k3").startswith("400")
    made = orb.ask("POST", "/items", ITEM, Idempotency_Key="k3")
    for name in ("A", "B"):
        path = f"/items/{made.body['id']}"
        assert orb.ask("PUT", path, {"name": name}, Idempotency_Key="k4").body["name"] == name
    long = "x" * 65
    assert orb.refused("POST", "/items", ITEM, Idempotency_Key=long).startswith("400")


def test_a_key_whose_first_call_still_runs_conflicts(orb: Orb) -> None:
    orb.make("/items", ITEM)
    store = orb.system.account._idempotency["live"]
    request = Request("POST", "/v1/items", headers={"idempotency-key": "k5"}, body=b"{}")

    def answer() -> Response:
        with pytest.raises(OrbError, match="still being processed"):
            store.once(request, DAY, lambda: Response(201))
        return Response(201)

    assert store.once(request, DAY, answer).status == 201


def test_the_rate_limit_is_a_setting_and_tells_of_itself(orb: Orb) -> None:
    orb.control("POST", "/edit/orb/RateLimit/", {"requests": 2, "seconds": 3600})
    answers = [orb.ask("GET", "/ping") for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[0].headers["RateLimit-Remaining"] == "1"
    assert int(answers[2].headers["Retry-After"]) > 0
    assert answers[2].body["type"].endswith("#429-too-many-requests")
    orb.control("POST", "/edit/orb/RateLimit/", {"requests": None})
    assert orb.ask("GET", "/ping").status == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "kind"),
    [
        ("GET", "/nothing", None, "404-url-not-found"),
        ("PATCH", "/customers", {}, "404-url-not-found"),
        ("GET", "/customers/none", None, "404-resource-not-found"),
        ("POST", "/customers", {"name": "x"}, "400-request-validation-errors"),
        ("POST", "/customers", [1], "400-request-validation-errors"),
        ("POST", "/customers", {"name": "x" * 1_000_001}, "413-request-too-large"),
        ("PUT", "/plans/none", {"name": "x"}, "400-request-validation-errors"),
    ],
)
def test_every_refusal_is_a_problem_of_its_kind(
    orb: Orb, method: str, path: str, body: Any, kind: str
) -> None:
    assert orb.refused(method, path, body) == kind


def test_every_mistake_in_a_body_is_named(orb: Orb) -> None:
    body = {"name": "", "email": "nobody", "nonsense": 1, "billing_address": {"city": 5}}
    answer = orb.ask("POST", "/customers", body)
    found = {each.partition(":")[0] for each in answer.body["validation_errors"]}
    assert found == {"name", "email", "nonsense", "billing_address.city"}


def test_a_body_that_is_no_json_is_refused(orb: Orb) -> None:
    headers = {"Authorization": f"Bearer {orb.ready['api_key']}"}
    url = orb.ready["base_url"] + "/items"
    answer = requests.post(url, data=b"{", headers=headers, timeout=5)
    assert answer.json()["type"].endswith("#400-request-validation-errors")


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        ("unavailable", 503, "500-internal-server-error"),
        ("server_error", 500, "500-internal-server-error"),
        ("too_many", 429, "429-too-many-requests"),
        ("session_expired", 401, "401-authentication-error"),
    ],
)
def test_faults_are_worded_as_orb_words_them(orb: Orb, fault: str, status: int, kind: str) -> None:
    rule = {"kind": fault, "system": "orb", "endpoint": "GET items/{item_id}"}
    orb.control("PUT", "/faults", [rule])
    item = orb.make("/items", ITEM)["id"]
    headers = {"Authorization": f"Bearer {orb.ready['api_key']}"}
    url = f"{orb.ready['base_url']}/items/{item}"
    answer = requests.get(url, headers=headers, timeout=5)
    assert answer.status_code == status
    assert answer.json()["type"].endswith(kind)
    assert orb.get(f"/items/{item}")["id"] == item
