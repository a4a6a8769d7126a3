"""Reads the accounts of which something was posted, as far as a side answers."""

import logging
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.domain.control import CancelToken, Report
from app.domain.record import Side
from app.errors import (
    AppError,
    Cancelled,
    ConnectionFailed,
    LimitReached,
    NotSignedIn,
    StoreError,
)
from app.store.belonging import keys_of_account
from app.store.comparison import side_counts
from app.sync.event_desk import EventDesk
from app.sync.gathering import Batch
from app.sync.refresh import RefreshRequest, RefreshResult, refresh
from app.sync.workbench import Workbench

log = logging.getLogger(__name__)

_UNCOMPARED_S = 2.0


@dataclass
class PostedReads:
    """Reads what is due at a desk; in the thread that alone writes the store.

    Attributes:
        retry_s: How long to wait after the side could not be reached.
    """

    bench: Workbench
    desk: EventDesk
    cancel: CancelToken
    report: Report
    retry_s: float
    not_before: float = float("-inf")

    def read(self) -> list[tuple[Batch, RefreshResult]]:
        """Read accounts that are due, one after the other, and return what was read.

        It goes on for a few seconds at most, so that their differences are soon to be seen.

        Raises:
            NotSignedIn: The side refuses us, which waiting does not mend.
            StoreError: The store cannot be written.
        """
        until = time.monotonic() + _UNCOMPARED_S
        found = []
        while self.not_before <= time.monotonic() < until:
            batch = self.desk.batch()
            if batch is None:
                break
            result = self._read(batch)
            if result is not None:
                found.append((batch, result))
        return found

    def polled(self) -> tuple[str, ...] | None:
        """Return what is read of the side at intervals (`()`: all), None where nothing is.

        All accounts would be read in vain again and again where the side cannot tell what changed
        of them. Once they were read, that is left to its events, and to a nightly job.
        """
        mapping, side = self.bench.mapping, self.desk.side
        account = mapping.account
        if account is None or not side_counts(self.bench.store, account)[side is not Side.BILLING]:
            return ()
        connector, told = self.bench.connectors[side], set(mapping.of_account())
        names = (
            entity.name
            for entity in mapping.entities
            if entity not in told or connector.incremental(entity)
        )
        return tuple(names) or None

    def _read(self, batch: Batch) -> RefreshResult | None:
        """Read one account; return None where that could not be, now or at all."""
        names = batch.entities if self._is_known(batch.account) else ()
        request = RefreshRequest((self.desk.side,), tuple(sorted(names)), account=batch.account)
        try:
            result = refresh(self.bench, request, self.cancel, self.report)
        except (NotSignedIn, StoreError, Cancelled):
            raise
        except (ConnectionFailed, LimitReached) as error:
            log.warning("Serving %s: %s", self.bench.name, error)
            self.desk.put_back(batch)
            self.not_before = time.monotonic() + self.retry_s
            return None
        except AppError as error:  # of this account alone; the others are read
            log.warning("What was posted of %s is not read: %s", batch.account or "all", error)
            self.desk.settle(batch)
            return None
        self.desk.settle(batch)
        return result

    def _is_known(self, account: str) -> bool:
        """Return whether an account is in the mirror; of a new one everything is read."""
        entity = self.bench.mapping.account
        if not account or entity is None:
            return True
        return bool(keys_of_account(self.bench.store, account, [entity])[entity.name])


def joined(results: Sequence[RefreshResult]) -> RefreshResult:
    """Return what several refreshes of the same sides read, as one."""
    first = results[0]
    read = {side: Counter[str]() for side in first.read}
    calls = Counter[Side]()
    for result in results:
        calls.update(result.calls)
        for side, counts in result.read.items():
            read[side].update(counts)
    return replace(
        first,
        read=read,
        changed=sum(result.changed for result in results),
        calls=calls,
        seconds=sum(result.seconds for result in results),
        unkeyed=sum(result.unkeyed for result in results),
        set_aside=tuple(path for result in results for path in result.set_aside),
    )
