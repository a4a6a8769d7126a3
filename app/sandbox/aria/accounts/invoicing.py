"""Invoices: the lines of a period or an order, tax, the transaction and the statement."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from app.sandbox.aria.accounts.dates import months_after, stamp
from app.sandbox.aria.accounts.ledger import INVOICE, Books, balance, book
from app.sandbox.aria.accounts.rates import ZERO, PlanService, charge, money, plan_services, tiers
from app.sandbox.aria.accounts.starts import days_between, first_period
from app.sandbox.aria.tables import Row

RECURRING, TAX, SERVICE_CREDIT, COUPON, ACTIVATION, USAGE, ARREARS, ORDER = range(1, 9)
DUE_DAYS = 30
_TAX_RATES = {"US": Decimal("0.07"), "DE": Decimal("0.19"), "GB": Decimal("0.20")}
PERCENT = 2  # of flat_percent_ind; 1 is an amount
_LIVE = frozenset({1, 2, 3, 41})  # statuses of a plan instance that is billed


@dataclass(frozen=True, slots=True)
class Period:
    """The days that an invoice covers, both included; usage is that of the period before."""

    first: date
    last: date
    usage_from: date | None = None
    usage_thru: date | None = None


def period_lines(
    books: Books,
    master: Row,
    period: Period,
    *,
    first: bool = False,
    factor: Decimal = Decimal(1),
) -> list[Row]:
    """Return the lines for a master plan instance and its supplementals, tax and credits last."""
    account = books.account
    instances = account.where(
        "plan_instance", "master_plan_instance_no", master["plan_instance_no"]
    )
    lines: list[Row] = []
    for instance in instances:
        if instance["status_cd"] in _LIVE:
            lines += instance_lines(books, instance, period, first=first, factor=factor)
    lines += list(_credits(books, master, lines))
    return lines + tax_lines(books, lines)


def instance_lines(
    books: Books,
    instance: Row,
    period: Period,
    *,
    first: bool = False,
    factor: Decimal = Decimal(1),
) -> list[Row]:
    """Return the lines of one plan instance for a period; `factor` prorates recurring ones."""
    found: list[Row] = []
    for service in plan_services(books.catalog, instance["plan_no"]):
        if service.has("is_recurring_ind"):
            units, kind = Decimal(instance["plan_units"]), RECURRING
            kind = ARREARS if service.has("is_arrears_ind") else RECURRING
        elif service.has("is_setup_ind") and first:
            units, kind = Decimal(1), ACTIVATION
        elif service.has("is_usage_based_ind"):
            units, kind = _used(books, instance, service, period), USAGE
        else:
            continue
        rates = tiers(books.catalog, books.account, instance, service.service_no)
        whole = charge(rates, units, service.rule)
        share = factor if kind in {RECURRING, ARREARS} else Decimal(1)
        if whole:
            found.append(
                _line(instance, service, kind, period, (units, money(whole * share), share))
            )
    return found


def _used(books: Books, instance: Row, service: PlanService, period: Period) -> Decimal:
    if period.usage_from is None or period.usage_thru is None:
        return ZERO
    first, last = period.usage_from.isoformat(), period.usage_thru.isoformat()
    return sum(
        (
            row["units"]
            for row in books.account.rows("usage")
            if row["plan_instance_no"] == instance["plan_instance_no"]
            and row["usage_type_no"] == service.usage_type_no
            and row["invoice_no"] is None
            and row["is_excluded"] == "false"
            and first <= row["usage_date"][:10] <= last
        ),
        ZERO,
    )


def _line(
    instance: Row,
    service: PlanService,
    kind: int,
    period: Period,
    sums: tuple[Decimal, Decimal, Decimal],
) -> Row:
    units, amount, factor = sums
    usage = kind == USAGE
    return {
        **_EMPTY,
        "line_type": kind,
        "service_no": service.service_no,
        "client_service_id": service.client_service_id,
        "service_name": service.name,
        "coa_id": service.coa_id,
        "taxable": service.taxable,
        "plan_no": instance["plan_no"],
        "client_plan_id": instance["client_plan_id"],
        "plan_name": instance["plan_name"],
        "plan_instance_no": instance["plan_instance_no"],
        "master_plan_instance_no": instance["master_plan_instance_no"],
        "units": units,
        "rate_per_unit": (amount / units).quantize(Decimal("0.00001")),
        "amount": amount,
        "description": f"{instance['plan_name']}: {service.name}",
        "date_range_start": (period.usage_from if usage else period.first),
        "date_range_end": (period.usage_thru if usage else period.last),
        "usage_type_no": service.usage_type_no if usage else None,
        "proration_factor": factor,
        "rate_schedule_no": instance["schedule_no"],
        "po_num": instance["po_num"],
    }


_EMPTY: Row = {
    "invoice_no": None,
    "line_no": None,
    "service_no": None,
    "client_service_id": "",
    "service_name": "",
    "coa_id": "",
    "taxable": False,
    "plan_no": None,
    "client_plan_id": "",
    "plan_name": "",
    "plan_instance_no": None,
    "master_plan_instance_no": None,
    "units": None,
    "rate_per_unit": None,
    "date_range_start": None,
    "date_range_end": None,
    "usage_type_no": None,
    "proration_factor": None,
    "rate_schedule_no": None,
    "po_num": "",
    "order_no": None,
    "item_no": None,
    "client_sku": "",
    "credit_reason_cd": None,
    "credit_coupon_code": "",
    "tax_rate": None,
    "taxed_line": None,
}


def plain_line(kind: int, amount: Decimal, description: str, **more: Any) -> Row:
    """Return a line that stands for no service of a plan: an item, a credit, a tax."""
    return {
        **_EMPTY,
        "line_type": kind,
        "amount": amount,
        "description": description,
        "units": Decimal(1),
        "rate_per_unit": amount,
        **more,
    }


def _credits(books: Books, master: Row, lines: list[Row]) -> Iterator[Row]:
    """Yield what lowers an invoice: coupons first, then service credits (never below zero)."""
    number = master["plan_instance_no"]
    left = sum((row["amount"] for row in lines), ZERO)
    uses = books.account.where("coupon_use", "plan_instance_no", number)
    for use in [*uses, *books.account.where("coupon_use", "plan_instance_no", None)]:
        amount = _taken_off(books, use, left)
        left -= amount
        if amount:
            text, code = f"Coupon {use['coupon_cd']}", use["coupon_cd"]
            more = {"credit_coupon_code": code, "master_plan_instance_no": number}
            yield plain_line(COUPON, -amount, text, **more)
    for credit in books.account.where("credit", "credit_type", "service"):
        open_part = credit["amount"] - credit["applied_amount"]
        amount = min(left, open_part)
        if amount <= ZERO or credit["void_transaction_id"] is not None:
            continue
        left -= amount
        books.account.change("credit", credit, applied_amount=credit["applied_amount"] + amount)
        more = {
            "credit_reason_cd": credit["reason_code"],
            "master_plan_instance_no": number,
        }
        yield plain_line(SERVICE_CREDIT, -amount, credit["reason_text"], **more)


def coupon_line(books: Books, order: Row, lines: list[Row]) -> list[Row]:
    """Return the line by which an order's coupon lowers its invoice, or none."""
    code = order["coupon_cd"]
    amount = _taken_off(books, order, total(lines))
    master = order["plan_instance_no"]
    more = {"credit_coupon_code": code, "master_plan_instance_no": master}
    return [plain_line(COUPON, -amount, f"Coupon {code}", **more)] if amount else []


