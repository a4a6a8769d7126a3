"""Stored payment methods: what a request may say of one, and how it is added or changed.

Of a card, a bank account or an IBAN only the last characters are kept (aria.md §2.4).
"""

from app.sandbox.aria.accounts.account_writes import CONTACT_INPUTS, change_contact, contact_values
from app.sandbox.aria.accounts.ledger import Books
from app.sandbox.aria.accounts.setup import CARD, PAY_METHODS, add_payment_method
from app.sandbox.aria.context import Context
from app.sandbox.aria.errors import AriaError, Code
from app.sandbox.aria.inputs import Input, Inputs, inputs
from app.sandbox.aria.tables import Row

PAYMENT_ADDED, PAYMENT_CHANGED = 715, 716
ENABLED, DISABLED = 1, 0
_SUFFIX_LENGTH = 4
_CARD_LENGTHS = range(12, 20)
_ACH, _IBAN = 2, 27
_TYPES = frozenset(  # pay_method_type of aria.md §2.4
    {*range(-3, 22), *range(26, 31), 32, *range(37, 45), *range(46, 49)}
)
_BANK_DATA = {_ACH: ("bank_routing_num", "bank_acct_num"), _IBAN: ("iban",)}
_BILL_CONTACT = tuple(Input(f"bill_{spec.name}", spec.kind) for spec in CONTACT_INPUTS)
_WHAT = inputs(
    "pay_method_type:int cc_num cc_expire_mm:int cc_expire_yyyy:int bill_agreement_id",
    "iban bank_routing_num bank_acct_num pay_method_name pay_method_description",
)
METHOD_INPUTS = (*_WHAT, *_BILL_CONTACT)


def stored_values(own: Books, sent: Inputs, before: Row | None = None) -> Row:
    """Return the columns that a request gives a payment method.

    Raises:
        AriaError: 4006 for an unknown type, 4008 for an expiry that is none or has passed, 4009 for
            what is no card number, 4044 for a new method of a bank without its data.
    """
    names = (
        "cc_expire_mm",
        "cc_expire_yyyy",
        "bill_agreement_id",
        "pay_method_type",
        "pay_method_name",
        "pay_method_description",
    )
    values = {name: sent[name] for name in names if name in sent}
    kind = values.get("pay_method_type")
    if kind is not None:
        if kind not in _TYPES:
            raise AriaError(Code.BAD_PAYMENT_METHOD, f"invalid payment method type: {kind}")
        values.setdefault("pay_method_name", PAY_METHODS.get(kind, f"Method {kind}"))
    if before is None and any(name not in sent for name in _BANK_DATA.get(kind or 0, ())):
        raise AriaError(Code.NO_BANK_DATA, "missing bank data")
    _check_expiry(own, {**(before or {}), **values})
    number = sent.get("cc_num")
    if number is not None and not (
        number.isascii() and number.isdigit() and len(number) in _CARD_LENGTHS
    ):
        raise AriaError(Code.BAD_CARD, "invalid credit card number")
    for name in ("cc_num", "bank_acct_num", "iban"):
        if name in sent:
            values["suffix"] = sent[name][-_SUFFIX_LENGTH:]
            break
    return values


def _check_expiry(own: Books, row: Row) -> None:
    month, year = row.get("cc_expire_mm"), row.get("cc_expire_yyyy")
    wrong = month is not None and month not in range(1, 13)
    if month is not None and year is not None:
        wrong = wrong or (year, month) < (own.now.year, own.now.month)
    if wrong:
        raise AriaError(Code.BAD_EXPIRY, "invalid credit card expiration date")


def add_method(own: Books, sent: Inputs, client_id: str, contact: Row | None = None) -> Row:
    """Store a new payment method with a billing contact of its own; errors as `stored_values`."""
    values = stored_values(own, sent)
    whole = {**own.account.row, **(contact or {}), **contact_values(sent, "bill_")}
    kind = values.get("pay_method_type", CARD)
    row = add_payment_method(own, whole, client_id, 0, kind)
    return own.account.change("payment_method", row, **values)


def change_method(context: Context, own: Books, method: Row, sent: Inputs) -> Row:
    """Change a stored payment method and its billing contact; errors as `stored_values`."""
    values = stored_values(own, sent, method)
    if "disabled_ind" in sent:
        values["status"] = DISABLED if sent["disabled_ind"] else ENABLED
    contact = contact_values(sent, "bill_")
    row = own.account.find("contact", "contact_no", method["bill_contact_no"])
    if contact and row is not None:
        change_contact(context, own, row, contact)
    return own.account.change("payment_method", method, **values)
