"""What a change of Salesforce's records is to us, and the place from which to go on listening."""

import base64
import binascii
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from typing import Self

from app.errors import CursorRefused

OWN_CLIENT = "Concord"
"""What we call ourselves in Sforce-Call-Options, and so in the origin of our own changes."""
_FORM = "events1"


class ChangeKind(Enum):
    """What was done to records; `OVERFLOW`: so much that Salesforce does not tell the records."""

    CREATE = "CREATE"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    UNDELETE = "UNDELETE"
    OVERFLOW = "OVERFLOW"


@dataclass(frozen=True, slots=True)
class Change:
    """One change that one or several records of an object underwent together.

    Attributes:
        record_ids: Ids of 18 characters; none of an overflow: what to read is the whole object.
        committed_at: When; of what a poll found, up to when it looked.
        fields: Of an update, the fields that changed, by the names that REST gives them; None where
            nobody says (a gap, an overflow, a poll): read the records.
        origin: What made the change, such as `com/salesforce/api/rest/66.0;client=Concord`; ""
            for what was done by hand, and for a poll.
        transaction: What was committed together has the same key; "" of a poll.
        sequence: The place within the transaction, from 1.
    """

    sobject: str
    record_ids: tuple[str, ...]
    kind: ChangeKind
    committed_at: datetime
    fields: tuple[str, ...] | None = None
    origin: str = ""
    transaction: str = ""
    sequence: int = 1

    def is_from(self, client: str = OWN_CLIENT) -> bool:
        """Return whether a client of this name made the change, by default we."""
        return self.origin.rpartition(";client=")[2] == client


@dataclass(frozen=True, slots=True)
class ChangeBatch:
    """Changes in the order of their commits; often none: then only the cursor has moved on.

    Attributes:
        cursor: From where to go on once these changes are dealt with.
        polled: Whether they were asked for instead of told: then without order and detail.
    """

    changes: tuple[Change, ...]
    cursor: str
    polled: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """Up to where changes were told.

    Attributes:
        organization: The org's id: of another org a replay id means nothing.
        at: Changes from before this time were all told.
        replay: The replay id of the last event, opaque (salesforce.md §16); b"" without one.
    """

    organization: str
    at: datetime
    replay: bytes = b""

    @property
    def cursor(self) -> str:
        """The position as text that can be kept."""
        place = base64.urlsafe_b64encode(self.replay).decode()
        return f"{_FORM} {self.organization} {self.at.isoformat()} {place}".rstrip()

    def moved(self, at: datetime, replay: bytes) -> Self:
        """Return a later position; time never goes back."""
        return replace(self, at=max(at, self.at), replay=replay)


def position_of(cursor: str, organization: str) -> Position:
    """Return the position that a cursor names.

    Raises:
        CursorRefused: It is of another org, or no cursor.
    """
    form, owner, at, place = [*cursor.split(" "), "", "", ""][:4]
    if form != _FORM:
        raise _refused("is none that this Concord knows")
    try:
        moment = datetime.fromisoformat(at).astimezone(UTC)
        replay = base64.urlsafe_b64decode(place)
    except (ValueError, binascii.Error) as error:
        raise _refused("is unreadable") from error
    if owner != organization:
        raise _refused(f"is of org {owner}, and this is {organization}")
    return Position(owner, moment, replay)


def _refused(why: str) -> CursorRefused:
    return CursorRefused(
        f"The kept place in Salesforce's change events {why}.",
        "Refresh Salesforce as a whole; changes are followed from there.",
    )
