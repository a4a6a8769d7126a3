"""Icons from our one set, in the colour of the text beside them."""

from functools import cache

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QApplication

from app.settings import resource
from app.views.widgets.looks import colours_of

SIZE = 18
_NAME, _COLOUR = "concordIcon", "concordIconColour"


def pixmap(name: str, size: int, colour: str = "") -> QPixmap:
    """Return an icon as a pixmap, sharp on the densest screen; drawn in a colour, if one is given.

    Raises:
        NotFound: There is no icon of that name.
    """
    renderer = QSvgRenderer(QByteArray(_svg(name).replace("#000000", colour or "#000000").encode()))
    screens = QGuiApplication.screens()
    ratio = max((screen.devicePixelRatio() for screen in screens), default=1.0)
    drawn = QPixmap(QSize(round(size * ratio), round(size * ratio)))
    drawn.setDevicePixelRatio(ratio)
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    renderer.render(painter, QRectF(0, 0, size, size))
    painter.end()
    return drawn


@cache
def _svg(name: str) -> str:
    """Return an icon's source; found and read once, since a dialog that opens has dozens."""
    return resource("icons", f"{name}.svg").read_text("utf-8")


def set_icon(button: QAbstractButton, name: str, colour: str = "text") -> None:
    """Give a button an icon; `colour` is a colour's name, so that it follows light and dark."""
    button.setProperty(_NAME, name)
    button.setProperty(_COLOUR, colour)
    button.setIconSize(QSize(SIZE, SIZE))
    _tint(button)


def retint(app: QApplication) -> None:
    """Draw all buttons' icons again, after the colours have changed."""
    for widget in app.allWidgets():
        if isinstance(widget, QAbstractButton) and widget.property(_NAME):
            _tint(widget)


def _tint(button: QAbstractButton) -> None:
    colours = colours_of(QApplication.palette())
    name, colour = str(button.property(_NAME)), str(getattr(colours, button.property(_COLOUR)))
    icon = QIcon(pixmap(name, SIZE, colour))
    icon.addPixmap(pixmap(name, SIZE, colours.muted), QIcon.Mode.Disabled)
    button.setIcon(icon)
