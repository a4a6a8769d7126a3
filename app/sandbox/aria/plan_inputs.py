"""The inputs of the calls that write plans, and what their words mean (aria.md §2.2)."""

from dataclasses import dataclass

from app.sandbox.aria.inputs import Input, inputs
from app.sandbox.aria.plan_settings import SETTING_INPUTS

# Required in a schedule: the public guide of edit_plan_m lists name, currency and default.
SCHEDULE = inputs(
    "schedule_name(100)* currency_cd* client_rate_schedule_id(100) is_default:switch*",
    "recurring_billing_interval:int recurring_billing_period_type:int",
    "usage_billing_interval:int usage_billing_period_type:int",
)
_TIER_SCHEDULE = inputs("from:num to:num amount:num*")
_TIER = inputs(schedule=_TIER_SCHEDULE)
SERVICE = inputs(
    "name(100)* client_service_id(100) service_type* gl_cd taxable_ind:ind tax_group:int",
    "client_tax_group_id rate_type pricing_rule high_water:int tax_inclusive_ind:ind",
    "usage_type:int",
    tier=_TIER,
)
FIELD = inputs("field_name* field_value:list")
_HEADER = (
    "plan_name(100)* plan_type* currency* plan_description(3000) client_plan_id(100) active:ind",
    "plan_group:list plan_group_id:list proration_invoice_timing_cd rollover_plan_no:int",
    "parent_plans:list parent_client_plan_ids:list child_plans:list",
)
CREATE_PLAN: tuple[Input, ...] = (
    *inputs(*_HEADER, schedule=SCHEDULE, service=SERVICE, supplemental_obj_field=FIELD),
    *SETTING_INPUTS,
)
EDIT_PLAN: tuple[Input, ...] = (*CREATE_PLAN, *inputs("plan_no:int edit_directives:int"))
ADD_SCHEDULE: tuple[Input, ...] = inputs("plan_no:int client_plan_id", schedule=SCHEDULE)


@dataclass(frozen=True, slots=True)
class PlanType:
    """The indicators that a plan type stands for."""

    supp_plan_ind: int
    billing_ind: int
    prepaid_ind: int


PLAN_TYPES = {
    "Master Recurring Plan": PlanType(0, 1, 0),
    "Master Pre-paid Plan": PlanType(0, 1, 1),
    "Master Free Plan": PlanType(0, 0, 0),
    "Supplemental Recurring Plan": PlanType(1, 1, 0),
    "Supplemental Free Plan": PlanType(1, 0, 0),
}
PRICING_RULES = {"Standard": 1, "Volume Discount": 2, "Flat Rate Per Tier": 3}
RATE_TYPES = ("Flat Rate", "Tiered Pricing")
LONGEST_INTERVAL = 36  # months
