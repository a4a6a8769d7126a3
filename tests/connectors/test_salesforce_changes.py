"""Reading what changed: rows, deletions, and cursors that are not believed for ever."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from app.connectors.protocol import Page, ReadRequest, Scope
from app.connectors.salesforce.changes import Cursor, Witness
from app.connectors.salesforce.tables import NestedTable
from app.domain.control import CancelToken
from app.domain.record import utc_text
from app.errors import CursorRefused
from tests.connectors.world import World

OBJECT = "Aria_Coupon__c"
LONG_AGO_S = 16 * 24 * 3600  # longer than deletions are told


def set_back(world: World, seconds: float) -> None:
    """Bring the org to its first state, as it would have been saved so long ago."""
    world._control("POST", "clock", {"advance_seconds": -seconds})
    world.reset()
    world._control("POST", "clock", {"advance_seconds": seconds})


@pytest.fixture
def calm(world: World) -> World:
    """A world in which nothing has changed for an hour, so that no overlap reads it again."""
    set_back(world, 3600)
    return world


def whole(world: World, entity: str = "coupon") -> tuple[list[Page], str]:
    request = ReadRequest((world.mapping.entity(entity),))
    pages = list(world.connectors["salesforce"].read(request, CancelToken()))
    return pages, pages[-1].cursor


def since(world: World, cursor: str, entity: str = "coupon") -> list[Page]:
    request = ReadRequest((world.mapping.entity(entity),), Scope.SINCE, cursor=cursor)
    return list(world.connectors["salesforce"].read(request, CancelToken()))


def aged(cursor: str, by: timedelta) -> str:
    """Return a cursor of so much earlier, which no overlap hides."""
    found = Cursor.of(cursor)
    return Cursor(found.org, found.at - by).text


def keys(pages: Sequence[Page]) -> set[str]:
    return {record.key for page in pages for record in page.records}


def gone(pages: Sequence[Page]) -> set[str]:
    return {side_id for page in pages for side_id in page.gone}


def test_the_last_page_of_a_read_has_a_cursor_and_no_other(calm: World) -> None:
    pages, cursor = whole(calm)
    assert cursor.startswith(calm.connectors["salesforce"].instance(CancelToken()))
    assert [page.cursor for page in pages[:-1]] == [""] * (len(pages) - 1)


def test_what_was_inserted_and_changed_is_told(calm: World) -> None:
    pages, cursor = whole(calm)
    first = pages[0].records[0]
    calm.edit("salesforce", OBJECT, first.side_id, Description__c="moved")
    calm.edit("salesforce", OBJECT, "", Name="new", Aria_Key__c="NEW")
    found = since(calm, cursor)
    assert {first.key, "NEW"} <= keys(found)
    moved = next(r for page in found for r in page.records if r.key == first.key)
    assert moved.values[1] == "moved"


def test_a_delta_is_two_calls_and_leaves_the_next_cursor(calm: World) -> None:
    _, cursor = whole(calm)
    before = calm.connectors["salesforce"].calls
    pages = since(calm, cursor)
    assert calm.connectors["salesforce"].calls - before == 2
    again = since(calm, pages[-1].cursor)
    assert Cursor.of(again[-1].cursor).at >= Cursor.of(cursor).at


def test_what_was_deleted_is_told_by_its_id(calm: World) -> None:
    pages, cursor = whole(calm)
    first = pages[0].records[0]
    calm.edit("salesforce", OBJECT, first.side_id, __delete__=True)
    found = since(calm, cursor)
    assert first.side_id in gone(found)
    assert first.key not in keys(found)
    assert gone(found).isdisjoint(record.side_id for record in pages[0].records[1:])


def test_a_row_that_lost_its_key_is_gone(calm: World) -> None:
    pages, cursor = whole(calm)
    first = pages[0].records[0]
    calm.edit("salesforce", OBJECT, first.side_id, Aria_Key__c=None)
    assert first.side_id in gone(since(calm, cursor))


def test_what_has_not_changed_is_not_read_again_but_for_one_row(calm: World) -> None:
    _, cursor = whole(calm, "rate")
    assert len(keys(since(calm, cursor, "rate"))) == 1


def test_a_large_delta_is_a_bulk_job(calm: World) -> None:
    set_back(calm, LONG_AGO_S)
    made = calm.connectors["salesforce"]
    _, cursor = whole(calm, "rate")
    expected = keys(since(calm, aged(cursor, timedelta(days=10)), "rate"))
    made.reads.most_by_query = 10  # type: ignore[attr-defined]
    before, told = made.calls, made.forecast_changed(calm.mapping.entity("rate"), len(expected))
    assert keys(since(calm, aged(cursor, timedelta(days=10)), "rate")) == expected
    assert calm.calls("salesforce")["jobs/query/results"] == 1
    assert made.calls - before <= told + 1  # a job may have to be asked once more how it is


@pytest.mark.parametrize(
    "cursor",
    [
        "00D000000000009AAA 2026-01-01T00:00:00Z",
        "nonsense",
        "",
        "00D000000000009AAA today",
        f"00D000000000009AAA {utc_text(datetime.now(UTC))} a00",
    ],
    ids=["old", "nonsense", "none", "no time", "another org"],
)
def test_a_cursor_of_another_org_or_none_at_all_is_refused(cursor: str, calm: World) -> None:
    with pytest.raises(CursorRefused):
        since(calm, cursor)


def test_a_cursor_older_than_the_deleted_feed_is_refused(calm: World) -> None:
    set_back(calm, LONG_AGO_S)
    _, cursor = whole(calm)
    with pytest.raises(CursorRefused, match="not told any more"):
        since(calm, aged(cursor, timedelta(days=15)))
    assert since(calm, aged(cursor, timedelta(days=14)))


def test_an_org_that_was_set_back_refuses_its_cursors(calm: World) -> None:
    row = calm.state("salesforce", OBJECT)[0]
    calm.edit("salesforce", OBJECT, row["Id"], Description__c="newest")
    _, cursor = whole(calm)
    set_back(calm, 7200)
    with pytest.raises(CursorRefused, match="set back"):
        since(calm, cursor)


def test_a_cursor_comes_back_as_it_was(calm: World) -> None:
    _, text = whole(calm)
    assert Cursor.of(text).text == text
    assert Cursor.of(text).since < Cursor.of(text).at


def test_a_feed_that_refuses_the_window_refuses_the_cursor(calm: World) -> None:
    _, cursor = whole(calm)
    calm._control("POST", "clock", {"advance_seconds": 20 * 86_400})
    try:
        with pytest.raises(CursorRefused):
            since(calm, cursor)
    finally:
        calm._control("POST", "clock", {"advance_seconds": -20 * 86_400})


def test_an_object_without_stamps_leaves_no_cursor(calm: World) -> None:
    made = calm.connectors["salesforce"]
    entity = calm.mapping.entity("coupon")
    fields = dict(made._schema.require(entity, CancelToken()))  # type: ignore[attr-defined]
    made._schema._objects[OBJECT] = {  # type: ignore[attr-defined]
        name: shape for name, shape in fields.items() if name != "IsDeleted"
    }
    assert whole(calm)[1] == ""


def test_a_row_without_an_id_is_not_as_documented() -> None:
    stamp = {"SystemModstamp": "2026-11-22T08:00:00.000+0000"}
    named = NestedTable([{"Id": "a01", **stamp}])
    witness = Witness().after(named)
    assert witness.stands_in(named)
    nameless = NestedTable([{"Id": None, **stamp}])
    with pytest.raises(LookupError):
        Witness().after(nameless)
    with pytest.raises(LookupError):
        witness.stands_in(nameless)
