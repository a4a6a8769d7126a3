"""Salesforce's refusals as our errors, by one table."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
import requests
from simple_salesforce.exceptions import SalesforceError

from app.connectors.salesforce.refusals import meaning
from app.errors import (
    AppError,
    ConnectionFailed,
    LimitReached,
    NotAllowed,
    NotSignedIn,
    RemoteRefused,
    WrongUse,
)

_UNAUTHORIZED, _FORBIDDEN, _RETIRED, _SERVER = 401, 403, 410, 500
_EDGE_REFUSED = frozenset({420, 429})  # edge without a route, and what a proxy may say
_HIDDEN = frozenset({"INVALID_FIELD", "INVALID_TYPE"})
_FULL = frozenset({"STORAGE_LIMIT_EXCEEDED", "REQUEST_LIMIT_EXCEEDED"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that was refused as a whole (salesforce.md §3.4)."""

    status: int
    code: str
    message: str
    fields: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """Code and message as Salesforce's own tools print them; without both, the status."""
        if not self.code:
            return self.message or f"it was answered with status {self.status}"
        return f"{self.code}: {self.message}"


class SalesforceRefused(RemoteRefused):
    """Salesforce refused a request as a whole; `words` is `CODE: message`, as it was said.

    `fields` are the API names of the fields that it told.
    """

    def __init__(self, summary: str, refused: Refusal) -> None:
        super().__init__(summary, code=refused.code)
        self.status = refused.status
        self.words = refused.words
        self.message = refused.message
        self.fields = refused.fields


def refusal(error: SalesforceError, harmless: Callable[[str], str]) -> Refusal:
    """Return what Salesforce said; a body that is no error list is shortened."""
    content: Any = error.content  # parsed JSON or text, whatever the hints say
    return said(error.status, content, harmless)


def refusal_of(answer: requests.Response, harmless: Callable[[str], str]) -> Refusal:
    """Return what an answer said that came past simple_salesforce."""
    try:
        content = msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        content = answer.content.decode("utf-8", "replace")
    return said(answer.status_code, content, harmless)


def said(status: int, content: Any, harmless: Callable[[str], str]) -> Refusal:
    """Return the refusal in a body: an error list, one error, or what else came, shortened."""
    first = content[0] if isinstance(content, list) and content else content
    if not isinstance(first, dict):
        text = re.sub(r"<[^>]*>", " ", str(first or ""))
        return Refusal(status, "", harmless(text)[:200])
    code = first.get("errorCode") or first.get("statusCode") or first.get("error") or ""
    message = first.get("message") or first.get("error_description") or ""
    fields = first.get("fields")
    named = tuple(str(name) for name in fields) if isinstance(fields, list) else ()
    return Refusal(status, str(code), harmless(str(message)), named)


def translated(refused: Refusal, connection: str) -> AppError:
    """Return the error that people see."""
    where = f"Salesforce connection {connection!r}"
    if refused.code in _FULL:
        return LimitReached(f"{where}: {refused.words}", "Go on when the limit is free again.")
    if refused.status in {_UNAUTHORIZED, _FORBIDDEN} or refused.code in _HIDDEN:
        return _kept_out(refused, where)
    if refused.status == _RETIRED:
        return WrongUse(f"{where}: this API version is retired.", "Raise the api_version setting.")
    if refused.status >= _SERVER or refused.status in _EDGE_REFUSED:
        return ConnectionFailed(
            f"{where} is not available (status {refused.status}): {refused.words}",
            "Try again later; status.salesforce.com tells of outages.",
        )
    return SalesforceRefused(f"{where}: {refused.words}", refused)


def _kept_out(refused: Refusal, where: str) -> AppError:
    kind: type[ConnectionFailed] = NotAllowed
    hint = "Give the user the permission set, or make what is missing (docs/connect.md)."
    if refused.status == _UNAUTHORIZED:
        kind, hint = NotSignedIn, "Sign in again with `concord connect`."
    known = None if refused.code in _HIDDEN else meaning(refused.words)
    if known is None:
        return kind(f"{where}: {refused.words}", hint)
    return kind(f"{where}: {known.words} ({refused.words}).", known.hint)
