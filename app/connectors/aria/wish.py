"""What an operation wants of a record, by Aria's own names."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from app.connectors.aria.plan_edit import NotSendable
from app.connectors.aria.values import number, text, whole
from app.domain.convert import raw_value
from app.domain.mapping import KEY, EntityMapping
from app.domain.plan import FieldChange, Operation, Verb
from app.domain.record import NoBase, Side

Raw = str | bool | int | Decimal | None


@dataclass(frozen=True, slots=True)
class Wish:
    """What to set on which record.

    Attributes:
        values: The mapping's billing name → the value as Aria takes it, None to clear it.
        names: Billing name → the name of the mapping's field.
    """

    entity: EntityMapping
    operation: Operation
    values: Mapping[str, Raw]
    names: Mapping[str, str]

    @property
    def key(self) -> str:
        """The key of the record."""
        return self.operation.key

    @property
    def acct_no(self) -> int:
        """The number of the account that holds the record: the key begins with it.

        Raises:
            NotSendable: The key is none that Concord gave.
        """
        found = whole(self.key.split("|")[0])
        if found is None:
            message = f"Not sent: {self.key!r} is no key of a {self.entity.label} of Aria."
            raise NotSendable(message)
        return found

    def wants(self, *columns: str) -> bool:
        """Return whether one of the columns is to be set."""
        return any(column in self.values for column in columns)

    def fields(self, columns: Iterable[str]) -> tuple[str, ...]:
        """Return the names of the mapping's fields of those columns that are to be set."""
        return tuple(self.names[column] for column in columns if column in self.values)

    def told(self, column: str) -> str:
        """Return a value that is wanted as text, `""` where it is cleared or not wanted."""
        return text(self.values.get(column))

    def last_part(self, column: str) -> int | None:
        """Return the number of a record that a reference names: its key ends with it."""
        return whole(self.told(column).split("|")[-1])

    def code(self, column: str) -> int:
        """Return a wanted code.

        Raises:
            NotSendable: It is cleared, or a word that stands for no code.
        """
        found = whole(self.values.get(column))
        if found is None:
            name, said = self.names[column], self.told(column)
            wrong = f"{said!r} is no value that Aria knows" if said else "it cannot be empty"
            message = f"Not sent: {name}: {wrong}."
            raise NotSendable(message)
        return found

    def amount(self, column: str) -> Decimal:
        """Return a wanted number.

        Raises:
            NotSendable: It is cleared.
        """
        found = number(self.values.get(column))
        if found is None:
            message = f"Not sent: {self.names[column]}: it cannot be empty."
            raise NotSendable(message)
        return found


def wish_of(entity: EntityMapping, operation: Operation, settable: Callable[[str], bool]) -> Wish:
    """Return what an operation wants: of an insert what can be set and has a value.

    Raises:
        NotSendable: An update changes a field that cannot be set, or a value cannot be written.
    """
    values: dict[str, Raw] = {}
    names: dict[str, str] = {}
    for change in operation.changes:
        if change.name == KEY or _is_left_out(entity, operation, change, settable):
            continue
        mapped = entity.field_of(change.name)
        if not settable(mapped.billing) or isinstance(change.after, NoBase):
            message = f"Not sent: {change.name} of a {entity.label} cannot be set in Aria."
            raise NotSendable(message)
        try:
            values[mapped.billing] = raw_value(mapped, Side.BILLING, change.after)
        except TypeError as error:
            message = f"Not sent: {error}."
            raise NotSendable(message) from error
        names[mapped.billing] = change.name
    return Wish(entity, operation, values, names)


def _is_left_out(
    entity: EntityMapping,
    operation: Operation,
    change: FieldChange,
    settable: Callable[[str], bool],
) -> bool:
    if operation.verb is not Verb.INSERT:
        return operation.verb is Verb.DELETE
    return change.after is None or not settable(entity.field_of(change.name).billing)
