"""A long form: shown whole where the screen has room for it, else it scrolls."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialog, QFrame, QScrollArea, QWidget

_LEAST_HEIGHT = 160
_AROUND = 80  # a dialog's own title and the desktop's bars


class TallForm(QScrollArea):
    """Holds a form; Tab brings what has the focus into view."""

    def __init__(self, form: QWidget) -> None:
        super().__init__()
        self.setWidget(form)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMinimumSize(form.minimumSizeHint().width(), _LEAST_HEIGHT)

    def sizeHint(self) -> QSize:
        """Return the size of the whole form (Qt)."""
        form = self.widget()
        return super().sizeHint() if form is None else form.sizeHint()


def fit_screen(dialog: QDialog, size: QSize) -> None:
    """Give a dialog a size, but no more height than its screen has."""
    most = dialog.screen().availableSize().height() - _AROUND
    dialog.resize(size.width(), min(size.height(), most))
