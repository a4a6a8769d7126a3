"""Accounts: what they are made of, and how calls change them (aria.md §2.3, §2.4)."""

from collections.abc import Callable
from typing import Any

import pytest

from app.sandbox.launch import Sandbox

Call = Callable[..., dict[str, Any]]

ONE, PARENT, CHILD, GRANDCHILD = 55010001, 55010004, 55010005, 55010016


def new(**more: Any) -> dict[str, Any]:
    return {"client_acct_id": "C-1", "acct_currency": "usd", "first_name": "Ada", **more}


def test_the_number_comes_typed_and_as_text(core: Call) -> None:
    found = core("get_acct_details_all_m", client_acct_id="NWT-10001")
    assert found["acct_no_2"] == ONE
    assert found["acct_no"] == str(ONE)


def test_the_same_seed_gives_the_same_account(core: Call, sandbox: Sandbox) -> None:
    before = core("get_acct_details_all_m", acct_no=ONE)
    sandbox.systems["aria"].reset(drift=True)
    assert core("get_acct_details_all_m", acct_no=ONE) == before


@pytest.mark.parametrize("inputs", [{"acct_no": 1}, {"client_acct_id": "NWT-99999"}])
def test_an_unknown_account_is_1009(core: Call, inputs: dict[str, Any]) -> None:
    assert core("get_acct_details_all_m", **inputs)["error_code"] == 1009


def test_no_account_named_is_1010(core: Call) -> None:
    assert core("get_acct_details_all_m")["error_code"] == 1010


def test_raw_card_data_never_comes_out(core: Call) -> None:
    core("update_payment_method_m", acct_no=ONE, pay_method_type=1, cc_num="4111111111111111")
    found = core("get_acct_payment_methods_and_terms_m", acct_no=ONE)
    assert "4111111111111111" not in str(found)
    assert found["account_payment_methods"][-1]["suffix"] == "1111"


def test_the_hierarchy_has_parents_and_children(core: Call) -> None:
    found = core("get_acct_hierarchy_details_m", acct_no=CHILD, hierarchy_filter=2)
    assert [row["acct_no"] for row in found["acct_hierarchy_dtls"]] == [CHILD, PARENT]
    assert {"acct_no": CHILD} in found["acct_hierarchy_dtls"][1]["child_acct_no"]


def test_a_parent_may_have_several_children(core: Call) -> None:
    found = core("get_child_accts_m", parent_acct_no=PARENT)["child_accts"]
    assert [row["acct_no"] for row in found] == [CHILD, CHILD + 1]


def test_a_parent_pays_from_an_instance_of_its_own(core: Call) -> None:
    child = core("get_acct_details_all_m", acct_no=CHILD)["master_plans_info"][0]
    parent = core("get_acct_details_all_m", acct_no=PARENT)["master_plans_info"]
    numbers = [row["master_plan_instance_no"] for row in parent]
    assert child["resp_level_cd"] == 2
    assert child["parent_master_plan_inst_no"] in numbers


def test_grandchildren_come_with_many_levels(core: Call) -> None:
    top = core("get_acct_details_all_m", acct_no=GRANDCHILD)["chief_acct_info"][0]
    found = core("get_child_accts_m", parent_acct_no=top["chief_acct_no"], do_multi_level="true")
    assert {"acct_no": GRANDCHILD} in found["child_accts"]


def test_a_parent_is_set_and_taken_away(core: Call) -> None:
    core("create_acct_complete_m", acct=[new(), new(client_acct_id="C-2")])
    core("update_acct_complete_m", client_acct_id="C-2", senior_client_acct_id="C-1")
    found = core("get_acct_details_all_m", client_acct_id="C-2")
    assert found["senior_client_acct_id"] == "C-1"
    core("update_acct_complete_m", client_acct_id="C-2", senior_acct_no=-999)
    assert core("get_acct_details_all_m", client_acct_id="C-2")["senior_acct_no"] is None


def test_no_account_stands_above_itself(core: Call) -> None:
    found = core("update_acct_complete_m", acct_no=PARENT, senior_acct_no=CHILD)
    assert found["error_code"] == 5006


def test_a_parent_that_is_not_there_is_5005(core: Call) -> None:
    assert core("update_acct_complete_m", acct_no=ONE, senior_acct_no=7)["error_code"] == 5005


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"status_cd": 77}, 5002),
        ({"notify_method": 99}, 5003),
        ({"test_acct_ind": 2}, 5021),
        ({"userid": "nwt10002"}, 5011),
        ({"new_client_acct_id": "NWT-10002"}, 1015),
        ({"country_cd": "XX"}, 5017),
    ],
)
def test_wrong_items_are_refused_and_change_nothing(
    core: Call, inputs: dict[str, Any], code: int
) -> None:
    before = core("get_acct_details_all_m", acct_no=ONE)
    found = core("update_acct_complete_m", acct_no=ONE, po_num="P-1", **inputs)
    assert found["error_code"] == code
    assert core("get_acct_details_all_m", acct_no=ONE) == before


