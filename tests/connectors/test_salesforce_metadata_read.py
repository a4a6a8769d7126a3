"""Reads of metadata through SOAP: lists, components, folders, faults and expired sessions."""

from typing import Any

import pytest

from app.connectors.salesforce.metadata_read import listed, read
from app.connectors.salesforce.metadata_xml import Member
from app.connectors.salesforce.session import SalesforceSession
from app.domain.control import CancelToken
from app.domain.mapping import WorkspaceMapping
from app.errors import AnswerUnreadable, NotAllowed, NotSignedIn, RemoteRefused
from tests.connectors.far_end import Asked, Script, Told, far_end, in_turn, told
from tests.connectors.world import connected

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
ENVELOPE = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:m="{}"><e:Body>{}'
    "</e:Body></e:Envelope>"
)
XML = {"Content-Type": "text/xml"}


def soap(body: str, status: int = 200) -> Told:
    return Told(status, ENVELOPE.format(NAMESPACE, body).encode(), XML)


def fault(text: str) -> Told:
    detail = f"<faultcode>sf:{text.partition(':')[0]}</faultcode><faultstring>{text}</faultstring>"
    return soap(f"<e:Fault>{detail}</e:Fault>", 500)


def names(*rows: tuple[str, str]) -> Told:
    results = "".join(
        f"<m:result><m:fullName>{name}</m:fullName><m:type>{kind}</m:type></m:result>"
        for kind, name in rows
    )
    return soap(f"<m:listMetadataResponse>{results}</m:listMetadataResponse>")


def session(url: str, mapping: WorkspaceMapping, **secrets: str) -> SalesforceSession:
    part = {"instance_url": url, "access_token": "<token>", "api_version": "66.0", **secrets}
    made: Any = connected("salesforce", part, mapping)
    found: SalesforceSession = made._session
    return found


def test_three_types_are_listed_in_one_call(mapping: WorkspaceMapping, token: CancelToken) -> None:
    wanted = [Member(kind, "") for kind in ("Layout", "CustomTab", "ReportType", "PermissionSet")]
    with far_end(in_turn(names(("Layout", "A__c-A Layout")), names(("PermissionSet", "P")))) as end:
        found = listed(session(end.url, mapping), wanted, token)
        assert [asked.body.count(b"<queries>") for asked in end.asked] == [3, 1]
        assert b"&lt;token&gt;</sessionId>" in end.asked[0].body
    assert found["Layout"] == {"A__c-A Layout"}
    assert found["PermissionSet"] == {"P"}
    assert found["CustomTab"] == frozenset()


def test_folders_that_come_under_the_type_of_their_content_are_found(
    mapping: WorkspaceMapping, token: CancelToken
) -> None:
    with far_end(in_turn(names(("Report", "Concord")))) as end:
        found = listed(session(end.url, mapping), [Member("ReportFolder", "")], token)
    assert found == {"ReportFolder": {"Concord"}}


def test_components_are_read_ten_at_a_time(mapping: WorkspaceMapping, token: CancelToken) -> None:
    record = "<m:records><m:fullName>A__c.F__c</m:fullName><m:length>80</m:length></m:records>"
    with far_end(in_turn(soap(f"<m:result>{record}</m:result>"))) as end:
        found = read(session(end.url, mapping), "CustomField", [f"F{n}" for n in range(11)], token)
        assert len(end.asked) == 2
    assert found["A__c.F__c"].findtext(f"{{{NAMESPACE}}}length") == "80"


def test_a_session_that_expired_is_renewed_once(
    mapping: WorkspaceMapping, token: CancelToken
) -> None:
    def script(asked: Asked) -> Told:
        if asked.path.endswith("/token"):
            return told({"access_token": "new", "instance_url": end.url})
        is_new = b"<sessionId>new</sessionId>" in asked.body
        return names(("Layout", "L")) if is_new else fault("INVALID_SESSION_ID: Invalid Session ID")

    with far_end(script) as end:
        given = {"refresh_token": "r-secret", "client_id": "app", "client_secret": "c-secret"}
        found = listed(session(end.url, mapping, **given), [Member("Layout", "")], token)
    assert found["Layout"] == {"L"}


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("INVALID_SESSION_ID: Invalid Session ID found in SessionHeader", NotSignedIn),
        ("INSUFFICIENT_ACCESS: use of the Metadata API requires a user with rights", NotAllowed),
        ("INVALID_TYPE: unknown type Laoyut", NotAllowed),
        ("LIMIT_EXCEEDED: too many", RemoteRefused),
    ],
)
def test_a_fault_is_told_as_other_refusals_and_not_repeated(
    said: str, kind: type[Exception], mapping: WorkspaceMapping, token: CancelToken
) -> None:
    script: Script = in_turn(fault(said))
    with far_end(script) as end:
        with pytest.raises(kind):
            listed(session(end.url, mapping), [Member("Layout", "")], token)
        assert len([a for a in end.asked if "/Soap/" in a.path]) <= 2


def test_a_page_that_is_no_xml_is_named(mapping: WorkspaceMapping, token: CancelToken) -> None:
    with (
        far_end(lambda _asked: Told(body=b"<html><br>")) as end,
        pytest.raises(AnswerUnreadable, match="no XML"),
    ):
        listed(session(end.url, mapping), [Member("Layout", "")], token)
