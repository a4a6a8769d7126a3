"""Versions, describe, limits, replication, permissions, drift."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from requests import Response

from app.sandbox.salesforce.ids import normalized, with_check

if TYPE_CHECKING:
    from tests.sandbox.salesforce.conftest import SandboxClient


_DESCRIBE_KEYS = (
    "name label type length byteLength precision scale digits soapType custom nillable createable "
    "updateable defaultedOnCreate defaultValue defaultValueFormula calculated calculatedFormula "
    "autoNumber unique externalId idLookup caseSensitive nameField namePointing referenceTo "
    "relationshipName relationshipOrder referenceTargetField cascadeDelete restrictedDelete "
    "writeRequiresMasterRead polymorphicForeignKey picklistValues restrictedPicklist "
    "dependentPicklist controllerName filterable sortable groupable aggregatable "
    "searchPrefilterable permissionable encrypted mask maskType htmlFormatted highScaleNumber "
    "displayLocationInDecimal queryByDistance deprecatedAndHidden extraTypeInfo compoundFieldName "
    "filteredLookupInfo formulaTreatNullNumberAsZero aiPredictionField inlineHelpText"
)


def _fields(org: SandboxClient, sobject: str = "Client_Plan__c") -> dict[str, dict[str, Any]]:
    described = org.get(f"sobjects/{sobject}/describe").json()
    return {field["name"]: field for field in described["fields"]}


def test_versions_need_no_session_and_ascend(org: SandboxClient) -> None:
    versions = org.get("/services/data", headers={"Authorization": ""}).json()
    expected = {"label": "Winter '27", "url": "/services/data/v68.0", "version": "68.0"}
    assert versions[-1] == expected
    assert versions[-2]["label"] == "Summer '26"
    assert versions[0]["version"] == "31.0"


def test_the_callers_version_is_echoed(org: SandboxClient) -> None:
    assert org.get("/services/data/v55.0").json()["query"] == "/services/data/v55.0/query"
    entry = org.get("/services/data/v55.0/sobjects/Account").json()["objectDescribe"]
    assert entry["urls"]["describe"] == "/services/data/v55.0/sobjects/Account/describe"


def test_doubled_and_trailing_slashes_do_no_harm(org: SandboxClient) -> None:
    assert org.get("//services//data/v66.0//limits/").status_code == 200


def test_describe_has_every_key_of_a_real_org(org: SandboxClient) -> None:
    for field in _fields(org).values():
        assert set(field) == set(_DESCRIBE_KEYS.split())


def test_describe_tells_types_keys_and_lookups(org: SandboxClient) -> None:
    fields = _fields(org)
    key, lookup = fields["Aria_Key__c"], fields["Plan_Set__c"]
    assert (key["externalId"], key["unique"], key["caseSensitive"]) == (True, True, True)
    assert (lookup["referenceTo"], lookup["relationshipName"]) == (
        ["Aria_Plan_Set__c"],
        "Plan_Set__r",
    )
    assert [v["value"] for v in fields["Currency__c"]["picklistValues"]] == ["USD", "EUR", "GBP"]
    rate = _fields(org, "Rate_Tier__c")["Rate__c"]
    assert (rate["type"], rate["precision"], rate["scale"]) == ("currency", 18, 5)
    required = [
        name
        for name, f in fields.items()
        if f["createable"] and not f["nillable"] and not f["defaultedOnCreate"]
    ]
    assert required == ["Name"]


def test_duplicates_of_a_key_are_possible_for_coupons_and_items_alone(org: SandboxClient) -> None:
    entries = org.get("sobjects").json()["sobjects"]
    custom = [entry["name"] for entry in entries if entry["custom"]]
    loose = [name for name in custom if not _fields(org, name)["Aria_Key__c"]["unique"]]
    assert (len(custom), sorted(loose)) == (10, ["Aria_Coupon__c", "Aria_Item__c"])


def test_an_unchanged_describe_is_304(org: SandboxClient) -> None:
    path = "sobjects/Client_Plan__c/describe"
    seen = org.get(path).headers["Last-Modified"]
    assert org.get(path, headers={"If-Modified-Since": seen}).status_code == 304
    org.sandbox.clock.advance(5)
    permission = {"PermissionsRead": False}
    org.sandbox.systems["salesforce"].edit(
        "FieldPermissions", "Client_Plan__c.Family__c", permission
    )
    assert org.get(path, headers={"If-Modified-Since": seen}).status_code == 200


def test_a_hidden_field_does_not_exist(org: SandboxClient) -> None:
    name = "Client_Plan__c.Family__c"
    org.sandbox.systems["salesforce"].edit("FieldPermissions", name, {"PermissionsRead": False})
    assert "Family__c" not in _fields(org)
    assert org.refusal("SELECT Family__c FROM Client_Plan__c")[0] == "INVALID_FIELD"
    answer = org.patch(f"sobjects/Client_Plan__c/{org.plan_id()}", {"Family__c": "x"})
    assert answer.json()[0]["message"].startswith("No such column 'Family__c'")


def test_a_field_without_the_right_to_edit_is_read_only(org: SandboxClient) -> None:
    name = "Client_Plan__c.Family__c"
    org.sandbox.systems["salesforce"].edit("FieldPermissions", name, {"PermissionsEdit": False})
    assert _fields(org)["Family__c"]["updateable"] is False
    answer = org.patch(f"sobjects/Client_Plan__c/{org.plan_id()}", {"Family__c": "x"})
    assert answer.json()[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_every_answer_counts_and_says_so(org: SandboxClient) -> None:
    def used(answer: Response) -> int:
        return int(answer.headers["Sforce-Limit-Info"].removeprefix("api-usage=").split("/")[0])

    assert used(org.get("limits")) + 1 == used(org.get("nope"))


def test_a_used_up_day_is_403_until_the_next(org: SandboxClient) -> None:
    system = org.sandbox.systems["salesforce"]
    system.edit("Limits", "DailyApiRequests", {"Max": 0})
    try:
        answer = org.get("limits")
        assert (answer.status_code, answer.json()[0]["errorCode"]) == (
            403,
            "REQUEST_LIMIT_EXCEEDED",
        )
    finally:
        system.edit("Limits", "DailyApiRequests", {"Max": 100_000})


def test_record_counts_leave_out_empty_objects(org: SandboxClient) -> None:
    query = {"sObjects": "Client_Plan__c,Account"}
    found = org.get("limits/recordCount", params=query).json()
    assert found == {"sObjects": [{"count": 3, "name": "Client_Plan__c"}]}


def test_replication_names_what_was_changed_and_deleted(org: SandboxClient) -> None:
    clock = org.sandbox.clock
    org.patch(f"sobjects/Client_Plan__c/{org.plan_id('PRO')}", {"Name": "x"})
    gone = org.plan_id("OLD")
    org.send("DELETE", f"sobjects/Client_Plan__c/{gone}")
    start = clock.now() - timedelta(minutes=5)
    end = clock.advance(120)
    window = {"start": start.isoformat(), "end": end.isoformat()}
    updated = org.get("sobjects/Client_Plan__c/updated/", params=window).json()
    deleted = org.get("sobjects/Client_Plan__c/deleted/", params=window).json()
    assert updated["ids"] == [org.plan_id("PRO")]
    assert [record["id"] for record in deleted["deletedRecords"]] == [gone]
    assert updated["latestDateCovered"].endswith(":00.000+0000")


@pytest.mark.parametrize(("ago", "span"), [(31 * 24, 1), (1, 0)])
def test_replication_windows_are_bounded(org: SandboxClient, ago: int, span: int) -> None:
    start = org.sandbox.clock.now() - timedelta(hours=ago)
    window = {"start": start.isoformat(), "end": (start + timedelta(hours=span)).isoformat()}
    answer = org.get("sobjects/Client_Plan__c/updated", params=window)
    assert answer.json()[0]["errorCode"] == "INVALID_REPLICATION_DATE"


def test_ids_have_the_check_letters_of_real_ones() -> None:
    assert with_check("001D000000IRFma") == "001D000000IRFmaIAH"
    assert with_check("005B0000003zQ6c") == "005B0000003zQ6cIAE"
    assert normalized("001D000000IRFmaIAX") is None
    assert normalized("001d000000irfma!") is None


def test_a_reset_brings_drift_or_takes_it_away(org: SandboxClient) -> None:
    system = org.sandbox.systems["salesforce"]
    system.reset(drift=True)
    assert org.names("Aria_Key__c = 'OLD'") == ["Drifted"]
    assert len(system.state("Aria_Service__c")) == 1
    before = org.plan_id()
    system.reset(drift=False)
    assert org.names("Aria_Key__c = 'OLD'") == ["Old 100% plan"]
    assert org.plan_id() == before


def test_a_person_edits_by_id_or_by_key_and_is_checked(org: SandboxClient) -> None:
    system = org.sandbox.systems["salesforce"]
    system.edit("Client_Plan__c", org.plan_id(), {"Name": "by id"})
    system.edit("Client_Plan__c", "lite", {"Name": "by key"})
    system.edit("Client_Plan__c", "", {"Name": "new", "Aria_Key__c": "N"})
    system.edit("Client_Plan__c", "OLD", {"__delete__": True})
    assert org.names("Name != null") == ["by id", "by key", "new"]
    with pytest.raises(KeyError):
        system.edit("Client_Plan__c", "nobody", {"Name": "x"})
    with pytest.raises(ValueError, match="STRING_TOO_LONG"):
        system.edit("Client_Plan__c", "N", {"Name": "x" * 81})


def test_pretty_printing_changes_no_value(org: SandboxClient) -> None:
    plain, pretty = org.get("limits"), org.get("limits", headers={"X-PrettyPrint": "1"})
    assert "\n" in pretty.text
    assert plain.json().keys() == pretty.json().keys()


def test_a_record_types_layout_is_at_the_address_that_describe_names(org: SandboxClient) -> None:
    described = org.get("sobjects/Client_Plan__c/describe").json()
    (master,) = described["recordTypeInfos"]
    layout = org.send("GET", master["urls"]["layout"]).json()
    whole = org.get("sobjects/Client_Plan__c/describe/layouts").json()
    assert whole["layouts"] == [layout]
    assert whole["recordTypeMappings"][0]["layoutId"] == layout["id"]
    (section,) = layout["detailLayoutSections"]
    shown = {
        item["layoutComponents"][0]["value"]
        for row in section["layoutRows"]
        for item in row["layoutItems"]
    }
    assert shown == {each["name"] for each in described["fields"]} - {"Id"}
    assert org.get("sobjects/Client_Plan__c/describe/layouts/012000000000001AAA").status_code == 404