def _taken_off(books: Books, use: Row, left: Decimal) -> Decimal:
    """Return what a coupon takes off an amount by its rule; nothing without one."""
    coupon = books.catalog.get("coupon", use["coupon_cd"]) or {}
    rule = books.catalog.get("discount_rule", coupon.get("rule_no"))
    if rule is None:
        return ZERO
    if rule["flat_percent_ind"] == PERCENT:
        return money(left * rule["amount"] / 100)
    same = rule["currency"] == books.account.row["acct_currency"]
    return min(left, money(rule["amount"])) if same else ZERO


def tax_lines(books: Books, lines: list[Row]) -> list[Row]:
    """Return one line of tax for what is taxable, or none (aria.md §4.18)."""
    rate = _TAX_RATES.get(books.account.row["country_cd"], ZERO)
    base = sum((row["amount"] for row in lines if row["taxable"]), ZERO)
    amount = money(base * rate)
    if not amount:
        return []
    taxed = next(place for place, row in enumerate(lines, 1) if row["taxable"])
    return [plain_line(TAX, amount, "Sales tax", tax_rate=rate, taxed_line=taxed)]


def total(lines: list[Row]) -> Decimal:
    """Return the sum of lines."""
    return sum((row["amount"] for row in lines), ZERO)


def issue(books: Books, lines: list[Row], **about: Any) -> Row:
    """Store an invoice with its lines, and unless it is pending, book it and make a statement.

    `about` holds master (a plan instance), period, type_cd, pending.
    """
    number = books.number("invoice")
    master, period = about["master"], about["period"]
    pending = bool(about.get("pending", False))
    for place, line in enumerate(lines, 1):
        books.account.add(
            "invoice_line",
            {
                **line,
                "invoice_no": number,
                "line_no": place,
                "date_range_start": _iso(line["date_range_start"] or period.first),
                "date_range_end": _iso(line["date_range_end"] or period.last),
            },
        )
    today = books.now.date()
    row = {
        "invoice_no": number,
        "billing_group_no": master["billing_group_no"],
        "master_plan_instance_no": master["plan_instance_no"],
        "client_master_plan_instance_id": master["client_plan_instance_id"],
        "plan_no": master["plan_no"],
        "client_plan_id": master["client_plan_id"],
        "plan_name": master["plan_name"],
        "currency_cd": books.account.row["acct_currency"],
        "bill_date": today.isoformat(),
        "due_date": (today + timedelta(days=DUE_DAYS)).isoformat(),
        "paid_date": None,
        "amount": total(lines),
        "credit": -sum((x["amount"] for x in lines if x["amount"] < ZERO), ZERO),
        "from_date": _iso(period.first),
        "to_date": _iso(period.last),
        "usage_bill_from": _iso(period.usage_from),
        "usage_bill_thru": _iso(period.usage_thru),
        "is_voided_ind": 0,
        "voiding_event_no": None,
        "is_pending_ind": int(pending),
        "invoice_type_cd": about.get("type_cd", "C"),
        "statement_no": None,
        "seq_statement_id": "",
        "balance_forward": balance(books.account),
        "custom_status_label": "",
        "client_notes": "",
        "last_updated": stamp(books.now),
    }
    books.account.add("invoice", row)
    return row if pending else finish(books, row)


