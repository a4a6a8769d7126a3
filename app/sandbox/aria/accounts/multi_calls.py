"""update_acct_plan_multi_m: several instances at once, all or nothing (aria.md §2.5)."""

from app.sandbox.aria.accounts.account_writes import CONTACT_INPUTS
from app.sandbox.aria.accounts.agreement_calls import create_order
from app.sandbox.aria.accounts.collecting import billing_error, collect
from app.sandbox.aria.accounts.group_writes import (
    PRIMARY,
    change_group,
    create_acct_billing_group,
    dunning_process,
)
from app.sandbox.aria.accounts.instance_calls import (
    cancel_one,
    first_charge,
    replace_one,
    update_one,
)
from app.sandbox.aria.accounts.instance_writes import assign, costs
from app.sandbox.aria.accounts.ledger import Books
from app.sandbox.aria.accounts.lookups import books, the_instance
from app.sandbox.aria.accounts.money_calls import check_combination
from app.sandbox.aria.accounts.payment_methods import add_method
from app.sandbox.aria.accounts.rates import ZERO
from app.sandbox.aria.accounts.setup import ENDED, add_dunning_group
from app.sandbox.aria.accounts.starts import START_INPUTS
from app.sandbox.aria.context import Answer, Context
from app.sandbox.aria.errors import AriaError, Code, missing
from app.sandbox.aria.events.catalog import financial_event
from app.sandbox.aria.inputs import Inputs
from app.sandbox.aria.tables import Row

_ASSIGN, _REPLACE, _UPDATE, _CANCEL = 1, 2, 3, 4
_CREATE_GROUP = 1
_ADD, _REMOVE = 1, 2  # coupon_directive (aria.md §2.5)
_OF_EVERY_ROW = (
    "assignment_directive",
    "invoicing_option",
    *(spec.name for spec in START_INPUTS),
)
# The inputs of methods and groups here -> those of the calls for single ones.
_METHOD_NAMES = {
    "payment_method_type": "pay_method_type",
    "payment_method_name": "pay_method_name",
    "payment_method_description": "pay_method_description",
}
_GROUP_NAMES = {
    "existing_billing_group_no": "billing_group_no",
    "existing_client_billing_group_id": "client_billing_group_id",
    "primary_client_payment_method_id": PRIMARY[1],
}
_EXISTING = ("existing_plan_instance_no", "existing_client_plan_instance_id")


def update_acct_plan_multi(context: Context, sent: Inputs) -> Answer:
    """Answer update_acct_plan_multi_m: 1 assign, 2 replace, 3 update, 4 cancel, in their order."""
    own = books(context, sent)
    if not sent.get("plan_updates"):
        raise missing("plan_updates")
    check_combination(sent)
    groups, groups_told = _groups(context, own, sent, _methods(own, sent))
    dunning = _dunning(own, sent)
    made: dict[int, Row] = {}
    updated, invoices = [], []
    for wish in sent["plan_updates"]:
        ready = _ready(sent, wish, groups, dunning)
        instance, lines, invoice = _carry_out(context, own, ready, made)
        updated.append(_updated(own, wish, instance, lines))
        ordered = _order_items(context, own, ready, instance)
        invoices += [one for one in (invoice, ordered) if one is not None]
    changes = own.account.where("queued_change", "status_cd", 1)
    touched = {row["plan_instance_no"] for row in updated}
    return {
        "out_acct_no": own.account.no,
        "out_client_acct_id": own.account.row["client_acct_id"],
        "billing_errors": _billing_errors(context, own, sent, invoices),
        "plans_updated": updated,
        "billing_groups_updated": groups_told,
        "dunning_groups_updated": [
            {"dunning_group_no": number, "client_dunning_groups_id": ""}
            for number in dunning.values()
        ],
        "multi_plan_invoice_details": [_invoice(own, row) for row in invoices],
        "plan_instance_queue": [
            {
                "queue_id": row["queue_id"],
                "queue_type_ind": 1,
                "plan_instance_no": row["plan_instance_no"],
            }
            for row in changes
            if row["plan_instance_no"] in touched
        ],
    }


