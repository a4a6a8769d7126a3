"""A workspace of Orb's mapping on two fake sides; billing offers Orb's actions, and can count."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.connectors.counting import EntityCount
from app.connectors.orb.action_list import ACTIONS
from app.connectors.orb.actions import planned
from app.connectors.orb.deal_lines import sold
from app.domain.action import Action, Asked, Planned
from app.domain.control import CancelToken
from app.domain.deal import Deal, Sold
from app.domain.mapping import EntityMapping
from app.domain.mapping_file import parse_mapping
from app.domain.record import Record, RecordKey, Side
from app.store.workspace import Store
from app.sync.workbench import Workbench
from tests.fakes import FakeSide, side_of
from tests.views.catalog import put

ACME, BELL, OTHER_BELL = (f"00100000000000{number}AAA" for number in (1, 2, 3))


@dataclass
class OrbSide(FakeSide):
    """Billing as Orb's connector shows it to those who ask what can be done."""

    def actions(self, entity: EntityMapping) -> Sequence[Action]:
        return [one for one in ACTIONS if one.entity == entity.name]

    def planned(self, asked: Asked) -> Planned:
        return planned(asked)

    def sold(self, deal: Deal) -> Sold:
        return sold(deal)

    def counts(
        self, entities: Sequence[EntityMapping], cancel: CancelToken
    ) -> Iterator[EntityCount]:
        cancel.check()
        for entity in entities:
            yield EntityCount(entity.name, 1000, exact=entity.name == "customer", calls=10)


def orb_bench(path: Path) -> Workbench:
    """Return a workbench with three customers on both sides, the first with two subscriptions."""
    file = Path(__file__).parents[2] / "resources" / "mappings" / "orb.toml"
    mapping = parse_mapping(file.read_text("utf-8"), file.name)
    sides = {
        Side.BILLING: OrbSide(Side.BILLING, mapping),
        Side.SALESFORCE: FakeSide(Side.SALESFORCE, mapping),
    }
    bench = Workbench("test", mapping, Store(path / "orb.sqlite", mapping), sides)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for side in Side:
        put(bench, side, "plan", "PRO", title="Pro", name="Pro")
        put(bench, side, "customer", "c1", name="Acme", external_customer_id=ACME)
        put(bench, side, "customer", "c2", name="Bell Ltd", email="ap@bell.example")
        put(bench, side, "customer", "c3", name="Cedar")
        for key in ("s1", "s2"):
            put(
                bench, side, "subscription", key, name=f"Seats {key}", customer="c1",
                customer_id="c1", plan="PRO", plan_id="PRO", status="active", start_date=start,
            )  # fmt: skip
    return bench


def put_account(bench: Workbench, side_id: str, name: str, website: str = "") -> None:
    """Put a record of the org's own object Account into Salesforce."""
    record = Record(side_id, (name, website), side_id, None)
    side_of(bench, Side.SALESFORCE).records[RecordKey("Account", side_id)] = [record]
