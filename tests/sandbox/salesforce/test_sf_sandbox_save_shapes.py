"""Rows of one transaction are looked at each by its own fields, whatever the row before had."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app.sandbox.salesforce.errors import RequestError
from app.sandbox.salesforce.save_shapes import SaveShapes

if TYPE_CHECKING:
    from app.sandbox.salesforce.org import Org
    from tests.sandbox.salesforce.conftest import SandboxClient

SERVICE = {"attributes": {"type": "Aria_Service__c"}}


def upserted(org: SandboxClient, *records: dict[str, Any]) -> list[dict[str, Any]]:
    body = {"allOrNone": False, "records": [{**SERVICE, **record} for record in records]}
    answer = org.patch("composite/sobjects/Aria_Service__c/Aria_Key__c", body)
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()
    return results


def held(org: SandboxClient, key: str) -> dict[str, Any]:
    soql = "SELECT Name, GL_Code__c, Recurring__c, Plan__r.Aria_Key__c FROM Aria_Service__c"
    (row,) = org.query(f"{soql} WHERE Aria_Key__c = '{key}'")
    parent = row.pop("Plan__r")
    return {**row, "plan": None if parent is None else parent["Aria_Key__c"]}


def test_rows_with_different_fields_are_saved_side_by_side(org: SandboxClient) -> None:
    plan = {"Plan__r": {"Aria_Key__c": "PRO"}}
    results = upserted(
        org,
        {"Aria_Key__c": "A", "Name": "a", "GL_Code__c": "1", **plan},
        {"Name": "b", "Aria_Key__c": "B", "Plan__r": {"Aria_Key__c": "OLD"}},
        {"Aria_Key__c": "PRO|LINE", "GL_Code__c": "7"},
        {"Aria_Key__c": "C", "Name": "c", "GL_Code__c": None, "Plan__c": org.plan_id("lite")},
        {"Aria_Key__c": "A2", "Name": "a2", "GL_Code__c": "2", **plan},
    )
    assert [result["created"] for result in results] == [True, True, False, True, True]
    rows = [held(org, key) for key in ("A", "B", "PRO|LINE", "C", "A2")]
    assert [row["Name"] for row in rows] == ["a", "b", "Line", "c", "a2"]
    assert [row["GL_Code__c"] for row in rows] == ["1", None, "7", None, "2"]
    assert [row["plan"] for row in rows] == ["PRO", "OLD", "PRO", "lite", "PRO"]
    assert [row["Recurring__c"] for row in rows] == [False, False, True, False, False]


def test_a_row_that_may_not_be_saved_stops_none_of_the_same_fields(org: SandboxClient) -> None:
    wrong = {"Plan__r": {"Aria_Key__c": "NONE"}}
    good = {"Plan__r": {"Aria_Key__c": "PRO"}}
    results = upserted(
        org,
        {"Aria_Key__c": "A", "Name": "a", **wrong},
        {"Aria_Key__c": "B", "Name": "b", **good},
        {"Aria_Key__c": "C", "Name": None, **good},
        {"Aria_Key__c": "PRO|LINE", "Name": None, **good},
    )
    assert [result["success"] for result in results] == [False, True, False, False]
    codes = [result["errors"][0]["statusCode"] for result in results if result["errors"]]
    assert codes == ["INVALID_FIELD", *["REQUIRED_FIELD_MISSING"] * 2]


@pytest.mark.parametrize("names", [("Plan__r", "Plan__c"), ("name", "Name"), ("Name", "Nix__c")])
def test_a_body_names_each_field_once_and_no_other(
    org: SandboxClient, names: tuple[str, ...]
) -> None:
    system: Any = org.sandbox.systems["salesforce"]
    inner: Org = system._org
    sobject = inner.schema.find("Aria_Service__c")
    assert sobject is not None
    with pytest.raises(RequestError) as raised:
        SaveShapes(inner.schema).targets(sobject, names)
    assert raised.value.code == "INVALID_FIELD"
