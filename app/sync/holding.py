"""Holding back: inserts that a rule of the mapping leaves to a person, and why."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from hashlib import sha256

from app.domain.control import CancelToken
from app.domain.convert import text
from app.domain.diff import Kind
from app.domain.holding import lacking, may_be, may_be_one_of, with_held
from app.domain.mapping import EntityMapping, InsertRule
from app.domain.pairing import survey
from app.domain.record import Side
from app.store.choices import choice_of, choose
from app.store.comparison import existing_keys
from app.store.holding import (
    Doubles,
    NewRecord,
    below,
    held_with,
    keep_doubles,
    keep_held,
    known_doubles,
    mark_of_alone,
    new_records,
    own_reason,
    parent_key,
)
from app.store.pairing import alone_in_billing, alone_in_salesforce
from app.sync.choosing import with_tick
from app.sync.workbench import Workbench


def hold_back(bench: Workbench, cancel: CancelToken) -> None:
    """Tell from the other inserts those that the mapping's rules leave to a person.

    Costs what only billing has of entities with such a rule, and what is below what is held back.
    """
    ruled = [one for one in bench.mapping.entities if one.insert_if or one.guard]
    if not ruled:
        return
    whys: dict[int, str] = {}
    for entity in ruled:
        whys |= _held_of(bench, entity, cancel)
    keep_held(bench.store, whys)


def why_held(bench: Workbench, entity: EntityMapping, link: int) -> str:
    """Return in words why a record is held back, that of its parent where it has none itself."""
    words = own_reason(bench.store, link)
    if words or not entity.parent:
        return words
    return with_held(bench.mapping.entity(entity.parent), parent_key(bench.store, link))


def tick_held(bench: Workbench, links: Iterable[int], *, ticked: bool) -> None:
    """Tick records that are held back, or untick them, each with what waits below it alone.

    Raises:
        WorkspaceBusy: Another Concord writes the workspace.
    """
    bench.store.claim()
    wanted = held_with(bench.store, frozenset(links))
    choices = {link: choice_of(bench.store, link) for link in wanted}
    choose(
        bench.store,
        {link: with_tick(Kind.HELD_BACK, one, ticked=ticked) for link, one in choices.items()},
    )


def _held_of(bench: Workbench, entity: EntityMapping, cancel: CancelToken) -> Mapping[int, str]:
    new = list(new_records(bench.store, entity))
    if not new:
        return {}
    links = {one.key: one.link for one in new}
    whys: dict[str, str] = {}
    if entity.guard:
        whys |= _doubles(bench, entity, new, cancel)
    if entity.insert_if:
        for key, why in _lacking(bench, entity.insert_if, new, cancel):
            whys[key] = f"{whys[key]}; {why}" if key in whys else why
    whys = {key: why for key, why in whys.items() if key in links}
    return {links[key]: why for key, why in _with_what_refers(entity, new, whys).items()}


def _doubles(
    bench: Workbench, entity: EntityMapping, new: list[NewRecord], cancel: CancelToken
) -> Mapping[str, str]:
    """Return key → why it may be a record that Salesforce has under no key, or another one.

    To look through all takes its time, so that it is done only where something has changed.
    """
    parts = [bench.mapping.fingerprint, mark_of_alone(bench.store, entity)]
    parts += sorted(f"{one.link} {one.content}" for one in new)
    mark = sha256("|".join(parts).encode()).hexdigest()
    known = known_doubles(bench.store, entity)
    if known.mark != mark:
        known = Doubles(mark, _found_doubles(bench, entity, cancel))
        keep_doubles(bench.store, entity, known)
    return known.whys


def _found_doubles(bench: Workbench, entity: EntityMapping, cancel: CancelToken) -> dict[str, str]:
    others = list(alone_in_salesforce(bench.store, entity))
    if not others:
        return {}
    found = survey(entity, alone_in_billing(bench.store, entity), others, cancel.check)
    whys = {one.billing.id: may_be(one, by_rule=False) for one in found.suggested}
    whys |= {one.billing.id: may_be(one, by_rule=True) for one in found.matched}
    for unclear in found.ambiguous:
        whys |= {one.id: may_be_one_of(unclear) for one in unclear.billing}
    return whys


def _lacking(
    bench: Workbench, rule: InsertRule, new: list[NewRecord], cancel: CancelToken
) -> Iterator[tuple[str, str]]:
    """Yield key and reason of what has no record below it as the rule wants it."""
    other = bench.mapping.entity(rule.entity)
    target = bench.mapping.entity(other.field_of(rule.field).to)
    has = partial(_both_have, bench, target, {})
    for one in new:
        cancel.check()
        why = lacking(rule, other, below(bench.store, other, one.key), has)
        if why:
            yield one.key, why


def _both_have(bench: Workbench, entity: EntityMapping, known: dict[str, bool], key: str) -> bool:
    if key not in known:
        known[key] = all(existing_keys(bench.store, entity, side, [key]) for side in Side)
    return known[key]


def _with_what_refers(
    entity: EntityMapping, new: list[NewRecord], whys: dict[str, str]
) -> dict[str, str]:
    """Return keys and reasons with those of the same kind that point at one held back."""
    places = [entity.index[field.name] for field in entity.references if field.to == entity.name]
    grew = bool(places and whys)
    while grew:
        grew = False
        for one in new:
            named = (text(one.values[place]) for place in places)
            above = next((key for key in named if key in whys), None)
            if above is not None and one.key not in whys:
                whys[one.key] = with_held(entity, above)
                grew = True
    return whys
