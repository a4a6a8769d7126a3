"""What AdminTools takes and tells of a plan beside its prices (aria.md §2.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.sandbox.aria.errors import AriaError, Code, invalid, missing
from app.sandbox.aria.inputs import Input, Inputs, inputs
from app.sandbox.aria.tables import Row, Tables

_UNITS = frozenset(range(1, 6))  # of a period: day, week, month, quarter, year (aria.md §2.5)
_PLAN_STATUSES = frozenset({0, 1, 2, 3, 31, 32, 41, 61, -1, -2, -3})


@dataclass(frozen=True, slots=True)
class _Setting:
    """An input of create_new_plan_m, its name in get_plan_details_m, and what it accepts."""

    shown_as: str
    accepted: frozenset[int] | range | None = None
    is_text: bool = False


_SETTINGS = {
    "initial_plan_status_cd": _Setting("initial_plan_status_cd", _PLAN_STATUSES),
    "rollover_plan_duration": _Setting("rollover_plan_duration"),
    "rollover_plan_uom_cd": _Setting("rollover_plan_uom_cd", _UNITS),
    "init_free_period_duration": _Setting("init_free_period_duration"),
    "init_free_period_uom_cd": _Setting("init_free_period_uom_cd", _UNITS),
    "rollover_plan_status_duration": _Setting("rollover_plan_status_duration"),
    "rollover_plan_status_uom_cd": _Setting("rollover_plan_status_uom_cd", _UNITS),
    "rollover_plan_status_cd": _Setting("rollover_plan_status_cd", _PLAN_STATUSES),
    "acct_status_cd": _Setting("acct_status_cd", frozenset({1, 31, 32, 41, 61, 99}), is_text=True),
    "rollover_status_days": _Setting("rollover_acct_status_days", range(1, 29)),
    "rollover_status_cd": _Setting(
        "rollover_acct_status_cd", frozenset({1, 99, -1, -3}), is_text=True
    ),
    "allow_child_accts": _Setting("allow_child_accounts", range(2), is_text=True),
    "plan_cancel_min_month": _Setting("plan_cancel_min_months", is_text=True),
    "template_no": _Setting("template_id", is_text=True),
}
_TEXTS = {"how_to_apply_minimum_fee": "how_to_apply_min_fee"}
_DUNNING = ("dunning_plan_no", "dunning_client_plan_id")
SETTING_INPUTS: tuple[Input, ...] = inputs(
    *(f"{name}:int" for name in _SETTINGS),
    *_TEXTS,
    "dunning_plan_no:int dunning_client_plan_id exclusion_plans:list",
)
_DEFAULTS: dict[str, Any] = {"initial_plan_status_cd": 1, "allow_child_accounts": "1"}
_COLUMN = "settings"  # of a plan's row: what was sent, under the names of get_plan_details_m


def setting_values(tables: Tables, plan: Row, sent: Inputs) -> dict[str, Any]:
    """Return the column of a plan with the settings of a request; what is not sent stays.

    Raises:
        AriaError: 1016 for a value that is none, 1010 for a plan that there is not.
    """
    found = dict(settings_of(plan))
    for name, setting in _SETTINGS.items():
        if name not in sent:
            continue
        if setting.accepted is not None and sent[name] not in setting.accepted:
            raise invalid(name, f"{sent[name]} is not accepted")
        found[setting.shown_as] = str(sent[name]) if setting.is_text else sent[name]
    found |= {shown: sent[name] for name, shown in _TEXTS.items() if name in sent}
    if any(name in sent for name in _DUNNING):
        number = sent.get(_DUNNING[0])
        if number is None:
            number = tables.number("plan", sent[_DUNNING[1]])
        dunning = None if number is None else tables.get("plan", number)
        if dunning is None:
            raise missing(" or ".join(_DUNNING))
        found |= {_DUNNING[0]: number, _DUNNING[1]: dunning["client_plan_id"]}
    kept = {name: value for name, value in found.items() if _DEFAULTS.get(name) != value}
    return {_COLUMN: kept} if kept or _COLUMN in plan else {}


def settings_of(plan: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings of a plan under the names of get_plan_details_m."""
    return {**_DEFAULTS, **(plan.get(_COLUMN) or {})}


def first_status(plan: Row) -> int:
    """Return the status that a new instance of a plan has unless the request says otherwise."""
    return int(settings_of(plan)["initial_plan_status_cd"])


def check_exclusions(numbers: set[int], plan: Row) -> list[int]:
    """Return the plans that exclude a plan, ascending; 1016 for one that excludes itself."""
    if plan["plan_no"] in numbers:
        raise AriaError(Code.INVALID, "invalid input, exclusion_plans: names the plan itself")
    return sorted(numbers)
