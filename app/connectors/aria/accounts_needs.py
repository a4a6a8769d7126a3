"""Which calls a mapping needs: what lists tell of all accounts is cheap, the rest one call each."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from app.connectors.aria.accounts import (
    CONTACTS,
    CONTRACTS,
    COUPONS,
    DETAILS,
    DUNNING,
    METHODS,
    PLAN_HISTORY,
    PLANS,
    QUEUE,
    STATUS_HISTORY,
)
from app.connectors.aria.accounts_plans import PRODUCT_PREFIX
from app.connectors.aria.catalog import FIELD_PREFIX
from app.domain.mapping import EntityMapping

_ACCOUNT = frozenset({
    "acct_no", "client_acct_id", "userid", "first_name", "last_name", "company_name", "address1",
    "address2", "address3", "city", "locality", "state_prov", "country_cd", "postal_cd", "phone",
    "phone_ext", "cell_phone", "work_phone", "work_phone_ext", "fax", "email", "birthdate",
    "status_cd", "notify_method", "senior_acct_no", "senior_acct_user_id", "senior_client_acct_id",
    "test_acct_ind", "taxpayer_id", "acct_start_date", "acct_currency", "acct_balance",
    "consumer_acct_ind", "po_num", "=name", "=pay_method",
})  # fmt: skip
"""What get_account_details_m tells of 80 accounts in one call (aria.md §2.11)."""
_OF_INSTANCES = frozenset({"=resp_level_cd", "=last_bill_thru_date"})
"""What the account's page needs the list of plan instances for."""
_BILLING_GROUP = frozenset({
    "acct_no", "=key", "billing_group_no", "billing_group_name", "billing_group_description",
    "client_billing_group_id",
})  # fmt: skip
_INSTANCE = frozenset({
    "acct_no", "acct_currency", "=key", "plan_instance_no", "client_plan_instance_id", "plan_no",
    "client_plan_id", "plan_name", "plan_units", "supp_plan_ind", "plan_instance_status_cd",
    "plan_instance_status_date", "last_bill_date", "next_bill_date", "bill_thru_date",
    "rate_schedule_no", "billing_group_no", "dunning_group_no", "resp_level_cd",
    "master_plan_instance_balance", "po_num", "=coupons", "=parent_instance",
    "=responsible_instance", "=billing_group", "=dunning_group",
})  # fmt: skip
"""What get_account_details_m and get_plan_instance_information_m tell together."""
_INSTANCE_DETAILS = frozenset({"promo_cd"})
_DISCOUNTS = frozenset({"=discount_percent", "=discount_amount", "=discount_total"})
_COUPON = frozenset({"acct_no", "=key", "coupon_cd", "plan_instance_no", "=plan_instance"})
_DUNNING_GROUP = frozenset({
    "acct_no", "=key", "dunning_group_no", "dunning_group_name", "dunning_group_description",
    "client_dunning_group_id", "dunning_process_no", "client_dunning_process_id",
})  # fmt: skip
"""What the list of accounts tells: of groups that plan instances follow, of coupons on them."""
_OF_PLANS, _BESIDE_PLANS = (PLANS,), frozenset({
    "resp_level_cd", "master_plan_instance_balance", "=responsible_instance"
})  # fmt: skip
_BY_ENTITY = {
    "contact": (CONTACTS,),
    "payment_method": (METHODS,),
    "plan_instance_rate": _OF_PLANS,
    "queued_change": (QUEUE,),
    "contract": (CONTRACTS,),
    "account_discount": (COUPONS,),
    "plan_history": (PLAN_HISTORY,),
    "status_history": (STATUS_HISTORY,),
}
_FROM_THE_ACCOUNT = frozenset({
    "account", "billing_group", "dunning_group", "plan_instance", "account_coupon",
    "account_discount",
})  # fmt: skip
"""Entities that come with the account itself, from a list or from its details."""
_WITH_INSTANCES = frozenset({"account", "plan_instance"})


@dataclass(frozen=True, slots=True)
class Needs:
    """What to ask Aria for.

    Attributes:
        calls: The calls to make for each account.
        instances: Whether to list plan instances too.
    """

    calls: frozenset[str]
    instances: bool = False


def of_all(entities: Sequence[EntityMapping]) -> Needs:
    """Return what a read of all accounts needs besides the list of them."""
    calls = frozenset(call for entity in entities for call in calls_of(entity))
    return Needs(calls, any(_lists_instances(entity, calls) for entity in entities))


def of_one(entities: Sequence[EntityMapping]) -> Needs:
    """Return what a read of one account needs; nothing is listed."""
    names = {entity.name for entity in entities}
    calls = {call for entity in entities for call in calls_of(entity)}
    if names & _FROM_THE_ACCOUNT:
        calls.add(DETAILS)
    if "plan_instance" in names:
        calls.add(PLANS)
    return Needs(frozenset(calls))


def calls_of(entity: EntityMapping) -> Iterator[str]:
    """Yield the calls for each account that an entity's columns cannot do without."""
    yield from _BY_ENTITY.get(entity.name, ())
    columns = _columns(entity)
    if entity.name == "account":
        if columns & {"=mrr", "=discount_total"}:
            yield PLANS
        if columns - _ACCOUNT - _OF_INSTANCES - _DISCOUNTS - {"=mrr"}:
            yield DETAILS
    if entity.name == "billing_group" and columns - _BILLING_GROUP:
        yield DETAILS
    if entity.name == "plan_instance":
        if columns & _INSTANCE_DETAILS:
            yield DETAILS
        if columns - _INSTANCE - _INSTANCE_DETAILS - _DISCOUNTS:
            yield PLANS
    if (entity.name == "account_coupon" and columns - _COUPON) or columns & _DISCOUNTS:
        yield COUPONS
    if entity.name == "dunning_group" and columns - _DUNNING_GROUP:
        yield DUNNING


def together(entities: Iterable[EntityMapping]) -> list[tuple[EntityMapping, ...]]:
    """Return the entities in groups, so that no call for each account is made for two of them."""
    groups: list[tuple[list[EntityMapping], set[str]]] = []
    for entity in entities:
        calls = set(calls_of(entity))
        same = [one for one in groups if one[1] & calls or not (one[1] or calls)]
        members = [member for one in same for member in one[0]]
        groups = [one for one in groups if one not in same]
        groups.append(([*members, entity], calls.union(*(one[1] for one in same))))
    return [tuple(members) for members, _calls in groups]


def _lists_instances(entity: EntityMapping, calls: Collection[str]) -> bool:
    if entity.name not in _WITH_INSTANCES or DETAILS in calls:
        return entity.name == "plan_instance" and PLANS not in calls
    columns = _columns(entity)
    if entity.name == "account":
        return bool(columns & _OF_INSTANCES)
    return PLANS not in calls or bool(columns & _BESIDE_PLANS)


def _columns(entity: EntityMapping) -> frozenset[str]:
    names = {entity.billing_key, *(field.billing for field in entity.fields)}
    own = (FIELD_PREFIX, PRODUCT_PREFIX)
    return frozenset(name for name in names if not name.startswith(own))
