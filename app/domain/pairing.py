"""Pairing: which records are twins though their keys do not say so; names made comparable."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from app.domain.convert import text
from app.domain.folding import folded
from app.domain.mapping import EntityMapping, FieldType, PairRule
from app.domain.record import FieldValue, Unreadable, Values

SAME_VALUES = "same values"
SIMILAR_NAME = "similar name"
LEAST_SCORE = 80
"""Likeness of two names, of 100, from which on they are suggested."""
MARGIN = 5
"""How much better than the next a suggestion has to be; nearer ones are ambiguous."""
_MOST_LOOKED_AT = 60  # candidates of one record that are scored
_MOST_IN_BLOCK = 1000  # a word that so many names have tells nothing
_KEPT = 6  # best candidates of one record
_FRONT = 4  # letters that begin a name; a typing error is more often later
_ALL = 100
_ASK_EACH = 500
_LEGAL_FORMS = frozenset({
    "ab", "ag", "as", "asa", "aps", "bv", "co", "company", "corp", "corporation", "eg", "ek", "gbr",
    "gmbh", "inc", "incorporated", "kg", "kgaa", "kk", "limited", "llc", "llp", "lp", "ltd", "mbh",
    "nv", "ohg", "oy", "oyj", "plc", "pte", "pty", "sa", "sarl", "sas", "se", "sl", "spa", "srl",
    "sro", "ug",
})  # fmt: skip
_JOINED = re.compile(r"(?<=\w)[./](?=\w)|(?<=\w)\.(?!\w)|['\u2019]")
_APART = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record of one side that has no twin, with what it is compared by.

    Attributes:
        id: Billing's key, or Salesforce's id.
        own_key: The key that it bears, `""` for none.
        name: Its title as `normal_name`, its words sorted; `""` where its title is no name.
        currency: Its currencies, `""` for none; two records that differ in them are no twins.
        keys: For each rule of the entity what has to agree; None where something is empty.
        content: The hash of all its values.
    """

    id: str
    title: str
    own_key: str
    name: str
    currency: tuple[str, ...]
    keys: tuple[tuple[str, ...] | None, ...]
    content: int


