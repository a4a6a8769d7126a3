"""What was deployed, as it was deployed: the components that the org can give back."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from app.sandbox.salesforce.metadata.xml_tree import Node


@dataclass(frozen=True, slots=True)
class Held:
    """One component: a whole file, or one part of an object's."""

    kind: str
    full_name: str
    node: Node
    id: str
    created_at: datetime
    changed_at: datetime
    folder: bool = False  # a folder of reports or dashboards


class Shelf:
    """The components of the org by kind and full name, whatever its case."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], Held] = {}
        self.changes = 0  # counts what was put, dropped or taken over

    def __iter__(self) -> Iterator[Held]:
        return iter(list(self._held.values()))

    def find(self, kind: str, full_name: str) -> Held | None:
        """Return a component."""
        return self._held.get((kind, full_name.lower()))

    def of_kind(self, kind: str) -> list[Held]:
        """Return the components of a kind by name."""
        found = [each for each in list(self._held.values()) if each.kind == kind]
        return sorted(found, key=lambda each: each.full_name)

    def put(self, held: Held) -> None:
        """Add a component or put it in the place of the one of its name."""
        self._held[held.kind, held.full_name.lower()] = held
        self.changes += 1

    def drop(self, kind: str, full_name: str) -> None:
        """Forget a component, if there is one."""
        self._held.pop((kind, full_name.lower()), None)
        self.changes += 1

    def copy(self) -> "Shelf":
        """Return a shelf that can be changed without this one."""
        other = Shelf()
        other.take(self)
        return other

    def take(self, other: "Shelf") -> None:
        """Hold what another shelf holds."""
        self._held = {(each.kind, each.full_name.lower()): each for each in other}
        self.changes += 1

    def clear(self) -> None:
        """Forget everything."""
        self._held.clear()
        self.changes += 1
