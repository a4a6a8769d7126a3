"""Signing in: the resources below /services/oauth2 (salesforce.md §2)."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote, urlencode

from app.sandbox.salesforce.assertions import BadAssertion, Expected
from app.sandbox.salesforce.errors import not_found
from app.sandbox.salesforce.frontdoor import single_access
from app.sandbox.salesforce.identity import identity_url, userinfo
from app.sandbox.salesforce.org import Org
from app.sandbox.salesforce.sessions import TOKEN_ERRORS, Grant, challenge_of
from app.sandbox.wire import Request, Response

_SCOPE = "refresh_token api"
_SCOPES = frozenset({"api", "refresh_token", "offline_access", "full", "web", "id", "openid"})
_LOGIN_HOSTS = ("https://login.salesforce.com", "https://test.salesforce.com")
_FORM = "application/x-www-form-urlencoded"


class _OAuthError(Exception):
    """A refusal in the shape of RFC 6749."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error

    def response(self) -> Response:
        return Response.json({"error": self.error, "error_description": str(self)}, 400)


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


def _refuse_as_set(org: Org) -> None:
    """Refuse every sign-in where the control door wants that."""
    error = org.sessions.settings.token_error
    if error:
        raise _OAuthError(error, TOKEN_ERRORS[error])


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
    _refuse_as_set(org)
    match form.get("grant_type"):
        case "client_credentials":
            _client(org, request, form, secret_needed=True)
            return _issued(org, request, Grant("api"))
        case "refresh_token":
            return _refreshed(org, request, form)
        case "authorization_code":
            return _exchanged(org, request, form)
        case "urn:ietf:params:oauth:grant-type:jwt-bearer":
            return _asserted(org, request, form)
        case "password":
            return _with_password(org, request, form)
    raise _OAuthError("unsupported_grant_type", "grant type not supported")


def _with_password(org: Org, request: Request, form: Mapping[str, str]) -> Response:
    """Sign in as an older org still allows; there is no refresh token."""
    if not org.knows(form.get("username", ""), form.get("password", "")):
        raise _OAuthError("invalid_grant", "authentication failure")
    _client(org, request, form, secret_needed=True)
    return _issued(org, request, Grant("api"))


def _asserted(org: Org, request: Request, form: Mapping[str, str]) -> Response:
    """Sign in by a signed assertion; there is no refresh token, one asks again."""
    expected = Expected(
        issuer=org.sessions.client.client_id,
        subject=org.username,
        audiences={*_LOGIN_HOSTS, org.instance_url, request.origin},
        now=org.clock.now(),
    )
    try:
        org.sessions.signing_key.check(form.get("assertion", ""), expected)
    except BadAssertion as error:
        raise _OAuthError("invalid_grant", str(error)) from error
    return _issued(org, request, Grant("api"))


def _refreshed(org: Org, request: Request, form: Mapping[str, str]) -> Response:
    _client(org, request, form, secret_needed=False)
    token = form.get("refresh_token", "")
    grant = org.sessions.grant_of(token)
    if grant is None:
        raise _OAuthError("invalid_grant", "expired access/refresh token")
    rotated = org.sessions.rotate(token)
    return _issued(org, request, grant, rotated or token, tell=bool(rotated))


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
    grant = Grant(code.scope)
    lasting = {"refresh_token", "offline_access"} & set(code.scope.split())
    refresh = org.sessions.issue_refresh(grant) if lasting else ""
    return _issued(org, request, grant, refresh, tell=True)


def _issued(
    org: Org, request: Request, grant: Grant, refresh: str = "", *, tell: bool = False
) -> Response:
    """Answer with a new access token; the refresh token is told only where it is new."""
    issued_at = str(int(org.clock.now().timestamp() * 1000))
    identity = identity_url(org, request.origin)
    key = org.sessions.client.client_secret.encode()
    digest = hmac.new(key, (identity + issued_at).encode(), hashlib.sha256).digest()
    body = {
        "access_token": org.sessions.issue(refresh, grant),
        "signature": base64.b64encode(digest).decode(),
        "scope": grant.scope,
        "instance_url": request.origin or org.instance_url,
        "id": identity,
        "token_type": "Bearer",
        "issued_at": issued_at,
    }
    if refresh and tell:
        body["refresh_token"] = refresh
    return Response.json(body, headers={"Cache-Control": "no-store"})


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
    if not org.sessions.settings.approve:
        denied = "end-user denied authorization"
        return _back(redirect, {"error": "access_denied", "error_description": denied, **state})
    scope = form.get("scope") or _SCOPE
    if not set(scope.split()) <= _SCOPES:
        problem = "the requested scope is invalid, unknown, or malformed"
        return _back(redirect, {"error": "invalid_scope", "error_description": problem, **state})
    return _back(redirect, {"code": org.sessions.issue_code(redirect, challenge, scope), **state})


def _back(redirect: str, values: Mapping[str, str]) -> Response:
    return Response(302, b"", {"Location": f"{redirect}?{urlencode(values, quote_via=quote)}"})


def _revoke(org: Org, request: Request) -> Response:
    if not org.sessions.revoke(_form(request).get("token", "")):
        raise _OAuthError("unsupported_token_type", "this token type is not supported")
    return Response(200)


def _introspect(org: Org, request: Request) -> Response:
    form = _form(request)
    _client(org, request, form, secret_needed=True)
    token = form.get("token", "")
    expires_at = org.sessions.expires_at(token)
    grant = org.sessions.grant_of(token)
    refresh = grant is not None and expires_at is None
    if grant is None:
        return Response.json({"active": False})
    body: dict[str, Any] = {
        "active": True,
        "scope": grant.scope,
        "client_id": org.sessions.client.client_id,
        "username": org.username,
        "sub": identity_url(org, request.origin),
        "token_type": "refresh_token" if refresh else "access_token",
    }
    if expires_at is not None:
        now = int(org.clock.now().timestamp())
        body |= {"exp": int(expires_at.timestamp()), "iat": now, "nbf": now}
    return Response.json(body)


_RESOURCES = {
    "token": _token,
    "authorize": _authorize,
    "revoke": _revoke,
    "introspect": _introspect,
    "userinfo": userinfo,
    "singleaccess": single_access,
}
