"""What is read before a write: all that bear a key, whichever way it is found."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from app.domain.control import CancelToken, no_report
from app.domain.plan import FieldChange, Operation, Verb
from app.domain.record import FieldValue, Side, exact
from app.sync.compare import compare
from app.sync.pairing import confirm
from app.sync.preflight import read_live, read_told
from app.sync.refresh import RefreshRequest, refresh
from app.sync.workbench import Workbench
from tests.keyed_side import keyed, keyed_bench

NEVER = CancelToken()
PRO: tuple[FieldValue, ...] = ("Pro", exact(Decimal(49)), None)
BASIC: tuple[FieldValue, ...] = ("Basic", exact(Decimal(9)), None)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    """Return a workbench where billing's A is paired with a Salesforce record that bears B."""
    made = keyed_bench(tmp_path)
    keyed(made, Side.BILLING).add("plan", "A", "", *PRO)
    keyed(made, Side.SALESFORCE).add("plan", "B", "idA", *PRO)
    look(made)
    confirm(made, "plan", "A", "idA")
    look(made)
    yield made
    made.store.close()


def look(bench: Workbench) -> None:
    refresh(bench, RefreshRequest(), NEVER, no_report)
    compare(bench, NEVER, no_report)


def change(key: str, side: Side, verb: Verb = Verb.UPDATE) -> Operation:
    expects = None if verb is Verb.INSERT else 1
    return Operation("plan", key, side, verb, (FieldChange("name", "Pro", "New"),), expects)


def test_of_what_stands_beside_a_pair_the_mirror_says_what_a_read_of_the_keys_does(
    bench: Workbench,
) -> None:
    keyed(bench, Side.SALESFORCE).add("plan", "A", "idNew", *BASIC)
    keyed(bench, Side.SALESFORCE).add("plan", "C", "idC", *BASIC)
    look(bench)
    for verb in Verb.INSERT, Verb.UPDATE, Verb.DELETE:
        asked = [change(key, Side.SALESFORCE, verb) for key in "ABC"]
        far = read_live(bench, asked, NEVER, no_report)
        told = frozenset({(Side.SALESFORCE, "plan")})
        near = read_told(bench, asked, told, NEVER, no_report)
        assert [sorted(near.of(one)) for one in asked] == [sorted(far.of(one)) for one in asked]


def test_records_of_billing_without_ids_are_all_found_beside_a_paired_one(bench: Workbench) -> None:
    for name in ("One", "Other"):
        keyed(bench, Side.BILLING).add("plan", "D", "", name, None, None)
    asked = [change("A", Side.SALESFORCE), change("D", Side.BILLING)]
    live = read_live(bench, asked, NEVER, no_report)
    assert len(live.of(asked[1])) == 2
