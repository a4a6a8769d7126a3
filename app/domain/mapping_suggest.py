"""Names that may be meant: under a package's prefix, and alike on the two sides."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from app.domain.column import Column
from app.domain.mapping import EntityMapping

_ALIKE = 70
_PACKAGED = re.compile(r"([A-Za-z][A-Za-z0-9]{0,14})__(.+__[a-z]+)")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
# Billing's abbreviations and what an admin would call the field.
_LONG = {
    "acct": "account", "amt": "amount", "cd": "code", "ccy": "currency", "curr": "currency",
    "desc": "description", "dt": "date", "ind": "indicator", "no": "number", "num": "number",
    "qty": "quantity", "sf": "", "field": "", "c": "",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pairing:
    """A billing column and a Salesforce field whose names are alike; a person decides.

    Attributes:
        score: How alike, of 100.
    """

    billing: Column
    salesforce: Column
    score: int


def packaged(name: str, there: Collection[str]) -> tuple[str, ...]:
    """Return the names that are `name` under a package's prefix (`ASF3__Plan__c`), in order.

    A package's objects and fields carry its prefix in an org (aria_for_salesforce.md §2).
    """
    found = ((_PACKAGED.fullmatch(each), each) for each in there)
    return tuple(sorted(each for match, each in found if match and match[2] == name))


def prefix_of(name: str) -> str:
    """Return a name's package prefix with its underscores, `""` where it has none."""
    found = _PACKAGED.fullmatch(name)
    return f"{found[1]}__" if found else ""


def alike(
    entity: EntityMapping, billing: Sequence[Column], salesforce: Sequence[Column]
) -> list[Pairing]:
    """Return pairs of columns that the entity does not map yet, the most alike first.

    Each column stands in one pair at most. Only fields that can be written are offered.
    """
    free_billing = [c for c in billing if c.name not in _mapped(entity)["billing"]]
    free = [c for c in salesforce if c.writable and c.name not in _mapped(entity)["salesforce"]]
    scored = [
        Pairing(one, other, score)
        for one in free_billing
        for other in free
        if (score := likeness(one, other)) >= _ALIKE
    ]
    scored.sort(key=lambda each: (-each.score, each.billing.name, each.salesforce.name))
    taken: set[tuple[int, str]] = set()
    best = []
    for each in scored:
        places = {(0, each.billing.name), (1, each.salesforce.name)}
        if not places & taken:
            taken |= places
            best.append(each)
    return best


def likeness(billing: Column, salesforce: Column) -> int:
    """Return how alike the names or the labels of two columns are, of 100."""
    from rapidfuzz import fuzz  # noqa: PLC0415 - a native library, for few commands

    return max(
        round(fuzz.token_sort_ratio(one, other))
        for one in _words(billing)
        for other in _words(salesforce)
    )


def _words(column: Column) -> list[str]:
    """Return name and label as plain words."""
    name = column.name.rpartition(":")[2].lstrip("=").removeprefix(prefix_of(column.name))
    texts = [re.sub(r"__[cr]$", "", name), column.label]
    parts = ([p.lower() for p in _PARTS.findall(text)] for text in texts if text)
    return [" ".join(filter(None, (_LONG.get(p, p) for p in words))) for words in parts]


def _mapped(entity: EntityMapping) -> Mapping[str, frozenset[str]]:
    return {
        "billing": frozenset((entity.billing_key, *(f.billing for f in entity.fields))),
        "salesforce": frozenset((entity.salesforce_key, *(f.salesforce for f in entity.fields))),
    }
