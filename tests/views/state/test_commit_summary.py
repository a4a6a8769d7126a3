"""The plan and its outcome in words, the history, the connections."""

from dataclasses import replace

import pytest

from app.connectors.protocol import Health, Quota
from app.connectors.spec import ConnectorSpec, SecretSpec, SettingSpec
from app.domain.control import CancelToken, no_report
from app.domain.forecast import Forecast
from app.domain.plan import CommitPlan, Problem
from app.domain.record import Side
from app.settings import Connection, Workspace
from app.store.journal import entries, runs
from app.sync.commit import CommitResult, commit
from app.sync.planner import Selection, build_plan
from app.sync.workbench import Workbench
from app.views.state.commit_outcome import first_number, numbers, outcome_headline
from app.views.state.commit_summary import (
    cost_words,
    may_run,
    size_words,
    summary,
)
from app.views.state.connections import (
    address,
    form_fields,
    form_problem,
    health_view,
    next_step,
    production_names,
)
from app.views.state.history import entry_lines, run_line

SPEC = ConnectorSpec(
    "aria", "Aria", Side.BILLING,
    (SettingSpec("core_url", "Core API URL", "https://…"),
     SettingSpec("promo", "Promotion", "", required=False)),
    (SecretSpec("auth_key", "Key", "from Aria"),),
)  # fmt: skip
SALESFORCE = replace(SPEC, kind="salesforce", label="Salesforce", side=Side.SALESFORCE)
MINE = Connection("mine", "aria", {"core_url": "https://aria.example"}, production=True)


def plan_of(bench: Workbench) -> CommitPlan:
    return build_plan(bench, Selection(), CancelToken(), no_report)


def test_a_plan_is_told_in_words_with_its_counts(bench: Workbench) -> None:
    view = summary(plan_of(bench), bench.mapping, ())
    assert view.headline.startswith("4 changes will be written to Salesforce and 1 changes")
    assert [(line.verb, line.entity, line.count) for line in view.lines] == [
        ("insert", "Coupons", 2),
        ("update", "Plans", 1),
        ("update", "Rate tiers", 1),
        ("update", "Plans", 1),
    ]
    assert view.run_label == "Commit 5 changes"


def test_deletes_are_listed_first(bench: Workbench) -> None:
    plan = plan_of(bench)
    verbs = [line.verb for line in summary(plan, bench.mapping, ()).lines]
    assert verbs == sorted(verbs, key=["delete", "insert", "update"].index)


def test_production_asks_for_its_name(bench: Workbench) -> None:
    view = summary(plan_of(bench), bench.mapping, ["sf-live"])
    assert view.typed_name == "sf-live"
    assert not may_run(view, "sf-liv")
    assert may_run(view, " sf-live ")


def test_nothing_ticked_is_said_and_cannot_run(bench: Workbench) -> None:
    view = summary(replace(plan_of(bench), operations=(), tally={}), bench.mapping, ["sf-live"])
    assert view.headline == "Nothing is ticked, so there is nothing to commit."
    assert not may_run(view, "")


def test_problems_come_gravest_first(bench: Workbench) -> None:
    problems = (
        Problem("info", "plan", "A", "added"),
        Problem("error", "plan", "B", "too long"),
        Problem("warning", "", "", "slow"),
    )
    view = summary(replace(plan_of(bench), problems=problems), bench.mapping, ())
    assert [line.word for line in view.problems] == ["will fail", "warning", "note"]
    assert view.problems[0].record == "Plan B"


def test_a_problem_calls_a_field_as_the_trees_do(bench: Workbench) -> None:
    problems = (
        Problem("error", "plan", "B", "name: 84 characters, the field holds 80"),
        Problem("error", "plan", "B", "held back: nobody knows why"),
    )
    view = summary(replace(plan_of(bench), problems=problems), bench.mapping, ())
    assert [line.message for line in view.problems] == [
        "Name: 84 characters, the field holds 80", "held back: nobody knows why"
    ]  # fmt: skip


