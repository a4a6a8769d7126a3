"""The signed request of the JWT bearer flow, for programs that nobody watches (§2.4)."""

import base64
import json
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from app.errors import NotSignedIn

if TYPE_CHECKING:  # imported late: only this flow needs it
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFE_S = 180  # "a few minutes ahead" (salesforce.md §2.4)
_PEM = re.compile(r"-----BEGIN ((?:RSA )?PRIVATE KEY)-----(.*?)-----END \1-----", re.DOTALL)


def signed_assertion(client_id: str, username: str, audience: str, private_key: str) -> str:
    r"""Return the assertion, signed with RS256, good for three minutes from now.

    Args:
        client_id: The app's consumer key (`iss`).
        username: Under whom to work (`sub`).
        audience: The sign-in URL (`aud`).
        private_key: RSA, unencrypted, as PEM; its line breaks may have become blanks or `\n`.

    Raises:
        NotSignedIn: The key cannot be read or is of another kind.
    """
    from cryptography.hazmat.primitives.asymmetric.padding import (  # noqa: PLC0415 - as above
        PKCS1v15,
    )
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415 - as above

    claims = {
        "iss": client_id,
        "sub": username,
        "aud": audience,
        "exp": int(time.time()) + _LIFE_S,
    }
    text = f"{_packed({'alg': 'RS256'})}.{_packed(claims)}"
    signature = _key(private_key).sign(text.encode("ascii"), PKCS1v15(), SHA256())
    return f"{text}.{_base64url(signature)}"


def _key(text: str) -> "RSAPrivateKey":
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.asymmetric.rsa import (  # noqa: PLC0415 - as above
        RSAPrivateKey,
    )
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - as above
        load_der_private_key,
    )

    found = _PEM.search(text.replace("\\n", "\n"))
    key = None
    if found is not None:
        # The error's words may repeat a part of the key, so they are not passed on.
        with suppress(ValueError, TypeError, UnsupportedAlgorithm):
            der = base64.b64decode(re.sub(r"\s+", "", found[2]), validate=True)
            key = load_der_private_key(der, password=None)
    if not isinstance(key, RSAPrivateKey):
        raise NotSignedIn(
            "The secret jwt_private_key cannot be used.",
            "Give the RSA private key in PEM, without a password (docs/connect.md).",
        )
    return key


def _packed(value: Mapping[str, object]) -> str:
    return _base64url(json.dumps(value, separators=(",", ":")).encode())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
