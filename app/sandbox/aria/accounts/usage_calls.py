"""Calls about usage: record, history, summaries by type (aria.md §2.9)."""

from collections.abc import Iterator
from decimal import Decimal

from app.sandbox.aria.accounts import money_acts
from app.sandbox.aria.accounts.account import Account
from app.sandbox.aria.accounts.instance_rows import services_of
from app.sandbox.aria.accounts.ledger import Books
from app.sandbox.aria.accounts.lookups import (
    INSTANCE,
    MASTER,
    account,
    books,
    instance,
    names_of,
    of_master,
)
from app.sandbox.aria.accounts.rates import ZERO, charge, money
from app.sandbox.aria.context import Answer, Context
from app.sandbox.aria.errors import AriaError, Code, missing
from app.sandbox.aria.inputs import Inputs
from app.sandbox.aria.tables import Row

_LIMIT = 1000
_LOCALE = {"acct_locale_no": 1, "acct_locale_name": "US_English"}
_MASTER_ID = ("master_plan_instance_id", "client_master_plan_instance_id")
_BILLED, _UNBILLED = 1, 0


def record_usage(context: Context, sent: Inputs) -> Answer:
    """Answer record_usage_m; a client_record_id that the account has is refused (inferred)."""
    own = books(context, sent)
    return {"usage_rec_no": _record(context, own, sent)["usage_rec_no"]}


def _record(context: Context, own: Books, sent: Inputs) -> Row:
    number = sent.get("usage_type")
    if number is None:
        if "usage_type_code" not in sent:
            raise missing("usage_type or usage_type_code")
        number = context.tables.number("usage_type", sent["usage_type_code"])
    usage_type = None if number is None else context.tables.get("usage_type", number)
    if usage_type is None:
        raise AriaError(Code.MISSING, "missing required parameters: the usage type does not exist")
    client_id = sent.get("client_record_id", "")
    if client_id and own.account.find("usage", "client_record_id", client_id):
        raise AriaError(Code.DUPLICATE, "duplicate record: client_record_id already exists")
    held = instance(own.account, sent, INSTANCE, required=False)
    held = held or instance(own.account, sent, MASTER, required=False)
    held = held or next(iter(own.account.rows("plan_instance")), None)
    if held is None:
        raise AriaError(Code.NO_PLAN_INSTANCE, "the account has no plan instance")
    names = ("client_record_id", "usage_date", "rate", *money_acts.QUALIFIERS, "comments")
    about = {name: sent[name] for name in names if name in sent}
    rated = money(sent["rate"] * sent["usage_units"]) if "rate" in sent else None
    about |= {"amount": sent.get("amt", rated), "excluded": sent.get("exclude_from_billing")}
    return money_acts.record_usage(own, held, usage_type, sent["usage_units"], **about)


def bulk_record_usage(context: Context, sent: Inputs) -> Answer:
    """Answer bulk_record_usage_m: records that fail are told, the others are stored."""
    errors = []
    for wish in sent.get("usage_recs", ()):
        try:
            _record(context, books(context, wish), {"usage_units": ZERO, **wish})
        except AriaError as error:
            errors.append(
                {
                    "out_client_record_id": wish.get("client_record_id", ""),
                    "acct_no": wish.get("acct_no"),
                    "record_error_code": int(error.code),
                    "record_error_msg": error.message,
                }
            )
    return {"error_records": errors}


def _chosen(held: Account, sent: Inputs) -> Iterator[Row]:
    wanted = of_master(held, sent)
    first = sent.get("date_range_start", sent.get("date_filter_start_date", ""))[:10]
    last = sent.get("date_range_end", sent.get("date_filter_end_date", "9999"))[:10]
    number = sent.get("specified_usage_type_no", sent.get("usage_type_filter"))
    code = sent.get("specified_usage_type_code", sent.get("usage_type_cd_filter"))
    for row in held.rows("usage"):
        if (
            wanted in (None, row["master_plan_instance_no"])
            and first <= row["usage_date"][:10] <= last
            and number in (None, row["usage_type_no"])
            and code in (None, row["usage_type_code"])
            and sent.get("invoice_no", row["invoice_no"]) == row["invoice_no"]
        ):
            yield row


def get_usage_history(context: Context, sent: Inputs) -> Answer:
    """Answer get_usage_history_m: a page of records, oldest first."""
    held = account(context, sent)
    first = sent.get("offset", 0)
    excluded = sent.get("retrieve_excluded_usage", False)
    chosen = [row for row in _chosen(held, sent) if excluded or row["is_excluded"] == "false"]
    rows = chosen[first : first + sent.get("limit", _LIMIT)]
    return {"usage_history_recs": [_record_row(context, held, row) for row in rows], **_LOCALE}


