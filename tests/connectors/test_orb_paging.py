"""Lists of Orb: each row once, whatever the times and the order of the answers."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from app.connectors.orb.client import OrbRefused
from app.connectors.orb.paging import Listing, pages
from app.connectors.orb.rows import moment
from app.domain.control import CancelToken
from app.domain.mapping import WorkspaceMapping
from app.errors import AnswerUnreadable, Cancelled
from tests.connectors.far_end import Asked, FarEnd, Script, Told, far_end, in_turn, told
from tests.connectors.orb_world import connected

NOW = datetime(2026, 11, 1, tzinfo=UTC)
BY_TIME = Listing("things", window="created_at", limit=10)


def rows_at(seconds: Sequence[float]) -> list[dict[str, str]]:
    """Return rows made so many seconds before now, newest first; whole seconds are shown."""
    times = [NOW - timedelta(seconds=age) for age in sorted(seconds)]
    return [
        {
            "id": f"r{place}",
            "created_at": at.replace(microsecond=0).isoformat(),
            "made": at.isoformat(),
        }
        for place, at in enumerate(times)
    ]


def serve(rows: Sequence[dict[str, str]]) -> Script:
    """Return a server that pages and filters as Orb does."""

    def script(asked: Asked) -> Told:
        query = {name: found[0] for name, found in parse_qs(urlsplit(asked.path).query).items()}
        least, below = (query.get(f"created_at[{bound}]") for bound in ("gte", "lt"))
        kept = [row for row in rows if least is None or moment(row["made"]) >= moment(least)]
        kept = [row for row in kept if below is None or moment(row["made"]) < moment(below)]
        start, limit = int(query.get("cursor", 0)), int(query["limit"])
        end = start + limit
        cursor = str(end) if end < len(kept) else None
        metadata = {"has_more": cursor is not None, "next_cursor": cursor}
        return told({"data": kept[start:end], "pagination_metadata": metadata})

    return script


def listed(end: FarEnd, mapping: WorkspaceMapping, listing: Listing, at_once: int) -> list[str]:
    client = connected(end.url, mapping)._client
    found = pages(client, listing, at_once, CancelToken())
    return [row["id"] for page in found for row in page]


@pytest.mark.parametrize("at_once", [1, 3, 8])
@pytest.mark.parametrize(
    "ages",
    [
        [],
        range(9),
        range(0, 90_000_000, 1_000_000),
        [5] * 35,
        [*range(40), *[10_000_000] * 25, 150_000_000],
        [*[0] * 12, *range(0, 40_000_000, 500_000)],
        [place * 500_000 + part / 8 for place in range(60) for part in range(8)],
    ],
    ids=["none", "one page", "even", "all at once", "in lumps", "newest at once", "in a second"],
)
def test_each_row_comes_once(
    ages: Sequence[float], at_once: int, orb_mapping: WorkspaceMapping
) -> None:
    rows = rows_at(list(ages))
    with far_end(serve(rows)) as end:
        found = listed(end, orb_mapping, BY_TIME, at_once)
    assert sorted(found) == sorted(row["id"] for row in rows)


def test_a_list_without_a_time_goes_by_its_cursor_alone(orb_mapping: WorkspaceMapping) -> None:
    rows = rows_at(range(25))
    with far_end(serve(rows)) as end:
        assert listed(end, orb_mapping, Listing("things", limit=10), 8) == [r["id"] for r in rows]
        assert ["cursor" in asked.path for asked in end.asked] == [False, True, True]


def test_filters_go_along_with_the_cursor(orb_mapping: WorkspaceMapping) -> None:
    rows = rows_at(range(15))
    listing = Listing("things", (("status[]", "a"), ("status[]", "b")), limit=10)
    with far_end(serve(rows)) as end:
        listed(end, orb_mapping, listing, 1)
        assert all("status%5B%5D=a&status%5B%5D=b" in asked.path for asked in end.asked)


def test_several_calls_run_at_once_in_a_long_list(orb_mapping: WorkspaceMapping) -> None:
    rows = rows_at(range(0, 90_000_000, 200_000))
    with far_end(serve(rows)) as end:
        listed(end, orb_mapping, BY_TIME, 8)
        halves = [asked for asked in end.asked if "created_at" in asked.path]
        assert len(halves) > 4
        assert len(end.asked) < len(rows) / 10 * 1.5


def test_the_next_page_is_fetched_before_it_is_asked_for(orb_mapping: WorkspaceMapping) -> None:
    with far_end(serve(rows_at(range(30)))) as end:
        client = connected(end.url, orb_mapping)._client
        found = pages(client, Listing("things", limit=10), 1, CancelToken())
        next(found)
        next(found)
        assert len(end.asked) >= 2
        found.close()  # type: ignore[attr-defined] # it is a generator


def test_rows_that_a_new_one_pushed_on_come_once(orb_mapping: WorkspaceMapping) -> None:
    first = {"data": [{"id": "a"}, {"id": "b"}], "pagination_metadata": {"next_cursor": "2"}}
    second = {"data": [{"id": "b"}, {"id": "c"}], "pagination_metadata": {"next_cursor": None}}
    with far_end(in_turn(told(first), told(second))) as end:
        assert listed(end, orb_mapping, Listing("things"), 1) == ["a", "b", "c"]


def test_an_empty_page_ends_a_list_that_claims_more(orb_mapping: WorkspaceMapping) -> None:
    page = {"data": [], "pagination_metadata": {"has_more": True, "next_cursor": "on"}}
    with far_end(in_turn(told(page))) as end:
        assert listed(end, orb_mapping, Listing("things"), 4) == []


def test_a_cursor_that_leads_back_ends_a_list(orb_mapping: WorkspaceMapping) -> None:
    page = {"data": [{"id": "a"}], "pagination_metadata": {"has_more": True, "next_cursor": "on"}}
    with far_end(in_turn(told(page))) as end:
        assert listed(end, orb_mapping, Listing("things"), 4) == ["a"]
        assert len(end.asked) == 2


@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": ["a"]}])
def test_what_is_no_list_is_an_error(body: object, orb_mapping: WorkspaceMapping) -> None:
    with far_end(in_turn(told(body))) as end, pytest.raises(AnswerUnreadable, match="a list"):
        listed(end, orb_mapping, BY_TIME, 8)


def test_a_time_that_is_none_is_an_error(orb_mapping: WorkspaceMapping) -> None:
    row = {"id": "a", "created_at": "yesterday"}
    page = {"data": [row], "pagination_metadata": {"next_cursor": "on"}}
    with far_end(in_turn(told(page))) as end, pytest.raises(AnswerUnreadable, match="'yesterday'"):
        listed(end, orb_mapping, BY_TIME, 8)


def test_a_refused_page_ends_the_list_with_an_error(orb_mapping: WorkspaceMapping) -> None:
    body = json.dumps({"type": "x#400-request-validation-errors", "detail": "bad cursor"}).encode()
    with far_end(in_turn(Told(400, body))) as end, pytest.raises(OrbRefused, match="bad cursor"):
        listed(end, orb_mapping, BY_TIME, 4)


def test_a_cancel_ends_a_list(orb_mapping: WorkspaceMapping) -> None:
    token = CancelToken()
    with far_end(serve(rows_at(range(50)))) as end:
        found = pages(connected(end.url, orb_mapping)._client, BY_TIME, 2, token)
        next(found)
        token.cancel()
        with pytest.raises(Cancelled):
            list(found)
