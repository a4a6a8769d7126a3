"""Reads orders and their lines from Object Query: all, what changed, or those of some accounts."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from app.connectors.aria.client import AriaClient
from app.connectors.aria.cursors import changed_since, cursor_now, whole_if_refused
from app.connectors.aria.numbered import Lists
from app.connectors.aria.object_query import ORDERS
from app.connectors.aria.record_pages import page_of
from app.connectors.aria.values import Row, joined, named, rows, whole
from app.connectors.protocol import Page
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping
from app.domain.reader import RecordReader
from app.domain.record import Side

_FIRST_STAGE = "Draft"
"""What an order of Salesforce's own begins as; people there activate it (salesforce.md §19)."""


def order_rows(order: Row) -> Iterator[Row]:
    """Yield an order."""
    number = whole(order.get("order_no"))
    yield {
        **order,
        "=key": joined(whole(order.get("acct_no")), number),
        "invoice_no": named(order.get("invoice_no")),
        "=stage": _FIRST_STAGE,
    }


def item_rows(order: Row) -> Iterator[Row]:
    """Yield the lines of an order, numbered from 1 as they come."""
    key = joined(whole(order.get("acct_no")), whole(order.get("order_no")))
    for line, item in enumerate(rows(order, "order_item"), 1):
        yield {
            **item,
            "acct_no": order.get("acct_no"),
            "order_no": order.get("order_no"),
            "currency_cd": order.get("currency_cd"),
            "=order": key,
            "=line": line,
            "=key": joined(key, line),
        }


ORDER_SOURCES: Mapping[str, Callable[[Row], Iterator[Row]]] = {
    "order": order_rows,
    "order_item": item_rows,
}
"""How an entity's rows come out of an order, by the mapping's name."""


class OrderReads:
    """Reads orders, `at_once` pages at a time; one list holds them with their lines."""

    def __init__(self, client: AriaClient, at_once: int) -> None:
        self._client = client
        self._lists = Lists(client, at_once)

    def changed(
        self, entities: Sequence[EntityMapping], cursor: str, cancel: CancelToken
    ) -> Iterator[Page]:
        """Yield all orders, or those that changed since a cursor; the last pages have a new one.

        Raises:
            CursorRefused: The cursor is of another client, or Aria cannot be asked what changed,
                which is not documented (aria.md §2.11).
        """
        conditions = [changed_since(self._client, cursor, "last_updated")] if cursor else []
        # What changes while we read is read again next time: the clock is asked first.
        began = cursor_now(self._client, cancel)
        listed = self._lists.pages(ORDERS, conditions, cancel)
        for page in whole_if_refused(listed) if conditions else listed:
            yield from _pages(entities, page)
        for entity in entities:
            yield Page(entity.name, (), cursor=began)

    def of_accounts(
        self, entities: Sequence[EntityMapping], numbers: Sequence[int], cancel: CancelToken
    ) -> Iterator[Page]:
        """Yield the orders of some accounts."""
        for number in numbers if entities else ():
            for page in self._lists.pages(ORDERS, [f"acct_no = {number}"], cancel):
                yield from _pages(entities, page)


def _pages(entities: Sequence[EntityMapping], orders: Sequence[Row]) -> Iterator[Page]:
    for entity in entities:
        told = [row for order in orders for row in ORDER_SOURCES[entity.name](order)]
        number = "order_no" if entity.name == "order" else ""
        yield page_of(RecordReader(entity, Side.BILLING), told, number)
