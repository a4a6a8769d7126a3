"""What the window remembers from one time to the next: its size and the last workspace."""

from PySide6.QtCore import QMargins, QSettings
from PySide6.QtWidgets import QWidget

from app.settings import home

_FRAME = QMargins(0, 40, 0, 0)  # the desktop puts a title above the window


def window_memory() -> QSettings:
    """Return where the window remembers its size and the last workspace, and nothing else."""
    return QSettings(str(home() / "window.ini"), QSettings.Format.IniFormat)


def keep_size(window: QWidget) -> None:
    """Remember where a window stands and how large it is."""
    window_memory().setValue("geometry", window.saveGeometry())


def restore_size(window: QWidget) -> None:
    """Give a window the place and the size that were remembered, else no more than its screen."""
    geometry = window_memory().value("geometry")
    if geometry is not None:
        window.restoreGeometry(geometry)
        return
    room = window.screen().availableGeometry().marginsRemoved(_FRAME)
    window.resize(window.size().boundedTo(room.size()))
