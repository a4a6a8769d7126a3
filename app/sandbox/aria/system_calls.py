"""Core calls about the instance: caller, version, clock, currencies, receipts (aria.md §2.10)."""

from datetime import UTC, datetime

from app.sandbox.aria.context import Answer, Context
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
