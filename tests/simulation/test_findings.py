"""What the simulator found once and what was mended then, each as the shortest story."""

from decimal import Decimal

import pytest

from app.domain.control import CancelToken
from app.domain.plan import Verb
from app.domain.record import RecordKey, Side, exact
from app.errors import StoreError
from app.store.journal import open_runs
from app.store.mirror import MirrorRead
from app.store.mirror_delta import MirrorDelta
from app.sync.commit import commit
from app.sync.pairing import confirm
from app.sync.refresh import RefreshRequest, refresh
from app.sync.undo import build_undo
from tests.simulation.connector import Ways
from tests.simulation.invariants import (
    base_was_agreed,
    mirror_agrees,
    outcomes_are_in_the_mirror,
)
from tests.simulation.keyed_server import KeyedServer
from tests.simulation.pairing import no_record_twice, note_pairs
from tests.simulation.people import REFUSED
from tests.simulation.server import ARIA, ORB, SALESFORCE, Semantics
from tests.simulation.simulator import Simulation
from tests.simulation.world import PLACE


@pytest.mark.parametrize("semantics", [ORB, ARIA])
def test_a_plan_that_is_committed_again_writes_what_was_deleted_since(
    calm: Simulation, semantics: Semantics
) -> None:
    salesforce = calm.servers[Side.SALESFORCE]
    salesforce.semantics = semantics
    calm.plan(frozenset({Verb.INSERT}), drawn=False)
    calm.commit()
    assert PLACE in salesforce.rows
    salesforce.drop(PLACE)
    calm.commit()
    assert PLACE in salesforce.rows


def test_a_plan_without_a_compare_deletes_nothing_that_nobody_ticked(calm: Simulation) -> None:
    salesforce, billing = calm.servers[Side.SALESFORCE], calm.servers[Side.BILLING]
    salesforce.put(PLACE, ["b", None, None])
    billing.drop(PLACE)
    calm.refresh_both()
    calm.plan(None, drawn=False)
    assert not calm.violations


def test_a_child_that_hangs_elsewhere_on_that_side_keeps_nothing_from_being_undone(
    calm: Simulation,
) -> None:
    child, other = RecordKey("tier", "T9"), RecordKey("plan", "P8")
    for side, server in calm.servers.items():
        server.put(other, ["a", None, None])
        parent = PLACE if side is Side.BILLING else other
        server.put(child, [None, None, parent.key])
    calm.look()
    calm.plan(frozenset({Verb.INSERT}), drawn=False)
    result = calm.commit()
    assert result is not None
    bench = calm.engine.bench
    undo = build_undo(bench, result.commit, CancelToken(), calm.engine.report)
    assert [(o.verb, o.key) for o in undo.operations] == [(Verb.DELETE, PLACE.key)]


