"""Commit: preflight, intent, send, outcome; and resume after anything that came in between."""

import getpass
import logging
import secrets
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from itertools import islice

from app.connectors.protocol import Batch, Connector, OperationCounts
from app.domain.control import CancelToken, Progress, Report
from app.domain.forecast import Forecast
from app.domain.plan import CommitPlan, Operation, Outcome, OutcomeState, Verb, number
from app.domain.plan_json import head_of
from app.domain.record import Record, RecordKey, Side
from app.domain.stages import Stage, batches, points_at, stages, whole_batches
from app.errors import AppError, Cancelled, PlanRefused, StoreError
from app.store import journal
from app.store.resumable import check_resumable
from app.store.target_jobs import forget_jobs, jobs_of, note_job
from app.sync.given_keys import pair_made
from app.sync.groups import group_of, without_broken
from app.sync.preflight import (
    SEGMENT,
    Found,
    Live,
    note_live,
    read_live,
    record_after,
    stands,
    why_stale,
)
from app.sync.workbench import Workbench

log = logging.getLogger(__name__)

BATCHES_AT_ONCE = 4
MOST_FAILURES = 10_000  # of millions that failed the first are told, all are in the journal
_UNSETTLED = (OutcomeState.INTENT, OutcomeState.UNKNOWN)
_MISSED = (OutcomeState.FAILED, OutcomeState.STALE, OutcomeState.SKIPPED)
_NOT_WRITTEN = (*_MISSED, OutcomeState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Failure:
    """One operation that was not written, and why, in the target's words."""

    entity: str
    key: str
    field: str
    message: str
    state: OutcomeState = OutcomeState.FAILED


@dataclass(frozen=True, slots=True)
class CommitResult:
    """What became of a commit: `selected = sent + stale + skipped`, `sent = written + failed`.

    Attributes:
        unknown: How many of the failed ones were sent without an answer; `resume` settles them.
        stopped_by: Why it did not come to its end, `""` if it did.
        forecast: What the plan had said that it would cost, to stand beside what it did.
        approved_by: Who had approved the plan.
    """

    commit: str
    selected: int = 0
    written: int = 0
    failed: int = 0
    stale: int = 0
    skipped: int = 0
    unknown: int = 0
    calls: Mapping[Side, int] = field(default_factory=dict)
    seconds: float = 0
    failures: tuple[Failure, ...] = ()
    stopped_by: str = ""
    forecast: Forecast = field(default_factory=Forecast)
    approved_by: tuple[str, ...] = ()

    @property
    def sent(self) -> int:
        """Operations that went out to a target."""
        return self.written + self.failed

    @property
    def is_clean(self) -> bool:
        """Whether everything selected was written."""
        return self.written == self.selected


def commit(bench: Workbench, plan: CommitPlan, cancel: CancelToken, report: Report) -> CommitResult:
    """Carry a plan out and return what became of it.

    A cancel stops between two calls; what was not sent stays in the journal for `resume`.

    Raises:
        AppError: Nothing was sent: a side could not be read, or the store not written.
    """
    started, before = time.monotonic(), bench.calls()
    run = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    if not plan.operations:
        return CommitResult(run, calls=dict.fromkeys(before, 0))
    bench.store.claim()
    _check_instances(bench, plan.instances, cancel)
    first = read_live(bench, plan.operations[:SEGMENT], cancel, report)
    # The keys are those of this commit: a plan that is committed again means what it says again.
    intents = (number(operation, run) for operation in plan.operations)
    journal.begin(bench.store, run, getpass.getuser(), intents, head_of(plan))
    sender = _Sender(bench, run, cancel, report, total=len(plan.operations))
    sender.go(again=False, first=first)
    if not sender.stopped_by:
        _conclude_jobs(bench, run, cancel)
        sender.unsure.clear()
        sender.go(again=True)
    return _finished(bench, sender, before, started)


def resume(bench: Workbench, cancel: CancelToken, report: Report) -> CommitResult | None:
    """Bring the oldest commit that broke off to its end; None where there is none.

    What may have been sent is looked up on the target: it holds what we wrote, and is done; it
    holds what was before, and is sent again under the same key; or neither, and is left alone.
    """
    open_runs = journal.open_runs(bench.store)
    if not open_runs:
        return None
    started, before, run = time.monotonic(), bench.calls(), open_runs[0]
    bench.store.claim()
    check_resumable(bench.store, run)
    found = journal.find_run(bench.store, run)
    was = {side: found.connections.get(side.value, {}).get("instance", "") for side in Side}
    _check_instances(bench, was, cancel)
    _conclude_jobs(bench, run, cancel)
    total = sum(found.counts.get(state, 0) for state in _UNSETTLED)
    first = read_live(bench, next(_segments(bench, run), []), cancel, report)
    sender = _Sender(bench, run, cancel, report, total=total)
    sender.note(_outcomes(bench, run, _MISSED))
    unsure = _operations(bench, run, (OutcomeState.UNKNOWN,))
    doubted = frozenset(operation.idempotency_key for operation in unsure)
    sender.go(again=True, first=first)
    if not sender.stopped_by:
        sender.give_up(doubted)
    return _finished(bench, sender, before, started)


@dataclass
class _Sender:
    """One run of a commit: sends stage by stage and writes each outcome as it comes.

    Attributes:
        live: What the targets hold of the segment that is being sent.
        missing: Inserts that did not happen: what refers to them is skipped.
        unsure: Inserts that may have happened: what refers to them waits for `ask_again`.
    """

    bench: Workbench
    run: str
    cancel: CancelToken
    report: Report
    live: Live = field(default_factory=Live)
    done: int = 0
    total: int = 0
    stopped_by: str = ""
    missing: set[tuple[RecordKey, Side]] = field(default_factory=set)
    unsure: set[tuple[RecordKey, Side]] = field(default_factory=set)

    def go(self, *, again: bool, first: Live | None = None) -> None:
        """Send what has no outcome, segment by segment: read again, set stale aside, send.

        With `again`, what is found on the target as it was to become counts as written. `first` is
        what was read of the first segment already.
        """
        for segment in _segments(self.bench, self.run):
            try:
                self.live = first or read_live(self.bench, segment, self.cancel, self.report)
                first = None
                self.send(self.set_stale_aside(segment, again=again))
            except StoreError:
                raise
            except AppError as error:
                self.stopped_by = str(error)
            if self.stopped_by:
                return

    def give_up(self, doubted: frozenset[str]) -> None:
        """Leave alone what stays without an answer however often it is sent.

        A target that has carried a key out and since holds what was before (somebody put it back)
        will not tell it apart from a repetition: the next review shows the record.
        """
        lost = _operations(self.bench, self.run, (OutcomeState.UNKNOWN,))
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
        fresh, stale = [], []
        settled: list[tuple[Outcome, Record | None]] = []
        for operation in operations:
            entity, found = self.bench.mapping.entity(operation.entity), self.live.of(operation)
            state = stands(operation, found, entity)
            if state is Found.BEFORE:
                fresh.append(operation)
            elif state is Found.AFTER and again:
                outcome = Outcome(operation, OutcomeState.WRITTEN, "found written")
                settled.append((outcome, self._written(outcome)))
            else:
                message = why_stale(operation, found, entity)
                stale.append(Outcome(operation, OutcomeState.STALE, message))
        journal.mark(self.bench.store, self.run, stale)
        journal.settle(self.bench.store, self.run, settled)
        note_live(self.bench, [outcome.operation for outcome in stale], self.live)
        self.note([*stale, *(outcome for outcome, _ in settled)])
        self.done += len(stale) + len(settled)
        return self._without_broken(fresh, stale)

    def send(self, operations: Sequence[Operation]) -> None:
        """Send operations stage by stage; stop at a cancel, a spent quota or a lost connection."""
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
            begun = partial(note_job, self.bench.store, self.run, lot.entity, lot.side)
            together = self._group if entity.together else None
            cut = batches if together is None else whole_batches
            for some in cut(sendable, size, together or self._parent):
                yield lot.side, Batch(entity, some, begun, together)

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

        What refers to one that may have come stays an intent: `ask_again` or `resume` sends it.
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
        journal.settle(
            self.bench.store, self.run, [(outcome, self._written(outcome)) for outcome in outcomes]
        )
        pair_made(self.bench, outcomes)
        self.note(outcomes)
        self.done += len(outcomes)
        what = self.bench.mapping.entity(outcomes[0].operation.entity).plural if outcomes else ""
        self.report(Progress(self.done, self.total, f"Committing {what}", "commit"))

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


def _check_instances(bench: Workbench, instances: Mapping[Side, str], cancel: CancelToken) -> None:
    """Refuse what was planned for another organisation than the one that answers now."""
    for side, instance in instances.items():
        now = bench.connectors[side].instance(cancel) if instance else ""
        if now != instance:
            raise PlanRefused(
                f"The plan was made for {side.label} {instance}, connected now is {now}.",
                "Connect the one that it was made for, or refresh and plan again.",
            )


def _segments(bench: Workbench, run: str) -> Iterator[list[Operation]]:
    """Yield what has no outcome yet, in the order of sending, in pieces that fit in memory.

    A record stands once in a piece: of two operations on it, the second expects the first's result.
    """
    after = 0
    while True:
        found = list(
            journal.entries(bench.store, run=run, states=_UNSETTLED, after=after, limit=SEGMENT)
        )
        if not found:
            return
        seen: set[tuple[RecordKey, Side]] = set()
        segment: list[Operation] = []
        for entry in found:
            place = (entry.operation.record_key, entry.operation.side)
            if place in seen:
                break
            seen.add(place)
            segment.append(entry.operation)
            after = entry.id
        yield segment
        del found[:], segment[:]  # before the next is read: both would be in memory at once


def _conclude_jobs(bench: Workbench, run: str, cancel: CancelToken) -> None:
    """Bring the target's own jobs that a commit began to their end, and note what they refused.

    While one could still write, looking at the target would tell nothing.
    """
    for job in jobs_of(bench.store, run):
        mine = [
            operation
            for operation in _operations(bench, run, _UNSETTLED)
            if (operation.entity, operation.side) == (job.entity, job.side)
        ]
        if not mine:  # all that it wrote is known
            continue
        entity = bench.mapping.entity(job.entity)
        outcomes = list(bench.connectors[job.side].conclude(job.id, entity, mine, cancel))
        refused = [item for item in outcomes if item.state is OutcomeState.FAILED]
        journal.mark(bench.store, run, refused)
    forget_jobs(bench.store, run)


def _operations(bench: Workbench, run: str, states: Sequence[OutcomeState]) -> list[Operation]:
    return [e.operation for e in journal.entries(bench.store, run=run, states=states)]


def _outcomes(bench: Workbench, run: str, states: Sequence[OutcomeState]) -> list[Outcome]:
    entries = journal.entries(bench.store, run=run, states=states)
    return [Outcome(entry.operation, entry.state) for entry in entries]


def _write(connector: Connector, batch: Batch, cancel: CancelToken) -> list[Outcome]:
    return list(connector.write(batch, cancel))


def _finished(
    bench: Workbench, sender: _Sender, before: Mapping[Side, int], started: float
) -> CommitResult:
    seconds = time.monotonic() - started
    calls = {side: count - before[side] for side, count in bench.calls().items()}
    journal.finish(
        bench.store, sender.run, {side.value: count for side, count in calls.items()}, seconds
    )
    result = replace(
        result_of(bench, sender.run), calls=calls, seconds=seconds, stopped_by=sender.stopped_by
    )
    log.info(
        "Commit %s: %d selected, %d written, %d failed, %d stale, %d skipped in %.1f s",
        *(result.commit, result.selected, result.written, result.failed, result.stale),
        *(result.skipped, seconds),
    )
    return result


def not_written(bench: Workbench, run: str) -> dict[str, frozenset[str]]:
    """Return entity → keys of the records that a commit was to write and did not.

    Raises:
        NotFound: There is no such commit.
    """
    journal.find_run(bench.store, run)
    keys: dict[str, set[str]] = defaultdict(set)
    for entry in journal.entries(bench.store, run=run, states=_NOT_WRITTEN):
        keys[entry.operation.entity].add(entry.operation.key)
    return {entity: frozenset(some) for entity, some in keys.items()}


def together(results: Sequence[CommitResult]) -> CommitResult:
    """Return several commits as one, under the name of the last; of none, one of nothing."""
    calls: Counter[Side] = Counter()
    for result in results:
        calls.update(result.calls)
    return CommitResult(
        commit=results[-1].commit if results else "",
        selected=sum(result.selected for result in results),
        written=sum(result.written for result in results),
        failed=sum(result.failed for result in results),
        stale=sum(result.stale for result in results),
        skipped=sum(result.skipped for result in results),
        unknown=sum(result.unknown for result in results),
        calls=calls,
        seconds=sum(result.seconds for result in results),
        failures=tuple(failure for result in results for failure in result.failures),
        stopped_by=results[-1].stopped_by if results else "",
        forecast=sum((result.forecast for result in results), Forecast()),
        approved_by=tuple(dict.fromkeys(who for one in results for who in one.approved_by)),
    )


def result_of(bench: Workbench, run: str) -> CommitResult:
    """Return what became of a commit, counted from the journal.

    What was sent without an answer counts as failed; what was never sent as skipped.
    """
    found, plan = journal.find_run(bench.store, run), journal.plan_of(bench.store, run)
    counts = {state: found.counts.get(state, 0) for state in OutcomeState}
    failures = tuple(
        Failure(e.operation.entity, e.operation.key, e.field, e.message, e.state)
        for e in journal.entries(bench.store, run=run, states=_NOT_WRITTEN, limit=MOST_FAILURES)
    )
    return CommitResult(
        commit=run,
        selected=sum(counts.values()),
        written=counts[OutcomeState.WRITTEN],
        failed=counts[OutcomeState.FAILED] + counts[OutcomeState.UNKNOWN],
        stale=counts[OutcomeState.STALE],
        skipped=counts[OutcomeState.SKIPPED] + counts[OutcomeState.INTENT],
        unknown=counts[OutcomeState.UNKNOWN],
        calls={side: found.calls.get(side.value, 0) for side in Side},
        seconds=found.seconds,
        failures=failures,
        forecast=Forecast.from_json(plan["forecast"]) if "forecast" in plan else Forecast(),
        approved_by=tuple(one["who"] for one in plan.get("approvals", ())),
    )
