"""Access tokens, refresh tokens and authorization codes (salesforce.md §2)."""

import base64
import hashlib
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from app.sandbox.clock import Clock
from app.sandbox.salesforce.assertions import SigningKey

TOKEN_ERRORS = {
    "inactive_user": "user is inactive",
    "inactive_org": "organization is inactive",
    "invalid_app_access": "user is not admin approved to access this app",
    "invalid_grant": "ip restricted",
    "rate_limit_exceeded": "login rate exceeded",
    "unauthorized_client": "user hasn't approved this consumer",
}  # what the token endpoint can be told to say (salesforce.md §2.2)
API_ERRORS = {
    "API_CURRENTLY_DISABLED": "API is currently disabled for this User",
    "API_DISABLED_FOR_ORG": "API is not enabled for this Organization or Partner",
    "FUNCTIONALITY_NOT_ENABLED": "Your organization does not have access to the REST API",
    "LOGIN_DURING_RESTRICTED_DOMAIN": "Your IP address is not allowed",
    "TXN_SECURITY_METERING_ERROR": "The action was blocked by a transaction security policy",
}  # what every REST resource can be told to say, with status 403
_CODE_LIFE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code that waits to be exchanged."""

    redirect_uri: str
    challenge: str
    issued_at: datetime
    scope: str


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token allows."""

    scope: str = "refresh_token api"

    @property
    def api(self) -> bool:
        """Whether it opens the REST API."""
        return bool({"api", "full"} & set(self.scope.split()))


@dataclass(slots=True)
class SessionSettings:
    """How signing in goes here; changed through the control door."""

    timeout_seconds: float = 7200.0  # of an access token that is not used
    rotate_refresh: bool = False  # whether each refresh brings a new refresh token
    refresh_tokens: int = 0  # how many hold at once, the oldest die; 0: any number
    approve: bool = True  # whether the person at the authorize page agrees
    token_error: str = ""  # one of TOKEN_ERRORS
    api_error: str = ""  # one of API_ERRORS


@dataclass(frozen=True, slots=True)
class Client:
    """The one app that the org knows."""

    client_id: str
    client_secret: str
    redirect_uris: tuple[str, ...]


class Sessions:
    """What was issued and still holds; an access token dies two hours after its last use."""

    def __init__(self, clock: Clock, org_id: str, user_id: str) -> None:
        self.settings = SessionSettings()
        self.began_at = clock.now()
        self._clock = clock
        self._org_id = org_id
        self.user_id = user_id
        self._lock = threading.Lock()
        self._used_at: dict[str, datetime] = {}
        self._born_of: dict[str, str] = {}
        self._refresh: dict[str, Grant] = {}  # oldest first
        self._grants: dict[str, Grant] = {}
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

    def set(self, values: Mapping[str, Any]) -> None:
        """Change settings by name.

        Raises:
            KeyError: There is no such setting.
            ValueError: The value is of another type, or no error that there is.
        """
        known = {
            each.name: type(getattr(self.settings, each.name)) for each in fields(SessionSettings)
        }
        for name, value in values.items():
            kind = known[name]
            number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
            if not (number if kind in {int, float} else isinstance(value, kind)):
                raise ValueError(f"{name} is a {kind.__name__}, not {value!r}")
            errors = {"token_error": TOKEN_ERRORS, "api_error": API_ERRORS}.get(name)
            if errors is not None and value and value not in errors:
                raise ValueError(f"{name} is one of {', '.join(errors)}, not {value!r}")
            setattr(self.settings, name, kind(value))

    def issue(self, refresh_token: str = "", grant: Grant | None = None) -> str:
        """Return a new access token: the 15-character org id, `!` and an opaque part.

        It ends with the refresh token that it was asked for with, if any.
        """
        token = f"{self._org_id[:15]}!AR{secrets.token_urlsafe(64).replace('-', '.')}"
        with self._lock:
            self._used_at[token] = self._clock.now()
            self._born_of[token] = refresh_token
            self._grants[token] = grant or Grant()
        return token

    def issue_refresh(self, grant: Grant | None = None) -> str:
        """Return a new refresh token; beyond the most that may hold the oldest dies."""
        token = "5Aep861" + secrets.token_urlsafe(48)
        with self._lock:
            self._refresh[token] = grant or Grant()
            while 0 < self.settings.refresh_tokens < len(self._refresh):
                self._end_refresh(next(iter(self._refresh)))
        return token

    def rotate(self, token: str) -> str:
        """Return the refresh token that replaces this one, or "" where none does."""
        if not self.settings.rotate_refresh:
            return ""
        grant = self.grant_of(token)
        with self._lock:
            self._refresh.pop(token, None)
        return self.issue_refresh(grant)

    def use(self, token: str) -> bool:
        """Tell whether an access token still holds, and prolong it if so."""
        now = self._clock.now()
        with self._lock:
            last = self._used_at.get(token)
            if last is None or now - last > self._life:
                self._used_at.pop(token, None)
                return False
            self._used_at[token] = now
            return True

    @property
    def _life(self) -> timedelta:
        return timedelta(seconds=self.settings.timeout_seconds)

    def expires_at(self, token: str) -> datetime | None:
        """Return when an access token will die if it is not used; None for a dead one."""
        with self._lock:
            last = self._used_at.get(token)
        alive = last is not None and self._clock.now() - last <= self._life
        return last + self._life if last is not None and alive else None

    def grant_of(self, token: str) -> Grant | None:
        """Return what an access or refresh token allows; None for a dead one."""
        if self.expires_at(token) is not None:
            return self._grants[token]
        with self._lock:
            return self._refresh.get(token)

    def revoke(self, token: str) -> bool:
        """End a token; a revoked refresh token takes the access tokens with it."""
        with self._lock:
            if token in self._refresh:
                self._end_refresh(token)
                return True
            return self._used_at.pop(token, None) is not None

    def _end_refresh(self, token: str) -> None:
        del self._refresh[token]
        for each in [t for t, parent in self._born_of.items() if parent == token]:
            self._used_at.pop(each, None)

    def issue_code(self, redirect_uri: str, challenge: str, scope: str) -> str:
        """Return an authorization code that lives 15 minutes and works once."""
        code = "aPrx" + secrets.token_urlsafe(48)
        with self._lock:
            self._codes[code] = Code(redirect_uri, challenge, self._clock.now(), scope)
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
