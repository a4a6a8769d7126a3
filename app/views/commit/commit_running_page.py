"""The page of the commit dialog while it runs: a bar an entity, pace, calls, pause."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.domain.record import Side
from app.views.state.commit_run import EntityBar
from app.views.state.language import tr
from app.views.state.progress import calls_text
from app.views.widgets.icons import set_icon
from app.views.widgets.labels import label, push_button

_THOUSAND = 1000


class RunningPage(QWidget):
    """Shows how far a commit is.

    Signals:
        pause_wanted: Whether the commit is to be held (False: let it go on).
    """

    pause_wanted = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._heading = label(tr("Committing"), "heading")
        self._bar = QProgressBar()
        self.pace, self._calls = label(""), label("", "muted")
        self.pause = push_button(tr("Pause"), "", "pause")
        self._rows: list[tuple[QProgressBar, QLabel]] = []
        self._grid = QGridLayout()
        self._lay_out()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12)
        head = QHBoxLayout()
        head.addWidget(self._heading)
        head.addStretch(1)
        head.addWidget(self.pause)
        layout.addLayout(head)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(tr("Progress of the commit"))
        layout.addWidget(self._bar)
        layout.addWidget(self.pace)
        layout.addWidget(self._calls)
        layout.addSpacing(8)
        inside = QWidget()
        self._grid.setContentsMargins(0, 0, 12, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(1, 1)
        around = QVBoxLayout(inside)
        around.setContentsMargins(0, 0, 0, 0)
        around.addLayout(self._grid)
        around.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(inside)
        layout.addWidget(area, 1)
        hint = tr(
            "Pause and Cancel stop between two calls: nothing is left half-written. What was not"
            " sent when you cancel stays in the history, from where it can be resumed."
        )
        layout.addWidget(label(hint, "muted", wrap=True))
        self.pause.setCheckable(True)
        self.pause.toggled.connect(self._on_pause)

    def begin(self, bars: Sequence[EntityBar]) -> None:
        """Lay out a bar for each entity."""
        while self._grid.count():
            item = self._grid.takeAt(0)
            widget = None if item is None else item.widget()
            if widget is not None:
                widget.deleteLater()
        self._rows = []
        for row, each in enumerate(bars):
            bar, text = QProgressBar(), label("", "muted")
            bar.setTextVisible(False)
            bar.setAccessibleName(tr("Progress of {what}").format(what=each.name))
            bar.setRange(0, each.total)
            for column, widget in enumerate((label(each.name), bar, text)):
                self._grid.addWidget(widget, row, column)
            self._rows.append((bar, text))
        self.pause.setChecked(False)
        self.pause.setEnabled(True)
        self.show_bars(bars)

    def show_bars(self, bars: Sequence[EntityBar]) -> None:
        """Show how far each entity is."""
        for (bar, text), each in zip(self._rows, bars, strict=True):
            bar.setValue(each.done)
            text.setText(each.text)

    def show_pace(self, share: float | None, words: str, calls: Mapping[Side, int]) -> None:
        """Show the whole; `share` None: it is not sending yet."""
        self._bar.setRange(0, 0 if share is None else _THOUSAND)
        self._bar.setValue(round((share or 0) * _THOUSAND))
        self.pace.setText(words)
        self._calls.setText(calls_text(calls))

    @Slot(bool)
    def _on_pause(self, held: bool) -> None:  # noqa: FBT001 - Qt's signal
        words = tr("Continue") if held else tr("Pause")
        self.pause.setText(words)
        self.pause.setAccessibleName(words)
        set_icon(self.pause, "play" if held else "pause")
        self._heading.setText(tr("Paused") if held else tr("Committing"))
        self.pause_wanted.emit(held)
