"""simple_salesforce over our HTTP: our time-outs, retries, token and exact numbers in it."""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

import requests
from requests.adapters import BaseAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError

from app.connectors.http import TRANSIENT, Http, HttpRequest
from app.connectors.protocol import Quota
from app.connectors.salesforce.errors import refusal, translated
from app.connectors.salesforce.tokens import Token, Tokens
from app.domain.control import CancelToken

_UNAUTHORIZED, _FORBIDDEN = 401, 403
_READS = frozenset({"GET", "HEAD"})
# simple_salesforce prints indented JSON, a quarter larger (salesforce.md §3.1); the rest is ours.
_DROPPED_HEADERS = frozenset({"x-prettyprint", "cookie", "content-length", "authorization"})
Result = TypeVar("Result")


def transient(answer: requests.Response) -> bool:
    """Return whether trying again may help (salesforce.md §14)."""
    if answer.status_code == _FORBIDDEN:
        return b"ConcurrentRequests" in answer.content
    return answer.status_code in TRANSIENT


class SalesforceSession:
    """Calls to one org; any number of threads, each with its own `Salesforce` object."""

    def __init__(self, http: Http, tokens: Tokens, version: str) -> None:
        self.http = http
        self.tokens = tokens
        self.version = version
        self._own = threading.local()
        self._usage: Quota | None = None

    @property
    def usage(self) -> Quota | None:
        """The daily calls as the last answer told them (`Sforce-Limit-Info`, §3.1)."""
        return self._usage

    def call(self, cancel: CancelToken, ask: Callable[[Salesforce], Result]) -> Result:
        """Return what `ask` gets from a `Salesforce` object; its errors come as ours.

        Raises:
            RemoteRefused: The request was refused as a whole; `code` is Salesforce's.
            NotAllowed: A right, an object or a field is missing.
            LimitReached: A quota of the org is used up.
        """
        api = self._api()
        api.bridge.cancel = cancel
        try:
            result = ask(api)
        except SalesforceError as error:
            refused = refusal(error, self.http.harmless)
            raise translated(refused, self.http.connection) from error
        usage = api.api_usage.get("api-usage")
        if usage is not None:
            self._usage = Quota("DailyApiRequests", usage.total - usage.used, usage.total)
        return result

    def get(self, path: str, cancel: CancelToken) -> Any:
        """Return the JSON of a resource below `/services/data/vXX.X/`."""
        return self.call(cancel, lambda api: api.restful(path))

    def save(self, method: str, path: str, body: bytes, cancel: CancelToken) -> Any:
        """Return the JSON with which a write was answered."""
        return self.call(cancel, lambda api: api.restful(path, method=method, data=body))

    def _api(self) -> "_Api":
        if not hasattr(self._own, "api"):
            self._own.api = _Api(_Bridge(self.http, self.tokens), self.version)
        api: _Api = self._own.api
        return api


class _Api(Salesforce):
    """A `Salesforce` whose session is ours. It never sees a token: the bridge puts it in."""

    def __init__(self, bridge: "_Bridge", version: str) -> None:
        session = requests.Session()
        session.trust_env = False
        session.headers["Sforce-Call-Options"] = "client=Concord"
        session.mount("https://", bridge)
        super().__init__(
            session_id="-", instance_url="https://instance", version=version, session=session
        )
        self.bridge = bridge

    def parse_result_to_json(self, result: requests.Response) -> Any:
        """Return an answer's JSON with exact decimals."""
        return self.bridge.http.decoded(result)


class _Bridge(BaseAdapter):
    """Carries simple_salesforce's requests to `Http`.

    simple_salesforce builds every URL with https and drops the instance's scheme
    (salesforce.md §21), so host and scheme are taken from the token.
    """

    def __init__(self, http: Http, tokens: Tokens) -> None:
        super().__init__()
        self.http = http
        self.cancel = CancelToken()
        self._tokens = tokens

    def send(
        self, request: requests.PreparedRequest, *_options: object, **_more: object
    ) -> requests.Response:
        """Return the answer; an expired session is renewed once, with the same headers."""
        token = self._tokens.current(self.cancel)
        answer = self._sent(request, token)
        if _expired(answer):
            answer = self._sent(request, self._tokens.renewed(token, self.cancel))
        return answer

    def close(self) -> None:
        """Do nothing: `Http` owns the connections."""

    def _sent(self, request: requests.PreparedRequest, token: Token) -> requests.Response:
        method = request.method or "GET"
        kept = {n: v for n, v in request.headers.items() if n.lower() not in _DROPPED_HEADERS}
        return self.http.send(
            HttpRequest(
                method,
                f"{token.instance_url}{request.path_url}",
                "instance_url",
                kept | {"Authorization": f"Bearer {token.access}"},
                request.body,
                writes=method not in _READS,
                # Upserts by external id, updates and deletes by id may be repeated (§14).
                repeatable=method != "POST",
            ),
            self.cancel,
        )


def _expired(answer: requests.Response) -> bool:
    if answer.status_code == _FORBIDDEN:  # what /services/oauth2/userinfo says
        return b"Bad_OAuth_Token" in answer.content
    return answer.status_code == _UNAUTHORIZED
