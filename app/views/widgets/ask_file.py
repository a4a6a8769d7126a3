"""Asks for the name of a file, without holding the window."""

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget


@dataclass(frozen=True, slots=True)
class FileKind:
    """What kind of file is asked for: the words of the filter, and its ending without a dot."""

    words: str
    ending: str


def ask_to_save(parent: QWidget, title: str, kind: FileKind, name: str) -> QFileDialog:
    """Show a dialog for a file to write; its `fileSelected` says which. It asks before replacing.

    The dialog is Qt's own: the systems' dialogs hold the thread until they are answered.
    """
    dialog = _dialog(parent, title, kind)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(kind.ending)
    dialog.selectFile(name)
    dialog.open()
    return dialog


def ask_to_open(parent: QWidget, title: str, kind: FileKind) -> QFileDialog:
    """Show a dialog for a file that is there; its `fileSelected` says which."""
    dialog = _dialog(parent, title, kind)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.open()
    return dialog


def _dialog(parent: QWidget, title: str, kind: FileKind) -> QFileDialog:
    dialog = QFileDialog(parent, title)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
    dialog.setNameFilter(f"{kind.words} (*.{kind.ending})")
    return dialog
