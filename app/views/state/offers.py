"""What two billing systems sell, side by side: whom to ask, and what is shown of the answer."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.connectors.spec import ConnectorSpec
from app.domain.control import CancelToken, Report
from app.domain.folding import folded
from app.domain.offer import Offer, OfferDiff, OfferKind, price_pairs
from app.settings import Connection, Workspace
from app.sync.offers import compare_offers
from app.views.services import Services
from app.views.state.difference import Tone
from app.views.state.language import tr

ALL = "all"
_TONES = {
    OfferKind.DIFFERENT: Tone.CHANGED,
    OfferKind.AMBIGUOUS: Tone.CONFLICT,
    OfferKind.ONLY_HERE: Tone.BILLING,
    OfferKind.ONLY_THERE: Tone.SALESFORCE,
    OfferKind.SAME: Tone.PLAIN,
}
KINDS = tuple(_TONES)
"""In the order in which they are shown: what has to be looked at comes first."""
_GLYPHS = {
    OfferKind.ONLY_HERE: "\u25c2 ",
    OfferKind.ONLY_THERE: "\u25b8 ",
    OfferKind.DIFFERENT: "~ ",
    OfferKind.AMBIGUOUS: "! ",
    OfferKind.SAME: "",
}


@dataclass(frozen=True, slots=True)
class MappingChoice:
    """A mapping by which a connection can be read; its name is `""` for the one of its kind."""

    name: str
    label: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A billing connection, and the mapping by which it is read."""

    connection: str
    mapping: str = ""


@dataclass(frozen=True, slots=True)
class OfferLine:
    """A row: a plan with its prices, or one of its prices.

    Attributes:
        here, there: What either system has; `""` where it has none.
        what: In words, with a sign, how they stand to each other.
        full: Both with their keys, for whoever looks closer.
    """

    kind: OfferKind
    here: str
    there: str
    what: str
    full: tuple[str, str]
    prices: tuple["OfferLine", ...] = ()

    @property
    def tone(self) -> Tone:
        """The colours of its state."""
        return _TONES[self.kind]

    @property
    def spoken(self) -> str:
        """The row for a screen reader."""
        return ", ".join(part for part in (self.here or self.there, self.what) if part)


@dataclass(frozen=True, slots=True)
class OffersFound:
    """A comparison as it is shown.

    Attributes:
        names: The connections, `here`'s first.
    """

    names: tuple[str, str]
    diffs: tuple[OfferDiff, ...]
    lines: tuple[OfferLine, ...]

    @property
    def counts(self) -> Mapping[OfferKind, int]:
        """How many plans there are of each kind."""
        return Counter(line.kind for line in self.lines)


def mapping_choices(
    connection: Connection, specs: Sequence[ConnectorSpec], workspaces: Sequence[Workspace]
) -> tuple[MappingChoice, ...]:
    """Return the mappings by which a connection can be read: its kind's, then its workspaces'."""
    shipped = next((spec.mapping for spec in specs if spec.kind == connection.kind), "")
    label = tr("{mapping}, as it comes with Concord").format(mapping=shipped)
    found = {shipped: MappingChoice("", label)}
    for each in workspaces:
        if each.billing == connection.name and each.mapping not in found:
            words = tr("that of the workspace {name}").format(name=each.name)
            found[each.mapping] = MappingChoice(each.mapping, words)
    return tuple(found.values())


def first_two(connections: Sequence[Connection]) -> tuple[int, int]:
    """Return which two of the billing connections to offer at first: of two kinds, if there are."""
    kinds = [each.kind for each in connections]
    other = next((n for n, kind in enumerate(kinds) if kind != kinds[0]), min(1, len(kinds) - 1))
    return 0, other


def read_offers(
    services: Services, asked: tuple[Asked, Asked], cancel: CancelToken, report: Report
) -> OffersFound:
    """Read two catalogs and lay them side by side; for a worker's thread.

    Raises:
        AppError: One of them cannot be read; nothing is shown then.
    """
    here, there = (services.seller(one.connection, one.mapping) for one in asked)
    diffs = compare_offers(here, there, cancel, report)
    return laid_out(diffs, (asked[0].connection, asked[1].connection))


def laid_out(diffs: tuple[OfferDiff, ...], names: tuple[str, str]) -> OffersFound:
    """Return differences as rows: by kind, then by name."""
    lines = sorted((_line(one, names) for one in diffs), key=_place)
    return OffersFound(names, diffs, tuple(lines))


