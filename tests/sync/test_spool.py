"""Operations in a file: what is asked for by its place is what was appended there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.plan import FieldChange, Operation, Verb
from app.domain.record import Side
from app.sync import spool as spools
from app.sync.spool import Spool
from tests.fakes import small_mapping

COUNT = 200


def operation(number: int) -> Operation:
    change = FieldChange("name", None, f"Plan {number}" * (number % 7))
    return Operation("plan", f"P{number}", Side.SALESFORCE, Verb.INSERT, (change,), None)


@pytest.fixture
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Spool]:
    monkeypatch.setattr(spools, "_PAGE", 50)
    made = Spool(small_mapping(), tmp_path)
    for number in range(COUNT):
        made.append(operation(number))
    yield made
    made.close()


@pytest.mark.parametrize("place", [0, 1, 63, 64, 65, 127, 128, COUNT - 1, -1, -COUNT])
def test_each_place_holds_what_was_appended_there(spool: Spool, place: int) -> None:
    assert spool[place] == operation(range(COUNT)[place])


@pytest.mark.parametrize("place", [COUNT, -COUNT - 1])
def test_there_is_nothing_beyond_the_ends(spool: Spool, place: int) -> None:
    with pytest.raises(IndexError):
        spool[place]


def test_a_slice_and_a_walk_give_them_in_order(spool: Spool) -> None:
    assert list(spool) == [operation(number) for number in range(COUNT)]
    assert spool[60:70] == [operation(number) for number in range(60, 70)]
    spool.append(operation(COUNT))
    assert len(spool) == COUNT + 1
    assert spool[-1].key == f"P{COUNT}"
