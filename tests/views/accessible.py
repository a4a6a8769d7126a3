"""Which controls a screen reader could not name."""

from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget


def nameless(root: QWidget) -> list[tuple[str, str]]:
    """Return class and object name of each visible control without a name."""
    found = []
    for widget in root.findChildren(QWidget):
        told = QAccessible.queryAccessibleInterface(widget)
        if widget.isVisible() and _needs_name(told, widget):
            found.append((type(widget).__name__, widget.objectName()))
    return found


def _needs_name(found: QAccessibleInterface, widget: QWidget) -> bool:
    roles = {
        QAccessible.Role.Button, QAccessible.Role.ButtonMenu, QAccessible.Role.CheckBox,
        QAccessible.Role.EditableText, QAccessible.Role.Tree, QAccessible.Role.Table,
        QAccessible.Role.ComboBox,
    }  # fmt: skip
    inside = isinstance(widget.parent(), (QLineEdit, QComboBox))
    # Qt's own corner button of a table says nothing and does nothing here.
    corner = type(widget).__name__ in {"QTableCornerButton", "QAbstractButton"}
    return (
        found.role() in roles
        and not inside
        and not corner
        and not found.text(QAccessible.Text.Name)
    )
