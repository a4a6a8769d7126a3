"""What Object Query lists of transactions, invoices, payments, refunds: all, new, some, one's."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from app.connectors.aria.client import UNEXPECTED, AriaClient, AriaRefused
from app.connectors.aria.cursors import changed_since, whole_if_refused
from app.connectors.aria.numbered import Lists
from app.connectors.aria.object_query import Listing
from app.connectors.aria.transaction_calls import NOTHING
from app.connectors.aria.transactions import family_row
from app.connectors.aria.values import Row, rows, text, whole
from app.domain.control import CancelToken

LISTINGS: Mapping[str, Listing] = {
    "invoice": Listing("get_invoice_information_m", "invoice_details_m", "invoice_no", 200),
    "transaction": Listing(
        "get_transaction_information_m", "transaction_information", "aria_event_no"
    ),
    "payment": Listing("get_payment_details_m", "payment_details", "payment_id", sure=False),
    "refund": Listing("get_refund_information_m", "refund_information", "aria_event_no"),
}
"""The lists by entity, with the pages that aria.md §5 names."""
CHANGED = {
    "invoice": "last_updated",
    "transaction": "transaction_date",
    "payment": "last_updated",
}
"""What tells in a query when something came or changed. Of refunds nothing does (aria.md §2.11)."""
_VOIDS = frozenset({-2, -3, -17, -19})  # of payments (aria.md §2.8)


class TransactionLists:
    """Reads the lists of one client, up to `at_once` calls at a time."""

    def __init__(self, client: AriaClient, at_once: int) -> None:
        self._client = client
        self._lists = Lists(client, at_once)
        self._by_family = False

    def whole(self, name: str, cancel: CancelToken) -> Iterator[Sequence[Row]]:
        """Yield everything of a list, page by page."""
        yield from self._lists.pages(LISTINGS[name], (), cancel)

    def named(
        self, name: str, numbers: Sequence[int], cancel: CancelToken
    ) -> Iterator[Sequence[Row]]:
        """Yield the records of some numbers."""
        yield from self._lists.named(LISTINGS[name], numbers, cancel)

    def of_account(self, name: str, acct_no: int, cancel: CancelToken) -> Iterator[Sequence[Row]]:
        """Yield what a list has of one account.

        Whether transactions can be searched by account is not documented (aria.md §2.11): where
        Aria refuses it, the Core API is asked, which also tells those of the account's children.
        """
        if name == "transaction" and self._by_family:
            yield self._of_family(acct_no, cancel)
            return
        try:
            yield from self._lists.pages(LISTINGS[name], (f"acct_no = {acct_no}",), cancel)
        except AriaRefused as error:
            if name != "transaction" or error.code == UNEXPECTED:
                raise
            self._by_family = True
            yield self._of_family(acct_no, cancel)

    def changed(self, name: str, cursor: str, cancel: CancelToken) -> Iterator[Sequence[Row]]:
        """Yield what came or changed since a cursor.

        Raises:
            CursorRefused: The cursor is of another client, or none of ours; or of payments Aria
                cannot be asked what changed, which is not documented (aria.md §2.11).
        """
        condition = changed_since(self._client, cursor, CHANGED[name])
        found = self._lists.pages(LISTINGS[name], (condition,), cancel)
        if name == "transaction":
            yield from self._with_changed(found, cancel)
        elif name == "payment":
            yield from whole_if_refused(self._with_voided(found, cursor, cancel))
        else:
            yield from found

    def accounts_moved(self, cursor: str, cancel: CancelToken) -> list[int]:
        """Return the accounts with a transaction since a cursor, ascending; raises as `changed`."""
        numbers = {whole(row.get("acct_no")) for row in self._booked(cursor, (), cancel)}
        return sorted(number for number in numbers if number is not None)

    def _booked(self, cursor: str, conditions: Sequence[str], cancel: CancelToken) -> Iterator[Row]:
        """Yield the transactions since a cursor that meet conditions."""
        booked = changed_since(self._client, cursor, CHANGED["transaction"])
        pages = self._lists.pages(LISTINGS["transaction"], (booked, *conditions), cancel)
        return (row for page in pages for row in page)

    def _with_voided(
        self, found: Iterator[Sequence[Row]], cursor: str, cancel: CancelToken
    ) -> Iterator[Sequence[Row]]:
        """Yield payments that came or changed, then those that were voided.

        Whether a void counts as an update of the payment is not documented (aria.md §2.11); its
        transaction names the payment as its source (§2.8).
        """
        seen: set[int | None] = set()
        for page in found:
            seen.update(whole(row.get("payment_id")) for row in page)
            yield page
        undone = self._booked(cursor, ("transaction_type_no < 0",), cancel)
        voids = (row for row in undone if whole(row.get("transaction_type_no")) in _VOIDS)
        sources = {whole(row.get("type_specific_id")) for row in voids}
        numbers = sorted(number for number in sources - seen if number)
        yield from self.named("payment", numbers, cancel)

    def _with_changed(
        self, found: Iterator[Sequence[Row]], cancel: CancelToken
    ) -> Iterator[Sequence[Row]]:
        """Yield new transactions, then the older ones that they changed.

        No change of a transaction can be searched for (aria.md §2.11). What is applied to what is
        told by the new one; what a void undoes is not, so its account is read whole.
        """
        news = _News()
        for page in found:
            news.take(page)
            yield page
        for page in self.named("transaction", sorted(news.related - news.seen), cancel):
            yield news.unseen(page)
        for acct_no in sorted(news.voided):
            for page in self.of_account("transaction", acct_no, cancel):
                yield news.unseen(page)

    def _of_family(self, acct_no: int, cancel: CancelToken) -> Sequence[Row]:
        inputs = {"parent_acct_no": acct_no, "include_void_transactions": "true"}
        try:
            answer = self._client.core("get_family_trans_history_m", inputs, cancel)
        except AriaRefused as error:
            if error.code not in NOTHING:
                raise
            return []
        found = rows(answer, "fam_transactions")
        return [family_row(row) for row in found if whole(row.get("acct_no")) == acct_no]


@dataclass(slots=True)
class _News:
    """New transactions: their numbers, what they are related to, accounts where one is a void."""

    seen: set[int] = field(default_factory=set)
    related: set[int] = field(default_factory=set)
    voided: set[int] = field(default_factory=set)

    def take(self, page: Sequence[Row]) -> None:
        for row in page:
            self.seen.add(_event(row))
            self.related.update(map(_event, rows(row, "related_transaction")))
            acct_no = whole(row.get("acct_no"))
            undoes = (whole(row.get("transaction_type_no")) or 0) < 0
            if acct_no and (undoes or text(row.get("void_date"))):
                self.voided.add(acct_no)
        self.related.discard(0)

    def unseen(self, page: Sequence[Row]) -> Sequence[Row]:
        """Return what was not yielded yet of a page, and note it."""
        fresh = [row for row in page if _event(row) not in self.seen]
        self.seen.update(map(_event, fresh))
        return fresh


def _event(row: Row) -> int:
    return whole(row.get("aria_event_no")) or 0
