"""Plan instances: assign, update, replace, cancel, now or at a later day (aria.md §2.5)."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from app.sandbox.aria.accounts import money_acts
from app.sandbox.aria.accounts.account_writes import set_status
from app.sandbox.aria.accounts.custom_rates import set_inline_rates
from app.sandbox.aria.accounts.group_reads import BILLING_GROUP, DUNNING_GROUP
from app.sandbox.aria.accounts.instance_rows import anniversary
from app.sandbox.aria.accounts.invoicing import (
    RECURRING,
    Period,
    issue,
    plain_line,
    tax_lines,
    total,
)
from app.sandbox.aria.accounts.ledger import Books
from app.sandbox.aria.accounts.lookups import part, the_instance
from app.sandbox.aria.accounts.rates import ZERO, money, monthly_charge, recurring_charge
from app.sandbox.aria.accounts.setup import (
    ENDED,
    INSTANCE_STATUSES,
    add_instance,
    add_plan_history,
    schedule_for,
)
from app.sandbox.aria.accounts.starts import Start, starting
from app.sandbox.aria.context import Context
from app.sandbox.aria.errors import AriaError, Code, invalid, missing, not_found
from app.sandbox.aria.inputs import CLEAR, Inputs
from app.sandbox.aria.plan_settings import first_status
from app.sandbox.aria.tables import Row

AT_ANNIVERSARY, NOW_BY_RULE, NOW_NO_PRORATION, NOW_PRORATED = 1, 2, 3, 4
_DIRECTIVES = range(1, 7)
_PENDING_ACTIVATION, _CANCELLED, _ACCOUNT_INACTIVE = 32, -2, 0
_INACTIVE = 0
_LEVELS = range(1, 4)
_WITH_ITS_PARENT = Start({}, None)
_NO_BILLING = frozenset({-3, -99, 51})  # statuses of an account that take no plan change
_FIELD_ADD, _FIELD_REPLACE, _FIELD_VALUE_OUT, _FIELD_OUT = 1, 2, 3, 4
BILLING = ("existing_billing_group_no", "existing_client_billing_group_id")
DUNNING = ("existing_dunning_group_no", "existing_client_def_dunning_group_id")
_EVENTS = {  # (what happened, is it a supplemental) -> event (aria.md §3.5)
    ("changed", 0): 718,
    ("changed", 1): 719,
    ("assignment queued", 0): 720,
    ("assignment queued", 1): 721,
    ("queued removed", 0): 722,
    ("queued removed", 1): 723,
    ("assigned", 0): 724,
    ("assigned", 1): 725,
    ("cancelled", 0): 726,
    ("cancelled", 1): 727,
    ("cancel queued", 0): 728,
    ("cancel queued", 1): 729,
    ("change queued", 0): 730,
    ("change queued", 1): 731,
}


def tell(context: Context, own: Books, what: str, instance: Row) -> None:
    """Note the event of something that happened to a plan instance."""
    context.work.note(_EVENTS[what, int(instance["supp_plan_ind"])], own.account)


def later_day(own: Books, sent: Inputs, instance: Row | None) -> str | None:
    """Return the day for which a change is queued, or None for now.

    That is an effective_date ahead, or the next anniversary with directive 1, so many periods later
    by offset_interval or months by offset_months. A new instance without an anniversary starts now.

    Raises:
        AriaError: 1039 for an unknown directive.
    """
    directive = sent.get("assignment_directive", NOW_BY_RULE)
    if directive not in _DIRECTIVES:
        raise AriaError(Code.BAD_DIRECTIVE, f"invalid assignment_directive: {directive}")
    today = own.now.date().isoformat()
    day = sent.get("effective_date")
    if day is not None:
        return day if day > today else None
    if directive != AT_ANNIVERSARY or instance is None or instance["next_bill_date"] is None:
        return None
    return anniversary(instance, sent.get("offset_interval", 0), sent.get("offset_months", 0))


def check_account(own: Books) -> None:
    """Refuse plan changes for an account whose status forbids them (aria.md §1.6, 1049)."""
    status = own.account.row["status_cd"]
    if status in _NO_BILLING:
        raise AriaError(Code.STATUS_FORBIDS, f"account status {status} does not allow plan changes")


def assign(context: Context, own: Books, sent: Inputs, parent: Row | None) -> Row:
    """Add a plan instance, now or (pending activation) at a later day; return its row.

    Raises:
        AriaError: 1013 for no such plan or schedule, 1010 for a supplemental without its parent,
            1014 for a plan that is not offered there, 1015 for a taken client-defined id, 5020 for
            a bill day that is none.
    """
    check_account(own)
    plan, schedule = _plan_and_schedule(own, sent)
    parent = parent or _parent(own, sent, plan)
    _check_place(own, plan, parent)
    client_id = sent.get("client_plan_instance_id", "")
    if client_id and own.account.find("plan_instance", "client_plan_instance_id", client_id):
        raise AriaError(Code.DUPLICATE, "duplicate record: client_plan_instance_id already exists")
    day, wanted = later_day(own, sent, parent), _status(sent.get("plan_status", first_status(plan)))
    status = _PENDING_ACTIVATION if day else wanted
    start = starting(own, sent) if parent is None else _WITH_ITS_PARENT
    if start.waits_until:
        day, status = start.waits_until, _status(sent.get("status_until_alt_start", _INACTIVE))
    instance = add_instance(
        own,
        plan,
        schedule,
        client_id,
        parent=parent,
        units=_units(sent.get("plan_units", Decimal(1))),
        status_cd=status,
        **start.columns,
        **_groups(own, sent, parent),
        **{name: sent[name] for name in ("promo_cd", "po_num") if name in sent},
    )
    apply_coupons(own, instance, sent)
    update_fields(own, instance, sent.get("plan_instance_fields", ()))
    set_inline_rates(own, instance, sent)
    if day:
        queue(own, instance, ("update", day), {"status_cd": wanted})
    tell(context, own, "assignment queued" if day else "assigned", instance)
    return instance


def _plan_and_schedule(own: Books, sent: Inputs) -> tuple[Row, Row]:
    catalog, currency = own.catalog, own.account.row["acct_currency"]
    number = sent.get("new_plan_no")
    if number is None:
        if "new_client_plan_id" not in sent:
            raise missing("new_plan_no or new_client_plan_id")
        number = catalog.number("plan", sent["new_client_plan_id"])
    plan = None if number is None else catalog.get("plan", number)
    if plan is None or not plan["active_ind"]:
        raise not_found("new_plan_no or new_client_plan_id")
    return plan, chosen_schedule(own, sent, plan["plan_no"], currency)


def chosen_schedule(own: Books, sent: Inputs, plan_no: int, currency: str) -> Row:
    """Return the rate schedule that a request names, or the default for the currency.

    Raises:
        AriaError: 1013 for a schedule that the plan does not have, 5007 for another currency.
    """
    number = sent.get("alt_rate_schedule_no")
    if number is None and "client_alt_rate_schedule_id" in sent:
        number = own.catalog.number("rate_schedule", sent["client_alt_rate_schedule_id"]) or -1
    if number is None:
        schedule = schedule_for(own.catalog, plan_no, currency)
    else:
        schedule = own.catalog.get("rate_schedule", number)
    if schedule is None or schedule["plan_no"] != plan_no:
        raise not_found("alt_rate_schedule_no or client_alt_rate_schedule_id")
    if schedule["schedule_currency"] != currency:
        raise AriaError(Code.BAD_CURRENCY, "the rate schedule has another currency")
    return schedule


def _parent(own: Books, sent: Inputs, plan: Row) -> Row | None:
    names = ("parent_plan_instance_no", "client_parent_plan_instance_id")
    if not plan["supp_plan_ind"]:
        return None
    return the_instance(own.account, sent, names)


def _check_place(own: Books, plan: Row, parent: Row | None) -> None:
    if parent is None:
        return
    links = own.catalog.group("plan_relationship", "parent_plan_no", parent["plan_no"])
    if plan["plan_no"] not in {link["plan_no"] for link in links}:
        text = "action not allowed: the plan is not offered under its parent"
        raise AriaError(Code.NOT_ALLOWED, text)
    if parent["status_cd"] in ENDED:
        raise AriaError(Code.NOT_ALLOWED, "action not allowed: the parent instance has ended")


def _groups(own: Books, sent: Inputs, parent: Row | None) -> Row:
    held = own.account
    if parent is not None:
        names = ("billing_group_no", "dunning_group_no", "resp_level_cd", "resp_plan_instance_no")
        return {name: parent[name] for name in names}
    group = part(held, "billing_group", _renamed(sent, BILLING, BILLING_GROUP), BILLING_GROUP)
    dunning = part(held, "dunning_group", _renamed(sent, DUNNING, DUNNING_GROUP), DUNNING_GROUP)
    level = sent.get("resp_level_cd", 1)
    if level not in _LEVELS:
        raise AriaError(Code.BAD_RESPONSIBILITY, f"invalid responsibility level: {level}")
    groups = held.rows("billing_group")
    if level == 1 and group is None and not groups:
        raise AriaError(Code.NO_SELF_PAY_GROUP, "a self-pay plan instance needs a billing group")
    if level > 1 and held.row["senior_acct_no"] is None:
        raise AriaError(Code.NOT_A_CHILD, "only child accounts may hold parent-pay plan instances")
    group = group or (groups[0] if groups and level == 1 else None)
    return {
        "billing_group_no": group["billing_group_no"] if group else None,
        "dunning_group_no": dunning["dunning_group_no"] if dunning else None,
        "resp_level_cd": level,
        "resp_plan_instance_no": sent.get("parent_acct_master_plan_inst_id"),
    }


def _renamed(sent: Inputs, names: tuple[str, str], to: tuple[str, str]) -> Row:
    return {new: sent[old] for old, new in zip(names, to, strict=True) if old in sent}


def _units(units: Decimal) -> Decimal:
    if units <= ZERO:
        raise invalid("plan_units", "must be above zero")
    return units


def _status(status: int) -> int:
    if status not in INSTANCE_STATUSES:
        raise AriaError(Code.BAD_STATUS, f"invalid plan status: {status}")
    return status


def apply_coupons(own: Books, instance: Row, sent: Inputs) -> None:
    """Put the `coupon_codes` of a request on a plan instance, and take `coupons_off` from it.

    Raises:
        AriaError: 1013 for a coupon that there is not, or that the instance does not have.
    """
    for code in sent.get("coupon_codes", ()):
        _use_coupon(own, instance, code.get("coupon_codes", ""))
    held, number = own.account, instance["plan_instance_no"]
    for code in sent.get("coupons_off", ()):
        used = held.where("coupon_use", "coupon_cd", code)
        row = next((row for row in used if row["plan_instance_no"] == number), None)
        if row is None:
            raise not_found(f"coupon {code[:50]}")
        held.remove("coupon_use", row)


def _use_coupon(own: Books, instance: Row, code: str) -> None:
    coupon = own.catalog.get("coupon", code)
    if coupon is None or not coupon["status_ind"]:
        raise not_found(f"coupon {code[:50]}")
    own.account.put(
        "coupon_use",
        {
            "coupon_cd": code,
            "plan_instance_no": instance["plan_instance_no"],
            "status": "Active",
            "create_date": own.now.date().isoformat(),
        },
    )


def update_fields(own: Books, instance: Row, wishes: Iterable[Row]) -> None:
    """Change fields of a plan instance: 1 add, 2 replace, 3 remove value, 4 remove field."""
    held, number = own.account, instance["plan_instance_no"]
    for wish in wishes:
        name, value = (
            wish.get("plan_instance_field_name"),
            wish.get("plan_instance_field_value", ""),
        )
        if not name:
            raise missing("plan_instance_field_name")
        directive = wish.get("plan_instance_field_directive", _FIELD_REPLACE)
        if directive not in range(_FIELD_ADD, _FIELD_OUT + 1):
            raise AriaError(Code.BAD_DIRECTIVE, "invalid plan_instance_field_directive")
        for row in list(held.where("instance_field", "plan_instance_no", number)):
            same = row["field_name"] == name and row["field_value"] == value
            whole = row["field_name"] == name and directive in {_FIELD_REPLACE, _FIELD_OUT}
            if whole or (same and directive == _FIELD_VALUE_OUT):
                held.remove("instance_field", row)
        if directive in {_FIELD_ADD, _FIELD_REPLACE} and value not in {"", CLEAR}:
            key = {"plan_instance_no": number, "field_name": name, "field_value": value}
            held.put("instance_field", key)


def change_now(own: Books, instance: Row, values: Row) -> Row:
    """Change a plan instance and note it in its history; return its row."""
    if values.get("status_cd", instance["status_cd"]) != instance["status_cd"]:
        values = {**values, "status_date": own.now.date().isoformat()}
    changed = own.account.change("plan_instance", instance, **values)
    add_plan_history(own, instance, changed)
    return changed


def wanted_values(own: Books, instance: Row, sent: Inputs) -> Row:
    """Return the columns that update_acct_plan_m would change.

    Raises:
        AriaError: For units, a status or a schedule that Aria refuses.
    """
    values: Row = {}
    if "plan_units" in sent:
        values["plan_units"] = _units(sent["plan_units"])
    if "plan_status" in sent:
        values["status_cd"] = _status(sent["plan_status"])
    if "alt_rate_schedule_no" in sent or "client_alt_rate_schedule_id" in sent:
        currency = own.account.row["acct_currency"]
        schedule = chosen_schedule(own, sent, instance["plan_no"], currency)
        values["schedule_no"] = schedule["schedule_no"]
        for name in ("recurring_billing_interval", "usage_billing_interval"):
            values[name] = schedule[name]
    for name in ("promo_cd", "po_num", "resp_level_cd"):
        if name in sent:
            values[name] = "" if sent[name] == CLEAR else sent[name]
    new_id = sent.get("new_client_plan_inst_id")
    if new_id and new_id != instance["client_plan_instance_id"]:
        if own.account.find("plan_instance", "client_plan_instance_id", new_id):
            raise AriaError(Code.DUPLICATE, "duplicate record: new_client_plan_inst_id")
        values["client_plan_instance_id"] = new_id
    return values


def queue(
    own: Books, instance: Row, plan: tuple[str, str], values: Row, rates: Iterable[Row] = ()
) -> Row:
    """Let a change wait; `plan` is what happens (update, replace, cancel) and the day."""
    action, day = plan
    return own.account.add(
        "queued_change",
        {
            "queue_id": own.number("queued_change"),
            "plan_instance_no": instance["plan_instance_no"],
            "action": action,
            "status_cd": 1,
            "effective_date": day,
            "queuing_date": own.now.date().isoformat(),
            "queuing_user_id": "api",
            "deleting_date": None,
            "executing_date": None,
            "editing_date": None,
            "values": values,
            "custom_rates": list(rates),
        },
    )


def cancel_now(context: Context, own: Books, instance: Row) -> None:
    """Cancel an instance and all below it; with the last master the account ends (§4.10)."""
    held, number = own.account, instance["plan_instance_no"]
    today = own.now.date().isoformat()
    for row in list(held.rows("plan_instance")):
        if row["plan_instance_no"] == number or _is_below(held.rows("plan_instance"), row, number):
            if row["status_cd"] in ENDED:
                continue
            ended = {"status_cd": _CANCELLED, "plan_deprovisioned_date": today}
            tell(context, own, "cancelled", change_now(own, row, ended))
    masters = held.where("plan_instance", "supp_plan_ind", 0)
    if all(row["status_cd"] in ENDED for row in masters) and not instance["supp_plan_ind"]:
        set_status(context, own, _ACCOUNT_INACTIVE, "The last master plan was cancelled")


def _is_below(rows: list[Row], row: Row, number: int) -> bool:
    parents = {one["plan_instance_no"]: one["parent_plan_instance_no"] for one in rows}
    above = row["parent_plan_instance_no"]
    while above is not None:
        if above == number:
            return True
        above = parents.get(above)
    return False


def _proration_start(own: Books, instance: Row, sent: Inputs) -> date:
    given = sent.get("alt_proration_start_date")
    if given is None:
        return own.now.date()
    if given < (instance["last_bill_date"] or given):
        raise invalid("alt_proration_start_date", "lies before the current period")
    return date.fromisoformat(given)


def remaining_share(instance: Row, first_day: date) -> Decimal:
    """Return what part of the paid period of an instance lies ahead of a day, 0 to 1."""
    if instance["bill_thru_date"] is None or instance["last_bill_date"] is None:
        return ZERO
    first = date.fromisoformat(instance["last_bill_date"])
    last = date.fromisoformat(instance["bill_thru_date"])
    days = (last - first).days + 1
    ahead = (last - first_day).days + 1
    return Decimal(max(0, min(days, ahead))) / Decimal(days or 1)


def prorate(
    own: Books, instance: Row, before: Decimal, sent: Inputs
) -> tuple[list[Row], Row | None]:
    """Charge or credit the difference for the rest of the period.

    Returns the lines, and the invoice if there is one: a lower price becomes a service credit.

    Raises:
        AriaError: 1016 for an alt_proration_start_date before the current period.
    """
    directive = sent.get("assignment_directive", NOW_BY_RULE)
    after = ZERO
    if instance["status_cd"] not in ENDED:
        after = recurring_charge(own.catalog, own.account, instance)
    first = _proration_start(own, instance, sent)
    share = remaining_share(instance, first)
    delta = money((after - before) * share)
    if directive == NOW_NO_PRORATION or not delta:
        return [], None
    number = instance["master_plan_instance_no"]
    if delta < ZERO:
        money_acts.service_credit(own, -delta, 7, number, "Proration")
        return [_proration_line(instance, delta, share)], None
    line = _proration_line(instance, delta, share)
    lines = [line, *tax_lines(own, [line])]
    master = own.account.find("plan_instance", "plan_instance_no", number)
    last = date.fromisoformat(instance["bill_thru_date"])
    period = Period(first, last)
    return lines, issue(own, lines, master=master, period=period, type_cd="P")


def _proration_line(instance: Row, delta: Decimal, share: Decimal) -> Row:
    return plain_line(
        RECURRING,
        delta,
        f"{instance['plan_name']}: proration",
        plan_no=instance["plan_no"],
        client_plan_id=instance["client_plan_id"],
        plan_name=instance["plan_name"],
        plan_instance_no=instance["plan_instance_no"],
        master_plan_instance_no=instance["master_plan_instance_no"],
        proration_factor=share.quantize(Decimal("0.00001")),
        taxable=delta > ZERO,
    )


def costs(own: Books, lines: list[Row], invoice: Row | None) -> Row:
    """Return the sums that the calls which change plans answer with (aria.md §2.5)."""
    tax = sum((row["amount"] for row in lines if row["tax_rate"] is not None), ZERO)
    charges = sum(
        (x["amount"] for x in lines if x["amount"] > ZERO and x["tax_rate"] is None), ZERO
    )
    credit = -sum((row["amount"] for row in lines if row["amount"] < ZERO), ZERO)
    held = own.account
    live = [row for row in held.rows("plan_instance") if row["status_cd"] not in ENDED]
    return {
        "proration_result_amount": total(lines),
        "invoice_no": invoice["invoice_no"] if invoice else None,
        "expectd_mthly_recurring_cost": sum(
            (monthly_charge(own.catalog, held, row) for row in live), ZERO
        ),
        "total_charges_before_tax": charges,
        "total_tax_charges": tax,
        "total_charges_after_tax": charges + tax,
        "total_credit": credit,
        "total": total(lines),
        "proration_credit_amount": credit,
        "acct_plan_line_items": [_shown(place, row) for place, row in enumerate(lines, 1)],
    }


def _shown(place: int, row: Row) -> Row:
    return {
        "line_no": place,
        "line_type": row["line_type"],
        "service_no": row["service_no"],
        "service_name": row["service_name"],
        "line_units": row["units"],
        "rate_per_unit": row["rate_per_unit"],
        "line_amount": row["amount"],
        "proration_factor": row["proration_factor"],
        "description": row["description"],
        "plan_no": row["plan_no"],
        "plan_name": row["plan_name"],
        "client_service_id": row["client_service_id"],
        "client_plan_id": row["client_plan_id"],
    }


def queued(change: Row | None) -> list[Row]:
    """Return `plan_instance_queue` of an answer."""
    if change is None:
        return []
    names = ("queue_id", "plan_instance_no")
    return [{**{name: change[name] for name in names}, "queue_type_ind": 1}]
