"""Reading transactions whole and of one account: the same records, all of them, in few calls."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from app.connectors.protocol import ReadRequest, Scope
from app.domain.control import CancelToken
from app.errors import Cancelled, RemoteRefused
from app.sandbox.aria.object_query.sources import SOURCES
from app.sandbox.launch import Sandbox
from tests.connectors.aria_money import (
    ACCOUNTS,
    BUSY,
    MOVING,
    PARENT,
    SHOWCASE,
    WRITTEN_OFF,
    Found,
    Money,
    fresh,
    running,
)

LISTED = {
    "invoice": "invoice",
    "transaction": "transaction",
    "payment": "payment",
    "refund": "refund",
    "statement": "statement",
    "write_off": "writeoff",
    "comment": "comment",
}
"""Entity → kind of the sandbox's own records, one to one."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running() as started:
        yield started


@pytest.fixture
def money(sandbox: Sandbox) -> Iterator[Money]:
    with fresh(sandbox) as found:
        yield found


def one_by_one(money: Money) -> Found:
    found: Found = {name: {} for name in MOVING}
    for acct_no in ACCOUNTS:
        for name, records in money.account(acct_no).items():
            found[name] |= records
    return found


def test_whole_and_account_by_account_the_records_are_the_same(money: Money) -> None:
    assert one_by_one(money) == money.whole()


def test_a_noisy_aria_gives_the_same_records(money: Money) -> None:
    quiet = money.whole()
    money.system.edit("setting", "noisy", {"value": True})
    assert money.whole() == quiet
    noisy = money.account(SHOWCASE)
    money.system.edit("setting", "noisy", {"value": False})
    assert noisy == money.account(SHOWCASE)


@pytest.mark.parametrize("name", LISTED)
def test_nothing_that_aria_holds_is_missed(money: Money, name: str) -> None:
    held = money.system.state(LISTED[name])
    real = [row for row in held if not row.get("is_pending_ind")]  # an invoice to be approved yet
    assert 0 < len(real) <= len(money.read(name)[name]) <= len(held)


def test_credits_and_credit_memos_are_both_read(money: Money) -> None:
    found = money.read("credit")["credit"].values()
    kinds = [money.value(record, "credit", "kind") for record in found]
    assert kinds.count("memo") == len(money.system.state("credit_memo")) > 0
    assert len(kinds) - kinds.count("memo") == len(money.system.state("credit")) > 0


def test_the_lines_of_an_invoice_make_its_amount(money: Money) -> None:
    found = money.read("invoice", "invoice_line")
    sums = dict.fromkeys(found["invoice"], Decimal(0))
    for line in found["invoice_line"].values():
        sums[str(line.parent)] += money.value(line, "invoice_line", "amount")
    assert sums == {
        key: money.value(record, "invoice", "amount") for key, record in found["invoice"].items()
    }


def test_the_signed_amounts_of_an_account_make_its_balance(money: Money) -> None:
    sums = dict.fromkeys(map(str, ACCOUNTS), Decimal(0))
    for record in money.read("transaction")["transaction"].values():
        sums[str(record.parent)] += money.value(record, "transaction", "signed")
    for acct_no, total in sums.items():
        assert Decimal(money.core("get_acct_balance_m", acct_no=acct_no)["acct_balance"]) == total


def test_every_type_and_its_void_are_there_and_in_one_column_each(money: Money) -> None:
    found = money.account(SHOWCASE, "transaction")["transaction"].values()
    types = {money.value(record, "transaction", "type") for record in found}
    assert {*range(1, 23), 24, *(-kind for kind in range(1, 23)), -24} <= types
    for record in found:
        columns = [money.value(record, "transaction", name) for name in ("charge", "credit")]
        assert columns.count(None) == 1


