"""`concord compare --billing A --against B`: what two billing systems sell, side by side."""

import csv
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

from app.cli import output
from app.domain.control import CancelToken
from app.domain.offer import Offer, OfferDiff, OfferKind
from app.errors import ExitStatus, WrongUse
from app.services import Services
from app.sync.offers import compare_offers

_HEAD = ("plan", "name", "state", "what", "here", "there")
_SHOWN = frozenset(OfferKind) - {OfferKind.SAME}


def compare_billing(
    services: Services, options: Namespace, cancel: CancelToken, file: TextIO
) -> int:
    """Print the comparison; exit status 1 where anything differs."""
    if not (options.billing and options.against):
        raise WrongUse("Two billing connections are compared.", "Add --billing A --against B.")
    ours, theirs = services.seller(options.billing), services.seller(options.against)
    found = compare_offers(ours, theirs, cancel, lambda _progress: None)
    if options.json or options.format == "json":
        file.write(output.json_text(_json(options, found)) + "\n")
    elif options.format == "csv":
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_HEAD)
        writer.writerows(_rows(found))
    else:
        output.write_table(list(_HEAD), _rows(found), file)
    return ExitStatus.DIFFERENCES if any(one.kind in _SHOWN for one in found) else ExitStatus.DONE


def _rows(found: Sequence[OfferDiff]) -> Iterator[list[object]]:
    for one in found:
        plan = one.here or one.there
        if plan is None or one.kind is OfferKind.SAME:
            continue
        first = [plan.keys[0], plan.name, one.kind.value.replace("_", " ")]
        for gap in one.gaps:
            yield [*first, gap.name, gap.here, gap.there]
        if not one.gaps:
            yield [*first, "", _costs(one.here), _costs(one.there)]


def _costs(offer: Offer | None) -> str:
    return "" if offer is None else f"{len(offer.prices)} prices in {offer.currency}"


def _json(options: Namespace, found: Sequence[OfferDiff]) -> dict[str, Any]:
    counts = Counter(one.kind for one in found)
    return {
        "billing": options.billing,
        "against": options.against,
        "total": {kind.value: counts[kind] for kind in OfferKind},
        "plans": [
            {
                "state": one.kind.value,
                "here": _offer(one.here),
                "there": _offer(one.there),
                "gaps": [
                    {"what": gap.name, "here": gap.here, "there": gap.there} for gap in one.gaps
                ],
            }
            for one in found
        ],
    }


def _offer(offer: Offer | None) -> dict[str, Any] | None:
    if offer is None:
        return None
    prices = [{"name": price.name, "costs": price.text} for price in offer.prices]
    return {
        "key": offer.keys[0],
        "name": offer.name,
        "currency": offer.currency,
        "prices": prices,
    }
