"""Everything that the mirror has of one account, read and judged by a worker."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.domain.control import CancelToken
from app.domain.convert import text
from app.domain.diff import Kind, RecordDiff
from app.domain.mapping import EntityMapping, IgnoreRule, Role, WorkspaceMapping
from app.domain.plan import Verb
from app.domain.proposal import is_ticked
from app.domain.record import RecordKey, Side
from app.store.belonging import AccountHit, pointing_at, records_of, titles_of
from app.store.choices import choice_of
from app.store.comparison import Pair, find_link, is_judged, one_pair
from app.store.holding import is_held
from app.sync.compare import held, opened, proposal_of
from app.sync.ignoring import rules_of
from app.sync.workbench import Workbench
from app.views.state.difference import DIFFERENCES
from app.views.state.facets import AccountRecord

TIME_ZONE = "timezone"
MOST_ABOVE = 10
MOST_BELOW = 200


@dataclass(frozen=True, slots=True)
class Family:
    """Who is above an account, the nearest last, and who is right below, by name."""

    above: tuple[AccountHit, ...] = ()
    below: tuple[AccountHit, ...] = ()


@dataclass(frozen=True, slots=True)
class Writes:
    """What a commit of the account would write.

    Attributes:
        ready: Side and verb → how many operations are ticked.
        waiting: Differences that nobody ticked: deletes, conflicts, what somebody unticked.
    """

    ready: Mapping[tuple[Side, Verb], int] = field(default_factory=dict)
    waiting: int = 0

    @property
    def count(self) -> int:
        """How many operations are ticked."""
        return sum(self.ready.values())


@dataclass(frozen=True, slots=True)
class AccountData:
    """One account: itself, what belongs to it by entity, its family, what would be written."""

    mapping: WorkspaceMapping
    key: str
    account: AccountRecord
    records: Mapping[str, tuple[AccountRecord, ...]]
    family: Family = Family()
    writes: Writes = Writes()

    def of_role(self, role: Role) -> Iterator[tuple[EntityMapping, tuple[AccountRecord, ...]]]:
        """Yield the entities of a role, but for the parts of them, each with its records."""
        for entity in self.mapping.of_account():
            above = self.mapping.by_name.get(entity.parent)
            if entity.role is role and (above is None or above.role is not role):
                yield entity, self.records.get(entity.name, ())

    @property
    def everything(self) -> Iterator[AccountRecord]:
        """The account and all that belongs to it."""
        yield self.account
        for records in self.records.values():
            yield from records

    @property
    def is_compared(self) -> bool:
        """Whether it is known how each record stands; not after a read that broke off."""
        return all(one.judged for one in self.everything)


@dataclass
class _Reading:
    """An account being read; `currencies` are those of records that others may stand under."""

    bench: Workbench
    cancel: CancelToken
    zone: tzinfo = UTC
    ready: Counter[tuple[Side, Verb]] = field(default_factory=Counter)
    waiting: int = 0
    names: dict[RecordKey, str] = field(default_factory=dict)
    currencies: dict[tuple[str, str], str] = field(default_factory=dict)

    def records(self, entity: EntityMapping, account: str) -> Iterator[AccountRecord]:
        """Yield an account's records of an entity."""
        rules = rules_of(self.bench, entity)
        for pair in records_of(self.bench.store, entity, account):
            self.cancel.check()
            yield self._record(entity, pair, rules)

    def _record(
        self, entity: EntityMapping, pair: Pair, rules: Sequence[IgnoreRule]
    ) -> AccountRecord:
        diff = _difference(self.bench, entity, pair, rules)
        kind = Kind.IDENTICAL if diff is None else diff.kind
        differs = frozenset(() if diff is None else (one.name for one in diff.fields))
        judged = diff is None or is_judged(self.bench.store, pair.link)
        if diff is not None and judged and kind in DIFFERENCES:
            self._count(entity, pair, diff)
        inherited = self.currencies.get((entity.parent, _parent_key(entity, pair)), "")
        found = AccountRecord(
            entity, pair.link, pair.key, kind, pair.billing, pair.salesforce, differs, inherited,
            self.zone, self.names, judged,
        )  # fmt: skip
        self.currencies[entity.name, pair.key] = found.currency
        self.names[RecordKey(entity.name, pair.key)] = found.title
        return found

    def name_references(self, records: Iterable[AccountRecord]) -> None:
        """Look up what records refer to outside of the account, such as plans."""
        unknown: dict[str, set[str]] = defaultdict(set)
        for record in records:
            for reference in record.entity.references:
                key = text(record.values[record.entity.index[reference.name]])
                if key and RecordKey(reference.to, key) not in self.names:
                    unknown[reference.to].add(key)
        for name, keys in unknown.items():
            found = titles_of(self.bench.store, self.bench.mapping.entity(name), keys)
            self.names.update((RecordKey(name, key), title) for key, title in found.items())

    def _count(self, entity: EntityMapping, pair: Pair, diff: RecordDiff) -> None:
        """Count what a commit would do about a difference."""
        choice = choice_of(self.bench.store, pair.link)
        proposed = proposal_of(self.bench, entity, pair, diff, choice)
        if is_ticked(diff.kind, choice):
            self.ready.update((one.side, one.verb) for one in proposed.operations)
        else:
            self.waiting += 1


