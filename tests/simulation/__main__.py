"""`python -m tests.simulation --seeds 10000 [--billing orb] [--jobs 2]`; `--seed N --verbose`."""

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import count, islice

from app.domain.record import Side
from tests.simulation.server import ARIA, ORB
from tests.simulation.world import Run, simulate, world

_SEEDS_AT_ONCE = 16


def main() -> int:
    """Run seeds; print those that fail, and how often each trouble struck; 1 if any failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=300, help="how many")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first of them")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--seed", type=int, help="only this one")
    kinds = [each.name for each in (ARIA, ORB)]
    parser.add_argument("--billing", choices=kinds, default="", help="only where it is like this")
    parser.add_argument("--verbose", action="store_true", help="print the schedule")
    options = parser.parse_args()
    seeds = [options.seed]
    if options.seed is None:
        seeds = list(islice(_drawn(options.first, options.billing), options.seeds))
    started = time.monotonic()
    failed = _report(_runs(seeds, options.jobs), verbose=options.verbose)
    say(f"{len(seeds)} seeds in {time.monotonic() - started:.0f} s, {failed} failed")
    return 1 if failed else 0


def say(words: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def _drawn(first: int, billing: str) -> Iterator[int]:
    """Yield the seeds from one on whose billing side has the ways of a system; "": all of them."""
    for seed in count(first):
        if billing:
            with world(seed) as drawn:
                if drawn.servers[Side.BILLING].semantics.name != billing:
                    continue
        yield seed


def _runs(seeds: list[int], jobs: int) -> Iterator[Run]:
    if jobs == 1:
        yield from map(simulate, seeds)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(simulate, seeds, _SEEDS_AT_ONCE)


def _report(runs: Iterable[Run], *, verbose: bool) -> int:
    failed = written = in_window = 0
    struck: Counter[str] = Counter()
    schedules = sha256()
    for run in runs:
        written += run.written
        in_window += run.in_window
        struck.update(run.struck)
        schedules.update("\n".join(run.trace).encode())
        if verbose:
            say("\n".join(run.trace))
        if run.violations:
            failed += 1
            say(f"seed {run.seed} failed:")
            for words in run.violations:
                say(f"  {words}")
    troubles = ", ".join(f"{count} {name}" for name, count in sorted(struck.items()))
    say(f"{written} writes; troubles: {troubles}")
    say(f"{in_window} values written between the last look and the write (see docs/proof.md)")
    say(f"schedules {schedules.hexdigest()[:16]}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
