"""create_acct_complete_m: accounts with groups, methods, plans, contracts (aria.md §2.3)."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

from app.sandbox.aria.accounts.account import Account
from app.sandbox.aria.accounts.account_groups import (
    COLLECTION,
    COLLECTION_ROW,
    FUNCTIONAL,
    FUNCTIONAL_ROW,
    join_groups,
)
from app.sandbox.aria.accounts.account_reads import must_be_free
from app.sandbox.aria.accounts.account_writes import (
    CONTACT_INPUTS,
    CREATED,
    ITEM_INPUTS,
    contact_values,
    set_field,
    set_items,
)
from app.sandbox.aria.accounts.billing_run import Run, bill_now
from app.sandbox.aria.accounts.collecting import billing_error
from app.sandbox.aria.accounts.contracting import INSTANCE_SCOPE, add_contract
from app.sandbox.aria.accounts.custom_rates import CUSTOM_RATES
from app.sandbox.aria.accounts.group_reads import contacts_of
from app.sandbox.aria.accounts.group_writes import dunning_process
from app.sandbox.aria.accounts.instance_writes import assign
from app.sandbox.aria.accounts.ledger import Books
from app.sandbox.aria.accounts.payment_methods import METHOD_INPUTS, add_method
from app.sandbox.aria.accounts.rates import monthly_charge
from app.sandbox.aria.accounts.setup import (
    TERMS,
    add_billing_group,
    add_contact,
    add_dunning_group,
    new_account,
)
from app.sandbox.aria.accounts.starts import (
    AT_ONCE,
    FULL_INVOICE,
    PRORATED_INVOICE,
    START_INPUTS,
    checked_bill_day,
)
from app.sandbox.aria.context import Answer, Context
from app.sandbox.aria.errors import AriaError, Code, invalid, missing
from app.sandbox.aria.inputs import Input, Inputs, inputs
from app.sandbox.aria.tables import Row

Made = TypeVar("Made")
_DEEPEST = 5  # levels of accounts in one request
_OF_ALL_PLANS = tuple(spec.name for spec in START_INPUTS)
_COUPONS = inputs(coupon_codes=inputs("coupon_codes"))
_PLAN = (
    *inputs(
        "plan_instance_idx:int client_plan_instance_id(100) plan_no:int client_plan_id",
        "plan_instance_units:num plan_instance_status:int alt_rate_schedule_no:int",
        "client_alt_rate_schedule_id billing_group_idx:int dunning_group_idx:int",
        "resp_level_cd:int promo_cd po_num",
        plan_instance_fields_info=inputs("field_name* field_value"),
    ),
    *CUSTOM_RATES,
    *_COUPONS,
)
_METHOD = (
    *inputs(
        "payment_method_idx:int client_pay_method_cdid client_payment_method_id suffix"
        " bank_routing_no"
    ),
    *METHOD_INPUTS,
    *CONTACT_INPUTS,
)
_GROUP = (
    *inputs(
        "billing_group_idx:int client_billing_group_id billing_group_name",
        "billing_group_description notify_method:int payment_option",
        "primary_payment_method_idx:int primary_client_payment_method_id payment_terms_no:int",
        "client_payment_term_id stmt_first_name stmt_last_name stmt_email",
    ),
    *CONTACT_INPUTS,
)
_ACCT: tuple[Input, ...] = (
    *START_INPUTS,
    *ITEM_INPUTS,
    *CONTACT_INPUTS,
    *inputs(
        "client_senior_acct_id acct_start_date:date invoicing_option:int",
        supp_field=inputs("supp_field_name* supp_field_value"),
        functional_acct_group=FUNCTIONAL_ROW,
        collection_acct_group=COLLECTION_ROW,
        payment_method=_METHOD,
        billing_group=_GROUP,
        dunning_group=inputs(
            "dunning_group_idx:int client_dunning_group_id dunning_group_name"
            " dunning_process_no:int client_dunning_process_id"
        ),
        master_plans_detail=(*_PLAN, *inputs(supp_plan=_PLAN)),
        contracts=inputs(
            "client_contract_id contract_type_no:int contract_length_months:int"
            " contract_start_date:date",
            contract_plans=inputs("plan_instance_idx:int"),
        ),
    ),
)


def _nested(levels: int) -> tuple[Input, ...]:
    """Return the inputs of an account with those of its children, which have the same shape."""
    return (*_ACCT, *inputs(acct=_nested(levels - 1))) if levels else _ACCT


CREATE_INPUTS = inputs("do_write:flag", acct=_nested(_DEEPEST - 1))


def create_acct_complete(context: Context, sent: Inputs) -> Answer:
    """Answer create_acct_complete_m; several accounts are created together or not at all.

    Children stand in `acct` of their parent's row; in the answer they follow it.
    """
    wishes = sent.get("acct", [])
    if not wishes:
        raise missing("acct")
    return {"out_acct": _create_all(context, wishes, None)}


def _create_all(context: Context, wishes: list[Row], senior: int | None) -> list[Row]:
    found = []
    for wish in wishes:
        above = {} if senior is None else {"senior_acct_no": senior}
        made = _create(context, {**wish, **above})
        found += [made, *_create_all(context, wish.get("acct", []), made["acct_no"])]
    return found


def _create(context: Context, wish: Inputs) -> Row:
    currency = wish.get("acct_currency") or _currency_of(context, wish)
    if context.tables.get("currency", currency) is None:
        raise AriaError(Code.BAD_CURRENCY, f"invalid currency: {currency[:10]}")
    work, now = context.work, context.clock.now()
    number = work.accounts.number("account")
    row = new_account(number, currency, now)
    row |= {"client_acct_id": str(number), "userid": str(number)}
    row["acct_create_client_receipt_id"] = work.receipt
    for name in ("client_acct_id", "userid"):
        if wish.get(name):
            must_be_free(context, name, wish[name])
            row[name] = wish[name]
    if "acct_start_date" in wish:
        row["acct_start_date"] = wish["acct_start_date"]
    held = Account(number)
    held.add("account", row)
    work.create(held)
    own = Books(held, context.tables, now, work.accounts.number, work.receipt)
    contact = contact_values(wish)
    contact_no = add_contact(own, "account", contact)
    held.put("account", {**held.row, **contact, "acct_contact_no": contact_no})
    work.note(CREATED, held)
    join_groups(own, FUNCTIONAL, wish.get("functional_acct_group", []))
    join_groups(own, COLLECTION, wish.get("collection_acct_group", []))
    parent = {"senior_client_acct_id": wish.get("client_senior_acct_id")}
    set_items(context, own, {**wish, **parent, "client_acct_id": None, "userid": None})
    for field in wish.get("supp_field", ()):
        value = {"name": field["supp_field_name"], "value": field.get("supp_field_value", "")}
        set_field(context, own, {**value, "directive": 1})
    return _with_plans(context, own, wish)


def _currency_of(context: Context, wish: Inputs) -> str:
    """Return the currency of the first plan's default schedule (aria_for_salesforce.md §5.5)."""
    plans = [plan for plan in wish.get("master_plans_detail", ()) if plan]
    number = plans[0].get("plan_no") if plans else None
    if number is None and plans:
        number = context.tables.number("plan", plans[0].get("client_plan_id", ""))
    plan = None if number is None else context.tables.get("plan", number)
    return str(plan["currency_cd"]) if plan else "usd"


