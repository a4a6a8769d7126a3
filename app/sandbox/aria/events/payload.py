"""What an event notification carries: name/value pairs or XML (aria.md §3.3, §3.4)."""

from dataclasses import dataclass
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from app.sandbox.aria.accounts.account import Account
from app.sandbox.aria.accounts.setup import CONTACT_FIELDS
from app.sandbox.aria.events.catalog import EVENTS, LETTERS, VERSIONS
from app.sandbox.aria.tables import Row

_ADD, _MODIFY, _DELETE = "A", "M", "D"
_ADDED = frozenset({701, 801, 724, 725})
_PER_INSTANCE = {
    "master_plan_instance_no": "plan_instance_no",
    "client_master_plan_instance_id": "client_plan_instance_id",
    "mpi_plan_no": "plan_no",
    "mpi_client_plan_id": "client_plan_id",
    "mpi_plan_name": "plan_name",
    "mpi_plan_activation_date": "plan_assignment_date",
    "mpi_plan_termination_date": "plan_deprovisioned_date",
    "mpi_status_cd": "status_cd",
    "mpi_resp_level_cd": "resp_level_cd",
    "mpi_resp_plan_instance_no": "resp_plan_instance_no",
    "mpi_plan_units": "plan_units",
    "mpi_promo_cd": "promo_cd",
    "mpi_billing_group_no": "billing_group_no",
    "mpi_dunning_group_no": "dunning_group_no",
    "mpi_dunning_state": "dunning_state",
    "mpi_dunning_step": "dunning_step",
    "mpi_bill_day": "bill_day",
    "mpi_created_date": "plan_assignment_date",
    "mpi_next_bill_date": "next_bill_date",
    "mpi_last_bill_date": "last_bill_date",
    "mpi_plan_date": "plan_date",
    "mpi_status_date": "status_date",
}


@dataclass(frozen=True, slots=True)
class Message:
    """Events of one class that happened to one account in one call."""

    transaction_id: int
    class_no: int
    event_ids: tuple[int, ...]
    account: Account
    client_no: int
    auth_key: str
    receipt: str = ""
    record: int | None = None  # a transaction's or an order's number

    @property
    def action(self) -> str:
        """The letter for what happened to the object."""
        return _ADD if any(event in _ADDED for event in self.event_ids) else _MODIFY


def as_form(message: Message) -> bytes:
    """Return a message as name/value pairs; there is no client_acct_id (aria.md §3.3)."""
    row = message.account.row
    pairs: list[tuple[str, object]] = [
        ("version", VERSIONS[LETTERS[message.class_no]]),
        ("sender", "A"),
        ("transaction_id", message.transaction_id),
        ("action", message.action),
        ("class_name", LETTERS[message.class_no]),
        ("auth_key", message.auth_key),
        ("client_receipt_id", message.receipt),
        ("client_no", message.client_no),
        ("acct_no", message.account.no),
        ("userid", row["userid"]),
        ("status_cd", row["status_cd"]),
        ("senior_acct_no", row["senior_acct_no"]),
        ("notify_method", row["notify_method"]),
        ("currency", row["acct_currency"]),
        ("test_acct", "Y" if row["test_acct_ind"] else "N"),
    ]
    pairs += [(f"acct_contact_{name}", row[name]) for name in CONTACT_FIELDS]
    pairs += [(name, value) for name, value in _details(message).items()]
    for master in message.account.where("plan_instance", "supp_plan_ind", 0):
        pairs += [(f"{name}[]", master[column]) for name, column in _PER_INSTANCE.items()]
    for event in message.event_ids:
        pairs += [("event_id[]", event), ("event_label[]", EVENTS.get(event, ""))]
    return urlencode([(name, "" if value is None else value) for name, value in pairs]).encode()


def _details(message: Message) -> Row:
    held, number = message.account, message.record
    transaction = held.find("transaction", "transaction_id", number)
    if transaction is not None:
        return {
            "financial_trans_id": number,
            "type": transaction["transaction_type"],
            "amount": transaction["transaction_amount"],
        }
    order = held.find("order", "order_no", number)
    if order is not None:
        return {"order_no": number, "order_status": order["status_label"]}
    return {}


def as_xml(message: Message) -> bytes:
    """Return a message as an XML document (aria.md §3.4)."""
    letter = LETTERS[message.class_no]
    request = {
        "version": VERSIONS[letter],
        "sender": "A",
        "transaction_id": message.transaction_id,
        "action": message.action,
        "class": letter,
        "auth_key": message.auth_key,
        "client_receipt_id": message.receipt,
    }
    row = message.account.row
    data = {
        "client_no": message.client_no,
        "acct_no": message.account.no,
        "client_acct_id": row["client_acct_id"],
        "userid": row["userid"],
        "status_cd": row["status_cd"],
        "notify_method": row["notify_method"],
        "currency": row["acct_currency"],
        "test_acct": "Y" if row["test_acct_ind"] else "N",
    }
    events = "".join(
        _wrapped("event", _elements({"event_id": event, "event_label": EVENTS.get(event, "")}))
        for event in message.event_ids
    )
    masters = "".join(
        _wrapped(
            "master_plan_instance",
            _elements({name: master[column] for name, column in _PER_INSTANCE.items()}),
        )
        for master in message.account.where("plan_instance", "supp_plan_ind", 0)
    )
    account = (
        _wrapped("acct_data", _elements(data))
        + _wrapped("master_plan_instance_data", masters)
        + _body(message)
        + _wrapped("event_data", events)
    )
    whole = _wrapped("request", _elements(request)) + _wrapped("account", account)
    return b'<?xml version="1.0" encoding="UTF-8"?>' + _wrapped("apf2doc", whole).encode()


def _body(message: Message) -> str:
    details = _elements(_details(message))
    if LETTERS[message.class_no] == "T":
        one = _wrapped("financial_transaction", details)
        return _wrapped("financial_transactions", one)
    return details


def _elements(values: Row) -> str:
    return "".join(
        _wrapped(name, escape("" if value is None else str(value)))
        for name, value in values.items()
    )


def _wrapped(name: str, inside: str) -> str:
    return f"<{name}>{inside}</{name}>" if inside else f"<{name}/>"
