"""Calls that change plan instances one at a time, and their queued changes (aria.md §2.5)."""

from datetime import timedelta
from decimal import Decimal

from app.sandbox.aria.accounts.billing_run import Run, bill_now, bill_unbilled_usage
from app.sandbox.aria.accounts.collecting import collection
from app.sandbox.aria.accounts.custom_rates import checked_rates, set_inline_rates
from app.sandbox.aria.accounts.group_writes import (
    create_acct_billing_group,
    create_acct_dunning_group,
)
from app.sandbox.aria.accounts.instance_writes import (
    BILLING,
    DUNNING,
    apply_coupons,
    assign,
    cancel_now,
    change_now,
    check_account,
    chosen_schedule,
    costs,
    later_day,
    prorate,
    queue,
    queued,
    tell,
    update_fields,
    wanted_values,
)
from app.sandbox.aria.accounts.invoicing import total
from app.sandbox.aria.accounts.ledger import Books
from app.sandbox.aria.accounts.lookups import books, the_instance
from app.sandbox.aria.accounts.rates import ZERO, recurring_charge
from app.sandbox.aria.accounts.setup import ENDED, INSTANCE_STATUSES
from app.sandbox.aria.accounts.starts import AT_ONCE, PRORATED_INVOICE
from app.sandbox.aria.context import Answer, Context
from app.sandbox.aria.errors import AriaError, Code, invalid, missing, not_found
from app.sandbox.aria.inputs import Inputs
from app.sandbox.aria.tables import Row

_STATEMENT = {"statement_error_code": 0, "statement_error_msg": "OK"}
_DELETE, _RUN, _RESCHEDULE = 0, 1, 2
WAITING, DELETED, EXECUTED = 1, 2, 3
_DUNNING_STATES = range(3)  # none, in progress, complete (aria.md §2.5)


def assign_acct_plan(context: Context, sent: Inputs) -> Answer:
    """Answer assign_acct_plan_m.

    A master plan is invoiced at once with invoicing_option 1 (in full) or 2 (by its days); a
    supplemental for the rest of its master's period.
    """
    own = books(context, sent)
    instance = assign(context, own, with_groups(context, own, sent), None)
    number = instance["plan_instance_no"]
    change = own.account.find("queued_change", "plan_instance_no", number)
    lines, invoice = first_charge(own, instance, sent)
    answer = {
        "plan_instance_no": number,
        **costs(own, lines, invoice),
        **_STATEMENT,
        **collection(own, invoice),
    }
    asked = sent.get("include_plan_instance_queue", False)
    return {**answer, "plan_instance_queue": queued(change)} if asked else answer


def first_charge(own: Books, instance: Row, sent: Inputs) -> tuple[list[Row], Row | None]:
    """Invoice a new instance as its request asks; nothing while it waits for its day."""
    number = instance["plan_instance_no"]
    if own.account.find("queued_change", "plan_instance_no", number) is not None:
        return [], None
    if instance["supp_plan_ind"]:
        return prorate(own, instance, ZERO, sent)
    option = sent.get("invoicing_option")
    if option not in AT_ONCE:
        return [], None
    run = Run(
        masters=frozenset({number}),
        prorated=option == PRORATED_INVOICE,
        catch_up="retroactive_start_date" in sent,
    )
    made = bill_now(own, run)
    if not made:
        return [], None
    lines = own.account.where("invoice_line", "invoice_no", made[-1]["invoice_no"])
    return lines, made[-1]


def with_groups(context: Context, own: Books, sent: Inputs) -> Inputs:
    """Return a request with the groups that it makes inline, as if they had been there (§2.5)."""
    found = dict(sent)
    asked = any(name in sent for name in _NEW_GROUP)
    if asked and not any(name in sent for name in BILLING):
        renamed = {new: sent[old] for old, new in _NEW_GROUP.items() if old in sent}
        made = create_acct_billing_group(context, {**sent, **renamed})
        found[BILLING[0]] = made["billing_group_no_2"]
    asked = any(name in sent for name in _NEW_DUNNING)
    if asked and not any(name in sent for name in DUNNING):
        create_acct_dunning_group(context, sent)
        found[DUNNING[0]] = own.account.rows("dunning_group")[-1]["dunning_group_no"]
    return found


