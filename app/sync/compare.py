"""Compare: the mirror's differing pairs, judged by the three-way rule and stored."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from app.connectors.acting import Tells
from app.domain.control import CancelToken, Progress, Report
from app.domain.diff import Kind, RecordDiff, diff_record, with_own_key
from app.domain.mapping import EntityMapping, IgnoreRule
from app.domain.plan import Problem
from app.domain.proposal import Choice, Proposal, Target, propose
from app.domain.record import Side
from app.store.choices import choice_of
from app.store.comparison import (
    Judged,
    Pair,
    changed_pairs,
    drop_settled,
    kind_counts,
    one_pair,
    side_details,
    store_judged,
)
from app.store.holding import is_held
from app.sync.holding import hold_back, why_held
from app.sync.ignoring import rules_of
from app.sync.workbench import Workbench

_PAIRS_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class OpenedDiff:
    """One pair opened for a person: what differs, what was chosen, what would be done.

    Attributes:
        words: Says what the text of a field means, `""` where it is plain; None where billing's
            connector has no words.
    """

    entity: EntityMapping
    diff: RecordDiff
    choice: Choice
    proposal: Proposal
    words: Callable[[str, str], str] | None = None


def compare(
    bench: Workbench, cancel: CancelToken, report: Report
) -> Mapping[str, Mapping[Kind, int]]:
    """Judge what changed since the last compare; return entity → kind → count.

    The cost is that of the pairs that differ, not of all that there are.
    """
    done = 0
    for entity in bench.mapping.entities:
        rules = rules_of(bench, entity)
        pairs = iter(changed_pairs(bench.store, entity))
        while some := list(islice(pairs, _PAIRS_AT_ONCE)):
            cancel.check()
            judged = [Judged(pair, opened(entity, pair, rules)) for pair in some]
            store_judged(bench.store, entity, judged)
            done += len(some)
            report(Progress(done, 0, f"Comparing {entity.plural}"))
    drop_settled(bench.store)
    hold_back(bench, cancel)
    return kind_counts(bench.store)


def opened(entity: EntityMapping, pair: Pair, rules: Sequence[IgnoreRule] = ()) -> RecordDiff:
    """Return the difference of a pair; records that share a key are a class of their own."""
    diff = diff_record(entity, pair.key, pair.base, pair.billing, pair.salesforce, rules=rules)
    if not pair.duplicate:
        return diff if pair.own_key is None else with_own_key(diff, pair.own_key)
    return replace(diff, kind=Kind.DUPLICATE_KEY, deleted=False)


def held(diff: RecordDiff) -> RecordDiff:
    """Return a difference as one that is held back, if it still is an insert into Salesforce."""
    return replace(diff, kind=Kind.HELD_BACK) if diff.kind is Kind.ONLY_IN_BILLING else diff


def diff_of(bench: Workbench, link: int) -> OpenedDiff | None:
    """Return one pair opened, from the store alone; None where the link is gone."""
    found = one_pair(bench.store, link)
    if found is None:
        return None
    entity, pair = found
    diff, choice = opened(entity, pair, rules_of(bench, entity)), choice_of(bench.store, link)
    words = _words(bench, entity)
    if not is_held(bench.store, link):
        proposal = proposal_of(bench, entity, pair, diff, choice)
        return OpenedDiff(entity, diff, choice, proposal, words)
    diff = held(diff)
    proposal = proposal_of(bench, entity, pair, diff, choice)
    why = f"held back: {why_held(bench, entity, link)}"
    reason = Problem("info", entity.name, pair.key, why)
    proposal = replace(proposal, problems=(reason, *proposal.problems))
    return OpenedDiff(entity, diff, choice, proposal, words)


def _words(bench: Workbench, entity: EntityMapping) -> Callable[[str, str], str] | None:
    connector = bench.connectors[Side.BILLING]
    return partial(connector.told, entity) if isinstance(connector, Tells) else None


def proposal_of(
    bench: Workbench, entity: EntityMapping, pair: Pair, diff: RecordDiff, choice: Choice
) -> Proposal:
    """Return the operations that settle a stored pair as chosen."""
    billing_id, salesforce_id = (
        side_details(bench.store, pair.link, side)[0] for side in (Side.BILLING, Side.SALESFORCE)
    )
    targets = {
        Side.BILLING: Target(pair.billing, pair.hashes.billing, billing_id),
        Side.SALESFORCE: Target(pair.salesforce, pair.hashes.salesforce, salesforce_id),
    }
    return propose(entity, diff, choice, targets, bench.abilities(entity))


def total(counts: Iterable[Mapping[Kind, int]]) -> dict[Kind, int]:
    """Return the counts of all entities together."""
    summed = dict.fromkeys(Kind, 0)
    for one in counts:
        for kind, count in one.items():
            summed[kind] += count
    return summed
