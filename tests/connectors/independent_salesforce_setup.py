"""Setup of the independent server: deploys, and permissions as records (salesforce.md §17, §18)."""

import io
import re
import zipfile
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from typing import Any
from xml.etree import ElementTree as ET

from tests.connectors.independent_salesforce_manner import Manner
from tests.connectors.independent_salesforce_org import (
    ASSIGNMENT,
    PERMISSION_SET,
    USER_ID,
    Org,
    Refused,
    Row,
    shape,
    system_fields,
)

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
_TYPES = {
    "Text": "string", "LongTextArea": "textarea", "Number": "double", "Currency": "currency",
    "Checkbox": "boolean", "Date": "date", "DateTime": "datetime", "Picklist": "picklist",
    "Lookup": "reference", "Email": "email", "Url": "url", "Percent": "percent",
}  # fmt: skip
_RIGHTS = {
    "PermissionsRead": "allowRead", "PermissionsCreate": "allowCreate",
    "PermissionsEdit": "allowEdit", "PermissionsDelete": "allowDelete",
    "PermissionsViewAllRecords": "viewAllRecords",
    "PermissionsModifyAllRecords": "modifyAllRecords",
}  # fmt: skip
_FOLDERS = {
    "layouts": "Layout", "tabs": "CustomTab", "reportTypes": "ReportType",
    "reports": "Report", "dashboards": "Dashboard",
}  # fmt: skip


@dataclass
class Deployment:
    """A deployment that has been asked for; `failures` is what it will be refused for."""

    id: str
    package: bytes
    options: dict[str, Any]
    status: str = "Pending"
    polls: int = 0
    failures: list[Row] = field(default_factory=list)
    count: int = 0


