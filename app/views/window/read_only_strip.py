"""The strip that says that a workspace can only be read here, and why."""

import re

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.errors import AppError
from app.views.state.fields import local_time
from app.views.state.language import tr
from app.views.state.progress import notice
from app.views.widgets.labels import label, push_button

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
"""Since when another process holds the store, as the lock's file has it."""


class ReadOnlyStrip(QWidget):
    """Shown while the store refuses to be written; hidden otherwise.

    Signals:
        again_wanted: It is to be tried again whether it can be written now.
    """

    again_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("readOnly")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._text = label("", "", wrap=True)
        self.again = push_button(tr("Try again"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 6, 16, 6)
        layout.setSpacing(12)
        layout.addWidget(self._text, 1)
        layout.addWidget(self.again)
        self.again.clicked.connect(self.again_wanted)
        self.hide()

    @property
    def text(self) -> str:
        """What it says."""
        return self._text.text()

    def tell(self, refused: AppError | None) -> None:
        """Say why nothing can be written; None: it can."""
        if refused is not None:
            told, words = notice(refused), tr("Read only. {summary} {hint}")
            summary = _TIME.sub(lambda found: local_time(found[0]), told.summary)
            self._text.setText(words.format(summary=summary, hint=told.hint))
        self.setVisible(refused is not None)
