"""Reads of metadata through SOAP, which has no REST resource: list and read (salesforce.md §17.1).

`listMetadata` and `readMetadata` are public calls of the Metadata API; that they answer like this
is not confirmed against the real service.
"""

from collections.abc import Iterator, Sequence
from typing import Final
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import requests

from app.connectors.http import HttpRequest
from app.connectors.salesforce.errors import Refusal, translated
from app.connectors.salesforce.metadata_xml import NAMESPACE, Member
from app.connectors.salesforce.session import SalesforceSession
from app.connectors.salesforce.tokens import Token
from app.domain.control import CancelToken
from app.errors import AnswerUnreadable

MOST_READ: Final = 10
"""Components of one `readMetadata`."""
_MOST_LISTED = 3  # types of one `listMetadata`
_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_DECLARED = f' xmlns="{NAMESPACE}">'
_EXPIRED = "INVALID_SESSION_ID"
_UNAUTHORIZED, _OK = 401, 200


def listed(
    session: SalesforceSession, wanted: Sequence[Member], cancel: CancelToken
) -> dict[str, frozenset[str]]:
    """Return the full names that the org has of each type.

    Args:
        session: To which org.
        wanted: Types; `name` is the folder for types that live in folders, else "".
        cancel: Ends it.
    """
    found: dict[str, set[str]] = {member.type: set() for member in wanted}
    for start in range(0, len(wanted), _MOST_LISTED):
        asked = "".join(
            "<queries>"
            + (f"<folder>{escape(member.name)}</folder>" if member.name else "")
            + f"<type>{escape(member.type)}</type></queries>"
            for member in wanted[start : start + _MOST_LISTED]
        )
        body = f"<listMetadata>{asked}<asOfVersion>{session.version}</asOfVersion></listMetadata>"
        for result in _asked(session, body, cancel).iter(_tag("result")):
            kind = result.findtext(_tag("type")) or ""
            # Folders come back under the type of what is in them.
            names = found.get(kind) if kind in found else found.get(f"{kind}Folder")
            if names is not None:
                names.add(result.findtext(_tag("fullName")) or "")
    return {kind: frozenset(names) for kind, names in found.items()}


def read(
    session: SalesforceSession, kind: str, names: Sequence[str], cancel: CancelToken
) -> dict[str, ET.Element]:
    """Return components as XML by full name; one that the org has not is absent."""
    found: dict[str, ET.Element] = {}
    for start in range(0, len(names), MOST_READ):
        asked = "".join(
            f"<fullNames>{escape(name)}</fullNames>" for name in names[start : start + MOST_READ]
        )
        body = f"<readMetadata><type>{escape(kind)}</type>{asked}</readMetadata>"
        for record in _asked(session, body, cancel).iter(_tag("records")):
            name = record.findtext(_tag("fullName")) or ""
            if name:
                found[name] = record
    return found


def children(element: ET.Element) -> Iterator[ET.Element]:
    """Yield an element's children with their tags bare of the namespace."""
    for child in element:
        bare = ET.Element(child.tag.rpartition("}")[2])
        bare.text = child.text
        bare.extend(children(child))
        yield bare


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _asked(session: SalesforceSession, body: str, cancel: CancelToken) -> ET.Element:
    token = session.tokens.current(cancel)
    answer = _sent(session, token, body, cancel)
    if answer.status_code == _UNAUTHORIZED or _EXPIRED.encode() in answer.content:
        answer = _sent(session, session.tokens.renewed(token, cancel), body, cancel)
    try:
        top = ET.fromstring(answer.content)  # noqa: S314 - from the org that we signed in to
    except ET.ParseError as error:
        raise AnswerUnreadable(
            f"Salesforce connection {session.http.connection!r}: the Metadata API answered "
            f"{answer.status_code} with no XML.",
            "Check the instance's URL; a proxy may stand in between.",
        ) from error
    fault = top.find(f".//{{{_ENVELOPE}}}Fault")
    if fault is not None or answer.status_code != _OK:
        said = "" if fault is None else fault.findtext("faultstring") or ""
        code, _, words = session.http.harmless(said).partition(": ")
        refused = Refusal(answer.status_code, code if words else "", words or code)
        raise translated(_as_rest(refused), session.http.connection)
    return top


def _as_rest(refused: Refusal) -> Refusal:
    """Return a fault with the status that REST would give: SOAP has 500 for all."""
    known = {_EXPIRED: _UNAUTHORIZED, "INSUFFICIENT_ACCESS": 403, "API_DISABLED_FOR_ORG": 403}
    return Refusal(known.get(refused.code, 400), refused.code, refused.message)


def _sent(
    session: SalesforceSession, token: Token, body: str, cancel: CancelToken
) -> requests.Response:
    envelope = (
        f'<env:Envelope xmlns:env="{_ENVELOPE}"><env:Header><SessionHeader xmlns="{NAMESPACE}">'
        f"<sessionId>{escape(token.access)}</sessionId></SessionHeader></env:Header>"
        f"<env:Body>{body.replace('>', _DECLARED, 1)}</env:Body></env:Envelope>"
    )
    return session.http.send(
        HttpRequest(
            "POST",
            f"{token.instance_url}/services/Soap/m/{session.version}",
            "instance_url",
            {"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""'},
            envelope.encode(),
        ),
        cancel,
    )
