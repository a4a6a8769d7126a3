"""Asks for what an action has to be told; checks it while it is typed, then has it planned."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFormLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from app.domain.action import NOTHING_TAKEN, Input, Taken
from app.domain.control import CancelToken, Report
from app.domain.mapping import FieldType
from app.domain.plan import CommitPlan
from app.sync.workbench import Workbench
from app.views.accounts.source_row import SourceRow
from app.views.state.acting import (
    Known,
    Offer,
    known_records,
    maker,
    missing,
    objections,
    read_words,
    taken_words,
    takes,
    typed,
)
from app.views.state.language import tr
from app.views.state.progress import notice
from app.views.state.ways_out import in_the_window
from app.views.tasks import Task, TaskPool
from app.views.widgets.dialog_buttons import cancel_or
from app.views.widgets.labels import label, push_button

_WIDTH, _EDITOR_HEIGHT = 560, 30


class ActionDialog(QDialog):
    """Opened with `open()`; it stays open until its plan was taken.

    Signals:
        planned: The `CommitPlan`, to be reviewed.
    """

    planned = Signal(object)

    def __init__(
        self, bench: Workbench, pool: TaskPool, offer: Offer, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._bench, self._pool, self._offer = bench, pool, offer
        self._task: Task | None = None
        self._taken = NOTHING_TAKEN
        self._told: dict[str, str] = {}
        self.editors: dict[str, QLineEdit | QComboBox] = {}
        self.source = SourceRow(bench, pool, offer) if takes(offer.action) else None
        self.said = label("", "error", wrap=True)
        self.act = push_button(tr("Review\u2026"), "primary")
        self.setWindowTitle(offer.action.label)
        self.setMinimumWidth(_WIDTH)
        self._lay_out()
        self.check()
        lookup = pool.start(lambda _cancel, _report: known_records(bench, offer.action))
        lookup.succeeded.connect(self._on_known)
        lookup.failed.connect(self._on_failed)

    def _lay_out(self) -> None:
        action = self._offer.action
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(12)
        layout.addWidget(label(self._offer.heading, "heading", wrap=True))
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setSpacing(8)
        if self.source is not None:
            form.addRow(tr("From Salesforce"), self.source)
            self.source.typed = lambda: typed(self.given, self._told)
            self.source.taken.connect(self._on_taken)
            self.source.changed.connect(self._on_other_record)
            self.source.failed.connect(self.say)
        for one in action.inputs:
            self.editors[one.name] = self._editor(one)
            name = f"{one.label} *" if one.needed else one.label
            form.addRow(name, self.editors[one.name])
        layout.addLayout(form)
        layout.addWidget(self.said)
        if action.undo:
            words = tr("To take it back: {how}").format(how=in_the_window(action.undo))
            layout.addWidget(label(words, "muted", wrap=True))
        layout.addStretch(1)
        layout.addLayout(cancel_or(self, self.act))
        self.act.clicked.connect(self._on_act)

    def _editor(self, one: Input) -> QLineEdit | QComboBox:
        made = self._list(one) if _is_list(one) or self._is_record(one) else QLineEdit()
        if isinstance(made, QLineEdit):
            made.setPlaceholderText(_plain(one.about))
            made.textChanged.connect(self.check)
        made.setToolTip(_plain(one.about))
        made.setAccessibleName(one.label)
        return made

    def _list(self, one: Input) -> QComboBox:
        box = QComboBox()
        choices = one.choices or (("true", "false") if one.type is FieldType.BOOLEAN else ())
        box.setEditable(not choices)
        box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        box.addItem("" if one.needed or not choices else _plain(one.about), "")
        box.setMinimumHeight(_EDITOR_HEIGHT)
        for choice in choices:
            box.addItem(choice.replace("_", " "), choice)
        edit = box.lineEdit()
        if edit is not None:
            edit.setPlaceholderText(_plain(one.about))
        box.currentTextChanged.connect(self.check)
        return box

    def _is_record(self, one: Input) -> bool:
        return one.name in self._bench.mapping.by_name

    @property
    def given(self) -> Mapping[str, str]:
        """Input \u2192 what is typed now."""
        return read_words((name, _words(editor)) for name, editor in self.editors.items())

    @Slot()
    def check(self) -> None:
        """Say what speaks against what is typed now, else what is still needed."""
        action, given = self._offer.action, self.given
        against = "\n".join(objections(action, given))
        lacking = missing(action, given)
        taken = self._taken
        told = taken_words(action, taken) if taken is not NOTHING_TAKEN else ""
        is_error = bool(against or taken.unclear)
        self._say(against or f"{told} {lacking}".strip(), is_error=is_error)
        self.act.setEnabled(self._task is None and not against and not lacking)

    @Slot(str)
    def say(self, words: str) -> None:
        """Say why its plan was not taken, or nothing from a record."""
        self._say(words, is_error=True)

    def reject(self) -> None:
        """Close; the planning, where it still runs, is stopped."""
        if self._task is not None:
            self._task.cancel()
        if self.source is not None:
            self.source.stop()
        super().reject()

    def _say(self, words: str, *, is_error: bool) -> None:
        self.said.setText(words)
        self.said.setProperty("role", "error" if is_error else "muted")
        self.said.style().polish(self.said)
        layout = self.layout()
        needed = 0 if layout is None else layout.totalHeightForWidth(self.width())
        if needed > self.height():  # Qt lets a form shrink for a text that wraps
            self.resize(self.width(), needed)

    @Slot(object)
    def _on_known(self, known: Mapping[str, Sequence[Known]]) -> None:
        for name, records in known.items():
            box = self.editors[name]
            if isinstance(box, QComboBox):
                for record in records:
                    box.addItem(record.shown, record.key)

    @Slot(object)
    def _on_taken(self, taken: Taken) -> None:
        """Fill in what a record told; what another told before goes, what was typed stays."""
        kept = typed(self.given, self._told)
        for name in self._told.keys() - kept.keys():
            _fill(self.editors[name], "")
        self._told = {name: words for name, words in taken.given.items() if name not in kept}
        self._taken = replace(taken, given=self._told)
        for name, words in self._told.items():
            _fill(self.editors[name], words)
        self.check()

    @Slot()
    def _on_other_record(self) -> None:
        self._taken = NOTHING_TAKEN
        self.check()

    @Slot()
    def _on_act(self) -> None:
        bench, make = self._bench, maker(self._offer, self.given, self._taken)

        def work(_cancel: CancelToken, _report: Report) -> CommitPlan:
            return make(bench)

        self._task = self._pool.start(work, title=tr("Planning"))
        self._task.succeeded.connect(self._on_planned)
        self._task.failed.connect(self._on_failed)
        self._task.cancelled.connect(self._on_stopped)
        self.act.setEnabled(False)

    @Slot(object)
    def _on_planned(self, plan: CommitPlan) -> None:
        self._task = None
        self.check()
        self.planned.emit(plan)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        told = notice(error)
        self._task = None
        self.check()
        self.say(f"{told.summary} {told.hint}".strip())

    @Slot()
    def _on_stopped(self) -> None:
        self._task = None
        self.check()


def _plain(words: str) -> str:
    """Return words without the marks that a terminal's reader takes for quotes."""
    return words.replace("`", "")


def _is_list(one: Input) -> bool:
    return bool(one.choices) or one.type is FieldType.BOOLEAN


def _fill(editor: QLineEdit | QComboBox, words: str) -> None:
    if isinstance(editor, QLineEdit):
        editor.setText(words)
        return
    place = editor.findData(words)
    if place >= 0:
        editor.setCurrentIndex(place)
    else:
        editor.setCurrentText(words)


def _words(editor: QLineEdit | QComboBox) -> str:
    if isinstance(editor, QLineEdit):
        return editor.text()
    place = editor.findText(editor.currentText(), Qt.MatchFlag.MatchExactly)
    return editor.currentText() if place < 0 else str(editor.itemData(place))
