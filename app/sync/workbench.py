"""What every piece of work needs of a workspace, put together once by `app.__main__`."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.connectors.protocol import Connector
from app.domain.mapping import EntityMapping, WorkspaceMapping
from app.domain.proposal import Ability
from app.domain.record import Side
from app.store.workspace import Store


@dataclass(frozen=True, slots=True)
class Workbench:
    """An open workspace: its mapping, its store, and a connector for each side.

    Connectors sign in when they are first used, so a workbench can be opened without a network.
    """

    name: str
    mapping: WorkspaceMapping
    store: Store
    connectors: Mapping[Side, Connector]

    def abilities(self, entity: EntityMapping) -> Mapping[Side, Ability]:
        """Return what each side can do to an entity."""
        return {
            side: Ability(connector.verbs(entity), connector.writable(entity))
            for side, connector in self.connectors.items()
        }

    def calls(self) -> Mapping[Side, int]:
        """Return how many calls each connector has made so far."""
        return {side: connector.calls for side, connector in self.connectors.items()}
