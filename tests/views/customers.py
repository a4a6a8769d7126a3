"""Three accounts on two fake sides, with all that an account's days bring, of no real system."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal

from app.domain.control import CancelToken
from app.domain.mapping import WorkspaceMapping
from app.domain.mapping_file import parse_mapping
from app.domain.record import FieldValue, Side
from app.sync.workbench import Workbench
from app.views.state.account_data import AccountData, read_account
from tests.views.catalog import change, put

TODAY = date(2026, 11, 22)
_OWNED = 'owner = "billing"'


@dataclass(frozen=True)
class _Entity:
    """An entity as the file writes it: name → type of each field, `>` marks a reference."""

    name: str
    plural: str
    fields: Mapping[str, str]
    title: str
    parent: str = ""
    role: str = ""
    shows: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        rows = [
            "[[entity]]",
            f'name = "{self.name}"',
            f'label = "{self.name.replace("_", " ").title()}"',
            f'plural = "{self.plural}"',
            f'sobject = "{self.name.title()}__c"',
            'key = { billing = "id", salesforce = "Key__c" }',
            f'title = "{self.title}"',
        ]
        rows += [f'parent = "{self.parent}"'] if self.parent else []
        rows += [f'role = "{self.role}"'] if self.role else []
        shown = ", ".join(f'{facet} = "{name}"' for facet, name in self.shows.items())
        rows += [f"shows = {{ {shown} }}"] if shown else []
        rows += ["fields = [", *(_field(name, kind) for name, kind in self.fields.items()), "]"]
        return "\n".join(rows)


def _field(name: str, kind: str) -> str:
    type_, _, to = kind.partition(">")
    more = f', to = "{to}"' if to else ""
    more += ", scale = 2" if type_ == "money" else ""
    owner = 'owner = "both"' if name == "name" else _OWNED
    names = f'name = "{name}", billing = "{name}", salesforce = "{name}__c"'
    return f'{{ {names}, type = "{type_}"{more}, {owner} }},'


ENTITIES = (
    _Entity("plan", "Plans", {"name": "text"}, "name"),
    _Entity(
        "account", "Accounts",
        {"name": "text", "number": "text", "state": "text", "currency": "text", "owed": "money",
         "boss": "reference>account", "timezone": "text"},
        "name", "", "account",
        {"number": "number", "status": "state", "currency": "currency", "balance": "owed"},
    ),
    _Entity(
        "subscription", "Subscriptions",
        {"name": "text", "state": "text", "plan": "reference>plan", "mrr": "money",
         "since": "date", "until": "date", "account": "reference>account"},
        "name", "account", "subscription",
        {"status": "state", "plan": "plan", "mrr": "mrr", "start": "since", "end": "until"},
    ),
    _Entity(
        "add_on", "Add-ons", {"name": "text", "subscription": "reference>subscription"},
        "name", "subscription", "subscription",
    ),
    _Entity(
        "posting", "Ledger",
        {"number": "integer", "at": "datetime", "text": "text", "signed": "money", "unit": "text",
         "subscription": "reference>subscription", "account": "reference>account"},
        "text", "account", "transaction",
        {"number": "number", "date": "at", "text": "text", "amount": "signed", "currency": "unit",
         "subscription": "subscription"},
    ),
    _Entity(
        "invoice", "Invoices",
        {"number": "text", "billed": "date", "total": "money", "state": "text",
         "account": "reference>account"},
        "number", "account", "invoice",
        {"date": "billed", "amount": "total", "status": "state"},
    ),
    _Entity(
        "line", "Invoice lines",
        {"text": "text", "amount": "money", "subscription": "reference>subscription",
         "invoice": "reference>invoice"},
        "text", "invoice", "",
        {"amount": "amount", "subscription": "subscription"},
    ),
    _Entity(
        "gift", "Gifts",
        {"text": "text", "given": "date", "amount": "money", "left": "money",
         "account": "reference>account"},
        "text", "account", "credit",
        {"date": "given", "amount": "amount", "balance": "left"},
    ),
    _Entity(
        "usage", "Usage",
        {"day": "datetime", "metric": "text", "units": "decimal", "account": "reference>account"},
        "metric", "account", "usage",
        {"date": "day", "metric": "metric", "quantity": "units"},
    ),
)  # fmt: skip


def customers_mapping() -> WorkspaceMapping:
    """Return the mapping of all of it."""
    head = 'schema = 1\nname = "customers"\nbilling = "aria"\n'
    return parse_mapping("\n\n".join([head, *(one.text() for one in ENTITIES)]), "customers.toml")


def fill_customers(bench: Workbench) -> None:
    """Give both sides the same: a parent, the account `A1` with its days, and its child."""
    for side in Side:
        put(bench, side, "plan", "PRO", name="Voice Pro")
        put(bench, side, "account", "P1", name="Parent plc", number="N-1", currency="EUR")
        put(
            bench, side, "account", "A1", name="Acme", number="N-77", state="active",
            currency="EUR", owed=Decimal("38.50"), boss="P1", timezone="Europe/Berlin",
        )  # fmt: skip
        put(bench, side, "account", "C1", name="Acme Child", number="N-78", boss="A1")
        _fill_subscriptions(bench, side)
        _fill_days(bench, side)


def _fill_subscriptions(bench: Workbench, side: Side) -> None:
    for key, name, mrr, since, until in (
        ("S1", "Voice", "100", date(2026, 8, 10), None),
        ("S2", "Data", "50.50", date(2026, 9, 1), date(2026, 10, 15)),
    ):
        put(
            bench, side, "subscription", key, name=name, plan="PRO", mrr=Decimal(mrr), since=since,
            until=until, state="active" if until is None else "ended", account="A1",
        )  # fmt: skip
    put(bench, side, "add_on", "X1", name="Recording", subscription="S1")


def _fill_days(bench: Workbench, side: Side) -> None:
    for number, (month, total) in enumerate(((8, "80"), (9, "120"), (10, "90")), start=1):
        key, billed = f"I{number}", date(2026, month, 1)
        put(
            bench, side, "invoice", key, number=f"2026-{number}", billed=billed,
            total=Decimal(total), state="issued", account="A1",
        )  # fmt: skip
        of = "S1" if number < 3 else "S2"
        put(
            bench, side, "line", f"{key}-1", text=f"Fee {number}", amount=Decimal(total),
            subscription=of, invoice=key,
        )  # fmt: skip
        at = datetime(2026, month, 1, 10, tzinfo=UTC)
        posting(bench, side, f"T{number}1", number=10 * number, at=at, signed=Decimal(total), of=of)
    posting(bench, side, "T12", number=11, at=datetime(2026, 8, 1, 10, tzinfo=UTC),
            signed=Decimal(-80), of="S1")  # fmt: skip
    for key, left in (("G1", "0"), ("G2", "7.50")):
        put(
            bench, side, "gift", key, text="Goodwill", given=date(2026, 10, 3),
            amount=Decimal(10), left=Decimal(left), account="A1",
        )  # fmt: skip
    for day in range(1, 22):
        # Midnight in Berlin is 23:00 of the day before in UTC.
        at = datetime(2026, 10, 31 if day == 1 else 30, 23, tzinfo=UTC)
        at = at if day == 1 else datetime(2026, 11, day - 1, 23, tzinfo=UTC)
        put(bench, side, "usage", f"U{day}", day=at, metric="calls",
            units=Decimal(day), account="A1")  # fmt: skip


def posting(bench: Workbench, side: Side, key: str, *, of: str, **values: FieldValue) -> None:
    """Put one movement of the account's balance on a side."""
    given = {"text": f"Movement {key}", "unit": "EUR", **values}
    put(bench, side, "posting", key, subscription=of, account="A1", **given)


def edit_customers(bench: Workbench) -> None:
    """Let the sides of A1 drift: a name, an invoice that only billing has, one gone in billing."""
    change(bench, Side.BILLING, "account", "A1", state="suspended")
    put(
        bench, Side.BILLING, "invoice", "I4", number="2026-4", billed=date(2026, 11, 1),
        total=Decimal("110.25"), state="issued", account="A1",
    )  # fmt: skip
    put(bench, Side.SALESFORCE, "subscription", "S9", name="Made up", state="active", account="A1")


def read_data(bench: Workbench, key: str = "A1") -> AccountData:
    """Return an account as the mirror has it."""
    found = read_account(bench, key, CancelToken())
    assert found is not None
    return found
