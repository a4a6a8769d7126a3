"""Changes of an account's own items: the fewest calls, in the order that Aria can follow.

The items are those whose edit Aria for Salesforce pushes (aria_for_salesforce.md §5.4), with the
PO number and the supplemental fields. The contacts are an entity of their own.
"""

from collections.abc import Sequence
from typing import Any

from app.connectors.aria.accounts import DETAILS, METHODS
from app.connectors.aria.catalog import FIELD_PREFIX
from app.connectors.aria.client import AriaClient
from app.connectors.aria.field_edits import edits, values_held
from app.connectors.aria.plan_edit import CLEAR, NotSendable
from app.connectors.aria.steps import Step
from app.connectors.aria.values import Row, is_on, rows, text, whole
from app.connectors.aria.wish import Wish
from app.domain.control import CancelToken

COMPLETE = "update_acct_complete_m"
DETACH = -999
"""As `senior_acct_no`: takes a child from its parent (aria.md §1.3)."""
# Column → input of update_acct_complete_m.
_CLIENT_ID = "client_acct_id"
_TEXTS = {_CLIENT_ID: "new_client_acct_id", "po_num": "po_num"}
_CODES = {"status_cd": "status_cd", "notify_method": "notify_method"}
_PARENT, _LEVEL, _PAYS, _TEST = "senior_acct_no", "=resp_level_cd", "=pay_method", "test_acct_ind"
COLUMNS = (*_TEXTS, *_CODES, _PARENT, _LEVEL, _PAYS, _TEST)
"""Billing names that can be set, besides the supplemental fields."""
_ENABLED = "1"
LONGEST_VALUE = 300
"""Characters of a supplemental field's value (aria_for_salesforce.md §5.4)."""


def is_item(column: str) -> bool:
    """Return whether a column of an account can be set."""
    return column in COLUMNS or column.startswith(FIELD_PREFIX)


def account_steps(client: AriaClient, wish: Wish, cancel: CancelToken) -> list[Step]:
    """Return the calls that change an account; what has to be known before is read.

    Raises:
        NotSendable: A value is wanted that Aria cannot be given.
    """
    if wish.wants(_CLIENT_ID) and not wish.told(_CLIENT_ID):
        message = f"Not sent: an account cannot be without a {wish.names[_CLIENT_ID]} in Aria."
        raise NotSendable(message)
    fields = [column for column in wish.values if column.startswith(FIELD_PREFIX)]
    details: Row = {}
    if fields or wish.wants(_PAYS, _TEST):
        details = client.core(DETAILS, {"acct_no": wish.acct_no}, cancel)
    complete = _complete(client, wish, details, cancel)
    level = _responsibility(wish)
    # Out of a parent's hands first; and what ends an account ends what else can be done to it.
    ends = wish.wants("status_cd") and wish.code("status_cd") <= 0
    leaves = wish.wants(_PARENT) and not wish.told(_PARENT)
    others = [*_test_flag(wish, details), *_fields(wish, fields, details)]
    if ends or leaves:
        return [*level, *others, *complete]
    return [*complete, *level, *others]


def account_calls(wish: Wish) -> int:
    """Return how many calls `account_steps` makes, and its steps are."""
    fields = any(column.startswith(FIELD_PREFIX) for column in wish.values)
    complete = wish.wants(*_TEXTS, *_CODES, _PARENT, _PAYS)
    steps = (complete, wish.wants(_LEVEL), wish.wants(_TEST), fields)
    reads = (fields or wish.wants(_PAYS, _TEST), wish.wants(_PAYS))
    return sum((*steps, *reads))


def _complete(client: AriaClient, wish: Wish, details: Row, cancel: CancelToken) -> list[Step]:
    inputs: dict[str, Any] = {}
    for column, name in _TEXTS.items():
        if column in wish.values:
            inputs[name] = wish.told(column) or CLEAR
    for column, name in _CODES.items():
        if column in wish.values:
            inputs[name] = wish.code(column)
    if wish.wants(_PARENT):
        inputs["senior_acct_no"] = whole(wish.told(_PARENT)) if wish.told(_PARENT) else DETACH
    if wish.wants(_PAYS):
        inputs["billing_groups_array"] = [_pays_with(client, wish, details, cancel)]
    if not inputs:
        return []
    fields = wish.fields([*_TEXTS, *_CODES, _PARENT, _PAYS])
    return [Step(COMPLETE, {"acct_no": wish.acct_no, **inputs}, fields)]


def _pays_with(client: AriaClient, wish: Wish, details: Row, cancel: CancelToken) -> dict[str, Any]:
    """Return the first billing group with another stored method as its primary one.

    Cards and bank accounts are never sent, so only a method that the account has can be chosen.
    """
    asked = {"acct_no": wish.acct_no}
    answer = client.core(METHODS, asked, cancel)
    fitting = [
        whole(row.get("payment_method_no"))
        for row in rows(answer, "account_payment_methods")
        if whole(row.get("pay_method_type")) == wish.code(_PAYS)
        and text(row.get("status")) == _ENABLED
    ]
    groups = [whole(row.get("billing_group_no")) for row in rows(details, "billing_groups_info")]
    if len(fitting) != 1 or not groups:
        found = "no" if not fitting else "more than one"
        what = f"{found} stored payment method of that type" if groups else "no billing group"
        message = f"Not sent: the account has {what}; Concord stores no card and no bank account."
        raise NotSendable(message)
    return {
        "billing_group_no": groups[0],
        "payment_option": "Methods",
        "primary_payment_method_no": fitting[0],
    }


def _responsibility(wish: Wish) -> list[Step]:
    """Return the call that sets who pays, for all master plan instances of the account."""
    if not wish.wants(_LEVEL):
        return []
    inputs = {"account_no": wish.acct_no, "resp_level_cd": wish.code(_LEVEL)}
    return [Step("set_payment_responsibility_m", inputs, wish.fields([_LEVEL]))]


def _test_flag(wish: Wish, details: Row) -> list[Step]:
    """Return the call that sets the test flag, none where it stands so: it is named a toggle."""
    if not wish.wants(_TEST):
        return []
    flag = is_on(wish.values[_TEST])
    if flag is is_on(details.get("test_acct_ind")):
        return []
    inputs = {"account_no": wish.acct_no, "test_acct_ind": int(flag)}
    return [Step("toggle_test_account_m", inputs, wish.fields([_TEST]))]


def _fields(wish: Wish, columns: Sequence[str], details: Row) -> list[Step]:
    held = values_held(rows(details, "supp_field"), "supp_field")
    triples = [
        {
            "supp_field_name": edit.name,
            "supp_field_value": edit.value,
            "supp_field_directive": edit.directive,
        }
        for name, value in ((c.removeprefix(FIELD_PREFIX), wish.told(c)) for c in columns)
        for edit in edits(name, value, held.get(name, []))
    ]
    inputs = {"acct_no": wish.acct_no, "acct_supp_fields": triples}
    return [Step("modify_acct_supp_fields_m", inputs, wish.fields(columns))] if triples else []
