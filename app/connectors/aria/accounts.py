"""From what Aria's calls tell of one account to flat rows, one kind of row an entity.

Whichever calls were made, a column has the same name and value: those of get_acct_details_all_m
and get_acct_plans_all_m (docs/mapping.md). So a read of all accounts and a read of one agree.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.connectors.aria.catalog import FIELD_PREFIX
from app.connectors.aria.values import Row, joined, named, rows, text, whole

DETAILS = "get_acct_details_all_m"
PLANS = "get_acct_plans_all_m"
CONTACTS = "get_acct_contacts_m"
METHODS = "get_acct_payment_methods_and_terms_m"
QUEUE = "get_acct_plan_queued_changes_m"
CONTRACTS = "get_all_acct_contracts_m"
COUPONS = "get_acct_coupon_details_m"
DUNNING = "get_acct_dunning_group_details_m"
PLAN_HISTORY = "get_acct_plan_history_m"
STATUS_HISTORY = "get_acct_status_history_m"

_ROLES = {
    "account": ("account_contact", ""),
    "billing": ("billing_contacts", "bill_"),
    "backup": ("backup_contacts", "bkup_"),
    "statement": ("statement_contacts", "stat_"),
    "other": ("other_contacts", "other_"),
}
_OTHER_NAMES = {
    "user_id": "userid",
    "billing_groups": "billing_groups_info",
    "master_plan_instances": "master_plans_info",
}
"""What Object Query calls otherwise than Core (aria.md §4.7)."""
_MASTER_NAMES = {
    "master_plan_instance_id": "master_plan_instance_no",
    "coupon_cd": "coupon_codes",
    "master_plan_plan_inst_fields": "mp_plan_inst_fields",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What was told of one account; what was not asked for is empty.

    Attributes:
        number: Aria's number of the account.
        account: The account with groups and plan instances, as get_acct_details_all_m names them.
        instances: Its rows of get_plan_instance_information_m, where those were asked for.
        answers: What the calls that read one account answered, by call.
    """

    number: int
    account: Row
    instances: Sequence[Row] = ()
    answers: Mapping[str, Sequence[Row]] = field(default_factory=dict)

    def array(self, call: str, name: str) -> list[Row]:
        """Return the rows of an array in all answers of a call."""
        return [row for answer in self.answers.get(call, ()) for row in rows(answer, name)]

    @property
    def masters(self) -> list[Row]:
        """The master plan instances that the account came with, ascending by number.

        Where the list of accounts leaves a number out (aria.md §2.11), the list of plan instances
        has it.
        """
        found = rows(self.account, "master_plans_info")
        if not all(named(row.get("master_plan_instance_no")) for row in found):
            found = [self._numbered(row) for row in found]
        return sorted(found, key=lambda row: whole(row.get("master_plan_instance_no")) or 0)

    def _numbered(self, master: Row) -> Row:
        own = text(master.get("client_master_plan_instance_id"))
        same = (one for one in self.instances if text(one.get("client_plan_instance_id")) == own)
        found = next(same, None)
        if not own or found is None or named(master.get("master_plan_instance_no")):
            return master
        return {**master, "master_plan_instance_no": found.get("plan_instance_no")}

    @property
    def groups(self) -> list[Row]:
        """The billing groups that the account came with, ascending by number."""
        found = rows(self.account, "billing_groups_info")
        return sorted(found, key=lambda row: whole(row.get("billing_group_no")) or 0)


def listed(row: Row) -> Row:
    """Return an account of Object Query's get_account_details_m under Core's names."""
    found = renamed(row, _OTHER_NAMES)
    masters = [renamed(one, _MASTER_NAMES) for one in rows(row, "master_plan_instances")]
    supplemental = [
        {name.removeprefix("acct_"): value for name, value in one.items()}
        for one in rows(row, "acct_supp_fields")
    ]
    return found | {"master_plans_info": masters, "supp_field": supplemental}


def detailed(answer: Row) -> Row:
    """Return the account that get_acct_details_all_m answered, twins settled (aria.md §4.2)."""
    (found,) = rows({"account": answer}, "account")
    return found


def renamed(row: Row, names: Mapping[str, str]) -> dict[str, Any]:
    """Return a row with other names for some columns."""
    return {names.get(name, name): value for name, value in row.items()}


def account_rows(facts: Facts) -> Iterator[Row]:
    """Yield the account itself, without what its plan instances tell (`accounts_plans`)."""
    row = facts.account
    yield {
        **row,
        "acct_no": facts.number,
        "senior_acct_no": named(row.get("senior_acct_no")),
        "=name": _name(row),
        "=pay_method": _pay_method(facts),
        **fields(rows(row, "supp_field"), "supp_field"),
    }


def _name(row: Row) -> str:
    """Return the company's name, or the person's where there is no company."""
    person = (text(row.get("first_name")), text(row.get("last_name")))
    return text(row.get("company_name")) or " ".join(filter(None, person))


def _pay_method(facts: Facts) -> int | None:
    """Return the type of the primary payment method of the first billing group (aria.md §2.4)."""
    if not facts.groups:
        return None
    group = facts.groups[0]
    number = whole(group.get("primary_payment_method_no"))
    methods = rows(facts.account, "payment_methods_info")
    own = (row for row in methods if number and whole(row.get("payment_method_no")) == number)
    stored = whole(next(own, {}).get("pay_method_type"))
    told = group.get("primary_pay_method", group.get("primary_payment_method_id"))
    return whole(told) if stored is None else stored


