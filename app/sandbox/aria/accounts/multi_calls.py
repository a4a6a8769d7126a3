"""update_acct_plan_multi_m: several instances at once, all or nothing (aria.md §2.5)."""

from app.sandbox.aria.accounts.account_writes import contact_values
from app.sandbox.aria.accounts.collecting import billing_error
from app.sandbox.aria.accounts.instance_calls import cancel_one, replace_one, update_one
from app.sandbox.aria.accounts.instance_writes import assign, costs, prorate
from app.sandbox.aria.accounts.ledger import Books
from app.sandbox.aria.accounts.lookups import books, the_instance
from app.sandbox.aria.accounts.rates import ZERO
from app.sandbox.aria.accounts.setup import ENDED, add_billing_group, add_dunning_group
from app.sandbox.aria.context import Answer, Context
from app.sandbox.aria.errors import AriaError, Code, missing
from app.sandbox.aria.inputs import Inputs
from app.sandbox.aria.tables import Row

_ASSIGN, _REPLACE, _UPDATE, _CANCEL = 1, 2, 3, 4
_CREATE_GROUP = 1
_EXISTING = ("existing_plan_instance_no", "existing_client_plan_instance_id")


def update_acct_plan_multi(context: Context, sent: Inputs) -> Answer:
    """Answer update_acct_plan_multi_m: 1 assign, 2 replace, 3 update, 4 cancel, in their order."""
    own = books(context, sent)
    if not sent.get("plan_updates"):
        raise missing("plan_updates")
    groups = _groups(own, sent)
    dunning = _dunning(own, sent)
    made: dict[int, Row] = {}
    updated, invoices = [], []
    for wish in sent["plan_updates"]:
        ready = _ready(sent, wish, groups, dunning)
        instance, lines, invoice = _carry_out(context, own, ready, made)
        updated.append(_updated(own, wish, instance, lines))
        invoices += [invoice] if invoice is not None else []
    changes = own.account.where("queued_change", "status_cd", 1)
    touched = {row["plan_instance_no"] for row in updated}
    return {
        "out_acct_no": own.account.no,
        "out_client_acct_id": own.account.row["client_acct_id"],
        "billing_errors": [
            billing_error(own, row, invoices) for row in own.account.rows("billing_group")
        ],
        "plans_updated": updated,
        "billing_groups_updated": [
            {
                "billing_group_no": number,
                "client_billing_groups_id": "",
                "billing_group_operation": 1,
            }
            for number in groups.values()
        ],
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
    found: Row = {
        name: sent[name] for name in ("assignment_directive", "invoicing_option") if name in sent
    }
    found |= dict(wish)
    renamed = {
        "plan_status_cd": "plan_status",
        "billing_group_no": "existing_billing_group_no",
        "client_billing_group_id": "existing_client_billing_group_id",
        "dunning_group_no": "existing_dunning_group_no",
        "client_dunning_group_id": "existing_client_def_dunning_group_id",
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
    found["coupon_codes"] = [{"coupon_codes": one.get("coupon_cd", "")} for one in coupons]
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
        if own.account.find("queued_change", "plan_instance_no", instance["plan_instance_no"]):
            return instance, [], None
        lines, invoice = prorate(own, instance, ZERO, wish)
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


def _groups(own: Books, sent: Inputs) -> dict[int, int]:
    found = {}
    for wish in sent.get("acct_billing_groups", ()):
        if wish.get("billing_group_directive", _CREATE_GROUP) != _CREATE_GROUP:
            continue
        terms = wish.get("payment_option", "Terms") == "Terms"
        contact = {**own.account.row, **contact_values(wish)}
        client_id = wish.get("new_client_billing_group_id", "")
        number = add_billing_group(own, contact, client_id, terms=terms)
        found[wish.get("billing_group_idx", 1)] = number
    return found


def _dunning(own: Books, sent: Inputs) -> dict[int, int]:
    return {
        wish.get("dunning_group_idx", 1): add_dunning_group(
            own, wish.get("new_client_dunning_group_id", ""), wish.get("dunning_process_no", 1)
        )
        for wish in sent.get("acct_dunning_groups", ())
        if wish.get("dunning_group_directive", _CREATE_GROUP) == _CREATE_GROUP
    }
