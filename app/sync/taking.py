"""What an action takes from a record of Salesforce: one that somebody made there, or a deal."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from app.domain.action import Action, Taken
from app.domain.control import CancelToken
from app.domain.convert import text
from app.domain.deal import Deal, Sold
from app.domain.mapping import EntityMapping
from app.domain.matching import long_id
from app.domain.source import Source
from app.errors import NotAllowed, NotFound, WrongUse
from app.store.alone import alone_by_id
from app.store.comparison import Pair, all_pairs, find_link, one_pair
from app.sync.deals import every, lines_of, sold_by
from app.sync.matching import looks_up
from app.sync.own_objects import OwnObject, read_own
from app.sync.workbench import Workbench

_IN_A_LINK = re.compile(r"[/=]([A-Za-z0-9]{18}|[A-Za-z0-9]{15})(?![A-Za-z0-9])")


@dataclass(frozen=True, slots=True)
class Wish:
    """An action that is to take something from a record.

    Attributes:
        key: The key of the record that the action is about; `""` looks for the customer whose
            account it is.
        given: Input → what was typed: it counts more than what the record tells.
    """

    action: Action
    key: str
    given: Mapping[str, str]


def taken_from(bench: Workbench, wish: Wish, record: str, cancel: CancelToken) -> Taken:
    """Return what an action takes from a record; of the org's own objects it is read now.

    Args:
        bench: The workspace.
        wish: The action, and what is known of it already.
        record: The record's id, or its address in the browser.
        cancel: Stops the reading.

    Raises:
        WrongUse: The action takes nothing from its object, or it is of another customer's account.
        NotFound: Salesforce has no such record, or none without a twin.
        NotAllowed: Concord's user may not see it, or its lines.
    """
    side_id = record_id(record)
    found = next((one for one in wish.action.sources if side_id.startswith(one.prefix)), None)
    if found is None:
        return _made_there(bench, wish.action, side_id)
    values = _read(bench, found, side_id, cancel)
    told = {name: values[field] for name, field in found.fields.items() if values[field]}
    key = wish.key
    if found.account:
        key = _whose(bench, wish, values[found.account])
    sold = _sold(bench, replace(wish, given={**told, **wish.given}), (found, values), cancel)
    return Taken("", key, {**told, **sold.given}, sold.notes, sold.warnings, sold.unclear)


def record_id(words: str) -> str:
    """Return the id that stands in words: an id, long or short, or a record's address."""
    plain = words.strip()
    found = _IN_A_LINK.search(plain)
    return long_id(plain) or (long_id(found[1]) if found else "") or plain


def _made_there(bench: Workbench, action: Action, side_id: str) -> Taken:
    entity = bench.mapping.entity(action.entity)
    names = [one.sobject for one in action.sources]
    if not action.makes:
        known = " or ".join(names) or "none; the [[source]] of a mapping name them"
        raise WrongUse(
            f"{action.name} takes nothing from the record {side_id!r}.",
            f"Objects that it takes from: {known}.",
        )
    found = alone_by_id(bench.store, entity, side_id)
    if found is None:
        raise NotFound(
            f"Salesforce has no {entity.label} {side_id!r} that is without a twin.",
            "Refresh, and see `concord compare`.",
        )
    key, values = found
    held = dict(zip((field.name for field in entity.fields), map(text, values), strict=True))
    given = {one.name: held[one.name] for one in action.inputs if held.get(one.name)}
    return Taken(key or side_id, "", given)


def _read(bench: Workbench, source: Source, side_id: str, cancel: CancelToken) -> Mapping[str, str]:
    """Return the values of one record, by the names of the object's fields, with its id."""
    names = [*source.fields.values(), source.account]
    what = OwnObject(source.sobject, [*names, source.currency])
    try:
        rows = dict(read_own(bench, what, (side_id,), cancel))
    except NotAllowed:
        if not source.currency:
            raise
        # An org of one currency has no field for it.
        rows = dict(read_own(bench, replace(what, fields=names), (side_id,), cancel))
    for found, values in rows.items():
        return {"Id": found, **{name: text(value) for name, value in values.items()}}
    raise NotFound(
        f"Salesforce has no {source.sobject} {side_id!r}.",
        "Check the id, and whether Concord's user may see it.",
    )


def _sold(
    bench: Workbench, wish: Wish, read: tuple[Source, Mapping[str, str]], cancel: CancelToken
) -> Sold:
    source, values = read
    if source.lines is None or source.product is None:
        return Sold()
    lines = lines_of(bench, source.lines, source.product, values["Id"], cancel)
    currency = values.get(source.currency, "")
    inputs = frozenset(one.name for one in wish.action.inputs)
    return sold_by(bench, Deal(lines, inputs, wish.given, currency, partial(every, bench)))


def _whose(bench: Workbench, wish: Wish, account: str) -> str:
    """Return the key of the record that an action is about, a record's account being known.

    That is billing's customer that looks up to the account, a certain one if named; of another
    entity it has to be named.

    Raises:
        WrongUse: The one that is named is of another account.
        NotFound: No customer looks up to the account, or several do.
    """
    entity, field = looks_up(bench)
    place, about = entity.index[field.name], bench.mapping.entity(wish.action.entity)
    if wish.key:
        customer = _above(bench, about, wish.key)
        found = _pair(bench, entity, customer)
        values = None if found is None else found.salesforce
        if values and values[place] and account and values[place] != account:
            raise WrongUse(
                f"The record is of the account {account}, {about.label} {wish.key!r} is of"
                " another.",
                "Take one of its own account.",
            )
    if wish.key or about is not entity:
        return wish.key
    keys = [
        pair.key
        for pair in all_pairs(bench.store, entity)
        if account and pair.billing and pair.salesforce and pair.salesforce[place] == account
    ]
    if len(keys) == 1:
        return keys[0]
    many = f"{len(keys)} customers look" if keys else "No customer looks"
    raise NotFound(
        f"{many} up to the account {account or '(none)'}.",
        "Name the customer, or see `concord match`.",
    )


def _above(bench: Workbench, entity: EntityMapping, key: str) -> str:
    """Return the key of the customer to whom a record belongs, `""` where that is not known."""
    for one in bench.mapping.above(entity):
        if one is bench.mapping.account:
            return key
        found = _pair(bench, one, key)
        if found is None or found.billing is None or not one.parent:
            return ""
        key = text(found.billing[one.index[one.parent_field]])
    return ""


def _pair(bench: Workbench, entity: EntityMapping, key: str) -> Pair | None:
    link = find_link(bench.store, entity, key)
    found = None if link is None else one_pair(bench.store, link)
    return None if found is None else found[1]
