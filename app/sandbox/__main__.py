"""`python -m app.sandbox`: the local servers alone."""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from app.sandbox.launch import SandboxOptions, run, system_names


def parse(arguments: Sequence[str]) -> SandboxOptions:
    """Return the options that a command line asks for; wrong ones end the process with status 2."""
    parser = argparse.ArgumentParser("concord sandbox", description="Serve the sandbox systems.")
    names = [*system_names(), "control"]
    parser.add_argument("--ready-file", type=Path, help="gets addresses and credentials as JSON")
    for name in names:
        parser.add_argument(f"--{name}-port", type=int, default=0, metavar="N")
    parser.add_argument(
        "--size", default="small", help="small, medium, large or a number of records"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--faults", type=Path, help="fault rules as JSON")
    parser.add_argument("--parent-pid", type=int, help="end when this process ends")
    found = parser.parse_args(arguments)
    return SandboxOptions(
        ready_file=found.ready_file,
        ports={name: getattr(found, f"{name}_port") for name in names},
        size=int(found.size) if found.size.isdecimal() else found.size,
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