def _ready(sent: Inputs, wish: Inputs, groups: dict[int, int], dunning: dict[int, int]) -> Row:
    """Return one row of the request under the names of the calls for single instances."""
    found: Row = {name: sent[name] for name in _OF_EVERY_ROW if name in sent}
    found |= dict(wish)
    renamed = {
        "plan_status_cd": "plan_status",
        "billing_group_no": "existing_billing_group_no",
        "client_billing_group_id": "existing_client_billing_group_id",
        "dunning_group_no": "existing_dunning_group_no",
        "client_dunning_group_id": "existing_client_def_dunning_group_id",
        "parent_client_plan_instance_id": "client_parent_plan_instance_id",
        "parent_acct_mp_inst_no": "parent_acct_master_plan_inst_id",
        "status_until_alt_start_cd": "status_until_alt_start",
    }
    for old, new in renamed.items():
        if old in wish:
            found[new] = wish[old]
    if wish.get("billing_group_idx") in groups:
        found["existing_billing_group_no"] = groups[wish["billing_group_idx"]]
    if wish.get("dunning_group_idx") in dunning:
        found["existing_dunning_group_no"] = dunning[wish["dunning_group_idx"]]
    found["plan_instance_fields"] = wish.get("plan_instance_field_update", ())
    coupons = [one for one in wish.get("coupon_code_updates", ()) if one]
    for one in coupons:
        if one.get("coupon_directive", _ADD) not in {_ADD, _REMOVE}:
            raise AriaError(Code.BAD_DIRECTIVE, "invalid coupon_directive")
    found["coupon_codes"] = [
        {"coupon_codes": one.get("coupon_cd", "")}
        for one in coupons
        if one.get("coupon_directive", _ADD) == _ADD
    ]
    found["coupons_off"] = [
        one.get("coupon_cd", "") for one in coupons if one.get("coupon_directive") == _REMOVE
    ]
    return found


def _carry_out(
    context: Context, own: Books, wish: Row, made: dict[int, Row]
) -> tuple[Row, list[Row], Row | None]:
    directive = wish.get("plan_directive")
    if directive == _ASSIGN:
        parent = made.get(wish.get("parent_plan_instance_idx", -1))
        if "new_client_plan_instance_id" in wish:
            wish["client_plan_instance_id"] = wish["new_client_plan_instance_id"]
        instance = assign(context, own, wish, parent)
        made[wish.get("plan_instance_idx", 0)] = instance
        lines, invoice = first_charge(own, instance, wish)
        return instance, lines, invoice
    instance = the_instance(own.account, wish, _EXISTING)
    if instance["status_cd"] in ENDED:
        raise AriaError(Code.STATUS_FORBIDS, "the plan instance has ended")
    invoice = None
    if directive == _REPLACE:
        lines, invoice, _ = replace_one(context, own, instance, wish)
    elif directive == _UPDATE:
        if "new_client_plan_instance_id" in wish:
            wish["new_client_plan_inst_id"] = wish["new_client_plan_instance_id"]
        lines, invoice, _ = update_one(context, own, instance, wish)
    elif directive == _CANCEL:
        lines, invoice, _ = cancel_one(context, own, instance, wish)
    else:
        raise AriaError(Code.BAD_DIRECTIVE, "invalid plan_directive")
    return instance, lines, invoice


def _updated(own: Books, wish: Inputs, instance: Row, lines: list[Row]) -> Row:
    number = instance["plan_instance_no"]
    row = own.account.find("plan_instance", "plan_instance_no", number) or instance
    return {
        "plan_instance_no": number,
        "client_plan_instance_id": row["client_plan_instance_id"],
        "plan_no": row["plan_no"],
        "client_plan_id": row["client_plan_id"],
        "plan_operation": wish["plan_directive"],
        "plan_service_proration_results": [
            {"service_no": line["service_no"], "proration_result_total": line["amount"]}
            for line in lines
            if line["tax_rate"] is None
        ],
    }


def _invoice(own: Books, row: Row) -> Row:
    return {
        "invoice_no": row["invoice_no"],
        "billing_group_no": row["billing_group_no"],
        "invoice_total_amount": row["amount"],
        "expectd_mthly_recurring_cost": costs(own, [], None)["expectd_mthly_recurring_cost"],
    }


def _methods(own: Books, sent: Inputs) -> dict[int, int]:
    """Store the payment methods of a request; return their numbers by payment_method_idx."""
    found = {}
    for place, wish in enumerate(sent.get("acct_payment_methods", ()), 1):
        renamed = {new: wish[old] for old, new in _METHOD_NAMES.items() if old in wish}
        method = add_method(own, {**wish, **renamed}, wish.get("client_payment_method_id", ""))
        found[wish.get("payment_method_idx", place)] = method["payment_method_no"]
    return found


