"""One simulated run: a random schedule with troubles, then quiet, then what must be true."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from app.domain.control import CancelToken
from app.domain.convert import plain_value, text
from app.domain.diff import Kind
from app.domain.mapping import EntityMapping, IgnoreRule
from app.domain.plan import CommitPlan, Operation, OutcomeState, Verb
from app.domain.plan_json import plan_from_json, plan_to_json
from app.domain.proposal import NO_CHOICE, SKIP, TYPED, WHOLE_RECORD, Choice
from app.domain.record import FieldValue, RecordKey, Side
from app.store.choices import all_choices, choose
from app.store.comparison import stored_diffs
from app.store.ignoring import keep_own_rules, own_rules
from app.store.journal import entries, runs
from app.sync.commit import CommitResult, commit, resume
from app.sync.compare import compare
from app.sync.ignoring import add_rule, remove_rule
from app.sync.planner import Selection, build_plan
from app.sync.reconcile import reconcile
from app.sync.refresh import RefreshRequest, refresh
from app.sync.undo import build_undo
from tests.simulation import anew, invariants
from tests.simulation.engine import NAME, Engine
from tests.simulation.fate import HOUR_S, Fate
from tests.simulation.keyed_server import KeyedServer
from tests.simulation.pairing import (
    no_record_twice,
    note_pairs,
    pair_and_part,
    pair_something,
    paired_ids,
    part_something,
)
from tests.simulation.people import PLANS, VALUES, People, simulated_mapping
from tests.simulation.server import Server

T = TypeVar("T")
MAPPING = simulated_mapping()
EVERY_VERB = frozenset(Verb)
_WRITES = frozenset({Verb.INSERT, Verb.UPDATE})
_STEPS = 8
_ROUNDS = 8


@dataclass
class Simulation:
    """The world of one seed.

    Attributes:
        plans: The files of plans that were made and may be committed.
        touched: Records for which somebody made a choice.
    """

    fate: Fate
    engine: Engine
    people: People
    servers: dict[Side, Server]
    violations: list[str] = field(default_factory=list)
    plans: list[bytes] = field(default_factory=list)
    touched: set[RecordKey] = field(default_factory=set)
    is_quiet: bool = False

    def disturbed(self) -> None:
        """Work for a while with everything that can go wrong."""
        random = self.fate.random
        steps: list[Callable[[], object]] = [
            *[self.cycle] * 7, self.refresh, self.compare, self.plan,
            self.commit, self.resume, self.review, *[self.undo] * 6, self.burst, self.jump,
            self.one_account, self.ignore, *[self.pair] * 3, self.two_plans,
        ]  # fmt: skip
        self.fate.on_touch = self._others_act
        for _ in range(random.randint(3, _STEPS)):
            random.choice(steps)()
            if self.violations:
                return

    def quiet(self) -> None:
        """Let everything come to rest, then look whether it is as it must be."""
        self.is_quiet = True
        self.fate.calm()
        self.fate.tell("quiet")
        for connector in self.engine.connectors.values():
            connector.arrive(all_of_them=True)
        while self.resume() is not None:
            pass
        excused = self._settle()
        bench = self.engine.bench
        self.note(invariants.journal_agrees(bench, self.servers))
        self.note(invariants.mirror_agrees(bench, self.servers))
        self.note(invariants.base_was_agreed(bench, self.servers))
        self.note(invariants.sides_agree(bench, self.servers, excused))
        self.note(no_record_twice(bench.store))
        self.note(anew.differs(self.engine))
        self.note(invariants.all_was_reviewed(bench, self._reviewed()))
        whole, part = (reconcile(bench, CancelToken(), totals=totals) for totals in (True, False))
        self.note(invariants.sums_agree(bench, self.servers, whole))
        self.note(invariants.gaps_agree(whole, part))
        if not self.violations:
            self._undo_brings_back()

    # Steps

    def cycle(self) -> None:
        """Do what most people do most of the time, after others have worked."""
        self.burst()
        self.refresh()
        self.compare()
        if self.fate.random.random() < 1 / 3:
            self.review()
        self.plan()
        self.commit()

    def refresh(self) -> None:
        """Refresh both sides or one, mostly what changed of all entities."""
        random = self.fate.random
        sides = random.choice([tuple(Side)] * 3 + [(side,) for side in Side])
        some = random.choice([(), (), (), *((entity.name,) for entity in MAPPING.entities)])
        request = RefreshRequest(sides, some, full=random.random() < 1 / 6)
        self.fate.tell(f"    {', '.join(some) or 'all'}{', whole' if request.full else ''}")
        self._call("refresh", lambda token: refresh(
            self.engine.bench, request, token, self.engine.report
        ))  # fmt: skip

    def one_account(self) -> None:
        """Refresh the records of one plan and what hangs on it."""
        key, moving = self.fate.random.choice(PLANS), self.fate.random.choice([None, False])
        request = RefreshRequest(account=key, moving=moving)
        self._call(f"refresh {key}", lambda token: refresh(
            self.engine.bench, request, token, self.engine.report
        ))  # fmt: skip
        self.compare()

    def ignore(self) -> None:
        """Let a person make an ignore rule, or take the last one away."""
        bench, random = self.engine.bench, self.fate.random
        made = own_rules(bench.store)
        entity = random.choice(MAPPING.entities)
        rule = IgnoreRule(f"rule {len(made)}", entity.name, random.choice(list(entity.index)))
        if made and random.random() < 1 / 2:
            self._call("remove a rule", lambda _token: remove_rule(bench, made[-1].name))
        else:
            self._call(f"ignore {rule.field}", lambda _token: add_rule(bench, rule))
        self.compare()

    def pair(self) -> None:
        """Let a person pair records or take a pair apart, or both at once."""
        fate, server = self.fate, self._salesforce
        if fate.random.random() < 3 / 4:
            self.people.lose_keys()
        self.refresh()
        bench = self.engine.bench
        before = paired_ids(bench.store)
        way = fate.random.random()
        if way < 1 / 4:
            self.note(self._call("pair and part", lambda t: pair_and_part(bench, fate, t)) or ())
        elif way < 1 / 2:
            self._call("part", lambda _token: part_something(bench, fate))
        else:
            self._call("pair", lambda token: pair_something(bench, fate, token))
        store = self.engine.bench.store  # another one where the process died
        for side_id in before - paired_ids(store):
            server.pairs.pop(side_id, None)
        self.note(no_record_twice(store, paired_only=True))
        self.compare()
        if fate.random.random() < 1 / 2:
            self.plan()
            self.commit()

    def compare(self) -> None:
        self._call("compare", lambda token: compare(self.engine.bench, token, self.engine.report))

    def plan(self, verbs: frozenset[Verb] | None = EVERY_VERB, *, drawn: bool = True) -> None:
        """Make a plan of what is there, as a file."""
        if drawn:
            verbs = self.fate.random.choice([None, EVERY_VERB, _WRITES])
        made = self._call("plan", lambda token: build_plan(
            self.engine.bench, Selection(verbs=verbs), token, self.engine.report
        ))  # fmt: skip
        if made is None:
            return
        if verbs is None:
            self.note(invariants.nothing_ticked_deletes(made.operations, self.touched))
        self._keep(made)

    def two_plans(self) -> None:
        """Plan twice before either is committed, then commit both, the later one first or last."""
        self.look()
        first = len(self.plans)
        self.plan()
        self.burst()
        self.look()
        self.plan()
        made = self.plans[first:]
        self.fate.random.shuffle(made)
        for data in made:
            self.plans.append(data)
            self.commit()

    def commit(self) -> CommitResult | None:
        """Commit a plan: mostly the last, now and then an older one."""
        if not self.plans:
            return None
        old = not self.is_quiet and self.fate.chance(1 / 8)
        data = self.fate.random.choice(self.plans) if old else self.plans[-1]
        plan = plan_from_json(data, MAPPING, NAME)
        for operation in plan.operations:
            self.fate.tell(f"    {_described(operation)}")
        result = self._call("commit", lambda token: commit(
            self.engine.bench, plan, token, self.engine.report
        ))  # fmt: skip
        self._committed(result, len(plan.operations))
        return result

    def resume(self) -> CommitResult | None:
        result = self._call(
            "resume", lambda token: resume(self.engine.bench, token, self.engine.report)
        )
        self._committed(result, None)
        return result

    def review(self) -> None:
        """Let a person look at some differences and choose."""
        bench, random = self.engine.bench, self.fate.random
        chosen = {}
        for entity in MAPPING.entities:
            for found in stored_diffs(bench.store, entity):
                if random.random() < 1 / 2:
                    take = random.choice([*(side.value for side in Side), SKIP, ""])
                    ticked = random.choice([True, True, False, None])
                    chosen[found.link] = Choice(ticked, {WHOLE_RECORD: take} if take else {})
                    if found.kind is Kind.DIFFERENT and random.random() < 1 / 4:
                        chosen[found.link] = self._typed(entity)
                    place = RecordKey(entity.name, found.pair.key)
                    self.touched.add(place)
                    self.fate.tell(f"    {place.key}: {found.kind.name}, {chosen[found.link]}")
        self._call("review", lambda _token: choose(bench.store, chosen))

    def _typed(self, entity: EntityMapping) -> Choice:
        """Return a value of a person's own for a field."""
        name = self.fate.random.choice([f.name for f in entity.fields if not f.to])
        value = plain_value(self.fate.random.choice(VALUES[name]))
        return Choice(ticked=True, take={name: TYPED}, typed={name: value})

    def undo(self) -> None:
        """Take back one of the commits."""
        known = [run.id for run in reversed(runs(self.engine.bench.store))]
        if not known:
            return
        run = self.fate.random.choice(known)
        written = list(entries(self.engine.bench.store, run=run, states=(OutcomeState.WRITTEN,)))
        if written and self.fate.chance(3 / 4):
            self.people.meddle(self.fate.random.choice(written).operation)
        made = self._call("undo", lambda token: build_undo(
            self.engine.bench, run, token, self.engine.report
        ))  # fmt: skip
        if made is not None:
            self._keep(made)
            self.commit()

    def burst(self) -> None:
        for _ in range(self.fate.random.randint(1, 5)):
            self.people.act()

    def jump(self) -> None:
        """Let the clock jump, forwards or back, beyond the 48 hours of Orb's keys."""
        for connector in self.engine.connectors.values():
            connector.arrive(all_of_them=True)  # no request is on its way for days
        hours = self.fate.random.choice([-72, -1, 1, 49])
        self.fate.clock_s += hours * HOUR_S
        self.fate.tell(f"    the clock jumps {hours} hours")

    # Parts

    @property
    def _salesforce(self) -> KeyedServer:
        server = self.servers[Side.SALESFORCE]
        assert isinstance(server, KeyedServer)
        return server

    def note(self, found: Iterable[str]) -> None:
        """Take down what is not true."""
        for words in found:
            self.fate.tell(f"!! {words}")
            self.violations.append(words)

    def _call(self, what: str, work: Callable[[CancelToken], T]) -> T | None:
        self.fate.tell(what)
        written = invariants.written_entries(self.engine.bench)
        self._arm()
        found = self.engine.call(what, work)
        bench = self.engine.bench
        note_pairs(bench.store, self._salesforce)
        self.note(invariants.base_was_agreed(bench, self.servers))
        if what in {"commit", "resume"}:
            self.note(invariants.outcomes_are_in_the_mirror(bench, self.servers, written))
        for server in self.servers.values():
            self.note(server.violations)
            server.violations.clear()
        return found

    def _arm(self) -> None:
        random = self.fate.random
        if self.is_quiet:
            return
        trouble = random.random()
        if trouble < 1 / 6:
            self.fate.kill_in = random.randint(1, random.choice([10, 60]))
        elif trouble < 1 / 4:
            self.fate.disk_in = random.randint(1, 60)
            self.fate.disk_for = random.randint(1, 20)
        elif trouble < 1 / 3:
            self.fate.cancel_in = random.randint(1, 40)

    def _others_act(self) -> None:
        if self.fate.chance(self.fate.rates.edit):
            self.people.act()
        for connector in self.engine.connectors.values():
            connector.arrive()

    def _keep(self, plan: CommitPlan) -> None:
        self.plans.append(plan_to_json(plan))

    def _committed(self, result: CommitResult | None, selected: int | None) -> None:
        if result is None:
            return
        self.note(invariants.counts_add_up(result, selected))
        self.fate.tell(
            f"  {result.written} of {result.selected} written, {result.failed} failed,"
            f" {result.stale} stale, {result.skipped} skipped {result.stopped_by}"
        )

    def _reviewed(self) -> Iterator[Operation]:
        for data in set(self.plans):
            yield from plan_from_json(data, MAPPING, NAME).operations

    def look(self) -> None:
        """Refresh both sides and compare."""
        self.refresh_both()
        self.compare()

    def refresh_both(self) -> None:
        """Refresh both sides, without a compare."""
        bench = self.engine.bench
        self._call("refresh", lambda t: refresh(bench, RefreshRequest(), t, self.engine.report))

    def _settle(self) -> invariants.Excused:
        """Refresh, compare and commit until nothing is left to commit."""
        bench = self.engine.bench
        choose(bench.store, dict.fromkeys(all_choices(bench.store), NO_CHOICE))
        keep_own_rules(bench.store, [])
        failed: set[RecordKey] = set()
        for _ in range(_ROUNDS):
            self.look()
            self.plan(EVERY_VERB, drawn=False)
            plan = plan_from_json(self.plans[-1], MAPPING, NAME)
            places = {operation.record_key for operation in plan.operations}
            if places <= failed:
                named = {RecordKey(p.entity, p.key) for p in plan.problems}
                return invariants.Excused(frozenset(failed | named))
            # A key that a paired record still bears is not free: what wants it cannot be made yet.
            borne = {own for own, _ in invariants.paired_places(bench, self.servers)}
            result = self.commit()
            assert result is not None
            failed = {RecordKey(f.entity, f.key) for f in result.failures}
            stale = {
                RecordKey(f.entity, f.key) for f in result.failures if f.state is OutcomeState.STALE
            }
            if stale - borne:
                self.note(["quiet: something is stale though nobody edits"])
        self.note([f"quiet: it does not come to rest in {_ROUNDS} rounds"])
        return invariants.Excused(frozenset())

    def _keys_left(self, run: str, named: set[RecordKey]) -> set[RecordKey]:
        """Return the keys that records bore before, of which an undo says that they keep others."""
        done = [entry.operation for entry in entries(self.engine.bench.store, run=run)]
        return {
            RecordKey(one.entity, str(one.key_change.before))
            for one in done
            if one.key_change is not None and one.record_key in named
        }

    def _undo_brings_back(self) -> None:
        """Commit once more after some edits, take it back, and compare with what was before."""
        for _ in range(4):
            self.people.edit_only()
        self.look()
        before = {side: _contents(server) for side, server in self.servers.items()}
        self.plan(EVERY_VERB, drawn=False)
        result = self.commit()
        if result is None or not result.written:
            return
        undo = build_undo(self.engine.bench, result.commit, CancelToken(), self.engine.report)
        self._keep(undo)
        self.fate.tell("undo")
        undone = self.commit()
        if undone is None or not undone.is_clean:
            self.note(["undo: it is not carried out, though nobody touched anything since"])
        named = {RecordKey(problem.entity, problem.key) for problem in undo.problems}
        named |= self._keys_left(result.commit, named)
        for side, server in self.servers.items():
            after = _contents(server)
            left = {p for p in after.keys() | before[side] if after.get(p) != before[side].get(p)}
            for place in sorted(left - named):
                self.note([f"undo: {place} in {side.label} is not as it was before the commit"])


def _contents(server: Server) -> dict[RecordKey, list[tuple[FieldValue, ...]]]:
    # Of several records without a key none is the first.
    return {place: sorted(rows, key=repr) for place, rows in server.values().items()}


def _described(operation: Operation) -> str:
    changes = ", ".join(f"{c.name} {text(c.before)!r}→{text(c.after)!r}" for c in operation.changes)
    return f"{operation.verb.value} {operation.key} in {operation.side.label}: {changes}"
