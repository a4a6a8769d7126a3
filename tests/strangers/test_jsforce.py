"""Clients from the npm registry, unmodified, over https with the sandbox's own authority."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from app.sandbox.launch import Sandbox
    from tests.strangers.conftest import Runner


@pytest.fixture(scope="session", params=["jsforce", "@jsforce/jsforce-node"])
def jsforce(request: pytest.FixtureRequest, node: Runner) -> dict[str, Any]:
    """What each step of jsforce.mjs brought, by one package and the other."""
    return node("jsforce.mjs", str(request.param))


def test_it_signs_in_by_every_token(jsforce: dict[str, Any], sandbox: Sandbox) -> None:
    ready = sandbox.ready["salesforce"]
    assert jsforce["identity"]["username"] == ready["username"]
    assert jsforce["refreshesADeadToken"] == {"rows": 1, "fresh": True}
    assert jsforce["clientCredentials"]["instance"] == ready["https_url"]


def test_it_describes_and_finds_versions_and_limits(jsforce: dict[str, Any]) -> None:
    assert jsforce["describes"] == {"some": True, "keyed": "Aria_Key__c"}
    assert jsforce["versions"] == "68.0"
    assert jsforce["limits"] == {"most": 100_000, "usage": 100_000}
    assert jsforce["recent"] is True


def test_it_queries_through_all_pages(jsforce: dict[str, Any]) -> None:
    assert jsforce["queriesAllPages"] == {"ids": 450, "first": 200, "second": 200}
    assert jsforce["findsByConditions"][0]["Name"] == "Fibre Pro"
    assert jsforce["changes"] == {"some": True, "until": True}


def test_it_saves_one_row_and_many(jsforce: dict[str, Any]) -> None:
    expected = {"made": True, "changed": True, "name": "Changed", "gone": True}
    assert jsforce["savesRows"] == expected
    assert jsforce["savesManyRows"]["again"] == 3
    assert jsforce["composite"] == [201, 201]


def test_it_reads_what_was_refused(jsforce: dict[str, Any]) -> None:
    assert jsforce["saysWhatIsRefused"]["code"] == "INVALID_FIELD"


def test_it_loads_and_queries_by_both_bulk_apis(jsforce: dict[str, Any]) -> None:
    assert jsforce["bulk1Upsert"] == {"done": 300, "ids": 300}
    assert jsforce["bulk1Query"] == {"rows": 300, "name": "bulk 1"}
    loaded = jsforce["bulk2Upsert"]
    assert (loaded["done"], loaded["left"], len(loaded["failed"])) == (299, 0, 1)
    assert loaded["failed"][0].startswith("STRING_TOO_LONG:")
    assert jsforce["bulk2Query"] == {"rows": 299}


def test_a_bare_client_does_too(node: Runner) -> None:
    found = node("salesforce_connection.mjs", "node-salesforce-connection")
    assert found == {
        "queriesAllPages": 450,
        "saves": "Changed",
        "loadsInBulk": 20,
        "saysWhatIsRefused": "INVALID_FIELD",
    }
