"""When a job runs, typed: a way of saying it, and the box that goes with it."""

import time

from PySide6.QtCore import QTime, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QSpinBox,
    QStackedWidget,
    QTimeEdit,
    QVBoxLayout,
    QWidget,
)

from app.views.state.job_draft import HOW_WORDS, How, When, due_words
from app.views.state.language import tr
from app.views.widgets.labels import label
from app.views.widgets.spin_field import indent

_MOST_MINUTES = 31 * 24 * 60


class WhenEdit(QWidget):
    """Says below when the job would run next, or what is wrong.

    Signals:
        changed: Something was typed.
    """

    changed = Signal()

    def __init__(self, when: When, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.how = QComboBox()
        self.minutes = QSpinBox(minimum=1, maximum=_MOST_MINUTES, value=when.minutes)
        self.at = QTimeEdit(QTime(when.at.hour, when.at.minute))
        self.cron = QLineEdit(when.cron)
        self.due = label("", "muted", wrap=True)
        indent(self.minutes)
        indent(self.at)
        self._boxes = QStackedWidget()
        for how, words in HOW_WORDS.items():
            self.how.addItem(words(), how)
        self.how.setCurrentIndex(list(HOW_WORDS).index(when.how))
        self._lay_out()
        self._on_changed()

    def _lay_out(self) -> None:
        self.how.setAccessibleName(tr("How it is said when the job runs"))
        self.minutes.setAccessibleName(tr("Minutes from one run to the next"))
        self.minutes.setSuffix(tr(" min"))
        self.at.setAccessibleName(tr("Time of the day, by this machine's clock"))
        self.at.setDisplayFormat("HH:mm")
        self.cron.setAccessibleName(tr("Minute, hour, day, month, weekday"))
        self.cron.setPlaceholderText("30 6 * * 1-5")
        for box in (self.minutes, self.at, self.cron):
            self._boxes.addWidget(box)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.how)
        row.addWidget(self._boxes, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row)
        layout.addWidget(self.due)
        self.how.currentIndexChanged.connect(self._on_changed)
        self.minutes.valueChanged.connect(self._on_changed)
        self.at.timeChanged.connect(self._on_changed)
        self.cron.textChanged.connect(self._on_changed)

    def when(self) -> When:
        """Return what was typed."""
        at = self.at.time().toPython()
        return When(self.how.currentData(), self.minutes.value(), at, self.cron.text())  # type: ignore[arg-type]  # Qt's stub says object

    @Slot()
    def _on_changed(self) -> None:
        boxes = {How.MINUTES: self.minutes, How.CRON: self.cron}
        self._boxes.setCurrentWidget(boxes.get(self.how.currentData(), self.at))
        self.due.setText(due_words(self.when(), time.time()))
        self.changed.emit()