def test_whole_reads_take_the_calls_that_the_pages_need(money: Money) -> None:
    money.whole()
    accounts = len(ACCOUNTS)
    assert money.calls() == {
        "get_virtual_datetime_m": 4,
        "get_invoice_information_m": -(-len(money.system.state("invoice")) // 200),
        "get_transaction_information_m": -(-len(money.system.state("transaction")) // 500),
        "get_payment_details_m": -(-len(money.system.state("payment")) // 500),
        "get_refund_information_m": 1,
        "get_account_details_m": 2,
        **dict.fromkeys(ONCE_AN_ACCOUNT, accounts),
    }


ONCE_AN_ACCOUNT = (
    "get_acct_credits_m",
    "get_cm_list_m",
    "get_acct_writeoff_or_disputes_m",
    "get_acct_statement_history_m",
    "get_acct_comments_m",
    "get_usage_summary_by_type_m",
)


def test_an_account_is_read_with_each_call_once(money: Money) -> None:
    found = money.account(BUSY)
    assert len(found["transaction"]) > 300
    assert set(money.calls()) == {
        "get_invoice_information_m", "get_transaction_information_m", "get_payment_details_m",
        "get_refund_information_m", "get_account_details_m", *ONCE_AN_ACCOUNT,
    }  # fmt: skip
    assert set(money.calls().values()) == {1}


def test_only_the_entities_asked_for_are_read(money: Money) -> None:
    money.account(SHOWCASE, "transaction", "statement")
    assert money.calls() == {
        "get_transaction_information_m": 1,
        "get_acct_statement_history_m": 1,
    }


@pytest.mark.parametrize("account", ["1", "0015g00000XyZ", ""])
def test_an_account_that_aria_does_not_have_gives_nothing(money: Money, account: str) -> None:
    assert not any(money.account(account).values())


@pytest.mark.parametrize("name", MOVING)
def test_a_few_keys_give_their_records_and_no_others(money: Money, name: str) -> None:
    known = money.account(SHOWCASE if name != "write_off" else WRITTEN_OFF, name)[name]
    wanted = dict(list(known.items())[:3])
    money.sandbox.calls.clear()
    assert money.keyed(name, [*wanted, "1", "nonsense", "1|2"]) == wanted
    forecast = money.connector.forecast_reads(money.mapping.entity(name), len(wanted) + 3)
    assert 0 < sum(money.calls().values()) <= forecast
    assert money.keyed(name, []) == {}


def test_where_transactions_cannot_be_searched_by_account_core_is_asked(
    money: Money, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = money.account(BUSY, "transaction")
    searchable = SOURCES["get_transaction_information_m"].searchable
    monkeypatch.delitem(searchable, "acct_no")
    money.sandbox.calls.clear()
    assert money.account(BUSY, "transaction") == expected
    assert money.account(PARENT, "transaction")["transaction"]
    assert money.calls() == {"get_transaction_information_m": 1, "get_family_trans_history_m": 2}


def test_of_a_family_only_the_account_itself_is_taken(
    money: Money, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = money.account(PARENT, "transaction")
    searchable = SOURCES["get_transaction_information_m"].searchable
    monkeypatch.delitem(searchable, "acct_no")
    assert len(money.core("get_child_accts_m", parent_acct_no=PARENT)["child_accts"]) > 0
    assert money.account(PARENT, "transaction") == expected


def test_another_refusal_is_told(money: Money, monkeypatch: pytest.MonkeyPatch) -> None:
    searchable = SOURCES["get_payment_details_m"].searchable
    monkeypatch.delitem(searchable, "acct_no")
    with pytest.raises(RemoteRefused, match="acct_no"):
        money.account(BUSY, "payment")


@pytest.mark.parametrize("scope", [Scope.ALL, Scope.ACCOUNT])
def test_a_cancelled_read_ends_at_once(money: Money, scope: Scope) -> None:
    token = CancelToken()
    token.cancel()
    entities = (money.mapping.entity("transaction"),)
    request = ReadRequest(entities, scope, account=str(BUSY))
    with pytest.raises(Cancelled):
        list(money.connector.read(request, token))
