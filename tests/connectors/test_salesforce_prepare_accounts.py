"""Preparing for what comes with Concord for Aria: standard objects, names of children, tabs."""

from importlib.resources import files

import pytest

from app.connectors.salesforce.prepare_org import OrgState
from app.connectors.salesforce.prepare_pages import Brand
from app.connectors.salesforce.prepare_shapes import object_shapes
from app.connectors.salesforce.prepare_survey import MOST_TABS, TAB, Wanted, survey
from app.domain.mapping import WorkspaceMapping
from app.domain.mapping_file import parse_mapping

STANDARD = {"Contracts", "Orders", "Contacts", "Opportunities", "Assets", "ChildAccounts"}
LONGEST_NAME = 40


@pytest.fixture(scope="module")
def mapping() -> WorkspaceMapping:
    folder = files("resources.mappings")

    def text(name: str) -> str:
        return folder.joinpath(f"{name}.toml").read_text("utf-8")

    return parse_mapping(text("aria"), "aria.toml", text)


def test_children_of_a_standard_object_have_names_that_it_has_not(
    mapping: WorkspaceMapping,
) -> None:
    names = [
        field.children
        for shape in object_shapes(mapping)
        for field in shape.fields
        if field.target == "Account" and field.is_custom
    ]
    assert "Aria_Contracts" in names
    assert not STANDARD & set(names)


def test_no_two_lookups_give_their_target_children_of_one_name(mapping: WorkspaceMapping) -> None:
    made = [
        (field.target, field.children)
        for shape in object_shapes(mapping)
        for field in shape.fields
        if field.target and field.is_custom
    ]
    assert len(made) == len(set(made))
    assert max(len(name) for _target, name in made) <= LONGEST_NAME


def test_what_is_pointed_at_comes_before_what_points(mapping: WorkspaceMapping) -> None:
    place = {shape.name: number for number, shape in enumerate(object_shapes(mapping))}
    for shape in object_shapes(mapping):
        for field in shape.fields:
            assert place.get(field.target, -1) <= place[shape.name]


def test_an_org_gets_no_more_tabs_than_its_edition_has(mapping: WorkspaceMapping) -> None:
    wanted = Wanted(Brand(mapping.name), object_shapes(mapping))
    standard = {"fields": [], "label": "x"}
    described = {
        shape.name: None if shape.is_custom else standard for shape in object_shapes(mapping)
    }
    parts = survey(wanted, OrgState("org", "ada", "005", described)).parts
    tabs = [part.key.name for part in parts if part.key.kind == TAB]
    assert len(tabs) == MOST_TABS
    assert "Client_Plan__c" in tabs
