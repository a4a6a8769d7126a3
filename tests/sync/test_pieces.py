"""A commit in pieces: what stands or falls together is never cut at a piece's border."""

import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from app.connectors.protocol import Batch
from app.domain.control import CancelToken, no_report
from app.domain.mapping_file import parse_mapping
from app.domain.plan import Outcome, Verb
from app.domain.record import Side
from app.sync import pieces
from app.sync.commit import commit
from app.sync.compare import compare
from app.sync.planner import Selection, build_plan
from app.sync.refresh import RefreshRequest, refresh
from app.sync.workbench import Workbench
from tests.fakes import SMALL_MAPPING, FakeSide, make_bench, side_of

PLANS = ("P0", "P1", "P2", "P3")
TOGETHER = SMALL_MAPPING.replace('title = "rate"', 'title = "rate"\ntogether = "plan"')
# Of each tier: its plan, and whether it is to be inserted, updated or deleted.
TIERS = st.lists(st.tuples(st.sampled_from(PLANS), st.sampled_from(list(Verb))), max_size=25)


@contextmanager
def planned(tiers: list[tuple[str, Verb]]) -> Iterator[Workbench]:
    """Yield a workbench whose sides differ so that each tier needs what it says."""
    with tempfile.TemporaryDirectory() as folder:
        bench = make_bench(Path(folder), parse_mapping(TOGETHER, "together.toml"))
        for side in Side:
            for plan in PLANS:
                side_of(bench, side).put("plan", plan, plan, Decimal(1), None)
        for number, (plan, verb) in enumerate(tiers):
            key = f"T{number * 7 % 26:02d}"
            if verb is not Verb.DELETE:
                side_of(bench, Side.BILLING).put("tier", key, Decimal(2), plan)
            if verb is not Verb.INSERT:
                side_of(bench, Side.SALESFORCE).put("tier", key, Decimal(1), plan)
        refresh(bench, RefreshRequest(), CancelToken(), no_report)
        compare(bench, CancelToken(), no_report)
        yield bench
        bench.store.close()


def sent(bench: Workbench, size: int) -> list[list[str]]:
    """Commit in pieces of a size; return the keys of each batch that was written."""
    found: list[list[str]] = []
    real = FakeSide.write

    def write(side: FakeSide, batch: Batch, cancel: CancelToken) -> Iterator[Outcome]:
        found.append([operation.key for operation in batch.operations])
        return real(side, batch, cancel)

    plan = build_plan(bench, Selection(verbs=frozenset(Verb)), CancelToken(), no_report)
    with patch.object(pieces, "SEGMENT", size), patch.object(FakeSide, "write", write):
        result = commit(bench, plan, CancelToken(), no_report)
    assert result.is_clean
    return found


@settings(max_examples=40)
@given(tiers=TIERS, size=st.integers(1, 6))
def test_no_group_is_cut_however_small_the_pieces(tiers: list[tuple[str, Verb]], size: int) -> None:
    with planned(tiers) as bench:
        batches = sent(bench, size)
        plan_of = {f"T{n * 7 % 26:02d}": plan for n, (plan, _verb) in enumerate(tiers)}
        places = defaultdict(set)
        for number, batch in enumerate(batches):
            for key in batch:
                places[plan_of[key]].add(number)
        assert all(len(numbers) == 1 for numbers in places.values())
        assert sorted(key for batch in batches for key in batch) == sorted(plan_of)


def test_a_group_that_is_larger_than_a_piece_makes_the_piece_larger() -> None:
    tiers = [("P1", Verb.UPDATE)] * 4
    with planned(tiers) as bench:
        assert [len(batch) for batch in sent(bench, 2)] == [4]
    with patch(f"{__name__}.TOGETHER", SMALL_MAPPING), planned(tiers) as bench:
        assert [len(batch) for batch in sent(bench, 2)] == [2, 2]
