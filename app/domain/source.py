"""Objects of the org, other than the mapping's own, of which an action takes what it is told."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LineSource:
    """The lines of a source: which object they are, and what its fields mean.

    Attributes:
        parent: The field that names the record whose line it is.
        product: The field that names the product, a record of the `ProductSource`.
        quantity: The field of how many were sold.
        unit_price: The field of what one of them costs.
        discount: The field of the percent that are taken off; `""` for none.
        number: The field by which lines are ordered; `""` for their ids.
    """

    sobject: str
    parent: str
    product: str
    quantity: str
    unit_price: str
    discount: str = ""
    number: str = ""


@dataclass(frozen=True, slots=True)
class ProductSource:
    """What lines sell.

    Attributes:
        name: The field by which people know it.
        codes: The fields that may say by which id billing knows it.
    """

    sobject: str
    name: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """An object of the org, a record of which tells some of what an action has to be told.

    Attributes:
        action: The action that takes from it.
        prefix: With what its ids begin (salesforce.md §1).
        fields: Input → its field.
        account: Its field that names the account of whose customer the action is; `""` for none.
        currency: Its field of the currency, which orgs of one currency lack; `""` for none.
        lines: Its lines, None where it has none that count; with them `product`.
    """

    name: str
    action: str
    sobject: str
    prefix: str
    fields: Mapping[str, str]
    account: str = ""
    currency: str = ""
    lines: LineSource | None = None
    product: ProductSource | None = None
