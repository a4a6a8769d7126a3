"""Record ids: 15 case-sensitive characters and 3 that guard their case (salesforce.md §1)."""

import re
import string
import threading
from collections import Counter
from functools import lru_cache

_CHECK = string.ascii_uppercase + "012345"
_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase  # sorts as ASCII does
_POD = "Hs"
_SHAPE = re.compile(r"[A-Za-z0-9]{15}(?:[A-Z0-5]{3})?", re.ASCII)

MASTER_RECORD_TYPE = "012000000000000AAA"


def with_check(short: str) -> str:
    """Return the 18-character form of a 15-character id."""
    return f"{short}{_check(short[:5])}{_check(short[5:10])}{_check(short[10:])}"


@lru_cache(maxsize=4096)  # the first ten characters are the same for thousands of ids
def _check(group: str) -> str:
    return _CHECK[sum(1 << i for i, letter in enumerate(group) if letter.isupper())]


def normalized(text: str) -> str | None:
    """Return the 18-character form of an id of 15 or 18 characters, or None if it is none.

    The check characters of an 18-character id are compared without regard to case, as they repair
    nothing here: the case of the first 15 counts.
    """
    if not _SHAPE.fullmatch(text[:15] + text[15:].upper()):
        return None
    full = with_check(text[:15])
    return full if text[15:].upper() in {"", full[15:]} else None


class IdSource:
    """Hands out new ids: of one prefix ascending, never one twice, not even after a reset."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used: Counter[str] = Counter()

    def next(self, prefix: str) -> str:
        """Return a new 18-character id with this key prefix."""
        with self._lock:
            self._used[prefix] += 1
            number = self._used[prefix]
        digits = []
        for _ in range(12 - len(_POD)):
            number, digit = divmod(number, len(_DIGITS))
            digits.append(_DIGITS[digit])
        return with_check(prefix + _POD + "".join(reversed(digits)))
