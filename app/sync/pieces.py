"""A large commit goes in pieces: each is read again, sent and settled before the next."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from app.domain.plan import Operation, OutcomeState
from app.domain.record import Side
from app.store import journal
from app.store.journal_entry import EVERYWHERE, Span
from app.sync.groups import known_groups
from app.sync.look_costs import SEGMENT
from app.sync.workbench import Workbench

UNSETTLED = (OutcomeState.INTENT, OutcomeState.UNKNOWN)


class Piece:
    """Operations that are looked at and sent before the next: few enough for memory.

    A record stands once in it: of two operations on it, the second expects the first's result. So
    does a key, in whatever letters: some targets take two for one, which shows once one is there.
    What stands or falls together is never cut: where the border would fall, the rest of the group
    comes along. A plan keeps the members of a group side by side (`plan_order.Shelves.pour`).
    """

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._seen: set[tuple[str, str, Side]] = set()
        self._last: Operation | None = None

    def takes(self, operation: Operation) -> bool:
        """Add an operation, the next in the order of sending; False where the piece is full."""
        place = (operation.entity, operation.key.casefold(), operation.side)
        if place in self._seen or (len(self._seen) >= SEGMENT and not self._goes_on(operation)):
            return False
        self._seen.add(place)
        self._last = operation
        return True

    def _goes_on(self, operation: Operation) -> bool:
        last, entity = self._last, self._bench.mapping.entity(operation.entity)
        if last is None or (last.entity, last.side) != (operation.entity, operation.side):
            return False
        if not entity.together:
            return False
        one, other = known_groups(self._bench.store, entity, (last, operation))
        return one == other


class Cut(NamedTuple):
    """The operations of a piece, and between which numbers of the journal they stand."""

    operations: list[Operation]
    span: Span


def pieces(bench: Workbench, run: str, first: int = 0) -> Iterator[Cut]:
    """Yield what a commit has no outcome of yet, in the order of sending, piece by piece.

    `first` is how many the first has, where that was looked at before; 0 where it was not.
    """
    after = 0
    while True:
        piece, operations, start = Piece(bench), list[Operation](), after
        for entry in journal.entries(bench.store, run=run, states=UNSETTLED, span=Span(after)):
            if len(operations) >= first if first else not piece.takes(entry.operation):
                break
            operations.append(entry.operation)
            after = entry.id
        first = 0
        if not operations:
            return
        yield Cut(operations, Span(start, after))
        operations.clear()  # before the next is read: both would be in memory at once


def operations_of(
    bench: Workbench, run: str, states: Sequence[OutcomeState], span: Span = EVERYWHERE
) -> list[Operation]:
    """Return a commit's operations in some states, in the order of sending."""
    found = journal.entries(bench.store, run=run, states=states, span=span)
    return [entry.operation for entry in found]
