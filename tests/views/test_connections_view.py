"""Connections: list, check, forms."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.settings import Connection, Workspace
from app.views.connections.connection_form import ConnectionForm, FilledForm, WorkspaceForm
from app.views.connections.connections_view import ConnectionsView
from app.views.tasks import TaskPool
from tests.views.front import ARIA, BOTH, FakeServices


def shown(qtbot: QtBot, pool: TaskPool, services: FakeServices) -> ConnectionsView:
    view = ConnectionsView(services, pool)
    qtbot.addWidget(view)
    with qtbot.waitSignal(view.changed, timeout=5000):
        view.reload()
    return view


def services_with_both() -> FakeServices:
    return FakeServices(known={each.name: each for each in BOTH})


def test_connections_are_listed_with_address_and_place_of_secrets(
    qtbot: QtBot, pool: TaskPool
) -> None:
    view = shown(qtbot, pool, services_with_both())
    assert view.rows.index(0, 2).data() == "https://aria.example"
    assert view._place.text() == "The secrets of aria-test are in the keyring."
    assert view._step.text().startswith("Step 3")


def test_a_check_that_is_pressed_twice_pushes_no_other_button(qtbot: QtBot, pool: TaskPool) -> None:
    view = shown(qtbot, pool, services_with_both())
    view.show()
    view.activateWindow()
    view.check.setFocus()
    qtbot.waitUntil(view.check.hasFocus, timeout=5000)
    QTest.keyClick(view.check, Qt.Key.Key_Space)
    assert view.focusWidget() is view.table
    qtbot.waitUntil(lambda: view._found.text() == "Works", timeout=5000)


def test_the_next_step_holds_no_window_wide(qtbot: QtBot, pool: TaskPool) -> None:
    view = shown(qtbot, pool, FakeServices())
    step = view._step
    assert step.text().startswith("Step 1")
    in_one_line = step.fontMetrics().horizontalAdvance(step.text())
    assert step.minimumSizeHint().width() < in_one_line * 2 // 3


def test_a_check_tells_who_we_are(qtbot: QtBot, pool: TaskPool) -> None:
    view = shown(qtbot, pool, services_with_both())
    view.check.click()
    qtbot.waitUntil(lambda: view._found.text() == "Works", timeout=5000)
    assert view._health.rowCount() == 3


def test_a_check_that_fails_says_what_to_do(qtbot: QtBot, pool: TaskPool) -> None:
    services = services_with_both()
    services.broken = True
    view = shown(qtbot, pool, services)
    view.check.click()
    qtbot.waitUntil(lambda: view._found.text() == "Does not work", timeout=5000)
    assert view._missing.text() == "Nobody answers.\nLook at the address."
    qtbot.waitUntil(view.check.isEnabled, timeout=5000)


def test_the_form_gives_a_connection_and_its_secrets(qtbot: QtBot) -> None:
    form = ConnectionForm(ARIA, None, ["taken"])
    qtbot.addWidget(form)
    filled: list[FilledForm] = []
    form.filled.connect(filled.append)
    assert not form.save.isEnabled()
    QTest.keyClicks(form.name, "mine")
    QTest.keyClicks(form.inputs["core_url"], "https://aria.example")
    QTest.keyClicks(form.inputs["auth_key"], "s3cret")
    form.production.setChecked(True)
    form.save.click()
    settings = {"core_url": "https://aria.example"}
    assert filled[0].connection == Connection("mine", "aria", settings, True, ("auth_key",))  # noqa: FBT003
    assert filled[0].secrets == {"auth_key": "s3cret"}
    assert "s3cret" not in repr(filled[0])


def test_a_changed_connection_keeps_its_name_and_an_empty_secret_is_not_saved(
    qtbot: QtBot,
) -> None:
    form = ConnectionForm(ARIA, BOTH[0], [])
    qtbot.addWidget(form)
    filled: list[FilledForm] = []
    form.filled.connect(filled.append)
    assert not form.name.isEnabled()
    form.save.click()
    assert filled[0].secrets == {}
    assert filled[0].connection.name == "aria-test"


def test_a_saved_connection_appears_in_the_list(qtbot: QtBot, pool: TaskPool) -> None:
    services = FakeServices()
    view = shown(qtbot, pool, services)
    assert view._pages.currentIndex() == 0
    with qtbot.waitSignal(view.changed, timeout=5000):
        view._on_filled(FilledForm(BOTH[0], {"auth_key": "x"}))
    assert view.rows.rowCount() == 1
    assert services.secrets == {"aria-test": {"auth_key": "x"}}


def test_a_used_connection_is_not_deleted_and_the_window_is_told(
    qtbot: QtBot, pool: TaskPool
) -> None:
    services = services_with_both()
    services.made["w"] = Workspace("w", "aria-test", "sf-test", "")
    view = shown(qtbot, pool, services)
    with qtbot.waitSignal(view.failed, timeout=5000) as caught:
        view._on_delete_sure()
    assert str(caught.args[0]).startswith("A workspace uses it.")


def test_a_workspace_is_made_of_two_connections(qtbot: QtBot, pool: TaskPool) -> None:
    services = services_with_both()
    view = shown(qtbot, pool, services)
    form = WorkspaceForm(("aria-test",), ("sf-test",), {}, ())
    qtbot.addWidget(form)
    form.filled.connect(view._on_workspace)
    QTest.keyClicks(form.name, "main")
    with qtbot.waitSignal(view.workspace_made, timeout=5000) as caught:
        form.save.click()
    assert caught.args == ["main"]
    assert services.made["main"] == Workspace("main", "aria-test", "sf-test", "")


@pytest.mark.parametrize(
    ("name", "words"),
    [("Orb shop", "a-z, 0-9"), ("", "a-z, 0-9"), ("shop", "workspace shop already"), ("shop2", "")],
)
def test_the_form_of_a_workspace_says_what_speaks_against_its_name(
    qtbot: QtBot, name: str, words: str
) -> None:
    form = WorkspaceForm(("aria-test",), ("sf-test",), {}, ("shop",))
    qtbot.addWidget(form)
    QTest.keyClicks(form.name, name)
    assert words in form.problem
    assert form.save.isEnabled() == (not words)


def test_a_workspace_gets_the_mapping_that_is_chosen(qtbot: QtBot, pool: TaskPool) -> None:
    view = shown(qtbot, pool, services_with_both())
    view.new_workspace.click()
    form = view.findChild(WorkspaceForm)
    assert form is not None
    labels = [form.mapping.itemText(place) for place in range(form.mapping.count())]
    assert labels[0] == "The Aria catalog in Salesforce (aria_catalog)"
    assert "Aria in Salesforce, all of it (aria)" in labels
    form.mapping.setCurrentIndex(form.mapping.findData("aria"))
    QTest.keyClicks(form.name, "main")
    with qtbot.waitSignal(form.filled, timeout=5000) as caught:
        form.save.click()
    assert caught.args == [Workspace("main", "aria-test", "sf-test", "aria")]


def test_the_first_missing_connection_is_asked_for(qtbot: QtBot, pool: TaskPool) -> None:
    view = shown(qtbot, pool, FakeServices(known={"aria-test": BOTH[0]}))
    view.add_first()
    form = view.findChild(ConnectionForm)
    assert form is not None
    assert "Salesforce" in form.windowTitle()
    form.reject()
