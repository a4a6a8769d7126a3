"""Calls that read transactions of an account and of a family (aria.md §2.8)."""

from collections.abc import Iterator

from app.sandbox.aria.accounts.account import Account
from app.sandbox.aria.accounts.lookups import account, account_no, names_of, of_master
from app.sandbox.aria.context import Answer, Context
from app.sandbox.aria.errors import AriaError, Code
from app.sandbox.aria.inputs import Inputs
from app.sandbox.aria.tables import Row

_EVERY = 10**9

_HISTORY = (
    "transaction_id",
    "transaction_type",
    "transaction_desc",
    "transaction_amount",
    "transaction_applied_amount",
    "transaction_currency",
    "transaction_create_date",
    "transaction_void_date",
    "transaction_void_reason",
    "statement_no",
    "seq_statement_id",
    "client_receipt_id",
    "transaction_comments",
    "transaction_source_id",
    "transaction_ref_code",
    "invoice_no",
)


def get_acct_trans_history(context: Context, sent: Inputs) -> Answer:
    """Answer get_acct_trans_history_m: newest first; what is void only if asked for."""
    held = account(context, sent)
    kind = sent.get("transaction_type")
    rows = list(_chosen(held, sent, kind, of_master(held, sent)))
    return {
        "history": [
            {name: row[name] for name in _HISTORY}
            for row in rows[: sent.get("record_limit", _EVERY)]
        ]
    }


def get_family_trans_history(context: Context, sent: Inputs) -> Answer:
    """Answer get_family_trans_history_m: a parent's and its children's, under shorter names."""
    top = account_no(context, sent, ("parent_acct_no",))
    numbers, level = [top], [top]
    while level:
        level = [child for one in level for child in context.work.accounts.children(one)]
        numbers += level
        if not sent.get("do_multi_level", False):
            break
    found = []
    for held in context.work.accounts.all(numbers):
        chosen = _chosen(held, sent, sent.get("trans_type"), None)
        found += [_of_family(held, row) for row in chosen]
    found.sort(key=lambda row: -int(row["transaction_id"]))
    return {"fam_transactions": found[: sent.get("record_limit", _EVERY)]}


def _chosen(held: Account, sent: Inputs, kind: int | None, master: int | None) -> Iterator[Row]:
    first, last = sent.get("start_date", ""), sent.get("end_date", "9999")
    voids = sent.get("include_void_transactions", False)
    for row in reversed(held.rows("transaction")):
        is_void = row["transaction_type"] < 0 or row["transaction_void_date"] is not None
        if (
            (voids or not is_void)
            and kind in (None, row["transaction_type"])
            and first[:10] <= row["transaction_create_date"][:10] <= last[:10]
            and master in (None, row["master_plan_instance_no"])
            and sent.get("filter_statement_no", row["statement_no"]) == row["statement_no"]
            and sent.get("filter_seq_statement_id", row["seq_statement_id"])
            == row["seq_statement_id"]
        ):
            yield row


def _of_family(held: Account, row: Row) -> Row:
    number, name = names_of(held, row["master_plan_instance_no"])
    same = (
        "transaction_id",
        "transaction_type",
        "transaction_desc",
        "transaction_currency",
        "transaction_create_date",
        "transaction_void_date",
        "transaction_void_reason",
        "client_receipt_id",
        "transaction_comments",
        "transaction_source_id",
        "transaction_ref_code",
        "invoice_no",
    )
    return {
        "acct_no": held.no,
        "master_plan_instance_no": number,
        "client_master_plan_instance_id": name,
        **{column: row[column] for column in same},
        "transaction_amt": row["transaction_amount"],
        "transaction_applied_amt": row["transaction_applied_amount"],
        "transaction_stmt_no": row["statement_no"],
        "transaction_seq_stmt_id": row["seq_statement_id"],
    }


def get_extended_transaction_info(context: Context, sent: Inputs) -> Answer:
    """Answer get_extended_transaction_info_m: who made a transaction, and when."""
    row = the_transaction(account(context, sent), sent["transaction_id"])
    return {
        "trans_create_user": "api",
        "trans_create_date": row["transaction_create_date"],
        "extended_transaction_qualifiers": [],
    }


def the_transaction(held: Account, number: int) -> Row:
    """Return a transaction of an account.

    Raises:
        AriaError: 2001 when there is none.
    """
    row = held.find("transaction", "transaction_id", number)
    if row is None:
        raise AriaError(Code.NO_TRANSACTION, "transaction not found")
    return row
