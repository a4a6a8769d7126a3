"""The org as it would be after a deploy: made beside the org, taken over whole or not at all."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from app.sandbox.salesforce.ids import IdSource
from app.sandbox.salesforce.metadata.kinds import BY_NAME, FOLDER_PREFIX, PART_PREFIXES
from app.sandbox.salesforce.metadata.shelf import Held, Shelf
from app.sandbox.salesforce.metadata.xml_tree import Node
from app.sandbox.salesforce.schema import Field, SObject

FieldKey = tuple[str, str]  # sObject and field, as they are spelled


@dataclass(frozen=True, slots=True)
class Facts:
    """What a draft is told about the org: rows are asked for, not copied."""

    now: datetime
    ids: IdSource
    usernames: frozenset[str]
    filled: frozenset[str]  # sObjects that have rows


class Draft:
    """A schema and a shelf that a deploy changes freely."""

    def __init__(self, sobjects: Mapping[str, SObject], shelf: Shelf, facts: Facts) -> None:
        self.facts = facts
        self.shelf = shelf.copy()
        self.sobjects = {name.lower(): each for name, each in sobjects.items()}
        self.governed: set[FieldKey] = set()  # new fields that need a permission to be seen
        self.touched: set[str] = set()  # sObjects that are new, changed or gone, in lower case
        self.sets: set[str] = set()  # permission sets that are new, changed or gone

    def copy(self) -> "Draft":
        """Return a draft that can be changed without this one."""
        other = Draft(self.sobjects, self.shelf, self.facts)
        other.governed, other.touched = set(self.governed), set(self.touched)
        other.sets = set(self.sets)
        return other

    def take(self, other: "Draft") -> None:
        """Become as another draft is."""
        self.shelf, self.sobjects = other.shelf, other.sobjects
        self.governed, self.touched, self.sets = other.governed, other.touched, other.sets

    def find(self, name: str) -> SObject | None:
        """Return the sObject of this name, whatever its case."""
        return self.sobjects.get(name.lower())

    def field(self, sobject_name: str, name: str) -> Field | None:
        """Return a field by the names of sObject and field."""
        sobject = self.find(sobject_name)
        return sobject.by_name.get(name.lower()) if sobject is not None else None

    def put_sobject(self, sobject: SObject) -> None:
        """Add an sObject, or put it in the place of the one of its name."""
        self.sobjects[sobject.name.lower()] = sobject
        self.touched.add(sobject.name.lower())

    def drop_sobject(self, sobject: SObject) -> None:
        """Take an sObject away, with all that hangs on it."""
        del self.sobjects[sobject.name.lower()]
        self.touched.add(sobject.name.lower())
        start = sobject.name.lower()
        for held in self.shelf:
            owner = held.full_name.lower().partition(".")[0].partition("-")[0]
            if owner == start and held.kind not in {"Report", "Dashboard", "PermissionSet"}:
                self.shelf.drop(held.kind, held.full_name)

    def put_field(self, sobject: SObject, field: Field) -> SObject:
        """Add a field at the end of an sObject, or change it where it stands."""
        known = sobject.by_name.get(field.name.lower())
        if known is None:
            fields = (*sobject.fields, field)
        else:
            fields = tuple(field if each is known else each for each in sobject.fields)
        changed = replace(sobject, fields=fields)
        self.put_sobject(changed)
        return changed

    def drop_field(self, sobject: SObject, field: Field) -> None:
        """Take a field away."""
        fields = tuple(each for each in sobject.fields if each is not field)
        self.put_sobject(replace(sobject, fields=fields))
        self.governed.discard((sobject.name, field.name))

    def hold(self, kind: str, full_name: str, node: Node, *, folder: bool = False) -> bool:
        """Keep a component and tell whether it is new."""
        known = self.shelf.find(kind, full_name)
        now = self.facts.now
        if known is not None:
            self.shelf.put(replace(known, node=node, changed_at=now))
            return False
        prefix = FOLDER_PREFIX if folder else _prefix(kind)
        held = Held(kind, full_name, node, self.facts.ids.next(prefix), now, now, folder)
        self.shelf.put(held)
        return True

    def children(self, parent: str) -> Iterator[tuple[SObject, Field]]:
        """Yield the lookups that lead to an sObject."""
        for sobject in self.sobjects.values():
            for field in sobject.fields:
                if parent in field.reference_to:
                    yield sobject, field


def _prefix(kind: str) -> str:
    return BY_NAME[kind].prefix if kind in BY_NAME else PART_PREFIXES[kind]
