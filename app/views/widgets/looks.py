"""The product's own looks: colours in light and dark, the font, and Fusion dressed in them."""

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

from app.settings import resource
from app.views.state.difference import Tone
from app.views.widgets.style_sheet import style_sheet

POINT_SIZE = 10
FONTS = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSans-Oblique.ttf")
_HALF = 128


@dataclass(frozen=True, slots=True)
class Ink:
    """The colours of one state: of its text and signs, and of the ground behind them."""

    front: str
    ground: str


@dataclass(frozen=True, slots=True)
class Colours:
    """All colours of the window. Blue and orange, so that red-blind eyes tell them apart."""

    window: str
    base: str
    alternate: str
    text: str
    muted: str
    line: str
    edge: str
    accent: str
    accent_text: str
    hover: str
    selection: str
    rail: str
    rail_text: str
    production: str
    tones: dict[Tone, Ink]


LIGHT = Colours(
    window="#F4F6F9",
    base="#FFFFFF",
    alternate="#F7F9FB",
    text="#1B2430",
    muted="#566273",
    line="#D8DEE7",
    edge="#7F8B9D",
    accent="#1D5BC2",
    accent_text="#FFFFFF",
    hover="#EBEFF5",
    selection="#D7E5FB",
    rail="#1C2636",
    rail_text="#C9D3E2",
    production="#B23A0E",
    tones={
        Tone.PLAIN: Ink("#1B2430", "#FFFFFF"),
        Tone.BILLING: Ink("#984700", "#FFF0DE"),
        Tone.SALESFORCE: Ink("#0B56AE", "#E4EFFC"),
        Tone.CHANGED: Ink("#663BA0", "#F2EBFB"),
        Tone.CONFLICT: Ink("#A3134F", "#FDE6EF"),
        Tone.MUTED: Ink("#566273", "#EDF0F4"),
    },
)
DARK = Colours(
    window="#161B23",
    base="#1C222C",
    alternate="#202733",
    text="#E5EAF1",
    muted="#ABB6C6",
    line="#343E4D",
    edge="#66748A",
    accent="#5B95F5",
    accent_text="#0E1520",
    hover="#28303D",
    selection="#27406B",
    rail="#10151C",
    rail_text="#B4C0D1",
    production="#B0410F",
    tones={
        Tone.PLAIN: Ink("#E5EAF1", "#1C222C"),
        Tone.BILLING: Ink("#FFB86B", "#3A2A18"),
        Tone.SALESFORCE: Ink("#85BCFF", "#1A2F49"),
        Tone.CHANGED: Ink("#C8A8FF", "#2F2545"),
        Tone.CONFLICT: Ink("#FF94B8", "#431F2F"),
        Tone.MUTED: Ink("#ABB6C6", "#272F3B"),
    },
)


def colours_of(palette: QPalette) -> Colours:
    """Return the colours that belong to a palette, light or dark."""
    return DARK if palette.color(QPalette.ColorRole.Window).lightness() < _HALF else LIGHT


def dress(app: QApplication, *, dark: bool) -> None:
    """Give an application Concord's looks; called again when the system's scheme changes."""
    colour(app, dark=dark)
    shape(app, dark=dark)


def colour(app: QApplication, *, dark: bool) -> None:
    """Give an application what its widgets need while they are put together."""
    app.setStyle("Fusion")
    app.setPalette(qt_palette(DARK if dark else LIGHT))
    app.setFont(_font())


def shape(app: QApplication, *, dark: bool) -> None:
    """Give an application its style sheet, better after its window was made than before.

    Under a style sheet each widget that gets a parent is styled again, and all that it holds: the
    window takes three times as long to make.
    """
    colours = DARK if dark else LIGHT
    conflict = colours.tones[Tone.CONFLICT]
    more = {
        "error": conflict.front,
        "notice": conflict.ground,
        "checked_rail": "#2F7DE1",
        "tick": _picture("tick", dark=dark),
        "down": _picture("down", dark=dark),
        "up": _picture("up", dark=dark),
    }
    app.setStyleSheet(style_sheet(lambda name: str(getattr(colours, name)), **more))


def _picture(name: str, *, dark: bool) -> str:
    # A style sheet takes a picture by its path alone, with slashes on every system.
    return str(resource("icons", f"{name}-{'dark' if dark else 'light'}.svg")).replace("\\", "/")


def system_is_dark(app: QApplication) -> bool:
    """Return whether the system wants dark windows."""
    return app.styleHints().colorScheme() is Qt.ColorScheme.Dark


def qt_palette(colours: Colours) -> QPalette:
    """Return the Qt palette of the colours."""
    palette, role = QPalette(), QPalette.ColorRole
    for each, colour in {
        role.Window: colours.window,
        role.WindowText: colours.text,
        role.Base: colours.base,
        role.AlternateBase: colours.alternate,
        role.Text: colours.text,
        role.Button: colours.base,
        role.ButtonText: colours.text,
        role.BrightText: colours.accent_text,
        role.Highlight: colours.accent,
        role.HighlightedText: colours.accent_text,
        role.Link: colours.accent,
        role.PlaceholderText: colours.muted,
        role.ToolTipBase: colours.base,
        role.ToolTipText: colours.text,
        role.Mid: colours.line,
        role.Light: colours.base,
        role.Dark: colours.line,
        role.Accent: colours.accent,
    }.items():
        palette.setColor(each, QColor(colour))
    for each in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, each, QColor(colours.muted))
    return palette


def _font() -> QFont:
    """Return the system's font at our size; the one that Concord ships where there is none."""
    if not QFontDatabase.families():
        for name in FONTS:
            QFontDatabase.addApplicationFontFromData(resource("fonts", name).read_bytes())
        return QFont("DejaVu Sans", POINT_SIZE)
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
    font.setPointSize(POINT_SIZE)
    font.setFeature(QFont.Tag("tnum"), 1)  # figures of one width: amounts stand below each other
    return font
