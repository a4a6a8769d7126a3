"""Signing in: grants, expiry, PKCE, introspection."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from requests import Response

from app.sandbox.salesforce.sessions import challenge_of

if TYPE_CHECKING:
    from tests.sandbox.salesforce.conftest import SandboxClient


_VERIFIER = "v" * 43


def _token(org: SandboxClient, **form: str) -> Response:
    return org.send("POST", "/services/oauth2/token", data=form)


def _code(org: SandboxClient, **changes: str | None) -> Response:
    query = {
        "response_type": "code",
        "client_id": org.ready["client_id"],
        "redirect_uri": "http://localhost:1717/OauthRedirect",
        "code_challenge": challenge_of(_VERIFIER),
        "code_challenge_method": "S256",
        "state": "s 1",
    }
    wish = {name: value for name, value in {**query, **changes}.items() if value is not None}
    path = "/services/oauth2/authorize"
    return org.get(path, params=wish, allow_redirects=False)


def _exchange(org: SandboxClient, code: str, **changes: str | None) -> Response:
    form = {
        "grant_type": "authorization_code",
        "client_id": org.ready["client_id"],
        "redirect_uri": "http://localhost:1717/OauthRedirect",
        "code_verifier": _VERIFIER,
        "code": code,
    }
    return _token(org, **{**form, **changes})


def _sent_back(answer: Response) -> dict[str, str]:
    assert answer.status_code == 302
    return {k: v[0] for k, v in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def test_the_ready_token_and_the_granted_ones_hold(org: SandboxClient) -> None:
    headers = {"Authorization": f"OAuth {org.ready['access_token']}"}
    assert org.get("limits", headers=headers).status_code == 200
    assert org.ready["access_token"].startswith("00DHs0000000001!")


def test_client_credentials_come_in_the_body_or_by_basic(org: SandboxClient) -> None:
    pair = (org.ready["client_id"], org.ready["client_secret"])
    answer = org.http.post(
        f"{org.host}/services/oauth2/token",
        data={"grant_type": "client_credentials"},
        auth=pair,
        timeout=10,
    )
    body = answer.json()
    assert body["instance_url"] == org.host
    assert body["token_type"] == "Bearer"
    assert body["issued_at"].isdigit()
    assert "expires_in" not in body
    assert "refresh_token" not in body


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "client_credentials"}, "invalid_client_id"),
        ({"grant_type": "client_credentials", "client_id": "ID"}, "invalid_client"),
        ({"grant_type": "refresh_token", "client_id": "ID", "refresh_token": "x"}, "invalid_grant"),
        ({"grant_type": "password", "username": "a", "password": "b"}, "invalid_grant"),
        ({"grant_type": "nonsense"}, "unsupported_grant_type"),
    ],
)
def test_a_refused_grant_is_a_400_in_the_shape_of_oauth(
    org: SandboxClient, form: dict[str, str], error: str
) -> None:
    if "client_id" in form:
        form = {**form, "client_id": org.ready["client_id"]}
    answer = _token(org, **form)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert answer.json()["error_description"]


def test_the_users_password_signs_in_with_or_without_the_token(org: SandboxClient) -> None:
    app = {name: org.ready[name] for name in ("client_id", "client_secret", "username")}
    for word in (org.ready["password"], org.ready["password"] + org.ready["security_token"]):
        body = _token(org, grant_type="password", **app, password=word).json()
        assert body["instance_url"] == org.host
        assert "refresh_token" not in body
    app["client_secret"] = "wrong"
    refused = _token(org, grant_type="password", **app, password=org.ready["password"])
    assert refused.json()["error"] == "invalid_client"


def test_a_session_dies_two_hours_after_its_last_use(org: SandboxClient) -> None:
    for hours in (1.9, 1.9):
        org.sandbox.clock.advance(hours * 3600)
        assert org.get("limits").status_code == 200
    org.sandbox.clock.advance(2.1 * 3600)
    answer = org.get("limits")
    expected = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
    assert (answer.status_code, answer.json()) == (401, expected)


def test_a_refresh_token_gives_a_new_session(org: SandboxClient) -> None:
    form = {"grant_type": "refresh_token", "client_id": org.ready["client_id"]}
    answer = _token(org, **form, refresh_token=org.ready["refresh_token"])
    token = answer.json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert org.get("limits", headers=headers).status_code == 200


def test_the_web_server_flow_works_with_pkce_and_codes_work_once(org: SandboxClient) -> None:
    back = _sent_back(_code(org))
    assert back["state"] == "s 1"
    body = _exchange(org, back["code"]).json()
    assert {"access_token", "refresh_token", "id", "signature"} <= body.keys()
    assert _exchange(org, back["code"]).json()["error"] == "invalid_grant"


def test_pkce_is_enforced(org: SandboxClient) -> None:
    assert _sent_back(_code(org, code_challenge=None))["error"] == "invalid_request"
    wrong = _exchange(org, _sent_back(_code(org))["code"], code_verifier="w" * 43)
    assert wrong.json()["error"] == "invalid_request"
    none = _exchange(org, _sent_back(_code(org))["code"], code_verifier="")
    assert none.json()["error"] == "invalid_grant"


def test_redirects_go_to_registered_addresses_only(org: SandboxClient) -> None:
    answer = _code(org, redirect_uri="http://localhost:9/other")
    assert (answer.status_code, answer.json()["error"]) == (400, "redirect_uri_mismatch")


def test_a_code_lives_fifteen_minutes(org: SandboxClient) -> None:
    code = _sent_back(_code(org))["code"]
    org.sandbox.clock.advance(16 * 60)
    assert _exchange(org, code).json()["error"] == "invalid_grant"


def test_revoking_ends_a_session_and_those_born_of_a_refresh_token(org: SandboxClient) -> None:
    body = _exchange(org, _sent_back(_code(org))["code"]).json()
    headers = {"Authorization": f"Bearer {body['access_token']}"}
    assert org.get("limits", headers=headers).status_code == 200
    form = {"token": body["refresh_token"]}
    assert org.send("POST", "/services/oauth2/revoke", data=form).status_code == 200
    assert org.get("limits", headers=headers).status_code == 401
    assert org.send("POST", "/services/oauth2/revoke", data=form).status_code == 400


def test_introspection_tells_whether_a_token_holds(org: SandboxClient) -> None:
    client = {"client_id": org.ready["client_id"], "client_secret": org.ready["client_secret"]}

    def active(token: str) -> bool:
        form = {**client, "token": token}
        answer = org.send("POST", "/services/oauth2/introspect", data=form)
        return answer.json()["active"] is True

    assert active(org.ready["refresh_token"])
    assert active(org.sign_in())
    assert not active("nonsense")


def test_the_user_can_be_asked_for(org: SandboxClient) -> None:
    info = org.get("/services/oauth2/userinfo").json()
    identity = org.get(info["sub"].removeprefix(org.host)).json()
    assert info["preferred_username"] == identity["username"] == org.ready["username"]
    soql = "SELECT Id FROM User WHERE Username = '{}'".format(org.ready["username"])
    assert org.query(soql)[0]["Id"] == info["user_id"]
    other = org.get("/id/x/y", headers={"Authorization": ""})
    assert (other.status_code, other.text) == (403, "Missing_OAuth_Token")
