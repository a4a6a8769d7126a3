"""What a commit says of a record that is no longer as the plan expected, as its user reads it."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from app.domain.control import CancelToken
from app.domain.diff import Kind
from app.domain.mapping import KEY
from app.domain.plan import CommitPlan, FieldChange, Operation, Verb
from app.domain.record import FieldValue, Record, RecordKey, Side, canonical, content_hash, exact
from app.store.comparison import find_link, side_details
from app.sync.commit import CommitResult, commit
from app.sync.compare import compare
from app.sync.pairing import confirm
from app.sync.planner import Selection, build_plan
from app.sync.preflight import Found, record_after, stands, why_stale
from app.sync.refresh import RefreshRequest, refresh
from app.sync.workbench import Workbench
from tests.fakes import small_mapping
from tests.keyed_side import KeyedSide, keyed, keyed_bench

BORNE = (
    "the record in Salesforce that is paired with {!r} still has this key:"
    " write that one's key first, then plan again"
)
SAME = "somebody has written the same in Salesforce since the review"
PLAN = small_mapping().entity("plan")
PRO: tuple[FieldValue, ...] = ("Pro", exact(Decimal(49)), None)
BASIC: tuple[FieldValue, ...] = ("Basic", exact(Decimal(9)), None)
THERE = Record("A", PRO, "idA")
UPDATE = Operation(
    *("plan", "A", Side.SALESFORCE, Verb.UPDATE, (FieldChange("name", "Pro", "Pro 2"),)),
    expects=content_hash(canonical(PRO)),
)
INSERT = replace(UPDATE, verb=Verb.INSERT, expects=None)
DELETE = replace(UPDATE, verb=Verb.DELETE, side_id="idA")
REKEY = replace(UPDATE, changes=(FieldChange(KEY, "old", "A"),), side_id="idA")
PAIRED = THERE._replace(own_key="old")
OTHER = THERE._replace(side_id="idB")


def holding(name: str, price: int = 49) -> Record:
    return THERE._replace(values=(name, exact(Decimal(price)), None))


@pytest.mark.parametrize(
    ("operation", "live", "words"),
    [
        (UPDATE, (), "gone from Salesforce since the review, or its key was changed"),
        (REKEY, (), "gone from Salesforce since the review"),
        (INSERT, (THERE,), "made in Salesforce since the review"),
        (
            INSERT,
            (PAIRED,),
            "paired since the review with a record in Salesforce that has the key 'old'",
        ),
        (
            INSERT,
            (THERE._replace(own_key=""),),
            "paired since the review with a record in Salesforce that has no key",
        ),
        (
            INSERT,
            (THERE._replace(key="B", own_key="A"),),
            BORNE.format("B"),
        ),
        (UPDATE, (THERE, OTHER), "2 records in Salesforce share the key"),
        (
            REKEY,
            (PAIRED, OTHER),
            "another record in Salesforce has this key, beside the one that is paired with it",
        ),
        (DELETE, (OTHER,), "another record in Salesforce has its key now"),
        (UPDATE, (holding("Pro 3"),), "changed since the review: name is now 'Pro 3'"),
        (UPDATE, (holding("x" * 200),), f"changed since the review: name is now '{'x' * 100}…'"),
        (UPDATE, (holding(""),), "changed since the review: name is now empty"),
        (UPDATE, (holding("Pro", 9),), "changed since the review: in other fields"),
        (UPDATE, (holding("Pro 2"),), SAME),
        (UPDATE, (PAIRED,), "changed since the review: its key is now 'old'"),
        (REKEY, (THERE._replace(own_key=""),), "changed since the review: it has no key now"),
        (REKEY, (THERE,), SAME),
        (UPDATE, (THERE._replace(key="B", own_key="A"),), "paired with 'B' since the review"),
    ],
)  # fmt: skip
def test_it_says_what_is_true(operation: Operation, live: tuple[Record, ...], words: str) -> None:
    assert stands(operation, live, PLAN) is not Found.BEFORE
    assert why_stale(operation, live, PLAN) == words


def test_a_delete_of_a_record_that_was_paired_since_is_still_the_one_reviewed() -> None:
    live = (THERE._replace(key="B", own_key="A"),)
    assert stands(DELETE, live, PLAN) is Found.BEFORE


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    """Return a workbench where billing alone has A and B, Salesforce alone has one with key B."""
    made = keyed_bench(tmp_path)
    keyed(made, Side.BILLING).add("plan", "A", "1", *PRO)
    org(made).add("plan", "B", "idA", *PRO)
    look(made)
    yield made
    made.store.close()


def quiet(_progress: object) -> None:
    """Report nothing."""


def look(bench: Workbench) -> None:
    refresh(bench, RefreshRequest(), CancelToken(), quiet)
    compare(bench, CancelToken(), quiet)


def org(bench: Workbench) -> KeyedSide:
    return keyed(bench, Side.SALESFORCE)


def plan(bench: Workbench, verb: Verb) -> CommitPlan:
    return build_plan(bench, Selection(verbs=frozenset({verb})), CancelToken(), quiet)


def done(bench: Workbench, planned: CommitPlan) -> CommitResult:
    return commit(bench, planned, CancelToken(), quiet)


def test_a_changed_field_that_the_plan_does_not_write_is_named(bench: Workbench) -> None:
    keyed(bench, Side.BILLING).add("plan", "B", "2", "Pro", exact(Decimal(50)), None)
    look(bench)
    planned = plan(bench, Verb.UPDATE)
    assert [change.name for one in planned.operations for change in one.changes] == ["price"]
    org(bench).put("plan", "B", "Old", PRO[1], None)
    (failure,) = done(bench, planned).failures
    assert failure.message == "changed since the review: name is now 'Old'"


def test_an_insert_of_a_key_that_a_paired_record_bears_says_whose_it_is(bench: Workbench) -> None:
    confirm(bench, "plan", "A", "idA")
    keyed(bench, Side.BILLING).add("plan", "B", "2", *PRO)
    look(bench)
    result = done(bench, plan(bench, Verb.INSERT))
    assert [failure.message for failure in result.failures] == [BORNE.format("A")]
    assert org(bench).found("plan", "idA").values == PRO


def test_an_insert_asks_for_its_key_though_another_record_was_paired_with_it(
    bench: Workbench,
) -> None:
    planned = plan(bench, Verb.INSERT)
    confirm(bench, "plan", "A", "idA")
    org(bench).records.clear()
    org(bench).add("plan", "A", "idNew", *BASIC)
    result = done(bench, planned)
    assert [failure.message for failure in result.failures] == [
        "made in Salesforce since the review"
    ]
    assert org(bench).found("plan", "idNew").values == BASIC


@pytest.mark.parametrize("order", [("id1", "id2"), ("id2", "id1")])
def test_records_that_share_a_key_are_shown_so_after_a_stale_commit(
    bench: Workbench, order: tuple[str, ...]
) -> None:
    planned = plan(bench, Verb.INSERT)
    for side_id in order:
        org(bench).add("plan", "A", side_id, *BASIC)
    assert done(bench, planned).stale == 1
    assert compare(bench, CancelToken(), quiet)["plan"][Kind.DUPLICATE_KEY] == 1
    link = find_link(bench.store, bench.mapping.entity("plan"), "A")
    assert link is not None
    assert side_details(bench.store, link, Side.SALESFORCE)[0] == "id1"
    look(bench)
    assert compare(bench, CancelToken(), quiet)["plan"][Kind.DUPLICATE_KEY] == 1


def test_the_one_of_several_that_the_mirror_holds_stays_in_its_place(bench: Workbench) -> None:
    org(bench).add("plan", "A", "id2", "Pro", None, "")
    look(bench)
    planned = plan(bench, Verb.UPDATE)
    org(bench).add("plan", "A", "id1", *BASIC)
    assert done(bench, planned).stale == 1
    link = find_link(bench.store, bench.mapping.entity("plan"), "A")
    assert link is not None
    assert side_details(bench.store, link, Side.SALESFORCE)[0] == "id2"
    org(bench).records[RecordKey("plan", "A")].pop()
    look(bench)
    assert compare(bench, CancelToken(), quiet)["plan"][Kind.DUPLICATE_KEY] == 0


def test_what_is_found_written_stands_under_the_id_that_it_has(bench: Workbench) -> None:
    """Another record may have got the key since, and hold just what was to be written."""
    change = FieldChange("name", "Pro", "New")
    asked = Operation("plan", "A", Side.SALESFORCE, Verb.UPDATE, (change,), 1, "gone")
    found = Record("A", ("New", None, None), "there")
    assert record_after(asked, (found,), bench.mapping.entity("plan")).side_id == "there"
    assert record_after(asked, (), bench.mapping.entity("plan")).side_id == "gone"
