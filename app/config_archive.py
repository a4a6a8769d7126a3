"""The configuration in one file: connections without secrets, workspaces, mappings, rules, jobs.

What was read, the history and pairings stay where they are: they belong to the store.
"""

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from app import __version__, settings
from app.connectors import registry
from app.connectors.spec import variable
from app.domain.ignore import rule_from, rule_to_json
from app.domain.job import Job, built_in
from app.domain.mapping import IgnoreRule, WorkspaceMapping
from app.domain.mapping_file import parse_mapping
from app.errors import AppError, WrongUse, file_trouble
from app.services import Services
from app.settings import Connection, Workspace
from app.store import workspace_lock
from app.store.ignoring import keep_own_rules, own_rules
from app.store.jobs import add_job, job_states, remove_job
from app.store.workspace import Store

VERSION = 1
HEAD = "concord.json"
_MOST_BYTES = 10_000_000


@dataclass(frozen=True, slots=True)
class WorkspacePart:
    """A workspace as the file holds it.

    Attributes:
        mapping: The text of its own mapping, `""` where it uses one that comes with Concord.
        rules: Ignore rules that were made in it.
        jobs: Jobs that people made in it.
    """

    workspace: Workspace
    mapping: str = ""
    rules: tuple[IgnoreRule, ...] = ()
    jobs: tuple[Job, ...] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """All that a file holds."""

    connections: tuple[Connection, ...]
    workspaces: tuple[WorkspacePart, ...]


@dataclass(frozen=True, slots=True)
class LackingSecret:
    """A secret that an imported connection asks for.

    Attributes:
        required: Whether it cannot do without; of the others of a connection one may be enough.
    """

    connection: str
    name: str
    variable: str
    required: bool


@dataclass(frozen=True, slots=True)
class Imported:
    """What was taken from a file, and which secrets are to be given now."""

    config: Config
    lacking: tuple[LackingSecret, ...]


def export_config(services: Services, file: Path) -> Config:
    """Write connections and workspaces into a file; no secret is in it.

    Raises:
        WrongUse: The file cannot be written, or a workspace's mapping cannot be used.
    """
    workspaces = tuple(_part(services, each) for each in services.workspaces())
    config = Config(tuple(services.connections()), workspaces)
    head = json.dumps(_head(config), indent=2, ensure_ascii=False)
    try:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(HEAD, head)
            for part in config.workspaces:
                if part.mapping:
                    archive.writestr(_mapping_name(part.workspace.name), part.mapping)
    except OSError as error:
        raise WrongUse(
            f"{file} cannot be written: {file_trouble(error)}.", "Name another."
        ) from error
    return config


