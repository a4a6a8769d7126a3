"""Salesforce as simulated: a record's key is a value like others, which people change and clear."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from app.domain.convert import text
from app.domain.mapping import KEY
from app.domain.plan import FieldChange, Operation, Verb
from app.domain.record import FieldValue, RecordKey
from tests.simulation.server import Answer, Place, Row, Sent, Server

NO_KEY = ""


class Pair(NamedTuple):
    """As which of billing's records one counts, and since when."""

    place: RecordKey
    at: int


@dataclass
class KeyedServer(Server):
    """A system whose records are also found by id; those without a key stand under `NO_KEY`.

    Attributes:
        pairs: Id → what the engine was told that the record counts as, until it bears that key.
        keyed_at: Id → when a person last changed the key.
        moved_at: Of which entities people changed keys, and when.
        held: Id and field → what the record has held, whatever key it bore.
        called: Id and field → the keys that what it refers to bore since it was written.
        hanging: Id and field of what refers to a record without a key → that record's id.
    """

    pairs: dict[str, Pair] = field(default_factory=dict)
    keyed_at: dict[str, int] = field(default_factory=dict)
    moved_at: list[tuple[str, int]] = field(default_factory=list)
    held: dict[tuple[str, str], set[FieldValue]] = field(default_factory=lambda: defaultdict(set))
    hanging: dict[tuple[str, str], str] = field(default_factory=dict)
    called: dict[tuple[str, str], set[FieldValue]] = field(default_factory=lambda: defaultdict(set))

    def rekey(self, place: RecordKey, key: str) -> None:
        """Let a person give the one record at a place another key, or none."""
        (row,) = self.rows[place]
        self._move(Place(place, row), key)
        self.keyed_at[row.side_id] = self.fate.time
        self.moved_at.append((place.entity, self.fate.time))

    def moved_since(self, entity: str, since: int) -> bool:
        """Return whether a person gave a record of an entity another key after a time."""
        return any(at > since for name, at in self.moved_at if name == entity)

    def is_referred_to(self, place: RecordKey) -> bool:
        """Return whether anything refers to a record at a place, which may have no key."""
        ids = {row.side_id for row in self.rows[place]}
        return not ids.isdisjoint(self.hanging.values()) or any(
            self._points_at(place, other) for other in self.rows
        )

    def remake(self, place: RecordKey) -> None:
        """Let a person make the one record at a place anew and delete the old one.

        What refers to it was given the new one in between.
        """
        (old,) = self.rows[place]
        new = self._new(place, list(old.values))
        new.edited = dict.fromkeys(self.mapping.entity(place.entity).index, self.fate.time)
        self.rows[place] = [new]
        self.gone[old.side_id] = (place, self.fate.time)
        if self.pairs.pop(old.side_id, None) is not None:
            self._leave(place, new)
        for other in [each for each in self.rows if self._points_at(place, each)]:
            self.changed_at[other] = self.fate.time

    def pair(self, entity: str, side_id: str, key: str) -> None:
        """Note that the engine was told as what a record counts."""
        found, place = self.find(entity, side_id), RecordKey(entity, key)
        # The engine pairs what it read last. The record may be gone by now or bear another key:
        # what the key that it stands under has held says too little then, and of others, too.
        for name in self.mapping.entity(entity).index:
            self.history[place, name] |= self.held[side_id, name]
        if found is None or found.key == place:
            return
        self.pairs[side_id] = Pair(place, self.fate.time)
        self._leave(place, found.row)

    def edit(self, place: RecordKey, name: str, value: FieldValue) -> None:
        super().edit(place, name, value)
        for row in self.rows[place]:
            if row.side_id in self.pairs:
                self._leave(self.pairs[row.side_id].place, row)

    def drop(self, place: RecordKey) -> None:
        for row in self.rows[place]:
            pair = self.pairs.pop(row.side_id, None)
            if pair is not None:
                self.left[pair.place].append((self.fate.time, None))
        super().drop(place)

    def _new(self, place: RecordKey, values: list[FieldValue]) -> Row:
        row = super()._new(place, values)
        for name, position in self.mapping.entity(place.entity).index.items():
            self.held[row.side_id, name].add(row.values[position])
        return row

    def _set(self, place: RecordKey, row: Row, name: str, value: FieldValue) -> None:
        super()._set(place, row, name, value)
        self._hold(row, name, value)
        self.hanging.pop((row.side_id, name), None)
        self.called.pop((row.side_id, name), None)

    def _hold(self, row: Row, name: str, value: FieldValue) -> None:
        self.held[row.side_id, name].add(value)
        if row.side_id in self.pairs:
            self.history[self.pairs[row.side_id].place, name].add(value)

    def _move(self, found: Place, key: str) -> None:
        place, row = RecordKey(found.key.entity, key), found.row
        self.rows[found.key].remove(row)
        if not self.rows[found.key]:
            del self.rows[found.key]
            self.left[found.key].append((self.fate.time, None))
        self.rows.setdefault(place, []).append(row)
        self.changed_at[place] = self.fate.time
        for name, position in self.mapping.entity(place.entity).index.items():
            self.history[place, name].add(row.values[position])
        self._leave(place, row)
        if row.side_id in self.pairs and self.pairs[row.side_id].place == place:
            del self.pairs[row.side_id]
        if found.key not in self.rows or found.key.key == NO_KEY:
            self._follow(found, key)

    def _follow(self, found: Place, key: str) -> None:
        """Have what refers to a record tell of its new key; it was not changed itself."""
        for place, rows in self.rows.items():
            entity = self.mapping.entity(place.entity)
            for item in entity.references:
                for row in rows if item.to == found.key.entity else []:
                    hangs = self.hanging.get((row.side_id, item.name)) == found.row.side_id
                    named = row.values[entity.index[item.name]] == found.key.key
                    if hangs or (named and found.key.key != NO_KEY):
                        self._refer(Place(place, row), item.name, found.row.side_id, key)

    def _refer(self, found: Place, name: str, side_id: str, key: str) -> None:
        place, row = found
        value = key or None
        at = self.mapping.entity(place.entity).index[name]
        self.called[row.side_id, name].add(row.values[at])
        row.values[at] = value
        self.history[place, name].add(value)
        self._hold(row, name, value)
        self._leave(place, row)
        if row.side_id in self.pairs:
            self._leave(self.pairs[row.side_id].place, row)
        self.hanging.pop((row.side_id, name), None)
        if not key:
            self.hanging[row.side_id, name] = side_id

    def _leave(self, place: RecordKey, row: Row) -> None:
        self.left[place].append((self.fate.time, tuple(row.values)))

    # What the engine writes

    def _apply(self, sent: Sent) -> Answer:
        operation = sent.operation
        key = operation.key_change
        # Salesforce deletes by id: whoever bears the key by now is not touched.
        by_key = operation.verb is not Verb.DELETE or not operation.side_id
        if key is None and by_key:
            return super()._apply(sent)
        found = self.find(operation.entity, operation.side_id)
        if found is None:
            return Answer("ENTITY_IS_DELETED: entity is deleted")
        if key is None:
            self._watch(sent, found.row)
            self._delete(found)
            return Answer()
        wanted = RecordKey(operation.entity, text(key.after))
        if wanted.key and wanted != found.key and wanted in self.rows:
            return Answer("DUPLICATE_VALUE: another record has this key")
        self._watch_key(sent, found, text(key.before), wanted.key)
        plain = _without_key(operation)
        self._watch(replace(sent, operation=plain), found.row)
        for change in plain.changes:
            self._set(found.key, found.row, change.name, change.after)  # type: ignore[arg-type]
            found.row.edited.pop(change.name, None)
        if wanted != found.key:
            self._move(found, wanted.key)
            self.keyed_at.pop(found.row.side_id, None)
        return Answer(side_id=found.row.side_id)

    def _delete(self, found: Place) -> None:
        row = found.row
        self.rows[found.key].remove(row)
        if not self.rows[found.key]:
            del self.rows[found.key]
        self.gone[row.side_id] = (found.key, self.fate.time)
        self.pairs.pop(row.side_id, None)

    def _watch(self, sent: Sent, row: Row) -> None:
        """Count apart what came under its key after the last look: nobody could have seen it."""
        if self._came_since(sent, row):
            self.in_window += 1
        else:
            super()._watch(sent, row)

    def _watch_insert(self, sent: Sent, rows: list[Row]) -> None:
        super()._watch_insert(sent, [row for row in rows if not self._came_since(sent, row)])

    def _came_since(self, sent: Sent, row: Row) -> bool:
        """Return whether a person gave a record its key after the engine had last looked."""
        moved = self.keyed_at.get(row.side_id)
        return moved is not None and sent.read_at is not None and moved > sent.read_at

    def _was_shown(self, row: Row, change: FieldChange, now: FieldValue) -> bool:
        named = self.called.get((row.side_id, change.name), set())
        return super()._was_shown(row, change, now) or change.before in named

    def _watch_key(self, sent: Sent, found: Place, before: str, after: str) -> None:
        """See that no key is overwritten which a person wrote and nobody was shown."""
        at = self.keyed_at.get(found.row.side_id)
        if at is None or found.key.key in {before, after}:
            return
        if sent.read_at is not None and at > sent.read_at:
            self.in_window += 1
        else:
            self.violations.append(
                f"lost edit: update {sent.operation.record_key} overwrote the key {found.key.key!r}"
            )

    def _create(self, sent: Sent) -> Answer:
        place = sent.operation.record_key
        for side_id, pair in self.pairs.items():
            known = not sent.late and (sent.read_at is None or pair.at <= sent.read_at)
            if pair.place == place and known and self.find(place.entity, side_id) is not None:
                self.violations.append(f"pairing: insert {place}, though {side_id} counts as it")
        return super()._create(sent)


def _without_key(operation: Operation) -> Operation:
    return replace(operation, changes=tuple(c for c in operation.changes if c.name != KEY))
