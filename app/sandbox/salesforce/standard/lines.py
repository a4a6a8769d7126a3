"""Price book entries, and the lines of opportunities, quotes and orders that point at them."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from app.sandbox.salesforce.standard.rows import Rows, Save, Values, refused

_UNITS = 100
_INTEGRITY = "FIELD_INTEGRITY_EXCEPTION"


@dataclass(frozen=True, slots=True)
class LineKind:
    """A kind of line: its header and how the two are called."""

    table: str
    header: str
    lookup: str
    word: str


OPPORTUNITY = LineKind("OpportunityLineItem", "Opportunity", "OpportunityId", "opportunity")
QUOTE = LineKind("QuoteLineItem", "Quote", "QuoteId", "quote")
ORDER = LineKind("OrderItem", "Order", "OrderId", "order")
KINDS = {kind.table: kind for kind in (OPPORTUNITY, QUOTE, ORDER)}


def entry(save: Save) -> Values:
    """Return what is saved of a price book entry: the standard price first, one of each product.

    Raises:
        SalesforceError: The product has no standard price yet, or this book has one of it.
    """
    if not save.is_insert:
        standard = save.get("UseStandardPrice") and _standard_price(save)
        return {**save.values, **({"UnitPrice": standard} if standard else {})}
    book = save.rows.row("Pricebook2", save.get("Pricebook2Id"))
    pair = (save.get("Product2Id"), save.get("Pricebook2Id"))
    if save.rows.number(_SAME_ENTRY, *pair):
        message = "This price definition already exists in this price book"
        raise refused("DUPLICATE_VALUE", message, "Pricebook2Id", "Product2Id")
    standard = _standard_price(save)
    if book and not book["IsStandard"] and standard is None:
        message = "Before creating a custom price, create a standard price."
        raise refused("STANDARD_PRICE_NOT_DEFINED", message)
    takes_standard = save.get("UseStandardPrice") and standard is not None
    return {**save.values, **({"UnitPrice": standard} if takes_standard else {})}


_SAME_ENTRY = (
    "SELECT COUNT(*) FROM PricebookEntry WHERE Product2Id = ? AND Pricebook2Id = ? "
    "AND IsDeleted = 0"
)


def _standard_price(save: Save) -> int | None:
    found = save.rows.connection.execute(
        "SELECT e.UnitPrice FROM PricebookEntry e JOIN Pricebook2 b ON b.Id = e.Pricebook2Id "
        "WHERE e.Product2Id = ? AND b.IsStandard = 1 AND e.IsDeleted = 0",
        (save.get("Product2Id"),),
    ).fetchone()
    return None if found is None else int(found[0])


def entry_saved(rows: Rows, record_id: str) -> None:
    """Let the entries follow that use the standard price."""
    saved = rows.row("PricebookEntry", record_id)
    if rows.row("Pricebook2", saved["Pricebook2Id"]).get("IsStandard"):
        rows.connection.execute(
            "UPDATE PricebookEntry SET UnitPrice = ?, SystemModstamp = ? "
            "WHERE Product2Id = ? AND UseStandardPrice = 1 AND Id <> ?",
            (saved["UnitPrice"], rows.now, saved["Product2Id"], record_id),
        )


def line(kind: LineKind, save: Save) -> Values:
    """Return what is saved of a line: prices worked out, the product mirrored.

    Raises:
        SalesforceError: The entry is of another book, or prices are missing or too many.
    """
    found = save.rows.row("PricebookEntry", save.get("PricebookEntryId"))
    header = save.rows.row(kind.header, save.get(kind.lookup))
    if not found or not header:
        return save.values  # the lookup's own check words that
    if save.is_insert:
        _check_book(kind, save, header, found)
    product = save.rows.row("Product2", found["Product2Id"])
    mirrored: Values = {"Product2Id": found["Product2Id"], "ListPrice": found["UnitPrice"]}
    if kind is OPPORTUNITY:
        mirrored["ProductCode"] = product.get("ProductCode")
        mirrored["Name"] = f"{header['Name']} {product.get('Name')}"
    if kind is ORDER:
        mirrored["AvailableQuantity"] = save.get("Quantity")
    return {**save.values, **mirrored, **_prices(kind, save)}


def _check_book(kind: LineKind, save: Save, header: Values, found: Values) -> None:
    book = header["Pricebook2Id"]
    if kind is ORDER and book is None:
        message = "You can't add an order product to an order without a price book"
        raise refused(_INTEGRITY, message, "PricebookEntryId")
    if not found["IsActive"]:
        message = "pricebook entry is inactive"
        raise refused(_INTEGRITY, message, "PricebookEntryId")
    if book is None:  # the first line sets it
        save.rows.set(kind.header, header["Id"], {"Pricebook2Id": found["Pricebook2Id"]})
    elif book != found["Pricebook2Id"]:
        message = (
            "pricebook entry is in a different pricebook than the one assigned to the " + kind.word
        )
        raise refused(_INTEGRITY, message, "PricebookEntryId")


def _prices(kind: LineKind, save: Save) -> Values:
    """Return UnitPrice and the totals: whichever of the two prices is not said follows."""
    unit_said, total_said = ("UnitPrice" in save.values), ("TotalPrice" in save.values)
    quantity, unit = save.get("Quantity"), save.get("UnitPrice")
    if kind is OPPORTUNITY and save.is_insert and unit_said == total_said:
        message = "Specify exactly one of UnitPrice and TotalPrice"
        code = _INTEGRITY if unit_said else "REQUIRED_FIELD_MISSING"
        raise refused(code, message, "UnitPrice", "TotalPrice")
    if not quantity:
        return {}
    kept = not save.is_insert and save.changes("Quantity") and not unit_said
    if kind is OPPORTUNITY and (total_said or kept):
        if kept and "Discount" in save.values and not total_said:
            message = "A change of Discount and Quantity needs UnitPrice or TotalPrice too"
            raise refused(_INTEGRITY, message, "Discount", "Quantity")
        unit = _unit_of(save.get("TotalPrice"), quantity, save.get("Discount"))
    subtotal = _rounded(Decimal(quantity) * (unit or 0) / _UNITS)
    total = _rounded(subtotal * _part_paid(save.get("Discount")))
    if kind is ORDER:
        return {"TotalPrice": subtotal}
    return {"UnitPrice": unit, "Subtotal": subtotal, "TotalPrice": total}


def _unit_of(total: int | None, quantity: int, discount: int | None) -> int:
    paid = _part_paid(discount)
    return _rounded(Decimal(total or 0) / paid * _UNITS / quantity) if paid else 0


def _part_paid(discount: int | None) -> Decimal:
    return 1 - Decimal(discount or 0) / (100 * _UNITS)


def _rounded(number: Decimal) -> int:
    return int(number.quantize(Decimal(1), ROUND_HALF_UP))


def rolled_up(kind: LineKind, rows: Rows, header_id: object) -> None:
    """Let a header's totals follow its lines."""
    count, total, subtotal, quantity = rows.connection.execute(
        f"SELECT COUNT(*), coalesce(SUM(TotalPrice), 0), "
        f"coalesce(SUM({'TotalPrice' if kind is ORDER else 'Subtotal'}), 0), "
        f'coalesce(SUM(Quantity), 0) FROM "{kind.table}" WHERE {kind.lookup} = ? AND IsDeleted = 0',
        (header_id,),
    ).fetchone()
    if kind is ORDER:
        rows.set("Order", header_id, {"TotalAmount": total})
    elif kind is QUOTE:
        quote = rows.row("Quote", header_id)
        extra = (quote.get("Tax") or 0) + (quote.get("ShippingHandling") or 0)
        sums = {"LineItemCount": count, "Subtotal": subtotal, "TotalPrice": total}
        rows.set("Quote", header_id, {**sums, "GrandTotal": total + extra})
    elif count:
        sums = {"HasOpportunityLineItem": 1, "Amount": total, "TotalOpportunityQuantity": quantity}
        rows.set("Opportunity", header_id, {**sums, **_expected(rows, header_id, total)})
    else:
        rows.set("Opportunity", header_id, {"HasOpportunityLineItem": 0})


def _expected(rows: Rows, opportunity_id: object, amount: int) -> Values:
    probability = rows.row("Opportunity", opportunity_id).get("Probability") or 0
    return {"ExpectedRevenue": _rounded(Decimal(amount) * probability / 100)}
