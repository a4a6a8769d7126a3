"""Rows of accounts from answers of every shape, and what a plan instance brings a month."""

from decimal import Decimal
from typing import Any

import pytest

from app.connectors.aria.account_discounts import coupon_rows
from app.connectors.aria.accounts import (
    CONTACTS,
    CONTRACTS,
    METHODS,
    PLANS,
    QUEUE,
    Facts,
    account_rows,
    billing_group_rows,
    contact_rows,
    contract_rows,
    detailed,
    dunning_group_rows,
    listed,
    payment_method_rows,
    queue_rows,
)
from app.connectors.aria.accounts_plans import (
    account_with_plans,
    charge,
    instance_rows,
    mrr,
    rate_rows,
)


def facts(call: str = "", answer: Any = None, **account: Any) -> Facts:
    return Facts(7, account, answers={call: [answer]} if call else {})


def test_a_person_names_an_account_without_a_company() -> None:
    (row,) = account_rows(facts(first_name="Ada", last_name="Nowak", company_name=""))
    assert row["=name"] == "Ada Nowak"
    (row,) = account_rows(facts(last_name="Nowak", company_name="Example GmbH"))
    assert row["=name"] == "Example GmbH"


def test_twins_of_the_account_are_settled() -> None:
    account = detailed({"acct_no": "5", "acct_no_2": 5, "acct_contact_no": None})
    assert account["acct_no"] == 5


def test_several_values_of_a_field_have_one_order() -> None:
    values = ["voice", "fibre", ""]
    told = [{"supp_field_name": "likes", "supp_field_value": one} for one in values]
    (row,) = account_rows(facts(supp_field=told))
    assert row["=field:likes"] == "fibre; voice"


def test_one_value_may_come_as_an_object_and_a_list_names_fields_otherwise() -> None:
    field = {"acct_supp_field_name": "region", "acct_supp_field_value": "EMEA"}
    (row,) = account_rows(Facts(7, listed({"user_id": "u", "acct_supp_fields": field})))
    assert (row["=field:region"], row["userid"]) == ("EMEA", "u")


@pytest.mark.parametrize(
    ("group", "methods", "expected"),
    [
        ({"billing_group_no": "80", "primary_pay_method": "13"}, [], 13),
        ({"billing_group_no": 80, "primary_payment_method_id": 13}, [], 13),
        (
            {"billing_group_no": 80, "primary_payment_method_no": "2"},
            [{"payment_method_no": 2, "pay_method_type": "-1"}],
            -1,
        ),
        ({"billing_group_no": 80, "primary_payment_method_no": None}, None, None),
    ],
)
def test_the_pay_method_is_the_type_of_the_first_groups_primary(
    group: Any, methods: Any, expected: int | None
) -> None:
    later = {"billing_group_no": 81, "primary_pay_method": 26}
    told = facts(billing_groups_info=[later, group], payment_methods_info=methods)
    (row,) = account_rows(told)
    assert row["=pay_method"] == expected


def test_an_account_without_anything_has_no_values() -> None:
    (row,) = account_with_plans(facts())
    names = ("=pay_method", "=resp_level_cd", "=last_bill_thru_date", "=mrr")
    assert [row[name] for name in names] == [None] * 4
    assert list(instance_rows(facts())) == []


def test_contacts_lose_their_prefix_and_say_their_role() -> None:
    answer = {
        "account_contact": {"contact_no": "1", "last_name": "Nowak", "country_cd": "DE"},
        "billing_contacts": [
            {"bill_contact_no": 2, "bill_country": "US", "bill_billing_group_no": "80"}
        ],
        "statement_contacts": [{"stat_contact_no": 3, "stat_address1": "A", "stat_address2": "B"}],
        "backup_contacts": "",
        "other_contacts": None,
    }
    first, second, third = contact_rows(facts(CONTACTS, answer))
    assert (first["=key"], first["=role"], first["country_cd"]) == ("7|account|1", "account", "DE")
    assert (second["country_cd"], second["=billing_group"]) == ("US", "7|80")
    assert (third["=street"], third["=billing_group"]) == ("A\nB", "")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"last_name": "Nowak", "company_name": "Example"}, "Nowak"),
        ({"last_name": "", "company_name": "Example"}, "Example"),
        ({"first_name": "Ada"}, "Ada"),
        ({}, ""),
    ],
)
def test_a_contact_without_a_last_name_is_called_something(
    names: dict[str, str], expected: str
) -> None:
    contact = {"contact_no": 1, **names}
    (row,) = contact_rows(facts(CONTACTS, {"account_contact": contact}))
    assert row["last_name"] == expected


