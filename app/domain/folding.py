"""Texts as people look for them: without case and accents."""

import unicodedata


def folded(text: str) -> str:
    """Return a text without case and accents: `Krüger` and `KRUGER` are both `kruger`."""
    if text.isascii():
        return text.lower()
    # Letters such as a raised A have a case only once they are taken apart.
    letters = unicodedata.normalize("NFKD", text.casefold()).casefold()
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
