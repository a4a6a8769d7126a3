"""What must be true of a run: between the truth at the servers and what the engine says."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from app.domain.convert import text
from app.domain.diff import Kind, same
from app.domain.mapping import KEY, EntityMapping, SumRule
from app.domain.plan import Operation, OutcomeState, Verb
from app.domain.record import NO_BASE, BaseValue, RecordKey, Side, Values
from app.store.comparison import Pair, find_link, one_pair, side_details, stored_diffs
from app.store.journal import Entry, entries, runs
from app.store.pairing import pairings
from app.sync.commit import CommitResult
from app.sync.reconcile import Reconciled
from app.sync.workbench import Workbench
from tests.simulation.keyed_server import NO_KEY
from tests.simulation.server import Row, Server

Servers = Mapping[Side, Server]
_NOT_JUDGED = frozenset({Kind.CONFLICT, Kind.DUPLICATE_KEY, Kind.NOT_COMPARABLE})
FOUND = "found written"


@dataclass(frozen=True, slots=True)
class Excused:
    """What need not agree at the end, since the engine named it: failures and problems."""

    places: frozenset[RecordKey]


def counts_add_up(result: CommitResult, selected: int | None) -> Iterator[str]:
    """Yield where the numbers of a commit contradict each other, or the plan."""
    if result.selected != result.sent + result.stale + result.skipped:
        yield f"counts: selected is not sent + stale + skipped in {_short(result)}"
    if result.sent != result.written + result.failed:
        yield f"counts: sent is not written + failed in {_short(result)}"
    if selected is not None and result.selected != selected:
        yield f"counts: the plan had {selected} operations, the commit {_short(result)}"


def written_entries(bench: Workbench) -> set[int]:
    """Return the journal's entries that are written so far."""
    return {entry.id for entry in entries(bench.store, states=(OutcomeState.WRITTEN,))}


def outcomes_are_in_the_mirror(
    bench: Workbench, servers: Servers, before: set[int]
) -> Iterator[str]:
    """Yield what the journal calls written, but the mirror does not hold.

    Args:
        bench: Right after a commit or resume, or after its death.
        servers: What the mirror may hold instead: a second look of the commit may have found
            what somebody did after the write, be it undone by now.
        before: What was written before it; a refresh may have changed the mirror since.
    """
    for entry in entries(bench.store, states=(OutcomeState.WRITTEN,)):
        operation = entry.operation
        if entry.id in before or _mirror_holds(bench, operation):
            continue
        if not _mirror_is_new(bench, servers[operation.side], operation):
            yield f"mirror: {_name(entry)} is written, and the mirror does not hold it"


def base_was_agreed(bench: Workbench, servers: Servers) -> Iterator[str]:
    """Yield values of a base that one of the sides never held."""
    for place in _places(servers):
        pair = _pair(bench, place)
        if pair is None or pair.base is None:
            continue
        entity = bench.mapping.entity(place.entity)
        for name, value in zip(entity.index, pair.base, strict=True):
            if value is not NO_BASE and not all(
                value in server.history[place, name] for server in servers.values()
            ):
                yield f"base: {place} {name}={value!r} was never on both sides"


def journal_agrees(bench: Workbench, servers: Servers) -> Iterator[str]:
    """Yield where the journal and the servers do not tell the same of a write."""
    found = list(entries(bench.store))
    known = {entry.operation.idempotency_key for entry in found}
    # A plan that was committed twice has each key twice, and was carried out once.
    done = {e.operation.idempotency_key for e in found if e.state is OutcomeState.WRITTEN}
    for entry in found:
        repeated = entry.state is not OutcomeState.WRITTEN
        if not (repeated and entry.operation.idempotency_key in done):
            yield from _entry_agrees(entry, servers[entry.operation.side])
    for server in servers.values():
        for key in server.applied.keys() - known:
            yield f"journal: {server.side.label} was written under {key}, of which it knows nothing"
    for run in runs(bench.store):
        if run.state != "finished":
            yield f"journal: commit is {run.state} after the last resume"


def mirror_agrees(bench: Workbench, servers: Servers) -> Iterator[str]:
    """Yield where mirror or base differ from the servers, right after an undisturbed refresh."""
    held = {side: _counted(bench, server) for side, server in servers.items()}
    for place in _places(servers):
        pair = _pair(bench, place)
        sides = {Side.BILLING: None, Side.SALESFORCE: None} if pair is None else _sides(pair)
        for side in servers:
            rows = held[side].get(place, [])
            if (sides[side] is None) != (not rows):
                yield f"mirror: {place} is {'in' if rows else 'not in'} {side.label}"
            elif rows and list(sides[side] or ()) not in [row.values for row in rows]:
                yield f"mirror: {place} holds {sides[side]} of {side.label}"
        if pair is not None and pair.billing is not None and pair.salesforce is not None:
            yield from _base_agrees(place, pair)