@dataclass(frozen=True, slots=True)
class Match:
    """Two records that are probably twins, and what says so: a rule's name and a score of 100."""

    billing: Candidate
    salesforce: Candidate
    rule: str
    score: int


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Records of which nobody can tell by themselves which belong together."""

    billing: tuple[Candidate, ...]
    salesforce: tuple[Candidate, ...]
    rule: str


@dataclass(frozen=True, slots=True)
class Survey:
    """What could be paired.

    Attributes:
        matched: What a rule of the mapping says, without ambiguity.
        suggested: What a person has to confirm; best first.
    """

    matched: tuple[Match, ...] = ()
    suggested: tuple[Match, ...] = ()
    ambiguous: tuple[Ambiguous, ...] = ()


def normal_name(name: str) -> str:
    """Return a name without case, accents, punctuation and the legal form at its end.

    `ACME, Inc.` and `Acme B.V.` are both `acme`; a name that is nothing else is left whole.
    """
    plain = folded(name).replace("&", " and ")
    words = _APART.sub(" ", _JOINED.sub("", plain)).split()
    kept = list(words)
    while kept and (kept[-1] in _LEGAL_FORMS or (kept[-1] == "and" and len(kept) < len(words))):
        kept.pop()
    return " ".join(kept or words)


def candidate(
    entity: EntityMapping, record_id: str, own_key: str, values: Values, content: int
) -> Candidate:
    """Return what a record is compared by."""
    title_field = entity.field_of(entity.title)
    title = text(values[entity.index[entity.title]])
    words = sorted(normal_name(title).split()) if title_field.type is FieldType.TEXT else []
    return Candidate(
        id=record_id,
        title=title,
        own_key=own_key,
        name=" ".join(words),
        currency=tuple(text(values[entity.index[name]]) for name in _currencies(entity)),
        keys=tuple(_rule_key(entity, rule, values) for rule in entity.pair),
        content=content,
    )


def survey(
    entity: EntityMapping,
    billing: Iterable[Candidate],
    salesforce: Iterable[Candidate],
    check: Callable[[], None] = lambda: None,
    *,
    by_rules_only: bool = False,
) -> Survey:
    """Return what could be paired of records that have no twin, each id once on its side.

    No record stands in two matches. `check` is called now and then, so that a cancel can end it.
    """
    draft = _Draft({one.id: one for one in billing}, {one.id: one for one in salesforce})
    for number, rule in enumerate(entity.pair):
        check()
        draft.matched += draft.by(rule.name, partial(_key_of, number))
    if not by_rules_only:
        draft.suggested += draft.by(SAME_VALUES, lambda one: (str(one.content),))
        _by_name(draft, check)
    best = sorted(draft.suggested, key=lambda match: (-match.score, match.billing.id))
    return Survey(tuple(draft.matched), tuple(best), tuple(draft.left_ambiguous()))


def _key_of(number: int, one: Candidate) -> tuple[str, ...] | None:
    return one.keys[number]


def likeness(one: Candidate, other: Candidate) -> int:
    """Return how alike two names are, of 100."""
    from rapidfuzz import fuzz  # noqa: PLC0415 - a native library, for few commands

    return round(fuzz.ratio(one.name, other.name)) if one.name and other.name else 0


class _Draft:
    """A survey on its way: what is still without a twin on both sides."""

    def __init__(self, billing: dict[str, Candidate], salesforce: dict[str, Candidate]) -> None:
        self.billing = billing
        self.salesforce = salesforce
        self.matched: list[Match] = []
        self.suggested: list[Match] = []
        self.ambiguous: list[Ambiguous] = []

    def by(self, rule: str, key_of: Callable[[Candidate], tuple[str, ...] | None]) -> list[Match]:
        """Take out, and return, those that have a key that no other has on their side."""
        groups: dict[tuple[str, ...], tuple[list[Candidate], list[Candidate]]] = {}
        for place, side in enumerate((self.billing, self.salesforce)):
            for one in side.values():
                key = key_of(one)
                if key is not None:
                    groups.setdefault(key, ([], []))[place].append(one)
        found = []
        for left, right in groups.values():
            if len(left) == len(right) == 1:
                found.append(Match(left[0], right[0], rule, _ALL))
            elif left and right:
                self.ambiguous.append(Ambiguous(tuple(left), tuple(right), rule))
        self.take(found)
        return found

    def take(self, matches: Iterable[Match]) -> None:
        """Take records out that have a twin now."""
        for match in matches:
            del self.billing[match.billing.id], self.salesforce[match.salesforce.id]

    def left_ambiguous(self) -> Iterable[Ambiguous]:
        """Yield what stayed ambiguous, without what another rule could tell."""
        for one in self.ambiguous:
            left = tuple(c for c in one.billing if c.id in self.billing)
            right = tuple(c for c in one.salesforce if c.id in self.salesforce)
            if left and right:
                yield Ambiguous(left, right, one.rule)


class _Edge(NamedTuple):
    """Two records whose names are alike."""

    billing: str
    salesforce: str
    score: float


def _by_name(draft: _Draft, check: Callable[[], None]) -> None:
    """Suggest pairs by their names; what is nearly as good as the best makes both ambiguous.

    What an earlier rule found ambiguous, and no later one told, is not suggested by its name.
    """
    before = list(draft.left_ambiguous())
    unclear = {c.id for one in before for c in one.billing}
    billing = [one for k, one in draft.billing.items() if one.name and k not in unclear]
    unclear = {c.id for one in before for c in one.salesforce}
    others = [one for k, one in draft.salesforce.items() if one.name and k not in unclear]
    edges = list(_edges(billing, others, check))
    forth = _near((edge.billing, edge.salesforce, edge.score) for edge in edges)
    back = _near((edge.salesforce, edge.billing, edge.score) for edge in edges)
    scores = {(edge.billing, edge.salesforce): edge.score for edge in edges}
    told: set[frozenset[str]] = set()
    for key, near in forth.items():
        check_back = [back[one] for one in near]
        rivals = sorted({key}.union(*check_back))
        if len(near) == 1 and rivals == [key]:
            match = Match(
                draft.billing[key], draft.salesforce[near[0]], SIMILAR_NAME,
                round(scores[key, near[0]]),
            )  # fmt: skip
            draft.suggested.append(match)
        elif any(key in one for one in check_back) and frozenset((*near, *rivals)) not in told:
            told.add(frozenset((*near, *rivals)))
            left = tuple(draft.billing[one] for one in rivals)
            right = tuple(draft.salesforce[one] for one in near)
            draft.ambiguous.append(Ambiguous(left, right, SIMILAR_NAME))
    draft.take(match for match in draft.suggested if match.rule == SIMILAR_NAME)


def _near(edges: Iterable[tuple[str, str, float]]) -> dict[str, list[str]]:
    """Return record → the best of the other side, and those nearly as good."""
    found: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for one, other, score in edges:
        found[one].append((other, score))
    return {
        one: [other for other, score in some if score > max(s for _, s in some) - MARGIN]
        for one, some in found.items()
    }


def _edges(
    billing: Iterable[Candidate], salesforce: Sequence[Candidate], check: Callable[[], None]
) -> Iterable[_Edge]:
    """Yield pairs whose names are alike: of each record the best few of those that share a word."""
    from rapidfuzz import fuzz, process  # noqa: PLC0415 - a native library, for few commands

    blocks: dict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(salesforce):
        for word in _words(one.name):
            blocks[word].append(place)
    for done, one in enumerate(billing):
        if done % _ASK_EACH == 0:
            check()
        looked_at = {
            place: salesforce[place].name
            for place in _looked_at(one, blocks)
            if _agree(salesforce[place].currency, one.currency)
        }
        best = process.extract(
            one.name, looked_at, scorer=fuzz.ratio, score_cutoff=LEAST_SCORE, limit=_KEPT
        )
        yield from (_Edge(one.id, salesforce[place].id, score) for _, score, place in best)


def _agree(one: Sequence[str], other: Sequence[str]) -> bool:
    """Return whether no currency speaks against it: what nobody has linked yet may have none."""
    return all(left == right for left, right in zip(one, other, strict=True) if left and right)


def _looked_at(one: Candidate, blocks: dict[str, list[int]]) -> Iterable[int]:
    """Return the records that share a word with a name, those with a rare one first."""
    lists = sorted((blocks[word] for word in _words(one.name) if word in blocks), key=len)
    found: dict[int, None] = {}
    for places in lists:
        if len(places) > _MOST_IN_BLOCK or len(found) >= _MOST_LOOKED_AT:
            break
        found.update(dict.fromkeys(places))
    return found


def _words(name: str) -> set[str]:
    """Return the words of a name, and how it and each word begins: errors come later in a word."""
    words = name.split()
    return {*words, *(f"^{word[:_FRONT]}" for word in (*words, name.replace(" ", "")))}


def _currencies(entity: EntityMapping) -> list[str]:
    named = {field.currency for field in entity.fields} | {one.currency for one in entity.sums}
    return sorted((named | {"currency"}) & entity.index.keys())


def _rule_key(entity: EntityMapping, rule: PairRule, values: Values) -> tuple[str, ...] | None:
    parts = tuple(_part(values[entity.index[name]], rule) for name in rule.fields)
    return parts if all(parts) else None


def _part(value: FieldValue, rule: PairRule) -> str:
    if isinstance(value, Unreadable):
        return ""
    return normal_name(value) if rule.by_name and isinstance(value, str) else text(value)
