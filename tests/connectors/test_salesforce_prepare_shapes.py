"""What a mapping needs of an org, whether a field will do, and the metadata made of it."""

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from app.connectors.preparer import PartState
from app.connectors.salesforce.metadata_xml import Member, Package, document, manifest, zipped
from app.connectors.salesforce.prepare_change import changed_field
from app.connectors.salesforce.prepare_fields import changed_types, field_part
from app.connectors.salesforce.prepare_pages import Brand, reports
from app.connectors.salesforce.prepare_shapes import (
    FieldShape,
    ObjectShape,
    entity_fields,
    field_nodes,
    identifier,
    namespace,
    object_shapes,
    words,
)
from app.domain.mapping import WorkspaceMapping
from app.domain.mapping_file import parse_mapping

TEXT = {"type": "string", "length": 255, "createable": True, "updateable": True}
META = "{http://soap.sforce.com/2006/04/metadata}"


def shape(mapping: WorkspaceMapping, name: str) -> ObjectShape:
    return next(each for each in object_shapes(mapping) if each.name == name)


def field(mapping: WorkspaceMapping, full_name: str) -> FieldShape:
    owner, _, name = full_name.partition(".")
    return next(each for each in shape(mapping, owner).fields if each.name == name)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Client_Plan__c.Aria_Key__c", "Text(255), external id, unique"),
        ("Client_Plan__c.Family__c", "Text(80)"),
        ("Client_Plan__c.Description__c", "LongTextArea(32768)"),
        ("Client_Plan__c.Aria_Number__c", "Number(18, 0)"),
        ("Client_Plan__c.Billable__c", "Checkbox"),
        ("Client_Plan__c.Currency__c", "Picklist: USD, EUR, GBP"),
        ("Client_Plan__c.Proration_Timing__c", "Picklist: Immediate, Next anniversary"),
        ("Client_Plan__c.Plan_Set__c", "Lookup to Aria_Plan_Set__c"),
        ("Rate_Tier__c.Rate__c", "Currency(13, 5)"),
        ("Rate_Schedule__c.Available_From__c", "Date"),
    ],
)
def test_a_fields_type_comes_of_the_mapping(
    mapping: WorkspaceMapping, name: str, told: str
) -> None:
    assert field(mapping, name).words == told


def test_an_object_without_a_mapped_name_is_numbered(mapping: WorkspaceMapping) -> None:
    assert shape(mapping, "Client_Plan__c").numbered == ""
    assert shape(mapping, "Rate_Tier__c").numbered == "RT-{000000}"


def test_lookups_from_one_object_to_another_have_names_of_their_own(
    mapping: WorkspaceMapping,
) -> None:
    lookups = [f for f in shape(mapping, "Client_Plan_Relationship__c").fields if f.target]
    assert [f.children for f in lookups] == [
        "Supplemental_plans_Parent_Plan",
        "Supplemental_plans_Child_Plan",
    ]


def test_the_mapping_may_say_label_and_digits(mapping_text: str) -> None:
    said = mapping_text.replace(
        'salesforce = "Rate__c",', 'salesforce = "Rate__c", label = "Price each", precision = 12,'
    )
    rate = field(parse_mapping(said, "m.toml"), "Rate_Tier__c.Rate__c")
    assert (rate.label, rate.words) == ("Price each", "Currency(7, 5)")


@pytest.fixture
def mapping_text() -> str:
    from importlib.resources import files  # noqa: PLC0415 - one test's own

    return files("resources.mappings").joinpath("aria_catalog.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "found", "state", "told"),
    [
        ("Family__c", {"type": "double"}, PartState.BLOCKED, "is Number, the mapping needs Text"),
        ("Family__c", {"length": 40}, PartState.DIFFERS, "holds 40 characters"),
        ("Description__c", {}, PartState.BLOCKED, "holds 255 characters"),
        ("Description__c", {"type": "textarea", "length": 4000}, PartState.DIFFERS, "holds 4,000"),
        ("Plan_Set__c", {"type": "reference", "referenceTo": ["X"]}, PartState.BLOCKED, "to X"),
        ("Currency__c", {"type": "multipicklist"}, PartState.BLOCKED, "Multi-Select Picklist"),
        ("Aria_Key__c", {"externalId": False, "idLookup": False}, PartState.DIFFERS, "no external"),
        ("Aria_Key__c", {"type": "double"}, PartState.BLOCKED, "external id, unique"),
        (
            "Plan_Sets__c",
            {"createable": False, "updateable": False},
            PartState.HIDDEN,
            "permission",
        ),
    ],
)
def test_a_field_that_will_not_do_is_told(
    mapping: WorkspaceMapping, name: str, found: dict[str, Any], state: PartState, told: str
) -> None:
    part = field_part("Client_Plan__c", field(mapping, f"Client_Plan__c.{name}"), TEXT | found)
    assert part is not None
    assert part.state is state
    assert told in part.detail


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Client_Plan__c.Family__c", {"type": "picklist"}),
        ("Client_Plan__c.Currency__c", {}),
        ("Client_Plan__c.Aria_Number__c", {"type": "percent", "scale": 2, "precision": 10}),
        ("Client_Plan__c.Aria_Key__c", {"externalId": True, "unique": True}),
        ("Client_Plan__c.Billable__c", {"type": "boolean"}),
        ("Client_Plan__c.Plan_Set__c", {"type": "reference", "referenceTo": ["Aria_Plan_Set__c"]}),
    ],
)
def test_a_field_that_holds_the_values_will_do(
    mapping: WorkspaceMapping, name: str, found: dict[str, Any]
) -> None:
    assert field_part("Client_Plan__c", field(mapping, name), TEXT | found) is None