def read_config(file: Path) -> Config:
    """Return what a file holds; nothing is changed.

    Raises:
        WrongUse: It is no such file, is damaged, or of a newer Concord.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            said = json.loads(_member(archive, HEAD))
            names = set(archive.namelist())
            texts = {
                str(each["name"]): _member(archive, _mapping_name(str(each["name"])))
                for each in said["workspaces"]
                if _mapping_name(str(each["name"])) in names
            }
        if said["version"] != VERSION:
            raise WrongUse(
                f"{file} is of version {said['version']}, this Concord knows {VERSION}.",
                "Use the Concord that wrote it, or a newer one.",
            )
        connections = msgspec.convert(said["connections"], tuple[Connection, ...])
        return Config(connections, tuple(_read_part(each, texts) for each in said["workspaces"]))
    except OSError as error:
        raise WrongUse(
            f"{file} cannot be read: {file_trouble(error)}.", "Check the path."
        ) from error
    except (
        zipfile.BadZipFile, zipfile.LargeZipFile, KeyError, TypeError, ValueError,
    ) as error:  # fmt: skip
        raise WrongUse(
            f"{file} is no configuration of Concord, or is damaged: {error}.",
            "Export it again with `concord config export`.",
        ) from error


def import_config(services: Services, config: Config, *, replace_all: bool = False) -> Imported:
    """Make the connections and workspaces of a file; jobs come paused.

    Everything is checked before anything is written.

    Raises:
        WrongUse: Something of it is there already and is not to be replaced, or cannot be used.
        WorkspaceBusy: Another Concord works on a workspace that is to be replaced.
    """
    _check(services, config, replace_all=replace_all)
    for connection in config.connections:
        services.save_connection(connection, {})
    for part in config.workspaces:
        _take(services, part)
    lacking = [each for c in config.connections for each in _lacking(services, c)]
    return Imported(config, tuple(lacking))


def _part(services: Services, workspace: Workspace) -> WorkspacePart:
    own = workspace.mapping not in settings.shipped_mappings()
    draft = services.mapping_draft(workspace.name)
    alone = replace(workspace, store="", mapping="" if own else workspace.mapping)
    file = services.store_file(workspace)
    if not file.exists():
        return WorkspacePart(alone, draft.text if own else "")
    with Store(file, services.mapping(workspace)) as store:
        come_along = built_in(store.mapping.jobs)
        jobs = (state.job for state in job_states(store) if state.job.name not in come_along)
        return WorkspacePart(alone, draft.text if own else "", own_rules(store), tuple(jobs))


def _head(config: Config) -> dict[str, Any]:
    return {
        "version": VERSION,
        "concord": __version__,
        "connections": msgspec.to_builtins(config.connections),
        "workspaces": [
            {
                **msgspec.to_builtins(part.workspace),
                "rules": [[rule.entity, rule_to_json(rule)] for rule in part.rules],
                "jobs": msgspec.to_builtins(part.jobs),
            }
            for part in config.workspaces
        ],
    }


def _read_part(said: Mapping[str, Any], texts: Mapping[str, str]) -> WorkspacePart:
    plain = {name: value for name, value in said.items() if name not in {"rules", "jobs"}}
    workspace = msgspec.convert(plain, Workspace)
    rules = tuple(rule_from(rule, str(entity)) for entity, rule in said["rules"])
    jobs = msgspec.convert(said["jobs"], tuple[Job, ...])
    return WorkspacePart(workspace, texts.get(workspace.name, ""), rules, jobs)


def _member(archive: zipfile.ZipFile, name: str) -> str:
    if archive.getinfo(name).file_size > _MOST_BYTES:
        message = f"{name} is larger than {_MOST_BYTES:,} bytes"
        raise ValueError(message)
    return archive.read(name).decode("utf-8")


def _mapping_name(workspace: str) -> str:
    return f"{settings.MAPPINGS}/{settings.checked_name(workspace)}.toml"


def _check(services: Services, config: Config, *, replace_all: bool) -> None:
    taken = [f"connection {c.name!r}" for c in config.connections if c in _known(services, config)]
    names = {each.name for each in services.workspaces()}
    taken += [
        f"workspace {part.workspace.name!r}"
        for part in config.workspaces
        if part.workspace.name in names
    ]
    if taken and not replace_all:
        raise WrongUse(
            f"There is already: {', '.join(taken)}. Nothing was imported.",
            "Add --replace to have them as the file has them; secrets, records and history stay.",
        )
    kinds = {each.name: each.kind for each in (*services.connections(), *config.connections)}
    for connection in config.connections:
        _check_connection(connection)
    for part in config.workspaces:
        _check_part(part, kinds)
    for each in services.workspaces():
        if each.name in {part.workspace.name for part in config.workspaces}:
            workspace_lock.check_free(services.store_file(each))


def _check_connection(connection: Connection) -> None:
    settings.checked_name(connection.name)
    known = {setting.name for setting in registry.spec(connection.kind).settings}
    for name in connection.settings:
        if name not in known:
            raise WrongUse(
                f"Connection {connection.name!r} has an unknown setting {name!r}.",
                f"It may have: {', '.join(sorted(known))}. A secret is never in the file.",
            )


def _known(services: Services, config: Config) -> Sequence[Connection]:
    """Return the connections of a file whose names are taken by others."""
    there = {each.name: each for each in services.connections()}
    return [each for each in config.connections if there.get(each.name, each) != each]


def _check_part(part: WorkspacePart, kinds: Mapping[str, str]) -> None:
    workspace = part.workspace
    settings.checked_name(workspace.name)
    lost = {workspace.billing, workspace.salesforce} - kinds.keys()
    if lost:
        raise WrongUse(
            f"Workspace {workspace.name!r} uses connection {min(lost)!r}; the file lacks it.",
            "Make that connection first.",
        )
    mapping = _mapping_of(part)
    if mapping.billing != kinds[workspace.billing]:
        raise WrongUse(
            f"The mapping of workspace {workspace.name!r} is for {mapping.billing}, its connection"
            f" {workspace.billing!r} is {kinds[workspace.billing]}.",
            "Export it again.",
        )


def _mapping_of(part: WorkspacePart) -> WorkspaceMapping:
    shipped = settings.shipped_mappings()
    text = part.mapping or shipped.get(part.workspace.mapping)
    if text is None:
        raise WrongUse(
            f"Workspace {part.workspace.name!r} has no mapping in the file, and none"
            f" {part.workspace.mapping!r} comes with this Concord.",
            "Use a Concord that has it.",
        )
    return parse_mapping(text, f"{part.workspace.name}.toml", shipped.get)


def _take(services: Services, part: WorkspacePart) -> None:
    workspace = part.workspace
    before = {each.name: each for each in services.workspaces()}.get(workspace.name)
    if before:
        workspace = replace(workspace, store=before.store)
    if part.mapping:
        # One that comes with Concord stands in until the own one is in its place.
        kind = services.connection(workspace.billing).kind
        stand_in = before.mapping if before else registry.spec(kind).mapping
        workspace = replace(workspace, mapping=stand_in)
    settings.save_workspace(services.base, workspace)
    if part.mapping:
        services.change_mapping(workspace.name, part.mapping)
    if not part.rules and not part.jobs and not before:
        return
    with services.workbench(workspace.name) as bench:
        keep_own_rules(bench.store, part.rules)
        known = {state.job.name for state in job_states(bench.store)}
        come_along = built_in(bench.store.mapping.jobs)
        for job in part.jobs:
            if job.name in come_along:  # a newer Concord brings a job of that name itself
                continue
            if job.name in known:
                remove_job(bench.store, job.name)
            add_job(bench.store, job)


def _lacking(services: Services, connection: Connection) -> list[LackingSecret]:
    """Return the secrets to be given: the required ones, or all where one may be enough."""
    spec = registry.spec(connection.kind)
    missing = []
    for secret in spec.secrets:
        try:
            found = services.credentials.get(connection.name, secret.name)
        except AppError:  # no keyring answers: it is to be given all the same
            found = None
        if found is None:
            missing.append(secret)
    asked = [secret for secret in missing if secret.required]
    if not any(secret.required for secret in spec.secrets) and len(missing) == len(spec.secrets):
        asked = missing
    return [
        LackingSecret(connection.name, s.name, variable(connection.name, s.name), s.required)
        for s in asked
    ]