def sides_agree(bench: Workbench, servers: Servers, excused: Excused) -> Iterator[str]:
    """Yield records that still differ after the last commit, without a name for why."""
    named = set(excused.places)
    for entity in bench.mapping.entities:
        found = stored_diffs(bench.store, entity, _NOT_JUDGED)
        named |= {RecordKey(entity.name, one.pair.key) for one in found}
    named |= {own for own, counts_as in paired_places(bench, servers) if counts_as in named}
    left, right = (servers[side].values() for side in (Side.BILLING, Side.SALESFORCE))
    for place in _places(servers):
        if place not in named and left.get(place) != right.get(place):
            yield f"agreement: {place}: {left.get(place)} in billing, {right.get(place)}"


def sums_agree(bench: Workbench, servers: Servers, found: Reconciled) -> Iterator[str]:
    """Yield sums that differ from the servers', right after an undisturbed refresh.

    Entities with records that share a key are left out: which of them counts nobody promises.
    """
    told = {(one.entity, one.field, one.owner): [one.billing, one.salesforce] for one in found.sums}
    held = [_counted(bench, servers[side]) for side in (Side.BILLING, Side.SALESFORCE)]
    for entity in bench.mapping.entities:
        sides = [[rows for place, rows in side.items() if _counts(place, entity)] for side in held]
        if any(len(rows) > 1 for side in sides for rows in side):
            continue
        for rule in entity.sums:
            place = (entity.name, rule.field)
            said = {key[2]: sums for key, sums in told.items() if key[:2] == place}
            true = _true_sums(entity, rule, [[rows[0] for rows in side] for side in sides])
            if said != true:
                yield f"sums: {' '.join(place)}: {said}, the servers have {true}"


def gaps_agree(whole: Reconciled, part: Reconciled) -> Iterator[str]:
    """Yield where the gaps are others if all is summed up than from what differs alone."""
    one, other = (
        [(each.entity, each.field, each.owner, each.gap) for each in found.gaps.sums]
        for found in (whole, part)
    )
    if one != other or whole.counts != part.counts:
        yield f"sums: the gaps are {one} of all, {other} of what differs"


def _counts(place: RecordKey, entity: EntityMapping) -> bool:
    return place.entity == entity.name and place.key != NO_KEY


def _true_sums(
    entity: EntityMapping, rule: SumRule, sides: Iterable[Iterable[Row]]
) -> dict[str, list[Decimal]]:
    sums: dict[str, list[Decimal]] = {}
    for side, rows in enumerate(sides):
        for row in rows:
            amount = row.values[entity.index[rule.field]]
            if isinstance(amount, Decimal):
                owner = text(row.values[entity.index[rule.by]]) if rule.by else ""
                sums.setdefault(owner, [Decimal(0), Decimal(0)])[side] += amount
    return sums


def all_was_reviewed(bench: Workbench, plans: Iterable[Operation]) -> Iterator[str]:
    """Yield what the journal has that stood in no plan, or otherwise than it stood there."""
    reviewed = {_intent(operation) for operation in plans}
    for entry in entries(bench.store):
        if _intent(entry.operation) not in reviewed:
            yield f"plan: {_name(entry)} stood so in none"


def _intent(operation: Operation) -> tuple[object, ...]:
    changes = sorted(map(repr, operation.changes))
    return operation.record_key, operation.side, operation.verb, *changes


def nothing_ticked_deletes(operations: Iterable[Operation], ticked: set[RecordKey]) -> list[str]:
    """Return the deletes of a plan of what is ticked that nobody ticked."""
    return [
        f"plan: it deletes {operation.record_key}, which nobody ticked"
        for operation in operations
        if operation.verb is Verb.DELETE and operation.record_key not in ticked
    ]


def _entry_agrees(entry: Entry, server: Server) -> Iterator[str]:
    key = entry.operation.idempotency_key
    applied = server.applied[key]
    if entry.state is OutcomeState.WRITTEN and not applied and entry.message != FOUND:
        yield f"journal: {_name(entry)} is written, and never was"
    unexplained = key not in server.late_keys and not _was_put_back(entry.operation, server)
    if entry.state is OutcomeState.FAILED and applied and unexplained:
        yield f"journal: {_name(entry)} failed, and was written"
    if entry.state is OutcomeState.SKIPPED and applied:
        yield f"journal: {_name(entry)} was skipped, and was written"
    if applied > 1 and not server.semantics.upserts:
        yield f"journal: {_name(entry)} was written {applied} times"


