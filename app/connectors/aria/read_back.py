"""What became of a write: the record is read again and held against what was wanted."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from app.connectors.aria.family import ReadFamily
from app.connectors.aria.plan_writes import ENDED, STATUS
from app.connectors.aria.steps import Sent, Step
from app.connectors.aria.values import whole
from app.connectors.aria.wish import Wish
from app.connectors.protocol import ReadRequest, Scope
from app.domain.control import CancelToken
from app.domain.convert import raw_value, text
from app.domain.diff import same
from app.domain.mapping import EntityMapping
from app.domain.plan import FieldChange, Outcome, OutcomeState
from app.domain.record import FieldValue, Record, Side
from app.errors import AppError

_RECKONED = frozenset({"=mrr", "=discount_total", "=discount_percent", "=discount_amount"})


def read_again(entity: EntityMapping) -> EntityMapping:
    """Return an entity without what nobody writes and what costs calls of its own to reckon."""
    kept = tuple(one for one in entity.fields if one.billing not in _RECKONED)
    return replace(entity, fields=kept)


@dataclass(frozen=True, slots=True)
class ReadBack:
    """Reads the record of `key`, and says what of the wish came true."""

    reads: ReadFamily
    wish: Wish
    key: str

    def holds(self, step: Step) -> bool:
        """Return whether Aria holds what a call was to set; no where it cannot be read."""
        try:
            record = self._record()
        except AppError:
            return False
        return record is not None and not list(self._otherwise(record, step.fields))

    def outcome(self, sent: Sent) -> Outcome:
        """Return the outcome of an update: failed where Aria kept another value."""
        if sent.state is not OutcomeState.WRITTEN:
            return self._told(sent)
        record, words = self._again()
        if words:
            return self._told(sent, words)
        if record is None:
            return self._told(sent, "Aria took it, and does not show the record any more", ok=False)
        changed = list(self._otherwise(record, self.wish.names.values()))
        if not changed:
            return self._told(sent)
        return self._told(sent, self._kept(changed, record), ok=False, field=changed[0].name)

    def made(self, sent: Sent) -> Outcome:
        """Return the outcome of an insert; what Aria made otherwise is told, and it stands."""
        if sent.state is not OutcomeState.WRITTEN or not self.key:
            return self._told(sent)
        record, words = self._again()
        if record is not None:
            changed = list(self._otherwise(record, self.wish.names.values()))
            words = self._kept(changed, record) if changed else ""
        elif not words:
            words = "Aria made it, and does not show it"
        told = self._told(sent, words)
        number = str(sent.number or "")
        return Outcome(told.operation, told.state, told.message, "", number, self.key)

    def ended(self, sent: Sent) -> Outcome:
        """Return the outcome of a delete: Aria keeps the record, as one that has ended."""
        record, words = self._again()
        if words or record is None:
            return self._told(sent, words)
        mapped = next((one for one in self.wish.entity.fields if one.billing == STATUS), None)
        if mapped is None:
            return self._told(sent, "cancelled")
        status = self._value(record, mapped.name)
        if whole(raw_value(mapped, Side.BILLING, status)) in ENDED:
            return self._told(sent, f"Aria keeps it as {text(status)}")
        return self._told(sent, f"Aria took it, and it still is {text(status)}", ok=False)

    def _again(self) -> tuple[Record | None, str]:
        """Return the record, and words where it cannot be read: what was accepted stays so."""
        try:
            return self._record(), ""
        except AppError as error:
            return None, f"accepted, but not read again: {error.summary}"

    def _record(self) -> Record | None:
        request = ReadRequest((read_again(self.wish.entity),), Scope.KEYS, (self.key,))
        pages = self.reads.pages(request, CancelToken())  # what was begun is brought to its end
        return next((one for page in pages for one in page.records if one.key == self.key), None)

    def _otherwise(self, record: Record, names: Iterable[str]) -> Iterable[FieldChange]:
        """Yield the changes that the record does not hold."""
        wanted = set(names)
        return (
            change
            for change in self.wish.operation.changes
            if change.name in wanted and not same(self._value(record, change.name), change.after)
        )

    def _value(self, record: Record, name: str) -> FieldValue:
        return record.values[read_again(self.wish.entity).index[name]]

    def _kept(self, changed: Iterable[FieldChange], record: Record) -> str:
        return "; ".join(
            f"Aria keeps {change.name} as {text(self._value(record, change.name)) or 'nothing'!r},"
            f" not {text(change.after) or 'nothing'!r}"
            for change in changed
        )

    def _told(self, sent: Sent, words: str = "", *, ok: bool = True, field: str = "") -> Outcome:
        operation = self.wish.operation
        state = sent.state if ok else OutcomeState.FAILED
        message = "; ".join(filter(None, [sent.message, words, *sent.notes]))
        changes = operation.changes
        only = changes[0].name if len(changes) == 1 and state is not OutcomeState.WRITTEN else ""
        return Outcome(operation, state, message, field or only, operation.side_id)
