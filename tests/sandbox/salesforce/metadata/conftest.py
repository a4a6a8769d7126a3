"""Packages, deployed into the sandboxed org as a client does it."""

from __future__ import annotations

import io
import json
import re
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.salesforce.conftest import SandboxClient

_NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
INVOICE = """
<label>Invoice</label><pluralLabel>Invoices</pluralLabel>
<nameField><label>Number</label><type>AutoNumber</type><displayFormat>I-{0000}</displayFormat>
</nameField>
<deploymentStatus>Deployed</deploymentStatus><sharingModel>ReadWrite</sharingModel>
"""
FIELDS = """
<fields><fullName>Key__c</fullName><label>Key</label><type>Text</type><length>20</length>
<externalId>true</externalId><unique>true</unique><caseSensitive>true</caseSensitive></fields>
<fields><fullName>Amount__c</fullName><label>Amount</label><type>Currency</type>
<precision>10</precision><scale>2</scale></fields>
<fields><fullName>Status__c</fullName><label>Status</label><type>Picklist</type><valueSet>
<restricted>true</restricted><valueSetDefinition><sorted>false</sorted>
<value><fullName>Open</fullName><default>true</default><label>Open</label></value>
<value><fullName>Paid</fullName><default>false</default><label>Paid</label></value>
</valueSetDefinition></valueSet></fields>
<fields><fullName>Plan__c</fullName><label>Plan</label><type>Lookup</type>
<referenceTo>Client_Plan__c</referenceTo><relationshipName>Invoices</relationshipName></fields>
<fields><fullName>Due__c</fullName><label>Due</label><type>Date</type><required>true</required>
</fields>
"""
GRANTS = """
<label>Billing</label>
<objectPermissions><object>Invoice__c</object><allowRead>true</allowRead></objectPermissions>
<fieldPermissions><field>Invoice__c.Key__c</field><readable>true</readable>
<editable>true</editable></fieldPermissions>
<fieldPermissions><field>Invoice__c.Amount__c</field><readable>true</readable>
<editable>true</editable></fieldPermissions>
<fieldPermissions><field>Invoice__c.Status__c</field><readable>true</readable>
<editable>true</editable></fieldPermissions>
<fieldPermissions><field>Invoice__c.Plan__c</field><readable>true</readable>
<editable>true</editable></fieldPermissions>
"""


def document(kind: str, body: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><{kind} xmlns="{_NAMESPACE}">{body}</{kind}>'


def manifest(members: dict[str, list[str]]) -> str:
    types = "".join(
        f"<types>{''.join(f'<members>{n}</members>' for n in names)}<name>{kind}</name></types>"
        for kind, names in members.items()
    )
    return document("Package", types + "<version>66.0</version>")


def zipped(files: dict[str, str]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return target.getvalue()


class Deployer:
    """Deploys packages through REST and waits for their end."""

    def __init__(self, org: SandboxClient) -> None:
        self.org = org
        system: Any = org.sandbox.systems["salesforce"]
        self.jobs = system._org.metadata.jobs

    def send(self, body: bytes, **options: Any) -> Any:
        wish = {"deployOptions": {"singlePackage": True, "rollbackOnError": True, **options}}
        parts = {
            "json": (None, json.dumps(wish), "application/json"),
            "file": ("deploy.zip", body, "application/zip"),
        }
        answer = self.org.send("POST", "metadata/deployRequest", files=parts)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def result(self, job_id: str) -> dict[str, Any]:
        assert self.jobs.find(job_id).done.wait(10)
        answer = self.org.get(f"metadata/deployRequest/{job_id}?includeDetails=true")
        found: dict[str, Any] = answer.json()["deployResult"]
        return found

    def deploy(
        self, files: dict[str, str], members: dict[str, list[str]], **options: Any
    ) -> dict[str, Any]:
        body = zipped({"package.xml": manifest(members), **files})
        return self.result(self.send(body, **options)["id"])

    def invoice(self, extra: str = "", **options: Any) -> dict[str, Any]:
        files = {"objects/Invoice__c.object": document("CustomObject", INVOICE + FIELDS + extra)}
        return self.deploy(files, {"CustomObject": ["Invoice__c"]}, **options)

    def field(self, elements: str, **options: Any) -> dict[str, Any]:
        """Deploy one field X__c of Client_Plan__c."""
        node = f"<fields><fullName>X__c</fullName><label>X</label>{elements}</fields>"
        files = {"objects/Client_Plan__c.object": document("CustomObject", node)}
        return self.deploy(files, {"CustomField": ["Client_Plan__c.X__c"]}, **options)

    def file(self, kind: str, name: str, path: str, body: str) -> dict[str, Any]:
        return self.deploy({path: document(kind, body)}, {kind: [name]})

    def grant(self, body: str = GRANTS) -> dict[str, Any]:
        return self.file("PermissionSet", "Billing", "permissionsets/Billing.permissionset", body)

    def assign(self) -> str:
        user = self.org.query("SELECT Id FROM User LIMIT 1")[0]["Id"]
        found = self.org.query("SELECT Id FROM PermissionSet WHERE Name = 'Billing'")[0]["Id"]
        return self.org.insert("PermissionSetAssignment", AssigneeId=user, PermissionSetId=found)

    def ready(self) -> None:
        """Deploy the invoice with the permission set that shows its fields, and assign it."""
        assert self.invoice()["success"]
        assert self.grant()["success"]
        self.assign()


def problems(result: dict[str, Any]) -> list[str]:
    return [each["problem"] for each in result["details"]["componentFailures"]]


@pytest.fixture
def deployer(org: SandboxClient) -> Deployer:
    return Deployer(org)


@pytest.fixture
def xml() -> Any:
    return document


@pytest.fixture
def problems_of() -> Any:
    return problems


@pytest.fixture
def package() -> Any:
    """Give what makes a zip of object files, by path: the content below the root element."""

    def make(files: dict[str, str]) -> bytes:
        names = [path.split("/")[1].removesuffix(".object") for path in files]
        fields = [f"{name}.{n}" for name, text in zip(names, files.values(), strict=True)
                  for n in re.findall(r"<fields><fullName>(\w+)", text)]  # fmt: skip
        whole = {path: document("CustomObject", text) for path, text in files.items()}
        return zipped({"package.xml": manifest({"CustomField": fields}), **whole})

    return make
