"""The noisy mode: quoted numbers and absent keys (aria.md §4.4, §4.5, §6.5)."""

from decimal import Decimal
from random import Random
from typing import Any

_QUOTED = 0.4  # share of the numbers that come as text
_ABSENT = 0.5  # share of the nulls that are left out


def noisy(answer: dict[str, Any], random: Random) -> dict[str, Any]:
    """Return an answer of the same meaning in another dress; the error code stays."""
    fixed = {name: answer[name] for name in ("error_code", "error_msg") if name in answer}
    return {**_rewritten(answer, random), **fixed}


def _rewritten(value: Any, random: Random) -> Any:
    if isinstance(value, dict):
        return {
            name: _rewritten(one, random)
            for name, one in value.items()
            if one is not None or random.random() >= _ABSENT
        }
    if isinstance(value, list):
        return [_rewritten(one, random) for one in value]
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value) if random.random() < _QUOTED else value
    return value
