"""Whatever people edit on both sides, a commit of all that is ticked leaves only what must stay."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.end_to_end.front_door import Concord, Door

# entity, Aria's column, Salesforce's field, sObject: texts that both sides own
SHARED = {
    "coupon": ("coupon_desc", "Description__c", "Aria_Coupon__c"),
    "plan": ("plan_name", "Name", "Client_Plan__c"),
    "item": ("item_label", "Name", "Aria_Item__c"),
    "plan_set": ("promo_plan_set_name", "Name", "Aria_Plan_Set__c"),
}
WORDS = st.sampled_from(["one", "two <b>", "Ü & “3”", "four\N{EM DASH}4", "A" * 81])


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit of a person: of a shared text on a side, or a record deleted or doubled."""

    entity: str
    place: int
    what: str
    text: str


EDITS = st.lists(
    st.builds(
        Edit,
        st.sampled_from(sorted(SHARED)),
        st.integers(0, 3),
        st.sampled_from(["aria", "salesforce", "delete"]),
        WORDS,
    ),
    min_size=1,
    max_size=6,
)


def make(door: Door, edits: Sequence[Edit]) -> None:
    """Carry the edits out; what Salesforce itself would refuse is not done there."""
    keys = {entity: [row["key"] for row in door.state("aria", entity)[:4]] for entity in SHARED}
    gone: set[tuple[str, str]] = set()
    for edit in edits:
        column, field, sobject = SHARED[edit.entity]
        key = keys[edit.entity][edit.place]
        if edit.what == "aria":
            door.edit("aria", edit.entity, key, **{column: edit.text})
        elif edit.what == "delete" and edit.entity == "coupon":
            if (edit.entity, key) not in gone:
                door.edit("salesforce", sobject, key, __delete__=True)
            gone.add((edit.entity, key))
        elif (edit.entity, key) not in gone and len(edit.text) <= 80:
            door.edit("salesforce", sobject, key, **{field: edit.text})


@pytest.fixture
def scope() -> tuple[str, ...]:
    return tuple(word for entity in SHARED for word in ("--entity", entity))


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(edits=EDITS)
def test_a_commit_leaves_only_conflicts_and_named_failures(
    agreed: Concord, door: Door, scope: tuple[str, ...], edits: list[Edit]
) -> None:
    door.reset(drift=False)
    agreed.document("refresh", *scope)
    assert agreed.counts() == {}
    make(door, edits)
    agreed.document("refresh", *scope)
    done = agreed.settle()
    failed = {(failure["entity"], failure["key"]) for failure in done["failures"]}
    assert done["selected"] == done["sent"] + done["stale"] + done["skipped"]
    agreed.document("refresh", *scope)
    left = {place: kind for place, kind in agreed.kinds().items() if place not in failed}
    assert set(left.values()) <= {"conflict"}
    assert all(_is_too_long(failure) for failure in done["failures"])
    agreed.settle()


def _is_too_long(failure: dict[str, Any]) -> bool:
    return failure["field"] == "name" and "max length=80" in failure["message"]
