"""What --json prints is documented, and is all that stands on stdout."""

from argparse import _SubParsersAction
from pathlib import Path

from app.cli.parser import build_parser

ROOT = Path(__file__).parents[2]
NO_DOCUMENT = {"demo", "sandbox"}


def test_every_command_has_its_document_in_the_docs() -> None:
    (commands,) = (a for a in build_parser()._actions if isinstance(a, _SubParsersAction))
    _, _, table = (ROOT / "docs" / "cli.md").read_text("utf-8").partition("## Documents of --json")
    told = {line.split("`")[1] for line in table.splitlines() if line.startswith("| `")}
    assert commands.choices.keys() - NO_DOCUMENT == told
