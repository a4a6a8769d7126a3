"""The mapping: which entity is which Salesforce object, field by field."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from functools import cached_property
from hashlib import sha256

from app.domain.record import CANONICAL_VERSION
from app.domain.source import Source

KEY = "@key"
"""Stands for a record's own key where fields are named: no field can be called so."""


class FieldType(Enum):
    """The type to which a field's values are converted before they are compared."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    MONEY = "money"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    PICKLIST = "picklist"
    REFERENCE = "reference"


NUMBERS = frozenset({FieldType.INTEGER, FieldType.DECIMAL, FieldType.MONEY})


class Owner(Enum):
    """Whose value wins where the two sides differ; `both` is decided three-way."""

    BILLING = "billing"
    SALESFORCE = "salesforce"
    BOTH = "both"


class Role(Enum):
    """What an entity is to people who look at one customer; unlike `parent` it names no entity."""

    ACCOUNT = "account"
    SUBSCRIPTION = "subscription"
    INVOICE = "invoice"
    TRANSACTION = "transaction"
    CREDIT = "credit"
    USAGE = "usage"
    ACTIVITY = "activity"


MOVING = frozenset(Role) - {Role.ACCOUNT, Role.SUBSCRIPTION}
"""Roles of what an account's days bring: they are read by Refresh Transactions."""
FACETS = (
    "number", "name", "email", "text", "date", "start", "end", "due", "status", "currency",
    "amount", "charge", "credit", "balance", "mrr", "quantity", "metric", "subscription", "plan",
)  # fmt: skip
"""What a field can be to those who look at one customer (`EntityMapping.shows`)."""


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """One field: its name on both sides, its type, and who owns it.

    Attributes:
        billing: The name that the billing connector gives the value; a leading `=` marks one
            that the connector works out itself.
        to: For a reference, the entity it points at; its values are keys of that entity.
        scale: Decimals after the point to which both sides are rounded half up, if any.
        value_map: Billing code → value, applied when billing is read, reversed when written.
        upper: Whether text is turned to upper case when billing is read (and lower when written).
        values: Values that the target accepts; empty when anything goes.
        currency: The field that holds the currency of a money field.
        label: What people call it on the target, where Concord makes it; "" takes its name.
        precision: Digits in all of a number, where Concord makes it; 0 for all that can be.
        format: `email` or `url` for a text that Concord makes as such a field.
        lookup: The object that a text of the target's own ids points at, where no entity is it.
    """

    name: str
    billing: str
    salesforce: str
    type: FieldType
    owner: Owner
    length: int = 0
    scale: int | None = None
    to: str = ""
    upper: bool = False
    value_map: Mapping[str, str] = field(default_factory=dict)
    values: tuple[str, ...] = ()
    currency: str = ""
    label: str = ""
    precision: int = 0
    format: str = ""
    lookup: str = ""


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """One rule for one field of an entity; everything that it names has to hold.

    With nothing but the field, every difference of that field is ignored.

    Attributes:
        billing: The value that billing must have, as text; None for any.
        salesforce: The value that Salesforce must have, as text; None for any.
        pattern: A regular expression; what it matches is cut from both texts before they are
            compared.
        case: Whether upper and lower case are the same.
        spaces: Whether all white space is the same, and none at the ends counts.
        tolerance: How far two numbers may be apart.
    """

    name: str
    entity: str
    field: str
    billing: str | None = None
    salesforce: str | None = None
    pattern: str = ""
    case: bool = False
    spaces: bool = False
    tolerance: Decimal | None = None


@dataclass(frozen=True, slots=True)
class SumRule:
    """A money field whose sum both sides must agree on.

    Attributes:
        by: The field that says whose it is, such as the account; `""` for one sum over all.
        currency: The field that holds its currency; `""` where there is only one.
    """

    field: str
    by: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class PairRule:
    """By what records count as each other's twins though their keys do not say so.

    Attributes:
        fields: All of them have to agree, and none may be empty.
        by_name: Whether texts are compared as names: without case, punctuation, legal form.
    """

    name: str
    fields: tuple[str, ...]
    by_name: bool = False


