"""What changed in an object since a cursor: a mark in the org's own time, and what was deleted.

Rows are told by `SystemModstamp`, which moves with automated changes too; deletions by the recycle
bin (`queryAll`) and, for rows that are out of it, by the deleted feed (salesforce.md §6, §12).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from app.connectors.salesforce.org import long_id, organization
from app.connectors.salesforce.schema import FieldShape
from app.connectors.salesforce.session import SalesforceSession
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping
from app.domain.record import utc_text
from app.domain.table import Table
from app.errors import AnswerUnreadable, AppError, CursorRefused, NotAllowed, RemoteRefused

STAMP, DELETED = "SystemModstamp", "IsDeleted"
_OVERLAP = timedelta(minutes=5)  # transactions commit late, and clocks differ
_FEED = timedelta(days=15)  # how far back the deleted feed reaches
_MARGIN = timedelta(hours=1)
_ID = re.compile(r"\W", re.ASCII)  # what no id has, and what may not come into a statement


@dataclass(frozen=True, slots=True)
class Witness:
    """The row that changed last, of all that were read.

    It is read again each time: where it is no more as new as it was, the org was set back to an
    earlier state, and what changed since then cannot be told.
    """

    id: str = ""
    at: datetime | None = None

    def after(self, table: Table) -> "Witness":
        """Return the witness when further rows are read, all in one spelling of time."""
        stamps = [str(one or "") for one in table.column(STAMP)]
        latest = max(stamps, default="")
        if not latest:
            return self
        at = datetime.fromisoformat(latest).astimezone(UTC)
        if self.at is not None and at < self.at:
            return self
        return Witness(ids_of(table)[stamps.index(latest)], at)

    def stands_in(self, table: Table) -> bool:
        """Return whether rows have the witness, as new as it was or newer."""
        ids = ids_of(table)
        if self.at is None or self.id not in ids:
            return False
        return _moment(str(table.column(STAMP)[ids.index(self.id)])) >= self.at


@dataclass(frozen=True, slots=True)
class Cursor:
    """From where a later read goes on: the org that it is of, and a time of that org's clock."""

    org: str
    at: datetime
    witness: Witness = Witness()

    @property
    def text(self) -> str:
        """The cursor as others keep it."""
        parts = [self.org, utc_text(self.at)]
        if self.witness.at is not None:
            parts += [self.witness.id, utc_text(self.witness.at)]
        return " ".join(parts)

    @property
    def since(self) -> datetime:
        """The time from which it is read again: some was saved before the cursor and told after."""
        return (self.at - _OVERLAP).replace(microsecond=0)

    @property
    def condition(self) -> str:
        """The condition of the rows that changed since, and of the witness."""
        changed = f"{STAMP} >= {utc_text(self.since)}"
        return (
            f"WHERE {changed} OR Id = '{self.witness.id}'"
            if self.witness.id
            else f"WHERE {changed}"
        )

    @classmethod
    def of(cls, text: str) -> "Cursor":
        """Return the cursor that `text` was made of; raises `CursorRefused` where it is none."""
        try:
            org, at, *rest = text.split(" ")
            witness = Witness(_ID.sub("", rest[0]), _moment(rest[1])) if rest else Witness()
            return cls(org, _moment(at), witness)
        except (ValueError, IndexError) as error:
            raise CursorRefused(f"{text!r} is no cursor of a Salesforce org.", _WHOLE) from error


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


_WHOLE = "Read the whole side: `concord refresh --full`."


def ids_of(table: Table) -> list[str]:
    """Return the ids of rows, which all have one.

    Raises:
        LookupError: One has none.
    """
    ids = table.column("Id")
    if None in ids:
        message = "a row has no Id"
        raise LookupError(message)
    return list(map(str, ids))


class Changes:
    """Cursors and deletions of one org."""

    def __init__(self, session: SalesforceSession) -> None:
        self._session = session
        self._org = ""

    def org(self, cancel: CancelToken) -> str:
        """Return the org's id, asked once."""
        if not self._org:
            self._org = organization(self._session, cancel)
        return self._org

    def now(self) -> datetime | None:
        """Return the org's present as its last answer tells it, None before the first."""
        return self._session.limits.server_time()

    def cursor(self, began: datetime | None, witness: Witness, cancel: CancelToken) -> str:
        """Return the cursor of a read that began at a time of the org's clock.

        Where no answer had a date it is the time of the latest change that was read. It is "" where
        nothing can be told later: of an org that nobody names.
        """
        began = began or witness.at
        if began is None:
            return ""
        try:
            return Cursor(self.org(cancel), began, witness).text
        except (NotAllowed, RemoteRefused, AnswerUnreadable):
            return ""

    def checked(self, text: str, cancel: CancelToken) -> Cursor:
        """Return a cursor that is of this org and not too old.

        Raises:
            CursorRefused: It is neither.
        """
        cursor, org = Cursor.of(text), self.org(cancel)
        where = f"Salesforce connection {self._session.http.connection!r}"
        if cursor.org != org:
            raise CursorRefused(
                f"{where}: the cursor is of org {cursor.org}, this is {org}.", _WHOLE
            )
        now = self.now() or datetime.now(UTC)
        if now - cursor.since > _FEED - _MARGIN:
            raise CursorRefused(
                f"{where}: the cursor is of {utc_text(cursor.at)}; what was deleted so long ago is "
                "not told any more.",
                _WHOLE,
            )
        return cursor

    def deleted(self, entity: EntityMapping, cursor: Cursor, cancel: CancelToken) -> set[str]:
        """Return the ids of rows deleted since a cursor, as the feed has them by now.

        It tells whole minutes, so the last one's are told next time.

        Raises:
            CursorRefused: The feed does not reach back so far, has too many, or there is none.
        """
        end = max(self.now() or datetime.now(UTC), cursor.since + timedelta(minutes=2))
        window = f"start={_param(cursor.since)}&end={_param(end)}"
        try:
            answer = self._session.get(f"sobjects/{entity.sobject}/deleted/?{window}", cancel)
        except (RemoteRefused, NotAllowed) as error:  # too far back, too many, or none at all
            raise untold(error) from error
        with self._session.understanding(f"what was deleted of {entity.sobject}"):
            earliest = _time(answer, "earliestDateAvailable")
            gone = {long_id(str(row["id"])) for row in answer.get("deletedRecords") or ()}
        if earliest is not None and earliest > cursor.at:
            raise CursorRefused(
                f"Salesforce connection {self._session.http.connection!r}: deletions of "
                f"{entity.sobject} are told from {utc_text(earliest)} on.",
                _WHOLE,
            )
        return gone


def stamped(fields: Mapping[str, FieldShape]) -> bool:
    """Return whether an object's rows tell when they changed and whether they are deleted."""
    return STAMP in fields and DELETED in fields


def untold(error: AppError) -> CursorRefused:
    """Return the error of an org that does not tell what changed, whatever it says of that."""
    return CursorRefused(error.summary, _WHOLE)


def set_back(entity: EntityMapping) -> CursorRefused:
    """Return the error of an object whose newest row is no more as new as it was."""
    return CursorRefused(
        f"{entity.sobject} was set back to an earlier state after it was read.", _WHOLE
    )


def _param(moment: datetime) -> str:
    return quote(moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00"))


def _time(answer: Mapping[str, Any], name: str) -> datetime | None:
    text = answer.get(name)
    return None if not text else datetime.fromisoformat(str(text))
