"""Further clients from the npm registry, unmodified: by password, by events, and Orb's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.strangers.conftest import Runner


def test_nforce_signs_in_by_password_queries_searches_and_saves(node: Runner) -> None:
    expected = {"user": True, "rows": 450, "described": True, "name": "Changed nforce", "found": 1}
    assert node("nforce.mjs", "nforce") == expected


def test_the_pubsub_client_hears_of_changes(node: Runner) -> None:
    found = node("pubsub.mjs", "salesforce-pubsub-api-client")
    assert found == {"type": "CREATE", "name": "Seen by all"}


@pytest.mark.parametrize("client", ["jsforce", "@jsforce/jsforce-node", "cometd"])
def test_it_hears_of_changes_over_cometd(node: Runner, client: str) -> None:
    expected = {"type": "CREATE", "name": "Heard", "same": True}
    assert node("streaming.mjs", client) == {**expected, "refused": "401::Authentication invalid"}


def test_orbs_typescript_sdk_does_its_work(node: Runner) -> None:
    assert node("orb_typescript.mjs", "orb-billing") == {
        "ping": "pong",
        "paged": True,
        "invoices": True,
        "credits": 10,
        "events": 1,
        "upcoming": True,
        "ended": "ended",
        "refused": 404,
    }
