"""Core calls about the instance: caller, version, clock, currencies, receipts (aria.md §2.10)."""

from datetime import UTC, datetime

from app.sandbox.aria.accounts.lookups import account
from app.sandbox.aria.context import Answer, Context
from app.sandbox.aria.errors import invalid
from app.sandbox.aria.inputs import Inputs

RELEASE = "71.0"
_TIME = "%H:%M:%S"


def authenticate_caller(_: Context, __: Inputs) -> Answer:
    """Answer authenticate_caller_m: whoever gets here is known."""
    return {}


def get_current_system_version(_: Context, __: Inputs) -> Answer:
    """Answer get_current_system_version_m."""
    return {"version": RELEASE}


def get_virtual_datetime(context: Context, _: Inputs) -> Answer:
    """Answer get_virtual_datetime_m: the sandbox's clock beside the real one."""
    virtual, system = context.clock.now(), datetime.now(UTC)
    return {
        "virtual_date": virtual.date().isoformat(),
        "virtual_time": virtual.strftime(_TIME),
        "system_date": system.date().isoformat(),
        "system_time": system.strftime(_TIME),
        "current_offset_hours": round((virtual - system).total_seconds() / 3600),
        "is_batch_running": "N",
    }


def get_email_templates(context: Context, sent: Inputs) -> Answer:
    """Answer get_email_templates_m, of one class if that is asked for."""
    wanted = sent.get("filter_template_class")
    rows = context.tables.all("email_template")
    kept = (row for row in rows if wanted in (None, row["template_class"]))
    return {"templates_by_client": [dict(row) for row in kept]}


def get_client_currencies(context: Context, _: Inputs) -> Answer:
    """Answer get_client_currencies_m."""
    return {
        "client_currency": [
            {
                "currency_cd": row["currency_cd"],
                "currency_name": row["currency_name"],
                "currency_short_name": row["currency_cd"].upper(),
                "iso_4217n": row["iso_4217n"],
                "currency_symbol": row["currency_symbol"],
                "currency_html": "",
                "default_ind": row["default_ind"],
            }
            for row in context.tables.all("currency")
        ]
    }


def get_all_client_receipt_ids(context: Context, sent: Inputs) -> Answer:
    """Answer get_all_client_receipt_ids_m: it tells whether an unanswered write happened."""
    first = sent.get("start_date_range", "0000-00-00")
    last = sent.get("end_date_range", "9999-99-99")
    return {
        "client_receipt": [
            {
                "client_receipt_id": row["client_receipt_id"],
                "acct_no": row.get("acct_no"),  # none for a write to the catalog
                "receipt_date": row["receipt_date"],
            }
            for row in context.tables.all("receipt")
            if first <= row["receipt_date"] <= last
        ]
    }


def get_all_acct_receipt_ids(context: Context, sent: Inputs) -> Answer:
    """Answer get_all_acct_receipt_ids_m."""
    account(context, sent)
    first = sent.get("start_date_range", "0000-00-00")
    last = sent.get("end_date_range", "9999-99-99")
    return {
        "acct_receipt": [
            {"client_receipt_id": row["client_receipt_id"], "receipt_date": row["receipt_date"]}
            for row in context.tables.all("receipt")
            if row.get("acct_no") == sent["acct_no"] and first <= row["receipt_date"] <= last
        ]
    }


def get_all_actions_by_receipt_id(context: Context, sent: Inputs) -> Answer:
    """Answer get_all_actions_by_receipt_id_m: it tells whether an unanswered write happened."""
    account(context, sent)
    row = context.tables.get("receipt", sent["client_receipt_id"]) or {}
    if row.get("acct_no") != sent["acct_no"]:
        return {"receipt_action": []}
    return {
        "receipt_action": [
            {
                "action_type_id": 1,
                "action_type_label": row["action"],
                "action_type_desc": row["action"],
                "action_rec_id_label": "acct_no",
                "action_rec_id_val": str(row["acct_no"]),
                "action_date": row["action_date"],
                "action_user": "api",
            }
        ]
    }


def advance_virtual_datetime(context: Context, sent: Inputs) -> Answer:
    """Answer advance_virtual_datetime_m: the clock goes forward only (aria.md §1.7)."""
    if sent["offset_hours"] <= 0:
        raise invalid("offset_hours", "must be above zero")
    context.clock.advance(sent["offset_hours"] * 3600)
    context.board.clock_moved()
    found = get_virtual_datetime(context, sent)
    del found["is_batch_running"]
    return found


def get_daily_batch_status(_: Context, __: Inputs) -> Answer:
    """Answer get_daily_batch_status_m: the sandbox has no batch that could be running."""
    return {"status": "Completed"}
