"""Records that their key does not name: read and written by their ids."""

from collections.abc import Iterator

import pytest

from app.connectors.protocol import Page, ReadRequest, Scope
from app.domain.control import CancelToken
from app.domain.mapping import KEY
from app.domain.plan import FieldChange, Operation, OutcomeState, Verb
from app.domain.record import Record, Side
from tests.connectors.world import World

SOBJECT = "Aria_Coupon__c"


def ids_of(world: World) -> Iterator[str]:
    return (row["Id"] for row in world.state("salesforce", SOBJECT))


def by_ids(world: World, *ids: str) -> list[Page]:
    request = ReadRequest((world.mapping.entity("coupon"),), Scope.IDS, ids)
    return list(world.connectors["salesforce"].read(request, CancelToken()))


def found(world: World, side_id: str) -> Record:
    (record,) = [r for page in by_ids(world, side_id) for r in (*page.records, *page.loose)]
    return record


def rekeyed(side_id: str, before: str | None, after: str | None, **more: str) -> Operation:
    changes = [FieldChange(KEY, before, after)]
    changes += [FieldChange(name, None, value) for name, value in more.items()]
    return Operation(
        "coupon", "OURS", Side.SALESFORCE, Verb.UPDATE, tuple(changes), 1, side_id, side_id
    )


@pytest.fixture
def loose(world: World) -> str:
    """Return the id of a coupon that lost its key."""
    side_id = next(ids_of(world))
    world.edit("salesforce", SOBJECT, side_id, Aria_Key__c=None)
    return side_id


def test_rows_without_a_key_come_as_loose_records(world: World, loose: str) -> None:
    request = ReadRequest((world.mapping.entity("coupon"),))
    pages = list(world.connectors["salesforce"].read(request, CancelToken()))
    (record,) = [record for page in pages for record in page.loose]
    assert (record.key, record.side_id, sum(page.unkeyed for page in pages)) == ("", loose, 1)
    assert record.values == found(world, loose).values


def test_records_are_read_by_their_ids_with_a_key_or_without(world: World, loose: str) -> None:
    other = list(ids_of(world))[1]
    pages = by_ids(world, loose, other)
    assert [r.side_id for page in pages for r in page.loose] == [loose]
    assert [r.side_id for page in pages for r in page.records] == [other]


@pytest.mark.parametrize("known", [True, False])
def test_a_key_is_written_by_id_and_nothing_is_made(
    world: World, loose: str, *, known: bool
) -> None:
    count = len(list(ids_of(world)))
    if known:
        found(world, loose)  # remembered: it goes as a single
    (outcome,) = world.write("salesforce", "coupon", rekeyed(loose, None, "OURS", scope="x"))
    assert (outcome.state, outcome.side_id) == (OutcomeState.WRITTEN, loose)
    assert (found(world, loose).key, len(list(ids_of(world)))) == ("OURS", count)


def test_a_key_is_cleared_again(world: World, loose: str) -> None:
    world.edit("salesforce", SOBJECT, loose, Aria_Key__c="OURS")
    (outcome,) = world.write("salesforce", "coupon", rekeyed(loose, "OURS", None))
    assert (outcome.state, found(world, loose).key) == (OutcomeState.WRITTEN, "")


def test_a_key_that_stays_is_no_reason_to_make_a_record(world: World, loose: str) -> None:
    count = len(list(ids_of(world)))
    (outcome,) = world.write("salesforce", "coupon", rekeyed(loose, None, None, scope="mine"))
    assert outcome.state is OutcomeState.WRITTEN
    assert (found(world, loose).key, len(list(ids_of(world)))) == ("", count)


def test_by_key_and_by_id_go_together(world: World, loose: str) -> None:
    other = found(world, list(ids_of(world))[1])
    changes = (FieldChange("scope", None, "x"),)
    named = Operation("coupon", other.key, Side.SALESFORCE, Verb.UPDATE, changes, 1, "", "n")
    outcomes = world.write("salesforce", "coupon", named, rekeyed(loose, None, "OURS"))
    assert {outcome.side_id for outcome in outcomes} == {other.side_id, loose}
    assert found(world, loose).key == "OURS"
