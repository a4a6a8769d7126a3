"""The assertion of a JWT bearer sign-in: RS256, four claims, a few minutes (salesforce.md §2.4)."""

import base64
import binascii
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from app.sandbox.wire import BadJson, parse_json

_KEY_BITS = 2048
_PARTS = 3
_SECONDS = re.compile(r"\d{1,15}(?:\.\d+)?", re.ASCII)


class BadAssertion(ValueError):  # noqa: N818 - it ends up as an error_description
    """An assertion that signs nobody in; the text is the error_description."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a good assertion says."""

    issuer: str
    subject: str
    audiences: Collection[str]
    now: datetime


class SigningKey:
    """The key pair of the one app that the org knows: whoever has the private half may sign in."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)

    @property
    def private_pem(self) -> str:
        """The private half, PKCS 8, not encrypted."""
        return self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode("ascii")

    def check(self, assertion: str, expected: Expected) -> None:
        """Check an assertion.

        Raises:
            BadAssertion: It is none, not signed by this key, too old, or about somebody else.
        """
        parts = assertion.split(".")
        if len(parts) != _PARTS or _object(parts[0]).get("alg") != "RS256":
            raise BadAssertion("invalid assertion")
        signed = f"{parts[0]}.{parts[1]}".encode()
        try:
            self._key.public_key().verify(
                _bytes(parts[2]), signed, padding.PKCS1v15(), hashes.SHA256()
            )
        except InvalidSignature as error:
            raise BadAssertion("invalid assertion") from error
        _check_claims(_object(parts[1]), expected)


def _check_claims(claims: dict[str, Any], expected: Expected) -> None:
    if claims.get("iss") != expected.issuer:
        raise BadAssertion("client identifier invalid")
    # The command line writes the host as an address, with a slash at its end.
    if str(claims.get("aud")).removesuffix("/") not in expected.audiences:
        raise BadAssertion("audience is invalid")
    # Seconds; simple-salesforce writes text, some a fraction, and the command line milliseconds.
    if not _SECONDS.fullmatch(str(claims.get("exp"))):
        raise BadAssertion("invalid assertion")
    if float(claims["exp"]) <= expected.now.timestamp():
        raise BadAssertion("expired assertion")
    if claims.get("sub") != expected.subject:
        raise BadAssertion("user hasn't approved this consumer")


def _object(part: str) -> dict[str, Any]:
    try:
        found = parse_json(_bytes(part))
    except BadJson as error:
        raise BadAssertion("invalid assertion") from error
    if not isinstance(found, dict):
        raise BadAssertion("invalid assertion")
    return found


def _bytes(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part.encode() + b"=" * (-len(part) % 4))
    except (binascii.Error, ValueError) as error:
        raise BadAssertion("invalid assertion") from error
