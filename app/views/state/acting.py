"""What can be done about an account in its billing system; what speaks against what is typed."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from app.domain.action import NOTHING_TAKEN, Action, Input, Taken
from app.domain.convert import text
from app.domain.mapping import NUMBERS, FieldType
from app.domain.plan import CommitPlan
from app.errors import WrongUse
from app.store.alone import alone
from app.store.pager import child_ids, rows
from app.sync.actions import actions_of, input_value, plan_action
from app.sync.workbench import Workbench
from app.views.state.account_data import AccountData
from app.views.state.facets import AccountRecord
from app.views.state.language import tr

MOST_KNOWN = 1000
"""Records that are listed for an input; of others the key can be typed."""
MOST_TOLD = 6
"""Remarks about a record that a form shows."""


@dataclass(frozen=True, slots=True)
class Offer:
    """An action for one record.

    Attributes:
        key: The record's key, "" for an action that makes one or that cannot be done now.
        about: Which record it is, in words.
        objection: Why it cannot be done now, "" where it can.
    """

    action: Action
    key: str
    about: str
    objection: str = ""

    @property
    def heading(self) -> str:
        """What it does to which record."""
        return f"{self.action.label} \u00b7 {self.about}" if self.about else self.action.label


@dataclass(frozen=True, slots=True)
class Known:
    """A record that an input can name."""

    key: str
    title: str

    @property
    def shown(self) -> str:
        """Its title, with its key where that is another."""
        return self.title if self.title == self.key else f"{self.title} ({self.key})"


def known_records(bench: Workbench, action: Action) -> Mapping[str, tuple[Known, ...]]:
    """Return input → the records of billing's that it can name, by title; for a worker's thread.

    An input that is called as an entity names one of its records.
    """
    found = {}
    for one in action.inputs:
        entity = bench.mapping.by_name.get(one.name)
        if entity is not None and not entity.parent:
            links = child_ids(bench.store, entity, None)[:MOST_KNOWN]
            some = (row for row in rows(bench.store, links).values() if row.in_billing)
            known = (Known(row.key, row.title or row.key) for row in some)
            found[one.name] = tuple(sorted(known, key=lambda each: each.title.casefold()))
    return found


def takes(action: Action) -> str:
    """Return from which records of Salesforce an action can take its inputs; "" for none."""
    names = [source.sobject for source in action.sources]
    if action.makes:
        names.insert(0, tr("a record made there"))
    return tr(" or ").join(names)


def known_sources(bench: Workbench, action: Action) -> tuple[Known, ...]:
    """Return the records made in Salesforce that an action can make in billing, newest first."""
    entity = bench.mapping.by_name.get(action.entity)
    if entity is None or not action.makes:
        return ()
    title = entity.index[entity.title]
    found = alone(bench.store, entity, MOST_KNOWN)
    return tuple(Known(side_id, text(values[title]) or side_id) for side_id, values in found)


def taken_words(action: Action, taken: Taken) -> str:
    """Return which inputs a record told, and how it was understood, in words."""
    names = [one.label for one in action.inputs if one.name in taken.given]
    words = tr("The record tells nothing of what is asked here.")
    if names:
        words = tr("Taken from the record: {names}.").format(names=", ".join(names))
    told = (*taken.unclear, *taken.warnings, *taken.notes)
    more = len(told) - MOST_TOLD
    left = (tr("\u2026 and {count} more, in the plan.").format(count=more),) if more > 0 else ()
    return "\n".join((words, *told[:MOST_TOLD], *left))


def typed(given: Mapping[str, str], told: Mapping[str, str]) -> Mapping[str, str]:
    """Return what a person typed: what is given, without what a record told."""
    return {name: words for name, words in given.items() if told.get(name) != words}


def has_actions(bench: Workbench | None) -> bool:
    """Return whether the billing system offers anything."""
    return bench is not None and next(actions_of(bench), None) is not None


def offers(bench: Workbench, data: AccountData, link: int) -> tuple[Offer, ...]:
    """Return what can be done about an account, itself first, then what makes another one.

    Args:
        bench: The workspace.
        data: The account.
        link: The record that is chosen on its pages, 0 for none.
    """
    chosen = next((one for one in data.everything if one.link == link), None)
    found = [_offer(data, one, chosen) for one in actions_of(bench) if _belongs(data, one)]

    def rank(offer: Offer) -> tuple[bool, bool]:
        return offer.action.makes, offer.action.entity != data.account.entity.name

    return tuple(sorted(found, key=rank))


def read_words(given: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return input → what was typed, without what was left empty."""
    typed = ((name, words.strip()) for name, words in given)
    return {name: words for name, words in typed if words}


def objections(action: Action, given: Mapping[str, str]) -> Iterator[str]:
    """Yield what speaks against what is typed, in the order of the inputs."""
    for one in action.inputs:
        words = given.get(one.name, "")
        if words:
            try:
                input_value(one, words)
            except WrongUse:
                yield tr("{label}: {why}").format(label=one.label, why=_wanted(one))


def missing(action: Action, given: Mapping[str, str]) -> str:
    """Return which inputs are still needed, in words; "" for none."""
    names = [one.label for one in action.inputs if one.needed and one.name not in given]
    return tr("Still needed: {names}.").format(names=", ".join(names)) if names else ""


def maker(
    offer: Offer, given: Mapping[str, str], taken: Taken = NOTHING_TAKEN
) -> Callable[[Workbench], CommitPlan]:
    """Return what plans an action; it raises `WrongUse` where it cannot be done so.

    `taken` is what a record of Salesforce told; it is in what is given, as far as it was kept.
    """
    name = offer.action.name
    return lambda bench: plan_action(bench, name, offer.key, given, taken=taken)


def _belongs(data: AccountData, action: Action) -> bool:
    return action.entity == data.account.entity.name or action.entity in data.records


def _offer(data: AccountData, action: Action, chosen: AccountRecord | None) -> Offer:
    if action.makes:
        return Offer(action, "", "")
    record: AccountRecord | None = data.account
    if action.entity != data.account.entity.name:
        found = data.records[action.entity]
        record = chosen if chosen is not None and chosen.entity.name == action.entity else None
        if record is None and len(found) == 1:
            record = found[0]
    if record is None:
        label = data.mapping.entity(action.entity).label
        words = tr("Choose one in its table first: {entity}").format(entity=label)
        return Offer(action, "", "", words)
    about = f"{record.entity.label} {record.title}"
    if record.billing is None:
        return Offer(action, "", about, tr("Billing has no such record"))
    return Offer(action, record.key, about)


def _wanted(one: Input) -> str:
    if one.choices:
        return tr("it may be {choices}").format(choices=", ".join(one.choices))
    if one.type is FieldType.INTEGER:
        return tr("write a whole number, such as 12")
    if one.type in NUMBERS:
        return tr("write a number with a point and no separators, such as 1250.50")
    if one.type is FieldType.BOOLEAN:
        return tr("write true or false")
    example = "2027-01-31"
    return tr("write it as {example}").format(example=example)
