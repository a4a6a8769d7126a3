"""What an action takes from a record of Salesforce: one that somebody made there, or a deal."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.connectors.protocol import ReadRequest, Scope
from app.domain.action import Action, Source
from app.domain.control import CancelToken
from app.domain.convert import text
from app.domain.mapping import EntityMapping, FieldMapping, FieldType, Owner
from app.domain.matching import long_id
from app.domain.record import Side
from app.errors import NotFound, WrongUse
from app.store.alone import alone_by_id
from app.store.comparison import all_pairs, find_link, one_pair
from app.sync.matching import looks_up
from app.sync.workbench import Workbench

_IN_A_LINK = re.compile(r"[/=]([A-Za-z0-9]{18}|[A-Za-z0-9]{15})(?![A-Za-z0-9])")


@dataclass(frozen=True, slots=True)
class Taken:
    """What a record of Salesforce tells an action.

    Attributes:
        made_from: The key by which the record counts as the one that is made, `""` where it
            does not.
        key: The key of the record that the action is about, `""` for one that makes one.
        given: Input → words, as somebody would type them.
    """

    made_from: str
    key: str
    given: Mapping[str, str]


def taken_from(
    bench: Workbench, action: Action, key: str, record: str, cancel: CancelToken
) -> Taken:
    """Return what an action takes from a record; of the org's own objects it is read now.

    Args:
        bench: The workspace.
        action: The action.
        key: The key of the customer that it is about; `""` looks for the one whose account it is.
        record: The record's id, or its address in the browser.
        cancel: Stops the reading.

    Raises:
        WrongUse: The action takes nothing from its object, or it is of another customer's account.
        NotFound: Salesforce has no such record, or none without a twin.
    """
    side_id = record_id(record)
    found = next((one for one in action.sources if side_id.startswith(one.prefix)), None)
    if found is None:
        return _made_there(bench, action, side_id)
    values = _read(bench, found, side_id, cancel)
    given = {name: values[field] for name, field in found.fields.items() if values[field]}
    if found.account:
        key = _customer_of(bench, key, values[found.account])
    return Taken("", key, given)


def record_id(words: str) -> str:
    """Return the id that stands in words: an id, long or short, or a record's address."""
    plain = words.strip()
    found = _IN_A_LINK.search(plain)
    return long_id(plain) or (long_id(found[1]) if found else "") or plain


def _made_there(bench: Workbench, action: Action, side_id: str) -> Taken:
    entity = bench.mapping.entity(action.entity)
    names = [one.sobject for one in action.sources]
    if not action.makes:
        known = " or ".join(names) or "none"
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
    """Return the values of one record, by the names of the object's fields."""
    names = sorted({*source.fields.values(), *filter(None, [source.account])})
    entity = EntityMapping(
        name=source.sobject,
        label=source.sobject,
        plural=source.sobject,
        sobject=source.sobject,
        billing_key="Id",
        salesforce_key="Id",
        title=names[0],
        fields=tuple(
            FieldMapping(name, name, name, FieldType.TEXT, Owner.SALESFORCE) for name in names
        ),
    )
    request = ReadRequest((entity,), Scope.KEYS, (side_id,))
    for page in bench.connectors[Side.SALESFORCE].read(request, cancel):
        for one in page.records:
            return dict(zip(names, map(text, one.values), strict=True))
    raise NotFound(
        f"Salesforce has no {source.sobject} {side_id!r}.",
        "Check the id, and whether Concord's user may see it.",
    )


def _customer_of(bench: Workbench, key: str, account: str) -> str:
    """Return the key of billing's customer that looks up to an account, a certain one if named.

    Raises:
        WrongUse: The one that is named looks up to another.
        NotFound: There is none, or several.
    """
    entity, field = looks_up(bench)
    place = entity.index[field.name]
    if key:
        link = find_link(bench.store, entity, key)
        found = None if link is None else one_pair(bench.store, link)
        values = None if found is None else found[1].salesforce
        if values and values[place] and account and values[place] != account:
            raise WrongUse(
                f"The record is of the account {account}, {entity.label} {key!r} is of another.",
                "Take one of its own account.",
            )
        return key
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
