"""Two billing systems side by side: their plans and prices, read and compared, nothing written."""

from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from app.connectors import registry
from app.connectors.protocol import Reader, ReadRequest
from app.domain.control import CancelToken, Progress, Report
from app.domain.mapping import WorkspaceMapping
from app.domain.offer import Offer, OfferDiff, diff_offers
from app.domain.record import Record


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
        WrongUse: One of them is no billing system.
    """
    report(Progress(0, 0, "Reading plans and prices"))
    with ThreadPoolExecutor(2, thread_name_prefix="offers") as pool:
        both = [pool.submit(_offers, one, cancel) for one in (here, there)]
        ours, theirs = (list(task.result()) for task in both)
    return tuple(diff_offers(ours, theirs))


def _offers(seller: Seller, cancel: CancelToken) -> Iterable[Offer]:
    module = registry.offering(seller.kind)
    wanted = [seller.mapping.entity(name) for name in module.ENTITIES]
    found: dict[str, list[Record]] = defaultdict(list)
    for group in seller.reader.groups(wanted):
        for page in seller.reader.read(ReadRequest(tuple(group)), cancel):
            found[page.entity] += page.records
    return module.offers(seller.mapping, {entity.name: found[entity.name] for entity in wanted})
