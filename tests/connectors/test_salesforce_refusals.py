"""What a refused sign-in or a check says: which of many reasons it was, and where to mend it."""

import pytest

from app.connectors.salesforce.errors import Refusal, translated
from app.domain.control import CancelToken
from app.domain.mapping import WorkspaceMapping
from app.errors import AppError, NotAllowed, NotSignedIn
from tests.connectors.far_end import Asked, Told, far_end, told
from tests.connectors.test_salesforce_session import connector

AT_TOKEN = [
    ("invalid_grant", "user hasn't approved this consumer", "not approved", "Policies"),
    ("invalid_app_access", "user is not admin approved", "not approved", "Policies"),
    ("OAUTH_APP_BLOCKED", "this app is blocked by admin", "not approved", "OAuth Usage"),
    ("invalid_scope", "the requested scope is invalid", "scope is missing", "OAuth scopes"),
    ("invalid_grant", "ip restricted", "network address", "IP Relaxation"),
    ("invalid_grant", "expired access/refresh token", "has expired", "Sign in again"),
    ("inactive_user", "user is inactive", "user is inactive", "Setup > Users"),
    ("invalid_client_id", "client identifier invalid", "client_id", "External Client App"),
    ("invalid_client", "invalid client credentials", "client_secret", "External Client App"),
    ("redirect_uri_mismatch", "redirect_uri must match", "callback URL", "1717"),
    ("invalid_grant", "audience is invalid", "not accepted", "login_url"),
    ("unheard_of", "something new", "gives no access", "ask the admin"),
]
AT_API = [
    (403, "API_DISABLED_FOR_ORG", "API is not enabled", NotAllowed, "API Enabled"),
    (403, "insufficient_scope", "No scope", NotAllowed, "OAuth scopes"),
    (401, "INVALID_SESSION_ID", "Session expired or invalid", NotSignedIn, "Sign in again"),
    (401, "INVALID_SESSION_ID", "This session is not valid for use with the REST API",
     NotSignedIn, "OAuth scopes"),
    (403, "INSUFFICIENT_ACCESS", "no", NotAllowed, "permission set"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "told_words", "words", "place"), AT_TOKEN)
def test_a_refused_sign_in_says_why_and_where_to_go(
    mapping: WorkspaceMapping, code: str, told_words: str, words: str, place: str
) -> None:
    refusal = told({"error": code, "error_description": told_words}, 400)
    with far_end(lambda _: refusal) as end, pytest.raises(NotSignedIn, match=words) as caught:
        connector(end.url, mapping, refresh_token="r-secret").check((), CancelToken())
    assert f"{code}: {told_words}" in caught.value.summary
    assert place in caught.value.hint


@pytest.mark.parametrize(("status", "code", "message", "kind", "place"), AT_API)
def test_a_refused_call_says_why_and_where_to_go(
    status: int, code: str, message: str, kind: type[AppError], place: str
) -> None:
    error = translated(Refusal(status, code, message), "sf")
    assert type(error) is kind
    assert f"{code}: {message}" in error.summary
    assert place in error.hint


def test_a_check_of_an_org_without_the_api_names_the_permission(mapping: WorkspaceMapping) -> None:
    def script(asked: Asked) -> Told:
        if asked.path.endswith("userinfo"):
            return Told(403, b"Bad_OAuth_Token", {"Content-Type": "text/html"})
        if asked.path.endswith("/token"):
            return told({"access_token": "new-token"})
        return told([{"errorCode": "API_DISABLED_FOR_ORG", "message": "off"}], 403)

    with far_end(script) as end, pytest.raises(NotAllowed, match="API is not enabled") as caught:
        connector(end.url, mapping, refresh_token="r-secret").check((), CancelToken())
    assert "System Permissions: API Enabled" in caught.value.hint