def _with_plans(context: Context, own: Books, wish: Inputs) -> Row:
    if "alt_bill_day" in wish:
        checked_bill_day(wish["alt_bill_day"])
    methods = _by_place(wish.get("payment_method", ()), "payment_method_idx", partial(_method, own))
    make_group = partial(_group, own, methods)
    groups = _by_place(wish.get("billing_group", ()), "billing_group_idx", make_group)
    dunning = _by_place(wish.get("dunning_group", ()), "dunning_group_idx", partial(_dunning, own))
    start = {name: wish[name] for name in _OF_ALL_PLANS if name in wish}
    start["invoicing_option"] = wish.get("invoicing_option", FULL_INVOICE)
    made: dict[int, int] = {}
    assigned = []
    for place, plan in enumerate(wish.get("master_plans_detail", ()), 1):
        ready = {**start, **_plan_wish(plan, groups, dunning)}
        master = assign(context, own, ready, None)
        made[plan.get("plan_instance_idx", place)] = master["plan_instance_no"]
        below = [
            assign(context, own, _plan_wish(one, groups, dunning), master)
            for one in plan.get("supp_plan", ())
        ]
        assigned.append(_assigned(master, below))
    contracts = [_contract(own, one, made) for one in wish.get("contracts", ())]
    return _outcome(own, wish, assigned, contracts)


def _outcome(own: Books, wish: Inputs, assigned: list[Row], contracts: list[Row]) -> Row:
    held = own.account
    option = wish.get("invoicing_option", FULL_INVOICE)
    bills = option in AT_ONCE and held.row["status_cd"] == 1
    run = Run(prorated=option == PRORATED_INVOICE, catch_up="retroactive_start_date" in wish)
    invoices = bill_now(own, run) if bills else []
    monthly = sum(monthly_charge(own.catalog, held, row) for row in held.rows("plan_instance"))
    return {
        "acct_no": held.no,
        "userid": held.row["userid"],
        "client_acct_id": held.row["client_acct_id"],
        "acct_contact_no": held.row["acct_contact_no"],
        **contacts_of(held),
        "contract_details": [
            {name: row[name] for name in ("contract_no", "client_contract_id")} for row in contracts
        ],
        "billing_errors": [billing_error(own, row, invoices) for row in held.rows("billing_group")],
        "master_plans_assigned": assigned,
        "invoice_info": [
            {
                "invoice_no": row["invoice_no"],
                "billing_group_no": row["billing_group_no"],
                "invoice_total_amount": row["amount"],
                "expected_monthly_rec_cost": monthly,
            }
            for row in invoices
        ],
    }


def _assigned(master: Row, below: list[Row]) -> Row:
    return {
        "plan_instance_no": master["plan_instance_no"],
        "client_plan_instance_id": master["client_plan_instance_id"],
        "supp_plans_assigned": [
            {
                "supp_plan_instance_no": row["plan_instance_no"],
                "client_plan_instance_id": row["client_plan_instance_id"],
            }
            for row in below
        ],
    }


