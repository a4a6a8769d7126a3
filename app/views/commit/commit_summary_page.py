"""The first page of the commit dialog: what will be written, what it costs, what may go wrong."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.views.models.rows import Column, Line, Rows
from app.views.state.commit_summary import Summary
from app.views.state.difference import Tone
from app.views.state.language import tr
from app.views.widgets.labels import label, push_button
from app.views.widgets.looks import colours_of
from app.views.widgets.row_table import RowTable


class SummaryPage(QWidget):
    """Shows a `Summary`.

    Signals:
        export_wanted: The problems are to be written into a file.
    """

    export_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._headline, self._cost = label("", "heading", wrap=True), label("", "muted", wrap=True)
        self.counts = Rows(
            [Column(tr("Change")), Column(tr("Records")), Column(tr("Where")),
             Column(tr("Count"), numeric=True)], self,
        )  # fmt: skip
        self.problems = Rows(
            [Column(tr("Problem")), Column(tr("Record")), Column(tr("What"))], self
        )
        self.problem_words = label("", "section")
        self.export = push_button(tr("Export\u2026"), "", "export")
        self._problem_table = RowTable(
            self.problems, tr("Problems of the plan"), (90, 280, 0), text_lines=2
        )
        self._not_checked = label("", "muted", wrap=True)
        self.approvals = label("", "section", wrap=True)
        self._lay_out()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._headline)
        layout.addWidget(self._cost)
        layout.addWidget(self.approvals)
        layout.addSpacing(8)
        table = RowTable(self.counts, tr("Changes by kind"), (110, 0, 140, 90))
        layout.addWidget(table, 3)
        head = QHBoxLayout()
        head.addWidget(self.problem_words)
        head.addStretch(1)
        head.addWidget(self.export)
        layout.addLayout(head)
        layout.addWidget(self._problem_table, 2)
        layout.addWidget(self._not_checked)
        self.export.setAccessibleName(tr("Export the problems as CSV"))
        self.export.setToolTip(tr("Export the problems as CSV"))
        self.export.clicked.connect(self.export_wanted)

    def show_summary(self, view: Summary) -> None:
        """Show a plan."""
        self._headline.setText(view.headline)
        self._cost.setText(view.cost if view.can_run else "")
        self.show_approvals(view)
        tones = colours_of(self.palette()).tones
        self.counts.show(
            [
                Line(
                    (line.verb, line.entity, line.side, f"{line.count:,}"), line,
                    tones[Tone.BILLING].front if line.deletes else "", line.deletes,
                )
                for line in view.lines
            ]
        )  # fmt: skip
        colours = {"error": tones[Tone.CONFLICT].front, "warning": tones[Tone.BILLING].front}
        self.problems.show(
            [
                Line((each.word, each.record, each.message), each, colours.get(each.severity, ""))
                for each in view.problems
            ]
        )
        self.problem_words.setText(view.problem_words)
        for widget in (self.problem_words, self.export, self._problem_table):
            widget.setVisible(bool(view.problems))
        words = tr("Not checked: {what}.").format(what="; ".join(view.not_checked))
        self._not_checked.setText(words)
        self._not_checked.setVisible(bool(view.not_checked))

    def show_approvals(self, view: Summary) -> None:
        """Show who approved the plan."""
        self.approvals.setText(view.approvals)
        self.approvals.setVisible(bool(view.approvals))
