"""The event bus: every change event of the last 72 hours, in the order of the commits.

Events lie in a temporary file, so that a load of a million rows takes no memory here.
"""

import os
import tempfile
import threading
import uuid
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec

from app.sandbox.clock import Clock
from app.sandbox.salesforce.pubsub.change import RowChange
from app.sandbox.salesforce.pubsub.event_schema import OVERFLOW
from app.sandbox.salesforce.pubsub.knobs import Knobs
from app.sandbox.salesforce.pubsub.origin import origin
from app.sandbox.salesforce.values import Stored

RETENTION = timedelta(hours=72)
_FRESH = timedelta(minutes=1)  # a quiet bus's tip moves on, so that who waits keeps a valid place
_SCANNED = 1000  # events looked at in one read, so that a filter does not hold the lock for long


@dataclass(frozen=True, slots=True)
class ChangeEvent:
    """One event: a change that one or several rows of an sObject underwent in a transaction."""

    entity: str
    record_ids: tuple[str, ...]
    kind: str
    values: Mapping[str, Stored]
    origin: str = ""
    transaction: str = ""
    sequence: int = 1
    committed_ms: int = 0
    commit: int = 0


@dataclass(frozen=True, slots=True)
class Placed:
    """An event and its number on the bus."""

    number: int
    event: ChangeEvent


@dataclass(frozen=True, slots=True)
class Found:
    """What a read found, and up to which number it looked."""

    events: list[Placed] = field(default_factory=list)
    upto: int = 0


class InvalidReplay(ValueError):  # noqa: N818 - reads as what happened
    """A replay id of nothing that the bus still holds."""


class EventBus:
    """Keeps events and wakes who waits for them; `changed` guards all of it."""

    def __init__(self, clock: Clock) -> None:
        self.changed = threading.Condition()
        self.knobs = Knobs()
        self.cuts = 0  # how often all subscriptions were cut off
        self.closed = False
        self._clock = clock
        self._file = tempfile.TemporaryFile(prefix="concord-sandbox-bus-")  # noqa: SIM115 - close()
        self._first = 1
        self._times, self._places, self._sizes = array("d"), array("Q"), array("I")
        self._kinds = array("H")  # which sObject, by its place in the next; 0 is no event
        self._entities = {"": 0}
        self._end = 0
        self._commits = 0
        self._encode = msgspec.json.Encoder().encode
        self._decode = msgspec.json.Decoder(ChangeEvent).decode
        self._tick()

    def publish(self, changes: Sequence[RowChange]) -> None:
        """Add the events of one committed transaction; called in the order of the commits."""
        wanted = [each for each in changes if self.knobs.tracks(each.sobject)]
        if not wanted:
            return
        at = self._clock.now().timestamp()
        who, key = origin.get(), str(uuid.uuid4())
        with self.changed:
            self._commits += 1
            bodies = []
            for sequence, same in enumerate(_merged(wanted, self.knobs.most_changes), start=1):
                event = ChangeEvent(
                    same.entity, same.record_ids, same.kind, same.values,
                    who, key, sequence, round(at * 1000), self._commits,
                )  # fmt: skip
                bodies.append(self._encode(event))
                self._add(event.entity, len(bodies[-1]), at)
            self._file.seek(0, os.SEEK_END)
            self._file.write(b"".join(bodies))
            self.changed.notify_all()

    def _add(self, entity: str, size: int, at: float) -> None:
        self._times.append(at)
        self._places.append(self._end)
        self._sizes.append(size)
        self._kinds.append(self._entities.setdefault(entity, len(self._entities)))
        self._end += size

    def _tick(self) -> None:
        """Take a number for no event: numbers are not contiguous (salesforce.md §16)."""
        self._add("", 0, self._clock.now().timestamp())

    def tip(self) -> int:
        """Return the number behind which the next events will stand."""
        with self.changed:
            age = self._clock.now().timestamp() - self._times[-1]
            if age > _FRESH.total_seconds():
                self._tick()
            return self._first + len(self._times) - 1

    def earliest(self) -> int:
        """Return the number behind which the oldest event stands that is kept."""
        oldest = self._oldest()
        with self.changed:
            for index, time in enumerate(self._times):
                if time >= oldest:
                    return self._first + index - 1
            return self.tip()

    def after(self, replay: bytes) -> int:
        """Return the number that a replay id means.

        Raises:
            InvalidReplay: It is none of ours, or older than 72 hours.
        """
        number = int.from_bytes(replay, "big")
        with self.changed:
            index = number - self._first
            known = len(replay) == _REPLAY_BYTES and 0 <= index < len(self._times)
            if not known or self._times[index] < self._oldest():
                raise InvalidReplay
        return number

    def _oldest(self) -> float:
        return (self._clock.now() - RETENTION).timestamp()

    def read(self, position: int, most: int, entity: str) -> Found:
        """Return up to `most` events behind a number, of one sObject or (with "") of all."""
        with self.changed:
            start = max(0, position + 1 - self._first)
            stop = min(len(self._times), start + _SCANNED)
            oldest, events, index = self._oldest(), list[Placed](), start
            wanted = self._entities.get(entity, -1)
            while index < stop and len(events) < most:
                kind = self._kinds[index]
                told = kind == wanted if entity else kind > 0
                if told and self._times[index] >= oldest:
                    events.append(Placed(self._first + index, self._event(index)))
                index += 1
            return Found(events, max(position, self._first + index - 1))

    def _event(self, index: int) -> ChangeEvent:
        self._file.seek(self._places[index])
        return self._decode(self._file.read(self._sizes[index]))

    def set(self, values: Mapping[str, object]) -> None:
        """Change knobs by name; `cut` cuts every subscription off.

        Raises:
            KeyError: There is no such knob.
            ValueError: The value cannot be one.
        """
        rest = {name: value for name, value in values.items() if name != "cut"}
        knobs = self.knobs.with_values(rest)
        with self.changed:
            self.knobs = knobs
            self.cuts += 1 if values.get("cut") else 0
            self.changed.notify_all()

    def clear(self) -> None:
        """Forget all events: replay ids from before mean nothing any more; knobs as at first."""
        with self.changed:
            self._first += len(self._times)
            for column in (self._times, self._places, self._sizes, self._kinds):
                del column[:]
            self._end = 0
            self._file.truncate(0)
            self.knobs = Knobs()
            self._tick()
            self.changed.notify_all()

    def close(self) -> None:
        """Remove the file; who waits is woken."""
        with self.changed:
            self.closed = True
            self._file.close()
            self.changed.notify_all()


