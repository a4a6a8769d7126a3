"""Single rows: the calls of salesforce.md §6 and the refusals of §3.4."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from requests import Response

if TYPE_CHECKING:
    from tests.sandbox.salesforce.conftest import SandboxClient


def _refused(answer: Response) -> tuple[int, str, str]:
    error = answer.json()[0]
    return answer.status_code, error["errorCode"], error["message"]


def test_an_insert_answers_with_a_lower_case_id_and_fills_the_system_fields(
    org: SandboxClient,
) -> None:
    answer = org.post("sobjects/Client_Plan__c", {"Name": " New ", "Supplemental__c": None})
    body = answer.json()
    assert (answer.status_code, body["success"], body["errors"]) == (201, True, [])
    row = org.get(f"sobjects/Client_Plan__c/{body['id']}").json()
    assert (row["Name"], row["Supplemental__c"], row["IsDeleted"]) == ("New", False, False)
    assert row["OwnerId"] == row["CreatedById"]
    assert row["SystemModstamp"].endswith(".000+0000")


def test_auto_numbers_count_up_in_their_format(org: SandboxClient) -> None:
    first = org.get(f"sobjects/Rate_Tier__c/{org.insert('Rate_Tier__c')}").json()["Name"]
    second = org.get(f"sobjects/Rate_Tier__c/{org.insert('Rate_Tier__c')}").json()["Name"]
    assert int(second.removeprefix("RT-")) == int(first.removeprefix("RT-")) + 1
    assert len(first) == len("RT-000001")


def test_numbers_have_a_decimal_point_and_are_rounded_to_their_scale(org: SandboxClient) -> None:
    made = org.insert("Rate_Tier__c", Rate__c=1.234565, Sequence__c="3", From_Unit__c=10)
    path = f"sobjects/Rate_Tier__c/{made}?fields=Rate__c,Sequence__c,From_Unit__c,To_Unit__c"
    text = org.get(path).text
    assert '"Rate__c":1.23457,"Sequence__c":3.0,"From_Unit__c":10.0,"To_Unit__c":null' in text


def test_an_update_leaves_unnamed_fields_and_null_or_empty_text_clears(org: SandboxClient) -> None:
    path = f"sobjects/Client_Plan__c/{org.plan_id()}"
    answer = org.patch(path, {"Description__c": "x", "Family__c": "y"})
    assert (answer.status_code, answer.content) == (204, b"")
    org.patch(path, {"Description__c": "", "Family__c": None})
    row = org.get(path).json()
    assert (row["Description__c"], row["Family__c"], row["Name"]) == (None, None, "Fibre Pro")


def test_fifteen_characters_of_an_id_are_enough(org: SandboxClient) -> None:
    row = org.get(f"sobjects/Client_Plan__c/{org.plan_id()[:15]}").json()
    assert row["Id"] == org.plan_id()


def test_a_post_can_stand_for_a_patch(org: SandboxClient) -> None:
    path = f"sobjects/Client_Plan__c/{org.plan_id()}?_HttpMethod=PATCH"
    assert org.post(path, {"Name": "Posted"}).status_code == 204
    assert org.names("Name = 'Posted'") == ["Posted"]


def test_a_parent_may_be_named_by_its_external_id(org: SandboxClient) -> None:
    made = org.insert("Aria_Service__c", Name="S", Plan__r={"Aria_Key__c": "lite"})
    assert org.get(f"sobjects/Aria_Service__c/{made}").json()["Plan__c"] == org.plan_id("lite")
    bad = org.post("sobjects/Aria_Service__c", {"Name": "S", "Plan__r": {"Aria_Key__c": "no"}})
    message = "Foreign key external ID: no not found for field Aria_Key__c in entity Client_Plan__c"
    assert _refused(bad) == (400, "INVALID_FIELD", message)


def test_deleting_empties_the_lookups_that_led_there(org: SandboxClient) -> None:
    assert org.send("DELETE", f"sobjects/Client_Plan__c/{org.plan_id()}").status_code == 204
    assert org.query("SELECT Plan__c FROM Aria_Service__c")[0]["Plan__c"] is None


def test_a_deleted_row_answers_404_entity_is_deleted(org: SandboxClient) -> None:
    path = f"sobjects/Client_Plan__c/{org.plan_id()}"
    org.send("DELETE", path)
    for answer in (org.get(path), org.send("DELETE", path), org.patch(path, {"Name": "x"})):
        assert _refused(answer) == (404, "ENTITY_IS_DELETED", "entity is deleted")


@pytest.mark.parametrize(
    ("fields", "code", "message", "names"),
    [
        ({}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]", ["Name"]),
        ({"Name": "x" * 81}, "STRING_TOO_LONG",
         f"Client Plan Name: data value too large: {'x' * 81} (max length=80)", ["Name"]),
        ({"Name": "x", "Currency__c": "SEK"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
         "Currency: bad value for restricted picklist field: SEK", ["Currency__c"]),
        ({"Name": "x", "Aria_Number__c": 10**18}, "NUMBER_OUTSIDE_VALID_RANGE", None,
         ["Aria_Number__c"]),
        ({"Name": "x", "Plan_Set__c": "a01Hs0000009999"}, "INVALID_CROSS_REFERENCE_KEY",
         "invalid cross reference id", []),
        ({"Name": "x", "Plan_Set__c": "nonsense"}, "MALFORMED_ID",
         "Plan Set: id value of incorrect type: nonsense", ["Plan_Set__c"]),
        ({"Name": "x", "CreatedDate": "2026-01-01T00:00:00Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE",
         None, ["CreatedDate"]),
        ({"Name": "x", "Nope__c": 1}, "INVALID_FIELD",
         "No such column 'Nope__c' on sobject of type Client_Plan__c", None),
        ({"Name": "x", "Aria_Number__c": "ten"}, "JSON_PARSER_ERROR", None, None),
        ({"Name": "x", "Supplemental__c": "perhaps"}, "JSON_PARSER_ERROR", None, None),
        ({"Name": ["x"]}, "JSON_PARSER_ERROR", None, None),
    ],
)  # fmt: skip
def test_a_bad_value_is_refused_in_salesforces_words(
    org: SandboxClient,
    fields: dict[str, Any],
    code: str,
    message: str | None,
    names: list[str] | None,
) -> None:
    answer = org.post("sobjects/Client_Plan__c", fields)
    error = answer.json()[0]
    assert (answer.status_code, error["errorCode"]) == (400, code)
    assert message in (None, error["message"])
    assert error.get("fields") == names


def test_a_unique_external_id_is_unique(org: SandboxClient) -> None:
    answer = org.post("sobjects/Client_Plan__c", {"Name": "x", "Aria_Key__c": "PRO"})
    words = f"duplicates value on record with id: {org.plan_id()[:15]}"
    message = f"duplicate value found: Aria_Key__c {words}"
    assert _refused(answer) == (400, "DUPLICATE_VALUE", message)
    assert org.post("sobjects/Client_Plan__c", {"Name": "x", "Aria_Key__c": "pro"}).ok


def test_broken_json_and_other_media_are_refused(org: SandboxClient) -> None:
    headers = {"Content-Type": "application/json"}
    answer = org.send("POST", "sobjects/Client_Plan__c", data=b"{", headers=headers)
    assert _refused(answer)[:2] == (400, "JSON_PARSER_ERROR")
    headers = {"Content-Type": "text/csv"}
    assert org.send("POST", "sobjects/Account", data=b"a", headers=headers).status_code == 415


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "sobjects/Nope__c", 404, "NOT_FOUND"),
        ("GET", "nope", 404, "NOT_FOUND"),
        ("GET", "jobs/nothing", 404, "NOT_FOUND"),
        ("PUT", "sobjects/Account", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "sobjects/Account/001Hs00000zzzzz", 404, "NOT_FOUND"),
        ("GET", "sobjects/Account/003Hs00000zzzzz", 400, "MALFORMED_ID"),
        ("GET", "sobjects/Client_Plan__c/Name/x", 404, "NOT_FOUND"),
        ("GET", "/services/data/v30.0/limits", 410, "GONE"),
        ("GET", "/services/data/v99.0/limits", 404, "NOT_FOUND"),
        ("DELETE", "sobjects/User/005Hs0000000001", 400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"),
    ],
)  # fmt: skip
def test_addresses_that_lead_nowhere_say_so(
    org: SandboxClient, method: str, path: str, status: int, code: str
) -> None:
    answer = org.send(method, path)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (status, code)


def test_names_of_contacts_and_price_book_entries_follow_their_parts(org: SandboxClient) -> None:
    contact = org.insert("Contact", FirstName="Ada", LastName="Lovelace")
    assert org.get(f"sobjects/Contact/{contact}").json()["Name"] == "Ada Lovelace"
    product = org.insert("Product2", Name="Line", ProductCode="L1")
    book = org.query("SELECT Id FROM Pricebook2 WHERE IsStandard = true")[0]["Id"]
    parts = {"Product2Id": product, "Pricebook2Id": book, "UnitPrice": 9.5}
    entry = org.get(f"sobjects/PricebookEntry/{org.insert('PricebookEntry', **parts)}").json()
    assert (entry["Name"], entry["ProductCode"], entry["UnitPrice"]) == ("Line", "L1", 9.5)
    refusal = org.send("DELETE", f"sobjects/Product2/{product}").json()[0]
    assert refusal["errorCode"] == "DELETE_FAILED"


class TestByExternalId:
    def test_a_patch_inserts_then_updates(self, org: SandboxClient) -> None:
        path = "sobjects/Client_Plan__c/Aria_Key__c/N%2F1%20x"
        first, second = org.patch(path, {"Name": "a"}), org.patch(path, {"Name": "b"})
        assert (first.status_code, first.json()["created"]) == (201, True)
        assert (second.status_code, second.json()["created"]) == (200, False)
        assert org.get(path).json()["Aria_Key__c"] == "N/1 x"

    def test_before_v46_an_update_has_no_body(self, org: SandboxClient) -> None:
        path = "/services/data/v45.0/sobjects/Client_Plan__c/Aria_Key__c/PRO"
        assert org.patch(path, {"Name": "b"}).status_code == 204

    def test_several_matches_answer_300_with_their_addresses(self, org: SandboxClient) -> None:
        path = "sobjects/Aria_Coupon__c/Aria_Key__c/TWICE"
        for answer in (org.get(path), org.patch(path, {"Name": "x"}), org.send("DELETE", path)):
            assert answer.status_code == 300
            assert all(url.startswith("/services/data/v66.0/") for url in answer.json())
        assert len(org.get(path).json()) == 2

    def test_update_only_does_not_insert(self, org: SandboxClient) -> None:
        path = "sobjects/Client_Plan__c/Aria_Key__c/nope?updateOnly=true"
        assert org.patch(path, {"Name": "x"}).status_code == 404

    def test_the_key_itself_may_not_stand_in_the_body(self, org: SandboxClient) -> None:
        path = "sobjects/Client_Plan__c/Aria_Key__c/PRO"
        assert org.patch(path, {"Aria_Key__c": "PRO"}).json()[0]["errorCode"] == "INVALID_FIELD"

    def test_an_insert_may_be_a_post_to_an_empty_id(self, org: SandboxClient) -> None:
        assert org.post("sobjects/Client_Plan__c/Id", {"Name": "x"}).status_code == 201

    def test_a_delete_by_key_deletes(self, org: SandboxClient) -> None:
        assert org.send("DELETE", "sobjects/Client_Plan__c/Aria_Key__c/OLD").status_code == 204
        assert org.names("Aria_Key__c = 'OLD'") == []


class TestConditions:
    def test_a_row_not_changed_since_is_304_or_412(self, org: SandboxClient) -> None:
        path = f"sobjects/Client_Plan__c/{org.plan_id()}"
        modified = org.get(path).headers["Last-Modified"]
        assert org.get(path, headers={"If-Modified-Since": modified}).status_code == 304
        assert org.patch(path, {"Name": "x"}, headers={"If-Unmodified-Since": modified}).ok
        answer = org.patch(path, {"Name": "y"}, headers={"If-Unmodified-Since": modified})
        assert answer.status_code == 412

    def test_accounts_have_etags(self, org: SandboxClient) -> None:
        path = f"sobjects/Account/{org.insert('Account', Name='A')}"
        tag = org.get(path).headers["ETag"]
        assert org.get(path, headers={"If-None-Match": tag}).status_code == 304
        assert org.patch(path, {"Name": "B"}, headers={"If-Match": '"other"'}).status_code == 412
        assert org.patch(path, {"Name": "B"}, headers={"If-Match": tag}).status_code == 204

    def test_a_bad_date_is_refused_when_writing(self, org: SandboxClient) -> None:
        path = f"sobjects/Client_Plan__c/{org.plan_id()}"
        headers = {"If-Unmodified-Since": "yesterday"}
        assert org.patch(path, {"Name": "x"}, headers=headers).status_code == 400
