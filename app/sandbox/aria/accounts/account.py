"""One account with everything it holds; rows are replaced, never changed in place."""

from dataclasses import dataclass
from typing import Any

from app.sandbox.aria.tables import Row


@dataclass(frozen=True, slots=True)
class Held:
    """A kind of record that an account holds."""

    name: str
    identity: tuple[str, ...]
    client_id: str | None = None


HELD = {
    kind.name: kind
    for kind in (
        Held("account", ("acct_no",), "client_acct_id"),
        Held("contact", ("contact_no",)),
        Held("acct_supp_field", ("supp_field_name", "supp_field_value")),
        Held("billing_group", ("billing_group_no",), "client_billing_group_id"),
        Held("payment_method", ("payment_method_no",), "client_payment_method_id"),
        Held("dunning_group", ("dunning_group_no",), "client_dunning_group_id"),
        Held("plan_instance", ("plan_instance_no",), "client_plan_instance_id"),
        Held("instance_field", ("plan_instance_no", "field_name", "field_value")),
        Held("custom_rate", ("plan_instance_no", "service_no", "rate_seq_no")),
        Held("coupon_use", ("coupon_cd", "plan_instance_no")),
        Held("queued_change", ("queue_id",)),
        Held("plan_history", ("history_no",)),
        Held("status_history", ("history_no",)),
        Held("contract", ("contract_no",), "client_contract_id"),
        Held("order", ("order_no",), "client_order_id"),
        Held("order_item", ("order_no", "line_no")),
        Held("transaction", ("transaction_id",)),
        Held("invoice", ("invoice_no",)),
        Held("invoice_line", ("invoice_no", "line_no")),
        Held("statement", ("statement_no",)),
        Held("payment", ("transaction_id",)),
        Held("payment_application", ("application_no",)),
        Held("credit", ("credit_no",)),
        Held("credit_memo", ("cm_no",)),
        Held("refund", ("transaction_id",)),
        Held("writeoff", ("rec_no",)),
        Held("usage", ("usage_rec_no",), "client_record_id"),
        Held("comment", ("comment_no",)),
    )
}


class Account:
    """The rows of one account, by kind, oldest first."""

    __slots__ = ("_tables", "no")

    def __init__(self, no: int, tables: dict[str, list[Row]] | None = None) -> None:
        self.no = no
        self._tables: dict[str, list[Row]] = tables or {}

    @property
    def row(self) -> Row:
        """The account's own row."""
        return self._tables["account"][0]

    def rows(self, kind: str) -> list[Row]:
        """Return the rows of a kind, oldest first."""
        return self._tables.get(kind, [])

    def where(self, kind: str, column: str, value: Any) -> list[Row]:
        """Return the rows of a kind with `value` in `column`."""
        return [row for row in self.rows(kind) if row[column] == value]

    def find(self, kind: str, column: str, value: Any) -> Row | None:
        """Return the first row of a kind with `value` in `column`, or None."""
        return next((row for row in self.rows(kind) if row[column] == value), None)

    def put(self, kind: str, row: Row) -> Row:
        """Add a row, or replace the one of the same identity."""
        rows, place = self._tables.setdefault(kind, []), self._place(kind, row)
        if place is None:
            rows.append(row)
        else:
            rows[place] = row
        return row

    def add(self, kind: str, row: Row) -> Row:
        """Add a row that is known to be new."""
        self._tables.setdefault(kind, []).append(row)
        return row

    def change(self, kind: str, row: Row, **values: Any) -> Row:
        """Replace a row by one with other values; the row may be an older version of it."""
        place = self._place(kind, row)
        if place is None:
            raise KeyError(kind)
        rows = self._tables[kind]
        rows[place] = {**rows[place], **values}
        return rows[place]

    def remove(self, kind: str, row: Row) -> None:
        """Delete a row."""
        place = self._place(kind, row)
        if place is not None:
            del self._tables[kind][place]

    def copy(self) -> "Account":
        """Return a copy that can be changed without touching this one."""
        return Account(self.no, {kind: list(rows) for kind, rows in self._tables.items()})

    def _place(self, kind: str, row: Row) -> int | None:
        columns = HELD[kind].identity
        wanted = [row[column] for column in columns]
        rows = self._tables.get(kind, [])
        for place in range(len(rows) - 1, -1, -1):  # what is changed is mostly new
            if [rows[place][column] for column in columns] == wanted:
                return place
        return None


def key_of(kind: str, row: Row) -> str:
    """Return the key by which the control door names a row: its client-defined id or numbers."""
    held = HELD[kind]
    if held.client_id is not None and row.get(held.client_id):
        return str(row[held.client_id])
    return "|".join(str(row[column]) for column in held.identity)