def _was_put_back(operation: Operation, server: Server) -> bool:
    """Return whether people gave a record of a kind that a write refers to another key since.

    Then what refers to it may read as it did before, and the write, sent again, may be refused.
    """
    since = server.written_at.get(operation.idempotency_key, 0)
    entity, changed = server.mapping.entity(operation.entity), {c.name for c in operation.changes}
    targets = {one.to for one in entity.references if one.name in changed}
    return any(server.moved_since(to, since) for to in targets)


def _mirror_holds(bench: Workbench, operation: Operation) -> bool:
    pair = _pair(bench, operation.record_key)
    values = None if pair is None else _sides(pair)[operation.side]
    if operation.verb is Verb.DELETE:
        return values is None or _is_of_another(bench, operation)
    index = bench.mapping.entity(operation.entity).index
    return values is not None and all(
        same(values[index[change.name]], change.after)
        for change in operation.changes
        if change.name != KEY
    )


def _is_of_another(bench: Workbench, operation: Operation) -> bool:
    """Return whether the mirror holds another record under the key than was to be deleted."""
    entity = bench.mapping.entity(operation.entity)
    link = find_link(bench.store, entity, operation.key)
    held = "" if link is None else side_details(bench.store, link, operation.side)[0]
    return bool(held and operation.side_id) and held != operation.side_id


def _mirror_is_new(bench: Workbench, server: Server, operation: Operation) -> bool:
    place = operation.record_key
    pair, rows = _pair(bench, place), _counted(bench, server).get(place, [])
    values = None if pair is None else _sides(pair)[server.side]
    if not rows if values is None else list(values) in [row.values for row in rows]:
        return True
    since = server.written_at.get(operation.idempotency_key, 0)
    held = None if values is None else tuple(values)
    return any(at >= since and left == held for at, left in server.left[place])


def _base_agrees(place: RecordKey, pair: Pair) -> Iterator[str]:
    base: Iterable[BaseValue] = pair.base or (NO_BASE,) * len(pair.billing or ())
    for was, one, other in zip(base, pair.billing or (), pair.salesforce or (), strict=True):
        if same(one, other) and not same(was, one):
            yield f"base: {place} holds {was!r} where both sides hold {one!r}"


def _pair(bench: Workbench, place: RecordKey) -> Pair | None:
    link = find_link(bench.store, bench.mapping.entity(place.entity), place.key)
    found = None if link is None else one_pair(bench.store, link)
    return None if found is None else found[1]


def _sides(pair: Pair) -> Mapping[Side, Values | None]:
    return {Side.BILLING: pair.billing, Side.SALESFORCE: pair.salesforce}


def _counted(bench: Workbench, server: Server) -> dict[RecordKey, list[Row]]:
    """Return a server's rows under the keys as which they count, as pairings say."""
    held = {place: list(rows) for place, rows in server.rows.items()}
    if server.side is Side.BILLING:
        return held
    for pairing in pairings(bench.store):
        found = server.find(pairing.entity, pairing.side_id)
        if found is not None:
            held[found.key].remove(found.row)
            held.setdefault(RecordKey(pairing.entity, pairing.key), []).append(found.row)
    return {place: rows for place, rows in held.items() if rows}


def paired_places(bench: Workbench, servers: Servers) -> Iterator[tuple[RecordKey, RecordKey]]:
    """Yield where each paired record stands, and as what it counts."""
    server = servers[Side.SALESFORCE]
    for pairing in pairings(bench.store):
        found = server.find(pairing.entity, pairing.side_id)
        if found is not None:
            yield found.key, RecordKey(pairing.entity, pairing.key)


def _places(servers: Servers) -> list[RecordKey]:
    places = {place for server in servers.values() for place, _field in server.history}
    return sorted(place for place in places if place.key != NO_KEY)


def _name(entry: Entry) -> str:
    operation = entry.operation
    return f"{operation.verb.value} {operation.entity} {operation.key} in {operation.side.label}"


def _short(result: CommitResult) -> str:
    return (
        f"{result.selected} selected, {result.written} written, {result.failed} failed,"
        f" {result.stale} stale, {result.skipped} skipped"
    )