def test_what_was_written_and_put_back_since_does_not_keep_a_commit_open(
    calm: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    salesforce = calm.servers[Side.SALESFORCE]
    salesforce.semantics = ARIA

    def somebody_deletes_it() -> None:
        if PLACE in salesforce.rows:
            salesforce.drop(PLACE)

    calm.fate.on_touch = somebody_deletes_it
    calm.plan(frozenset({Verb.INSERT}), drawn=False)
    monkeypatch.setattr(calm.fate, "write_trouble", lambda _where: "lost answer")
    calm.commit()
    monkeypatch.undo()
    calm.resume()
    assert open_runs(calm.engine.bench.store) == []


def test_a_mirror_that_saw_what_somebody_took_back_since_tells_no_lie(calm: Simulation) -> None:
    salesforce, bench = calm.servers[Side.SALESFORCE], calm.engine.bench
    calm.plan(frozenset({Verb.INSERT}), drawn=False)
    calm.commit()
    for name in ("y", "z"):
        salesforce.edit(PLACE, "name", name)
        calm.refresh_both()
    salesforce.edit(PLACE, "name", "x")
    assert list(outcomes_are_in_the_mirror(bench, calm.servers, set())) == []
    salesforce.left.clear()
    assert list(outcomes_are_in_the_mirror(bench, calm.servers, set())) != []


@pytest.mark.parametrize("tells_changes", [True, False])
def test_a_key_that_a_paired_record_bears_is_not_written_over(
    calm: Simulation, *, tells_changes: bool
) -> None:
    salesforce, billing = calm.servers[Side.SALESFORCE], calm.servers[Side.BILLING]
    parent, paired, borne = (
        RecordKey(*place) for place in (("plan", "P8"), ("tier", "T8"), ("tier", "T9"))
    )
    for server in (salesforce, billing):
        server.put(parent, ["a", None, None])
    billing.put(paired, [None, "of billing", parent.key])
    salesforce.put(borne, [None, "of Salesforce", parent.key])
    salesforce.semantics = SALESFORCE
    for connector in calm.engine.connectors.values():
        connector.ways = Ways(tells_changes=tells_changes, dear_keys=True)
    calm.look()
    (row,) = salesforce.rows[borne]
    confirm(calm.engine.bench, "tier", paired.key, row.side_id)
    billing.put(borne, [None, "of billing, later", parent.key])
    calm.look()
    calm.plan(frozenset({Verb.INSERT}), drawn=False)
    calm.commit()
    assert salesforce.rows[borne][0].values[1] == "of Salesforce"


def test_a_stale_pair_whose_key_another_record_got_stands_once_in_the_mirror(
    calm: Simulation,
) -> None:
    salesforce, billing = calm.servers[Side.SALESFORCE], calm.servers[Side.BILLING]
    bench = calm.engine.bench
    parent, paired, borne = (
        RecordKey(*place) for place in (("plan", "P8"), ("tier", "T8"), ("tier", "T9"))
    )
    for server in (salesforce, billing):
        server.put(parent, ["a", None, None])
    billing.put(paired, [None, "same", parent.key])
    salesforce.put(borne, [None, "same", parent.key])
    for connector in calm.engine.connectors.values():
        connector.ways = Ways(tells_changes=True, dear_keys=True)
    calm.look()
    confirm(bench, "tier", paired.key, salesforce.rows[borne][0].side_id)
    calm.look()
    calm.plan(frozenset({Verb.UPDATE}), drawn=False)
    salesforce.put(paired, [None, "same", parent.key])
    result = calm.commit()
    assert result is not None
    assert result.stale == 1
    assert list(no_record_twice(bench.store)) == []


def test_another_record_of_a_paired_ones_key_does_not_bear_what_that_one_bears(
    calm: Simulation,
) -> None:
    salesforce, billing = calm.servers[Side.SALESFORCE], calm.servers[Side.BILLING]
    parent, paired, borne = (
        RecordKey(*place) for place in (("plan", "P8"), ("tier", "T8"), ("tier", "T9"))
    )
    for server in (salesforce, billing):
        server.put(parent, ["a", None, None])
    billing.put(paired, [None, "of billing", parent.key])
    salesforce.put(borne, [None, "of Salesforce", parent.key])
    for connector in calm.engine.connectors.values():
        connector.ways = Ways(tells_changes=True, dear_keys=True)
    calm.look()
    confirm(calm.engine.bench, "tier", paired.key, salesforce.rows[borne][0].side_id)
    salesforce.put(paired, [None, "made anew", parent.key])
    billing.put(borne, [None, "made anew", parent.key])
    calm.look()
    calm.plan(frozenset({Verb.INSERT}), drawn=False)
    result = calm.commit()
    assert result is not None
    assert [(f.key, "still has this key" in f.message) for f in result.failures] == [("T9", True)]
    assert calm.violations == []


def test_an_insert_overwrites_nothing_though_a_record_that_is_gone_was_paired_with_its_key(
    calm: Simulation,
) -> None:
    salesforce, billing = calm.servers[Side.SALESFORCE], calm.servers[Side.BILLING]
    parent, wanted, other = (
        RecordKey(*place) for place in (("plan", "P8"), ("tier", "T8"), ("tier", "T9"))
    )
    for server in (salesforce, billing):
        server.put(parent, ["a", None, None])
    billing.put(wanted, [None, "of billing", parent.key])
    salesforce.put(other, [None, "paired", parent.key])
    salesforce.semantics = SALESFORCE
    calm.look()
    calm.plan(frozenset({Verb.INSERT}), drawn=False)
    confirm(calm.engine.bench, "tier", wanted.key, salesforce.rows[other][0].side_id)
    salesforce.drop(other)
    salesforce.put(wanted, [None, "made by somebody", parent.key])
    calm.commit()
    assert salesforce.rows[wanted][0].values[1] == "made by somebody"
    assert calm.violations == []


def test_the_key_of_a_paired_record_that_shares_its_key_is_known_after_a_refresh(
    calm: Simulation,
) -> None:
    salesforce, billing = calm.servers[Side.SALESFORCE], calm.servers[Side.BILLING]
    assert isinstance(salesforce, KeyedServer)
    parent, paired, borne, later = (
        RecordKey(*place)
        for place in (("plan", "P8"), ("tier", "T7"), ("tier", "T8"), ("tier", "T9"))
    )
    for server in (salesforce, billing):
        server.put(parent, ["a", None, None])
    salesforce.semantics = SALESFORCE
    billing.put(paired, [None, "of billing", parent.key])
    salesforce.put(borne, [None, "of Salesforce", parent.key])
    for connector in calm.engine.connectors.values():
        connector.ways = Ways(tells_changes=True, dear_keys=True)
    calm.look()
    confirm(calm.engine.bench, "tier", paired.key, salesforce.rows[borne][0].side_id)
    salesforce.put(paired, [None, "made anew", parent.key])
    calm.look()
    calm.look()
    salesforce.rekey(borne, later.key)
    billing.put(later, [None, "of billing", parent.key])
    calm.look()
    calm.plan(frozenset({Verb.INSERT}), drawn=False)
    calm.commit()
    assert salesforce.rows[later][0].values[1] == "of Salesforce"
    assert calm.violations == []


@pytest.mark.parametrize("own_key", ["", "T9"])
def test_records_that_share_a_key_are_known_though_only_their_account_was_read_between(
    calm: Simulation, own_key: str
) -> None:
    salesforce, billing = calm.servers[Side.SALESFORCE], calm.servers[Side.BILLING]
    bench, parent = calm.engine.bench, RecordKey("plan", "P8")
    paired, borne = RecordKey("tier", "T8"), RecordKey("tier", own_key)
    for server in (salesforce, billing):
        server.put(parent, ["a", None, None])
    billing.put(paired, [None, "of billing", parent.key])
    salesforce.put(borne, [None, "of Salesforce", parent.key])
    for connector in calm.engine.connectors.values():
        connector.ways = Ways(page_size=1, tells_changes=True)
    calm.look()
    confirm(bench, "tier", paired.key, salesforce.rows[borne][0].side_id)
    calm.look()
    salesforce.put(paired, [None, "made anew", parent.key])
    refresh(bench, RefreshRequest(account=parent.key), CancelToken(), calm.engine.report)
    calm.look()
    assert list(mirror_agrees(bench, calm.servers)) == []
    assert list(no_record_twice(bench.store)) == []
    assert bench.store.reader.execute("SELECT count(*) FROM twin").fetchone() == (1,)


@pytest.mark.parametrize(("read", "full"), [(MirrorDelta, False), (MirrorRead, True)])
def test_records_that_share_a_key_are_known_though_the_read_that_met_the_second_broke_off(
    calm: Simulation, monkeypatch: pytest.MonkeyPatch, read: type[object], *, full: bool
) -> None:
    salesforce, bench = calm.servers[Side.SALESFORCE], calm.engine.bench
    paired, borne = RecordKey("tier", "T8"), RecordKey("tier", "T9")
    calm.engine.connectors[Side.SALESFORCE].ways = Ways(page_size=1, tells_changes=True)
    calm.servers[Side.BILLING].put(paired, [None, "n", PLACE.key])
    salesforce.put(PLACE, ["a", None, None])
    salesforce.put(borne, [None, "n", PLACE.key])
    calm.look()
    confirm(bench, "tier", paired.key, salesforce.rows[borne][0].side_id)
    calm.look()
    salesforce.put(paired, [exact(Decimal(1)), "n", PLACE.key])
    monkeypatch.setattr(read, "finish", _store_is_full)
    request = RefreshRequest((Side.SALESFORCE,), ("tier",), full=full)
    with pytest.raises(StoreError):
        refresh(bench, request, CancelToken(), calm.engine.report)
    monkeypatch.undo()
    calm.look()
    calm.plan(drawn=False)
    result = calm.commit()
    assert result is not None
    assert (result.stale, list(no_record_twice(bench.store))) == (0, [])
    assert bench.store.reader.execute("SELECT count(*) FROM twin").fetchone() == (1,)


@pytest.mark.parametrize("own_key", ["T9", "X1", None])
def test_what_a_record_held_before_it_moved_or_was_deleted_is_no_false_base(
    calm: Simulation, own_key: str | None
) -> None:
    salesforce, bench = calm.servers[Side.SALESFORCE], calm.engine.bench
    assert isinstance(salesforce, KeyedServer)
    counts_as, read_as = RecordKey("tier", "T9"), RecordKey("tier", "T8")
    calm.servers[Side.BILLING].put(counts_as, [None, "n", PLACE.key])
    salesforce.put(read_as, [None, "n", PLACE.key])
    calm.look()
    (row,) = salesforce.rows[read_as]
    salesforce.edit(read_as, "note", "m")
    if own_key is None:
        salesforce.drop(read_as)
    else:
        salesforce.rekey(read_as, own_key)
    confirm(bench, "tier", counts_as.key, row.side_id)
    note_pairs(bench.store, salesforce)
    assert list(base_was_agreed(bench, calm.servers)) == []
    salesforce.history[counts_as, "note"].remove("n")
    assert list(base_was_agreed(bench, calm.servers)) != []


def test_a_record_gets_its_key_back_once_an_undo_has_deleted_who_bears_it(
    calm: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    salesforce, billing = calm.servers[Side.SALESFORCE], calm.servers[Side.BILLING]
    bench, parent = calm.engine.bench, RecordKey("plan", "P8")
    paired, borne = RecordKey("tier", "T8"), RecordKey("tier", "T9")
    salesforce.semantics = SALESFORCE
    for server in (salesforce, billing):
        server.put(parent, ["a", None, None])
    billing.put(paired, [None, "n", parent.key])
    salesforce.put(borne, [None, "n", parent.key])
    monkeypatch.setattr("app.sync.pieces.SEGMENT", 1)  # so the second finds its key free
    calm.look()
    confirm(bench, "tier", paired.key, salesforce.rows[borne][0].side_id)
    billing.put(borne, [None, "m", parent.key])
    calm.look()
    before = salesforce.values()
    calm.plan(drawn=False)
    done = calm.commit()
    assert done is not None
    undo = build_undo(bench, done.commit, CancelToken(), calm.engine.report)
    undone = commit(bench, undo, CancelToken(), calm.engine.report)
    assert (done.written, undone.is_clean, salesforce.values()) == (3, True, before)


@pytest.fixture
def with_jobs(calm: Simulation, monkeypatch: pytest.MonkeyPatch) -> Simulation:
    """Return a world in which Salesforce's jobs end after the commit has given up to ask."""
    calm.engine.connectors[Side.SALESFORCE].ways = Ways(jobs=True)
    calm.servers[Side.SALESFORCE].semantics = SALESFORCE
    monkeypatch.setattr(calm.fate, "write_trouble", lambda _where: "lost answer")
    return calm


def test_what_refers_to_a_record_that_a_job_refused_is_not_sent(with_jobs: Simulation) -> None:
    billing, connector = (
        with_jobs.servers[Side.BILLING],
        with_jobs.engine.connectors[Side.SALESFORCE],
    )
    billing.edit(PLACE, "name", REFUSED)
    billing.put(RecordKey("tier", "T9"), [None, None, PLACE.key])
    with_jobs.look()
    with_jobs.plan(frozenset({Verb.INSERT}), drawn=False)
    result = with_jobs.commit()
    assert result is not None
    assert (result.failed, result.skipped, len(connector.sent_keys)) == (1, 1, 1)


@pytest.mark.parametrize("key", ["X1", None])
def test_what_a_job_told_to_be_written_is_not_made_again_though_its_key_is_gone(
    with_jobs: Simulation, key: str | None
) -> None:
    salesforce, billing = with_jobs.servers[Side.SALESFORCE], with_jobs.servers[Side.BILLING]
    assert isinstance(salesforce, KeyedServer)
    child = RecordKey("tier", "T9")
    for server in (salesforce, billing):
        server.put(RecordKey("plan", "P8"), ["a", None, None])
    billing.put(child, [None, None, "P8"])
    billing.drop(PLACE)

    def somebody_takes_it() -> None:
        if child in salesforce.rows and key is None:
            salesforce.drop(child)
        elif child in salesforce.rows:
            salesforce.rekey(child, str(key))

    with_jobs.look()
    with_jobs.fate.on_touch = somebody_takes_it
    with_jobs.plan(frozenset({Verb.INSERT}), drawn=False)
    result = with_jobs.commit()
    assert result is not None
    assert (result.written, child in salesforce.rows, with_jobs.violations) == (1, False, [])


@pytest.mark.parametrize("dear_keys", [True, False])
def test_what_got_the_key_of_a_record_that_is_gone_stays_in_the_mirror(
    calm: Simulation, *, dear_keys: bool
) -> None:
    salesforce, billing = calm.servers[Side.SALESFORCE], calm.servers[Side.BILLING]
    bench, place = calm.engine.bench, RecordKey("tier", "T9")
    for server in (salesforce, billing):
        server.put(RecordKey("plan", "P8"), ["a", None, None])
    billing.put(place, [None, "same", "P8"])
    salesforce.put(RecordKey("tier", "T8"), [None, "same", "P8"])
    for connector in calm.engine.connectors.values():
        connector.ways = Ways(tells_changes=True, dear_keys=dear_keys)
    calm.look()
    confirm(bench, "tier", place.key, salesforce.rows[RecordKey("tier", "T8")][0].side_id)
    calm.look()
    calm.plan(frozenset({Verb.UPDATE}), drawn=False)
    result = calm.commit()
    assert result is not None
    undo = build_undo(bench, result.commit, CancelToken(), calm.engine.report)
    salesforce.drop(place)
    salesforce.put(place, [None, "made anew", "P8"])
    calm.look()
    assert commit(bench, undo, CancelToken(), calm.engine.report).stale == 1
    calm.look()
    assert list(mirror_agrees(bench, calm.servers)) == []


def _store_is_full(*_given: object) -> None:
    raise StoreError("There is no space left.")


def test_what_got_the_key_of_a_paired_record_while_that_was_deleted_stays_in_the_mirror(
    calm: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    salesforce, billing = calm.servers[Side.SALESFORCE], calm.servers[Side.BILLING]
    paired, borne, other = (RecordKey("tier", key) for key in ("T8", "T9", "T7"))
    calm.engine.connectors[Side.SALESFORCE].ways = Ways(tells_changes=True, dear_keys=True)
    for server, place in ((billing, paired), (salesforce, borne)):
        server.put(RecordKey("plan", "P8"), ["a", None, None])
        server.put(other, [None, "n", "P8"])
        server.put(place, [None, "n", "P8"])
    calm.look()
    confirm(calm.engine.bench, "tier", paired.key, salesforce.rows[borne][0].side_id)
    for place in (paired, other, PLACE):
        billing.drop(place)

    def somebody_makes_another() -> None:
        if borne not in salesforce.rows and paired not in salesforce.rows:
            salesforce.put(paired, [None, "made anew", "P8"])

    calm.look()
    calm.fate.on_touch = somebody_makes_another
    calm.plan(frozenset({Verb.DELETE}), drawn=False)
    monkeypatch.setattr(calm.fate, "write_trouble", lambda _where: "lost answer")
    calm.commit()
    calm.look()
    assert paired in salesforce.rows
    assert list(mirror_agrees(calm.engine.bench, calm.servers)) == []
