"""The whole way on the command line, with an Orb that is not ours."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.connectors.spec import variable
from app.sandbox.dataset import Dataset
from app.sandbox.launch import Sandbox, SandboxOptions
from tests.connectors.independent_orb import API_KEY, IndependentOrb, Manner, running
from tests.connectors.independent_orb_truth import ADA
from tests.end_to_end.front_door import Concord, Door

pytestmark = pytest.mark.usefixtures("concord_home", "root_log")
MANNER = Manner("all at once", sparse=True, extra=True, shift=2, cap=1, busy="0", created=200)


@dataclass
class Stage:
    """A workspace between an independent Orb and an empty org."""

    concord: Concord
    orb: IndependentOrb
    door: Door

    def run(self, *words: str) -> str:
        ran = self.concord(*words)
        assert ran.status == 0, (words, ran.out, ran.err)
        return ran.out

    def held(self, key: str) -> dict[str, object]:
        rows = self.door.state("salesforce", "OrbCustomer__c")
        (found,) = [row for row in rows if row["Id__c"] == key]
        return found


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    ready = tmp_path_factory.mktemp("org") / "ready.json"
    empty = Dataset(aria={}, salesforce={}, drift=())
    options = SandboxOptions(systems=["salesforce"], dataset=empty, size=1, ready_file=ready)
    with Sandbox(options) as started:
        yield started


@pytest.fixture
def stage(org: Sandbox, concord_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    secrets = {variable("stage", "api_key"): API_KEY}
    for name in ("access_token", "refresh_token", "client_secret"):
        secrets[variable("salesforce-demo", name)] = org.ready["salesforce"][name]
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    with running(MANNER) as orb:
        door = Door(org.ready["control_url"])
        door.reset(drift=False)
        made = Stage(Concord(concord_home, org.ready), orb, door)
        made.run("connect", "orb", "stage", "--set", f"base_url={orb.url}", "--check")
        made.run("connect", "--ready-file", str(org.options.ready_file))
        sides = ("--billing", "stage", "--salesforce", "salesforce-demo", "--mapping", "orb")
        made.run("workspace", "create", "w", *sides)
        made.run("prepare", "-w", "w", "--yes")
        yield made
        door.close()


def test_from_the_first_load_to_a_write(stage: Stage) -> None:
    stage.run("refresh", "-w", "w")
    assert stage.concord.settle()["failures"] == []
    for more in ((), ("--full",), ("--account", ADA), ("--account", ADA, "--transactions")):
        assert "0 changed" in stage.run("refresh", "-w", "w", *more), more
    assert stage.concord.counts() == {}

    stage.orb.held["customers"][0]["payment_provider_id"] = "cus_2"
    stage.door.edit("salesforce", "OrbCustomer__c", str(stage.held(ADA)["Id"]), Name__c="Ada AG")
    stage.run("refresh", "-w", "w")
    stage.concord.settle()
    assert stage.held(ADA)["PaymentProviderId__c"] == "cus_2"
    assert stage.orb.held["customers"][0]["name"] == "Ada AG"
    assert "connection stage" in stage.concord("doctor").out
