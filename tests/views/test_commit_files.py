"""Plans in files, approvals, problems, lists: what the commit dialog writes down."""

import csv
import getpass
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Never

import pytest
from PySide6.QtWidgets import QFileDialog, QPushButton
from pytestqt.qtbot import QtBot

from app.domain.constraint import Constraints, FieldRule
from app.domain.control import CancelToken, Report
from app.domain.plan import CommitPlan, Operation, Part, Problem, Verb
from app.domain.record import Side
from app.sync.plan_file import approve, load_plan, save_plan
from app.sync.workbench import Workbench
from app.views.commit.commit_dialog import CommitDialog, MakePlan, plan_ticked
from app.views.tasks import TaskPool
from tests.fakes import side_of
from tests.views.conftest import read

PATIENCE_MS = 10_000


def planned(
    qtbot: QtBot, pool: TaskPool, bench: Workbench, make_plan: MakePlan = plan_ticked
) -> CommitDialog:
    dialog = CommitDialog(bench, pool, (), None, make_plan=make_plan)
    qtbot.addWidget(dialog)
    dialog.open()
    qtbot.waitUntil(lambda: dialog._planned is not None, timeout=PATIENCE_MS)
    return dialog


def write(qtbot: QtBot, dialog: CommitDialog, button: QPushButton, file: Path) -> None:
    button.click()
    asked = dialog.findChildren(QFileDialog)[-1]
    asked.fileSelected.emit(str(file))
    asked.close()
    qtbot.waitUntil(lambda: dialog._task is None and bool(dialog._said.text()), timeout=PATIENCE_MS)


def rows_of(file: Path) -> list[list[str]]:
    with file.open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.reader(opened))


def test_a_plan_is_approved_saved_and_opened_by_another(
    qtbot: QtBot, pool: TaskPool, bench: Workbench, tmp_path: Path
) -> None:
    dialog, file = planned(qtbot, pool, bench), tmp_path / "plan.json"
    assert not dialog.summary.approvals.isVisible()
    dialog.approve.click()
    assert dialog.summary.approvals.text().startswith(f"Approved by {getpass.getuser()} on ")
    assert not dialog.approve.isEnabled(), "once is enough"
    write(qtbot, dialog, dialog.save, file)
    assert dialog._said.text() == "Saved: plan.json"
    assert [one.who for one in load_plan(bench, file).approvals] == [getpass.getuser()]


def test_the_plan_that_was_approved_is_the_one_that_is_committed(
    qtbot: QtBot, pool: TaskPool, bench: Workbench, tmp_path: Path
) -> None:
    file = tmp_path / "plan.json"

    def approved(bench: Workbench, cancel: CancelToken, report: Report) -> CommitPlan:
        plan = approve(plan_ticked(bench, cancel, report), "ann", "2026-11-22T07:00:00Z")
        save_plan(plan, file)
        return load_plan(bench, file)

    dialog = planned(qtbot, pool, bench, approved)
    assert dialog.summary.approvals.text().startswith("Approved by ann on ")
    with qtbot.waitSignal(dialog.committed, timeout=PATIENCE_MS) as caught:
        dialog.run.click()
    assert (caught.args or [])[0].approved_by == ("ann",)


def test_a_file_that_is_no_plan_says_so(
    qtbot: QtBot, pool: TaskPool, bench: Workbench, tmp_path: Path
) -> None:
    file = tmp_path / "plan.json"
    file.write_text("{}")
    dialog = CommitDialog(bench, pool, (), None, make_plan=lambda b, _c, _r: load_plan(b, file))
    qtbot.addWidget(dialog)
    dialog.open()
    qtbot.waitUntil(lambda: dialog._task is None, timeout=PATIENCE_MS)
    assert dialog._message._heading.text()
    assert not dialog.run.isVisible()
    assert not dialog.save.isVisible()


def test_problems_are_counted_by_severity_and_exported(
    qtbot: QtBot, pool: TaskPool, bench: Workbench, tmp_path: Path
) -> None:
    rules = Constraints({"name": FieldRule(length=5)}, not_checked=("the moon",))
    side_of(bench, Side.SALESFORCE).rules = {"plan": rules}
    read(bench)
    dialog, file = planned(qtbot, pool, bench), tmp_path / "problems.csv"
    assert dialog.summary.problem_words.text() == "1 will fail"
    write(qtbot, dialog, dialog.summary.export, file)
    rows = rows_of(file)
    assert rows[1] == ["will fail", "Plan PRO", "Name: 14 characters, the field holds 5"]
    assert ["not checked", "", "the moon"] in rows


def test_a_file_that_cannot_be_written_is_said_and_the_plan_stays(
    qtbot: QtBot, pool: TaskPool, bench: Workbench, tmp_path: Path
) -> None:
    dialog = planned(qtbot, pool, bench)
    write(qtbot, dialog, dialog.save, tmp_path / "none" / "plan.json")
    assert "cannot be written" in dialog._said.text()
    assert dialog.run.isEnabled()


@pytest.mark.parametrize("count", [1, 10_000])
def test_many_problems_are_shown_too(
    qtbot: QtBot, pool: TaskPool, bench: Workbench, count: int
) -> None:
    def many(bench: Workbench, cancel: CancelToken, report: Report) -> CommitPlan:
        problems = tuple(Problem("warning", "plan", str(n), "slow") for n in range(count))
        return replace(plan_ticked(bench, cancel, report), problems=problems)

    dialog = planned(qtbot, pool, bench, many)
    assert dialog.summary.problems.rowCount() == count


def test_the_list_of_an_outcome_is_exported(
    qtbot: QtBot, pool: TaskPool, bench: Workbench, tmp_path: Path
) -> None:
    dialog, file = planned(qtbot, pool, bench), tmp_path / "outcome.csv"
    with qtbot.waitSignal(dialog.committed, timeout=PATIENCE_MS):
        dialog.run.click()
    qtbot.waitUntil(lambda: dialog.outcome.operations.rowCount() == 5, timeout=PATIENCE_MS)
    write(qtbot, dialog, dialog.outcome.export, file)
    assert len(rows_of(file)) == 6


class Untouched(Sequence[Operation]):
    """Operations of a very large plan: whoever reads them through holds the window."""

    def __len__(self) -> int:
        return 3_000_000

    def __getitem__(self, place: object) -> Never:
        message = f"operation {place} was read"
        raise AssertionError(message)


def test_a_plan_of_millions_is_shown_from_its_tally_alone(
    qtbot: QtBot, pool: TaskPool, bench: Workbench
) -> None:
    def huge(bench: Workbench, cancel: CancelToken, report: Report) -> CommitPlan:
        tally = {Part("rate", Side.SALESFORCE, Verb.UPDATE): 3_000_000}
        plan = plan_ticked(bench, cancel, report)
        return replace(plan, operations=Untouched(), tally=tally)

    dialog = planned(qtbot, pool, bench, huge)
    assert dialog.run.text() == "Commit 3,000,000 changes"
    assert dialog.summary.counts.index(0, 3).data() == "3,000,000"
    dialog.approve.click()
    assert dialog.summary.approvals.text()
    dialog.reject()
