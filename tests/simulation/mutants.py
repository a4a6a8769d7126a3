"""Mutants of the engine: promises of design §3 broken on purpose, for the simulator to find."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import app.store.mirror
import app.store.mirror_delta
import app.store.pairing
import app.sync.commit
import app.sync.preflight
import app.sync.refresh
import app.sync.sender
import app.sync.undo
from app.connectors.protocol import Batch, Connector
from app.domain.control import CancelToken
from app.domain.plan import CommitPlan, Operation, Outcome, OutcomeState, Verb
from app.domain.record import Record, RecordKey, Side
from app.store import journal
from app.store.comparison import find_link, one_pair
from app.store.cursors import keep_cursor
from app.store.mirror import write_records
from app.store.workspace import Store
from app.sync.preflight import Found, Live, record_after
from app.sync.workbench import Workbench
from tests.simulation import simulator

Mutant = Callable[[], AbstractContextManager[None]]


@contextmanager
def _replaced(*stand_ins: tuple[Any, str, Any]) -> Iterator[None]:
    with ExitStack() as stack:
        for place, name, stand_in in stand_ins:
            stack.enter_context(patch.object(place, name, stand_in))
        yield


def journal_after_send() -> AbstractContextManager[None]:
    """Send first, then write the journal."""
    real = app.sync.commit.commit

    def commit(bench: Workbench, plan: CommitPlan, cancel: CancelToken, report: Any) -> Any:
        def begin(store: Store, run: str, who: str, operations: Any, head: Any) -> None:
            outcomes = list(_sent(bench, operations, cancel))
            journal_begin(store, run, who, operations, head)
            journal.settle(store, run, [(o, _after(store, o.operation)) for o in outcomes])

        journal_begin = journal.begin
        with patch.object(journal, "begin", begin):
            return real(bench, plan, cancel, report)

    return _replaced((simulator, "commit", commit))


def no_preflight() -> AbstractContextManager[None]:
    """Believe the mirror instead of reading again."""

    def read_live(bench: Workbench, operations: Sequence[Operation], *_rest: Any) -> Live:
        found: dict[tuple[Side, RecordKey], tuple[Record, ...]] = {}
        for operation in operations:
            record = _mirrored(bench.store, operation)
            if record is not None:
                found[operation.side, operation.record_key] = (record,)
        return Live(found)

    places = (app.sync.commit, app.sync.sender)
    return _replaced(*((place, "read_live", read_live) for place in places))


def retry_without_key() -> AbstractContextManager[None]:
    """Give each sending a key of its own."""
    real, sendings = app.sync.sender._write, iter(range(1_000_000))

    def write(connector: Connector, batch: Batch, cancel: CancelToken) -> list[Outcome]:
        number = next(sendings)
        own = {o.idempotency_key: o for o in batch.operations}
        fresh = [replace(o, idempotency_key=f"{number}{key}"[:32]) for key, o in own.items()]
        back = dict(zip((o.idempotency_key for o in fresh), own.values(), strict=True))
        outcomes = real(connector, replace(batch, operations=tuple(fresh)), cancel)
        return [replace(o, operation=back[o.operation.idempotency_key]) for o in outcomes]

    return _replaced((app.sync.sender, "_write", write))


def base_before_outcome() -> AbstractContextManager[None]:
    """Put into the mirror what is about to be written, so that both sides seem to agree."""
    real = journal.begin

    def begin(store: Store, run: str, who: str, made: Iterable[Operation], head: Any) -> None:
        operations = list(made)
        real(store, run, who, operations, head)
        for operation in operations:
            record = _after(store, operation)
            if record is None:
                continue
            entity = store.mapping.entity(operation.entity)
            with store.transaction(store.durable) as connection:
                write_records(store, connection, entity, operation.side, [record])

    return _replaced((journal, "begin", begin))


def cursor_before_records() -> AbstractContextManager[None]:
    """Keep the cursor of a read before its records are stored."""
    real = app.sync.refresh._Run.fetch

    def fetch(run: Any, group: Any) -> None:
        for page in group.reader.read(group.request, run.stop):
            if page.cursor:
                store = run.bench.store
                with store.transaction(store.durable) as connection:
                    keep_cursor(connection, store, group.side, page.entity, page.cursor)
        real(run, group)

    return _replaced((app.sync.refresh._Run, "fetch", fetch))


def undo_without_live_check() -> AbstractContextManager[None]:
    """Put earlier values back whatever is there now."""
    return _replaced((app.sync.undo, "_moved", lambda *_: []))


def stale_ignored() -> AbstractContextManager[None]:
    """Send what is no longer as the plan expected."""
    real = app.sync.preflight.stands

    def stands(operation: Operation, live: Sequence[Record], entity: Any) -> Found:
        found = real(operation, live, entity)
        return Found.BEFORE if found is Found.NEITHER and live else found

    return _replaced((app.sync.sender, "stands", stands))


def outcome_in_two_transactions() -> AbstractContextManager[None]:
    """Journal the outcomes first, the records after it."""
    real = journal.settle

    def settle(store: Store, run: str, outcomes: Sequence[tuple[Outcome, Record | None]]) -> None:
        journal.mark(store, run, [outcome for outcome, _record in outcomes])
        real(store, run, outcomes)

    return _replaced((journal, "settle", settle))


def resume_without_looking() -> AbstractContextManager[None]:
    """Send again whatever has no outcome, whether it had arrived or not."""
    real = app.sync.sender.Sender.set_stale_aside

    def set_stale_aside(sender: Any, operations: Sequence[Operation], *, again: bool) -> Any:
        return list(operations) if again else real(sender, operations, again=again)

    return _replaced((app.sync.sender.Sender, "set_stale_aside", set_stale_aside))


def skipped_forgotten() -> AbstractContextManager[None]:
    """Tell of fewer operations than were selected: a skipped one is forgotten."""
    real = app.sync.commit.result_of

    def result_of(bench: Workbench, run: str) -> Any:
        found = real(bench, run)
        return replace(found, skipped=0)

    return _replaced((app.sync.commit, "result_of", result_of))


def pairing_leaves_twin() -> AbstractContextManager[None]:
    """Leave a paired record under its own key, too: two records are made of one."""
    return _replaced((app.store.pairing, "remove_links", lambda *_: None))


def parting_forgets() -> AbstractContextManager[None]:
    """Take a pairing apart without what both records held by themselves."""
    return _replaced((app.store.pairing, "_put_back", lambda *_: None))


def moved_key_unseen() -> AbstractContextManager[None]:
    """Believe what refers to a record whose key has moved."""
    return _replaced(
        (app.sync.refresh._Run, "_doubt_what_refers_to", lambda *_: None),
        (app.store.mirror, "read_what_refers_to", lambda *_: None),
        (app.store.mirror_delta, "read_what_refers_to", lambda *_: None),
    )


def title_of_what_is_gone() -> AbstractContextManager[None]:
    """Go on showing billing's title and parent where billing has the record no more."""
    return _replaced((app.store.mirror, "show_what_is_left", lambda *_: None))


