"""When jobs are due: cron in local time, intervals, and what clocks do in spring and autumn."""

import sys
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.schedule import Schedule, next_due
from app.errors import WrongUse

BERLIN = ZoneInfo("Europe/Berlin")
NIGHTLY = Schedule(cron="30 2 * * *")
ZONES = st.sampled_from([BERLIN, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")])
CRONS = ["30 2 * * *", "0 2 * * *", "*/15 * * * *", "0 * * * *", "30 1,2,3 * * *", "5 0 * * 1-5"]
SCHEDULES = st.one_of(
    st.sampled_from(CRONS).map(lambda cron: Schedule(cron=cron)),
    st.integers(1, 3000).map(lambda minutes: Schedule(every_minutes=minutes)),
)


def following(schedule: Schedule, after: str, count: int) -> list[str]:
    """Return the local times at which a job is due after one."""
    instant, found = datetime.fromisoformat(after).replace(tzinfo=BERLIN).timestamp(), []
    for _ in range(count):
        due = next_due(schedule, instant, BERLIN)
        assert due is not None
        instant = due
        found.append(f"{datetime.fromtimestamp(due, BERLIN):%a %d %H:%M %z}")
    return found


def test_cron_means_the_time_on_the_wall() -> None:
    assert following(NIGHTLY, "2026-07-01T12:00", 2) == ["Thu 02 02:30 +0200", "Fri 03 02:30 +0200"]
    assert following(NIGHTLY, "2026-12-01T12:00", 1) == ["Wed 02 02:30 +0100"]


def test_a_time_that_the_clock_skips_comes_an_hour_later() -> None:
    assert following(NIGHTLY, "2026-03-28T12:00", 2) == ["Sun 29 03:30 +0200", "Mon 30 02:30 +0200"]


def test_a_skipped_time_is_found_from_within_the_hour_after_the_gap() -> None:
    assert following(NIGHTLY, "2026-03-29T03:10", 1) == ["Sun 29 03:30 +0200"]


def test_a_time_that_the_clock_shows_twice_comes_once() -> None:
    assert following(NIGHTLY, "2026-10-24T12:00", 2) == ["Sun 25 02:30 +0200", "Mon 26 02:30 +0100"]


@pytest.mark.parametrize(
    ("weekday", "days"),
    [("0", "Sun"), ("7", "Sun"), ("1", "Mon"), ("6", "Sat"), ("1-5", "Mon"), ("sun", "Sun"),
     ("6-7", "Sat"), ("2,4", "Tue"), ("*/7", "Sun")],
)  # fmt: skip
def test_weekdays_are_numbered_as_cron_does(weekday: str, days: str) -> None:
    (found,) = following(Schedule(cron=f"0 9 * * {weekday}"), "2026-11-20T12:00", 1)
    expected = {"Sun": "22", "Mon": "23", "Sat": "21", "Tue": "24"}
    assert found.startswith(f"{days} {expected[days]} 09:00")


def test_an_interval_stands_on_its_own_grid() -> None:
    quarter = Schedule(every_minutes=15)
    assert following(quarter, "2026-11-22T10:07", 2) == ["Sun 22 10:15 +0100", "Sun 22 10:30 +0100"]
    assert next_due(quarter, 900.0) == 1800.0


def test_a_day_that_never_comes_is_never_due() -> None:
    assert next_due(Schedule(cron="0 0 30 2 *"), 0.0, BERLIN) is None


def test_without_a_zone_the_machines_own_counts() -> None:
    noon = datetime(2026, 11, 22, 12).astimezone()
    due = next_due(Schedule(cron="0 13 * * *"), noon.timestamp())
    assert due == (noon + timedelta(hours=1)).timestamp()


@pytest.fixture
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put this machine in Berlin for a while."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("in_berlin")
@pytest.mark.skipif(sys.platform == "win32", reason="its zone is not set by a variable")
@pytest.mark.parametrize("day", ["2026-03-28", "2026-10-24", "2026-07-01"])
def test_the_machines_own_zone_has_the_same_gaps(day: str) -> None:
    noon = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=BERLIN).timestamp()
    for schedule in (NIGHTLY, Schedule(cron="*/20 * * * *")):
        here = there = noon
        for _ in range(50):
            here, there = next_due(schedule, here) or 0.0, next_due(schedule, there, BERLIN) or 0.0
            assert here == there


@pytest.mark.parametrize(
    "cron", ["x", "0 2 * *", "61 * * * *", "0 0 1 * 1", "0 0 * * 9", "0 2 * * 3-1", "0 0 * * 1-"]
)
def test_cron_text_that_means_nothing_is_refused(cron: str) -> None:
    with pytest.raises(WrongUse, match="cannot be read"):
        Schedule(cron=cron)


@pytest.mark.parametrize(("cron", "minutes"), [("", 0), ("0 2 * * *", 5), ("", -1), ("", 10**6)])
def test_a_job_has_one_schedule(cron: str, minutes: int) -> None:
    with pytest.raises(WrongUse):
        Schedule(cron, minutes)


@given(SCHEDULES, st.floats(1.7e9, 1.9e9), ZONES)
def test_the_next_due_time_is_later_and_no_other_lies_between(
    schedule: Schedule, after: float, zone: ZoneInfo
) -> None:
    due = next_due(schedule, after, zone)
    assert due is not None
    assert due > after
    between = next_due(schedule, after + (due - after) / 2, zone)
    assert between == due


@given(st.dates(date(2020, 1, 1), date(2035, 1, 1)), ZONES)
def test_a_nightly_job_is_due_once_for_each_date(day: date, zone: ZoneInfo) -> None:
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    tomorrow = midnight + timedelta(days=1)
    first = next_due(NIGHTLY, midnight.timestamp() - 1, zone)
    assert first is not None
    second = next_due(NIGHTLY, first, zone)
    assert second is not None
    assert first < tomorrow.timestamp() <= second
