"""Plan instances: assigned, changed, moved to another plan, cancelled (aria.md §2.5)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.connectors.aria.catalog import FIELD_PREFIX
from app.connectors.aria.client import AriaClient
from app.connectors.aria.field_edits import FieldEdit, edits, values_held
from app.connectors.aria.plan_edit import CLEAR, NotSendable
from app.connectors.aria.plan_pages import ARRAY, plan_pages
from app.connectors.aria.steps import Step
from app.connectors.aria.values import Row, given, joined, rows, text, whole
from app.connectors.aria.wish import Wish
from app.domain.control import CancelToken
from app.domain.plan import Verb

ASSIGN, UPDATE, REPLACE, CANCEL = (
    f"{verb}_acct_plan_m" for verb in ("assign", "update", "replace", "cancel")
)
NOW = 2
"""The assignment directive: at once, prorated by the client's own rule (aria.md §2.5)."""
CANCELLED, TERMINATED = -2, -3
ENDED = frozenset({CANCELLED, TERMINATED})
"""Statuses of which Aria brings no plan instance back."""
LONGEST_ID = 100
_PLAN, _SCHEDULE = "client_plan_id", "client_rate_schedule_id"
STATUS = "plan_instance_status_cd"
_UNITS, _PO = "plan_units", "po_num"
BILLED = frozenset({_PLAN, _SCHEDULE, _UNITS, STATUS})
"""Columns whose change Aria may invoice or credit."""
_CHANGES = (*BILLED, _PO)
_ID, _ACCOUNT, _PARENT = "client_plan_instance_id", "acct_no", "=parent_instance"
_BILLING, _DUNNING, _LEVEL = "=billing_group", "=dunning_group", "resp_level_cd"
_ASSIGNED = (*_CHANGES, _ID, _ACCOUNT, _PARENT, _BILLING, _DUNNING, _LEVEL)


def can_change(column: str) -> bool:
    """Return whether an update can set a column of a plan instance."""
    return column in _CHANGES or column.startswith(FIELD_PREFIX)


def can_assign(column: str) -> bool:
    """Return whether a new plan instance can be given a column."""
    return column in _ASSIGNED or column.startswith(FIELD_PREFIX)


@dataclass(frozen=True, slots=True)
class Instance:
    """A plan instance by its number on its account."""

    acct_no: int
    number: int

    @property
    def inputs(self) -> dict[str, Any]:
        """How a call names it."""
        return {"acct_no": self.acct_no, "plan_instance_no": self.number}


def instance_of(wish: Wish) -> Instance:
    """Return the plan instance whose key is `ACCOUNT|NUMBER`, or begins so.

    Raises:
        NotSendable: It is another key.
    """
    _, _, rest = wish.key.partition("|")
    number = whole(rest.split("|")[0])
    if number is None:
        message = f"Not sent: {wish.key!r} is no key of a {wish.entity.label} of Aria."
        raise NotSendable(message)
    return Instance(wish.acct_no, number)


def key_of(wish: Wish, number: int) -> str:
    """Return the key that a new plan instance has from its number."""
    return joined(_account(wish), number)


def plan_steps(client: AriaClient, wish: Wish, cancel: CancelToken) -> list[Step]:
    """Return the calls that carry out an operation on a plan instance.

    Raises:
        NotSendable: It is a change that Aria cannot make.
    """
    verb = wish.operation.verb
    if verb is Verb.INSERT:
        return [_assign(wish)]
    instance = instance_of(wish)
    if verb is Verb.DELETE:
        _check_is_live(client, instance, cancel)
        return [_cancel(instance, ())]
    cancels, columns = _cancels(wish), _changed(wish)
    fields = _field_edits(client, wish, instance, cancel)
    terms = [column for column in columns if not column.startswith(FIELD_PREFIX)]
    steps = [_change(wish, instance, columns, fields)] if terms or fields else []
    return [*steps, *([_cancel(instance, wish.fields([STATUS]))] if cancels else [])]


def plan_calls(wish: Wish) -> int:
    """Return how many calls an operation takes: what is read before, each step and its preview."""
    if wish.operation.verb is not Verb.UPDATE:
        return 1 + 2
    columns = _changed(wish)
    reads = any(column.startswith(FIELD_PREFIX) for column in columns)
    return reads + 2 * (bool(columns) + _cancels(wish))


def _cancels(wish: Wish) -> bool:
    return wish.wants(STATUS) and wish.code(STATUS) == CANCELLED


def _changed(wish: Wish) -> list[str]:
    """Return the columns that change, but for the status where the plan is cancelled."""
    return [name for name in wish.values if name != STATUS or not _cancels(wish)]


def assigned(client: AriaClient, wish: Wish, cancel: CancelToken) -> int | None:
    """Return the number of the account's plan instance with a new one's id, None for none."""
    asked = _account(wish)
    client_id = _client_id(wish)
    for row in plans_of(client, asked, {}, cancel):
        if text(row.get("client_plan_instance_id")) == client_id:
            return whole(row.get("plan_instance_no"))
    return None


def plans_of(
    client: AriaClient, acct_no: int, asked: dict[str, Any], cancel: CancelToken
) -> Iterator[Row]:
    """Yield the plan instances of an account."""
    for answer in plan_pages(client, acct_no, asked, cancel):
        yield from rows(answer, ARRAY)


