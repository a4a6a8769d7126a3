"""What an option is given, from text to a value; what it cannot be is said in words."""

import math
from argparse import Action, ArgumentError, ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable

from app.domain.schedule import MOST_MINUTES

MOST = 1_000_000_000
"""The largest whole number that an option takes by itself."""
CENTURY = 36_500
"""Days; a history that is kept longer is kept for good."""


def whole_number(*, least: int, most: int = MOST) -> Callable[[str], int]:
    """Return what reads a whole number in a range, both ends included."""

    def read(text: str) -> int:
        sign, digits = text[:1] == "-", text.removeprefix("-")
        # Digits are counted before they are read: Python reads no number of thousands of them.
        if digits.isascii() and digits.isdigit() and len(digits) <= len(str(most)):
            number = -int(digits) if sign else int(digits)
            if least <= number <= most:
                return number
        message = f"{text!r} is no whole number from {least:,} to {most:,}"
        raise ArgumentTypeError(message)

    return read


def minutes(text: str) -> float:
    """Return minutes above none, of which parts may be given, up to a month."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number <= MOST_MINUTES:
        message = f"{text!r} is no number of minutes above 0, up to {MOST_MINUTES:,}"
        raise ArgumentTypeError(message)
    return number


class Filled(Action):
    """Stores a text that says something.

    An empty one comes from a script whose variable is not set: taken for an option that was left
    out, it would plan or take back everything.
    """

    def __call__(
        self,
        parser: ArgumentParser,
        namespace: Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        """Store the text, or refuse it."""
        del parser, option_string
        if not str(values).strip():
            raise ArgumentError(self, "it is empty; leave it out, or say what is meant")
        setattr(namespace, self.dest, values)
