"""What a mapping needs of an Aria client and the client does not give: told by `concord check`."""

from collections.abc import Iterator, Sequence

from app.connectors.aria import catalog
from app.connectors.aria.accounts_plans import PRODUCT_PREFIX
from app.connectors.aria.catalog import FIELD_PREFIX
from app.connectors.aria.client import AriaClient
from app.connectors.aria.object_query import ACCOUNTS, counted
from app.connectors.aria.values import rows, text
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping
from app.errors import ConnectionFailed, RemoteRefused, WrongUse


def lacking(
    client: AriaClient, entities: Sequence[EntityMapping], cancel: CancelToken
) -> Iterator[str]:
    """Yield what is not there, in words; each API has an allow-list flag of its own (§1.4)."""
    yield from _of_object_query(client, entities, cancel)
    yield from _of_admin_tools(client, entities, cancel)


def _of_object_query(
    client: AriaClient, entities: Sequence[EntityMapping], cancel: CancelToken
) -> Iterator[str]:
    if all(entity.name in catalog.SOURCES for entity in entities):
        return
    try:
        counted(client, ACCOUNTS, (), cancel)
    except (ConnectionFailed, RemoteRefused, WrongUse) as error:
        yield (
            "Object Query does not answer, so accounts and their transactions cannot be read: "
            f"{error.summary}"
        )


def _of_admin_tools(
    client: AriaClient, entities: Sequence[EntityMapping], cancel: CancelToken
) -> Iterator[str]:
    try:
        answer = client.admin("list_supp_obj_fields_m", {}, cancel)
    except (ConnectionFailed, RemoteRefused) as error:
        yield (
            "AdminTools does not answer, so plan sets, promotion codes and coupons cannot be "
            f"read and nothing of the catalog can be written: {error.summary}"
        )
        return
    defined = {text(row.get("field_name")) for row in rows(answer, "field_details")}
    for name in sorted({name for one in entities for name in _product_fields(one)} - defined):
        yield f"supplemental field {name} is not defined in Aria"


def _product_fields(entity: EntityMapping) -> Iterator[str]:
    """Yield the fields of products; those of accounts and plan instances no call lists for sure."""
    for field in entity.fields:
        if field.billing.startswith(PRODUCT_PREFIX):
            yield field.billing.removeprefix(PRODUCT_PREFIX)
        elif entity.name in catalog.SOURCES and field.billing.startswith(FIELD_PREFIX):
            yield field.billing.removeprefix(FIELD_PREFIX)
