"""Object Query: its language, its pages and their limits (aria.md §2.11)."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from app.sandbox.launch import Sandbox

Call = Callable[..., dict[str, Any]]

FIRST = 55010001


def accounts(query: Call, text: str, **page: Any) -> list[int]:
    found = query("get_account_details_m", query_string=text, **page)
    assert found["error_code"] == 0, found
    return [row["acct_no"] for row in found["account_details_m"]]


def test_a_walk_by_number_meets_every_account_once(query: Call) -> None:
    last, seen = 0, []
    while True:
        page = accounts(query, f"acct_no > {last} ORDER BY acct_no ASC", limit=25)
        if not page:
            break
        seen += page
        last = page[-1]
    assert seen == list(range(FIRST, FIRST + 60))


def test_offsets_walk_too_and_totals_stay(query: Call) -> None:
    found = query("get_account_details_m", query_string="acct_no > 0", limit=25, offset=50)
    assert (found["starting_record"], found["total_records"]) == (50, 60)
    assert len(found["account_details_m"]) == 10


def test_the_limit_minus_one_counts_only(query: Call) -> None:
    found = query("get_account_details_m", query_string="country_cd = US", limit=-1)
    assert "account_details_m" not in found
    assert 0 < found["total_records"] < 60


def test_a_page_above_80_accounts_is_an_internal_error(
    aria: dict[str, Any], sandbox: Sandbox, session: requests.Session
) -> None:
    sandbox.systems["aria"].edit("setting", "accounts", {"value": 100_000})
    body = {"rest_call": "get_account_details_m", "query_string": "acct_no > 0", "limit": 81}
    who = {"client_no": aria["client_no"], "auth_key": aria["auth_key"]}
    assert session.post(aria["object_query_url"], json={**body, **who}).status_code == 500
    found = session.post(aria["object_query_url"], json={**body, **who, "limit": 80}).json()
    assert found["total_records"] == 100_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("acct_no = 55010003", [55010003]),
        ("where client_acct_id = NWT-10003", [55010003]),
        ("acct_no < 55010003 ORDER BY acct_no DESC", [55010002, 55010001]),
        ("acct_no = 55010009 OR acct_no = 55010002", [55010002, 55010009]),
        ("acct_no <= 55010009 AND email IS NULL", []),
        ("acct_no <= 55010012 AND email IS NULL", [55010010]),
        ("senior_acct_no = 55010004", [55010005, 55010006]),
        ('user_id LIKE "nwt1001%" AND acct_no != 55010010', list(range(55010011, 55010020))),
    ],
)
def test_the_language_chooses(query: Call, text: str, expected: list[int]) -> None:
    assert accounts(query, text) == expected


@pytest.mark.parametrize(
    "text",
    ["status_cd = 1", "acct_no ~ 1", "acct_no = ", "acct_no = x", "acct_no = 1 acct_no = 2"],
)
def test_what_is_no_query_is_1016(query: Call, text: str) -> None:
    assert query("get_account_details_m", query_string=text)["error_code"] == 1016


def test_a_query_is_needed_and_not_too_long(query: Call) -> None:
    assert query("get_account_details_m")["error_code"] == 1010
    long = " OR ".join(["acct_no = 55010001"] * 60)
    assert query("get_account_details_m", query_string=long)["error_code"] == 1016


def test_numbers_of_accounts_come_as_text(query: Call) -> None:
    row = query("get_account_details_m", query_string="acct_no = 55010001")["account_details_m"][0]
    assert row["status_cd"] == "1"
    assert isinstance(row["acct_balance"], str)
    assert row["master_plan_instances"][0]["master_plan_instance_id"].isdigit()


def test_transactions_are_read_on_by_their_number(query: Call, core: Call) -> None:
    text = "aria_event_no > 0 ORDER BY aria_event_no DESC"
    found = query("get_transaction_information_m", query_string=text, limit=1)
    newest = found["transaction_information"][0]["aria_event_no"]
    credit = {"credit_amount": 5, "credit_reason_cd": 1}
    core("apply_cash_credit_m", acct_no=FIRST, **credit)
    text = f"aria_event_no > {newest}"
    rows = query("get_transaction_information_m", query_string=text)["transaction_information"]
    assert [(row["acct_no"], row["transaction_type_no"]) for row in rows] == [(FIRST, 10)]
    assert rows[0]["is_charge_type"] == 0


def test_invoices_that_changed_are_found(query: Call, core: Call) -> None:
    now = core("get_virtual_datetime_m")["virtual_date"]
    text = f'last_updated >= "{now} 00:00:00" ORDER BY last_updated ASC'
    before = query("get_invoice_information_m", query_string=text, limit=-1)["total_records"]
    row = core("get_invoice_history_m", acct_no=55010002)["invoice_hist"][0]
    core("void_invoice_m", invoice_no=row["invoice_no"], reason_code=3)
    after = query("get_invoice_information_m", query_string=text, limit=500)
    assert after["total_records"] == before + 1
    assert row["invoice_no"] in {one["invoice_no"] for one in after["invoice_details_m"]}


def test_an_account_that_was_created_is_found(query: Call, core: Call) -> None:
    core("create_acct_complete_m", acct=[{"client_acct_id": "C-1", "acct_currency": "eur"}])
    assert accounts(query, "client_acct_id = C-1") == [FIRST + 60]
    assert accounts(query, "acct_no > 55010059 ORDER BY acct_no ASC") == [FIRST + 59, FIRST + 60]


def test_supplemental_fields_can_be_searched(query: Call) -> None:
    found = accounts(query, "acct_supp_field_name = region AND acct_supp_field_value = EMEA")
    assert 0 < len(found) < 60
