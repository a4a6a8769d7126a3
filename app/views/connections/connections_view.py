"""The connections: a list, and beside it the chosen one with its check."""

import webbrowser
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from PySide6.QtCore import QModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QMenu,
    QMessageBox,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.connectors.protocol import Health
from app.connectors.spec import ConnectorSpec, Given
from app.domain.control import CancelToken, Report
from app.domain.record import Side
from app.errors import WrongUse
from app.settings import Connection, Workspace, shipped_mappings
from app.views.connections.connection_form import ConnectionForm, FilledForm, WorkspaceForm
from app.views.connections.offers_dialog import OffersDialog
from app.views.models.rows import Column, Line, Rows
from app.views.services import Services
from app.views.state.connections import (
    address,
    candidates,
    health_view,
    kind_label,
    next_step,
    prepared_by,
    shipped_choices,
)
from app.views.state.difference import Tone
from app.views.state.language import tr
from app.views.state.offers import mapping_choices
from app.views.state.progress import notice
from app.views.tasks import Task, TaskPool
from app.views.widgets.flow import FlowLayout
from app.views.widgets.labels import label, push_button
from app.views.widgets.looks import colours_of
from app.views.widgets.message_page import MessagePage
from app.views.widgets.row_table import RowTable

_LEAST_WIDTH = 300


@dataclass(frozen=True, slots=True)
class Inventory:
    """All that is set up, as a worker read it."""

    connections: Sequence[Connection]
    workspaces: Sequence[Workspace]
    specs: Sequence[ConnectorSpec]
    places: Mapping[str, str]
    mappings: Mapping[str, str] = field(default_factory=dict)


def read_inventory(services: Services) -> Inventory:
    """Read what is set up; for a worker, since the keyring may take its time."""
    connections = services.connections()
    return Inventory(
        connections,
        services.workspaces(),
        services.kinds(),
        {each.name: services.secrets_place(each) for each in connections},
        shipped_mappings(),
    )


def signed_in(
    spec: ConnectorSpec, form: FilledForm, cancel: CancelToken, report: Report
) -> tuple[Connection, Mapping[str, str]]:
    """Sign in with the browser; return what to save, which is what was typed and what it gave.

    For a worker. A secret that was saved earlier is not read: it has to be typed again.
    """
    if spec.sign_in is None:
        raise WrongUse(f"{spec.label} has no sign-in with the browser.")
    typed = form.connection
    given = Given(typed.name, spec, typed.settings, form.secrets.get)
    signed = spec.sign_in(given, open_browser, cancel, report)
    connection = replace(typed, settings={**typed.settings, **signed.settings})
    return connection, {**form.secrets, **signed.secrets}


def open_browser(url: str) -> bool:
    """Open the user's browser.

    Raises:
        WrongUse: There is none.
    """
    try:
        shown = webbrowser.open(url)
    except webbrowser.Error:
        shown = False
    if not shown:
        raise WrongUse(
            "No browser could be opened on this machine.",
            "Use `concord connect … --browser`: it prints the address.",
        )
    return shown