# What of assign_acct_plan_m makes a billing group or a dunning group, and its name elsewhere.
_NEW_GROUP = {
    "client_def_billing_group_id": "client_billing_group_id",
    "billing_group_name": "billing_group_name",
    "existing_primary_payment_method_no": "primary_payment_method_no",
    "existing_client_primary_payment_method_id": "client_primary_payment_method_id",
    "primary_pay_method_type": "pay_method_type",
    "primary_pay_method_cdid": "client_payment_method_id",
    "cc_number": "cc_num",
}
_NEW_DUNNING = (
    "client_dunning_group_id",
    "dunning_group_name",
    "dunning_process_no",
    "client_dunning_process_id",
)


def update_acct_plan(context: Context, sent: Inputs) -> Answer:
    """Answer update_acct_plan_m: units, status, schedule, custom rates, fields of one instance."""
    own = books(context, sent)
    instance = the_instance(own.account, sent)
    check_live(instance)
    if sent.get("plan_instance_supp_field_update_only", 0):
        update_fields(own, instance, sent.get("plan_instance_field_update", ()))
        tell(context, own, "changed", instance)
        return {
            **costs(own, [], None),
            **_STATEMENT,
            **collection(own, None),
            "plan_instance_queue": [],
        }
    lines, invoice, change = update_one(context, own, instance, sent)
    return {
        **costs(own, lines, invoice),
        **_STATEMENT,
        **collection(own, invoice),
        "plan_instance_queue": queued(change),
    }


def update_one(
    context: Context, own: Books, instance: Row, sent: Inputs
) -> tuple[list[Row], Row | None, Row | None]:
    """Update an instance now or later; return proration lines, invoice, queued change."""
    check_account(own)
    values = wanted_values(own, instance, sent)
    day = later_day(own, sent, instance)
    if day is not None:
        rates = checked_rates(own, {**instance, **values}, sent)
        change = queue(own, instance, ("update", day), values, rates)
        tell(context, own, "change queued", instance)
        return [], None, change
    before = recurring_charge(own.catalog, own.account, instance)
    changed = change_now(own, instance, values)
    update_fields(own, changed, sent.get("plan_instance_field_update", ()))
    set_inline_rates(own, changed, sent)
    tell(context, own, "changed", changed)
    apply_coupons(own, changed, sent)
    lines, invoice = prorate(own, changed, before, sent)
    return lines, invoice, None


def replace_acct_plan(context: Context, sent: Inputs) -> Answer:
    """Answer replace_acct_plan_m: another plan behind the same instance number."""
    own = books(context, sent)
    instance = the_instance(own.account, sent)
    check_live(instance)
    lines, invoice, change = replace_one(context, own, instance, sent)
    return {
        **costs(own, lines, invoice),
        **_STATEMENT,
        **collection(own, invoice),
        "plan_instance_queue": queued(change),
    }


def replace_one(
    context: Context, own: Books, instance: Row, sent: Inputs
) -> tuple[list[Row], Row | None, Row | None]:
    """Replace the plan of an instance now or later; see `update_one`."""
    check_account(own)
    values = {**_new_plan(own, instance, sent), **wanted_values(own, instance, _plain(sent))}
    day = later_day(own, sent, instance)
    if day is not None:
        rates = checked_rates(own, {**instance, **values}, sent)
        change = queue(own, instance, ("replace", day), values, rates)
        tell(context, own, "change queued", instance)
        return [], None, change
    before = recurring_charge(own.catalog, own.account, instance)
    usage = bill_unbilled_usage(own, instance) if sent.get("invoice_unbilled_usage") else None
    changed = change_now(own, instance, values)
    update_fields(own, changed, sent.get("plan_instance_field_update", ()))
    apply_coupons(own, changed, sent)
    _drop_misfits(context, own, changed)
    set_inline_rates(own, changed, sent)
    tell(context, own, "changed", changed)
    lines, invoice = prorate(own, changed, before, sent)
    return lines, invoice or usage, None


