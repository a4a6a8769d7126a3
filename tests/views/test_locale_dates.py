"""Days and times as the user's locale writes them."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from PySide6.QtCore import QLocale

from app.views.state import dates
from app.views.state.fields import local_time
from app.views.widgets.locale_dates import write_dates_as

DAY = date(2026, 11, 2)


@pytest.fixture(autouse=True)
def ours_again() -> Iterator[None]:
    day, clock = dates._Locale.day, dates._Locale.clock
    yield
    dates.install(day, clock)


@pytest.mark.parametrize(
    ("language", "shown"),
    [("de_DE", "02.11.2026"), ("en_US", "11/2/2026"), ("en_GB", "02/11/2026")],
)
def test_a_day_is_written_as_the_locale_does_with_its_whole_year(language: str, shown: str) -> None:
    write_dates_as(QLocale(language))
    assert dates.day_text(DAY) == shown


def test_midnight_in_the_accounts_zone_is_a_day_and_all_else_a_time() -> None:
    midnight = datetime(2026, 11, 1, 23, tzinfo=UTC)
    assert dates.time_text(midnight, ZoneInfo("Europe/Berlin")) == "02 Nov 2026"
    write_dates_as(QLocale("de_DE"))
    here = midnight.astimezone()
    assert dates.time_text(midnight) == f"{dates.day_text(here.date())}, {here:%H:%M}"


def test_a_machine_without_a_locale_keeps_days_that_nobody_misreads() -> None:
    write_dates_as(QLocale.c())
    assert dates.day_text(DAY) == "02 Nov 2026"


def test_when_a_commit_was_is_written_as_the_locale_does() -> None:
    write_dates_as(QLocale("de_DE"))
    here = datetime(2026, 11, 2, 12, 5, tzinfo=UTC).astimezone()
    assert local_time("2026-11-02T12:05:00+00:00") == f"02.11.2026, {here:%H:%M}"
