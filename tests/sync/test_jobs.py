"""Jobs: what they read, what they may commit, what they leave for people, how they fail."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from app.domain.constraint import Constraints, FieldRule
from app.domain.control import CancelToken, no_report
from app.domain.job import Job, JobNotice, JobRun, Policy
from app.domain.plan import Verb
from app.domain.proposal import Choice
from app.domain.record import Side
from app.domain.schedule import Schedule
from app.errors import Cancelled, ConnectionFailed, NotSignedIn, StoreError, WorkspaceBusy, WrongUse
from app.store.choices import choose
from app.store.comparison import find_link
from app.store.jobs import enable_job, job_state, note_run
from app.store.workspace import Store
from app.sync.compare import compare
from app.sync.jobs import JobDesk, make_job, run_job
from app.sync.refresh import RefreshRequest, refresh
from app.sync.workbench import Workbench
from tests.fakes import make_bench, side_of

TOKEN = CancelToken()
BOTH_VERBS = frozenset({Verb.INSERT, Verb.UPDATE})


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    """Return a workbench whose sides agree on three plans."""
    made = make_bench(tmp_path)
    for name in "ABC":
        for side in Side:
            side_of(made, side).put("plan", name, name, Decimal(1), "Core")
    look(made)
    return made


def look(bench: Workbench) -> None:
    refresh(bench, RefreshRequest(), TOKEN, no_report)
    compare(bench, TOKEN, no_report)


def job(*verbs: Verb, most: int = 100, entities: tuple[str, ...] = ()) -> Job:
    return Job(
        "j", Schedule(every_minutes=5), entities=entities, policy=Policy(frozenset(verbs), most)
    )


def run(bench: Workbench, work: Job) -> JobRun:
    return run_job(bench, work, TOKEN, no_report)


def price(bench: Workbench, key: str, amount: int) -> None:
    """Change a price in billing, whose field it is."""
    side_of(bench, Side.BILLING).put("plan", key, key, Decimal(amount), "Core")


def written(bench: Workbench) -> list[str]:
    return [f"{o.verb.value} {o.key}" for o in side_of(bench, Side.SALESFORCE).written]


def test_a_job_without_verbs_reads_and_compares_and_writes_nothing(bench: Workbench) -> None:
    price(bench, "A", 2)
    done = run(bench, job())
    assert (done.read, done.changed, done.written, done.waiting) == (6, 1, 0, 1)
    assert (done.held, done.error, done.is_clean) == ("", "", True)
    assert written(bench) == []


def test_a_job_commits_the_inserts_and_updates_that_a_rule_ticks(bench: Workbench) -> None:
    price(bench, "A", 2)
    price(bench, "D", 1)
    done = run(bench, job(*BOTH_VERBS))
    assert (done.written, done.waiting, done.held) == (2, 0, "")
    assert sorted(written(bench)) == ["insert D", "update A"]


def test_only_the_verbs_of_its_policy_are_committed(bench: Workbench) -> None:
    price(bench, "A", 2)
    price(bench, "D", 1)
    done = run(bench, job(Verb.UPDATE))
    assert (written(bench), done.waiting) == (["update A"], 1)


def test_only_its_entities_are_committed(bench: Workbench) -> None:
    price(bench, "A", 2)
    look(bench)
    done = run(bench, job(*BOTH_VERBS, entities=("tier",)))
    assert (written(bench), done.waiting) == ([], 1)


def test_a_conflict_waits_for_a_person(bench: Workbench) -> None:
    side_of(bench, Side.BILLING).put("plan", "A", "left", Decimal(1), "Core")
    side_of(bench, Side.SALESFORCE).put("plan", "A", "right", Decimal(1), "Core")
    done = run(bench, job(*BOTH_VERBS))
    assert (written(bench), done.waiting) == ([], 1)


def test_a_record_gone_on_one_side_waits_for_a_person(bench: Workbench) -> None:
    side_of(bench, Side.BILLING).drop("plan", "A")
    side_of(bench, Side.SALESFORCE).drop("plan", "B")
    done = run(bench, job(*BOTH_VERBS))
    assert (written(bench), done.waiting) == ([], 2)
    assert side_of(bench, Side.BILLING).written == []


@pytest.mark.parametrize(
    "choice",
    [Choice(ticked=False), Choice(ticked=True), Choice(take={"price": "salesforce"})],
    ids=str,
)
def test_what_a_person_chose_is_left_to_that_person(bench: Workbench, choice: Choice) -> None:
    price(bench, "A", 2)
    look(bench)
    link = find_link(bench.store, bench.mapping.entity("plan"), "A")
    assert link
    choose(bench.store, {link: choice})
    assert run(bench, job(*BOTH_VERBS)).waiting == 1
    assert written(bench) == []


def test_a_conflict_that_a_person_decided_is_not_committed_by_a_job(bench: Workbench) -> None:
    side_of(bench, Side.BILLING).put("plan", "A", "left", Decimal(1), "Core")
    side_of(bench, Side.SALESFORCE).put("plan", "A", "right", Decimal(1), "Core")
    look(bench)
    link = find_link(bench.store, bench.mapping.entity("plan"), "A")
    assert link
    choose(bench.store, {link: Choice(ticked=True, take={"name": "billing"})})
    run(bench, job(*BOTH_VERBS))
    assert written(bench) == []


@pytest.mark.parametrize(("most", "count"), [(1, 0), (2, 2)])
def test_with_more_operations_than_allowed_all_waits(
    bench: Workbench, most: int, count: int
) -> None:
    price(bench, "A", 2)
    price(bench, "B", 2)
    done = run(bench, job(*BOTH_VERBS, most=most))
    assert (done.written, done.waiting) == (count, 2 - count)
    assert done.held == ("" if count else "more than 1 operations")


def test_what_waits_for_a_person_does_not_count_against_the_most(bench: Workbench) -> None:
    side_of(bench, Side.BILLING).put("plan", "A", "left", Decimal(1), "Core")
    side_of(bench, Side.SALESFORCE).put("plan", "A", "right", Decimal(1), "Core")
    side_of(bench, Side.BILLING).drop("plan", "C")
    price(bench, "B", 2)
    done = run(bench, job(*BOTH_VERBS, most=1))
    assert (done.written, done.waiting, done.held) == (1, 2, "")


def test_a_record_that_needs_two_writes_counts_as_two(bench: Workbench) -> None:
    side_of(bench, Side.BILLING).put("plan", "A", "A", Decimal(2), "Core")
    side_of(bench, Side.SALESFORCE).put("plan", "A", "A", Decimal(1), "Other")
    done = run(bench, job(*BOTH_VERBS, most=1))
    assert (done.written, done.held) == (0, "more than 1 operations")
    assert run(bench, job(*BOTH_VERBS, most=2)).written == 2


def test_a_record_with_an_error_in_the_plan_is_left_out(bench: Workbench) -> None:
    side_of(bench, Side.SALESFORCE).rules["plan"] = Constraints({"name": FieldRule(length=3)})
    side_of(bench, Side.BILLING).put("plan", "A", "too long", Decimal(1), "Core")
    price(bench, "B", 2)
    done = run(bench, job(*BOTH_VERBS))
    assert (written(bench), done.waiting, done.held) == (["update B"], 1, "")


def test_what_needs_a_record_that_a_person_keeps_back_holds_all(bench: Workbench) -> None:
    price(bench, "D", 1)
    side_of(bench, Side.BILLING).put("tier", "T", Decimal(1), "D")
    look(bench)
    link = find_link(bench.store, bench.mapping.entity("plan"), "D")
    assert link
    choose(bench.store, {link: Choice(ticked=False)})
    done = run(bench, job(*BOTH_VERBS))
    assert done.held == "plan D is needed too, and waits for review"
    assert written(bench) == []


def test_another_organisation_gets_nothing_from_a_job(bench: Workbench) -> None:
    price(bench, "A", 2)
    side_of(bench, Side.SALESFORCE).organization = "another"
    done = run(bench, job(*BOTH_VERBS))
    assert done.held == "another organisation answers than before"
    assert written(bench) == []


def test_after_a_commit_that_broke_off_a_job_commits_nothing(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    price(bench, "A", 2)
    monkeypatch.setattr("app.store.journal.open_runs", lambda _store: ["broken"])
    assert "resume" in run(bench, job(*BOTH_VERBS)).held
    assert written(bench) == []


def test_refused_rows_are_counted_and_named(bench: Workbench) -> None:
    price(bench, "A", 2)
    side_of(bench, Side.SALESFORCE).fault = lambda _operation: "not on Sundays"
    done = run(bench, job(*BOTH_VERBS))
    assert (done.written, done.failed, done.waiting, done.error) == (0, 1, 1, "")
    assert done.failures == ("plan A: not on Sundays",)


def failing(error: Exception) -> Callable[[object], None]:
    def fail(_request: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize("kind", [ConnectionFailed, NotSignedIn, WrongUse])
def test_a_side_that_cannot_be_read_is_a_failed_run(
    bench: Workbench, kind: type[ConnectionFailed]
) -> None:
    side_of(bench, Side.SALESFORCE).on_read = failing(kind("Nobody.", "Look."))
    make_job(bench, job())
    done = run(bench, job())
    assert (done.error, done.hint) == ("Nobody.", "Look.")
    assert job_state(bench.store, "j").last == done


def test_a_stopped_job_is_noted_and_stops_its_caller(bench: Workbench) -> None:
    token = CancelToken()
    side_of(bench, Side.SALESFORCE).on_read = lambda _request: token.cancel()
    make_job(bench, job())
    with pytest.raises(Cancelled):
        run_job(bench, job(), token, no_report)
    last = job_state(bench.store, "j").last
    assert last is not None
    assert "Stopped" in last.error


def test_a_store_that_cannot_be_written_is_no_result(bench: Workbench) -> None:
    side_of(bench, Side.SALESFORCE).on_read = failing(StoreError("The disk is full."))
    with pytest.raises(StoreError):
        run(bench, job())


def test_a_job_of_an_unknown_entity_is_refused(bench: Workbench) -> None:
    with pytest.raises(WrongUse, match="plann"):
        make_job(bench, job(entities=("plann",)))


class Desk:
    """A desk with a clock that the test sets, and what it told."""

    def __init__(self, bench: Workbench) -> None:
        self.bench, self.now = bench, 0.0
        self.told: list[JobNotice] = []
        self.desk = JobDesk(bench, lambda _job, told: self.told.append(told), lambda: self.now)

    def names(self) -> list[str]:
        return [done.job.name for done in self.desk.run_due(TOKEN, no_report)]


@pytest.fixture
def desk(bench: Workbench) -> Desk:
    return Desk(bench)


def test_what_is_due_runs_once(desk: Desk) -> None:
    enable_job(desk.bench.store, "delta", desk.now)
    desk.now = 901.0
    assert desk.desk.is_due()
    assert desk.names() == ["delta"]
    assert (desk.desk.is_due(), desk.names()) == (False, [])


def test_a_failed_job_does_not_keep_the_next_from_running(desk: Desk) -> None:
    make_job(desk.bench, job())
    for name in ("j", "delta"):
        enable_job(desk.bench.store, name, desk.now)
    side_of(desk.bench, Side.BILLING).on_read = failing(ConnectionFailed("Nobody."))
    desk.now = 901.0
    assert desk.names() == ["j", "delta"]
    assert [told.job for told in desk.told] == ["j", "delta"]


def test_a_failure_that_lasts_is_told_once(desk: Desk) -> None:
    make_job(desk.bench, job())
    side_of(desk.bench, Side.BILLING).on_read = failing(ConnectionFailed("Nobody."))
    for _ in range(3):
        desk.desk.run(job(), TOKEN, no_report)
    assert [(told.workspace, told.job, told.error) for told in desk.told] == [
        ("test", "j", "Nobody.")
    ]


def test_a_job_that_broke_off_is_told_and_noted(desk: Desk) -> None:
    note_run(desk.bench.store, "delta", JobRun("2026-11-22T01:00:00Z"))
    desk.desk.settle_broken()
    last = job_state(desk.bench.store, "delta").last
    assert last is not None
    assert (last.error, [told.error for told in desk.told]) == (
        "Concord ended while the job ran.",
        ["Concord ended while the job ran."],
    )
    desk.desk.settle_broken()
    assert len(desk.told) == 1


def test_nothing_is_taken_that_cannot_be_run(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    enable_job(desk.bench.store, "delta", desk.now)
    desk.now = 901.0

    def busy(_store: Store) -> None:
        raise WorkspaceBusy("Held by ann.")

    monkeypatch.setattr(Store, "claim", busy)
    with pytest.raises(WorkspaceBusy):
        desk.names()
    assert desk.desk.is_due()