def _place(line: OfferLine) -> tuple[int, str]:
    return KINDS.index(line.kind), (line.here or line.there).casefold()


def shown(found: OffersFound, chosen: frozenset[str], text: str) -> tuple[OfferLine, ...]:
    """Return the plans of some kinds (none chosen: all) in which a text stands anywhere."""
    wanted, letters = {OfferKind(name) for name in chosen}, folded(text.strip())
    return tuple(
        line
        for line in found.lines
        if (not wanted or line.kind in wanted) and (not letters or letters in _all_text(line))
    )


def kind_word(kind: OfferKind, names: tuple[str, str]) -> str:
    """Return how a plan of one system stands to the other's, in words."""
    return {
        OfferKind.ONLY_HERE: tr("only in {name}").format(name=names[0]),
        OfferKind.ONLY_THERE: tr("only in {name}").format(name=names[1]),
        OfferKind.DIFFERENT: tr("different"),
        OfferKind.AMBIGUOUS: tr("several of that name"),
        OfferKind.SAME: tr("the same"),
    }[kind]


def chip_text(name: str, found: OffersFound) -> str:
    """Return what stands on a chip: `ALL`, or a kind's value."""
    if name == ALL:
        return f"{tr('All')}  {len(found.lines):,}"
    kind = OfferKind(name)
    words = kind_word(kind, found.names)
    return f"{words[:1].upper()}{words[1:]}  {found.counts[kind]:,}"


def sum_words(found: OffersFound) -> str:
    """Return the comparison in a sentence."""
    if not found.lines:
        return tr("Neither sells any plan.")
    told = tr("{here} sells {some:,} plans, {there} {others:,}.").format(
        here=found.names[0],
        some=sum(one.here is not None for one in found.diffs),
        there=found.names[1],
        others=sum(one.there is not None for one in found.diffs),
    )
    same = set(found.counts) == {OfferKind.SAME}
    return f"{told} {tr('Nothing differs.') if same else tr('Nothing was written anywhere.')}"


def _line(one: OfferDiff, names: tuple[str, str]) -> OfferLine:
    prices = tuple(_price_lines(one, names))
    sides = one.here, one.there
    here, there = ("" if side is None else side.name or side.keys[0] for side in sides)
    word = kind_word(one.kind, names)
    if one.kind is OfferKind.DIFFERENT:
        differ = sum(price.kind is not OfferKind.SAME for price in prices)
        word = tr("{differ} of {all} differ").format(differ=differ, all=len(prices))
    full = (_full(one.here), _full(one.there))
    return OfferLine(one.kind, here, there, _GLYPHS[one.kind] + word, full, prices)


def _full(offer: Offer | None) -> str:
    if offer is None:
        return ""
    prices = tr("{count} prices").format(count=len(offer.prices))
    keys = " \u00b7 ".join(dict.fromkeys(filter(None, offer.keys)))
    return "\n".join((offer.name, keys, f"{prices} \u00b7 {offer.currency}"))


def _price_lines(one: OfferDiff, names: tuple[str, str]) -> list[OfferLine]:
    found = []
    both = one.here, one.there
    if one.here and one.there and one.here.currency != one.there.currency:
        found.append(_price_line(tr("Currency"), one.here.currency, one.there.currency, names))
    for pair in price_pairs(*both):
        name = pair.name or tr("Price without a name")
        found.append(_price_line(name, pair.here, pair.there, names, alone=None in both))
    return found


def _price_line(
    name: str, here: str, there: str, names: tuple[str, str], *, alone: bool = False
) -> OfferLine:
    """Return the row of a price; of a plan that one system alone has nothing is said of it."""
    kind = OfferKind.SAME
    if not alone and here != there:
        kind = OfferKind.DIFFERENT
        if not here or not there:
            kind = OfferKind.ONLY_HERE if here else OfferKind.ONLY_THERE
    said = kind is OfferKind.SAME
    what = "" if said else _GLYPHS[kind] + kind_word(kind, names)
    cells = tuple(f"{name}: {words}" if words else "" for words in (here, there))
    return OfferLine(kind, cells[0], cells[1], what, (cells[0], cells[1]))


def _all_text(line: OfferLine) -> str:
    parts = (*line.full, *(words for price in line.prices for words in price.full))
    return folded("\n".join(parts))
