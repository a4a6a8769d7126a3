"""The mapping page: what stands in its lists, what a typed cell means, what speaks against it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from app.domain.column import Column
from app.domain.mapping import EntityMapping, FieldMapping, FieldType, Owner, WorkspaceMapping
from app.domain.mapping_change import JOBS, SOURCES, Change, Effect, MappingChange
from app.domain.mapping_edit import MappingDraft, Setting, change_field
from app.domain.mapping_suggest import Pairing
from app.errors import AppError
from app.sync.mapping_fit import Template
from app.views.state.language import tr
from app.views.state.ways_out import in_the_window

_PLACE = re.compile(r"^\S+?\.toml:(\d+): ")
_AS_IT_IS, _UPPER = "as it is", "upper case"


class Cell(IntEnum):
    """The columns of the table of fields."""

    NAME = 0
    BILLING = 1
    SALESFORCE = 2
    TYPE = 3
    OWNER = 4
    CONVERSION = 5
    PROBLEM = 6


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the values that a cell can take: its words, and the settings that it stands for."""

    words: str
    settings: Mapping[str, Setting]


@dataclass(frozen=True, slots=True)
class FieldLine:
    """A field as the table shows it, a text for each `Cell` but the last."""

    name: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MappingButtons:
    """Which buttons of the page work, and what the save button says."""

    can_edit: bool
    can_remove: bool
    can_undo: bool
    can_save: bool
    state: str


def field_lines(entity: EntityMapping, mapping: WorkspaceMapping) -> list[FieldLine]:
    """Return an entity's fields as the table shows them."""
    return [
        FieldLine(
            field.name,
            (
                field.name,
                field.billing,
                field.salesforce,
                type_words(field, mapping),
                owner_words(field.owner),
                conversion_words(field),
            ),
        )
        for field in entity.fields
    ]


def type_words(field: FieldMapping, mapping: WorkspaceMapping) -> str:
    """Return a field's type, a reference with what it points at."""
    if field.type is not FieldType.REFERENCE:
        return tr(field.type.value)
    target = mapping.by_name.get(field.to)
    return tr("reference to {what}").format(what=target.label if target else field.to)


def owner_words(owner: Owner) -> str:
    """Return whose value wins."""
    words = {
        Owner.BILLING: tr("billing"),
        Owner.SALESFORCE: tr("Salesforce"),
        Owner.BOTH: tr("both"),
    }
    return words[owner]


def conversion_words(field: FieldMapping) -> str:
    """Return how billing's values become Salesforce's."""
    parts = [tr(_UPPER)] if field.upper else []
    if field.value_map:
        parts.append(tr("{count} values").format(count=len(field.value_map)))
    if field.scale is not None:
        parts.append(tr("{count} decimals").format(count=field.scale))
    return ", ".join(parts) or tr(_AS_IT_IS)


def choices(cell: Cell, mapping: WorkspaceMapping) -> list[Choice]:
    """Return what a cell can be chosen from; none where it is typed."""
    if cell is Cell.TYPE:
        plain = (kind for kind in FieldType if kind is not FieldType.REFERENCE)
        return [
            *(Choice(tr(kind.value), {"type": kind.value}) for kind in plain),
            *(
                Choice(
                    tr("reference to {what}").format(what=entity.label),
                    {"type": FieldType.REFERENCE.value, "to": entity.name},
                )
                for entity in mapping.entities
            ),
        ]
    if cell is Cell.OWNER:
        return [Choice(owner_words(owner), {"owner": owner.value}) for owner in Owner]
    if cell is Cell.CONVERSION:
        return [
            Choice(tr(_AS_IT_IS), {"convert": None, "map": None}),
            Choice(tr(_UPPER), {"convert": "upper"}),
        ]
    return []


def cell_settings(cell: Cell, words: str, mapping: WorkspaceMapping) -> Mapping[str, Setting]:
    """Return the settings that a cell's new text stands for; none where it stands for nothing."""
    typed = {Cell.NAME: "name", Cell.BILLING: "billing", Cell.SALESFORCE: "salesforce"}
    if cell in typed:
        return {typed[cell]: words.strip()}
    return next((each.settings for each in choices(cell, mapping) if each.words == words), {})


def objection(draft: MappingDraft, entity: str, field: str, settings: Mapping[str, Setting]) -> str:
    """Return why a field cannot be changed so, `""` where it can."""
    try:
        change_field(draft, entity, field, settings)
    except AppError as error:
        return problem_words(error)
    return ""


def problem_words(error: AppError) -> str:
    """Return an error of a mapping with its line in front: `Line 17: …`."""
    found = _PLACE.match(error.summary)
    if found is None:
        return in_the_window(str(error))
    summary = error.summary[found.end() :]
    return tr("Line {line}: {what} {hint}").format(line=found[1], what=summary, hint=error.hint)


def offered(columns: Sequence[Column], words: str = "") -> list[str]:
    """Return the names of columns to choose from, those that are like what is typed first."""
    low = words.strip().lower()
    names = [column.name for column in columns]
    return sorted(names, key=lambda name: (low not in name.lower(), name.lower()))


