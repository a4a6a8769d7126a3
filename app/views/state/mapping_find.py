"""What was found on both sides for an entity of the mapping, and what can be made of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.connectors.describes import Describes
from app.domain.column import Column
from app.domain.control import CancelToken, Report
from app.domain.mapping import EntityMapping
from app.domain.mapping_edit import MappingDraft
from app.domain.mapping_suggest import Pairing, alike, prefix_of
from app.domain.record import Side
from app.errors import AppError
from app.sync.mapping_fit import Adapted, adapt, find_columns
from app.sync.workbench import Workbench
from app.views.state.language import tr
from app.views.state.ways_out import in_the_window


@dataclass(frozen=True, slots=True)
class Found:
    """Columns of both sides, names that fit an org's packages, and what could not be asked.

    Attributes:
        adapted: None where the org could not be asked, or cannot tell.
        failures: Side → why its system could not be asked.
    """

    entity: EntityMapping
    columns: Mapping[Side, Sequence[Column]]
    adapted: Adapted | None = None
    failures: Mapping[Side, str] = field(default_factory=dict)


def look(
    bench: Workbench,
    draft: MappingDraft,
    entity: EntityMapping,
    cancel: CancelToken,
    report: Report,
) -> Found:
    """Ask both systems for an entity's columns, and the org for the names of the whole mapping.

    A side that cannot be asked is told in `failures`; the other one is of use all the same.
    """
    columns: dict[Side, Sequence[Column]] = {}
    failures: dict[Side, str] = {}
    for side in Side:
        try:
            columns[side] = find_columns(bench, entity, side, cancel)
        except AppError as error:
            cancel.check()
            columns[side], failures[side] = (), in_the_window(str(error))
    adapted = None
    connector = bench.connectors[Side.SALESFORCE]
    if Side.SALESFORCE not in failures and isinstance(connector, Describes):
        adapted = adapt(draft, connector, cancel, report)
    return Found(entity, columns, adapted, failures)


def pairings(found: Found) -> list[Pairing]:
    """Return the pairs of columns with names alike that are not mapped yet, the best first."""
    return alike(found.entity, found.columns[Side.BILLING], found.columns[Side.SALESFORCE])


def unmapped(found: Found, side: Side) -> list[Column]:
    """Return a side's columns that the entity does not map; of Salesforce those we may write."""
    entity, billing = found.entity, side is Side.BILLING
    names = {f.billing if billing else f.salesforce for f in entity.fields}
    names.add(entity.billing_key if billing else entity.salesforce_key)
    return [c for c in found.columns[side] if c.name not in names and (billing or c.writable)]


def names_words(adapted: Adapted | None) -> str:
    """Return what was found of the mapping's Salesforce names, `""` where all are as they are."""
    if adapted is None:
        return ""
    count = sum(len(one.fields) + bool(one.sobject) for one in adapted.renames)
    lines = []
    if count:
        new = [name for one in adapted.renames for name in (one.sobject, *one.fields.values())]
        prefixes = sorted({prefix_of(name) for name in new if name})
        one = tr("1 name of the mapping is in the org under {prefix}.")
        many = tr("{count:,} names of the mapping are in the org under {prefix}.")
        words = one if count == 1 else many
        lines.append(words.format(count=count, prefix=", ".join(prefixes)))
    if adapted.missing:
        one = tr("1 name is not in the org: {names}. Prepare makes it.")
        many = tr("{count:,} names are not in the org: {names}{more}. Prepare makes them.")
        words = one if len(adapted.missing) == 1 else many
        names = [gap.name for gap in adapted.missing]
        more = "\u2026" if len(names) > _SHOWN else ""
        shown = ", ".join(names[:_SHOWN])
        lines.append(words.format(count=len(names), names=shown, more=more))
    return "\n".join(lines)


def column_words(column: Column) -> str:
    """Return a column as it is listed: its name, and its label where that says more."""
    said = column.label and column.label.lower() not in column.name.replace("_", " ").lower()
    return f"{column.name} \u00b7 {column.label}" if said else column.name


def found_words(found: Found) -> str:
    """Return how many columns each side has, and why a side could not be asked."""
    lines = [
        tr("{billing:,} columns of billing are known, {salesforce:,} fields of {sobject}.").format(
            billing=len(found.columns[Side.BILLING]),
            salesforce=len(found.columns[Side.SALESFORCE]),
            sobject=found.entity.sobject,
        ),
        *found.failures.values(),
    ]
    return "\n".join(lines)


_SHOWN = 5
