"""Which fields an org has, as columns that a mapping could name (salesforce.md §4)."""

from collections.abc import Mapping
from typing import Any

from app.connectors.salesforce.schema import FieldShape
from app.connectors.salesforce.session import SalesforceSession
from app.domain.column import Column
from app.domain.control import CancelToken
from app.domain.mapping import FieldType

_TYPES: Mapping[str, FieldType] = {
    "boolean": FieldType.BOOLEAN,
    "currency": FieldType.MONEY,
    "date": FieldType.DATE,
    "datetime": FieldType.DATETIME,
    "double": FieldType.DECIMAL,
    "int": FieldType.INTEGER,
    "long": FieldType.INTEGER,
    "percent": FieldType.DECIMAL,
    "picklist": FieldType.PICKLIST,
    "reference": FieldType.REFERENCE,
}
_NUMBERS = frozenset({FieldType.DECIMAL, FieldType.MONEY})


def columns_of(fields: Mapping[str, FieldShape]) -> list[Column]:
    """Return the fields of a described object, by name."""
    return [_column(name, fields[name]) for name in sorted(fields)]


def object_names(session: SalesforceSession, cancel: CancelToken) -> tuple[str, ...]:
    """Return the API names of all objects that the user may see; one call."""
    answer = session.get("sobjects", cancel)
    return tuple(str(each["name"]) for each in answer["sobjects"])


def _column(name: str, found: Mapping[str, Any]) -> Column:
    kind = _TYPES.get(str(found.get("type")), FieldType.TEXT)
    scale = int(found.get("scale") or 0) if kind in _NUMBERS else None
    if kind is FieldType.DECIMAL and scale == 0:
        kind, scale = FieldType.INTEGER, None
    active = (each for each in found.get("picklistValues") or () if each.get("active", True))
    return Column(
        name,
        str(found.get("label") or ""),
        kind,
        int(found.get("length") or 0) if kind in {FieldType.TEXT, FieldType.PICKLIST} else 0,
        tuple(str(each.get("value")) for each in active),
        writable=bool(found.get("updateable", True) or found.get("createable", True)),
        scale=scale,
        points_at=tuple(found.get("referenceTo") or ()),
    )
