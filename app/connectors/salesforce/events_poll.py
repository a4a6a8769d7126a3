"""What changed and what was deleted in a span of time, asked for by REST (salesforce.md §12)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from app.connectors.salesforce.events_change import Change, ChangeKind
from app.connectors.salesforce.session import SalesforceSession
from app.domain.control import CancelToken
from app.errors import AnswerUnreadable, CursorRefused, RemoteRefused

_MINUTE = timedelta(minutes=1)
_MOST_IDS = 2_000  # in one change
_TOO_MANY = "EXCEEDED_ID_LIMIT"
_TOO_OLD = "INVALID_REPLICATION_DATE"


class Poller:
    """Asks again and again for the changes of some objects, each time from where the last ended.

    Seconds are ignored by Salesforce: what changed within the minute in which the last span ended
    is found a second time.
    """

    def __init__(
        self,
        session: SalesforceSession,
        objects: Sequence[str],
        since: datetime,
        now: Callable[[], datetime],
    ) -> None:
        self._session = session
        self._now = now
        self._covered = dict.fromkeys(objects, since)

    @property
    def covered(self) -> datetime:
        """The time up to which the changes of every object are known."""
        return min(self._covered.values(), default=self._now())

    def changes(self, cancel: CancelToken) -> Iterator[Change]:
        """Yield what changed since the last time: object by object, deletions last.

        Raises:
            CursorRefused: Salesforce cannot say so any more (30 days back, 15 for deletions).
        """
        for sobject in self._covered:
            yield from self._object(sobject, cancel)

    def _object(self, sobject: str, cancel: CancelToken) -> Iterator[Change]:
        start = _minute(self._covered[sobject])
        end = max(_minute(self._now()), start) + _MINUTE  # the minute that is not over yet, too
        while start < end:
            span = self._span(sobject, start, end, cancel)
            yield from span.changes(sobject)
            self._covered[sobject] = max(self._covered[sobject], span.covered)
            start = span.end

    def _span(self, sobject: str, start: datetime, end: datetime, cancel: CancelToken) -> "_Span":
        """Ask for a span, for a shorter one where there is too much in it."""
        while True:
            try:
                updated = self._ask(sobject, "updated", start, end, cancel)
                break
            except RemoteRefused as error:
                half = _minute(start + (end - start) / 2)
                if error.code != _TOO_MANY or half <= start:
                    raise
                end = half
        deleted = self._ask(sobject, "deleted", start, end, cancel)
        earliest = _time(deleted, "earliestDateAvailable")
        if start < _minute(earliest):
            raise _refused(sobject, start)
        return _Span(
            updated=tuple(str(each) for each in updated["ids"]),
            deleted=tuple(str(each["id"]) for each in deleted["deletedRecords"]),
            covered=min(_time(updated, "latestDateCovered"), _time(deleted, "latestDateCovered")),
            end=end,
        )

    def _ask(
        self, sobject: str, what: str, start: datetime, end: datetime, cancel: CancelToken
    ) -> Any:
        span = urlencode({"start": start.isoformat(), "end": end.isoformat()})
        try:
            return self._session.get(f"sobjects/{sobject}/{what}/?{span}", cancel)
        except RemoteRefused as error:
            if error.code == _TOO_OLD:
                raise _refused(sobject, start) from error
            raise


@dataclass(frozen=True, slots=True)
class _Span:
    """What a span held; `end` is up to where was asked, `covered` up to where was answered."""

    updated: tuple[str, ...]
    deleted: tuple[str, ...]
    covered: datetime
    end: datetime

    def changes(self, sobject: str) -> Iterator[Change]:
        for kind, ids in ((ChangeKind.UPDATE, self.updated), (ChangeKind.DELETE, self.deleted)):
            for first in range(0, len(ids), _MOST_IDS):
                some = ids[first : first + _MOST_IDS]
                yield Change(sobject, some, kind, committed_at=self.covered)


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _time(answer: Any, name: str) -> datetime:
    try:
        return datetime.fromisoformat(answer[name]).astimezone(UTC)
    except (KeyError, TypeError, ValueError) as error:
        raise AnswerUnreadable(
            f"Salesforce's list of changes has no {name}.",
            "Try again; if it stays so, check the instance's URL.",
        ) from error


def _refused(sobject: str, start: datetime) -> CursorRefused:
    return CursorRefused(
        f"Salesforce cannot tell any more what changed of {sobject} since {start:%Y-%m-%d %H:%M}.",
        "Refresh Salesforce as a whole; changes are followed from there.",
    )
