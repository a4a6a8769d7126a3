"""`concord compare --billing A --against B`: what two billing systems sell, side by side."""

import csv
from argparse import Namespace
from collections import Counter
from collections.abc import Sequence
from typing import Any, TextIO

from app.cli import output
from app.domain.control import CancelToken
from app.domain.offer import Offer, OfferDiff, OfferKind
from app.errors import ExitStatus, WrongUse
from app.services import Services
from app.sync.offers import OFFER_HEAD, compare_offers, offer_rows
from app.sync.report import harmless

_SHOWN = frozenset(OfferKind) - {OfferKind.SAME}


def compare_billing(
    services: Services, options: Namespace, cancel: CancelToken, file: TextIO
) -> int:
    """Print the comparison; exit status 1 where anything differs."""
    if not (options.billing and options.against):
        raise WrongUse("Two billing connections are compared.", "Add --billing A --against B.")
    if options.format == "html":
        raise WrongUse("There is no HTML page of two billing systems.", "Take --format csv.")
    ours = services.seller(options.billing, options.billing_mapping)
    theirs = services.seller(options.against, options.against_mapping)
    found = compare_offers(ours, theirs, cancel, lambda _progress: None)
    if options.json:  # a script reads stdout, wherever a file goes besides
        output.print_json(_json(options, found))
    if options.output or not options.json:
        _write(options, found, file)
    return ExitStatus.DIFFERENCES if any(one.kind in _SHOWN for one in found) else ExitStatus.DONE


def _write(options: Namespace, found: Sequence[OfferDiff], file: TextIO) -> None:
    layout = "json" if options.json and options.format == "table" else options.format
    if layout == "json":
        file.write(output.json_text(_json(options, found)) + "\n")
    elif layout == "csv":
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(OFFER_HEAD)
        writer.writerows([harmless(cell) for cell in row] for row in offer_rows(found))
    else:
        output.write_table(list(OFFER_HEAD), offer_rows(found), file)


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
