"""The one function through which every text of the window goes."""

from collections.abc import Callable


class _Language:
    """Holds the translation of this process; English until one is installed."""

    translate: Callable[[str], str] = staticmethod(str)


def tr(text: str) -> str:
    """Return a text in the user's language; placeholders like `{count}` stay for `format`."""
    return _Language.translate(text)


def install(translate: Callable[[str], str]) -> None:
    """Translate with a function from now on; the window's application does this once."""
    _Language.translate = staticmethod(translate)
