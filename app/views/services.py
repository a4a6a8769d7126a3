"""What the window needs of the rest of Concord; `app.__main__` provides it."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from app.connectors.protocol import Health
from app.connectors.spec import ConnectorSpec
from app.domain.control import CancelToken, Report
from app.domain.mapping import WorkspaceMapping
from app.domain.mapping_change import MappingChange
from app.domain.mapping_edit import MappingDraft
from app.settings import Connection, Workspace
from app.sync.notices import Notifier
from app.sync.offers import Seller
from app.sync.workbench import Workbench


class Services(Protocol):
    """Everything the window asks for that is not in an open workspace.

    Each of these may read files, the keyring or the network: the window calls them from a worker
    only, never from its own thread, and several may run at once.
    """

    def workspaces(self) -> Sequence[Workspace]:
        """Return all workspaces, by name."""
        ...

    def open_workbench(self, name: str) -> Workbench:
        """Open a workspace; the window keeps it until it closes, and closes its store then.

        Raises:
            AppError: Its mapping, its store or a connection cannot be used.
        """
        ...

    def create_workspace(self, workspace: Workspace) -> Workspace:
        """Make a workspace of two connections; with no mapping, the one of the billing kind.

        Raises:
            AppError: The name is taken, or cannot be one.
        """
        ...

    def connections(self) -> Sequence[Connection]:
        """Return all connections, by name."""
        ...

    def kinds(self) -> Sequence[ConnectorSpec]:
        """Return the kinds of connection that can be made."""
        ...

    def save_connection(self, connection: Connection, secrets: Mapping[str, str]) -> object:
        """Keep a connection, and those secrets that were typed; others stay as they are.

        Raises:
            AppError: It cannot be kept; nothing of it was.
        """
        ...

    def delete_connection(self, name: str) -> None:
        """Forget a connection and its secrets.

        Raises:
            AppError: A workspace uses it.
        """
        ...

    def secrets_place(self, connection: Connection) -> str:
        """Return in words where a connection's secrets are, or which of them are missing."""
        ...

    def check_connection(self, name: str, cancel: CancelToken) -> Health:
        """Sign in to a connection and return who we are there and what is missing.

        Raises:
            AppError: It cannot be reached, or refuses us.
        """
        ...

    def seller(self, name: str, mapping: str = "") -> Seller:
        """Return a billing connection to be read only; `mapping` `""` takes that of its kind.

        Raises:
            AppError: It is no billing system, or the mapping is of another kind.
        """
        ...

    def whole_mapping(self, name: str) -> WorkspaceMapping:
        """Return a workspace's mapping with what is left out.

        Raises:
            AppError: It cannot be read; the summary names file and line.
        """
        ...

    def leave_out(self, name: str, without: tuple[str, ...]) -> Workspace:
        """Have a workspace do without entities from now on; open it again to see it so.

        Raises:
            AppError: It cannot be kept.
        """
        ...

    def mapping_draft(self, name: str) -> MappingDraft:
        """Return a workspace's mapping to be edited.

        Raises:
            AppError: It cannot be read; the summary names file and line.
        """
        ...

    def change_mapping(self, name: str, text: str) -> MappingChange:
        """Make a text a workspace's mapping; what is open of it has to be opened again.

        Raises:
            AppError: The text is wrong, or another Concord works on the workspace.
        """
        ...

    def notifier(self) -> Notifier:
        """Return who tells people of failed jobs by e-mail and webhook.

        Raises:
            AppError: The settings are damaged.
        """
        ...

    def start_demo(self, cancel: CancelToken, report: Report) -> str:
        """Start the sandbox beside the window, connect to it; return the demo workspace's name.

        Raises:
            AppError: The sandbox did not start.
        """
        ...
