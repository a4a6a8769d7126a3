"""Runs one contender in a process of its own and tells how long it took and what it needed."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Took:
    """What a contender took: seconds by step, the peak of its memory, what it found."""

    seconds: dict[str, float]
    peak_mib: float
    found: int

    @property
    def total(self) -> float:
        """All steps together."""
        return sum(self.seconds.values())


class Stopwatch:
    """Times the steps of a contender."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def step(self, name: str) -> None:
        """End a step."""
        now = time.perf_counter()
        self.seconds[name] = round(now - self._last, 4)
        self._last = now


def run_apart(module: str, name: str, *arguments: str) -> Took:
    """Run `python MODULE NAME ARGUMENTS` and return what it printed as its last line."""
    environment = os.environ | {"PYTHONPATH": str(FOLDER.parent)}
    done = subprocess.run(  # noqa: S603 - our own benchmark
        [sys.executable, str(FOLDER / f"{module}.py"), name, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    if done.returncode:
        raise SystemExit(f"{module} {name} failed:\n{done.stderr}")
    return Took(**json.loads(done.stdout.splitlines()[-1]))


def tell(watch: Stopwatch, found: int) -> None:
    """Print what `run_apart` reads."""
    print(json.dumps({"seconds": watch.seconds, "peak_mib": round(peak_mib(), 1), "found": found}))


def peak_mib() -> float:
    """Return the peak of this process's memory; getrusage would count that of the parent too."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(row for row in status.read_text().splitlines() if row.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(contenders: dict[str, Callable[..., None]]) -> None:
    """Run the contender that the command line names."""
    contenders[sys.argv[1]](*sys.argv[2:])
