"""Who is signed in: userinfo, and the identity of a token response (salesforce.md §2.3)."""

from typing import Any

from app.sandbox.salesforce.errors import RequestError, session_expired
from app.sandbox.salesforce.org import Org
from app.sandbox.salesforce.values import stamp
from app.sandbox.wire import Request, Response

_REST = {
    "rest": "/",
    "sobjects": "/sobjects/",
    "search": "/search/",
    "query": "/query/",
    "recent": "/recent/",
    "tooling_rest": "/tooling/",
}
_SOAP = {"enterprise": "c", "partner": "u", "metadata": "m", "tooling_soap": "T"}
_PHOTO = "profilephoto/005"


def bearer(request: Request) -> str:
    """Return the access token of a request, or "" without one; `OAuth` is accepted for `Bearer`."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() in {"bearer", "oauth"} else ""


def identity_url(org: Org, origin: str) -> str:
    """Return the address of the user's identity, at the address by which the caller came."""
    return f"{origin or org.instance_url}/id/{org.org_id}/{org.user_id}"


def userinfo(org: Org, request: Request) -> Response:
    """Answer `GET /services/oauth2/userinfo`.

    Raises:
        RequestError: The session is over.
    """
    if not org.sessions.use(bearer(request)):
        raise session_expired()
    return Response.json(_person(org, request.origin))


def _person(org: Org, origin: str) -> dict[str, Any]:
    return {
        "sub": identity_url(org, origin),
        "user_id": org.user_id,
        "organization_id": org.org_id,
        "preferred_username": org.username,
        "nickname": "admin",
        "name": "Ada Admin",
        "email": org.username,
        "email_verified": True,
        "given_name": "Ada",
        "family_name": "Admin",
        "zoneinfo": "GMT",
        "photos": _photos(org, origin),
        "profile": f"{origin or org.instance_url}/{org.user_id}",
        "picture": _photos(org, origin)["picture"],
        "address": {"country": "US"},
        "urls": _urls(org, origin),
        "active": True,
        "user_type": "STANDARD",
        "language": "en_US",
        "locale": "en_US",
        "utcOffset": 0,
        "updated_at": org.sessions.began_at.isoformat().replace("+00:00", "Z"),
    }


def _photos(org: Org, origin: str) -> dict[str, str]:
    base = f"{origin or org.instance_url}/{_PHOTO}"
    return {"picture": f"{base}/F", "thumbnail": f"{base}/T"}


def _urls(org: Org, origin: str) -> dict[str, str]:
    base = origin or org.instance_url
    soap = {n: f"{base}/services/Soap/{c}/{{version}}/{org.org_id}" for n, c in _SOAP.items()}
    rest = {name: f"{base}/services/data/v{{version}}{end}" for name, end in _REST.items()}
    return {**soap, **rest, "profile": f"{base}/{org.user_id}", "custom_domain": base}


def identity(org: Org, request: Request) -> Response:
    """Answer `GET /id/{org}/{user}`; its refusals are plain text.

    Raises:
        RequestError: It is the address of somebody else.
    """
    token = bearer(request) or request.query.get("oauth_token", "")
    if not token or not org.sessions.use(token):
        problem = b"Bad_OAuth_Token" if token else b"Missing_OAuth_Token"
        return Response(403, problem, {"Content-Type": "text/html"})
    parts = request.path.split("/")[2:]
    if [part[:15] for part in parts] != [org.org_id[:15], org.user_id[:15]]:
        raise RequestError("NOT_FOUND", "Bad_Id", status=404)
    return Response.json(_identity(org, request.origin))


def _identity(org: Org, origin: str) -> dict[str, Any]:
    person = _person(org, origin)
    same = ("user_id", "organization_id", "email", "email_verified", "photos", "urls", "active")
    photos = person["photos"]
    status = {"created_date": None, "body": None}
    return {
        "id": person["sub"],
        "asserted_user": True,
        **{name: person[name] for name in same},
        "photos": {"picture": photos["picture"], "thumbnail": photos["thumbnail"]},
        "username": org.username,
        "nick_name": person["nickname"],
        "display_name": person["name"],
        "first_name": person["given_name"],
        "last_name": person["family_name"],
        "timezone": "GMT",
        "addr_street": None,
        "addr_city": None,
        "addr_state": None,
        "addr_country": "US",
        "addr_zip": None,
        "mobile_phone": None,
        "mobile_phone_verified": False,
        "is_lightning_login_user": False,
        "status": status,
        "user_type": "STANDARD",
        "language": "en_US",
        "locale": "en_US",
        "utcOffset": 0,
        "last_modified_date": stamp(org.sessions.began_at),
        "is_app_installed": True,
    }
