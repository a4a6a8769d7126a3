"""Changes of a contact: of the account, of a billing group, of its statements (aria.md §2.3)."""

from typing import Any

from app.connectors.aria.accounts import CONTACTS, Facts, contact_rows
from app.connectors.aria.client import AriaClient
from app.connectors.aria.plan_edit import CLEAR, NotSendable
from app.connectors.aria.steps import Step
from app.connectors.aria.values import Row, text, whole
from app.connectors.aria.wish import Wish
from app.domain.control import CancelToken

_PLAIN = (
    *("last_name", "first_name", "company_name", "city", "postal_cd", "country_cd", "email"),
    *("phone", "cell_phone", "work_phone", "middle_initial", "phone_ext", "work_phone_ext", "fax"),
)
_STREET, _STATE, _COUNTRY = "=street", "=state", "country_cd"
COLUMNS = (*_PLAIN, _STREET, _STATE)
"""Billing names that can be set."""
_LINES = ("address1", "address2", "address3")
_ROLES = {"account": 1, "billing": 2, "backup": 3, "statement": 4}
_ACCOUNT = 1
_WITH_STATES = frozenset({"US", "CA", "AU"})  # all others have a locality (aria.md §1.7)


def contact_steps(client: AriaClient, wish: Wish, cancel: CancelToken) -> list[Step]:
    """Return the one call that changes a contact, after it was read.

    Raises:
        NotSendable: It is a contact that Aria does not let be changed, or has too long a street.
    """
    answer = client.core(CONTACTS, {"acct_no": wish.acct_no}, cancel)
    facts = Facts(wish.acct_no, {}, answers={CONTACTS: [answer]})
    held = next((row for row in contact_rows(facts) if row["=key"] == wish.key), None)
    if held is None:
        message = f"Not sent: Aria does not show the contact {wish.key}."
        raise NotSendable(message)
    inputs = {**_place(held), **_texts(wish), **_region(wish, held)}
    inputs["acct_no"] = wish.acct_no
    return [Step("update_contact_m", inputs, wish.fields(COLUMNS))]


def _place(held: Row) -> dict[str, Any]:
    role = text(held["=role"])
    kind = _ROLES.get(role)
    if kind is None:
        message = f"Not sent: Aria lets no contact with the role {role!r} be changed."
        raise NotSendable(message)
    if kind == _ACCOUNT:
        return {"contact_ind": kind}
    group = whole(held.get("billing_group_no"))
    if group is None:
        message = f"Not sent: Aria does not show whose billing group's {role} contact this is."
        raise NotSendable(message)
    return {"contact_ind": kind, "billing_group_no": group}


def _texts(wish: Wish) -> dict[str, Any]:
    texts = {name: wish.told(name) or CLEAR for name in _PLAIN if name in wish.values}
    if not wish.wants(_STREET):
        return texts
    lines = [line.strip() for line in wish.told(_STREET).split("\n") if line.strip()]
    if len(lines) > len(_LINES):
        message = f"Not sent: a street has at most {len(_LINES)} lines in Aria, not {len(lines)}."
        raise NotSendable(message)
    padded = [*lines, *[CLEAR] * (len(_LINES) - len(lines))]
    return {**texts, **dict(zip(_LINES, padded, strict=True))}


def _region(wish: Wish, held: Row) -> dict[str, str]:
    """Return state and locality: which of them holds the value depends on the country."""
    if not wish.wants(_STATE, _COUNTRY):
        return {}
    becomes = {
        name: wish.told(name) if name in wish.values else text(held.get(name))
        for name in (_STATE, _COUNTRY)
    }
    state = becomes[_STATE] or CLEAR
    if becomes[_COUNTRY] in _WITH_STATES:
        return {"state_prov": state, "locality": CLEAR}
    return {"locality": state, "state_prov": CLEAR}
