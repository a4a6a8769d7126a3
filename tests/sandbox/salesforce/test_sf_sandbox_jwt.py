"""Signing in by JWT bearer (salesforce.md §2.4); PyJWT makes the assertions."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import jwt
import pytest

if TYPE_CHECKING:
    from requests import Response

    from tests.sandbox.salesforce.conftest import SandboxClient

_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def _assertion(org: SandboxClient, **changes: Any) -> str:
    claims = {
        "iss": org.ready["client_id"],
        "sub": org.ready["username"],
        "aud": "https://login.salesforce.com",
        "exp": int((org.sandbox.clock.now() + timedelta(minutes=3)).timestamp()),
        **changes,
    }
    return jwt.encode(claims, org.ready["jwt_private_key"], algorithm="RS256")


def _ask(org: SandboxClient, assertion: str) -> Response:
    form = {"grant_type": _GRANT, "assertion": assertion}
    return org.send("POST", "/services/oauth2/token", data=form)


def test_a_signed_assertion_signs_in_without_a_refresh_token(org: SandboxClient) -> None:
    for audience in ("https://login.salesforce.com", org.host, f"{org.host}/"):
        answer = _ask(org, _assertion(org, aud=audience))
        assert answer.status_code == 200, answer.text
        assert "refresh_token" not in answer.json()
        head = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        assert org.get("limits", headers=head).status_code == 200


@pytest.mark.parametrize("form", ["{:.0f}".format, float, lambda seconds: int(seconds * 1000)])
def test_the_time_of_expiry_is_written_in_many_ways(org: SandboxClient, form: Any) -> None:
    ends_at = (org.sandbox.clock.now() + timedelta(minutes=3)).timestamp()
    assert _ask(org, _assertion(org, exp=form(ends_at + 0.5))).status_code == 200


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"sub": "nobody@example.org"}, "user hasn't approved this consumer"),
        ({"aud": "https://example.org"}, "audience is invalid"),
        ({"iss": "someone"}, "client identifier invalid"),
        ({"exp": 1}, "expired assertion"),
        ({"exp": "soon"}, "invalid assertion"),
    ],
)
def test_wrong_claims_are_refused(org: SandboxClient, changes: dict[str, Any], why: str) -> None:
    answer = _ask(org, _assertion(org, **changes))
    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_grant", "error_description": why}


def test_a_forged_or_broken_assertion_is_refused(org: SandboxClient) -> None:
    good = _assertion(org)
    head, claims, _ = good.split(".")
    for bad in ("", "a.b", "a.b.c", f"{head}.{claims}.AAAA", f"{claims}.{claims}.AAAA"):
        assert _ask(org, bad).json()["error"] == "invalid_grant"