def test_a_state_outside_three_countries_is_a_locality() -> None:
    contacts = [{"contact_no": 1, "locality": "Bayern"}, {"contact_no": 2, "state_prov": "MA"}]
    found = contact_rows(facts(CONTACTS, {"account_contact": contacts}))
    assert [row["=state"] for row in found] == ["Bayern", "MA"]


def test_no_more_of_a_card_than_its_last_digits_is_kept() -> None:
    card = {
        "payment_method_no": "1", "suffix": "4111111111111111", "cc_num": "4111111111111111",
        "bill_agreement_id": "tok", "cc_expire_mm": "3", "cc_expire_yyyy": "2031",
    }  # fmt: skip
    (row,) = payment_method_rows(facts(METHODS, {"account_payment_methods": card}))
    assert (row["suffix"], row["=expires"], row["=key"]) == ("1111", "2031-03", "7|1")
    assert not {"cc_num", "bill_agreement_id"} & row.keys()


def test_groups_are_known_by_the_account_and_their_number() -> None:
    group = {"billing_group_no": "80", "client_def_billing_group_id": "G"}
    group["primary_payment_method_no"] = "1"
    (row,) = billing_group_rows(facts(billing_groups_info=group))
    assert (row["=key"], row["client_billing_group_id"]) == ("7|80", "G")
    assert row["=primary_payment_method"] == "7|1"


def test_a_dunning_group_of_two_plans_is_one() -> None:
    master = {"dunning_group_no": "81", "dunning_group_name": "Default"}
    rows = list(dunning_group_rows(facts(master_plans_info=[master, master, {}])))
    assert [(row["=key"], row["dunning_group_name"]) for row in rows] == [("7|81", "Default")]


@pytest.mark.parametrize("codes", [[{"coupon_codes": "B"}, {"coupon_codes": "A"}], [
    {"coupon_cd": "A"}, {"coupon_cd": "B"}, {"coupon_cd": "A"}]])  # fmt: skip
def test_coupons_are_one_key_objects_of_either_name(codes: list[dict[str, str]]) -> None:
    master = {"master_plan_instance_no": 70, "coupon_codes": codes}
    found = [row["=key"] for row in coupon_rows(facts(master_plans_info=master))]
    assert found == ["7|70|A", "7|70|B"]


def test_contracts_and_queued_changes_name_their_plan_instances() -> None:
    covered = [{"plan_instance_no": "71"}, {"plan_instance_no": 70}]
    contract = {"contract_no": "85", "contract_plan_instance_info": covered}
    (row,) = contract_rows(facts(CONTRACTS, {"all_acct_contracts_m": contract}))
    assert (row["=key"], row["=plan_instances"]) == ("7|85", "70; 71")
    change = {"queue_id": "88", "plan_instance_no": 70, "target_plan_inst_status_2": "-2"}
    (row,) = queue_rows(facts(QUEUE, {"queued_change_details": [change]}))
    assert (row["=plan_instance"], row["target_plan_inst_status"]) == ("7|70", "-2")


MASTER: dict[str, Any] = {
    "master_plan_instance_no": "70", "master_plan_instance_status": 1, "resp_level_cd": 1,
    "master_plan_instance_balance": "5.00", "last_bill_thru_date": "2026-01-31",
    "supp_plans_info": {"supp_plan_instance_no": 71, "parent_plan_instance_no": "70"},
}  # fmt: skip
PLAN: dict[str, Any] = {
    "plan_instance_no": 70, "client_plan_id": "P", "plan_units": "12", "supp_plan_ind": "0",
    "plan_instance_status_cd": "1", "recurring_billing_interval": "3", "currency_cd": "usd",
    "parent_plan_instance_no": 70, "plan_date": "2025-03-01", "status_date": "",
    "plan_instance_services": {
        "client_service_id": "S", "is_recurring_ind": "1", "tiered_pricing_rule": "1",
        "plan_service_rates": [
            {"rate_seq_no": 1, "from_unit": 1, "to_unit": "10", "rate_per_unit": "3"},
            {"rate_seq_no": 2, "from_unit": 11, "to_unit": None, "rate_per_unit": 1.5},
        ],
    },
}  # fmt: skip