class ConnectionsView(QWidget):
    """Shows and changes connections, and makes workspaces of them.

    Signals:
        changed: An `Inventory`, whenever it was read anew.
        workspace_made: The new workspace's name.
        prepare_wanted: The name of a workspace whose Salesforce is to be prepared.
        failed: An exception, for the window's notice.
    """

    changed = Signal(object)
    workspace_made = Signal(str)
    prepare_wanted = Signal(str)
    failed = Signal(object)

    def __init__(self, services: Services, pool: TaskPool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services, self._pool = services, pool
        self._inventory = Inventory((), (), (), {})
        self._checking: Task | None = None
        self._checked: str = ""
        self.rows = Rows(
            [Column(tr("Name")), Column(tr("Kind")), Column(tr("Address")), Column("")], self
        )
        self.table = RowTable(self.rows, tr("Connections"), (190, 160, 0, 110))
        self.add = push_button(tr("Add connection"), "", "plus")
        self.new_workspace = push_button(tr("New workspace"), "", "link")
        self.catalogs = push_button(tr("Compare catalogs\u2026"), "", "compare")
        self.check = push_button(tr("Check"), "primary", "check")
        self.prepare = push_button(tr("Prepare\u2026"), "", "play")
        self.prepare.setToolTip(tr("Make the objects, fields and reports that are lacking there"))
        self.edit = push_button(tr("Edit"), "", "edit")
        self.delete = push_button(tr("Delete"), "", "delete")
        self._step = label("", "muted", wrap=True)
        self._detail, self._pages, self._empty = QFrame(), QStackedWidget(), MessagePage()
        self._scroll = QScrollArea()
        self._lay_out()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(16, 12, 16, 12)
        head.setSpacing(8)
        head.addWidget(label(tr("Connections"), "heading"))
        head.addSpacing(16)
        head.addWidget(self._step, 1)
        for button in (self.catalogs, self.new_workspace):
            head.addWidget(button)
        head.addWidget(self.add)
        layout.addLayout(head)
        body = QWidget()
        row = QHBoxLayout(body)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.table, 3)
        # What a check tells may be long: it scrolls, and the window stays as high as it was.
        self._scroll.setWidget(self._detail)
        self._scroll.setWidgetResizable(True)
        self._scroll.setMinimumWidth(_LEAST_WIDTH)
        self._scroll.setAccessibleName(tr("The chosen connection"))
        row.addWidget(self._scroll, 2)
        self._pages.addWidget(self._empty)
        self._pages.addWidget(body)
        layout.addWidget(self._pages, 1)
        self._lay_out_detail()
        self.table.selectionModel().currentRowChanged.connect(self._on_current)
        self.new_workspace.clicked.connect(self._on_new_workspace)
        self.catalogs.clicked.connect(self.compare_catalogs)
        self.check.clicked.connect(self._on_check)
        self.prepare.clicked.connect(self._on_prepare)
        self.edit.clicked.connect(self._on_edit)
        self.delete.clicked.connect(self._on_delete)

    def _lay_out_detail(self) -> None:
        self._detail.setObjectName("side")
        layout = QVBoxLayout(self._detail)
        layout.setContentsMargins(24, 16, 24, 16)
        layout.setSpacing(8)
        self._name, self._kind = label("", "heading"), label("", "muted")
        self._place = label("", "", wrap=True)
        self._found = label("", "section", wrap=True)
        self._missing = label("", "error", wrap=True)
        self._health = QFormLayout()
        self._health.setHorizontalSpacing(16)
        self._health.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        buttons = FlowLayout(gap=8)
        for button in (self.check, self.prepare, self.edit, self.delete):
            buttons.addWidget(button)
        for widget in (self._name, self._kind, self._place):
            layout.addWidget(widget)
        layout.addSpacing(8)
        layout.addLayout(buttons)
        layout.addSpacing(8)
        layout.addWidget(self._found)
        layout.addLayout(self._health)
        layout.addWidget(self._missing)
        layout.addStretch(1)

    def reload(self) -> None:
        """Read everything anew."""
        services = self._services
        self._run(lambda: read_inventory(services), self.show_inventory)

    def _run(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        task = self._pool.start(lambda _cancel, _report: work())
        task.succeeded.connect(done)
        task.failed.connect(self.failed)

    @property
    def current(self) -> Connection | None:
        """The connection that is chosen."""
        row = self.table.currentIndex().row()
        known = self._inventory.connections
        return known[row] if 0 <= row < len(known) else None

    @Slot(object)
    def show_inventory(self, inventory: Inventory) -> None:
        """Show what is set up."""
        name = self.current.name if self.current else ""
        self._inventory = inventory
        orange = colours_of(self.palette()).tones[Tone.BILLING].front
        self.rows.show([self._line(each, orange) for each in inventory.connections])
        names = [each.name for each in inventory.connections]
        if names:
            self.table.selectRow(names.index(name) if name in names else 0)
        self._pages.setCurrentIndex(int(bool(names)))
        step = next_step(inventory.connections, inventory.specs, len(inventory.workspaces))
        self._step.setText(step)
        self._empty.tell(
            "connections",
            tr("No connection yet"),
            tr("Add one to your billing system and one to Salesforce."),
        )
        sides = self._sides()
        self.new_workspace.setEnabled(all(sides))
        enough = len(sides[0]) > 1
        self.catalogs.setEnabled(enough)
        what = tr("Plans and prices of two billing systems side by side; nothing is written")
        self.catalogs.setToolTip(what if enough else tr("This takes two billing connections"))
        self._fill_menu()
        self._show_current()
        self.changed.emit(inventory)

    def _line(self, each: Connection, orange: str) -> Line:
        mark = tr("production") if each.production else ""
        kind = kind_label(each.kind, self._inventory.specs)
        colour = orange if each.production else ""
        return Line((each.name, kind, address(each), mark), each.name, colour, each.production)

    def _sides(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        known, specs = self._inventory.connections, self._inventory.specs
        return candidates(known, specs, Side.BILLING), candidates(known, specs, Side.SALESFORCE)

    def _fill_menu(self) -> None:
        menu = QMenu(self)
        for spec in self._inventory.specs:
            action = menu.addAction(spec.label)
            action.setData(spec.kind)
            action.triggered.connect(self._on_add)
        self.add.setMenu(menu)

    def add_first(self) -> None:
        """Open the form for the next connection that a first workspace needs."""
        billing, salesforce = self._sides()
        if billing and salesforce:
            self._on_new_workspace()
            return
        side = Side.SALESFORCE if billing else Side.BILLING
        spec = next((each for each in self._inventory.specs if each.side is side), None)
        if spec is not None:
            self._open_form(spec, None)

    @Slot()
    def _on_add(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self._open_form(self._spec(str(action.data())), None)

    @Slot()
    def _on_edit(self) -> None:
        connection = self.current
        if connection is not None:
            self._open_form(self._spec(connection.kind), connection)

    def _spec(self, kind: str) -> ConnectorSpec:
        return next(spec for spec in self._inventory.specs if spec.kind == kind)

    def _open_form(self, spec: ConnectorSpec, connection: Connection | None) -> None:
        taken = [each.name for each in self._inventory.connections if each is not connection]
        form = ConnectionForm(spec, connection, taken, self)
        form.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        form.filled.connect(self._on_filled)
        form.browser_wanted.connect(self._on_browser_wanted)
        form.open()

    @Slot(object)
    def _on_browser_wanted(self, filled: FilledForm) -> None:
        form, services = self.sender(), self._services
        spec = self._spec(filled.connection.kind)
        if not isinstance(form, ConnectionForm):
            return

        def work(cancel: CancelToken, report: Report) -> Inventory:
            connection, secrets = signed_in(spec, filled, cancel, report)
            services.save_connection(connection, secrets)
            return read_inventory(services)

        title = tr("Signing in to {name}").format(name=filled.connection.name)
        task = self._pool.start(work, title=title)
        task.succeeded.connect(self.show_inventory)
        task.succeeded.connect(form.accept)
        task.failed.connect(form.on_sign_in_failed)
        task.cancelled.connect(form.on_sign_in_stopped)
        form.rejected.connect(task.cancel)

    @Slot(object)
    def _on_filled(self, form: FilledForm) -> None:
        services = self._services

        def save() -> Inventory:
            services.save_connection(form.connection, form.secrets)
            return read_inventory(services)

        self._run(save, self.show_inventory)

    @Slot()
    def _on_delete(self) -> None:
        connection = self.current
        if connection is None:
            return
        text = tr("Forget the connection {name} and its secrets?").format(name=connection.name)
        box = QMessageBox(QMessageBox.Icon.Question, tr("Delete"), text, parent=self)
        yes = box.addButton(tr("Delete"), QMessageBox.ButtonRole.AcceptRole)
        keep = box.addButton(tr("Keep"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(keep)  # Enter by mistake must not forget a secret
        yes.clicked.connect(self._on_delete_sure)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    @Slot()
    def _on_delete_sure(self) -> None:
        services, connection = self._services, self.current
        if connection is None:
            return
        name = connection.name

        def delete() -> Inventory:
            services.delete_connection(name)
            return read_inventory(services)

        self._run(delete, self.show_inventory)

    @Slot()
    def _on_new_workspace(self) -> None:
        known, (billing, salesforce) = self._inventory, self._sides()
        choices = {
            each.name: shipped_choices(self._spec(each.kind), known.mappings)
            for each in known.connections
            if each.name in billing
        }
        taken = [each.name for each in known.workspaces]
        form = WorkspaceForm(billing, salesforce, choices, taken, self)
        form.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        form.filled.connect(self._on_workspace)
        form.open()

    @Slot()
    def compare_catalogs(self) -> None:
        """Lay what two billing systems sell side by side; nothing is written."""
        known = self._inventory
        names = self._sides()[0]
        sellers = [
            (each, mapping_choices(each, known.specs, known.workspaces))
            for each in known.connections
            if each.name in names
        ]
        if sellers:
            dialog = OffersDialog(sellers, self._services, self._pool, self.window())
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.open()

    @Slot(object)
    def _on_workspace(self, workspace: Workspace) -> None:
        services = self._services
        self._run(lambda: services.create_workspace(workspace).name, self._on_workspace_made)

    @Slot(object)
    def _on_workspace_made(self, name: str) -> None:
        self.reload()
        self.workspace_made.emit(name)

    @Slot(QModelIndex)
    def _on_current(self, _index: QModelIndex) -> None:
        self._show_current()

    def _show_current(self) -> None:
        connection = self.current
        self._scroll.setVisible(connection is not None)
        if connection is None:
            return
        self._name.setText(connection.name)
        mark = tr(" \u00b7 production") if connection.production else ""
        self._kind.setText(kind_label(connection.kind, self._inventory.specs) + mark)
        self._place.setText(self._inventory.places.get(connection.name, ""))
        self.prepare.setVisible(bool(prepared_by(connection, self._inventory.workspaces)))
        if connection.name != self._checked:
            self._show_health("", (), ())

    @Slot()
    def _on_prepare(self) -> None:
        name = prepared_by(self.current, self._inventory.workspaces)
        if name:
            self.prepare_wanted.emit(name)

    @Slot()
    def _on_check(self) -> None:
        connection, services = self.current, self._services
        if connection is None or self._checking is not None:
            return
        name = self._checked = connection.name

        def work(cancel: CancelToken, _report: Report) -> Health:
            return services.check_connection(name, cancel)

        self._show_health(tr("Checking\u2026"), (), ())
        if self.check.hasFocus():
            # Else Qt moves on to the next button, which a second press of Space would push.
            self.table.setFocus()
        self.check.setEnabled(False)
        title = tr("Checking {name}").format(name=name)
        self._checking = self._pool.start(work, title=title)
        self._checking.succeeded.connect(self._on_health)
        self._checking.failed.connect(self._on_check_failed)
        self._checking.finished.connect(self._on_checked)

    @Slot()
    def _on_checked(self) -> None:
        self._checking = None
        self.check.setEnabled(True)

    @Slot(object)
    def _on_health(self, health: Health) -> None:
        view = health_view(health)
        self._show_health(view.headline, view.lines, view.missing)

    @Slot(object)
    def _on_check_failed(self, error: Exception) -> None:
        told = notice(error)
        self._show_health(tr("Does not work"), (), (told.summary, told.hint))

    def _show_health(
        self, headline: str, lines: Sequence[tuple[str, str]], missing: Sequence[str]
    ) -> None:
        self._found.setText(headline)
        while self._health.rowCount():
            self._health.removeRow(0)
        for name, value in lines:
            self._health.addRow(label(name, "muted"), label(value))
        self._missing.setText("\n".join(part for part in missing if part))
        self._missing.setVisible(bool(missing))
