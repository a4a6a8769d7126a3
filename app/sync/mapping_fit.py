"""How a mapping fits what the two systems have: columns found, names under a package's prefix."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from app.connectors.describes import Describes
from app.connectors.protocol import Connector
from app.domain.column import Column, column_of
from app.domain.control import CancelToken, Progress, Report
from app.domain.mapping import EntityMapping, WorkspaceMapping
from app.domain.mapping_edit import MappingDraft, Rename, draft_of, entity_text, rename
from app.domain.mapping_suggest import packaged, prefix_of
from app.domain.record import Side
from app.errors import WrongUse
from app.settings import shipped_mappings
from app.sync.workbench import Workbench


@dataclass(frozen=True, slots=True)
class Missing:
    """A Salesforce name of the mapping that the org lacks.

    Attributes:
        field: `""` for the object itself.
        candidates: Where it may be meant: names under several packages' prefixes, or none.
    """

    entity: str
    field: str
    name: str
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Adapted:
    """A mapping whose missing names were looked for under the prefixes of packages.

    Attributes:
        draft: The mapping with the names that were found.
        renames: What is called otherwise in it.
        missing: What was not found, or at several places.
    """

    draft: MappingDraft
    renames: tuple[Rename, ...]
    missing: tuple[Missing, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """An entity of a mapping that comes with Concord, to be added to another one."""

    mapping: str
    entity: EntityMapping
    text: str


def find_columns(
    bench: Workbench, entity: EntityMapping, side: Side, cancel: CancelToken
) -> list[Column]:
    """Return the columns that a side has of an entity, by name: told by the system, or known.

    Known of billing is what the mappings that come with Concord name.

    Raises:
        AppError: The system cannot be asked.
    """
    connector = bench.connectors[side]
    told = connector.columns(entity, cancel) if isinstance(connector, Describes) else ()
    known: list[Column] = []
    if side is Side.BILLING:
        shipped = (draft.mapping for draft in shipped_drafts(bench.mapping.billing).values())
        known = known_columns(entity.name, [*shipped, bench.mapping])
    return merged(told, known)


@cache
def shipped_drafts(kind: str) -> Mapping[str, MappingDraft]:
    """Return the mappings that come with Concord for a kind of billing system, by name."""
    texts = shipped_mappings()
    drafts = {name: draft_of(text, f"{name}.toml", texts.get) for name, text in texts.items()}
    return {name: draft for name, draft in drafts.items() if draft.mapping.billing == kind}


def templates(kind: str) -> list[Template]:
    """Return the entities of the mappings that come with Concord for a kind, each once, by name."""
    found: dict[str, Template] = {}
    for name, shipped in shipped_drafts(kind).items():
        for entity in shipped.mapping.entities:
            if entity.name not in found:
                text = entity_text(shipped, entity.name)
                found[entity.name] = Template(name, entity, text)
    return [found[name] for name in sorted(found)]


def known_columns(entity: str, mappings: Collection[WorkspaceMapping]) -> list[Column]:
    """Return the billing columns of an entity that mappings name, each once, in their order."""
    found: dict[str, Column] = {}
    for mapping in mappings:
        for field in mapping.by_name[entity].fields if entity in mapping.by_name else ():
            found.setdefault(field.billing, column_of(field))
    return list(found.values())


def merged(told: Sequence[Column], known: Sequence[Column]) -> list[Column]:
    """Return columns by name, those that the system told of before those that are only known."""
    by_name = {column.name: column for column in (*known, *told)}
    return [by_name[name] for name in sorted(by_name)]


def adapt(
    draft: MappingDraft,
    connector: Connector,
    cancel: CancelToken,
    report: Report,
    prefix: str = "",
) -> Adapted:
    """Look for the Salesforce names that an org lacks under the prefixes of its packages.

    Args:
        draft: The mapping.
        connector: That of the Salesforce side.
        cancel: Stops between two objects.
        report: Told of each object.
        prefix: Look under this one alone, such as `ASF3__`; `""` for any.

    Raises:
        WrongUse: The connector cannot tell what there is.
    """
    if not isinstance(connector, Describes):
        raise WrongUse("This connection does not tell which fields it has.", "Edit the file.")
    there = [name for name in connector.objects(cancel) if _under(name, prefix)]
    renames: list[Rename] = []
    missing: list[Missing] = []
    for place, entity in enumerate(draft.mapping.entities):
        cancel.check()
        report(Progress(place, len(draft.mapping.entities), "Looking for fields"))
        found = _Search(entity, prefix, connector, cancel).run(there)
        renames += [found.rename] if found.rename.sobject or found.rename.fields else []
        missing += found.missing
    adapted = rename(draft, renames) if renames else draft
    return Adapted(adapted, tuple(renames), tuple(missing))


@dataclass(frozen=True, slots=True)
class _Found:
    rename: Rename
    missing: tuple[Missing, ...]


@dataclass(frozen=True, slots=True)
class _Search:
    """The search for one entity's names."""

    entity: EntityMapping
    prefix: str
    connector: Describes
    cancel: CancelToken

    def run(self, objects: Sequence[str]) -> _Found:
        entity = self.entity
        fields = self.connector.columns(entity, self.cancel)
        sobject = ""
        if not fields:
            candidates = packaged(entity.sobject, objects)
            if len(candidates) != 1:
                gap = Missing(entity.name, "", entity.sobject, candidates)
                return _Found(Rename(entity.name, "", {}), (gap,))
            sobject = candidates[0]
            fields = self.connector.columns(replace(entity, sobject=sobject), self.cancel)
        names = frozenset(column.name for column in fields)
        # A packaged object's own fields first: of several packages its own is meant.
        prefix = self.prefix or prefix_of(sobject or entity.sobject)
        lacking = [(field, name) for field, name in _names(entity) if name not in names]
        fitting = {name: _candidates(name, names, prefix) for _field, name in lacking}
        renamed = {name: found[0] for name, found in fitting.items() if len(found) == 1}
        gaps = (
            Missing(entity.name, field, name, fitting[name])
            for field, name in lacking
            if name not in renamed
        )
        return _Found(Rename(entity.name, sobject, renamed), tuple(gaps))


def _names(entity: EntityMapping) -> Iterator[tuple[str, str]]:
    """Yield the Salesforce names of an entity's fields, each once; the key's is called `key`."""
    seen: set[str] = set()
    fields = ((field.name, field.salesforce) for field in entity.fields)
    for field, name in (("key", entity.salesforce_key), *fields):
        if name not in seen:
            seen.add(name)
            yield field, name


def _candidates(name: str, there: Collection[str], prefix: str) -> tuple[str, ...]:
    found = packaged(name, there)
    preferred = tuple(each for each in found if prefix and prefix_of(each) == prefix)
    return preferred or found


def _under(name: str, prefix: str) -> bool:
    return not prefix or prefix_of(name) == prefix
