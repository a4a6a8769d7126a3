"""One Orb call: where it goes, how fast, when it is repeated, what its refusals mean."""

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
import requests

from app.connectors.http import Http, HttpRequest
from app.connectors.protocol import Quota
from app.domain.control import CancelToken
from app.errors import (
    AnswerUnreadable,
    AppError,
    ConnectionFailed,
    LimitReached,
    NotAllowed,
    NotSignedIn,
    RemoteRefused,
)

Row = Mapping[str, Any]
Params = Iterable[tuple[str, str]]

NOT_FOUND = "404-resource-not-found"
TOO_MANY_RESULTS = "413-too-many-results"
_UNAUTHENTICATED, _FORBIDDEN, _TOO_MANY = 401, 403, 429
_OWN_FAULT = 500  # and above: Orb's
_REFUSED = 400
_EMPTY = 204
_AGAIN = frozenset({408, 409, 429})
_LONGEST_PAUSE_S = 60.0
_LONGEST_WINDOW_S = 366 * 86400.0
_SETTING = "base_url"
_encoder = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class Account:
    """Where an account is, the key to it, and which of its two modes the key is of (orb.md §1)."""

    base_url: str
    api_key: str = field(repr=False)
    mode: str = "live"


class OrbRefused(RemoteRefused):
    """Orb refused a call; `words` are its own, the code is the end of its `type`."""

    def __init__(self, summary: str, words: str, *, code: str) -> None:
        super().__init__(summary, code=code)
        self.words = words


def transient(answer: requests.Response) -> bool:
    """Return whether trying again may help: what the answer says, else its status (orb.md §1)."""
    said = answer.headers.get("x-should-retry", "").lower()
    if said in {"true", "false"}:
        return said == "true"
    return answer.status_code in _AGAIN or answer.status_code >= _OWN_FAULT


class Pace:
    """Keeps to a limit that answers tell of, so that less is refused; any number of threads.

    Orb describes no such headers (orb.md §1); where there are none, nothing waits.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: int | None = None
        self._most = 0
        self._until = 0.0

    def wait(self, cancel: CancelToken) -> None:
        """Take one call of the window, or wait for the next window where none is left."""
        with self._lock:
            pause = self._until - time.monotonic()
            if pause <= 0:
                self._left = None
            if self._left is None:
                return
            if self._left > 0:
                self._left -= 1
                return
        cancel.wait(min(pause, _LONGEST_PAUSE_S))

    def note(self, headers: Mapping[str, str]) -> None:
        """Take over what an answer says of the window; answers come in any order."""
        with suppress(KeyError, ValueError), self._lock:
            left, reset = int(headers["RateLimit-Remaining"]), float(headers["RateLimit-Reset"])
            self._most = int(headers["RateLimit-Limit"])
            self._left = left if self._left is None else min(left, self._left)
            # Some tell the seconds left, others the moment by the clock.
            left_s = reset - time.time() if reset > _LONGEST_WINDOW_S else reset
            self._until = time.monotonic() + left_s

    @property
    def quotas(self) -> tuple[Quota, ...]:
        """The window's calls, where answers told of them."""
        with self._lock:
            if not self._most:
                return ()
            left = self._most if self._left is None else self._left
            return (Quota("Orb calls in this window", left, self._most),)


