"""Where output goes nowhere, and words that are no text: told, or passed over; never a defect."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.settings import Connection, Workspace, save_connection, save_workspace

ROOT = Path(__file__).parents[2]


def run(home: Path, script: str, *words: str | bytes) -> subprocess.CompletedProcess[bytes]:
    """Run a shell's line in which `concord` stands for the program, with words as `"$@"`."""
    whole = f'concord() {{ "{sys.executable}" -m app "$@"; }}; {script}'
    environment = {**os.environ, "CONCORD_HOME": str(home)}
    command = ["sh", "-c", whole, "sh", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("options", ["", "--json"])
def test_a_full_disk_behind_stdout_is_told(concord_home: Path, options: str) -> None:
    done = run(concord_home, f"concord workspace list {options} > /dev/full")
    assert done.returncode == 1
    assert b"could not be written: No space left" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_as_dev_null(concord_home: Path, closed: str) -> None:
    done = run(concord_home, f"concord workspace list --json {closed}")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == b"" or json.loads(done.stdout) == {"workspaces": []}


def test_a_table_for_nobody_is_no_defect(concord_home: Path) -> None:
    for name, kind in (("billing", "aria"), ("org", "salesforce")):
        save_connection(concord_home, Connection(name, kind))
    save_workspace(concord_home, Workspace("shop", "billing", "org", "aria"))
    assert b"shop" in run(concord_home, "concord workspace list").stdout
    done = run(concord_home, "concord workspace list >&-; echo $? >&2")
    assert done.stderr == b"0\n"


def test_an_error_without_stderr_leaves_stdout_to_its_document(concord_home: Path) -> None:
    done = run(concord_home, "concord workspace show none --json 2>&-")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["kind"] == "NotFound"


def test_an_argument_that_is_no_text_is_named(concord_home: Path) -> None:
    done = run(concord_home, 'concord workspace show "$1" --json', b"\xff")
    assert done.returncode == 2
    assert "'\\udcff' is no text" in json.loads(done.stdout)["error"]["summary"]
    assert b"Traceback" not in done.stderr
