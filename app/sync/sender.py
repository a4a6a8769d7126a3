"""Sending: stage by stage, several batches at once, each outcome written as it comes."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import NamedTuple

from app.connectors.protocol import Batch, Connector, OperationCounts
from app.domain.control import CancelToken, Progress, Report
from app.domain.convert import text
from app.domain.plan import Operation, Outcome, OutcomeState, Verb
from app.domain.record import Record, RecordKey, Side
from app.domain.stages import (
    Stage,
    batches,
    goes_with_deletes,
    points_at,
    stages,
    whole_batches,
)
from app.errors import AppError, Cancelled, StoreError
from app.store import journal
from app.store.journal_entry import EVERYWHERE, Span
from app.store.target_jobs import TargetJob, note_job
from app.sync.given_keys import pair_made
from app.sync.groups import group_of, without_broken
from app.sync.look_costs import Lot
from app.sync.made_before import made_before
from app.sync.pieces import UNSETTLED, operations_of, pieces
from app.sync.preflight import (
    Found,
    Live,
    expected,
    note_live,
    read_live,
    record_after,
    stands,
    why_stale,
)
from app.sync.workbench import Workbench
from app.sync.written_since import written_since

log = logging.getLogger(__name__)

BATCHES_AT_ONCE = 4


class Looked(NamedTuple):
    """What the targets hold of a first piece, and how many operations that has."""

    size: int
    live: Live


@dataclass
class Sender:
    """One run of a commit: sends stage by stage and writes each outcome as it comes.

    Attributes:
        live: What the targets hold of the piece that is being sent.
        missing: Inserts that did not happen: what refers to them is skipped.
        sent: How many were sent of each side and entity.
        unsure: Inserts that may have happened: what refers to them waits for the second `go`.
        told: Idempotency key of what a job of the target's own told to be written → its id.
    """

    bench: Workbench
    run: str
    cancel: CancelToken
    report: Report
    live: Live = field(default_factory=Live)
    done: int = 0
    total: int = 0
    stopped_by: str = ""
    sent: Counter[Lot] = field(default_factory=Counter)
    missing: set[tuple[RecordKey, Side]] = field(default_factory=set)
    unsure: set[tuple[RecordKey, Side]] = field(default_factory=set)
    told: dict[str, str] = field(default_factory=dict)
    _span: Span = EVERYWHERE
    _again: bool = False
    _last: int | None = None

    def go(self, *, again: bool, first: Looked | None = None) -> None:
        """Send what has no outcome, piece by piece: read again, set stale aside, send.

        With `again`, what is found on the target as it was to become counts as written. `first` is
        what was read of the first piece already.
        """
        self._again = again
        self._last = journal.last_before_others(self.bench.store, self.run) if again else None
        for piece, span in pieces(self.bench, self.run, first.size if first else 0):
            self._span = span
            try:
                if first is None:
                    self.live = read_live(self.bench, piece, self.cancel, self.report, self.sent)
                else:
                    self.live, first = first.live, None
                self.send(self.set_stale_aside(piece, again=again))
            except StoreError:
                raise
            except AppError as error:
                self.stopped_by = str(error)
            if self.stopped_by:
                return

    def learn(self, told: Sequence[Outcome]) -> None:
        """Take what one of the target's own jobs told of operations that had no answer.

        What it wrote is not sent again, though somebody has changed or deleted it since.
        """
        self.note(told)
        for item in told:
            if item.state is OutcomeState.WRITTEN:
                self.told[item.operation.idempotency_key] = item.side_id

    def give_up(self, doubted: frozenset[str]) -> None:
        """Leave alone what stays without an answer however often it is sent.

        A target that has carried a key out and since holds what was before (somebody put it back)
        will not tell it apart from a repetition: the next review shows the record.
        """
        lost = operations_of(self.bench, self.run, (OutcomeState.UNKNOWN,))
        again = [operation for operation in lost if operation.idempotency_key in doubted]
        if not again:
            return
        self.live = read_live(self.bench, again, self.cancel, self.report)
        left = self.set_stale_aside(again, again=True)
        words = "sent more than once without an answer; it holds what was before"
        journal.mark(
            self.bench.store, self.run, [Outcome(o, OutcomeState.STALE, words) for o in left]
        )

    def set_stale_aside(self, operations: Sequence[Operation], *, again: bool) -> list[Operation]:
        """Return what may be sent; journal the rest as stale or, when resuming, as written."""
        fresh, stale, changed = [], [], []
        settled: list[tuple[Outcome, Record | None]] = []
        for operation in operations:
            entity, found = self.bench.mapping.entity(operation.entity), self.live.of(operation)
            state = stands(operation, found, entity)
            if state is Found.AFTER and again:
                outcome = Outcome(operation, OutcomeState.WRITTEN, "found written")
                settled.append((outcome, self._written(outcome)))
            elif (told := self.told.get(operation.idempotency_key)) is not None:
                words = "written, and changed by somebody since"
                changed.append(Outcome(operation, OutcomeState.WRITTEN, words, side_id=told))
            elif state is Found.BEFORE and (words := self._other_commit(operation, found)):
                stale.append(Outcome(operation, OutcomeState.STALE, words))
            elif state is Found.BEFORE:
                if not self._waits_for_its_key(operation):  # else it stays an intent
                    fresh.append(operation)
            else:
                was = expected(self.bench, operation, found)
                message = why_stale(operation, found, entity, was)
                stale.append(Outcome(operation, OutcomeState.STALE, message))
        left = [*stale, *changed]
        note_live(self.bench, [outcome.operation for outcome in left], self.live)
        journal.mark(self.bench.store, self.run, left)
        journal.settle(self.bench.store, self.run, settled)
        self.note([*left, *(outcome for outcome, _ in settled)])
        self.done += len(left) + len(settled)
        return self._without_broken(fresh, stale)

    def _other_commit(self, operation: Operation, found: Sequence[Record]) -> str:
        """Return in words which other commit has written what an operation would; "" if none."""
        words = made_before(self.bench, self.run, operation)
        if words or self._last is None:
            return words
        return written_since(self.bench, self._last, operation, found)

    def _waits_for_its_key(self, operation: Operation) -> bool:
        """Return whether a record gets a key back from one that this commit has yet to delete.

        Deletes go last: the second `go` or `resume` sends it.
        """
        key = operation.key_change
        if key is None or not key.after or key.after in {operation.key, key.before}:
            return False
        bearer = (operation.entity, text(key.after))
        found = journal.entries(self.bench.store, run=self.run, record=bearer, states=UNSETTLED)
        return any(
            one.side is operation.side and goes_with_deletes(one, self.bench.mapping)
            for one in (entry.operation for entry in found)
        )

    def send(self, operations: Sequence[Operation]) -> None:
        """Send operations stage by stage; stop at a cancel, a spent quota or a lost connection."""
        self.sent.update((operation.side, operation.entity) for operation in operations)
        for stage in stages(operations, self.bench.mapping):
            if self.stopped_by:
                return
            try:
                self._send_stage(stage)
            except Cancelled as error:
                self.stopped_by = error.summary

    def _send_stage(self, stage: Stage) -> None:
        waiting = iter(list(self._stage_batches(stage)))
        with ThreadPoolExecutor(BATCHES_AT_ONCE, thread_name_prefix="commit") as pool:
            running: set[Future[list[Outcome]]] = set()
            while True:
                if not self.stopped_by and not self.cancel.is_cancelled:
                    for side, batch in islice(waiting, BATCHES_AT_ONCE - len(running)):
                        connector = self.bench.connectors[side]
                        running.add(pool.submit(_write, connector, batch, self.cancel))
                if not running:
                    break
                finished, running = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    self._take(future)
        self.cancel.check()

    def _stage_batches(self, stage: Stage) -> Iterator[tuple[Side, Batch]]:
        for lot in stage.lots:
            entity = self.bench.mapping.entity(lot.entity)
            sendable = replace(lot, operations=tuple(self._without_orphans(lot.operations)))
            verbs = Counter(operation.verb for operation in sendable.operations)
            size = self.bench.connectors[lot.side].batch_size(OperationCounts(entity, verbs))
            begun = partial(self._note_job, (lot.side, lot.entity), self._span)
            together = self._group if entity.together else None
            cut = batches if together is None else whole_batches
            for some in cut(sendable, size, together or self._parent):
                yield lot.side, Batch(entity, some, begun, together)

    def _note_job(self, lot: Lot, span: Span, job: str) -> None:
        side, entity = lot
        note_job(self.bench.store, self.run, TargetJob(job, entity, side, span))

    def _parent(self, operation: Operation) -> str:
        """Return the key of a record's parent: the one it is to have, else the one it has."""
        name = self.bench.mapping.entity(operation.entity).parent_field
        told = next((c.after for c in operation.changes if name and c.name == name), None)
        found = self.live.of(operation)
        return str(told or (found[0].parent if found else None) or "")

    def _group(self, operation: Operation) -> str:
        entity = self.bench.mapping.entity(operation.entity)
        return group_of(operation, entity, self.live.of(operation))

    def _without_broken(
        self, fresh: Sequence[Operation], left: Sequence[Outcome]
    ) -> list[Operation]:
        """Skip what stands or falls with a record that is not sent."""
        kept, skipped = without_broken(fresh, [item.operation for item in left], self._group)
        self._skip(skipped)
        return kept

    def _skip(self, skipped: Sequence[Outcome]) -> None:
        journal.mark(self.bench.store, self.run, skipped)
        self.note(skipped)
        self.done += len(skipped)

    def _without_orphans(self, operations: Iterable[Operation]) -> list[Operation]:
        """Leave out what refers to a record that was to come in this commit and did not.

        What refers to one that may have come stays an intent: the second `go` or `resume` sends it.
        """
        good, skipped = [], []
        for operation in operations:
            needs = [(key, operation.side) for key in points_at(operation, self.bench.mapping)]
            lacks = next((key for key, side in needs if (key, side) in self.missing), None)
            if lacks is not None:
                words = f"its {lacks.entity} {lacks.key} was not written"
                skipped.append(Outcome(operation, OutcomeState.SKIPPED, words))
            elif self.unsure.isdisjoint(needs):
                good.append(operation)
            else:
                self.note([Outcome(operation, OutcomeState.UNKNOWN)])
        self._skip(skipped)
        return self._without_broken(good, skipped)

    def _take(self, future: "Future[list[Outcome]]") -> None:
        try:
            outcomes = future.result()
        except StoreError:
            raise
        except AppError as error:
            # Nothing of the batch was carried out: it stays an intent, for resume.
            self.stopped_by = str(error)
            return
        if self._again:
            outcomes = self._looked_again(outcomes)
        journal.settle(
            self.bench.store, self.run, [(outcome, self._written(outcome)) for outcome in outcomes]
        )
        pair_made(self.bench, outcomes)
        self.note(outcomes)
        self.done += len(outcomes)
        what = self.bench.mapping.entity(outcomes[0].operation.entity).plural if outcomes else ""
        self.report(Progress(self.done, self.total, f"Committing {what}", "commit"))

    def _looked_again(self, outcomes: list[Outcome]) -> list[Outcome]:
        """Return outcomes with what only seems stale as written.

        What a process sent before it died may be carried out after this one has looked: then the
        record was changed meanwhile, but by us.
        """
        stale = [item.operation for item in outcomes if item.state is OutcomeState.STALE]
        if not stale:
            return outcomes
        try:
            live = read_live(self.bench, stale, self.cancel, self.report)
        except AppError as error:
            log.warning("What is stale could not be looked at again: %s", error.summary)
            return outcomes
        self.live.records.update(live.records)

        def settled(item: Outcome) -> Outcome:
            entity = self.bench.mapping.entity(item.operation.entity)
            if item.state is not OutcomeState.STALE:
                return item
            if stands(item.operation, live.of(item.operation), entity) is not Found.AFTER:
                return item
            return Outcome(item.operation, OutcomeState.WRITTEN, "found written")

        return [settled(item) for item in outcomes]

    def _written(self, outcome: Outcome) -> Record | None:
        operation = outcome.operation
        if outcome.state is not OutcomeState.WRITTEN or operation.verb is Verb.DELETE:
            return None
        entity = self.bench.mapping.entity(operation.entity)
        found = self.live.of(operation)
        record = record_after(operation, found, entity)
        if outcome.key:
            record = record._replace(key=outcome.key)
        return record._replace(side_id=outcome.side_id) if outcome.side_id else record

    def note(self, outcomes: Iterable[Outcome]) -> None:
        """Note which inserts did not happen and which may have: what refers to them depends."""
        for outcome in outcomes:
            operation = outcome.operation
            if operation.verb is not Verb.INSERT:
                continue
            place = (operation.record_key, operation.side)
            self.unsure.discard(place)
            if outcome.state is OutcomeState.UNKNOWN:
                self.unsure.add(place)
            elif outcome.state is not OutcomeState.WRITTEN:
                self.missing.add(place)


def _write(connector: Connector, batch: Batch, cancel: CancelToken) -> list[Outcome]:
    return list(connector.write(batch, cancel))