def _plain(sent: Inputs) -> Row:
    """Return what of a replacement is an ordinary change; its schedule is the new plan's."""
    skipped = {"alt_rate_schedule_no", "client_alt_rate_schedule_id"}
    found = {name: value for name, value in sent.items() if name not in skipped}
    if "new_client_plan_instance_id" in sent:
        found["new_client_plan_inst_id"] = sent["new_client_plan_instance_id"]
    return found


def _new_plan(own: Books, instance: Row, sent: Inputs) -> Row:
    number = sent.get("new_plan_no")
    if number is None:
        number = own.catalog.number("plan", sent.get("new_client_plan_id", ""))
    plan = None if number is None else own.catalog.get("plan", number)
    if plan is None or plan["supp_plan_ind"] != instance["supp_plan_ind"]:
        raise not_found("new_plan_no or new_client_plan_id")
    currency = own.account.row["acct_currency"]
    schedule = chosen_schedule(own, sent, plan["plan_no"], currency)
    return {
        "plan_no": plan["plan_no"],
        "client_plan_id": plan["client_plan_id"],
        "plan_name": plan["plan_name"],
        "plan_date": own.now.date().isoformat(),
        "schedule_no": schedule["schedule_no"],
        "recurring_billing_interval": schedule["recurring_billing_interval"],
        "usage_billing_interval": schedule["usage_billing_interval"],
    }


def _drop_misfits(context: Context, own: Books, instance: Row) -> None:
    """Cancel supplementals that the new plan does not offer, and forget old custom rates."""
    held, number = own.account, instance["plan_instance_no"]
    for row in list(held.where("custom_rate", "plan_instance_no", number)):
        held.remove("custom_rate", row)
    links = own.catalog.group("plan_relationship", "parent_plan_no", instance["plan_no"])
    offered = {link["plan_no"] for link in links}
    for row in list(held.where("plan_instance", "parent_plan_instance_no", number)):
        if row["plan_no"] not in offered and row["status_cd"] not in ENDED:
            cancel_now(context, own, row)


def cancel_acct_plan(context: Context, sent: Inputs) -> Answer:
    """Answer cancel_acct_plan_m: the instance and its children, now or later."""
    own = books(context, sent)
    instance = the_instance(own.account, sent)
    check_live(instance)
    lines, invoice, change = cancel_one(context, own, instance, sent)
    answer = {**costs(own, lines, invoice), "plan_instance_queue": queued(change)}
    del answer["expectd_mthly_recurring_cost"]
    return answer


def cancel_one(
    context: Context, own: Books, instance: Row, sent: Inputs
) -> tuple[list[Row], Row | None, Row | None]:
    """Cancel an instance now or later; see `update_one`. The invoice is that of its usage."""
    day = later_day(own, sent, instance)
    if day is not None:
        change = queue(own, instance, ("cancel", day), {"status_cd": -2})
        tell(context, own, "cancel queued", instance)
        return [], None, change
    before = recurring_charge(own.catalog, own.account, instance)
    usage = bill_unbilled_usage(own, instance) if sent.get("invoice_unbilled_usage") else None
    cancel_now(context, own, instance)
    ended = own.account.find("plan_instance", "plan_instance_no", instance["plan_instance_no"])
    return prorate(own, ended or instance, before, sent)[0], usage, None


def check_live(instance: Row) -> None:
    """Refuse to change a plan instance that has ended (1049)."""
    if instance["status_cd"] in ENDED:
        raise AriaError(Code.STATUS_FORBIDS, "the plan instance has ended")


