"""The catalog as Aria holds it: rows by number, client-defined keys, groups of rows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
Identity = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of record: what identifies a row, and its client-defined id where it has a number."""

    name: str
    identity: tuple[str, ...]
    client_id: str | None = None


KINDS = {
    kind.name: kind
    for kind in (
        Kind("currency", ("currency_cd",)),
        Kind("usage_type", ("usage_type_no",), "usage_type_code"),
        Kind("supp_field", ("field_no",), "field_name"),
        Kind("promotion", ("promo_cd",)),
        Kind("plan_set", ("promo_plan_set_no",), "client_plan_type_id"),
        Kind("plan", ("plan_no",), "client_plan_id"),
        Kind("plan_relationship", ("parent_plan_no", "plan_no")),
        Kind("service_definition", ("service_no",), "client_service_id"),
        Kind("service", ("plan_no", "service_no")),
        Kind("rate_schedule", ("schedule_no",), "client_rate_schedule_id"),
        Kind("rate", ("plan_no", "service_no", "schedule_no", "rate_seq_no")),
        Kind("item", ("item_no",), "client_sku"),
        Kind("item_price", ("item_no", "currency_cd")),
        Kind("coupon", ("coupon_cd",)),
        Kind("discount_rule", ("rule_no",), "rule_id"),
        Kind("email_template", ("template_no",), "client_email_template_id"),
        Kind("receipt", ("client_receipt_id",)),
        Kind("setting", ("name",)),
    )
}

# Which kind a number column points to.
REFERENCES = {
    "plan_no": "plan",
    "parent_plan_no": "plan",
    "service_no": "service_definition",
    "schedule_no": "rate_schedule",
    "item_no": "item",
    "promo_plan_set_no": "plan_set",
    "usage_type_no": "usage_type",
    "field_no": "supp_field",
    "rule_no": "discount_rule",
}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The rows of all kinds at one moment."""

    rows: dict[str, dict[Identity, Row]]
    numbers: dict[str, dict[str, int]]


class Tables:
    """All rows of all kinds; whoever uses it holds the system's lock.

    Rows are never changed in place: a change puts a new row, and `version` tells when answers are
    stale.
    """

    def __init__(self, rows: Mapping[str, Sequence[Row]]) -> None:
        self.version = 0
        self._rows: dict[str, dict[Identity, Row]] = {name: {} for name in KINDS}
        self._numbers: dict[str, dict[str, int]] = {
            k.name: {} for k in KINDS.values() if k.client_id
        }
        self._changed = dict.fromkeys(KINDS, 0)
        self._groups: dict[tuple[str, str], tuple[int, dict[Any, list[Row]]]] = {}
        self._sequences: dict[str, int] = {}
        for kind, listed in rows.items():
            for row in listed:
                self.put(kind, row)

    def snapshot(self) -> Snapshot:
        """Return what `restore` needs to undo everything from here on."""
        rows = {kind: dict(held) for kind, held in self._rows.items()}
        numbers = {kind: dict(held) for kind, held in self._numbers.items()}
        return Snapshot(rows, numbers)

    def restore(self, snapshot: Snapshot) -> None:
        """Undo every change since a snapshot; numbers given meanwhile stay used up."""
        self._rows, self._numbers = snapshot.rows, snapshot.numbers
        for kind in KINDS:
            self._touch(kind)

    def all(self, kind: str) -> list[Row]:
        """Return every row of a kind, oldest first."""
        return list(self._rows[kind].values())

    def get(self, kind: str, *identity: Any) -> Row | None:
        """Return the row with these numbers or codes, or None."""
        return self._rows[kind].get(identity)

    def at(self, kind: str, *identity: Any) -> Row:
        """Return the row with these numbers or codes; KeyError if there is none."""
        return self._rows[kind][identity]

    def number(self, kind: str, client_id: str) -> int | None:
        """Return the number of the row with a client-defined id, or None."""
        return self._numbers[kind].get(client_id)

    def group(self, kind: str, column: str, value: Any) -> list[Row]:
        """Return the rows of a kind with `value` in `column`, oldest first."""
        version, groups = self._groups.get((kind, column), (-1, {}))
        if version != self._changed[kind]:
            groups = {}
            for row in self._rows[kind].values():
                groups.setdefault(row[column], []).append(row)
            self._groups[kind, column] = self._changed[kind], groups
        return groups.get(value, [])

    def put(self, kind: str, row: Row) -> Row:
        """Insert or replace a row; the caller has checked that its client-defined id is free."""
        spec = KINDS[kind]
        identity = tuple(row[column] for column in spec.identity)
        if spec.client_id is not None:
            before = self._rows[kind].get(identity)
            if before is not None:
                self._numbers[kind].pop(before[spec.client_id], None)
            self._numbers[kind][row[spec.client_id]] = identity[0]
            self._sequences[kind] = max(self._sequences.get(kind, 0), identity[0])
        self._rows[kind][identity] = row
        self._touch(kind)
        return row

    def change(self, kind: str, row: Row, **values: Any) -> Row:
        """Replace a row by one with other values, which may be another client-defined id."""
        return self.put(kind, {**row, **values})

    def remove(self, kind: str, row: Row) -> None:
        """Delete a row; its number is not given again."""
        spec = KINDS[kind]
        del self._rows[kind][tuple(row[column] for column in spec.identity)]
        if spec.client_id is not None:
            self._numbers[kind].pop(row[spec.client_id], None)
        self._touch(kind)

    def remove_where(self, kind: str, condition: Callable[[Row], bool]) -> None:
        """Delete all rows of a kind that meet a condition."""
        for row in [row for row in self._rows[kind].values() if condition(row)]:
            self.remove(kind, row)

    def next_number(self, kind: str) -> int:
        """Return a number that no row of the kind has had."""
        self._sequences[kind] = self._sequences.get(kind, 0) + 1
        return self._sequences[kind]

    def key(self, kind: str, row: Row) -> str:
        """Return the client-defined key of a row; composite keys are joined by "|"."""
        return "|".join(self._key_parts(KINDS[kind], row))

    def identity(self, kind: str, key: str) -> Identity:
        """Return the numbers of a client-defined key.

        Raises:
            KeyError: A part of the key is unknown.
        """
        columns = KINDS[kind].identity
        parts = key.split("|")
        if len(parts) != len(columns):
            raise KeyError(key)
        return tuple(self._part(column, part) for column, part in zip(columns, parts, strict=True))

    def _part(self, column: str, part: str) -> Any:
        if column in REFERENCES:
            return self._numbers[REFERENCES[column]][part]
        return int(part) if column == "rate_seq_no" else part

    def _key_parts(self, spec: Kind, row: Row) -> Iterator[str]:
        if spec.client_id is not None:
            yield str(row[spec.client_id])
            return
        for column in spec.identity:
            referred = REFERENCES.get(column)
            if referred is None:
                yield str(row[column])
            else:
                yield str(self.at(referred, row[column])[KINDS[referred].client_id or ""])

    def _touch(self, kind: str) -> None:
        self.version += 1
        self._changed[kind] = self.version
