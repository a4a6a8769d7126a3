"""People who work in both systems at any moment, as those systems let them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from app.domain.mapping import KEY, EntityMapping, WorkspaceMapping
from app.domain.mapping_file import parse_mapping
from app.domain.plan import Operation, Verb
from app.domain.record import FieldValue, RecordKey, Side, exact
from tests.simulation.fate import Fate
from tests.simulation.keyed_server import NO_KEY, KeyedServer
from tests.simulation.server import Server

REFUSED = "bad"  # a text that Salesforce's validation rule refuses, and billing does not
PLANS = ("P1", "P2", "P3")
_TIERS = ("T1", "T2", "T3", "T4")
_OTHER_KEYS = ("X1", "X2")  # that billing never has
# Few values, so that people often write the same on both sides, or what was there before.
VALUES: Mapping[str, tuple[FieldValue, ...]] = {
    "name": ("a", "b", "c", REFUSED),
    "price": tuple(exact(Decimal(n)) for n in (1, 2, 3)),
    "family": ("x", "y", None),
    "rate": tuple(exact(Decimal(n) / 8) for n in (1, 2, 3)),
    "note": ("m", "n", None),
    "plan": PLANS,
}


def simulated_mapping() -> WorkspaceMapping:
    """Return a parent and a child with a field of every owner."""
    file = Path(__file__).with_name("simulated.toml")
    return parse_mapping(file.read_text("utf-8"), file.name)


@dataclass
class People:
    """Those who edit; what a system refuses them they leave.

    Attributes:
        rekeys: They change keys in Salesforce, of what is referred to, too.
        remakes: They make records anew under the same key, and delete the old ones.
        is_known: Whether the engine has read a record (its id) under a key.
    """

    fate: Fate
    servers: Mapping[Side, Server]
    doubles: bool
    rekeys: bool = False
    remakes: bool = False
    is_known: Callable[[str, str], bool] = lambda _side_id, _key: True

    def settle_in(self) -> None:
        """Fill both systems alike, as they stand before Concord comes."""
        for key in self._some(PLANS):
            self._both(RecordKey("plan", key))
        for key in self._some(_TIERS):
            self._both(RecordKey("tier", key))

    def act(self) -> None:
        """Make one edit, somewhere."""
        random = self.fate.random
        server = self.servers[random.choice(list(Side))]
        entity = random.choice(list(server.mapping.entities))
        key = random.choice(PLANS if entity.name == "plan" else _TIERS)
        place = RecordKey(entity.name, key)
        if place not in server.rows:
            self._insert(server, entity, place)
        elif random.random() < 1 / 6:
            self._drop(server, place)
        elif isinstance(server, KeyedServer) and self.rekeys and random.random() < 1 / 4:
            self._rekey(server, place)
        elif isinstance(server, KeyedServer) and self.remakes and random.random() < 1 / 6:
            self._remake(server, place)
        elif self.doubles and random.random() < 1 / 10:
            self._double(server, place)
        else:
            self._edit(server, entity, place)

    def meddle(self, operation: Operation) -> None:
        """Change again what an operation wrote."""
        server, place = self.servers[operation.side], operation.record_key
        if place in server.rows and operation.verb is not Verb.DELETE:
            names = [change.name for change in operation.changes if change.name != KEY]
            if names:
                name = self.fate.random.choice(names)
                self._set(server, place, name, self.fate.random.choice(VALUES[name]))

    def lose_keys(self) -> None:
        """Change or clear some keys in Salesforce."""
        server = self.servers[Side.SALESFORCE]
        assert isinstance(server, KeyedServer)
        entities = ("tier", "plan") if self.rekeys else ("tier",)
        for place in [place for entity in entities for place in server.places(entity)]:
            if self.fate.chance(1 / 2):
                self._rekey(server, place)

    def edit_only(self) -> None:
        """Change one value somewhere, nothing else."""
        random = self.fate.random
        server = self.servers[random.choice(list(Side))]
        if server.rows:
            place = random.choice(sorted(server.rows))
            self._edit(server, server.mapping.entity(place.entity), place)

    def _edit(self, server: Server, entity: EntityMapping, place: RecordKey) -> None:
        name = self.fate.random.choice(list(entity.index))
        value = self.fate.random.choice(VALUES[name])
        both = self.fate.chance(1 / 8)
        for one in self.servers.values() if both else [server]:
            self._set(one, place, name, value)

    def _set(self, server: Server, place: RecordKey, name: str, value: FieldValue) -> None:
        if place in server.rows and not server.refusal(Verb.UPDATE, place, {name: value}):
            server.edit(place, name, value)
            self._tell(server, f"sets {place.key}.{name} = {value}")

    def _insert(self, server: Server, entity: EntityMapping, place: RecordKey) -> None:
        values = self._values(entity)
        if not server.refusal(Verb.INSERT, place, dict(zip(entity.index, values, strict=True))):
            server.put(place, values)
            self._tell(server, f"makes {place.key} {_words(values)}")

    def _drop(self, server: Server, place: RecordKey) -> None:
        if not server.refusal(Verb.DELETE, place, {}):
            server.drop(place)
            self._tell(server, f"deletes {place.key}")

    def _rekey(self, server: KeyedServer, place: RecordKey) -> None:
        """Change a key or clear it; what refers to the record goes with it."""
        keys = PLANS if place.entity == "plan" else _TIERS
        key = self.fate.random.choice([NO_KEY, NO_KEY, *keys, *_OTHER_KEYS])
        taken = key != NO_KEY and RecordKey(place.entity, key) in server.rows
        (row, *others) = server.rows[place]
        # What moves before it was ever read under its key nobody can see move (docs/proof.md).
        unseen = server.is_referred_to(place) and not self.is_known(row.side_id, place.key)
        if not others and not taken and not unseen:
            server.rekey(place, key)
            self._tell(server, f"gives {place.key} the key {key!r}")

    def _remake(self, server: KeyedServer, place: RecordKey) -> None:
        if len(server.rows[place]) == 1:
            server.remake(place)
            self._tell(server, f"makes {place.key} anew")

    def _double(self, server: Server, place: RecordKey) -> None:
        server.put(place, list(server.rows[place][0].values), twin=True)
        self._tell(server, f"doubles {place.key}")

    def _both(self, place: RecordKey) -> None:
        values = self._values(self.servers[Side.BILLING].mapping.entity(place.entity))
        entity = self.servers[Side.BILLING].mapping.entity(place.entity)
        named = dict(zip(entity.index, values, strict=True))
        if not self.servers[Side.SALESFORCE].refusal(Verb.INSERT, place, named):
            for server in self.servers.values():
                server.put(place, values)

    def _values(self, entity: EntityMapping) -> list[FieldValue]:
        return [self.fate.random.choice(VALUES[name]) for name in entity.index]

    def _some(self, keys: tuple[str, ...]) -> list[str]:
        return [key for key in keys if self.fate.random.random() < 3 / 4]

    def _tell(self, server: Server, words: str) -> None:
        self.fate.tell(f"    somebody in {server.side.label} {words}")


def _words(values: list[FieldValue]) -> str:
    return ", ".join(str(value) for value in values)
