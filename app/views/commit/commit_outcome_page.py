"""The last page of the commit dialog: numbers that add up, each a list; what failed, once more."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from app.sync.commit import CommitResult
from app.views.models.rows import KEY_ROLE, Column, Line, Rows
from app.views.state.commit_outcome import (
    ListedOperation,
    cost_lines,
    first_number,
    list_words,
    numbers,
    outcome_headline,
)
from app.views.state.difference import Tone
from app.views.state.language import tr
from app.views.state.retry import Edits, spot_of
from app.views.widgets.labels import label, push_button, tool_button
from app.views.widgets.looks import colours_of
from app.views.widgets.row_table import RowTable

_SIGNS = {"sent": "=", "stale": "+", "skipped": "+", "failed": "+"}
_COST_HEIGHT = 3 * 28 + 34


class OutcomePage(QWidget):
    """Shows a `CommitResult`.

    Signals:
        list_wanted: The name of a number whose operations are to be listed.
        edit_wanted: A `ListedOperation` of which a value is to be typed anew, and where on screen.
        retry_wanted: What failed is to be planned once more.
        export_wanted: The list is to be written into a file.
    """

    list_wanted = Signal(str)
    edit_wanted = Signal(object, QPoint)
    retry_wanted = Signal()
    export_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._result = CommitResult("")
        self.lines: Sequence[ListedOperation] = ()
        self._headline = label("", "heading", wrap=True)
        self.chips: dict[str, QToolButton] = {}
        self._group = QButtonGroup(self)
        self.costs = Rows(
            [Column(tr("Cost")), Column(tr("Forecast"), numeric=True),
             Column(tr("It took"), numeric=True)], self,
        )  # fmt: skip
        self.operations = Rows(
            [Column(tr("Outcome")), Column(tr("Record")), Column(tr("Where")),
             Column(tr("Before \u2192 after")), Column(tr("Field")), Column(tr("Message"))], self,
        )  # fmt: skip
        self.table = RowTable(
            self.operations, tr("Operations"), (96, 150, 96, 0, 96, 0), text_lines=3
        )
        self._remark = label("", "muted")
        self.edit = push_button(tr("Edit value\u2026"), "", "edit")
        self.retry = push_button("", "", "refresh")
        self.export = push_button(tr("Export\u2026"), "", "export")
        self._lay_out()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._headline)
        layout.addLayout(self._sum(("selected", "sent", "stale", "skipped")))
        layout.addLayout(self._sum(("written", "failed"), tr("of those sent:")))
        cost = RowTable(self.costs, tr("Forecast and what it took"), (0, 150, 150))
        cost.setFixedHeight(_COST_HEIGHT)
        layout.addWidget(cost)
        layout.addWidget(self.table, 1)
        layout.addWidget(self._remark)
        buttons = QHBoxLayout()
        for button in (self.edit, self.retry):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.export)
        layout.addLayout(buttons)
        self.export.setToolTip(tr("Export this list as CSV"))
        self.export.setAccessibleName(tr("Export this list as CSV"))
        self.edit.clicked.connect(self._on_edit)
        self.table.doubleClicked.connect(self._on_edit)
        self.table.selectionModel().currentRowChanged.connect(self._on_current)
        self.retry.clicked.connect(self.retry_wanted)
        self.export.clicked.connect(self.export_wanted)

    def _sum(self, names: Sequence[str], before: str = "") -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(6)
        if before:
            line.addWidget(label(before, "muted"))
        for place, name in enumerate(names):
            if place:
                line.addWidget(label(_SIGNS[name], "muted"))
            chip = tool_button("", "chip")
            chip.setCheckable(True)
            chip.setProperty("number", name)
            chip.clicked.connect(self._on_chip)
            self._group.addButton(chip)
            self.chips[name] = chip
            line.addWidget(chip)
        line.addStretch(1)
        return line

    @property
    def sums(self) -> str:
        """The numbers as they stand, for a screen reader."""
        told = {name: chip.text() for name, chip in self.chips.items()}
        first = f"{told['selected']} = {told['sent']} + {told['stale']} + {told['skipped']}"
        return f"{first}; {told['sent']} = {told['written']} + {told['failed']}"

    def show_result(self, result: CommitResult) -> None:
        """Show the numbers, and ask for the list that matters most."""
        self._result = result
        self._headline.setText(outcome_headline(result))
        for number in numbers(result):
            chip = self.chips[number.name]
            chip.setText(number.text)
            chip.setAccessibleName(number.text)
            chip.setEnabled(number.count > 0)
        self._headline.setAccessibleDescription(self.sums)
        self.costs.show(
            [Line((line.what, line.forecast, line.took), line) for line in cost_lines(result)]
        )
        again = result.failed - result.unknown
        self.retry.setVisible(again > 0)
        self.retry.setText(tr("Retry these ({count:,})\u2026").format(count=again))
        self.retry.setAccessibleName(self.retry.text())
        self.edit.setVisible(again > 0)
        self.show_list((), {})
        first = first_number(result)
        self.chips[first].setChecked(True)
        if result.selected:
            self.list_wanted.emit(first)

    def show_list(self, lines: Sequence[ListedOperation], edits: Edits) -> None:
        """Show what a number counts; `edits` are the values typed so far."""
        row = self.table.currentIndex().row()
        self.lines = lines
        warn = colours_of(self.palette()).tones[Tone.CONFLICT].front
        self.operations.show(
            [
                Line(
                    (line.outcome, line.record, line.side, _values(line, edits), line.field,
                     line.message), line, warn if line.trouble else "",
                )
                for line in lines
            ]
        )  # fmt: skip
        checked = self._group.checkedButton()
        name = str(checked.property("number")) if checked is not None else "selected"
        counts = {number.name: number.count for number in numbers(self._result)}
        self._remark.setText(list_words(len(lines), counts[name]) if lines else "")
        self._remark.setVisible(bool(self._remark.text()))
        self.table.setVisible(bool(lines))
        self.export.setVisible(bool(lines))
        if lines:
            self.table.selectRow(max(0, min(row, len(lines) - 1)))
        self._on_current()

    @Slot()
    def _on_chip(self) -> None:
        chip = self.sender()
        if isinstance(chip, QToolButton):
            self.list_wanted.emit(str(chip.property("number")))

    @Slot()
    def _on_current(self) -> None:
        line = self.table.currentIndex().data(KEY_ROLE)
        self.edit.setEnabled(isinstance(line, ListedOperation) and line.can_edit)

    @Slot()
    def _on_edit(self) -> None:
        line = self.table.currentIndex().data(KEY_ROLE)
        if isinstance(line, ListedOperation) and line.can_edit:
            place = self.edit.mapToGlobal(QPoint(0, self.edit.height()))
            self.edit_wanted.emit(line, place)


def _values(line: ListedOperation, edits: Edits) -> str:
    typed = edits.get(spot_of(line.operation), {})
    if not typed:
        return line.change
    shown = ", ".join(f"{name}: {value}" for name, value in typed.items())
    return tr("typed: {values}").format(values=shown)
