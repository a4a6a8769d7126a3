"""How many records a system has, where it can be asked for less than reading them all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping


@dataclass(frozen=True, slots=True)
class EntityCount:
    """How many records there are of an entity.

    Attributes:
        exact: Whether they were counted; else some were, and the rest is reckoned from them.
        calls: How many calls a whole read of them takes, about, beyond those of other entities.
    """

    entity: str
    records: int
    exact: bool
    calls: int


@runtime_checkable
class Counts(Protocol):
    """A connector that can count."""

    def counts(
        self, entities: Sequence[EntityMapping], cancel: CancelToken
    ) -> Iterator[EntityCount]:
        """Yield how many records there are of each entity, in any order, in few calls."""
        ...
