"""The floors of the house: imports point down, Qt stays in the views, names say something."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
APP = ROOT / "app"
VAGUE = re.compile(r"(^|_)(utils?|helpers?|common|misc|managers?)(_|$)")


@cache
def imports() -> dict[str, set[str]]:
    """Return what every module of the program imports, by its dotted name."""
    found = {}
    for file in sorted(APP.rglob("*.py")):
        name = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        found[name] = set(imported(ast.parse(file.read_bytes(), str(file))))
    return found


def imported(tree: ast.Module) -> Iterator[str]:
    """Yield what a module imports, early or late."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            yield from (f"{base}.{alias.name}" for alias in node.names)


def test_imports_point_down_only() -> None:
    # In a process of its own: the linter disables the loggers of the one that it runs in.
    code = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def importers(package: str) -> set[str]:
    """Return the modules that import a package or something in it."""
    return {
        name
        for name, found in imports().items()
        if any(f"{one}.".startswith(f"{package}.") for one in found)
    }


def test_qt_is_imported_in_the_views_alone() -> None:
    using = importers("PySide6")
    assert using
    assert {name for name in using if not name.startswith("app.views")} == set()
    assert {name for name in using if name.startswith("app.views.state")} == set()


def test_the_sandbox_is_imported_by_nobody_but_who_starts_it() -> None:
    using = {name for name in importers("app.sandbox") if not name.startswith("app.sandbox")}
    assert using <= {"app.__main__", "app.demo"}


def test_sql_stands_in_the_store_and_the_sandbox_alone() -> None:
    using = {".".join(name.split(".")[:2]) for name in importers("sqlite3")}
    assert using <= {"app.store", "app.sandbox"}


def test_no_file_has_a_name_that_says_nothing() -> None:
    folders = (APP, ROOT / "tests", ROOT / "benchmarks", ROOT / "resources")
    files = [file for folder in folders for file in folder.rglob("*.py")]
    assert [file.name for file in files if VAGUE.search(file.stem)] == []


def test_no_file_is_longer_than_five_hundred_lines() -> None:
    folders = (APP, ROOT / "tests", ROOT / "benchmarks")
    files = [file for folder in folders for file in folder.rglob("*.py")]
    long = {f.name: n for f in files if (n := f.read_bytes().count(b"\n")) > 500}
    assert long == {}
