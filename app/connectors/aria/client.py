"""One Aria call: where it goes, what it carries, and what its error code means."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import requests

from app.connectors.aria.values import number
from app.connectors.http import TRANSIENT, Http, HttpRequest
from app.domain.control import CancelToken
from app.errors import (
    AnswerUnreadable,
    AppError,
    ConnectionFailed,
    NotSignedIn,
    RemoteRefused,
    WrongUse,
)

_OK = 200
_UNEXPECTED_ERROR = 1001
UNEXPECTED = str(_UNEXPECTED_ERROR)
"""The code of an error of Aria's own, which tells nothing of what was asked (aria.md §1.6)."""
_UNAUTHENTICATED = 1004
_HINTS = {
    _UNEXPECTED_ERROR: (
        "Aria had an error of its own. Try again later; if it stays, ask Aria support."
    ),
    1014: (
        "Ask Aria support whether this client may do it, or leave what needs it out of the"
        " workspace."
    ),
    -1: "This Aria knows no such call: leave what needs it out of the workspace.",
}
_SMALL_BYTES = 4096  # an error answer is no larger
_UNEXPECTED = re.compile(rb'"error_code"\s*:\s*"?1001\b')
_decoder = msgspec.json.Decoder(dict[str, Any])
_encoder = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class Account:
    """Where a client's APIs are and how it says who it is (aria.md §1.2, §1.4)."""

    core_url: str
    admin_url: str
    client_no: int
    auth_key: str = field(repr=False)
    alt_caller_id: str = ""
    object_query_url: str = ""


class AriaRefused(RemoteRefused):
    """Aria answered with an error code; `words` is `code: message`, as it was said."""

    def __init__(self, summary: str, words: str, *, code: str, hint: str = "") -> None:
        super().__init__(summary, hint, code=code)
        self.words = words


def transient(answer: requests.Response) -> bool:
    """Return whether trying again may help: by status, or error code 1001 (aria.md §1.6, §1.8)."""
    if answer.status_code == _OK and len(answer.content) <= _SMALL_BYTES:
        return _UNEXPECTED.search(answer.content) is not None and _failed(answer.content)
    return answer.status_code in TRANSIENT


def _failed(body: bytes) -> bool:
    """Return whether a whole call failed: one that went well may tell of errors inside (§4.8)."""
    try:
        return number(_decoder.decode(body).get("error_code")) == _UNEXPECTED_ERROR
    except (msgspec.DecodeError, UnicodeDecodeError):
        return True


class AriaClient:
    """Calls of one Aria client: Core, Object Query and AdminTools; any number of threads."""

    def __init__(self, http: Http, account: Account) -> None:
        self.http = http
        self.account = account
        http.conceal(account.auth_key)

    def core(self, call: str, inputs: Mapping[str, Any], cancel: CancelToken) -> dict[str, Any]:
        """Return the answer of a Core call that reads.

        Raises:
            AriaRefused: Aria answered with an error code.
            NotSignedIn: The code was 1004.
        """
        request = self._request(self.account.core_url, "core_url", call, inputs)
        return self._answer(call, self.http.send(request, cancel))

    def admin(self, call: str, inputs: Mapping[str, Any], cancel: CancelToken) -> dict[str, Any]:
        """Return the answer of an AdminTools call that reads; raises what `core` raises."""
        request = self._request(self.account.admin_url, "admin_url", call, inputs)
        return self._answer(call, self.http.send(request, cancel))

    def query(
        self, call: str, query_string: str, limit: int, offset: int, cancel: CancelToken
    ) -> dict[str, Any]:
        """Return the answer of an Object Query call; raises what `core` raises (aria.md §2.11).

        Raises:
            WrongUse: The connection does not say where Object Query is.
        """
        if not self.account.object_query_url:
            raise WrongUse(
                f"Connection {self.http.connection!r} lacks the setting 'object_query_url'"
                f" (Object Query URL), which {call} needs.",
                "Such as https://secure.future.stage.ariasystems.net/api/AriaQuery/objects.php.",
            )
        inputs = {"query_string": query_string, "limit": limit, "offset": offset}
        request = self._request(self.account.object_query_url, "object_query_url", call, inputs)
        return self._answer(call, self.http.send(request, cancel))

    def change(self, call: str, inputs: Mapping[str, Any], cancel: CancelToken) -> None:
        """Make an AdminTools call that writes; it is not repeated once it may have arrived.

        Raises:
            AnswerLost: It may have been carried out.
            AnswerUnreadable: An answer came that tells nothing: it may have been carried out.
        """
        request = self._request(self.account.admin_url, "admin_url", call, inputs, writes=True)
        self._answer(call, self.http.send(request, cancel))

    def carry_out(
        self, call: str, inputs: Mapping[str, Any], cancel: CancelToken
    ) -> dict[str, Any]:
        """Return the answer of a Core call that writes; raises what `change` raises."""
        request = self._request(self.account.core_url, "core_url", call, inputs, writes=True)
        return self._answer(call, self.http.send(request, cancel))

    def _request(
        self,
        url: str,
        setting: str,
        call: str,
        inputs: Mapping[str, Any],
        *,
        writes: bool = False,
    ) -> HttpRequest:
        body = {
            "rest_call": call,
            "output_format": "json",
            "client_no": self.account.client_no,
            "auth_key": self.account.auth_key,
            **({"alt_caller_id": self.account.alt_caller_id} if self.account.alt_caller_id else {}),
            **inputs,
        }
        return HttpRequest(
            "POST",
            url,
            setting,
            {"Content-Type": "application/json", "Accept": "application/json"},
            _encoder.encode(body),
            writes=writes,
            repeatable=not writes,
        )

    def _answer(self, call: str, answer: requests.Response) -> dict[str, Any]:
        if answer.status_code != _OK:
            raise ConnectionFailed(
                f"{self._where(call)} was answered with status {answer.status_code}.",
                "Aria answers 200 even to errors: Aria is down (try again later), or a proxy or a "
                "wrong URL stands in between.",
            )
        body = self.http.decoded(answer)
        code = number(body.get("error_code")) if isinstance(body, dict) else None
        if code is None:
            raise AnswerUnreadable(
                f"{self._where(call)} was answered without an error code.",
                "Check the connection's URLs.",
            )
        if code != 0:
            raise self._refusal(call, int(code), str(body.get("error_msg") or ""))
        found: dict[str, Any] = body
        return found

    def _refusal(self, call: str, code: int, message: str) -> AppError:
        words = f"{code}: {self.http.harmless(message)}"
        if code == _UNAUTHENTICATED:
            return NotSignedIn(
                f"{self._where(call)} was refused ({words}).",
                "Aria says the same for three reasons: the authentication key is wrong, the client "
                f"number {self.account.client_no} is wrong, or this machine's IP address is not on "
                "the client's allow-list for the API.",
            )
        return AriaRefused(
            f"{self._where(call)}: {words}",
            words,
            code=str(code),
            hint=_HINTS.get(code, ""),
        )

    def _where(self, call: str) -> str:
        return f"Aria connection {self.http.connection!r}: {call}"
