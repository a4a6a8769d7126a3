"""Accounts with very many plan instances, refusals, and mappings of any columns."""

from dataclasses import replace
from typing import Any, cast

import pytest

from app.connectors.aria.account_reads import AccountReads
from app.connectors.aria.client import AriaClient, AriaRefused
from app.connectors.protocol import Page, ReadRequest, Scope
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping
from app.errors import RemoteRefused
from tests.connectors.aria_accounts import FROM_LISTS, entities, fresh, of_account, running

DETAILS, PLANS = "get_acct_details_all_m", "get_acct_plans_all_m"


class FarAria:
    """Tells of one account with some plan instances, in pages as Aria does; or refuses."""

    def __init__(self, count: int, refusal: str = "", spared: str = "") -> None:
        self.count = count
        self.spared = spared
        self.refusal = refusal
        self.asked: list[tuple[str, int]] = []

    def core(self, call: str, inputs: dict[str, Any], cancel: CancelToken) -> dict[str, Any]:
        del cancel
        first = inputs.get("offset", 0)
        self.asked.append((call, first))
        if self.refusal and call != self.spared:
            raise AriaRefused("refused", "refused", code=self.refusal)
        if call != PLANS:
            return {"acct_no_2": inputs["acct_no"]}
        last = min(self.count, first + inputs["limit"])
        rows = [{"plan_instance_no": 1 + place} for place in range(first, last)]
        return {"record_count": str(self.count), "all_acct_plans_m": rows}

    def pages(self, name: str = "plan_instance") -> list[Page]:
        reads = AccountReads(cast("AriaClient", self), 3)
        request = ReadRequest(entities(name), Scope.ACCOUNT, account="7")
        return list(reads.pages(request, CancelToken()))


@pytest.mark.parametrize(("count", "calls"), [(0, 1), (999, 1), (1000, 2), (1997, 2)])
def test_all_plan_instances_of_an_account_are_read_once(count: int, calls: int) -> None:
    aria = FarAria(count)
    (page,) = aria.pages()
    assert [record.key for record in page.records] == [f"7|{1 + one}" for one in range(count)]
    assert [first for call, first in aria.asked if call == PLANS] == [0, 998][:calls]


def test_more_plan_instances_than_aria_gives_are_an_error_not_a_part() -> None:
    with pytest.raises(RemoteRefused, match="1998 plan instances"):
        FarAria(1998).pages()


def test_an_account_that_there_is_not_has_no_records() -> None:
    assert [page.records for page in FarAria(5, "1009").pages()] == [[]]


@pytest.mark.parametrize("name", ["account_discount", "plan_history", "status_history", "contract"])
def test_no_data_is_none_of_what_an_account_may_lack(name: str) -> None:
    aria = FarAria(5, "1002", spared=DETAILS)
    (page,) = aria.pages(name)
    assert page.records == []


def test_no_data_of_the_plan_instances_ends_the_read() -> None:
    with pytest.raises(AriaRefused):
        FarAria(5, "1002", spared=DETAILS).pages()


def test_any_other_refusal_ends_the_read() -> None:
    with pytest.raises(AriaRefused):
        FarAria(5, "1014").pages()


@pytest.mark.parametrize("place", range(5))
def test_whatever_columns_are_mapped_both_ways_agree(place: int) -> None:
    some = tuple(_fifth(entity, place) for entity in entities(*FROM_LISTS))
    with running() as sandbox, fresh(sandbox) as held:
        everything = held.all(some)
        for number in held.numbers[::3]:
            alone, expected = held.one(some, number), of_account(everything, number)
            assert {name: alone.get(name, []) for name in expected} == expected


def _fifth(entity: EntityMapping, place: int) -> EntityMapping:
    """Return an entity with every fifth of its columns."""
    needed = entity.parent_field or entity.fields[0].name
    kept = [
        one for index, one in enumerate(entity.fields) if one.name == needed or index % 5 == place
    ]
    return replace(entity, fields=tuple(kept), title=needed)
