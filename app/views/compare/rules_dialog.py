"""The list of ignore rules of a workspace; those made here can be removed."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QWidget

from app.domain.control import CancelToken, Report
from app.sync.workbench import Workbench
from app.views.models.rows import Column, Line, Rows
from app.views.state.ignore_rules import RuleLine, rule_lines
from app.views.state.language import tr
from app.views.tasks import TaskPool
from app.views.widgets.labels import push_button
from app.views.widgets.list_dialog import ListDialog
from app.views.widgets.row_table import RowTable


class RulesDialog(ListDialog):
    """One rule can be chosen.

    Signals:
        unwanted: The name of a rule that is to be removed.
    """

    unwanted = Signal(str)

    def __init__(self, bench: Workbench, pool: TaskPool, parent: QWidget | None = None) -> None:
        super().__init__(tr("Ignore rules"), parent)
        self.rules = Rows(
            [Column(tr("Rule")), Column(tr("Field")), Column(tr("Ignores")), Column(tr("Made in"))],
            self,
        )
        self.table = RowTable(self.rules, tr("Ignore rules"), (170, 190, 0, 100))
        self.remove = push_button(tr("Remove"), "", "delete")
        self.resize(820, 420)
        self._say(tr("Reading\u2026"))
        self._hint.setText(tr("Rules of the mapping are removed in its file."))
        self._lay_out((self.table,), (self.remove,), None)
        self.remove.clicked.connect(self._on_remove)
        self._show_act()

        def work(_cancel: CancelToken, _report: Report) -> tuple[RuleLine, ...]:
            return rule_lines(bench)

        self._read(pool, work, self._on_rules)

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
        none = tr("No difference is ignored. Rules are made from a field's menu.")
        self._say("" if lines else none)
        self._show_table(0 if lines else None)
        if lines:
            self.table.selectRow(0)

    def _line(self) -> RuleLine | None:
        """Return the chosen rule, where it can be removed here."""
        line = next(iter(self._chosen()), None)
        return line if isinstance(line, RuleLine) and line.own else None

    @Slot()
    def _show_act(self) -> None:
        self.remove.setEnabled(self._line() is not None)

    @Slot()
    def _on_remove(self) -> None:
        line = self._line()
        if line is not None:
            self.unwanted.emit(line.name)
            self.accept()