def test_a_plan_instance_is_put_together_from_all_that_was_told() -> None:
    told = facts(PLANS, {"all_acct_plans_m": PLAN}, master_plans_info=MASTER, senior_acct_no=3)
    master, supplemental = instance_rows(told)
    assert (master["plan_date"], master["resp_level_cd"]) == ("2025-03-01", 1)
    assert (master["=parent_instance"], master["plan_units"]) == ("", "12")
    assert (supplemental["=parent_instance"], supplemental["supp_plan_ind"]) == ("7|70", 1)


def test_what_only_masters_tell_everywhere_is_taken_of_masters_alone() -> None:
    levels = [{"plan_instance_no": one, "responsibility_level_cd": 2} for one in (70, 71)]
    rows = instance_rows(Facts(7, {"master_plans_info": MASTER}, instances=levels))
    assert [row["resp_level_cd"] for row in rows] == [2, None]


def test_who_pays_is_a_plan_instance_of_the_parent_account() -> None:
    paid = {**MASTER, "parent_master_plan_inst_no": "20"}
    row, _ = instance_rows(facts(master_plans_info=paid, senior_acct_no="3"))
    assert row["=responsible_instance"] == "3|20"


def test_the_account_is_billed_through_the_latest_date_of_a_master() -> None:
    later = {"master_plan_instance_no": 60, "last_bill_thru_date": "2026-02-28 00:00:00"}
    (row,) = account_with_plans(facts(master_plans_info=[MASTER, {**later, "resp_level_cd": 3}]))
    assert (row["=last_bill_thru_date"], row["=resp_level_cd"]) == ("2026-02-28", 3)


def test_rates_are_known_by_plan_service_and_sequence() -> None:
    first, second = rate_rows(facts(PLANS, {"all_acct_plans_m": PLAN}))
    assert (first["=key"], first["=service"]) == ("7|70|S|1", "P|S")
    assert (second["=plan_instance"], second["currency_cd"]) == ("7|70", "usd")


def test_the_mrr_spreads_recurring_charges_over_the_billing_interval() -> None:
    assert mrr(PLAN) == Decimal("11.00")  # 10 at 3 and 2 at 1.5, over three months
    (row,) = account_with_plans(facts(PLANS, {"all_acct_plans_m": [PLAN, PLAN]}))
    assert row["=mrr"] == Decimal("22.00")


@pytest.mark.parametrize("status", ["0", -1, -2, -3, 31, 32, 41, 61, None])
def test_what_is_not_active_brings_nothing(status: object) -> None:
    assert mrr({**PLAN, "plan_instance_status_cd": status}) == 0


@pytest.mark.parametrize("status", [1, "2", 3])
def test_what_ends_later_still_brings_its_mrr(status: object) -> None:
    assert mrr({**PLAN, "plan_instance_status_cd": status}) == Decimal("11.00")


def test_usage_and_one_time_services_bring_no_mrr() -> None:
    service = {**PLAN["plan_instance_services"], "is_recurring_ind": "0"}
    assert mrr({**PLAN, "plan_instance_services": [service]}) == 0


@pytest.mark.parametrize(
    ("rule", "units", "expected"),
    [
        (1, "10", "30.00"), ("1", "12", "33.00"), (None, "12", "33.00"), (1, "0", "0"),
        (1, "0.5", "0"), ("2", "12", "18.00"), (2, "10", "30.00"), (3, "12", "1.50"),
        ("3", "1", "3.00"), (1, "2.5", "7.50"),
    ],
)  # fmt: skip
def test_a_charge_goes_by_the_pricing_rule(rule: object, units: str, expected: str) -> None:
    service = {**PLAN["plan_instance_services"], "tiered_pricing_rule": rule}
    assert charge(service, Decimal(units)) == Decimal(expected)


def test_a_service_without_rates_costs_nothing() -> None:
    assert charge({"tiered_pricing_rule": 1}, Decimal(5)) == 0
