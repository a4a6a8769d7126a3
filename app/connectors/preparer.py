"""What a connector offers that can make what a mapping needs on its system."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, Protocol, runtime_checkable

from app.domain.control import CancelToken, Report


class PartState(Enum):
    """How a part of the system stands to what the mapping needs."""

    MISSING = "missing"
    HIDDEN = "hidden"
    DIFFERS = "differs"
    BLOCKED = "cannot be changed"


class PartKey(NamedTuple):
    """Which part: its kind in the system's words, small (`field`), and its name there."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that is not as the mapping needs it.

    Attributes:
        detail: What is wrong, or what will be made; one sentence's end, no full stop.
        ticked: Whether it is needed; what is not is good advice, and left to the user.
        needs: The lacking parts without which this one cannot be made.
    """

    key: PartKey
    state: PartState
    detail: str = ""
    ticked: bool = True
    needs: tuple[PartKey, ...] = ()

    @property
    def can_change(self) -> bool:
        """Whether it can be chosen at all."""
        return self.state is not PartState.BLOCKED

    @property
    def lacks(self) -> bool:
        """Whether something that is needed is not there: advice does not count."""
        return self.ticked or not self.can_change


@dataclass(frozen=True, slots=True)
class Survey:
    """What a system lacks, in the order in which it would be made; `fitting` parts are well."""

    instance: str
    parts: tuple[Part, ...]
    fitting: int


@dataclass(frozen=True, slots=True)
class PartFailure:
    """A part that the system refused to make, change or delete, and why."""

    key: PartKey
    message: str


@dataclass(frozen=True, slots=True)
class Deployed:
    """What became of a deployment: all of it, or nothing where there are failures."""

    done: tuple[PartKey, ...] = ()
    failures: tuple[PartFailure, ...] = ()


@dataclass(frozen=True, slots=True)
class Removal:
    """A part that can be deleted again; `records` None: what it holds cannot be counted."""

    key: PartKey
    records: int | None = 0


class Preparer(Protocol):
    """Compares one system with what the mapping needs, and makes what it lacks.

    Raises, everywhere: an `AppError` where the system cannot be asked or lacks the right.
    """

    def survey(self, cancel: CancelToken, report: Report) -> Survey:
        """Return what is lacking; changes nothing."""
        ...

    def deploy(self, parts: Sequence[Part], cancel: CancelToken, report: Report) -> Deployed:
        """Make the parts, after a trial that changes nothing; all of them or none.

        Raises:
            Cancelled: Nothing was made.
        """
        ...

    def removals(self, keys: Sequence[PartKey], cancel: CancelToken) -> tuple[Removal, ...]:
        """Return which of the parts are still there, with the records they hold."""
        ...

    def remove(self, keys: Sequence[PartKey], cancel: CancelToken, report: Report) -> Deployed:
        """Delete the parts with all they hold, after a trial; all of them or none.

        Raises:
            Cancelled: Nothing was deleted.
        """
        ...


@runtime_checkable
class Preparable(Protocol):
    """A connector whose system can be prepared."""

    def preparer(self) -> Preparer:
        """Return what prepares the system; nothing is sent yet."""
        ...
