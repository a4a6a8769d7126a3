"""What operations cost where the system has no batches: each by itself, by what it changes."""

from collections import Counter, defaultdict

from app.connectors.protocol import Weighing
from app.domain.plan import Operation, Verb
from app.domain.record import Side
from app.sync.look_costs import length_in_url
from app.sync.workbench import Workbench


class Weighed:
    """What a connector says that operations cost, added up as they come.

    Attributes:
        calls: Side and entity → the calls of its operations together.
    """

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._scales: dict[Side, Weighing | None] = {}
        self._read: dict[tuple[Side, str], set[str]] = defaultdict(set)
        self.calls: Counter[tuple[Side, str]] = Counter()
        self._sizes: Counter[tuple[Side, str]] = Counter()
        self._turns: Counter[tuple[Side, str, bool]] = Counter()

    def put(self, operation: Operation) -> None:
        """Add an operation; of its calls nothing where the side's connector does not weigh."""
        self._sizes[operation.side, operation.entity] += length_in_url(operation.key)
        scale = self._scale(operation.side)
        if scale is not None:
            entity = self._bench.mapping.entity(operation.entity)
            place = (operation.side, operation.entity)
            self.calls[place] += scale.calls_of(entity, operation)
            if asked := scale.read_once(entity, operation.key):
                self._read[place].add(asked)

    def reads(self, side: Side, entity: str, count: int) -> int:
        """Return how many of so many operations' records are read by a call of their own."""
        return count if self._scale(side) is None else len(self._read[side, entity])

    def put_turn(self, operation: Operation, turn: int) -> None:
        """Note after how many others of its entity an operation has its turn."""
        place = (operation.side, operation.entity, operation.verb is Verb.DELETE)
        self._turns[place] = max(self._turns[place], turn)

    def turns(self, side: Side, entity: str) -> int:
        """Return how often operations of an entity wait for others of it."""
        return sum(self._turns[side, entity, deletes] for deletes in (False, True))

    def key_size(self, side: Side, entity: str, count: int) -> int:
        """Return the average length of the keys of so many operations, rounded up."""
        return -(-self._sizes[side, entity] // max(1, count))

    def _scale(self, side: Side) -> Weighing | None:
        """Return a side's connector if it weighs; none is opened for a plan that writes nothing."""
        if side not in self._scales:  # asked once: what a Protocol asks takes 10 µs
            connector = self._bench.connectors[side]
            self._scales[side] = connector if isinstance(connector, Weighing) else None
        return self._scales[side]