def _groups(
    context: Context, own: Books, sent: Inputs, methods: dict[int, int]
) -> tuple[dict[int, int], list[Row]]:
    """Create or change the billing groups of a request.

    Returns their numbers by billing_group_idx, and the rows of `billing_groups_updated`.
    """
    found, told = {}, []
    for place, wish in enumerate(sent.get("acct_billing_groups", ()), 1):
        directive = wish.get("billing_group_directive", _CREATE_GROUP)
        ready = _group_wish(own, wish, methods)
        if directive == _CREATE_GROUP:
            made = create_acct_billing_group(context, ready)["billing_group_no_2"]
        else:
            made = change_group(context, own, ready)["billing_group_no"]
        found[wish.get("billing_group_idx", place)] = made
        group = own.account.find("billing_group", "billing_group_no", made) or {}
        told.append(
            {
                "billing_group_no": made,
                "client_billing_groups_id": group["client_billing_group_id"],
                "primary_payment_method_no": group["primary_payment_method_no"],
                "billing_group_operation": directive,
            }
        )
    return found, told


def _group_wish(own: Books, wish: Inputs, methods: dict[int, int]) -> Row:
    """Return a billing group of the request under the names of the calls for single groups."""
    creates = wish.get("billing_group_directive", _CREATE_GROUP) == _CREATE_GROUP
    ready: Row = {"acct_no": own.account.no}
    ready |= {f"stmt_{spec.name}": wish[spec.name] for spec in CONTACT_INPUTS if spec.name in wish}
    ready |= dict(wish)
    if creates:
        ready["client_billing_group_id"] = wish.get("new_client_billing_group_id", "")
    for old, new in _GROUP_NAMES.items():
        if old in wish:
            ready[new] = wish[old]
    if "primary_payment_method_idx" in wish:
        if wish["primary_payment_method_idx"] not in methods:
            raise AriaError(Code.BAD_PAYMENT_METHOD, "invalid payment method")
        ready[PRIMARY[0]] = methods[wish["primary_payment_method_idx"]]
    return ready


def _dunning(own: Books, sent: Inputs) -> dict[int, int]:
    return {
        wish.get("dunning_group_idx", 1): add_dunning_group(
            own, wish.get("new_client_dunning_group_id", ""), dunning_process(wish) or 1
        )
        for wish in sent.get("acct_dunning_groups", ())
        if wish.get("dunning_group_directive", _CREATE_GROUP) == _CREATE_GROUP
    }


def _order_items(context: Context, own: Books, wish: Row, instance: Row) -> Row | None:
    """Order the items of a row for its plan instance; return the invoice, if one was made."""
    if not wish.get("nso_item_array"):
        return None
    lines = [
        {"client_sku": row.get("client_sku", ""), "units": row.get("item_units", ZERO)}
        for row in wish["nso_item_array"]
    ]
    order = {
        "acct_no": own.account.no,
        "plan_instance_no": instance["plan_instance_no"],
        "order_line_items": lines,
        "bill_immediately": wish.get("nso_bill_immediately", 1),
        "nso_po_num": wish.get("nso_po_num", ""),
    }
    made = create_order(context, order)
    return own.account.find("invoice", "invoice_no", made["invoice_no"])


def _billing_errors(context: Context, own: Books, sent: Inputs, invoices: list[Row]) -> list[Row]:
    """Return what became of billing, collecting at once with auto_collect_on_plan_chng 1.

    Raises:
        AriaError: 4011 when a payment method was declined and rollback_plan_chng_collect_fail is 1.
    """
    found = []
    for group in own.account.rows("billing_group"):
        row = billing_error(own, group, invoices)
        number = group["billing_group_no"]
        mine = [one for one in invoices if one["billing_group_no"] == number]
        for invoice in mine if sent.get("auto_collect_on_plan_chng", 0) else []:
            outcome, payment = collect(own, group, invoice["invoice_no"])
            row |= outcome
            if payment is not None:
                event = financial_event(payment["transaction_type"])
                context.work.note(event, own.account, transaction_id=payment["transaction_id"])
        declined = row["collection_error_code"] == Code.DECLINED
        if declined and sent.get("rollback_plan_chng_collect_fail", 0):
            raise AriaError(Code.DECLINED, "authorisation failed: the plan change is rolled back")
        found.append(row)
    return found
