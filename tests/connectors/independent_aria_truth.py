"""What an independent Aria holds: a small catalog, and accounts from whole to bare (aria.md §2).

Fields have the names of the call that tells most of them; `independent_aria_calls` renames them.
"""

from copy import deepcopy
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tests.connectors.independent_aria_goods import DAY, Row
from tests.connectors.independent_dialect import NONE_SUCH, Twin

CLIENT, KEY = 4711, "k" * 32
WHOLE, BARE, CHILD, FULL = 70000001, 70000002, 70000003, 70000007
FILLERS = 70000100
LONG = "Gesellschaft für " + "sehr lange Namen & Zeichen " * 12
NOW = datetime(2026, 11, 22, 9, 30)  # noqa: DTZ001 - Aria's times have no zone (aria.md §1.7)


def person(last: str, **more: Any) -> Row:
    return {
        "first_name": "Ada",
        "last_name": last,
        "company_name": None,
        "address1": "Gasse 1",
        "address2": None,
        "address3": None,
        "city": "Zürich",
        "locality": "ZH",
        "state_prov": None,
        "country_cd": "CH",
        "postal_cd": "08001",
        "phone": "0445550100",
        "cell_phone": None,
        "work_phone": None,
        "email": "ada@example.com",
        **more,
    }


def account(number: int, **more: Any) -> Row:
    """Return an account with nothing on it."""
    return {
        "acct_no": number,
        "client_acct_id": f"C-{number}",
        "userid": f"u{number}",
        **person(f"Name {number}"),
        "status_cd": 1,
        "notify_method": 10,
        "senior_acct_no": NONE_SUCH,
        "test_acct_ind": False,
        "acct_start_date": DAY,
        "acct_currency": "usd",
        "acct_balance": Decimal(0),
        "consumer_acct_ind": False,
        "invoice_approval_required": False,
        "po_num": None,
        "=fields": [],
        "=groups": [],
        "=methods": [],
        "=instances": [],
        "=contacts": {},
        "=queue": [],
        "=contracts": [],
        "=comments": [],
        "=credits": [],
        "=memos": [],
        "=write_offs": [],
        "=statements": [],
        "=usage": [],
        "=dunning": [],
        "=coupons": [],
        "=plan_history": [],
        "=status_history": [],
        **more,
    }


def instance(number: int, acct_no: int, plan_: Row, **more: Any) -> Row:
    """Return a plan instance as get_acct_plans_all_m tells it."""
    given = plan_["plan_rate_schedules_details"][0]
    services = [
        {**one, "plan_service_rates": one["=rates"][given["client_rate_schedule_id"]]}
        for one in plan_["plan_services"]
    ]
    return {
        "plan_instance_no": number,
        "client_plan_instance_id": f"I-{number}",
        "plan_no": plan_["plan_no"],
        "client_plan_id": plan_["client_plan_id"],
        "plan_name": plan_["plan_name"],
        "supp_plan_ind": plan_["supp_plan_ind"],
        "plan_units": Decimal(2),
        "plan_instance_status_cd": 1,
        "plan_instance_status_label": "Active",
        "plan_instance_status_date": DAY,
        "plan_assignment_date": DAY,
        "plan_deprovisioned_date": None,
        "plan_date": DAY,
        "last_bill_date": DAY,
        "next_bill_date": date(2026, 12, 1),
        "bill_thru_date": date(2026, 11, 30),
        "bill_day": 1,
        "recurring_billing_interval": 1,
        "usage_billing_interval": 1,
        "billing_group_no": acct_no * 10,
        "client_billing_group_id": f"BG-{acct_no}",
        "dunning_group_no": acct_no * 10 + 1,
        "dunning_state": 0,
        "currency_cd": given["schedule_currency"],
        "rate_schedule_no": given["schedule_no"],
        "client_rate_schedule_id": given["client_rate_schedule_id"],
        "master_plan_instance_no": number,
        "parent_plan_instance_no": number,
        "po_num": None,
        "product_fields": [{"field_name": "sf_family", "field_value": "Core"}],
        "plan_instance_fields_detail": [{"field_name": "sf_line_id", "field_value": "L1"}],
        "plan_instance_services": services,
        "=level": 1,
        "=payer": NONE_SUCH,
        "=balance": Decimal("49.5"),
        "=coupons": [],
        **more,
    }


