"""Commit: preflight, intent, send, outcome; and resume after anything that came in between."""

import getpass
import logging
import secrets
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain

from app.domain.control import CancelToken, Report
from app.domain.forecast import Forecast
from app.domain.plan import CommitPlan, Operation, Outcome, OutcomeState, number
from app.domain.plan_json import head_of
from app.domain.record import Side
from app.errors import PlanRefused
from app.store import journal
from app.store.completing import completing
from app.store.resumable import check_resumable
from app.store.target_jobs import forget_jobs, jobs_of
from app.sync.pieces import UNSETTLED, Piece, operations_of, pieces
from app.sync.preflight import read_live
from app.sync.sender import Looked, Sender
from app.sync.workbench import Workbench

log = logging.getLogger(__name__)

MOST_FAILURES = 10_000  # of millions that failed the first are told, all are in the journal
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
    first = _begin(bench, plan, run, cancel, report)
    sender = Sender(bench, run, cancel, report, total=len(plan.operations))
    sender.go(again=False, first=first)
    if not sender.stopped_by:
        _conclude_jobs(bench, sender, cancel)
        sender.unsure.clear()
        sender.go(again=True)
    return _finished(bench, sender, before, started)


def _begin(
    bench: Workbench, plan: CommitPlan, run: str, cancel: CancelToken, report: Report
) -> Looked:
    """Look at the first piece of a plan, then write all intents; its operations are read once."""
    left, piece, over = iter(plan.operations), Piece(bench), list[Operation]()
    first: list[Operation] = []
    for operation in left:
        if not piece.takes(operation):
            over.append(operation)
            break
        first.append(operation)
    looked = _look(bench, first, cancel, report)
    # The keys are those of this commit: a plan that is committed again means what it says again.
    intents = (number(operation, run) for operation in chain(first, over, left))
    journal.begin(bench.store, run, getpass.getuser(), intents, head_of(plan))
    return looked


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
    total = sum(found.counts.get(state, 0) for state in UNSETTLED)
    sender = Sender(bench, run, cancel, report, total=total)
    _conclude_jobs(bench, sender, cancel)
    cut = next(pieces(bench, run), None)
    first = _look(bench, cut.operations if cut else [], cancel, report)
    sender.note(_outcomes(bench, run, _MISSED))
    unsure = operations_of(bench, run, (OutcomeState.UNKNOWN,))
    doubted = frozenset(operation.idempotency_key for operation in unsure)
    sender.go(again=True, first=first)
    if not sender.stopped_by:
        sender.give_up(doubted)
    return _finished(bench, sender, before, started)


def _look(
    bench: Workbench, piece: Sequence[Operation], cancel: CancelToken, report: Report
) -> Looked:
    return Looked(len(piece), read_live(bench, piece, cancel, report))


def _check_instances(bench: Workbench, instances: Mapping[Side, str], cancel: CancelToken) -> None:
    """Refuse what was planned for another organisation than the one that answers now."""
    for side, instance in instances.items():
        now = bench.connectors[side].instance(cancel) if instance else ""
        if now != instance:
            raise PlanRefused(
                f"The plan was made for {side.label} {instance}, connected now is {now}.",
                "Connect the one that it was made for, or refresh and plan again.",
            )


def _conclude_jobs(bench: Workbench, sender: Sender, cancel: CancelToken) -> None:
    """Bring the target's own jobs that a commit began to their end, and take what they tell.

    While one could still write, looking at the target would tell nothing. Until the commit is
    finished they can be asked again: it may die before what they wrote is settled.
    """
    run, jobs = sender.run, jobs_of(bench.store, sender.run)
    # A job knows its rows by their records: of which operation on one it tells, it cannot say.
    updates = [entry.operation for entry in completing(bench.store, run)] if jobs else []
    twice = {(operation.record_key, operation.side) for operation in updates}
    for job in jobs:
        mine = [
            operation
            for operation in operations_of(bench, run, UNSETTLED, job.span)
            if (operation.entity, operation.side) == (job.entity, job.side)
        ]
        if not mine:  # all that it wrote is known
            continue
        entity = bench.mapping.entity(job.entity)
        outcomes = [
            item
            for item in bench.connectors[job.side].conclude(job.id, entity, mine, cancel)
            if (item.operation.record_key, item.operation.side) not in twice
        ]
        refused = [item for item in outcomes if item.state is OutcomeState.FAILED]
        journal.mark(bench.store, run, refused)
        sender.learn(outcomes)


def _outcomes(bench: Workbench, run: str, states: Sequence[OutcomeState]) -> list[Outcome]:
    entries = journal.entries(bench.store, run=run, states=states)
    return [Outcome(entry.operation, entry.state) for entry in entries]


def _finished(
    bench: Workbench, sender: Sender, before: Mapping[Side, int], started: float
) -> CommitResult:
    seconds = time.monotonic() - started
    calls = {side: count - before[side] for side, count in bench.calls().items()}
    journal.finish(
        bench.store, sender.run, {side.value: count for side, count in calls.items()}, seconds
    )
    if sender.run not in journal.open_runs(bench.store):
        forget_jobs(bench.store, sender.run)
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
