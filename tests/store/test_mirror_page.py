"""A page that is stored as a whole leaves what its records leave one by one."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.record import Record, Side
from app.store.mirror import MirrorRead
from app.store.seen import Seen
from app.store.workspace import Store
from tests.fakes import small_mapping

MAPPING = small_mapping()
PLAN = MAPPING.entity("plan")
MANY = 130
"""More than two of the pieces in which a page is written, and some over."""
RECORD = st.builds(
    lambda key, name, price, side_id: Record(f"K{key}", (name, price, None), side_id),
    st.integers(0, 9),
    st.sampled_from(["Pro", "Free", None]),
    st.sampled_from([Decimal(1), Decimal("2.5"), None]),
    st.sampled_from(["", "a", "b"]),
)
LENGTHS = st.integers(0, 5000)
READS = st.lists(st.tuples(st.sampled_from(Side), st.lists(RECORD, max_size=20)), max_size=4)


def left(reads: Sequence[tuple[Side, Sequence[Record]]], size: int) -> list[list[str]]:
    """Return what a store holds after reads that came in pages of a size."""
    with TemporaryDirectory() as folder, Store(Path(folder) / "w.sqlite", MAPPING) as store:
        for side, records in reads:
            run = MirrorRead(store, PLAN, side)
            for start in range(0, len(records), size):
                run.put(records[start : start + size])
            run.finish()
        tables = ("link", "document", "twin", "note")
        return [sorted(map(repr, store.reader.execute(f"SELECT * FROM {t}"))) for t in tables]


@settings(max_examples=20)
@given(READS)
def test_a_page_leaves_what_its_records_leave_one_by_one(
    reads: list[tuple[Side, list[Record]]],
) -> None:
    assert left(reads, MANY) == left(reads, 1)


def test_a_page_of_several_pieces_leaves_what_its_records_leave_one_by_one() -> None:
    def page(side_id: str, price: int) -> list[Record]:
        return [Record(f"K{n}", (f"P{n}", Decimal(n * price), None), side_id) for n in range(MANY)]

    reads = [
        (Side.SALESFORCE, page("a", 1)),
        (Side.BILLING, page("", 2)),
        (Side.BILLING, page("", 3)[:60]),
        (Side.SALESFORCE, page("b", 1)),
    ]
    assert left(reads, MANY) == left(reads, 1)


@given(st.sets(st.integers(1, 1 << 14)), st.sets(st.integers(1, 1 << 14)))
def test_seen_tells_what_it_was_given(given_links: set[int], asked: set[int]) -> None:
    seen, links = Seen(), sorted(asked)
    seen.add(given_links)
    assert seen.has(links) == [link in given_links for link in links]
    assert seen.missing(links) == [link for link in links if link not in given_links]


RUN = st.builds(lambda start, size: range(start, start + size), st.integers(1, 9000), LENGTHS)


@given(st.lists(RUN, max_size=3), st.sets(st.integers(1, 1 << 14)))
def test_runs_of_links_are_seen_as_each_of_them_is(runs: list[range], asked: set[int]) -> None:
    seen, one_by_one = Seen(), Seen()
    for run in runs:
        seen.add(run)
        one_by_one.add(list(run))
    assert len(seen) == len(one_by_one) == len({link for run in runs for link in run})
    assert seen.has(asked) == one_by_one.has(asked)


def test_a_record_that_went_while_another_came_is_dropped(tmp_path: Path) -> None:
    """As many are there as were read, and yet not the same."""
    with Store(tmp_path / "w.sqlite", MAPPING) as store:
        for keys in (("A", "B"), ("B", "C")):
            run = MirrorRead(store, PLAN, Side.SALESFORCE)
            run.put([Record(key, (key, None, None)) for key in keys])
            run.finish()
        held = store.reader.execute("SELECT key FROM link ORDER BY key").fetchall()
    assert held == [("B",), ("C",)]


def test_a_record_that_comes_alone_without_its_parent_leaves_that_place(tmp_path: Path) -> None:
    tier = MAPPING.entity("tier")
    parents = []
    with Store(tmp_path / "w.sqlite", MAPPING) as store:
        for parent in ("P1", "P2", None):
            values = tuple(parent if f.name == tier.parent_field else None for f in tier.fields)
            run = MirrorRead(store, tier, Side.BILLING, whole=False)
            run.put([Record("T1", values, parent=parent)])
            parents.append(store.reader.execute("SELECT parent FROM link").fetchone()[0])
    assert parents == ["P1", "P2", None]