def group(acct_no: int, method: Any = NONE_SUCH) -> Row:
    """Return a billing group as get_acct_details_all_m tells it."""
    return {
        "billing_group_no": acct_no * 10,
        "client_def_billing_group_id": f"BG-{acct_no}",
        "billing_group_name": "Main",
        "billing_group_description": None,
        "notify_method": 10,
        "payment_option": "Terms" if method == NONE_SUCH else "Methods",
        "primary_payment_method_no": method,
        "primary_payment_method_id": 4 if method == NONE_SUCH else 1,
        "payment_terms_no": 4 if method == NONE_SUCH else NONE_SUCH,
        "payment_terms_name": "Net 30" if method == NONE_SUCH else None,
    }


_DUNNING: Row = {
    "dunning_group_no": WHOLE * 10 + 2,
    "dunning_group_name": "Nobody's",
    "dunning_group_description": None,
    "client_dunning_group_id": "DG-2",
    "dunning_process_no": 3,
    "status": 1,
}
_COUPON: Row = {
    "out_acct_no": WHOLE,
    "out_master_plan_instance_no": 71001,
    "out_coupon_cd": "TEN",
    "description": "Ten per cent",
    "start_date": DAY,
    "exp_date": None,
    "currency_cd": "eur",
    "status_ind": 1,
    "credit_templates": [],
    "discount_rules": [
        {
            "rule_no": 77001,
            "rule_name": "Ten",
            "scope_no": 10,
            "flat_percent_ind": "P",
            "amount": Decimal(10),
            "currency_cd": "eur",
        }
    ],
}
_PLAN_HISTORY: Row = {
    "plan_instance_no": 71001,
    "old_plan_no": 10100,
    "new_plan_no": 10100,
    "new_plan_name": "Plan GOLD",
    "old_status_cd": 2,
    "new_status_cd": 1,
    "old_plan_units": Decimal(1),
    "new_plan_units": Decimal(2),
    "update_date": DAY,
}
_STATUS_HISTORY: Row = {
    "date_entered": NOW,
    "acct_status": "Suspended",
    "new_status": "Active",
    "comments": None,
}
_OF_WHOLE: Row = {
    "=dunning": [_DUNNING],
    "=coupons": [_COUPON],
    "=plan_history": [_PLAN_HISTORY],
    "=status_history": [_STATUS_HISTORY],
    "=methods": [
        {
            "payment_method_no": 1,
            "client_payment_method_id": "PM",
            "pay_method_type": 1,
            "pay_method_name": "Card",
            "pay_method_description": None,
            "suffix": "1111",
            "cc_type": "Visa",
            "cc_id": 1,
            "cc_expire_mm": 3,
            "cc_expire_yyyy": 2029,
            "status": 1,
            "persistent_ind": True,
            "from_date": DAY,
            "to_date": None,
        }
    ],
    "=queue": [
        {
            "queue_id": 73001,
            "plan_instance_no": 71001,
            "queued_action_status_cd": 1,
            "queued_action_status_label": "Queued",
            "current_client_plan_id": "GOLD",
            "current_plan_units": 2,
            "effective_date": date(2026, 12, 24),
            "target_client_plan_id": "GOLD",
            "target_plan_units": 3,
            "target_client_rate_schedule_id": "EUR",
            "queuing_user_id": "ada",
            "queuing_date": DAY,
            "current_plan_inst_status": Twin(1),
            "target_plan_inst_status": Twin(1),
        }
    ],
    "=contracts": [
        {
            "contract_no": 74001,
            "client_contract_id": "K-1",
            "contract_scope": "instance",
            "type_no": 3,
            "length_months": 12,
            "cancel_fee": Decimal("99.9"),
            "start_date": DAY,
            "end_date": date(2027, 2, 28),
            "status_code": 1,
            "contract_plan_instance_info": [{"plan_instance_no": 71001}],
        }
    ],
    "=comments": [
        {
            "comment_author": "ada",
            "comment_date_time": NOW,
            "comment": 'Said "yes" &\nleft',
            "application_id": None,
        }
    ],
    "=credits": [
        {
            "out_acct_no": WHOLE,
            "out_master_plan_instance_no": NONE_SUCH,
            "credit_no": 75001,
            "created_by": "ada",
            "created_date": DAY,
            "amount": Decimal(10),
            "credit_type": "C",
            "applied_amount": Decimal("2.5"),
            "unapplied_amount": Decimal("7.5"),
            "reason_code": 1,
            "reason_text": "Goodwill",
            "transaction_id": 99003,
            "void_transaction_id": NONE_SUCH,
        }
    ],
    "=memos": [
        {
            "cm_no": 75100,
            "created_by": "ada",
            "created_date": DAY,
            "cm_total": Decimal(5),
            "cm_tax_total": Decimal(0),
            "invoice_no": 90001,
            "is_voided": False,
            "cm_reason_code": Twin(4),
        }
    ],
    "=write_offs": [
        {
            "rec_no": 75200,
            "created_by": "ada",
            "created_date": DAY,
            "amount": Decimal("1.25"),
            "invoice_no": 90001,
            "dispute_exp_date": None,
            "reason_code": 2,
            "comments": None,
            "dispute_ind": False,
        }
    ],
    "=statements": [
        {
            "statement_no": 75300,
            "create_date": DAY,
            "currency_cd": "eur",
            "due_date": date(2026, 3, 31),
            "new_charges_amount": Decimal("49.5"),
            "new_payments_amount": Decimal(0),
            "balance_forward_amount": Decimal(0),
            "total_amount": Decimal("49.5"),
            "is_paid_ind": True,
            "seq_statement_id": "S-1",
            "invoice_no": 90001,
        }
    ],
    "=usage": [
        {
            "out_acct_no": WHOLE,
            "out_plan_instance_no": 71001,
            "usage_type_no": 7,
            "usage_type_label": "Calls",
            "usage_type_cd": "CALLS",
            "billed_ind": True,
            "total_units": Decimal("1000.125"),
            "total_value_amount": Decimal("1.25"),
            "total_value_currency_code": "eur",
            "last_usage_date": DAY,
        }
    ],
}