def _by_place(wishes: Iterable[Row], name: str, make: Callable[[Row], Made]) -> dict[int, Made]:
    """Return what is made of the rows of an array, by their `*_idx`, which start at 1."""
    return {wish.get(name, place): make(wish) for place, wish in enumerate(wishes, 1)}


def _method(own: Books, wish: Inputs) -> Row:
    """Store a payment method; of a card number only the last digits are kept."""
    renamed = {"bank_routing_num": wish["bank_routing_no"]} if "bank_routing_no" in wish else {}
    name = wish.get("client_pay_method_cdid") or wish.get("client_payment_method_id", "")
    row = add_method(own, {**wish, **renamed}, name, contact_values(wish))
    suffix = {"suffix": wish["suffix"]} if "suffix" in wish else {}
    return own.account.change("payment_method", row, **suffix)


def _group(own: Books, methods: dict[int, Row], wish: Inputs) -> int:
    option = wish.get("payment_option", "Methods" if methods else "Terms")
    if option not in {"Methods", "Terms"}:
        raise invalid("payment_option", "is neither Methods nor Terms")
    contact = {**own.account.row, **contact_values(wish), **contact_values(wish, "stmt_")}
    terms = option == "Terms"
    by_name = {client_id: number for number, (_, client_id) in TERMS.items()}
    number = wish.get("payment_terms_no") or by_name.get(wish.get("client_payment_term_id", ""), 4)
    about = {"payment_terms_no": number} if terms else {}
    if not terms:
        about["primary_payment_method_no"] = _first_method(methods, wish)["payment_method_no"]
    names = ("billing_group_name", "billing_group_description", "notify_method")
    about |= {name: wish[name] for name in names if name in wish}
    client_id = wish.get("client_billing_group_id", "")
    return add_billing_group(own, contact, client_id, terms=terms, **about)


def _first_method(methods: dict[int, Row], wish: Inputs) -> Row:
    name = wish.get("primary_client_payment_method_id")
    if name is not None:
        found = next((r for r in methods.values() if r["client_payment_method_id"] == name), None)
    else:
        found = methods.get(wish.get("primary_payment_method_idx", min(methods, default=1)))
    if found is None:
        raise AriaError(Code.BAD_PAYMENT_METHOD, "invalid payment method")
    return found


def _dunning(own: Books, wish: Inputs) -> int:
    number = add_dunning_group(
        own, wish.get("client_dunning_group_id", ""), dunning_process(wish) or 1
    )
    if "dunning_group_name" in wish:
        row = own.account.rows("dunning_group")[-1]
        own.account.change("dunning_group", row, dunning_group_name=wish["dunning_group_name"])
    return number


def _plan_wish(plan: Inputs, groups: dict[int, int], dunning: dict[int, int]) -> Row:
    """Return a plan of the request under the names of assign_acct_plan_m."""
    found: Row = {
        "new_plan_no": plan.get("plan_no"),
        "new_client_plan_id": plan.get("client_plan_id"),
        "plan_units": plan.get("plan_instance_units"),
        "plan_status": plan.get("plan_instance_status"),
        "plan_instance_fields": [
            {
                "plan_instance_field_name": one["field_name"],
                "plan_instance_field_value": one.get("field_value", ""),
            }
            for one in plan.get("plan_instance_fields_info", ())
        ],
        "existing_billing_group_no": _chosen(
            groups, plan, "billing_group_idx", Code.BAD_BILLING_GROUP
        ),
        "existing_dunning_group_no": _chosen(dunning, plan, "dunning_group_idx", Code.NOT_FOUND),
    }
    same = (
        "client_plan_instance_id",
        "alt_rate_schedule_no",
        "client_alt_rate_schedule_id",
        "resp_level_cd",
        "promo_cd",
        "po_num",
        "custom_rates",
        "coupon_codes",
    )
    found |= {name: plan[name] for name in same if name in plan}
    return {name: value for name, value in found.items() if value not in (None, [])}


def _chosen(numbers: dict[int, int], wish: Inputs, name: str, code: Code) -> int | None:
    """Return the group that a plan names by its index; the first one where it names none.

    Raises:
        AriaError: `code` for an index that no group of the request has.
    """
    if name not in wish:
        return numbers[min(numbers)] if numbers else None
    if wish[name] not in numbers:
        raise AriaError(code, f"invalid {name}: {wish[name]}")
    return numbers[wish[name]]


def _contract(own: Books, wish: Inputs, made: dict[int, int]) -> Row:
    places = [one.get("plan_instance_idx", 1) for one in wish.get("contract_plans", ()) if one]
    numbers = [made[place] for place in places if place in made] or list(made.values())
    about = {
        "type_no": wish.get("contract_type_no"),
        "length_months": wish.get("contract_length_months"),
        "start_date": wish.get("contract_start_date"),
        "client_contract_id": wish.get("client_contract_id"),
    }
    given = {name: value for name, value in about.items() if value is not None}
    return add_contract(own, INSTANCE_SCOPE, numbers, **given)
