"""Labels in the few roles that the style sheet knows."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import QLabel, QPushButton, QToolButton

from app.views.widgets.icons import set_icon


class Chip(QToolButton):
    """One of a row of choices; while it is on it is as wide as its words are in bold.

    That bold is the style sheet's; Qt measures the button by its own font.
    """

    def __init__(self) -> None:
        super().__init__()
        self.toggled.connect(self.updateGeometry)

    def sizeHint(self) -> QSize:
        """Return the size that it needs now (Qt)."""
        size = super().sizeHint()
        if not self.isChecked():
            return size
        bold = QFont(self.font())
        bold.setBold(True)
        plain_width = self.fontMetrics().horizontalAdvance(self.text())
        return size + QSize(QFontMetrics(bold).horizontalAdvance(self.text()) - plain_width, 0)


def label(text: str, role: str = "", *, wrap: bool = False) -> QLabel:
    """Return a label; `role` is title, heading, section, muted, error or ""."""
    made = QLabel(text)
    made.setWordWrap(wrap)
    dress_label(made, role)
    return made


def dress_label(made: QLabel, role: str) -> None:
    """Give a label its role; what it is told to show is never taken for markup."""
    made.setProperty("role", role)
    made.setTextFormat(Qt.TextFormat.PlainText)


def push_button(text: str, role: str = "", icon: str = "") -> QPushButton:
    """Return a button; `role` is primary, danger or ""."""
    made = QPushButton(text)
    made.setProperty("role", role)
    made.setAccessibleName(text)
    if icon:
        set_icon(made, icon, "accent_text" if role == "primary" else "text")
    return made


def set_role(button: QPushButton, role: str) -> None:
    """Give a button another role."""
    if button.property("role") != role:
        button.setProperty("role", role)
        button.style().unpolish(button)
        button.style().polish(button)


def tool_button(text: str, role: str, icon: str = "") -> QToolButton:
    """Return a tool button with its text beside its icon; `role` is button, icon, flat or chip."""
    made = Chip() if role == "chip" else QToolButton()
    made.setText(text)
    made.setProperty("role", role)
    made.setAccessibleName(text)
    made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    if icon:
        set_icon(made, icon)
    return made


def icon_button(icon: str, words: str) -> QToolButton:
    """Return a button that shows an icon alone; its words are its tool tip and its name."""
    made = tool_button("", "icon", icon)
    made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
    made.setToolTip(words)
    made.setAccessibleName(words)
    return made
