"""Aria's and Orb's plans side by side from the command line: read, compared, nothing written."""

import csv
from io import StringIO

import pytest

from app.connectors.spec import variable
from tests.end_to_end.front_door import Concord, Door

BOTH = ("--billing", "aria-demo", "--against", "orb-demo")


@pytest.fixture
def keyed(concord: Concord, monkeypatch: pytest.MonkeyPatch) -> Concord:
    monkeypatch.setenv(variable("orb-demo", "api_key"), concord.ready["orb"]["api_key"])
    return concord


def test_plans_of_both_are_listed_once(keyed: Concord, door: Door) -> None:
    before = door.catalog()
    ran = keyed("compare", *BOTH, "--json")
    assert ran.status == 1, ran.err
    plans = ran.json["plans"]
    aria = {row["key"] for row in door.state("aria", "plan")}
    orb = {row["id"] for row in door.state("orb", "plan") if row["status"] == "active"}
    read = {plan["here"]["key"] for plan in plans if plan["here"]}
    assert read <= aria
    assert len(aria - read) <= 1  # a plan that is in no promotion is not the connector's to read
    assert {plan["there"]["key"] for plan in plans if plan["there"]} == orb
    assert sum(ran.json["total"].values()) == len(plans)
    assert door.catalog() == before


def test_a_plan_of_the_same_name_is_compared_price_by_price(keyed: Concord, door: Door) -> None:
    plan = next(row for row in door.state("orb", "plan") if row["status"] == "active")
    aria = door.state("aria", "plan")[0]
    values = {"external_plan_id": aria["key"]}
    door.edit("orb", "plan", plan["id"], **values)
    found = keyed("compare", *BOTH, "--json").json["plans"]
    (one,) = [each for each in found if each["here"] and each["there"]]
    assert (one["here"]["key"], one["there"]["key"]) == (aria["key"], plan["id"])
    assert one["state"] == "different"
    assert {gap["there"] for gap in one["gaps"]} >= {"none"}
    assert any("monthly" in price["costs"] for price in one["here"]["prices"])
    door.reset(drift=True)


def test_a_system_beside_itself_is_the_same(keyed: Concord) -> None:
    for name in ("aria-demo", "orb-demo"):
        ran = keyed("compare", "--billing", name, "--against", name, "--json")
        assert ran.status == 0, ran.err
        assert {k for k, n in ran.json["total"].items() if n} == {"same"}


def test_it_comes_as_a_table_and_as_csv(keyed: Concord) -> None:
    table = keyed("compare", *BOTH).out
    assert "only in billing" in table
    rows = list(csv.DictReader(StringIO(keyed("compare", *BOTH, "--format", "csv").out)))
    assert {row["state"] for row in rows} >= {"only in billing", "only in against"}


def test_a_mapping_is_chosen_for_either_side(keyed: Concord) -> None:
    named = ("--against-mapping", "orb", "--billing-mapping", "aria")
    found = keyed("compare", *BOTH, *named, "--json").json
    assert found["total"] == keyed("compare", *BOTH, "--json").json["total"]
    ran = keyed("compare", *BOTH, "--against-mapping", "aria")
    assert (ran.status, "is for aria" in ran.err) == (2, True)


def test_what_is_no_billing_system_is_refused(keyed: Concord) -> None:
    ran = keyed("compare", "--billing", "salesforce-demo", "--against", "orb-demo")
    assert (ran.status, "no billing connection" in ran.err) == (2, True)
    assert "--billing A --against B" in keyed("compare", "--billing", "orb-demo").err
    assert "needs a workspace" in keyed("compare").err


def test_json_goes_to_stdout_beside_a_file_and_there_is_no_page(keyed: Concord) -> None:
    file = keyed.base / "offers.csv"
    ran = keyed("compare", *BOTH, "--json", "--format", "csv", "-o", str(file))
    assert ran.json["billing"] == "aria-demo"
    assert file.read_text().startswith("plan,")
    assert keyed("compare", *BOTH, "--json", "--format", "csv").json == ran.json
    ran = keyed("compare", *BOTH, "--format", "html")
    assert (ran.status, ran.out) == (2, "")
