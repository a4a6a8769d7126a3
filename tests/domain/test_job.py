"""What a job may be, and when its failure is worth telling."""

import pytest

from app.domain.job import JobRun, Notify, Policy, built_in, notice_of
from app.domain.plan import Verb
from app.errors import WrongUse

FAILED = JobRun("t", "t", error="Nobody answers.", hint="Look at the address.")
CLEAN = JobRun("t", "t", read=5)


def test_no_job_may_delete() -> None:
    with pytest.raises(WrongUse, match="never deletes"):
        Policy(frozenset({Verb.DELETE}))


def test_a_job_that_may_commit_nothing_at_once_is_refused() -> None:
    with pytest.raises(WrongUse, match="at most 0"):
        Policy(most=0)


def test_what_comes_with_concord_only_reads() -> None:
    assert list(built_in()) == ["nightly", "delta"]
    assert not any(job.policy.verbs for job in built_in().values())


@pytest.mark.parametrize("address", ["", "ann", "a@b c", "a@b\nBcc: c@d", "<a@b>"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(WrongUse, match="no e-mail address"):
        Notify((address,))


def test_a_run_that_went_well_is_not_told() -> None:
    assert notice_of("w", "j", CLEAN, None) is None


def test_a_failure_names_job_workspace_error_and_what_to_do() -> None:
    notice = notice_of("shop", "nightly", FAILED, CLEAN)
    assert notice is not None
    assert notice.subject == "Concord: job nightly of shop failed"
    assert notice.text == "Nobody answers.\nLook at the address."


def test_the_same_failure_is_told_once_and_another_again() -> None:
    assert notice_of("w", "j", FAILED, FAILED) is None
    other = JobRun("t", "t", error="The disk is full.")
    assert notice_of("w", "j", other, FAILED) is not None
    assert notice_of("w", "j", FAILED, CLEAN) is not None


def test_refused_rows_are_told_with_their_fields() -> None:
    refused = JobRun("t", "t", failed=1, failures=("plan P name: too long",))
    notice = notice_of("shop", "j", refused, None)
    assert notice is not None
    assert "1 changes were refused." in notice.text
    assert "plan P name: too long" in notice.text
    assert "concord history -w shop" in notice.text
