"""From a connector's flat row to a record: the mapping of one entity, compiled for one side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.convert import column_converter, converter
from app.domain.mapping import EntityMapping
from app.domain.record import Record, Side
from app.domain.records import Records
from app.domain.table import Table

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class About:
    """What a connector knows of the rows of a page besides their fields: one text for each row."""

    side_ids: Sequence[str]
    changed_at: Sequence[str]
    changed_by: Sequence[str]


class RecordReader:
    """Makes records of one entity from the flat rows of one side.

    A row is keyed by the names that the mapping gives for the side (`billing` or `salesforce`).
    A value that is absent is None. `side_id`, `changed_at` and `changed_by` come from the
    connector, which knows where its system keeps them, and so do the `paths` at which a table has
    columns that are not under their own name.
    """

    def __init__(
        self, entity: EntityMapping, side: Side, paths: Mapping[str, str] | None = None
    ) -> None:
        self.entity = entity
        self.side = side
        billing = side is Side.BILLING
        self._columns = [
            (field.billing if billing else field.salesforce, converter(field, side))
            for field in entity.fields
        ]
        self._by_column = [
            ((paths or {}).get(name, name), column_converter(field, side))
            for (name, _convert), field in zip(self._columns, entity.fields, strict=True)
        ]
        self._key = entity.billing_key if billing else entity.salesforce_key
        self._key_path = (paths or {}).get(self._key, self._key)
        self._parent = entity.index[entity.parent_field] if entity.parent else None

    @property
    def key_name(self) -> str:
        """The name under which a row holds the key."""
        return self._key

    def record(
        self, row: Row, *, side_id: str = "", changed_at: str = "", changed_by: str = ""
    ) -> Record | None:
        """Return the record of a row, or None where the row has no key."""
        key = row.get(self._key)
        if key is None or key == "":
            return None
        return self._made(str(key), row, side_id, (changed_at, changed_by))

    def loose(
        self, row: Row, *, side_id: str, changed_at: str = "", changed_by: str = ""
    ) -> Record:
        """Return the record of a row without a key; its key is `""`."""
        return self._made("", row, side_id, (changed_at, changed_by))

    def records(self, table: Table, about: About) -> Records:
        """Return a record for each row of a page, in order; one without a key has the key `""`.

        Field by field and not row by row: a page takes half the time that its rows take alone.
        """
        columns = [convert(table.column(name)) for name, convert in self._by_column]
        keys = ["" if key is None else str(key) for key in table.column(self._key_path)]
        values = list(zip(*columns, strict=True)) if columns else [()] * len(table)
        parents = None
        if self._parent is not None:
            parents = [None if one is None else str(one) for one in columns[self._parent]]
        return Records(keys, values, about.side_ids, parents, about.changed_at, about.changed_by)

    def _made(self, key: str, row: Row, side_id: str, changed: tuple[str, str]) -> Record:
        get = row.get
        values = tuple([convert(get(name)) for name, convert in self._columns])
        parent = None if self._parent is None else values[self._parent]
        return Record(key, values, side_id, None if parent is None else str(parent), *changed)
