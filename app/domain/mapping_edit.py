"""Edits of a mapping file's text: comments, order and whatever is not edited stay as they are."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from app.domain.mapping import FieldMapping, FieldType, WorkspaceMapping
from app.domain.mapping_file import FindText, parse_mapping
from app.domain.mapping_toml import tables_of
from app.errors import MappingInvalid, WrongUse

Setting = str | int | Mapping[str, str] | Sequence[str] | None
"""A setting's value; None takes the setting away."""
_BLOCK = re.compile(r"^(?:#.*\n)*\[\[(entity|job|source)\]\]", re.MULTILINE)
"""Begins an entity, a job or a source; comments right above it belong to it."""
_NAMED_BY_FIELD = ("title", "parent_field", "group_by", "together")
_INDENT = "    "
REFERENCE = FieldType.REFERENCE.value


@dataclass(frozen=True, slots=True)
class MappingDraft:
    """A mapping file while it is edited; each edit gives another one that can be used.

    Attributes:
        text: The file; nothing of it is included from elsewhere.
        mapping: What the text says.
        file_name: How errors call it.
    """

    text: str
    mapping: WorkspaceMapping
    file_name: str


@dataclass(frozen=True, slots=True)
class Rename:
    """Other Salesforce names of an entity; `""` and a field that is not named stay as they are.

    Attributes:
        sobject: The object's name.
        fields: Old name → new name of fields, the key's among them.
    """

    entity: str
    sobject: str
    fields: Mapping[str, str]


def draft_of(text: str, file_name: str, find: FindText = lambda _name: None) -> MappingDraft:
    """Return a draft of a mapping file; what it includes is written into it.

    Raises:
        MappingInvalid: The file is wrong; the summary begins with `file:line`.
    """
    whole = flattened(text, file_name, find)
    return MappingDraft(whole, parse_mapping(whole, file_name), file_name)


def flattened(text: str, file_name: str, find: FindText) -> str:
    """Return a mapping's text with the blocks of those that it includes in their place.

    Raises:
        MappingInvalid: The file is wrong, or writes its entities in another way than [[entity]].
    """
    parse_mapping(text, file_name, find)
    included = included_names(text, file_name)
    if not included:
        return text
    taken: dict[tuple[str, str], str] = {}
    for name in included:
        taken |= _named_blocks(flattened(find(name) or "", f"{name}.toml", find), f"{name}.toml")
    blocks = _blocks(text)
    top = _parsed(text[: blocks[0].start if blocks else len(text)], file_name)
    top.pop("include")
    # As `parse_mapping` has it: an entity takes the place of one with its name that is included.
    taken |= _named_blocks(text, file_name)
    return "\n\n".join([str(top.as_string()).strip("\n"), *taken.values()]) + "\n"


def included_names(text: str, file_name: str) -> list[str]:
    """Return the names that a mapping includes; raises `MappingInvalid` where it is no TOML."""
    return [str(name) for name in tables_of(text, file_name).get("include", [])]


def settings_of(field: FieldMapping) -> dict[str, Setting]:
    """Return a field's settings as a mapping file writes them; what says nothing is left out."""
    said: dict[str, Setting] = {
        "name": field.name,
        "billing": field.billing,
        "salesforce": field.salesforce,
        "type": field.type.value,
        "to": field.to,
        "length": field.length,
        "scale": field.scale,
        "convert": "upper" if field.upper else "",
        "map": dict(field.value_map),
        "values": list(field.values),
        "currency": field.currency,
        "label": field.label,
        "precision": field.precision,
        "format": field.format,
        "lookup": field.lookup,
        "owner": field.owner.value,
    }
    if field.scale is None:
        del said["scale"]
    return {name: value for name, value in said.items() if value or name == "scale"}


def change_field(
    draft: MappingDraft, entity: str, name: str, settings: Mapping[str, Setting]
) -> MappingDraft:
    """Return the draft with some settings of a field changed.

    Another name is followed by all that names the field in its entity.

    Raises:
        WrongUse: There is no such field.
        MappingInvalid: The mapping would be wrong; the summary begins with `file:line`.
    """

    def edit(table: Any) -> None:
        place = _field_place(table, name)
        is_reference = settings.get("type", REFERENCE) == REFERENCE
        changed = settings if is_reference else {**settings, "to": None}
        if _is_array(table["fields"]):
            # Written anew: what is taken out of an inline table leaves its blanks behind.
            said = table["fields"][place].unwrap()
            merged = _merged(said, changed)
            if merged != said:
                table["fields"][place] = _inline(merged)
        else:
            _put(table["fields"][place], changed)
        _follow(table, name, str(settings.get("name") or name))

    return _edited(draft, entity, edit)


