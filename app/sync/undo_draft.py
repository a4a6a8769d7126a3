"""An undo in the making: its operations and problems, and what must come along or stay out."""

from collections.abc import Iterable, Sequence

import orjson

from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping
from app.domain.plan import CommitPlan, Operation, Problem, Verb
from app.domain.record import RecordKey, Side
from app.domain.stages import points_at
from app.store.undo_ledger import UndoLedger
from app.sync.explain import DryRun
from app.sync.plan_order import Shelves
from app.sync.planner import MOST_PROBLEMS, assembled, finished
from app.sync.workbench import Workbench

_NAMED = 3


class UndoDraft:
    """What an undo will write, and what stands in its way; of very many problems the first.

    The operations lie in files and the ledger in tables, so that millions need no memory.
    """

    def __init__(self, bench: Workbench, *, whole: bool) -> None:
        """Begin one; of a `whole` commit nothing is offered."""
        self._bench = bench
        self._whole = whole
        self._shelves = Shelves(bench)
        self._dry_run = DryRun(bench)
        self._ledger = UndoLedger(bench.store)
        self._problems: list[Problem] = []
        self._foreseen: list[Problem] = []

    def note(self, problems: Iterable[Problem]) -> None:
        """Keep problems, of very many the first."""
        _keep(problems, self._problems)

    def plan(self, made: Operation) -> None:
        """Add an operation; it takes the place of an earlier one on its record."""
        self._ledger.plan(self._shelves.put(made), made, points_at(made, self._bench.mapping))
        if self._whole:
            entity = self._bench.mapping.entity(made.entity)
            _keep(self._dry_run.problems(entity, made), self._foreseen)

    def offer(self, wanted: Operation, made: Operation | None, problems: Sequence[Problem]) -> None:
        """Keep what takes a record back that was not chosen: another one may need it."""
        rows = [(one.severity, one.entity, one.key, one.message) for one in problems]
        told = orjson.dumps(rows).decode()
        if made is None:
            self._ledger.refuse(wanted, told)
        else:
            needs = points_at(made, self._bench.mapping)
            self._ledger.offer(self._shelves.put(made), made, needs, told)

    def settle(self, cancel: CancelToken) -> None:
        """Bring what is needed, leave out what refers to nothing or what others hang on."""
        self._ledger.drop_met()
        if not self._whole:
            self._bring_what_is_needed(cancel)
        while (orphans := self._ledger.leave_orphans(self._room)) is not None:
            cancel.check()
            for record, side, needs in orphans:
                words = f"it refers to {needs.entity} {needs.key}, which {side.label} lacks"
                self.note([_left(record, words)])
        self._keep_what_others_hang_on(cancel)

    def made(self) -> CommitPlan:
        """Return the plan; the draft is used up."""
        planned = self._ledger.planned(self._shelves.count)
        if self._whole and all(planned):  # nothing was left out: it is as it was looked at
            problems = [*self._problems, *self._foreseen][:MOST_PROBLEMS]
            return finished(self._bench, self._shelves, problems, self._dry_run)
        return assembled(self._bench, self._shelves.those(planned), self._problems)

    def close(self) -> None:
        """Give the room back."""
        self._shelves.close()
        self._ledger.close()

    @property
    def _room(self) -> int:
        return MOST_PROBLEMS - len(self._problems)

    def _bring_what_is_needed(self, cancel: CancelToken) -> None:
        """What an operation points at must be there: the same commit's undo brings it."""
        while (brought := self._ledger.bring(self._room)) is not None:
            cancel.check()
            for record, told, needed_by, comes in brought:
                self.note(Problem(*row) for row in orjson.loads(told))
                if comes:
                    words = f"added, since {_named(needed_by)} needs it"
                    self.note([Problem("info", *record, words)])

    def _keep_what_others_hang_on(self, cancel: CancelToken) -> None:
        """A delete takes its children along on many targets: not those that no plan names."""
        mapping = self._bench.mapping
        for entity in (mapping.entity(name) for name in reversed(mapping.order)):
            for side in Side:
                cancel.check()
                below = self._below(entity, side) if self._ledger.deletes(entity, side) else []
                again = bool(below)
                while again:  # a record may hang on one of its own kind
                    held = self._ledger.leave_held(entity, side, below, self._room)
                    for key, total, first in held or ():
                        words = f"it cannot go, since these hang on it: {_list(first, total)}"
                        self.note([_left(RecordKey(entity.name, key), words)])
                    again = held is not None and entity in below

    def _below(self, entity: EntityMapping, side: Side) -> list[EntityMapping]:
        """Return what may hang on an entity's records; what no delete takes is a part of them."""
        verbs = self._bench.connectors[side].verbs
        return [
            child
            for child in self._bench.mapping.children(entity.name)
            if Verb.DELETE in verbs(child)
        ]


def some(names: Sequence[str], count: int = 0) -> str:
    """Return the first names of so many (by itself, of those that there are) in words."""
    more = (count or len(names)) - _NAMED
    shown = ", ".join(names[:_NAMED])
    return f"{shown} and {more} more" if more > 0 else shown


def _list(records: Sequence[RecordKey], count: int) -> str:
    return some([_named(record) for record in records], count)


def _named(record: RecordKey) -> str:
    return f"{record.entity} {record.key}"


def _left(record: RecordKey, words: str) -> Problem:
    return Problem("warning", *record, words)


def _keep(problems: Iterable[Problem], kept: list[Problem]) -> None:
    for problem in problems:
        if len(kept) < MOST_PROBLEMS:
            kept.append(problem)
