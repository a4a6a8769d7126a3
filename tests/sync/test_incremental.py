"""Refresh of what changed: cursors, records that are gone, keys that moved, another instance."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.connectors.protocol import Page, ReadRequest, Scope
from app.domain.control import CancelToken, no_report
from app.domain.diff import Kind
from app.domain.mapping import EntityMapping
from app.domain.plan import Operation, Verb
from app.domain.record import RecordKey, Side
from app.errors import CursorRefused, RemoteRefused
from app.store.cursors import cursor_of
from app.store.mirrored import mirrored
from app.store.pager import totals
from app.store.workspace import Store
from app.sync.compare import compare
from app.sync.look_costs import forecast_live
from app.sync.preflight import read_live
from app.sync.refresh import RefreshRequest, RefreshResult, refresh
from app.sync.workbench import Workbench
from tests.fakes import FakeSide, small_mapping


@dataclass
class TellingSide(FakeSide):
    """A side that can tell what changed: every edit has a number, and a cursor is one of them."""

    edits: list[tuple[str, str, str]] = field(default_factory=list)
    asked: list[ReadRequest] = field(default_factory=list)
    oldest: int = 0
    broken: bool = False

    def incremental(self, entity: EntityMapping) -> bool:  # noqa: ARG002
        return True

    def change(self, entity: str, key: str, *values: object, side_id: str = "") -> None:
        self.put(entity, key, *values)  # type: ignore[arg-type]
        place = RecordKey(entity, key)
        side_id = side_id or f"{entity}:{key}"
        self.records[place] = [self.records[place][0]._replace(side_id=side_id)]
        self.edits.append((entity, key, ""))

    def remove(self, entity: str, key: str) -> None:
        found = self.records.pop(RecordKey(entity, key))
        self.edits.append((entity, "", found[0].side_id))

    def read(self, request: ReadRequest, cancel: CancelToken) -> Iterator[Page]:
        self.asked.append(request)
        name = request.entities[0].name
        if request.scope is Scope.SINCE:
            yield from self._since(request, name)
        else:
            yield from super().read(request, cancel)
        yield Page(name, [], cursor=str(len(self.edits)))

    def _since(self, request: ReadRequest, name: str) -> Iterator[Page]:
        if int(request.cursor) < self.oldest:
            raise CursorRefused("too old")
        recent = [edit for edit in self.edits[int(request.cursor) :] if edit[0] == name]
        keys = dict.fromkeys(key for _, key, _ in recent if key)
        found = [r for key in keys for r in self.records.get(RecordKey(name, key), [])]
        yield Page(name, found, gone=tuple(gone for _, _, gone in recent if gone))
        if self.broken:
            raise RemoteRefused("broken")


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    mapping = small_mapping()
    sides = {side: TellingSide(side, mapping) for side in Side}
    for side in sides.values():
        side.change("plan", "A", "Pro", 1, None)
        side.change("plan", "B", "Basic", 2, None)
        side.change("tier", "A/1", 1, "A")
    bench = Workbench("test", mapping, Store(tmp_path / "s.sqlite", mapping), sides)
    again(bench)
    return bench


def side_of(bench: Workbench) -> TellingSide:
    side = bench.connectors[Side.SALESFORCE]
    assert isinstance(side, TellingSide)
    return side


def again(bench: Workbench, *, full: bool = False) -> RefreshResult:
    for side in bench.connectors.values():
        assert isinstance(side, TellingSide)
        side.asked.clear()
    return refresh(bench, RefreshRequest(full=full), CancelToken(), lambda _progress: None)


def counts(bench: Workbench, entity: str = "plan") -> dict[Kind, int]:
    return dict(compare(bench, CancelToken(), lambda _progress: None)[entity])


def scopes(bench: Workbench) -> dict[str, list[Scope]]:
    asked = side_of(bench).asked
    return {
        name: [r.scope for r in asked if r.entities[0].name == name] for name in ("plan", "tier")
    }


def test_the_second_refresh_asks_for_what_changed_only(bench: Workbench) -> None:
    side_of(bench).change("plan", "A", "Pro 2", 1, None)
    result = again(bench)
    assert scopes(bench) == {"plan": [Scope.SINCE], "tier": [Scope.SINCE]}
    assert result.read[Side.SALESFORCE] == {"plan": 1, "tier": 0}
    assert (result.changed, counts(bench)[Kind.DIFFERENT]) == (1, 1)


def test_a_full_refresh_uses_no_cursor(bench: Workbench) -> None:
    assert again(bench, full=True).read[Side.SALESFORCE] == {"plan": 2, "tier": 1}
    assert scopes(bench) == {"plan": [Scope.ALL], "tier": [Scope.ALL]}


def test_a_record_that_is_gone_leaves_the_mirror(bench: Workbench) -> None:
    side_of(bench).remove("plan", "B")
    assert again(bench).changed == 1
    assert counts(bench)[Kind.ONLY_IN_BILLING] == 1


def test_what_is_gone_on_both_sides_is_forgotten(bench: Workbench) -> None:
    for side in bench.connectors.values():
        assert isinstance(side, TellingSide)
        side.remove("plan", "B")
    again(bench)
    assert totals(bench.store)["plan"] == (1, 1)
    assert sum(counts(bench).values()) == 1


def test_a_cursor_that_is_too_old_leads_to_a_whole_read(bench: Workbench) -> None:
    side = side_of(bench)
    side.oldest = 99
    side.remove("plan", "B")
    again(bench)
    assert scopes(bench)["plan"] == [Scope.SINCE, Scope.ALL]
    assert counts(bench)[Kind.ONLY_IN_BILLING] == 1


def test_a_read_that_broke_off_keeps_the_cursor_where_it_was(bench: Workbench) -> None:
    side = side_of(bench)
    before = cursor_of(bench.store, Side.SALESFORCE, "plan")
    side.change("plan", "A", "Pro 2", 1, None)
    side.broken = True
    with pytest.raises(RemoteRefused):
        again(bench)
    assert cursor_of(bench.store, Side.SALESFORCE, "plan") == before
    side.broken = False
    again(bench)
    assert counts(bench)[Kind.DIFFERENT] == 1


def test_a_record_whose_key_changed_leaves_its_old_place(bench: Workbench) -> None:
    side = side_of(bench)
    del side.records[RecordKey("plan", "B")]
    side.change("plan", "C", "Basic", 2, None, side_id="plan:B")
    again(bench)
    found = counts(bench)
    assert (found[Kind.ONLY_IN_BILLING], found[Kind.ONLY_IN_SALESFORCE]) == (1, 1)
    assert scopes(bench)["tier"] == [Scope.SINCE, Scope.ALL]


def move_key(side: TellingSide) -> None:
    """Give plan A another key; tier A/1 refers to it, and is not changed itself."""
    del side.records[RecordKey("plan", "A")]
    side.change("plan", "Z", "Pro", 1, None, side_id="plan:A")
    side.put("tier", "A/1", 1, "Z")


def test_what_refers_to_a_moved_key_is_read_whole_though_the_refresh_that_met_it_broke_off(
    bench: Workbench,
) -> None:
    side = side_of(bench)
    move_key(side)
    side.broken = True
    with pytest.raises(RemoteRefused):
        again(bench)
    side.broken = False
    again(bench)
    assert scopes(bench)["tier"] == [Scope.ALL]


def test_what_refers_to_a_moved_key_is_read_later_where_this_refresh_leaves_it_out(
    bench: Workbench,
) -> None:
    move_key(side_of(bench))
    refresh(bench, RefreshRequest(entities=("plan",)), CancelToken(), no_report)
    assert counts(bench, "tier")[Kind.DIFFERENT] == 0
    again(bench)
    assert scopes(bench)["tier"] == [Scope.ALL]
    assert counts(bench, "tier")[Kind.DIFFERENT] == 1
    again(bench)
    assert scopes(bench)["tier"] == [Scope.SINCE]


def test_what_refers_to_a_key_that_moved_in_a_whole_read_is_read_whole(bench: Workbench) -> None:
    test_a_key_under_a_new_id_leads_to_a_whole_read(bench)
    side = side_of(bench)
    side.change("plan", "A", "Pro", 1, None)
    side.records[RecordKey("plan", "A")] *= 2
    side.change("tier", "B/1", 1, "B")
    again(bench)
    del side.records[RecordKey("plan", "B")]
    side.change("plan", "C", "Basic", 2, None, side_id="plan:B")
    side.put("tier", "B/1", 1, "C")
    again(bench)
    assert scopes(bench) == {"plan": [Scope.ALL], "tier": [Scope.SINCE, Scope.ALL]}
    assert side.values("tier")["B/1"] == (1, "C")
    (found,) = mirrored(bench.store, bench.mapping.entity("tier"), Side.SALESFORCE, ["B/1"])
    assert found.values == (1, "C")
    again(bench)
    assert scopes(bench) == {"plan": [Scope.ALL], "tier": [Scope.SINCE]}


@pytest.mark.parametrize("place", [0, 1])
def test_what_refers_to_one_of_two_that_shared_a_key_is_read_whole_once_it_moves(
    place: int, bench: Workbench
) -> None:
    side = side_of(bench)
    (one,) = side.records[RecordKey("plan", "A")]
    side.change("plan", "A", "Pro", 1, None, side_id="plan:X")
    side.records[RecordKey("plan", "A")].insert(0, one)
    again(bench)
    scopes(bench)
    again(bench)
    assert scopes(bench) == {"plan": [Scope.ALL], "tier": [Scope.SINCE]}
    moved = side.records[RecordKey("plan", "A")].pop(place)
    side.records[RecordKey("plan", "Z")] = [moved._replace(key="Z")]
    side.put("tier", "A/1", 1, "Z")
    again(bench)
    assert scopes(bench)["tier"] == [Scope.SINCE, Scope.ALL]


def test_what_refers_to_a_moved_key_is_read_later_where_its_read_broke_off(
    bench: Workbench,
) -> None:
    side = side_of(bench)
    move_key(side)

    def refuse(request: ReadRequest) -> None:
        raise RemoteRefused(f"no {request.entities[0].name}")

    side.on_read = refuse  # asked of whole reads alone
    with pytest.raises(RemoteRefused, match="no tier"):
        again(bench)
    side.on_read = lambda _request: None
    again(bench)
    assert scopes(bench) == {"plan": [Scope.SINCE], "tier": [Scope.ALL]}
    assert counts(bench, "tier")[Kind.DIFFERENT] == 1


def test_a_key_under_a_new_id_leads_to_a_whole_read(bench: Workbench) -> None:
    side = side_of(bench)
    second = side.records[RecordKey("plan", "A")][0]._replace(side_id="other")
    side.records[RecordKey("plan", "A")].insert(0, second)
    side.edits.append(("plan", "A", ""))
    again(bench)
    assert scopes(bench)["plan"] == [Scope.SINCE, Scope.ALL]
    assert counts(bench)[Kind.DUPLICATE_KEY] == 1


def test_while_a_key_stands_twice_the_entity_is_read_whole(bench: Workbench) -> None:
    test_a_key_under_a_new_id_leads_to_a_whole_read(bench)
    side_of(bench).records[RecordKey("plan", "A")].pop(0)
    again(bench)
    assert scopes(bench)["plan"] == [Scope.ALL]
    assert counts(bench)[Kind.DUPLICATE_KEY] == 0


def test_another_instance_is_noticed_and_the_old_one_set_aside(bench: Workbench) -> None:
    side = side_of(bench)
    side.organization = "00D2"
    side.remove("plan", "B")
    result = again(bench)
    assert scopes(bench)["plan"] == [Scope.ALL]
    assert [copy.name for copy in result.set_aside] == ["s.fake.sqlite"]
    assert totals(bench.store)["plan"] == (2, 1)
    with Store(result.set_aside[0], bench.mapping) as old:
        assert totals(old)["plan"] == (2, 2)


def test_the_base_of_another_instance_is_not_used(bench: Workbench) -> None:
    side = side_of(bench)
    side.change("plan", "A", "Mine", 1, None)
    assert counts_after(bench)[Kind.DIFFERENT] == 1
    side.organization = "00D2"
    assert counts_after(bench)[Kind.CONFLICT] == 1


def counts_after(bench: Workbench) -> dict[Kind, int]:
    again(bench)
    return counts(bench)


def test_a_look_at_very_many_is_told_as_a_read_of_what_changed(bench: Workbench) -> None:
    entity, side = bench.mapping.entity("plan"), Side.SALESFORCE
    # One call of the first piece; in each further one what was written before comes, 2,000 a call.
    assert forecast_live(bench, side, entity, 60_000) == 1 + 11 + 21
    assert forecast_live(bench, side, entity, 1) == 1


def test_keys_are_asked_for_where_records_that_share_one_make_every_refresh_a_whole_one(
    bench: Workbench,
) -> None:
    entity, side = bench.mapping.entity("plan"), side_of(bench)
    side.put("plan", "T", "One", 1, None)
    side.records[RecordKey("plan", "T")] *= 2
    again(bench, full=True)
    assert cursor_of(bench.store, Side.SALESFORCE, "plan")
    side.asked.clear()
    new = [Operation("plan", f"N{n}", Side.SALESFORCE, Verb.INSERT, (), None) for n in range(40)]
    read_live(bench, new, CancelToken(), no_report)
    assert {asked.scope for asked in side.asked} == {Scope.KEYS}
    by_keys = side.forecast_reads(entity, 60_000)
    assert forecast_live(bench, Side.SALESFORCE, entity, 60_000) == by_keys


def test_keys_are_asked_for_once_that_takes_fewer_calls_than_what_was_written_before(
    bench: Workbench,
) -> None:
    entity, side, lot = bench.mapping.entity("plan"), side_of(bench), (Side.SALESFORCE, "plan")
    new = [
        Operation("plan", f"N{number}", Side.SALESFORCE, Verb.INSERT, (), None)
        for number in range(40)
    ]
    for sent, scope in ((0, Scope.SINCE), (60_000, Scope.KEYS)):
        side.asked.clear()
        read_live(bench, new, CancelToken(), no_report, {lot: sent})
        assert {asked.scope for asked in side.asked} == {scope}
    side.page_size = 4000
    assert forecast_live(bench, Side.SALESFORCE, entity, 60_000) == 1 + 5 + 5
