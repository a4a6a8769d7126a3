"""The account groups of the client, functional and for collections, and who is in them."""

from dataclasses import dataclass

from app.sandbox.aria.accounts.account import Account
from app.sandbox.aria.accounts.ledger import Books
from app.sandbox.aria.context import Answer, Context
from app.sandbox.aria.errors import AriaError, Code, missing, not_found
from app.sandbox.aria.inputs import Inputs, inputs
from app.sandbox.aria.tables import Row

_ADD, _DELETE = 1, 3


@dataclass(frozen=True, slots=True)
class GroupNames:
    """How the calls name the groups of one type.

    `column` holds their numbers in the row of an account.
    """

    group_type: str
    column: str
    number: str
    client_id: str
    directive: str = ""


FUNCTIONAL = GroupNames(
    "Functional",
    "functional_acct_groups",
    "functional_acct_group_no",
    "client_functional_acct_group_id",
    "functional_acct_grp_directive",
)
_COLLECTION = "collection_acct_groups"
# The number has another name where an account is made or read than where it is changed (S1).
COLLECTION = GroupNames(
    "Collections", _COLLECTION, "collections_acct_group_no", "client_collections_acct_group_id"
)
COLLECTION_UPDATE = GroupNames(
    "Collections",
    _COLLECTION,
    "collection_acct_group_no",
    "client_collection_acct_group_id",
    "collection_acct_grp_directive",
)
ALL_ACCOUNTS = 5
_GROUPS: dict[int, tuple[str, str, str]] = {  # of the data set: type, client-defined id, name
    ALL_ACCOUNTS: ("Functional", "ALL", "All accounts"),
    6: ("Functional", "WHOLESALE", "Wholesale"),
    11: ("Collections", "CARDS", "Cards"),
    12: ("Collections", "BANKS", "Bank accounts"),
}


def group_inputs(names: GroupNames) -> tuple[str, ...]:
    """Return the inputs of one row that names a group."""
    found = (f"{names.number}:int", names.client_id)
    return (*found, f"{names.directive}:int*") if names.directive else found


FUNCTIONAL_ROW = inputs(*group_inputs(FUNCTIONAL)[:2])
COLLECTION_ROW = inputs(*group_inputs(COLLECTION))
GROUP_UPDATES = inputs(
    functional_acct_groups_update=inputs(*group_inputs(FUNCTIONAL)),
    collection_acct_groups_update=inputs(*group_inputs(COLLECTION_UPDATE)),
)


def _named(names: GroupNames, wish: Inputs) -> int:
    number, client_id = wish.get(names.number), wish.get(names.client_id)
    if number is None and client_id is None:
        raise missing(f"{names.number} or {names.client_id}")
    for one, (kind, name, _) in _GROUPS.items():
        if kind == names.group_type and (one == number or (number is None and name == client_id)):
            return one
    raise not_found(f"{names.number} or {names.client_id}")


def join_groups(own: Books, names: GroupNames, wishes: list[Row]) -> None:
    """Put a new account into the groups of a request; without any it keeps those it has.

    Raises:
        AriaError: 1010 or 1013 for a row that names no group.
    """
    numbers = [_named(names, wish) for wish in wishes]
    if numbers:
        row = own.account.row
        own.account.put("account", {**row, names.column: list(dict.fromkeys(numbers))})


def change_groups(own: Books, names: GroupNames, wishes: list[Row]) -> None:
    """Put an account into groups (directive 1) or take it out of them (3), in their order.

    Raises:
        AriaError: 12004 for a group that it is in, 1013 for one that it is not in, 1039 for any
            other directive: of a membership there is nothing to change.
    """
    for wish in wishes:
        number, row = _named(names, wish), own.account.row
        held = list(row[names.column])
        if wish[names.directive] == _ADD:
            if number in held:
                raise AriaError(Code.IN_GROUP, "the account is already in the group")
            held.append(number)
        elif wish[names.directive] == _DELETE:
            if number not in held:
                raise not_found(names.number)
            held.remove(number)
        else:
            raise AriaError(Code.BAD_DIRECTIVE, f"invalid {names.directive}")
        own.account.put("account", {**row, names.column: held})


def groups_of(held: Account, names: GroupNames) -> list[Row]:
    """Return the groups of an account under the names of a call."""
    return [
        {names.number: number, names.client_id: _GROUPS[number][1]}
        for number in held.row[names.column]
    ]


def acct_groups(numbers: list[int]) -> list[Row]:
    """Return groups as the calls that list them print them."""
    return [
        {"group_no": number, "client_acct_group_id": client_id, "group_name": name}
        for number, (_, client_id, name) in _GROUPS.items()
        if number in numbers
    ]


def get_acct_groups_by_client(context: Context, sent: Inputs) -> Answer:
    """Answer get_acct_groups_by_client_m: the groups of both types (aria.md §2.1)."""
    del context, sent  # the groups are the client's configuration, and always the same
    return {
        "acct_groups": [
            {**row, "group_desc": "", "group_type": _GROUPS[row["group_no"]][0]}
            for row in acct_groups(list(_GROUPS))
        ]
    }
