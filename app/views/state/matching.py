"""What customers could look up to, as lines to choose from, and the plan of those chosen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from app.domain.control import CancelToken, Report
from app.domain.matching import Found
from app.domain.plan import CommitPlan
from app.errors import WrongUse
from app.sync.matching import Matched, find_matches, looks_up, matching_plan
from app.sync.workbench import Workbench
from app.views.state.language import tr

MOST_LINES = 2000
"""Lines that the list shows: more nobody reads, and committing some brings the next."""


class How(Enum):
    """How sure a line is, the surest first."""

    SURE = "sure"
    SUGGESTED = "suggested"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True, slots=True)
class MatchLine:
    """A customer and what it could look up to.

    Attributes:
        target: The id of what could be looked up to.
    """

    key: str
    customer: str
    target: str
    title: str
    website: str
    why: str
    how: How


@dataclass(frozen=True, slots=True)
class Matchable:
    """What was found, and its lines; `left_out` of them are not shown."""

    found: Matched
    lines: tuple[MatchLine, ...]
    left_out: int = 0


def can_match(bench: Workbench) -> bool:
    """Return whether the mapping has customers that look up to an object of the org."""
    try:
        looks_up(bench)
    except WrongUse:
        return False
    return True


def matchable(bench: Workbench, cancel: CancelToken, report: Report) -> Matchable:
    """Return what could be looked up to, the surest first, by name; for a worker's thread."""
    found = find_matches(bench, cancel, report)
    lines = [line for one in found.found for line in _lines(one, found)]
    lines.sort(key=lambda one: (list(How).index(one.how), one.customer.casefold(), one.key))
    shown = tuple(lines[:MOST_LINES])
    return Matchable(found, shown, len(lines) - len(shown))


def how_word(how: How) -> str:
    """Return how sure a line is in words."""
    return {
        How.SURE: tr("sure"),
        How.SUGGESTED: tr("suggested"),
        How.AMBIGUOUS: tr("one of several"),
    }[how]


def objection(lines: Sequence[MatchLine]) -> str:
    """Return why lines cannot be taken together, `""` where they can: each customer has one."""
    seen: set[str] = set()
    for line in lines:
        if line.key in seen:
            words = tr("Chosen twice: {customer}. A customer belongs to one account.")
            return words.format(customer=line.customer or line.key)
        seen.add(line.key)
    return ""


def chosen_plan(bench: Workbench, found: Matched, lines: Sequence[MatchLine]) -> CommitPlan:
    """Return the plan that fills the lookup for the lines that a person chose, and no others.

    Raises:
        WrongUse: A customer is not in Salesforce any more.
    """
    known = {one.customer.key: one for one in found.found}
    taken = tuple(
        replace(one, targets=tuple(each for each in one.targets if each.id == line.target))
        for line in lines
        if line.how is not How.AMBIGUOUS
        for one in (known[line.key],)
    )
    named = {line.key: line.target for line in lines if line.how is How.AMBIGUOUS}
    return matching_plan(bench, replace(found, found=taken), suggested=True, named=named)


def rest_words(found: Matched) -> str:
    """Return how the other customers stand: matched already, without any, not there yet."""
    words = tr(
        "{already:,} have an account already; for {without:,} none was found; {absent:,} are not"
        " in Salesforce yet."
    )
    return words.format(already=found.already, without=len(found.without), absent=found.absent)


def _lines(one: Found, found: Matched) -> Iterator[MatchLine]:
    how = How.SURE if one.reason.is_sure else How.SUGGESTED
    if one.is_ambiguous:
        how = How.AMBIGUOUS
    for target in one.targets:
        why = one.reason.value
        if sharing := len(found.sharing.get(target.id, ())):
            why = tr("{why}; {count:,} customers share it").format(why=why, count=sharing)
        yield MatchLine(
            key=one.customer.key,
            customer=one.customer.name or one.customer.key,
            target=target.id,
            title=target.name or target.id,
            website=target.website,
            why=why,
            how=how,
        )