def _record_row(context: Context, held: Account, row: Row) -> Row:
    usage_type = context.tables.get("usage_type", row["usage_type_no"]) or {}
    number, name = names_of(held, row["plan_instance_no"])
    return {
        "billable_acct_no": held.no,
        "incurring_acct_no": held.no,
        "client_billable_acct_id": held.row["client_acct_id"],
        "client_incurring_acct_id": held.row["client_acct_id"],
        "plan_instance_id": number,
        "client_plan_instance_id": name,
        "usage_type_no": row["usage_type_no"],
        "usage_type_description": usage_type.get("usage_type_name", ""),
        "usage_date": row["usage_date"][:10],
        "usage_time": row["usage_date"][11:],
        "units": row["units"],
        "units_description": usage_type.get("usage_unit_type", ""),
        "invoice_no": row["invoice_no"],
        "specific_record_charge_amount": row["amount"],
        "is_excluded": row["is_excluded"],
        "comments": row["comments"],
        **{name: row[name] for name in money_acts.QUALIFIERS},
        "pre_rated_rate": row["rate"],
        "recorded_units": row["units"],
        "usage_rec_no": row["usage_rec_no"],
        "usage_type_code": row["usage_type_code"],
        "client_record_id": row["client_record_id"],
    }


def get_usage_summary_by_type(context: Context, sent: Inputs) -> Answer:
    """Answer get_usage_summary_by_type_m: sums by type, plan instance and billed or not."""
    held = account(context, sent)
    groups: dict[tuple[int, int, int], list[Row]] = {}
    for row in _chosen(held, sent):
        billed = _UNBILLED if row["invoice_no"] is None else _BILLED
        if sent.get("billed_filter", billed) == billed:
            key = (row["usage_type_no"], row["plan_instance_no"], billed)
            groups.setdefault(key, []).append(row)
    dates = sorted(row["usage_date"] for rows in groups.values() for row in rows)
    return {
        "start_date": dates[0][:10] if dates else None,
        "start_time": dates[0][11:] if dates else None,
        "end_date": dates[-1][:10] if dates else None,
        "end_time": dates[-1][11:] if dates else None,
        "usage_summary_recs": [
            _summary(context, held, key, rows) for key, rows in sorted(groups.items())
        ],
        **_LOCALE,
    }


def _summary(context: Context, held: Account, key: tuple[int, int, int], rows: list[Row]) -> Row:
    number, name = names_of(held, key[1])
    usage_type = context.tables.get("usage_type", key[0]) or {}
    units = sum((row["units"] for row in rows), ZERO)
    return {
        "out_acct_no": held.no,
        "out_client_acct_id": held.row["client_acct_id"],
        "out_plan_instance_no": number,
        "out_plan_instance_cdid": name,
        "usage_type_no": key[0],
        "usage_type_label": usage_type.get("usage_type_name", ""),
        "billed_ind": key[2],
        "total_units": units,
        "total_value_amount": _value(context, held, key, units),
        "total_value_currency_code": held.row["acct_currency"],
        "last_usage_date": max(row["usage_date"] for row in rows)[:10],
        "usage_type_cd": rows[0]["usage_type_code"],
    }


def _value(context: Context, held: Account, key: tuple[int, int, int], units: Decimal) -> Decimal:
    row = held.find("plan_instance", "plan_instance_no", key[1])
    for service in services_of(context.tables, held, row, set()) if row else ():
        if service["usage_type"] == key[0]:
            rates = service["plan_service_rates"]
            return money(charge(rates, units, service["tiered_pricing_rule"]))
    return ZERO


def _plan_of(held: Account, usage: Row) -> int | None:
    row = held.find("plan_instance", "plan_instance_no", usage["plan_instance_no"])
    return None if row is None else int(row["plan_no"])


def get_unbilled_usage_summary(context: Context, sent: Inputs) -> Answer:
    """Answer get_unbilled_usage_summary_m; usage_details_flag 1 lists the records."""
    held = account(context, sent)
    master = instance(held, sent, _MASTER_ID)
    number = None if master is None else master["plan_instance_no"]
    rows = [
        row
        for row in held.where("usage", "master_plan_instance_no", number)
        if row["invoice_no"] is None
        and sent.get("usage_type_no", row["usage_type_no"]) == row["usage_type_no"]
        and _plan_of(held, row) in {None, sent.get("plan_no", _plan_of(held, row))}
    ]
    by_type: dict[tuple[int, int, int], Decimal] = {}
    for row in rows:
        key = (row["usage_type_no"], row["plan_instance_no"], _UNBILLED)
        by_type[key] = by_type.get(key, ZERO) + row["units"]
    value = sum((_value(context, held, key, units) for key, units in by_type.items()), ZERO)
    answer: Answer = {
        "currency_cd": held.row["acct_currency"],
        "acct_no": held.no,
        "client_acct_id": held.row["client_acct_id"],
        "master_plan_instance_id": number,
        "client_master_plan_instance_id": names_of(held, number)[1],
        "mtd_balance_amount": value,
        "ptd_balance_amount": value,
        **_LOCALE,
    }
    if str(sent.get("usage_details_flag", "")) in {"1", "true"}:
        names = ("usage_type_no", "units", "usage_type_code", "usage_rec_no")
        answer["unbilled_usage_rec"] = [
            {
                **{name: row[name] for name in names},
                "plan_instance_id": row["plan_instance_no"],
                "usage_date": row["usage_date"][:10],
                "recorded_units": row["units"],
            }
            for row in rows
        ]
    return answer