def add_field(draft: MappingDraft, entity: str, settings: Mapping[str, Setting]) -> MappingDraft:
    """Return the draft with one more field, the last of its entity.

    Raises:
        WrongUse: There is no such entity.
        MappingInvalid: The mapping would be wrong.
    """

    def edit(table: Any) -> None:
        fields = table["fields"]
        if _is_array(fields):
            _append(fields, _inline(settings))
        else:
            fields.append(_table(settings))

    return _edited(draft, entity, edit)


def remove_field(draft: MappingDraft, entity: str, name: str) -> MappingDraft:
    """Return the draft without a field.

    Raises:
        WrongUse: There is no such field.
        MappingInvalid: Something of the entity names it, or it is the last one.
    """

    def edit(table: Any) -> None:
        del table["fields"][_field_place(table, name)]

    return _edited(draft, entity, edit)


def change_entity(
    draft: MappingDraft, entity: str, settings: Mapping[str, Setting]
) -> MappingDraft:
    """Return the draft with some settings of an entity changed; raises as `change_field`."""
    return _edited(draft, entity, lambda table: _put(table, settings))


def add_entity(draft: MappingDraft, template: str) -> MappingDraft:
    """Return the draft with one more entity, the last; `template` is its text (`entity_text`).

    Raises:
        MappingInvalid: The mapping would be wrong: its name is taken, or it refers to an entity
            that the mapping lacks.
    """
    body = draft.text.rstrip("\n")
    return _checked(f"{body}\n\n{template.strip()}\n", draft.file_name)


def remove_entity(draft: MappingDraft, entity: str) -> MappingDraft:
    """Return the draft without an entity.

    Raises:
        WrongUse: There is no such entity, or it is the last one.
        MappingInvalid: Another entity refers to it.
    """
    if len(draft.mapping.entities) == 1:
        raise WrongUse("A mapping has at least one entity.", "Add another one first.")

    block = _block_of(draft, entity)
    text = draft.text[: block.start] + draft.text[block.end :]
    return _checked(text.rstrip("\n") + "\n", draft.file_name)


def entity_text(draft: MappingDraft, entity: str) -> str:
    """Return the text of one entity, to be added to another mapping; raises `WrongUse`."""
    block = _block_of(draft, entity)
    return draft.text[block.start : block.end].strip("\n") + "\n"


def rename(draft: MappingDraft, renames: Sequence[Rename]) -> MappingDraft:
    """Return the draft with other names of Salesforce objects and fields; raises as others do."""
    for one in renames:
        draft = _edited(draft, one.entity, partial(_rename, one))
    return draft


def _rename(asked: Rename, table: Any) -> None:
    if asked.sobject:
        table["sobject"] = asked.sobject
    for holder in (table["key"], *table["fields"]):
        new = asked.fields.get(str(holder["salesforce"]))
        if new:
            holder["salesforce"] = new


class _Block(NamedTuple):
    """Where an entity or a job stands in a text, the comments above it among it."""

    kind: str
    start: int
    end: int


def _blocks(text: str) -> list[_Block]:
    found = list(_BLOCK.finditer(text))
    ends = [*(match.start() for match in found), len(text)][1:]
    return [_Block(m[1], m.start(), end) for m, end in zip(found, ends, strict=True)]


def _block_of(draft: MappingDraft, entity: str) -> _Block:
    """Return where an entity stands.

    Raises:
        WrongUse: There is no such entity.
        MappingInvalid: Entities are written in another way than [[entity]].
    """
    names = list(draft.mapping.by_name)
    if entity not in names:
        known = ", ".join(names)
        raise WrongUse(f"The mapping has no entity {entity!r}.", f"Its entities are: {known}.")
    return _places(draft.text, draft.file_name)["entity", entity]


def _otherwise(file_name: str) -> MappingInvalid:
    return MappingInvalid(
        f"{file_name}: its entities cannot be told apart.",
        "Write each entity under a line [[entity]].",
    )


def _edited(draft: MappingDraft, entity: str, edit: Callable[[Any], None]) -> MappingDraft:
    """Return the draft with the table of one entity edited; all other text is not touched."""
    block = _block_of(draft, entity)
    document = _parsed(draft.text[block.start : block.end], draft.file_name)
    edit(document["entity"][0])
    text = draft.text[: block.start] + str(document.as_string()) + draft.text[block.end :]
    return _checked(text, draft.file_name)


def _checked(text: str, file_name: str) -> MappingDraft:
    return MappingDraft(text, parse_mapping(text, file_name), file_name)


def _parsed(text: str, file_name: str) -> Any:
    import tomlkit  # noqa: PLC0415 - start-up time
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415

    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise MappingInvalid(f"{file_name}: {error}.", "Correct the TOML there.") from error


