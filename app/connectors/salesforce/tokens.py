"""Access tokens: one for all threads, renewed once by whoever finds it expired first."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from app.connectors.http import Http, HttpRequest
from app.connectors.spec import SaveSecret, variable
from app.domain.control import CancelToken
from app.errors import AnswerUnreadable, ConnectionFailed, NotSignedIn

_OK, _SERVER = 200, 500
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


class Tokens:
    """The token of one connection.

    A given access token is used first. Then the refresh token, or without one the client
    credentials, buy another (salesforce.md §2.3, §2.5). Renewed under a lock: eight threads that
    meet one expiry make one call (salesforce.md §2.3).
    """

    def __init__(self, http: Http, grant: Grant, save_secret: SaveSecret | None = None) -> None:
        self._http = http
        self._grant = grant
        self._refresh_token = grant.refresh_token
        self._save_secret = save_secret
        self._lock = threading.Lock()
        self._token = Token(grant.access_token, grant.instance_url) if grant.access_token else None
        self._refused: NotSignedIn | None = None
        for secret in (grant.access_token, grant.refresh_token, grant.client_secret):
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
        request = HttpRequest(
            "POST",
            f"{self._grant.login_url}/services/oauth2/token",
            "login_url",
            {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            urlencode(self._form()),
        )
        answer = self._http.send(request, cancel)
        if answer.status_code >= _SERVER:
            raise ConnectionFailed(
                f"{self._where} cannot sign in now (status {answer.status_code}).",
                "Try again later.",
            )
        body = self._http.decoded(answer)
        if answer.status_code != _OK:
            raise self._refusal(body)
        return self._taken(body)

    def _form(self) -> dict[str, str]:
        form = {"client_id": self._grant.client_id, "client_secret": self._grant.client_secret}
        if self._refresh_token:
            form |= {"grant_type": "refresh_token", "refresh_token": self._refresh_token}
        elif self._grant.client_secret:
            form |= {"grant_type": "client_credentials"}
        else:
            name = self._http.connection
            raise NotSignedIn(
                f"{self._where}: the session has expired, and there is nothing to renew it with.",
                f"Sign in again with `concord connect`, or give {variable(name, 'refresh_token')} "
                f"or {variable(name, 'client_secret')}.",
            )
        return {name: value for name, value in form.items() if value}

    def _taken(self, body: Any) -> Token:
        access = body.get("access_token") if isinstance(body, dict) else None
        if not isinstance(access, str) or not access:
            raise AnswerUnreadable(
                f"{self._where}: the sign-in answer has no access token.",
                "Check the setting 'login_url'.",
            )
        self._http.conceal(access)
        self._keep_rotated(body.get("refresh_token"))
        instance = str(body.get("instance_url") or self._grant.instance_url)
        return Token(access, instance.rstrip("/"), str(body.get("id") or ""))

    def _keep_rotated(self, refresh_token: object) -> None:
        """Keep a new refresh token: with rotation the old one is dead from now on."""
        if not isinstance(refresh_token, str) or refresh_token in {"", self._refresh_token}:
            return
        self._http.conceal(refresh_token)
        self._refresh_token = refresh_token
        if self._save_secret is not None:
            self._save_secret("refresh_token", refresh_token)

    def _refusal(self, body: Any) -> NotSignedIn:
        error = body if isinstance(body, dict) else {}
        words = (
            f"{error.get('error', 'refused')}: {error.get('error_description', 'no reason given')}"
        )
        return NotSignedIn(
            f"{self._where}: Salesforce gives no access ({self._http.harmless(words)}).",
            "Sign in again with `concord connect`; ask the admin whether the app is still allowed.",
        )

    @property
    def _where(self) -> str:
        return f"Salesforce connection {self._http.connection!r}"
