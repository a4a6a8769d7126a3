"""Access tokens, refresh tokens and authorization codes (salesforce.md §2)."""

import base64
import hashlib
import secrets
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.sandbox.clock import Clock
from app.sandbox.salesforce.assertions import SigningKey

SESSION_LIFE = timedelta(hours=2)
_CODE_LIFE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code that waits to be exchanged."""

    redirect_uri: str
    challenge: str
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class Client:
    """The one app that the org knows."""

    client_id: str
    client_secret: str
    redirect_uris: tuple[str, ...]


class Sessions:
    """What was issued and still holds; an access token dies two hours after its last use."""

    def __init__(self, clock: Clock, org_id: str, user_id: str) -> None:
        self._clock = clock
        self._org_id = org_id
        self.user_id = user_id
        self._lock = threading.Lock()
        self._used_at: dict[str, datetime] = {}
        self._born_of: dict[str, str] = {}
        self._refresh: set[str] = set()
        self._codes: dict[str, Code] = {}
        self.signing_key = SigningKey()
        ports = range(1717, 1722)
        self.client = Client(
            client_id="3MVG9" + secrets.token_urlsafe(60).replace("-", "x"),
            client_secret=secrets.token_hex(32).upper(),
            redirect_uris=tuple(
                f"http://{host}:{port}/OauthRedirect"
                for host in ("localhost", "127.0.0.1")
                for port in ports
            ),
        )

    def issue(self, refresh_token: str = "") -> str:
        """Return a new access token: the 15-character org id, `!` and an opaque part.

        It ends with the refresh token that it was asked for with, if any.
        """
        token = f"{self._org_id[:15]}!AR{secrets.token_urlsafe(64).replace('-', '.')}"
        with self._lock:
            self._used_at[token] = self._clock.now()
            self._born_of[token] = refresh_token
        return token

    def issue_refresh(self) -> str:
        """Return a new refresh token."""
        token = "5Aep861" + secrets.token_urlsafe(48)
        with self._lock:
            self._refresh.add(token)
        return token

    def use(self, token: str) -> bool:
        """Tell whether an access token still holds, and prolong it if so."""
        now = self._clock.now()
        with self._lock:
            last = self._used_at.get(token)
            if last is None or now - last > SESSION_LIFE:
                self._used_at.pop(token, None)
                return False
            self._used_at[token] = now
            return True

    def expires_at(self, token: str) -> datetime | None:
        """Return when an access token will die if it is not used; None for a dead one."""
        with self._lock:
            last = self._used_at.get(token)
        alive = last is not None and self._clock.now() - last <= SESSION_LIFE
        return last + SESSION_LIFE if last is not None and alive else None

    def may_refresh(self, token: str) -> bool:
        """Tell whether a refresh token holds."""
        with self._lock:
            return token in self._refresh

    def revoke(self, token: str) -> bool:
        """End a token; a revoked refresh token takes the access tokens with it."""
        with self._lock:
            if token in self._refresh:
                self._refresh.discard(token)
                for each in [t for t, parent in self._born_of.items() if parent == token]:
                    self._used_at.pop(each, None)
                return True
            return self._used_at.pop(token, None) is not None

    def issue_code(self, redirect_uri: str, challenge: str) -> str:
        """Return an authorization code that lives 15 minutes and works once."""
        code = "aPrx" + secrets.token_urlsafe(48)
        with self._lock:
            self._codes[code] = Code(redirect_uri, challenge, self._clock.now())
        return code

    def take_code(self, code: str) -> Code | None:
        """Return what an authorization code was issued for, and forget it; None for a dead one."""
        with self._lock:
            found = self._codes.pop(code, None)
        if found is None or self._clock.now() - found.issued_at > _CODE_LIFE:
            return None
        return found


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a PKCE verifier (RFC 7636)."""
    digest = hashlib.sha256(verifier.encode("ascii", "replace")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
