"""The lines of an order or opportunity, read now, and what they are in billing."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from app.connectors.acting import Sells
from app.domain.action import Named
from app.domain.control import CancelToken
from app.domain.convert import text
from app.domain.deal import Deal, Line, Sold
from app.domain.mapping import FieldType
from app.domain.record import Side
from app.domain.source import LineSource, ProductSource
from app.store.alone import key_by_id
from app.store.comparison import all_pairs
from app.sync.own_objects import OwnObject, read_own
from app.sync.workbench import Workbench

_ALL = Decimal(100)


def lines_of(
    bench: Workbench, source: LineSource, product: ProductSource, header: str, cancel: CancelToken
) -> tuple[Line, ...]:
    """Return the lines of a record by its id, in their order; they and their products are read.

    Raises:
        NotAllowed: Concord's user may not see them.
    """
    numbers = (source.quantity, source.unit_price, source.discount)
    fields = (source.product, source.number, *numbers)
    types = dict.fromkeys(numbers, FieldType.DECIMAL)
    what = OwnObject(source.sobject, fields, source.parent, types)
    rows = sorted(read_own(bench, what, (header,), cancel), key=lambda row: _place(source, row))
    ids = dict.fromkeys(text(row[source.product]) for _id, row in rows if row[source.product])
    sold = OwnObject(product.sobject, (product.name, *product.codes))
    products = dict(read_own(bench, sold, tuple(ids), cancel)) if ids else {}
    return tuple(
        _line(bench, (source, product), row, (place, products))
        for place, (_id, row) in enumerate(rows, 1)
    )


def sold_by(bench: Workbench, deal: Deal) -> Sold:
    """Return what the lines of a deal are in billing; nothing where there are none."""
    connector = bench.connectors[Side.BILLING]
    return connector.sold(deal) if deal.lines and isinstance(connector, Sells) else Sold()


def every(bench: Workbench, name: str) -> Iterator[tuple[str, Named]]:
    """Yield key and values of each record of an entity that billing has, as last read."""
    entity = bench.mapping.by_name.get(name)
    for pair in () if entity is None else all_pairs(bench.store, entity):
        if pair.billing is not None and entity is not None:
            yield pair.key, dict(zip(entity.index, pair.billing, strict=True))


def _place(source: LineSource, row: tuple[str, Named]) -> tuple[int, str, str]:
    """Return by what lines are ordered: numbers, with zeros before them or without."""
    side_id, values = row
    number = text(values[source.number]) if source.number else ""
    return len(number), number, side_id


def _line(
    bench: Workbench,
    sources: tuple[LineSource, ProductSource],
    row: Named,
    about: tuple[int, Mapping[str, Named]],
) -> Line:
    (source, product), (place, products) = sources, about
    side_id = text(row[source.product])
    found = products.get(side_id, {})
    codes = tuple(filter(None, (text(found.get(code)) for code in product.codes)))
    name = text(found.get(product.name)) or side_id or "no product"
    mapped = (one for one in bench.mapping.entities if one.sobject == product.sobject)
    keys = {one.name: key_by_id(bench.store, one, side_id) for one in mapped}
    return Line(
        words=f"Line {place} ({', '.join((name, *codes))})",
        codes=codes,
        keys={entity: key for entity, key in keys.items() if key},
        quantity=_number(row[source.quantity]),
        unit_price=_after(_number(row[source.unit_price]), row.get(source.discount)),
    )


def _number(value: object) -> Decimal | None:
    return value if isinstance(value, Decimal) else None


def _after(price: Decimal | None, discount: object) -> Decimal | None:
    """Return a price of which a percentage is taken off."""
    if price is None or not isinstance(discount, Decimal):
        return price
    return price * (_ALL - discount) / _ALL
