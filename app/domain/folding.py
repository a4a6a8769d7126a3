"""Texts as people look for them: without case and accents."""

import unicodedata


def folded(text: str) -> str:
    """Return a text without case and accents: `Krüger` and `KRUGER` are both `kruger`."""
    if text.isascii():
        return text.lower()
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
