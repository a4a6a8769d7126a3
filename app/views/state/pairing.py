"""What could be paired and what is, as lines; what pairing and taking apart do to the store."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import product

from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping
from app.domain.pairing import SAME_VALUES, Candidate
from app.store.pairing import pairings
from app.sync.pairing import Surveyed, confirm, surveys, take_apart
from app.sync.workbench import Workbench
from app.views.state.language import tr

MOST_LINES = 2000
"""Lines that the list shows: more nobody reads, and pairing some brings the next."""


class How(Enum):
    """How sure a line is."""

    RULE = "rule"
    SUGGESTED = "suggested"
    AMBIGUOUS = "ambiguous"
    PAIRED = "paired"


@dataclass(frozen=True, slots=True)
class PairLine:
    """Two records that could be one, or that count as one.

    Attributes:
        key: Billing's key.
        side_id: Salesforce's own id.
        bears: The key that Salesforce's record bears, `""` for none.
    """

    entity: str
    label: str
    key: str
    side_id: str
    billing: str
    salesforce: str
    bears: str
    score: int
    why: str
    how: How


@dataclass(frozen=True, slots=True)
class Pairable:
    """The lines of the dialog; `left_out` of those that could be paired are not shown."""

    could_be: tuple[PairLine, ...]
    are: tuple[PairLine, ...]
    left_out: int = 0


def pairable(bench: Workbench, cancel: CancelToken) -> Pairable:
    """Return what could be paired, the surest first, and what is; for a worker's thread."""
    found = [line for one in surveys(bench, (), cancel) for line in _lines(one)]
    found.sort(key=lambda line: (list(How).index(line.how), -line.score))
    shown = tuple(found[:MOST_LINES])
    return Pairable(shown, tuple(_paired(bench)), len(found) - len(shown))


def change_pairs(bench: Workbench, lines: Sequence[PairLine], cancel: CancelToken) -> None:
    """Pair what could be paired, take apart what is.

    Raises:
        WrongUse: One of the records is not there any more, or has a twin already; those before it
            are paired.
    """
    bench.store.claim()
    for line in lines:
        cancel.check()
        if line.how is How.PAIRED:
            take_apart(bench, line.entity, line.key)
        else:
            confirm(bench, line.entity, line.key, line.side_id)


def objection(lines: Sequence[PairLine]) -> str:
    """Return why lines cannot be paired together, `""` where they can: each record has one twin."""
    seen: set[tuple[str, str]] = set()
    for line in lines:
        for place in ((line.entity, f"b{line.key}"), (line.entity, f"s{line.side_id}")):
            if place in seen:
                words = tr("Chosen twice: {record}. A record has one twin.")
                return words.format(record=line.billing or line.key)
            seen.add(place)
    return ""


def _lines(one: Surveyed) -> Iterator[PairLine]:
    for match in one.found.matched:
        why = tr("rule {name}").format(name=match.rule)
        yield _line(one.entity, match.billing, match.salesforce, (match.score, why, How.RULE))
    for match in one.found.suggested:
        why = tr("same values") if match.rule == SAME_VALUES else tr("similar name")
        yield _line(one.entity, match.billing, match.salesforce, (match.score, why, How.SUGGESTED))
    for unclear in one.found.ambiguous:
        why = tr("one of several ({rule})").format(rule=unclear.rule)
        for billing, salesforce in product(unclear.billing, unclear.salesforce):
            yield _line(one.entity, billing, salesforce, (0, why, How.AMBIGUOUS))


def _line(
    entity: EntityMapping,
    billing: Candidate,
    salesforce: Candidate,
    told: tuple[int, str, How],
) -> PairLine:
    score, why, how = told
    return PairLine(
        entity=entity.name,
        label=entity.label,
        key=billing.id,
        side_id=salesforce.id,
        billing=billing.title or billing.id,
        salesforce=salesforce.title or salesforce.id,
        bears=salesforce.own_key,
        score=score,
        why=why,
        how=how,
    )


def _paired(bench: Workbench) -> Iterator[PairLine]:
    for one in pairings(bench.store):
        entity = bench.mapping.by_name.get(one.entity)
        if entity is not None:
            yield PairLine(
                entity=one.entity,
                label=entity.label,
                key=one.key,
                side_id=one.side_id,
                billing=one.key,
                salesforce=one.side_id,
                bears=one.own_key,
                score=one.score,
                why=tr("{rule}, {who}").format(rule=one.rule, who=one.who),
                how=How.PAIRED,
            )
