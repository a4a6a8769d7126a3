"""The columns of an uploaded table: which field each fills, and what its cells mean (§9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.sandbox.salesforce.bulk_csv import BadUpload
from app.sandbox.salesforce.errors import RequestError, SalesforceError
from app.sandbox.salesforce.row_works import Work
from app.sandbox.salesforce.saving import Saver
from app.sandbox.salesforce.schema import Field, Schema, SObject
from app.sandbox.salesforce.values import stored

NULL = "#N/A"
_BOOLEANS = {
    **dict.fromkeys(("true", "1", "yes", "y", "t", "on"), True),
    **dict.fromkeys(("false", "0", "no", "n", "f", "off"), False),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its place in the row, the field it fills, the parent's field if it names one."""

    index: int
    header: str
    name: str
    field: Field
    parent_key: str = ""

    def value(self, cell: str) -> Any:
        """Return what a cell, which is not empty, says to a save: `#N/A` is null."""
        if cell == NULL:
            return None
        if self.parent_key:
            return {self.parent_key: cell}
        if self.field.type == "boolean":
            return _BOOLEANS.get(cell.strip().lower(), cell)
        return cell


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that fill a field, in the order of the upload."""

    sobject: SObject
    all: tuple[Column, ...]

    @property
    def header(self) -> list[str]:
        """Their names, as they were uploaded."""
        return [column.header for column in self.all]

    def cells(self, row: Sequence[str]) -> list[str]:
        """Return the cells of a row that fill a field."""
        return [row[column.index] for column in self.all]

    def record(self, row: Sequence[str]) -> dict[str, Any]:
        """Return the body that a row stands for; empty cells say nothing."""
        return {c.name: c.value(row[c.index]) for c in self.all if row[c.index]}

    def guarded(self, work: Work, row: Sequence[str]) -> Work:
        """Return work that fails alone where JSON of the wrong type would refuse a request."""

        def save(saver: Saver) -> dict[str, Any]:
            try:
                return work.save(saver)
            except RequestError as error:
                raise self._row_error(row, error) from error

        return Work(save, work.identity, work.sobject, work.record)

    def _row_error(self, row: Sequence[str], error: RequestError) -> SalesforceError:
        for column in self.all:
            if column.parent_key or not row[column.index]:
                continue
            try:
                stored(column.field, column.value(row[column.index]))
            except RequestError:
                name = column.field.name
                message = f"{column.field.label}: value not of required type: {row[column.index]}"
                return SalesforceError("INVALID_TYPE_ON_FIELD_IN_RECORD", message, fields=[name])
            except SalesforceError:
                continue
        return SalesforceError(error.code, error.message, fields=error.fields)


def columns_of(schema: Schema, sobject: SObject, header: Sequence[str]) -> Columns:
    """Return the columns of a header; those without a name fill nothing.

    Raises:
        BadUpload: A name is that of no field, or two are that of the same.
    """
    found: dict[str, Column] = {}
    for index, text in enumerate(header):
        if not text:
            continue
        column = _column(schema, sobject, index, text)
        if column.field.name in found:
            raise BadUpload(f"InvalidBatch : Field name specified twice : {text}")
        found[column.field.name] = column
    return Columns(sobject, tuple(found.values()))


def _column(schema: Schema, sobject: SObject, index: int, text: str) -> Column:
    relation, dot, key_name = text.rpartition(":")[2].partition(".")
    if not dot:
        field = schema.visible(sobject, relation)
        if field is not None:
            return Column(index, text, field.name, field)
        raise _no_such_field(text)
    lookup = sobject.by_relationship.get(relation.lower())
    if lookup is None or not schema.can_see(sobject, lookup):
        raise _no_such_field(text)
    key = schema.visible(schema.target(lookup), key_name)
    if key is None or not key.id_lookup:
        raise _no_such_field(text)
    return Column(index, text, str(lookup.relationship), lookup, key.name)


def _no_such_field(text: str) -> BadUpload:
    return BadUpload(f"InvalidBatch : Field name not found : {text}")
