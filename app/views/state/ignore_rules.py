"""Ignore rules as people make them: a draft, what it would ignore, the list of those that hold."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count

from app.domain.control import CancelToken
from app.domain.convert import text
from app.domain.diff import FieldDiff, same
from app.domain.ignore import covers, rule_for, rule_from
from app.domain.mapping import NUMBERS, EntityMapping, IgnoreRule
from app.domain.record import Unreadable
from app.store.comparison import stored_diffs
from app.store.ignoring import own_rules
from app.sync.ignoring import rules_of
from app.sync.workbench import Workbench
from app.views.state.difference import field_label
from app.views.state.language import tr

_ASK_EACH = 500
_LONGEST_VALUE = 40


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """A rule as it stands in the form; None and "" leave a part out."""

    name: str
    entity: str
    field: str
    billing: str | None = None
    salesforce: str | None = None
    pattern: str = ""
    case: bool = False
    spaces: bool = False
    tolerance: str = ""


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule in the list; only one that was made in the workspace can be removed there."""

    name: str
    entity: str
    field: str
    words: str
    own: bool


def first_draft(bench: Workbench, entity: EntityMapping, diff: FieldDiff) -> RuleDraft:
    """Return the draft for a field that differs: every difference of it, and a name that is free.

    The two values stand in it, to be taken up where only they are to be ignored.
    """
    taken = {rule.name for each in bench.mapping.entities for rule in rules_of(bench, each)}
    name = free_name(f"{entity.label} {field_label(diff.name).lower()}", taken)
    return RuleDraft(name, entity.name, diff.name, text(diff.billing), text(diff.salesforce))


def free_name(wanted: str, taken: Iterable[str]) -> str:
    """Return a name that no rule has: the one wanted, or with a number behind it."""
    known = set(taken)
    numbered = (f"{wanted} {number}" for number in count(2))
    return wanted if wanted not in known else next(name for name in numbered if name not in known)


def rule_of(draft: RuleDraft) -> IgnoreRule:
    """Return the rule that a draft describes.

    Raises:
        WrongUse: It has no name, or its pattern or tolerance cannot be read.
    """
    said = {
        "name": draft.name.strip(),
        "field": draft.field,
        "billing": draft.billing,
        "salesforce": draft.salesforce,
        "pattern": draft.pattern,
        "case": draft.case,
        "spaces": draft.spaces,
        "tolerance": draft.tolerance.strip() or None,
    }
    return rule_from(said, draft.entity)


def takes_tolerance(entity: EntityMapping, field: str) -> bool:
    """Return whether a field holds numbers, for which a tolerance means something."""
    return entity.fields[entity.index[field]].type in NUMBERS


def would_ignore(bench: Workbench, rule: IgnoreRule, cancel: CancelToken) -> int:
    """Return how many differences a rule would ignore that no other rule ignores yet.

    Reads the stored differences of the rule's entity only; for a worker's thread.
    """
    entity = bench.mapping.entity(rule.entity)
    place, rules, found = entity.index[rule.field], rules_of(bench, entity), 0
    for done, stored in enumerate(stored_diffs(bench.store, entity)):
        if done % _ASK_EACH == 0:
            cancel.check()
        billing, salesforce = stored.pair.billing, stored.pair.salesforce
        if billing is None or salesforce is None:
            continue
        left, right = billing[place], salesforce[place]
        if same(left, right) or isinstance(left, Unreadable) or isinstance(right, Unreadable):
            continue
        known = rule_for(rules, rule.field, left, right)
        found += not known and covers(rule, left, right)
    return found


def preview_words(count: int) -> str:
    """Return "Would ignore 12 differences"."""
    if count == 1:
        return tr("Would ignore 1 difference.")
    return tr("Would ignore {count:,} differences.").format(count=count)


def rule_lines(bench: Workbench) -> tuple[RuleLine, ...]:
    """Return all rules that hold, by entity; of each the mapping's own first."""
    made = {rule.name for rule in own_rules(bench.store)}
    return tuple(
        RuleLine(
            rule.name, entity.label, field_label(rule.field), rule_words(rule), rule.name in made
        )
        for entity in bench.mapping.entities
        for rule in rules_of(bench, entity)
    )


def rule_words(rule: IgnoreRule) -> str:
    """Return in words what a rule ignores."""
    parts = []
    if rule.billing is not None:
        parts.append(tr("billing is \u201c{value}\u201d").format(value=_short(rule.billing)))
    if rule.salesforce is not None:
        parts.append(tr("Salesforce is \u201c{value}\u201d").format(value=_short(rule.salesforce)))
    if rule.pattern:
        parts.append(tr("the same without {pattern}").format(pattern=rule.pattern))
    if rule.case:
        parts.append(tr("the same but for upper and lower case"))
    if rule.spaces:
        parts.append(tr("the same but for white space"))
    if rule.tolerance is not None:
        parts.append(tr("not more than {number} apart").format(number=text(rule.tolerance)))
    return tr(" and ").join(parts) or tr("every difference of the field")


def _short(value: str) -> str:
    return value if len(value) <= _LONGEST_VALUE else f"{value[:_LONGEST_VALUE]}\u2026"
