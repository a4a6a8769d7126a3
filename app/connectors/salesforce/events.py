"""Changes of Salesforce's records as they happen: told over the Pub/Sub API, else asked for.

Events come in the order of the commits, each at least once. Where a replay id has grown too old,
where a subscription begins without one, and where an org has no events at all, the changes are
asked for by REST instead (salesforce.md §12, §16).
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import grpc

from app.connectors.http import Policy, backoff_s
from app.connectors.salesforce.events_change import ChangeBatch, Position, position_of
from app.connectors.salesforce.events_poll import Poller
from app.connectors.salesforce.events_schema import EventReader
from app.connectors.salesforce.events_stream import (
    Meaning,
    Response,
    StreamEnded,
    Subscription,
    Trouble,
    trouble_of,
)
from app.connectors.salesforce.events_wire import GLOBAL_ENDPOINT, Line
from app.connectors.salesforce.org import identity
from app.connectors.salesforce.session import SalesforceSession
from app.connectors.salesforce.tokens import Token
from app.domain.control import CancelToken
from app.errors import AnswerUnreadable, ConnectionFailed, LimitReached, NotAllowed, NotSignedIn

log = logging.getLogger(__name__)

_LONG_S = 3600.0
_LATE = timedelta(minutes=5)  # an event may come so long after its commit


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class EventOptions:
    """How changes are listened for; seconds.

    Attributes:
        endpoint: Of the Pub/Sub API; "" to ask by REST alone.
        poll_s: Between two rounds of asking by REST; each costs two calls an object.
        gap_s: The same, while a subscription has begun and its beginning is not yet covered.
        retry_s: When to try events again after they could not be reached.
        attempts: So many failures in a row make them unreachable; pauses between them as in HTTP.
        now: The present; what Salesforce's clock says, but for a minute.
    """

    endpoint: str = GLOBAL_ENDPOINT
    poll_s: float = 300.0
    gap_s: float = 60.0
    retry_s: float = 600.0
    attempts: int = 5
    policy: Policy = Policy()  # noqa: RUF009 - frozen
    now: Callable[[], datetime] = _utc_now


_USUAL = EventOptions()


def changes(
    session: SalesforceSession,
    objects: Sequence[str],
    since: str,
    cancel: CancelToken,
    *,
    options: EventOptions = _USUAL,
) -> Iterator[ChangeBatch]:
    """Yield the changes of some objects as they come, without end; close the generator when done.

    Args:
        session: The org, as the connector knows it.
        objects: API names, such as `Client_Plan__c`. An object whose changes are not selected in
            Setup has no events, and nobody says so.
        since: The cursor of a batch that was dealt with; "" from now on.
        cancel: Ends the generator within a second, by `Cancelled`.
        options: Where and how to listen.

    Yields:
        Batches, the first at once; a batch without changes only moves the cursor on.

    Raises:
        CursorRefused: `since` is of another org, or older than Salesforce remembers.
        NotSignedIn: The session has ended and cannot be renewed.
        ConnectionFailed: The org cannot be reached at the start; later that is waited out.
    """
    organization, _ = identity(session, cancel)
    start = Position(organization, options.now())
    position = position_of(since, organization) if since else start
    feed = _Feed(session, tuple(objects), position, cancel, options)
    if not since:
        yield ChangeBatch((), position.cursor)
    yield from feed.batches(resumed=bool(since))


class _NoEvents(Exception):  # noqa: N818 - a turn of the way, not a failure
    """Events cannot be had; `for_now` if that may change."""

    def __init__(self, words: str, *, for_now: bool) -> None:
        super().__init__(words)
        self.for_now = for_now


class _Feed:
    """The state of one generator: how far it is, and how the last attempts went."""

    def __init__(
        self,
        session: SalesforceSession,
        objects: tuple[str, ...],
        position: Position,
        cancel: CancelToken,
        options: EventOptions,
    ) -> None:
        self._session = session
        self._objects = objects
        self._position = position
        self._cancel = cancel
        self._options = options
        self._readers: dict[str, EventReader] = {}
        self._failures = 0
        self._renewed: Token | None = None  # the token that was bought because of a refusal

    def batches(self, *, resumed: bool) -> Iterator[ChangeBatch]:
        """Yield batches: by events where that is possible, else by asking."""
        behind = resumed
        while True:
            if not self._options.endpoint:
                yield from self._polled(None)
            try:
                yield from self._streams(behind=behind)
            except _NoEvents as reason:
                what = "for now" if reason.for_now else "in this org"
                log.warning("No change events %s (%s); asking instead", what, reason)
                if not reason.for_now:
                    self._forget_replay()
                yield from self._polled(self._options.retry_s if reason.for_now else None)
            behind = True

    def _streams(self, *, behind: bool) -> Iterator[ChangeBatch]:
        """Yield from one subscription after another, each going on where the last ended."""
        while True:
            token = self._token()
            if token is None:
                continue
            line = Line(self._options.endpoint, self._metadata(token))
            subscription = Subscription(line, self._position.replay, self._readers)
            try:
                yield from self._received(subscription, behind=behind)
            except StreamEnded:
                self._pause("the stream ended")
            except AnswerUnreadable as error:
                log.error("A change event is passed over: %s", error.summary)  # noqa: TRY400 - no defect of ours to trace
                self._forget_replay()
                self._pause(error.summary)
            except grpc.RpcError as error:
                self._act(trouble_of(error), token)
            finally:
                subscription.close()
                line.close()
            behind = True

    def _forget_replay(self) -> None:
        """Go on without a replay id: what changed since is asked for, then events are told."""
        self._position = self._position.moved(self._position.at, b"")

    def _token(self) -> Token | None:
        """Return the token to use; None after a pause, where signing in is not possible now."""
        try:
            return self._session.tokens.current(self._cancel)
        except (NotSignedIn, NotAllowed):
            raise
        except (ConnectionFailed, LimitReached) as error:
            self._pause(error.summary)
            return None

    def _metadata(self, token: Token) -> dict[str, str]:
        return {
            "accesstoken": token.access,
            "instanceurl": token.instance_url,
            "tenantid": self._position.organization,
        }

    def _act(self, trouble: Trouble, token: Token) -> None:
        """Do what an error asks for, so that the next subscription may go better."""
        log.info("The change events broke off: %s", trouble.words)
        if trouble.meaning is Meaning.NO_EVENTS:
            raise _NoEvents(trouble.words, for_now=False)
        if trouble.meaning is Meaning.TOO_OLD:
            self._forget_replay()
        elif trouble.meaning is Meaning.SIGN_IN:
            self._renew(token)
        else:
            self._pause(trouble.words)

    def _renew(self, token: Token) -> None:
        if token is self._renewed:
            raise NotSignedIn(
                f"Salesforce connection {self._session.http.connection!r}: the Pub/Sub API refuses "
                "a session that was opened just now.",
                "Check that the user may use the API, and that sessions are not locked to an IP.",
            )
        try:
            self._renewed = self._session.tokens.renewed(token, self._cancel)
        except (NotSignedIn, NotAllowed):
            raise
        except (ConnectionFailed, LimitReached) as error:
            self._pause(error.summary)

    def _pause(self, words: str) -> None:
        """Wait before the next attempt; after too many give events up for a while."""
        self._failures += 1
        if self._failures >= self._options.attempts:
            self._failures = 0
            raise _NoEvents(words, for_now=True)
        self._cancel.wait(backoff_s(self._failures, self._options.policy))

    def _received(self, subscription: Subscription, *, behind: bool) -> Iterator[ChangeBatch]:
        """Yield what one subscription tells.

        Without a replay id nobody says when it began. So what may have been missed is asked for,
        until that covers the moment of the first response; only then does the cursor trust events.
        """
        gap = None if self._position.replay else _Gap(self._poller(), self._options)
        if gap is not None and behind:
            yield from self._asked_for(gap)
        while True:
            wait_s = _LONG_S if gap is None else self._options.gap_s
            response = subscription.response(wait_s, self._cancel)
            if response is not None:
                self._failures, self._renewed = 0, None
            if gap is not None:
                gap.note(answered=response is not None)
                if gap.is_due:
                    yield from self._asked_for(gap)
                gap = None if gap.is_closed else gap
            if response is not None:
                yield self._told(response, open_gap=gap is not None)
                subscription.ask(response.count)

    def _told(self, response: Response, *, open_gap: bool) -> ChangeBatch:
        if not open_gap:
            last = response.changes[-1].committed_at if response.changes else self._options.now()
            self._position = self._position.moved(last - _LATE, response.replay)
        wanted = tuple(each for each in response.changes if each.sobject in self._objects)
        return ChangeBatch(wanted, self._position.cursor)

    def _poller(self) -> Poller:
        return Poller(self._session, self._objects, self._position.at, self._options.now)

    def _asked_for(self, gap: "_Gap") -> Iterator[ChangeBatch]:
        yield from self._round(gap.poller)
        gap.asked()

    def _polled(self, for_s: float | None) -> Iterator[ChangeBatch]:
        """Ask again and again, for so many seconds or for ever."""
        poller = self._poller()
        until = None if for_s is None else time.monotonic() + for_s
        while True:
            yield from self._round(poller)
            pause = self._options.poll_s
            if until is not None:
                left = until - time.monotonic()
                if left <= 0:
                    return
                pause = min(pause, left)
            self._cancel.wait(pause)

    def _round(self, poller: Poller) -> Iterator[ChangeBatch]:
        """Ask once; what cannot be answered now is left for the next time."""
        try:
            for change in poller.changes(self._cancel):
                yield ChangeBatch((change,), self._position.cursor, polled=True)
        except (NotSignedIn, NotAllowed):
            raise
        except (ConnectionFailed, LimitReached) as error:
            log.warning("Salesforce cannot be asked for changes now: %s", error.summary)
            return
        self._position = self._position.moved(poller.covered, self._position.replay)
        yield ChangeBatch((), self._position.cursor, polled=True)


class _Gap:
    """The time between the last that was told and the first response of a new subscription."""

    def __init__(self, poller: Poller, options: EventOptions) -> None:
        self.poller = poller
        self._options = options
        self._ends_at: datetime | None = None
        self._due_at = float("-inf")

    def note(self, *, answered: bool) -> None:
        """Note a response: the subscription has begun before now."""
        if answered and self._ends_at is None:
            self._ends_at = self._options.now()
            self._due_at = float("-inf")

    def asked(self) -> None:
        """Note that it was asked for."""
        self._due_at = time.monotonic() + self._options.gap_s

    @property
    def is_due(self) -> bool:
        """Whether to ask now."""
        return self._ends_at is not None and time.monotonic() >= self._due_at

    @property
    def is_closed(self) -> bool:
        """Whether what was asked for reaches beyond the moment in which events begin."""
        return self._ends_at is not None and self.poller.covered > self._ends_at