def _check_is_live(client: AriaClient, instance: Instance, cancel: CancelToken) -> None:
    for row in plans_of(client, instance.acct_no, {}, cancel):
        if whole(row.get("plan_instance_no")) != instance.number:
            continue
        if whole(row.get("plan_instance_status_cd")) in ENDED:
            message = (
                f"Not sent: plan instance {instance.number} has ended already, and Aria deletes "
                "none: it stays as it is."
            )
            raise NotSendable(message)


def _assign(wish: Wish) -> Step:
    if not wish.told(_PLAN):
        message = f"Not sent: a new {wish.entity.label} needs a plan."
        raise NotSendable(message)
    inputs = {
        "acct_no": _account(wish),
        "new_client_plan_id": wish.told(_PLAN),
        "client_plan_instance_id": _client_id(wish),
        **_parent(wish),
        "existing_billing_group_no": wish.last_part(_BILLING),
        "existing_dunning_group_no": wish.last_part(_DUNNING),
        "resp_level_cd": wish.code(_LEVEL) if wish.wants(_LEVEL) else None,
        "assignment_directive": NOW,
        "plan_instance_fields": [
            {"plan_instance_field_name": name, "plan_instance_field_value": value}
            for name, value in _fields(wish, wish.values)
        ],
        **_terms(wish, wish.values),
    }
    return Step(ASSIGN, given(inputs), wish.fields(wish.values))


def _parent(wish: Wish) -> dict[str, Any]:
    """Return the instance above a new one: by its number, or by its id where it is as new."""
    number = wish.last_part(_PARENT)
    if number is not None:
        return {"parent_plan_instance_no": number}
    return {"client_parent_plan_instance_id": wish.told(_PARENT)}


def _account(wish: Wish) -> int:
    """Return the account that is to get a new plan instance."""
    found = wish.last_part(_ACCOUNT)
    if found is None:
        message = f"Not sent: a new {wish.entity.label} needs an account."
        raise NotSendable(message)
    return found


def _client_id(wish: Wish) -> str:
    """Return the client-defined id: by it one that was assigned is known, whatever its number."""
    found = wish.told(_ID) or wish.key
    if len(found) > LONGEST_ID:
        message = f"Not sent: an id has at most {LONGEST_ID} characters in Aria, not {len(found)}."
        raise NotSendable(message)
    return found


def _field_edits(
    client: AriaClient, wish: Wish, instance: Instance, cancel: CancelToken
) -> list[FieldEdit]:
    """Return the edits of supplemental fields, after those that it has were read."""
    wanted = dict(_fields(wish, wish.values))
    if not wanted:
        return []
    asked = {"include_plan_instance_fields": "true"}
    plans = plans_of(client, instance.acct_no, asked, cancel)
    row = next((one for one in plans if whole(one.get("plan_instance_no")) == instance.number), {})
    held = values_held(rows(row, "plan_instance_fields_detail"), "field")
    return [
        edit for name, value in wanted.items() for edit in edits(name, value, held.get(name, []))
    ]


def _change(wish: Wish, instance: Instance, columns: list[str], fields: list[FieldEdit]) -> Step:
    """Return the call that changes units, status and the like, or moves it to another plan."""
    named = {**instance.inputs, "assignment_directive": NOW, **_terms(wish, columns)}
    named["plan_instance_field_update"] = [
        {
            "plan_instance_field_name": edit.name,
            "plan_instance_field_value": edit.value,
            "plan_instance_field_directive": edit.directive,
        }
        for edit in fields
    ]
    if _PLAN in columns:
        if not wish.told(_PLAN):
            message = f"Not sent: a {wish.entity.label} cannot be without a plan."
            raise NotSendable(message)
        named["new_client_plan_id"] = wish.told(_PLAN)
    elif all(column.startswith(FIELD_PREFIX) for column in columns):
        named["plan_instance_supp_field_update_only"] = 1  # touches no billing
    return Step(REPLACE if _PLAN in columns else UPDATE, given(named), wish.fields(columns))


def _terms(wish: Wish, columns: Any) -> dict[str, Any]:
    terms: dict[str, Any] = {}
    if _UNITS in columns:
        terms["plan_units"] = wish.amount(_UNITS)
    if STATUS in columns:
        terms["plan_status"] = wish.code(STATUS)
    if _PO in columns:
        terms["po_num"] = wish.told(_PO) or CLEAR
    if _SCHEDULE in columns:
        if not wish.told(_SCHEDULE):
            message = f"Not sent: a {wish.entity.label} cannot be without a rate schedule."
            raise NotSendable(message)
        terms["client_alt_rate_schedule_id"] = wish.told(_SCHEDULE)
    return terms


def _fields(wish: Wish, columns: Any) -> Iterator[tuple[str, str]]:
    for column in columns:
        if column.startswith(FIELD_PREFIX):
            yield column.removeprefix(FIELD_PREFIX), wish.told(column)


def _cancel(instance: Instance, fields: tuple[str, ...]) -> Step:
    """Return the call that cancels it, and all below it; always with its directive (§2.5)."""
    return Step(CANCEL, {**instance.inputs, "assignment_directive": NOW}, fields)
