"""Operations as Salesforce takes them, and rows of its answers as outcomes, however they travel."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from app.connectors.salesforce.schema import relationship
from app.domain.convert import raw_value
from app.domain.mapping import EntityMapping, FieldMapping, FieldType, WorkspaceMapping
from app.domain.plan import FieldChange, Operation, Outcome, OutcomeState, Verb
from app.domain.record import BaseValue, NoBase, Side, Unreadable, decimal_text, utc_text

NULL = "#N/A"
"""The cell that clears a field; an empty one leaves it as it is (salesforce.md §9)."""
LOCKED = "UNABLE_TO_LOCK_ROW"
GONE = frozenset({"ENTITY_IS_DELETED", "NOT_FOUND"})
"""What is said of a record that is to be deleted and is not there any more."""
_ID_LENGTH = 15  # what tells two ids apart; the rest is a check (salesforce.md §1)
_FOREIGN = re.compile(r"Foreign key external ID: (.*) not found for field \S+ in entity (\w+)")


class Row(NamedTuple):
    """What an answer says of one row; `created` is None where it does not tell.

    No dataclass, since there are as many as rows are written.
    """

    id: str
    created: bool | None = None
    code: str = ""
    message: str = ""
    fields: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """Code and message as Salesforce's own tools print them."""
        return f"{self.code}: {self.message}"


class CellRefused(ValueError):  # noqa: N818 - the row goes another way
    """A value that a cell cannot say: the text that stands for null."""


class Bodies:
    """Turns operations into what is sent, and what is answered into outcomes."""

    def __init__(self, mapping: WorkspaceMapping, harmless: Callable[[str], str]) -> None:
        self._mapping = mapping
        self._harmless = harmless

    def fields(self, entity: EntityMapping, operation: Operation) -> dict[str, Any]:
        """Return the changed fields as JSON has them; None clears.

        Raises:
            TypeError: A value could not be read, so it cannot be written.
        """
        return dict(self._written(entity, change) for change in operation.changes)

    def record(self, entity: EntityMapping, operation: Operation) -> dict[str, Any]:
        """Return a record of a collection, with its type and key; raises as `fields` does."""
        body = {"attributes": {"type": entity.sobject}, **self.fields(entity, operation)}
        if operation.key_change is None:
            body[entity.salesforce_key] = operation.key
        return body

    def _written(self, entity: EntityMapping, change: FieldChange) -> tuple[str, Any]:
        field = entity.field_of(change.name)
        if isinstance(change.after, NoBase):
            raise TypeError(_nothing(change.name))
        value = raw_value(field, Side.SALESFORCE, change.after)
        if field.type is FieldType.REFERENCE and value is not None:
            return relationship(field), {self._mapping.entity(field.to).salesforce_key: value}
        if field.type in {FieldType.DECIMAL, FieldType.MONEY} and value is not None:
            return field.salesforce, msgspec.Raw(_number(value).encode())
        return field.salesforce, value

    def column(self, field: FieldMapping) -> str:
        """Return the column of a field in a CSV: a lookup's names the parent's key (§9)."""
        if field.type is FieldType.REFERENCE:
            return f"{relationship(field)}.{self._mapping.entity(field.to).salesforce_key}"
        return field.salesforce

    def outcome(self, entity: EntityMapping, operation: Operation, row: Row) -> Outcome:
        """Return the outcome of an insert or update that a row tells of."""
        if row.code:
            return self.refused(entity, operation, row)
        if not row.id or (operation.side_id and not same_id(row.id, operation.side_id)):
            return Outcome(operation, OutcomeState.UNKNOWN, "The answer names another record.")
        if operation.verb is Verb.UPDATE and row.created:
            message = "The record was gone and has been created with these fields alone."
            return Outcome(operation, OutcomeState.UNKNOWN, message, side_id=row.id)
        return Outcome(operation, OutcomeState.WRITTEN, side_id=row.id)

    def deleted(
        self, entity: EntityMapping, operation: Operation, record_id: str, row: Row
    ) -> Outcome:
        """Return the outcome of a delete; what is gone already is as the plan wants it."""
        if row.code and row.code not in GONE:
            return self.refused(entity, operation, row, record_id)
        if not row.code and not same_id(row.id, record_id):
            return Outcome(operation, OutcomeState.UNKNOWN, "The answer names another record.")
        return Outcome(operation, OutcomeState.WRITTEN, side_id=record_id)

    def refused(
        self, entity: EntityMapping, operation: Operation, row: Row, side_id: str = ""
    ) -> Outcome:
        """Return the outcome of a refused row: Salesforce's words, and the field if it told one."""
        words, field = self._harmless(row.words), self._field(entity, operation, row)
        return Outcome(operation, OutcomeState.FAILED, words, field, side_id)

    def _field(self, entity: EntityMapping, operation: Operation, row: Row) -> str:
        """Return the mapping's name of the field that a refusal is about, as far as it tells."""
        names = {field.salesforce: field.name for field in entity.fields}
        names |= {relationship(field): field.name for field in entity.references}
        for name in row.fields:
            if name in names:
                return names[name]
        foreign = _FOREIGN.search(row.message)
        if foreign is not None:
            return self._dangling(entity, operation, foreign)
        return row.fields[0] if row.fields else ""

    def _dangling(self, entity: EntityMapping, operation: Operation, foreign: re.Match[str]) -> str:
        """Return the reference to a missing parent; Salesforce names its key and object only."""
        values = {change.name: str(change.after) for change in operation.changes}
        for field in entity.references:
            same_object = self._mapping.entity(field.to).sobject == foreign[2]
            if same_object and values.get(field.name, "").lower() == foreign[1].lower():
                return field.name
        return ""


