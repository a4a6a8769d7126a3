"""Retrieve gives back what was deployed, and what was there before (salesforce.md §17.1)."""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING

import pytest

from app.sandbox.salesforce.metadata.package import Members
from app.sandbox.salesforce.metadata.retrieving import retrieve
from app.sandbox.salesforce.metadata.xml_tree import XmlError, parse, render

if TYPE_CHECKING:
    from tests.sandbox.salesforce.conftest import SandboxClient
    from tests.sandbox.salesforce.metadata.conftest import Deployer


def files_of(org: SandboxClient, **types: tuple[str, ...]) -> dict[str, bytes]:
    system = org.sandbox.systems["salesforce"]
    job = retrieve(system._org, Members(types, "66.0"), single=True, soap=True)  # type: ignore[attr-defined]
    with zipfile.ZipFile(io.BytesIO(job.body)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_what_was_deployed_comes_back(deployer: Deployer, org: SandboxClient) -> None:
    deployer.ready()
    files = files_of(org, CustomObject=("Invoice__c",), PermissionSet=("Billing",))
    root = parse(files["objects/Invoice__c.object"])
    assert (root.name, root.get("label")) == ("CustomObject", "Invoice")
    fields = {each.get("fullName"): each for each in root.all("fields")}
    assert fields["Amount__c"].get("scale") == "2"
    assert list(fields) == ["Key__c", "Amount__c", "Status__c", "Plan__c", "Due__c"]
    assert len(parse(files["permissionsets/Billing.permissionset"]).all("fieldPermissions")) == 4
    kinds = [each.get("name") for each in parse(files["package.xml"]).all("types")]
    assert kinds == ["CustomObject", "PermissionSet"]


def test_what_comes_back_can_be_deployed(deployer: Deployer, org: SandboxClient) -> None:
    deployer.ready()
    before = files_of(org, CustomObject=("Invoice__c", "Client_Plan__c"))
    files = {name: body.decode() for name, body in before.items() if name != "package.xml"}
    result = deployer.deploy(files, {"CustomObject": ["*"]})
    assert result["details"]["componentFailures"] == []
    changed = [e["fullName"] for e in result["details"]["componentSuccesses"] if e["created"]]
    assert changed == []
    assert files_of(org, CustomObject=("Invoice__c",)).keys() <= before.keys()


def test_a_field_comes_back_alone(org: SandboxClient) -> None:
    files = files_of(org, CustomField=("Client_Plan__c.Currency__c",))
    (field,) = parse(files["objects/Client_Plan__c.object"]).all("fields")
    assert field.get("fullName") == "Currency__c"


def test_a_deleted_field_is_gone_from_permission_sets_too(
    deployer: Deployer, org: SandboxClient
) -> None:
    deployer.ready()
    gone = "<types><members>Invoice__c.Amount__c</members><name>CustomField</name></types>"
    text = f'<Package xmlns="urn:x">{gone}</Package>'
    assert deployer.deploy({"destructiveChanges.xml": text}, {})["success"]
    files = files_of(org, PermissionSet=("*",), CustomObject=("Invoice__c",))
    assert b"Amount__c" not in b"".join(files.values())


def test_what_there_is_not_is_told_of(org: SandboxClient) -> None:
    system = org.sandbox.systems["salesforce"]
    members = Members({"CustomObject": ("Nope__c",), "Nonsense": ("x",)})
    job = retrieve(system._org, members, single=False, soap=True)  # type: ignore[attr-defined]
    assert [each["problem"] for each in job.messages] == [
        "Entity of type 'CustomObject' named 'Nope__c' cannot be found",
        "Entity type: 'Nonsense' is unknown",
    ]


def test_xml_survives_being_read_and_written() -> None:
    text = b"<a x:y='1' xmlns:x='urn:x'><b>1 &lt; 2 &amp; \xc3\xbc</b><c/></a>"
    once = render(parse(text))
    assert parse(once).plain() == parse(text).plain()
    assert re.search(rb'<a xmlns="[^"]+" y="1">', once)


@pytest.mark.parametrize(
    "body", [b"", b"<a>", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b"\xff\xfe\x00"]
)
def test_what_is_no_xml_is_refused(body: bytes) -> None:
    with pytest.raises(XmlError):
        parse(body)
