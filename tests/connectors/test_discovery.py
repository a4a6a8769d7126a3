"""What the systems tell of their columns, asked of the sandbox."""

from dataclasses import replace

import pytest

from app.connectors.describes import Describes
from app.domain.column import Column
from app.domain.control import CancelToken, no_report
from app.domain.mapping import FieldType
from app.domain.mapping_edit import draft_of, entity_text
from app.sync.mapping_fit import adapt, shipped_drafts
from tests.connectors.far_end import Asked, Told, far_end, in_turn, told
from tests.connectors.world import World, connected
from tests.fakes import catalog_mapping


def columns(world: World, kind: str, entity: str) -> dict[str, Column]:
    connector = world.connectors[kind]
    assert isinstance(connector, Describes)
    found = connector.columns(world.mapping.entity(entity), CancelToken())
    return {column.name: column for column in found}


def test_salesforce_tells_an_objects_fields_with_their_types(world: World) -> None:
    found = columns(world, "salesforce", "plan")
    assert found["Description__c"].length == 32768
    assert found["Supplemental__c"].type is FieldType.BOOLEAN
    assert found["Aria_Number__c"].type is FieldType.INTEGER
    assert set(found["Currency__c"].values) >= {"USD", "EUR", "GBP"}
    assert found["Plan_Set__c"].points_at == ("Aria_Plan_Set__c",)
    assert not found["SystemModstamp"].writable
    assert found["Description__c"].label


def test_every_mapped_field_is_among_those_that_salesforce_tells(world: World) -> None:
    for entity in world.mapping.entities:
        found = columns(world, "salesforce", entity.name)
        assert {field.salesforce for field in entity.fields} <= found.keys()
        for field in entity.fields:
            told = found[field.salesforce].type
            alike = {FieldType.PICKLIST, FieldType.TEXT}, {FieldType.DECIMAL, FieldType.MONEY}
            assert told is field.type or {told, field.type} in alike, field.salesforce


def test_salesforce_names_its_objects(world: World) -> None:
    connector = world.connectors["salesforce"]
    assert isinstance(connector, Describes)
    assert {"Account", "Client_Plan__c"} <= set(connector.objects(CancelToken()))


def test_aria_tells_the_supplemental_fields_of_plans_alone(world: World) -> None:
    found = columns(world, "aria", "plan")
    defined = {
        row["field_name"]
        for row in world.state("aria", "supp_field")
        if row["associated_object"] == "Plan"
    }
    assert set(found) == {f"=field:{name}" for name in defined}
    assert "=field:sf_family" in found
    assert columns(world, "aria", "coupon") == {}


@pytest.mark.parametrize("kind", ["aria", "salesforce"])
def test_every_sandbox_connector_tells_its_columns(world: World, kind: str) -> None:
    assert isinstance(world.connectors[kind], Describes)


DETAILS = {
    "error_code": 0,
    "field_details": [
        {"field_name": "size", "datatype": "number", "max_no_sel": 1, "description": "How large",
         "associated_objects": [{"associated_object": "Plan"}]},
        {"field_name": "grade", "allowed_values": [{"value": "A"}, {"value": "B"}],
         "associated_objects": [{"associated_object": "Plan Instance"}]},
        {"field_name": "markets", "max_no_sel": "9", "allowed_values": [{"value": "AT"}],
         "associated_objects": ["Plan", "Item"]},
    ],
}  # fmt: skip


def scripted(answer: dict[str, object], entity: str) -> list[Column]:
    with far_end(in_turn(told(answer))) as end:
        urls = {"core_url": end.url, "admin_url": end.url, "client_no": 7, "auth_key": "k"}
        connector = connected("aria", {**urls, "object_query_url": end.url}, catalog_mapping())
        assert isinstance(connector, Describes)
        other = replace(catalog_mapping().entity("plan"), name=entity)
        return list(connector.columns(other, CancelToken()))


def test_aria_tells_types_and_values_of_supplemental_fields() -> None:
    markets, size = scripted(DETAILS, "plan")
    assert (size.name, size.type, size.label) == ("=field:size", FieldType.DECIMAL, "How large")
    assert (markets.type, markets.values) == (FieldType.TEXT, ())


def test_plan_instances_have_their_own_fields_and_their_plans() -> None:
    found = {column.name: column for column in scripted(DETAILS, "plan_instance")}
    assert set(found) == {"=field:grade", "=product:size", "=product:markets"}
    assert found["=field:grade"].values == ("A", "B")


def test_accounts_fields_are_told_where_aria_has_the_call() -> None:
    rows = [{"field_name": "region", "field_desc": "Sales region"}]
    (column,) = scripted({"error_code": 0, "supp_fields": rows}, "account")
    assert (column.name, column.label) == ("=field:region", "Sales region")
    assert scripted({"error_code": 1002, "error_msg": "no such call"}, "account") == []


def packaged_org(asked: Asked) -> Told:
    """Answer as an org does in which a package's object took the place of ours."""
    path = asked.path.rpartition("/v66.0/")[2].strip("/")
    mapped = catalog_mapping().entity("plan")
    names = [mapped.salesforce_key, *(field.salesforce for field in mapped.fields)]
    if path == "sobjects":
        return told({"sobjects": [{"name": "Account"}, {"name": "ASF3__Client_Plan__c"}]})
    if path == "sobjects/ASF3__Client_Plan__c/describe":
        packed = [f"ASF3__{name}" if name.endswith("__c") else name for name in names]
        return told({"fields": [{"name": name, "type": "string"} for name in packed]})
    missing = {"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}
    return told([missing], status=404)


def test_a_mapping_is_adapted_to_an_org_with_a_package() -> None:
    text = entity_text(shipped_drafts("aria")["aria_catalog"], "plan").replace(
        'type = "reference", to = "plan_set"', 'type = "text"'
    )
    draft = draft_of(f'schema = 1\nname = "m"\nbilling = "aria"\n{text}', "m.toml")
    with far_end(packaged_org) as end:
        part = {"instance_url": end.url, "access_token": "t" * 20}
        org = connected("salesforce", part, draft.mapping)
        adapted = adapt(draft, org, CancelToken(), no_report)
    plan = adapted.draft.mapping.entity("plan")
    assert (plan.sobject, plan.salesforce_key) == ("ASF3__Client_Plan__c", "ASF3__Aria_Key__c")
    assert [f.salesforce for f in plan.fields][:2] == ["Name", "ASF3__Description__c"]
    assert adapted.missing == ()
