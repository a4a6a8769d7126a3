"""The SOAP addresses: /m for metadata, /u and /c for rows and signing in, /s for Apex."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from app.sandbox.salesforce import identity
from app.sandbox.salesforce.errors import RequestError, SalesforceError
from app.sandbox.salesforce.metadata.xml_tree import METADATA
from app.sandbox.salesforce.org import Org
from app.sandbox.salesforce.soap import apex_calls, metadata_calls, partner_calls, partner_rows
from app.sandbox.salesforce.soap.envelope import (
    APEX,
    ENTERPRISE,
    PARTNER,
    SoapCall,
    answer,
    fault,
    read_call,
)
from app.sandbox.salesforce.tooling import permission_rows
from app.sandbox.wire import Request, Response

PREFIX = "/services/Soap/"
# Behind the version, clients write an org id or, as simple-salesforce does, deployRequest/{id}.
_ADDRESS = re.compile(r"/services/Soap/([mcus])/v?(\d{1,3}(?:\.\d)?)(?:/.*)?", re.ASCII)
_OPERATION = re.compile(rb"<(?:\w+:)?Body[^>]*>\s*<(?:\w+:)?(\w+)")
_HEAD_BYTES = 16_384
_NAMESPACES = {"m": METADATA, "u": PARTNER, "c": ENTERPRISE, "s": APEX}

_WITH_LOGIN = frozenset({"u", "c"})
_Operation = Callable[[metadata_calls.Asked], object]
_LISTED: Mapping[str, Mapping[str, _Operation]] = {
    "m": metadata_calls.OPERATIONS,
    "s": apex_calls.OPERATIONS,
}


@dataclass(frozen=True, slots=True)
class Door:
    """What SOAP needs of the org's REST side."""

    admit: Callable[[Request], None]  # refuses a request without a session that holds
    ask: partner_rows.Ask


def soap(org: Org, request: Request, door: Door) -> Response:
    """Answer a SOAP request; refusals are faults."""
    match = _ADDRESS.fullmatch(request.path)
    namespace = _NAMESPACES[match[1]] if match is not None else PARTNER
    try:
        if match is None or request.method != "POST":
            raise RequestError("INVALID_TYPE", f"No service at {request.path}")
        call = read_call(request.body)
        version = match[2] if "." in match[2] else f"{match[2]}.0"
        letter = match[1]
        if letter in _WITH_LOGIN and call.operation.name == "login":
            origin = request.origin or org.instance_url
            found = partner_calls.Service(f"{origin}/services/Soap", letter, version)
            result: object = partner_calls.login(org, call.operation, found)
        else:
            request = _admitted(request, call, door)
            permission_rows.renew(org)
            asked = metadata_calls.Asked(org, call.operation, version)
            if letter in _WITH_LOGIN:
                result = _of_partner(asked, request, call, door)
            else:
                result = _listed(asked, _LISTED[letter])
    except SalesforceError as error:
        return fault(error, namespace)
    return answer(call.operation.name, result, namespace)


def _admitted(request: Request, call: SoapCall, door: Door) -> Request:
    headers = dict(request.headers)
    if call.session:
        headers["authorization"] = f"Bearer {call.session}"
    if call.batch_size:
        headers["sforce-query-options"] = f"batchSize={call.batch_size}"
    request = replace(request, headers=headers)
    door.admit(request)
    return request


def _listed(asked: metadata_calls.Asked, operations: Mapping[str, _Operation]) -> object:
    found = operations.get(asked.node.name)
    if found is None:
        raise _no_operation(asked.node.name)
    return found(asked)


def _of_partner(
    asked: metadata_calls.Asked, request: Request, call: SoapCall, door: Door
) -> object:
    name = asked.node.name
    if name == "logout":
        asked.org.sessions.revoke(identity.bearer(request))
        return None
    if name in partner_calls.OPERATIONS:
        return partner_calls.OPERATIONS[name](asked.org, asked.node, asked.version)
    found = partner_rows.OPERATIONS.get(name)
    if found is None:
        raise _no_operation(name)
    typed = request.path.startswith(f"{PREFIX}c/")
    rows = partner_rows.Partner(door.ask, request, asked.version, call.all_or_none, typed)
    return found(rows, asked.node)


def _no_operation(name: str) -> RequestError:
    return RequestError("INVALID_OPERATION", f"No operation available for request {name}")


def label(request: Request) -> str:
    """Return the label of a request for call counts and fault rules: `Soap/m/deploy`."""
    match = _ADDRESS.fullmatch(request.path)
    found = _OPERATION.search(request.body[:_HEAD_BYTES])  # a deploy's whole body can be large
    name = found[1].decode("ascii") if found is not None else "unknown"
    return f"Soap/{match[1] if match is not None else '?'}/{name}"
