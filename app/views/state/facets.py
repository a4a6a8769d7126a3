"""A record of an account as its pages see it: by facets, so that no billing system is named."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal, InvalidOperation

from app.domain.convert import text
from app.domain.diff import Kind
from app.domain.mapping import EntityMapping, FieldMapping, FieldType
from app.domain.record import NO_BASE, BaseValue, FieldValue, RecordKey, Values, utc_text
from app.views.state.dates import day_text, time_text
from app.views.state.difference import field_label
from app.views.state.fields import value_text
from app.views.state.language import tr

DAYS = ("date", "due", "start", "end")
NOT_EQUAL = "\u2260"
_LEAST_DECIMALS = 2


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """One record of an account, both sides opened.

    Attributes:
        differs: The names of the fields that do not agree.
        inherited: The currency of what it stands under, "" for none.
        zone: Where the account's days begin and end.
        names: Entity and key → title, of what records refer to; one for all of an account.
        judged: Whether a compare looked at it since it was read; else nobody knows how it stands.
    """

    entity: EntityMapping
    link: int
    key: str
    kind: Kind
    billing: Values | None
    salesforce: Values | None
    differs: frozenset[str] = frozenset()
    inherited: str = ""
    zone: tzinfo = UTC
    names: Mapping[RecordKey, str] = field(default_factory=dict, compare=False, repr=False)
    judged: bool = True

    @property
    def values(self) -> Values:
        """What is shown: billing's values, Salesforce's where billing has none."""
        return self.billing if self.billing is not None else self.salesforce or ()

    def value(self, facet: str) -> FieldValue:
        """Return a facet's value, None where the entity or the record has none."""
        name = self.entity.shows.get(facet, "")
        return self.values[self.entity.index[name]] if name and self.values else None

    def text(self, facet: str) -> str:
        """Return a facet as one line of plain text, "" for none."""
        return " ".join(text(self.value(facet)).split())

    def number(self, facet: str) -> Decimal | None:
        """Return a facet as a number; None where it is none."""
        return number_of(self.value(facet))

    def day(self, facet: str) -> date | None:
        """Return a facet as a day, None where it is none."""
        return day_of(self.value(facet), self.zone)

    @property
    def title(self) -> str:
        """What the mapping shows as its name, else its title in the tree, else its key."""
        values = self.values
        found = text(values[self.entity.index[title_field(self.entity)]]) if values else ""
        return " ".join((found or self.key).split())

    @property
    def currency(self) -> str:
        """Its own currency, else that of what it stands under."""
        return self.text("currency") or self.inherited


def title_field(entity: EntityMapping) -> str:
    """Return the field that names an entity's records."""
    return entity.shows.get("name", "") or entity.title


def number_of(value: BaseValue) -> Decimal | None:
    """Return a value as a number, also one that its system keeps as text; None where it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Decimal):
        return Decimal(value)
    if not isinstance(value, str):
        return None
    try:
        found = Decimal(value)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def day_of(value: BaseValue, zone: tzinfo = UTC) -> date | None:
    """Return a value as a day, of a time the day in a zone; None where it is none."""
    if isinstance(value, datetime):
        return value.astimezone(zone).date()
    if isinstance(value, date):
        return value
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value).date()
    except ValueError:
        return None


def money(value: Decimal | None, currency: str = "") -> str:
    """Return an amount with thousands marked, two decimals or more, and its currency."""
    if value is None:
        return ""
    exponent = value.normalize().as_tuple().exponent
    decimals = max(_LEAST_DECIMALS, -exponent) if isinstance(exponent, int) else _LEAST_DECIMALS
    return f"{value:,.{decimals}f} {currency}".rstrip()


def quantity(value: Decimal | None) -> str:
    """Return a count with thousands marked and no more decimals than it has."""
    if value is None:
        return ""
    shown = f"{value:,f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def exact_times(record: AccountRecord) -> str:
    """Return the times of which only the day is shown, in UTC; "" for none."""
    found = {
        label_of(record.entity.field_of(name)): value
        for facet in DAYS
        if (name := record.entity.shows.get(facet, ""))
        and isinstance(value := record.value(facet), datetime)
    }
    return "\n".join(f"{label}: {utc_text(value)}" for label, value in found.items())


def label_of(field: FieldMapping) -> str:
    """Return what people call a field."""
    return field.label or field_label(field.name)


def is_money(field: FieldMapping, entity: EntityMapping) -> bool:
    """Return whether a field holds money: by its type, or by what the mapping says it shows."""
    facets = ("amount", "charge", "credit", "balance", "mrr")
    return field.type is FieldType.MONEY or any(
        entity.shows.get(facet) == field.name for facet in facets
    )


def shown_value(record: AccountRecord, field: FieldMapping, value: BaseValue) -> str:
    """Return a value of a record's field as a person reads it, in one line; "" for none."""
    entity, currency = record.entity, record.currency
    if value is None or value is NO_BASE:
        return ""
    if isinstance(value, datetime):
        is_day = any(entity.shows.get(facet) == field.name for facet in DAYS)
        day = value.astimezone(record.zone).date()
        return day_text(day) if is_day else time_text(value, record.zone)
    if isinstance(value, date):
        return day_text(value)
    if field.type is FieldType.REFERENCE:
        return record.names.get(RecordKey(field.to, text(value)), text(value))
    if is_money(field, entity):
        amount = number_of(value)
        if amount is not None:
            return money(amount, currency)
    return " ".join(value_text(field, value, currency).split())


def cell(record: AccountRecord, name: str) -> str:
    """Return one field of a record; where the sides differ "billing ≠ Salesforce"."""
    sides = both_sides(record, name)
    if name not in record.differs or None in (record.billing, record.salesforce):
        return sides[record.billing is None]
    return f" {NOT_EQUAL} ".join(side or tr("nothing") for side in sides)


def both_sides(record: AccountRecord, name: str) -> tuple[str, str]:
    """Return what billing and Salesforce have in a field, "" for nothing."""
    field, place = record.entity.field_of(name), record.entity.index[name]
    billing, salesforce = (
        "" if values is None else shown_value(record, field, values[place])
        for values in (record.billing, record.salesforce)
    )
    return billing, salesforce
