"""A small catalog on two fake sides, and edits that make every kind of difference."""

from collections.abc import Mapping
from decimal import Decimal

from app.domain.record import FieldValue, RecordKey, Side
from app.sync.workbench import Workbench
from tests.fakes import side_of

SENTENCE = "Unlimited calls to every network in the country, with a number of your own choice."


def put(bench: Workbench, side: Side, entity: str, key: str, **values: FieldValue) -> None:
    """Put a record on a side; fields not given are empty."""
    mapped = bench.mapping.entity(entity)
    row: list[FieldValue] = [None] * len(mapped.fields)
    for name, value in values.items():
        row[mapped.index[name]] = value
    side_of(bench, side).put(entity, key, *row)


def change(bench: Workbench, side: Side, entity: str, key: str, **values: FieldValue) -> None:
    """Change fields of a record that a side has."""
    mapped = bench.mapping.entity(entity)
    records = side_of(bench, side).records
    old = records[RecordKey(entity, key)][0]
    row = list(old.values)
    for name, value in values.items():
        row[mapped.index[name]] = value
    records[RecordKey(entity, key)] = [
        old._replace(values=tuple(row), changed_at="2026-11-21T04:00:00Z", changed_by="Ada Admin")
    ]


def fill(bench: Workbench) -> None:
    """Give both sides the same catalog: 3 plans with services and tiers, and coupons."""
    for side in Side:
        put(bench, side, "promotion", "VOICE", name="VOICE", description="Cloud voice")
        put(bench, side, "plan_set", "SET", name="Voice", promotion="VOICE")
        for name in ("BASIC", "PRO", "TEAM"):
            _plan(bench, side, name)
        for name in ("SPRING", "SUMMER", "WINTER", "TWICE", "OLD"):
            put(bench, side, "coupon", name, name=name, description=f"{name.title()} offer")


def _plan(bench: Workbench, side: Side, name: str) -> None:
    put(
        bench, side, "plan", name, name=f"Voice {name.title()}", description=SENTENCE,
        currency="USD", billable=True, family="Voice", plan_set="SET",
    )  # fmt: skip
    service, schedule = f"{name}|CALLS", f"{name}-USD"
    put(bench, side, "service", service, name="Calls", recurring=True, plan=name)
    put(bench, side, "rate_schedule", schedule, name=f"{name} USD", currency="USD", plan=name)
    for number in (1, 2):
        put(
            bench, side, "rate", f"{service}|{schedule}|{number}", sequence=number,
            rate_per_unit=Decimal("1250.50"), currency="USD", service=service,
            rate_schedule=schedule,
        )  # fmt: skip


def edit(bench: Workbench) -> None:
    """Let people edit on both sides."""
    billing, salesforce = Side.BILLING, Side.SALESFORCE
    put(bench, billing, "coupon", "NEW", name="NEW", description="New in billing")
    put(bench, salesforce, "coupon", "STALE", name="STALE", description="Stale")
    side_of(bench, salesforce).drop("coupon", "OLD")
    change(bench, billing, "plan", "PRO", name="Voice Pro 2026")
    change(bench, salesforce, "plan", "TEAM", family="Teams")
    change(bench, billing, "plan", "BASIC", description=SENTENCE.replace("country", "Union"))
    change(bench, salesforce, "plan", "BASIC", description=SENTENCE.replace("country", "world"))
    change(bench, billing, "rate", "PRO|CALLS|PRO-USD|2", rate_per_unit=Decimal("0.05"))
    twins = side_of(bench, salesforce).records
    key = RecordKey("coupon", "TWICE")
    twins[key] = [*twins[key], twins[key][0]._replace(side_id="second")]


KINDS: Mapping[str, int] = {
    "only_in_billing": 2,
    "only_in_salesforce": 1,
    "different": 3,
    "conflict": 1,
    "duplicate_key": 1,
}
