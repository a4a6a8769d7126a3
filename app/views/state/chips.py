"""The filter chips above the trees: what they say, what they count, which are on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.domain.diff import Kind
from app.views.state.language import tr

ALL = "all"
_CHIPS: Mapping[str, frozenset[Kind]] = {
    ALL: frozenset(),
    "only_in_billing": frozenset({Kind.ONLY_IN_BILLING, Kind.HELD_BACK}),
    "only_in_salesforce": frozenset({Kind.ONLY_IN_SALESFORCE}),
    "different": frozenset({Kind.DIFFERENT}),
    # Records that share a key stand here: they too wait for a person.
    "conflict": frozenset({Kind.CONFLICT, Kind.DUPLICATE_KEY}),
    "ignored": frozenset({Kind.IGNORED}),
    "identical": frozenset({Kind.IDENTICAL}),
    "not_comparable": frozenset({Kind.NOT_COMPARABLE}),
}


@dataclass(frozen=True, slots=True)
class Chip:
    """One chip; it cannot be pressed where it would show nothing."""

    name: str
    label: str
    count: int
    checked: bool
    enabled: bool

    @property
    def text(self) -> str:
        """What stands on it."""
        return f"{self.label}  {self.count:,}"


def names() -> tuple[str, ...]:
    """Return the chips' names, from left to right."""
    return tuple(_CHIPS)


def chips(counts: Mapping[Kind, int], chosen: frozenset[str]) -> tuple[Chip, ...]:
    """Return the chips; `chosen` are the names of those that are on (none: All)."""
    made = []
    for name, kinds in _CHIPS.items():
        wanted = kinds or frozenset(Kind)
        count = sum(counts.get(kind, 0) for kind in wanted)
        checked = name in chosen or (name == ALL and not chosen)
        enabled = name == ALL or count > 0 or checked
        made.append(Chip(name, _label(name), count, checked, enabled))
    return tuple(made)


def pressed(chosen: frozenset[str], name: str) -> frozenset[str]:
    """Return which chips are on after one was pressed; All stands alone."""
    return frozenset() if name == ALL else chosen ^ {name}


def kinds_of(chosen: Iterable[str]) -> frozenset[Kind]:
    """Return the kinds that chips let through; none means all."""
    return frozenset[Kind]().union(*(_CHIPS[name] for name in chosen))


def _label(name: str) -> str:
    return {
        ALL: tr("All"),
        "only_in_billing": tr("Only in billing"),
        "only_in_salesforce": tr("Only in Salesforce"),
        "different": tr("Different"),
        "conflict": tr("Conflict"),
        "ignored": tr("Same when ignored"),
        "identical": tr("Identical"),
        "not_comparable": tr("Not comparable"),
    }[name]