def update_acct_plan_status(context: Context, sent: Inputs) -> Answer:
    """Answer update_acct_plan_status_m, now, on queue_date or after queue_days."""
    own = books(context, sent)
    instance = the_instance(own.account, sent)
    status = sent["status_cd"]
    if status not in INSTANCE_STATUSES:
        raise AriaError(Code.BAD_STATUS, f"invalid status_cd: {status}")
    day = sent.get("queue_date")
    if day is None and sent.get("queue_days", 0) > 0:
        day = (own.now + timedelta(days=sent["queue_days"])).date().isoformat()
    state = {"dunning_state": sent["dunning_state"]} if "dunning_state" in sent else {}
    if state and state["dunning_state"] not in _DUNNING_STATES:
        raise invalid("dunning_state", "is not 0, 1 or 2")
    if day is not None and day > own.now.date().isoformat():
        queue(own, instance, ("update", day), {"status_cd": status, **state})
        tell(context, own, "change queued", instance)
    elif status in ENDED:
        cancel_now(context, own, instance)
    else:
        tell(context, own, "changed", change_now(own, instance, {"status_cd": status, **state}))
    return {}


def modify_acct_plan_unit_instances(context: Context, sent: Inputs) -> Answer:
    """Answer modify_acct_plan_unit_instances_m: units are added or removed by number."""
    own = books(context, sent)
    names = ("plan_inst_no", "client_plan_inst_id")
    instance = the_instance(own.account, sent, names)
    check_live(instance)
    more = len(sent.get("new_client_plan_unit_inst", ())) - len(sent.get("remove_plan_units", ()))
    units = sent.get("new_plan_units", instance["plan_units"] + Decimal(more))
    lines, invoice, _ = update_one(context, own, instance, {**sent, "plan_units": units})
    return {
        "proration_result_amount": total(lines),
        "invoice_no": invoice["invoice_no"] if invoice else None,
        "total": total(lines),
        "cancelled_supp_plans": [],
    }


def edit_acct_plan_queued_changes(context: Context, sent: Inputs) -> Answer:
    """Answer edit_acct_plan_queued_changes_m: 0 deletes, 1 runs now, 2 moves to another day."""
    own = books(context, sent)
    found = []
    for wish in sent.get("edit_queued_changes", ()):
        change = own.account.find("queued_change", "queue_id", wish.get("queue_id"))
        if change is None or change["status_cd"] != WAITING:
            raise not_found("queue_id")
        status = _edit(context, own, change, wish)
        found.append(
            {
                "queue_id": change["queue_id"],
                "plan_instance_no": change["plan_instance_no"],
                "edit_queued_change_status_cd": status,
                "edit_queued_change_status_label": {1: "Queued", 2: "Deleted", 3: "Executed"}[
                    status
                ],
            }
        )
    return {"queued_changes": found}


def _edit(context: Context, own: Books, change: Row, wish: Inputs) -> int:
    held, today = own.account, own.now.date().isoformat()
    instance = the_instance(held, change)
    directive = wish.get("queue_edit_directive")
    if directive == _DELETE:
        held.change("queued_change", change, status_cd=DELETED, deleting_date=today)
        tell(context, own, "queued removed", instance)
        return DELETED
    if directive == _RUN:
        run_queued(context, own, change)
        return EXECUTED
    if directive == _RESCHEDULE:
        if "new_effective_date" not in wish:
            raise missing("new_effective_date")
        day = wish["new_effective_date"]
        held.change("queued_change", change, effective_date=day, editing_date=today)
        tell(context, own, "change queued", instance)
        return WAITING
    raise AriaError(Code.BAD_DIRECTIVE, "invalid queue_edit_directive")


def run_queued(context: Context, own: Books, change: Row) -> None:
    """Carry out a change that waited."""
    held, today = own.account, own.now.date().isoformat()
    instance = the_instance(held, change)
    held.change("queued_change", change, status_cd=EXECUTED, executing_date=today)
    if change["action"] == "cancel":
        cancel_now(context, own, instance)
        return
    changed = change_now(own, instance, change["values"])
    for rate in change["custom_rates"]:
        held.put("custom_rate", {"plan_instance_no": instance["plan_instance_no"], **rate})
    tell(context, own, "changed", changed)
