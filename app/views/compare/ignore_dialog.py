"""Makes an ignore rule; says while it is typed how many differences it would ignore."""

from dataclasses import replace
from enum import Enum

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFormLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from app.domain.control import CancelToken, Report
from app.errors import WrongUse
from app.sync.workbench import Workbench
from app.views.state.difference import field_label
from app.views.state.ignore_rules import (
    RuleDraft,
    preview_words,
    rule_of,
    takes_tolerance,
    would_ignore,
)
from app.views.state.language import tr
from app.views.state.progress import notice
from app.views.tasks import Task, TaskPool
from app.views.widgets.dialog_buttons import cancel_or
from app.views.widgets.labels import label, push_button

_WIDTH = 520
_TYPING_MS = 250
_LONGEST = 32


class Start(Enum):
    """What the dialog begins with: the whole field, these two values, or a way of comparing."""

    FIELD = "field"
    VALUE = "value"
    LIKENESS = "likeness"


class IgnoreDialog(QDialog):
    """Opened with `open()`.

    Signals:
        made: The `IgnoreRule` that was accepted; nothing is stored yet.
    """

    made = Signal(object)

    def __init__(
        self,
        bench: Workbench,
        pool: TaskPool,
        draft: RuleDraft,
        parent: QWidget | None = None,
        *,
        start: Start = Start.FIELD,
    ) -> None:
        """Show a draft; its values count only where they are ticked."""
        super().__init__(parent)
        self._bench, self._pool, self._draft = bench, pool, draft
        self._counting: Task | None = None
        entity = bench.mapping.entity(draft.entity)
        self._numbers = takes_tolerance(entity, draft.field)
        self.name, self.pattern, self.tolerance = (QLineEdit() for _ in range(3))
        self.billing = QCheckBox(_only(tr("Billing is"), draft.billing))
        self.salesforce = QCheckBox(_only(tr("Salesforce is"), draft.salesforce))
        self.case = QCheckBox(tr("Upper and lower case are the same"))
        self.spaces = QCheckBox(tr("White space does not count"))
        self.preview = label("", "muted", wrap=True)
        self.make = push_button(tr("Ignore"), "primary")
        self._typing = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self._typing.timeout.connect(self._count)
        self.setWindowTitle(tr("Ignore differences"))
        self.setMinimumWidth(_WIDTH)
        self._lay_out(f"{entity.label} \u00b7 {field_label(draft.field)}")
        self._begin(start)

    def _lay_out(self, heading: str) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(12)
        layout.addWidget(label(heading, "heading", wrap=True))
        form = QFormLayout()
        form.setVerticalSpacing(8)
        form.addRow(tr("Name of the rule"), self.name)
        form.addRow(tr("Only where"), self.billing)
        form.addRow("", self.salesforce)
        if self._numbers:
            form.addRow(tr("Not further apart than"), self.tolerance)
            self.tolerance.setPlaceholderText("0.01")
        else:
            form.addRow(tr("Compared without"), self.pattern)
            form.addRow("", self.case)
            form.addRow("", self.spaces)
            self.pattern.setPlaceholderText(tr("a regular expression, such as \\s*\\(old\\)$"))
        self.name.setAccessibleName(tr("Name of the rule"))
        self.tolerance.setAccessibleName(tr("How far the numbers may be apart"))
        self.pattern.setAccessibleName(tr("What is cut from both texts before they are compared"))
        layout.addLayout(form)
        layout.addWidget(self.preview)
        layout.addLayout(cancel_or(self, self.make))
        self.make.clicked.connect(self._on_make)

    def _begin(self, start: Start) -> None:
        self.name.setText(self._draft.name)
        for box in (self.billing, self.salesforce):
            box.setChecked(start is Start.VALUE)
        for box in (self.billing, self.salesforce, self.case, self.spaces):
            box.toggled.connect(self._on_changed)
        for line in (self.name, self.pattern, self.tolerance):
            line.textChanged.connect(self._on_changed)
        first = self.tolerance if self._numbers else self.pattern
        (first if start is Start.LIKENESS else self.name).setFocus()
        self._on_changed()

    @property
    def draft(self) -> RuleDraft:
        """The rule as it is set now."""
        return replace(
            self._draft,
            name=self.name.text(),
            billing=self._draft.billing if self.billing.isChecked() else None,
            salesforce=self._draft.salesforce if self.salesforce.isChecked() else None,
            pattern=self.pattern.text(),
            case=self.case.isChecked(),
            spaces=self.spaces.isChecked(),
            tolerance=self.tolerance.text(),
        )

    @Slot()
    def _on_changed(self) -> None:
        try:
            rule_of(self.draft)
        except WrongUse as error:
            self._say(error.summary, wrong=True)
            self.make.setEnabled(False)
            self._typing.stop()
            return
        self.make.setEnabled(True)
        self._typing.start()

    @Slot()
    def _count(self) -> None:
        if self._counting is not None:
            self._counting.cancel()
        bench, rule = self._bench, rule_of(self.draft)
        self._say(tr("Counting\u2026"))

        def work(cancel: CancelToken, _report: Report) -> int:
            return would_ignore(bench, rule, cancel)

        self._counting = self._pool.start(work)
        self._counting.succeeded.connect(self._on_counted)
        self._counting.failed.connect(self._on_failed)

    @Slot(object)
    def _on_counted(self, count: int) -> None:
        if self.sender() is self._counting:
            self._counting = None
            self._say(preview_words(count))

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        if self.sender() is self._counting:
            self._counting = None
            self._say(notice(error).summary, wrong=True)

    def _say(self, words: str, *, wrong: bool = False) -> None:
        self.preview.setText(words)
        self.preview.setProperty("role", "error" if wrong else "muted")
        self.preview.style().polish(self.preview)

    @Slot()
    def _on_make(self) -> None:
        self.made.emit(rule_of(self.draft))
        self.accept()

    def done(self, result: int) -> None:
        """Stop counting, and close (Qt)."""
        if self._counting is not None:
            self._counting.cancel()
        super().done(result)


def _only(words: str, value: str | None) -> str:
    shown = " ".join((value or "").split())
    shown = shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}\u2026"
    # An ampersand in a value is no mnemonic.
    return f"{words} \u201c{shown.replace('&', '&&')}\u201d"
