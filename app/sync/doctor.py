"""Doctor: checks what Concord stands on, and says how to mend what fails."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from app.errors import AppError


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; `hint` says how to mend it where it is not well."""

    check: str
    is_well: bool
    detail: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at: `look` returns what is well, or raises an `AppError`."""

    name: str
    look: Callable[[], str]


def examine(checks: Iterable[Check]) -> Iterator[Finding]:
    """Yield a finding for each check, in order; none stops the others."""
    for check in checks:
        try:
            yield Finding(check.name, is_well=True, detail=check.look())
        except AppError as error:
            yield Finding(check.name, is_well=False, detail=error.summary, hint=error.hint)
