"""The rows of one bulk job: whose they are, found again by what the results say of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.connectors.salesforce.bodies import Bodies, CellRefused, Row, short_id
from app.connectors.salesforce.bulk_csv import ResultRow, RowMaker, Sheet
from app.domain.mapping import EntityMapping
from app.domain.plan import Operation, Outcome, OutcomeState, Verb

UPSERT, INSERT, UPDATE, DELETE = "upsert", "insert", "update", "delete"
_BY_ID = frozenset({UPDATE, DELETE})
_ERROR = re.compile(
    r"(?P<code>[A-Z][A-Z0-9_]*):(?P<message>.*?):(?P<fields>[^:]*?)\s*--", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Load:
    """What one job does: one of Salesforce's operations, on the object of an entity."""

    entity: EntityMapping
    operation: str

    @property
    def key(self) -> str:
        """The column that every row has and that names its record."""
        return "Id" if self.operation in _BY_ID else self.entity.salesforce_key

    def key_of(self, operation: Operation) -> str:
        """Return what an operation has in that column."""
        return operation.side_id if self.key == "Id" else operation.key

    def has(self, operation: Operation) -> bool:
        """Return whether a job of this kind may have had an operation."""
        if operation.key_change is not None and self.operation != UPDATE:
            return False
        return (operation.verb is Verb.DELETE) is (self.operation == DELETE)


@dataclass
class JobRows:
    """The rows of one upload of which no result has told yet.

    Never by position, since results come in any order (salesforce.md §9): rows are known by their
    external id or id, plain inserts by all that is in them. Of rows that are alike, any may be any.

    Attributes:
        refused: The outcomes of operations that no row can be made of.
        aside: Operations whose values no CSV can say.
    """

    load: Load
    header: Sequence[str]
    refused: list[Outcome] = field(default_factory=list)
    aside: list[Operation] = field(default_factory=list)
    _waiting: dict[object, Operation] = field(default_factory=dict)
    _alike: dict[object, list[Operation]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Look once, not for each row, at what is alike for all of them."""
        self._deletes = self.load.operation == DELETE
        self._whole = self.load.operation == INSERT
        self._by_id = self.load.key == "Id"

    @property
    def columns(self) -> Sequence[str]:
        """The columns of a result that say whose it is."""
        return self.header if self._whole else (self.load.key,)

    def put(self, maker: RowMaker, operation: Operation, key: str, sheet: Sheet | None) -> None:
        """Write an operation's row, if there is a sheet, and wait for what becomes of it."""
        try:
            cells = [key] if self._deletes and key else maker.row(operation, key)
            if sheet is not None:
                sheet.add(cells)
        except CellRefused:
            self.aside.append(operation)
        except (TypeError, UnicodeEncodeError) as error:
            self.refused.append(Outcome(operation, OutcomeState.FAILED, str(error)))
        else:
            token = self._token(cells, key)
            if token in self._waiting:
                self._alike.setdefault(token, []).append(operation)
            else:
                self._waiting[token] = operation

    def take(self, row: ResultRow) -> Operation | None:
        """Return the operation that a result tells of, once; None where it is not ours.

        The row has the cells of `columns`.
        """
        token = self._token(row.cells, row.cells[0])
        alike = self._alike.get(token) if self._alike else None
        return alike.pop() if alike else self._waiting.pop(token, None)

    def _token(self, cells: Sequence[str], key: str) -> object:
        if self._whole:
            return tuple(cells)
        return short_id(key) if self._by_id else key

    @property
    def left(self) -> list[Operation]:
        """The operations of which no result has told."""
        alike = (operation for some in self._alike.values() for operation in some)
        return [*self._waiting.values(), *alike]

    def __len__(self) -> int:
        """Return how many rows are waited for."""
        return len(self._waiting) + sum(map(len, self._alike.values()))


def outcome_of(bodies: Bodies, load: Load, operation: Operation, row: ResultRow) -> Outcome:
    """Return the outcome that a row of the successful or failed results tells."""
    told = answered(row)
    if load.operation != DELETE:
        return bodies.outcome(load.entity, operation, told)
    return bodies.deleted(load.entity, operation, row.cells[0] or row.id, told)


def answered(row: ResultRow) -> Row:
    """Return a result as an answer's row; `sf__Error` is `CODE:message:fields --` (§3.4)."""
    if not row.error:
        return Row(row.id, row.created)
    found = _ERROR.fullmatch(row.error.strip())
    if found is None:
        return Row(row.id, row.created, "UNKNOWN_EXCEPTION", row.error)
    fields = tuple(name.strip() for name in found["fields"].split(",") if name.strip())
    return Row(row.id, row.created, found["code"], found["message"], fields)