class OrbClient:
    """Calls of one Orb account; any number of threads."""

    def __init__(self, http: Http, account: Account) -> None:
        self.http = http
        self.account = account
        self.pace = Pace()
        http.conceal(account.api_key)

    def get(self, path: str, cancel: CancelToken, params: Params = ()) -> dict[str, Any]:
        """Return the answer to a read; `path` is below /v1, its parts quoted.

        Raises:
            OrbRefused: Orb refused it, in its own words.
            NotSignedIn: The key is missing, wrong or revoked.
        """
        query = urlencode(list(params), quote_via=quote)
        return self._send("GET", f"{path}?{query}" if query else path, cancel)

    def find(self, path: str, cancel: CancelToken) -> dict[str, Any] | None:
        """Return a resource, None where Orb does not know its id; raises what `get` raises."""
        try:
            return self.get(path, cancel)
        except OrbRefused as error:
            if error.code == NOT_FOUND:
                return None
            raise

    def put(self, path: str, body: Row, cancel: CancelToken) -> dict[str, Any]:
        """Set fields to values and return the resource; twice the same does no harm (orb.md §6).

        Raises:
            OrbRefused: Orb refused it, in its own words.
            AnswerLost: It may have been carried out.
        """
        return self._send("PUT", path, cancel, body)

    def post(self, path: str, body: Row, key: str, cancel: CancelToken) -> dict[str, Any]:
        """Make something, once for each `key` of at most 64 characters (orb.md §1); as `put`.

        An empty body is not sent: some calls have none.
        """
        return self._send("POST", path, cancel, body or None, key)

    def delete(self, path: str, cancel: CancelToken) -> None:
        """Take something away; twice the same is refused as not found. Raises what `put` raises."""
        self._send("DELETE", path, cancel)

    def _send(
        self, method: str, path: str, cancel: CancelToken, body: Row | None = None, key: str = ""
    ) -> dict[str, Any]:
        headers = {
            "Authorization": f"Bearer {self.account.api_key}",
            "Accept": "application/json",
            **({} if body is None else {"Content-Type": "application/json"}),
            **({"Idempotency-Key": key} if key else {}),
        }
        request = HttpRequest(
            method,
            f"{self.account.base_url}/{path}",
            _SETTING,
            headers,
            None if body is None else _encoder.encode(body),
            writes=method != "GET",
        )
        self.pace.wait(cancel)
        answer = self.http.send(request, cancel)
        self.pace.note(answer.headers)
        return self._answer(f"{method} {path.partition('?')[0]}", answer)

    def _answer(self, call: str, answer: requests.Response) -> dict[str, Any]:
        if answer.status_code >= _REFUSED:
            raise self._refusal(call, answer)
        found = {} if answer.status_code == _EMPTY else self.http.decoded(answer)
        if not isinstance(found, dict):
            raise AnswerUnreadable(
                f"{self._where(call)} was answered with something else than an object.",
                f"Check the setting {_SETTING!r}.",
            )
        return found

    def _refusal(self, call: str, answer: requests.Response) -> AppError:
        code, words = self._told(answer)
        where, status = self._where(call), answer.status_code
        if status == _UNAUTHENTICATED:
            hint = "Make a key in Orb under Developers, and give it with `concord connect`."
            return NotSignedIn(f"{where} was refused ({words}).", hint)
        if status == _FORBIDDEN:
            return NotAllowed(f"{where} was refused ({words}).", "Ask for the right in Orb.")
        if status == _TOO_MANY:
            hint = "Go on later, or lower the setting 'parallel'; what was done is kept."
            return LimitReached(f"{where}: {words}", hint)
        if status >= _OWN_FAULT:
            return ConnectionFailed(f"{where} was answered {status} ({words}).", "Try again later.")
        return OrbRefused(f"{where}: {words}", words, code=code)

    def _told(self, answer: requests.Response) -> tuple[str, str]:
        """Return the end of a refusal's `type` and its words (orb.md §1)."""
        said: Any = None
        with suppress(AnswerUnreadable):
            said = self.http.decoded(answer)
        if not isinstance(said, dict):
            return str(answer.status_code), f"status {answer.status_code}"
        code = str(said.get("type") or answer.status_code).rpartition("#")[2]
        found = said.get("validation_errors")
        named = "; ".join(map(str, found)) if isinstance(found, list) else ""
        words = str(said.get("detail") or said.get("title") or code)
        words += f" ({named})" if named and named not in words else ""
        return code, self.http.harmless(words)

    def _where(self, call: str) -> str:
        return f"Orb connection {self.http.connection!r} ({self.account.mode} mode): {call}"


@contextmanager
def if_there() -> Iterator[None]:
    """Let what is asked of a resource that went since it was listed tell nothing."""
    try:
        yield
    except OrbRefused as error:
        if error.code != NOT_FOUND:
            raise


def part(text: str) -> str:
    """Return a part of a path, quoted: an external id may hold `/` or a blank (orb.md §1)."""
    return quote(text, safe="")
