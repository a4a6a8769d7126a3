"""The mapping for very many accounts asks Aria's lists alone."""

from pathlib import Path

from app.connectors.aria.accounts_needs import of_all
from app.connectors.aria.transaction_calls import ENTITIES
from app.domain.mapping_file import parse_mapping

FOLDER = Path(__file__).parents[2] / "resources" / "mappings"


def test_nothing_of_it_costs_a_call_for_each_account() -> None:
    text = (FOLDER / "aria_many.toml").read_text("utf-8")
    mapping = parse_mapping(
        text, "aria_many.toml", lambda name: (FOLDER / f"{name}.toml").read_text("utf-8")
    )
    assert of_all(mapping.of_account()).calls == frozenset()
    assert ENTITIES.isdisjoint(mapping.by_name)
    assert {"account", "plan_instance", "order", "invoice", "transaction"} <= set(mapping.by_name)
