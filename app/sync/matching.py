"""Matching: which Salesforce account each customer of billing looks up to, and the plan of that."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.connectors.protocol import ReadRequest, Scope
from app.domain.control import CancelToken, Progress, Report
from app.domain.convert import text
from app.domain.mapping import EntityMapping, FieldMapping, FieldType, Owner
from app.domain.matching import Customer, Found, Target, long_id, matches
from app.domain.plan import CommitPlan, FieldChange, Operation, Problem, Verb
from app.domain.record import Side, Values
from app.errors import WrongUse
from app.store.comparison import Pair, all_pairs, find_link, one_pair, side_details
from app.sync.planner import assembled
from app.sync.workbench import Workbench


@dataclass(frozen=True, slots=True)
class Matched:
    """What was found.

    Attributes:
        entity: The entity whose records look up to something.
        field: Its field that says to what.
        sharing: Id of a target → keys of the customers that look up or would look up to it, where
            there are several.
        already: How many look up to something already.
        without: The keys of those for which nothing was found.
        absent: How many are not in Salesforce yet, so that nothing can be said there.
    """

    entity: EntityMapping
    field: FieldMapping
    found: tuple[Found, ...]
    sharing: Mapping[str, tuple[str, ...]]
    already: int
    without: tuple[str, ...]
    absent: int


@dataclass(frozen=True, slots=True)
class _Asked:
    """The customers that look up to nothing, and what was counted on the way."""

    customers: tuple[Customer, ...]
    taken: Mapping[str, str]
    absent: int


def find_matches(bench: Workbench, cancel: CancelToken, report: Report) -> Matched:
    """Return what could be looked up to; reads the org's own object whole, changes nothing.

    Raises:
        WrongUse: The mapping has no such entity.
    """
    entity, field = looks_up(bench)
    asked = _asked(bench, entity, field)
    report(Progress(0, 0, f"Reading {field.lookup}"))
    found = tuple(matches(asked.customers, _targets(bench, field, cancel)))
    named = {one.customer.key for one in found}
    owners = dict(asked.taken)
    owners |= {one.customer.key: one.targets[0].id for one in found if not one.is_ambiguous}
    together: dict[str, list[str]] = {}
    for key, target in owners.items():
        together.setdefault(target, []).append(key)
    return Matched(
        entity,
        field,
        found,
        {target: tuple(keys) for target, keys in together.items() if len(keys) > 1},
        len(asked.taken),
        tuple(one.key for one in asked.customers if one.key not in named),
        asked.absent,
    )


def looks_up(bench: Workbench) -> tuple[EntityMapping, FieldMapping]:
    """Return the entity of accounts with its field that is Salesforce's own lookup.

    Raises:
        WrongUse: The mapping has none.
    """
    entity = bench.mapping.account
    fields = entity.fields if entity else ()
    found = next((f for f in fields if f.lookup and f.owner is Owner.SALESFORCE), None)
    if entity is None or found is None:
        raise WrongUse(
            "The mapping has no customers that look up to another object of Salesforce.",
            "Pairing is for records that are the same on both sides: `concord pair`.",
        )
    return entity, found


def matching_plan(
    bench: Workbench, found: Matched, *, suggested: bool, named: Mapping[str, str]
) -> CommitPlan:
    """Return the plan that fills the lookup in Salesforce.

    Args:
        bench: The workspace.
        found: What `find_matches` found.
        suggested: Whether what nobody confirmed is taken too, as long as it is not ambiguous.
        named: Key → id of what a person says that it looks up to.

    Raises:
        WrongUse: A key is none of billing's, or an id cannot be one.
    """
    wanted = {
        one.customer.key: (one.targets[0].id, one.reason.value)
        for one in found.found
        if not one.is_ambiguous and (one.reason.is_sure or suggested)
    }
    for key, given in named.items():
        if not long_id(given):
            raise WrongUse(f"{given!r} is no id of Salesforce.", "It has 15 or 18 characters.")
        wanted[key] = (long_id(given), "said so")
    operations, told = [], []
    for key, (target, why) in wanted.items():
        operations.append(_operation(bench, found.entity, found.field, key, target))
        told.append(
            Problem("info", found.entity.name, key, f"{found.field.lookup} {target}: {why}")
        )
    return assembled(bench, operations, told)


def _operation(
    bench: Workbench, entity: EntityMapping, field: FieldMapping, key: str, target: str
) -> Operation:
    link = find_link(bench.store, entity, key)
    opened = None if link is None else one_pair(bench.store, link)
    pair = None if opened is None else opened[1]
    if link is None or pair is None or pair.salesforce is None:
        raise WrongUse(f"Salesforce has no {entity.label} {key!r} yet.", "Commit it, then match.")
    before = pair.salesforce[entity.index[field.name]]
    change = FieldChange(field.name, before, target)
    side_id = side_details(bench.store, link, Side.SALESFORCE)[0]
    expects = pair.hashes.salesforce
    return Operation(entity.name, key, Side.SALESFORCE, Verb.UPDATE, (change,), expects, side_id)


def _asked(bench: Workbench, entity: EntityMapping, field: FieldMapping) -> _Asked:
    customers, taken, absent = [], {}, 0
    place = entity.index[field.name]
    for pair in all_pairs(bench.store, entity):
        if pair.billing is None:
            continue
        if pair.salesforce is None:
            absent += 1
        elif pair.salesforce[place]:
            taken[pair.key] = text(pair.salesforce[place])
        else:
            customers.append(_customer(entity, pair, pair.billing))
    customers.sort(key=lambda one: one.key)
    return _Asked(tuple(customers), taken, absent)


def _customer(entity: EntityMapping, pair: Pair, values: Values) -> Customer:
    def shown(facet: str) -> str:
        name = entity.shows.get(facet)
        return "" if name is None else text(values[entity.index[name]])

    texts = [value for value in values if isinstance(value, str)]
    return Customer(pair.key, shown("name"), shown("email"), tuple(_with_nested(texts)))


def _with_nested(texts: Sequence[str]) -> Iterator[str]:
    """Yield texts, and those in JSON objects: metadata may hold an id of the org."""
    for each in texts:
        yield each
        if each.startswith("{"):
            try:
                found = json.loads(each)
            except ValueError:
                continue
            yield from (value for value in found.values() if isinstance(value, str))


def _targets(bench: Workbench, field: FieldMapping, cancel: CancelToken) -> Iterator[Target]:
    """Yield the records of the object that is looked up to."""
    entity = _object(field.lookup)
    request = ReadRequest((entity,), Scope.ALL)
    for page in bench.connectors[Side.SALESFORCE].read(request, cancel):
        for record in page.records:
            name, website = map(text, record.values)
            yield Target(record.key, name, website)


def _object(sobject: str) -> EntityMapping:
    """Return an object of the org as an entity to be read, keyed by its ids."""
    fields = tuple(
        FieldMapping(name.lower(), name, name, FieldType.TEXT, Owner.SALESFORCE)
        for name in ("Name", "Website")
    )
    return EntityMapping(
        name=sobject,
        label=sobject,
        plural=sobject,
        sobject=sobject,
        billing_key="Id",
        salesforce_key="Id",
        title="name",
        fields=fields,
    )
