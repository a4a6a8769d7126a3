"""Answers that our reads rest on, and the columns that the mapping names, are as described."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from app.connectors.aria.client import AriaClient
from app.connectors.aria.transaction_calls import CALLS
from app.connectors.aria.transaction_lists import LISTINGS
from app.domain.control import CancelToken
from app.sandbox.launch import Sandbox
from tests.connectors.aria_money import (
    MOVING,
    SHOWCASE,
    WRITTEN_OFF,
    Money,
    fresh,
    running,
    whole_mapping,
)
from tests.sandbox.aria.test_aria_shapes import misfits

_REFERENCE = Path(__file__).resolve().parents[2].parent / "shared/reference/aria_calls.json"
_ELSEWHERE = {"get_virtual_datetime_m", "get_account_details_m"}


@cache
def reference() -> dict[str, Any]:
    if not _REFERENCE.exists():
        pytest.skip("the reference stands in ../shared/reference, which is not here")
    return dict(json.loads(_REFERENCE.read_text("utf-8")))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running() as started:
        yield started


@pytest.fixture
def money(sandbox: Sandbox) -> Iterator[Money]:
    with fresh(sandbox) as found:
        yield found


def told_by(entity: str) -> set[str]:
    """Return the names of the columns that Aria prints of an entity."""
    found: set[str] = set()
    if entity == "invoice_line":
        row = reference()["get_invoice_information_m"]["outputs"]["invoice_details_m"][0]
        return set(row["invoice_line_m"][0])
    arrays = [(one.call, one.array) for one in CALLS if one.entity == entity]
    arrays += [(one.call, one.array) for name, one in LISTINGS.items() if name == entity]
    for call, array in arrays:
        found |= set(reference()[call]["outputs"][array][0])
    return found


@pytest.mark.parametrize("entity", MOVING)
def test_every_column_of_the_mapping_is_one_that_aria_prints(entity: str) -> None:
    columns = {field.billing for field in whole_mapping().entity(entity).fields}
    assert {name for name in columns if not name.startswith("=")} <= told_by(entity)


@pytest.mark.parametrize("entity", MOVING)
def test_what_an_entity_shows_is_there_in_the_data_set(entity: str, money: Money) -> None:
    mapping = money.mapping.entity(entity)
    found = [*money.account(SHOWCASE, entity)[entity].values()]
    found += money.account(WRITTEN_OFF, entity)[entity].values()
    for facet, field in mapping.shows.items():
        if (entity, facet) in _NOT_IN_THE_DATA:
            continue
        assert any(money.value(one, entity, field) is not None for one in found), facet


_NOT_IN_THE_DATA = {("payment", "status"), ("write_off", "end")}


def test_answers_are_as_described(money: Money, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: dict[str, dict[str, Any]] = {}
    send = AriaClient._answer

    def listen(self: AriaClient, call: str, answer: Any) -> dict[str, Any]:
        heard[call] = send(self, call, answer)
        return heard[call]

    monkeypatch.setattr(AriaClient, "_answer", listen)
    money.account(SHOWCASE)
    money.connector._client.core(
        "get_family_trans_history_m", {"parent_acct_no": SHOWCASE}, CancelToken()
    )
    for call in heard.keys() - _ELSEWHERE:
        described = reference()[call]
        twins = {path.rpartition(".")[2] for path in described.get("untyped_twins", ())}
        assert misfits(described["outputs"], heard[call], call, twins) == []
    assert len(heard) == len(CALLS) + len(LISTINGS) + 2


def test_the_inputs_that_we_send_are_described() -> None:
    for one in CALLS:
        assert {"acct_no", *(one.inputs or {})} <= set(reference()[one.call]["inputs"])


def test_whatever_moves_belongs_to_accounts() -> None:
    mapping = whole_mapping()
    moving = [entity.name for entity in mapping.of_account(moving=True)]
    assert set(MOVING) <= set(moving)
    for name in MOVING:
        entity = mapping.entity(name)
        assert mapping.role_of(entity) is not None
        assert {field.owner.value for field in entity.fields} == {"billing"}
        assert all(one.currency for one in entity.fields if one.type.value == "money")
