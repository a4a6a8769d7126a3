"""Salesforce's refusals as our errors, by one table."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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

    @property
    def words(self) -> str:
        """Code and message as Salesforce's own tools print them."""
        return f"{self.code}: {self.message}" if self.code else self.message


class SalesforceRefused(RemoteRefused):
    """Salesforce refused a request as a whole; `words` is `CODE: message`, as it was said."""

    def __init__(self, summary: str, refused: Refusal) -> None:
        super().__init__(summary, code=refused.code)
        self.words = refused.words


def refusal(error: SalesforceError, harmless: Callable[[str], str]) -> Refusal:
    """Return what Salesforce said; a body that is no error list is shortened."""
    content: Any = error.content  # parsed JSON or text, whatever the hints say
    first = content[0] if isinstance(content, list) and content else content
    if not isinstance(first, dict):
        text = re.sub(r"<[^>]*>", " ", str(first or ""))
        return Refusal(error.status, "", harmless(text)[:200])
    code = first.get("errorCode") or first.get("statusCode") or first.get("error") or ""
    message = first.get("message") or first.get("error_description") or ""
    return Refusal(error.status, str(code), harmless(str(message)))


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
