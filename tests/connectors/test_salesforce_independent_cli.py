"""The command line between the sandbox's Aria and a Salesforce that is not ours."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.errors import ExitStatus
from app.sandbox.launch import Sandbox, SandboxOptions
from tests.connectors.independent_salesforce import CLIENT, SECRET, Independent
from tests.connectors.independent_salesforce_http import independent_salesforce
from tests.connectors.independent_salesforce_manner import Manner
from tests.end_to_end.front_door import Concord

ARIA = ("core_url", "object_query_url", "admin_url", "client_no")


@pytest.fixture(scope="module")
def aria() -> Iterator[dict[str, Any]]:
    with Sandbox(SandboxOptions(systems=["aria"], size=1)) as running:
        yield running.ready["aria"]


@pytest.fixture
def far() -> Iterator[Independent]:
    with independent_salesforce(Manner(page=100, versions=("58.0", "61.0"), polls=1)) as found:
        yield found


@pytest.fixture
def concord(
    aria: dict[str, Any], far: Independent, concord_home: Path, monkeypatch: pytest.MonkeyPatch
) -> Concord:
    """Return Concord with a workspace whose Salesforce connection has another API version."""
    monkeypatch.setenv("CONCORD_BILL_AUTH_KEY", aria["auth_key"])
    monkeypatch.setenv("CONCORD_SF_CLIENT_SECRET", SECRET)
    monkeypatch.setattr("app.connectors.salesforce.bulk_pace._FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr("app.connectors.salesforce.metadata_deploy._FIRST_PAUSE_S", 0.01)
    made = Concord(concord_home, {})
    assert made("connect", "aria", "bill", *_set({k: aria[k] for k in ARIA})).status == 0
    connect(made, far)
    words = ("--billing", "bill", "--salesforce", "sf")
    assert made("workspace", "create", "w", *words).status == 0
    return made


def connect(concord: Concord, far: Independent, **more: str) -> None:
    settings = {"login_url": far.login_url, "client_id": CLIENT, **more}
    assert concord("connect", "salesforce", "sf", *_set(settings)).status == 0


def _set(settings: dict[str, Any]) -> list[str]:
    return [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]


def test_a_version_that_is_not_there_is_said_by_every_command(concord: Concord) -> None:
    for command in ("refresh", "prepare"):
        ran = concord.work(command)
        assert ran.status == ExitStatus.WRONG_USE
        assert "no API version 66.0 here, but 58.0 to 61.0" in ran.err


def test_an_org_is_prepared_filled_and_found_in_step(concord: Concord, far: Independent) -> None:
    connect(concord, far, api_version="61.0")
    assert concord.work("prepare").status == ExitStatus.DONE
    assert concord.document("prepare", "--check")["missing"] == []
    concord.document("refresh")
    before = concord.counts()
    done = concord.settle()
    assert (done["unknown"], done["written"]) == (0, done["sent"] - done["failed"])
    assert done["written"] > 1000
    far.expire()
    concord.document("refresh", "--full")
    left = before["only_in_billing"] - done["written"]
    assert (concord.counts(), left) == ({"only_in_billing": left}, done["failed"] + done["skipped"])


def test_what_a_person_does_there_is_found_by_the_next_refresh(
    concord: Concord, far: Independent
) -> None:
    connect(concord, far, api_version="61.0")
    concord.work("prepare")
    concord.document("refresh")
    concord.settle("--entity", "promotion")
    concord.document("refresh")
    owner = far.org.sobject("Aria_Promotion__c")
    first, second, *_ = owner.live()
    far.org.update(owner, first, {"Description__c": "Ours"})
    far.org.delete(second["Id"])
    concord.document("refresh", "--side", "salesforce")
    assert concord.counts("promotion") == {"different": 1, "only_in_billing": 1}
