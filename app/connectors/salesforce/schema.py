"""What the org has of what the mapping needs: describe, asked once an object."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.connectors.salesforce.session import SalesforceSession
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping, FieldMapping, WorkspaceMapping
from app.errors import NotAllowed, RemoteRefused

log = logging.getLogger(__name__)

FieldShape = Mapping[str, Any]

_SYSTEM_FIELDS = ("LastModifiedDate",)


class Schema:
    """The described objects of one org, kept as long as the connector lives."""

    def __init__(self, session: SalesforceSession, mapping: WorkspaceMapping) -> None:
        self._session = session
        self._mapping = mapping
        self._objects: dict[str, Mapping[str, FieldShape] | None] = {}

    def known(self, entity: EntityMapping) -> Mapping[str, FieldShape]:
        """Return the fields of an entity's object where it was described already, else none."""
        return self._objects.get(entity.sobject) or {}

    def forget(self) -> None:
        """Drop all that was described: the org was changed."""
        self._objects.clear()

    def has_external_id(self, entity: EntityMapping) -> bool:
        """Return whether an entity's key may find its record in a save; so where nobody knows."""
        key = self.known(entity).get(entity.salesforce_key, {})
        return key.get("externalId") is not False or key.get("idLookup") is not False

    def fields(self, entity: EntityMapping, cancel: CancelToken) -> Mapping[str, FieldShape] | None:
        """Return the fields of an entity's object by API name; None where it is not to be seen."""
        if entity.sobject not in self._objects:
            self._objects[entity.sobject] = self._described(entity.sobject, cancel)
        return self._objects[entity.sobject]

    def fields_now(
        self, entity: EntityMapping, cancel: CancelToken
    ) -> Mapping[str, FieldShape] | None:
        """Return the same, asked again: somebody may just have made a field."""
        self._objects.pop(entity.sobject, None)
        return self.fields(entity, cancel)

    def require(self, entity: EntityMapping, cancel: CancelToken) -> Mapping[str, FieldShape]:
        """Return the fields of an entity's object, all mapped ones among them.

        A field that has got a type which the mapping cannot use is warned of, once a describe.

        Raises:
            NotAllowed: The object or fields are missing or hidden; all of them are named.
        """
        is_new = entity.sobject not in self._objects
        fields = self.fields(entity, cancel)
        unseen = list(_unseen(entity, fields))
        if fields is None or unseen:
            self._objects.pop(entity.sobject, None)  # it may be mended while we live
            raise NotAllowed(
                f"Salesforce connection {self._session.http.connection!r}: {'; '.join(unseen)}.",
                "`concord prepare` makes them, and a permission set for them: docs/prepare.md.",
            )
        for words in self._unlike(entity, fields) if is_new else ():
            log.warning("Salesforce connection %r: %s", self._session.http.connection, words)
        return fields

    def missing(self, entity: EntityMapping, cancel: CancelToken) -> tuple[str, ...]:
        """Return what the entity lacks for reading and writing, in words."""
        fields = self.fields(entity, cancel)
        unlike = self._unlike(entity, fields or {})
        return (*_unseen(entity, fields), *_unwritable(entity, fields or {}), *unlike)

    def _unlike(self, entity: EntityMapping, fields: Mapping[str, FieldShape]) -> tuple[str, ...]:
        """Return in words which mapped fields are of a type that the mapping cannot use."""
        from app.connectors.salesforce.prepare_fields import (  # noqa: PLC0415 - start-up time
            changed_types,
        )

        if entity.salesforce_key == "Id" or not entity.billing_key:
            return ()  # an object of the org's own that is only looked through
        return tuple(changed_types(entity, self._mapping, fields))

    def _described(self, sobject: str, cancel: CancelToken) -> Mapping[str, FieldShape] | None:
        try:
            answer = self._session.get(f"sobjects/{sobject}/describe", cancel)
        except RemoteRefused as error:
            if error.code == "NOT_FOUND":
                return None
            raise
        except NotAllowed:
            return None
        with self._session.understanding(f"the description of {sobject}"):
            return {str(field["name"]): field for field in answer["fields"]}


def respelled(name: str, fields: Iterable[str]) -> str:
    """Return in words how an org spells a field that it has in other letters, "" if it has none.

    To Salesforce they are one name, and it answers in its own spelling (salesforce.md §5.1).
    """
    own = next((each for each in fields if each.lower() == name.lower()), "")
    return f"is spelled {own} in this org: write it so in the mapping" if own else ""


def relationship(field: FieldMapping) -> str:
    """Return the relationship's name of a lookup field: `Plan__c` → `Plan__r`, `AccountId` → …."""
    name = field.salesforce
    return f"{name[:-1]}r" if name.endswith("__c") else name.removesuffix("Id")


def change_columns(fields: Mapping[str, FieldShape]) -> tuple[str, ...]:
    """Return the columns that tell when and by whom a row was last changed, as far as seen."""
    columns = [name for name in _SYSTEM_FIELDS if name in fields]
    if fields.get("LastModifiedById", {}).get("relationshipName") == "LastModifiedBy":
        columns.append("LastModifiedBy.Name")
    return tuple(columns)


def _unseen(entity: EntityMapping, fields: Mapping[str, FieldShape] | None) -> Iterator[str]:
    if fields is None:
        yield f"object {entity.sobject} ({entity.plural}) is missing or hidden from this user"
        return
    for name in dict.fromkeys((entity.salesforce_key, *(f.salesforce for f in entity.fields))):
        if name not in fields:
            words = respelled(name, fields) or "is missing or hidden from this user"
            yield f"field {name} of {entity.sobject} {words}"


def _unwritable(entity: EntityMapping, fields: Mapping[str, FieldShape]) -> Iterator[str]:
    key = fields.get(entity.salesforce_key)
    if key is not None and key.get("externalId") is False and key.get("idLookup") is False:
        yield f"field {entity.salesforce_key} of {entity.sobject} is no external id"
    for field in entity.fields:
        shape = fields.get(field.salesforce, {})
        if shape.get("updateable") is False:
            yield f"field {field.salesforce} of {entity.sobject} cannot be edited by this user"
