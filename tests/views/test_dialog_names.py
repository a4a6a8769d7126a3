"""Every control of every dialog has a name for screen readers."""

import pytest
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from app.connectors.orb.action_list import ACTIONS
from app.domain.constraint import FieldRule
from app.domain.record import Side
from app.sync.workbench import Workbench
from app.views.accounts.action_dialog import ActionDialog
from app.views.commit.commit_dialog import CommitDialog
from app.views.compare.held_dialog import HeldDialog
from app.views.compare.ignore_dialog import IgnoreDialog
from app.views.compare.pair_dialog import PairDialog
from app.views.compare.rules_dialog import RulesDialog
from app.views.compare.value_dialog import ValueDialog
from app.views.connections.types_dialog import TypesDialog
from app.views.state.acting import Offer
from app.views.state.ignore_rules import RuleDraft
from app.views.state.typed_value import value_form
from app.views.tasks import TaskPool
from app.views.window.command_palette import Command, CommandPalette
from tests.views.accessible import nameless
from tests.views.front import FakeServices

PATIENCE_MS = 10_000


def show(qtbot: QtBot, dialog: QDialog) -> None:
    qtbot.addWidget(dialog)
    dialog.open()


@pytest.mark.parametrize(
    ("entity", "name"),
    [
        ("plan", "name"),
        ("plan", "description"),
        ("plan", "number"),
        ("plan", "billable"),
        ("plan", "currency"),
        ("coupon", "expires_on"),
    ],
)
def test_of_the_dialog_for_a_value(qtbot: QtBot, bench: Workbench, entity: str, name: str) -> None:
    rules = {Side.SALESFORCE: FieldRule()}
    dialog = ValueDialog(value_form(bench.mapping.entity(entity), name, rules, None))
    show(qtbot, dialog)
    assert nameless(dialog) == []


@pytest.mark.parametrize(("entity", "name"), [("plan", "name"), ("rate", "rate_per_unit")])
def test_of_the_dialogs_for_rules(
    qtbot: QtBot, pool: TaskPool, bench: Workbench, entity: str, name: str
) -> None:
    making = IgnoreDialog(bench, pool, RuleDraft("rule", entity, name, "1", "2"))
    listing = RulesDialog(bench, pool)
    for dialog in (making, listing):
        show(qtbot, dialog)
        assert nameless(dialog) == []
    qtbot.waitUntil(lambda: not pool.running, timeout=PATIENCE_MS)


def test_of_the_dialog_for_pairs(qtbot: QtBot, pool: TaskPool, bench: Workbench) -> None:
    dialog = PairDialog(bench, pool)
    show(qtbot, dialog)
    assert nameless(dialog) == []
    qtbot.waitUntil(lambda: not pool.running, timeout=PATIENCE_MS)


def test_of_the_dialogs_for_what_is_held_back_and_for_kinds(
    qtbot: QtBot, pool: TaskPool, bench: Workbench
) -> None:
    services = FakeServices().with_workspace(bench)
    for dialog in (HeldDialog(bench, pool), TypesDialog(bench, services, pool)):
        show(qtbot, dialog)
        qtbot.waitUntil(lambda: not pool.running, timeout=PATIENCE_MS)
        assert nameless(dialog) == []


def test_of_the_form_of_every_action(qtbot: QtBot, pool: TaskPool, bench: Workbench) -> None:
    for action in ACTIONS:
        dialog = ActionDialog(bench, pool, Offer(action, "1", "Customer 1"))
        show(qtbot, dialog)
        qtbot.waitUntil(lambda: not pool.running, timeout=PATIENCE_MS)
        assert nameless(dialog) == []
        dialog.close()


def test_of_the_list_of_commands(qtbot: QtBot) -> None:
    palette = CommandPalette([Command("Refresh", print)])
    show(qtbot, palette)
    assert nameless(palette) == []


def test_of_the_commit_dialog_from_plan_to_outcome(
    qtbot: QtBot, pool: TaskPool, bench: Workbench
) -> None:
    dialog = CommitDialog(bench, pool, ("sf-live",), None)
    show(qtbot, dialog)
    qtbot.waitUntil(lambda: dialog._planned is not None, timeout=PATIENCE_MS)
    assert nameless(dialog) == []
    dialog.typed.setText("sf-live")
    with qtbot.waitSignal(dialog.committed, timeout=PATIENCE_MS):
        dialog.run.click()
        assert nameless(dialog) == []
    qtbot.waitUntil(lambda: dialog.outcome.operations.rowCount() == 5, timeout=PATIENCE_MS)
    assert nameless(dialog) == []