def other_value_written() -> AbstractContextManager[None]:
    """Commit less than the plan says: the first value of each update alone."""
    real = app.sync.commit.commit

    def commit(bench: Workbench, plan: CommitPlan, cancel: CancelToken, report: Any) -> Any:
        fewer = [
            replace(one, changes=one.changes[:1]) if one.verb is Verb.UPDATE else one
            for one in plan.operations
        ]
        return real(bench, replace(plan, operations=fewer), cancel, report)

    return _replaced((simulator, "commit", commit))


MUTANTS: tuple[Mutant, ...] = (
    journal_after_send,
    no_preflight,
    retry_without_key,
    base_before_outcome,
    cursor_before_records,
    undo_without_live_check,
    stale_ignored,
    outcome_in_two_transactions,
    resume_without_looking,
    skipped_forgotten,
    pairing_leaves_twin,
    parting_forgets,
    moved_key_unseen,
    title_of_what_is_gone,
    other_value_written,
)


def _sent(
    bench: Workbench, operations: Sequence[Operation], cancel: CancelToken
) -> Iterator[Outcome]:
    for operation in operations:
        batch = Batch(bench.mapping.entity(operation.entity), (operation,))
        for outcome in bench.connectors[operation.side].write(batch, cancel):
            if outcome.state is OutcomeState.WRITTEN:
                yield outcome


def _after(store: Store, operation: Operation) -> Record | None:
    """Return the record as it is once the operation is carried out, as far as the mirror knows."""
    if operation.verb is Verb.DELETE:
        return None
    old = _mirrored(store, operation)
    entity = store.mapping.entity(operation.entity)
    return record_after(operation, [] if old is None else [old], entity)


def _mirrored(store: Store, operation: Operation) -> Record | None:
    place = RecordKey(operation.entity, operation.key)
    link = find_link(store, store.mapping.entity(place.entity), place.key)
    found = None if link is None else one_pair(store, link)
    if found is None:
        return None
    pair = found[1]
    values = pair.billing if operation.side is Side.BILLING else pair.salesforce
    return None if values is None else Record(place.key, values, operation.side_id)
