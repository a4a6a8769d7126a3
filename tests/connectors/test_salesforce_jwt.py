"""The signed request by which a program without a user at its side signs in."""

import base64
import json
import time
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from app.connectors import registry
from app.connectors.salesforce.assertion import signed_assertion
from app.domain.control import CancelToken
from app.domain.mapping import WorkspaceMapping
from app.errors import NotSignedIn, WrongUse
from tests.connectors.far_end import Asked, Told, far_end, told

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
OLD_PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
USER = "integration@example.com"
BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def unpacked(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def check(assertion: str) -> dict[str, Any]:
    """Return the claims of an assertion that our key signed."""
    text, _, signature = assertion.rpartition(".")
    KEY.public_key().verify(unpacked(signature), text.encode(), PKCS1v15(), SHA256())
    head, claims = (json.loads(unpacked(part)) for part in text.split("."))
    assert head == {"alg": "RS256"}
    found: dict[str, Any] = claims
    return found


def bought(mapping: WorkspaceMapping, url: str, username: str = USER, **secrets: str) -> str:
    settings = {"login_url": url, "client_id": "app", "username": username}
    made = registry.connect("salesforce", "sf", settings, secrets.get, mapping=mapping)
    access: str = made._session.tokens.current(CancelToken()).access  # type: ignore[attr-defined]
    return access


def test_the_claims_say_who_asks_for_whom_and_until_when() -> None:
    claims = check(signed_assertion("app", USER, "https://login.salesforce.com", PEM))
    left_s = claims.pop("exp") - time.time()
    assert 60 < left_s <= 300
    assert claims == {"iss": "app", "sub": USER, "aud": "https://login.salesforce.com"}


@pytest.mark.parametrize(
    "text", [PEM, OLD_PEM, PEM.replace("\n", " "), PEM.replace("\n", "\\n"), f"  {PEM}\r\n"]
)
def test_a_key_is_read_however_its_lines_came_through(text: str) -> None:
    check(signed_assertion("app", USER, "https://o.example", text))


def wrong_keys() -> list[str]:
    elliptic = ec.generate_private_key(ec.SECP256R1())
    plain = NoEncryption()
    locked = BestAvailableEncryption(b"word")
    return [
        "nonsense of a key, as long as a word of sixty letters or a little more",
        PEM[:400],
        PEM.replace("MII", "???"),
        elliptic.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, plain).decode(),
        KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked).decode(),
    ]


@pytest.mark.parametrize("text", wrong_keys(), ids=["text", "half", "no base64", "EC", "locked"])
def test_another_key_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(NotSignedIn, match="jwt_private_key") as caught:
        signed_assertion("app", USER, "https://o.example", text)
    assert text[-60:-40] not in f"{caught.value!r}{caught.value.__cause__!r}"


def test_a_session_is_bought_with_a_signed_request(mapping: WorkspaceMapping) -> None:
    with far_end(lambda _: told({"access_token": "from-jwt"})) as end:
        secrets = {"jwt_private_key": PEM, "client_secret": "c-secret"}
        assert bought(mapping, end.url, **secrets) == "from-jwt"
        form = parse_qs(end.asked[0].body.decode())
    assert sorted(form) == ["assertion", "grant_type"]
    assert form["grant_type"] == [BEARER]
    assert check(form["assertion"][0])["aud"] == end.url


def test_a_refresh_token_goes_first(mapping: WorkspaceMapping) -> None:
    with far_end(lambda _: told({"access_token": "a-token"})) as end:
        bought(mapping, end.url, jwt_private_key=PEM, refresh_token="r-secret")
        assert b"grant_type=refresh_token" in end.asked[0].body


def test_a_user_who_has_not_approved_the_app_is_told_where_to_do_it(
    mapping: WorkspaceMapping,
) -> None:
    def refuse(asked: Asked) -> Told:
        assertion = parse_qs(asked.body.decode())["assertion"][0]
        words = f"user hasn't approved this consumer {assertion}"
        return told({"error": "invalid_grant", "error_description": words}, 400)

    with far_end(refuse) as end, pytest.raises(NotSignedIn, match="not approved") as caught:
        bought(mapping, end.url, jwt_private_key=PEM)
    assert "Setup > External Client App Manager" in caught.value.hint
    assert "***" in caught.value.summary


def test_a_key_without_a_username_is_refused_before_anything_is_sent(
    mapping: WorkspaceMapping,
) -> None:
    with pytest.raises(WrongUse, match="username"):
        bought(mapping, "https://o.example", username="", jwt_private_key=PEM)
