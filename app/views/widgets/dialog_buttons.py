"""The last row of a dialog that asks one thing: leave it, or do it."""

from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton

from app.views.state.language import tr
from app.views.widgets.labels import push_button


def cancel_or(dialog: QDialog, accept: QPushButton) -> QHBoxLayout:
    """Return a row with a button that closes the dialog, and the one that Enter presses."""
    row = QHBoxLayout()
    row.addStretch(1)
    cancel = push_button(tr("Cancel"))
    cancel.clicked.connect(dialog.reject)
    row.addWidget(cancel)
    row.addWidget(accept)
    accept.setDefault(True)
    return row
