"""Nothing heavy is loaded for --help, and nothing of a network before there is a window."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = {"PySide6", "requests", "sqlite_utils", "simple_salesforce", "keyring"}
# What only a connection or a new store needs (design.md §6, Start).
LATE = {"requests", "sqlite_utils", "simple_salesforce", "keyring"}
HELP = """
import contextlib, io, sys
from app.__main__ import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main(["--help"])
"""
WINDOW = "import app.window, app.views.window.main_window, app.services"
OPENED = """
import os, pathlib
from app.credentials import Credentials
from app.services import Services
from app.settings import home
Services(home(), Credentials()).workspaces()
"""
LOADED = "\nimport sys\nprint(*{name.partition('.')[0] for name in sys.modules})"


def loaded_by(code: str) -> set[str]:
    """Return the top-level modules that a program loads, in a process of its own."""
    command = [sys.executable, "-c", code + LOADED]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def test_help_loads_nothing_heavy() -> None:
    assert loaded_by(HELP) & HEAVY == set()


def test_help_knows_each_command() -> None:
    command = [sys.executable, "-m", "app", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    for name in ("demo", "sandbox", "connect", "workspace", "refresh", "compare", "plan", "commit",
                 "resume", "history", "doctor"):  # fmt: skip
        assert f"\n    {name} " in done.stdout


def test_names_of_any_language_are_printed_whatever_the_locale(concord_home: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "CONCORD_HOME": str(concord_home)}
    code = "from app import __main__ as m; m._run = lambda *_: print('Bürgerhaus →') or 0; m.main()"
    command = [sys.executable, "-c", code, "doctor"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)
    assert done.stdout.decode() == "Bürgerhaus →\n"


@pytest.mark.parametrize("code", [WINDOW, OPENED], ids=["modules", "services"])
def test_a_window_is_there_before_anything_of_a_network_is_loaded(code: str) -> None:
    assert loaded_by(code) & LATE == set()


def test_the_sandbox_loads_nothing_of_concord_but_values() -> None:
    code = "import sys, app.sandbox.launch; app.sandbox.launch.system_names()"
    code += "; print(*(n for n in sys.modules if n.startswith('app.')))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    rooms = {name.split(".")[1] for name in done.stdout.split()}
    assert rooms <= {"sandbox", "domain", "errors"}
