"""What a committed transaction did to one row."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.sandbox.salesforce.schema import SObject
from app.sandbox.salesforce.values import Stored


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row that was saved: `kind` is CREATE, UPDATE, DELETE or UNDELETE; `values` it now holds.

    Of an update only the fields whose value is another one than before are in `values`.
    """

    sobject: SObject
    record_id: str
    kind: str
    values: Mapping[str, Stored] = field(default_factory=dict)
