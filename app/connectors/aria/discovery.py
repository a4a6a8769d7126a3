"""Which supplemental fields an Aria client has defined, as columns that a mapping could name."""

from collections.abc import Iterator, Mapping

from app.connectors.aria.accounts_plans import PRODUCT_PREFIX
from app.connectors.aria.catalog import FIELD_PREFIX
from app.connectors.aria.client import AriaClient
from app.connectors.aria.values import Row, rows, scalars, text
from app.domain.column import Column
from app.domain.control import CancelToken
from app.domain.mapping import FieldType
from app.errors import RemoteRefused

_ACCOUNT = "account"
_OF_OBJECTS: Mapping[str, Mapping[str, str]] = {
    "plan": {"plan": FIELD_PREFIX},
    "plan_instance": {"plan": PRODUCT_PREFIX, "planinstance": FIELD_PREFIX},
}
"""Entity → Aria's word for what has fields → how a mapping names them; those that we read."""
_TYPES: Mapping[str, FieldType] = {
    "number": FieldType.DECIMAL,
    "numeric": FieldType.DECIMAL,
    "date": FieldType.DATE,
    "boolean": FieldType.BOOLEAN,
}


def supplemental_columns(client: AriaClient, entity: str, cancel: CancelToken) -> list[Column]:
    """Return an entity's supplemental fields, by name; at most one call (aria.md §2.2).

    Several values of a field are read as one text (docs/mapping.md). Which fields accounts have is
    told by a call whose name is only inferred: a client that refuses it tells nothing.
    """
    if entity == _ACCOUNT:
        found = _of_accounts(client, cancel)
    elif entity in _OF_OBJECTS:
        answer = client.admin("list_supp_obj_fields_m", {}, cancel)
        found = list(_of_objects(rows(answer, "field_details"), _OF_OBJECTS[entity]))
    else:
        found = []
    return sorted(found, key=lambda each: each.name)


def _of_accounts(client: AriaClient, cancel: CancelToken) -> list[Column]:
    try:
        answer = client.admin("get_supp_fields_m", {}, cancel)
    except RemoteRefused:
        return []
    return [
        Column(FIELD_PREFIX + text(row.get("field_name")), text(row.get("field_desc")))
        for row in rows(answer, "supp_fields")
    ]


def _of_objects(details: list[Row], prefixes: Mapping[str, str]) -> Iterator[Column]:
    for row in details:
        owners = {_plain(text(each)) for each in scalars(row, "associated_objects")}
        several = text(row.get("max_no_sel")) not in {"", "0", "1"}
        values = tuple(text(each) for each in scalars(row, "allowed_values"))
        kind = _TYPES.get(text(row.get("datatype")).lower(), FieldType.TEXT)
        for owner, prefix in prefixes.items():
            if owner in owners:
                yield Column(
                    prefix + text(row.get("field_name")),
                    text(row.get("description")),
                    FieldType.TEXT if several else FieldType.PICKLIST if values else kind,
                    values=() if several else values,
                )


def _plain(word: str) -> str:
    """Return Aria's word for a kind of object without case, blanks and underscores."""
    return "".join(letter for letter in word.lower() if letter.isalpha())
