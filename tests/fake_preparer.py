"""A side that can be prepared, in memory: what lacks, what is refused, what was made."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.connectors.preparer import (
    Deployed,
    Part,
    PartFailure,
    PartKey,
    PartState,
    Removal,
    Survey,
)
from app.domain.control import CancelToken, Progress, Report
from app.domain.record import Side
from app.sync.workbench import Workbench
from tests.fakes import FakeSide, make_bench

PLAN = PartKey("object", "Plan__c")
NAME, CODE = PartKey("field", "Plan__c.Key__c"), PartKey("field", "Tier__c.Code__c")
LOOK, FIXED = PartKey("layout", "Plan__c-Plan Layout"), PartKey("field", "Tier__c.Rate__c")
KEYED = PartKey("field", "Tier__c.Key__c")


def lacking() -> list[Part]:
    """Return parts of every state: some that need each other, one for people, one as advice."""
    return [
        Part(PLAN, PartState.MISSING, "Plans: a custom object"),
        Part(NAME, PartState.MISSING, "Text(255)", needs=(PLAN,)),
        Part(CODE, PartState.DIFFERS, "holds 10 characters, the mapping needs 80"),
        Part(FIXED, PartState.BLOCKED, "is Text, the mapping needs Number", ticked=False),
        Part(KEYED, PartState.DIFFERS, "is not unique", ticked=False),
        Part(LOOK, PartState.MISSING, "the page of a record", needs=(PLAN, NAME)),
    ]


@dataclass
class FakePreparer:
    """A system that holds what was made of `parts`."""

    parts: list[Part] = field(default_factory=lacking)
    refuse: dict[PartKey, str] = field(default_factory=dict)
    wait: bool = False
    deployments: int = 0
    removed: list[PartKey] = field(default_factory=list)

    def survey(self, cancel: CancelToken, report: Report) -> Survey:
        cancel.check()
        report(Progress(1, 1, "Looking"))
        return Survey("00D1", tuple(self.parts), 7)

    def deploy(self, parts: Sequence[Part], cancel: CancelToken, report: Report) -> Deployed:
        self.deployments += 1
        report(Progress(0, len(parts), "Trying"))
        if self.wait:
            cancel.wait(20)
        refused = tuple(
            PartFailure(part.key, self.refuse[part.key])
            for part in parts
            if part.key in self.refuse
        )
        if refused:
            return Deployed((), refused)
        made = {part.key for part in parts}
        self.parts = [part for part in self.parts if part.key not in made]
        return Deployed(tuple(part.key for part in parts))

    def removals(self, keys: Sequence[PartKey], cancel: CancelToken) -> tuple[Removal, ...]:
        cancel.check()
        return tuple(Removal(key, 12 if key.kind == "object" else 0) for key in keys)

    def remove(self, keys: Sequence[PartKey], cancel: CancelToken, report: Report) -> Deployed:
        cancel.check()
        report(Progress(0, len(keys), "Trying"))
        self.removed += keys
        return Deployed(tuple(keys))


@dataclass
class PreparableSide(FakeSide):
    """A side in memory whose system can be prepared."""

    made_by: FakePreparer = field(default_factory=FakePreparer)

    def preparer(self) -> FakePreparer:
        return self.made_by


def preparable_bench(path: Path, preparer: FakePreparer) -> Workbench:
    """Return a workbench whose Salesforce side can be prepared."""
    bench = make_bench(path)
    sides = dict(bench.connectors)
    sides[Side.SALESFORCE] = PreparableSide(Side.SALESFORCE, bench.mapping, made_by=preparer)
    return Workbench(bench.name, bench.mapping, bench.store, sides)
