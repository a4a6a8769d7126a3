"""What a side has beside what the mapping names: a column of billing, a field of Salesforce."""

from dataclasses import dataclass

from app.domain.mapping import FieldMapping, FieldType


@dataclass(frozen=True, slots=True)
class Column:
    """A column or field that a mapping could name.

    Attributes:
        name: As the mapping writes it.
        label: What people call it there, `""` where nobody tells.
        type: The type that would hold its values.
        length: Characters that it takes, 0 where nobody tells.
        values: What it accepts; empty when anything goes.
        writable: Whether we may set it.
        scale: Digits after the point, None where it is no such number or nobody tells.
        points_at: For a reference, the objects that it may point at.
    """

    name: str
    label: str = ""
    type: FieldType = FieldType.TEXT
    length: int = 0
    values: tuple[str, ...] = ()
    writable: bool = True
    scale: int | None = None
    points_at: tuple[str, ...] = ()


def column_of(field: FieldMapping) -> Column:
    """Return the billing column that a field of a mapping reads, as far as the mapping tells."""
    return Column(
        field.billing,
        field.label,
        field.type,
        field.length,
        tuple(field.value_map) or field.values,
        scale=field.scale,
        points_at=(field.to,) if field.to else (),
    )
