"""The SOAP addresses: /services/Soap/m for metadata, /u and /c for the partner's sign-in."""

import re
from collections.abc import Callable
from dataclasses import replace

from app.sandbox.salesforce import identity
from app.sandbox.salesforce.errors import RequestError, SalesforceError
from app.sandbox.salesforce.metadata.xml_tree import METADATA
from app.sandbox.salesforce.org import Org
from app.sandbox.salesforce.soap import metadata_calls, partner_calls
from app.sandbox.salesforce.soap.envelope import PARTNER, SoapCall, answer, fault, read_call
from app.sandbox.salesforce.tooling import permission_rows
from app.sandbox.wire import Request, Response

PREFIX = "/services/Soap/"
# Behind the version, clients write an org id or, as simple-salesforce does, deployRequest/{id}.
_ADDRESS = re.compile(r"/services/Soap/([mcu])/(\d{1,3}(?:\.\d)?)(?:/.*)?", re.ASCII)
Admit = Callable[[Request], None]


def soap(org: Org, request: Request, admit: Admit) -> Response:
    """Answer a SOAP request; `admit` refuses a request without a session that holds."""
    match = _ADDRESS.fullmatch(request.path)
    namespace = METADATA if match is not None and match[1] == "m" else PARTNER
    try:
        if match is None or request.method != "POST":
            raise RequestError("INVALID_TYPE", f"No service at {request.path}")
        call = read_call(request.body)
        result = _result(org, request, call, match, admit)
    except SalesforceError as error:
        return fault(error, namespace)
    return answer(call.operation.name, result, namespace)


def _result(
    org: Org, request: Request, call: SoapCall, match: re.Match[str], admit: Admit
) -> object:
    name, version = call.operation.name, match[2]
    if match[1] != "m" and name == "login":
        return partner_calls.login(org, call.operation, version)
    if call.session:
        headers = {**request.headers, "authorization": f"Bearer {call.session}"}
        request = replace(request, headers=headers)
    admit(request)
    permission_rows.renew(org)
    if match[1] == "m" and name in metadata_calls.OPERATIONS:
        asked = metadata_calls.Asked(org, call.operation, version)
        return metadata_calls.OPERATIONS[name](asked)
    if match[1] != "m" and name == "logout":
        org.sessions.revoke(identity.bearer(request))
        return None
    if match[1] != "m" and name in partner_calls.OPERATIONS:
        return partner_calls.OPERATIONS[name](org, call.operation, version)
    raise RequestError("INVALID_OPERATION", f"No operation available for request {name}")


def label(request: Request) -> str:
    """Return the label of a request for call counts and fault rules: `Soap/m/deploy`."""
    match = _ADDRESS.fullmatch(request.path)
    try:
        name = read_call(request.body).operation.name
    except SalesforceError:
        name = "unknown"
    return f"Soap/{match[1] if match is not None else '?'}/{name}"
