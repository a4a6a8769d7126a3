"""What the window and the command line ask for: connections, workspaces, an open workbench."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from app import settings
from app.connectors import registry
from app.connectors.protocol import Connector, Health
from app.connectors.spec import ConnectorSpec, Given, OpenBrowser, variable
from app.credentials import Credentials
from app.domain.control import CancelToken, Report
from app.domain.left_out import left_out
from app.domain.mapping import WorkspaceMapping
from app.domain.mapping_change import MappingChange, change_between
from app.domain.mapping_edit import MappingDraft, draft_of
from app.domain.mapping_file import parse_mapping
from app.domain.record import Side
from app.errors import MappingInvalid, NotFound, WrongUse
from app.ready_file import read_ready
from app.settings import Connection, Workspace
from app.store import workspace_lock
from app.store.workspace import Store
from app.sync.notices import PLACE, Notifier
from app.sync.offers import Seller
from app.sync.workbench import Workbench


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection that was just made: which secrets were saved, which live in memory only."""

    connection: Connection
    saved: bool
    missing: tuple[str, ...]


class Services:
    """Connections, workspaces and what is opened from them, for one folder of settings."""

    def __init__(self, base: Path, credentials: Credentials) -> None:
        self.base = base
        self.credentials = credentials

    def kinds(self) -> tuple[ConnectorSpec, ...]:
        """Return the kinds of connection that there are."""
        return tuple(registry.spec(kind) for kind in registry.kinds())

    def connections(self) -> tuple[Connection, ...]:
        """Return all connections, by name."""
        return settings.list_connections(self.base)

    def connection(self, name: str) -> Connection:
        """Return a connection; raises `NotFound`."""
        return settings.load_connection(self.base, name)

    def save_connection(self, connection: Connection, secrets: Mapping[str, str]) -> Connected:
        """Save a connection and its secrets; a secret not given keeps its value.

        Raises:
            WrongUse: An unknown kind, setting or secret, or a name that cannot be one.
        """
        spec = _checked(connection, secrets)
        names = [secret.name for secret in spec.secrets]
        production = connection.production or spec.is_production(connection.settings)
        connection = replace(connection, secrets=tuple(names), production=production)
        settings.save_connection(self.base, connection)
        stored = [self.credentials.set(connection.name, *secret) for secret in secrets.items()]
        needed = [secret.name for secret in spec.secrets if secret.required]
        missing = (n for n in needed if self.credentials.get(connection.name, n) is None)
        return Connected(connection, all(stored), tuple(missing))

    def sign_in(
        self,
        connection: Connection,
        secrets: Mapping[str, str],
        open_browser: OpenBrowser,
        cancel: CancelToken,
        report: Report,
    ) -> Connected:
        """Sign in with the user's browser, and only then save the connection and its secrets.

        Raises:
            WrongUse: The kind cannot, or what `save_connection` raises; no browser is opened then.
            NotSignedIn: It was refused, or nobody came back; nothing is saved.
            Cancelled: The user stopped it; nothing is saved.
        """
        spec = _checked(connection, secrets)
        if spec.sign_in is None:
            raise WrongUse(
                f"Connections of kind {spec.kind} cannot sign in with a browser.",
                "Leave out --browser, and give the secret with --secret NAME=- .",
            )
        settings.checked_name(connection.name)
        kept = _secret_reader(self.credentials, connection.name)
        given = Given(
            connection.name,
            spec,
            connection.settings,
            lambda name: secrets.get(name) or kept(name),
        )
        signed = spec.sign_in(given, open_browser, cancel, report)
        connection = replace(connection, settings={**connection.settings, **signed.settings})
        return self.save_connection(connection, {**secrets, **signed.secrets})

    def delete_connection(self, name: str) -> None:
        """Forget a connection and its secrets; refused while a workspace uses it."""
        connection = self.connection(name)
        settings.delete_connection(self.base, name)
        for secret in connection.secrets:
            self.credentials.delete(name, secret)

    def connect_ready(self, ready_file: Path) -> list[Connected]:
        """Make the connections `<kind>-demo` from a sandbox's ready file; return them."""
        found = read_ready(ready_file)
        return [
            self.save_connection(
                Connection(f"{kind}-demo", kind, dict(ready.settings)), ready.secrets
            )
            for kind, ready in found.items()
        ]

    def secrets_place(self, connection: Connection) -> str:
        """Return in words where a connection's secrets are, and which of them are missing."""
        spec = registry.spec(connection.kind)
        missing = [
            secret.name
            for secret in spec.secrets
            if secret.required and self.credentials.get(connection.name, secret.name) is None
        ]
        words = self.credentials.where()
        if missing:
            names = ", ".join(variable(connection.name, name) for name in missing)
            words += f" Missing: {', '.join(missing)} (or set {names})."
        return words

    def check_connection(self, name: str, cancel: CancelToken) -> Health:
        """Ask a system who we are and what is missing; raises what `Reader.check` raises."""
        mapping = self._mapping_for(name)
        return self._connector(self.connection(name), mapping).check(mapping.entities, cancel)

    def seller(self, name: str, mapping: str = "") -> Seller:
        """Return a billing connection to be read only; `mapping` `""` takes that of its kind.

        Raises:
            NotFound: There is none of that name, or no such mapping.
            WrongUse: It is no billing system, or the mapping is of another kind.
        """
        connection = self.connection(name)
        shipped = registry.spec(connection.kind).mapping
        if not shipped:
            raise WrongUse(f"{name!r} is no billing connection.", "Name one of Aria or Orb.")
        workspace = Workspace("", name, "", _whole_path(mapping) or shipped)
        found = self.mapping(workspace)
        self._check_kind(workspace, found)
        return Seller(connection.kind, self._connector(connection, found), found)

    def workspaces(self) -> tuple[Workspace, ...]:
        """Return all workspaces, by name."""
        return settings.list_workspaces(self.base)

    def workspace(self, name: str) -> Workspace:
        """Return a workspace; raises `NotFound`."""
        return settings.load_workspace(self.base, name)

    def create_workspace(self, workspace: Workspace) -> Workspace:
        """Save a workspace; `mapping` `""` takes the one that comes with the billing kind.

        Raises:
            WrongUse: The mapping is wrong or for another kind, or the name is taken.
            NotFound: A connection or the mapping does not exist.
        """
        if workspace.name in {known.name for known in self.workspaces()}:
            raise WrongUse(
                f"There is a workspace {workspace.name!r} already.",
                "Choose another name, or delete that one first.",
            )
        kind = self.connection(workspace.billing).kind
        settings.check_sides(self.base, workspace)
        if not workspace.mapping:
            workspace = replace(workspace, mapping=registry.spec(kind).mapping)
        workspace = replace(workspace, mapping=_whole_path(workspace.mapping))
        self._check_kind(workspace, self.mapping(workspace))
        settings.save_workspace(self.base, workspace)
        return workspace

    def delete_workspace(self, name: str) -> Path:
        """Forget a workspace; return where its store, with the history, stays.

        Raises:
            WorkspaceBusy: Another Concord works on it.
        """
        workspace = self.workspace(name)
        with workspace_lock.holding(self.store_file(workspace)):
            settings.delete_workspace(self.base, name)
        return self.store_file(workspace)

    def keep_history(self, name: str, days: int, commits: int) -> Workspace:
        """Set how long a workspace's history is kept when it is pruned; 0 and 0: for good."""
        workspace = replace(self.workspace(name), keep_days=days, keep_commits=commits)
        settings.save_workspace(self.base, workspace)
        return workspace

    def adopt_store(self, name: str, who: str) -> None:
        """Write a store that came from elsewhere from now on; raises `WorkspaceBusy`."""
        workspace = self.workspace(name)
        Store(self.store_file(workspace), self.mapping(workspace), adopt_by=who).close()

    def mapping(self, workspace: Workspace) -> WorkspaceMapping:
        """Return a workspace's mapping; raises `MappingInvalid` with file and line."""
        file = settings.mapping_file(self.base, workspace)
        find = partial(settings.included_mapping, file)
        found = parse_mapping(settings.mapping_text(file), file.name, find)
        return left_out(found, workspace.without)

    def whole_mapping(self, name: str) -> WorkspaceMapping:
        """Return a workspace's mapping with what is left out; raises `MappingInvalid`."""
        return self.mapping(replace(self.workspace(name), without=()))

    def leave_out(self, name: str, without: tuple[str, ...]) -> Workspace:
        """Have a workspace do without entities of its mapping from now on; none takes all back.

        Raises:
            WorkspaceBusy: Another Concord works on it.
        """
        workspace = replace(self.workspace(name), without=without)
        with workspace_lock.holding(self.store_file(workspace)):
            settings.save_workspace(self.base, workspace)
        return workspace

    def mapping_draft(self, name: str) -> MappingDraft:
        """Return a workspace's mapping to be edited; raises `MappingInvalid` with file and line."""
        file = settings.mapping_file(self.base, self.workspace(name))
        find = partial(settings.included_mapping, file)
        return draft_of(settings.mapping_text(file), file.name, find)

    def check_mapping(self, name: str, text: str) -> WorkspaceMapping:
        """Return what a text would be as a workspace's mapping.

        Raises:
            MappingInvalid: It has an error; the summary names the line.
            WrongUse: It is for another kind of billing system.
        """
        workspace = self.workspace(name)
        mapping = parse_mapping(text, f"{name}.toml", settings.shipped_mappings().get)
        self._check_kind(workspace, mapping)
        return mapping

    def change_mapping(self, name: str, text: str) -> MappingChange:
        """Make a text a workspace's own mapping and keep the former one beside it.

        The store follows when the workspace is opened next: what both sides last agreed on stays,
        field by field; records of entities whose fields changed are read again by the next refresh.

        Raises:
            MappingInvalid, WrongUse: As `check_mapping`; nothing is changed.
            WorkspaceBusy: Another Concord works on the workspace.
        """
        workspace = self.workspace(name)
        new = self.check_mapping(name, text)
        try:
            old = self.mapping(workspace)
        except MappingInvalid:  # what is broken cannot be compared, but it can be mended
            old = replace(new, entities=())
        with workspace_lock.holding(self.store_file(workspace)):
            settings.save_mapping(self.base, workspace, text)
        return change_between(old, left_out(new, workspace.without))

    def store_file(self, workspace: Workspace) -> Path:
        """Return where a workspace's store is, there or not."""
        return settings.store_file(self.base, workspace)

    def open_workbench(self, name: str) -> Workbench:
        """Open a workspace; nothing is sent yet. Its store is closed by the caller.

        It is taken for writing; where that cannot be, `bench.store.refused` says why.

        Raises:
            NotSignedIn: A connection lacks a secret that it needs.
        """
        bench = self._open(name)
        bench.store.read_only()
        return replace(bench, connectors=dict(bench.connectors))

    @contextmanager
    def workbench(self, name: str) -> Iterator[Workbench]:
        """Open a workspace for a while and close its store at the end.

        Secrets are asked for when a connector is first used: what reads the store needs none.
        """
        bench = self._open(name)
        try:
            yield bench
        finally:
            bench.store.close()

    def _open(self, name: str) -> Workbench:
        workspace = self.workspace(name)
        mapping = self.mapping(workspace)
        sides = {
            Side.BILLING: self.connection(workspace.billing),
            Side.SALESFORCE: self.connection(workspace.salesforce),
        }
        makers = {side: partial(self._connector, at, mapping) for side, at in sides.items()}
        noted = {
            side.value: {**at.settings, "name": at.name, "kind": at.kind}
            for side, at in sides.items()
        }
        store = Store(self.store_file(workspace), mapping, noted)
        return Workbench(name, mapping, store, _WhenUsed(makers))

    def listen(self) -> settings.Listen:
        """Return where events are received; raises `WrongUse` for damaged settings."""
        return settings.load_settings(self.base).listen

    def notifier(self) -> Notifier:
        """Return who tells people of failed jobs; raises `WrongUse` for damaged settings."""
        mail = settings.load_settings(self.base).mail
        return Notifier(mail, _secret_reader(self.credentials, PLACE))

    def is_production(self, workspace: Workspace) -> bool:
        """Return whether one of its connections is production."""
        names = (workspace.billing, workspace.salesforce)
        return any(self.connection(name).production for name in names)

    def _check_kind(self, workspace: Workspace, mapping: WorkspaceMapping) -> None:
        kind = self.connection(workspace.billing).kind
        if mapping.billing != kind:
            raise WrongUse(
                f"The mapping {mapping.name!r} is for {mapping.billing}, the connection"
                f" {workspace.billing!r} is {kind}.",
                "Choose a mapping of that kind.",
            )

    def _mapping_for(self, connection: str) -> WorkspaceMapping:
        for workspace in self.workspaces():
            if connection in {workspace.billing, workspace.salesforce}:
                return self.mapping(workspace)
        for kind in (self.connection(connection).kind, *registry.kinds()):
            if shipped := registry.spec(kind).mapping:
                return self.mapping(Workspace("", "", "", shipped))
        raise NotFound(
            f"No mapping for {connection!r} comes with Concord.", "Make a workspace with it first."
        )

    def _connector(self, connection: Connection, mapping: WorkspaceMapping) -> Connector:
        return registry.connect(
            connection.kind,
            connection.name,
            connection.settings,
            _secret_reader(self.credentials, connection.name),
            mapping=mapping,
            save_secret=lambda name, value: self._keep(connection.name, name, value),
        )

    def _keep(self, connection: str, secret: str, value: str) -> None:
        self.credentials.set(connection, secret, value)


