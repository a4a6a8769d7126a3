"""The engine as one process runs it: opened from disk, called, killed, opened again."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from app.domain.control import CancelToken, Progress
from app.domain.mapping import WorkspaceMapping
from app.domain.record import Side
from app.errors import AppError
from app.store.workspace import Store
from app.sync.workbench import Workbench
from tests.simulation.connector import SimulatedConnector
from tests.simulation.disk import Disk
from tests.simulation.fate import Fate, Killed
from tests.simulation.lanes import Lanes

T = TypeVar("T")
NAME = "simulated"


@dataclass
class Engine:
    """A workbench on the simulated disk, between the simulated systems.

    Attributes:
        deaths: How often the process died.
    """

    fate: Fate
    lanes: Lanes
    disk: Disk
    mapping: WorkspaceMapping
    connectors: Mapping[Side, SimulatedConnector]
    deaths: int = 0
    bench: Workbench = field(init=False)

    def __post_init__(self) -> None:
        self.open()

    def open(self) -> None:
        """Open the store from disk, as a new process does."""
        store = Store(self.disk.path, self.mapping)
        self.bench = Workbench(NAME, self.mapping, store, self.connectors)

    def call(self, what: str, work: Callable[[CancelToken], T]) -> T | None:
        """Run one call of the engine; None where it was stopped, refused, or killed."""
        self.fate.token = CancelToken()
        for connector in self.connectors.values():
            connector.forget_reads()
        try:
            found = work(self.fate.token)
        except AppError as error:
            words = error.summary.replace(str(self.disk.path), "store")
            self.fate.tell(f"  {what}: {type(error).__name__}: {words}")
        except Killed:
            self._die()
        else:
            self.fate.disarm()
            return found
        self.fate.disarm()
        return None

    def report(self, progress: Progress) -> None:
        """Take a progress: the engine's caller is outside of it too."""
        self.fate.touch(progress.what)

    def _die(self) -> None:
        self.deaths += 1
        on_the_wire = [lane for lane in self.lanes.forget() if self.fate.random.random() < 1 / 2]
        self.fate.ghost = True
        for lane in on_the_wire:
            with suppress(Killed):
                lane.start()
        power_cut = self.fate.random.random() < 1 / 4
        self.fate.tell(f"  dead; {'the power failed, too; ' if power_cut else ''}opened again")
        self.fate.disarm()
        self.disk.crash(power_cut=power_cut)
        self.open()
