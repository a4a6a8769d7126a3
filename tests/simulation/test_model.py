"""Compare, choices, plan and commit against a naive model, in any order that hypothesis finds."""

import tempfile
from decimal import Decimal
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from app.domain.control import CancelToken, no_report
from app.domain.diff import Kind
from app.domain.plan import CommitPlan, Verb
from app.domain.proposal import SKIP, WHOLE_RECORD, Choice
from app.domain.record import RecordKey, Side
from app.store.choices import choose
from app.store.comparison import find_link, stored_diffs
from app.sync.commit import commit
from app.sync.compare import compare
from app.sync.planner import Selection, build_plan
from app.sync.refresh import RefreshRequest, refresh
from tests.fakes import make_bench, side_of
from tests.simulation.naive_model import FIELDS, Model, Values, Write

TOKEN = CancelToken()
KEYS = st.sampled_from("AB")
SIDES = st.sampled_from(list(Side))
RECORDS: st.SearchStrategy[Values] = st.tuples(
    st.sampled_from(["x", "y", "z", None]),
    st.sampled_from([Decimal(1), Decimal(2)]),
    st.sampled_from(["f", "g"]),
)
VERBS = st.sampled_from([None, frozenset(Verb), frozenset({Verb.INSERT, Verb.UPDATE})])
WISHES = st.sampled_from([*(side.value for side in Side), SKIP])
CHOICES = st.builds(
    Choice,
    st.sampled_from([None, True, False]),
    st.dictionaries(st.sampled_from([WHOLE_RECORD, *FIELDS]), WISHES, max_size=2),
)


class Reviewed(RuleBasedStateMachine):
    """The engine beside the model; people edit between any two steps."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="model-")
        self.bench = make_bench(Path(self.folder.name))
        self.plan_entity = self.bench.mapping.entity("plan")
        self.model = Model()

    def teardown(self) -> None:
        self.bench.store.close()
        self.folder.cleanup()

    @rule(side=SIDES, key=KEYS, values=RECORDS)
    def somebody_writes(self, side: Side, key: str, values: Values) -> None:
        side_of(self.bench, side).put("plan", key, *values)
        self.model.truth[side][key] = [values]

    @rule(key=KEYS, values=RECORDS)
    def both_hold_the_same(self, key: str, values: Values) -> None:
        for side in Side:
            self.somebody_writes(side, key, values)
            self.read(side)

    @rule(side=SIDES, key=KEYS, at=st.integers(0, 2), values=RECORDS)
    def somebody_changes_a_field(self, side: Side, key: str, at: int, values: Values) -> None:
        for old in self.model.truth[side].get(key, [])[:1]:
            self.somebody_writes(side, key, (*old[:at], values[at], *old[at + 1 :]))

    @rule(key=KEYS, old=RECORDS, left=RECORDS, right=RECORDS)
    def both_change_what_they_agreed_on(
        self, key: str, old: Values, left: Values, right: Values
    ) -> None:
        self.both_hold_the_same(key, old)
        for side, values in zip(Side, (left, right), strict=True):
            self.somebody_writes(side, key, values)
            self.read(side)
        assert self.look() == self.model.differences()

    @rule(side=SIDES, key=KEYS)
    def somebody_deletes(self, side: Side, key: str) -> None:
        if self.model.truth[side].pop(key, None):
            side_of(self.bench, side).drop("plan", key)

    @rule(side=SIDES, key=KEYS)
    def somebody_doubles(self, side: Side, key: str) -> None:
        if key in self.model.truth[side]:
            side_of(self.bench, side).records[RecordKey("plan", key)] *= 2
            self.model.truth[side][key] *= 2

    @rule(side=SIDES)
    def read(self, side: Side) -> None:
        refresh(self.bench, RefreshRequest((side,)), TOKEN, no_report)
        self.model.refresh(side)

    @rule(key=KEYS, choice=CHOICES)
    def somebody_chooses(self, key: str, choice: Choice) -> None:
        link = find_link(self.bench.store, self.plan_entity, key)
        if link is not None and key in self.look():
            choose(self.bench.store, {link: choice})
            self.model.choices[key] = choice

    @rule()
    def both_find_the_same_differences(self) -> None:
        assert self.look() == self.model.differences()

    @rule(verbs=VERBS)
    def both_make_the_same_plan(self, verbs: frozenset[Verb] | None) -> None:
        self.planned(verbs)

    @rule(verbs=VERBS)
    def both_commit_alike(self, verbs: frozenset[Verb] | None) -> None:
        made = self.planned(verbs)
        self.carry_out(made, verbs)

    @rule(verbs=VERBS, side=SIDES, key=KEYS, values=RECORDS)
    def somebody_writes_before_the_commit(
        self, verbs: frozenset[Verb] | None, side: Side, key: str, values: Values
    ) -> None:
        made, expected = self.planned(verbs), self.model.plan(verbs)
        self.somebody_writes(side, key, values)
        result = commit(self.bench, made, TOKEN, no_report)
        assert result.stale == self.model.commit(expected)

    @invariant()
    def the_systems_hold_what_the_model_says(self) -> None:
        for side in Side:
            held = {
                place.key: [record.values for record in records]
                for place, records in side_of(self.bench, side).records.items()
            }
            assert held == self.model.truth[side]

    def look(self) -> dict[str, Kind]:
        compare(self.bench, TOKEN, no_report)
        found = stored_diffs(self.bench.store, self.plan_entity)
        self.model.differences()
        return {one.pair.key: one.kind for one in found}

    def planned(self, verbs: frozenset[Verb] | None) -> CommitPlan:
        self.look()
        made = build_plan(self.bench, Selection(verbs=verbs), TOKEN, no_report)
        writes = {
            (o.key, o.side): Write(o.verb, {c.name: (c.before, c.after) for c in o.changes})
            for o in made.operations
        }
        assert writes == self.model.plan(verbs)
        return made

    def carry_out(self, made: CommitPlan, verbs: frozenset[Verb] | None) -> None:
        expected = self.model.plan(verbs)
        result = commit(self.bench, made, TOKEN, no_report)
        assert (result.selected, result.failed) == (len(expected), 0)
        assert result.stale == self.model.commit(expected)


TestReviewed = Reviewed.TestCase
TestReviewed.settings = settings(max_examples=50, stateful_step_count=20, deadline=None)