def new_field(pair: Pairing, entity: EntityMapping) -> dict[str, Setting]:
    """Return the settings of a field for two columns that belong together.

    The type is Salesforce's, which is stricter; owner is billing until a person says otherwise.
    """
    there = pair.salesforce
    reference = there.type is FieldType.REFERENCE
    kind = FieldType.TEXT if reference else there.type
    return {
        "name": free_name(pair.billing.name, entity),
        "billing": pair.billing.name,
        "salesforce": there.name,
        "type": kind.value,
        "length": there.length or None if kind is FieldType.TEXT else None,
        "scale": there.scale if kind in {FieldType.DECIMAL, FieldType.MONEY} else None,
        "values": list(there.values) or None if kind is FieldType.PICKLIST else None,
        "owner": Owner.BILLING.value,
    }


def free_name(column: str, entity: EntityMapping) -> str:
    """Return a name for a field of a column that the entity does not have yet."""
    bare = re.sub(r"[^a-z0-9]+", "_", column.rpartition(":")[2].lower()).strip("_") or "field"
    name = bare if bare[0].isalpha() else f"field_{bare}"
    count, found = 2, name
    while found in entity.index:
        found, count = f"{name}_{count}", count + 1
    return found


def blank_field(entity: EntityMapping) -> dict[str, Setting]:
    """Return the settings of a field that a person goes on to fill in."""
    name = free_name("new_field", entity)
    return {
        "name": name,
        "billing": name,
        "salesforce": f"{name.title()}__c",
        "type": FieldType.TEXT.value,
        "owner": Owner.BILLING.value,
    }


def buttons(
    draft: MappingDraft | None, saved: str, *, field: str, steps: int, refused: str = ""
) -> MappingButtons:
    """Return which buttons work; `saved` is the text as it is kept, `refused` why it must stay."""
    is_open = draft is not None and not refused
    changed = draft is not None and draft.text != saved
    state = refused
    if is_open:
        state = tr("Changed, not saved") if changed else tr("Saved")
    return MappingButtons(is_open, is_open and bool(field), steps > 0, changed and is_open, state)


def change_row(change: Change, mapping: WorkspaceMapping) -> tuple[str, str, str, str, str]:
    """Return a change as a row: where, what, before, after, what happens to the base."""
    entity = mapping.by_name.get(change.entity)
    others = {JOBS: tr("Jobs"), SOURCES: tr("Actions")}
    where = entity.label if entity else others.get(change.entity, change.entity)
    if change.field:
        where = f"{where} \u00b7 {change.field}"
    effects = {
        Effect.ENTITY_ADDED: tr("new"),
        Effect.ENTITY_REMOVED: tr("no longer read"),
        Effect.ADDED: tr("added"),
        Effect.REMOVED: tr("removed"),
        Effect.RETYPED: tr("another type"),
        Effect.MOVED: tr("another column"),
        Effect.CONVERTED: tr("converted otherwise"),
        Effect.OWNED: tr("another owner"),
        Effect.SETTING: tr("another setting"),
    }
    return where, effects[change.effect], change.before, change.after, base_words(change.effect)


def base_words(effect: Effect) -> str:
    """Return what happens to the values on which both sides last agreed."""
    if effect in {Effect.ADDED, Effect.ENTITY_ADDED}:
        return tr("none yet: the owner's value wins")
    if effect is Effect.RETYPED:
        return tr("forgotten: the owner's value wins")
    if effect is Effect.REMOVED:
        return tr("forgotten")
    if effect is Effect.MOVED:
        return tr("kept from the former column")
    return tr("kept")


def save_words(change: MappingChange, mapping: WorkspaceMapping) -> str:
    """Return what saving does, in a few lines."""
    lines = []
    if change.is_empty:
        lines.append(tr("Only comments or the order differ; nothing is read again."))
    if change.reread:
        known = mapping.by_name
        names = ", ".join(known[name].plural for name in change.reread)
        lines.append(
            tr(
                "What was read of these is forgotten and read again by the next refresh: {names}."
            ).format(names=names)
        )
    if any(each.effect is Effect.MOVED for each in change.changes):
        lines.append(
            tr(
                "A field that moved to another column keeps what both sides agreed on. If it is to"
                " begin anew, give it another name too."
            )
        )
    lines.append(tr("The former mapping stays beside the new one. Plans made before are refused."))
    return "\n".join(lines)


def addable(templates: Sequence[Template], mapping: WorkspaceMapping) -> list[Template]:
    """Return the entities that a mapping lacks and Concord has a template of."""
    return [each for each in templates if each.entity.name not in mapping.by_name]


def map_objection(pairs: Sequence[tuple[str, str]]) -> str:
    """Return why codes and meanings cannot be a value map, `""` where they can."""
    codes = [code.strip() for code, _meaning in pairs]
    if any(not code or not meaning.strip() for code, meaning in pairs):
        return tr("Each code needs a meaning, and each meaning a code.")
    twice = next((code for code in codes if codes.count(code) > 1), "")
    if twice:
        return tr("The code {code} stands twice.").format(code=twice)
    meanings = [meaning.strip() for _code, meaning in pairs]
    twice = next((each for each in meanings if meanings.count(each) > 1), "")
    if twice:
        return tr("{meaning} stands twice: billing could not be written.").format(meaning=twice)
    return ""
