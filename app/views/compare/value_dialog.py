"""Asks for a field's value, with an editor that fits its type; checks it while it is typed."""

from PySide6.QtCore import QDate, QDateTime, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDateEdit,
    QDateTimeEdit,
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from app.views.state.language import tr
from app.views.state.typed_value import Editor, Typed, ValueForm, read_typed, room_words
from app.views.widgets.dialog_buttons import cancel_or
from app.views.widgets.labels import label, push_button
from app.views.widgets.spin_field import indent

_WIDTH = 460
_LINES_HEIGHT = 140


class ValueDialog(QDialog):
    """Opened with `open()`.

    Signals:
        typed: The value that was accepted, as the type of the field has it.
    """

    typed = Signal(object)

    def __init__(self, form: ValueForm, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._form = form
        self.editor = _editor(form)
        self.nothing = QCheckBox(tr("No value"))
        self._objection, self._room = label("", "error", wrap=True), label("", "muted")
        self.take = push_button(tr("Take this value"), "primary")
        self.setWindowTitle(tr("Type a value"))
        self.setMinimumWidth(_WIDTH)
        self._lay_out()
        self.check()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(8)
        layout.addWidget(label(self._form.heading, "heading", wrap=True))
        self.editor.setAccessibleName(self._form.heading)
        layout.addWidget(self.editor)
        below = QHBoxLayout()
        below.addWidget(self.nothing)
        below.addStretch(1)
        below.addWidget(self._room)
        layout.addLayout(below)
        layout.addWidget(self._objection)
        layout.addLayout(cancel_or(self, self.take))
        self.nothing.setVisible(self._form.editor is not Editor.YES_NO)
        self.nothing.setChecked(not self._form.start and _cannot_be_empty(self._form.editor))
        self.nothing.toggled.connect(self.check)
        self.take.clicked.connect(self._on_take)
        _when_changed(self.editor, self)
        self.editor.setFocus()

    @property
    def read(self) -> Typed:
        """What is typed now."""
        empty = self.nothing.isChecked()
        return read_typed(self._form, "" if empty else _words(self.editor))

    @property
    def objection(self) -> str:
        """What speaks against it, as it is shown."""
        return self._objection.text()

    @Slot()
    def check(self) -> None:
        """Say what speaks against what is typed now."""
        found = self.read
        self.editor.setEnabled(not self.nothing.isChecked())
        self._objection.setText(found.objection or found.remark)
        self._objection.setProperty("role", "error" if found.objection else "muted")
        self._objection.style().polish(self._objection)
        self._room.setText(room_words(self._form, found))
        self.take.setEnabled(not found.objection)

    @Slot()
    def _on_take(self) -> None:
        self.typed.emit(self.read.value)
        self.accept()


def _cannot_be_empty(editor: Editor) -> bool:
    return editor in {Editor.DATE, Editor.TIME, Editor.LIST}


def _editor(form: ValueForm) -> QWidget:
    if form.editor is Editor.PAGE:
        page = QPlainTextEdit(form.start)
        page.setFixedHeight(_LINES_HEIGHT)
        page.setTabChangesFocus(True)
        return page
    if form.editor in {Editor.LIST, Editor.YES_NO}:
        return _list(form)
    if form.editor is Editor.DATE:
        return _date(form.start)
    if form.editor is Editor.TIME:
        return _time(form.start)
    line = QLineEdit(form.start)
    if form.editor is Editor.NUMBER:
        line.setAlignment(Qt.AlignmentFlag.AlignRight)
    line.selectAll()
    return line


def _list(form: ValueForm) -> QComboBox:
    box = QComboBox()
    if form.editor is Editor.YES_NO:
        box.addItem(tr("yes"), "true")
        box.addItem(tr("no"), "false")
    for value in form.values:
        box.addItem(value, value)
    box.setCurrentIndex(max(0, box.findData(form.start)))
    return box


def _date(start: str) -> QDateEdit:
    edit = QDateEdit()
    edit.setCalendarPopup(True)
    edit.setDisplayFormat("yyyy-MM-dd")
    indent(edit)
    day = QDate.fromString(start, Qt.DateFormat.ISODate)
    edit.setDate(day if day.isValid() else QDate.currentDate())
    return edit


def _time(start: str) -> QDateTimeEdit:
    edit = QDateTimeEdit()
    indent(edit)
    edit.setCalendarPopup(True)
    edit.setDisplayFormat("yyyy-MM-dd HH:mm:ss 'UTC'")
    edit.setTimeZone(QDateTime.currentDateTimeUtc().timeZone())
    moment = QDateTime.fromString(start, Qt.DateFormat.ISODate)
    edit.setDateTime(moment if moment.isValid() else QDateTime.currentDateTimeUtc())
    return edit


def _words(editor: QWidget) -> str:
    if isinstance(editor, QPlainTextEdit):
        return editor.toPlainText()
    if isinstance(editor, QComboBox):
        return str(editor.currentData() or "")
    if isinstance(editor, QDateEdit):
        return editor.date().toString(Qt.DateFormat.ISODate)
    if isinstance(editor, QDateTimeEdit):
        return editor.dateTime().toUTC().toString(Qt.DateFormat.ISODate)
    return editor.text() if isinstance(editor, QLineEdit) else ""


def _when_changed(editor: QWidget, dialog: ValueDialog) -> None:
    """Check again whenever something is typed."""
    if isinstance(editor, QPlainTextEdit | QLineEdit):
        editor.textChanged.connect(dialog.check)
    elif isinstance(editor, QComboBox):
        editor.currentIndexChanged.connect(dialog.check)
    elif isinstance(editor, QDateTimeEdit):
        editor.dateTimeChanged.connect(dialog.check)
