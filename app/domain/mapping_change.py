"""What a change of a mapping means for what is stored: the words before it is applied."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from enum import Enum

from app.domain.mapping import EntityMapping, FieldMapping, WorkspaceMapping

JOBS = "[jobs]"
"""Stands for the mapping's jobs where entities are named: no entity can be called so."""
SOURCES = "[sources]"
"""Stands likewise for what actions take from the org's own objects."""
_TOLD_APART = frozenset({"name", "sobject", "billing_key", "salesforce_key", "fields"})


class Effect(Enum):
    """What happened to an entity or a field, and so to what both sides last agreed on (its base).

    In the order of their weight: a field has one effect, the first of these.
    """

    ENTITY_ADDED = "entity added"
    ENTITY_REMOVED = "entity removed"
    ADDED = "added"
    REMOVED = "removed"
    RETYPED = "another type"
    MOVED = "another column"
    CONVERTED = "converted otherwise"
    OWNED = "another owner"
    SETTING = "another setting"

    @property
    def keeps_base(self) -> bool:
        """Whether the values on which both sides last agreed stay known."""
        return self not in {Effect.ENTITY_ADDED, Effect.ADDED, Effect.REMOVED, Effect.RETYPED}


@dataclass(frozen=True, slots=True)
class Change:
    """One entity or field that is not as it was.

    Attributes:
        field: `""` for the entity itself.
        before: What it was, `""` where it is new.
        after: What it is, `""` where it is gone.
    """

    entity: str
    field: str
    effect: Effect
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class MappingChange:
    """All that differs between two mappings.

    Attributes:
        reread: Entities whose records are forgotten until the next refresh; their base stays,
            field by field.
    """

    changes: tuple[Change, ...]
    reread: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs but perhaps comments."""
        return not self.changes


def change_between(old: WorkspaceMapping, new: WorkspaceMapping) -> MappingChange:
    """Return what differs from one mapping to another, by entity in the order of the new one."""
    found: list[Change] = []
    for entity in new.entities:
        before = old.by_name.get(entity.name)
        if before is None:
            found.append(Change(entity.name, "", Effect.ENTITY_ADDED, "", entity.sobject))
        else:
            found += _entity_changes(before, entity)
    gone = [entity for entity in old.entities if entity.name not in new.by_name]
    found += [Change(each.name, "", Effect.ENTITY_REMOVED, each.sobject) for each in gone]
    if old.jobs != new.jobs:
        found.append(Change(JOBS, "", Effect.SETTING, *(_schedules(each) for each in (old, new))))
    if old.sources != new.sources:
        told = (", ".join(source.name for source in each.sources) for each in (old, new))
        found.append(Change(SOURCES, "", Effect.SETTING, *told))
    known = [entity for entity in new.entities if entity.name in old.by_name]
    reread = [each.name for each in known if each.shape != old.entity(each.name).shape]
    return MappingChange(tuple(found), tuple(reread))


def _entity_changes(old: EntityMapping, new: EntityMapping) -> Iterator[Change]:
    if old.sobject != new.sobject:
        yield Change(new.name, "", Effect.MOVED, old.sobject, new.sobject)
    keys = (old.billing_key, old.salesforce_key), (new.billing_key, new.salesforce_key)
    if keys[0] != keys[1]:
        yield Change(new.name, "", Effect.MOVED, *(" \u2194 ".join(each) for each in keys))
    before, after = _rest(old), _rest(new)
    if before != after:
        told = [name for name in after if after[name] != before[name]]
        words = (", ".join(f"{name} {said[name]}" for name in told) for said in (before, after))
        yield Change(new.name, "", Effect.SETTING, *words)
    for field in new.fields:
        if field.name not in old.index:
            yield Change(new.name, field.name, Effect.ADDED, "", _columns(field))
        elif field != old.field_of(field.name):
            yield _field_change(new.name, old.field_of(field.name), field)
    for field in old.fields:
        if field.name not in new.index:
            yield Change(new.name, field.name, Effect.REMOVED, _columns(field))


def _schedules(mapping: WorkspaceMapping) -> str:
    return ", ".join(
        f"{job.name} {job.cron or f'every {job.every_minutes} min'}" for job in mapping.jobs
    )


def _rest(entity: EntityMapping) -> dict[str, str]:
    """Return in words what an entity says besides its object, its keys and its fields."""
    told = (each.name for each in fields(entity) if each.name not in _TOLD_APART)
    return {name: _plain(getattr(entity, name)) for name in told}


def _field_change(entity: str, old: FieldMapping, new: FieldMapping) -> Change:
    if old.type is not new.type:
        return Change(entity, new.name, Effect.RETYPED, _type(old), _type(new))
    if _columns(old) != _columns(new):
        return Change(entity, new.name, Effect.MOVED, _columns(old), _columns(new))
    ways = [(f.scale, f.upper, sorted(f.value_map.items())) for f in (old, new)]
    if ways[0] != ways[1]:
        return Change(entity, new.name, Effect.CONVERTED, *map(_conversion, (old, new)))
    if old.owner is not new.owner:
        return Change(entity, new.name, Effect.OWNED, old.owner.value, new.owner.value)
    told = [f.name for f in fields(new) if getattr(old, f.name) != getattr(new, f.name)]
    words = (", ".join(f"{name} {_plain(getattr(f, name))}" for name in told) for f in (old, new))
    return Change(entity, new.name, Effect.SETTING, *words)


def _columns(field: FieldMapping) -> str:
    return f"{field.billing} \u2194 {field.salesforce}"


def _type(field: FieldMapping) -> str:
    return f"{field.type.value} to {field.to}" if field.to else field.type.value


def _conversion(field: FieldMapping) -> str:
    said = [f"{code} = {meaning}" for code, meaning in field.value_map.items()]
    if field.upper:
        said.insert(0, "upper case")
    if field.scale is not None:
        said.insert(0, f"{field.scale} decimals")
    return ", ".join(said) or "as it is"


def _plain(value: object) -> str:
    """Return a setting's value in words."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {said}" for name, said in sorted(value.items()))
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value.value if isinstance(value, Enum) else "" if value is None else value)
