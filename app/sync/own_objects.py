"""Records of the org's own objects, which the mapping does not have: they are read when needed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from app.connectors.protocol import ReadRequest, Scope
from app.domain.action import Named
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping, FieldMapping, FieldType, Owner
from app.domain.record import Side
from app.errors import NotAllowed
from app.sync.workbench import Workbench


@dataclass(frozen=True, slots=True)
class OwnObject:
    """What is read of an object.

    Attributes:
        fields: The fields that are read; `""` among them is passed over.
        key: The field by whose values records are asked for.
        types: What fields are, other than text.
    """

    sobject: str
    fields: Sequence[str]
    key: str = "Id"
    types: Mapping[str, FieldType] = field(default_factory=dict)

    @property
    def entity(self) -> EntityMapping:
        """The object as an entity whose values are those of the fields, by their names."""
        names = sorted({*self.fields} - {""})
        types = [self.types.get(name, FieldType.TEXT) for name in names]
        return EntityMapping(
            name=self.sobject,
            label=self.sobject,
            plural=self.sobject,
            sobject=self.sobject,
            billing_key="",  # it is none of billing's
            salesforce_key=self.key,
            title=names[0],
            fields=tuple(
                FieldMapping(name, name, name, kind, Owner.SALESFORCE)
                for name, kind in zip(names, types, strict=True)
            ),
        )


def read_own(
    bench: Workbench, what: OwnObject, keys: Sequence[str], cancel: CancelToken
) -> Iterator[tuple[str, Named]]:
    """Yield id and values, by the fields' names, of the records that have these keys.

    Raises:
        NotAllowed: Concord's user may not see the object or one of the fields.
    """
    entity = what.entity
    request = ReadRequest((entity,), Scope.KEYS, tuple(keys))
    try:
        for page in bench.connectors[Side.SALESFORCE].read(request, cancel):
            for record in page.records:
                yield record.side_id, dict(zip(entity.index, record.values, strict=True))
    except NotAllowed as error:
        hint = "Let Concord's user read them, or correct the [[source]] of the mapping."
        raise NotAllowed(error.summary, hint) from error
