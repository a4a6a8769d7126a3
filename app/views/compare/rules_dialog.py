"""The list of ignore rules of a workspace; those made here can be removed."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from app.domain.control import CancelToken, Report
from app.sync.workbench import Workbench
from app.views.models.rows import KEY_ROLE, Column, Line, Rows
from app.views.state.ignore_rules import RuleLine, rule_lines
from app.views.state.language import tr
from app.views.state.progress import notice
from app.views.tasks import TaskPool
from app.views.widgets.labels import label, push_button
from app.views.widgets.row_table import RowTable


class RulesDialog(QDialog):
    """Opened with `open()`.

    Signals:
        unwanted: The name of a rule that is to be removed.
    """

    unwanted = Signal(str)

    def __init__(self, bench: Workbench, pool: TaskPool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rules = Rows(
            [Column(tr("Rule")), Column(tr("Field")), Column(tr("Ignores")), Column(tr("Made in"))],
            self,
        )
        self.table = RowTable(self.rules, tr("Ignore rules"), (170, 190, 0, 100))
        self.remove = push_button(tr("Remove"), "", "delete")
        self._none = label(tr("Reading\u2026"), "muted", wrap=True)
        self.setWindowTitle(tr("Ignore rules"))
        self.resize(820, 420)
        self._lay_out()

        def work(_cancel: CancelToken, _report: Report) -> tuple[RuleLine, ...]:
            return rule_lines(bench)

        task = pool.start(work)
        task.succeeded.connect(self._on_rules)
        task.failed.connect(self._on_failed)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(12)
        layout.addWidget(label(tr("Ignore rules"), "heading"))
        layout.addWidget(self._none)
        layout.addWidget(self.table, 1)
        hint = tr("Rules of the mapping are removed in its file.")
        buttons = QHBoxLayout()
        buttons.addWidget(label(hint, "muted"))
        buttons.addStretch(1)
        close = push_button(tr("Close"))
        buttons.addWidget(self.remove)
        buttons.addWidget(close)
        layout.addLayout(buttons)
        self.remove.setEnabled(False)
        self.remove.clicked.connect(self._on_remove)
        self.table.selectionModel().currentRowChanged.connect(self._on_current)
        close.clicked.connect(self.reject)

    @Slot(object)
    def _on_rules(self, lines: tuple[RuleLine, ...]) -> None:
        self.rules.show(
            [
                Line(
                    (
                        line.name,
                        f"{line.entity} \u00b7 {line.field}",
                        line.words,
                        tr("workspace") if line.own else tr("mapping"),
                    ),
                    line,
                )
                for line in lines
            ]
        )
        self._none.setText(tr("No difference is ignored. Rules are made from a field's menu."))
        self._none.setVisible(not lines)
        self.table.setVisible(bool(lines))
        if lines:
            self.table.selectRow(0)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        told = notice(error)
        self._none.setText(f"{told.summary} {told.hint}".strip())

    @Slot()
    def _on_current(self) -> None:
        line = self.table.currentIndex().data(KEY_ROLE)
        self.remove.setEnabled(isinstance(line, RuleLine) and line.own)

    @Slot()
    def _on_remove(self) -> None:
        line = self.table.currentIndex().data(KEY_ROLE)
        if isinstance(line, RuleLine) and line.own:
            self.unwanted.emit(line.name)
            self.accept()
