"""The world of one seed: two servers, an engine between them, what goes wrong; and a whole run."""

import atexit
import shutil
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from app.domain.plan import Verb
from app.domain.record import RecordKey, Side
from app.store.workspace import Store
from tests.simulation.connector import SimulatedConnector, Ways
from tests.simulation.disk import Disk
from tests.simulation.engine import Engine
from tests.simulation.fate import Fate, Rates
from tests.simulation.keyed_server import KeyedServer
from tests.simulation.lanes import Lanes
from tests.simulation.people import REFUSED, People
from tests.simulation.seams import stood_in
from tests.simulation.server import ARIA, ORB, SALESFORCE, Server
from tests.simulation.simulator import EVERY_VERB, MAPPING, Simulation

PLACE = RecordKey("plan", "P9")
"""What stories are about."""

_WEATHERS = (
    Rates(edit=0.01),
    Rates(edit=0.04, read=0.03, write=0.2, row=0.05),
    Rates(edit=0.02, write=0.5),
    Rates(write=0.3, row=0.2),
    Rates(edit=0.1, read=0.02, write=0.1),
)


@dataclass(frozen=True, slots=True)
class Run:
    """What came of one seed.

    Attributes:
        violations: What was not true; empty for a good run.
        struck: Trouble → how often it struck.
        in_window: Edits between the last look and the write, overwritten without a way to see.
        written: How many writes had an effect.
    """

    seed: int
    violations: tuple[str, ...]
    trace: tuple[str, ...]
    struck: dict[str, int]
    in_window: int
    written: int


def simulate(seed: int) -> Run:
    """Run one seed from beginning to end."""
    with world(seed) as simulation:
        try:
            simulation.disturbed()
            if not simulation.violations:
                simulation.quiet()
        except Exception:  # noqa: BLE001 - whatever the engine raises unannounced is a finding
            simulation.note([f"defect: {traceback.format_exc(limit=-4)}"])
        fate, servers = simulation.fate, simulation.servers.values()
        return Run(
            seed,
            tuple(simulation.violations),
            tuple(fate.trace),
            dict(fate.struck),
            sum(server.in_window for server in servers),
            sum(server.applied.total() for server in servers),
        )


@contextmanager
def world(seed: int) -> Iterator[Simulation]:
    """Yield the world of a seed before its first step; the engine runs on it until it ends."""
    random = Random(seed)  # noqa: S311 - drawn from a seed, nothing is secret
    fate, lanes = Fate(random), Lanes(random)
    semantics = {
        Side.BILLING: random.choice([ARIA, ORB]),
        Side.SALESFORCE: random.choice([SALESFORCE, SALESFORCE, ORB]),
    }
    refused = {Side.BILLING: frozenset[str](), Side.SALESFORCE: frozenset({REFUSED})}
    kinds = {Side.BILLING: Server, Side.SALESFORCE: KeyedServer}
    servers = {s: kinds[s](s, MAPPING, semantics[s], fate, refused[s]) for s in Side}
    connectors = {side: SimulatedConnector(servers[side], fate, _ways(random)) for side in Side}
    doubles, rekeys, remakes = (random.random() < rate for rate in (1 / 5, 1 / 2, 1 / 2))
    people = People(fate, servers, doubles=doubles, rekeys=rekeys, remakes=remakes)
    people.settle_in()
    for side in Side:
        fate.tell(f"{side.label}: {semantics[side].name}, {connectors[side].ways}")
    fate.rates = random.choice(_WEATHERS)
    with tempfile.TemporaryDirectory(prefix="simulation-") as folder:
        disk = Disk(Path(folder), fate, _template())
        with stood_in(fate, lanes, disk):
            people.is_known = disk.holds
            engine = Engine(fate, lanes, disk, MAPPING, connectors)
            try:
                yield Simulation(fate, engine, people, servers)
            finally:
                disk.close()


@contextmanager
def calm_world() -> Iterator[Simulation]:
    """Give a world in which nothing goes wrong and nobody edits: a test tells what happens."""
    with world(1) as simulation:
        simulation.is_quiet = True
        simulation.fate.calm()
        for connector in simulation.engine.connectors.values():
            connector.ways = Ways()
        yield simulation


def _ways(random: Random) -> Ways:
    return Ways(
        page_size=random.randint(1, 4),
        rows_in_batch=random.randint(1, 4),
        jobs=random.random() < 1 / 5,
        tells_changes=random.random() < 1 / 2,
        dear_keys=random.random() < 1 / 2,
        verbs=random.choice([EVERY_VERB, EVERY_VERB, frozenset({Verb.UPDATE})]),
    )


@cache
def _template() -> Path:
    """Return an empty store; making its tables takes longer than a whole run."""
    folder = tempfile.mkdtemp(prefix="simulation-template-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = Path(folder) / "empty.sqlite"
    Store(path, MAPPING).close()
    return path
