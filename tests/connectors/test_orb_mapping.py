"""The mapping of Orb: the eight objects with every field, as prepare would make them."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.connectors.salesforce.prepare_pages import charted
from app.connectors.salesforce.prepare_shapes import FieldShape, object_nodes, object_shapes
from app.domain.ignore import covers
from app.domain.mapping import WorkspaceMapping
from app.domain.mapping_file import parse_mapping
from app.errors import MappingInvalid

OBJECTS = {
    "OrbCommittedLedgerEntry__c",
    "OrbCustomer__c",
    "OrbDailyLineItemRevenue__c",
    "OrbInvoiceLineItemBilling__c",
    "OrbInvoice__c",
    "OrbPlan__c",
    "OrbSubscriptionVersion__c",
    "OrbSubscription__c",
}
REFERENCE = Path(__file__).parents[3] / "shared" / "reference" / "orb_objects.json"


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    """Return the reference's list of objects and fields."""
    if not REFERENCE.exists():
        pytest.skip(f"{REFERENCE.name} is not beside the project")
    found: dict[str, Any] = json.loads(REFERENCE.read_text("utf-8"))
    return found


def shapes(mapping: WorkspaceMapping) -> dict[str, dict[str, FieldShape]]:
    return {
        shape.name: {field.name: field for field in shape.fields}
        for shape in object_shapes(mapping)
    }


def in_words(shape: FieldShape) -> str:
    """Return a type as the reference writes it."""
    if shape.type == "Number":
        return f"Number({shape.precision},{shape.scale})"
    if shape.type == "Lookup":
        return f"Lookup({shape.target})"
    sized = shape.type in {"Text", "LongTextArea"}
    return f"{shape.type}({shape.length})" if sized else shape.type


def test_the_dashboard_counts_by_what_comes_again(orb_mapping: WorkspaceMapping) -> None:
    found = [(shape.name, field.name) for shape, _, field in charted(object_shapes(orb_mapping))]
    assert dict(found) == {
        "OrbPlan__c": "Status__c",
        "OrbCustomer__c": "Currency__c",
        "OrbSubscription__c": "Status__c",
        "OrbInvoice__c": "Status__c",
        "OrbInvoiceLineItemBilling__c": "PriceType__c",
        "OrbCommittedLedgerEntry__c": "EntryType__c",
    }


def test_there_are_the_eight_objects(orb_mapping: WorkspaceMapping) -> None:
    assert set(shapes(orb_mapping)) == OBJECTS


def test_every_published_field_has_its_name_and_type(
    orb_mapping: WorkspaceMapping, published: dict[str, Any]
) -> None:
    made = shapes(orb_mapping)
    for row in published.values():
        fields = made[row["salesforce_object"]]
        assert set(fields) == {field["salesforce_field"] for field in row["fields"]}
        for field in row["fields"]:
            if not field.get("external_id"):  # a key takes the longest text that can be one
                assert in_words(fields[field["salesforce_field"]]) == field["salesforce_type"]


def test_keys_are_external_ids_that_tell_case(orb_mapping: WorkspaceMapping) -> None:
    for shape in object_shapes(orb_mapping):
        (key,) = [field for field in shape.fields if field.key]
        assert key.name == "Id__c"
        nodes = str(object_nodes(shape, [key]))
        assert "('unique', True)" in nodes
        assert "('caseSensitive', True)" in nodes


def test_each_lookup_of_an_object_has_its_own_name_there(orb_mapping: WorkspaceMapping) -> None:
    named = [
        (field.target, field.children)
        for fields in shapes(orb_mapping).values()
        for field in fields.values()
        if field.type == "Lookup"
    ]
    assert len(named) == len(set(named)) == 17


def test_parents_come_before_children(orb_mapping: WorkspaceMapping) -> None:
    order = orb_mapping.order
    for first, then in (
        ("customer", "subscription"),
        ("subscription", "invoice"),
        ("invoice", "credit_ledger_entry"),
        ("invoice_line_item_billing", "daily_line_item_revenue"),
    ):
        assert order.index(first) < order.index(then)


@pytest.mark.parametrize(
    ("billing", "salesforce", "same"),
    [("0", "0.00", True), ("12.50", "12.5", True), ("100", "1", False), ("0.10", "0.01", False)],
)
def test_a_balance_is_compared_by_meaning(
    billing: str,
    salesforce: str,
    same: bool,  # noqa: FBT001 - a parameter
    orb_mapping: WorkspaceMapping,
) -> None:
    rules = orb_mapping.entity("customer").ignore
    (rule,) = [rule for rule in rules if rule.field == "balance"]
    assert covers(rule, billing, salesforce) is same


def test_what_exports_alone_tell_does_not_count(orb_mapping: WorkspaceMapping) -> None:
    for entity in orb_mapping.entities:
        ignored = {rule.field for rule in entity.ignore}
        assert {"updated_at", "deleted_at", "reverted_at"} & set(entity.index) <= ignored


def test_a_format_that_there_is_not_is_refused() -> None:
    fields = '[{ name = "a", billing = "a", salesforce = "A__c", type = "text", owner = "both" '
    text = f"""schema = 1\nname = "m"\nbilling = "orb"\n[[entity]]\nname = "plan"\nlabel = "C"
plural = "C"\nsobject = "C__c"\nkey = {{ billing = "id", salesforce = "K__c" }}
title = "a"\nfields = {fields}"""
    assert parse_mapping(f'{text}, format = "url" }}]', "m.toml").entities
    with pytest.raises(MappingInvalid, match="unknown format 'fax'"):
        parse_mapping(f'{text}, format = "fax" }}]', "m.toml")
