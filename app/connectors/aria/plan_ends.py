"""Which plan instances end with one that is cancelled or gets another plan (aria.md §2.5).

Aria cancels what is below a cancelled instance. Of one that gets another plan it drops the
supplemental plans that the new plan does not offer, which is inferred, and no preview names them.
"""

from collections.abc import Iterator, Mapping, Sequence

from app.connectors.aria.plan_writes import ENDED, STATUS
from app.connectors.aria.values import text, whole
from app.connectors.protocol import Below, Held
from app.domain.convert import raw_value
from app.domain.mapping import EntityMapping
from app.domain.plan import Operation, Verb
from app.domain.record import FieldValue, NoBase, Side, Unreadable

_PLAN, _NUMBER, _PARENT = "client_plan_id", "plan_instance_no", "=parent_instance"
_NAMED = 10
_Instance = Mapping[str, FieldValue]


def ended_with(
    entity: EntityMapping, operation: Operation, held: Held, below: Below
) -> Iterator[str]:
    """Yield in words which live plan instances end with an update or a delete of one.

    Nothing where the mapping lacks the number or the parent of plan instances.
    """
    ends = operation.verb is Verb.DELETE or is_ended_by(entity, operation)
    plan = "" if ends else _new_plan(entity, operation)
    if not ends and not plan:
        return
    account, _, _ = operation.key.partition("|")
    others = [one for one in below(entity.name, account) if not _has_ended(entity, one)]
    children = _children(others, account, operation.key)
    if plan:
        offered = {text(row.get(_PLAN)) for row in below("plan_relationship", plan)}
        children = [one for one in children if text(one.get(_PLAN)) not in offered]
    gone = [one for child in children for one in _with_below(others, account, child)]
    if gone:
        yield f"{_why(plan, held)}: {_names(gone, account)}"


def is_ended_by(entity: EntityMapping, operation: Operation) -> bool:
    """Return whether an update sets a status of which Aria brings nothing back."""
    for change in operation.changes:
        mapped = entity.field_of(change.name)
        if mapped.billing == STATUS and not isinstance(change.after, NoBase):
            return whole(raw_value(mapped, Side.BILLING, change.after)) in ENDED
    return False


def _new_plan(entity: EntityMapping, operation: Operation) -> str:
    after = (c.after for c in operation.changes if entity.field_of(c.name).billing == _PLAN)
    return next((text(value) for value in after if not isinstance(value, NoBase)), "")


def _has_ended(entity: EntityMapping, instance: _Instance) -> bool:
    mapped = next((one for one in entity.fields if one.billing == STATUS), None)
    value = instance.get(STATUS)
    if mapped is None or isinstance(value, Unreadable):
        return False
    return whole(raw_value(mapped, Side.BILLING, value)) in ENDED


def _children(others: Sequence[_Instance], account: str, key: str) -> list[_Instance]:
    return [one for one in others if text(one.get(_PARENT)) == key != _key(account, one)]


def _with_below(
    others: Sequence[_Instance], account: str, instance: _Instance
) -> Iterator[_Instance]:
    yield instance
    rest = [one for one in others if one is not instance]
    for child in _children(rest, account, _key(account, instance)):
        yield from _with_below(rest, account, child)


def _key(account: str, instance: _Instance) -> str:
    return f"{account}|{text(instance.get(_NUMBER))}"


def _why(plan: str, held: Held) -> str:
    if not plan:
        return "Aria ends what is below it, too"
    name = next((text(row.get("plan_name")) for row in held("plan", [plan])), "") or plan
    return f"Aria ends the supplemental plans that {name} does not offer"


def _names(gone: Sequence[_Instance], account: str) -> str:
    named = [f"{text(one.get('plan_name'))} ({_key(account, one)})" for one in gone[:_NAMED]]
    more = len(gone) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")
