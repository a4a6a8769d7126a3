"""The credit ledger, which Orb keeps by customer and by currency (orb.md §2.5, §5.8)."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from functools import partial

from app.connectors.orb.client import OrbClient, Row, if_there, part
from app.connectors.orb.paging import MOST_LEDGER, Listing, pages
from app.connectors.orb.rows import titled
from app.connectors.overlap import overlapped
from app.domain.control import CancelToken

CREDITS = "credits"
_AFTER_INVOICES = "=issued_invoice_id"


def entries(
    client: OrbClient,
    currencies: Sequence[str],
    since: datetime | None,
    at_once: int,
    cancel: CancelToken,
) -> Iterator[list[Row]]:
    """Yield the committed entries of all customers, made since a moment or ever.

    Args:
        client: The account.
        currencies: Those to ask of each customer; none: `credits`, those of all plans and prices,
            and each customer's own. A ledger without a currency shows `credits` alone.
        since: From when on, None for all.
        at_once: How many ledgers to read at once.
        cancel: Ends the work.
    """
    drafts = _drafts(client, cancel)
    known = tuple(currencies) or currencies_sold(client, cancel)
    for page in pages(client, Listing("customers", window="created_at"), at_once, cancel):
        tasks = [
            partial(ledger, client, str(customer["id"]), currency, since, cancel)
            for customer in page
            for currency in (known if currencies else asked_of(customer, known))
        ]
        for found in overlapped(tasks, at_once, cancel):
            if found:
                yield [entry_row(entry, drafts) for entry in found]


def asked_of(customer: Row, known: Sequence[str]) -> tuple[str, ...]:
    """Return the currencies to ask of a customer: those known, and its own."""
    own = (str(customer["currency"]),) if customer.get("currency") else ()
    return tuple(dict.fromkeys((*known, *own)))


def ledger(
    client: OrbClient,
    customer_id: str,
    currency: str,
    since: datetime | None,
    cancel: CancelToken,
) -> list[Row]:
    """Return a customer's committed entries in one currency, the newest first; none of nobody."""
    from_then = () if since is None else (("created_at[gte]", since.isoformat()),)
    listing = Listing(
        f"customers/{part(customer_id)}/credits/ledger",
        (("currency", currency), ("entry_status", "committed"), *from_then),
        limit=MOST_LEDGER,
    )
    found: list[Row] = []
    with if_there():
        for page in pages(client, listing, 1, cancel):
            found += page
    return found


def _drafts(client: OrbClient, cancel: CancelToken) -> frozenset[str]:
    """Return the invoices that an entry may name and that are not read: the drafts."""
    listing = Listing("invoices", (("status[]", "draft"),))
    return frozenset(str(row["id"]) for page in pages(client, listing, 1, cancel) for row in page)


def currencies_sold(client: OrbClient, cancel: CancelToken) -> tuple[str, ...]:
    """Return the currencies and pricing units of all plans and of their prices."""
    found = {CREDITS: None}
    for page in pages(client, Listing("plans"), 1, cancel):
        for plan in page:
            named = [plan.get("currency"), plan.get("invoicing_currency")]
            named += [price.get("currency") for price in plan.get("prices") or ()]
            found |= dict.fromkeys(str(each) for each in named if each)
    return tuple(found)


def entry_row(entry: Row, drafts: Collection[str]) -> Row:
    """Return the row of an entry; `drafts` are the invoices that it may name and nobody reads."""
    invoice = entry.get("invoice_id")
    issued = None if invoice in drafts else invoice
    name = f"{entry['entry_type']} {entry['ledger_sequence_number']}"
    return titled({**entry, _AFTER_INVOICES: issued}, name)
