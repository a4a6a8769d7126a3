"""Lists by number: several pages at once, nothing missed, nothing twice."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from app.connectors.aria.client import AriaClient
from app.connectors.aria.numbered import NAMED_AT_ONCE, Lists
from app.connectors.aria.object_query import LONGEST_QUERY, Listing
from app.domain.control import CancelToken
from app.errors import AnswerUnreadable

LISTING = Listing("get_things_m", "things", "thing_no", 10)


class FarList:
    """An Object Query with things of some numbers; it may send fewer than it is asked for."""

    def __init__(self, numbers: Sequence[int], most: int = 999, *, counts: bool = True) -> None:
        self.numbers = sorted(numbers)
        self.most = most
        self.counts = counts
        self.asked: list[tuple[str, int]] = []

    def query(
        self, call: str, query_string: str, limit: int, offset: int, cancel: CancelToken
    ) -> dict[str, Any]:
        del cancel
        assert call == LISTING.call
        assert len(query_string) <= LONGEST_QUERY
        self.asked.append((query_string, offset))
        if " OR " in query_string or " > " not in query_string:
            wanted = [int(part.split(" = ")[1]) for part in query_string.split(" OR ")]
            found = [number for number in wanted if number in self.numbers]
        else:
            last = int(query_string.partition(" > ")[2].partition(" ")[0])
            found = [number for number in self.numbers if number > last]
        page = found[offset : offset + min(limit, self.most)]
        total = {"total_records": str(len(found))} if self.counts else {}
        return {"things": [{"thing_no": str(number)} for number in page], **total}


def lists(end: object, at_once: int = 3) -> Lists:
    return Lists(cast("AriaClient", end), at_once)


def read(end: object, at_once: int = 3, conditions: Sequence[str] = ()) -> list[int]:
    pages = lists(end, at_once).pages(LISTING, conditions, CancelToken())
    return [int(row["thing_no"]) for page in pages for row in page]


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 30, 31, 40, 41, 95])
@pytest.mark.parametrize("at_once", [1, 3])
def test_every_record_comes_once_in_order(count: int, at_once: int) -> None:
    end = FarList(range(7, 7 + 3 * count, 3))
    assert read(end, at_once) == end.numbers
    assert len(end.asked) == max(1, -(-count // 10))


def test_the_pages_left_are_asked_for_together() -> None:
    end = FarList(range(1, 56))
    read(end)
    begins = sorted(
        (int(query.partition(" > ")[2].partition(" ")[0]), offset) for query, offset in end.asked
    )
    assert begins == [(0, 0), (10, 0), (10, 10), (10, 20), (40, 0), (40, 10)]


@pytest.mark.parametrize("counts", [True, False])
def test_a_far_end_that_sends_shorter_pages_leaves_no_gap(counts: bool) -> None:  # noqa: FBT001 - a parameter of the test
    end = FarList(range(1, 56), most=4, counts=counts)
    assert read(end) == end.numbers


def test_without_a_count_it_reads_until_nothing_comes() -> None:
    end = FarList(range(1, 41), counts=False)
    assert read(end) == end.numbers


def test_conditions_stand_before_the_number() -> None:
    end = FarList([5])
    read(end, conditions=("acct_no = 55", "x IS NULL"))
    expected = "acct_no = 55 AND x IS NULL AND thing_no > 0 ORDER BY thing_no ASC"
    assert end.asked == [(expected, 0)]


@pytest.mark.parametrize("number", ["", None, "0", "x", 3])
def test_rows_out_of_order_are_told_and_not_passed_over(number: object) -> None:
    class Odd:
        def query(self, *_: object) -> dict[str, Any]:
            return {"things": [{"thing_no": 3}, {"thing_no": number}], "total_records": 5}

    with pytest.raises(AnswerUnreadable, match="thing_no"):
        read(Odd())


def test_numbers_are_asked_for_many_in_a_query() -> None:
    numbers = [10**14 + number for number in range(60)]
    end = FarList(numbers[5:])
    found = lists(end).named(replace(LISTING, page=200), numbers, CancelToken())
    assert [int(row["thing_no"]) for page in found for row in page] == numbers[5:]
    assert len(end.asked) == -(-60 // NAMED_AT_ONCE)


def test_who_reads_no_further_asks_no_further() -> None:
    end = FarList(range(1, 1000))
    pages: Iterator[Any] = lists(end).pages(LISTING, (), CancelToken())
    next(pages)
    assert len(end.asked) == 1
