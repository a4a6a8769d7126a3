"""Inputs that make or change accounts, their groups, methods and contacts (aria.md §2.3, §2.4)."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from app.sandbox.launch import Sandbox

Call = Callable[..., dict[str, Any]]
Row = dict[str, Any]

SHOWCASE, BUSY = 55010001, 55010002
PLAN = "VOICE-CLOUD-PBX-STARTER"
TODAY = datetime.now(UTC).date()
OTHER_DAY = 15 if TODAY.day != 15 else 10
AHEAD = (TODAY + timedelta(days=40)).isoformat()
BEHIND = (TODAY - timedelta(days=40)).isoformat()
TERMS = [{"payment_option": "Terms", "client_payment_term_id": "NET10"}]


def made(core: Call, **about: Any) -> Row:
    """Return the answer about a new account with one plan."""
    plan = [{"client_plan_id": PLAN, "client_plan_instance_id": "P-1"}]
    whole = {"acct_currency": "usd", "billing_group": TERMS, "master_plans_detail": plan, **about}
    answer = core("create_acct_complete_m", acct=[whole])
    assert answer["error_code"] == 0, answer
    return dict(answer["out_acct"][0])


def master(core: Call, acct_no: int) -> Row:
    return dict(core("get_acct_details_all_m", acct_no=acct_no)["master_plans_info"][0])


@pytest.mark.parametrize("option", [1, 2])
def test_an_alternative_bill_day_ends_the_first_period(core: Call, option: int) -> None:
    whole = made(core, invoicing_option=1)["invoice_info"][0]["invoice_total_amount"]
    answer = made(
        core,
        alt_bill_day=OTHER_DAY,
        invoicing_option=option,
        master_plans_detail=[{"client_plan_id": PLAN, "client_plan_instance_id": "P-2"}],
    )
    row = master(core, answer["acct_no"])
    assert (row["bill_day"], date.fromisoformat(row["next_bill_date"]).day) == (OTHER_DAY,) * 2
    assert date.fromisoformat(row["next_bill_date"]) <= TODAY + timedelta(days=31)
    amount = answer["invoice_info"][0]["invoice_total_amount"]
    assert (amount == whole) if option == 1 else (amount < whole)


@pytest.mark.parametrize("day", [0, 32, -1])
def test_a_bill_day_outside_the_month_is_5020(core: Call, day: int) -> None:
    whole = {"acct_currency": "usd", "billing_group": TERMS, "alt_bill_day": day}
    assert core("create_acct_complete_m", acct=[whole])["error_code"] == 5020
    plan = {"new_client_plan_id": PLAN, "alt_bill_day": day}
    assert core("assign_acct_plan_m", acct_no=BUSY, **plan)["error_code"] == 5020


def test_a_retroactive_account_is_billed_until_today(core: Call) -> None:
    answer = made(core, retroactive_start_date=BEHIND)
    assert len(answer["invoice_info"]) == 2
    row = master(core, answer["acct_no"])
    assert (row["plan_date"], row["next_bill_date"] > TODAY.isoformat()) == (BEHIND, True)


def test_children_nest_in_their_parent(core: Call) -> None:
    child = {"client_acct_id": "C-1", "acct_currency": "usd"}
    parent = {"client_acct_id": "C-0", "acct_currency": "usd", "acct": [child]}
    found = core("create_acct_complete_m", acct=[parent])["out_acct"]
    assert [row["client_acct_id"] for row in found] == ["C-0", "C-1"]
    details = core("get_acct_details_all_m", client_acct_id="C-1")
    assert details["senior_acct_no"] == found[0]["acct_no"]


def test_indexes_link_methods_groups_and_plans(core: Call) -> None:
    methods = [
        {"payment_method_idx": 7, "client_pay_method_cdid": "M7", "cc_num": "4111111111111111"},
        {"payment_method_idx": 3, "client_pay_method_cdid": "M3", "cc_num": "4000000000000002"},
    ]
    groups = [
        {"billing_group_idx": 9, "client_billing_group_id": "G9", "primary_payment_method_idx": 3},
        {"billing_group_idx": 4, "client_billing_group_id": "G4", "primary_payment_method_idx": 7},
    ]
    plan = [{"client_plan_id": PLAN, "billing_group_idx": 4}]
    found = made(core, payment_method=methods, billing_group=groups, master_plans_detail=plan)
    details = core("get_acct_details_all_m", acct_no=found["acct_no"])
    paid = {
        row["client_def_billing_group_id"]: row["client_primary_payment_method_id"]
        for row in details["billing_groups_info"]
    }
    assert paid == {"G9": "M3", "G4": "M7"}
    assert details["master_plans_info"][0]["client_billing_group_id"] == "G4"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"payment_method": [{"payment_method_idx": 2}]}, 0),
        (
            {
                "payment_method": [{"payment_method_idx": 2}],
                "billing_group": [{"primary_payment_method_idx": 1}],
            },
            4006,
        ),
        ({"master_plans_detail": [{"client_plan_id": PLAN, "billing_group_idx": 5}]}, 26010),
        ({"master_plans_detail": [{"client_plan_id": PLAN, "dunning_group_idx": 5}]}, 1013),
        ({"functional_acct_group": [{"functional_acct_group_no": 11}]}, 1013),
        ({"collection_acct_group": [{}]}, 1010),
    ],
)
def test_an_index_or_group_of_nothing_is_refused(core: Call, change: Row, code: int) -> None:
    whole = {"acct_currency": "usd", "billing_group": TERMS, **change}
    assert core("create_acct_complete_m", acct=[whole])["error_code"] == code


def test_a_new_account_is_in_the_groups_it_names(core: Call, query: Call) -> None:
    groups = core("get_acct_groups_by_client_m")["acct_groups"]
    number = next(row["group_no"] for row in groups if row["group_type"] == "Collections")
    found = made(
        core,
        functional_acct_group=[{"client_functional_acct_group_id": "WHOLESALE"}],
        collection_acct_group=[{"collections_acct_group_no": number}],
    )
    details = core("get_acct_details_all_m", acct_no=found["acct_no"])
    functional = details["functional_acct_group"]
    assert [row["client_functional_acct_group_id"] for row in functional] == ["WHOLESALE"]
    assert [r["collections_acct_group_no"] for r in details["collection_acct_group"]] == [number]
    asked = query("get_account_details_m", query_string=f"acct_no = {found['acct_no']}")
    row = asked["account_details_m"][0]
    assert row["collection_acct_groups"][0]["collection_acct_group_no"] == number


def test_accounts_join_and_leave_groups(core: Call) -> None:
    def change(directive: int) -> int:
        row = {"collection_acct_group_no": 11, "collection_acct_grp_directive": directive}
        inputs = {"acct_no": BUSY, "collection_acct_groups_update": [row]}
        return int(core("update_acct_complete_m", **inputs)["error_code"])

    def groups() -> list[Row]:
        return list(core("get_acct_details_all_m", acct_no=BUSY)["collection_acct_group"])

    assert [change(3), change(1), change(1), change(9)] == [1013, 0, 12004, 1039]
    assert [row["collections_acct_group_no"] for row in groups()] == [11]
    assert (change(3), groups()) == (0, [])
    row = {"client_functional_acct_group_id": "WHOLESALE", "functional_acct_grp_directive": 1}
    core("update_acct_complete_m", acct_no=BUSY, functional_acct_groups_update=[row])
    assert len(core("get_acct_groups_by_acct_m", acct_no=BUSY)["acct_groups"]) == 2


def test_the_plan_part_waits_for_the_anniversary_unless_told_otherwise(core: Call) -> None:
    inputs = {"acct_no": BUSY, "master_plan_units": 9}
    answer = core("update_acct_complete_m", **inputs)
    before = master(core, BUSY)
    assert answer["master_plan_instance_id"] == before["master_plan_instance_no"]
    waiting = core("get_acct_plan_queued_changes_m", acct_no=BUSY)["queued_change_details"][-1]
    assert waiting["target_plan_units"] == 9
    assert waiting["effective_date"] == before["next_bill_date"]
    core("update_acct_complete_m", **inputs, master_plan_assign_directive=2)
    assert master(core, BUSY)["master_plan_units"] == 9


def test_the_plan_part_replaces_a_plan(core: Call) -> None:
    number = made(core)["acct_no"]
    found = core("get_avail_plans_for_acct_m", acct_no=number)["all_client_avail_plans"]
    other = next(row for row in found if row["client_plan_id"] != PLAN)
    wish = {"client_master_plan_id": other["client_plan_id"], "master_plan_assign_directive": 3}
    assert core("update_acct_complete_m", acct_no=number, **wish)["error_code"] == 0
    assert master(core, number)["client_master_plan_id"] == other["client_plan_id"]


def test_methods_are_added_and_changed_with_the_account(core: Call) -> None:
    card = {"client_pay_method_id": "PM-X", "pay_method_type": 13, "cc_num": "4111111111114242"}
    assert (
        core("update_acct_complete_m", acct_no=BUSY, payment_methods_array=[card])["error_code"]
        == 0
    )
    change = {"client_pay_method_id": "PM-X", "cc_expire_mm": 2, "cc_expire_yyyy": 2099}
    core("update_acct_complete_m", acct_no=BUSY, payment_methods_array=[change])
    rows = core("get_acct_payment_methods_and_terms_m", acct_no=BUSY)["account_payment_methods"]
    found = [row for row in rows if row["client_payment_method_id"] == "PM-X"]
    assert [(row["suffix"], row["cc_expire_yyyy"]) for row in found] == [("4242", 2099)]


@pytest.mark.parametrize(
    ("method", "code"),
    [
        ({"pay_method_type": 99}, 4006),
        ({"cc_expire_mm": 13}, 4008),
        ({"cc_expire_mm": 1, "cc_expire_yyyy": 2020}, 4008),
        ({"cc_num": "4111-1111"}, 4009),
        ({"pay_method_type": 2, "bank_acct_num": "0011"}, 4044),
        ({"pay_method_type": 27}, 4044),
    ],
)
def test_a_wrong_payment_method_is_refused(core: Call, method: Row, code: int) -> None:
    wish = {"acct_no": BUSY, "client_payment_method_id": "NEW", **method}
    assert core("update_payment_method_m", **wish)["error_code"] == code


def test_a_bank_account_keeps_its_last_digits_alone(core: Call) -> None:
    bank = {"pay_method_type": 2, "bank_routing_num": "021000021", "bank_acct_num": "000123456789"}
    core("update_payment_method_m", acct_no=BUSY, client_payment_method_id="ACH", **bank)
    iban = {"pay_method_type": 27, "iban": "DE89370400440532013000"}
    core("update_payment_method_m", acct_no=BUSY, client_payment_method_id="IBAN", **iban)
    rows = core("get_acct_payment_methods_and_terms_m", acct_no=BUSY)["account_payment_methods"]
    assert [row["suffix"] for row in rows[-2:]] == ["6789", "3000"]


def test_a_changed_method_collects_what_is_open_when_asked(core: Call) -> None:
    card = [{"client_pay_method_cdid": "M", "cc_num": "4111111111111111"}]
    number = made(core, payment_method=card, billing_group=[{"payment_option": "Methods"}])[
        "acct_no"
    ]
    wish = {"acct_no": number, "payment_method_no": 1}
    assert core("update_payment_method_m", **wish)["collection_info"] == []
    found = core("update_payment_method_m", **wish, do_collect="true")["collection_info"]
    assert [row["collection_error_code"] for row in found] == [0]
    assert core("get_acct_balance_m", acct_no=number)["acct_balance"] in {"0", "0.00"}


def test_a_billing_group_takes_a_stored_method_by_its_id(core: Call) -> None:
    core("update_payment_method_m", acct_no=BUSY, client_payment_method_id="PM-NEW")
    wish = {"acct_no": BUSY, "client_primary_payment_method_id": "PM-NEW"}
    made_now = core("create_acct_billing_group_m", client_billing_group_id="B2", **wish)
    assert made_now["error_code"] == 0
    row = core("get_acct_billing_group_details_m", acct_no=BUSY, client_billing_group_id="B2")[
        "billing_group_details"
    ][0]
    assert row["client_primary_payment_method_id"] == "PM-NEW"
    wrong = {**wish, "client_primary_payment_method_id": "NONE"}
    assert core("create_acct_billing_group_m", **wrong)["error_code"] == 4006


def test_a_billing_group_makes_its_method_and_statement_contact(core: Call) -> None:
    wish = {
        "client_billing_group_id": "B3",
        "pay_method_type": 13,
        "client_payment_method_id": "PM-B3",
        "bill_agreement_id": "tok-9",
        "stmt_first_name": "Grace",
        "stmt_country": "GB",
    }
    core("create_acct_billing_group_m", acct_no=BUSY, **wish)
    named = {"acct_no": BUSY, "client_billing_group_id": "B3"}
    row = core("get_acct_billing_group_details_m", **named)["billing_group_details"][0]
    assert row["client_primary_payment_method_id"] == "PM-B3"
    assert (row["stmt_first_name"], row["stmt_country"]) == ("Grace", "GB")


def test_payment_terms_are_named_by_their_id(core: Call) -> None:
    named = {"acct_no": BUSY, "client_billing_group_id": "NWT-10002-BG"}
    core("update_acct_billing_group_m", **named, client_payment_term_id="NET60")
    row = core("get_acct_billing_group_details_m", **named)["billing_group_details"][0]
    assert (row["payment_option"], row["client_payment_term_id"]) == ("Terms", "NET60")
    wrong = core("update_acct_billing_group_m", **named, client_payment_term_id="NET999")
    assert wrong["error_code"] == 1016


def test_contacts_that_nothing_uses_are_shown_when_asked_for(core: Call) -> None:
    method = {"acct_no": BUSY, "client_payment_method_id": "GONE"}
    core("update_payment_method_m", **method, bill_email="gone@example.com")
    core("remove_acct_payment_method_m", **method)
    found = core("get_acct_contacts_m", acct_no=BUSY)
    assert found["other_contacts"] == []
    assert "gone@example.com" not in [row["bill_email"] for row in found["billing_contacts"]]
    found = core("get_acct_contacts_m", acct_no=BUSY, include_unused_contacts=1)
    assert [row["other_email"] for row in found["other_contacts"]] == ["gone@example.com"]


def test_contacts_are_those_of_the_group_that_is_named_by_its_id(core: Call) -> None:
    core("create_acct_billing_group_m", acct_no=BUSY, client_billing_group_id="B4")
    found = core("get_acct_contacts_m", acct_no=BUSY, client_billing_group_id="B4")
    ids = {row["stat_client_billing_group_id"] for row in found["statement_contacts"]}
    assert ids == {"B4"}


def test_comments_are_filtered_and_encoded(core: Call) -> None:
    core("write_acct_comment_m", acct_no=BUSY, comment="50 % off & more", application_id="CRM")
    days = {"date_range_start": "2020-01-01", "date_range_end": "2099-12-31"}
    wish = {"acct_no": BUSY, **days, "filter_application_id": "CRM"}
    (row,) = core("get_acct_comments_m", **wish)["acct_comments"]
    assert (row["comment"], row["application_id"]) == ("50 % off & more", "CRM")
    (row,) = core("get_acct_comments_m", **wish, do_url_encoding="true")["acct_comments"]
    assert row["comment"] == "50+%25+off+%26+more"


def test_an_archived_account_is_not_edited(core: Call, sandbox: Sandbox) -> None:
    del sandbox
    core("update_acct_status_m", account_no=BUSY, status_cd=-99)
    change = core("update_acct_complete_m", acct_no=BUSY, company_name="Nobody")
    contact = core("update_contact_m", acct_no=BUSY, contact_ind=1, email="a@example.com")
    assert (change["error_code"], contact["error_code"]) == (5018, 5018)
