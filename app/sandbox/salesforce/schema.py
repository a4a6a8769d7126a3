"""The org's schema: sObjects, their fields, who may see them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

NUMBERS = frozenset({"double", "currency", "percent"})
_SHORT_TEXT = 255


@dataclass(frozen=True, slots=True)
class Field:
    """One field, as describe knows it; `type` is describe's word for it."""

    name: str
    label: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    digits: int = 0
    custom: bool = False
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    defaulted: bool = False
    external_id: bool = False
    unique: bool = False
    case_sensitive: bool = False
    id_lookup: bool = False
    name_field: bool = False
    auto_number: str = ""  # the display format, such as "PR-{00000}"
    reference_to: tuple[str, ...] = ()
    relationship: str | None = None
    children: str | None = None  # what the parent calls its children
    values: tuple[str, ...] = ()
    restricted: bool = False
    default: int | str | None = None  # what an insert that leaves it out stores
    cascade: bool = False  # a lookup whose rows go when the parent goes
    restrict: bool = False  # a lookup whose rows keep the parent from going

    @property
    def long_text(self) -> bool:
        """Whether it is a text that can be neither filtered nor sorted."""
        return self.type == "textarea" and self.length > _SHORT_TEXT

    @property
    def is_id(self) -> bool:
        """Whether its values are record ids."""
        return self.type in {"id", "reference"}

    @property
    def is_number(self) -> bool:
        """Whether its values are decimals, stored as integers times ten to the scale."""
        return self.type in NUMBERS

    @property
    def required(self) -> bool:
        """Whether an insert has to name it (salesforce.md §4)."""
        return self.createable and not self.nillable and not self.defaulted


@dataclass(frozen=True, slots=True)
class SObject:
    """One kind of record; names are found whatever their case.

    Attributes:
        required: The names of the fields that an insert has to fill.
        numbered: The fields that an insert numbers by itself.
    """

    name: str
    label: str
    plural: str
    prefix: str
    custom: bool
    writable: bool
    fields: tuple[Field, ...]
    by_name: Mapping[str, Field] = field(init=False, repr=False, compare=False)
    by_relationship: Mapping[str, Field] = field(init=False, repr=False, compare=False)
    required: tuple[str, ...] = field(init=False, repr=False, compare=False)
    numbered: tuple[Field, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = {each.name.lower(): each for each in self.fields}
        object.__setattr__(self, "by_name", names)
        lookups = {each.relationship.lower(): each for each in self.fields if each.relationship}
        object.__setattr__(self, "by_relationship", lookups)
        required = tuple(each.name for each in self.fields if each.required)
        object.__setattr__(self, "required", required)
        numbered = tuple(each for each in self.fields if each.auto_number)
        object.__setattr__(self, "numbered", numbered)

    @property
    def name_field(self) -> Field | None:
        """The field that names a record."""
        return next((each for each in self.fields if each.name_field), None)


@dataclass(frozen=True, slots=True)
class Child:
    """A lookup seen from the parent's side."""

    sobject: SObject
    field: Field


class Schema:
    """All sObjects of the org; what field-level security hides is not found."""

    def __init__(self, sobjects: Sequence[SObject], changed_at: datetime) -> None:
        self._sobjects = {each.name.lower(): each for each in sobjects}
        self._hidden: set[tuple[str, str]] = set()
        self._read_only: set[tuple[str, str]] = set()
        self._governed: set[tuple[str, str]] = set()  # seen by those alone who were granted it
        self._readable: set[tuple[str, str]] = set()
        self._editable: set[tuple[str, str]] = set()
        self.grants_changed = False  # permission rows were saved since grant() was last called
        self.changed_at = changed_at

    def __iter__(self) -> Iterator[SObject]:
        return iter(list(self._sobjects.values()))  # a deploy may change them meanwhile

    def find(self, name: str) -> SObject | None:
        """Return the sObject of this name, in any case."""
        return self._sobjects.get(name.lower())

    def add(self, sobject: SObject, changed_at: datetime) -> None:
        """Add an sObject, or put a changed one in the place of the old."""
        self._sobjects[sobject.name.lower()] = sobject
        self.changed_at = changed_at

    def remove(self, name: str, changed_at: datetime) -> None:
        """Take an sObject away."""
        self._sobjects.pop(name.lower(), None)
        self.changed_at = changed_at

    def by_names(self) -> dict[str, SObject]:
        """Return all sObjects by name."""
        return {each.name: each for each in list(self._sobjects.values())}

    def govern(self, keys: Collection[tuple[str, str]], at: datetime) -> None:
        """Set which fields (sObject, field) nobody sees without a permission for them."""
        self._governed = set(keys)
        self.changed_at = at

    @property
    def governed(self) -> frozenset[tuple[str, str]]:
        """The fields that nobody sees without a permission for them."""
        return frozenset(self._governed)

    def grant(
        self, readable: Collection[tuple[str, str]], editable: Collection[tuple[str, str]]
    ) -> None:
        """Set which governed fields the user's permission sets let him see and write."""
        self._readable, self._editable = set(readable), set(editable)

    def visible(self, sobject: SObject, name: str) -> Field | None:
        """Return the field of this name, in any case, if the user may see it."""
        found = sobject.by_name.get(name.lower())
        return found if found is not None and self.can_see(sobject, found) else None

    def visible_fields(self, sobject: SObject) -> list[Field]:
        """Return the fields that the user may see, in declared order."""
        return [each for each in sobject.fields if self.can_see(sobject, each)]

    def can_see(self, sobject: SObject, found: Field) -> bool:
        """Tell whether field-level security lets the user read the field."""
        key = (sobject.name, found.name)
        return key not in self._hidden and (key not in self._governed or key in self._readable)

    def can_edit(self, sobject: SObject, found: Field) -> bool:
        """Tell whether field-level security lets the user write the field."""
        key = (sobject.name, found.name)
        return key not in self._read_only and (key not in self._governed or key in self._editable)

    def permit(
        self, sobject: SObject, found: Field, *, read: bool, edit: bool, at: datetime
    ) -> None:
        """Set who may see and write a field; who may not read may not write."""
        key = (sobject.name, found.name)
        (self._hidden.discard if read else self._hidden.add)(key)
        if read:
            self._governed.discard(key)
        (self._read_only.discard if read and edit else self._read_only.add)(key)
        self.changed_at = at

    def permit_all(self) -> None:
        """Let the user see and write every field again."""
        self._hidden.clear()
        self._read_only.clear()

    def target(self, lookup: Field) -> SObject:
        """Return the sObject that a lookup leads to; of several the last one known here."""
        known = [self._sobjects[n.lower()] for n in lookup.reference_to if self.find(n)]
        return known[-1]

    def children(self, parent: SObject) -> list[Child]:
        """Return the lookups that lead to this sObject and are visible."""
        return [each for each in self.lookups_to(parent) if self.can_see(each.sobject, each.field)]

    def lookups_to(self, parent: SObject) -> list[Child]:
        """Return the lookups that lead to this sObject, whoever may see them."""
        return [
            Child(each, lookup)
            for each in self
            for lookup in each.fields
            if lookup.type == "reference" and parent.name in lookup.reference_to
        ]

    def by_prefix(self, record_id: str) -> SObject | None:
        """Return the sObject to which an id belongs, by its first three characters."""
        return next((each for each in self if each.prefix == record_id[:3]), None)
