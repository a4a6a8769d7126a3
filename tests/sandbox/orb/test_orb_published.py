"""Every answer has the shape that Orb publishes."""

import pytest

from app.sandbox.orb.calls import router
from tests.sandbox.orb import published, walk
from tests.sandbox.orb.client import Orb

_REFUSED = ("/licen", "/dimensional", "/prices/evaluate", "/prices/{price_id}/evaluate")


def _expected() -> set[tuple[str, str]]:
    return {key for key in published.operations() if not key[1].startswith(_REFUSED)}


def test_every_published_operation_answers_as_it_is_published(orb: Orb) -> None:
    published.document()
    walk.everything(orb)
    assert orb.called == _expected()


@pytest.mark.parametrize(
    "kind", ["customers", "plans", "subscriptions", "invoices", "items", "metrics", "credit_notes"]
)
def test_every_record_of_the_data_set_has_the_published_shape(orb: Orb, kind: str) -> None:
    cursor, count = "", 0
    while cursor is not None:
        page = orb.get(f"/{kind}?limit=40{cursor and f'&cursor={cursor}'}")
        count += len(page["data"])
        cursor = page["pagination_metadata"]["next_cursor"]
    assert count == len(orb.control("GET", f"/state/orb/{kind[:-1]}")) - _hidden(orb, kind)


def _hidden(orb: Orb, kind: str) -> int:
    if kind != "invoices":
        return 0
    rows = orb.control("GET", "/state/orb/invoice")
    return sum(row["status"] in {"draft", "void"} for row in rows)


@pytest.mark.parametrize("path", ["/licenses", "/license_types", "/dimensional_price_groups"])
def test_what_the_account_was_not_given_is_a_missing_feature(orb: Orb, path: str) -> None:
    assert orb.refused("GET", path) == "404-feature-not-available"


def test_every_published_request_is_understood() -> None:
    published.document()
    calls = router()
    for (method, path), (_, operation) in published.operations().items():
        found = calls.find(method, path.lstrip("/"))
        assert found is not None, (method, path)
        asked = {each["name"] for each in operation.get("parameters", []) if each["in"] == "query"}
        assert asked <= set(found.route.filters), (method, path)
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        for branch in published.branches(content["schema"]) if content else ():
            body = published.sample(branch)
            assert list(found.route.body(body, "")) == [], (method, path)
