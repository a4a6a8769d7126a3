"""`python -m app.sandbox`: the local servers alone."""

import argparse
import logging
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from app.sandbox.launch import SandboxOptions, run, system_names

_MOST = 1_000_000_000


def _number(least: float, most: float, *, whole: bool = True) -> Callable[[str], float]:
    """Return what reads a number in a range; what it cannot be is said in words."""

    def read(text: str) -> float:
        try:
            number = int(text) if whole else float(text)
        except ValueError:
            number = math.nan
        if not least <= number <= most:
            what = "whole number" if whole else "number"
            message = f"{text!r} is no {what} from {least:,} to {most:,}"
            raise argparse.ArgumentTypeError(message)
        return number

    return read


def _size(text: str) -> str | int:
    """Return a number of records, or a word, of which the data set says whether it is a size."""
    return int(_number(1, _MOST)(text)) if text.lstrip("-").isdecimal() else text


def parse(arguments: Sequence[str]) -> SandboxOptions:
    """Return the options that a command line asks for; wrong ones end the process with status 2."""
    parser = argparse.ArgumentParser("concord sandbox", description="Serve the sandbox systems.")
    names = [*system_names(), "control"]
    parser.add_argument("--ready-file", type=Path, help="gets addresses and credentials as JSON")
    for name in names:
        parser.add_argument(f"--{name}-port", type=_number(0, 65_535), default=0, metavar="N")
    parser.add_argument(
        "--size", type=_size, default="small", help="small, medium, large or a number of records"
    )
    parser.add_argument("--seed", type=_number(-_MOST, _MOST), default=1)
    parser.add_argument("--latency-ms", type=_number(0, 600_000, whole=False), default=0)
    parser.add_argument("--faults", type=Path, help="fault rules as JSON")
    parser.add_argument("--parent-pid", type=int, help="end when this process ends")
    found = parser.parse_args(arguments)
    return SandboxOptions(
        ready_file=found.ready_file,
        ports={name: getattr(found, f"{name}_port") for name in names},
        size=found.size,
        seed=found.seed,
        latency_ms=found.latency_ms,
        faults=found.faults,
        parent_pid=found.parent_pid,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sandbox as the arguments say, without any as those of the process do."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    return run(parse(sys.argv[1:] if arguments is None else arguments))


if __name__ == "__main__":
    sys.exit(main())
