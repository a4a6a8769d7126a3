"""The floors of the house: imports point down, Qt stays in the views, names say something."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.api import read_configuration
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).parents[1]
APP = ROOT / "app"
VAGUE = re.compile(r"(^|_)(utils?|helpers?|common|misc|managers?)(_|$)")


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Yield every module of the program with its dotted name."""
    for file in sorted(APP.rglob("*.py")):
        parts = file.relative_to(ROOT).with_suffix("").parts
        yield ".".join(parts).removesuffix(".__init__"), ast.parse(file.read_bytes(), str(file))


def imported(tree: ast.Module) -> Iterator[str]:
    """Yield what a module imports, early or late."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            yield from (f"{base}.{alias.name}" for alias in node.names)


def test_imports_point_down_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    assert read_configuration("pyproject.toml")["contracts_options"]
    status = lint_imports("pyproject.toml", no_cache=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_qt_is_imported_in_the_views_alone() -> None:
    using = {
        name
        for name, tree in modules()
        if any(i.split(".")[0] == "PySide6" for i in imported(tree))
    }
    assert using
    outside = {name for name in using if not name.startswith("app.views")}
    assert outside == set()
    assert not [name for name in using if name.startswith("app.views.state")]


def test_the_sandbox_is_imported_by_nobody_but_who_starts_it() -> None:
    allowed = {"app.__main__", "app.demo"}
    using = {
        name
        for name, tree in modules()
        if not name.startswith("app.sandbox")
        and any(i.startswith("app.sandbox") for i in imported(tree))
    }
    assert using <= allowed


def test_sql_stands_in_the_store_and_the_sandbox_alone() -> None:
    using = {
        name for name, tree in modules() if any(i.startswith("sqlite3") for i in imported(tree))
    }
    assert {".".join(name.split(".")[:2]) for name in using} <= {"app.store", "app.sandbox"}


def test_no_file_has_a_name_that_says_nothing() -> None:
    folders = (APP, ROOT / "tests", ROOT / "benchmarks", ROOT / "resources")
    files = [file for folder in folders for file in folder.rglob("*.py")]
    assert [file.name for file in files if VAGUE.search(file.stem)] == []


def test_no_file_is_longer_than_five_hundred_lines() -> None:
    folders = (APP, ROOT / "tests", ROOT / "benchmarks")
    files = [file for folder in folders for file in folder.rglob("*.py")]
    long = {f.name: n for f in files if (n := f.read_bytes().count(b"\n")) > 500}
    assert long == {}
