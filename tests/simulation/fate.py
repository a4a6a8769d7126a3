"""Fate: everything that chance decides in a simulated run, drawn from one seed."""

import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from app.domain.control import CancelToken
from app.errors import AppError, ConnectionFailed, LimitReached, NotSignedIn

HOUR_S = 3600
_ENDLESS = 20_000


class Killed(BaseException):
    """The process is gone: nothing that the engine does from here on has any effect."""


class EndlessError(Exception):
    """The engine does not come to an end."""


@dataclass(frozen=True, slots=True)
class Rates:
    """How likely each trouble is, at each point where it may strike.

    Attributes:
        edit: A person edits while the engine is at work.
        read: A read breaks off (503, 429, expired session).
        write: A call that writes goes wrong, in one of the ways of `WRITE_TROUBLES`.
        row: One row of a call is refused.
    """

    edit: float = 0
    read: float = 0
    write: float = 0
    row: float = 0


QUIET = Rates()
WRITE_TROUBLES = (
    "lost request",
    "lost answer",
    "late",
    "twice",
    "503",
    "429",
    "expired session",
)
_READ_TROUBLES: tuple[type[AppError], ...] = (ConnectionFailed, LimitReached, NotSignedIn)
_DISK_TROUBLES = ("SQLITE_FULL", "SQLITE_BUSY", "SQLITE_IOERR_WRITE")


@dataclass
class Fate:
    """The one source of chance, of time, and of trouble.

    Attributes:
        time: Counts the points at which the engine touched something outside itself.
        clock_s: What the engine's clock shows, in seconds since the epoch; it may jump.
        kill_in: Touches left until the process is killed; None: it lives.
        disk_in: Statements left until the disk gives trouble, for `disk_for` statements.
        cancel_in: Touches left until somebody presses Cancel.
        dead: The process is gone.
        ghost: Dead, but a request that was on the wire still arrives.
    """

    random: Random
    rates: Rates = QUIET
    time: int = 0
    clock_s: float = 1_800_000_000
    kill_in: int | None = None
    disk_in: int | None = None
    disk_for: int = 0
    cancel_in: int | None = None
    token: CancelToken = field(default_factory=CancelToken)
    dead: bool = False
    ghost: bool = False
    trace: list[str] = field(default_factory=list)
    struck: "Counter[str]" = field(default_factory=Counter)
    on_touch: Callable[[], None] = lambda: None

    def tell(self, words: str) -> None:
        """Add a line to the schedule, which `--verbose` prints."""
        self.trace.append(f"{self.time:5} {words}")

    def chance(self, rate: float) -> bool:
        """Return whether something of that likelihood happens; never draws for a rate of 0."""
        return rate > 0 and self.random.random() < rate

    def touch(self, where: str) -> None:
        """Pass a point where the engine touches something outside: time goes on, others act.

        Raises:
            Killed: The process dies here, or is dead.
            EndlessError: This run has touched more than any does that ends.
        """
        if self.dead:
            if self.ghost:
                return
            raise Killed(where)
        self.time += 1
        if self.time > _ENDLESS:
            raise EndlessError(where)
        self.clock_s += 0.5
        self.on_touch()
        if self.cancel_in is not None:
            self.cancel_in -= 1
            if self.cancel_in <= 0:
                self._strike("cancel", where)
                self.cancel_in = None
                self.token.cancel()
        if self.kill_in is not None:
            self.kill_in -= 1
            if self.kill_in <= 0:
                self._strike("kill", where)
                self.dead = True
                raise Killed(where)

    def disk(self, statement: str) -> None:
        """Pass a statement to the disk, or fail as SQLite does.

        Raises:
            sqlite3.OperationalError: The disk is full, the store locked, or the write failed.
            Killed: The process is dead.
        """
        if self.dead:
            raise Killed(statement)
        if self.disk_in is None:
            return
        self.disk_in -= 1
        if self.disk_in > 0:
            return
        if self.disk_in <= -self.disk_for:
            self.disk_in = None
            return
        name = _DISK_TROUBLES[self.disk_for % len(_DISK_TROUBLES)]
        self._strike(name, statement.split(maxsplit=1)[0])
        error = sqlite3.OperationalError(name)
        error.sqlite_errorname = name
        raise error

    def read_trouble(self, where: str) -> None:
        """Let a read go through, or break it off.

        Raises:
            AppError: As a connector gives up after its own retries.
        """
        if not self.dead and self.chance(self.rates.read):
            kind = self.random.choice(_READ_TROUBLES)
            self._strike(kind.__name__, where)
            raise kind(f"simulated: {where}")

    def write_trouble(self, where: str) -> str:
        """Return what goes wrong with a call that writes, `""` for nothing."""
        if self.dead or not self.chance(self.rates.write):
            return ""
        trouble = self.random.choice(WRITE_TROUBLES)
        self._strike(trouble, where)
        return trouble

    def calm(self) -> None:
        """Let nothing go wrong from here on."""
        self.rates = QUIET
        self.disarm()

    def disarm(self) -> None:
        """Take back a kill, a cancel or a disk trouble that did not strike."""
        self.kill_in = self.disk_in = self.cancel_in = None
        self.dead = self.ghost = False

    def _strike(self, trouble: str, where: str) -> None:
        self.struck[trouble] += 1
        self.tell(f"! {trouble} at {where}")
