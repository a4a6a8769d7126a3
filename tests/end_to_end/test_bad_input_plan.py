"""Plan files damaged in every way: refused, or exactly the plan that was reviewed."""

import json
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.control import CancelToken, no_report
from app.domain.plan import CommitPlan
from app.domain.record import Side
from app.errors import AppError, PlanRefused
from app.sync.commit import commit
from app.sync.compare import compare
from app.sync.plan_file import load_plan, save_plan
from app.sync.planner import Selection, build_plan
from app.sync.refresh import RefreshRequest, refresh
from app.sync.workbench import Workbench
from tests.fakes import make_bench, side_of

TOKEN = CancelToken()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    made = make_bench(tmp_path_factory.mktemp("bad_plan"))
    for number in range(4):
        side_of(made, Side.BILLING).put("plan", f"P{number}", f"Plan {number}", Decimal(9), None)
        side_of(made, Side.BILLING).put("tier", f"T{number}", Decimal("0.5"), f"P{number}")
    refresh(made, RefreshRequest(), TOKEN, no_report)
    compare(made, TOKEN, no_report)
    yield made
    made.store.close()


@pytest.fixture(scope="module")
def plan(bench: Workbench) -> CommitPlan:
    return build_plan(bench, Selection(), TOKEN, no_report)


@pytest.fixture(scope="module")
def file(bench: Workbench, plan: CommitPlan) -> Path:
    path = bench.store.path.with_name("plan.json")
    save_plan(plan, path)
    return path


def operations(plan: CommitPlan) -> list[str]:
    return [repr(operation) for operation in plan.operations]


def check(bench: Workbench, file: Path, plan: CommitPlan, data: bytes) -> None:
    """A damaged file is refused in our own words, or it still says the same operations."""
    damaged = file.with_name("damaged.json")
    damaged.write_bytes(data)
    with suppress(AppError):
        assert operations(load_plan(bench, damaged)) == operations(plan)


def test_a_file_cut_off_anywhere_is_refused(bench: Workbench, file: Path) -> None:
    data, damaged = file.read_bytes(), file.with_name("cut.json")
    for end in range(0, len(data) - 3, 7):
        damaged.write_bytes(data[:end])
        with pytest.raises(PlanRefused):
            load_plan(bench, damaged)


@pytest.mark.parametrize("added", [b"and this too\n", b"{}\n", b"\x00"], ids=repr)
def test_what_somebody_wrote_behind_the_end_is_refused(
    bench: Workbench, file: Path, added: bytes
) -> None:
    longer = file.with_name("longer.json")
    longer.write_bytes(file.read_bytes() + added)
    with pytest.raises(PlanRefused, match="no whole JSON"):
        load_plan(bench, longer)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(place=st.integers(0, 1 << 20), byte=st.integers(0, 255))
def test_a_byte_changed_anywhere_changes_no_operation(
    bench: Workbench, file: Path, plan: CommitPlan, place: int, byte: int
) -> None:
    data = bytearray(file.read_bytes())
    data[place % len(data)] = byte
    check(bench, file, plan, bytes(data))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(places=st.tuples(st.integers(0, 1000), st.integers(0, 1000)), way=st.sampled_from("dsr"))
def test_lines_dropped_swapped_or_repeated_change_no_operation(
    bench: Workbench, file: Path, plan: CommitPlan, places: tuple[int, int], way: str
) -> None:
    lines = file.read_bytes().splitlines(keepends=True)
    one, other = (place % len(lines) for place in places)
    if way == "d":
        del lines[one]
    elif way == "s":
        lines[one], lines[other] = lines[other], lines[one]
    else:
        lines.insert(other, lines[one])
    check(bench, file, plan, b"".join(lines))


STRANGE: list[Any] = [None, 7, -1, "x", [], {}, [1], {"a": 1}, True, 1.5]


@pytest.mark.parametrize("value", STRANGE, ids=repr)
def test_a_value_of_another_kind_anywhere_in_the_head_is_no_defect(
    bench: Workbench, file: Path, plan: CommitPlan, value: object
) -> None:
    for name in json.loads(file.read_bytes()):
        document = json.loads(file.read_bytes()) | {name: value}
        check(bench, file, plan, json.dumps(document).encode())
        del document[name]
        check(bench, file, plan, json.dumps(document).encode())


@pytest.mark.parametrize("value", STRANGE, ids=repr)
def test_an_operation_edited_by_hand_is_refused(
    bench: Workbench, file: Path, value: object
) -> None:
    document = json.loads(file.read_bytes())
    for name in document["operations"][0]:
        edited = json.loads(file.read_bytes())
        if edited["operations"][0][name] == value:
            continue
        edited["operations"][0][name] = value
        damaged = file.with_name("edited.json")
        damaged.write_text(json.dumps(edited))
        with pytest.raises(PlanRefused):
            load_plan(bench, damaged)


def test_a_file_formatted_anew_is_the_same_plan(
    bench: Workbench, file: Path, plan: CommitPlan
) -> None:
    neat = file.with_name("neat.json")
    neat.write_text(json.dumps(json.loads(file.read_bytes()), indent=4))
    assert operations(load_plan(bench, neat)) == operations(plan)
    assert commit(bench, load_plan(bench, neat), TOKEN, no_report).is_clean
