"""A mapping without some of its entities: what is left out is neither made nor read nor written."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from hashlib import sha256

from app.domain.mapping import EntityMapping, FieldType, WorkspaceMapping


def with_children(mapping: WorkspaceMapping, names: Iterable[str]) -> tuple[str, ...]:
    """Return entities with those below them, which cannot be without; in the mapping's order."""
    wanted = frozenset(names)
    return tuple(
        entity.name
        for entity in mapping.entities
        if any(above.name in wanted for above in mapping.above(entity))
    )


def left_out(mapping: WorkspaceMapping, names: Collection[str]) -> WorkspaceMapping:
    """Return a mapping without entities, those below them, and the fields that point at them.

    A name that the mapping does not have is passed over, since mappings change.
    """
    gone = frozenset(with_children(mapping, names))
    if not gone:
        return mapping
    told = "|".join([mapping.fingerprint, *sorted(gone)])
    jobs = (replace(job, entities=_kept(job.entities, gone)) for job in mapping.jobs)
    return replace(
        mapping,
        entities=tuple(_without(one, gone) for one in mapping.entities if one.name not in gone),
        fingerprint=sha256(told.encode()).hexdigest()[:16],
        jobs=tuple(job for job in jobs if job.entities),
    )


def _kept(names: Iterable[str], gone: frozenset[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in gone)


def _without(entity: EntityMapping, gone: frozenset[str]) -> EntityMapping:
    """Return an entity without the fields that point at what is gone, and without their rules."""
    lost = {f.name for f in entity.fields if f.type is FieldType.REFERENCE and f.to in gone}
    return without_fields(entity, lost)


def without_fields(entity: EntityMapping, lost: Collection[str]) -> EntityMapping:
    """Return an entity without fields, and without the rules about them.

    Its title and the field that names its parent have to stay.
    """
    if not lost:
        return entity
    gone = frozenset(lost)
    return replace(
        entity,
        fields=tuple(field for field in entity.fields if field.name not in gone),
        group_by="" if entity.group_by in gone else entity.group_by,
        together="" if entity.together in gone else entity.together,
        ignore=tuple(rule for rule in entity.ignore if rule.field not in gone),
        sums=tuple(rule for rule in entity.sums if gone.isdisjoint({rule.field, rule.by})),
        pair=tuple(rule for rule in entity.pair if gone.isdisjoint(rule.fields)),
        shows={facet: name for facet, name in entity.shows.items() if name not in gone},
    )
