"""What is alike for all rows of a transaction that name the same fields: worked out once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.sandbox.salesforce.errors import RequestError, no_such_column
from app.sandbox.salesforce.schema import Child, Field, Schema, SObject
from app.sandbox.salesforce.store import quoted


@dataclass(frozen=True, slots=True)
class Filled:
    """A field that a name of a body fills; `by_key` where the name is that of its parent."""

    field: Field
    by_key: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """What a save of some fields has to look at.

    Attributes:
        closed: The names of those that this save may not write.
        checked: Those whose value must be that of a row, or of none.
        filled: Those that may not be emptied.
    """

    closed: Sequence[str]
    checked: Sequence[Field]
    filled: Sequence[str]


class SaveShapes:
    """Keeps what it found for as long as one transaction: no schema changes in its midst."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._targets: dict[tuple[str, ...], Mapping[str, Filled]] = {}
        self._shapes: dict[tuple[str, ...], Shape] = {}
        self._inserts: dict[tuple[str, ...], str] = {}
        self._lookups: dict[str, Sequence[Child]] = {}

    def targets(self, sobject: SObject, names: Sequence[str]) -> Mapping[str, Filled]:
        """Return what each name of a body fills, but for its `attributes`.

        Raises:
            RequestError: A name is that of no field, or two are that of one.
        """
        key = (sobject.name, *names)
        found = self._targets.get(key)
        if found is None:
            found = self._targets[key] = self._found(sobject, names)
        return found

    def _found(self, sobject: SObject, names: Sequence[str]) -> Mapping[str, Filled]:
        targets: dict[str, Filled] = {}
        taken: set[str] = set()
        for name in names:
            if name == "attributes":
                continue
            target = self._target(sobject, name)
            if target.field.name in taken:
                message = f"Cannot specify both an external ID reference {name} and a salesforce id"
                raise RequestError("INVALID_FIELD", f"{message}, {target.field.name}")
            taken.add(target.field.name)
            targets[name] = target
        return targets

    def _target(self, sobject: SObject, name: str) -> Filled:
        found = self._schema.visible(sobject, name)
        if found is not None:
            return Filled(found, by_key=False)
        lookup = sobject.by_relationship.get(name.lower())
        if lookup is None or not self._schema.can_see(sobject, lookup):
            raise no_such_column(name, sobject.name)
        return Filled(lookup, by_key=True)

    def of_insert(self, sobject: SObject, names: Sequence[str]) -> Shape:
        """Return what an insert of those fields looks at; the names are the fields' own."""
        return self._shape("insert", sobject, names)

    def of_update(self, sobject: SObject, names: Sequence[str]) -> Shape:
        """Return what an update of those fields looks at; the names are the fields' own."""
        return self._shape("update", sobject, names)

    def _shape(self, verb: str, sobject: SObject, names: Sequence[str]) -> Shape:
        key = (verb, sobject.name, *names)
        found = self._shapes.get(key)
        if found is None:
            fields = [sobject.by_name[name.lower()] for name in names]
            found = self._shapes[key] = Shape(
                [
                    each.name
                    for each in fields
                    if not (each.createable if verb == "insert" else each.updateable)
                    or not self._schema.can_edit(sobject, each)
                ],
                [each for each in fields if each.type == "reference" or each.unique],
                [each.name for each in fields if not each.nillable],
            )
        return found

    def insert_sql(self, sobject: SObject, names: Sequence[str]) -> str:
        """Return the statement that writes a new row with those columns."""
        key = (sobject.name, *names)
        found = self._inserts.get(key)
        if found is None:
            columns = ", ".join(map(quoted, names))
            marks = ", ".join("?" * len(names))
            found = f"INSERT INTO {quoted(sobject.name)} ({columns}) VALUES ({marks})"
            self._inserts[key] = found
        return found

    def lookups_to(self, sobject: SObject) -> Sequence[Child]:
        """Return the lookups that may lead to a row that is deleted."""
        found = self._lookups.get(sobject.name)
        if found is None:
            found = self._lookups[sobject.name] = self._schema.lookups_to(sobject)
        return found
