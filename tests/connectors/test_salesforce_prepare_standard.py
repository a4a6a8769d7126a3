"""Preparing for a mapping on standard objects, on packages, and for what nobody can make."""

from dataclasses import replace
from typing import Any

import pytest

from app.connectors.preparer import Part, PartState, Preparable, Survey
from app.connectors.salesforce.prepare_org import Grants, OrgState
from app.connectors.salesforce.prepare_package import deletions_of, package_of
from app.connectors.salesforce.prepare_pages import Brand
from app.connectors.salesforce.prepare_shapes import object_shapes
from app.connectors.salesforce.prepare_survey import Wanted, survey
from app.domain.control import CancelToken, no_report
from app.domain.mapping import WorkspaceMapping
from app.domain.mapping_file import parse_mapping
from tests.connectors.world import World, connected

TEXT = """
schema = 1
name = "accounts"
billing = "aria"

[[entity]]
name = "account"
label = "Account"
plural = "Accounts"
sobject = "Account"
key = { billing = "id", salesforce = "Aria_Id__c" }
title = "name"
fields = [
    { name = "name", billing = "n", salesforce = "Name", type = "text", owner = "both" },
    { name = "kind", billing = "k", salesforce = "Type", type = "text", owner = "both" },
    { name="status", billing="s", salesforce="Aria_Status__c", type="text", owner="billing" },
]

[[entity]]
name = "invoice"
label = "Invoice"
plural = "Invoices"
sobject = "Aria_Invoice__c"
key = { billing = "id", salesforce = "Aria_Key__c" }
title = "amount"
fields = [
    { name = "amount", billing = "a", salesforce = "Amount__c", type = "money", owner = "billing" },
    {name="of", billing="c", salesforce="Account__c", type="reference", to="account", owner="both"},
]
"""


@pytest.fixture(scope="module")
def accounts() -> WorkspaceMapping:
    return parse_mapping(TEXT, "accounts.toml")


def described(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"label": "Account", "fields": list(fields)}


def seen(name: str, kind: str = "string", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "createable": True, "updateable": True} | more


def looked(mapping: WorkspaceMapping, account: dict[str, Any] | None, **state: Any) -> Survey:
    objects = {"Account": account, "Aria_Invoice__c": None}
    wanted = Wanted(Brand(mapping.name), object_shapes(mapping))
    return survey(wanted, OrgState("00D1", "me@x.example", "0051", objects, **state))


def part(found: Survey, name: str) -> Part:
    return next(part for part in found.parts if part.key.name == name)


def test_fields_are_added_to_a_standard_object(
    world: World, accounts: WorkspaceMapping, token: CancelToken
) -> None:
    connector = connected("salesforce", world.ready["salesforce"], accounts)
    assert isinstance(connector, Preparable)
    preparer = connector.preparer()
    found = preparer.survey(token, no_report)
    kinds = [(p.key.kind, p.key.name) for p in found.parts[:5]]
    assert kinds[:2] == [("field", "Account.Aria_Id__c"), ("field", "Account.Aria_Status__c")]
    assert "Account" not in {p.key.name for p in found.parts if p.key.kind in {"tab", "object"}}
    assert preparer.deploy(found.parts, token, no_report).failures == ()
    assert preparer.survey(token, no_report).parts == ()
    assert connector.check(accounts.entities, token).missing == ()


def test_a_standard_object_that_is_not_there_is_for_people(accounts: WorkspaceMapping) -> None:
    found = looked(accounts, None)
    states = {p.key.name: p.state for p in found.parts if p.key.name.startswith("Account")}
    assert set(states.values()) == {PartState.BLOCKED}
    assert "Account" in states
    invoice = part(found, "Aria_Invoice__c.Account__c")
    assert (invoice.state, invoice.detail) == (PartState.BLOCKED, "needs the object Account")
    amount = part(found, "Aria_Invoice__c.Amount__c")
    assert (amount.state, amount.ticked) == (PartState.MISSING, True)


def test_a_standard_field_that_is_not_seen_is_for_people(accounts: WorkspaceMapping) -> None:
    found = part(looked(accounts, described(seen("Name"))), "Account.Type")
    assert (found.state, found.ticked) == (PartState.BLOCKED, False)
    assert "standard field" in found.detail


def test_a_packages_object_is_not_made() -> None:
    text = TEXT.replace("Aria_Invoice__c", "aria__Invoice__c")
    wanted = Wanted(Brand("m"), object_shapes(parse_mapping(text, "m.toml")))
    state = OrgState("00D1", "", "0051", {"Account": described(), "aria__Invoice__c": None})
    found = part(survey(wanted, state), "aria__Invoice__c")
    assert found.state is PartState.BLOCKED
    assert "package aria" in found.detail


def test_without_a_user_the_assignment_is_for_people(accounts: WorkspaceMapping) -> None:
    wanted = Wanted(Brand("m"), object_shapes(accounts))
    state = OrgState("00D1", "", "", {"Account": described(), "Aria_Invoice__c": None})
    blocked = [p for p in survey(wanted, state).parts if p.key.kind == "assignment"]
    assert blocked[0].state is PartState.BLOCKED


def test_rights_that_cannot_be_granted_are_not_asked_for(accounts: WorkspaceMapping) -> None:
    account = described(
        seen("Name"),
        seen("Type", permissionable=True, createable=False, updateable=False),
        seen("Aria_Id__c", externalId=True, unique=True, permissionable=False),
        seen("Aria_Status__c", calculated=True, permissionable=True),
    )
    wanted = Wanted(Brand("accounts"), object_shapes(accounts))
    state = OrgState("00D1", "", "0051", {"Account": account, "Aria_Invoice__c": None})
    keys = [p.key for p in survey(wanted, state).parts if p.key.kind == "permission set"]
    files = package_of(wanted, state, keys, {}).files
    text = files["permissionsets/Concord_Accounts.permissionset"].decode()
    assert "Aria_Id__c" not in text
    assert text.count("<editable>false</editable>") == 2
    assert "<object>Aria_Invoice__c</object>" not in text


def test_a_permission_set_that_gives_too_little_differs(accounts: WorkspaceMapping) -> None:
    account = described(
        seen("Name"), seen("Type"), seen("Aria_Id__c", unique=True), seen("Aria_Status__c")
    )
    names = frozenset({"Account.Aria_Id__c", "Account.Aria_Status__c"})
    grants = Grants("0PS1", frozenset({"Account"}), names, frozenset(), is_assigned=True)
    found = part(looked(accounts, account, grants=grants), "Concord_Accounts")
    assert found.state is PartState.DIFFERS
    assert found.detail == "does not grant 1 object and 5 fields"
    given = replace(grants, editable=names)
    found = part(looked(accounts, account, grants=given), "Concord_Accounts")
    assert found.detail == "does not grant 1 object and 3 fields"


def test_what_goes_with_an_object_is_not_deleted_twice(accounts: WorkspaceMapping) -> None:
    found = looked(accounts, described(seen("Name"), seen("Type")))
    gone = deletions_of([p.key for p in found.parts]).deletions
    names = [(each.type, each.name) for each in gone]
    assert ("CustomObject", "Aria_Invoice__c") in names
    assert ("CustomField", "Account.Aria_Id__c") in names
    assert not [
        name for _, name in names if name.startswith(("Aria_Invoice__c.", "Aria_Invoice__c-"))
    ]
