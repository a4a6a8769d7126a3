"""Coupons of plan instances and whole accounts, their rules, and what they take off a month."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from app.connectors.aria.account_discounts import (
    Charge,
    Discount,
    coupon_rows,
    discount_rows,
    discount_total,
    discounts,
    listed_coupon_rows,
    of_instance,
)
from app.connectors.aria.accounts import COUPONS, Facts
from app.connectors.aria.accounts_plans import account_with_plans, instance_rows
from app.connectors.aria.catalog import rule_terms
from app.sandbox.launch import Sandbox
from tests.connectors.aria_accounts import (
    Held,
    accounts_mapping,
    entities,
    fresh,
    lean,
    running,
    value,
)

MASTER = {"master_plan_instance_no": 70, "coupon_codes": [{"coupon_codes": "TEN"}]}
RULE: dict[str, Any] = {
    "rule_no": 4, "client_rule_id": "R", "rule_name": "Ten", "scope_no": "0", "amount": "10",
    "flat_percent_ind": "P", "currency_cd": "usd",
}  # fmt: skip
ON_PLAN: dict[str, Any] = {
    "out_master_plan_instance_no": 70, "out_coupon_cd": "TEN", "status_ind": 1,
    "discount_rules": RULE,
}  # fmt: skip
OF_ACCOUNT = {**ON_PLAN, "out_master_plan_instance_no": None, "out_coupon_cd": "ALL"}


def facts(*told: dict[str, Any], **account: Any) -> Facts:
    about = {"master_plans_info": [MASTER], "acct_currency": "usd", **account}
    return Facts(7, about, answers={COUPONS: [{"coupons_detail": list(told)}]})


def with_rule(**changes: Any) -> dict[str, Any]:
    return {**ON_PLAN, "discount_rules": [{**RULE, **changes}]}


def test_a_coupon_is_on_a_plan_instance_or_on_the_whole_account() -> None:
    keys = [(row["=key"], row["=plan_instance"]) for row in coupon_rows(facts(OF_ACCOUNT, ON_PLAN))]
    assert keys == [("7|70|TEN", "7|70"), ("7|account|ALL", "")]


def test_a_coupon_that_the_account_alone_names_is_there_without_its_terms() -> None:
    (row,) = coupon_rows(facts())
    assert (row["=key"], row.get("status_ind")) == ("7|70|TEN", None)
    assert [one["=key"] for one in listed_coupon_rows(facts(OF_ACCOUNT))] == ["7|70|TEN"]


def test_rules_and_credit_templates_are_discounts_of_their_coupon() -> None:
    template = {"credit_template_no": 9, "template_name": "Five", "flat_amount": "5"}
    rule, credit = discount_rows(facts({**ON_PLAN, "credit_templates": [template]}))
    assert (rule["=key"], rule["=percent"], rule["=amount"]) == ("7|70|TEN|rule|4", 10, None)
    assert (credit["=key"], credit["rule_name"]) == ("7|70|TEN|credit|9", "Five")
    assert (credit["=percent"], credit["=amount"], credit["=coupon"]) == (None, 5, "7|70|TEN")


@pytest.mark.parametrize(
    ("rule", "percent", "amount"),
    [
        ({"flat_percent_ind": "P"}, 3, None), ({"flat_percent_ind": 2}, 3, None),
        ({"discount_type": "F"}, None, 3), ({"flat_percent_ind": "1"}, None, 3),
        ({}, None, None),
    ],
)  # fmt: skip
def test_a_rule_says_what_its_amount_is(
    rule: dict[str, Any], percent: int | None, amount: int | None
) -> None:
    assert rule_terms({**rule, "amount": "3"}) == {"=percent": percent, "=amount": amount}


@pytest.mark.parametrize("scope", [11, "13", 22, 30, None])
def test_a_rule_that_is_not_for_every_recurring_charge_is_not_reckoned(scope: object) -> None:
    assert discounts(facts(with_rule(scope_no=scope))) == []


def test_an_inactive_coupon_takes_nothing_off() -> None:
    assert discounts(facts({**ON_PLAN, "status_ind": "0"})) == []


def test_of_a_coupon_without_rules_its_own_recurring_discount_counts() -> None:
    own = {**ON_PLAN, "discount_rules": [], "recur_discount_pct": "2.5", "currency_cd": "EUR"}
    (found,) = discounts(facts({**own, "recur_discount_flat_amt": 4}))
    assert found == Discount(70, Decimal("2.5"), Decimal(0))
    assert discounts(facts({**ON_PLAN, "recur_discount_pct": 50}))[0].percent == 10


def test_an_amount_counts_in_the_accounts_currency_alone() -> None:
    for currency, amount in (("USD", 10), ("", 10), ("eur", 0)):
        (found,) = discounts(facts(with_rule(flat_percent_ind="F", currency_cd=currency)))
        assert found == Discount(70, Decimal(0), Decimal(amount))


CHARGES = [Charge(70, Decimal(80), 1), Charge(70, Decimal(20), 3), Charge(90, Decimal(50), 12)]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (Discount(70, Decimal(10), Decimal(0)), "10.00"),
        (Discount(None, Decimal(10), Decimal(0)), "15.00"),
        (Discount(90, Decimal(0), Decimal(12)), "1.00"),
        (Discount(90, Decimal(0), Decimal(6000)), "50.00"),
        (Discount(91, Decimal(10), Decimal(5)), "0.00"),
        (Discount(70, Decimal("0.005"), Decimal(0)), "0.01"),
    ],
)
def test_a_discount_is_of_what_it_covers_a_month(found: Discount, expected: str) -> None:
    assert str(discount_total([found], CHARGES)) == expected


def test_discounts_never_take_off_more_than_there_is() -> None:
    twice = [Discount(None, Decimal(80), Decimal(0))] * 2
    assert discount_total(twice, CHARGES) == 150
    assert discount_total(twice, []) == 0


def test_a_plan_instance_has_what_its_own_coupons_take_off_together() -> None:
    found = [Discount(70, Decimal(10), Decimal(0)), Discount(70, Decimal(5), Decimal(2)),
             Discount(None, Decimal(3), Decimal(0))]  # fmt: skip
    assert of_instance(found, 70) == {"=discount_percent": 15, "=discount_amount": 2}
    assert of_instance(found, 90) == {"=discount_percent": None, "=discount_amount": None}
    (row,) = instance_rows(facts(ON_PLAN))
    assert row["=discount_percent"] == 10


def test_without_the_charges_there_is_no_total() -> None:
    (row,) = account_with_plans(facts(ON_PLAN))
    assert row["=discount_total"] is None


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running() as started:
        yield started


@pytest.fixture
def held(sandbox: Sandbox) -> Iterator[Held]:
    with fresh(sandbox) as found:
        yield found


def test_the_total_is_the_percentage_of_the_mrr(held: Held) -> None:
    found = held.all(entities("account", "account_discount"))
    told = {one.parent: one for one in found["account_discount"]}
    for account in found["account"]:
        total, mrr = (value(account, name, "account") for name in ("discount_total", "mrr"))
        if account.key not in told:
            assert total == 0
            continue
        percent = Decimal(str(value(told[account.key], "percent", "account_discount")))
        whole = (Decimal(str(mrr)) * percent / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
        wide = value(told[account.key], "plan_instance", "account_discount") is None
        assert total == whole if wide else 0 <= Decimal(str(total)) <= whole
    assert len(told) > 2


def test_coupons_of_the_whole_account_are_read(held: Held) -> None:
    uses = held.system.state("coupon_use")
    wide = {row["coupon_cd"] for row in uses if row["plan_instance_no"] is None}
    found = held.all(entities("account_coupon"))["account_coupon"]
    keyed = {one.key.split("|")[2] for one in found if "|account|" in one.key}
    assert keyed == wide != set()
    listed = held.all((lean(replace(entities("account_coupon")[0], shows={})),))
    assert len(listed["account_coupon"]) == len(found) - len(wide)


def test_rules_of_the_catalog_and_templates_take_one_call_each(held: Held) -> None:
    with held.counting() as calls:
        found = held.all(entities("discount_rule", "message_template"))
    assert calls == {"get_discount_rules_m": 1, "get_email_templates_m": 1}
    kinds = {"discount_rule": "discount_rule", "message_template": "email_template"}
    for name, kind in kinds.items():
        assert len(found[name]) == len(held.system.state(kind)) > 0
    dollars = next(one for one in found["discount_rule"] if one.key == "RULE-5-DOLLARS")
    assert (
        value(dollars, "percent", "discount_rule"),
        value(dollars, "amount", "discount_rule"),
    ) == (None, 5)


def test_discounts_name_a_rule_of_the_catalog(held: Held) -> None:
    rules = {one.key for one in held.all(entities("discount_rule"))["discount_rule"]}
    found = held.all(entities("account_discount"))["account_discount"]
    assert {value(one, "rule", "account_discount") for one in found} <= rules
    assert accounts_mapping().entity("account_discount").parent == "account"
