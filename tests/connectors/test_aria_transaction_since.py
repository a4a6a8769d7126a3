"""Reading what came or changed since a cursor."""

from collections.abc import Iterator

import pytest

from app.connectors.protocol import Scope
from app.errors import CursorRefused
from app.sandbox.launch import Sandbox
from tests.connectors.aria_money import MOVING, SHOWCASE, WRITTEN_OFF, Money, fresh, running


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running() as started:
        yield started


@pytest.fixture
def money(sandbox: Sandbox) -> Iterator[Money]:
    with fresh(sandbox) as found:
        yield found


def open_invoice(money: Money, acct_no: int) -> str:
    """Return the number of an invoice with something left to pay."""
    for record in money.account(acct_no, "transaction")["transaction"].values():
        is_invoice = money.value(record, "transaction", "type") == 1
        if is_invoice and money.value(record, "transaction", "unapplied"):
            return str(money.value(record, "transaction", "invoice"))
    raise AssertionError("every invoice is paid")


def paid(money: Money, acct_no: int, invoice: str, amount: str = "1.00") -> str:
    """Pay a part of an invoice; return the number of the payment."""
    answer = money.core(
        "record_external_payment_m",
        acct_no=acct_no,
        payment_amount=amount,
        reference_code="W-1",
        invoice_no=[{"invoice_no": invoice}],
    )
    return str(answer["transaction_id"])


def void(money: Money, acct_no: int, transaction: str) -> str:
    """Void a transaction; return the number of the one that does."""
    inputs = {"account_no": acct_no, "transaction_id": transaction}
    answer = money.core("void_transaction_m", **inputs, comments="Twice", reason_code=1)
    return str(answer["new_transaction_id"])


def test_what_tells_no_changes_is_read_whole(money: Money) -> None:
    told = {name for name in MOVING if money.connector.incremental(money.mapping.entity(name))}
    assert told == {"invoice", "invoice_line", "transaction", "payment", "statement"}


@pytest.mark.parametrize("name", ["invoice", "transaction", "payment", "statement"])
def test_where_nothing_came_nothing_is_read(money: Money, name: str) -> None:
    money.later(days=2)
    assert money.since(name, money.cursor(name)) == {}


def test_a_new_payment_comes_with_the_invoice_that_it_pays(money: Money) -> None:
    invoice = open_invoice(money, WRITTEN_OFF)
    money.later(days=2)
    cursors = {name: money.cursor(name) for name in ("transaction", "payment", "invoice")}
    payment = paid(money, WRITTEN_OFF, invoice)
    assert set(money.since("payment", cursors["payment"])) == {payment}
    assert set(money.since("invoice", cursors["invoice"])) == {invoice}
    found = money.since("transaction", cursors["transaction"])
    assert money.value(found.pop(payment), "transaction", "credit") == 1
    (charge,) = found.values()
    assert money.value(charge, "transaction", "invoice") == invoice
    assert money.value(charge, "transaction", "applied") == 1


def test_statements_are_asked_for_of_accounts_where_something_moved(money: Money) -> None:
    invoice = open_invoice(money, WRITTEN_OFF)
    money.later(days=2)
    cursor = money.cursor("statement")
    paid(money, WRITTEN_OFF, invoice, "100000.00")
    money.sandbox.calls.clear()
    found = money.since("statement", cursor)
    assert found == money.account(WRITTEN_OFF, "statement")["statement"]
    statements = [
        one for one in found.values() if money.value(one, "statement", "invoice") == invoice
    ]
    assert [money.value(one, "statement", "status") for one in statements] == ["Paid"]
    assert money.calls()["get_acct_statement_history_m"] == 2


def test_a_void_comes_with_all_that_it_undoes(money: Money) -> None:
    invoice = open_invoice(money, WRITTEN_OFF)
    payment = paid(money, WRITTEN_OFF, invoice)
    before = money.account(WRITTEN_OFF, "transaction")["transaction"]
    money.later(days=2)
    cursor = money.cursor("transaction")
    new = void(money, WRITTEN_OFF, payment)
    after = money.account(WRITTEN_OFF, "transaction")["transaction"]
    found = money.since("transaction", cursor)
    changed = {key for key, record in after.items() if before.get(key) != record}
    assert len(changed) == 3
    assert changed <= set(found)
    assert {key: after[key] for key in found} == found
    assert money.value(found[new], "transaction", "charge") == 1


def test_an_old_payment_that_was_voided_is_read_again(money: Money) -> None:
    (payment, *_) = money.account(SHOWCASE, "payment")["payment"]
    money.later(days=2)
    cursor = money.cursor("payment")
    void(money, SHOWCASE, payment)
    found = money.since("payment", cursor)
    assert list(found) == [payment]
    assert money.value(found[payment], "payment", "status") == "Void"


def test_lines_of_a_new_invoice_come_with_it(money: Money) -> None:
    money.later(days=40)
    found = money.pages("invoice", "invoice_line")
    cursors = {page.entity: page.cursor for page in found if page.cursor}
    assert cursors["invoice"] == cursors["invoice_line"]
    money.core("gen_invoice_m", acct_no=SHOWCASE)
    news = money.read("invoice", "invoice_line", scope=Scope.SINCE, cursor=cursors["invoice"])
    (invoice,) = news["invoice"]
    assert {line.parent for line in news["invoice_line"].values()} == {invoice}


def test_a_cursor_reaches_back_for_what_was_late(money: Money) -> None:
    money.later(days=2)
    money.core("apply_cash_credit_m", acct_no=SHOWCASE, credit_amount=5, credit_reason_cd=1)
    money.sandbox.clock.advance(14 * 60)
    assert money.since("transaction", money.cursor("transaction"))
    money.sandbox.clock.advance(2 * 60)
    assert money.since("transaction", money.cursor("transaction")) == {}


def test_the_clock_of_the_cursor_is_arias_own(money: Money) -> None:
    money.later(days=900)
    now = money.core("get_virtual_datetime_m")
    client, _, moment = money.cursor("payment").rpartition("|")
    assert client == str(money.sandbox.ready["aria"]["client_no"])
    assert moment.startswith(now["virtual_date"])


@pytest.mark.parametrize("cursor", ["4711|2026-01-31 10:00:00", "2026-01-31 10:00:00", "", "X|Y"])
def test_a_cursor_of_another_client_is_refused(money: Money, cursor: str) -> None:
    with pytest.raises(CursorRefused):
        money.since("transaction", cursor)


def test_a_cursor_without_a_time_is_refused(money: Money) -> None:
    client = money.cursor("transaction").partition("|")[0]
    with pytest.raises(CursorRefused, match="no time"):
        money.since("transaction", f"{client}|soon")
