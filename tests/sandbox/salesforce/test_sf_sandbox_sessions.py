"""Sessions as the control door sets them: timeout, rotation, scopes, refusals; who one is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from app.sandbox.clock import Clock
from app.sandbox.salesforce.sessions import (
    API_ERRORS,
    TOKEN_ERRORS,
    Grant,
    Sessions,
    challenge_of,
)

if TYPE_CHECKING:
    from tests.sandbox.salesforce.conftest import SandboxClient

_VERIFIER = "v" * 43
_REDIRECT = "http://localhost:1717/OauthRedirect"


def _set(org: SandboxClient, **values: object) -> None:
    org.sandbox.systems["salesforce"].edit("Sessions", "", values)


def _token(org: SandboxClient, **form: str) -> Any:
    return org.send("POST", "/services/oauth2/token", data=form).json()


def _back(org: SandboxClient, **more: str) -> dict[str, str]:
    wish = {"response_type": "code", "client_id": org.ready["client_id"], "state": "s"}
    wish |= {"redirect_uri": _REDIRECT, "code_challenge": challenge_of(_VERIFIER), **more}
    answer = org.get("/services/oauth2/authorize", params=wish, allow_redirects=False)
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    return {name: values[0] for name, values in query.items()}


def _signed_in(org: SandboxClient, **more: str) -> Any:
    form = {"grant_type": "authorization_code", "client_id": org.ready["client_id"]}
    form |= {"redirect_uri": _REDIRECT, "code_verifier": _VERIFIER}
    return _token(org, **form, code=_back(org, **more)["code"])


def _refresh(org: SandboxClient, token: str) -> Any:
    wish = {"client_id": org.ready["client_id"], "refresh_token": token}
    return _token(org, grant_type="refresh_token", **wish)


def test_a_session_times_out_as_set_and_lives_while_used(org: SandboxClient) -> None:
    _set(org, timeout_seconds=900)
    for _ in range(2):
        org.sandbox.clock.advance(800)
        assert org.get("limits").status_code == 200
    org.sandbox.clock.advance(1000)
    answer = org.get("limits")
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (401, "INVALID_SESSION_ID")


def test_a_rotated_refresh_token_works_once(org: SandboxClient) -> None:
    first = _signed_in(org)["refresh_token"]
    assert "refresh_token" not in _refresh(org, first)
    _set(org, rotate_refresh=True)
    second = _refresh(org, first)["refresh_token"]
    assert _refresh(org, first)["error"] == "invalid_grant"
    assert "access_token" in _refresh(org, second)


def test_the_oldest_refresh_token_dies_beyond_the_most() -> None:
    sessions = Sessions(Clock(), "00D000000000001AAA", "005000000000001AAA")
    sessions.set({"refresh_tokens": 2})
    tokens = [sessions.issue_refresh() for _ in range(3)]
    assert [sessions.grant_of(token) for token in tokens] == [None, Grant(), Grant()]


def test_a_dead_refresh_token_is_told_so(org: SandboxClient) -> None:
    expected = {"error": "invalid_grant", "error_description": "expired access/refresh token"}
    assert _refresh(org, "5Aep861dead") == expected


def test_a_scope_without_the_api_opens_no_resource(org: SandboxClient) -> None:
    token = _signed_in(org, scope="id")
    assert (token["scope"], "refresh_token" in token) == ("id", False)
    head = {"Authorization": f"Bearer {token['access_token']}"}
    answer = org.get("limits", headers=head)
    assert answer.status_code == 403
    assert "not valid for use with the REST API" in answer.json()[0]["message"]
    assert org.get(urlsplit(token["id"]).path, headers=head).status_code == 200
    assert _back(org, scope="nonsense")["error"] == "invalid_scope"


def test_a_person_may_say_no(org: SandboxClient) -> None:
    _set(org, approve=False)
    expected = {"error_description": "end-user denied authorization", "state": "s"}
    assert _back(org) == {"error": "access_denied", **expected}


@pytest.mark.parametrize("error", TOKEN_ERRORS)
def test_a_sign_in_is_refused_in_the_documented_words(org: SandboxClient, error: str) -> None:
    _set(org, token_error=error)
    expected = {"error": error, "error_description": TOKEN_ERRORS[error]}
    assert _refresh(org, org.ready["refresh_token"]) == expected


@pytest.mark.parametrize("error", API_ERRORS)
def test_the_api_is_refused_in_the_documented_words(org: SandboxClient, error: str) -> None:
    _set(org, api_error=error)
    answer = org.get("limits")
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (403, error)


def test_what_cannot_be_set_is_refused(org: SandboxClient) -> None:
    for bad in ({"token_error": "nonsense"}, {"approve": 1}, {"timeout_seconds": "long"}):
        with pytest.raises(ValueError, match=f"^{next(iter(bad))} is "):
            _set(org, **bad)


def test_an_identity_says_who_and_where(org: SandboxClient) -> None:
    found = org.get(f"/id/{org.ready['access_token'][:15]}/005Hs0000000001").json()
    assert found["username"] == org.ready["username"]
    assert found["asserted_user"] is True
    assert found["urls"]["rest"] == f"{org.host}/services/data/v{{version}}/"
    info = org.get("/services/oauth2/userinfo").json()
    assert info["preferred_username"] == org.ready["username"]
    assert info["urls"]["partner"].startswith(f"{org.host}/services/Soap/u/{{version}}/00D")


def test_a_token_opens_the_front_door_once(org: SandboxClient) -> None:
    wish = {"redirect_uri": "/lightning/setup"}
    found = org.send("GET", "/services/oauth2/singleaccess", params=wish).json()["frontdoor_uri"]
    assert found.startswith(f"{org.host}/secur/frontdoor.jsp?otp=")
    first, again = (requests.get(found, timeout=10) for _ in range(2))
    assert (first.status_code, "/lightning/setup" in first.text) == (200, True)
    assert again.status_code == 403
    door = f"{org.host}/secur/frontdoor.jsp"
    assert requests.get(door, params={"sid": org.sign_in()}, timeout=10).status_code == 200
    refused = requests.get(f"{org.host}/services/oauth2/singleaccess", timeout=10)
    assert refused.json()[0]["errorCode"] == "INVALID_SESSION_ID"


def test_the_user_gets_another_password_over_rest(org: SandboxClient) -> None:
    path = f"sobjects/User/{org.query('SELECT Id FROM User')[0]['Id']}/password"
    who = {"grant_type": "password", "username": org.ready["username"]}
    who |= {name: org.ready[name] for name in ("client_id", "client_secret")}
    assert org.get(path).json() == {"isExpired": False}
    assert org.post(path, {"NewPassword": "short"}).json()[0]["errorCode"] == "INVALID_NEW_PASSWORD"
    assert org.post(path, {"NewPassword": "a new one"}).status_code == 204
    assert "access_token" in _token(org, **who, password="a new one")
    made = org.send("DELETE", path).json()["NewPassword"]
    assert _token(org, **who, password="a new one")["error"] == "invalid_grant"
    assert "access_token" in _token(org, **who, password=made)
    assert org.get("sobjects/User/005000000000000/password").status_code == 404
