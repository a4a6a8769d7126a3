"""Services for a window under test: connections in memory, a workbench made before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.connectors.protocol import Health
from app.connectors.spec import ConnectorSpec, SecretSpec, SettingSpec
from app.domain.control import CancelToken, Report
from app.domain.left_out import left_out
from app.domain.mapping import WorkspaceMapping
from app.domain.mapping_change import MappingChange, change_between
from app.domain.mapping_edit import MappingDraft, draft_of
from app.domain.record import Side
from app.errors import NotFound, WorkspaceBusy, WrongUse
from app.settings import Connection, Mail, Workspace
from app.store.workspace import Store
from app.sync.notices import Notifier
from app.sync.offers import Seller
from app.sync.workbench import Workbench
from tests.fakes import refitted, side_of

ARIA = ConnectorSpec(
    "aria",
    "Aria",
    Side.BILLING,
    (SettingSpec("core_url", "Core API URL", "Where Aria is."),),
    (SecretSpec("auth_key", "Authentication key", "From Aria."),),
    mapping="aria_catalog",
)
SALESFORCE = ConnectorSpec(
    "salesforce",
    "Salesforce",
    Side.SALESFORCE,
    (SettingSpec("login_url", "Login URL", "Where Salesforce is."),),
    (SecretSpec("client_secret", "Client secret", "From Salesforce."),),
)
BOTH = (
    Connection("aria-test", "aria", {"core_url": "https://aria.example"}),
    Connection("sf-test", "salesforce", {"login_url": "https://sf.example"}),
)


@dataclass
class FakeServices:
    """Everything that the window asks for, in memory."""

    benches: dict[str, Workbench] = field(default_factory=dict)
    known: dict[str, Connection] = field(default_factory=dict)
    made: dict[str, Workspace] = field(default_factory=dict)
    secrets: dict[str, Mapping[str, str]] = field(default_factory=dict)
    demo: Workbench | None = None
    broken: bool = False
    texts: dict[str, str] = field(default_factory=dict)
    mail: Mail = field(default_factory=Mail)
    whole: dict[str, WorkspaceMapping] = field(default_factory=dict)

    def workspaces(self) -> Sequence[Workspace]:
        return tuple(self.made.values())

    def open_workbench(self, name: str) -> Workbench:
        if self.broken:
            raise NotFound("The store is gone.", "Look for it.")
        return self.benches[name]

    def create_workspace(self, workspace: Workspace) -> Workspace:
        self.made[workspace.name] = workspace
        return workspace

    def connections(self) -> Sequence[Connection]:
        return tuple(self.known.values())

    def kinds(self) -> Sequence[ConnectorSpec]:
        return (ARIA, SALESFORCE)

    def save_connection(self, connection: Connection, secrets: Mapping[str, str]) -> object:
        self.known[connection.name] = connection
        self.secrets[connection.name] = secrets
        return None

    def delete_connection(self, name: str) -> None:
        if any(name in {w.billing, w.salesforce} for w in self.made.values()):
            raise WrongUse("A workspace uses it.", "Delete the workspace first.")
        del self.known[name]

    def secrets_place(self, connection: Connection) -> str:
        return f"The secrets of {connection.name} are in the keyring."

    def check_connection(self, name: str, cancel: CancelToken) -> Health:
        cancel.check()
        if self.broken:
            raise NotFound("Nobody answers.", "Look at the address.")
        return Health("00D1", f"user of {name}", "66.0")

    def seller(self, name: str, mapping: str = "") -> Seller:
        raise NotFound(f"{name} is not there by {mapping or 'its mapping'}.", "Look for it.")

    def whole_mapping(self, name: str) -> WorkspaceMapping:
        return self.whole.setdefault(name, self.benches[name].mapping)

    def leave_out(self, name: str, without: tuple[str, ...]) -> Workspace:
        if self.broken:
            raise WorkspaceBusy("Held by ann.", "Wait.")
        mapping = left_out(self.whole_mapping(name), without)
        self._open_with(name, mapping)
        self.made[name] = replace(self.made[name], without=without)
        return self.made[name]

    def mapping_draft(self, name: str) -> MappingDraft:
        if name not in self.texts:
            file = Path(__file__).parents[2] / "resources" / "mappings" / "aria_catalog.toml"
            self.texts[name] = file.read_text("utf-8")
        return draft_of(self.texts[name], f"{name}.toml")

    def change_mapping(self, name: str, text: str) -> MappingChange:
        if self.broken:
            raise WorkspaceBusy("Held by ann.", "Wait.")
        old, new = self.mapping_draft(name), draft_of(text, name)
        self.texts[name] = text
        self._open_with(name, new.mapping)
        return change_between(old.mapping, new.mapping)

    def _open_with(self, name: str, mapping: WorkspaceMapping) -> None:
        bench = self.benches[name]
        sides = {side: replace(side_of(bench, side), mapping=mapping) for side in Side}
        for side, one in sides.items():
            one.records = refitted(side_of(bench, side), mapping)
        store = Store(bench.store.path, mapping)
        self.benches[name] = replace(bench, mapping=mapping, store=store, connectors=sides)

    def notifier(self) -> Notifier:
        return Notifier(self.mail, lambda _name: None)

    def start_demo(self, cancel: CancelToken, report: Report) -> str:  # noqa: ARG002 - the Protocol's
        assert self.demo is not None
        self.with_workspace(self.demo, "demo")
        return "demo"

    def with_workspace(self, bench: Workbench, name: str = "test") -> "FakeServices":
        """Make a workspace on a workbench that is there."""
        self.known.update({each.name: each for each in BOTH})
        self.benches[name] = replace(bench, name=name)
        self.made[name] = Workspace(name, "aria-test", "sf-test", "aria_catalog")
        return self