def finish(books: Books, row: Row) -> Row:
    """Book an invoice and issue its statement; return its row as it is then."""
    statement = books.number("statement")
    seq = f"ST-{statement}"
    forward, amount = balance(books.account), row["amount"]
    book(
        books,
        INVOICE,
        amount,
        transaction_source_id=row["invoice_no"],
        invoice_no=row["invoice_no"],
        statement_no=statement,
        seq_statement_id=seq,
        master_plan_instance_no=row["master_plan_instance_no"],
    )
    books.account.add(
        "statement",
        {
            "statement_no": statement,
            "seq_statement_id": seq,
            "create_date": row["bill_date"],
            "due_date": row["due_date"],
            "currency_cd": row["currency_cd"],
            "new_charges_amount": amount,
            "new_payments_amount": ZERO,
            "balance_forward_amount": forward,
            "total_amount": forward + amount,
            "invoice_no": row["invoice_no"],
            "master_plan_instance_no": row["master_plan_instance_no"],
        },
    )
    _mark_usage(books, row)
    return books.account.change(
        "invoice",
        row,
        is_pending_ind=0,
        statement_no=statement,
        seq_statement_id=seq,
        last_updated=stamp(books.now),
    )


def _mark_usage(books: Books, row: Row) -> None:
    account, first, last = books.account, row["usage_bill_from"], row["usage_bill_thru"]
    if first is None:
        return
    numbers = {
        x["plan_instance_no"]
        for x in account.where(
            "plan_instance", "master_plan_instance_no", row["master_plan_instance_no"]
        )
    }
    for one in list(account.rows("usage")):
        mine = one["plan_instance_no"] in numbers and one["invoice_no"] is None
        if mine and first <= one["usage_date"][:10] <= last:
            account.change("usage", one, invoice_no=row["invoice_no"])


def bill(
    books: Books, master: Row, day: date, *, pending: bool = False, prorated: bool = False
) -> Row | None:
    """Bill a master plan instance for the period that starts on `day`; move its dates on.

    The first period ends at the first bill day; `prorated` charges its part of a whole one.
    Returns the invoice, or None where there was nothing to bill.
    """
    months = master["recurring_billing_interval"] or 1
    following = months_after(day, months, master["bill_day"])
    first = master["last_bill_date"] is None
    factor = Decimal(1)
    if first and months_after(day, 0, master["bill_day"]) != day:
        following, whole = first_period(day, master["bill_day"], months)
        if prorated:
            factor = Decimal(days_between(day, following)) / days_between(whole, following)
    before = months_after(day, -1, master["bill_day"])
    usage_from = None if first else before
    usage_thru = None if first else day - timedelta(days=1)
    period = Period(day, following - timedelta(days=1), usage_from, usage_thru)
    lines = period_lines(books, master, period, first=first, factor=factor)
    for instance in books.account.where(
        "plan_instance", "master_plan_instance_no", master["plan_instance_no"]
    ):
        books.account.change(
            "plan_instance",
            instance,
            last_bill_date=day.isoformat(),
            bill_thru_date=period.last.isoformat(),
            next_bill_date=following.isoformat(),
        )
    if not lines:
        return None
    return issue(books, lines, master=master, period=period, pending=pending)


def _iso(day: date | str | None) -> str | None:
    return day.isoformat() if isinstance(day, date) else day
