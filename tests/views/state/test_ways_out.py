"""What the window says where an error names a command."""

import ast
import re
from pathlib import Path

import pytest

from app.views.state.ways_out import in_the_window

APP = Path(__file__).parents[3] / "app"
# The command line alone can do these, or says so to somebody at a terminal.
ONLY_COMMANDS = (
    "concord serve", "concord sandbox", "concord prepare --undo", "concord workspace adopt",
    "concord config export", "Use `concord connect",
)  # fmt: skip


class Sentences(ast.NodeVisitor):
    """Collects the texts of a module; a docstring is none, an f-string is one."""

    def __init__(self) -> None:
        self.found: set[str] = set()

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        parts = (v.value if isinstance(v, ast.Constant) else "x" for v in node.values)
        self.found.add("".join(str(part) for part in parts))

    def visit_Constant(self, node: ast.Constant) -> None:
        self.found.add(str(node.value))


def sentences() -> set[str]:
    visitor = Sentences()
    for file in APP.rglob("*.py"):
        if {"cli", "sandbox", "ways_out.py"}.isdisjoint(file.relative_to(APP).parts):
            visitor.visit(ast.parse(file.read_text("utf-8")))
    return visitor.found


def test_no_hint_sends_people_from_the_window_to_the_command_line() -> None:
    told = {in_the_window(words) for words in sentences()}
    named = {words for words in told if re.search(r"concord [a-z]{3}", words)}
    assert {words for words in named if not any(each in words for each in ONLY_COMMANDS)} == set()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Sign in again with `concord connect`.", "Sign in again under Connections > Edit."),
        (
            "Look at it with `concord history -w shop`, then run it again.",
            "Look at it on the page History, then run it again.",
        ),
        (
            "Sign in again: `concord connect \u2026 --browser`, or Connections > Edit.",
            "Sign in again: Connections > Edit.",
        ),
        (
            "Read it first: concord refresh -w shop --account 7",
            "Read it first: Accounts, number 7, Refresh",
        ),
        ("Add --set code=CODE.", "Fill in code."),
        ("Look at the address.", "Look at the address."),
        ("Check the setting 'core_url'.", "Check the setting \u201cCore API URL\u201d."),
        (
            "It lacks the setting 'core_url' (Core API URL), too.",
            "It lacks the setting \u201cCore API URL\u201d, too.",
        ),
        ("Look at the setting 'event_sources'.", "Look at the setting 'event_sources'."),
        ("Only `concord serve --listen` needs it.", "Only `concord serve --listen` needs it."),
    ],
)
def test_a_command_becomes_what_the_window_has_for_it(said: str, told: str) -> None:
    assert in_the_window(said) == told
