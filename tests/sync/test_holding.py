"""Inserts that wait for a person: what lacks something in Salesforce, what may be there already."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.domain.control import CancelToken, no_report
from app.domain.diff import Kind
from app.domain.job import Job, Policy
from app.domain.mapping import EntityMapping
from app.domain.mapping_file import parse_mapping
from app.domain.pairing import Survey, survey
from app.domain.plan import CommitPlan, Verb
from app.domain.proposal import Choice
from app.domain.record import Side
from app.domain.schedule import Schedule
from app.errors import MappingInvalid
from app.store.choices import choose
from app.store.comparison import find_link
from app.store.holding import held_back
from app.sync.compare import compare, diff_of
from app.sync.holding import why_held
from app.sync.jobs import run_job
from app.sync.pairing import pair_by_rules
from app.sync.planner import Selection, build_plan
from app.sync.refresh import RefreshRequest, refresh
from app.sync.workbench import Workbench
from tests.keyed_side import keyed, keyed_bench

NEVER = CancelToken()
HEAD = 'schema = 1\nname = "shop"\nbilling = "fake"\n'
KEY = 'key = { billing = "no", salesforce = "Key__c" }'
PLAN = f"""
[[entity]]
name = "plan"
label = "Plan"
plural = "Plans"
sobject = "Plan__c"
{KEY}
title = "name"
fields = [{{ name = "name", billing = "name", salesforce = "Name", HIS, type = "text" }}]
""".replace("HIS", 'owner = "billing"')
ACCOUNT = f"""
[[entity]]
name = "account"
label = "Account"
plural = "Accounts"
sobject = "Account"
{KEY}
title = "name"
role = "account"
guard = true
insert_if = {{ entity = "sub", field = "plan", where = {{ extra = "false" }} }}
pair = [{{ name = "number", fields = ["number"] }}]
fields = [
    {{ name = "name", billing = "name", salesforce = "Name", HIS, type = "text" }},
    {{ name = "number", billing = "client", salesforce = "No__c", HIS, type = "text" }},
    {{ name = "above", billing = "up", salesforce = "ParentId", OWN, to = "account" }},
]
""".replace("OWN", 'HIS, type = "reference"').replace("HIS", 'owner = "billing"')
SUB = f"""
[[entity]]
name = "sub"
label = "Subscription"
plural = "Subscriptions"
sobject = "Sub__c"
{KEY}
parent = "account"
title = "account"
fields = [
    {{ name = "account", billing = "acct", salesforce = "Account__c", OWN, to = "account" }},
    {{ name = "plan", billing = "plan", salesforce = "Plan__c", OWN, to = "plan" }},
    {{ name = "extra", billing = "extra", salesforce = "X__c", HIS, type = "boolean" }},
]
""".replace("OWN", 'HIS, type = "reference"').replace("HIS", 'owner = "billing"')
MAPPING = HEAD + PLAN + ACCOUNT + SUB


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    """Return a workbench with plan P on both sides, plan Q and account 1 in billing alone."""
    made = keyed_bench(tmp_path, parse_mapping(MAPPING, "shop.toml"))
    for side in Side:
        keyed(made, side).put("plan", "P", "Basic")
    keyed(made, Side.BILLING).put("plan", "Q", "New")
    account(made, "1", "Amber Bank", plan="P")
    yield made
    made.store.close()


def account(bench: Workbench, key: str, name: str, *, plan: str, above: str | None = None) -> None:
    """Put an account with one main subscription and one extra one into billing."""
    billing = keyed(bench, Side.BILLING)
    billing.put("account", key, name, f"C-{key}", above)
    if plan:
        billing.put("sub", f"{key}-m", key, plan, False)  # noqa: FBT003 - a record's value
    billing.put("sub", f"{key}-x", key, "P", True)  # noqa: FBT003 - a record's value


def look(bench: Workbench) -> dict[str, str]:
    """Refresh and compare; return why which account is held back."""
    refresh(bench, RefreshRequest(full=True), NEVER, no_report)
    compare(bench, NEVER, no_report)
    return {one.key: one.why for one in held_back(bench.store)}


def kinds(bench: Workbench, entity: str) -> dict[Kind, int]:
    found = compare(bench, NEVER, no_report)[entity]
    return {kind: count for kind, count in found.items() if count}


def planned(bench: Workbench, *, held: bool = False) -> CommitPlan:
    return build_plan(bench, Selection(held=held), NEVER, no_report)


def keys(plan: CommitPlan) -> list[str]:
    return sorted(operation.key for operation in plan.operations)


def link_of(bench: Workbench, key: str) -> int:
    return find_link(bench.store, bench.mapping.entity("account"), key) or 0


def test_an_account_whose_plan_is_there_comes_by_itself(bench: Workbench) -> None:
    assert look(bench) == {}
    assert keys(planned(bench)) == ["1", "1-m", "1-x", "Q"]


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ("Q", "none of its plans is on both sides, as last read: Q"),
        ("", "it has no Subscription with extra"),
    ],
)
def test_an_account_without_such_a_plan_waits_with_all_below_it(
    bench: Workbench, plan: str, words: str
) -> None:
    account(bench, "2", "Basalt Cafe", plan=plan)
    assert words in look(bench)["2"]
    below = len([key for key in ("2-m", "2-x") if plan or key == "2-x"])
    assert kinds(bench, "sub") == {Kind.ONLY_IN_BILLING: 2, Kind.HELD_BACK: below}
    plan_made = planned(bench)
    assert keys(plan_made) == ["1", "1-m", "1-x", "Q"]
    (told,) = [one for one in plan_made.problems if one.key == "2"]
    assert (told.severity, words in told.message) == ("info", True)


def test_it_comes_once_its_plan_has_come(bench: Workbench) -> None:
    account(bench, "2", "Basalt Cafe", plan="Q")
    look(bench)
    keyed(bench, Side.SALESFORCE).put("plan", "Q", "New")
    assert look(bench) == {}
    assert kinds(bench, "sub") == {Kind.ONLY_IN_BILLING: 4}


def test_a_plan_that_billing_does_not_offer_counts_for_nothing(bench: Workbench) -> None:
    keyed(bench, Side.SALESFORCE).put("plan", "R", "Of another promotion")
    account(bench, "2", "Basalt Cafe", plan="R")
    assert "on both sides, as last read: R" in look(bench)["2"]


def test_what_is_held_back_comes_when_a_person_says_so(bench: Workbench) -> None:
    account(bench, "2", "Basalt Cafe", plan="Q")
    look(bench)
    assert len(keys(planned(bench, held=True))) == 7
    choose(bench.store, {link_of(bench, "2"): Choice(ticked=True)})
    assert "2" in keys(planned(bench))
    opened = diff_of(bench, link_of(bench, "2"))
    assert opened is not None
    assert (opened.diff.kind, opened.proposal.operations[0].verb) == (Kind.HELD_BACK, Verb.INSERT)
    assert opened.proposal.problems[0].message.startswith("held back: ")


def test_what_is_below_waits_for_the_record_above_it(bench: Workbench) -> None:
    account(bench, "2", "Basalt Cafe", plan="Q")
    look(bench)
    entity = bench.mapping.entity("sub")
    link = find_link(bench.store, entity, "2-m") or 0
    assert why_held(bench, entity, link) == "its Account 2 is held back"
    choose(bench.store, {link: Choice(ticked=True)})
    plan = planned(bench)
    assert "2" not in keys(plan)
    assert "it refers to account 2, which is held back" in [one.message for one in plan.problems]


def test_an_account_below_one_that_waits_waits_too(bench: Workbench) -> None:
    account(bench, "2", "Basalt Cafe", plan="Q")
    account(bench, "3", "Basalt Cafe North", plan="P", above="2")
    assert look(bench)["3"] == "its Account 2 is held back"


def test_an_account_that_salesforce_may_have_is_no_insert(bench: Workbench) -> None:
    keyed(bench, Side.SALESFORCE).add("account", "", "id9", "Amber Bnak", None, None)
    assert look(bench)["1"].startswith("Salesforce has 'Amber Bnak' (id9), which may be the same")
    assert keys(planned(bench)) == ["Q"]


def test_all_are_looked_through_only_where_something_has_changed(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    salesforce = keyed(bench, Side.SALESFORCE)
    salesforce.add("account", "", "id9", "Amber Bnak", None, None)
    looked: list[str] = []

    def counted(entity: EntityMapping, *rest: Any) -> Survey:
        looked.append(entity.name)
        return survey(entity, *rest)

    monkeypatch.setattr("app.sync.holding.survey", counted)
    assert "id9" in look(bench)["1"]
    assert "id9" in look(bench)["1"]
    assert len(looked) == 1
    salesforce.add("account", "", "id8", "Amber Banc", None, None)
    assert "id8, id9" in look(bench)["1"]
    account(bench, "2", "Basalt Cafe", plan="P")
    assert list(look(bench)) == ["1"]
    assert len(looked) == 3


def test_a_rule_pairs_it_and_what_is_below_comes(bench: Workbench) -> None:
    keyed(bench, Side.SALESFORCE).add("account", "", "id9", "Something else", "C-1", None)
    assert "by the rule number" in look(bench)["1"]
    assert [one.key for one in pair_by_rules(bench, [], NEVER)] == ["1"]
    assert kinds(bench, "account") == {Kind.DIFFERENT: 1}
    verbs = {(o.key, o.verb) for o in planned(bench).operations}
    assert ("1", Verb.UPDATE) in verbs
    assert ("1-m", Verb.INSERT) in verbs


def test_what_may_be_one_of_several_waits_and_is_never_guessed(bench: Workbench) -> None:
    for side_id in ("id8", "id9"):
        keyed(bench, Side.SALESFORCE).add("account", "", side_id, "Other", "C-1", None)
    assert look(bench)["1"] == "it may be one that Salesforce has, by number: id8, id9"
    assert pair_by_rules(bench, [], NEVER) == ()


def test_a_job_inserts_nothing_that_is_held_back_and_pairs_where_it_may(bench: Workbench) -> None:
    salesforce = keyed(bench, Side.SALESFORCE)
    salesforce.add("account", "", "id9", "Something else", "C-1", None)
    policy = Policy(frozenset({Verb.INSERT, Verb.UPDATE}))
    hourly = Schedule(every_minutes=60)
    done = run_job(bench, Job("j", hourly, full=True, policy=policy), NEVER, no_report)
    assert (done.written, done.waiting, list(salesforce.values("account"))) == (1, 0, [""])
    pairing = Job("k", hourly, full=True, policy=policy, pair=True)
    assert run_job(bench, pairing, NEVER, no_report).written == 3
    assert salesforce.found("account", "id9").key == "1"


def test_one_account_that_salesforce_lacks_is_looked_for_among_all(bench: Workbench) -> None:
    keyed(bench, Side.SALESFORCE).put("plan", "Q", "New")
    keyed(bench, Side.SALESFORCE).add("account", "", "id9", "Amber Banc", None, None)
    refresh(bench, RefreshRequest(account="1"), NEVER, no_report)
    compare(bench, NEVER, no_report)
    assert "'Amber Banc' (id9)" in held_back(bench.store)[0].why


def test_an_entity_without_rules_costs_nothing_and_holds_nothing(tmp_path: Path) -> None:
    bench = keyed_bench(tmp_path)
    keyed(bench, Side.BILLING).put("plan", "A", "Pro", None, None)
    keyed(bench, Side.SALESFORCE).add("plan", "", "id1", "Pro", None, None)
    assert look(bench) == {}
    assert kinds(bench, "plan") == {Kind.ONLY_IN_BILLING: 1}
    bench.store.close()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('entity = "sub"', 'entity = "plan"', "whose parent it is not"),
        ('field = "plan"', 'field = "extra"', "'extra' is none"),
        ("where = { extra", "where = { color", "unknown field 'color'"),
        ("where =", "wher =", "unknown setting 'wher'"),
    ],
)
def test_a_rule_that_means_nothing_is_an_error_with_its_line(
    old: str, new: str, words: str
) -> None:
    with pytest.raises(MappingInvalid, match=rf"shop.toml:\d+: .*{words}"):
        parse_mapping(MAPPING.replace(old, new), "shop.toml")
