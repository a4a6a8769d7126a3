"""Names under a package's prefix, and names that are alike on the two sides."""

import pytest

from app.domain.column import Column, column_of
from app.domain.mapping import FieldType
from app.domain.mapping_suggest import alike, likeness, packaged, prefix_of
from tests.fakes import catalog_mapping

PLAN = catalog_mapping().entity("plan")


def test_a_name_is_found_under_the_prefixes_of_packages() -> None:
    there = ["Plan__c", "ASF3__Plan__c", "Other__Plan__c", "ASF3__My_Plan__c", "ASF3__Plan__r"]
    assert packaged("Plan__c", there) == ("ASF3__Plan__c", "Other__Plan__c")


@pytest.mark.parametrize(
    ("name", "prefix"),
    [("ASF3__Plan__c", "ASF3__"), ("Plan__c", ""), ("Name", ""), ("My_Plan__c", "")],
)
def test_only_packaged_names_have_a_prefix(name: str, prefix: str) -> None:
    assert prefix_of(name) == prefix


@pytest.mark.parametrize(
    ("billing", "salesforce"),
    [
        ("=field:sf_region", "ASF3__Region__c"),
        ("=field:credit_terms", "Credit_Terms__c"),
        ("=field:max_qty", "MaximumQuantity__c"),
        ("currency_cd", "Currency_Code__c"),
        ("acct_no", "Account_Number__c"),
    ],
)
def test_names_are_alike_past_prefixes_case_and_abbreviations(
    billing: str, salesforce: str
) -> None:
    assert likeness(Column(billing), Column(salesforce)) >= 70


def test_labels_count_where_names_say_nothing() -> None:
    other = Column("Custom_17__c", "Credit terms")
    assert likeness(Column("=field:x9", "Credit terms"), other) == 100
    assert likeness(Column("=field:x9"), other) < 70


def test_each_column_is_offered_once_and_mapped_ones_are_not() -> None:
    billing = [Column("plan_name"), Column("=field:region"), Column("=field:sf_region")]
    salesforce = [Column("Name"), Column("Region__c"), Column("Fixed_Region__c", writable=False)]
    (pair,) = alike(PLAN, billing, salesforce)
    assert (pair.billing.name, pair.salesforce.name, pair.score) == (
        "=field:region", "Region__c", 100,
    )  # fmt: skip


def test_a_field_of_a_mapping_tells_what_its_column_holds() -> None:
    column = column_of(PLAN.field_of("proration_timing"))
    assert (column.name, column.type) == ("proration_invoice_timing_cd", FieldType.PICKLIST)
    assert column.values == ("I", "A")
    assert column_of(PLAN.field_of("plan_set")).points_at == ("plan_set",)
