"""`python3 dev.py bench [NAME …] [--count N]`: measure the claims, print them as a table."""

import argparse
import importlib
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent))
sys.path.insert(0, str(FOLDER))

NAMES = (
    "ingest",
    "compare",
    "refresh",
    "orb_account",
    "orb_first_load",
    "aria_transactions",
    "posted",
    "window",
    "salesforce_bulk",
    "salesforce_read",
    "salesforce_cancel",
    "engine_undo",
    "engine_memory",
    "engine_calls",
)
COUNT = 1_000_000


def main() -> int:
    """Run the benchmarks named (none: all); exit status 1 if a claim is not met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *NAMES], metavar="NAME")
    parser.add_argument("--count", type=int, default=COUNT, help="pairs to compare")
    options = parser.parse_args()
    claims = []
    for name in options.names or NAMES:
        print(f"{name}:", flush=True)
        claims += importlib.import_module(name).run(options.count)
    print("\n| claim | measured | target | met |\n| --- | --- | --- | --- |")
    for claim in claims:
        print(claim.row)
    return 0 if all(claim.is_met for claim in claims) else 1


if __name__ == "__main__":
    sys.exit(main())
