"""Starting and ending the sandbox as a process of its own."""

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import requests

from app.sandbox.__main__ import parse
from app.sandbox.dataset import Dataset
from app.sandbox.launch import Sandbox, SandboxOptions, run, system_names

_EMPTY = Dataset(aria={}, salesforce={}, drift=())
_START = """
import sys
from pathlib import Path
from app.sandbox.dataset import Dataset
from app.sandbox.launch import SandboxOptions, run
data = Dataset(aria={}, salesforce={}, drift=())
parent = int(sys.argv[2]) if len(sys.argv) > 2 else None
ready, systems = Path(sys.argv[1]), ["salesforce"]
sys.exit(run(SandboxOptions(ready, dataset=data, systems=systems, parent_pid=parent)))
"""


def _started(ready: Path, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", _START, str(ready), *arguments]
    return subprocess.Popen(command)


def _wait_for(ready: Path, process: subprocess.Popen[bytes]) -> dict[str, Any]:
    pause = threading.Event()
    while not ready.exists():
        assert process.poll() is None, "the sandbox ended before it was ready"
        pause.wait(0.02)
    found: dict[str, Any] = json.loads(ready.read_text())
    return found


def test_a_process_serves_until_it_is_told_to_end(tmp_path: Path) -> None:
    ready = tmp_path / "run" / "ready.json"
    with _started(ready) as process:
        found = _wait_for(ready, process)
        assert found["pid"] == process.pid
        assert ready.stat().st_mode & 0o777 == 0o600
        url = found["salesforce"]["instance_url"]
        assert requests.get(f"{url}/services/data", timeout=5).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
    assert not ready.exists()


def test_a_process_ends_with_its_parent(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    with (
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as parent,
        _started(ready, str(parent.pid)) as process,
    ):
        _wait_for(ready, process)
        parent.communicate(b"\n")
        assert process.wait(10) == 0


def test_a_bad_file_of_faults_is_wrong_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    faults = tmp_path / "faults.json"
    for text, words in (('{"rules": [{"kind": "x"}]}', "bad rule 1"), ("{", "faults.json")):
        faults.write_text(text)
        assert run(SandboxOptions(faults=faults, dataset=_EMPTY, systems=[])) == 2
        assert words in capsys.readouterr().err
    assert run(SandboxOptions(faults=tmp_path / "none.json", dataset=_EMPTY, systems=[])) == 2


def test_a_size_that_is_none_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(parse(["--size", "huge"])) == 2
    assert "cannot start" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--aria-port", "99999"], "'99999' is no whole number from 0 to 65,535"),
        (["--orb-port", "web"], "'web' is no whole number"),
        (["--latency-ms", "-5"], "'-5' is no number from 0"),
        (["--latency-ms", "nan"], "'nan' is no number from 0"),
        (["--size", "0"], "'0' is no whole number from 1"),
        (["--size", "9" * 30], "is no whole number from 1"),
        (["--seed", "x"], "'x' is no whole number"),
    ],
)
def test_a_number_that_cannot_be_is_told_in_words(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        parse(words)
    assert told in capsys.readouterr().err


def test_a_file_that_cannot_be_used_is_named_without_a_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for options in (
        SandboxOptions(faults=tmp_path, dataset=_EMPTY, systems=[]),
        SandboxOptions(ready_file=tmp_path, dataset=_EMPTY, systems=[]),
    ):
        assert run(options) == 2
        assert f"cannot start: {tmp_path}: Is a directory." in capsys.readouterr().err


def test_a_taken_port_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    with Sandbox(SandboxOptions(dataset=_EMPTY, systems=[])) as sandbox:
        port = int(sandbox.ready["control_url"].rpartition(":")[2])
        assert run(SandboxOptions(dataset=_EMPTY, systems=[], ports={"control": port})) == 2
    assert "cannot start" in capsys.readouterr().err


def test_rules_of_a_file_are_in_force_from_the_start(tmp_path: Path) -> None:
    faults = tmp_path / "faults.json"
    faults.write_text('{"rules": [{"kind": "unavailable"}]}')
    options = SandboxOptions(faults=faults, dataset=_EMPTY, systems=["salesforce"])
    with Sandbox(options) as sandbox:
        url = sandbox.ready["salesforce"]["instance_url"] + "/services/data"
        assert [requests.get(url, timeout=5).status_code for _ in range(2)] == [503, 200]


def test_the_systems_are_found_by_their_folders() -> None:
    assert {"aria", "salesforce"} <= set(system_names())


def test_the_command_line_says_how_to_start() -> None:
    line = "--ready-file r.json --salesforce-port 7 --size 5000 --seed 3 --latency-ms 2.5"
    options = parse(line.split())
    assert options.ready_file == Path("r.json")
    assert options.ports["salesforce"] == 7
    assert (options.size, options.seed, options.latency_ms) == (5000, 3, 2.5)
    assert parse([]).size == "small"
    with pytest.raises(SystemExit):
        parse(["--salesforce-port", "x"])
