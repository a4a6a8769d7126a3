"""Reads of Aria's accounts that break off in the middle: told, nothing lost, made good by the next.

One sandbox of four accounts and one loaded workspace for all tests.
"""

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.connectors.spec import variable
from app.sandbox.launch import Sandbox, SandboxOptions
from tests.end_to_end.front_door import Concord, Door, only

pytestmark = pytest.mark.usefixtures("quick_retries")
FEW = 4
MAPPING = """\
schema = 1
name = "aria_without_prices"
billing = "aria"
include = ["aria"]
leave_out = ["rate", "item_price", "plan_relationship"]
"""
PLANS = {"system": "aria", "endpoint": "get_acct_plans_all_m"}
DETAILS = {"system": "aria", "endpoint": "get_acct_details_all_m"}
COMMENTS = {"system": "aria", "endpoint": "get_acct_comments_m"}
INVOICES = {"system": "aria", "endpoint": "get_invoice_information_m"}
QUERIES = {"system": "salesforce", "endpoint": "query"}
CUT = "in the middle of its answer"
WHOLE = [
    (PLANS, "unavailable", "status 503"),
    (COMMENTS, "truncate", CUT),
    (QUERIES, "truncate", CUT),
]
ONE = [
    (DETAILS, "server_error", "1001: unexpected error"),
    (INVOICES, "truncate", CUT, "--transactions"),
    (QUERIES, "unavailable", "status 503"),
]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Return a sandbox that no test resets: what was prepared and loaded stays."""
    ready = tmp_path_factory.mktemp("faults") / "ready.json"
    with Sandbox(SandboxOptions(ready_file=ready, size=1)) as running:
        yield running


@pytest.fixture(scope="module")
def secrets_of(sandbox: Sandbox) -> dict[str, str]:
    salesforce = sandbox.ready["salesforce"]
    found = {variable("aria-demo", "auth_key"): sandbox.ready["aria"]["auth_key"]}
    for name in ("access_token", "refresh_token", "client_secret"):
        found[variable("salesforce-demo", name)] = salesforce[name]
    return found


@pytest.fixture(scope="module")
def loaded_home(
    sandbox: Sandbox, secrets_of: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return a folder with the workspaces `a`, which is loaded, and `new`, which read nothing."""
    base = tmp_path_factory.mktemp("loaded")
    door = Door(sandbox.ready["control_url"])
    door.reset(drift=False)
    door.edit("aria", "setting", "accounts", value=FEW)
    door.close()
    concord, file = Concord(base, sandbox.ready, "a"), str(base / "first.json")
    mapping = base / "mine.toml"
    mapping.write_text(MAPPING)
    sides = ("--billing", "aria-demo", "--salesforce", "salesforce-demo", "--mapping", str(mapping))
    with pytest.MonkeyPatch.context() as patch, own_handlers():
        for name, value in {**secrets_of, "CONCORD_HOME": str(base)}.items():
            patch.setenv(name, value)
        for words in (
            ("connect", "--ready-file", str(sandbox.options.ready_file)),
            ("workspace", "create", "new", *sides),
            ("workspace", "create", "a", *sides),
            ("prepare", "-w", "a", "--yes"),
            ("refresh", "-w", "a"),
            ("plan", "-w", "a", "-o", file),
            ("commit", "-w", "a", file, "--yes"),
            ("refresh", "-w", "a"),
        ):
            ran = concord(*words)
            assert ran.status == 0, (words, ran.err)
    return base


@contextmanager
def own_handlers() -> Iterator[None]:
    """Put the root log back to what it was, for commands that run outside a test."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for handler in [each for each in root.handlers if each not in handlers]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)


@pytest.fixture
def door(sandbox: Sandbox, loaded_home: Path) -> Iterator[Door]:
    del loaded_home
    found = Door(sandbox.ready["control_url"])
    found.fault()
    yield found
    found.fault()
    found.close()


@pytest.fixture
def concord(  # noqa: PLR0917 - fixtures
    sandbox: Sandbox,
    loaded_home: Path,
    concord_home: Path,
    secrets_of: dict[str, str],
    root_log: logging.Logger,
    monkeypatch: pytest.MonkeyPatch,
) -> Concord:
    """Return Concord with the loaded workspace."""
    del root_log
    for name, value in secrets_of.items():
        monkeypatch.setenv(name, value)
    shutil.copytree(loaded_home, concord_home, dirs_exist_ok=True)
    return Concord(concord_home, sandbox.ready, "a")


def ordered(door: Door, place: int, purchase: str) -> str:
    """Let Aria have another purchase order number of an account; return the account."""
    number = str(door.state("aria", "account")[place]["acct_no"])
    door.edit("aria", "account", number, po_num=purchase)
    return number


def in_salesforce(door: Door, number: str) -> dict[str, Any]:
    return only([x for x in door.state("salesforce", "Account") if x["Aria_Id__c"] == number])


def fails(concord: Concord, words: str, *command: str) -> None:
    """Refresh, which ends with an error that has these words and says to try again."""
    ran = concord.work("refresh", *command)
    assert ran.status in {1, 3}, ran.out
    error = ran.json["error"]
    assert words in error["summary"]
    assert "ry again" in error["hint"]


@pytest.mark.parametrize(("at", "kind", "words"), WHOLE)
def test_a_whole_read_that_breaks_off_invents_nothing_and_the_next_completes_it(
    at: dict[str, str], kind: str, words: str, concord: Concord, door: Door
) -> None:
    before, purchase = set(concord.kinds()), f"PO {at['endpoint']}"
    number = ordered(door, 0, purchase)
    door.fault({**at, "kind": kind, "after": 2, "times": None})
    fails(concord, words, "--full")
    assert set(concord.kinds()) - before <= {("account", number)}
    door.fault()
    concord.document("refresh")
    assert concord.kinds()[("account", number)] == "different"
    assert concord.settle("--account", number)["failed"] == 0
    assert in_salesforce(door, number)["Aria_PO_Number__c"] == purchase


@pytest.mark.parametrize("fault", ONE, ids=lambda fault: f"{fault[0]['endpoint']} {fault[1]}")
def test_a_read_of_one_account_that_breaks_off_loses_nothing(
    fault: tuple[Any, ...], concord: Concord, door: Door
) -> None:
    at, kind, words, *more = fault
    number = str(door.state("aria", "account")[1]["acct_no"])
    before = concord.kinds()
    door.fault({**at, "kind": kind, "times": None})
    fails(concord, words, "--account", number, *more)
    assert concord.kinds() == before
    door.fault()
    concord.document("refresh", "--account", number, *more)
    assert concord.kinds() == before


def test_a_first_read_that_broke_off_is_completed_by_the_next(concord: Concord, door: Door) -> None:
    fresh = replace(concord, workspace="new")
    door.fault({**COMMENTS, "kind": "truncate", "after": 2, "times": None})
    fails(fresh, CUT)
    door.fault()
    fresh.document("refresh")
    assert set(fresh.counts()) <= {"different"}  # purchase order numbers of other tests
    assert fresh.document("compare")["entities"]["comment"]["identical"] == len(
        door.state("salesforce", "Aria_Comment__c")
    )
