"""Mapping files: TOML in, a checked mapping out; every error names file and line."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, TypeVar

from app.domain.ignore import rule_from
from app.domain.left_out import left_out, without_fields
from app.domain.mapping import (
    FACETS,
    EntityMapping,
    FieldMapping,
    FieldType,
    IgnoreRule,
    InsertRule,
    JobRow,
    Owner,
    PairRule,
    Role,
    SumRule,
    WorkspaceMapping,
    dependency_order,
)
from app.domain.mapping_toml import tables_of
from app.domain.source import LineSource, ProductSource, Source
from app.errors import MappingInvalid, WrongUse

SCHEMA = 1

_FILE_NAMES = {"schema", "name", "billing", "include", "leave_out", "entity", "job", "source"}
_ENTITY_NAMES = {
    "name", "label", "plural", "sobject", "key", "parent", "parent_field", "group_by", "title",
    "fields", "ignore", "sums", "pair", "role", "shows",
    "together", "insert_if", "guard",
}  # fmt: skip
_FIELD_NAMES = {
    "name", "billing", "salesforce", "type", "owner", "length", "scale", "to", "convert", "map",
    "values", "currency", "label", "precision", "format", "lookup",
}  # fmt: skip
_SOURCE_NAMES = {
    "name", "action", "sobject", "prefix", "fields", "account", "currency", "lines", "product",
}  # fmt: skip
_BLOCKS = frozenset({"entity", "job", "source"})  # of a file; an `insert_if` names one entity
_TABLES_NAMED = frozenset({"ignore", "sums", "pair"})
_TABLE_NAMED = frozenset({"shows", "insert_if", "where", "map"})
_LIST_NAMED = frozenset({"include", "leave_out", "entities", "values"})
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_JOB_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_API_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
Choice = TypeVar("Choice", FieldType, Owner, Role)
FindText = Callable[[str], str | None]
"""Gives the text of the mapping that an `include` names, None where there is none."""


def parse_mapping(
    text: str, file_name: str, find: FindText = lambda _name: None
) -> WorkspaceMapping:
    """Return the mapping that a TOML text describes, with the entities of those it includes.

    Raises:
        MappingInvalid: The text is no TOML, names an unknown setting, field type, owner or entity,
            or lacks something; the summary begins with `file:line`.
    """
    parser = _Parser(text, file_name)
    data = tables_of(text, file_name)
    files = list(parser.files(data, find, frozenset()))
    # An entity takes the place of one with its name in an included file.
    latest = {str(row.get("name")): (part, row) for part, told in files for row in part.rows(told)}
    parts = tuple(latest.values())
    entities = tuple(part.entity(row) for part, row in parts)
    # Each is checked by the parser of its own file, which knows the lines.
    for (part, _row), entity in zip(parts, entities, strict=True):
        part.check(entity, entities)
    parser.check_all(entities)
    jobs = tuple(job for part, told in files for job in part.jobs(told, entities))
    parser.once((job.name for job in jobs), "job")
    texts = dict.fromkeys(part.text for part, _told in files)
    fingerprint = sha256("".join(texts).encode()).hexdigest()[:16]
    sources = {source.name: source for part, told in files for source in part.sources(told)}
    names = parser.names(data)
    made = WorkspaceMapping(*names, entities, fingerprint, jobs, tuple(sources.values()))
    return parser.reduced(made, data)


@dataclass(frozen=True, slots=True)
class _Parser:
    text: str
    file_name: str

    def names(self, data: Mapping[str, Any]) -> tuple[str, str]:
        return self._word(data, "name", ()), self._word(data, "billing", ())

    def files(
        self, data: Mapping[str, Any], find: FindText, within: frozenset[str]
    ) -> Iterator[tuple["_Parser", Mapping[str, Any]]]:
        """Yield what the files say, each with its parser: those included first, this one last."""
        self._known(data, _FILE_NAMES, ())
        if data.get("schema") != SCHEMA:
            raise self._error(
                ("schema",),
                f"schema {data.get('schema')!r} is not {SCHEMA}",
                "Use a newer Concord, or set schema = 1.",
            )
        included = data.get("include", [])
        for name in included:
            text = None if name in within else find(str(name))
            if text is None:
                hint = "Name a mapping that comes with Concord, or a file beside this one."
                what = f"there is no mapping {name!r} to include"
                raise self._error(("include",), what, hint)
            other = _Parser(text, f"{str(name).removesuffix('.toml')}.toml")
            yield from other.files(tables_of(text, other.file_name), find, within | {str(name)})
        yield self, data

    def reduced(self, mapping: WorkspaceMapping, data: Mapping[str, Any]) -> WorkspaceMapping:
        """Return a mapping without what `leave_out` names: entities, and fields as `entity.field`.

        Only the file that a workspace uses is asked: what an included file leaves out stays.
        """
        named = [str(name).partition(".") for name in data.get("leave_out", ())]
        lost: dict[str, set[str]] = {}
        for entity, _dot, field in named:
            self._check_left_out(mapping, entity, field)
            lost.setdefault(entity, set()).update({field} - {""})
        entities = (without_fields(one, lost.get(one.name, ())) for one in mapping.entities)
        smaller = replace(mapping, entities=tuple(entities))
        return left_out(smaller, [entity for entity, _dot, field in named if not field])

    def _check_left_out(self, mapping: WorkspaceMapping, name: str, field: str) -> None:
        entity, path = mapping.by_name.get(name), ("leave_out",)
        if entity is None or (field and field not in entity.index):
            what = f"there is no {'.'.join(filter(None, (name, field)))!r} to leave out"
            raise self._error(path, what, "Name an entity, or a field as entity.field.")
        if field and field in {entity.title, entity.parent_field}:
            what = f"{field!r} of {name!r} is needed: it is the title, or names the parent"
            raise self._error(path, what, "Leave the whole entity out, or keep the field.")

    def rows(self, data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Return the rows of this file's entities."""
        included = data.get("include", [])
        rows: list[Mapping[str, Any]] = data.get("entity", [])
        if not (rows or included):
            raise self._error((), "no [[entity]]", "Describe at least one entity.")
        self.once((str(row.get("name", "")) for row in rows), "entity")
        return rows

    def jobs(
        self, data: Mapping[str, Any], entities: tuple[EntityMapping, ...]
    ) -> Iterator[JobRow]:
        """Yield the jobs of this file."""
        known = {entity.name for entity in entities}
        for row in data.get("job", ()):
            name = self._name(row, (), _JOB_NAME)
            path = (name,)
            self._known(row, {"name", "cron", "every_minutes", "entities", "full"}, path)
            chosen = tuple(str(one) for one in row.get("entities", ()))
            if not chosen or not known.issuperset(chosen):
                strange = sorted(set(chosen) - known)
                what = f"it reads unknown {strange[0]!r}" if strange else "it reads no entity"
                raise self._error(path, what, f"The entities are: {', '.join(sorted(known))}.")
            cron, every = str(row.get("cron", "")), self._number(row, "every_minutes", path)
            if bool(cron) == bool(every):
                hint = 'Write cron = "0 2 * * *", or every_minutes = 15.'
                raise self._error(path, "a job has one schedule", hint)
            yield JobRow(name, chosen, cron, every, full=row.get("full") is True)

    def sources(self, data: Mapping[str, Any]) -> Iterator[Source]:
        """Yield the objects of the org of which this file's actions take what they are told."""
        rows = data.get("source", ())
        self.once((str(row.get("name", "")) for row in rows), "source")
        for row in rows:
            path = (self._name(row, ()),)
            self._known(row, _SOURCE_NAMES, path)
            if ("lines" in row) != ("product" in row):
                hint = 'Write lines = { … } and product = { sobject = "Product2", … }.'
                raise self._error(path, "lines and product go together", hint)
            fields = self._table(row, "fields", path)
            yield Source(
                name=self._word(row, "name", path),
                action=self._word(row, "action", path),
                sobject=self._api_name(row, "sobject", path),
                prefix=self._word(row, "prefix", path),
                fields={name: self._api_name(fields, name, path) for name in fields},
                account=self._api_name_or_none(row, "account", path),
                currency=self._api_name_or_none(row, "currency", path),
                lines=self._lines(row, path) if "lines" in row else None,
                product=self._product(row, path) if "product" in row else None,
            )

    def _lines(self, source: Mapping[str, Any], path: tuple[str, ...]) -> LineSource:
        row, place = self._table(source, "lines", path), (*path, "lines")
        needed = ("sobject", "parent", "product", "quantity", "unit_price")
        self._known(row, {*needed, "discount", "number"}, place)
        named = {name: self._api_name(row, name, place) for name in needed}
        discount = self._api_name_or_none(row, "discount", place)
        number = self._api_name_or_none(row, "number", place)
        return LineSource(**named, discount=discount, number=number)

    def _product(self, source: Mapping[str, Any], path: tuple[str, ...]) -> ProductSource:
        row, place = self._table(source, "product", path), (*path, "product")
        codes = row.get("codes")
        self._known(row, {"sobject", "name", "codes"}, place)
        if not isinstance(codes, list) or not codes:
            raise self._error(place, "it has no codes", 'Write codes = ["ProductCode"].')
        sobject, name = (self._api_name(row, one, place) for one in ("sobject", "name"))
        named = (self._api_name({"codes": code}, "codes", place) for code in codes)
        return ProductSource(sobject, name, tuple(named))

    def entity(self, row: Mapping[str, Any]) -> EntityMapping:
        name = self._name(row, ())
        path = (name,)
        self._known(row, _ENTITY_NAMES, path)
        key = row.get("key")
        if not isinstance(key, dict) or set(key) != {"billing", "salesforce"}:
            raise self._error(
                path,
                "key needs billing and salesforce",
                'Write key = { billing = "…", salesforce = "…" }.',
            )
        rows = row.get("fields")
        if not rows or not _are_tables(rows):
            raise self._error(path, "it has no fields", "List at least one field.")
        parent = str(row.get("parent", ""))
        return EntityMapping(
            name=name,
            label=self._word(row, "label", path),
            plural=self._word(row, "plural", path),
            sobject=self._api_name(row, "sobject", path),
            billing_key=str(key["billing"]),
            salesforce_key=self._api_name(key, "salesforce", (*path, "key")),
            title=self._word(row, "title", path),
            fields=tuple(self._field(item, name) for item in rows),
            parent=parent,
            parent_field=str(row.get("parent_field", parent)),
            group_by=str(row.get("group_by", "")),
            ignore=tuple(self._rule(item, name) for item in row.get("ignore", ())),
            sums=tuple(self._sum(item, name) for item in row.get("sums", ())),
            pair=tuple(self._pair(item, name) for item in row.get("pair", ())),
            role=self._choice(Role, row, "role", path) if "role" in row else None,
            shows=self._shows(row, path),
            together=str(row.get("together", "")),
            insert_if=self._insert_if(row["insert_if"], path) if "insert_if" in row else None,
            guard=row.get("guard") is True,
        )

    def _insert_if(self, row: Mapping[str, Any], path: tuple[str, ...]) -> InsertRule:
        place = (*path, "insert_if")
        self._known(row, {"entity", "field", "where"}, place)
        where = {str(name): str(value) for name, value in row.get("where", {}).items()}
        return InsertRule(self._word(row, "entity", place), self._word(row, "field", place), where)

    def _shows(self, row: Mapping[str, Any], path: tuple[str, ...]) -> Mapping[str, str]:
        found = {str(facet): str(name) for facet, name in row.get("shows", {}).items()}
        self._known(found, set(FACETS), (*path, "shows"))
        return found

    def _sum(self, row: Mapping[str, Any], entity: str) -> SumRule:
        path = (entity, "sums")
        self._known(row, {"field", "by", "currency"}, path)
        field = self._word(row, "field", path)
        return SumRule(field, str(row.get("by", "")), str(row.get("currency", "")))

    def _pair(self, row: Mapping[str, Any], entity: str) -> PairRule:
        path = (entity, str(row.get("name", "")))
        self._known(row, {"name", "fields", "how"}, path)
        how, fields = str(row.get("how", "exact")), row.get("fields")
        if how not in {"exact", "name"}:
            raise self._error(
                path, f"how cannot be {how!r}", "It may be: exact, name.", setting="how"
            )
        if not isinstance(fields, list) or not fields:
            raise self._error(path, "it has no fields", 'Write fields = ["…"].')
        name = self._word(row, "name", path)
        return PairRule(name, tuple(str(item) for item in fields), how == "name")

    def _rule(self, row: Mapping[str, Any], entity: str) -> IgnoreRule:
        try:
            return rule_from(row, entity)
        except WrongUse as error:
            path = (entity, str(row.get("name", "")))
            raise self._error(path, error.summary.rstrip("."), error.hint) from error

    def _field(self, row: Mapping[str, Any], entity: str) -> FieldMapping:
        name = self._name(row, (entity,))
        path = (entity, name)
        self._known(row, _FIELD_NAMES, path)
        convert = str(row.get("convert", ""))
        if convert not in {"", "upper"}:
            raise self._error(
                path, f"unknown converter {convert!r}", 'The converters are: "upper".'
            )
        scale = row.get("scale")
        return FieldMapping(
            name=name,
            billing=self._word(row, "billing", path),
            salesforce=self._api_name(row, "salesforce", path),
            type=self._choice(FieldType, row, "type", path),
            owner=self._choice(Owner, row, "owner", path),
            length=self._number(row, "length", path),
            scale=None if scale is None else self._number(row, "scale", path),
            to=str(row.get("to", "")),
            upper=convert == "upper",
            value_map={str(code): str(value) for code, value in row.get("map", {}).items()},
            values=tuple(str(value) for value in row.get("values", ())),
            currency=str(row.get("currency", "")),
            label=str(row.get("label", "")),
            precision=self._number(row, "precision", path),
            format=self._format(row, path),
            lookup=str(row.get("lookup", "")),
        )

    def _format(self, row: Mapping[str, Any], path: tuple[str, ...]) -> str:
        found = str(row.get("format", ""))
        if found not in {"", "email", "url"}:
            raise self._error(path, f"unknown format {found!r}", "The formats are: email, url.")
        return found

    def check(self, entity: EntityMapping, entities: tuple[EntityMapping, ...]) -> None:
        """Raise where an entity names a field or an entity that there is not."""
        self.once((item.name for item in entity.fields), "field", (entity.name,))
        self.once((rule.name for rule in entity.pair), "pair rule", (entity.name,))
        self._known_fields(entity)
        known = {one.name for one in entities}
        self._check_rule(entity, entities)
        for reference in entity.references:
            if reference.to not in known:
                hint = f"The entities are: {', '.join(sorted(known))}."
                raise self._error(
                    (entity.name, reference.name),
                    f"it refers to unknown entity {reference.to!r}",
                    hint,
                )

    def _check_rule(self, entity: EntityMapping, entities: tuple[EntityMapping, ...]) -> None:
        """Raise where an `insert_if` means nothing; what it names must stand below the entity."""
        rule = entity.insert_if
        if rule is None:
            return
        other = next((one for one in entities if one.name == rule.entity), None)
        if other is None or other.parent != entity.name:
            what = f"insert_if names {rule.entity!r}, whose parent it is not"
            raise self._error((entity.name,), what, "Name an entity that has this as its parent.")
        pointers = {field.name for field in other.references}
        if rule.field not in pointers:
            hint = f"Its references are: {', '.join(sorted(pointers))}."
            raise self._error((entity.name,), f"insert_if: {rule.field!r} is none", hint)
        for name in rule.where:
            if name not in other.index:
                hint = f"Its fields are: {', '.join(other.index)}."
                raise self._error((entity.name,), f"insert_if: unknown field {name!r}", hint)

    def check_all(self, entities: tuple[EntityMapping, ...]) -> None:
        """Raise where entities do not go together."""
        self.once((entity.name for entity in entities), "entity", ())
        pointed_at = {reference.to for entity in entities for reference in entity.references}
        for entity in entities:
            if entity.together and entity.name in pointed_at:
                hint = "Only records that nothing refers to can stand or fall together."
                raise self._error((entity.name,), "other entities refer to it", hint)
        accounts = [entity.name for entity in entities if entity.role is Role.ACCOUNT]
        if len(accounts) > 1:
            what = f"{' and '.join(accounts)} both have the role account"
            raise self._error((accounts[1],), what, "Only one entity can be the customer.")
        try:
            list(dependency_order(entities))
        except ValueError as error:
            raise self._error((), str(error), "Drop one of these references.") from error

    def _known_fields(self, entity: EntityMapping) -> None:
        named = {"title": entity.title, "group_by": entity.group_by, "together": entity.together}
        if entity.parent:
            named["parent_field"] = entity.parent_field
        for rule in entity.sums:
            named |= {f"sum of {rule.field}": rule.field, f"sums of {rule.field} by": rule.by}
            named |= {f"currency of the sum of {rule.field}": rule.currency}
        named |= {f"the ignore rule {rule.name!r}": rule.field for rule in entity.ignore}
        named |= {
            f"{name} of the pair rule {rule.name!r}": name
            for rule in entity.pair
            for name in rule.fields
        }
        named |= {f"currency of {item.name}": item.currency for item in entity.fields}
        named |= {f"{facet} of shows": name for facet, name in entity.shows.items()}
        for what, name in named.items():
            if name and name not in entity.index:
                hint = f"Its fields are: {', '.join(entity.index)}."
                raise self._error((entity.name,), f"{what} names unknown field {name!r}", hint)

    def once(self, names: Iterable[str], what: str, path: tuple[str, ...] = ()) -> None:
        """Raise where a name stands twice."""
        seen: set[str] = set()
        for name in names:
            if name in seen:
                raise self._error(
                    (*path, name), f"{what} {name!r} stands twice", "Rename or remove one."
                )
            seen.add(name)

    def _known(self, row: Mapping[str, Any], names: set[str], path: tuple[str, ...]) -> None:
        for name in row:
            if name not in names:
                hint = f"Known here: {', '.join(sorted(names))}."
                raise self._error((*path, name), f"unknown setting {name!r}", hint)
            if name in (_TABLES_NAMED if path else _BLOCKS) and not _are_tables(row[name]):
                hint = f"Write {name} = [{{ … }}]." if path else f"Write [[{name}]]."
                raise self._error(path, f"{name} is no list of tables", hint, name)
            if name in _TABLE_NAMED:
                self._table(row, name, path)
            if name in _LIST_NAMED and not isinstance(row[name], list):
                raise self._error(path, f"{name} is no list", f'Write {name} = ["…"].', name)

    def _name(
        self, row: Mapping[str, Any], path: tuple[str, ...], form: re.Pattern[str] = _NAME
    ) -> str:
        name = self._word(row, "name", path)
        if not form.fullmatch(name):
            raise self._error(
                (*path, name), f"bad name {name!r}", "Use a-z, 0-9 and _, a letter first."
            )
        return name

    def _table(self, row: Mapping[str, Any], name: str, path: tuple[str, ...]) -> Mapping[str, Any]:
        value = row.get(name, {})
        if not isinstance(value, dict):
            raise self._error(path, f"{name} is no table", f"Write {name} = {{ … }}.", name)
        return value

    def _word(self, row: Mapping[str, Any], name: str, path: tuple[str, ...]) -> str:
        value = row.get(name)
        if not isinstance(value, str) or not value:
            raise self._error(path, f"{name} is missing", f'Write {name} = "…".')
        return value

    def _api_name(self, row: Mapping[str, Any], setting: str, path: tuple[str, ...]) -> str:
        """Return the name of an object or field of Salesforce; it is put into queries as it is."""
        value = self._word(row, setting, path)
        if not _API_NAME.fullmatch(value):
            hint = "Write the API name, e.g. Unit_Price__c: A-Z, a-z, 0-9 and _, a letter first."
            raise self._error(path, f"{setting} cannot be {value!r}", hint, setting=setting)
        return value

    def _api_name_or_none(self, row: Mapping[str, Any], setting: str, path: tuple[str, ...]) -> str:
        return self._api_name(row, setting, path) if row.get(setting, "") != "" else ""

    def _number(self, row: Mapping[str, Any], name: str, path: tuple[str, ...]) -> int:
        value = row.get(name, 0)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self._error(
                path, f"{name} must be a whole number, not {value!r}", f"Write {name} = 0 or more."
            )
        return value

    def _choice(
        self, kind: type[Choice], row: Mapping[str, Any], name: str, path: tuple[str, ...]
    ) -> Choice:
        try:
            return kind(row.get(name))
        except ValueError as error:
            hint = f"It may be: {', '.join(str(item.value) for item in kind)}."
            raise self._error(
                path, f"{name} cannot be {row.get(name)!r}", hint, setting=name
            ) from error

    def _error(
        self, path: tuple[str, ...], what: str, hint: str, setting: str = ""
    ) -> MappingInvalid:
        """Return the error; `setting` helps to find its line where the words name it already."""
        where = f"{self.file_name}:{line_of(self.text, (*path, *filter(None, [setting])))}"
        place = " of ".join(f"{part!r}" for part in reversed(path))
        return MappingInvalid(f"{where}: {place + ': ' if place else ''}{what}.", hint)


def _are_tables(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def line_of(text: str, path: tuple[str, ...]) -> int:
    """Return the 1-based line of a setting: names of entity and field, then perhaps a setting's.

    What cannot be found is left out, so that the line is at least near.
    """
    position = 0
    for part in path:
        word = re.escape(part)
        named = re.compile(rf'\bname\s*=\s*"{word}"').search(text, position)
        found = named or re.compile(rf"\b{word}\s*=|\b{word}\b").search(text, position)
        if found:
            position = found.start()
    return text.count("\n", 0, position) + 1