class _WhenUsed(Mapping[Side, Connector]):
    """Connectors, each made when it is first asked for."""

    def __init__(self, makers: Mapping[Side, Callable[[], Connector]]) -> None:
        self._makers = makers
        self._made: dict[Side, Connector] = {}
        self._lock = threading.Lock()

    def __getitem__(self, side: Side) -> Connector:
        with self._lock:
            if side not in self._made:
                self._made[side] = self._makers[side]()
            return self._made[side]

    def __iter__(self) -> Iterator[Side]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


def _secret_reader(credentials: Credentials, connection: str) -> Callable[[str], str | None]:
    def read(name: str) -> str | None:
        secret = credentials.get(connection, name)
        return None if secret is None else secret.reveal()

    return read


def _whole_path(mapping: str) -> str:
    """Return a mapping's name as it is, and of a file the whole path."""
    plain = not mapping or settings.NAME.fullmatch(mapping)
    return mapping if plain else str(Path(mapping).absolute())


def _checked(connection: Connection, secrets: Mapping[str, str]) -> ConnectorSpec:
    """Return what a connection's kind asks for, once it has nothing that the kind does not know."""
    spec = registry.spec(connection.kind)
    _known("setting", connection, connection.settings, [s.name for s in spec.settings])
    _known("secret", connection, secrets, [s.name for s in spec.secrets])
    return spec


def _known(what: str, connection: Connection, given: Mapping[str, str], names: list[str]) -> None:
    for name in given:
        if name not in names:
            raise WrongUse(
                f"Connections of kind {connection.kind} have no {what} {name!r}.",
                f"It has: {', '.join(names) or 'none'}.",
            )
