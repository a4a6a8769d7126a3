"""Two billing systems side by side: their plans and prices, read and compared, nothing written."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from app.connectors import registry
from app.connectors.overlap import overlapped
from app.connectors.protocol import Reader, ReadRequest
from app.connectors.registry import OffersModule
from app.domain.control import CancelToken, Progress, Report
from app.domain.mapping import EntityMapping, WorkspaceMapping
from app.domain.offer import Offer, OfferDiff, OfferKind, diff_offers
from app.domain.record import Record
from app.errors import WrongUse

OFFER_HEAD = ("plan", "name", "state", "what", "here", "there")
"""What the cells of `offer_rows` are."""


@dataclass(frozen=True, slots=True)
class Seller:
    """A billing connection, to be read only."""

    kind: str
    reader: Reader
    mapping: WorkspaceMapping


def compare_offers(
    here: Seller, there: Seller, cancel: CancelToken, report: Report
) -> tuple[OfferDiff, ...]:
    """Return how two systems' plans stand to each other, both read at once.

    Raises:
        WrongUse: One of them is no billing system, or its mapping lacks what plans are told from.
    """
    read = [0, 0]
    stop = CancelToken()  # once one has failed nobody waits for the other

    def noted(place: int, records: int) -> None:
        stop.check()
        read[place] += records
        report(Progress(sum(read), 0, "Reading plans and prices"))

    tasks = [
        partial(_offers, one, cancel, partial(noted, place))
        for place, one in enumerate((here, there))
    ]
    try:
        ours, theirs = overlapped(tasks, len(tasks), cancel)
    finally:
        stop.cancel()
    return tuple(diff_offers(ours, theirs))


def offer_rows(found: Iterable[OfferDiff]) -> Iterator[tuple[str, ...]]:
    """Yield what differs, a row for each gap, as `OFFER_HEAD` says."""
    for one in found:
        plan = one.here or one.there
        if plan is None or one.kind is OfferKind.SAME:
            continue
        first = (plan.keys[0], plan.name, one.kind.value.replace("_", " "))
        for gap in one.gaps:
            yield (*first, gap.name, gap.here, gap.there)
        if not one.gaps:
            yield (*first, "", _costs(one.here), _costs(one.there))


def _costs(offer: Offer | None) -> str:
    return "" if offer is None else f"{len(offer.prices)} prices in {offer.currency}"


def _offers(seller: Seller, cancel: CancelToken, noted: Callable[[int], None]) -> list[Offer]:
    module = registry.offering(seller.kind)
    wanted = _entities(module, seller.mapping)
    found: dict[str, list[Record]] = defaultdict(list)
    noted(0)
    for group in seller.reader.groups(wanted):
        for page in seller.reader.read(ReadRequest(tuple(group)), cancel):
            found[page.entity] += page.records
            noted(len(page.records))
    records = {entity.name: found[entity.name] for entity in wanted}
    return list(module.offers(seller.mapping, records))


def _entities(module: OffersModule, mapping: WorkspaceMapping) -> list[EntityMapping]:
    """Return what is to be read; raises `WrongUse` where the mapping lacks some of it."""
    for name, fields in module.FIELDS.items():
        entity = mapping.by_name.get(name)
        known = () if entity is None else entity.index
        lacking = next((f"{name}.{field}" for field in fields if field not in known), "")
        if lacking:
            raise WrongUse(
                f"The mapping {mapping.name!r} lacks {lacking}, which prices are told from.",
                "Take another mapping, or the one that comes with Concord.",
            )
    return [mapping.entity(name) for name in module.FIELDS]
