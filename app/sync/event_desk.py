"""Takes what a system posts: believed, kept on the disk, answered, gathered for the next read."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import chain
from typing import Self

from app.connectors.listening import Answer, Heard, Listener, Listening, Posted
from app.domain.record import Side
from app.errors import AppError, WrongUse
from app.store.inbox import Delivery, Inbox
from app.store.receipts import is_ours
from app.sync.gathering import Batch, Gathering
from app.sync.workbench import Workbench

log = logging.getLogger(__name__)

_STRANGE = {
    HTTPStatus.NOT_FOUND: "their path is not the right one",
    HTTPStatus.FORBIDDEN: "they came from an address that is not among those allowed",
}
_BUSY = Answer(HTTPStatus.SERVICE_UNAVAILABLE, b"Later, please.")
_KEPT_S = 60 * 24 * 3600.0
_LOG_EVERY_S = 60.0
_MOST_UNKNOWN = 500


@dataclass(frozen=True, slots=True)
class DeskOptions:
    """How to take; seconds.

    Attributes:
        quiet_s: For how long nothing more may be told of an account before it is read.
        longest_s: After how long it is read though more and more is told.
        keep_s: How long a post waits to be kept; Orb takes 5 s in all for a failure (orb.md §4).
    """

    quiet_s: float = 1.0
    longest_s: float = 30.0
    keep_s: float = 4.0


class EventDesk:
    """Takes posts of one side of a workspace; what it took is not lost, whatever ends Concord.

    `admits` and `take` are called by the threads of the receiver, the rest by the one that reads.
    """

    def __init__(
        self,
        bench: Workbench,
        options: DeskOptions = DeskOptions(),
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take up what an earlier run left.

        Raises:
            WrongUse: No side's system can post.
            NotSignedIn: The secret that tells real posts from others is not there.
            StoreError: Another Concord holds the workspace, or the file cannot be written.
        """
        self._bench, self._options, self._clock = bench, options, clock
        self.side, self._listener = _listening(bench)
        self._listener.ready()
        bench.store.claim()  # before the file is written: one process has both
        self._inbox = Inbox(bench.store.path)
        self._lock = threading.Lock()
        self._new: list[_New] = []
        self._gathering = Gathering(options.quiet_s, options.longest_s)
        self._unknown: set[str] = set()
        self._refusals: Counter[str] = Counter()
        self._refusals_logged = float("-inf")
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="inbox")
        self._take_up()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._inbox.close()

    def admits(self, path: str, source: str) -> Answer | None:
        """Return a refusal, or None where the body of a post may be read."""
        refusal = self._listener.admits(path, source)
        if refusal is not None:
            self._note_refusal(_STRANGE.get(refusal.status, refusal.status.phrase))
        return refusal

    def take(self, posted: Posted) -> Answer:
        """Return the answer to a post, once what it told is on the disk."""
        heard = self._listener.heard(posted, datetime.fromtimestamp(self._clock(), UTC))
        if heard.refused:
            self._note_refusal(heard.refused)
            return heard.answer
        self._note_unknown(heard.unknown)
        entities = heard.entities & self._bench.mapping.by_name.keys()
        if not entities or not heard.delivery:
            return heard.answer
        try:
            return self._kept(heard, entities)
        except (AppError, TooSlow) as error:
            words = str(error) or "it took too long"
            log.warning("A post was not kept, and has to come again: %s", words)
            return _BUSY

    def batch(self) -> Batch | None:
        """Return what is to be read now, None for nothing."""
        with self._lock:
            return self._gathering.take(time.monotonic())

    def settle(self, batch: Batch) -> None:
        """Drop a batch: it was read, or cannot be."""
        self._inbox.settle(batch.account, batch.serial)

    def put_back(self, batch: Batch) -> None:
        """Keep a batch that could not be read now."""
        with self._lock:
            self._gathering.put_back(batch, time.monotonic())

    def _take_up(self) -> None:
        self._inbox.forget(self._clock() - _KEPT_S)
        left = self._inbox.waiting()
        known = self._bench.mapping.by_name.keys()
        for waiting in left:
            entities = waiting.entities & known  # the mapping may have changed since
            if entities:
                self._gathering.tell(waiting._replace(entities=entities), float("-inf"))
        if left:
            log.info("%d posts of %s were not read yet", len(left), self.side.label)

    def _kept(self, heard: Heard, entities: frozenset[str]) -> Answer:
        # A mapping without an account entity knows no account by which to read.
        accounts = heard.accounts if self._bench.mapping.account else ()
        told = Delivery(heard.delivery, accounts, entities, heard.changes, self._clock())
        new = _New(told, heard.receipt)
        with self._lock:
            self._new.append(new)
        self._pool.submit(self._keep)
        new.kept.result(self._options.keep_s)
        return heard.answer

    def _keep(self) -> None:
        """Keep all that came since the last time, with one write to the disk."""
        with self._lock:
            some, self._new = self._new, []
        if not some:
            return
        try:
            news = [new for new in some if not is_ours(self._bench.store, new.receipt)]
            kept = self._inbox.keep([new.told for new in news])
        except AppError as error:
            for new in some:
                new.kept.set_exception(error)
            return
        now = time.monotonic()
        with self._lock:
            for waiting in chain.from_iterable(kept):
                self._gathering.tell(waiting, now)
        for new in some:
            new.kept.set_result(None)

    def _note_unknown(self, events: Iterable[str]) -> None:
        """Log events that the connector does not know, each once."""
        for event in events:
            if event not in self._unknown and len(self._unknown) < _MOST_UNKNOWN:
                self._unknown.add(event)
                log.warning("%s posted an event that is not known: %s", self.side.label, event)

    def _note_refusal(self, why: str) -> None:
        """Log refusals once in a while: anybody can post, and nobody shall fill the disk."""
        with self._lock:
            self._refusals[why] += 1
            now = time.monotonic()
            if now - self._refusals_logged < _LOG_EVERY_S:
                return
            told, self._refusals = self._refusals, Counter()
            self._refusals_logged = now
        for words, count in told.items():
            log.warning("%d posts to %s were refused: %s", count, self.side.label, words)


@dataclass(frozen=True, slots=True)
class _New:
    """A post to be kept, and who waits for that."""

    told: Delivery
    receipt: str
    kept: Future[None] = field(default_factory=Future)


def _listening(bench: Workbench) -> tuple[Side, Listener]:
    for side, connector in bench.connectors.items():
        if isinstance(connector, Listening):
            return side, connector.listener
    raise WrongUse(
        "Neither side's system can post what happens there.",
        "Leave out --listen: Concord asks both sides at intervals.",
    )
