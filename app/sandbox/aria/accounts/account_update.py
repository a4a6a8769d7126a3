"""update_acct_complete_m: an account's items, groups, methods and one plan (aria.md §2.3)."""

from app.sandbox.aria.accounts.account_groups import (
    COLLECTION_UPDATE,
    FUNCTIONAL,
    GROUP_UPDATES,
    change_groups,
)
from app.sandbox.aria.accounts.account_writes import (
    CONTACT_INPUTS,
    ITEM_INPUTS,
    change_contact,
    contact_row,
    contact_values,
    editable,
    field_wish,
    set_field,
    set_items,
)
from app.sandbox.aria.accounts.collecting import collection
from app.sandbox.aria.accounts.custom_rates import CUSTOM_RATES
from app.sandbox.aria.accounts.group_reads import contacts_of
from app.sandbox.aria.accounts.group_writes import METHOD, change_group
from app.sandbox.aria.accounts.instance_calls import check_live, replace_one, update_one
from app.sandbox.aria.accounts.instance_writes import AT_ANNIVERSARY
from app.sandbox.aria.accounts.ledger import Books
from app.sandbox.aria.accounts.lookups import MASTER, books, instance, part
from app.sandbox.aria.accounts.payment_methods import (
    METHOD_INPUTS,
    PAYMENT_ADDED,
    PAYMENT_CHANGED,
    add_method,
    change_method,
)
from app.sandbox.aria.accounts.setup import ENDED
from app.sandbox.aria.context import Answer, Context
from app.sandbox.aria.errors import missing
from app.sandbox.aria.inputs import Input, Inputs, inputs
from app.sandbox.aria.tables import Row

_STATEMENT_CONTACT = tuple(Input(f"stmt_{spec.name}", spec.kind) for spec in CONTACT_INPUTS)
_PLAN = {  # the inputs of the plan part -> those of the calls for one instance
    "master_plan_no": "new_plan_no",
    "client_master_plan_id": "new_client_plan_id",
    "master_plan_units": "plan_units",
    "master_plan_instance_status": "plan_status",
    "alt_rate_schedule_no": "alt_rate_schedule_no",
    "client_alt_rate_schedule_id": "client_alt_rate_schedule_id",
    "new_client_master_plan_instance_id": "new_client_plan_inst_id",
    "update_acct_custom_rates": "custom_rates",
}
_WHEN = {
    "master_plan_assign_directive": "assignment_directive",
    "offset_interval": "offset_interval",
    "offset_months": "offset_months",
}
UPDATE_INPUTS = (
    *inputs("acct_no:int"),
    *ITEM_INPUTS,
    *CONTACT_INPUTS,
    *GROUP_UPDATES,
    *inputs(
        "master_plan_instance_no:int client_master_plan_instance_id master_plan_no:int",
        "client_master_plan_id master_plan_units:num master_plan_instance_status:int",
        "alt_rate_schedule_no:int client_alt_rate_schedule_id",
        "new_client_master_plan_instance_id(100) master_plan_assign_directive:int",
        "offset_interval:int offset_months:int",
        update_acct_custom_rates=CUSTOM_RATES[0].rows,
        acct_supp_fields_update=inputs(
            "acct_supp_field_name acct_supp_field_value acct_supp_field_directive:int"
        ),
        billing_groups_array=(
            *inputs(
                "billing_group_no:int client_billing_group_id billing_group_name",
                "billing_group_description payment_option payment_terms_no:int",
                "client_payment_term_id primary_payment_method_no:int",
                "client_primary_payment_method_id notify_method:int bg_notify_method:int",
            ),
            *_STATEMENT_CONTACT,
        ),
        payment_methods_array=(
            *inputs("payment_method_no:int client_pay_method_id"),
            *METHOD_INPUTS,
        ),
    ),
)


def update_acct_complete(context: Context, sent: Inputs) -> Answer:
    """Answer update_acct_complete_m: what is not sent stays as it is (aria.md §2.3)."""
    own = editable(books(context, sent))
    values = contact_values(sent)
    contact = contact_row(own, "account", sent)
    if values:
        change_contact(context, own, contact, values)
    set_items(context, own, {**sent, "client_acct_id": sent.get("new_client_acct_id")})
    change_groups(own, FUNCTIONAL, sent.get("functional_acct_groups_update", []))
    change_groups(own, COLLECTION_UPDATE, sent.get("collection_acct_groups_update", []))
    for wish in sent.get("acct_supp_fields_update", ()):
        set_field(context, own, field_wish(wish, "acct_supp_field"))
    for wish in sent.get("payment_methods_array", ()):
        _set_method(context, own, wish)
    for wish in sent.get("billing_groups_array", ()):
        notify = {"notify_method": wish["bg_notify_method"]} if "bg_notify_method" in wish else {}
        change_group(context, own, {**wish, **notify})
    planned = _change_plan(context, own, sent)
    held = own.account
    return {
        "parent_child_sync_error_code": 0,
        "master_plan_error_code": 0,
        "master_plan_error_msg": "",
        **planned,
        "acct_locale_no_2": 1,
        "acct_contact_no_2": held.row["acct_contact_no"],
        **contacts_of(held),
    }


def _set_method(context: Context, own: Books, wish: Inputs) -> None:
    """Change the payment method that a row names, or add one that it does not (aria.md §2.4)."""
    client_id = wish.get("client_pay_method_id", "")
    named = {**wish, METHOD[1]: client_id}
    known = own.account.find("payment_method", METHOD[1], client_id) if client_id else None
    if METHOD[0] in wish or known is not None:
        method = part(own.account, "payment_method", named, METHOD)
        change_method(context, own, method or {}, wish)
        context.work.note(PAYMENT_CHANGED, own.account)
        return
    add_method(own, wish, client_id)
    context.work.note(PAYMENT_ADDED, own.account)


def _change_plan(context: Context, own: Books, sent: Inputs) -> Row:
    """Change one master plan instance; at its next anniversary unless told otherwise."""
    wish = {new: sent[old] for old, new in _PLAN.items() if old in sent}
    if not wish:
        return collection(own, None)
    master = _master(own, sent)
    check_live(master)
    wish |= {"assignment_directive": AT_ANNIVERSARY}
    wish |= {new: sent[old] for old, new in _WHEN.items() if old in sent}
    same = wish.get("new_plan_no", master["plan_no"]) == master["plan_no"]
    same = (
        same
        and wish.get("new_client_plan_id", master["client_plan_id"]) == (master["client_plan_id"])
    )
    change = update_one if same else replace_one
    _, invoice, _ = change(context, own, master, wish)
    number = master["plan_instance_no"]
    row = own.account.find("plan_instance", "plan_instance_no", number) or master
    return {
        **collection(own, invoice),
        "master_plan_instance_id": number,
        "out_client_mp_instance_id": row["client_plan_instance_id"],
        "out_invoice_no": invoice["invoice_no"] if invoice else None,
    }


def _master(own: Books, sent: Inputs) -> Row:
    """Return the master that the plan part is for; it need not be named where there is one."""
    row = instance(own.account, sent, MASTER, required=False)
    masters = own.account.where("plan_instance", "supp_plan_ind", 0)
    live = [one for one in masters if one["status_cd"] not in ENDED]
    if row is not None:
        return row
    if len(live) != 1:
        raise missing(" or ".join(MASTER))
    return live[0]
