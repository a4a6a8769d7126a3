"""Object Query of an independent Aria: its query language and its lists (aria.md §2.11)."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tests.connectors.independent_aria_state import Outage, Refusal, Truth, bare
from tests.connectors.independent_aria_truth import Row


def _account_list(truth: Truth) -> Iterator[Row]:
    for held in truth.accounts.values():
        masters = [one for one in held["=instances"] if not one["supp_plan_ind"]]
        below = [one for one in held["=instances"] if one["supp_plan_ind"]]
        told = bare(held)
        told["user_id"] = told.pop("userid")
        told.pop("invoice_approval_required")
        yield {
            **told,
            "status_cd": str(held["status_cd"]),
            "acct_supp_fields": [
                {"acct_supp_field_name": name, "acct_supp_field_value": value}
                for name, value in held["=fields"]
            ],
            "billing_groups": [
                {
                    "billing_group_no": str(one["billing_group_no"]),
                    "billing_group_name": one["billing_group_name"],
                    "billing_group_description": one["billing_group_description"],
                    "client_billing_group_id": one["client_def_billing_group_id"],
                    "primary_pay_method": one["primary_payment_method_id"],
                }
                for one in held["=groups"]
            ],
            "master_plan_instances": [
                _listed_master(one, below, blank=truth.dialect.blank) for one in masters
            ],
        }


def _listed_master(one: Row, below: list[Row], *, blank: bool) -> Row:
    return {
        "master_plan_instance_id": "" if blank else str(one["plan_instance_no"]),
        "client_master_plan_instance_id": one["client_plan_instance_id"],
        "client_master_plan_id": one["client_plan_id"],
        "master_plan_no": str(one["plan_no"]),
        "dunning_group_no": one["dunning_group_no"],
        "client_dunning_group_id": "DG",
        "dunning_group_name": "Dunning",
        "dunning_group_description": None,
        "dunning_process_no": 3,
        "po_num": one["po_num"],
        "coupon_cd": [{"coupon_cd": code} for code in one["=coupons"]],
        "supp_plans": [
            {
                "supp_plan_instance_no": str(each["plan_instance_no"]),
                "client_supp_plan_instance_id": each["client_plan_instance_id"],
                "client_supp_plan_id": each["client_plan_id"],
                "supp_plan_no": str(each["plan_no"]),
                "parent_plan_instance_no": str(each["parent_plan_instance_no"]),
            }
            for each in below
            if each["master_plan_instance_no"] == one["plan_instance_no"]
        ],
    }


def _instance_list(truth: Truth) -> Iterator[Row]:
    for held in truth.accounts.values():
        for one in held["=instances"]:
            yield {
                "acct_no": held["acct_no"],
                "plan_instance_no": str(one["plan_instance_no"]),
                "client_plan_instance_id": one["client_plan_instance_id"],
                "plan_no": one["plan_no"],
                "client_plan_id": one["client_plan_id"],
                "plan_name": one["plan_name"],
                "plan_units": one["plan_units"],
                "last_bill_date": one["last_bill_date"],
                "next_bill_date": one["next_bill_date"],
                "bill_thru_date": one["bill_thru_date"],
                "status_cd": str(one["plan_instance_status_cd"]),
                "status_date": one["plan_instance_status_date"],
                "schedule_no": one["rate_schedule_no"],
                "master_plan_instance_balance": one["=balance"],
                "billing_group_no": one["billing_group_no"],
                "dunning_group_no": one["dunning_group_no"],
                "responsibility_level_cd": one["=level"],
                "responsible_plan_instance_no": one["=payer"],
                "product_fields": [
                    {"product_field_name": "sf_family", "product_field_value": "Core"}
                ],
            }


@dataclass(frozen=True)
class Kind:
    """A list: its array, what can be searched for, its rows, and how many a page may have."""

    array: str
    searchable: frozenset[str]
    rows: Callable[[Truth], Iterator[Row]]
    most: int = 999


def _moved(name: str) -> Callable[[Truth], Iterator[Row]]:
    return lambda truth: iter(truth.moved[name])


LISTS: Mapping[str, Kind] = {
    "get_account_details_m": Kind(
        "account_details_m", frozenset({"acct_no", "client_acct_id"}), _account_list, 80
    ),
    "get_plan_instance_information_m": Kind(
        "plan_instance_details",
        frozenset({"acct_no", "plan_instance_no", "status_cd"}),
        _instance_list,
    ),
    "get_invoice_information_m": Kind(
        "invoice_details_m",
        frozenset({"acct_no", "invoice_no", "last_updated"}),
        _moved("invoice"),
    ),
    "get_transaction_information_m": Kind(
        "transaction_information",
        frozenset({"aria_event_no", "transaction_date", "transaction_type_no"}),
        _moved("transaction"),
    ),
    "get_refund_information_m": Kind(
        "refund_information", frozenset({"acct_no", "aria_event_no"}), _moved("refund")
    ),
    "get_payment_details_m": Kind(
        "payment_details",
        frozenset({"acct_no", "payment_id", "last_updated"}),
        _moved("payment"),
    ),
    "get_order_details_m": Kind(
        "order_details", frozenset({"acct_no", "order_no", "last_updated"}), _moved("order")
    ),
}
SAFE = frozenset({"acct_no", "client_acct_id"})
_UNSURE = frozenset({"get_payment_details_m", "get_order_details_m"})
_CONDITION = re.compile(r'(\w+) (=|!=|<=|>=|<|>) (?:"([^"]*)"|([^ "<>=]+))')


def queried(truth: Truth, call: str, asked: Row) -> Row:
    """Answer a call of Object Query."""
    found = LISTS[call]
    limit, offset = int(asked.get("limit") or 100), int(asked.get("offset") or 0)
    if limit > found.most:
        raise Outage
    text = asked.get("query_string")
    if not text:
        raise Refusal(1010, "required input missing: query_string")
    if len(text) > 1000:
        raise Refusal(1012, "query too long")
    unsure = truth.dialect.only_safe and call in _UNSURE
    rows = _searched(list(found.rows(truth)), text, SAFE if unsure else found.searchable)
    if limit == -1:
        return {"starting_record": 0, "total_records": len(rows)}
    most = min(limit, truth.dialect.cap or limit)
    page = rows[offset : offset + most]
    counts = {"starting_record": offset, "total_records": len(rows)}
    return {**(counts if truth.dialect.counts else {}), found.array: page}


def _searched(rows: list[Row], text: str, searchable: frozenset[str]) -> list[Row]:
    where, _, order = text.partition(" ORDER BY ")
    any_of = " OR " in where
    tests = [_test(part, searchable) for part in re.split(r" (?:AND|OR) ", where)]
    kept = [r for r in rows if (any if any_of else all)(test(r) for test in tests)]
    if order:
        name, _, way = order.partition(" ")
        if name not in searchable or way not in {"", "ASC", "DESC"}:
            raise Refusal(1016, f"cannot order by {order}")
        kept.sort(key=lambda row: _comparable(row[name]), reverse=way == "DESC")
    return kept


def _test(text: str, searchable: frozenset[str]) -> Callable[[Row], bool]:
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise Refusal(1012, f"cannot parse {text!r}")
    name, operator, quoted, plain = match.groups()
    if name not in searchable:
        raise Refusal(1016, f"{name} is not searchable")
    wanted = _comparable(plain if quoted is None else quoted)
    compare: Mapping[str, Callable[[Any, Any], bool]] = {
        "=": lambda a, b: a == b,
        "!=": lambda a, b: a != b,
        "<": lambda a, b: a < b,
        "<=": lambda a, b: a <= b,
        ">": lambda a, b: a > b,
        ">=": lambda a, b: a >= b,
    }
    return lambda row: bool(compare[operator](_comparable(row[name]), wanted))


def _comparable(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return f"{value}"
    text = str(value)
    return int(text) if re.fullmatch(r"-?\d+", text) else text
