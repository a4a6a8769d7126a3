"""Writing entities: by collections where few, by bulk jobs where many, one alone on a condition."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from app.connectors.protocol import Batch, OperationCounts
from app.connectors.salesforce.bodies import all_of, is_locked
from app.connectors.salesforce.bulk_csv import MOST_BYTES
from app.connectors.salesforce.bulk_ingest import BulkIngest
from app.connectors.salesforce.collections import MOST_ROWS, Collections
from app.connectors.salesforce.graph import MOST_NODES, Graphs
from app.connectors.salesforce.reads import Reads
from app.connectors.salesforce.schema import Schema
from app.connectors.salesforce.singles import Singles
from app.domain.control import CancelToken
from app.domain.forecast import Forecast
from app.domain.mapping import EntityMapping
from app.domain.plan import Operation, Outcome, OutcomeState, Verb
from app.domain.record import Side
from app.errors import AppError

MOST_BY_COLLECTIONS = 2000
"""Operations from which on a bulk job is the better way (salesforce.md §13)."""
JOB_ROWS = 10_000
"""Rows of one job: one of Salesforce's own batches (§9), and not much memory for us."""
_JOB_CALLS = 6  # made, uploaded, started, three results
_JOB_ASKED = 1.5  # times how it is, once it is known how long one takes: measured 1.4
_JOB_ASKED_MORE = 6  # times, of those that begin before any has ended: measured 5 to 9 in all
_JOBS_AT_ONCE = 2  # of one entity in a commit, whose pieces have two jobs
_JOB_SECONDS = 20.0  # to wait until it begins, our guess
_ROWS_PER_SECOND = 400  # that a job saves, our guess
_RECORD_BYTES = 2048  # what almost any record counts as (salesforce.md §13)
_GROUPED_ROWS = 300  # of one call of groups, of which 75 at most go into one: our guess
_SECONDS_PER_CALL = 1.5  # our guess for a save of 200 rows; shown as an estimate


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways of writing: many in one call, by a job, one on a condition, all or none."""

    collections: Collections
    bulk: BulkIngest
    singles: Singles
    graphs: Graphs


class Writes:
    """Writes batches of operations; several may be written at once."""

    def __init__(self, schema: Schema, reads: Reads, ways: Ways) -> None:
        self._schema = schema
        self._reads = reads
        self._collections = ways.collections
        self._bulk = ways.bulk
        self._singles = ways.singles
        self._graphs = ways.graphs
        self._most_by_collections = MOST_BY_COLLECTIONS

    def batch_size(self, counts: OperationCounts) -> int:
        """Return the rows of one collection, or of one job where there are enough for that."""
        if counts.entity.together:
            return MOST_NODES
        if max(_kept(counts), _gone(counts)) <= MOST_BY_COLLECTIONS:
            return MOST_ROWS
        average = max(1, -(-counts.size_bytes // counts.total))
        return max(MOST_BY_COLLECTIONS, min(JOB_ROWS, MOST_BYTES // average))

    def write(self, batch: Batch, cancel: CancelToken) -> Iterator[Outcome]:
        """Yield one outcome for each operation: first inserts and updates, then deletes."""
        if batch.together is not None:
            members = sorted(batch.operations, key=batch.together)
            groups = [list(some) for _name, some in groupby(members, key=batch.together)]
            yield from self._graphs.write(groups, cancel)
            return
        kept = tuple(item for item in batch.operations if item.verb is not Verb.DELETE)
        gone = tuple(item for item in batch.operations if item.verb is Verb.DELETE)
        if kept:
            yield from self._saved(replace(batch, operations=kept), cancel)
        if not gone:
            return
        deleted = self._deleted(replace(batch, operations=gone), cancel)
        if not kept:
            yield from deleted
            return
        try:
            yield from deleted
        except AppError as error:  # raised only where none of the deletes was carried out
            state = OutcomeState.UNKNOWN if cancel.is_cancelled else OutcomeState.FAILED
            yield from all_of(gone, state, error.summary)

    def _saved(self, batch: Batch, cancel: CancelToken) -> Iterator[Outcome]:
        entity, operations = batch.entity, batch.operations
        if len(operations) == 1 and self._singles.knows(entity, operations[0]):
            outcome = self._singles.update(entity, operations[0], cancel)
            locked = is_locked(outcome)
            yield from self._collections.retry(entity, [outcome], cancel) if locked else [outcome]
            return
        bare = tuple(item for item in operations if item.key_change is not None)
        if bare and len(bare) < len(operations):  # what its key does not name goes by its id
            named = tuple(item for item in operations if item.key_change is None)
            yield from self._all_saved(
                [replace(batch, operations=o) for o in (bare, named)], cancel
            )
            return
        by_key = not bare and self._schema.has_external_id(entity)
        if len(operations) > self._most_by_collections:
            save = self._bulk.upsert if by_key else self._bulk.save
            yield from save(batch, cancel)
        elif by_key:
            yield from self._collections.upsert(entity, operations, cancel)
        else:
            yield from self._collections.save(entity, operations, cancel)

    def _all_saved(self, batches: Sequence[Batch], cancel: CancelToken) -> Iterator[Outcome]:
        """Yield the outcomes of batches, one after the other; raises only where none was sent."""
        for number, batch in enumerate(batches):
            try:
                yield from self._saved(batch, cancel)
            except AppError as error:
                if not number:
                    raise
                state = OutcomeState.UNKNOWN if cancel.is_cancelled else OutcomeState.FAILED
                yield from all_of(batch.operations, state, error.summary)

    def _deleted(self, batch: Batch, cancel: CancelToken) -> Iterator[Outcome]:
        """Delete by id; an operation without one is looked up by its key first."""
        operations = batch.operations
        unknown = [item.key for item in operations if not item.side_id]
        ids = self._reads.ids(batch.entity, unknown, cancel) if unknown else {}
        targets: list[tuple[Operation, str]] = []
        outcomes: list[Outcome] = []
        for operation in operations:
            found = [operation.side_id] if operation.side_id else ids.get(operation.key, [])
            if len(found) == 1:
                targets.append((operation, found[0]))
            elif found:
                message = "More than one record has this key; delete the right one by hand."
                outcomes.append(Outcome(operation, OutcomeState.FAILED, message))
            else:  # gone already, as the plan wants it
                outcomes.append(Outcome(operation, OutcomeState.WRITTEN))
        yield from outcomes
        if len(targets) > self._most_by_collections:
            yield from self._bulk.delete(batch, targets, cancel)
        elif targets:
            yield from self._collections.delete(batch.entity, targets, cancel)

    def conclude(
        self, job: str, entity: EntityMapping, operations: Sequence[Operation], cancel: CancelToken
    ) -> Iterator[Outcome]:
        """Bring a bulk job that a dead commit had begun to its end; yield what it tells."""
        return self._bulk.conclude(job, entity, operations, cancel)

    def forecast(self, counts: OperationCounts) -> Forecast:
        """Return calls, 2 KB of storage an insert, and a guess of the seconds."""
        size = self.batch_size(counts)
        if counts.entity.together:
            return self._forecast_of_groups(counts)
        # What waits for others of its kind is a call of its own, if a small one.
        calls, seconds = counts.turns, _SECONDS_PER_CALL * counts.turns
        for count in (_kept(counts), _gone(counts)):
            jobs, rest = divmod(count, size) if size > MOST_ROWS else (0, count)
            if rest > MOST_BY_COLLECTIONS:
                jobs, rest = jobs + 1, 0
            saves = -(-rest // MOST_ROWS)
            known = counts.most_before > MOST_BY_COLLECTIONS  # how long a job takes
            calls += _calls_of_jobs(jobs, known=known) + saves
            seconds += _SECONDS_PER_CALL * saves
            if jobs:
                seconds += _JOB_SECONDS + (count - rest) / _ROWS_PER_SECOND
        return Forecast(
            calls={Side.SALESFORCE: calls},
            size_bytes=counts.size_bytes,
            storage_bytes=_RECORD_BYTES * counts.verbs.get(Verb.INSERT, 0),
            seconds=seconds,
        )

    def _forecast_of_groups(self, counts: OperationCounts) -> Forecast:
        calls = -(-counts.total // _GROUPED_ROWS)
        return Forecast(
            calls={Side.SALESFORCE: calls},
            size_bytes=counts.size_bytes,
            storage_bytes=_RECORD_BYTES * counts.verbs.get(Verb.INSERT, 0),
            seconds=_SECONDS_PER_CALL * calls,
        )


def _calls_of_jobs(jobs: int, *, known: bool) -> int:
    more = 0 if known else _JOB_ASKED_MORE * min(jobs, _JOBS_AT_ONCE)
    return jobs * _JOB_CALLS + int(jobs * _JOB_ASKED) + more


def _gone(counts: OperationCounts) -> int:
    return counts.verbs.get(Verb.DELETE, 0)


def _kept(counts: OperationCounts) -> int:
    return counts.total - _gone(counts)
