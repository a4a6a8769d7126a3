"""How a difference is told: its glyph, its word, its tone, and the direction of its write."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from app.domain.diff import FieldDiff, Kind
from app.domain.mapping import KEY, EntityMapping, Owner
from app.domain.plan import Verb
from app.domain.proposal import TICKABLE, Choice, one_sided_verb, written_to
from app.domain.record import Side
from app.views.state.language import tr

MINUS = "\u2212"
# What a tick on a whole group takes along; deletes and conflicts are ticked one by one.
SAFE_TO_TICK = frozenset({Kind.ONLY_IN_BILLING, Kind.DIFFERENT})
DIFFERENCES = TICKABLE | {Kind.DUPLICATE_KEY, Kind.NOT_COMPARABLE}


class Tone(Enum):
    """The colour family of a state; never the only thing that tells it."""

    PLAIN = "plain"
    BILLING = "billing"
    SALESFORCE = "salesforce"
    CHANGED = "changed"
    CONFLICT = "conflict"
    MUTED = "muted"


class Arrow(Enum):
    """Which side a difference's write goes to."""

    NONE = "none"
    TO_SALESFORCE = "to_salesforce"
    TO_BILLING = "to_billing"
    BOTH = "both"
    SKIP = "skip"


class Tick(Enum):
    """A tick box: none at all, off, on, or some of a group."""

    NONE = "none"
    OFF = "off"
    SOME = "some"
    ON = "on"


ARROW_TO = {Side.SALESFORCE: Arrow.TO_SALESFORCE, Side.BILLING: Arrow.TO_BILLING}
TONES = {
    Kind.IDENTICAL: Tone.PLAIN,
    Kind.ONLY_IN_BILLING: Tone.BILLING,
    Kind.ONLY_IN_SALESFORCE: Tone.SALESFORCE,
    Kind.DIFFERENT: Tone.CHANGED,
    Kind.CONFLICT: Tone.CONFLICT,
    Kind.DUPLICATE_KEY: Tone.CONFLICT,
    Kind.IGNORED: Tone.MUTED,
    Kind.NOT_COMPARABLE: Tone.MUTED,
    Kind.HELD_BACK: Tone.MUTED,
}
_GLYPHS = {
    Kind.IDENTICAL: "",
    Kind.ONLY_IN_BILLING: "+",
    Kind.ONLY_IN_SALESFORCE: MINUS,
    Kind.DIFFERENT: "~",
    Kind.CONFLICT: "!",
    Kind.DUPLICATE_KEY: "!",
    Kind.IGNORED: "\u2248",
    Kind.NOT_COMPARABLE: "?",
    Kind.HELD_BACK: "\u2016",
}
_ACRONYMS = {each.lower(): each for each in ("GL", "ID", "MRR", "PDF", "PO", "SKU", "URL")}
_VERB_GLYPHS = {Verb.INSERT: "+", Verb.UPDATE: "~", Verb.DELETE: MINUS}


@dataclass(frozen=True, slots=True)
class Intent:
    """What would be written for one difference: a verb (None: nothing) and where to."""

    verb: Verb | None
    arrow: Arrow


def kind_word(kind: Kind, *, deleted: bool = False) -> str:
    """Return a kind of difference as people read it."""
    if deleted and kind is Kind.ONLY_IN_BILLING:
        return tr("deleted in Salesforce")
    if deleted and kind is Kind.ONLY_IN_SALESFORCE:
        return tr("deleted in billing")
    return {
        Kind.IDENTICAL: tr("identical"),
        Kind.ONLY_IN_BILLING: tr("only in billing"),
        Kind.ONLY_IN_SALESFORCE: tr("only in Salesforce"),
        Kind.DIFFERENT: tr("different"),
        Kind.CONFLICT: tr("changed on both sides"),
        Kind.DUPLICATE_KEY: tr("several records share this key"),
        Kind.IGNORED: tr("same when ignored"),
        Kind.NOT_COMPARABLE: tr("not comparable"),
        Kind.HELD_BACK: tr("held back"),
    }[kind]


def verb_word(verb: Verb) -> str:
    """Return an operation's verb as people read it."""
    return {
        Verb.INSERT: tr("insert"),
        Verb.UPDATE: tr("update"),
        Verb.DELETE: tr("delete"),
    }[verb]


def arrow_word(arrow: Arrow) -> str:
    """Return the direction of a write as people read it."""
    return {
        Arrow.NONE: "",
        Arrow.TO_SALESFORCE: tr("write to Salesforce"),
        Arrow.TO_BILLING: tr("write to billing"),
        Arrow.BOTH: tr("write to both sides"),
        Arrow.SKIP: tr("skip"),
    }[arrow]


def side_word(side: Side) -> str:
    """Return a side's name as a heading."""
    return tr("Salesforce") if side is Side.SALESFORCE else tr("Billing")


def field_label(name: str) -> str:
    """Return a field's name as people read it: `rate_per_unit` is "Rate per unit"."""
    if name == KEY:
        return tr("Key")
    words = [_ACRONYMS.get(word, word) for word in name.split("_")]
    joined = " ".join(words)
    return joined[:1].upper() + joined[1:]


def glyph(kind: Kind, intent: Intent) -> str:
    """Return the sign of a difference: what would be done, or what is the matter."""
    if kind in {Kind.CONFLICT, Kind.DUPLICATE_KEY, Kind.HELD_BACK} or intent.verb is None:
        return _GLYPHS[kind]
    return _VERB_GLYPHS[intent.verb]


def one_sided_intent(kind: Kind, holder: Side, choice: Choice) -> Intent:
    """Return what is to be done with a record that one side alone holds."""
    verb = one_sided_verb(kind, holder, choice)
    if verb is None:
        return Intent(None, Arrow.SKIP)
    return Intent(verb, ARROW_TO[holder.other if verb is Verb.INSERT else holder])


def update_intent(sides: Iterable[Side]) -> Intent:
    """Return what is to be done with a pair of which some fields go to some sides."""
    wanted = set(sides)
    if not wanted:
        return Intent(None, Arrow.SKIP)
    if len(wanted) > 1:
        return Intent(Verb.UPDATE, Arrow.BOTH)
    return Intent(Verb.UPDATE, ARROW_TO[wanted.pop()])


def sides_by_owner(entity: EntityMapping, fields: Iterable[str]) -> frozenset[Side] | None:
    """Return where the owners' rule sends some fields; None where the values must be looked at."""
    found: set[Side] = set()
    for name in fields:
        owner = entity.field_of(name).owner
        if owner is Owner.BOTH:
            return None
        found.add(Side.SALESFORCE if owner is Owner.BILLING else Side.BILLING)
    return frozenset(found)


def sides_written(
    entity: EntityMapping, fields: Iterable[FieldDiff], choice: Choice
) -> frozenset[Side]:
    """Return where the differing fields of a pair are written, after the person's choice."""
    return frozenset(
        side
        for field in fields
        for side in Side
        if written_to(field, choice, side, entity.field_of(field.name).type) is not None
    )


def take_label(wish: str) -> str:
    """Return an entry of the menu on an arrow: a side, `skip`, `typed`, or "" (the rule)."""
    labels: Mapping[str, str] = {
        "billing": tr("Take billing's value"),
        "salesforce": tr("Take Salesforce's value"),
        "skip": tr("Skip"),
        "typed": tr("Type a value\u2026"),
        "": tr("As the owner rule says"),
    }
    return labels[wish]
