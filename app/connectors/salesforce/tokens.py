"""Access tokens: one for all threads, renewed once by whoever finds it expired first."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from app.connectors.http import Http
from app.connectors.salesforce.assertion import GRANT_TYPE, signed_assertion
from app.connectors.salesforce.token_call import ask_token
from app.connectors.spec import SaveSecret, variable
from app.domain.control import CancelToken
from app.errors import NotSignedIn

_LOCK_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and where it counts; `identity` is the id URL of org and user, or `""`."""

    access: str = field(repr=False)
    instance_url: str
    identity: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token can be had for."""

    login_url: str
    instance_url: str
    client_id: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    client_secret: str = field(repr=False)
    jwt_private_key: str = field(default="", repr=False)
    username: str = ""


class Tokens:
    """The token of one connection.

    A given access token is used first. Then the refresh token, without one a signed assertion,
    without a key for that the client credentials buy another (salesforce.md §2.3 to §2.5). Renewed
    under a lock: eight threads that meet one expiry make one call (salesforce.md §2.3).
    """

    def __init__(self, http: Http, grant: Grant, save_secret: SaveSecret | None = None) -> None:
        self._http = http
        self._grant = grant
        self._refresh_token = grant.refresh_token
        self._save_secret = save_secret
        self._lock = threading.Lock()
        self._token = Token(grant.access_token, grant.instance_url) if grant.access_token else None
        self._refused: NotSignedIn | None = None
        given = (grant.access_token, grant.refresh_token, grant.client_secret)
        for secret in (*given, grant.jwt_private_key):
            http.conceal(secret)

    def current(self, cancel: CancelToken) -> Token:
        """Return the token to use now; the first one may have to be bought."""
        return self._token or self.renewed(None, cancel)

    def renewed(self, stale: Token | None, cancel: CancelToken) -> Token:
        """Return a token that is not the stale one.

        Raises:
            NotSignedIn: Salesforce gives no token; everyone after the first is told the same.
        """
        with self._held(cancel):
            if self._token is not None and self._token is not stale:
                return self._token
            if self._refused is not None:
                raise NotSignedIn(self._refused.summary, self._refused.hint)
            try:
                self._token = self._bought(cancel)
            except NotSignedIn as error:
                self._refused = error
                raise
            return self._token

    @contextmanager
    def _held(self, cancel: CancelToken) -> Iterator[None]:
        while not self._lock.acquire(timeout=_LOCK_POLL_S):
            cancel.check()
        try:
            yield
        finally:
            self._lock.release()

    def _bought(self, cancel: CancelToken) -> Token:
        granted = ask_token(self._http, self._grant.login_url, self._form(), cancel)
        self._keep_rotated(granted.refresh_token)
        instance = granted.instance_url or self._grant.instance_url
        return Token(granted.access_token, instance, granted.identity)

    def _form(self) -> dict[str, str]:
        grant = self._grant
        app = {"client_id": grant.client_id, "client_secret": grant.client_secret}
        if self._refresh_token:
            return app | {"grant_type": "refresh_token", "refresh_token": self._refresh_token}
        if grant.jwt_private_key:
            assertion = signed_assertion(
                grant.client_id, grant.username, grant.login_url, grant.jwt_private_key
            )
            self._http.conceal(assertion)
            return {"grant_type": GRANT_TYPE, "assertion": assertion}
        if grant.client_secret:
            return app | {"grant_type": "client_credentials"}
        name = self._http.connection
        raise NotSignedIn(
            f"Salesforce connection {name!r}: the session has expired, and there is nothing to "
            "renew it with.",
            f"Sign in again with `concord connect`, or give {variable(name, 'refresh_token')} "
            f"or {variable(name, 'client_secret')}.",
        )

    def _keep_rotated(self, refresh_token: str) -> None:
        """Keep a new refresh token: with rotation the old one is dead from now on."""
        if refresh_token in {"", self._refresh_token}:
            return
        self._refresh_token = refresh_token
        if self._save_secret is not None:
            self._save_secret("refresh_token", refresh_token)
