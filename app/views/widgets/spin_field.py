"""Fields with arrows, looking like the fields without."""

from PySide6.QtWidgets import QAbstractSpinBox, QLineEdit

_INDENT = 8


def indent(field: QAbstractSpinBox) -> None:
    """Begin its text where other fields do; Qt's style sheets leave it at the frame."""
    line = field.findChild(QLineEdit)
    if line is not None:
        line.setTextMargins(_INDENT, 0, 0, 0)
