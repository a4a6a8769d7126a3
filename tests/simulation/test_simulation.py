"""Random schedules with every trouble leave nothing lost, nothing doubled, nothing unnamed."""

import pytest

from tests.simulation.fate import WRITE_TROUBLES
from tests.simulation.world import simulate

SEEDS = 300
_AT_ONCE = 20
_TROUBLES = {
    *WRITE_TROUBLES,
    *("kill", "cancel", "row", "SQLITE_FULL", "SQLITE_BUSY", "SQLITE_IOERR_WRITE"),
    *("ConnectionFailed", "LimitReached", "NotSignedIn"),
}


@pytest.mark.parametrize("first", range(0, SEEDS, _AT_ONCE))
def test_whatever_goes_wrong_nobody_loses_anything(first: int) -> None:
    for seed in range(first, first + _AT_ONCE):
        violations = simulate(seed).violations
        assert not violations, (
            f"seed {seed}: {violations[0]}\n"
            f"replay it with: python -m tests.simulation --seed {seed} --verbose"
        )


def test_a_seed_is_one_schedule() -> None:
    assert simulate(11).trace == simulate(11).trace


def test_every_trouble_strikes_within_the_seeds_of_the_suite() -> None:
    struck: set[str] = set()
    for seed in range(SEEDS):
        struck |= simulate(seed).struck.keys()
        if struck >= _TROUBLES:
            return
    pytest.fail(f"these never struck: {sorted(_TROUBLES - struck)}")
