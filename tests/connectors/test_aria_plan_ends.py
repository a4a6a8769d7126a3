"""Which plan instances are said to end with one that is cancelled or gets another plan."""

from pathlib import Path
from typing import Any

import pytest

from app.connectors.aria.plan_ends import ended_with
from app.domain.control import CancelToken
from app.domain.plan import Verb
from app.domain.record import BaseValue, Side, Unreadable
from app.sync.explain import DryRun
from app.sync.refresh import RefreshRequest, refresh
from tests.connectors.account_world import accounts_mapping
from tests.connectors.world import make_operation
from tests.fakes import make_bench, side_of

ENTITY = accounts_mapping().entity("plan_instance")


def plan(number: int, above: int | None, plan_id: str, status: Any = "Active") -> dict[str, Any]:
    return {
        "plan_instance_no": number, "plan_name": f"Plan {number}", "client_plan_id": plan_id,
        "=parent_instance": f"7|{above}" if above else None, "plan_instance_status_cd": status,
    }  # fmt: skip


FAMILY = [
    plan(1, None, "M"), plan(2, 1, "A"), plan(3, 1, "B"), plan(4, 3, "C"),
    plan(5, 1, "D", "Cancelled"), plan(6, None, "M"), plan(7, 6, "A"),
]  # fmt: skip


def told(
    verb: Verb = Verb.UPDATE,
    key: str = "7|1",
    family: list[dict[str, Any]] = FAMILY,
    **after: BaseValue,
) -> list[str]:
    below = {"plan_instance": family, "plan_relationship": [{"client_plan_id": "A"}]}
    return list(
        ended_with(
            ENTITY,
            make_operation("plan_instance", key, verb, **after),
            lambda name, keys: [{"plan_name": "Large"}] if (name, keys) == ("plan", ["N"]) else [],
            lambda name, parent: below[name] if parent in {"7", "N"} else [],
        )
    )


def test_another_plan_ends_what_it_does_not_offer_and_what_is_below_that() -> None:
    (words,) = told(plan="N")
    assert words == (
        "Aria ends the supplemental plans that Large does not offer: Plan 3 (7|3), Plan 4 (7|4)"
    )


@pytest.mark.parametrize("after", [{}, {"status": "Cancelled"}, {"status": "Terminated"}])
def test_a_cancelled_instance_takes_all_below_it_along(after: dict[str, BaseValue]) -> None:
    (words,) = told(Verb.UPDATE if after else Verb.DELETE, "7|1", FAMILY, **after)
    named = "Plan 2 (7|2), Plan 3 (7|3), Plan 4 (7|4)"
    assert words == f"Aria ends what is below it, too: {named}"


def test_nothing_is_said_where_nothing_ends_with_it() -> None:
    assert told(units=2) == told(status="Suspended") == told(Verb.DELETE, "7|2") == []
    assert told(plan="N", key="7|6") == []
    assert told(Verb.DELETE, "8|1") == []


def test_of_a_mapping_that_does_not_say_what_is_above_nothing_is_known() -> None:
    short = [{"plan_instance_no": one["plan_instance_no"]} for one in FAMILY]
    assert told(Verb.DELETE, family=short) == []


def test_a_plan_whose_offers_are_not_read_is_taken_to_offer_none() -> None:
    (words,) = told(plan="UNREAD", key="7|6")
    assert words.endswith("that UNREAD does not offer: Plan 7 (7|7)")


def test_a_status_that_cannot_be_read_counts_as_live() -> None:
    family = [plan(1, None, "M"), plan(2, 1, "A", Unreadable("?"))]
    assert told(Verb.DELETE, family=family) == ["Aria ends what is below it, too: Plan 2 (7|2)"]


def test_of_very_many_the_first_are_named() -> None:
    family = [plan(1, None, "M"), *(plan(2 + one, 1, "A") for one in range(14))]
    (words,) = told(Verb.DELETE, family=family)
    assert words.endswith("Plan 11 (7|11) and 4 more")


def test_the_dry_run_warns_of_it_and_gives_what_is_below_as_billing_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench(tmp_path)
    billing = side_of(bench, Side.BILLING)
    billing.put("plan", "P", "Pro", None, None)
    billing.put("tier", "P|1", 5, "P")
    refresh(bench, RefreshRequest((Side.BILLING,)), CancelToken(), lambda *_: None)

    def ended(_entity: Any, _operation: Any, held: Any, below: Any) -> list[str]:
        assert not any(map(below, ("nosuch", "plan", "tier"), ("P", "P", "Q")))
        return [f"{len(held('plan', ['P']))} and {len(below('tier', 'P'))}"]

    monkeypatch.setattr(billing, "ended", ended, raising=False)
    entity = bench.mapping.entity("plan")
    for side, expected in ((Side.BILLING, ["1 and 1"]), (Side.SALESFORCE, [])):
        found = DryRun(bench).problems(entity, make_operation("plan", "P", Verb.DELETE, side))
        assert [one.message for one in found] == expected