def fields(told: Iterable[Row], name: str, prefix: str = FIELD_PREFIX) -> dict[str, str]:
    """Return supplemental fields as columns; several values are joined with `; ` (aria.md §4.17).

    `name` is that of the columns that hold name and value, without `_name` and `_value`. Values
    are in alphabetical order, since two calls may tell them in two orders.
    """
    values: dict[str, list[str]] = {}
    for row in told:
        value = text(row.get(f"{name}_value"))
        if value:
            values.setdefault(text(row.get(f"{name}_name")), []).append(value)
    return {prefix + each: "; ".join(sorted(some)) for each, some in values.items()}


def contact_rows(facts: Facts) -> Iterator[Row]:
    """Yield the contacts of all roles, their prefixes dropped (aria.md §2.3)."""
    for role, (array, prefix) in _ROLES.items():
        for told in facts.array(CONTACTS, array):
            row = {name.removeprefix(prefix): value for name, value in told.items()}
            number = whole(row.get("contact_no"))
            streets = (text(row.get(f"address{line}")) for line in (1, 2, 3))
            yield {
                **row,
                "acct_no": facts.number,
                "last_name": _last_name(row),
                "=key": joined(facts.number, role, number),
                "=role": role,
                "=billing_group": joined(facts.number, named(row.get("billing_group_no"))),
                "=street": "\n".join(filter(None, streets)),
                "=state": text(row.get("state_prov")) or text(row.get("locality")),
                "country_cd": text(row.get("country_cd")) or text(row.get("country")),
            }


def _last_name(contact: Row) -> str:
    """Return what to call a contact: Salesforce takes none without a last name, Aria does."""
    names = (text(contact.get(name)) for name in ("last_name", "company_name", "first_name"))
    return next(filter(None, names), "")


def billing_group_rows(facts: Facts) -> Iterator[Row]:
    """Yield the billing groups."""
    for row in facts.groups:
        method = named(row.get("primary_payment_method_no"))
        backup = named(row.get("backup_payment_method_no"))
        own_id = text(row.get("client_billing_group_id"))
        yield {
            **row,
            "acct_no": facts.number,
            "=key": joined(facts.number, whole(row.get("billing_group_no"))),
            "client_billing_group_id": own_id or text(row.get("client_def_billing_group_id")),
            "=primary_payment_method": joined(facts.number, method),
            "=backup_payment_method": joined(facts.number, backup),
        }


def payment_method_rows(facts: Facts) -> Iterator[Row]:
    """Yield the payment methods: of a card its kind, its last digits and when it expires."""
    for row in facts.array(METHODS, "account_payment_methods"):
        month, year = whole(row.get("cc_expire_mm")), whole(row.get("cc_expire_yyyy"))
        yield {
            **{name: row.get(name) for name in _METHOD},
            "acct_no": facts.number,
            "=key": joined(facts.number, whole(row.get("payment_method_no"))),
            "suffix": text(row.get("suffix"))[-_LAST_DIGITS:],
            "=expires": f"{year:04d}-{month:02d}" if year and month else None,
        }


_METHOD = (
    "payment_method_no", "client_payment_method_id", "pay_method_type", "pay_method_name",
    "pay_method_description", "cc_type", "cc_id", "cc_expire_mm", "cc_expire_yyyy",
    "status", "persistent_ind", "from_date", "to_date",
)  # fmt: skip
"""What is taken of a payment method: no number or token of it ever leaves this module."""
_LAST_DIGITS = 4


def followed_dunning_rows(facts: Facts) -> Iterator[Row]:
    """Yield the dunning groups that plan instances follow, each once."""
    seen: set[int] = set()
    for master in facts.masters:
        number = named(master.get("dunning_group_no"))
        if number is None or number in seen:
            continue
        seen.add(number)
        own = {name: value for name, value in master.items() if "dunning" in name}
        yield {**own, **_dunning(facts, number), "=followed": 1}


def dunning_group_rows(facts: Facts) -> Iterator[Row]:
    """Yield all dunning groups: those that plan instances follow, then those that none does.

    The document shows groups without a number under another name (aria.md §2.4); what has no
    number here is known from the plan instances alone.
    """
    found = {row["dunning_group_no"]: row for row in followed_dunning_rows(facts)}
    for row in facts.array(DUNNING, "dunning_group_details"):
        number = named(row.get("dunning_group_no"))
        if number is not None and number not in found:
            found[number] = {**row, **_dunning(facts, number), "=followed": 0}
    yield from found.values()


def _dunning(facts: Facts, number: int) -> dict[str, Any]:
    return {
        "dunning_group_no": number,
        "acct_no": facts.number,
        "=key": joined(facts.number, number),
    }


def coupons(master: Row) -> list[str]:
    """Return the coupon codes of a master plan instance in order, each once."""
    told = rows(master, "coupon_codes")
    found = {text(row.get("coupon_cd", row.get("coupon_codes"))) for row in told}
    return sorted(filter(None, found))


def queue_rows(facts: Facts) -> Iterator[Row]:
    """Yield the changes of plan instances that wait, or waited."""
    for row in facts.array(QUEUE, "queued_change_details"):
        yield {
            **row,
            "acct_no": facts.number,
            "=key": joined(facts.number, whole(row.get("queue_id"))),
            "=plan_instance": joined(facts.number, named(row.get("plan_instance_no"))),
        }


def contract_rows(facts: Facts) -> Iterator[Row]:
    """Yield the contracts of both scopes (aria.md §2.6)."""
    for row in facts.array(CONTRACTS, "all_acct_contracts_m"):
        covered = rows(row, "contract_plan_instance_info")
        numbers = sorted(whole(one.get("plan_instance_no")) or 0 for one in covered)
        yield {
            **row,
            "acct_no": facts.number,
            "=key": joined(facts.number, whole(row.get("contract_no"))),
            "=plan_instances": "; ".join(map(str, numbers)),
        }


RowsOf = Callable[[Facts], Iterator[Row]]
