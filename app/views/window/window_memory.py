"""What the window remembers from one time to the next: its size and the last workspace."""

from PySide6.QtCore import QSettings

from app.settings import home


def window_memory() -> QSettings:
    """Return where the window remembers its size and the last workspace, and nothing else."""
    return QSettings(str(home() / "window.ini"), QSettings.Format.IniFormat)
