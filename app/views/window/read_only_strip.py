"""The strip that says that a workspace can only be read here, and why."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.errors import AppError
from app.views.state.language import tr
from app.views.state.progress import notice
from app.views.widgets.labels import label, push_button


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
            self._text.setText(words.format(summary=told.summary, hint=told.hint))
        self.setVisible(refused is not None)
