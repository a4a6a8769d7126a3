"""The forms for a connection and for a workspace, made from what each kind asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFormLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from app.connectors.spec import ConnectorSpec
from app.settings import Connection, Workspace
from app.views.state.connections import form_fields, form_problem, workspace_problem
from app.views.state.language import tr
from app.views.state.offers import MappingChoice
from app.views.state.progress import notice
from app.views.widgets.dialog_buttons import cancel_or
from app.views.widgets.labels import label, push_button
from app.views.widgets.tall_form import TallForm, fit_screen

_WIDTH = 720


@dataclass(frozen=True, slots=True)
class FilledForm:
    """What a person typed: a connection, and the secrets that are to be saved with it."""

    connection: Connection
    secrets: dict[str, str] = field(repr=False)


class ConnectionForm(QDialog):
    """Adds or changes a connection. Opened with `open()`.

    Signals:
        filled: A `FilledForm`, when it was accepted.
        browser_wanted: A `FilledForm` to sign in with by the browser. The form stays open until
            it is told how that ended; `rejected` then means that it shall stop.
    """

    filled = Signal(object)
    browser_wanted = Signal(object)

    def __init__(
        self,
        spec: ConnectorSpec,
        connection: Connection | None,
        taken: Sequence[str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._spec, self._old, self._taken = spec, connection, taken
        self._fields = form_fields(spec, connection)
        self.inputs: dict[str, QLineEdit] = {}
        self.name = QLineEdit(connection.name if connection else "")
        self.production = QCheckBox(tr("Production: real customers depend on it"))
        self.save = push_button(tr("Save"), "primary")
        self.browser = push_button(tr("Sign in with the browser"))
        self._inputs = QWidget()
        self._problem = label("", "muted", wrap=True)
        self._lay_out()
        self._on_typed()

    def _lay_out(self) -> None:
        add = tr("Add a connection to {kind}").format(kind=self._spec.label)
        change = tr("Connection to {kind}").format(kind=self._spec.label)
        title = add if self._old is None else change
        self.setWindowTitle(title)
        self.setMinimumWidth(_WIDTH)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(16)
        layout.addWidget(label(title, "heading"))
        form = QFormLayout(self._inputs)
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(8)
        form.setHorizontalSpacing(16)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.name.setEnabled(self._old is None)
        self.name.setPlaceholderText(tr("for example {kind}-test").format(kind=self._spec.kind))
        self._add_row(form, tr("Name"), self.name, "")
        for each in self._fields:
            line = QLineEdit(each.value)
            line.setCursorPosition(0)  # of a long address its beginning is shown
            if each.secret:
                line.setEchoMode(QLineEdit.EchoMode.Password)
            self.inputs[each.name] = line
            self._add_row(form, each.label, line, each.hint)
        self.production.setChecked(self._old is not None and self._old.production)
        form.addRow("", self.production)
        layout.addWidget(TallForm(self._inputs), 1)
        words = tr("Secrets go into this computer's keyring, if it has one.")
        layout.addWidget(label(words, "muted"))
        layout.addWidget(self._problem)
        buttons = cancel_or(self, self.save)
        if self._spec.sign_in is not None:
            buttons.insertWidget(0, self.browser)
        layout.addLayout(buttons)
        self.save.clicked.connect(self._on_save)
        self.browser.clicked.connect(self._on_browser)
        fit_screen(self, self.sizeHint())

    def _add_row(self, form: QFormLayout, text: str, line: QLineEdit, hint: str) -> None:
        line.setAccessibleName(text)
        line.setToolTip(hint)
        if not line.placeholderText():
            line.setPlaceholderText(hint)
        line.textChanged.connect(self._on_typed)
        caption = label(text[:1].upper() + text[1:])
        caption.setBuddy(line)
        form.addRow(caption, line)

    @Slot()
    def _on_typed(self) -> None:
        values = {name: line.text() for name, line in self.inputs.items()}
        problem = form_problem(self.name.text(), self._taken, self._fields, values)
        self._problem.setText(problem)
        self.save.setEnabled(not problem)
        self.browser.setEnabled(not problem)

    @Slot()
    def _on_save(self) -> None:
        self.filled.emit(self._filled())
        self.accept()

    @Slot()
    def _on_browser(self) -> None:
        for widget in (self._inputs, self.save, self.browser):
            widget.setEnabled(False)
        self._problem.setText(
            tr("Waiting for you in the browser. Concord goes on when you have signed in there.")
        )
        self.browser_wanted.emit(self._filled())

    @Slot(object)
    def on_sign_in_failed(self, error: Exception) -> None:
        """Say why signing in by the browser came to nothing, and let the person try again."""
        self._inputs.setEnabled(True)
        self._on_typed()
        told = notice(error)
        self._problem.setText(f"{told.summary} {told.hint}".strip())

    @Slot()
    def on_sign_in_stopped(self) -> None:
        """Let the person try again after somebody stopped it elsewhere in the window."""
        self._inputs.setEnabled(True)
        self._on_typed()

    def _filled(self) -> FilledForm:
        secret = {each.name for each in self._fields if each.secret}
        typed = {name: line.text().strip() for name, line in self.inputs.items()}
        connection = Connection(
            name=self.name.text(),
            kind=self._spec.kind,
            settings={name: value for name, value in typed.items() if name not in secret and value},
            production=self.production.isChecked(),
            secrets=tuple(each.name for each in self._spec.secrets),
        )
        secrets = {name: value for name, value in typed.items() if name in secret and value}
        return FilledForm(connection, secrets)


class WorkspaceForm(QDialog):
    """Makes a workspace of two connections. Opened with `open()`.

    Signals:
        filled: A `Workspace`, when it was accepted.
    """

    filled = Signal(object)

    def __init__(
        self,
        billing: Sequence[str],
        salesforce: Sequence[str],
        mappings: Mapping[str, Sequence[MappingChoice]],
        taken: Sequence[str],
        parent: QWidget | None = None,
    ) -> None:
        """Make the form.

        Args:
            billing: The names of the billing connections.
            salesforce: Those of the Salesforce connections.
            mappings: What each billing connection can be read by.
            taken: The names of the workspaces that are there.
            parent: Whose dialog it is.
        """
        super().__init__(parent)
        self._mappings, self._taken = mappings, taken
        self._problem = label("", "muted", wrap=True)
        self.name = QLineEdit()
        self.billing, self.salesforce, self.mapping = QComboBox(), QComboBox(), QComboBox()
        self.billing.addItems(list(billing))
        self.salesforce.addItems(list(salesforce))
        self.save = push_button(tr("Make the workspace"), "primary")
        self.setWindowTitle(tr("New workspace"))
        self.setMinimumWidth(_WIDTH)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(16)
        layout.addWidget(label(tr("New workspace"), "heading"))
        text = tr("A workspace compares one billing connection with one Salesforce connection.")
        layout.addWidget(label(text, "muted", wrap=True))
        form = QFormLayout()
        form.setVerticalSpacing(8)
        form.setHorizontalSpacing(16)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows: tuple[tuple[str, QWidget], ...] = (
            (tr("Name"), self.name),
            (tr("Billing"), self.billing),
            (tr("Salesforce"), self.salesforce),
            (tr("Mapping"), self.mapping),
        )
        for text, widget in rows:
            widget.setAccessibleName(text)
            form.addRow(label(text), widget)
        layout.addLayout(form)
        layout.addWidget(self._problem)
        layout.addLayout(cancel_or(self, self.save))
        self.name.textChanged.connect(self._on_typed)
        self.billing.currentTextChanged.connect(self._on_billing)
        self.save.clicked.connect(self._on_save)
        self._on_billing(self.billing.currentText())
        self._on_typed()

    @property
    def problem(self) -> str:
        """What speaks against the name, as it is shown."""
        return self._problem.text()

    @Slot(str)
    def _on_billing(self, name: str) -> None:
        self.mapping.clear()
        for choice in self._mappings.get(name, ()):
            self.mapping.addItem(choice.label, choice.name)
        self.mapping.setEnabled(self.mapping.count() > 1)

    @Slot()
    def _on_typed(self) -> None:
        both = bool(self.billing.currentText() and self.salesforce.currentText())
        problem = workspace_problem(self.name.text(), self._taken)
        self._problem.setText(problem)
        self.save.setEnabled(both and not problem)

    @Slot()
    def _on_save(self) -> None:
        sides = self.billing.currentText(), self.salesforce.currentText()
        mapping = str(self.mapping.currentData() or "")
        self.filled.emit(Workspace(self.name.text(), *sides, mapping))
        self.accept()
