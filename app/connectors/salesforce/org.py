"""Which org this is, who we are in it, and what is left of its limits."""

import re

from app.connectors.protocol import Quota, Resource
from app.connectors.salesforce.session import SalesforceSession
from app.connectors.salesforce.usage import DAILY_CALLS
from app.domain.control import CancelToken
from app.errors import NotAllowed, RemoteRefused

_QUOTAS = (
    DAILY_CALLS,
    "DataStorageMB",
    "DailyBulkApiBatches",
    "DailyBulkV2QueryJobs",
    "DailyBulkV2QueryFileStorageMB",
)
_COUNTED = {DAILY_CALLS: Resource.CALLS, "DataStorageMB": Resource.STORAGE_MB}
_IDENTITY = re.compile(r"/id/(00D\w{12,15})/(005\w{12,15})")
_TOKEN = re.compile(r"(00D\w{12})!")  # a session id begins with its org (§2.3)
_CHECK_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHORT_ID = 15


def identity(session: SalesforceSession, cancel: CancelToken) -> tuple[str, str]:
    """Return organisation and user: from userinfo, the token's id URL (§2.3), or else by a query.

    A query tells nothing of the user, who is `""` then.

    Raises:
        NotAllowed: None of them tells.
    """
    try:
        answer = session.call(cancel, lambda api: api.oauth2("userinfo"))
    except (RemoteRefused, NotAllowed):
        answer = None
    if isinstance(answer, dict) and answer.get("organization_id"):
        user = answer.get("preferred_username") or answer.get("email") or answer.get("user_id")
        return long_id(str(answer["organization_id"])), str(user or "")
    named = _IDENTITY.search(session.tokens.current(cancel).identity)
    if named is not None:
        return long_id(named[1]), named[2]
    return _queried(session, cancel), ""


def organization(session: SalesforceSession, cancel: CancelToken) -> str:
    """Return the org's id: from the token or its id URL (§2.3), or else by a call.

    Raises:
        NotAllowed: Nothing tells.
    """
    token = session.tokens.current(cancel)
    named = _TOKEN.match(token.access) or _IDENTITY.search(token.identity)
    return long_id(named[1]) if named else identity(session, cancel)[0]


def _queried(session: SalesforceSession, cancel: CancelToken) -> str:
    answer = session.call(cancel, lambda api: api.query("SELECT Id FROM Organization LIMIT 1"))
    found = answer.get("records") or []
    if not found:
        raise NotAllowed(
            f"Salesforce connection {session.http.connection!r}: the org does not say who it is.",
            "Give the app the scopes `api` and `openid`, and sign in again.",
        )
    return long_id(str(found[0]["Id"]))


def quotas(session: SalesforceSession, cancel: CancelToken) -> tuple[Quota, ...]:
    """Return calls, storage and bulk limits (§13), and keep them for whoever asks without a call.

    Without the right to see limits, the calls as last told.
    """
    try:
        limits = session.call(cancel, lambda api: api.limits())
    except (RemoteRefused, NotAllowed):
        return session.limits.quotas
    found = ((name, limits.get(name)) for name in _QUOTAS)
    told = tuple(
        Quota(name, int(limit["Remaining"]), int(limit["Max"]), _COUNTED.get(name))
        for name, limit in found
        if isinstance(limit, dict) and {"Remaining", "Max"} <= limit.keys()
    )
    session.limits.take_limits(told)
    return told


def long_id(short: str) -> str:
    """Return an id with its three check letters (salesforce.md §1)."""
    if len(short) != _SHORT_ID:
        return short
    groups = (short[start : start + 5] for start in (0, 5, 10))
    checks = (sum(1 << place for place, c in enumerate(g) if "A" <= c <= "Z") for g in groups)
    return short + "".join(_CHECK_LETTERS[check] for check in checks)