@dataclass(frozen=True, slots=True)
class InsertRule:
    """Which records that only billing has come into Salesforce with nobody asked.

    Attributes:
        entity: They need a record of this entity below them,
        field: whose reference of this name points at something that both sides have already,
        where: and whose fields have these values, as text.
    """

    entity: str
    field: str
    where: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job that comes with a mapping: what it reads, and when by either of the two.

    Attributes:
        cron: As `schedule.Schedule` takes it, in local time.
        full: Whether it reads everything, not only what changed.
    """

    name: str
    entities: tuple[str, ...]
    cron: str = ""
    every_minutes: int = 0
    full: bool = False


@dataclass(frozen=True, eq=False)
class EntityMapping:
    """One entity: its Salesforce object, its keys and its fields.

    Equal only to itself, so that what is worked out for an entity can be kept by it.

    Attributes:
        role: What it is on an account's page; None is what its parent is.
        shows: Which of `FACETS` its fields are: facet → name of the field.
        insert_if: What an insert into Salesforce needs; None: nothing.
        guard: Whether an insert waits for a person where Salesforce may have the record already.
        together: The field by whose value records stand or fall together; "" each by itself.
    """

    name: str
    label: str
    plural: str
    sobject: str
    billing_key: str
    salesforce_key: str
    title: str
    fields: tuple[FieldMapping, ...]
    parent: str = ""
    parent_field: str = ""
    group_by: str = ""
    ignore: tuple[IgnoreRule, ...] = ()
    sums: tuple[SumRule, ...] = ()
    pair: tuple[PairRule, ...] = ()
    role: Role | None = None
    shows: Mapping[str, str] = field(default_factory=dict)
    together: str = ""
    insert_if: InsertRule | None = None
    guard: bool = False

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Field name → its position in a record's values."""
        return {item.name: position for position, item in enumerate(self.fields)}

    @cached_property
    def types(self) -> tuple[FieldType, ...]:
        """The types of the fields, in order."""
        return tuple(item.type for item in self.fields)

    @cached_property
    def shape(self) -> str:
        """What must be the same for two stored documents to be comparable."""
        parts = (
            f"{f.name}:{f.type.value}:{f.scale}:{f.upper}:{sorted(f.value_map.items())}"
            for f in self.fields
        )
        return sha256("|".join([str(CANONICAL_VERSION), *parts]).encode()).hexdigest()[:16]

    @cached_property
    def key_field(self) -> FieldMapping:
        """The key as a field, for a record of which a pairing says that it is to get another."""
        return FieldMapping(
            KEY, self.billing_key, self.salesforce_key, FieldType.TEXT, Owner.BILLING
        )

    def field_of(self, name: str) -> FieldMapping:
        """Return the field of that name, `KEY` among them; raises `KeyError`."""
        return self.key_field if name == KEY else self.fields[self.index[name]]

    @property
    def references(self) -> Iterator[FieldMapping]:
        """The fields that point at other entities."""
        return (item for item in self.fields if item.type is FieldType.REFERENCE)


@dataclass(frozen=True)
class WorkspaceMapping:
    """All entities of a workspace, parents before children."""

    name: str
    billing: str
    entities: tuple[EntityMapping, ...]
    fingerprint: str = ""
    jobs: tuple[JobRow, ...] = ()
    sources: tuple[Source, ...] = ()

    @cached_property
    def by_name(self) -> Mapping[str, EntityMapping]:
        """Entity name → entity."""
        return {entity.name: entity for entity in self.entities}

    def entity(self, name: str) -> EntityMapping:
        """Return the entity of that name; raises `KeyError`."""
        return self.by_name[name]

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Entity names so that every reference points backwards (parents first)."""
        return tuple(dependency_order(self.entities))

    @cached_property
    def account(self) -> EntityMapping | None:
        """The entity that is the customer, None where there is none."""
        return next((one for one in self.entities if one.role is Role.ACCOUNT), None)

    def referring(self, entity: EntityMapping) -> Sequence[str]:
        """Return the entities whose records refer to an entity's."""
        return [
            other.name
            for other in self.entities
            if any(field.to == entity.name for field in other.references)
        ]

    def above(self, entity: EntityMapping) -> Sequence[EntityMapping]:
        """Return an entity and those above it in the tree, the root last."""
        chain = [entity]
        while chain[-1].parent and chain[-1].parent in self.by_name:
            chain.append(self.by_name[chain[-1].parent])
        return chain

    def role_of(self, entity: EntityMapping) -> Role | None:
        """Return an entity's role, or that of the nearest above it that has one."""
        return next((one.role for one in self.above(entity) if one.role), None)

    def of_account(self, *, moving: bool | None = None) -> Sequence[EntityMapping]:
        """Return the entities that belong to accounts, the account itself among them.

        With `moving` only those whose role is in `MOVING`, or only those whose role is not.
        """
        found = (one for one in self.entities if self.account in self.above(one))
        return [one for one in found if moving is None or (self.role_of(one) in MOVING) is moving]

    def children(self, name: str) -> Sequence[EntityMapping]:
        """The entities whose parent is that entity; `""` gives the roots."""
        return [entity for entity in self.entities if entity.parent == name]


def dependency_order(entities: Sequence[EntityMapping]) -> Iterator[str]:
    """Yield entity names, what is pointed at before what points; file order where it is free.

    A reference of an entity to itself is no obstacle; `mapping_file` refuses longer cycles.
    """
    waiting = list(entities)
    placed: set[str] = set()
    known = {entity.name for entity in entities}
    while waiting:
        ready = [e for e in waiting if _needs(e) & known <= placed | {e.name}]
        if not ready:
            names = ", ".join(entity.name for entity in waiting)
            message = f"references go in a circle: {names}"
            raise ValueError(message)
        for entity in ready:
            placed.add(entity.name)
            waiting.remove(entity)
            yield entity.name


def _needs(entity: EntityMapping) -> set[str]:
    return {reference.to for reference in entity.references}
