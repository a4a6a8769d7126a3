"""Which supplemental fields an Aria client has defined, as columns that a mapping could name."""

from collections.abc import Iterator, Mapping

from app.connectors.aria.catalog import FIELD_PREFIX
from app.connectors.aria.client import AriaClient
from app.connectors.aria.values import Row, rows, scalars, text
from app.domain.column import Column
from app.domain.control import CancelToken
from app.domain.mapping import FieldType

FIELDS_OF: Mapping[str, str] = {"plan": "plan"}
"""Entity → Aria's word for what has the fields, of the entities whose fields we read."""
_TYPES: Mapping[str, FieldType] = {
    "number": FieldType.DECIMAL,
    "numeric": FieldType.DECIMAL,
    "date": FieldType.DATE,
    "boolean": FieldType.BOOLEAN,
}


def supplemental_columns(client: AriaClient, entity: str, cancel: CancelToken) -> list[Column]:
    """Return an entity's supplemental fields, by name; one call (aria.md §2.2).

    Several values of a field are read as one text (docs/mapping.md).
    """
    if entity not in FIELDS_OF:
        return []
    answer = client.admin("list_supp_obj_fields_m", {}, cancel)
    return sorted(_columns(rows(answer, "field_details"), entity), key=lambda each: each.name)


def _columns(details: list[Row], entity: str) -> Iterator[Column]:
    for row in details:
        owners = {text(each).lower() for each in scalars(row, "associated_objects")}
        if FIELDS_OF[entity] not in owners:
            continue
        several = text(row.get("max_no_sel")) not in {"", "0", "1"}
        values = tuple(text(each) for each in scalars(row, "allowed_values"))
        kind = _TYPES.get(text(row.get("datatype")).lower(), FieldType.TEXT)
        yield Column(
            FIELD_PREFIX + text(row.get("field_name")),
            text(row.get("description")),
            FieldType.TEXT if several else FieldType.PICKLIST if values else kind,
            values=() if several else values,
        )
