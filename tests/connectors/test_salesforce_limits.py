"""The day's calls: followed with every answer, and the last of them left to others."""

from typing import Any

import pytest

from app.connectors.salesforce.usage import Reserve, Usage, reserve_of
from app.domain.control import CancelToken
from app.domain.mapping import WorkspaceMapping
from app.errors import LimitReached, WrongUse
from tests.connectors.far_end import in_turn, told
from tests.connectors.test_salesforce_writes import SAVED, org, write
from tests.connectors.world import World, connected, make_operation

COUPON = make_operation("coupon", "A")


def test_every_answer_tells_what_is_left(world: World) -> None:
    made = world.connectors["salesforce"]
    assert made.quotas == ()
    world.read("salesforce", "coupon")
    (first,) = made.quotas
    world.read("salesforce", "coupon")
    assert made.quotas[0].left == first.left - 1
    assert (first.name, first.maximum) == ("DailyApiRequests", 100_000)


def test_a_check_tells_bulk_and_storage_limits_too_and_they_are_kept(
    world: World, token: CancelToken
) -> None:
    made = world.connectors["salesforce"]
    health = made.check((), token)
    names = {quota.name for quota in health.quotas}
    assert {"DailyApiRequests", "DataStorageMB", "DailyBulkV2QueryJobs"} <= names
    assert {quota.name for quota in made.quotas} == names


def test_a_refused_call_tells_what_is_left_as_well(mapping: WorkspaceMapping) -> None:
    refused = told([{"errorCode": "X", "message": "no"}], 400, Sforce_Limit_Info="api-usage=7/100")
    with org(in_turn(refused), mapping) as (made, _):
        write(made, mapping, COUPON)
        assert (made.quotas[0].left, made.quotas[0].maximum) == (93, 100)


def test_the_app_s_own_limit_is_told_apart(mapping: WorkspaceMapping) -> None:
    info = "api-usage=25/5000; per-app-api-usage=17/250(appName=sample-app)"
    with org(in_turn(told([SAVED], Sforce_Limit_Info=info)), mapping) as (made, _):
        write(made, mapping, COUPON)
        found = {quota.name: quota.left for quota in made.quotas}
    assert found == {"DailyApiRequests": 4975, "DailyApiRequests of sample-app": 233}


@pytest.mark.parametrize(("used", "calls"), [(94, 2), (95, 1)])
def test_a_call_that_would_eat_into_the_reserve_is_not_sent(
    used: int, calls: int, mapping: WorkspaceMapping
) -> None:
    answer = told([SAVED], Sforce_Limit_Info=f"api-usage={used}/100")
    with org(in_turn(answer), mapping) as (made, end):
        write(made, mapping, COUPON)
        if calls == 1:
            with pytest.raises(LimitReached, match="the last 5 are kept for others"):
                write(made, mapping, COUPON)
        else:
            write(made, mapping, COUPON)
        assert len(end.asked) == calls


def test_what_was_told_long_ago_refuses_nothing(
    mapping: WorkspaceMapping,
) -> None:
    answer = told([SAVED], Sforce_Limit_Info="api-usage=99/100")
    with org(in_turn(answer), mapping) as (made, end):
        write(made, mapping, COUPON)
        anything: Any = made
        anything._session.limits._told_at -= 601
        write(made, mapping, COUPON)
        assert len(end.asked) == 2


def test_calls_under_way_count() -> None:
    usage = Usage(Reserve(percent=0, calls=5))
    usage.note({"Sforce-Limit-Info": "api-usage=93/100"})
    with usage.call("sf"), usage.call("sf"):
        with pytest.raises(LimitReached), usage.call("sf"):
            pass
        with usage.call("sf", begun=True):
            pass
    with usage.call("sf"):
        pass


def test_a_reserve_of_nothing_lets_every_call_go() -> None:
    usage = Usage(reserve_of("0", "sf"))
    usage.note({"Sforce-Limit-Info": "api-usage=100/100"})
    with usage.call("sf"):
        pass


@pytest.mark.parametrize(
    ("text", "of_thousand"), [("5%", 50), ("12 %", 120), ("300", 300), (" 0 ", 0), ("0%", 0)]
)
def test_a_reserve_is_a_share_or_a_number(text: str, of_thousand: int) -> None:
    assert reserve_of(text, "sf").of(1000) == of_thousand


@pytest.mark.parametrize("text", ["", "five", "-5", "100%", "5.5%", "%"])
def test_a_reserve_that_is_neither_is_refused(text: str) -> None:
    with pytest.raises(WrongUse, match="'reserve'"):
        reserve_of(text, "sf")


def test_the_setting_is_heeded(world: World) -> None:
    with pytest.raises(WrongUse, match="'reserve'"):
        connected("salesforce", world.ready["salesforce"], world.mapping, reserve="half")


def test_the_server_s_time_is_known_from_its_answers(world: World) -> None:
    anything: Any = world.connectors["salesforce"]
    limits = anything._session.limits
    assert limits.server_time() is None
    world.read("salesforce", "coupon")
    first = limits.server_time()
    assert first <= limits.server_time()
