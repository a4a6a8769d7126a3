"""Gathering what is told of accounts, so that many events of one are one read."""

from dataclasses import dataclass, replace

from app.store.inbox import Waiting


@dataclass(frozen=True, slots=True)
class Batch:
    """What is to be read again of one account (`""`: of all), for all that was told of it.

    Attributes:
        changes: How many changes were told.
        serial: The newest of what was told (`Waiting.serial`).
        first: When the first was told.
        last: When the last was told.
    """

    account: str
    entities: frozenset[str]
    changes: int
    serial: int
    first: float
    last: float


class Gathering:
    """Holds an account back until nothing more is told of it for a while, or for too long.

    Times are those of one clock, in seconds. What is told of an account after its batch was taken
    is another batch: the read under way may have passed what it tells of.
    """

    def __init__(self, quiet_s: float, longest_s: float) -> None:
        """Begin with nothing.

        Args:
            quiet_s: How long nothing may have been told of an account before it is due.
            longest_s: After how long it is due though more and more is told.
        """
        self._quiet_s, self._longest_s = quiet_s, longest_s
        self._batches: dict[str, Batch] = {}

    def __len__(self) -> int:
        return len(self._batches)

    def tell(self, waiting: Waiting, now: float) -> None:
        """Take what was told."""
        new = Batch(waiting.account, waiting.entities, waiting.changes, waiting.serial, now, now)
        self._batches[waiting.account] = self._joined(new)

    def put_back(self, batch: Batch, now: float) -> None:
        """Take back a batch that could not be read; the others go first from now on."""
        self._batches[batch.account] = self._joined(replace(batch, first=now))

    def take(self, now: float) -> Batch | None:
        """Return the batch that is due and waits longest, and hold it no more; None for none."""
        due = [batch for batch in self._batches.values() if self._is_due(batch, now)]
        if not due:
            return None
        return self._batches.pop(min(due, key=lambda batch: (batch.first, batch.serial)).account)

    def _is_due(self, batch: Batch, now: float) -> bool:
        return now - batch.last >= self._quiet_s or now - batch.first >= self._longest_s

    def _joined(self, batch: Batch) -> Batch:
        known = self._batches.get(batch.account)
        if known is None:
            return batch
        return replace(
            known,
            entities=known.entities | batch.entities,
            changes=known.changes + batch.changes,
            serial=max(known.serial, batch.serial),
            first=min(known.first, batch.first),
            last=max(known.last, batch.last),
        )
