"""The tests that the feature tables name are there, so that no row outlives its proof."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
_NAMED = re.compile(r"`(?=[\w:])((?:\w+/)*test_\w+\.py)?(?:::(test_\w+))?`")


def missing(page: str) -> list[str]:
    """Return what a page names that is not there; a name without a file is of the one before."""
    files = {path.as_posix(): path.read_text("utf-8") for path in ROOT.glob("tests/**/test_*.py")}
    text, found = "", []
    for file, name in _NAMED.findall(page):
        if file:
            text = "".join(body for path, body in files.items() if path.endswith(f"/{file}"))
        if not text or (name and f"def {name}(" not in text):
            found.append(f"{file}::{name}")
    return found


@pytest.mark.parametrize("page", ["aria.md", "orb.md"])
def test_every_test_that_a_feature_table_names_is_there(page: str) -> None:
    text = (ROOT / "docs" / page).read_text("utf-8")
    assert len(_NAMED.findall(text)) > 20
    assert missing(text) == []


def test_a_test_that_is_gone_is_noticed() -> None:
    assert missing("`test_feature_tables.py::test_nothing` `test_nowhere.py`") == [
        "test_feature_tables.py::test_nothing",
        "test_nowhere.py::",
    ]
