"""Signing in: the resources below /services/oauth2, and identity (salesforce.md §2)."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote, urlencode

from app.sandbox.salesforce.assertions import BadAssertion, Expected
from app.sandbox.salesforce.errors import RequestError, not_found, session_expired
from app.sandbox.salesforce.org import Org
from app.sandbox.salesforce.sessions import challenge_of
from app.sandbox.wire import Request, Response

_SCOPE = "refresh_token api"
_LOGIN_HOSTS = ("https://login.salesforce.com", "https://test.salesforce.com")
_FORM = "application/x-www-form-urlencoded"


class _OAuthError(Exception):
    """A refusal in the shape of RFC 6749."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error

    def response(self) -> Response:
        return Response.json({"error": self.error, "error_description": str(self)}, 400)


def bearer(request: Request) -> str:
    """Return the access token of a request, or "" without one; `OAuth` is accepted for `Bearer`."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() in {"bearer", "oauth"} else ""


def answer(org: Org, request: Request) -> Response:
    """Answer a request below /services/oauth2.

    Raises:
        RequestError: There is no such resource, or it needs a session.
    """
    name = request.path.rpartition("/")[2]
    resource = _RESOURCES.get(name)
    if resource is None:
        raise not_found()
    try:
        return resource(org, request)
    except _OAuthError as error:
        return error.response()


def _form(request: Request) -> dict[str, str]:
    return {**request.query, **request.form()}


def _client(org: Org, request: Request, form: Mapping[str, str], *, secret_needed: bool) -> None:
    """Check the app that asks: its id, and its secret if that is needed or given."""
    client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    kind, _, basic = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "basic":
        client_id, secret = _basic(basic)
    if client_id != org.sessions.client.client_id:
        raise _OAuthError("invalid_client_id", "client identifier invalid")
    right = hmac.compare_digest(secret.encode(), org.sessions.client.client_secret.encode())
    if not right and (secret or secret_needed):
        raise _OAuthError("invalid_client", "invalid client credentials")


def _basic(text: str) -> tuple[str, str]:
    try:
        client_id, _, secret = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise _OAuthError("invalid_client", "invalid client credentials") from error
    return unquote(client_id), unquote(secret)


def _token(org: Org, request: Request) -> Response:
    if request.method != "POST":
        raise _OAuthError("invalid_request", "HTTP POST is required")
    form = _form(request)
    match form.get("grant_type"):
        case "client_credentials":
            _client(org, request, form, secret_needed=True)
            return _issued(org, org.sessions.issue(), scope="api")
        case "refresh_token":
            return _refreshed(org, request, form)
        case "authorization_code":
            return _exchanged(org, request, form)
        case "urn:ietf:params:oauth:grant-type:jwt-bearer":
            return _asserted(org, form)
        case "password":
            raise _OAuthError("invalid_grant", "authentication failure")
    raise _OAuthError("unsupported_grant_type", "grant type not supported")


def _asserted(org: Org, form: Mapping[str, str]) -> Response:
    """Sign in by a signed assertion; there is no refresh token, one asks again."""
    expected = Expected(
        issuer=org.sessions.client.client_id,
        subject=org.username,
        audiences={*_LOGIN_HOSTS, org.instance_url},
        now=org.clock.now(),
    )
    try:
        org.sessions.signing_key.check(form.get("assertion", ""), expected)
    except BadAssertion as error:
        raise _OAuthError("invalid_grant", str(error)) from error
    return _issued(org, org.sessions.issue(), scope="api")


def _refreshed(org: Org, request: Request, form: Mapping[str, str]) -> Response:
    _client(org, request, form, secret_needed=False)
    token = form.get("refresh_token", "")
    if not org.sessions.may_refresh(token):
        raise _OAuthError("invalid_grant", "expired access/refresh token")
    return _issued(org, org.sessions.issue(token))


def _exchanged(org: Org, request: Request, form: Mapping[str, str]) -> Response:
    _client(org, request, form, secret_needed=False)
    code = org.sessions.take_code(form.get("code", ""))
    if code is None:
        raise _OAuthError("invalid_grant", "expired authorization code")
    if form.get("redirect_uri") != code.redirect_uri:
        raise _OAuthError("redirect_uri_mismatch", "redirect_uri must match configuration")
    verifier = form.get("code_verifier", "")
    if not verifier:
        raise _OAuthError("invalid_grant", "invalid code verifier")
    if challenge_of(verifier) != code.challenge:
        raise _OAuthError("invalid_request", "invalid code verifier")
    refresh = org.sessions.issue_refresh()
    return _issued(org, org.sessions.issue(refresh), refresh=refresh)


def _issued(org: Org, token: str, *, scope: str = _SCOPE, refresh: str = "") -> Response:
    issued_at = str(int(org.clock.now().timestamp() * 1000))
    identity = identity_url(org)
    key = org.sessions.client.client_secret.encode()
    digest = hmac.new(key, (identity + issued_at).encode(), hashlib.sha256).digest()
    body = {
        "access_token": token,
        "signature": base64.b64encode(digest).decode(),
        "scope": scope,
        "instance_url": org.instance_url,
        "id": identity,
        "token_type": "Bearer",
        "issued_at": issued_at,
    }
    if refresh:
        body["refresh_token"] = refresh
    return Response.json(body, headers={"Cache-Control": "no-store"})


def identity_url(org: Org) -> str:
    """Return the address of the user's identity."""
    return f"{org.instance_url}/id/{org.org_id}/{org.user_id}"


