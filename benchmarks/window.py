"""The window: first paint from the start of the process, and the longest block of its thread."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent))

from claims import Claim

from app.connectors.spec import variable
from app.credentials import Credentials
from app.demo import prepare_demo, sandbox_process
from app.domain.control import CancelToken, no_report
from app.services import Services

_ROUNDS = 3
DRIVER = Path(__file__).parent / "window_driver.py"


def run(_count: int) -> list[Claim]:
    """Return first paint and longest blocks, the median of some rounds: the machine is shared."""
    rounds = []
    for _ in range(_ROUNDS):
        told = _round()
        print("  " + ", ".join(f"{name} {value:.3g}" for name, value in told.items()), flush=True)
        rounds.append(told)
    usual = {name: median(told[name] for told in rounds) for name in rounds[0]}
    beside = usual["frame_beside_ms"]
    blocks = (
        Claim(f"longest block in {stage}, ms", usual[f"block_{stage}_ms"], 50, at_most=True)
        for stage in ("refresh", "plan", "commit")
    )
    return [
        Claim("first paint after the start, seconds", usual["first_paint_s"], 1, at_most=True),
        *blocks,
        Claim("a frame of both trees beside a worker that computes, ms", beside, 33, at_most=True),
        Claim("the same with nothing beside it, ms", usual["frame_ms"], None),
    ]


def _round() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as home, sandbox_process() as (ready_file, ready):
        credentials = Credentials()
        services = Services(Path(home), credentials)
        prepare_demo(services, ready_file, ready["control_url"], CancelToken(), no_report)
        environment = os.environ | {"PYTHONPATH": str(DRIVER.parents[1])}
        for connection in services.connections():
            for name in connection.secrets:
                secret = credentials.get(connection.name, name)
                if secret is not None:
                    environment[variable(connection.name, name)] = secret.reveal()
        done = subprocess.run(  # noqa: S603 - our own benchmark
            [sys.executable, str(DRIVER), home, str(time.time())],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode or not done.stdout.strip():
            raise SystemExit(f"the window failed:\n{done.stderr}")
        told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return told
