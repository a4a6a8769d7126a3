"""The menu of what can be done about an account in its billing system."""

from collections.abc import Callable, Sequence
from itertools import groupby

from PySide6.QtCore import QPoint, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QToolButton

from app.views.state.acting import Offer
from app.views.state.language import tr


class ActionMenu(QMenu):
    """Belongs to a button; it is filled when it opens, since it depends on what is chosen then.

    Signals:
        chosen: An `Offer`.
    """

    chosen = Signal(object)

    def __init__(self, button: QToolButton, find: Callable[[], Sequence[Offer]]) -> None:
        super().__init__(button)
        self._button, self._find = button, find
        self.setToolTipsVisible(True)
        button.setMenu(self)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.aboutToShow.connect(self.fill)

    @Slot()
    def fill(self) -> None:
        """List what can be done now, by record; what cannot is grey and its tip says why."""
        self.clear()
        for about, offers in groupby(self._find(), key=_about):
            if not self.isEmpty():
                self.addSeparator()
            # A section's title would not be drawn: menus have a style sheet.
            title = self.addAction(about)
            title.setEnabled(False)
            bold = title.font()
            bold.setBold(True)
            title.setFont(bold)
            for offer in offers:
                action = self.addAction(offer.action.label + "\u2026")
                action.setData(offer)
                action.setEnabled(not offer.objection)
                action.setToolTip(offer.objection or offer.heading)
                action.triggered.connect(self._on_action)

    @Slot()
    def pop_up(self) -> None:
        """Open it below its button, without waiting for the choice."""
        self.popup(self._button.mapToGlobal(QPoint(0, self._button.height())))

    @Slot()
    def _on_action(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.chosen.emit(action.data())


def _about(offer: Offer) -> str:
    return offer.about or offer.objection or tr("Anything else")
