"""Credits: entries are added to the ledger, and a void takes an increment back."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from app.domain.plan import OutcomeState, Verb
from tests.connectors.orb_world import OrbWorld

LEDGER = "credit_ledger_entry"


@pytest.fixture
def customer(own_orb: OrbWorld) -> str:
    """Make a customer and return its id."""
    words = {"name": "Kestrel", "email": "ap@kestrel.example"}
    return own_orb.write("customer", "ACC-1", Verb.INSERT, **words).key


def ledger(world: OrbWorld) -> list[tuple[str, str]]:
    """Return type and amount of all entries, the oldest first."""
    rows = sorted(world.state("test:ledger_entry"), key=lambda row: row["ledger_sequence_number"])
    return [(row["entry_type"], str(Decimal(str(row["amount"])).normalize())) for row in rows]


def test_credits_are_added_and_voided(own_orb: OrbWorld, customer: str) -> None:
    given: dict[str, Any] = {"customer_id": customer, "currency": "credits"}
    added = own_orb.write(
        LEDGER,
        "new",
        Verb.INSERT,
        **given,
        entry_type="increment",
        amount=Decimal(25),
        credit_block_expiry_date=datetime(2099, 1, 1, tzinfo=UTC),
        description="For patience",
    )
    assert added.state is OutcomeState.WRITTEN, added.message
    (row,) = own_orb.state("test:ledger_entry")
    assert (row["id"], row["description"]) == (added.key, "For patience")
    voided = own_orb.write(
        LEDGER,
        "void",
        Verb.INSERT,
        **given,
        entry_type="void",
        credit_block_id=row["credit_block"]["id"],
        void_amount=Decimal(25),
    )
    assert voided.state is OutcomeState.WRITTEN, voided.message
    assert ledger(own_orb) == [("increment", "25"), ("void_initiated", "25"), ("void", "25")]


def test_a_customer_may_be_named_by_its_external_id(own_orb: OrbWorld, customer: str) -> None:
    outcome = own_orb.write(
        LEDGER, "n", Verb.INSERT, customer_id="ACC-1", entry_type="increment", amount=Decimal(1)
    )
    assert outcome.state is OutcomeState.WRITTEN, outcome.message
    assert own_orb.values(LEDGER, outcome.key)["customer_id"] == customer


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"entry_type": "increment"}, "needs a customer"),
        ({"customer_id": "c", "entry_type": "credit_block_expiry"}, "one of the types"),
        ({"customer_id": "c", "entry_type": "increment"}, "needs an amount"),
        ({"customer_id": "c", "entry_type": "increment", "amount": Decimal(-5)}, "above 0"),
        ({"customer_id": "c", "entry_type": "void", "amount": Decimal(1)}, "id of a credit block"),
    ],
)
def test_what_an_entry_lacks_is_told(values: dict[str, Any], words: str, own_orb: OrbWorld) -> None:
    outcome = own_orb.write(LEDGER, "new", Verb.INSERT, **values)
    assert outcome.state is OutcomeState.FAILED
    assert words in outcome.message
    assert own_orb.state("test:ledger_entry") == []


def test_orbs_own_words_refuse_what_a_block_does_not_hold(own_orb: OrbWorld, customer: str) -> None:
    outcome = own_orb.write(
        LEDGER,
        "new",
        Verb.INSERT,
        customer_id=customer,
        entry_type="void",
        credit_block_id="nosuch",
        amount=Decimal(1),
    )
    assert outcome.message == "The customer has no such credit block."
