"""The whole way on the command line, with an Aria that is not ours."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.connectors.spec import variable
from app.sandbox.dataset import Dataset
from app.sandbox.launch import Sandbox, SandboxOptions
from tests.connectors.independent_aria import IndependentAria, running
from tests.connectors.independent_aria_truth import CHILD, FULL, KEY, WHOLE
from tests.connectors.test_aria_independent import DIALECTS, WRAPPINGS
from tests.end_to_end.front_door import Concord, Door

pytestmark = pytest.mark.usefixtures("concord_home", "root_log")
(DIALECT,) = [one for one in DIALECTS if one.name == "quoted zeros"]
# Francs and yen are no values of the mapping's lists of currencies; one name is too long.
REFUSED = ("restricted picklist", "STRING_TOO_LONG: Account Name", "was not written")


@dataclass
class Stage:
    """A workspace between an independent Aria and an empty org."""

    concord: Concord
    aria: IndependentAria
    door: Door

    def run(self, *words: str) -> str:
        ran = self.concord(*words)
        assert ran.status == 0, (words, ran.out, ran.err)
        return ran.out


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    ready = tmp_path_factory.mktemp("org") / "ready.json"
    empty = Dataset(aria={}, salesforce={}, drift=())
    options = SandboxOptions(systems=["salesforce"], dataset=empty, size=1, ready_file=ready)
    with Sandbox(options) as started:
        yield started


@pytest.fixture
def stage(org: Sandbox, concord_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    salesforce: dict[str, Any] = org.ready["salesforce"]
    secrets = {variable("stage", "auth_key"): KEY}
    for name in ("access_token", "refresh_token", "client_secret"):
        secrets[variable("salesforce-demo", name)] = salesforce[name]
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    with running(DIALECT, WRAPPINGS.get(DIALECT.name)) as aria:
        door = Door(org.ready["control_url"])
        door.reset(drift=False)
        made = Stage(Concord(concord_home, org.ready), aria, door)
        settings = [word for pair in aria.settings.items() for word in ("--set", "=".join(pair))]
        told = made.run("connect", "aria", "stage", *settings, "--check")
        assert "signed in to 4711" in told
        made.run("connect", "--ready-file", str(org.options.ready_file))
        sides = ("--billing", "stage", "--salesforce", "salesforce-demo", "--mapping", "aria")
        made.run("workspace", "create", "w", *sides)
        made.run("prepare", "-w", "w", "--yes")
        yield made
        door.close()


def test_from_the_first_load_to_a_write(stage: Stage) -> None:
    loaded(stage)
    again_and_one_account(stage)
    edited_on_both_sides(stage)
    assert "connection stage: client 4711 at 4711" in stage.concord("doctor").out


def loaded(stage: Stage) -> None:
    """Read everything and commit it, the catalog first: accounts wait for their plans."""
    for _round in range(2):
        stage.run("refresh", "-w", "w")
        outcome = stage.concord.settle()
        words = [one["message"] for one in outcome["failures"]]
        assert [one for one in words if not any(each in one for each in REFUSED)] == []
    accounts = {row["Aria_Id__c"] for row in stage.door.state("salesforce", "Account")}
    assert str(WHOLE) in accounts
    assert not accounts & {str(CHILD), str(FULL)}


def again_and_one_account(stage: Stage) -> None:
    """Read again what did not change: nothing is taken for changed."""
    for more in ((), ("--full",), ("--account", str(WHOLE))):
        assert "0 changed" in stage.run("refresh", "-w", "w", *more), more
    told = stage.run("refresh", "-w", "w", "--account", str(WHOLE), "--transactions")
    assert "0 changed" in told


def edited_on_both_sides(stage: Stage) -> None:
    """Let Aria have another order number, and Salesforce another text of a coupon."""
    stage.aria.truth.accounts[WHOLE]["po_num"] = "PO 99"
    (coupon,) = stage.door.state("salesforce", "Aria_Coupon__c")
    stage.door.edit("salesforce", "Aria_Coupon__c", coupon["Id"], Description__c="Elf Prozent")
    stage.run("refresh", "-w", "w")
    kinds = stage.concord.kinds()
    assert kinds["account", str(WHOLE)] == kinds["coupon", "TEN"] == "different"
    stage.concord.settle("--entity", "account", "--entity", "coupon")
    assert stage.aria.truth.catalog["coupon"][0]["coupon_desc"] == "Elf Prozent"
    numbers = {row.get("Aria_PO_Number__c") for row in stage.door.state("salesforce", "Account")}
    assert "PO 99" in numbers