def test_the_cost_is_told_as_an_estimate() -> None:
    words = cost_words(Forecast({Side.SALESFORCE: 20}, 10_000, 65_536, 56))
    left = Forecast({Side.SALESFORCE: 20}, left_calls={Side.SALESFORCE: 14_961}, left_mb=5)
    assert cost_words(left).endswith("enough is left today: 14,961 calls to Salesforce, 5 MB")
    assert "left" not in cost_words(
        Forecast({Side.SALESFORCE: 20}, left_calls={Side.SALESFORCE: 9})
    )
    assert words == (
        "Estimate: about 56 s \u00b7 calls: 20 to Salesforce \u00b7 sends 10 KB"
        " \u00b7 uses 64 KB of Salesforce data storage"
    )
    assert size_words(5 * 1024**3) == "5.0 GB"


def test_the_sums_of_an_outcome_stand_on_the_page() -> None:
    result = CommitResult("id", 10, 6, 1, 2, 1)
    told = {number.name: number.text for number in numbers(result)}
    assert told["selected"] == "10 selected"
    assert (told["sent"], told["stale"], told["skipped"]) == ("7 sent", "2 stale", "1 skipped")
    assert (told["written"], told["failed"]) == ("6 written", "1 failed")
    assert first_number(result) == "failed"
    assert outcome_headline(replace(result, stopped_by="the network")) == (
        "the network. 6 of 10 changes were written; the history resumes the rest."
    )


def test_the_history_tells_before_and_after(bench: Workbench) -> None:
    commit(bench, plan_of(bench), CancelToken(), no_report)
    (run,) = runs(bench.store)
    assert (run_line(run).written, run_line(run).state) == (5, "finished")
    found = list(entries(bench.store, run=run.id))
    (line,) = entry_lines(found, bench.mapping, "voice pro")
    assert line.change == "Name: Voice Pro \u2192 Voice Pro 2026"
    assert (line.verb, line.side, line.outcome) == ("update", "Salesforce", "written")
    assert len(list(entry_lines(found, bench.mapping))) == 5


def test_the_form_asks_for_settings_then_secrets_and_never_shows_one() -> None:
    fresh, saved = form_fields(SPEC, None), form_fields(SPEC, MINE)
    assert [field.name for field in fresh] == ["core_url", "promo", "auth_key"]
    assert saved[0].value == "https://aria.example"
    assert (saved[2].value, saved[2].required) == ("", False)


@pytest.mark.parametrize(
    ("name", "url", "words"),
    [
        ("No Good", "x", "The name takes"),
        ("taken", "x", "already"),
        ("good", " ", "Still empty: Core API URL"),
        ("good", "x", ""),
    ],
)
def test_a_form_says_what_is_wrong(name: str, url: str, words: str) -> None:
    values = {"core_url": url, "auth_key": "key"}
    problem = form_problem(name, ["taken"], form_fields(SPEC, None), values)
    assert words in problem
    assert bool(words) == bool(problem)


def test_health_is_told_with_quotas_and_what_is_missing() -> None:
    quota = Quota("API calls", 900, 1000)
    view = health_view(Health("00D1", "ada", "66.0", (quota,), ("Client_Plan__c is missing",)))
    assert view.headline == "Signed in, but something is missing"
    assert ("API calls", "900 of 1,000 left") in view.lines


def test_the_steps_to_a_first_workspace() -> None:
    specs = (SPEC, SALESFORCE)
    other = Connection("sf", "salesforce")
    assert next_step((), specs, 0).startswith("Step 1")
    assert next_step((MINE,), specs, 0).startswith("Step 2")
    assert next_step((MINE, other), specs, 0).startswith("Step 3")
    assert next_step((MINE, other), specs, 1) == ""


def test_production_connections_of_a_workspace_are_named() -> None:
    workspace = Workspace("live", "mine", "sf", "aria_catalog")
    assert production_names(workspace, (MINE, Connection("sf", "salesforce"))) == ("mine",)
    assert production_names(None, (MINE,)) == ()
    assert address(MINE) == "https://aria.example"
