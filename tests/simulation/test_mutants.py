"""The simulator finds engines that break a promise; the true one passes the same seeds."""

import pytest

from tests.simulation.mutants import (
    Mutant,
    base_before_outcome,
    cursor_before_records,
    journal_after_send,
    moved_key_unseen,
    no_preflight,
    other_value_written,
    outcome_in_two_transactions,
    pairing_leaves_twin,
    parting_forgets,
    resume_without_looking,
    retry_without_key,
    skipped_forgotten,
    stale_ignored,
    title_of_what_is_gone,
    undo_without_live_check,
)
from tests.simulation.world import simulate

# mutant, how the first violation begins that gives it away
_CAUGHT = (
    (journal_after_send, ("journal", "mirror", "lost edit")),
    (no_preflight, ("lost edit",)),
    (retry_without_key, ("journal", "written twice")),
    (base_before_outcome, ("base",)),
    (cursor_before_records, ("mirror", "agreement")),
    (undo_without_live_check, ("lost edit",)),
    (stale_ignored, ("lost edit",)),
    (outcome_in_two_transactions, ("mirror",)),
    (resume_without_looking, ("lost edit", "written twice")),
    (skipped_forgotten, ("counts",)),
    (pairing_leaves_twin, ("pairing",)),
    (parting_forgets, ("pairing",)),
    (moved_key_unseen, ("mirror",)),
    (title_of_what_is_gone, ("anew",)),
    (other_value_written, ("plan",)),
)
SEEDS = 200


@pytest.mark.parametrize(("mutant", "words"), _CAUGHT)
def test_a_broken_promise_is_found(mutant: Mutant, words: tuple[str, ...]) -> None:
    with mutant():
        for seed in range(SEEDS):
            violations = simulate(seed).violations
            if any(violation.startswith(words) for violation in violations):
                return
    pytest.fail(f"{mutant.__name__} lives after {SEEDS} seeds")