def test_a_formula_cannot_be_written_unless_salesforce_owns_it(mapping: WorkspaceMapping) -> None:
    formula = TEXT | {"calculated": True, "createable": False, "updateable": False}
    family = field(mapping, "Client_Plan__c.Family__c")
    usage = field(mapping, "Aria_Service__c.Usage_Type__c")
    assert field_part("Client_Plan__c", family, formula) is None
    part = field_part("Aria_Service__c", usage, formula)
    assert part is not None
    assert part.state is PartState.BLOCKED


def test_a_key_that_is_not_unique_is_only_advice(mapping: WorkspaceMapping) -> None:
    key = field(mapping, "Aria_Item__c.Aria_Key__c")
    part = field_part("Aria_Item__c", key, TEXT | {"externalId": True, "unique": False})
    assert part is not None
    assert not part.ticked
    assert not part.lacks


def test_a_restricted_picklist_must_offer_the_values(mapping: WorkspaceMapping) -> None:
    offered = [{"value": "USD", "active": True}, {"value": "EUR", "active": False}]
    found = {"type": "picklist", "restrictedPicklist": True, "picklistValues": offered}
    part = field_part("X", field(mapping, "Client_Plan__c.Currency__c"), found)
    assert part is not None
    assert part.detail == "does not offer EUR, GBP"


def test_changed_types_are_named_with_object_and_field(mapping: WorkspaceMapping) -> None:
    plan = mapping.entity("plan")
    found = {each.name: {"name": each.name} for each in entity_fields(plan, mapping)}
    assert list(changed_types(plan, mapping, found)) == []
    found["Billable__c"] = {"name": "Billable__c", "type": "string"}
    told = ["field Billable__c of Client_Plan__c is Text, the mapping needs Checkbox"]
    assert list(changed_types(plan, mapping, found)) == told


def test_metadata_is_in_the_order_of_its_names(mapping: WorkspaceMapping) -> None:
    nodes = field_nodes(field(mapping, "Client_Plan__c.Aria_Key__c"))
    made = ET.fromstring(document("CustomObject", [("fields", nodes), ("description", "a < b")]))  # noqa: S314 - our own
    assert [child.tag for child in made] == [f"{META}description", f"{META}fields"]
    tags = [child.tag for child in made[1]]
    assert tags == sorted(tags)
    assert made[1].findtext(f"{META}unique") == "true"


def test_a_package_is_the_same_bytes_each_time() -> None:
    package = Package({"objects/A__c.object": b"<x/>"}, [Member("CustomObject", "A__c")])
    assert zipped(package, "66.0") == zipped(package, "66.0")
    assert b"<members>A__c</members>" in manifest(package.members, "66.0")


def changed(mapping: WorkspaceMapping, name: str, old: str) -> ET.Element:
    element = ET.fromstring(f'<records xmlns="{META[1:-1]}">{old}</records>')  # noqa: S314 - our own
    return changed_field(field(mapping, name), element)


def test_a_changed_field_keeps_what_is_not_ours(mapping: WorkspaceMapping) -> None:
    old = "<fullName>Client_Plan__c.Family__c</fullName><length>40</length><label>Mine</label>"
    new = changed(mapping, "Client_Plan__c.Family__c", old)
    assert (new.findtext("fullName"), new.findtext("length")) == ("Family__c", "80")
    assert new.findtext("label") == "Mine"


def test_a_size_never_shrinks(mapping: WorkspaceMapping) -> None:
    new = changed(mapping, "Client_Plan__c.Family__c", "<length>200</length>")
    assert new.findtext("length") == "200"
    new = changed(mapping, "Rate_Tier__c.Rate__c", "<precision>16</precision><scale>2</scale>")
    assert (new.findtext("scale"), new.findtext("precision")) == ("5", "18")


def test_values_are_added_to_those_that_are_there(mapping: WorkspaceMapping) -> None:
    value = "<value><fullName>CHF</fullName></value>"
    old = f"<valueSet><valueSetDefinition>{value}</valueSetDefinition></valueSet>"
    new = changed(mapping, "Client_Plan__c.Currency__c", old)
    names = [each.text for each in new.iter("fullName")]
    assert names == ["Currency__c", "CHF", "USD", "EUR", "GBP"]


def test_reports_have_names_that_salesforce_takes(mapping: WorkspaceMapping) -> None:
    made = [report for each in object_shapes(mapping) for report in reports(each)]
    assert len({report.name for report in made}) == len(made) == 38
    assert all(len(report.name) <= 80 for report in made)
    assert Brand("aria_catalog").name == "Concord_Aria_Catalog"


def test_names_are_taken_apart() -> None:
    assert namespace("pkg__Plan__c") == "pkg"
    assert namespace("Plan__c") == ""
    assert words("pkg__GL_Code__c") == "GL Code"
    assert identifier("2 plans: a/b") == "X2_plans_a_b"