def _authorize(org: Org, request: Request) -> Response:
    """Send the browser back at once with a code: the sandbox's user always agrees."""
    form = _form(request)
    client = org.sessions.client
    if form.get("client_id") != client.client_id:
        raise _OAuthError("invalid_client_id", "client identifier invalid")
    redirect = form.get("redirect_uri", "")
    if redirect not in client.redirect_uris:
        raise _OAuthError("redirect_uri_mismatch", "redirect_uri must match configuration")
    state = {"state": form["state"]} if "state" in form else {}
    if form.get("response_type") != "code":
        return _back(redirect, {"error": "unsupported_response_type", **state})
    challenge = form.get("code_challenge", "")
    if not challenge or form.get("code_challenge_method", "S256") != "S256":
        problem = "missing required code challenge"
        return _back(redirect, {"error": "invalid_request", "error_description": problem, **state})
    return _back(redirect, {"code": org.sessions.issue_code(redirect, challenge), **state})


def _back(redirect: str, values: Mapping[str, str]) -> Response:
    return Response(302, b"", {"Location": f"{redirect}?{urlencode(values, quote_via=quote)}"})


def _revoke(org: Org, request: Request) -> Response:
    if not org.sessions.revoke(_form(request).get("token", "")):
        raise _OAuthError("invalid_token", "invalid token")
    return Response(200)


def _introspect(org: Org, request: Request) -> Response:
    form = _form(request)
    _client(org, request, form, secret_needed=True)
    token = form.get("token", "")
    expires_at = org.sessions.expires_at(token)
    refresh = org.sessions.may_refresh(token)
    if expires_at is None and not refresh:
        return Response.json({"active": False})
    body: dict[str, Any] = {
        "active": True,
        "scope": _SCOPE,
        "client_id": org.sessions.client.client_id,
        "username": org.username,
        "sub": identity_url(org),
        "token_type": "refresh_token" if refresh else "access_token",
    }
    if expires_at is not None:
        body |= {"exp": int(expires_at.timestamp()), "iat": int(org.clock.now().timestamp())}
    return Response.json(body)


def _userinfo(org: Org, request: Request) -> Response:
    if not org.sessions.use(bearer(request)):
        raise session_expired()
    return Response.json(_person(org))


def _person(org: Org) -> dict[str, Any]:
    return {
        "sub": identity_url(org),
        "user_id": org.user_id,
        "organization_id": org.org_id,
        "preferred_username": org.username,
        "nickname": "admin",
        "name": "Ada Admin",
        "given_name": "Ada",
        "family_name": "Admin",
        "email": org.username,
        "email_verified": True,
        "zoneinfo": "GMT",
        "locale": "en_US",
        "language": "en_US",
        "active": True,
        "user_type": "STANDARD",
        "urls": _urls(org),
    }


def _urls(org: Org) -> dict[str, str]:
    base = f"{org.instance_url}/services/data/v{{version}}"
    names = {"rest": "/", "sobjects": "/sobjects/", "query": "/query/", "search": "/search/"}
    return {name: base + end for name, end in names.items()}


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
    body = _person(org)
    renamed = {"id": identity_url(org), "asserted_user": True, "username": org.username}
    return Response.json({**renamed, "display_name": body["name"], **body})


_RESOURCES = {
    "token": _token,
    "authorize": _authorize,
    "revoke": _revoke,
    "introspect": _introspect,
    "userinfo": _userinfo,
}
