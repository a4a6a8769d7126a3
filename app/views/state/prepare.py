"""Prepare: the lacking parts as groups to be ticked, and what to say of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from app.connectors.preparer import Deployed, Part, PartKey, PartState, Removal, Survey
from app.sync.prepare import with_needs, without
from app.views.state.language import tr

_PLURALS = {
    "object": "Objects",
    "field": "Fields",
    "permission set": "Permission set",
    "assignment": "Assignment of the permission set",
    "layout": "Page layouts",
    "tab": "Tabs",
    "report type": "Report types",
    "report": "Reports",
    "dashboard": "Dashboard",
}


@dataclass(frozen=True, slots=True)
class PartRow:
    """A part as a row: what it is called, how it stands, whether it can be ticked."""

    key: PartKey
    name: str
    state: str
    detail: str
    can_tick: bool
    is_advice: bool


@dataclass(frozen=True, slots=True)
class PartGroup:
    """The lacking parts of one kind."""

    title: str
    rows: tuple[PartRow, ...]


@dataclass(frozen=True, slots=True)
class PrepareView:
    """What stands above the list and on the button."""

    headline: str
    text: str
    run_label: str
    can_run: bool
    typed_name: str = ""


@dataclass(frozen=True, slots=True)
class PrepareOutcome:
    """How it ended: a sentence, what it means, and what was refused (part, name, why)."""

    headline: str
    text: str
    refused: tuple[tuple[str, str, str], ...]


def groups(survey: Survey) -> tuple[PartGroup, ...]:
    """Return the lacking parts by kind, in the order in which they are made."""
    kinds = dict.fromkeys(part.key.kind for part in survey.parts)
    return tuple(
        PartGroup(
            tr(_PLURALS.get(kind, kind.capitalize())),
            tuple(_row(part) for part in survey.parts if part.key.kind == kind),
        )
        for kind in kinds
    )


def _row(part: Part) -> PartRow:
    words = {
        PartState.MISSING: tr("missing"),
        PartState.HIDDEN: tr("hidden"),
        PartState.DIFFERS: tr("differs"),
        PartState.BLOCKED: tr("by hand"),
    }
    advice = not part.lacks
    state = tr("advice") if advice else words[part.state]
    return PartRow(part.key, part.key.name, state, part.detail, part.can_change, advice)


def toggled(
    survey: Survey, chosen: Collection[PartKey], keys: Collection[PartKey], *, on: bool
) -> frozenset[PartKey]:
    """Return what is chosen after keys were ticked or unticked.

    What a ticked part needs is ticked with it; what needs an unticked one is unticked with it.
    """
    able = {part.key for part in survey.parts if part.can_change}
    if on:
        return with_needs(survey, {*chosen, *keys} & able)
    left = frozenset(chosen)
    for key in keys:
        left = without(survey, left, key)
    return left


def prepare_view(
    survey: Survey, chosen: Collection[PartKey], production: Sequence[str]
) -> PrepareView:
    """Return what is said of a survey while some of its parts are chosen."""
    count = len(chosen)
    lacking = sum(part.lacks for part in survey.parts)
    if not survey.parts:
        text = tr("All {count:,} parts that the mapping needs are there.")
        headline = tr("Nothing is lacking")
        return PrepareView(headline, text.format(count=survey.fitting), tr("Make"), can_run=False)
    many = tr("1 thing is lacking") if lacking == 1 else tr("{count:,} things are lacking")
    headline = many if lacking else tr("All that is needed is there")
    text = tr(
        "What is ticked is tried first and changes nothing until the trial went through. Records"
        " are not touched. {fitting:,} parts are as they have to be."
    )
    return PrepareView(
        headline.format(count=lacking),
        text.format(fitting=survey.fitting),
        tr("Make {parts}").format(parts=_parts(count)),
        can_run=count > 0,
        typed_name=production[0] if production else "",
    )


def may_prepare(view: PrepareView, typed: str) -> bool:
    """Return whether it may start: in production only once the name was typed."""
    return view.can_run and (not view.typed_name or typed.strip() == view.typed_name)


def prepare_outcome(done: Deployed, *, deleted: bool = False) -> PrepareOutcome:
    """Return what to say when it ended; `deleted`: what was asked for was to take parts back."""
    refused = tuple((each.key.kind, each.key.name, each.message) for each in done.failures)
    verb = tr("deleted") if deleted else tr("made or changed")
    words = tr("{parts} {verb}").format(parts=_parts(len(done.done)), verb=verb)
    if not refused:
        text = tr("Salesforce keeps what it deletes for 15 days, and its name for as long.")
        good = tr("It can be used at once. Refresh reads it.")
        return PrepareOutcome(words, text if deleted else good, ())
    if done.done:
        more = tr("{words}, {refused} refused").format(words=words, refused=len(refused))
        return PrepareOutcome(more, tr("Mend what is below, then prepare again."), refused)
    words = tr("Nothing was changed: {parts} refused").format(parts=_parts(len(refused)))
    text = tr("Untick what is below or mend it in Setup, then try again.")
    return PrepareOutcome(words, text, refused)


def _parts(count: int) -> str:
    return tr("1 part") if count == 1 else tr("{count:,} parts").format(count=count)


def undo_question(removals: Sequence[Removal]) -> str:
    """Return the question before what Concord made is deleted, with what would be lost."""
    records = sum(removal.records or 0 for removal in removals if removal.key.kind == "object")
    held = [r for r in removals if r.key.kind == "object" and r.records]
    lines = [
        tr("Delete {parts} that Concord made, and {records:,} records with them?").format(
            parts=_parts(len(removals)), records=records
        ),
        *(
            tr("{name}: {count:,} records").format(name=r.key.name, count=r.records or 0)
            for r in held
        ),
    ]
    if any(removal.records is None for removal in removals):
        lines.append(tr("Of some fields nobody tells what they hold."))
    return "\n".join(lines)
