"""Which products have their standard price, without which none of their own is taken."""

from app.connectors.salesforce.query import first_page, later_pages
from app.connectors.salesforce.session import SalesforceSession
from app.domain.constraint import Precedence
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping
from app.errors import NotAllowed, RemoteRefused

ENTRY = "PricebookEntry"
MOST_PRODUCTS = 20_000  # ten calls; of more it is not told
_BOOK = "SELECT Id FROM Pricebook2 WHERE IsStandard = true"
_PRICED = "SELECT Product2Id FROM PricebookEntry WHERE Pricebook2.IsStandard = true"


def standard_prices(
    session: SalesforceSession, entity: EntityMapping, cancel: CancelToken
) -> Precedence | None:
    """Return what a custom price has to wait for (salesforce.md §19).

    None where the entity is no price, where it does not say of which product in which book, where
    the org lets nobody see its books, and where it has very many products.
    """
    named = {field.salesforce: field.name for field in entity.fields}
    if entity.sobject != ENTRY or not {"Product2Id", "Pricebook2Id"} <= named.keys():
        return None
    try:
        books = first_page(session, _BOOK, cancel).table.column("Id")
        first = first_page(session, _PRICED, cancel)
        if len(books) != 1 or first.total > MOST_PRODUCTS:
            return None
        pages = [first, *later_pages(session, first, cancel)]
    except (RemoteRefused, NotAllowed):
        return None
    return Precedence(
        thing=named["Product2Id"],
        place=named["Pricebook2Id"],
        first=str(books[0]),
        done=frozenset(str(one) for page in pages for one in page.table.column("Product2Id")),
        lacks="its product has no standard price yet, which has to come first",
    )