def cell(name: str, value: BaseValue) -> str:
    """Return a field's value as the cell of an upload; nothing is `#N/A`.

    Raises:
        TypeError: It could not be read, so it cannot be written.
        CellRefused: It is a text that as a cell would mean something else.
    """
    if value.__class__ is str:
        if value == NULL:
            raise CellRefused(name)
        return str(value) or NULL
    make = _CELLS.get(value.__class__)
    if make is None:
        raise TypeError(_nothing(name) if not isinstance(value, Unreadable) else _bad(name, value))
    return make(value)


_CELLS: Mapping[type, Callable[[Any], str]] = {
    type(None): lambda _value: NULL,
    bool: lambda value: "true" if value else "false",
    int: str,
    Decimal: decimal_text,
    date: date.isoformat,
    datetime: utc_text,
}


def by_parent(entity: EntityMapping, operations: Sequence[Operation]) -> list[Operation]:
    """Return operations so that children of one parent stand together (salesforce.md §15).

    Two transactions that save children of one parent lock it against each other.
    """
    if not entity.parent:
        return list(operations)
    name = entity.parent_field

    def parent(operation: Operation) -> str:
        return next((str(c.after) for c in operation.changes if c.name == name), "")

    return sorted(operations, key=parent)


def is_locked(outcome: Outcome) -> bool:
    """Return whether a row was refused because somebody else holds it: later it may pass."""
    return outcome.state is OutcomeState.FAILED and outcome.message.startswith(LOCKED)


def all_of(operations: Sequence[Operation], state: OutcomeState, message: str) -> list[Outcome]:
    """Return one and the same outcome for all operations."""
    return [Outcome(operation, state, message) for operation in operations]


def same_id(one: str, other: str) -> bool:
    """Return whether two ids, of 15 or 18 characters, are of one record."""
    return one[:_ID_LENGTH] == other[:_ID_LENGTH]


def short_id(record_id: str) -> str:
    """Return the part of an id that tells it from all others."""
    return record_id[:_ID_LENGTH]


def _number(value: Any) -> str:
    """Return a number exactly, without exponent."""
    return decimal_text(value) if not isinstance(value, int) else str(value)


def _nothing(name: str) -> str:
    return f"{name}: no value to write"


def _bad(name: str, value: Unreadable) -> str:
    return f"{name}: {value.text!r} cannot be written"
