"""Signing in with the user's browser: the web server flow with PKCE (salesforce.md §2.2)."""

import base64
import hashlib
import secrets
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from urllib.parse import quote, urlencode, urlsplit

from app.connectors.http import Http, Policy
from app.connectors.salesforce.callback import Callback, Listener
from app.connectors.salesforce.refusals import no_access, scope_missing
from app.connectors.salesforce.session import transient
from app.connectors.salesforce.token_call import Granted, ask_token
from app.connectors.spec import Given, OpenBrowser, SignedIn
from app.connectors.transport import is_loopback
from app.domain.control import CancelToken, Progress, Report
from app.errors import NotSignedIn, WrongUse

PATIENCE_S = 300.0
_SCOPES = ("api", "refresh_token")
_POLL_S = 0.1  # how late a cancel may be noticed
_VERIFIER_BYTES, _STATE_BYTES = 64, 32  # the verifier has 86 characters of 43 to 128


def sign_in(
    given: Given,
    open_browser: OpenBrowser,
    cancel: CancelToken,
    report: Report,
    patience_s: float = PATIENCE_S,
) -> SignedIn:
    """Return the setting `instance_url` and the secrets `access_token` and `refresh_token`.

    Of the given secrets only `client_secret` is read, for apps that demand it.

    Raises:
        WrongUse: `login_url` or `client_id` is missing or cannot be what it says.
        NotSignedIn: It was refused, in the browser or afterwards, or nobody came back in time.
        ConnectionFailed: All registered ports are taken, or Salesforce is not available.
        Cancelled: The user stopped it; noticed within a second.
    """
    login_url, client_id = _login_url(given), _client_id(given)
    verifier, state = secrets.token_urlsafe(_VERIFIER_BYTES), secrets.token_urlsafe(_STATE_BYTES)
    http = Http(given.connection, Policy(read_s=given.number("read_timeout_s")), transient)
    for secret in (verifier, given.secret_value("client_secret")):
        http.conceal(secret)
    with closing(http), closing(Listener(state)) as listener:
        asked = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": listener.redirect_uri,
            "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
            "state": state,
            "scope": " ".join(_SCOPES),
        }
        query = urlencode(asked, quote_via=quote)
        report(Progress(0, 0, "Waiting for the sign-in in the browser"))
        show = _Shown(open_browser, f"{login_url}/services/oauth2/authorize?{query}")
        callback = _waited(listener, show, cancel, patience_s)
        report(Progress(0, 0, "Signing in"))
        exchange = {
            "grant_type": "authorization_code",
            "code": _code(callback, http),
            "client_id": client_id,
            "client_secret": given.secret_value("client_secret"),
            "redirect_uri": listener.redirect_uri,
            "code_verifier": verifier,
        }
        return _kept(ask_token(http, login_url, exchange, cancel), given)


class _Shown:
    """The browser being opened, in a thread: a browser of the terminal returns when it ends."""

    def __init__(self, open_browser: OpenBrowser, url: str) -> None:
        pool = ThreadPoolExecutor(1, thread_name_prefix="browser")
        self._opening = pool.submit(open_browser, url)
        pool.shutdown(wait=False)

    def check(self) -> None:
        """Raise what opening the browser raised, if it did."""
        if self._opening.done():
            self._opening.result()


def _waited(listener: Listener, shown: _Shown, cancel: CancelToken, patience_s: float) -> Callback:
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        cancel.check()
        callback = listener.take(_POLL_S)
        if callback is not None:
            return callback
        shown.check()
    raise NotSignedIn(
        f"Nobody came back from the browser within {patience_s:g} seconds.",
        "Sign in again. The browser must run on this machine: it comes back to "
        f"{listener.redirect_uri}.",
    )


def _code(callback: Callback, http: Http) -> str:
    if not callback.is_ours:
        raise NotSignedIn(
            "The browser came back with an answer that belongs to another sign-in.",
            "Close older sign-in pages and sign in again.",
        )
    values = callback.values
    code = values.get("code", "")
    if "error" in values or not code:
        words = f"{values.get('error', 'no code')}: {values.get('error_description', 'no reason')}"
        raise no_access(http.connection, http.harmless(words)[:200])
    http.conceal(code)
    return code


def _kept(granted: Granted, given: Given) -> SignedIn:
    scopes = granted.scope.split()
    if scopes and not {"api", "full"} & set(scopes):
        raise scope_missing(given.connection, "api")
    if not granted.refresh_token:  # an older one would be another user's
        raise scope_missing(given.connection, "refresh_token")
    tokens = {"access_token": granted.access_token, "refresh_token": granted.refresh_token}
    return SignedIn(_instance(granted, given), tokens)


def _instance(granted: Granted, given: Given) -> Mapping[str, str]:
    return {"instance_url": granted.instance_url or given.url("login_url")}


def _login_url(given: Given) -> str:
    url = given.url("login_url")
    parts = urlsplit(url)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise WrongUse(
            f"Connection {given.connection!r}: nobody should sign in at {parts.netloc} without "
            "encryption.",
            "Write the setting 'login_url' with https://.",
        )
    return url


def _client_id(given: Given) -> str:
    value = given.setting("client_id")
    if not value:
        raise WrongUse(
            f"Connection {given.connection!r} lacks the setting 'client_id' (consumer key).",
            "To sign in with the browser there must be an app in the org (docs/connect.md).",
        )
    return value


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
