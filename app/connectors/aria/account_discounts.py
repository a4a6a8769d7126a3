"""Coupons of accounts and plan instances, what they take off, and Concord's own sum of it.

The rules are told by get_acct_coupon_details_m; without that call only the codes on master plan
instances are known. No call of Aria's tells a discount total: it is reckoned here.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from app.connectors.aria.accounts import COUPONS, Facts, coupons
from app.connectors.aria.catalog import rule_terms
from app.connectors.aria.values import Row, joined, number, rows, text, whole

_WHOLE_ACCOUNT = "account"
"""In a key in place of a plan instance's number: the coupon is that of the whole account."""
_RECURRING_SCOPES = frozenset({0, 10, 21})
"""Scopes of a rule that take in every recurring charge: all charges, those of all plans, all
recurring ones. A rule for some plans or services (11-13) does not say here for which (Aria's
knowledge base, create_discount_rule_m)."""
_CENT = Decimal("0.01")


def listed_coupon_rows(facts: Facts) -> Iterator[Row]:
    """Yield the coupons on master plan instances, by what the account came with."""
    for master in facts.masters:
        instance = whole(master.get("master_plan_instance_no"))
        for code in coupons(master):
            yield _coupon(facts, instance, code)


def coupon_rows(facts: Facts) -> Iterator[Row]:
    """Yield the coupons on master plan instances and of the whole account, with what they say."""
    told = {_place(row): row for row in facts.array(COUPONS, "coupons_detail")}
    listed = ((row["plan_instance_no"], row["coupon_cd"]) for row in listed_coupon_rows(facts))
    for place in dict.fromkeys([*listed, *told]):
        instance, code = place
        if code:
            yield {**told.get(place, {}), **_coupon(facts, instance, code)}


def _place(row: Row) -> tuple[int | None, str]:
    instance = whole(row.get("out_master_plan_instance_no"))
    return instance or None, text(row.get("out_coupon_cd"))


def _coupon(facts: Facts, instance: int | None, code: str) -> dict[str, Any]:
    return {
        "acct_no": facts.number,
        "coupon_cd": code,
        "plan_instance_no": instance,
        "=plan_instance": joined(facts.number, instance),
        "=key": joined(facts.number, instance or _WHOLE_ACCOUNT, code),
    }


def discount_rows(facts: Facts) -> Iterator[Row]:
    """Yield the discount rules and the credit templates of each coupon."""
    for row in coupon_rows(facts):
        about = {
            "acct_no": facts.number,
            "=coupon": row["=key"],
            "=plan_instance": row["=plan_instance"],
        }
        for rule in rows(row, "discount_rules"):
            key = joined(row["=key"], "rule", whole(rule.get("rule_no")))
            yield {**rule, **about, **rule_terms(rule), "=kind": "rule", "=key": key}
        for template in rows(row, "credit_templates"):
            own = whole(template.get("credit_template_no"))
            yield {
                **template,
                **about,
                "=kind": "credit",
                "=key": joined(row["=key"], "credit", own),
                "rule_name": template.get("template_name"),
                "=percent": number(template.get("percent_amount")) or None,
                "=amount": number(template.get("flat_amount")) or None,
            }


@dataclass(frozen=True, slots=True)
class Charge:
    """What a live plan instance costs: by the master that it is under.

    Attributes:
        master: Number of the master plan instance, its own if it is one.
        mrr: What it brings a month.
        months: Of its billing interval.
    """

    master: int
    mrr: Decimal
    months: int


@dataclass(frozen=True, slots=True)
class Discount:
    """What a live coupon takes off recurring charges at each billing.

    Attributes:
        instance: The master plan instance that it is on, None for the whole account.
    """

    instance: int | None
    percent: Decimal
    amount: Decimal


def discounts(facts: Facts) -> list[Discount]:
    """Return what the live coupons take off all recurring charges.

    Of a coupon with discount rules the rules count, of another its own recurring discount. An
    amount in another currency than the account's is left out.
    """
    live = (row for row in coupon_rows(facts) if whole(row.get("status_ind")) != 0)
    return [one for row in live for one in _of_coupon(row, facts.account.get("acct_currency"))]


def _of_coupon(row: Row, currency: Any) -> Iterator[Discount]:
    told = rows(row, "discount_rules")
    for rule in told:
        if whole(rule.get("scope_no")) in _RECURRING_SCOPES:
            terms = rule_terms(rule)
            own = rule.get("currency_cd")
            yield _discount(row, terms["=percent"], _in(currency, own, terms["=amount"]))
    if not told:
        flat = number(row.get("recur_discount_flat_amt"))
        percent = number(row.get("recur_discount_pct"))
        yield _discount(row, percent, _in(currency, row.get("currency_cd"), flat))


def _discount(row: Row, percent: Decimal | None, amount: Decimal | None) -> Discount:
    return Discount(row["plan_instance_no"], percent or Decimal(0), amount or Decimal(0))


def _in(currency: Any, own: Any, amount: Decimal | None) -> Decimal | None:
    same = not text(own) or text(own).lower() == text(currency).lower()
    return amount if same else None


def of_instance(found: Iterable[Discount], instance: int) -> Mapping[str, Decimal | None]:
    """Return what the coupons on a master plan instance take off, together; None for nothing."""
    own = [one for one in found if one.instance == instance]
    return {
        "=discount_percent": sum((one.percent for one in own), Decimal(0)) or None,
        "=discount_amount": sum((one.amount for one in own), Decimal(0)) or None,
    }


def discount_total(found: Iterable[Discount], charges: Iterable[Charge]) -> Decimal:
    """Return what discounts take off an account's MRR a month, never more than all of it.

    A percentage is of what the master and all below it bring, an amount is spread over the months
    of the shortest billing interval there; of the whole account, of all its plan instances.
    """
    total, every = Decimal(0), list(charges)
    for one in found:
        covered = [charge for charge in every if one.instance in (None, charge.master)]
        base = sum((charge.mrr for charge in covered), Decimal(0))
        if base:
            months = min(charge.months for charge in covered)
            total += min(base, base * one.percent / 100 + one.amount / months)
    brought = sum((charge.mrr for charge in every), Decimal(0))
    return min(total, brought).quantize(_CENT, ROUND_HALF_UP)