class Setup:
    """Deployments of one org; the server holds its lock while it asks."""

    def __init__(self, org: Org, manner: Manner) -> None:
        self.org, self.manner = org, manner
        self.deployments: dict[str, Deployment] = {}
        self.refuse = ""

    def start(self, content_type: str, body: bytes) -> Deployment:
        head = f"Content-Type: {content_type}\r\n\r\n".encode()
        parts: dict[str, Message] = {
            str(part.get_param("name", header="content-disposition")): part
            for part in BytesParser().parsebytes(head + body).walk()
            if part.get_content_maintype() != "multipart"
        }
        import json  # noqa: PLC0415 - the name is a part's here

        options = json.loads(_payload(parts["json"]))["deployOptions"]
        made = Deployment(self.org.new_id("0Af"), _payload(parts["file"]), options)
        self.deployments[made.id] = made
        return made

    def cancel(self, deploy_id: str) -> Deployment:
        made = self.deployments[deploy_id]
        if made.status not in {"Pending", "InProgress"}:
            raise Refused("INVALID_ID_FIELD", "Deployment already completed")
        made.status = "Canceled"
        return made

    def polled(self, deploy_id: str) -> Deployment:
        made = self.deployments.get(deploy_id)
        if made is None:
            raise Refused("NOT_FOUND", "The requested resource does not exist", status=404)
        made.polls += 1
        if made.status in {"Pending", "InProgress"}:
            made.status = "InProgress"
            if made.polls > self.manner.polls:
                self._run(made)
        return made

    def result(self, made: Deployment) -> Row:
        """Return a DeployResult; of one failure alone the element itself, as XML would have it."""
        done = made.status not in {"Pending", "InProgress"}
        told: Row = {"status": made.status, "done": done, "checkOnly": made.options["checkOnly"]}
        if not done:
            return told
        failures: Any = made.failures
        if len(failures) == 1 and self.manner.single_failure:
            failures = failures[0]
        success = made.status == "Succeeded"
        details: Row = {"componentSuccesses": [], "runTestResult": {"numFailures": 0}}
        if failures:
            details["componentFailures"] = failures
        told |= {"success": success} if self.manner.tells_success else {}
        return told | {
            "numberComponentsTotal": made.count,
            "numberComponentsDeployed": made.count if success else 0,
            "numberComponentErrors": len(made.failures),
            "details": details,
        }

    def _run(self, made: Deployment) -> None:
        files = zipfile.ZipFile(io.BytesIO(made.package))
        if self.refuse:
            kind, _, name = self.refuse.partition(":")
            problem = {"problemType": "Error", "problem": "Something is wrong with it"}
            made.failures = [{"componentType": kind, "fullName": name, **problem}]
            made.status, self.refuse = "Failed", ""
            return
        made.status, made.count = "Succeeded", len(files.namelist())
        if made.options["checkOnly"]:
            return
        for name in sorted(files.namelist(), key=lambda path: path.startswith("permission")):
            top = ET.fromstring(re.sub(rb' xmlns="[^"]*"', b"", files.read(name)))  # noqa: S314 - our own
            folder, _, rest = name.partition("/")
            if folder == "objects":
                self._object(rest.removesuffix(".object"), top)
            elif folder == "permissionsets":
                self._permission_set(rest.removesuffix(".permissionset"), top)
            elif folder in _FOLDERS:
                self._component(_FOLDERS[folder], rest)
        self._lookups()

    def _component(self, kind: str, rest: str) -> None:
        if rest.endswith("-meta.xml"):
            self.org.components.add((f"{kind}Folder", rest.removesuffix("-meta.xml")))
        else:
            self.org.components.add((kind, rest.rpartition(".")[0]))

    def _object(self, name: str, top: ET.Element) -> None:
        made = [_field(each) for each in top.findall("fields")]
        owner = self.org.objects.get(name.lower())
        if owner is None:
            autonumber = top.findtext("nameField/type") == "AutoNumber"
            fields = [*system_fields(autonumber=autonumber), *made]
            self.org.add_custom(name, fields, top.findtext("label") or name)
            return
        owner.fields.update({each["name"].lower(): each for each in made})

    def _lookups(self) -> None:
        """Nothing points at what is not there."""
        for owner in self.org.objects.values():
            for each in owner.fields.values():
                if each["type"] == "reference" and each["custom"]:
                    self.org.sobject(each["referenceTo"][0])

    def _permission_set(self, name: str, top: ET.Element) -> None:
        org = self.org
        sets = org.objects[PERMISSION_SET.lower()]
        found = org.found(sets, "Name", name)
        label = top.findtext("label")
        made = found[0] if found else org.insert(sets, {"Name": name, "Label": label})
        for each in top.findall("objectPermissions"):
            rights = {right: each.findtext(tag) == "true" for right, tag in _RIGHTS.items()}
            row = {"ParentId": made["Id"], "SobjectType": each.findtext("object"), **rights}
            org.insert(org.objects["objectpermissions"], row)
        for each in top.findall("fieldPermissions"):
            rights = {
                "PermissionsRead": True,
                "PermissionsEdit": each.findtext("editable") == "true",
            }
            owner = str(each.findtext("field")).partition(".")[0]
            row = {"ParentId": made["Id"], "SobjectType": owner, "Field": each.findtext("field")}
            org.insert(org.objects["fieldpermissions"], row | rights)

    def soap(self, version: str, body: bytes) -> tuple[int, str]:
        """Return status and answer; dispatched on the first element of the body (§17.1)."""
        top = ET.fromstring(body)  # noqa: S314 - from our own client
        asked = next(iter(next(each for each in top if each.tag.endswith("Body"))))
        call = asked.tag.rpartition("}")[2]
        if call != "listMetadata" or not self.manner.lists_metadata:
            words = f"sf:INVALID_OPERATION: {call} is not available in {version}"
            fault = f"<faultcode>sf:INVALID_OPERATION</faultcode><faultstring>{words}</faultstring>"
            return 500, _envelope(f"<soapenv:Fault>{fault}</soapenv:Fault>")
        results = "".join(
            f"<result><fullName>{name}</fullName><type>{kind}</type></result>"
            for query in asked.iter(f"{{{NAMESPACE}}}type")
            for kind, name in sorted(self.org.components)
            if kind == query.text
        )
        tag = f'<listMetadataResponse xmlns="{NAMESPACE}">{results}</listMetadataResponse>'
        return 200, _envelope(tag)


def assign(org: Org, name: str) -> None:
    """Give our user a permission set."""
    found = org.found(org.objects[PERMISSION_SET.lower()], "Name", name)
    values = {"AssigneeId": USER_ID, "PermissionSetId": found[0]["Id"]}
    org.insert(org.objects[ASSIGNMENT.lower()], values)


def _payload(part: Message) -> bytes:
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def _field(each: ET.Element) -> Row:
    name, kind = str(each.findtext("fullName")), str(each.findtext("type"))
    more: Row = {"hidden": each.findtext("required") != "true", "custom": True}
    for tag in ("length", "precision", "scale"):
        if each.findtext(tag):
            more[tag] = int(str(each.findtext(tag)))
    for tag in ("externalId", "unique"):
        more[tag] = each.findtext(tag) == "true"
    if kind == "Lookup":
        more |= {"referenceTo": [each.findtext("referenceTo")]}
    values = each.findall("valueSet/valueSetDefinition/value")
    more["picklistValues"] = [{"value": v.findtext("fullName"), "active": True} for v in values]
    more["restrictedPicklist"] = each.findtext("valueSet/restricted") == "true"
    return shape(name, _TYPES[kind], **more)


def _envelope(inner: str) -> str:
    names = 'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:sf="urn:fault"'
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return (
        f"{head}<soapenv:Envelope {names}><soapenv:Body>{inner}</soapenv:Body></soapenv:Envelope>"
    )
