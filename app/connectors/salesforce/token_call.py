"""The call that gives a token, whatever it is asked with (salesforce.md §2.2 to §2.5)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from app.connectors.http import Http, HttpRequest
from app.connectors.salesforce.refusals import no_access
from app.domain.control import CancelToken
from app.errors import AnswerUnreadable, ConnectionFailed

_OK, _SERVER = 200, 500


@dataclass(frozen=True, slots=True)
class Granted:
    """What came with an access token; `""` for what did not come."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    instance_url: str
    identity: str
    scope: str


def ask_token(http: Http, login_url: str, form: Mapping[str, str], cancel: CancelToken) -> Granted:
    """Return what Salesforce grants for a form; its secrets are concealed from then on.

    Raises:
        NotSignedIn: It refuses; the error says why and which Setup page to go to.
        ConnectionFailed: It cannot answer now.
        AnswerUnreadable: The answer has no token, or an instance that is no URL.
    """
    request = HttpRequest(
        "POST",
        f"{login_url}/services/oauth2/token",
        "login_url",
        {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
        urlencode({name: value for name, value in form.items() if value}),
    )
    answer = http.send(request, cancel)
    if answer.status_code >= _SERVER:
        raise ConnectionFailed(
            f"Salesforce connection {http.connection!r} cannot sign in now "
            f"(status {answer.status_code}).",
            "Try again later.",
        )
    body = http.decoded(answer)
    if answer.status_code != _OK:
        error = body if isinstance(body, dict) else {}
        code, told = error.get("error", "refused"), error.get("error_description")
        raise no_access(http.connection, http.harmless(f"{code}: {told or 'no reason given'}"))
    return _granted(http, body)


def _granted(http: Http, body: Any) -> Granted:
    found = body if isinstance(body, dict) else {}
    names = ("access_token", "refresh_token", "instance_url", "id", "scope")
    texts = [text if isinstance(text := found.get(name), str) else "" for name in names]
    granted = Granted(texts[0], texts[1], texts[2].rstrip("/"), texts[3], texts[4])
    for secret in (granted.access_token, granted.refresh_token):
        http.conceal(secret)
    hint = "Check the setting 'login_url'."
    where = f"Salesforce connection {http.connection!r}: the sign-in answer"
    if not granted.access_token:
        raise AnswerUnreadable(f"{where} has no access token.", hint)
    if granted.instance_url and not granted.instance_url.startswith(("https://", "http://")):
        raise AnswerUnreadable(f"{where} has an instance that is no URL.", hint)
    return granted