_REPLAY_BYTES = 8


def replay_id(number: int) -> bytes:
    """Return a number as subscribers see it: bytes that mean nothing to them."""
    return number.to_bytes(_REPLAY_BYTES, "big")


@dataclass(frozen=True, slots=True)
class _Same:
    """The same change of some rows."""

    entity: str
    record_ids: tuple[str, ...]
    kind: str
    values: Mapping[str, Stored]


def _merged(changes: Sequence[RowChange], most: int) -> Iterator[_Same]:
    """Yield a transaction's changes: one for neighbours that underwent the same.

    Beyond so many changes (each field of an update is one) there is an overflow for each sObject
    instead of the rest.
    """
    count, overflown = 0, dict[str, None]()
    kept: list[RowChange] = []
    for each in changes:
        count += len(each.values) if each.kind == "UPDATE" else 1
        if count > most:
            overflown[each.sobject.name] = None
        else:
            kept.append(each)
    for first, rows in _runs(kept):
        ids = tuple(dict.fromkeys(row.record_id for row in rows))
        yield _Same(first.sobject.name, ids, first.kind, first.values)
    for name in overflown:
        yield _Same(name, (), OVERFLOW, {})


def _runs(changes: Sequence[RowChange]) -> Iterator[tuple[RowChange, list[RowChange]]]:
    """Yield runs of the same change, each with its first; what is new is a run of its own."""
    run: list[RowChange] = []
    for each in changes:
        if run and not _same(run[0], each):
            yield run[0], run
            run = []
        run.append(each)
    if run:
        yield run[0], run


def _same(one: RowChange, other: RowChange) -> bool:
    if one.kind == "CREATE" or one.kind != other.kind or one.sobject is not other.sobject:
        return False
    return one.values == other.values