def _named_blocks(text: str, file_name: str) -> dict[tuple[str, str], str]:
    """Return the texts of a file's entities, jobs, sources by kind and name, in their order."""
    found = _places(text, file_name)
    return {name: text[block.start : block.end].strip("\n") for name, block in found.items()}


def _places(text: str, file_name: str) -> dict[tuple[str, str], _Block]:
    """Return where a file's blocks stand by kind and name, those left out too."""
    found: dict[tuple[str, str], _Block] = {}
    data, blocks = tables_of(text, file_name), _blocks(text)
    for kind in ("entity", "job", "source"):
        names = [str(row.get("name", "")) for row in data.get(kind, [])]
        places = [block for block in blocks if block.kind == kind]
        if len(names) != len(places):
            raise _otherwise(file_name)
        found |= {(kind, name): block for name, block in zip(names, places, strict=True)}
    return found


def _field_place(table: Any, name: str) -> int:
    names = [str(row["name"]) for row in table["fields"]]
    if name not in names:
        raise WrongUse(
            f"The mapping has no field {name!r} of {str(table['name'])!r}.",
            f"Its fields are: {', '.join(names)}.",
        )
    return names.index(name)


def _put(table: Any, settings: Mapping[str, Setting]) -> None:
    for name, value in settings.items():
        if value is None:
            table.pop(name, None)
        elif name not in table or table[name] != value:
            table[name] = _value(value)


def _merged(said: Mapping[str, Any], changed: Mapping[str, Setting]) -> dict[str, Setting]:
    """Return a field's settings after a change; new ones stand before the owner, which is last."""
    kept = {name: changed.get(name, value) for name, value in said.items()}
    new = {n: value for n, value in changed.items() if n not in said and value is not None}
    owner = {"owner": kept.pop("owner")} if "owner" in kept and new else {}
    return {**kept, **new, **owner}


def _value(value: Setting) -> Any:
    return _inline(value) if isinstance(value, Mapping) else value


def _is_array(fields: Any) -> bool:
    from tomlkit.items import Array  # noqa: PLC0415 - start-up time

    return isinstance(fields, Array)


def _append(fields: Any, row: Any) -> None:
    if "\n" in fields.as_string():
        fields.add_line(row, indent=_INDENT)
    else:
        fields.append(row)


def _inline(settings: Mapping[str, Any]) -> Any:
    """Return an inline table, spaced as in the mappings that come with Concord."""
    import tomlkit  # noqa: PLC0415 - start-up time

    body = ", ".join(_line(name, value) for name, value in settings.items() if value is not None)
    return tomlkit.parse(f"row = {{ {body} }}\n")["row"] if body else tomlkit.inline_table()


def _table(settings: Mapping[str, Setting]) -> Any:
    """Return a table of its own, with an empty line behind it."""
    import tomlkit  # noqa: PLC0415 - start-up time

    lines = [_line(name, value) for name, value in settings.items() if value is not None]
    made = tomlkit.table()
    for key, item in tomlkit.parse("\n".join([*lines, ""])).items():
        made.add(key, item)
    made.add(tomlkit.nl())
    return made


def _line(name: str, value: Setting) -> str:
    """Return a setting as TOML writes it."""
    import tomlkit  # noqa: PLC0415 - start-up time

    written = _inline(value).as_string() if isinstance(value, Mapping) else None
    key = tomlkit.key(name).as_string() if re.fullmatch(r"[\w-]+", name) else _quoted(name)
    return f"{key} = {written or tomlkit.item(value).as_string()}"


def _quoted(name: str) -> str:
    import tomlkit  # noqa: PLC0415 - start-up time

    return str(tomlkit.string(name).as_string())


def _follow(table: Any, old: str, new: str) -> None:
    """Let all that names a field in its entity name it by its new name."""
    if old == new:
        return
    for setting in _NAMED_BY_FIELD:
        if table.get(setting) == old:
            table[setting] = new
    if table.get("parent") == old and "parent_field" not in table:
        table["parent_field"] = new
    for row, setting in _naming(table):
        if row.get(setting) == old:
            row[setting] = new
    for row in table.get("pair", ()):
        names = row["fields"]
        for place, name in enumerate(names):
            if name == old:
                names[place] = new


def _naming(table: Any) -> Iterator[tuple[Any, str]]:
    yield from ((row, "currency") for row in table["fields"])
    for row in table.get("sums", ()):
        yield from ((row, setting) for setting in ("field", "by", "currency"))
    yield from ((row, "field") for row in table.get("ignore", ()))
    shown = table.get("shows", {})
    yield from ((shown, facet) for facet in list(shown))