def _difference(
    bench: Workbench, entity: EntityMapping, pair: Pair, rules: Sequence[IgnoreRule]
) -> RecordDiff | None:
    """Return how the sides of a pair differ, None where they do not."""
    if pair.hashes.billing == pair.hashes.salesforce and not pair.duplicate:
        return None
    diff = opened(entity, pair, rules)
    return held(diff) if is_held(bench.store, pair.link) else diff


def read_account(bench: Workbench, key: str, cancel: CancelToken) -> AccountData | None:
    """Return what the mirror has of an account, None where it has no such account.

    Raises:
        Cancelled: Within a record of being asked.
    """
    entity = bench.mapping.account
    if entity is None:
        return None
    reading = _Reading(bench, cancel)
    account = next(reading.records(entity, key), None)
    if account is None:
        return None
    reading.zone = _zone_of(account)
    records = {
        one.name: tuple(reading.records(one, key))
        for one in bench.mapping.of_account()
        if one is not entity
    }
    reading.name_references(one for found in records.values() for one in found)
    return AccountData(
        bench.mapping,
        key,
        replace(account, zone=reading.zone),
        records,
        _family(bench, entity, account),
        Writes(reading.ready, reading.waiting),
    )


def _zone_of(account: AccountRecord) -> tzinfo:
    """Return where an account's days begin: its field `timezone`, where it has one; else UTC."""
    place = account.entity.index.get(TIME_ZONE)
    try:
        return UTC if place is None else ZoneInfo(text(account.values[place]) or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def _parent_key(entity: EntityMapping, pair: Pair) -> str:
    values = pair.billing if pair.billing is not None else pair.salesforce
    if values is None or not entity.parent_field:
        return ""
    return text(values[entity.index[entity.parent_field]])


def _family(bench: Workbench, entity: EntityMapping, account: AccountRecord) -> Family:
    own = next((one for one in entity.references if one.to == entity.name), None)
    if own is None:
        return Family()
    place, above = entity.index[own.name], list[AccountHit]()
    key, seen = text(account.values[place]), {account.key}
    while key and key not in seen and len(above) < MOST_ABOVE:
        seen.add(key)
        link = find_link(bench.store, entity, key)
        found = None if link is None else one_pair(bench.store, link)
        values = None if found is None else found[1].billing or found[1].salesforce
        if link is None or values is None:
            above.append(AccountHit(0, key, key))
            break
        title = text(values[entity.index[entity.title]]) or key
        above.append(AccountHit(link, key, title))
        key = text(values[place])
    below = pointing_at(bench.store, entity, own.name, account.key, MOST_BELOW)
    return Family(tuple(reversed(above)), tuple(below))
