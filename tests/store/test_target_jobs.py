"""Jobs of the target's own that a commit began: noted with where their operations stand."""

from pathlib import Path

from app.domain.plan import FieldChange, Operation, Outcome, OutcomeState, Verb
from app.domain.record import Side
from app.store import journal
from app.store.journal_entry import EVERYWHERE, Span
from app.store.target_jobs import TargetJob, forget_jobs, jobs_of, note_job
from app.store.workspace import Store
from tests.fakes import small_mapping


def test_a_job_is_known_with_its_span_until_it_is_forgotten(tmp_path: Path) -> None:
    job = TargetJob("750A", "plan", Side.SALESFORCE, Span(20, 40))
    with Store(tmp_path / "w.sqlite", small_mapping()) as store:
        note_job(store, "one", job)
        note_job(store, "two", TargetJob("750B", "tier", Side.BILLING))
        assert jobs_of(store, "one") == [job]
        forget_jobs(store, "one")
        assert (jobs_of(store, "one"), len(jobs_of(store, "two"))) == ([], 1)


def test_a_job_that_an_older_concord_noted_may_have_its_rows_anywhere(tmp_path: Path) -> None:
    with Store(tmp_path / "w.sqlite", small_mapping()) as store:
        with store.transaction(store.durable) as connection:
            said = '{"entity":"plan","side":"salesforce"}'
            connection.execute("INSERT INTO note VALUES ('target-job/one/750A', ?)", (said,))
        (job,) = jobs_of(store, "one")
        assert (job.id, job.span) == ("750A", EVERYWHERE)


def test_a_span_of_the_journal_has_its_operations_alone(tmp_path: Path) -> None:
    change = (FieldChange("name", None, "x"),)
    made = [
        Operation("plan", key, Side.SALESFORCE, Verb.INSERT, change, None, "", key)
        for key in "abcde"
    ]
    with Store(tmp_path / "w.sqlite", small_mapping()) as store:
        journal.begin(store, "one", "ann", made, b"{}")
        journal.mark(store, "one", [Outcome(made[2], OutcomeState.FAILED, "no")])
        keys = {
            span: "".join(
                entry.operation.key
                for entry in journal.entries(store, states=(OutcomeState.INTENT,), span=span)
            )
            for span in (EVERYWHERE, Span(1, 4), Span(4), Span(5))
        }
    assert list(keys.values()) == ["abde", "bd", "e", ""]