def whole(plans: list[Row]) -> Row:
    """Return an account that has one of each."""
    gold, extra = plans[0], plans[1]
    master = instance(71001, WHOLE, gold, **{"=coupons": ["TEN"]})
    below = instance(
        71002, WHOLE, extra, master_plan_instance_no=71001, parent_plan_instance_no=71001
    )
    below |= {"=balance": None, "=level": NONE_SUCH, "billing_group_no": NONE_SUCH}
    below |= {"dunning_group_no": NONE_SUCH, "client_billing_group_id": None}
    made = account(
        WHOLE,
        acct_currency="eur",
        company_name="Ünïcode & Söhne <GmbH> 日本",
        acct_balance=Decimal("1234567.5"),
        invoice_approval_required=True,
        **_OF_WHOLE,
    )
    made["=fields"] = [("region", "EMEA"), ("tags", "b"), ("tags", "a")]
    made["=groups"], made["=instances"] = [group(WHOLE, 1)], [master, below]
    made["=contacts"] = {
        "billing": person("Billing", contact_no=72001, billing_group_no=WHOLE * 10),
        "statement": person("Statement", contact_no=72002, billing_group_no=WHOLE * 10),
    }
    return deepcopy(made)


def accounts(plans: list[Row], fillers: int) -> dict[int, Row]:
    """Return all accounts by number: one whole, one bare, a child, one with ten plans, fillers."""
    child = account(
        CHILD, senior_acct_no=WHOLE, test_acct_ind=True, company_name=LONG, acct_currency="jpy"
    )
    child["=groups"] = [group(CHILD)]
    paid = instance(71101, CHILD, plans[0], **{"=level": 2, "=payer": 71001})
    child["=instances"] = [paid]
    bare = account(BARE, client_acct_id=None, first_name=None, last_name=None, email=None)
    full = account(FULL, acct_currency="chf")
    full["=groups"] = [group(FULL)]
    unpaid = {"billing_group_no": NONE_SUCH, "dunning_group_no": NONE_SUCH}
    full["=instances"] = [instance(71200 + n, FULL, plans[0], **unpaid) for n in range(10)]
    found = [whole(plans), bare, child, full, *(account(FILLERS + n) for n in range(fillers))]
    return {one["acct_no"]: one for one in found}