def test_what_is_not_sent_stays_and_a_tilde_clears(core: Call) -> None:
    before = core("get_acct_details_all_m", acct_no=ONE)
    core("update_acct_complete_m", acct_no=ONE, phone="~", city="Salem")
    after = core("get_acct_details_all_m", acct_no=ONE)
    assert (after["phone"], after["city"]) == ("", "Salem")
    assert after["last_name"] == before["last_name"]


def test_a_statement_contact_is_changed_by_itself(core: Call) -> None:
    core("update_contact_m", acct_no=ONE, contact_ind=4, email="stmt@example.com")
    found = core("get_acct_contacts_m", acct_no=ONE)
    assert found["statement_contacts"][0]["stat_email"] == "stmt@example.com"
    assert found["account_contact"][0]["email"] != "stmt@example.com"


def test_some_contacts_have_no_email(core: Call) -> None:
    assert core("get_acct_details_all_m", acct_no=55010010)["email"] == ""


def test_supplemental_fields_are_added_changed_and_deleted(core: Call) -> None:
    def modify(value: str, directive: int) -> int:
        row = {"supp_field_name": "tier", "supp_field_value": value}
        row |= {"supp_field_directive": directive}
        return int(
            core("modify_acct_supp_fields_m", acct_no=ONE, acct_supp_fields=[row])["error_code"]
        )

    def values() -> list[str]:
        rows = core("get_acct_supp_fields_m", acct_no=ONE)["supp_fields"]
        return [row["supp_field_value"] for row in rows if row["supp_field_name"] == "tier"]

    assert [modify("gold", 1), modify("silver", 1), modify("gold", 1)] == [0, 0, 5026]
    assert values() == ["gold", "silver"]
    modify("bronze", 2)
    assert values() == ["bronze"]
    assert [modify("bronze", 3), modify("bronze", 3), modify("x", 9)] == [0, 1013, 1039]


def test_the_test_flag_is_switched_and_set(core: Call) -> None:
    core("toggle_test_account_m", account_no=ONE)
    assert core("get_acct_details_all_m", acct_no=ONE)["test_acct_ind"] == 1
    core("toggle_test_account_m", account_no=ONE, test_acct_ind=0)
    assert core("get_acct_details_all_m", acct_no=ONE)["test_acct_ind"] == 0


def test_a_status_has_its_history(core: Call) -> None:
    core("update_acct_status_m", account_no=ONE, status_cd=-1, comments="Unpaid")
    row = core("get_acct_status_history_m", account_number=ONE)["stat_hist"][-1]
    assert (row["acct_status"], row["new_status"], row["comments"]) == (
        "Active",
        "Suspended",
        "Unpaid",
    )


def test_accounts_are_created_together_or_not_at_all(core: Call) -> None:
    found = core("create_acct_complete_m", acct=[new(), new(acct_currency="xxx")])
    assert found["error_code"] == 5007
    assert core("get_acct_details_all_m", client_acct_id="C-1")["error_code"] == 1009


def test_a_preview_of_an_account_is_not_kept(core: Call) -> None:
    found = core("create_acct_complete_m", acct=[new()], do_write="false")
    assert found["out_acct"][0]["client_acct_id"] == "C-1"
    assert core("get_acct_details_all_m", client_acct_id="C-1")["error_code"] == 1009


def test_a_receipt_is_used_once_and_tells_what_it_did(core: Call) -> None:
    write = {"acct_no": ONE, "comment": "Hello", "client_receipt_id": "abc123"}
    assert core("write_acct_comment_m", **write)["error_code"] == 0
    assert core("write_acct_comment_m", **write)["error_code"] == 1012
    found = core("get_all_actions_by_receipt_id_m", acct_no=ONE, client_receipt_id="abc123")
    assert found["receipt_action"][0]["action_type_label"] == "write_acct_comment_m"


def test_a_consumers_contacts_share_one_name(core: Call) -> None:
    consumer = 55010007
    found = core("update_contact_m", acct_no=consumer, contact_ind=4, last_name="Somebody")
    assert found["error_code"] == 5054


def test_parent_pay_needs_a_parent(core: Call) -> None:
    found = core("set_payment_responsibility_m", account_no=ONE, resp_level_cd=2)
    assert found["error_code"] == 5076
    done = core("set_payment_responsibility_m", account_no=CHILD, resp_level_cd=3)
    assert done["error_code"] == 0
    masters = core("get_acct_details_all_m", acct_no=CHILD)["master_plans_info"]
    assert {row["resp_level_cd"] for row in masters} == {3}


def test_billing_groups_come_under_both_names(core: Call) -> None:
    core("create_acct_billing_group_m", acct_no=ONE, client_billing_group_id="B-2")
    found = core("get_acct_billing_group_details_m", acct_no=ONE)
    assert [row["client_billing_group_id"] for row in found["billing_groups"]][-1] == "B-2"
    assert found["billing_group_details"][-1]["billing_group_no"] > 80_000_000
