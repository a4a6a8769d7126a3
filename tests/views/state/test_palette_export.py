"""Commands by a few letters; files that the window writes; limits in the status line."""

import csv
from pathlib import Path

import pytest

from app.connectors.protocol import Quota, Resource
from app.domain.control import CancelToken, no_report
from app.domain.record import Side
from app.errors import Cancelled, WrongUse
from app.sync.workbench import Workbench
from app.views.state.export import Format, export, export_lines
from app.views.state.palette import search
from app.views.state.progress import left_text, quota_lines

NAMES = ("Refresh both sides", "Refresh billing only", "Next difference", "Go to the history")


@pytest.mark.parametrize(
    ("wanted", "first"),
    [("rbo", 1), ("ndi", 2), ("his", 3), ("REFRESH", 0), ("go hist", 3), ("diff", 2)],
)
def test_a_few_letters_find_a_command(wanted: str, first: int) -> None:
    assert search(wanted, NAMES)[0].place == first


def test_nothing_typed_lists_everything_and_nonsense_nothing() -> None:
    assert [found.place for found in search("", NAMES)] == [0, 1, 2, 3]
    assert search("xyz", NAMES) == ()


def test_the_comparison_is_exported_for_a_spreadsheet(bench: Workbench, tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    export(bench, Format.CSV, file, CancelToken(), no_report)
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert {row["key"] for row in rows} >= {"PRO", "NEW", "STALE"}


def test_the_comparison_is_exported_as_one_page(bench: Workbench, tmp_path: Path) -> None:
    file = tmp_path / "out.html"
    export(bench, Format.HTML, file, CancelToken(), no_report)
    page = file.read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert "Voice Pro 2026" in page


def test_an_export_that_is_stopped_leaves_no_half_file(bench: Workbench, tmp_path: Path) -> None:
    token = CancelToken()
    token.cancel()
    before = set(tmp_path.iterdir())
    with pytest.raises(Cancelled):
        export(bench, Format.CSV, tmp_path / "out.csv", token, no_report)
    assert set(tmp_path.iterdir()) == before


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="cannot be written"):
        export_lines(tmp_path / "none" / "out.csv", ("what",), [("this",)])


def test_no_cell_is_taken_for_a_formula(tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    export_lines(file, ("what",), [("=1+1",)])
    assert "'=1+1" in file.read_text("utf-8-sig")


def test_the_calls_that_are_left_are_told_as_far_as_they_are_known() -> None:
    calls = Quota("Daily calls", 900, 1000, Resource.CALLS)
    quotas = {Side.BILLING: (), Side.SALESFORCE: (Quota("Storage", 1, 2), calls)}
    assert left_text(quotas) == "Salesforce: 900 of 1,000 left"
    assert "Salesforce, Storage: 1 of 2 left" in quota_lines(quotas)
    assert "No limit told: billing" in quota_lines(quotas)
